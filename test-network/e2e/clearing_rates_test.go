//go:build network

package e2e

import (
	"testing"
	"time"

	"github.com/hyperledger/fabric-protos-go-apiv2/peer"

	"github.com/tallystick/tallystick/chaincode/clearing"
	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/quantity"
	"github.com/tallystick/tallystick/chaincode/wire"
)

// Peers take transaction times up to five minutes off their clocks: far enough that a quote of ten minutes lapses within half a minute of a test. So long the two have to agree,
// on a machine that may be busy.
const (
	agreedAgo = 270 * time.Second
	farAhead  = 299 * time.Second
)

// testRateChangesMidFlight brings a second version of the agreement, which gives a point for five and not for two, while operations under the first are on their way.
func testRateChangesMidFlight(t *testing.T, c *consortium) {
	flyer, guest := c.customer(t, "airline", 10_000), c.customer(t, "hotel", 1)
	swap := func(version int, at time.Time) trade {
		return trade{
			by: "airline", home: "airline", partner: "hotel", k: 2, at: at,
			operations: []points.Operation{flyer.swapUnder(t, guest, "airline", 1_000, version, at)},
		}
	}
	inFlight, p, _ := c.proposeTrade(t, swap(0, time.Now()))
	endorsed := inFlight.endorsed(t, p, peersOf("airline", "hotel")...)

	began := time.Now().Add(-agreedAgo)
	second := agreementOf("airline", "hotel", 2, began)
	second.Sides[0].Offer.Swap = quantity.Ratio{Num: 1, Den: 5}
	second.Sides[0].Swap = quantity.Ratio{Num: 3, Den: 20}
	c.agree(t, second, began)
	inFlight.committedAs(t, peer.TxValidationCode_MVCC_READ_CONFLICT, p, endorsed...)
	c.level(t)

	for _, quoted := range []struct {
		name      string
		version   int
		agreement int
		there     quantity.Points
	}{{"the version in force", 0, 2, 200}, {"the version that was quoted", 1, 1, 500}, {"the new version", 2, 2, 200}} {
		done := c.trade(t, swap(quoted.version, time.Now()))
		accepted(t, done.event.Home.Receipts...)
		if r := done.event.Home.Receipts[0]; r.Agreement != quoted.agreement || r.PartnerPoints != quoted.there {
			t.Errorf("%s: version %d gave %d points, want version %d and %d", quoted.name, r.Agreement, r.PartnerPoints, quoted.agreement, quoted.there)
		}
	}
	swapMidFlight := swap(1, time.Now())
	swapMidFlight.operations[0].Agreement = 2 // Signed for the first version, sent as if for the second.
	coded(t, c.trade(t, swapMidFlight).event.Home.Receipts, fault.AuthMismatch)

	end := time.Unix(began.Unix()+clearing.QuoteSeconds, 0)
	until(t, "peers take the time at which the quote lapses", func() bool { return time.Now().Add(farAhead).After(end) })
	coded(t, c.trade(t, swap(1, end.Add(-time.Second))).event.Home.Receipts, fault.OK)
	coded(t, c.trade(t, swap(1, end)).event.Home.Receipts, fault.OfferLapsed)
	coded(t, c.trade(t, swap(0, end)).event.Home.Receipts, fault.OK)
}

// Tiny swaps: so few points that rounding takes as much as it can.
const (
	tinySwaps = 12
	tinyThere = 11      // Points of the airline: two for one make 5, and a half is lost.
	tinyBack  = 5       // Points of the hotel: what each of them became.
	tinyPrice = 400_000 // Millionths of a minor unit that the airline owes for a point that was swapped away.
)

