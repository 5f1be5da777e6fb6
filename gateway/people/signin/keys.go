package signin

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"math/big"
	"strings"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/gateway/people/seal"
	"github.com/tallystick/tallystick/gateway/random"
)

// SecretSize is the length of the secret that all keys of this package are derived from, in bytes.
const SecretSize = 32

// Sizes of what is drawn at random, in bytes.
const (
	tokenSize    = 32 // Of sessions, and of what has been begun.
	idSize       = 16 // Of a session's name in lists.
	recoverySize = 10 // Of a recovery code: 16 characters of base32.
)

// CodeDigits is the length of a one-time code.
const CodeDigits = 8

var codeSpace = big.NewInt(100_000_000) // 10^CodeDigits.

// Purposes of the keys.
const (
	hashPurpose   = "tallystick sign-in hashes"
	secretPurpose = "tallystick sign-in secrets"
)

// keys are derived from one secret, each for its own use (HKDF, RFC 5869).
type keys struct {
	hashing []byte
	sealing seal.Sealer
}

func newKeys(secret []byte) (keys, error) {
	if len(secret) != SecretSize {
		return keys{}, fault.New(fault.InvalidValue, "the secret of the sign-in needs %d bytes, it has %d", SecretSize, len(secret))
	}
	hashing, err := seal.Derive(secret, hashPurpose)
	if err != nil {
		return keys{}, err
	}
	sealing, err := seal.Derived(secret, secretPurpose)
	return keys{hashing: hashing, sealing: sealing}, err
}

// hash is a keyed hash of parts for one use, in hex. Parts have no zero byte in them.
func (k keys) hash(use string, parts ...string) string {
	m := hmac.New(sha256.New, k.hashing)
	m.Write([]byte(strings.Join(append([]string{use}, parts...), "\x00")))
	return hex.EncodeToString(m.Sum(nil))
}

// seal encrypts a secret that has to be read again; owner is bound to it.
func (k keys) seal(owner string, secret []byte) []byte {
	return k.sealing.Seal(secret, owner)
}

func (k keys) open(owner string, sealed []byte) ([]byte, error) {
	secret, err := k.sealing.Open(sealed, owner)
	if err != nil {
		return nil, fault.New(fault.Internal, "a sealed secret can't be opened: was the gateway's secret replaced?")
	}
	return secret, nil
}

// same compares two hashes in a time that doesn't depend on where they differ.
func same(a, b string) bool { return subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1 }

// digest is what is kept of a token: whoever reads the database can't use it.
func digest(token string) string {
	sum := sha256.Sum256([]byte(token))
	return hex.EncodeToString(sum[:])
}

func drawToken() string { return base64.RawURLEncoding.EncodeToString(random.Bytes(tokenSize)) }

// drawCode gives CodeDigits decimal digits, each code as likely as any other.
func drawCode() (string, error) {
	n, err := rand.Int(rand.Reader, codeSpace)
	if err != nil {
		return "", fault.New(fault.Internal, "no randomness: %v", err)
	}
	digits := n.String()
	return strings.Repeat("0", CodeDigits-len(digits)) + digits, nil
}
