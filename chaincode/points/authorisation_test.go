package points_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/base64"
	"math/big"
	"testing"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/quantity"
)

// openWith is a till with an account of so many points.
func openWith(t failer, h holder, balance int64) *till {
	t.Helper()
	c := newTill(t)
	c.open(h)
	c.earn(h, balance)
	return c
}

// signed gives a redemption of 40 points with an authorisation made of a usual mandate.
func signed(make func(holder, points.Mandate) *points.Authorisation) func(*till, holder) points.Receipt {
	return func(c *till, h holder) points.Receipt {
		o, d := c.prepare(h, points.KindRedeem, of(40))
		o.Authorisation = make(h, h.mandate(o, &d, c.Now))
		return c.apply(o, d)
	}
}

// with has the holder sign a changed mandate.
func with(change func(*points.Mandate)) func(*till, holder) points.Receipt {
	return signed(func(h holder, m points.Mandate) *points.Authorisation {
		change(&m)
		return h.sign(m)
	})
}

// altered changes an authorisation after it was signed.
func altered(change func(*points.Authorisation)) func(*till, holder) points.Receipt {
	return signed(func(h holder, m points.Mandate) *points.Authorisation {
		a := h.sign(m)
		change(a)
		return a
	})
}

func TestDebitNeedsAMandateForExactlyThis(t *testing.T) {
	stranger := newKey()
	cases := []struct {
		name string
		run  func(*till, holder) points.Receipt
		code fault.Code
		used bool // The authorisation is used up.
	}{
		{"as given", with(func(*points.Mandate) {}), fault.OK, true},
		{"for more points", with(func(m *points.Mandate) { m.MaxPoints = 41 }), fault.OK, true},
		{"none", signed(func(holder, points.Mandate) *points.Authorisation { return nil }), fault.AuthMissing, false},
		{"for fewer points", with(func(m *points.Mandate) { m.MaxPoints = 39 }), fault.AuthMismatch, true},
		{"for another kind", with(func(m *points.Mandate) { m.Operation = points.KindTransfer }), fault.AuthMismatch, true},
		{"for a receiver", with(func(m *points.Mandate) { m.Receiver = accountID(9) }), fault.AuthMismatch, true},
		{"for a till", with(func(m *points.Mandate) { m.Place = genesis }), fault.AuthMismatch, true},
		{"for a quote", with(func(m *points.Mandate) { m.Quote = genesis }), fault.AuthMismatch, true},
		{"for another subject", with(func(m *points.Mandate) { m.Subject = genesis }), fault.AuthMismatch, true},
		{"of another channel", with(func(m *points.Mandate) { m.Genesis = "00" + genesis[2:] }), fault.AuthMismatch, false},
		{"of another programme", with(func(m *points.Mandate) { m.Programme = "hotel" }), fault.AuthMismatch, false},
		{"of another account", with(func(m *points.Mandate) { m.Account = accountID(2) }), fault.AuthMismatch, false},
		{"of another version of the key", with(func(m *points.Mandate) { m.ControllerVersion = 2 }), fault.AuthMismatch, false},
		{"lapsed a second ago", with(func(m *points.Mandate) { m.NotAfter = start - 1 }), fault.AuthExpired, false},
		{"lapsing now", with(func(m *points.Mandate) { m.NotAfter = start }), fault.OK, true},
		{"as long as allowed", with(func(m *points.Mandate) { m.NotAfter = start + points.MaxAuthorisationSeconds }), fault.OK, true},
		{"longer than allowed", with(func(m *points.Mandate) { m.NotAfter = start + points.MaxAuthorisationSeconds + 1 }), fault.AuthExpired, false},
		{"signed by somebody else", signed(func(_ holder, m points.Mandate) *points.Authorisation { return signRaw(stranger, m) }), fault.AuthInvalid, false},
		{"signed by the custodian", signed(func(_ holder, m points.Mandate) *points.Authorisation { return signRaw(custodian, m) }), fault.AuthInvalid, false},
		{"signed as a passkey", signed(func(h holder, m points.Mandate) *points.Authorisation { return signPasskey(h.key, m, origin) }), fault.AuthInvalid, false},
		{"altered after signing", altered(func(a *points.Authorisation) { a.Mandate.MaxPoints = 1000 }), fault.AuthInvalid, false},
		{"made a bearer's after signing", altered(func(a *points.Authorisation) { a.Mandate.Bearer = true }), fault.AuthInvalid, false},
		{"without a signature", altered(func(a *points.Authorisation) { a.Signature = "" }), fault.AuthInvalid, false},
		{"with the other signature of the same message", altered(highS), fault.AuthInvalid, false},
		{"with padding", altered(func(a *points.Authorisation) { a.Signature += "==" }), fault.AuthInvalid, false},
		{"with a line break", altered(func(a *points.Authorisation) { a.Signature = a.Signature[:9] + "\n" + a.Signature[9:] }), fault.AuthInvalid, false},
		{"with a signature of nothing", altered(func(a *points.Authorisation) {
			a.Signature = base64.RawURLEncoding.EncodeToString(make([]byte, 64))
		}), fault.AuthInvalid, false},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			h := ownHolder(1)
			b := openWith(t, h, 100)
			r := want(t, c.run(b, h), c.code)
			if used := len(b.account(h).Used) == 1; used != c.used || (r.Authorisation != "") != c.used {
				t.Errorf("used up: %v, named in the receipt: %q, want %v", used, r.Authorisation, c.used)
			}
			posted := quantity.Points(100)
			if c.code == fault.OK {
				posted = 60
			}
			if r.Posted != posted || b.account(h).Posted != posted {
				t.Errorf("posted is %d, the receipt says %d", b.account(h).Posted, r.Posted)
			}
		})
	}
}

