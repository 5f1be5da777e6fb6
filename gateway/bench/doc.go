// Package bench measures a running gateway: uniform load, one hot account, and the latency at a calm rate; and beside it, on the same network, the naive way, where every
// operation is a transaction of its own through the same chaincode.
//
// cmd/tally-bench imports it. It speaks to the gateway through gateway/client and, for the naive way, to the ledger through gateway/ledger.
package bench
