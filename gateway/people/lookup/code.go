package lookup

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base32"
	"encoding/hex"
	"fmt"
	"math/big"
	"strings"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/gateway/random"
)

// CodePrefix begins every identification code, as it stands in the QR code: prefix, programme in capital letters, colon, and 26 characters of base32 (RFC 4648).
// All of them are in the alphanumeric set of QR codes (ISO/IEC 18004).
const CodePrefix = "TALLYID1:"

const (
	codeBytes      = 16 // Random bytes of an identification code.
	codeCharacters = 26 // Of them in base32.
	maxCodeText    = 64 // Characters of a code as it was read.
	maxProgramme   = 20 // Characters of a brand's name.
	pinDigits      = 6  // Of the code that a challenged customer gets.
	pinValues      = 1_000_000
	idBytes        = 16
)

var codeAlphabet = base32.StdEncoding.WithPadding(base32.NoPadding)

// Programme reads which programme's gateway can tell what an identification code stands for; INVALID_VALUE when it is no code.
func Programme(code string) (string, error) {
	programme, _, err := parse(code)
	return programme, err
}

// parse splits a code as it was read. Nothing of it is repeated in the error.
func parse(code string) (programme, secret string, err error) {
	wrong := fault.New(fault.InvalidValue, "an identification code is %s, a programme's name, a colon and %d characters", CodePrefix, codeCharacters)
	rest, ok := strings.CutPrefix(code, CodePrefix)
	if !ok || len(code) > maxCodeText {
		return "", "", wrong
	}
	name, secret, ok := strings.Cut(rest, ":")
	if !ok || name == "" || len(name) > maxProgramme || len(secret) != codeCharacters || strings.ToUpper(name) != name {
		return "", "", wrong
	}
	raw, err := codeAlphabet.DecodeString(secret)
	if err != nil || len(raw) != codeBytes {
		return "", "", wrong
	}
	return strings.ToLower(name), secret, nil
}

// newCode gives an identification code of a programme and its hash.
func newCode(programme string) (code, hash string) {
	secret := codeAlphabet.EncodeToString(random.Bytes(codeBytes))
	return CodePrefix + strings.ToUpper(programme) + ":" + secret, hashOf(programme, secret)
}

// newPIN gives a code of pinDigits for people to read out, each as likely as any other.
func newPIN() string {
	n, _ := rand.Int(rand.Reader, big.NewInt(pinValues)) // The standard library ends the process when the system has no randomness.
	return fmt.Sprintf("%0*d", pinDigits, n.Int64())
}

func validPIN(s string) bool {
	if len(s) != pinDigits {
		return false
	}
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return true
}

// hashOf is the SHA-256 of texts, each ended by a zero byte, in hex.
func hashOf(texts ...string) string {
	h := sha256.New()
	for _, s := range texts {
		h.Write([]byte(s))
		h.Write([]byte{0})
	}
	return hex.EncodeToString(h.Sum(nil))
}

func newID() string { return random.Hex(idBytes) }
