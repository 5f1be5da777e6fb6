// Package erasure ends what a brand knows about persons: at their own request, at the compliance desk's, and when the time is over for which it may be kept.
//
// An erasure is a row of people.db that goes through the steps of one table (steps.go). Each step is noted before the next is begun and may be taken twice, so that a crash
// anywhere is finished by the next start. Until the person's key is destroyed the request can be taken back, and a legal hold stops it; what comes after needs nothing of the
// person any more, and the row doesn't name it. The end is a certificate: JSON that says what was erased and what wasn't. The salted hashes of certificates are the leaves of an
// RFC 6962 tree whose root stands on the ledger; who has a certificate can prove that it is among them without anybody's help (certificate.go).
//
// Points aren't personal data: the account stays whole, so that totals balance. What becomes of holds, gifts, balance and debt is said in plan.go, to the customer and to readers alike.
//
// It imports people/vault, sqlite, random, and the chaincode's pure packages; api and commands may import it.
package erasure