// highS gives the second valid signature of a message, which everybody can compute from the first.
func highS(a *points.Authorisation) {
	raw, err := base64.RawURLEncoding.DecodeString(a.Signature)
	if err != nil {
		panic(err)
	}
	s := new(big.Int).Sub(elliptic.P256().Params().N, new(big.Int).SetBytes(raw[32:]))
	s.FillBytes(raw[32:])
	a.Signature = base64.RawURLEncoding.EncodeToString(raw)
}

func TestSignaturesAreBroughtToTheLowerHalf(t *testing.T) {
	half := new(big.Int).Rsh(elliptic.P256().Params().N, 1)
	for range 32 {
		r, s, err := ecdsa.Sign(rand.Reader, custodian, make([]byte, 32))
		if err != nil {
			t.Fatal(err)
		}
		opposite := new(big.Int).Sub(elliptic.P256().Params().N, s)
		if points.SignatureOver(r, s) != points.SignatureOver(r, opposite) {
			t.Fatal("a signature and its counterpart are written differently")
		}
		raw, err := base64.RawURLEncoding.DecodeString(points.SignatureOver(r, s))
		if err != nil || new(big.Int).SetBytes(raw[32:]).Cmp(half) > 0 {
			t.Fatalf("s is in the upper half, %v", err)
		}
	}
}

func TestAuthorisationIsUsedUpOnceEvenByARefusedOperation(t *testing.T) {
	h := ownHolder(1)
	c := openWith(t, h, 10)
	o, d := c.prepare(h, points.KindRedeem, of(40))
	m := h.mandate(o, &d, c.Now)
	again := func(n quantity.Points, auth *points.Authorisation) points.Receipt {
		return c.do(h, points.KindRedeem, of(n), func(o *points.Operation, _ *points.Details) { o.Authorisation = auth })
	}
	auth := h.sign(m)
	if r := want(t, again(40, auth), fault.InsufficientPoints); r.Authorisation != m.ID {
		t.Fatalf("the receipt names %q", r.Authorisation)
	}
	want(t, again(5, auth), fault.AuthReplayed)
	want(t, again(5, h.sign(m)), fault.AuthReplayed) // The same id under a new signature.
	m.NotAfter += 100
	want(t, again(5, h.sign(m)), fault.AuthReplayed) // The same id with another end.
	if got := c.account(h).Posted; got != 10 {
		t.Errorf("posted is %d", got)
	}
}

