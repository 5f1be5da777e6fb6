// Package store is the gateway's SQLite database: its schema, its one writer, the outbox of accepted operations and the tables of the projection.
//
// Only the outbox (operations, pins, lookups) is the gateway's own knowledge, and even that is rebuilt from the ledger's private details when it is lost;
// everything else is derived from blocks. Times are Unix milliseconds. It imports sqlite, the domain packages, wire and engine for their types and names; sequencer, projection, api
// and audit may import it.
package store
