//go:build network

package e2e

import (
	"fmt"
	"testing"

	"github.com/hyperledger/fabric-chaincode-go/v2/shim"
	"github.com/hyperledger/fabric-protos-go-apiv2/peer"

	"github.com/tallystick/tallystick/chaincode/clearing"
	"github.com/tallystick/tallystick/chaincode/engine"
	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/wire"
	"github.com/tallystick/tallystick/network/membership"
)

// testClearingOfFour shows what three brands can't: there two members of a pair are a majority. The gateways are stopped: nothing else moves windows or lanes.
func testClearingOfFour(t *testing.T, c *consortium) {
	c.stopGateways(t)
	t.Run("two brands need no third", func(t *testing.T) { testTwoOfFourTrade(t, c) })
	t.Run("two others don't stand in for them", func(t *testing.T) { testOthersOfFourForge(t, c) })
	t.Run("public state needs the majority", func(t *testing.T) { testMajorityOfFour(t, c) })
	c.requireHonestBooks(t)
}

// testTwoOfFourTrade has the peers and chaincodes of the two other brands stopped meanwhile.
func testTwoOfFourTrade(t *testing.T, c *consortium) {
	flyer, guest := c.customer(t, "airline", 2_000), c.customer(t, "hotel", 10)
	names := []string{membership.PeerNode("grocer", 0), membership.PeerNode("grocer", 1), membership.PeerNode("cinema", 0)}
	for _, name := range names {
		c.kill(t, name)
	}
	own := trade{by: "airline", home: "airline", partner: "hotel", k: 2}
	own.operations = []points.Operation{flyer.swap(t, guest, "airline", 400), flyer.redeem(t, "hotel", "airline", 100)}
	done := c.trade(t, own)
	accepted(t, done.event.Home.Receipts...)
	accepted(t, done.event.Partner.Receipts...)
	till := trade{by: "hotel", home: "airline", partner: "hotel", k: 2}
	till.operations = []points.Operation{flyer.back(t, &done.event.Home, 1), flyer.award("hotel", 7)}
	accepted(t, c.trade(t, till).event.Home.Receipts...)

	before := c.books(t, "airline")
	own.operations = []points.Operation{flyer.swap(t, guest, "airline", 1), flyer.redeem(t, "hotel", "airline", 90_000), flyer.award("hotel", 10)}
	refused := c.trade(t, own)
	coded(t, refused.event.Home.Receipts, fault.Limit, fault.InsufficientPoints, fault.SubmitterRefused)
	if after := c.books(t, "airline"); after.batches != before.batches+1 || refused.event.Partner != nil {
		t.Errorf("a batch in which everything is refused: %d batches after %d, deposits %+v", after.batches, before.batches, refused.event.Partner)
	}
	c.unmoved(t, "airline", before)
	c.run(t, "tallynet", append([]string{"start"}, names...)...)
	c.level(t)
}

// testOthersOfFourForge: the two brands that a pair doesn't concern neither endorse its batches honestly nor make any up that count.
func testOthersOfFourForge(t *testing.T, c *consortium) {
	flyer := c.customer(t, "airline", 500)
	before := c.books(t, "airline")
	redemption := trade{by: "airline", home: "airline", partner: "hotel", k: 2, operations: []points.Operation{flyer.redeem(t, "hotel", "airline", 100)}}
	u, p, _ := c.proposeTrade(t, redemption)
	u.refusedAt(t, fault.PrivateUnavailable, p, peersOf("grocer", "cinema")...)

	forged := alteration{replace: func(stub shim.ChaincodeStubInterface, function string) (*peer.Response, bool) {
		if function != wire.FnExchange {
			return nil, false
		}
		err := stub.PutPrivateData(clearing.PairCollection("airline", "hotel"), engine.PairKey(), []byte(`{"forged":true}`))
		return shim.Success([]byte(`{}`)), err == nil
	}}
	defer c.alter(t, "grocer", forged)()
	defer c.alter(t, "cinema", forged)()
	for _, endorsers := range [][]string{{"grocer", "cinema"}, {"cinema", "grocer"}} {
		p = u.again(t, p)
		u.committedAs(t, peer.TxValidationCode_ENDORSEMENT_POLICY_FAILURE, p, u.endorsed(t, p, peersOf(endorsers...)...)...)
	}
	c.level(t)
	c.unchanged(t, "airline", before)
}

// testMajorityOfFour brings every step of clearing's public state with the endorsements of two brands, in vain, and then of three.
func testMajorityOfFour(t *testing.T, c *consortium) {
	motion := clearing.Motion{Cap: &clearing.CapMotion{Member: "cinema", Currency: currency, Amount: 31_000_000}}
	proposed := wire.NewProposal{ID: clearing.ProposalID(randomHex(16)), Motion: motion}
	ballot := wire.NewBallot{Proposal: proposed.ID, Choice: clearing.ChoiceYes}
	steps := []step{
		{"airline", membership.OperatorRole, wire.FnOpenClearing, wire.CurrencyQuery{Currency: "EUR"}},
		{"airline", membership.OperatorRole, wire.FnPropose, proposed},
		{"hotel", membership.OperatorRole, wire.FnVote, ballot},
		{"cinema", membership.OperatorRole, wire.FnVote, ballot},
		{"grocer", membership.OperatorRole, wire.FnRollWindow, wire.Rolling{Currency: currency, Number: 1, Reason: rollReason}},
	}
	for _, s := range steps {
		c.needsMajority(t, s)
	}
	brands := look[clearing.Consortium](t, c, "airline", wire.FnGetConsortium, wire.Nothing{})
	for i, pair := range brands.Pairs() {
		doc := c.disclosure(t, wire.PairQuery{A: pair.A, B: pair.B}, 1)
		if i == 0 || len(doc.Values) > 0 {
			c.needsMajority(t, step{pair.B, membership.TreasurerRole, wire.FnDiscloseNet, doc})
			continue
		}
		c.share(t, pair.A, membership.TreasurerRole, wire.FnDiscloseNet, doc)
	}
	c.needsMajority(t, step{"cinema", membership.GatewayRole, wire.FnCloseWindow, windowOf(1)})
	c.needsMajority(t, step{"grocer", membership.GatewayRole, wire.FnNetWindow, windowOf(1)})
	if n := look[clearing.Netting](t, c, "cinema", wire.FnGetNetting, windowOf(1)); len(n.Payments) != 1 || n.Payments[0].From != "airline" || n.Payments[0].To != "hotel" {
		t.Errorf("netted to payments %+v", n.Payments)
	}
}

// step is a change of clearing's public state.
type step struct {
	member   string
	role     membership.Role
	function string
	doc      any
}

// needsMajority has a step endorsed by its member and each of the other brands alone, and at last by three of the four.
func (c *consortium) needsMajority(t *testing.T, s step) {
	t.Helper()
	u, p := c.shared(t, s.member, s.role, s.function, s.doc)
	for _, other := range c.members.Brands() {
		if other.Name == s.member {
			continue
		}
		p = u.again(t, p)
		responses := u.endorsed(t, p, peersOf(s.member, other.Name)...)
		if code := u.commit(t, p, responses...); code != peer.TxValidationCode_ENDORSEMENT_POLICY_FAILURE {
			t.Fatalf("%s of %s and %s alone is %s", s.function, s.member, other.Name, code)
		}
	}
	c.level(t)
	u.valid(t, u.again(t, p), peersOf(c.majority(s.member)...)...)
	if last := c.majority(s.member); len(last) != 3 {
		t.Fatal(fmt.Sprint("a majority of four brands is ", last))
	}
}
