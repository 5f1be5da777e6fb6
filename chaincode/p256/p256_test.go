package p256_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"math/big"
	"strings"
	"testing"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/p256"
)

func newKey(t *testing.T, curve elliptic.Curve) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(curve, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func TestKeysHaveOneForm(t *testing.T) {
	key := newKey(t, elliptic.P256())
	text, err := p256.EncodeKey(&key.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	if back, err := p256.ParseKey(text); err != nil || !back.Equal(&key.PublicKey) {
		t.Errorf("read back as %v, %v", back, err)
	}
	for name, bad := range map[string]string{
		"nothing": "", "too short": text[1:], "padded": text + "=", "no point of the curve": "BA" + strings.Repeat("A", 85), "a line break inside": text[:40] + "\n" + text[41:],
	} {
		if _, err := p256.ParseKey(bad); fault.CodeOf(err) != fault.InvalidValue {
			t.Errorf("%s is a key: %v", name, err)
		}
	}
	if _, err := p256.EncodeKey(&newKey(t, elliptic.P384()).PublicKey); fault.CodeOf(err) != fault.InvalidValue {
		t.Errorf("a key of another curve has a form: %v", err)
	}
}

func TestOnlyLowSignaturesOfTheKeyAreGood(t *testing.T) {
	key, digest := newKey(t, elliptic.P256()), sha256.Sum256([]byte("tally"))
	r, s, err := ecdsa.Sign(rand.Reader, key, digest[:])
	if err != nil {
		t.Fatal(err)
	}
	n := elliptic.P256().Params().N
	low := s
	if s.Cmp(new(big.Int).Rsh(n, 1)) > 0 {
		low = new(big.Int).Sub(n, s)
	}
	good := p256.EncodeSignature(r, s)
	if !p256.Verify(&key.PublicKey, digest[:], good) || good != p256.EncodeSignature(r, new(big.Int).Sub(n, s)) {
		t.Error("the signature is refused, or has two forms")
	}
	if p256.Verify(&newKey(t, elliptic.P256()).PublicKey, digest[:], good) {
		t.Error("another key's signature is good")
	}
	other := sha256.Sum256([]byte("stick"))
	if p256.Verify(&key.PublicKey, other[:], good) || p256.Verify(&key.PublicKey, digest[:], good[1:]) {
		t.Error("a signature of something else is good")
	}
	if high := encode(r, new(big.Int).Sub(n, low)); p256.Verify(&key.PublicKey, digest[:], high) {
		t.Error("the same signature with a high s is good")
	}
}

// encode is EncodeSignature without bringing s down.
func encode(r, s *big.Int) string {
	raw := make([]byte, 64)
	r.FillBytes(raw[:32])
	s.FillBytes(raw[32:])
	return base64.RawURLEncoding.EncodeToString(raw)
}
