package points

import (
	"crypto/sha256"
	"encoding/hex"
	"math/big"
	"strconv"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/p256"
	"github.com/tallystick/tallystick/chaincode/quantity"
	"github.com/tallystick/tallystick/chaincode/webauthn"
)

// MaxAuthorisationSeconds is how long an authorisation may live from the transaction's time on.
const MaxAuthorisationSeconds = 600

// MaxBearerSeconds is how long a bearer authorisation may live from the transaction's time on.
const MaxBearerSeconds = 60

// MandateFormat is the version of the signed form.
const MandateFormat = 1

// Mandate is what a controller signs: the SHA-256 of its canonical JSON (RFC 8785).
type Mandate struct {
	Format            int             `json:"format"`  // MandateFormat.
	Genesis           string          `json:"genesis"` // The channel: hash of its genesis block, hex.
	Programme         string          `json:"programme"`
	Account           AccountID       `json:"account"`
	ControllerVersion int             `json:"controllerVersion"` // The custodian key's version for custody accounts.
	Operation         Kind            `json:"operation"`
	Place             string          `json:"place"`    // Salted hash of merchant, store and terminal (see PlaceHash); empty outside a till.
	Receiver          AccountID       `json:"receiver"` // The operation's second account; otherwise empty.
	MaxPoints         quantity.Points `json:"maxPoints"`
	Subject           string          `json:"subject"`  // SubjectHash of what else the operation says; empty where that is nothing.
	Bearer            bool            `json:"bearer"`   // Good at any till of the programme, for at most MaxBearerSeconds and the terms' limit.
	Quote             string          `json:"quote"`    // Hash of a quote; empty without one.
	ID                string          `json:"id"`       // Random 128 bit, hex.
	NotAfter          int64           `json:"notAfter"` // Unix seconds.
}

// Authorisation is a signed mandate.
type Authorisation struct {
	Mandate   Mandate             `json:"mandate"`
	Signature string              `json:"signature"`          // r||s, low-S, base64url without padding.
	WebAuthn  *webauthn.Assertion `json:"webauthn,omitempty"` // Of a passkey: what it signed instead of the mandate's digest.
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
	for _, hash := range []string{m.Place, m.Subject, m.Quote} {
		if hash != "" && !isHex(hash, hashLength) {
			return fault.New(fault.InvalidValue, "the mandate's place, subject and quote are %d lower-case hex digits, or empty", hashLength)
		}
	}
	if m.Bearer && (m.Operation != KindRedeem || m.Place != "" || m.Subject != "") {
		return fault.New(fault.InvalidValue, "a bearer authorisation is for a redemption at no place and no shop in particular")
	}
	if a.WebAuthn != nil {
		return a.WebAuthn.Validate()
	}
	return nil
}

// SubjectHash is what a mandate says of an operation's parts that it has no field for: SHA-256 over their names and values, each preceded by its length in two bytes;
// empty when there are none.
func SubjectHash(o *Operation) string {
	parts := o.subject()
	if len(parts) == 0 {
		return ""
	}
	return hashTexts(parts...)
}

// subject lists the parts that the controller signs besides the mandate's own fields, as name and value.
func (o *Operation) subject() []string {
	var parts []string
	for _, f := range []struct{ name, value string }{
		{"hold", string(o.Hold)}, {"purpose", string(o.Purpose)}, {"claim", o.Claim}, {"shop", o.Shop}, {"partner", o.Partner},
	} {
		if f.value != "" {
			parts = append(parts, f.name, f.value)
		}
	}
	if o.Until != 0 {
		parts = append(parts, "until", strconv.FormatInt(o.Until, 10))
	}
	if o.Agreement != 0 {
		parts = append(parts, "agreement", strconv.Itoa(o.Agreement))
	}
	if c := o.Controller; c != nil {
		parts = append(parts, "controller", string(c.Kind), strconv.Itoa(c.Version), c.Key)
	}
	return parts
}

// PlaceHash binds a mandate to a till without naming it in public: SHA-256 over a secret random salt (Details.PlaceSalt) and the three names, each preceded
// by its length in two bytes. Without any of the names it is empty: the mandate is not bound to a till.
func PlaceHash(salt, merchant, store, terminal string) string {
	if merchant+store+terminal == "" {
		return ""
	}
	return hashTexts(salt, merchant, store, terminal)
}

// hashTexts is SHA-256 over texts of less than 64 KiB, each preceded by its length in two bytes, in hex.
func hashTexts(texts ...string) string {
	h := sha256.New()
	for _, s := range texts {
		h.Write([]byte{byte(len(s) >> 8), byte(len(s))})
		h.Write([]byte(s))
	}
	return hex.EncodeToString(h.Sum(nil))
}

// SignatureOver encodes an ECDSA signature (r, s) in the ledger's form, with s brought to the lower half of the order.
func SignatureOver(r, s *big.Int) string { return p256.EncodeSignature(r, s) }
