package points_test

import (
	"testing"

	"github.com/tallystick/tallystick/chaincode/clearing"
	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/lots"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/quantity"
)

// travel is an exchange with a customer of each brand, of whom the airline's has a thousand miles.
func travel(t failer) (x *exchange, flyer, guest holder) {
	x = newExchange(t)
	flyer, guest = ownHolder(1), ownHolder(firstRoom)
	x.airline.open(flyer)
	x.hotel.open(guest)
	x.airline.earn(flyer, 1000)
	return x, flyer, guest
}

// price is what an obligation over points of an issuer comes to.
func price(t failer, issuer string, service clearing.Service, n quantity.Points) clearing.Obligation {
	t.Helper()
	g := pairAgreement(1)
	o, err := g.Price(issuer, service, n)
	if err != nil {
		t.Fatalf("%v", err)
	}
	return o
}

func TestARedemptionAtThePartnerBurnsPointsAndObligesTheIssuer(t *testing.T) {
	x, flyer, _ := travel(t)
	r := want(t, x.cross(x.airline, flyer, points.KindRedeem, of(101), paying(50)), fault.OK)
	if r.Partner != partner || r.Agreement != 1 || r.Window != 1 || r.Posted != 899 || r.Obligation == "" {
		t.Errorf("%s", encode(t, r))
	}
	if len(x.booked) != 1 || x.booked[0] != price(t, brand, clearing.ServiceRedemption, 101) {
		t.Errorf("booked %+v", x.booked)
	}
	x.sound()
}

func TestASwapBurnsHereAndWaitsThereUntilItIsFolded(t *testing.T) {
	x, flyer, guest := travel(t)
	r := want(t, x.cross(x.airline, flyer, points.KindSwap, of(302), to(guest)), fault.OK)
	if r.PartnerPoints != 100 || r.Posted != 698 || x.airline.Totals.SwappedOut != 302 {
		t.Errorf("%s", encode(t, r))
	}
	d := x.deposits[0]
	if d.Kind != points.KindDeposit || d.Operation != r.Operation || d.Account != guest.id || d.To != flyer.id || d.Points != 100 || d.PartnerPoints != 302 || d.Posted != 0 {
		t.Errorf("%s", encode(t, d))
	}
	x.sound()
	if f := x.fold(x.hotel, guest); f.Points != 100 || f.Posted != 100 || x.hotel.account(guest).Lots[0].Funding != "swap/airline/1" {
		t.Errorf("%s", encode(t, f))
	}
	if x.booked[0] != price(t, brand, clearing.ServiceSwap, 302) {
		t.Errorf("booked %+v", x.booked)
	}
	x.sound()
}

func TestAnAwardByThePartnerWaitsAndIsPaidForByThePartner(t *testing.T) {
	x, flyer, _ := travel(t)
	r := want(t, x.cross(x.airline, flyer, points.KindAward, of(77)), fault.OK)
	if r.Posted != 0 || x.airline.account(flyer).Posted != 1000 || x.airline.Totals.Deposited != 77 {
		t.Errorf("%s", encode(t, r))
	}
	if o := x.booked[0]; o != price(t, brand, clearing.ServiceAward, 77) || o.Debtor != partner || o.Creditor != brand {
		t.Errorf("booked %+v", o)
	}
	x.sound()
	x.fold(x.airline, flyer)
	if a := x.airline.account(flyer); a.Posted != 1077 || a.Lots[1].Funding != "hotel/1" {
		t.Errorf("%s", encode(t, a))
	}
	x.sound()
}

