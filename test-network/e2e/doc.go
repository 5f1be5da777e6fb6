// Package e2e holds the tests that run against real consortia of real Fabric processes (build tag `network`): a year of receipts, crashes in the middle of the
// work, attacks over HTTP and directly on the peers, personal data, and a membership of four brands. `make e2e` runs them.
//
// One consortium of three brands serves all tests in turn; its run directory is test-network/run-e2e and it is always taken down, as is the one of four brands.
// Expected balances are recomputed by an awk program that shares nothing with the product. The package may import everything; nothing imports it.
package e2e
