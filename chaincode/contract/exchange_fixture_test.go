package contract_test

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/tallystick/tallystick/chaincode/clearing"
	"github.com/tallystick/tallystick/chaincode/contract/stubtest"
	"github.com/tallystick/tallystick/chaincode/engine"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/quantity"
	"github.com/tallystick/tallystick/chaincode/wire"
)

// pairCollections are the collections of clearing, as they are deployed: of each two brands, who endorse both, with the regulator.
func pairCollections() []stubtest.Collection {
	var all []stubtest.Collection
	for _, pair := range [][2]string{{"airline", "grocer"}, {"airline", "hotel"}, {"grocer", "hotel"}} {
		a, b := brands[pair[0]], brands[pair[1]]
		all = append(all, stubtest.Collection{Name: clearing.PairCollection(pair[0], pair[1]), Members: []string{a, b, regulator}, Policy: stubtest.All(a, b)})
	}
	return all
}

// salt is a fresh salt for the n-th transaction of a test.
func salt(n int) string { return strings.Repeat(fmt.Sprintf("%02x", n%256), 32) }

// agreement is a version of what the airline and the hotel agree on: a mile is worth half a penny at the hotel, costs the hotel 0.7 pence to award, and two miles make a night.
func agreement(version int, from int64) clearing.Agreement {
	offer := func(swap quantity.Ratio) clearing.Offer {
		return clearing.Offer{
			Version: version, From: from, Acceptance: quantity.Ratio{Num: 1, Den: 2}, RedeemMin: 1, Swap: swap, SwapMin: 10, SwapPerDay: 5000, AwardMax: 10_000,
		}
	}
	return clearing.Agreement{
		V: 1, Salt: salt(100 + version), Version: version, A: "airline", B: "hotel", Currency: "GBP", Scale: 2, From: from, NoticeSeconds: 3600, Calendar: "daily",
		DisputeWindows: 2, Fraud: clearing.BearerIssuer, Offline: clearing.BearerPartner, Prose: map[string]string{"en": "Miles are good at the hotel."},
		Sides: [2]clearing.Side{
			{
				Offer: offer(quantity.Ratio{Num: 1, Den: 2}), Acceptance: quantity.Ratio{Num: 1, Den: 2}, Sale: quantity.Ratio{Num: 7, Den: 10}, Swap: quantity.Ratio{Num: 2, Den: 5},
				Fees: []clearing.Fee{{Service: clearing.ServiceSwap, Payer: clearing.BearerPartner, Share: quantity.Ratio{Num: 1, Den: 100}}},
			},
			{Offer: offer(quantity.Ratio{Num: 2, Den: 1}), Acceptance: quantity.Ratio{Num: 1, Den: 2}, Sale: quantity.Ratio{Num: 7, Den: 10}, Swap: quantity.Ratio{Num: 2, Den: 5}},
		},
	}
}

// propose and accept bring an agreement into force.
func (c *consortium) propose(t *testing.T, by string, g *clearing.Agreement) stubtest.Proposal {
	t.Helper()
	p := c.call("clearing", c.client(by, "treasurer"), wire.FnProposeAgreement, encode(t, wire.PairQuery{A: g.A, B: g.B}))
	p.Transient = map[string][]byte{wire.AgreementTransient: []byte(encode(t, g))}
	return p
}

func (c *consortium) accept(t *testing.T, by string, g *clearing.Agreement) stubtest.Proposal {
	t.Helper()
	collection := clearing.PairCollection(g.A, g.B)
	sum := sha256.Sum256(c.PrivateValue(brands[g.A], "clearing", collection, engine.ProposedKey()))
	return c.call("clearing", c.client(by, "treasurer"), wire.FnAcceptAgreement, encode(t, wire.Acceptance{A: g.A, B: g.B, Version: g.Version, Hash: hex.EncodeToString(sum[:])}))
}

// agree brings an agreement of the airline and the hotel into force.
func (c *consortium) agree(t *testing.T, g clearing.Agreement) {
	t.Helper()
	c.must(t, c.propose(t, airline, &g), airline, hotel)
	c.must(t, c.accept(t, hotel, &g), airline, hotel)
}

