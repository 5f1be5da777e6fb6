// Package signin says who a customer is: one-time codes to a phone or an e-mail address, passkeys, authenticator apps, recovery codes, and the sessions that follow.
//
// A code proves an address. Who it belongs to is the vault's to say; nobody yet, and the proof is a ticket to register with. Who has set up a second factor is asked for it
// next, with a ticket again; a passkey alone is enough, since it needs the device and its owner. Until the address is proved nothing that is answered, and no time it takes,
// depends on whether somebody is registered: nobody is looked up before.
//
// What is kept in people.db opens nothing by itself: codes, recovery codes and addresses are keyed hashes, tokens plain hashes of 256 random bits, secrets of authenticator
// apps are sealed. It imports people/vault for ids and identifiers, people/seal, sqlite, random and the chaincode's pure packages; api and commands may import it.
package signin
