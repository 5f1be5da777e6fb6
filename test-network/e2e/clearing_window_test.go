//go:build network

package e2e

import (
	"encoding/hex"
	"slices"
	"testing"

	"github.com/hyperledger/fabric-protos-go-apiv2/peer"

	"github.com/tallystick/tallystick/chaincode/clearing"
	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/wire"
	"github.com/tallystick/tallystick/network/membership"
)

// disclosure is what the airline tells of a pair's window, as its collection has it.
func (c *consortium) disclosure(t *testing.T, pair wire.PairQuery, window int64) wire.NetDisclosure {
	t.Helper()
	doc := wire.NetDisclosure{Currency: currency, Window: window, A: pair.A, B: pair.B, Values: []wire.TallyValues{}}
	query := wire.TalliesQuery{A: pair.A, B: pair.B, Currency: currency, Window: window}
	for _, tally := range look[[]clearing.Tally](t, c, pair.A, wire.FnGetTallies, query) {
		doc.Values = append(doc.Values, wire.TallyValues{MSP: tally.MSP, Lane: tally.Lane, Salt: tally.Salt, Net: tally.Net, Count: tally.Count})
	}
	return doc
}

// everyBrand are the peers of all brands: what is refused is refused by each of them.
func (c *consortium) everyBrand() []string {
	var names []string
	for _, brand := range c.members.Brands() {
		names = append(names, membership.PeerNode(brand.Name, 0))
	}
	return names
}

// refuseShared requires that every brand's peer refuses a change of clearing's public state with this code.
func (c *consortium) refuseShared(t *testing.T, code fault.Code, member string, role membership.Role, function string, doc any) {
	t.Helper()
	u, p := c.shared(t, member, role, function, doc)
	u.refusedAt(t, code, p, c.everyBrand()...)
}

func windowOf(number int64) wire.WindowQuery {
	return wire.WindowQuery{Currency: currency, Number: number}
}

// requireOnce has a change endorsed twice before either is committed: the first becomes valid, the second is stale, and a third is refused.
func (c *consortium) requireOnce(t *testing.T, code fault.Code, member, function string, doc any) {
	t.Helper()
	u, first := c.shared(t, member, membership.OperatorRole, function, doc)
	second := u.again(t, first)
	brands := peersOf(c.majority(member)...)
	early, late := u.endorsed(t, first, brands...), u.endorsed(t, second, brands...)
	u.committedAs(t, peer.TxValidationCode_VALID, first, early...)
	u.committedAs(t, peer.TxValidationCode_MVCC_READ_CONFLICT, second, late...)
	c.level(t)
	c.refuseShared(t, code, member, membership.OperatorRole, function, doc)
}

