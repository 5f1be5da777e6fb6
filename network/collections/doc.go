// Package collections defines the private-data collections of every chaincode: which members hold what, and who must
// endorse a write. The JSON that it gives is checked in under collections/ at the top of the repository, in the format that
// Fabric's own command line reads; a test fails when the two differ. It imports network/membership and network/policy.
package collections
