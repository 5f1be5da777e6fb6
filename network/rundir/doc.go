// Package rundir knows where everything of a running consortium stands on disk: keys, configuration, ledgers, logs and
// process ids, all under one run directory that can be deleted whole. It imports network/membership and network/failure.
package rundir
