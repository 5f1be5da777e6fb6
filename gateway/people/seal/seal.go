package seal

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"

	"github.com/tallystick/tallystick/chaincode/fault"
)

// KeySize is the length of every key, in bytes.
const KeySize = 32

// Derive makes the key of one purpose from a secret; keys of different purposes tell nothing of each other.
func Derive(secret []byte, purpose string) ([]byte, error) {
	key, err := hkdf.Key(sha256.New, secret, nil, purpose, KeySize)
	if err != nil {
		return nil, fault.New(fault.Internal, "a key can't be derived: %v", err)
	}
	return key, nil
}

// Sealer seals and opens under one key. It may be used from several goroutines; the zero Sealer can't be used.
type Sealer struct {
	aead cipher.AEAD
}

// New makes a sealer of a key of KeySize bytes; INTERNAL for any other.
func New(key []byte) (Sealer, error) {
	if len(key) != KeySize {
		return Sealer{}, fault.New(fault.Internal, "a key can't be used: it has %d bytes, not %d", len(key), KeySize)
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return Sealer{}, fault.New(fault.Internal, "a key can't be used: %v", err)
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		return Sealer{}, fault.New(fault.Internal, "a key can't be used: %v", err)
	}
	return Sealer{aead: aead}, nil
}

// Derived makes a sealer whose key is derived from a secret for one purpose.
func Derived(secret []byte, purpose string) (Sealer, error) {
	key, err := Derive(secret, purpose)
	if err != nil {
		return Sealer{}, err
	}
	return New(key)
}

// Seal encrypts a text so that it opens with the same context only.
func (s Sealer) Seal(plain []byte, context string) []byte {
	return s.aead.Seal(nil, nil, plain, []byte(context))
}

// Open decrypts; STATE_CORRUPT when the text was altered, or sealed under another key or with another context.
func (s Sealer) Open(sealed []byte, context string) ([]byte, error) {
	plain, err := s.aead.Open(nil, nil, sealed, []byte(context))
	if err != nil {
		return nil, fault.New(fault.StateCorrupt, "a sealed value can't be opened: it was altered, or its key is another")
	}
	return plain, nil
}
