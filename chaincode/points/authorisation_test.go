package points_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/asn1"
	"encoding/base64"
	"fmt"
	"math/big"
	"testing"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/quantity"
	"github.com/tallystick/tallystick/chaincode/wire"
)

// openWith puts an account with these points into a new book.
func openWith(t *testing.T, h holder, balance quantity.Points) *points.Book {
	t.Helper()
	b := newBook()
	open := &points.Operation{ID: operationID(1), Kind: points.KindOpen, Account: h.id, Controller: &h.controller}
	if r := b.Apply(open, facts(b.Programme, open, points.Details{Operation: open.ID})); r.Code != fault.OK {
		t.Fatalf("opening: %s", r.Code)
	}
	earn := &points.Operation{ID: operationID(2), Kind: points.KindEarn, Account: h.id}
	if r := b.Apply(earn, facts(b.Programme, earn, purchase(earn.ID, int64(balance)*100))); r.Code != fault.OK {
		t.Fatalf("earning: %s", r.Code)
	}
	return b
}

func redeem(n int, h holder, amount quantity.Points, auth *points.Authorisation) *points.Operation {
	return &points.Operation{ID: operationID(n), Kind: points.KindRedeem, Account: h.id, Points: amount, Authorisation: auth}
}

func apply(b *points.Book, o *points.Operation) points.Receipt {
	return b.Apply(o, facts(b.Programme, o, points.Details{Operation: o.ID}))
}

func TestDebitNeedsAMandateForExactlyThis(t *testing.T) {
	h := ownHolder(1)
	stranger := newKey()
	at := func(change func(*points.Mandate)) func() *points.Authorisation {
		return func() *points.Authorisation {
			m := h.mandate(points.KindRedeem, 77, 50, start)
			change(&m)
			return h.sign(m)
		}
	}
	cases := []struct {
		name string
		auth func() *points.Authorisation
		code fault.Code
		used bool // The authorisation is used up.
	}{
		{"as given", at(func(*points.Mandate) {}), fault.OK, true},
		{"for exactly these points", at(func(m *points.Mandate) { m.MaxPoints = 40 }), fault.OK, true},
		{"none", func() *points.Authorisation { return nil }, fault.AuthMissing, false},
		{"for fewer points", at(func(m *points.Mandate) { m.MaxPoints = 39 }), fault.AuthMismatch, true},
		{"for another kind", at(func(m *points.Mandate) { m.Operation = points.KindTransfer }), fault.AuthMismatch, true},
		{"for a receiver", at(func(m *points.Mandate) { m.Receiver = accountID(9) }), fault.AuthMismatch, true},
		{"for a till", at(func(m *points.Mandate) { m.Place = genesis }), fault.AuthMismatch, true},
		{"for a quote", at(func(m *points.Mandate) { m.Quote = genesis }), fault.AuthMismatch, true},
		{"of another channel", at(func(m *points.Mandate) { m.Genesis = "00" + genesis[2:] }), fault.AuthMismatch, false},
		{"of another programme", at(func(m *points.Mandate) { m.Programme = "hotel" }), fault.AuthMismatch, false},
		{"of another account", at(func(m *points.Mandate) { m.Account = accountID(2) }), fault.AuthMismatch, false},
		{"of another version of the key", at(func(m *points.Mandate) { m.ControllerVersion = 2 }), fault.AuthMismatch, false},
		{"lapsed a second ago", at(func(m *points.Mandate) { m.NotAfter = start - 1 }), fault.AuthExpired, false},
		{"lapsing now", at(func(m *points.Mandate) { m.NotAfter = start }), fault.OK, true},
		{"as long as allowed", at(func(m *points.Mandate) { m.NotAfter = start + points.MaxAuthorisationSeconds }), fault.OK, true},
		{"longer than allowed", at(func(m *points.Mandate) { m.NotAfter = start + points.MaxAuthorisationSeconds + 1 }), fault.AuthExpired, false},
		{"signed by somebody else", func() *points.Authorisation {
			return signWith(stranger, h.mandate(points.KindRedeem, 77, 50, start))
		}, fault.AuthInvalid, false},
		{"signed by the custodian", func() *points.Authorisation {
			return signWith(custodian, h.mandate(points.KindRedeem, 77, 50, start))
		}, fault.AuthInvalid, false},
		{"altered after signing", func() *points.Authorisation {
			a := h.sign(h.mandate(points.KindRedeem, 77, 50, start))
			a.Mandate.MaxPoints = 1000
			return a
		}, fault.AuthInvalid, false},
		{"without a signature", func() *points.Authorisation {
			return &points.Authorisation{Mandate: h.mandate(points.KindRedeem, 77, 50, start)}
		}, fault.AuthInvalid, false},
		{"with the other signature of the same message", func() *points.Authorisation {
			return highS(t, h.sign(h.mandate(points.KindRedeem, 77, 50, start)))
		}, fault.AuthInvalid, false},
		{"with padding", func() *points.Authorisation {
			a := h.sign(h.mandate(points.KindRedeem, 77, 50, start))
			a.Signature += "=="
			return a
		}, fault.AuthInvalid, false},
		{"with a line break", func() *points.Authorisation {
			a := h.sign(h.mandate(points.KindRedeem, 77, 50, start))
			a.Signature = a.Signature[:9] + "\n" + a.Signature[9:]
			return a
		}, fault.AuthInvalid, false},
		{"with a signature of nothing", func() *points.Authorisation {
			a := h.sign(h.mandate(points.KindRedeem, 77, 50, start))
			a.Signature = base64.RawURLEncoding.EncodeToString(make([]byte, 64))
			return a
		}, fault.AuthInvalid, false},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			b := openWith(t, h, 100)
			before := *b.Accounts[h.id]
			r := apply(b, redeem(3, h, 40, c.auth()))
			if r.Code != c.code {
				t.Fatalf("got %s, want %s", r.Code, c.code)
			}
			after := b.Accounts[h.id]
			if used := len(after.Used) == 1; used != c.used || (r.Authorisation != "") != c.used {
				t.Errorf("used up: %v, named in the receipt: %q, want %v", used, r.Authorisation, c.used)
			}
			want := before.Posted
			if c.code == fault.OK {
				want -= 40
			}
			if after.Posted != want || r.Posted != want {
				t.Errorf("posted is %d, the receipt says %d, want %d", after.Posted, r.Posted, want)
			}
		})
	}
}

