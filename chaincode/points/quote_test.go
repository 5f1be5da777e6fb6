package points_test

import (
	"testing"

	"github.com/tallystick/tallystick/chaincode/clearing"
	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/quantity"
	"github.com/tallystick/tallystick/chaincode/terms"
)

func priceList() *terms.PriceList {
	return &terms.PriceList{
		Version: 3, Discount: quantity.Ratio{Num: 1, Den: 2}, MinPoints: 10,
		Items: []terms.Item{{ID: "mug", Kind: terms.ItemGood, Points: 30, Name: map[string]string{"en": "Mug"}}},
	}
}

func buying(item string, pieces int) change {
	return func(_ *points.Operation, d *points.Details) { d.Item, d.Pieces = item, pieces }
}

func TestRedemptionCostsWhatThePriceListAsks(t *testing.T) {
	cases := []struct {
		name   string
		points quantity.Points
		what   change
		code   fault.Code
	}{
		{"a discount", 50, paying(100), fault.OK},
		{"a discount rounded up", 51, paying(101), fault.OK},
		{"a discount that is too cheap", 50, paying(101), fault.PriceMismatch},
		{"a discount that is too dear", 51, paying(100), fault.PriceMismatch},
		{"the smallest discount", 10, paying(20), fault.OK},
		{"a smaller discount", 9, paying(18), fault.PriceMismatch},
		{"no discount", 10, paying(0), fault.PriceMismatch},
		{"a discount beyond counting", 10, paying(quantity.MaxMinor), fault.PriceMismatch},
		{"an item", 30, buying("mug", 1), fault.OK},
		{"items", 90, buying("mug", 3), fault.OK},
		{"items for one's price", 30, buying("mug", 3), fault.PriceMismatch},
		{"no pieces of an item", 30, buying("mug", 0), fault.PriceMismatch},
		{"an item that isn't sold", 30, buying("jug", 1), fault.PriceUnknown},
	}
	for _, k := range cases {
		t.Run(k.name, func(t *testing.T) {
			h := ownHolder(1)
			c := openWith(t, h, 1000)
			held := want(t, c.do(h, points.KindHold, of(500), c.until(600)), fault.OK)
			c.Prices = priceList()
			for _, r := range []points.Receipt{
				c.do(h, points.KindRedeem, of(k.points), k.what), c.do(h, points.KindCapture, of(k.points), hold(held), k.what),
			} {
				want(t, r, k.code)
				if k.code == fault.OK && r.Prices != 3 {
					t.Errorf("the receipt names price list %d", r.Prices)
				}
			}
			c.sound()
		})
	}
	t.Run("where no discounts are sold", func(t *testing.T) {
		h := ownHolder(1)
		c := openWith(t, h, 1000)
		c.Prices = priceList()
		c.Prices.Discount.Num = 0
		want(t, c.do(h, points.KindRedeem, of(50), paying(100)), fault.PriceUnknown)
	})
}

func TestPriceOfABenefit(t *testing.T) {
	for name, k := range map[string]struct {
		d     points.Details
		price quantity.Points
		code  fault.Code
	}{
		"discount":     {points.Details{AmountMinor: 101}, 51, fault.OK},
		"items":        {points.Details{Item: "mug", Pieces: 2}, 60, fault.OK},
		"unknown item": {points.Details{Item: "jug", Pieces: 2}, 0, fault.PriceUnknown},
	} {
		price, err := k.d.Price(priceList())
		wantCode(t, err, k.code)
		if price != k.price {
			t.Errorf("%s costs %d", name, price)
		}
	}
}

func TestQuoteChangesWithEverythingThatItPromises(t *testing.T) {
	h := ownHolder(1)
	usual := &points.Operation{Kind: points.KindRedeem, Account: h.id, Points: 40}
	fresh := func() *till { c := newTill(t); c.Prices, c.Rules = priceList(), compiled(t, springRules()); return c }
	before := hashOf(t, fresh().QuoteOf(usual, genesis))
	for name, change := range map[string]func(*till, *points.Operation, *string){
		"points":   func(_ *till, o *points.Operation, _ *string) { o.Points++ },
		"kind":     func(_ *till, o *points.Operation, _ *string) { o.Kind = points.KindHold },
		"account":  func(_ *till, o *points.Operation, _ *string) { o.Account = accountID(2) },
		"receiver": func(_ *till, o *points.Operation, _ *string) { o.To = accountID(2) },
		"place":    func(_ *till, _ *points.Operation, place *string) { *place = "" },
		"terms":    func(c *till, _ *points.Operation, _ *string) { c.terms().Version = 2 },
		"prices":   func(c *till, _ *points.Operation, _ *string) { c.Prices.Version++ },
		"no list":  func(c *till, _ *points.Operation, _ *string) { c.Prices = nil },
		"rules":    func(c *till, _ *points.Operation, _ *string) { c.Rules = nil },
	} {
		c, o, place := fresh(), *usual, genesis
		change(c, &o, &place)
		if hashOf(t, c.QuoteOf(&o, place)) == before {
			t.Errorf("another %s gives the same quote", name)
		}
	}
	if hashOf(t, fresh().QuoteOf(usual, genesis)) != before {
		t.Error("the same gives another quote")
	}
}

