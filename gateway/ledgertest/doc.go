// Package ledgertest is a channel in memory for tests: organisations with certificates, a genesis block with their MSPs and policies, transactions that the
// chaincode's own engine executes, endorsed and signed, validated and cut into blocks in Fabric's real encoding, with the private data beside them.
// What a test wants to be wrong is made wrong before it is signed.
//
// It may be imported by tests of the gateway only.
package ledgertest