func TestAPartnersOfferDecidesWhatARedemptionThereBuys(t *testing.T) {
	item := func(_ *points.Operation, d *points.Details) { d.Item, d.Pieces = "mug", 1 }
	cases := []struct {
		name    string
		changes []change
		code    fault.Code
	}{
		{"what the points are worth", []change{of(101), paying(50)}, fault.OK},
		{"the fewest points for the amount", []change{of(100), paying(50)}, fault.OK},
		{"no amount at all", []change{of(101)}, fault.OK},
		{"more than they are worth", []change{of(101), paying(51)}, fault.PriceMismatch},
		{"less than they are worth", []change{of(102), paying(50)}, fault.PriceMismatch},
		{"an item of the programme's own list", []change{of(101), item}, fault.PriceUnknown},
		{"fewer than the minimum", []change{of(9), paying(4)}, fault.Limit},
		{"in another currency", []change{of(100), paying(50), func(_ *points.Operation, d *points.Details) { d.Currency = "EUR" }}, fault.CurrencyMismatch},
		{"more than there are", []change{of(1001)}, fault.InsufficientPoints},
		{"more than a day allows", []change{of(5001)}, fault.Limit},
		{"under a version that isn't", []change{of(100), version(7)}, fault.OfferUnknown},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			x, flyer, _ := travel(t)
			x.airline.Prices = priceList() // Of no account at a partner.
			r := want(t, x.cross(x.airline, flyer, points.KindRedeem, c.changes...), c.code)
			if r.Partner != partner || r.Prices != 0 || (r.Code != fault.OK) == (r.Obligation != "" && r.Window == 1 && r.Agreement == 1) {
				t.Errorf("%s", encode(t, r))
			}
			x.sound()
		})
	}
}

func TestWhatAnAccountDoesAtAPartnerIsLimitedByTheDay(t *testing.T) {
	x, flyer, guest := travel(t)
	x.airline.earn(flyer, 9000)
	redeem := func(n quantity.Points) points.Receipt { return x.cross(x.airline, flyer, points.KindRedeem, of(n)) }
	swap := func(n quantity.Points) points.Receipt {
		return x.cross(x.airline, flyer, points.KindSwap, of(n), to(guest))
	}
	want(t, redeem(3000), fault.OK)
	want(t, x.cross(x.airline, flyer, points.KindHold, of(2000), x.airline.until(60)), fault.OK)
	want(t, redeem(10), fault.Limit)
	want(t, swap(900), fault.OK)
	want(t, swap(3), fault.Limit)
	x.airline.pass(1)
	want(t, redeem(10), fault.OK)
	want(t, swap(3), fault.OK)
	if uses := x.airline.account(flyer).Uses; len(uses) != 1 || uses[0] != (points.PartnerUse{Partner: partner, Day: today + 1, Redeemed: 10, Swapped: 3}) {
		t.Errorf("%+v", uses)
	}
	x.sound()
}

func TestAQuotedVersionHoldsUntilItsQuoteLapses(t *testing.T) {
	x, flyer, guest := travel(t)
	next := pairAgreement(2)
	for i := range next.Sides {
		next.Sides[i].Offer.From, next.Sides[i].Offer.Swap = start+100, quantity.Ratio{Num: 1, Den: 4}
	}
	x.agreements = append(x.agreements, next)
	x.offer()
	swap := func(changes ...change) points.Receipt {
		return x.cross(x.airline, flyer, points.KindSwap, append(changes, of(12), to(guest))...)
	}
	for _, c := range []struct {
		after   int64
		version int
		code    fault.Code
		there   quantity.Points
		at      int
	}{
		{0, 0, fault.OK, 4, 1}, {0, 2, fault.OfferLapsed, 0, 0}, {99, 1, fault.OK, 4, 1}, {100, 0, fault.OK, 3, 2}, {100, 1, fault.OK, 4, 1},
		{100 + clearing.QuoteSeconds - 1, 1, fault.OK, 4, 1}, {100 + clearing.QuoteSeconds, 1, fault.OfferLapsed, 0, 0}, {100 + clearing.QuoteSeconds, 2, fault.OK, 3, 2},
	} {
		x.airline.Now, x.hotel.Now = start+c.after, start+c.after
		changes := []change{}
		if c.version > 0 {
			changes = append(changes, version(c.version))
		}
		if r := swap(changes...); r.Code != c.code || r.PartnerPoints != c.there || r.Agreement != c.at {
			t.Errorf("after %d s, version %d: %s", c.after, c.version, encode(t, r))
		}
	}
	x.sound()
}

