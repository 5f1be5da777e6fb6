package privacy

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"

	"github.com/tallystick/tallystick/chaincode/fault"
)

// EntryKey names an entry: the first 128 bits of SHA-256 over its salt, in 32 lower-case hex digits. It tells nothing of the person and nothing of the value, and
// a salt that is used again hits the key that is there.
type EntryKey string

// Limits of an entry.
const (
	SaltBytes      = 32   // Fresh random bytes of each entry.
	MinBoxBytes    = 28   // A nonce and a tag of AES-256-GCM around nothing.
	MaxBoxBytes    = 6144 // An attribute of 4 KiB with what surrounds it.
	MaxEntryBytes  = 9216 // The record: box in base64url, salt and names.
	entryKeyDigits = 32
	saltDigits     = 2 * SaltBytes
)

// EntryVersion numbers the form of entries.
const EntryVersion = 1

// Entry is one attribute of one person, encrypted. Its canonical JSON is the private value, in the owner's collection and byte for byte in each copy that is shared.
type Entry struct {
	V    int    `json:"v"`    // EntryVersion.
	Salt string `json:"salt"` // 64 lower-case hex digits: SaltBytes fresh random bytes.
	Box  string `json:"box"`  // AES-256-GCM ciphertext with its nonce and tag, base64url without padding.
}

// NewEntry gives an entry and its key; INVALID_VALUE when the salt or the box is out of its limits.
func NewEntry(salt, box []byte) (EntryKey, Entry, error) {
	e := Entry{V: EntryVersion, Salt: hex.EncodeToString(salt), Box: base64.RawURLEncoding.EncodeToString(box)}
	return e.Key(), e, e.Validate()
}

// Key is the key under which the entry has to stand; of a salt that is no hex it belongs to no valid entry.
func (e *Entry) Key() EntryKey {
	salt, err := hex.DecodeString(e.Salt)
	if err != nil {
		return ""
	}
	sum := sha256.Sum256(salt)
	return EntryKey(hex.EncodeToString(sum[:])[:entryKeyDigits])
}

// Validate returns INVALID_VALUE unless the entry has its form and its salt its full length. Whether the box was really encrypted can't be seen here.
func (e *Entry) Validate() error {
	if e.V != EntryVersion {
		return fault.New(fault.InvalidValue, "an entry has v %d", EntryVersion)
	}
	if !isHex(e.Salt, saltDigits) {
		return fault.New(fault.InvalidValue, "an entry has a salt of %d lower-case hex digits", saltDigits)
	}
	if len(e.Box) > base64.RawURLEncoding.EncodedLen(MaxBoxBytes) {
		return fault.New(fault.TooLarge, "an entry's box has at most %d bytes", MaxBoxBytes)
	}
	box, err := base64.RawURLEncoding.Strict().DecodeString(e.Box)
	if err != nil || len(box) < MinBoxBytes || base64.RawURLEncoding.EncodedLen(len(box)) != len(e.Box) {
		return fault.New(fault.InvalidValue, "an entry's box is at least %d bytes in base64url without padding", MinBoxBytes)
	}
	return nil
}

// Validate returns INVALID_VALUE unless this can be an entry's key.
func (k EntryKey) Validate() error {
	if !isHex(string(k), entryKeyDigits) {
		return fault.New(fault.InvalidValue, "an entry's key has %d lower-case hex digits", entryKeyDigits)
	}
	return nil
}

func isHex(s string, n int) bool {
	if len(s) != n {
		return false
	}
	for _, c := range s {
		if (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return false
		}
	}
	return true
}

// distinct returns INVALID_VALUE when a key has another form or stands twice, TOO_LARGE over the limit.
func distinct(seen map[EntryKey]bool, keys []EntryKey, limit int) error {
	if len(keys) > limit {
		return fault.New(fault.TooLarge, "at most %d keys go into one call", limit)
	}
	for _, k := range keys {
		if err := k.Validate(); err != nil {
			return err
		}
		if seen[k] {
			return fault.New(fault.InvalidValue, "an entry's key stands twice")
		}
		seen[k] = true
	}
	return nil
}