func TestAuthorisationsAreOrderFreeAndForgottenOnlyBehindTheFloor(t *testing.T) {
	h := ownHolder(1)
	c := openWith(t, h, 100)
	one := func(notAfter int64) *points.Authorisation {
		o, d := c.prepare(h, points.KindRedeem, of(1))
		m := h.mandate(o, &d, c.Now)
		m.NotAfter = notAfter
		return h.sign(m)
	}
	redeem := func(auth *points.Authorisation) points.Receipt {
		return c.do(h, points.KindRedeem, of(1), func(o *points.Operation, _ *points.Details) { o.Authorisation = auth })
	}
	late, early := one(start+500), one(start+10)
	want(t, redeem(late), fault.OK)
	want(t, redeem(early), fault.OK)
	c.Now = start + 11
	want(t, redeem(one(start+60)), fault.OK)
	a := c.account(h)
	if len(a.Used) != 2 || a.Floor != early.Mandate.NotAfter {
		t.Fatalf("remembers %v above %d", a.Used, a.Floor)
	}
	c.Now = start // A transaction's time is its client's and may go back: the forgotten id must stay refused.
	want(t, redeem(early), fault.AuthExpired)
	want(t, redeem(late), fault.AuthReplayed)
}

func TestAccountWithTooManyLiveAuthorisationsIsBusyUntilOneLapses(t *testing.T) {
	h := ownHolder(1)
	c := openWith(t, h, 1000)
	for range points.MaxUsedAuthorisations {
		want(t, c.do(h, points.KindRedeem, of(1)), fault.OK)
	}
	c.sound()
	if r := want(t, c.do(h, points.KindRedeem, of(1)), fault.AuthBusy); r.Authorisation != "" {
		t.Errorf("a busy account used up %s", r.Authorisation)
	}
	c.Now = start + 61
	want(t, c.do(h, points.KindRedeem, of(1)), fault.OK)
}

func TestCustodianSignsForCustodyAccountsOnlyAndByVersion(t *testing.T) {
	h, own, next := custodyHolder(1), ownHolder(2), newKey()
	by := func(key *ecdsa.PrivateKey, version int) func(*till, holder) points.Receipt {
		return signed(func(_ holder, m points.Mandate) *points.Authorisation {
			m.ControllerVersion = version
			return signRaw(key, m)
		})
	}
	for name, c := range map[string]struct {
		run   func(*till, holder) points.Receipt
		later int64
		code  fault.Code
	}{
		"second version":                       {by(next, 2), 0, fault.OK},
		"first version at the rotation":        {by(custodian, 1), 0, fault.OK},
		"first version to the end of its use":  {by(custodian, 1), points.MaxAuthorisationSeconds, fault.OK},
		"first version after the end":          {by(custodian, 1), points.MaxAuthorisationSeconds + 1, fault.AuthExpired},
		"second version long after":            {by(next, 2), 1_000_000, fault.OK},
		"second key as the first":              {by(next, 1), 0, fault.AuthInvalid},
		"a version that is not":                {by(custodian, 3), 0, fault.AuthMismatch},
		"version zero":                         {by(custodian, 0), 0, fault.AuthMismatch},
		"negative version":                     {by(custodian, -1), 0, fault.AuthMismatch},
		"a customer's own key":                 {by(own.key, 1), 0, fault.AuthInvalid},
		"another account's mandate by mistake": {with(func(m *points.Mandate) { m.Account = own.id }), 0, fault.AuthMismatch},
	} {
		t.Run(name, func(t *testing.T) {
			b := openWith(t, h, 100)
			if err := b.Programme.RotateCustodian(encodedKey(next), b.Now); err != nil {
				t.Fatal(err)
			}
			b.Now += c.later
			want(t, c.run(b, h), c.code)
		})
	}
}

