// Command tallynet runs a consortium of the membership file on this machine: certificate authorities, ordering nodes, peers,
// chaincode servers and gateways as plain processes on loopback. See network/README.md.
package main

//go:generate go run . generate --membership ../../../organizations/membership.yaml
