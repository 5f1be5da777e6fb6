// Package privacy is the domain of personal data on the ledger: the entries of a brand's vault, consents, what is shared under them, data policies, and evidence of erasure.
//
// It holds the rule of what an entry may look like, who must have signed a consent, and what may be shared under it. It never sees an attribute in clear: entries are
// ciphertexts, and the keys that open them are kept outside the ledger. No error of it repeats a value. Canonical JSON and its hashes stand in wire.
//
// It imports fault, quantity, p256, webauthn and points; wire, engine and the gateway may import it.
package privacy
