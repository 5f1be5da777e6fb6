package points_test

import (
	"slices"

	"github.com/tallystick/tallystick/chaincode/clearing"
	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/quantity"
)

const (
	partner   = "hotel"
	firstRoom = 100       // Number of the hotel's first account.
	roomy     = 1_000_000 // Millions of a minor unit that each brand may owe the other: more than any table needs.
)

// exchange is two programmes and what is between them: every cross-brand operation is a transaction of its own, whose deposits the other programme takes at once.
type exchange struct {
	t              failer
	airline, hotel *till
	agreements     []clearing.Agreement
	allocation     [2]quantity.Micro
	lanes          map[string]clearing.PairLane // By home.
	reservations   map[string][]clearing.Reservation
	window, seq    int64
	booked         []clearing.Obligation // Of all operations that oblige somebody.
	sealed         []string              // Of the same, what their receipts say.
	deposits       []points.Receipt
}

// airlineOffer is what the airline's customers get at the hotel.
func airlineOffer(version int) clearing.Offer {
	return clearing.Offer{
		Version: version, From: start - 1000 + int64(version), Acceptance: quantity.Ratio{Num: 1, Den: 2}, RedeemMin: 10, RedeemPerDay: 5000,
		Swap: quantity.Ratio{Num: 1, Den: 3}, SwapMin: 2, SwapPerDay: 900, AwardMax: 500,
	}
}

// pairAgreement is a version of what the two agreed on: rates that leave fractions, and a fee for redemptions.
func pairAgreement(version int) clearing.Agreement {
	back := airlineOffer(version)
	back.Swap, back.Acceptance = quantity.Ratio{Num: 2, Den: 1}, quantity.Ratio{Num: 7, Den: 3}
	return clearing.Agreement{
		V: 1, Salt: genesis, Version: version, A: brand, B: partner, Currency: "GBP", From: back.From, DisputeWindows: 1,
		Fraud: clearing.BearerIssuer, Offline: clearing.BearerPartner, Prose: map[string]string{"en": "As agreed."},
		Sides: [2]clearing.Side{
			{
				Offer: airlineOffer(version), Acceptance: quantity.Ratio{Num: 2, Den: 7}, Sale: quantity.Ratio{Num: 3, Den: 7}, Swap: quantity.Ratio{Num: 1, Den: 3},
				Fees: []clearing.Fee{{Service: clearing.ServiceRedemption, Payer: clearing.BearerPartner, Share: quantity.Ratio{Num: 1, Den: 100}, PerOperation: 50}},
			},
			{Offer: back, Acceptance: quantity.Ratio{Num: 2, Den: 1}, Sale: quantity.Ratio{Num: 5, Den: 2}, Swap: quantity.Ratio{Num: 11, Den: 7}},
		},
	}
}

func newExchange(t failer) *exchange {
	x := &exchange{
		t: t, airline: newTill(t), hotel: newTill(t), agreements: []clearing.Agreement{pairAgreement(1)}, window: 1,
		allocation: [2]quantity.Micro{roomy * quantity.MicroPerMinor, roomy * quantity.MicroPerMinor},
		lanes:      map[string]clearing.PairLane{}, reservations: map[string][]clearing.Reservation{},
	}
	x.hotel.Programme.Brand, x.hotel.Programme.MSP, x.hotel.next = partner, other, 1<<30
	for _, c := range []*till{x.airline, x.hotel} {
		x.lanes[c.Programme.Brand] = clearing.PairLane{V: 1, Currency: "GBP", MSP: c.Programme.MSP, N: 1024}
	}
	x.offer()
	return x
}

// offer tells both programmes what the agreements offer.
func (x *exchange) offer() {
	for i, c := range []*till{x.airline, x.hotel} {
		to := x.other(c).Programme
		c.Partner = &points.Partner{V: 1, Brand: to.Brand, MSP: to.MSP}
		for j := range x.agreements {
			c.Partner.Offers = append(c.Partner.Offers, x.agreements[j].Sides[i].Offer)
		}
	}
}

func (x *exchange) other(c *till) *till {
	if c == x.airline {
		return x.hotel
	}
	return x.airline
}

