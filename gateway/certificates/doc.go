// Package certificates keeps what the gateway shows of itself up to date while it runs: certificates and keys in files that somebody renews. It looks at the files every few seconds, takes a new
// pair when certificate and key fit each other, and tells how long each is still valid: as a metric, in the log, and for readiness.
//
// It knows nothing of Fabric: who uses a pair is told of the new one. It imports config and fault.
package certificates
