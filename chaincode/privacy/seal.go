package privacy

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"

	"github.com/tallystick/tallystick/chaincode/fault"
)

// Sealed is the answer to a query for private values: AES-256-GCM under the key that the caller chose for this one answer, base64url without padding. The nonce, which
// stands before the ciphertext, is derived from key and text, so that every endorser seals alike and a key that is used twice gives nothing away.
type Sealed struct {
	Box string `json:"box"`
}

func replyKey(reply string) ([]byte, error) {
	key, err := hex.DecodeString(reply)
	if err != nil || !isHex(reply, 2*sha256.Size) {
		return nil, fault.New(fault.InvalidValue, "reply is a key of %d lower-case hex digits for this one answer", 2*sha256.Size)
	}
	return key, nil
}

func sealer(reply string) (cipher.AEAD, []byte, error) {
	key, err := replyKey(reply)
	if err != nil {
		return nil, nil, err
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, nil, fault.New(fault.Internal, "the reply's key can't be used")
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		return nil, nil, fault.New(fault.Internal, "the reply's key can't be used")
	}
	return aead, key, nil
}

// Seal encrypts an answer under the reply key of its query; INVALID_VALUE when that is none.
func Seal(reply string, answer []byte) (Sealed, error) {
	aead, key, err := sealer(reply)
	if err != nil {
		return Sealed{}, err
	}
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte("tallystick answer"))
	mac.Write(answer)
	nonce := mac.Sum(nil)[:aead.NonceSize()]
	return Sealed{Box: base64.RawURLEncoding.EncodeToString(aead.Seal(nonce, nonce, answer, nil))}, nil
}

// Open decrypts an answer; INVALID_VALUE when it was sealed under another key, or altered.
func Open(reply string, s Sealed) ([]byte, error) {
	aead, _, err := sealer(reply)
	if err != nil {
		return nil, err
	}
	box, err := base64.RawURLEncoding.DecodeString(s.Box)
	if err != nil || len(box) < aead.NonceSize() {
		return nil, fault.New(fault.InvalidValue, "the answer is not sealed")
	}
	answer, err := aead.Open(nil, box[:aead.NonceSize()], box[aead.NonceSize():], nil)
	if err != nil {
		return nil, fault.New(fault.InvalidValue, "the answer was sealed under another key, or altered")
	}
	return answer, nil
}