func TestAHoldAtThePartnerReservesAndItsCapturesConvert(t *testing.T) {
	x, flyer, _ := travel(t)
	h := want(t, x.cross(x.airline, flyer, points.KindHold, of(300), x.airline.until(600)), fault.OK)
	full := price(t, brand, clearing.ServiceRedemption, 300)
	if l := x.lanes[brand]; l.Reserved[0] != full.Micro || l.Reserved[1] != full.Fee || l.Used != [2]quantity.Micro{} || h.Obligation != "" || h.Window != 1 {
		t.Errorf("%+v after %s", l, encode(t, h))
	}
	want(t, x.airline.do(flyer, points.KindCapture, of(100), hold(h)), fault.HoldPurpose)
	want(t, x.airline.do(flyer, points.KindVoid, hold(h)), fault.HoldPurpose)
	home := want(t, x.airline.do(flyer, points.KindHold, of(20), x.airline.until(600)), fault.OK)
	want(t, x.cross(x.airline, flyer, points.KindCapture, of(20), hold(home)), fault.HoldPurpose)
	want(t, x.cross(x.airline, flyer, points.KindVoid, hold(home)), fault.HoldPurpose)
	want(t, x.cross(x.airline, flyer, points.KindCapture, of(100), hold(h), paying(51)), fault.PriceMismatch)
	r := want(t, x.cross(x.airline, flyer, points.KindCapture, of(100), hold(h), paying(50)), fault.OK)
	part, left := price(t, brand, clearing.ServiceRedemption, 100), price(t, brand, clearing.ServiceRedemption, 200)
	if l := x.lanes[brand]; l.Reserved[0] != left.Micro || l.Used[0] != part.Micro || x.booked[0] != part || r.Agreement != 1 || r.Window != 1 {
		t.Errorf("%+v after %s", l, encode(t, r))
	}
	want(t, x.cross(x.airline, flyer, points.KindVoid, hold(h)), fault.OK)
	if l := x.lanes[brand]; l.Reserved != [2]quantity.Micro{} || l.Used[0] != part.Micro || len(x.booked) != 1 {
		t.Errorf("%+v", l)
	}
	x.sound()
}

func TestAnAllowanceAtThePartnerGivesTheRestBack(t *testing.T) {
	x, flyer, _ := travel(t)
	allowance := func(o *points.Operation, _ *points.Details) { o.Purpose = points.PurposeAllowance }
	h := want(t, x.cross(x.airline, flyer, points.KindHold, of(300), x.airline.until(600), allowance), fault.OK)
	want(t, x.cross(x.airline, flyer, points.KindCapture, of(100), hold(h)), fault.OK)
	if l := x.lanes[brand]; l.Reserved != [2]quantity.Micro{} || x.airline.account(flyer).Held != 0 {
		t.Errorf("%+v", l)
	}
	x.sound()
}

func TestALapsedHoldsReservationIsGivenBackByARefusedVoid(t *testing.T) {
	x, flyer, _ := travel(t)
	stranger := ownHolder(2)
	x.airline.open(stranger)
	h := want(t, x.cross(x.airline, flyer, points.KindHold, of(300), x.airline.until(600)), fault.OK)
	reserved := x.lanes[brand].Reserved
	want(t, x.cross(x.airline, stranger, points.KindVoid, hold(h)), fault.HoldUnknown)
	if x.lanes[brand].Reserved != reserved {
		t.Fatal("a void of another account took the room of a live hold")
	}
	x.airline.Now += 600
	want(t, x.cross(x.airline, flyer, points.KindVoid, hold(h)), fault.HoldLapsed)
	if l := x.lanes[brand]; l.Reserved != [2]quantity.Micro{} {
		t.Errorf("%+v", l)
	}
	want(t, x.airline.do(flyer, points.KindExpire), fault.OK)
	want(t, x.cross(x.airline, flyer, points.KindVoid, hold(h)), fault.HoldUnknown)
	x.sound()
}

func TestAHoldIsCapturedAtTheVersionItWasMadeAt(t *testing.T) {
	x, flyer, _ := travel(t)
	h := want(t, x.cross(x.airline, flyer, points.KindHold, of(300), x.airline.until(3600)), fault.OK)
	next := pairAgreement(2)
	for i := range next.Sides {
		next.Sides[i].Offer.From, next.Sides[i].Offer.Acceptance, next.Sides[i].Acceptance = start+10, quantity.Ratio{Num: 1, Den: 1}, quantity.Ratio{Num: 9, Den: 1}
	}
	x.agreements = append(x.agreements, next)
	x.offer()
	x.airline.Now += 3599
	r := want(t, x.cross(x.airline, flyer, points.KindCapture, of(300), hold(h), paying(150)), fault.OK)
	if r.Agreement != 1 || x.booked[0] != price(t, brand, clearing.ServiceRedemption, 300) {
		t.Errorf("booked %+v: %s", x.booked, encode(t, r))
	}
	x.sound()
}

