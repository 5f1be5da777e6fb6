package points_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"encoding/asn1"
	"encoding/json"
	"math/big"
	"reflect"
	"testing"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/quantity"
	"github.com/tallystick/tallystick/chaincode/webauthn"
	"github.com/tallystick/tallystick/chaincode/wire"
)

// fixedHolder has the same key in every process, so that all of a fuzzer's workers mean the same by it.
func fixedHolder(kind points.ControllerKind, scalar byte) holder {
	raw := make([]byte, 32)
	raw[31] = scalar
	key, err := ecdsa.ParseRawPrivateKey(elliptic.P256(), raw)
	if err != nil {
		panic(err)
	}
	h := holder{id: accountID(1), key: key, controller: points.Controller{Kind: kind, Version: 1, Key: encodedKey(key)}}
	if kind == points.ControllerCustodian {
		h.controller.Version, h.controller.Key = 0, ""
	}
	return h
}

// fixedSignature is without randomness: RFC 6979.
func fixedSignature(key *ecdsa.PrivateKey, digest []byte) string {
	der, err := key.Sign(nil, digest, crypto.SHA256)
	if err != nil {
		panic(err)
	}
	var s struct{ R, S *big.Int }
	if _, err := asn1.Unmarshal(der, &s); err != nil {
		panic(err)
	}
	return points.SignatureOver(s.R, s.S)
}

// fuzzed is one kind of account with an authorisation of its controller's for a redemption of 40 points.
type fuzzed struct {
	holder holder
	good   points.Authorisation
}

func fuzzedHolders() []fuzzed {
	var list []fuzzed
	for i, kind := range []points.ControllerKind{points.ControllerP256, points.ControllerWebAuthn, points.ControllerCustodian} {
		h := fixedHolder(kind, byte(7+i))
		o := &points.Operation{ID: operationID(3), Kind: points.KindRedeem, Account: h.id, Points: 40}
		m := h.mandate(o, &points.Details{}, start)
		good := points.Authorisation{Mandate: m, Signature: fixedSignature(h.key, digestOf(m))}
		if kind == points.ControllerWebAuthn {
			good.WebAuthn = signPasskey(h.key, m, origin).WebAuthn
			digest, err := webauthn.Digest(good.WebAuthn)
			if err != nil {
				panic(err)
			}
			good.Signature = fixedSignature(h.key, digest)
		}
		list = append(list, fuzzed{h, good})
	}
	return list
}

// book has the holder's account with 100 points.
func (f *fuzzed) book(t failer) *till {
	c := newTill(t)
	if f.holder.controller.Kind == points.ControllerCustodian {
		c.Programme.Custodians[0].Key = encodedKey(f.holder.key)
	}
	c.open(f.holder)
	c.earn(f.holder, 100)
	return c
}

// FuzzAuthorise throws authorisations at accounts of each kind of controller, as they come in documents: none makes the verifier panic, and only what the controller signed,
// unaltered, debits its account.
func FuzzAuthorise(f *testing.F) {
	holders := fuzzedHolders()
	for i, h := range holders {
		raw, err := json.Marshal(h.good)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(byte(i), raw)
		f.Add(byte(i+1), raw) // Of another kind of controller.
	}
	f.Add(byte(0), []byte(`{"mandate":{"format":1,"id":"00000000000000000000000000000001","maxPoints":-1,"bearer":true},"signature":"=",
		"webauthn":{"authenticatorData":"","clientDataJSON":"e30"}}`))
	f.Fuzz(func(t *testing.T, which byte, document []byte) {
		h := holders[int(which)%len(holders)]
		var auth points.Authorisation
		if wire.Decode(document, 1<<16, &auth) != nil {
			return
		}
		o := &points.Operation{ID: operationID(3), Kind: points.KindRedeem, Account: h.holder.id, Points: 40, Authorisation: &auth}
		if o.Validate() != nil {
			return
		}
		c := h.book(t)
		before := encode(t, c.account(h.holder))
		r := c.apply(o, points.Details{Operation: o.ID})
		if (r.Code == fault.OK) != (encode(t, auth) == encode(t, h.good)) {
			t.Fatalf("%s for %s", r.Code, encode(t, auth))
		}
		if r.Code != fault.OK && encode(t, c.account(h.holder)) != before {
			t.Fatalf("refused with %s and changed", r.Code) // No other signature of the controller is known: none is used up.
		}
	})
}

// FuzzAuthoriseParts puts arbitrary values into single parts of a good authorisation.
func FuzzAuthoriseParts(f *testing.F) {
	holders := fuzzedHolders()
	for i, h := range holders {
		client, data := "", ""
		if h.good.WebAuthn != nil {
			client, data = h.good.WebAuthn.ClientDataJSON, h.good.WebAuthn.AuthenticatorData
		}
		f.Add(byte(i), h.good.Signature, h.good.Mandate.ID, int64(40), start+60, 1, "airline", data, client, false)
		f.Add(byte(i), h.good.Signature[:85]+"\xff", h.good.Mandate.ID, int64(40), start+60, 1, "airline", data, client, false)
		f.Add(byte(i), h.good.Signature+"\n", h.good.Mandate.ID, int64(41), start+600, 2, "hotel", data, client, true)
	}
	f.Fuzz(func(t *testing.T, which byte, signature, id string, most, notAfter int64, version int, programme, data, client string, bearer bool) {
		h := holders[int(which)%len(holders)]
		auth := points.Authorisation{Mandate: h.good.Mandate, Signature: signature}
		m := &auth.Mandate
		m.ID, m.MaxPoints, m.NotAfter, m.ControllerVersion, m.Programme, m.Bearer = id, quantity.Points(most), notAfter, version, programme, bearer
		if data != "" || client != "" {
			auth.WebAuthn = &webauthn.Assertion{AuthenticatorData: data, ClientDataJSON: client}
		}
		o := &points.Operation{ID: operationID(3), Kind: points.KindRedeem, Account: h.holder.id, Points: 40, Authorisation: &auth}
		if o.Validate() != nil {
			return
		}
		if _, err := wire.MandateDigest(m); err != nil {
			return
		}
		c := h.book(t)
		r := c.apply(o, points.Details{Operation: o.ID})
		if (r.Code == fault.OK) != reflect.DeepEqual(auth, h.good) {
			t.Fatalf("%s for %+v", r.Code, auth)
		}
		if r.Code != fault.OK && len(c.account(h.holder).Used) != 0 {
			t.Fatalf("refused with %s and used up", r.Code)
		}
	})
}
