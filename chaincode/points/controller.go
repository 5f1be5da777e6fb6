package points

import (
	"crypto/ecdsa"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/p256"
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
		_, err := p256.ParseKey(c.Key)
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
func EncodePublicKey(k *ecdsa.PublicKey) (string, error) { return p256.EncodeKey(k) }
