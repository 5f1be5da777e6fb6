// Package ledger is how the gateway speaks to Fabric: one typed facade per contract over the Fabric gateway client, connections to the member's own peers
// with fail-over, the choice of a co-endorser, and the one place that says what an error means (classify.go). Callers never name a transaction.
//
// It imports config, blocks, wire and the domains; founding, sequencer, api and the gateway's programs may import it.
package ledger
