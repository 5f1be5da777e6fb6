package p256

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"encoding/base64"
	"math/big"

	"github.com/tallystick/tallystick/chaincode/fault"
)

const (
	keyLength       = 65 // An uncompressed point: a tag and two coordinates.
	signatureLength = 64 // r and s, 32 bytes each, big-endian (IEEE P1363, as WebCrypto gives it).
)

// EncodeKey gives the form in which keys stand on the ledger, an uncompressed point in base64url without padding; INVALID_VALUE unless it is a P-256 key.
func EncodeKey(k *ecdsa.PublicKey) (string, error) {
	if k.Curve != elliptic.P256() {
		return "", fault.New(fault.InvalidValue, "only P-256 keys are used here")
	}
	raw, err := k.Bytes()
	if err != nil {
		return "", fault.New(fault.InvalidValue, "the key is not a point of P-256")
	}
	return base64.RawURLEncoding.EncodeToString(raw), nil
}

// ParseKey reads what EncodeKey gives; anything else is INVALID_VALUE.
func ParseKey(s string) (*ecdsa.PublicKey, error) {
	raw, err := decodeExactly(s, keyLength)
	if err != nil {
		return nil, fault.New(fault.InvalidValue, "a key is an uncompressed P-256 point in base64url without padding")
	}
	k, err := ecdsa.ParseUncompressedPublicKey(elliptic.P256(), raw)
	if err != nil {
		return nil, fault.New(fault.InvalidValue, "a key is an uncompressed P-256 point in base64url without padding")
	}
	return k, nil
}

// EncodeSignature encodes an ECDSA signature (r, s) in the ledger's form, with s brought to the lower half of the order.
func EncodeSignature(r, s *big.Int) string {
	n := elliptic.P256().Params().N
	if s.Cmp(new(big.Int).Rsh(n, 1)) > 0 {
		s = new(big.Int).Sub(n, s)
	}
	raw := make([]byte, signatureLength)
	r.FillBytes(raw[:signatureLength/2])
	s.FillBytes(raw[signatureLength/2:])
	return base64.RawURLEncoding.EncodeToString(raw)
}

// Verify says whether signature is a low-S P-256 signature of digest by key.
func Verify(key *ecdsa.PublicKey, digest []byte, signature string) bool {
	raw, err := decodeExactly(signature, signatureLength)
	if err != nil {
		return false
	}
	r := new(big.Int).SetBytes(raw[:signatureLength/2])
	s := new(big.Int).SetBytes(raw[signatureLength/2:])
	if s.Cmp(new(big.Int).Rsh(elliptic.P256().Params().N, 1)) > 0 {
		return false
	}
	return ecdsa.Verify(key, digest, r, s)
}

// decodeExactly reads n bytes of base64url without padding. The length of the text is checked because the decoder skips line breaks: a value has one form only.
func decodeExactly(s string, n int) ([]byte, error) {
	if len(s) != base64.RawURLEncoding.EncodedLen(n) {
		return nil, fault.New(fault.InvalidValue, "%d bytes of base64url without padding are expected", n)
	}
	raw, err := base64.RawURLEncoding.Strict().DecodeString(s)
	if err != nil || len(raw) != n {
		return nil, fault.New(fault.InvalidValue, "%d bytes of base64url without padding are expected", n)
	}
	return raw, nil
}
