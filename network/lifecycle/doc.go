// Package lifecycle brings chaincode onto the channel: packages that are the same bytes at every member, and their
// installation, approval and commit, as concurrent as Fabric allows. It also joins nodes to the channel. It imports
// network/membership, network/policy, network/collections, network/rundir and network/failure.
package lifecycle
