// Package consent carries out what customers decide about their data: consents, from the words that a customer is shown to the purge of the last copy; other brands'
// reading under them; and surveys, by which customers tell a brand about themselves.
//
// At the owner a Keeper brings each consent through the steps of one table (steps.go). Every step is noted in people.db before the next is taken, and may be taken twice, so that a crash
// anywhere is finished by the next start. What a customer withdraws is out of force from the moment it is noted, whatever the ledger does: entries that were shared are
// ciphertext, and their secrets are handed out one by one, each time after a look at the consent and an entry in the customer's access log.
//
// At the grantee a Reader takes ciphertext from the own peer and secrets from the owner's gateway, and decrypts in memory. It keeps nothing of any
// customer: Readings counts how often which attribute of an owner's was read, for KeepReadingsDays.
//
// It imports the domain packages, wire, vault, people/turns, sqlite, random and fault; cmd and api may import it.
package consent
