// Package random draws ids, salts and keys. The standard library ends the process when the system has no randomness (crypto/rand), so nothing here returns an error.
// It imports nothing of this module; every package of the gateway may import it.
package random

import (
	"crypto/rand"
	"encoding/hex"
)

// Bytes draws n bytes.
func Bytes(n int) []byte {
	raw := make([]byte, n)
	_, _ = rand.Read(raw)
	return raw
}

// Hex draws n bytes and gives them as 2n lower-case hex digits: ids have 16 of them, salts 32.
func Hex(n int) string { return hex.EncodeToString(Bytes(n)) }