// highS gives the second valid signature of a message, which everybody can compute from the first.
func highS(t *testing.T, a *points.Authorisation) *points.Authorisation {
	t.Helper()
	raw, err := base64.RawURLEncoding.DecodeString(a.Signature)
	if err != nil {
		t.Fatal(err)
	}
	s := new(big.Int).Sub(elliptic.P256().Params().N, new(big.Int).SetBytes(raw[32:]))
	s.FillBytes(raw[32:])
	return &points.Authorisation{Mandate: a.Mandate, Signature: base64.RawURLEncoding.EncodeToString(raw)}
}

func TestSignaturesAreBroughtToTheLowerHalf(t *testing.T) {
	half := new(big.Int).Rsh(elliptic.P256().Params().N, 1)
	for range 32 {
		r, s, err := ecdsa.Sign(rand.Reader, custodian, make([]byte, 32))
		if err != nil {
			t.Fatal(err)
		}
		other := new(big.Int).Sub(elliptic.P256().Params().N, s)
		if points.SignatureOver(r, s) != points.SignatureOver(r, other) {
			t.Fatal("a signature and its counterpart are written differently")
		}
		raw, err := base64.RawURLEncoding.DecodeString(points.SignatureOver(r, s))
		if err != nil || new(big.Int).SetBytes(raw[32:]).Cmp(half) > 0 {
			t.Fatalf("s is in the upper half, %v", err)
		}
	}
}

func TestMandateIsBoundToItsTill(t *testing.T) {
	h := ownHolder(1)
	d := points.Details{Operation: operationID(3), PlaceSalt: "5a17", Merchant: "airline", Store: "lhr", Terminal: "t1"}
	place := points.PlaceHash(d.PlaceSalt, d.Merchant, d.Store, d.Terminal)
	cases := []struct {
		name   string
		change func(*points.Details)
		code   fault.Code
	}{
		{"here", func(*points.Details) {}, fault.OK},
		{"at another terminal", func(d *points.Details) { d.Terminal = "t2" }, fault.AuthMismatch},
		{"at another store", func(d *points.Details) { d.Store = "lgw" }, fault.AuthMismatch},
		{"at another merchant", func(d *points.Details) { d.Merchant = "hotel" }, fault.AuthMismatch},
		{"under another salt", func(d *points.Details) { d.PlaceSalt = "5a18" }, fault.AuthMismatch},
		{"with the names cut elsewhere", func(d *points.Details) { d.Store, d.Terminal = "lhrt", "1" }, fault.AuthMismatch},
		{"nowhere", func(d *points.Details) { d.Merchant, d.Store, d.Terminal = "", "", "" }, fault.AuthMismatch},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			b := openWith(t, h, 100)
			m := h.mandate(points.KindRedeem, 77, 50, start)
			m.Place = place
			here := d
			c.change(&here)
			o := redeem(3, h, 40, h.sign(m))
			if r := b.Apply(o, facts(b.Programme, o, here)); r.Code != c.code {
				t.Errorf("got %s, want %s", r.Code, c.code)
			}
		})
	}
}