func TestThePairsLimitRefusesAndShowsNothing(t *testing.T) {
	x, flyer, guest := travel(t)
	one := price(t, brand, clearing.ServiceRedemption, 100)
	x.allocation[0] = one.Micro * clearing.PairLaneCount
	want(t, x.cross(x.airline, flyer, points.KindRedeem, of(101)), fault.Limit)
	want(t, x.cross(x.airline, flyer, points.KindSwap, of(300), to(guest)), fault.Limit)
	h := want(t, x.cross(x.airline, flyer, points.KindHold, of(100), x.airline.until(60)), fault.OK)
	want(t, x.cross(x.airline, flyer, points.KindRedeem, of(10)), fault.Limit)
	x.allocation[0] = 0 // A hold is a promise: its capture isn't refused when the brands lower the limit.
	want(t, x.cross(x.airline, flyer, points.KindCapture, of(100), hold(h)), fault.OK)
	want(t, x.cross(x.airline, flyer, points.KindAward, of(100)), fault.OK) // The other direction.
	x.sound()
}

func TestSwapsAreRefusedBelowTheMinimumAndToNobody(t *testing.T) {
	x, flyer, guest := travel(t)
	want(t, x.cross(x.airline, flyer, points.KindSwap, of(1), to(guest)), fault.Limit)
	want(t, x.cross(x.airline, flyer, points.KindSwap, of(2), to(guest)), fault.Limit) // Nothing comes of it.
	want(t, x.cross(x.airline, flyer, points.KindSwap, of(3), to(ownHolder(firstRoom+1))), fault.AccountUnknown)
	want(t, x.cross(x.airline, flyer, points.KindSwap, of(3), to(guest)), fault.OK)
	want(t, x.cross(x.airline, ownHolder(9), points.KindAward, of(3)), fault.AccountUnknown)
	x.sound()
}

func TestSwapsBackAndForthGainNothing(t *testing.T) {
	x, flyer, guest := travel(t)
	for range 100 {
		x.airline.Now, x.hotel.Now = x.airline.Now+61, x.hotel.Now+61 // Authorisations lapse.
		want(t, x.cross(x.airline, flyer, points.KindSwap, of(5), to(guest)), fault.OK)
		x.fold(x.hotel, guest)
		want(t, x.cross(x.hotel, guest, points.KindSwap, of(1), to(flyer)), fault.Limit)
		x.hotel.Partner.Offers[0].SwapMin = 1
		want(t, x.cross(x.hotel, guest, points.KindSwap, of(1), to(flyer)), fault.OK)
		x.hotel.Partner.Offers[0].SwapMin = 2
		x.fold(x.airline, flyer)
	}
	if a := x.airline.account(flyer); a.Posted != 700 {
		t.Errorf("there are %d points", a.Posted)
	}
	x.sound()
}

func TestAwardsAreLimitedByTheOffer(t *testing.T) {
	x, flyer, _ := travel(t)
	want(t, x.cross(x.airline, flyer, points.KindAward, of(501)), fault.Limit)
	want(t, x.cross(x.airline, flyer, points.KindAward, of(500)), fault.OK)
	x.airline.Partner.Offers[0].AwardMax, x.airline.Partner.Offers[0].Swap.Num, x.airline.Partner.Offers[0].Acceptance.Num = 0, 0, 0
	want(t, x.cross(x.airline, flyer, points.KindAward, of(1)), fault.OfferUnknown)
	want(t, x.cross(x.airline, flyer, points.KindSwap, of(10), to(ownHolder(1))), fault.OfferUnknown)
	want(t, x.cross(x.airline, flyer, points.KindRedeem, of(10)), fault.OfferUnknown)
	want(t, x.cross(x.airline, flyer, points.KindHold, of(10), x.airline.until(60)), fault.OfferUnknown)
	x.sound()
}

