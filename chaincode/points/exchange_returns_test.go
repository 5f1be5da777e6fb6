package points_test

import (
	"testing"

	"github.com/tallystick/tallystick/chaincode/clearing"
	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/quantity"
)

func TestReturnsOfPartnerRedemptionsGiveEverythingBack(t *testing.T) {
	x, flyer, _ := travel(t)
	r := want(t, x.cross(x.airline, flyer, points.KindRedeem, of(101)), fault.OK)
	want(t, x.airline.do(flyer, points.KindReturn, x.airline.back(r), whole), fault.ReceiptNotReturnable)
	x.window++
	for _, n := range []quantity.Points{1, 34, 66} {
		back := want(t, x.cross(x.airline, flyer, points.KindReturn, x.airline.back(r), of(n)), fault.OK)
		if back.Window != 2 || back.Agreement != 1 || back.Obligation == "" {
			t.Errorf("%s", encode(t, back))
		}
	}
	want(t, x.cross(x.airline, flyer, points.KindReturn, x.airline.back(r), of(1)), fault.ReturnExceeds)
	want(t, x.cross(x.airline, flyer, points.KindReturn, x.airline.back(r), whole), fault.ReturnExceeds)
	if net := x.net(); net != 0 || x.airline.account(flyer).Posted != 1000 {
		t.Errorf("%d is owed, %d points are there", net, x.airline.account(flyer).Posted)
	}
	home := want(t, x.airline.do(flyer, points.KindRedeem, of(10)), fault.OK)
	want(t, x.cross(x.airline, flyer, points.KindReturn, x.airline.back(home), whole), fault.ReceiptNotReturnable)
	x.sound()
}

// broke is a customer who was awarded points by the partner and has spent all but some of them.
func broke(t *testing.T, left quantity.Points) (x *exchange, h holder, award points.Receipt) {
	x = newExchange(t)
	h = ownHolder(1)
	x.airline.open(h)
	award = want(t, x.cross(x.airline, h, points.KindAward, of(100)), fault.OK)
	x.fold(x.airline, h)
	if left < 100 {
		want(t, x.airline.do(h, points.KindRedeem, of(100-left)), fault.OK)
	}
	return x, h, award
}

func TestAnAwarderIsRefundedForWhatIsRecoveredAndLaterForWhatIsRepaid(t *testing.T) {
	x, h, award := broke(t, 30)
	r := want(t, x.cross(x.airline, h, points.KindReturn, x.airline.back(award), whole), fault.OK)
	if r.Points != 100 || r.DebtIncurred != 70 || x.airline.Reversals[award.Operation].Refunded != 30 {
		t.Errorf("%s", encode(t, r))
	}
	part, err := x.booked[0].Part(0, 30, 100)
	if err != nil || x.booked[1] != part.Negative() {
		t.Errorf("booked %+v", x.booked[1])
	}
	refund := func() points.Receipt { return x.cross(x.airline, h, points.KindRefund, x.airline.back(award)) }
	want(t, refund(), fault.NothingDue)
	x.airline.earn(h, 25)
	if r := want(t, refund(), fault.OK); r.Points != 25 || r.Obligation == "" || r.Original != award.Operation {
		t.Errorf("%s", encode(t, r))
	}
	want(t, refund(), fault.NothingDue)
	want(t, x.cross(x.airline, h, points.KindAward, of(10)), fault.OK)
	x.fold(x.airline, h)
	x.airline.earn(h, 35)
	if r := want(t, refund(), fault.OK); r.Points != 45 {
		t.Errorf("%s", encode(t, r))
	}
	a := x.airline.account(h)
	if len(a.Claims) != 0 || a.Debt != 0 || x.airline.Reversals[award.Operation].Refunded != 100 {
		t.Errorf("%s", encode(t, a))
	}
	if net := x.net(); net != -price(t, brand, clearing.ServiceAward, 10).Micro {
		t.Errorf("%d is owed", net)
	}
	x.sound()
}

func TestAnAwardThatIsReturnedBeforeItIsFoldedIsRecoveredByFolding(t *testing.T) {
	x := newExchange(t)
	h := ownHolder(1)
	x.airline.open(h)
	award := want(t, x.cross(x.airline, h, points.KindAward, of(100)), fault.OK)
	want(t, x.cross(x.airline, h, points.KindReturn, x.airline.back(award), of(60)), fault.OK)
	want(t, x.cross(x.airline, h, points.KindReturn, x.airline.back(award), of(40)), fault.OK)
	if a := x.airline.account(h); a.Debt != 100 || len(a.Claims) != 1 || a.Claims[0].Points != 100 {
		t.Errorf("%s", encode(t, a))
	}
	x.fold(x.airline, h)
	want(t, x.cross(x.airline, h, points.KindRefund, x.airline.back(award)), fault.OK)
	if a := x.airline.account(h); a.Debt != 0 || a.Posted != 0 || x.net() != 0 {
		t.Errorf("%s, %d is owed", encode(t, a), x.net())
	}
	x.sound()
}

