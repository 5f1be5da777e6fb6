package points_test

import (
	"testing"

	"github.com/tallystick/tallystick/chaincode/clearing"
	"github.com/tallystick/tallystick/chaincode/fault"
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