func TestWhoOptsOutIsLeftAlone(t *testing.T) {
	for _, whom := range []string{partner, clearing.EveryPartner} {
		x, flyer, guest := travel(t)
		c := x.airline
		h := want(t, x.cross(c, flyer, points.KindHold, of(100), c.until(600)), fault.OK)
		award := want(t, x.cross(c, flyer, points.KindAward, of(10)), fault.OK)
		if r := want(t, c.do(flyer, points.KindOptOut, across(whom)), fault.OK); r.Partner != whom || r.Window != 0 || r.Agreement != 0 {
			t.Errorf("%s", encode(t, r))
		}
		want(t, x.cross(c, flyer, points.KindRedeem, of(10)), fault.OptedOut)
		want(t, x.cross(c, flyer, points.KindHold, of(10), c.until(60)), fault.OptedOut)
		want(t, x.cross(c, flyer, points.KindAward, of(10)), fault.OptedOut)
		want(t, x.cross(c, flyer, points.KindSwap, of(10), to(guest)), fault.OptedOut)
		want(t, c.do(flyer, points.KindRedeem, of(10)), fault.OK)
		want(t, x.cross(c, flyer, points.KindCapture, of(50), hold(h)), fault.OK)
		want(t, x.cross(c, flyer, points.KindVoid, hold(h)), fault.OK)
		x.fold(c, flyer)
		want(t, x.cross(c, flyer, points.KindReturn, c.back(award), whole), fault.OK)
		if whom == clearing.EveryPartner {
			want(t, c.do(flyer, points.KindOptIn, across(partner)), fault.OptedOut)
		}
		want(t, c.do(flyer, points.KindOptIn, across(whom)), fault.OK)
		want(t, x.cross(c, flyer, points.KindRedeem, of(10)), fault.OK)
		x.sound()
	}
}

func TestFoldingTakesExactlyWhatItNames(t *testing.T) {
	x, flyer, _ := travel(t)
	c := x.airline
	friend := ownHolder(2)
	c.open(friend)
	for _, n := range []quantity.Points{5, 6, 7} {
		want(t, x.cross(c, flyer, points.KindAward, of(n)), fault.OK)
	}
	places := c.places(flyer)
	elsewhere := places[0]
	elsewhere.N++
	want(t, c.do(friend, points.KindFold, entries(places[0])), fault.InboxUnknown)
	want(t, c.do(flyer, points.KindFold, entries(places[0], elsewhere)), fault.InboxUnknown)
	if r := want(t, c.do(flyer, points.KindFold, entries(places[0], places[2])), fault.OK); r.Points != 12 || r.Posted != 1012 {
		t.Errorf("%s", encode(t, r))
	}
	if len(c.Folded) != 2 || c.Folded[0] != places[0] || c.Folded[1] != places[2] {
		t.Errorf("folded %v", c.Folded)
	}
	want(t, c.do(flyer, points.KindFold, entries(places[0])), fault.InboxUnknown)
	want(t, c.do(flyer, points.KindFold, entries(places[1])), fault.OK)
	x.sound()
}

func TestFoldedPointsKeepTheAgeOfTheirDrop(t *testing.T) {
	x, flyer, _ := travel(t)
	c := x.airline
	c.terms().Expiry, c.terms().PendingDays = lots.Expiry{Kind: lots.Rolling, Months: 1}, 2
	want(t, x.cross(c, flyer, points.KindAward, of(10)), fault.OK)
	want(t, x.cross(c, flyer, points.KindAward, of(20)), fault.OK)
	places := c.places(flyer)
	c.pass(1)
	want(t, c.do(flyer, points.KindFold, entries(places[0])), fault.OK)
	if l := c.account(flyer).Lots[0]; l.From != today+2 || l.Expiry != day("2011-04-13") || l.Funding != "hotel/1" {
		t.Errorf("%+v", l)
	}
	c.pass(31)
	r := want(t, c.do(flyer, points.KindFold, entries(places[1])), fault.OK)
	if a := c.account(flyer); a.Posted != 1000 || c.Totals.Expired != 30 || r.Posted != 1000 {
		t.Errorf("%s", encode(t, a))
	}
	x.sound()
}

func TestWhatIsFoldedIntoAFrozenOrClosedAccountGoesIntoSuspense(t *testing.T) {
	for _, stop := range []points.Kind{points.KindFreeze, points.KindClose} {
		x, flyer, guest := travel(t)
		c := x.airline
		want(t, x.cross(c, flyer, points.KindAward, of(10)), fault.OK)
		if stop == points.KindFreeze {
			want(t, c.do(flyer, points.KindFreeze, because(points.ReasonFraud)), fault.OK)
			want(t, x.cross(c, flyer, points.KindSwap, of(10), to(guest)), fault.AccountFrozen)
			want(t, x.cross(c, flyer, points.KindRedeem, of(10)), fault.AccountFrozen)
		} else {
			want(t, c.do(flyer, points.KindClose, of(1000)), fault.OK)
			want(t, x.cross(c, flyer, points.KindSwap, of(10), to(guest)), fault.AccountClosed)
		}
		want(t, x.cross(c, flyer, points.KindAward, of(20)), fault.OK)
		x.fold(c, flyer)
		if a := c.account(flyer); len(a.Suspense) == 0 || a.Suspense[0].Points != 30 {
			t.Errorf("%s", encode(t, a))
		}
		x.sound()
	}
}

