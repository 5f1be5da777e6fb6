// Package store opens people.db, the database of a brand's customers: the vault's, and what other packages under gateway/people keep of persons.
//
// It is no derived data: persons' keys are nowhere else, so that destroying one there destroys what it encrypts. Nothing in it is in the clear: attributes are
// ciphertext on the ledger, identifiers are keyed hashes here. Deleted rows are overwritten (secure_delete), and DB.Scrub clears what rebuilt pages and the log may still hold.
// Migrations have fixed numbers, one package each: 1 vault, 2 sign-in, 3 consent, 4 erasure, 5 abuse, 6 access and lookup. Times are Unix milliseconds.
// It imports sqlite and fault; the packages under gateway/people and commands may import it.
package store