// seed writes public records of clearing, as the functions that the brands vote with would: what a test isn't about.
func (c *consortium) seed(t *testing.T, allocation [2]quantity.Minor) {
	t.Helper()
	c.Seed("clearing", engine.WindowPointerKey("GBP"), []byte(encode(t, clearing.WindowPointer{V: 1, Currency: "GBP", Number: 1})))
	c.Seed("clearing", engine.AllocationKey("airline", "hotel", "GBP"), []byte(encode(t, clearing.Allocation{
		V: 1, A: "airline", B: "hotel", Currency: "GBP", Amount: allocation, Since: 1, Epoch: 1,
	})))
}

// trading is a consortium whose airline and hotel have programmes with an account each, an agreement and an allocation of 1,000 pounds either way.
func trading(t *testing.T) *consortium {
	t.Helper()
	c := founded(t)
	doc := c.programme(t)
	doc.Brand, doc.DisplayName = "hotel", "Nights"
	c.must(t, c.call("points-hotel", c.client(hotel, "operator"), wire.FnCreateProgramme, encode(t, doc)), hotel, grocer)
	c.seed(t, [2]quantity.Minor{100_000, 100_000})
	c.agree(t, agreement(1, now.Unix()))
	c.must(t, c.homeBatch(t, airline, 0, 1, opening(1, 1), accrual(2, 1)), airline, grocer)
	c.must(t, c.homeBatch(t, hotel, 0, 1, opening(1, 2), accrual(2, 2)), hotel, grocer)
	return c
}

// homeBatch is a batch of one programme alone; every purchase is of a thousand pounds.
func (c *consortium) homeBatch(t *testing.T, msp string, lane int, seq int64, operations ...points.Operation) stubtest.Proposal {
	t.Helper()
	p := c.call("points-"+brandOf(msp), c.client(msp, "gateway"), wire.FnSubmitBatch, encode(t, wire.BatchRequest{Lane: lane, Seq: seq, Operations: operations}))
	p.Transient = detailsFor(t, salt(int(seq)), operations, 100_000)
	return p
}

func brandOf(msp string) string {
	for name, other := range brands {
		if other == msp {
			return name
		}
	}
	return ""
}

func detailsFor(t *testing.T, salt string, operations []points.Operation, minor int64) map[string][]byte {
	t.Helper()
	details := wire.BatchDetails{V: 1, Salt: salt, Operations: []points.Details{}}
	for _, o := range operations {
		d := points.Details{Operation: o.ID, OccurredAt: now.Format(time.RFC3339), Store: "private-store"}
		if o.Kind == points.KindEarn {
			d.AmountMinor, d.Currency = minor, "GBP"
		}
		details.Operations = append(details.Operations, d)
	}
	return map[string][]byte{wire.DetailsTransient: []byte(encode(t, details))}
}

// exchangeDoc is a cross-brand batch of the airline and the hotel.
type exchangeDoc struct {
	by      string // MSP id of the submitter.
	home    string // Member name.
	k       int    // Lane of the series.
	seq     int64
	salt    int
	release int64
	ops     []points.Operation
}

func (c *consortium) exchange(t *testing.T, x exchangeDoc) stubtest.Proposal {
	t.Helper()
	partner, number := "hotel", 2
	if x.home == "hotel" {
		partner = "airline"
	}
	if x.by == hotel {
		number = 0
	}
	series := clearing.HomeOwn
	if brands[x.home] != x.by {
		series = clearing.HomeOther
	}
	for i := range x.ops {
		x.ops[i].Partner = partner
	}
	if x.ops == nil {
		x.ops = []points.Operation{}
	}
	doc := wire.Exchange{Home: x.home, Partner: partner, Lane: clearing.CrossLane(number, series, x.k), Seq: x.seq, Operations: x.ops, Release: x.release}
	p := c.call("clearing", c.client(x.by, "gateway"), wire.FnExchange, encode(t, doc))
	p.Transient = detailsFor(t, salt(x.salt), x.ops, 0)
	return p
}