func TestPasskeySignsWhatItWasAskedFor(t *testing.T) {
	other := newKey()
	cases := []struct {
		name string
		run  func(*till, holder) points.Receipt
		code fault.Code
	}{
		{"as given", with(func(*points.Mandate) {}), fault.OK},
		{"for fewer points", with(func(m *points.Mandate) { m.MaxPoints = 39 }), fault.AuthMismatch},
		{"without an assertion", signed(func(h holder, m points.Mandate) *points.Authorisation { return signRaw(h.key, m) }), fault.AuthInvalid},
		{"by another key", signed(func(_ holder, m points.Mandate) *points.Authorisation { return signPasskey(other, m, origin) }), fault.AuthInvalid},
		{"at another origin", signed(func(h holder, m points.Mandate) *points.Authorisation {
			return signPasskey(h.key, m, "https://evil.example")
		}), fault.AuthInvalid},
		{"of another mandate", altered(func(a *points.Authorisation) { a.Mandate.MaxPoints++ }), fault.AuthInvalid},
		{"with the mandate's own signature", signed(func(h holder, m points.Mandate) *points.Authorisation {
			a := signPasskey(h.key, m, origin)
			a.Signature = signRaw(h.key, m).Signature
			return a
		}), fault.AuthInvalid},
		{"with the other signature of the same message", altered(highS), fault.AuthInvalid},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			h := passkeyHolder(1)
			want(t, c.run(openWith(t, h, 100), h), c.code)
		})
	}
	t.Run("when the programme takes none any more", func(t *testing.T) {
		h := passkeyHolder(1)
		c := openWith(t, h, 100)
		c.Programme.RelyingParty.ID, c.Programme.RelyingParty.Origins = "", nil
		want(t, c.do(h, points.KindRedeem, of(1)), fault.AuthInvalid)
	})
}

func TestBearerCodeIsGoodAtAnyTillForAShortTimeAndFewPoints(t *testing.T) {
	bearer := func(change func(*points.Mandate)) func(*till, holder) points.Receipt {
		return with(func(m *points.Mandate) {
			m.Bearer, m.MaxPoints, m.NotAfter = true, 50, start+points.MaxBearerSeconds
			change(m)
		})
	}
	atShop := func(c *till, h holder) points.Receipt {
		c.Shops["corner"] = &points.Shop{V: 1, ID: "corner", Status: points.ShopOpen, AcceptPerDay: 100}
		o, d := c.prepare(h, points.KindRedeem, of(40), in("corner"))
		m := h.mandate(o, &d, c.Now)
		m.Bearer, m.Place, m.Subject = true, "", ""
		o.Authorisation = h.sign(m)
		return c.apply(o, d)
	}
	cases := []struct {
		name string
		run  func(*till, holder) points.Receipt
		code fault.Code
	}{
		{"most points for the longest time", bearer(func(*points.Mandate) {}), fault.OK},
		{"at a sponsored shop", atShop, fault.OK},
		{"a point more than the terms let one code spend", bearer(func(m *points.Mandate) { m.MaxPoints++ }), fault.AuthMismatch},
		{"fewer points than are spent", bearer(func(m *points.Mandate) { m.MaxPoints = 39 }), fault.AuthMismatch},
		{"a second longer", bearer(func(m *points.Mandate) { m.NotAfter++ }), fault.AuthMismatch},
		{"for a receiver", bearer(func(m *points.Mandate) { m.Receiver = accountID(3) }), fault.AuthMismatch},
		{"for another quote", bearer(func(m *points.Mandate) { m.Quote = genesis }), fault.AuthMismatch},
	}
	for _, c := range cases {
		for name, h := range map[string]holder{"own key": ownHolder(1), "passkey": passkeyHolder(1), "custody": custodyHolder(1)} {
			t.Run(c.name+", "+name, func(t *testing.T) {
				b := openWith(t, h, 100)
				want(t, c.run(b, h), c.code)
				if len(b.account(h).Used) != 1 {
					t.Error("the code isn't used up")
				}
			})
		}
	}
	t.Run("where the terms have none", func(t *testing.T) {
		h := ownHolder(1)
		b := openWith(t, h, 100)
		b.terms().Bearer = 0
		want(t, cases[0].run(b, h), fault.AuthMismatch)
	})
	t.Run("anywhere", func(t *testing.T) {
		h := ownHolder(1)
		b := openWith(t, h, 100)
		o, d := b.prepare(h, points.KindRedeem, of(40))
		m := h.mandate(o, &d, b.Now)
		m.Bearer = true
		d.Merchant, d.Store, d.Terminal, d.PlaceSalt = "grocer", "s1", "t1", "5a"
		o.Authorisation = h.sign(m)
		want(t, b.apply(o, d), fault.OK)
	})
}
