// Package bookkeeping reads receipts, accounts and lanes as a programme's statement needs them: which lots moved and why, what accounts came to owe and paid back, and which
// lots lie where.
//
// It imports the chaincode's domains; the gateway's store and the audit may import it.
package bookkeeping
