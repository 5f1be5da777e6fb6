// Package sequencer takes operations durably, groups them into batches that don't touch each other's accounts, and brings each batch to the ledger exactly once.
//
// An operation goes PENDING -> PINNED to one place (lane, seq) -> DONE. A pin is durable before its batch is endorsed and stays until a block tells which
// batch won the place; whatever else happens, time-outs, crashes, lost answers, the same pin is tried again. So an operation is never in two places that
// could both be won. Outcomes come from the projection alone, by Observe.
//
// What takes place in the programme alone and what takes place with each partner take routes of their own: lanes, batches, backlog and past of one are none of another's, so
// that a partner out of reach stops nothing but operations with it. Accounts are in one batch at a time whatever the route.
//
// It imports store, ledger, fingerprint, projection (for its outcomes), config, engine (for the names of records), wire and the domains; api and the gateway's programs may
// import it.
package sequencer
