package clearing_test

import (
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/tallystick/tallystick/chaincode/clearing"
	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/quantity"
	"github.com/tallystick/tallystick/chaincode/terms"
)

func wantCode(t *testing.T, err error, code fault.Code) {
	t.Helper()
	got := fault.OK
	if err != nil {
		got = fault.CodeOf(err)
	}
	if got != code {
		t.Errorf("got %v, want %s", err, code)
	}
}

func offer(version int, from int64) clearing.Offer {
	return clearing.Offer{
		Version: version, From: from, Acceptance: quantity.Ratio{Num: 1, Den: 2}, Swap: quantity.Ratio{Num: 1, Den: 3}, SwapMin: 1, AwardMax: 500,
	}
}

func TestAnOffersFieldsLieWithinTheirBounds(t *testing.T) {
	cases := []struct {
		name   string
		change func(*clearing.Offer)
		code   fault.Code
	}{
		{"as it is", func(*clearing.Offer) {}, fault.OK},
		{"version 0", func(o *clearing.Offer) { o.Version = 0 }, fault.InvalidValue},
		{"the last version", func(o *clearing.Offer) { o.Version = clearing.MaxVersion }, fault.OK},
		{"a version too many", func(o *clearing.Offer) { o.Version = clearing.MaxVersion + 1 }, fault.InvalidValue},
		{"before 1970", func(o *clearing.Offer) { o.From = -1 }, fault.InvalidValue},
		{"over when it begins", func(o *clearing.Offer) { o.Until = o.From }, fault.InvalidValue},
		{"a second long", func(o *clearing.Offer) { o.Until = o.From + 1 }, fault.OK},
		{"a ratio of nothing", func(o *clearing.Offer) { o.Acceptance.Den = 0 }, fault.InvalidValue},
		{"a ratio below zero", func(o *clearing.Offer) { o.Swap.Num = -1 }, fault.InvalidValue},
		{"no redemptions", func(o *clearing.Offer) { o.Acceptance.Num = 0 }, fault.OK},
		{"no minimum of swaps", func(o *clearing.Offer) { o.SwapMin = 0 }, fault.InvalidValue},
		{"no swaps", func(o *clearing.Offer) { o.Swap.Num, o.SwapMin = 0, 0 }, fault.OK},
		{"a limit below zero", func(o *clearing.Offer) { o.RedeemPerDay = -1 }, fault.OutOfRange},
		{"the highest limit", func(o *clearing.Offer) { o.AwardMax = quantity.MaxPoints }, fault.OK},
		{"a limit that can't be counted", func(o *clearing.Offer) { o.SwapPerDay = quantity.MaxPoints + 1 }, fault.OutOfRange},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			o := offer(1, 100)
			c.change(&o)
			wantCode(t, o.Validate(), c.code)
		})
	}
}

func TestTheOfferInForceIsUsedAndAQuotedOneForAWhileLonger(t *testing.T) {
	ending := offer(3, 3000)
	ending.Until = 4000
	list := []clearing.Offer{offer(1, 1000), offer(2, 2000), ending}
	const quoted = clearing.QuoteSeconds
	cases := []struct {
		version int
		now     int64
		used    int
		code    fault.Code
	}{
		{0, 999, 0, fault.OfferUnknown}, {0, 1000, 1, fault.OK}, {0, 1999, 1, fault.OK}, {0, 2000, 2, fault.OK}, {0, 3999, 3, fault.OK}, {0, 4000, 0, fault.OfferUnknown},
		{1, 999, 0, fault.OfferLapsed}, {1, 2000, 1, fault.OK}, {1, 2000 + quoted - 1, 1, fault.OK}, {1, 2000 + quoted, 0, fault.OfferLapsed},
		{2, 1999, 0, fault.OfferLapsed}, {3, 4000 + quoted - 1, 3, fault.OK}, {3, 4000 + quoted, 0, fault.OfferLapsed}, {4, 2000, 0, fault.OfferUnknown},
	}
	for _, c := range cases {
		o, code := clearing.OfferAt(list, c.version, c.now)
		if code != c.code || o != nil && o.Version != c.used || (o == nil) != (c.used == 0) {
			t.Errorf("version %d at %d: %+v, %s", c.version, c.now, o, code)
		}
	}
	if _, code := clearing.OfferAt(nil, 0, 0); code != fault.OfferUnknown {
		t.Errorf("without offers: %s", code)
	}
	if o := clearing.FindOffer(list, 2); o == nil || o.Version != 2 || clearing.FindOffer(list, 9) != nil {
		t.Errorf("found %+v", o)
	}
}