func TestClaimsOfAwardsAreLimited(t *testing.T) {
	x := newExchange(t)
	h := ownHolder(1)
	x.airline.open(h)
	for n := range points.MaxClaims + 1 {
		award := want(t, x.cross(x.airline, h, points.KindAward, of(10)), fault.OK)
		r := x.cross(x.airline, h, points.KindReturn, x.airline.back(award), whole)
		if (r.Code == fault.OK) != (n < points.MaxClaims) || n == points.MaxClaims && r.Code != fault.Limit {
			t.Errorf("claim %d: %s", n+1, r.Code)
		}
	}
	x.airline.earn(h, 15) // Of the oldest first.
	if a := x.airline.account(h); a.Claims[0].Repaid != 10 || a.Claims[1].Repaid != 5 || a.Claims[2].Repaid != 0 {
		t.Errorf("%+v", a.Claims)
	}
	x.sound()
}

func TestARefundIsForTheAwardOfThisPartnerToThisAccount(t *testing.T) {
	x, h, award := broke(t, 0)
	friend := ownHolder(2)
	x.airline.open(friend)
	want(t, x.cross(x.airline, h, points.KindRefund, x.airline.back(award)), fault.NothingDue)
	want(t, x.cross(x.airline, h, points.KindReturn, x.airline.back(award), whole), fault.OK)
	x.airline.earn(h, 25)
	want(t, x.cross(x.airline, friend, points.KindRefund, x.airline.back(award)), fault.ReceiptNotReturnable)
	forged := x.airline.back(award)
	want(t, x.cross(x.airline, h, points.KindRefund, forged, func(o *points.Operation, _ *points.Details) { o.Original.Receipt.Points++ }), fault.ReceiptInvalid)
	sale := x.airline.earn(h, 1)
	want(t, x.cross(x.airline, h, points.KindRefund, x.airline.back(sale)), fault.ReceiptNotReturnable)
	x.sound()
}

func TestTheReturnOfASwapGivesBackWhatWasGivenForIt(t *testing.T) {
	x, flyer, guest := travel(t)
	want(t, x.cross(x.airline, flyer, points.KindSwap, of(302), to(guest)), fault.OK) // 100 there.
	d := x.deposits[0]
	giveBack := func(changes ...change) points.Receipt {
		return x.cross(x.hotel, guest, points.KindReturn, append([]change{x.hotel.back(d)}, changes...)...)
	}
	want(t, giveBack(whole), fault.InsufficientPoints)
	x.fold(x.hotel, guest)
	want(t, x.hotel.do(guest, points.KindRedeem, of(40)), fault.OK)
	want(t, giveBack(of(61)), fault.InsufficientPoints)
	x.window++
	r := want(t, giveBack(of(7)), fault.OK)
	if r.PartnerPoints != 21 || r.Agreement != 1 || r.Window != 2 || r.Original != d.Operation || r.Obligation == "" {
		t.Errorf("%s", encode(t, r))
	}
	back := x.deposits[1]
	if back.Programme != brand || back.Account != flyer.id || back.Points != 21 || back.PartnerPoints != 7 || back.Original != d.Operation || back.To != guest.id {
		t.Errorf("%s", encode(t, back))
	}
	x.hotel.earn(guest, 40)
	if r := want(t, giveBack(whole), fault.OK); r.Points != 93 || r.PartnerPoints != 302-21 {
		t.Errorf("%s", encode(t, r))
	}
	want(t, giveBack(of(1)), fault.ReturnExceeds)
	x.fold(x.airline, flyer)
	if a := x.airline.account(flyer); a.Posted != 1000 || x.net() != 0 {
		t.Errorf("%s, %d is owed", encode(t, a), x.net())
	}
	want(t, x.cross(x.airline, flyer, points.KindReturn, x.airline.back(x.deposits[1]), whole), fault.ReceiptNotReturnable)
	x.sound()
}

func TestASwapItselfIsNotReturnedWhereItWasMade(t *testing.T) {
	x, flyer, guest := travel(t)
	r := want(t, x.cross(x.airline, flyer, points.KindSwap, of(302), to(guest)), fault.OK)
	want(t, x.cross(x.airline, flyer, points.KindReturn, x.airline.back(r), of(1), func(o *points.Operation, d *points.Details) {
		o.Points, o.Whole = 0, true
	}), fault.ReceiptNotReturnable)
	x.sound()
}

func TestPartOfASwapThatIsWorthNothingThereIsNotTakenBack(t *testing.T) {
	x := newExchange(t)
	flyer, guest := ownHolder(1), ownHolder(firstRoom)
	x.airline.open(flyer)
	x.hotel.open(guest)
	x.hotel.earn(guest, 10)
	want(t, x.cross(x.hotel, guest, points.KindSwap, of(10), to(flyer)), fault.OK) // 20 there.
	x.fold(x.airline, flyer)
	want(t, x.cross(x.airline, flyer, points.KindReturn, x.airline.back(x.deposits[0]), of(1)), fault.Limit)
	want(t, x.cross(x.airline, flyer, points.KindReturn, x.airline.back(x.deposits[0]), of(3)), fault.OK)
	x.sound()
}
