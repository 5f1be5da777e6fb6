// Package webauthn checks in chaincode that a passkey signed a given challenge: the verification of a WebAuthn assertion (Web Authentication Level 3, section 7.2)
// as far as it depends on the assertion and the relying party alone. Whoever holds the public key checks the signature over Digest.
//
// The checks are written here because no library does them purely. The package protocol of go-webauthn, against which the tests compare, brings CBOR, X.509 roots, TPM
// structures and HTTP into the endorsing process, looks at the machine's clock, and reads the client data leniently: names in any case, of duplicates the last, origins by
// URL comparison. What endorsing peers and the audit must agree on for years has one meaning only. No CBOR is needed: the account's key stands on the ledger as a raw point.
//
// It imports fault; points, wire, engine, the gateway and the audit may import it.
package webauthn
