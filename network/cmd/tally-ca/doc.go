// Command tally-ca looks after a member's identities at its running certificate authority: it registers and enrols new ones, renews certificates before they end,
// lists them, and revokes them so that every peer and
// ordering node refuses them. It also has the channel learn what belongs to them: an ordering node's fresh TLS key, a further authority of the member's, and one less;
// and writes, shows, signs and submits the changes of the channel that a majority of brands has to sign.
// It works with Fabric's own fabric-ca-client. It imports network/ca, network/administration, network/membership and network/rundir.
package main
