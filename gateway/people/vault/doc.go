// Package vault keeps what a brand knows of its customers: profile, identifiers, links to accounts.
//
// Each value of an attribute is one entry of the private collection "customers" on the ledger: a random salt and a box, AES-256-GCM under a key of its own that is
// derived from the person's key (HKDF-SHA-256). The person's key exists once, in people.db, wrapped by a master key that lies in a folder; destroying it destroys
// every value of the person, wherever copies are. People are found by keyed hashes of their identifiers, which never leave people.db. So the ledger has random
// ids and ciphertext only, and people.db alone has nothing that can be read.
//
// Changes cross from people.db to the ledger and back through a small outbox (change.go): what a caller was told is never lost, and what was begun is ended, or taken
// back, after a crash. Every read of values is written to the access log before the values are returned. Errors name attributes and rules, never values.
//
// It imports people/keyring, people/seal, people/turns, sqlite, random, and the chaincode's pure packages; the other packages under gateway/people, api and commands may import it.
package vault
