package fingerprint

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"hash"
	"os"
	"strings"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/points"
)

// SecretLength is the secret's length in bytes; mandateIDLength is a mandate id's, claimCodeLength a gift code's.
const (
	SecretLength    = 32
	mandateIDLength = 16
	claimCodeLength = 16
	deviceLength    = 16
)

// Hasher makes keyed hashes with one gateway's secret. It may be used by several goroutines.
type Hasher struct {
	member string
	secret []byte
}

// New takes the member's name and its secret of SecretLength bytes; INVALID_VALUE when the length is another.
func New(member string, secret []byte) (*Hasher, error) {
	if len(secret) != SecretLength {
		return nil, fault.New(fault.InvalidValue, "the gateway's secret needs %d bytes, it has %d", SecretLength, len(secret))
	}
	return &Hasher{member: member, secret: secret}, nil
}

// Load reads the secret from a file of 64 hex digits.
func Load(member, file string) (*Hasher, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, fault.New(fault.InvalidValue, "key secret: the file can't be read: %v", err)
	}
	secret, err := hex.DecodeString(strings.TrimSpace(string(text)))
	if err != nil {
		return nil, fault.New(fault.InvalidValue, "key secret: %s must hold %d hex digits", file, 2*SecretLength)
	}
	return New(member, secret)
}

// Key derives a key of SecretLength bytes for another use of the gateway's secret.
func (h *Hasher) Key(use string) []byte { return h.mac("key", use) }

// Natural identifies an operation by where it comes from: merchant, store, terminal, the till's receipt number and the kind. Empty without a receipt number.
func (h *Hasher) Natural(kind points.Kind, d *points.Details) string {
	if d.Reference == "" {
		return ""
	}
	return h.sum("natural", d.Merchant, d.Store, d.Terminal, d.Reference, string(kind))
}

// NaturalWith identifies an operation on a programme's account that takes place with a partner by where it comes from, like Natural. Empty without a receipt number.
func (h *Hasher) NaturalWith(programme, partner string, kind points.Kind, d *points.Details) string {
	if d.Reference == "" {
		return ""
	}
	return h.sum("natural with partner", programme, partner, d.Merchant, d.Store, d.Terminal, d.Reference, string(kind))
}

// NaturalOf identifies an operation of a programme by the till receipt that it comes from. What takes place with a partner may come from a till of the partner's, whose names are
// its own, and one receipt may give points of several programmes.
func (h *Hasher) NaturalOf(programme string, o *points.Operation, d *points.Details) string {
	if o.Partner == "" || o.Kind.ChoosesPartners() {
		return h.Natural(o.Kind, d)
	}
	return h.NaturalWith(programme, o.Partner, o.Kind, d)
}

// Claim identifies an anonymous receipt of a till, under which a customer who comes back with it can claim it once: it stands in public on the ledger. Empty without a
// receipt number.
func (h *Hasher) Claim(merchant, store, terminal, number string) string {
	if number == "" {
		return ""
	}
	return h.sum("claim", merchant, store, terminal, number)
}

// Opening identifies the opening of an account by the customer's lookup hash. Empty without one.
func (h *Hasher) Opening(lookup string) string {
	if lookup == "" {
		return ""
	}
	return h.sum("opening", lookup)
}

// Idempotency identifies a request by its caller and the key that the caller chose. Empty without a key.
func (h *Hasher) Idempotency(caller, key string) string {
	if key == "" {
		return ""
	}
	return h.sum("idempotency", caller, key)
}

// Request identifies a request's content by its SHA-256.
func (h *Hasher) Request(content [sha256.Size]byte) string {
	return h.sum("request", string(content[:]))
}

// Lookup identifies a customer by reference (phone, card). The caller brings the reference into one spelling. Empty without a reference.
func (h *Hasher) Lookup(reference string) string {
	if reference == "" {
		return ""
	}
	return h.sum("lookup", reference)
}

// Device identifies a device by what it is known by: of a wallet the key that it keeps, of a till its store and terminal. It has 16 bytes.
func (h *Hasher) Device(parts ...string) (device [deviceLength]byte) {
	copy(device[:], h.mac("device", parts...))
	return device
}

// Terminal is the Device of a till's terminal; zero for none.
func (h *Hasher) Terminal(d *points.Details) (device [deviceLength]byte) {
	if d.Terminal == "" {
		return device
	}
	return h.Device("terminal", d.Merchant, d.Store, d.Terminal)
}

// MandateID is the id of the mandate that custody signs for an operation: the same on every attempt, unforeseeable to others.
func (h *Hasher) MandateID(operation points.OperationID) string {
	return h.sum("mandate", string(operation))[:2*mandateIDLength]
}

// ClaimCode is the code of a gift that a caller sends under an idempotency key, in base64url: the same whenever the call is sent again, unforeseeable to others. The caller
// may have it; whoever receives it can claim the gift.
func (h *Hasher) ClaimCode(caller, key string) string {
	raw := h.mac("claim code", caller, key)
	return base64.RawURLEncoding.EncodeToString(raw[:claimCodeLength])
}

// sum hashes the purpose and all parts, each preceded by its length, so that no two lists of parts give the same text.
func (h *Hasher) sum(purpose string, parts ...string) string {
	return hex.EncodeToString(h.mac(purpose, parts...))
}

func (h *Hasher) mac(purpose string, parts ...string) []byte {
	m := hmac.New(sha256.New, h.secret)
	writePart(m, purpose)
	writePart(m, h.member)
	for _, p := range parts {
		writePart(m, p)
	}
	return m.Sum(nil)
}

func writePart(m hash.Hash, part string) {
	var length [4]byte
	binary.BigEndian.PutUint32(length[:], uint32(len(part)))
	m.Write(length[:])
	m.Write([]byte(part))
}