// testTinySwapsGainNothing swaps back and forth: no round leaves more points than there were, nor more than one swap of them all would leave.
func testTinySwapsGainNothing(t *testing.T, c *consortium) {
	now := time.Now()
	c.agree(t, agreementOf("airline", "hotel", c.nextVersion(t), now), now)
	flyer, guest := c.customer(t, "airline", tinySwaps*tinyThere), c.customer(t, "hotel", 1)
	swaps := func(from, to *customer, n int, amount quantity.Points) []points.Operation {
		var list []points.Operation
		for range n {
			list = append(list, from.swap(t, to, from.brand, amount))
		}
		return list
	}
	there := c.trade(t, trade{by: "airline", home: "airline", partner: "hotel", k: 3, operations: swaps(flyer, guest, tinySwaps, tinyThere)})
	accepted(t, there.event.Home.Receipts...)
	guest.fold(t, there.event.Partner)
	if got := guest.posted(t); got != 1+tinySwaps*tinyBack {
		t.Fatalf("%d swaps of %d points made %d", tinySwaps, tinyThere, got-1)
	}
	back := c.trade(t, trade{by: "hotel", home: "hotel", partner: "airline", k: 3, operations: swaps(guest, flyer, tinySwaps, tinyBack)})
	accepted(t, back.event.Home.Receipts...)
	flyer.fold(t, back.event.Partner)
	if got := flyer.posted(t); got != tinySwaps*2*tinyBack {
		t.Errorf("%d points became %d by swaps there and back", tinySwaps*tinyThere, got)
	}
	lost := tinySwaps*tinyThere - flyer.posted(t)
	if owed := c.owed(t, &there) - c.owed(t, &back); owed < 0 || owed > quantity.Micro(lost)*tinyPrice {
		t.Errorf("the airline owes %d millionths for the %d points that rounding took", owed, lost)
	}
	below := []points.Operation{flyer.swap(t, guest, "airline", 9), flyer.swap(t, guest, "airline", 1)}
	coded(t, c.trade(t, trade{by: "airline", home: "airline", partner: "hotel", k: 3, operations: below}).event.Home.Receipts, fault.Limit, fault.Limit)
	coded(t, c.trade(t, trade{by: "hotel", home: "hotel", partner: "airline", k: 3, operations: swaps(guest, flyer, 1, 1)}).event.Home.Receipts, fault.Limit)
}

// owed is what a batch's operations oblige the home brand to in all, as the pair's collection has it.
func (c *consortium) owed(t *testing.T, done *traded) quantity.Micro {
	t.Helper()
	home := done.event.Home
	lines := look[wire.PairLines](t, c, "hotel", wire.FnGetLines, wire.LinesQuery{
		A: "airline", B: "hotel", Home: home.Receipts[0].Programme, MSP: home.MSP, Lane: home.Lane, Seq: home.Seq,
	})
	var sum quantity.Micro
	for _, o := range lines.Obligations {
		for _, part := range []struct {
			debtor string
			micro  quantity.Micro
		}{{o.Debtor, o.Micro}, {o.FeeDebtor, o.Fee}} {
			if part.debtor == home.Receipts[0].Programme {
				sum += part.micro
			} else {
				sum -= part.micro
			}
		}
	}
	return sum
}

// testWithheldCreditsComeTooLate: a swap that was endorsed and kept back can't be committed once its place was taken and folded, nor can what was folded be folded again.
func testWithheldCreditsComeTooLate(t *testing.T, c *consortium) {
	flyer, guest := c.customer(t, "airline", 1_000), c.customer(t, "hotel", 1)
	swap := func() trade {
		return trade{by: "airline", home: "airline", partner: "hotel", k: 3, operations: []points.Operation{flyer.swap(t, guest, "airline", 200)}}
	}
	withheld, p, _ := c.proposeTrade(t, swap())
	endorsed := withheld.endorsed(t, p, peersOf("airline", "hotel")...)
	done := c.trade(t, swap())
	accepted(t, done.event.Home.Receipts...)
	guest.fold(t, done.event.Partner)
	withheld.committedAs(t, peer.TxValidationCode_MVCC_READ_CONFLICT, p, endorsed...)
	c.level(t)
	withheld.refusedAt(t, fault.LaneSequence, withheld.again(t, p), peersOf("airline", "hotel")...)
	twice := points.Operation{ID: newID(), Kind: points.KindFold, Account: guest.account, Entries: waiting(done.event.Partner, guest.account)}
	coded(t, c.homeBatch(t, "hotel", 0, twice).Receipts, fault.InboxUnknown)
	if flown, stayed := flyer.posted(t), guest.posted(t); flown != 800 || stayed != 101 {
		t.Errorf("the flyer has %d points and the guest %d, want 800 and 101", flown, stayed)
	}
}