// enter makes of a till's book one of a cross-brand batch.
func (x *exchange) enter(c *till) {
	x.seq++
	for _, side := range []*till{x.airline, x.hotel} {
		side.MSP, side.Lane, side.Seq, side.Window = c.Programme.MSP, 1024, x.seq, x.window
		side.Exists = map[points.AccountID]bool{}
		for _, from := range []*till{x.airline, x.hotel} {
			for id := range from.Accounts {
				side.Exists[id] = true
			}
		}
	}
	home := c.Programme.Brand
	c.Desk = &clearing.Desk{
		Home: home, Partner: x.other(c).Programme.Brand, Currency: "GBP", Window: x.window, Allocation: x.allocation, Agreements: x.agreements,
		Lane: x.lanes[home], Reservations: slices.Clone(x.reservations[home]),
	}
}

// leave keeps what the batch changed, and lets the other programme take its deposits.
func (x *exchange) leave(c *till, r points.Receipt) {
	x.t.Helper()
	home := c.Programme.Brand
	x.lanes[home], x.reservations[home] = c.Desk.Lane, c.Desk.Reservations
	if o := c.Obligations[len(c.Obligations)-1]; r.Obligation != "" {
		x.booked, x.sealed = append(x.booked, o), append(x.sealed, r.Obligation)
	}
	for i := range c.Deposits {
		x.deposit(x.other(c), &c.Deposits[i])
	}
	c.Deposits, c.Desk = nil, nil
	for _, side := range []*till{x.airline, x.hotel} {
		for i := range side.Dropped {
			side.Inbox[side.Dropped[i].Place] = &side.Dropped[i].Entry
		}
		side.Dropped, side.Folded, side.Window = nil, nil, 0
	}
}

func (x *exchange) deposit(c *till, d *points.Deposit) {
	x.t.Helper()
	twin := c.copy()
	r := want(x.t, c.Deposit(d), fault.OK)
	if again := twin.Deposit(d); encode(x.t, again) != encode(x.t, r) || shown(x.t, twin) != shown(x.t, c.Book) {
		x.t.Fatalf("the same deposit gave two receipts:\n%s\n%s", encode(x.t, r), encode(x.t, again))
	}
	c.keep(r, points.Details{})
	x.deposits = append(x.deposits, r)
}

// cross applies one cross-brand operation on an account of a programme.
func (x *exchange) cross(c *till, h holder, kind points.Kind, changes ...change) points.Receipt {
	x.t.Helper()
	changes = append([]change{across(x.other(c).Programme.Brand)}, changes...)
	if kind.HasPurchase() {
		changes = append([]change{c.now}, changes...)
	}
	x.enter(c)
	r := c.do(h, kind, changes...)
	x.leave(c, r)
	return r
}

// fold folds what waits for an account.
func (x *exchange) fold(c *till, h holder) points.Receipt {
	x.t.Helper()
	return want(x.t, c.do(h, points.KindFold, entries(c.places(h)...)), fault.OK)
}

// places are those of an account's waiting credits, in order.
func (c *till) places(h holder) []points.InboxPlace {
	var list []points.InboxPlace
	for place, e := range c.Inbox {
		if e.Account == h.id {
			list = append(list, place)
		}
	}
	slices.SortFunc(list, func(a, b points.InboxPlace) int { return int(a.Seq - b.Seq) })
	return list
}

// sound checks both programmes, and that the lanes and the receipts' hashes say what was booked.
func (x *exchange) sound() {
	x.t.Helper()
	x.airline.sound()
	x.hotel.sound()
	for i := range x.booked {
		if x.sealed[i] != hashOf(x.t, &x.booked[i]) {
			x.t.Fatalf("obligation %+v was sealed as %s", x.booked[i], x.sealed[i])
		}
	}
}

// net is what the airline owes the hotel over everything that was booked.
func (x *exchange) net() quantity.Micro {
	x.t.Helper()
	net, err := clearing.ObligationsNet(brand, x.booked)
	if err != nil {
		x.t.Fatalf("%v", err)
	}
	return net
}

func across(partner string) change {
	return func(o *points.Operation, _ *points.Details) { o.Partner = partner }
}

func entries(places ...points.InboxPlace) change {
	return func(o *points.Operation, _ *points.Details) { o.Entries = places }
}

func version(n int) change {
	return func(o *points.Operation, _ *points.Details) { o.Agreement = n }
}