func TestNobodySwapsWhileAnAccountCoolsOff(t *testing.T) {
	x, flyer, guest := travel(t)
	x.airline.account(flyer).CoolUntil = start + 10
	want(t, x.cross(x.airline, flyer, points.KindSwap, of(10), to(guest)), fault.CoolingOff)
}

func TestAwardedAndSwappedPointsCountForNoTier(t *testing.T) {
	x, flyer, guest := travel(t)
	x.airline.Rules, x.hotel.Rules = machineRules, machineRules
	want(t, x.cross(x.airline, flyer, points.KindAward, of(500)), fault.OK)
	x.hotel.earn(guest, 900)
	tier := encode(t, x.hotel.account(guest).Standing)
	before := encode(t, x.airline.account(flyer).Standing)
	want(t, x.cross(x.hotel, guest, points.KindSwap, of(400), to(flyer)), fault.OK)
	x.fold(x.airline, flyer)
	if a := x.airline.account(flyer); encode(t, a.Standing) != before || a.Posted != 1000+500+800 {
		t.Errorf("%s", encode(t, a))
	}
	if now := encode(t, x.hotel.account(guest).Standing); now != tier {
		t.Errorf("a swap changed the standing from %s to %s", tier, now)
	}
	x.sound()
}

func TestABearerCodeIsGoodAtNoPartner(t *testing.T) {
	x, flyer, _ := travel(t)
	c := x.airline
	x.enter(c)
	o, d := c.prepare(flyer, points.KindRedeem, of(20), across(partner))
	m := c.mandate(flyer, o, &d)
	m.Bearer, m.Subject = true, ""
	o.Authorisation = flyer.sign(m)
	want(t, c.apply(o, d), fault.AuthMismatch)
}

func TestOperationsBelongToTheBatchOfTheirPartner(t *testing.T) {
	x, flyer, _ := travel(t)
	c := x.airline
	want(t, c.do(flyer, points.KindRedeem, of(20), across(partner)), fault.OfferUnknown) // In a batch of the programme alone.
	for _, o := range []struct {
		kind    points.Kind
		changes []change
	}{
		{points.KindRedeem, []change{of(20)}}, {points.KindEarn, []change{paying(100)}}, {points.KindOptOut, []change{across(partner)}},
		{points.KindRedeem, []change{of(20), across("grocer")}}, {points.KindExpire, nil},
	} {
		x.enter(c)
		r := c.do(flyer, o.kind, o.changes...)
		x.leave(c, r)
		want(t, r, fault.OfferUnknown)
		if r.Authorisation != "" {
			t.Error("an authorisation was used up by an operation of another batch")
		}
	}
	o := points.Operation{ID: operationID(77), Kind: points.KindDeposit, Account: flyer.id, Points: 5, Partner: partner}
	x.enter(c)
	want(t, c.Apply(&o, points.Facts{Assessment: points.Assessment{Code: fault.OK}}), fault.OfferUnknown)
	x.sound()
}

func TestAQuoteNamesTheOfferItIsMadeUnder(t *testing.T) {
	x, flyer, guest := travel(t)
	c := x.airline
	o, d := c.prepare(flyer, points.KindSwap, of(302), to(guest), across(partner))
	c.Exists[guest.id] = true
	q := c.QuoteOf(o, "")
	if q.Partner != partner || q.Agreement != 1 || q.PartnerPoints != 100 || q.Prices != 0 {
		t.Errorf("%+v", q)
	}
	before := shown(t, c.Book)
	r := c.Preview(o, c.facts(o, d))
	if r.Code != fault.OK || r.PartnerPoints != 100 || r.Agreement != 1 || r.Posted != 698 || r.Obligation != "" || shown(t, c.Book) != before {
		t.Errorf("%s", encode(t, r))
	}
	award, none := c.prepare(flyer, points.KindAward, of(30), across(partner))
	c.Exists[flyer.id] = true
	if r := c.Preview(award, c.facts(award, none)); r.Code != fault.OK || r.Points != 30 || len(r.Moves) != 1 {
		t.Errorf("%s", encode(t, r))
	}
	home, _ := c.prepare(flyer, points.KindRedeem, of(30))
	if q := encode(t, c.QuoteOf(home, "")); q != `{"account":"`+string(flyer.id)+`","operation":"redeem","place":"","points":30,"programme":"airline","terms":1,"v":1}` {
		t.Errorf("the form of a home operation's quote has changed: %s", q)
	}
}