// testWindowsCloseOnceAndInOrder takes two windows of the airline and the hotel to their ends, with an attack at each step.
func testWindowsCloseOnceAndInOrder(t *testing.T, c *consortium) {
	flyer := c.customer(t, "airline", 10_000)
	redemption := func() trade {
		return trade{by: "hotel", home: "airline", partner: "hotel", operations: []points.Operation{flyer.redeem(t, "hotel", "hotel", 3_000)}}
	}
	accepted(t, c.trade(t, redemption()).event.Home.Receipts...)
	straggler, p, _ := c.proposeTrade(t, redemption())
	late := straggler.endorsed(t, p, peersOf("airline", "hotel")...)
	first := c.disclosure(t, airlineHotel, 1)
	c.refuseShared(t, fault.WindowStatus, "airline", membership.OperatorRole, wire.FnDiscloseNet, first)
	c.requireOnce(t, fault.WindowOrder, "airline", wire.FnRollWindow, wire.Rolling{Currency: currency, Number: 1, Reason: rollReason})
	straggler.committedAs(t, peer.TxValidationCode_MVCC_READ_CONFLICT, p, late...)
	c.level(t)
	if done := c.trade(t, redemption()); done.event.Window != 2 {
		t.Errorf("after the roll an operation is in window %d", done.event.Window)
	}
	c.roll(t, 2)

	c.refuseFalseNets(t, first)
	c.refuseShared(t, fault.TooEarly, "grocer", membership.OperatorRole, wire.FnCloseWindow, windowOf(1))
	c.refuseShared(t, fault.WindowStatus, "grocer", membership.OperatorRole, wire.FnNetWindow, windowOf(1))
	c.refuseShared(t, fault.WindowOrder, "airline", membership.OperatorRole, wire.FnDiscloseNet, c.disclosure(t, airlineHotel, 2))
	c.requireOnce(t, fault.WindowOrder, "airline", wire.FnDiscloseNet, first)
	c.share(t, "hotel", membership.OperatorRole, wire.FnDiscloseNet, c.disclosure(t, airlineHotel, 2))
	for _, number := range []int64{1, 2} {
		c.share(t, "grocer", membership.OperatorRole, wire.FnCloseWindow, windowOf(number))
	}
	c.refuseShared(t, fault.WindowStatus, "airline", membership.OperatorRole, wire.FnDiscloseNet, first)

	c.refuseShared(t, fault.WindowOrder, "airline", membership.OperatorRole, wire.FnNetWindow, windowOf(2))
	c.requireOnce(t, fault.WindowStatus, "airline", wire.FnNetWindow, windowOf(1))
	c.share(t, "airline", membership.OperatorRole, wire.FnNetWindow, windowOf(2))
	c.refuseShared(t, fault.TooEarly, "airline", membership.OperatorRole, wire.FnStartSettlement, windowOf(1))
	for _, number := range []int64{1, 2} {
		c.signAll(t, number)
	}
	c.requireOnce(t, fault.WindowStatus, "airline", wire.FnStartSettlement, windowOf(1))
	c.payAll(t, 1)
	c.refuseShared(t, fault.WindowStatus, "airline", membership.OperatorRole, wire.FnStartSettlement, windowOf(1))
	c.refuseShared(t, fault.WindowStatus, "airline", membership.OperatorRole, wire.FnNetWindow, windowOf(1))
	if w := look[clearing.Window](t, c, "grocer", wire.FnGetWindow, windowOf(1)); w.Status != clearing.WindowSettled {
		t.Errorf("window 1 is %s", w.Status)
	}
}

// refuseFalseNets tries to disclose anything else than what the pair's lanes booked.
func (c *consortium) refuseFalseNets(t *testing.T, honest wire.NetDisclosure) {
	t.Helper()
	if len(honest.Values) < 2 {
		t.Fatalf("the window has %d lanes: a disclosure can't leave one out", len(honest.Values))
	}
	for _, attack := range []struct {
		name  string
		code  fault.Code
		alter func(*wire.NetDisclosure)
	}{
		{"a net that is a millionth less", fault.NetMismatch, func(d *wire.NetDisclosure) { d.Values[0].Net-- }},
		{"another salt", fault.NetMismatch, func(d *wire.NetDisclosure) { d.Values[0].Salt = randomHex(32) }},
		{"another count", fault.NetMismatch, func(d *wire.NetDisclosure) { d.Values[0].Count++ }},
		{"a lane left out", fault.NetMismatch, func(d *wire.NetDisclosure) { d.Values = d.Values[1:] }},
		{"nothing at all", fault.NetMismatch, func(d *wire.NetDisclosure) { d.Values = d.Values[:0] }},
		{"the nets of two lanes exchanged", fault.NetMismatch, func(d *wire.NetDisclosure) {
			d.Values[0].Net, d.Values[1].Net = d.Values[1].Net, d.Values[0].Net
		}},
		{"a lane twice", fault.InvalidValue, func(d *wire.NetDisclosure) { d.Values = append(d.Values, d.Values[0]) }},
		{"a lane that the pair hasn't got", fault.InvalidValue, func(d *wire.NetDisclosure) {
			d.Values = append(d.Values, wire.TallyValues{MSP: "GrocerMSP", Lane: clearing.CrossLane(0, clearing.HomeOwn, 0), Salt: randomHex(32), Net: -1, Count: 1})
		}},
		{"a lane of the pair's that booked nothing", fault.NetMismatch, func(d *wire.NetDisclosure) {
			lane := clearing.CrossLane(c.number(t, "airline"), clearing.HomeOwn, 0)
			d.Values = append(d.Values, wire.TallyValues{MSP: "HotelMSP", Lane: lane, Salt: randomHex(32), Net: -1, Count: 1})
		}},
	} {
		t.Run(attack.name, func(t *testing.T) {
			doc := honest
			doc.Values = slices.Clone(honest.Values)
			attack.alter(&doc)
			for _, member := range []string{"airline", "hotel"} {
				c.refuseShared(t, attack.code, member, membership.TreasurerRole, wire.FnDiscloseNet, doc)
			}
		})
	}
	c.refuseShared(t, fault.Forbidden, "grocer", membership.TreasurerRole, wire.FnDiscloseNet, honest)
	c.refuseShared(t, fault.Forbidden, "hotel", membership.ComplianceRole, wire.FnDiscloseNet, honest)
}

