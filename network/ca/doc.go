// Package ca runs the members' certificate authorities (fabric-ca-server), enrols every node and user with fabric-ca-client when a consortium starts, and looks after identities later: new ones, renewals,
// revocations. It imports network/membership, network/rundir, network/nodeconfig and network/failure.
package ca
