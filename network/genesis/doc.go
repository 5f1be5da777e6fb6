// Package genesis makes the channel's first block from the membership and the members' certificates. Fabric's configtxgen
// can't set a mod_policy, which is what keeps the regulator's own administrator from restoring its right to write; so the
// block is built here. It imports network/membership, network/policy and network/failure.
package genesis