// signAll has every member with a position sign it, after nobody else could and nothing else was signed.
func (c *consortium) signAll(t *testing.T, number int64) {
	t.Helper()
	for _, position := range look[[]clearing.Position](t, c, "grocer", wire.FnGetPositions, windowOf(number)) {
		doc := wire.PositionSignature{Currency: currency, Window: number, Member: position.Member, Net: position.Net, Root: position.Root}
		c.refuseShared(t, fault.Forbidden, "grocer", membership.TreasurerRole, wire.FnSignPosition, doc)
		c.refuseShared(t, fault.Forbidden, position.Member, membership.OperatorRole, wire.FnSignPosition, doc)
		for _, wrong := range []wire.PositionSignature{
			{Currency: currency, Window: number, Member: position.Member, Net: position.Net + 1, Root: position.Root},
			{Currency: currency, Window: number, Member: position.Member, Net: position.Net, Root: randomHex(32)},
		} {
			c.refuseShared(t, fault.PositionMismatch, position.Member, membership.TreasurerRole, wire.FnSignPosition, wrong)
		}
		c.share(t, position.Member, membership.TreasurerRole, wire.FnSignPosition, doc)
		c.refuseShared(t, fault.AlreadyExists, position.Member, membership.TreasurerRole, wire.FnSignPosition, doc)
	}
}

// payAll brings every leg of a window to its end; no step can be taken by the wrong side, or twice.
func (c *consortium) payAll(t *testing.T, number int64) {
	t.Helper()
	legs := look[[]clearing.Leg](t, c, "grocer", wire.FnGetLegs, windowOf(number))
	if len(legs) == 0 {
		t.Fatalf("window %d has no payments", number)
	}
	for _, leg := range legs {
		place := wire.LegQuery{Currency: currency, Window: number, From: leg.From, To: leg.To}
		payment := wire.LegPayment{Leg: place, Reference: "BANK " + hex.EncodeToString([]byte(leg.From)), Amount: leg.Amount}
		c.refuseShared(t, fault.Forbidden, leg.To, membership.TreasurerRole, wire.FnPayLeg, payment)
		c.refuseShared(t, fault.NotFound, leg.To, membership.TreasurerRole, wire.FnReceiveLeg, payment)
		c.refuseShared(t, fault.LegStatus, leg.To, membership.TreasurerRole, wire.FnFinaliseLeg, place)
		c.share(t, leg.From, membership.TreasurerRole, wire.FnPayLeg, payment)
		c.refuseShared(t, fault.LegStatus, leg.From, membership.TreasurerRole, wire.FnPayLeg, payment)
		c.refuseShared(t, fault.Forbidden, leg.From, membership.TreasurerRole, wire.FnReceiveLeg, payment)
		c.share(t, leg.To, membership.TreasurerRole, wire.FnReceiveLeg, payment)
		c.share(t, leg.To, membership.TreasurerRole, wire.FnFinaliseLeg, place)
		c.refuseShared(t, fault.WindowStatus, leg.To, membership.TreasurerRole, wire.FnFinaliseLeg, place)
	}
}