func TestAuthorisationIsUsedUpOnceEvenByARefusedOperation(t *testing.T) {
	h := ownHolder(1)
	b := openWith(t, h, 10)
	auth := h.sign(h.mandate(points.KindRedeem, 77, 50, start))
	if r := apply(b, redeem(3, h, 40, auth)); r.Code != fault.InsufficientPoints || r.Authorisation == "" {
		t.Fatalf("got %s, used %q", r.Code, r.Authorisation)
	}
	if r := apply(b, redeem(4, h, 5, auth)); r.Code != fault.AuthReplayed {
		t.Errorf("the same again: %s", r.Code)
	}
	if r := apply(b, redeem(5, h, 5, h.sign(auth.Mandate))); r.Code != fault.AuthReplayed {
		t.Errorf("the same id under a new signature: %s", r.Code)
	}
	longer := auth.Mandate
	longer.NotAfter += 100
	if r := apply(b, redeem(6, h, 5, h.sign(longer))); r.Code != fault.AuthReplayed {
		t.Errorf("the same id with another end: %s", r.Code)
	}
	if got := b.Accounts[h.id].Posted; got != 10 {
		t.Errorf("posted is %d", got)
	}
}

func TestAuthorisationsAreOrderFreeAndForgottenOnlyBehindTheFloor(t *testing.T) {
	h := ownHolder(1)
	b := openWith(t, h, 100)
	late := h.mandate(points.KindRedeem, 1, 10, start)
	late.NotAfter = start + 500
	early := h.mandate(points.KindRedeem, 2, 10, start)
	early.NotAfter = start + 10
	for i, m := range []points.Mandate{late, early} {
		if r := apply(b, redeem(10+i, h, 1, h.sign(m))); r.Code != fault.OK {
			t.Fatalf("authorisation %d: %s", i, r.Code)
		}
	}
	b.Now = start + 11
	if r := apply(b, redeem(20, h, 1, h.sign(h.mandate(points.KindRedeem, 3, 10, b.Now)))); r.Code != fault.OK {
		t.Fatalf("the third: %s", r.Code)
	}
	a := b.Accounts[h.id]
	if len(a.Used) != 2 || a.Floor != early.NotAfter {
		t.Fatalf("remembers %v above %d", a.Used, a.Floor)
	}
	// A transaction's time is its client's and may go back: the forgotten id must stay refused.
	b.Now = start
	if r := apply(b, redeem(21, h, 1, h.sign(early))); r.Code != fault.AuthExpired {
		t.Errorf("a forgotten authorisation at an earlier time: %s", r.Code)
	}
	if r := apply(b, redeem(22, h, 1, h.sign(late))); r.Code != fault.AuthReplayed {
		t.Errorf("a remembered one: %s", r.Code)
	}
}

func TestAccountWithTooManyLiveAuthorisationsIsBusyUntilOneLapses(t *testing.T) {
	h := ownHolder(1)
	b := openWith(t, h, 1000)
	for i := range points.MaxUsedAuthorisations {
		if r := apply(b, redeem(100+i, h, 1, h.sign(h.mandate(points.KindRedeem, 100+i, 10, start)))); r.Code != fault.OK {
			t.Fatalf("authorisation %d: %s", i, r.Code)
		}
	}
	if err := points.UsedAuthorisationsBounded(b.Accounts[h.id]); err != nil {
		t.Fatal(err)
	}
	one := h.mandate(points.KindRedeem, 500, 10, start+61)
	before := encode(t, b.Accounts[h.id])
	if r := apply(b, redeem(500, h, 1, h.sign(one))); r.Code != fault.AuthBusy {
		t.Fatalf("one more: %s", r.Code)
	}
	if after := encode(t, b.Accounts[h.id]); after != before {
		t.Errorf("a busy account changed:\n%s\n%s", before, after)
	}
	b.Now = start + 61
	if r := apply(b, redeem(501, h, 1, h.sign(one))); r.Code != fault.OK {
		t.Errorf("after the others lapsed: %s", r.Code)
	}
}