func TestPreviewIsTheReceiptToComeAndChangesNothing(t *testing.T) {
	h, friend := ownHolder(1), ownHolder(2)
	c := newTill(t)
	c.terms().Transfers = waiting
	c.open(h, friend)
	c.Rules = compiled(t, springRules())
	bought := c.earn(h, 300)
	sent := want(t, c.do(h, points.KindTransfer, of(10), to(friend)), fault.OK)
	for _, k := range []struct {
		kind points.Kind
		h    holder
		what []change
	}{
		{points.KindEarn, h, []change{paying(10000), tagged}},
		{points.KindRedeem, h, []change{of(40)}},
		{points.KindRedeem, h, []change{of(4000)}},
		{points.KindHold, h, []change{of(40), c.until(60), at("t1")}},
		{points.KindTransfer, h, []change{of(40), to(friend)}},
		{points.KindGift, h, []change{of(40), claiming(h, "code")}},
		{points.KindAccept, friend, []change{to(h), hold(sent)}},
		{points.KindVoid, h, []change{hold(sent)}},
		{points.KindReturn, h, []change{c.back(bought), whole}},
		{points.KindReturn, h, []change{paying(1000)}},
		{points.KindClose, friend, nil},
		{points.KindEarn, h, []change{func(_ *points.Operation, d *points.Details) { d.Currency, d.AmountMinor = "EUR", 5 }}},
	} {
		t.Run(string(k.kind), func(t *testing.T) {
			o, d := c.prepare(k.h, k.kind, k.what...)
			before := shown(t, c.Book)
			preview := c.Preview(o, c.facts(o, d))
			if after := shown(t, c.Book); after != before {
				t.Fatalf("the preview changed the book:\n%s\n%s", before, after)
			}
			if o.Original == nil && (k.kind == points.KindVoid || k.kind == points.KindReturn) || k.kind != points.KindEarn && k.kind != points.KindReturn {
				o.Authorisation = k.h.sign(k.h.mandate(o, &d, c.Now))
			}
			rest := c.copy()
			r := c.apply(o, d)
			c.Book = rest
			preview.Authorisation = r.Authorisation
			if r.Code != fault.OK {
				preview.Posted, preview.Held = r.Posted, r.Held // What an account has is left out of a preview that is refused.
			}
			if encode(t, preview) != encode(t, r) {
				t.Errorf("previewed %s\ngot       %s", encode(t, preview), encode(t, r))
			}
		})
	}
}

func TestPreviewOfASignedOperationChecksTheSignature(t *testing.T) {
	h := ownHolder(1)
	c := openWith(t, h, 100)
	o, d := c.prepare(h, points.KindRedeem, of(40))
	o.Authorisation = ownHolder(2).sign(h.mandate(o, &d, c.Now))
	if r := c.Preview(o, c.facts(o, d)); r.Code != fault.AuthInvalid || r.Outcome != points.Rejected {
		t.Errorf("got %s", encode(t, r))
	}
	o.Authorisation = h.sign(h.mandate(o, &d, c.Now))
	if r := c.Preview(o, c.facts(o, d)); r.Code != fault.OK || len(c.account(h).Used) != 0 {
		t.Errorf("got %s, used %v", encode(t, r), c.account(h).Used)
	}
}

func TestAPartnersQuoteHoldsForItsVersionAndIsToldToBeOver(t *testing.T) {
	x, flyer, guest := travel(t)
	c := x.airline
	quoted := func(version int, now int64) points.Quote {
		c.Now = now
		o, _ := c.prepare(flyer, points.KindSwap, of(302), to(guest), across(partner))
		o.Agreement = version
		return c.QuoteOf(o, "")
	}
	before := hashOf(t, quoted(0, start))
	next := pairAgreement(2)
	next.From = start + 100
	for i := range next.Sides {
		next.Sides[i].Offer.From, next.Sides[i].Offer.Swap = start+100, quantity.Ratio{Num: 1, Den: 4}
	}
	x.agreements = append(x.agreements, next)
	x.offer()
	for _, after := range []int64{0, 100, 100 + clearing.QuoteSeconds - 1, 100 + clearing.QuoteSeconds} {
		if hashOf(t, quoted(1, start+after)) != before {
			t.Errorf("after %d s version 1 has another quote: a mandate for it would be refused as one for something else, not as lapsed", after)
		}
	}
	if q := quoted(0, start+100); q.Agreement != 2 || q.PartnerPoints != 75 {
		t.Errorf("%+v", q)
	}
	if q := quoted(9, start+100); q.Agreement != 0 {
		t.Errorf("a version that isn't there is quoted: %+v", q)
	}
}
