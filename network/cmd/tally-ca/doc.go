// Command tally-ca looks after a member's identities at its running certificate authority: it registers and enrols new ones, renews certificates before they end, lists them, and revokes them so that every peer and
// ordering node refuses them. It works with Fabric's own fabric-ca-client. It imports network/ca, network/administration, network/membership and network/rundir.
package main