func TestCustodianSignsForCustodyAccountsOnlyAndByVersion(t *testing.T) {
	h := custodyHolder(1)
	own := ownHolder(2)
	next := newKey()
	withTwo := func(t *testing.T) *points.Book {
		b := openWith(t, h, 100)
		b.Programme.Custodians = append(b.Programme.Custodians, points.CustodianKey{Version: 2, Key: encodedKey(next)})
		return b
	}
	m := h.mandate(points.KindRedeem, 77, 50, start)
	second := m
	second.ControllerVersion = 2
	for name, c := range map[string]struct {
		auth *points.Authorisation
		code fault.Code
	}{
		"first version":              {signWith(custodian, m), fault.OK},
		"second version":             {signWith(next, second), fault.OK},
		"second key as the first":    {signWith(next, m), fault.AuthInvalid},
		"a version that is not":      {signWith(next, func() points.Mandate { v := m; v.ControllerVersion = 3; return v }()), fault.AuthMismatch},
		"version zero":               {signWith(custodian, func() points.Mandate { v := m; v.ControllerVersion = 0; return v }()), fault.AuthMismatch},
		"another customer's own":     {signWith(own.key, m), fault.AuthInvalid},
		"negative version":           {signWith(custodian, func() points.Mandate { v := m; v.ControllerVersion = -1; return v }()), fault.AuthMismatch},
		"the account's id by chance": {signWith(custodian, func() points.Mandate { v := m; v.Account = own.id; return v }()), fault.AuthMismatch},
	} {
		t.Run(name, func(t *testing.T) {
			if r := apply(withTwo(t), redeem(3, h, 40, c.auth)); r.Code != c.code {
				t.Errorf("got %s, want %s", r.Code, c.code)
			}
		})
	}
}

// fixedAuthorisation is the same in every process, so that all of a fuzzer's workers mean the same by it.
func fixedAuthorisation(f *testing.F) (holder, *points.Authorisation) {
	f.Helper()
	scalar := make([]byte, 32)
	scalar[31] = 7
	key, err := ecdsa.ParseRawPrivateKey(elliptic.P256(), scalar)
	if err != nil {
		f.Fatal(err)
	}
	h := holder{id: accountID(1), key: key, controller: points.Controller{Kind: points.ControllerP256, Version: 1, Key: encodedKey(key)}}
	m := h.mandate(points.KindRedeem, 77, 50, start)
	digest, err := wire.MandateDigest(&m)
	if err != nil {
		f.Fatal(err)
	}
	der, err := key.Sign(nil, digest, crypto.SHA256) // Without randomness: RFC 6979.
	if err != nil {
		f.Fatal(err)
	}
	var signature struct{ R, S *big.Int }
	if _, err := asn1.Unmarshal(der, &signature); err != nil {
		f.Fatal(err)
	}
	return h, &points.Authorisation{Mandate: m, Signature: points.SignatureOver(signature.R, signature.S)}
}

// FuzzAuthorisation throws signatures and mandates at an account: only what its controller signed, unaltered, debits it.
func FuzzAuthorisation(f *testing.F) {
	h, good := fixedAuthorisation(f)
	f.Add(good.Signature, good.Mandate.ID, int64(50), start+60, 1, "airline")
	f.Add("", "", int64(0), int64(0), 0, "")
	f.Add(good.Signature+"\n", good.Mandate.ID, int64(50), start+60, 1, "airline")
	f.Add(base64.RawURLEncoding.EncodeToString(make([]byte, 64)), good.Mandate.ID, int64(-1), int64(-1), -1, "hotel")
	f.Fuzz(func(t *testing.T, signature, id string, most, notAfter int64, version int, programme string) {
		b := openWith(t, h, 100)
		m := good.Mandate
		m.ID, m.MaxPoints, m.NotAfter, m.ControllerVersion, m.Programme = id, quantity.Points(most), notAfter, version, programme
		o := redeem(3, h, 40, &points.Authorisation{Mandate: m, Signature: signature})
		if o.Validate() != nil {
			return
		}
		if _, err := wire.MandateDigest(&m); err != nil {
			return
		}
		r := apply(b, o)
		if unaltered := m == good.Mandate && signature == good.Signature; (r.Code == fault.OK) != unaltered {
			t.Fatalf("%s for %s", r.Code, fmt.Sprintf("%+v %q", m, signature))
		}
		if r.Code != fault.OK && b.Accounts[h.id].Posted != 100 {
			t.Fatalf("refused with %s and posted %d", r.Code, b.Accounts[h.id].Posted)
		}
	})
}
