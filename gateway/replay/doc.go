// Package replay sends receipts from a CSV file through gateways: it opens accounts as customers appear, keeps each customer's receipts in the order of time, moves a
// simulated programme's business date along with the data, sends again what may succeed later, and counts what became of everything.
//
// It speaks to gateways through gateway/client only, as anybody's till system would. cmd/tally-replay imports it, and tests do.
package replay
