package points

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"math/big"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/quantity"
)

// MaxAuthorisationSeconds is how long an authorisation may live from the transaction's time on.
const MaxAuthorisationSeconds = 600

// MandateFormat is the version of the signed form.
const MandateFormat = 1

// signatureLength is r and s, 32 bytes each, big-endian (IEEE P1363, as WebCrypto gives it).
const signatureLength = 64

// Mandate is what a controller signs: the SHA-256 of its canonical JSON (RFC 8785).
type Mandate struct {
	Format            int             `json:"format"`  // MandateFormat.
	Genesis           string          `json:"genesis"` // The channel: hash of its genesis block, hex.
	Programme         string          `json:"programme"`
	Account           AccountID       `json:"account"`
	ControllerVersion int             `json:"controllerVersion"` // The custodian key's version for custody accounts.
	Operation         Kind            `json:"operation"`
	Place             string          `json:"place"`    // Salted hash of merchant, store and terminal (see PlaceHash); empty outside a till.
	Receiver          AccountID       `json:"receiver"` // Of a transfer; otherwise empty.
	MaxPoints         quantity.Points `json:"maxPoints"`
	Quote             string          `json:"quote"`    // Hash of a quote; empty without one.
	ID                string          `json:"id"`       // Random 128 bit, hex.
	NotAfter          int64           `json:"notAfter"` // Unix seconds.
}

// Authorisation is a signed mandate.
type Authorisation struct {
	Mandate   Mandate `json:"mandate"`
	Signature string  `json:"signature"` // r||s, low-S, base64url without padding.
}

func (a *Authorisation) validate() error {
	m := a.Mandate
	if m.Format != MandateFormat {
		return fault.New(fault.InvalidValue, "the mandate's format must be %d", MandateFormat)
	}
	if !isHex(m.ID, idLength) {
		return fault.New(fault.InvalidValue, "the mandate's id must be %d lower-case hex digits", idLength)
	}
	if m.MaxPoints < 0 || m.MaxPoints > quantity.MaxPoints {
		return fault.New(fault.OutOfRange, "maxPoints must lie between 0 and %d", int64(quantity.MaxPoints))
	}
	return nil
}

// PlaceHash binds a mandate to a till without naming it in public: SHA-256 over a secret random salt (Details.PlaceSalt) and the three names, each preceded
// by its length in two bytes. Without any of the names it is empty: the mandate is not bound to a till.
func PlaceHash(salt, merchant, store, terminal string) string {
	if merchant+store+terminal == "" {
		return ""
	}
	h := sha256.New()
	for _, s := range []string{salt, merchant, store, terminal} {
		h.Write([]byte{byte(len(s) >> 8), byte(len(s))})
		h.Write([]byte(s))
	}
	return hex.EncodeToString(h.Sum(nil))
}

// SignatureOver encodes an ECDSA signature (r, s) in the ledger's form, with s brought to the lower half of the order.
func SignatureOver(r, s *big.Int) string {
	n := elliptic.P256().Params().N
	if s.Cmp(new(big.Int).Rsh(n, 1)) > 0 {
		s = new(big.Int).Sub(n, s)
	}
	raw := make([]byte, signatureLength)
	r.FillBytes(raw[:signatureLength/2])
	s.FillBytes(raw[signatureLength/2:])
	return base64.RawURLEncoding.EncodeToString(raw)
}

// verify says whether signature is a low-S P-256 signature of digest by key.
func verify(key *ecdsa.PublicKey, digest []byte, signature string) bool {
	raw, err := decodeExactly(signature, signatureLength)
	if err != nil {
		return false
	}
	r := new(big.Int).SetBytes(raw[:signatureLength/2])
	s := new(big.Int).SetBytes(raw[signatureLength/2:])
	if s.Cmp(new(big.Int).Rsh(elliptic.P256().Params().N, 1)) > 0 {
		return false
	}
	return ecdsa.Verify(key, digest, r, s)
}
