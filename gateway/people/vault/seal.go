package vault

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/privacy"
	"github.com/tallystick/tallystick/chaincode/wire"
	"github.com/tallystick/tallystick/gateway/people/seal"
	"github.com/tallystick/tallystick/gateway/random"
)

// Sizes in bytes. Boxes are padded to a multiple of padding, so that their length says little of the value's.
const (
	personIDBytes = 16
	padding       = 64
)

// Purposes of derived keys and sealed texts: what is sealed for one can't be opened as another.
const (
	entryPurpose  = "tallystick/entry/1|"
	personPurpose = "tallystick/person/1|"
)

// content is what an entry's box holds.
type content struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// NewPersonID draws an id.
func NewPersonID() PersonID {
	return PersonID(random.Hex(personIDBytes))
}

// sealed encrypts under a key of one use; it is opened only with the same context.
func sealed(key, plain []byte, context string) ([]byte, error) {
	s, err := seal.New(key)
	if err != nil {
		return nil, err
	}
	return s.Seal(plain, context), nil
}

func opened(key, box []byte, context string) ([]byte, error) {
	s, err := seal.New(key)
	if err != nil {
		return nil, err
	}
	return s.Open(box, context)
}

// entrySecret derives the key of one entry from its person's key.
func entrySecret(personKey []byte, key privacy.EntryKey) ([]byte, error) {
	return seal.Derive(personKey, entryPurpose+string(key))
}

// entryContext binds a box to its brand and its place.
func entryContext(brand string, key privacy.EntryKey) string { return brand + "|" + string(key) }

// sealEntry makes a new entry of an attribute.
func sealEntry(brand string, personKey []byte, a Attribute) (privacy.Put, error) {
	salt := random.Bytes(privacy.SaltBytes)
	key := (&privacy.Entry{Salt: hex.EncodeToString(salt)}).Key()
	secret, err := entrySecret(personKey, key)
	if err != nil {
		return privacy.Put{}, err
	}
	plain, err := wire.Encode(content(a))
	if err != nil {
		return privacy.Put{}, fault.New(fault.Internal, "an attribute can't be encoded")
	}
	box, err := sealed(secret, pad(plain), entryContext(brand, key))
	if err != nil {
		return privacy.Put{}, err
	}
	key, entry, err := privacy.NewEntry(salt, box)
	if err != nil {
		return privacy.Put{}, err
	}
	value, err := wire.Encode(entry)
	return privacy.Put{Key: key, Value: value}, err
}

// pad adds spaces, which JSON ignores.
func pad(plain []byte) []byte {
	missing := (padding - len(plain)%padding) % padding
	return append(plain, bytes.Repeat([]byte{' '}, missing)...)
}

// OpenEntry decrypts an entry with its secret: what a vault does for itself, and a grantee with the secret that the owner hands out. STATE_CORRUPT when the entry is
// none, or another one's.
func OpenEntry(brand string, key privacy.EntryKey, value, secret []byte) (Attribute, error) {
	e, err := wire.DecodeEntry(key, value)
	if err != nil {
		return Attribute{}, fault.New(fault.StateCorrupt, "an entry of the vault can't be decoded, or stands under another's key")
	}
	box, err := base64.RawURLEncoding.DecodeString(e.Box)
	if err != nil {
		return Attribute{}, fault.New(fault.StateCorrupt, "an entry of the vault can't be decoded")
	}
	plain, err := opened(secret, box, entryContext(brand, key))
	if err != nil {
		return Attribute{}, err
	}
	var c content
	if err := wire.DecodeRecord(plain, &c); err != nil {
		return Attribute{}, fault.New(fault.StateCorrupt, "an entry of the vault holds no attribute")
	}
	return Attribute(c), nil
}

// keyedHash is HMAC-SHA-256.
func keyedHash(key []byte, text string) []byte {
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(text))
	return mac.Sum(nil)
}
