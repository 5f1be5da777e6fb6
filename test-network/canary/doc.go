// Package canary finds out whether personal data got where they don't belong. A canary is a unique name, phone number, e-mail address, card number, birthday or
// other text; its traces are the forms in which it could have leaked: other spellings, encodings, and hashes without a salt. A Scanner looks for the traces of many
// canaries at once in bytes, files and whole folders. It opens what it knows instead of only searching raw bytes, since stores split and compress what they keep:
// LevelDB tables and journals with what is deleted but still there, block files, logs of Raft, SQLite databases with their WAL, and compressed or encoded text inside
// of any of them. What it can't open it reports as a fault: nothing is passed over in silence.
//
// Limits, so that nobody relies on more: a trace needs 8 bytes, a value that was itself encrypted or hashed under a key isn't seen, and a value cut in two by a
// store's own deleted pages is seen only in its parts.
//
// The package imports nothing of this module; tests of any package may import it, the product doesn't.
package canary
