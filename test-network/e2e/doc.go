// Package e2e holds the tests that run against real consortia of real Fabric processes (build tag `network`): a year of receipts, crashes in the middle of the
// work, attacks over HTTP and directly on the peers, personal data, clearing and attacks on it, and a membership of four brands. `make e2e` runs them.
//
// One consortium of three brands serves most tests in turn; its run directory is test-network/run-e2e and it is always taken down, as are those of their own that the
// tests of rewards, of clearing and of four brands have. Chaincode that a dishonest member altered runs within the test's own process, beside that member's peer.
// Expected balances are recomputed by an awk program that shares nothing with the product. The package may import everything; nothing imports it.
package e2e