func TestARefusalLeavesClaimsAsTheyWere(t *testing.T) {
	x, h, award := broke(t, 0)
	want(t, x.cross(x.airline, h, points.KindReturn, x.airline.back(award), whole), fault.OK)
	before := x.airline.account(h)
	want(t, x.airline.do(h, points.KindEarn, paying(5000), in("nowhere")), fault.ShopUnknown) // After it was credited.
	if before.Claims[0].Points != 100 || before.Claims[0].Repaid != 0 {
		t.Errorf("%+v", before.Claims)
	}
	x.sound()
}

func TestAnAwardIsTakenBackFromItsOwnLotsFirst(t *testing.T) {
	x, flyer, _ := travel(t)
	x.airline.terms().Expiry = lots.Expiry{Kind: lots.Rolling, Months: 1}
	x.airline.earn(flyer, 50) // Gone as early as the award is.
	award := want(t, x.cross(x.airline, flyer, points.KindAward, of(40)), fault.OK)
	x.fold(x.airline, flyer)
	r := want(t, x.cross(x.airline, flyer, points.KindReturn, x.airline.back(award), of(30)), fault.OK)
	if len(r.Moves) != 1 || r.Moves[0].Funding != "hotel/1" {
		t.Errorf("%+v", r.Moves)
	}
	x.sound()
}

func TestWhatAnOperationSaysOfPartnersAndCreditsIsBounded(t *testing.T) {
	place := func(seq int64) points.InboxPlace { return points.InboxPlace{MSP: issuer, Lane: 1024, Seq: seq} }
	many := func(n int) (list []points.InboxPlace) {
		for i := range n {
			list = append(list, place(int64(i+1)))
		}
		return list
	}
	fold := func(list ...points.InboxPlace) func(*points.Operation) {
		return func(o *points.Operation) { o.Entries = list }
	}
	cases := []struct {
		name   string
		kind   points.Kind
		change func(*points.Operation)
		code   fault.Code
	}{
		{"a partner without a name", points.KindAward, func(o *points.Operation) { o.Partner = "H" }, fault.InvalidValue},
		{"all partners at once", points.KindAward, func(o *points.Operation) { o.Partner = clearing.EveryPartner }, fault.InvalidValue},
		{"all partners of an opt-out", points.KindOptOut, func(o *points.Operation) { o.Partner = clearing.EveryPartner }, fault.OK},
		{"a shop at a partner", points.KindRedeem, func(o *points.Operation) { o.Partner, o.Shop = partner, "corner" }, fault.InvalidValue},
		{"the last version", points.KindAward, func(o *points.Operation) { o.Agreement = clearing.MaxVersion }, fault.OK},
		{"a version too many", points.KindAward, func(o *points.Operation) { o.Agreement = clearing.MaxVersion + 1 }, fault.InvalidValue},
		{"a version below 0", points.KindAward, func(o *points.Operation) { o.Agreement = -1 }, fault.InvalidValue},
		{"a version without a partner", points.KindRedeem, func(o *points.Operation) { o.Agreement = 1 }, fault.InvalidValue},
		{"the most credits", points.KindFold, fold(many(points.MaxFold)...), fault.OK},
		{"a credit too many", points.KindFold, fold(many(points.MaxFold + 1)...), fault.TooLarge},
		{"a credit twice", points.KindFold, fold(place(1), place(2), place(1)), fault.InvalidValue},
		{"a credit of no batch", points.KindFold, fold(place(0)), fault.InvalidValue},
		{"a credit of nobody", points.KindFold, fold(points.InboxPlace{Seq: 1}), fault.InvalidValue},
		{"a credit before its batch", points.KindFold, fold(points.InboxPlace{MSP: issuer, Seq: 1, N: -1}), fault.InvalidValue},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			o := least(c.kind)
			c.change(o)
			wantCode(t, o.Validate(), c.code)
		})
	}
}
