// Package offers remembers what a customer wants to see no more of what others offer them: single transfers, until they lapse, and senders' accounts, until the customer wants them again.
// The ledger knows nothing of it, and the sender isn't told.
//
// Who doesn't want whose points is personal: rows have keyed hashes for names and sealed values, are part of the person's export, and go with the person. It imports fault, points, privacy,
// sqlite, seal and vault; api and cmd/tally-gateway import it.
package offers
