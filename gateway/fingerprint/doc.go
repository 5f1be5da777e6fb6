// Package fingerprint makes the keyed hashes under which a gateway finds operations again: by natural id, by idempotency key, by content, and accounts by
// a customer's reference; and the one under which a late claim of an anonymous receipt stands in public. They stand in the database and on the ledger, so that nobody
// without the gateway's secret can try out phone or receipt numbers against them.
//
// It imports points and fault; sequencer, projection and api may import it.
package fingerprint
