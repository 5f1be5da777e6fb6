// Package seal encrypts what stands in people.db or on the ledger and has to be read again: AES-256-GCM with a random nonce, under a key that is derived for one purpose
// (HKDF-SHA-256, RFC 5869), bound to a context that says where it belongs.
//
// A sealed text is nonce (12 bytes), ciphertext, tag (16 bytes). Whoever moves one to another place can't open it there, since the context is another. It imports fault;
// the packages under gateway/people may import it.
package seal
