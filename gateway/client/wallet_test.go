package client_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"math/big"
	"testing"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/wire"
	"github.com/tallystick/tallystick/gateway/client"
)

func newKey(t *testing.T, curve elliptic.Curve) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(curve, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func TestASignatureCoversTheCanonicalMandateAndHasALowS(t *testing.T) {
	key := newKey(t, elliptic.P256())
	half := new(big.Int).Rsh(elliptic.P256().Params().N, 1)
	for i := range 64 {
		m := points.Mandate{Format: points.MandateFormat, Programme: "airline", Operation: points.KindRedeem, MaxPoints: 5, NotAfter: int64(i)}
		a, err := client.Sign(key, m)
		if err != nil || a.Mandate != m || a.WebAuthn != nil {
			t.Fatalf("%+v, %v", a, err)
		}
		raw, err := base64.RawURLEncoding.DecodeString(a.Signature)
		if err != nil || len(raw) != 64 {
			t.Fatalf("signature %q", a.Signature)
		}
		canonical, err := wire.Encode(&m)
		if err != nil {
			t.Fatal(err)
		}
		digest := sha256.Sum256(canonical)
		r, s := new(big.Int).SetBytes(raw[:32]), new(big.Int).SetBytes(raw[32:])
		if !ecdsa.Verify(&key.PublicKey, digest[:], r, s) || s.Cmp(half) > 0 {
			t.Fatalf("signature %q doesn't cover %s, or its s is high", a.Signature, canonical)
		}
	}
}

func TestOnlyP256Signs(t *testing.T) {
	if _, err := client.Sign(newKey(t, elliptic.P384()), points.Mandate{}); fault.CodeOf(err) != fault.InvalidValue {
		t.Errorf("got %v", err)
	}
}

func TestAnAuthorisedOperationIsThePreparedOneWithItsSignature(t *testing.T) {
	account, salt, n := "0123456789abcdef0123456789abcdef", "5a17", int64(5)
	p := client.PreparedMandate{
		Mandate:   points.Mandate{Format: points.MandateFormat, MaxPoints: 5},
		Operation: client.OperationRequest{Kind: client.KindRedeem, Account: &account, Points: &n, PlaceSalt: &salt},
	}
	o, err := client.Authorise(newKey(t, elliptic.P256()), p)
	if err != nil || o.Authorisation == nil || o.Authorisation.Mandate != p.Mandate || o.Account != p.Operation.Account || o.PlaceSalt != p.Operation.PlaceSalt {
		t.Errorf("%+v, %v", o, err)
	}
	if p.Operation.Authorisation != nil {
		t.Error("what was prepared has changed")
	}
}
