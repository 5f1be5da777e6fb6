package points

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"encoding/base64"

	"github.com/tallystick/tallystick/chaincode/fault"
)

// ControllerKind says whose key signs an account's debits.
type ControllerKind string

// The kinds of controller.
const (
	ControllerP256      ControllerKind = "p256"      // The customer's own key (a wallet with WebCrypto).
	ControllerWebAuthn  ControllerKind = "webauthn"  // The customer's passkey, made for the programme's relying party.
	ControllerCustodian ControllerKind = "custodian" // The brand's versioned custodian key.
)

// Controller is the key that must sign every debit of an account. Version counts the account's controllers; the custodian's key versions stand in the programme.
type Controller struct {
	Kind    ControllerKind `json:"kind"`
	Version int            `json:"version"`       // Of a new account: 1 with a key of its own, 0 for the custodian; each later controller has the next number.
	Key     string         `json:"key,omitempty"` // Uncompressed P-256 point (65 bytes), base64url without padding; empty for the custodian.
}

// MaxControllerVersion bounds how often an account can change its controller.
const MaxControllerVersion = 1_000_000

// Validate returns INVALID_VALUE unless this can be a controller.
func (c *Controller) Validate() error {
	if c.Version < 0 || c.Version > MaxControllerVersion {
		return fault.New(fault.InvalidValue, "a controller's version lies between 0 and %d", MaxControllerVersion)
	}
	switch c.Kind {
	case ControllerCustodian:
		if c.Key != "" {
			return fault.New(fault.InvalidValue, "a custodian controller has no key of its own")
		}
		return nil
	case ControllerP256, ControllerWebAuthn:
		_, err := parsePublicKey(c.Key)
		return err
	default:
		return fault.New(fault.InvalidValue, "controller kind must be %s, %s or %s", ControllerP256, ControllerWebAuthn, ControllerCustodian)
	}
}

// validateFirst returns INVALID_VALUE unless this is a controller that a new account can have.
func (c *Controller) validateFirst() error {
	want := 1
	if c.Kind == ControllerCustodian {
		want = 0
	}
	if c.Version != want {
		return fault.New(fault.InvalidValue, "a new account's controller has version 1, a custodian version 0")
	}
	return nil
}

// EncodePublicKey gives the form in which keys stand on the ledger; INVALID_VALUE unless it is a P-256 key.
func EncodePublicKey(k *ecdsa.PublicKey) (string, error) {
	if k.Curve != elliptic.P256() {
		return "", fault.New(fault.InvalidValue, "only P-256 keys control accounts")
	}
	raw, err := k.Bytes()
	if err != nil {
		return "", fault.New(fault.InvalidValue, "the key is not a point of P-256")
	}
	return base64.RawURLEncoding.EncodeToString(raw), nil
}

// publicKeyLength is an uncompressed point: a tag and two coordinates.
const publicKeyLength = 65

func parsePublicKey(s string) (*ecdsa.PublicKey, error) {
	raw, err := decodeExactly(s, publicKeyLength)
	if err != nil {
		return nil, fault.New(fault.InvalidValue, "a key is an uncompressed P-256 point in base64url without padding")
	}
	k, err := ecdsa.ParseUncompressedPublicKey(elliptic.P256(), raw)
	if err != nil {
		return nil, fault.New(fault.InvalidValue, "a key is an uncompressed P-256 point in base64url without padding")
	}
	return k, nil
}

// decodeExactly reads n bytes of base64url without padding. The length of the text is checked because the decoder skips line breaks: a value has one form only.
func decodeExactly(s string, n int) ([]byte, error) {
	if len(s) != base64.RawURLEncoding.EncodedLen(n) {
		return nil, fault.New(fault.InvalidValue, "%d bytes of base64url without padding are expected", n)
	}
	raw, err := base64.RawURLEncoding.Strict().DecodeString(s)
	if err != nil || len(raw) != n {
		return nil, fault.New(fault.InvalidValue, "%d bytes of base64url without padding are expected", n)
	}
	return raw, nil
}