func TestAnOfferIsForgottenOnlyWhenNothingNamesItAnyMore(t *testing.T) {
	if clearing.KeepSeconds != clearing.QuoteSeconds+terms.MaxHoldSeconds {
		t.Error("offers aren't kept for as long as the longest hold")
	}
	var list []clearing.Offer
	for i := range clearing.MaxOffers {
		var err error
		if list, err = clearing.AddOffer(list, offer(i+1, int64(i+1)*10), 0); err != nil {
			t.Fatal(err)
		}
	}
	kept := slices.Clone(list)
	next := offer(clearing.MaxOffers+1, 1000)
	_, err := clearing.AddOffer(list, next, 20+clearing.KeepSeconds-1)
	wantCode(t, err, fault.Limit)
	grown, err := clearing.AddOffer(list, next, 20+clearing.KeepSeconds)
	wantCode(t, err, fault.OK)
	if len(grown) != clearing.MaxOffers || grown[0].Version != 2 || !slices.Equal(list, kept) {
		t.Errorf("%d offers from %d on", len(grown), grown[0].Version)
	}
	for _, bad := range []clearing.Offer{offer(clearing.MaxOffers, 1000), offer(clearing.MaxOffers+1, 80)} {
		_, err := clearing.AddOffer(list, bad, 0)
		wantCode(t, err, fault.InvalidValue)
	}
}

func TestPointsForADiscountAreTheFewest(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		o := offer(1, 0)
		o.Acceptance = quantity.Ratio{Num: rapid.Int64Range(1, 1000).Draw(r, "num"), Den: rapid.Int64Range(1, 1000).Draw(r, "den")}
		minor := rapid.Int64Range(1, 1_000_000).Draw(r, "minor")
		n, err := o.PointsFor(minor)
		if err != nil {
			r.Fatalf("%v", err)
		}
		enough, _ := o.Discount(n)
		fewer, _ := o.Discount(n - 1)
		if enough < minor || fewer >= minor {
			r.Fatalf("%d points for %d: they are worth %d, one less %d", n, minor, enough, fewer)
		}
	})
	none := offer(1, 0)
	none.Acceptance.Num = 0
	_, err := none.PointsFor(1)
	wantCode(t, err, fault.OfferUnknown)
}

func TestOptOutsAreForOnePartnerOrForAll(t *testing.T) {
	var o *clearing.OptOut
	if o.Covers("hotel") {
		t.Error("who never opted out is covered")
	}
	steps := []struct {
		with    string // Or without, after a minus.
		covered string
		code    fault.Code
	}{
		{"hotel", "hotel", fault.OK}, {"grocer", "grocer hotel", fault.OK}, {"hotel", "grocer hotel", fault.OK}, {"-hotel", "grocer", fault.OK},
		{"-hotel", "grocer", fault.OK}, {"*", "*", fault.OK}, {"hotel", "*", fault.OK}, {"-hotel", "*", fault.OptedOut}, {"-*", "", fault.OK}, {"-grocer", "", fault.OK},
	}
	for i, s := range steps {
		var next *clearing.OptOut
		var err error
		if s.with[0] == '-' {
			next, err = o.Without(s.with[1:])
		} else {
			next, err = o.With(s.with)
		}
		wantCode(t, err, s.code)
		if err == nil {
			o = next
		}
		if got := fmt.Sprint(o.Partners); got != "["+s.covered+"]" {
			t.Errorf("step %d: %s", i, got)
		}
		if o.Covers("airline") != (s.covered == "*") {
			t.Errorf("step %d covers the wrong ones", i)
		}
	}
	for n := range clearing.MaxMembers + 1 {
		next, err := o.With(fmt.Sprintf("m%d", n))
		if (err == nil) != (n < clearing.MaxMembers) {
			t.Errorf("partner %d: %v", n, err)
		}
		if err == nil {
			o = next
		}
	}
}
