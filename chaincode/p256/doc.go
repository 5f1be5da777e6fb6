// Package p256 has the one form in which P-256 keys and signatures stand on the ledger, and the check of a signature: of an account's controller, of a member's
// administrator, of a reserve's custodian.
//
// It imports fault; the domain packages may import it.
package p256
