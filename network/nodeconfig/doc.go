// Package nodeconfig writes the configuration of every process of a consortium: certificate authority, ordering node, peer
// with its external builder, chaincode server and gateway. The templates are complete and embedded: nothing is read from
// Fabric's source at run time. It imports network/membership, network/rundir and network/failure.
package nodeconfig
