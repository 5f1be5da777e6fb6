package webauthn

import (
	"crypto/sha256"
	"encoding/base64"
	"slices"

	"github.com/tallystick/tallystick/chaincode/fault"
)

// Limits of an assertion, in bytes before base64url.
const (
	MinAuthenticatorData = 37   // Hash of the relying party's id, flags, signature counter.
	MaxAuthenticatorData = 256  // The rest is for the outputs of extensions.
	MaxClientData        = 1024 // Browsers write 130 to 350 bytes.
)

// Assertion is what an authenticator signs instead of the challenge itself. It stands beside the signature, which is over Digest and in the form of every other
// signature of the ledger: r||s with low s, made by the wallet from the DER form that authenticators give.
type Assertion struct {
	AuthenticatorData string `json:"authenticatorData"` // base64url without padding.
	ClientDataJSON    string `json:"clientDataJSON"`    // base64url without padding; the bytes as the client wrote them.
}

// NewAssertion gives the assertion's form on the ledger.
func NewAssertion(authenticatorData, clientDataJSON []byte) *Assertion {
	return &Assertion{
		AuthenticatorData: base64.RawURLEncoding.EncodeToString(authenticatorData),
		ClientDataJSON:    base64.RawURLEncoding.EncodeToString(clientDataJSON),
	}
}

// Validate returns INVALID_VALUE when a part is no base64url without padding, or is out of its limits. It says nothing about what the assertion is worth: see Check.
func (a *Assertion) Validate() error {
	_, _, err := a.Raw()
	return err
}

// Raw gives both parts as bytes; INVALID_VALUE as Validate.
func (a *Assertion) Raw() (authenticatorData, clientDataJSON []byte, err error) {
	if authenticatorData, err = decode(a.AuthenticatorData, MinAuthenticatorData, MaxAuthenticatorData); err != nil {
		return nil, nil, fault.New(fault.InvalidValue, "authenticatorData must be %d to %d bytes in base64url without padding", MinAuthenticatorData, MaxAuthenticatorData)
	}
	if clientDataJSON, err = decode(a.ClientDataJSON, 1, MaxClientData); err != nil {
		return nil, nil, fault.New(fault.InvalidValue, "clientDataJSON must be 1 to %d bytes in base64url without padding", MaxClientData)
	}
	return authenticatorData, clientDataJSON, nil
}

// decode reads between least and most bytes of base64url without padding. The length of the text is compared afterwards because the decoder skips line breaks.
func decode(s string, least, most int) ([]byte, error) {
	if len(s) > base64.RawURLEncoding.EncodedLen(most) {
		return nil, fault.New(fault.InvalidValue, "too long")
	}
	raw, err := base64.RawURLEncoding.Strict().DecodeString(s)
	if err != nil || len(raw) < least || len(raw) > most || len(s) != base64.RawURLEncoding.EncodedLen(len(raw)) {
		return nil, fault.New(fault.InvalidValue, "not in its form")
	}
	return raw, nil
}

// Digest is what the signature must cover: SHA-256 over the authenticator data and the client data's SHA-256 (section 6.3.3). AUTH_INVALID when the assertion isn't in its form.
func Digest(a *Assertion) ([]byte, error) {
	authenticatorData, clientDataJSON, err := a.Raw()
	if err != nil {
		return nil, refused("the assertion is not in its form")
	}
	client := sha256.Sum256(clientDataJSON)
	sum := sha256.Sum256(slices.Concat(authenticatorData, client[:]))
	return sum[:], nil
}

// refused builds the one refusal of this package. Its reason never repeats what was sent.
func refused(reason string) error { return fault.New(fault.AuthInvalid, "%s", reason) }
