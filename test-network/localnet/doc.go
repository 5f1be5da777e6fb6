// Package localnet runs a whole consortium on this machine: it takes the pieces of network/ in their order, from certificates
// to gateways, and stops, restarts and shows the processes. The tallynet command and the end-to-end tests use it.
package localnet
