// Package ca runs the members' certificate authorities (fabric-ca-server) and enrols every node and user with
// fabric-ca-client. It imports network/membership, network/rundir, network/nodeconfig and network/failure.
package ca
