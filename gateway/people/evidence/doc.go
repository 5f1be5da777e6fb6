// Package evidence is what an erasure leaves to show: the certificate, its place under a root on the ledger, and how both are verified without a gateway.
//
// It stands apart from package erasure, so that clients of the API and the audit have no database with it. It imports fault, privacy, quantity and wire.
package evidence
