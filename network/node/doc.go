// Package node starts, stops and watches the processes of a consortium. A process outlives the program that started it and
// is found again through its pid file, which also names the process's start time, so that a pid that the system has given
// to another program is never signalled. It knows nothing of Fabric. It imports network/rundir and network/failure.
package node
