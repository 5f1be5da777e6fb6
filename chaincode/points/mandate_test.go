package points_test

import (
	"strings"
	"testing"

	"github.com/tallystick/tallystick/chaincode/clearing"
	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/quantity"
)

func TestMandateIsBoundToItsTill(t *testing.T) {
	place := points.Details{PlaceSalt: "5a17", Merchant: "airline", Store: "lhr", Terminal: "t1"}
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
			h := ownHolder(1)
			b := openWith(t, h, 100)
			o, d := b.prepare(h, points.KindRedeem, of(40))
			o.Authorisation = h.sign(h.mandate(o, &place, b.Now))
			d.PlaceSalt, d.Merchant, d.Store, d.Terminal = place.PlaceSalt, place.Merchant, place.Store, place.Terminal
			c.change(&d)
			want(t, b.apply(o, d), c.code)
		})
	}
}

func TestMandateOfAQuoteIsGoodWhileTheQuoteIs(t *testing.T) {
	h := ownHolder(1)
	c := openWith(t, h, 100)
	quoted := func(n quantity.Points) points.Receipt {
		o, d := c.prepare(h, points.KindRedeem, of(n))
		m := h.mandate(o, &d, c.Now)
		m.MaxPoints, m.Quote = 100, hashOf(t, c.QuoteOf(&points.Operation{Kind: points.KindRedeem, Account: h.id, Points: 40}, ""))
		o.Authorisation = h.sign(m)
		return c.apply(o, d)
	}
	want(t, quoted(40), fault.OK)
	want(t, quoted(41), fault.AuthMismatch)
	later := c.Programme.Terms[0]
	later.Version, later.Effective = 2, today+1
	old := c.QuoteOf(&points.Operation{Kind: points.KindRedeem, Account: h.id, Points: 40}, "")
	c.Programme.Terms = append(c.Programme.Terms, later)
	c.pass(1)
	if now := c.QuoteOf(&points.Operation{Kind: points.KindRedeem, Account: h.id, Points: 40}, ""); now == old {
		t.Error("the quote is the same under other terms")
	}
}

// TestEveryPartOfASignedOperationIsSigned changes an operation after it was signed, in every part that the mandate has no field for.
func TestEveryPartOfASignedOperationIsSigned(t *testing.T) {
	h, friend := ownHolder(1), ownHolder(2)
	rekeyed := points.Controller{Kind: points.ControllerP256, Version: 2, Key: friend.controller.Key}
	claim := strings.Repeat("c1", 32)
	ends := func(o *points.Operation, _ *points.Details) { o.Until = start + 60 }
	held := func(o *points.Operation, _ *points.Details) { o.Hold = operationID(50) }
	another := func(o *points.Operation) { o.Hold = operationID(51) }
	cases := []struct {
		name   string
		kind   points.Kind
		usual  []change
		change func(*points.Operation)
	}{
		{"shop of a redemption", points.KindRedeem, []change{of(5), in("corner")}, func(o *points.Operation) { o.Shop = "" }},
		{"partner of a redemption", points.KindRedeem, []change{of(5)}, func(o *points.Operation) { o.Partner = partner }},
		{"partner of an opt-out", points.KindOptOut, []change{across(partner)}, func(o *points.Operation) { o.Partner = clearing.EveryPartner }},
		{"version of a redemption", points.KindRedeem, []change{of(5), across(partner)}, func(o *points.Operation) { o.Agreement = 1 }},
		{"receiver of a swap", points.KindSwap, []change{of(5), across(partner), to(friend)}, func(o *points.Operation) { o.To = accountID(3) }},
		{"purpose of a hold", points.KindHold, []change{of(5), ends}, func(o *points.Operation) { o.Purpose = points.PurposeAllowance }},
		{"end of a hold", points.KindHold, []change{of(5), ends}, func(o *points.Operation) { o.Until++ }},
		{"points of a hold", points.KindHold, []change{of(5), ends}, func(o *points.Operation) { o.Points++ }},
		{"claim of a gift", points.KindGift, []change{of(5), func(o *points.Operation, _ *points.Details) { o.Claim = claim }}, func(o *points.Operation) { o.Claim = genesis }},
		{"receiver of a transfer", points.KindTransfer, []change{of(5), to(friend)}, func(o *points.Operation) { o.To = accountID(3) }},
		{"hold that is voided", points.KindVoid, []change{held}, another},
		{"hold that is accepted", points.KindAccept, []change{to(friend), held}, another},
		{"sender of what is accepted", points.KindAccept, []change{to(friend), held}, func(o *points.Operation) { o.To = accountID(3) }},
		{"next key", points.KindRekey, []change{key(rekeyed)}, func(o *points.Operation) {
			other := rekeyed
			other.Key = encodedKey(newKey())
			o.Controller = &other
		}},
		{"next key's kind", points.KindRekey, []change{key(rekeyed)}, func(o *points.Operation) {
			other := rekeyed
			other.Kind = points.ControllerWebAuthn
			o.Controller = &other
		}},
		{"next key's version", points.KindRekey, []change{key(rekeyed)}, func(o *points.Operation) {
			other := rekeyed
			other.Version++
			o.Controller = &other
		}},
		{"points that closing forfeits", points.KindClose, []change{of(5)}, func(o *points.Operation) { o.Points++ }},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			b := openWith(t, h, 100)
			b.next = 10
			o, d := b.prepare(h, c.kind, c.usual...)
			o.Authorisation = h.sign(h.mandate(o, &d, b.Now))
			c.change(o)
			if o.Partner == partner && o.Kind != points.KindOptOut {
				b.Window, b.Partner = 1, &points.Partner{Brand: partner}
			}
			d.Merchant = o.Shop
			if r := b.apply(o, d); r.Code != fault.AuthMismatch || r.Authorisation == "" {
				t.Errorf("got %s, used %q", r.Code, r.Authorisation)
			}
		})
	}
}

func TestSubjectsOfDifferentOperationsDiffer(t *testing.T) {
	a := &points.Operation{Hold: operationID(1)}
	b := &points.Operation{Claim: string(operationID(1))}
	if points.SubjectHash(&points.Operation{Points: 5, Account: accountID(1)}) != "" {
		t.Error("an operation without further parts has a subject")
	}
	if points.SubjectHash(a) == points.SubjectHash(b) {
		t.Error("the same value under another name gives the same subject")
	}
	if points.PlaceHash("5a", "ab", "c", "") == points.PlaceHash("5a", "a", "bc", "") || points.PlaceHash("5a", "", "", "") != "" {
		t.Error("places are confused")
	}
}
