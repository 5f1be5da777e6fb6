package contract_test

import (
	"encoding/hex"
	"strings"
	"testing"
	"time"

	"github.com/hyperledger/fabric-protos-go-apiv2/peer"

	"github.com/tallystick/tallystick/chaincode/clearing"
	"github.com/tallystick/tallystick/chaincode/contract/stubtest"
	"github.com/tallystick/tallystick/chaincode/engine"
	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/quantity"
	"github.com/tallystick/tallystick/chaincode/wire"
)

// public is a proposal of one of clearing's public functions.
func (c *consortium) public(t *testing.T, by, role, function string, document any) stubtest.Proposal {
	t.Helper()
	return c.call("clearing", c.client(by, role), function, encode(t, document))
}

// carry has the airline propose a motion and the grocer vote for it.
func (c *consortium) carry(t *testing.T, n int, m clearing.Motion) {
	t.Helper()
	id := clearing.ProposalID(operationID(n))
	c.must(t, c.public(t, airline, "operator", wire.FnPropose, wire.NewProposal{ID: id, Motion: m}), airline, grocer)
	tx := c.must(t, c.public(t, grocer, "operator", wire.FnVote, wire.NewBallot{Proposal: id, Choice: clearing.ChoiceYes}), grocer, hotel)
	var p clearing.Proposal
	decode(t, tx.Response.GetPayload(), &p)
	if p.Status != clearing.ProposalCarried {
		t.Fatalf("the motion is %s", p.Status)
	}
}

func TestClearingsPublicStateNeedsAMajorityOfTheBrands(t *testing.T) {
	for name, tc := range map[string]struct {
		endorsers []string
		code      peer.TxValidationCode
	}{
		"two of three":                  {[]string{airline, grocer}, valid},
		"two without who brings it":     {[]string{grocer, hotel}, valid},
		"one":                           {[]string{airline}, unproven},
		"one and the regulator":         {[]string{airline, regulator}, unproven},
		"all three":                     {[]string{airline, grocer, hotel}, valid},
		"nobody but another's own peer": {[]string{hotel}, unproven},
	} {
		t.Run(name, func(t *testing.T) {
			c := founded(t)
			tx, err := c.Endorse(c.public(t, airline, "operator", wire.FnOpenClearing, wire.CurrencyQuery{Currency: "GBP"}), tc.endorsers...)
			if err != nil {
				t.Fatal(err)
			}
			if got := c.Commit(tx).Codes[0]; got != tc.code {
				t.Errorf("validated as %s, want %s", got, tc.code)
			}
		})
	}
	c := founded(t)
	_, err := c.Endorse(c.public(t, regulator, "operator", wire.FnOpenClearing, wire.CurrencyQuery{Currency: "GBP"}), airline, grocer)
	if err == nil || !strings.Contains(err.Error(), "access denied") {
		t.Errorf("the regulator proposes: %v", err)
	}
}

func TestVotesCollideInsteadOfGettingLost(t *testing.T) {
	c := founded(t)
	id := clearing.ProposalID(operationID(1))
	motion := clearing.Motion{Suspend: &clearing.Concerned{Member: "grocer"}}
	c.must(t, c.public(t, airline, "operator", wire.FnPropose, wire.NewProposal{ID: id, Motion: motion}), airline, hotel)
	ballot := c.public(t, hotel, "operator", wire.FnVote, wire.NewBallot{Proposal: id, Choice: clearing.ChoiceYes})
	one, err := c.Endorse(ballot, airline, hotel)
	if err != nil {
		t.Fatal(err)
	}
	two, err := c.Endorse(c.public(t, hotel, "operator", wire.FnVote, wire.NewBallot{Proposal: id, Choice: clearing.ChoiceNo}), airline, hotel)
	if err != nil {
		t.Fatal(err)
	}
	if got := c.Commit(one, two).Codes; got[0] != valid || got[1] != stale {
		t.Errorf("validated as %v", got)
	}
}

// clearingPair is a consortium whose airline and hotel trade within an allocation that was voted.
func clearingPair(t *testing.T) *consortium {
	t.Helper()
	c := founded(t)
	doc := c.programme(t)
	doc.Brand, doc.DisplayName = "hotel", "Nights"
	c.must(t, c.call("points-hotel", c.client(hotel, "operator"), wire.FnCreateProgramme, encode(t, doc)), hotel, grocer)
	c.must(t, c.public(t, grocer, "operator", wire.FnOpenClearing, wire.CurrencyQuery{Currency: "GBP"}), grocer, hotel)
	c.carry(t, 1, clearing.Motion{Cap: &clearing.CapMotion{Member: "airline", Currency: "GBP", Amount: 100_000}})
	c.carry(t, 2, clearing.Motion{Allocation: &clearing.AllocationMove{Debtor: "airline", Creditor: "hotel", Currency: "GBP", Amount: 100_000}})
	c.agree(t, agreement(1, now.Unix()))
	c.must(t, c.homeBatch(t, airline, 0, 1, opening(1, 1), accrual(2, 1)), airline, grocer)
	return c
}

// later lets a proposal be made so many seconds after the others.
func later(p stubtest.Proposal, seconds int) stubtest.Proposal {
	p.Time = p.Time.Add(time.Duration(seconds) * time.Second)
	return p
}

func TestAWindowIsClearedWithoutAnyoneHoldingMoreThanItsOwn(t *testing.T) {
	c := clearingPair(t)
	event, _ := c.done(t, exchangeDoc{by: airline, home: "airline", seq: 1, salt: 1, ops: []points.Operation{
		c.signed(t, "airline", redemptionOf(11, 300)), c.signed(t, "airline", redemptionOf(12, 100)),
	}})
	wantAccepted(t, event.Home.Receipts...)
	disputed := event.Home.Receipts
	tally := c.tally(t, airline, 2, clearing.HomeOwn, 0)
	late := exchangeDoc{by: airline, home: "airline", seq: 2, salt: 2, ops: []points.Operation{c.signed(t, "airline", redemptionOf(13, 100))}}
	straggler, err := c.Endorse(c.exchange(t, late), airline, hotel)
	if err != nil {
		t.Fatal(err)
	}
	c.must(t, later(c.public(t, hotel, "operator", wire.FnRollWindow, wire.Rolling{Currency: "GBP", Number: 1, Reason: "test"}), 2), airline, hotel)
	if got := c.Commit(straggler).Codes[0]; got != stale {
		t.Errorf("a straggler is %s", got)
	}
	event, _ = c.done(t, exchangeDoc{by: airline, home: "airline", seq: 2, salt: 3, ops: []points.Operation{c.signed(t, "airline", redemptionOf(14, 100))}})
	if got := event.Home.Receipts[0].Window; got != 2 {
		t.Errorf("the next operation is in window %d", got)
	}

	// The grocer's peer holds nothing of the pair, and endorses the disclosure by the hashes that it has.
	doc := wire.NetDisclosure{Currency: "GBP", Window: 1, A: "airline", B: "hotel", Values: []wire.TallyValues{
		{MSP: airline, Lane: tally.Lane, Salt: tally.Salt, Net: tally.Net, Count: tally.Count},
	}}
	if c.PrivateValue(grocer, "clearing", airlineHotel, engine.TallyKey("GBP", 1, airline, tally.Lane)) != nil {
		t.Error("the grocer holds the pair's tally")
	}
	doc.Values[0].Net--
	_, err = c.Endorse(c.public(t, airline, "gateway", wire.FnDiscloseNet, doc), grocer, hotel)
	if got := refusalOf(t, err); got.Code != fault.NetMismatch {
		t.Errorf("a wrong net: %v", got)
	}
	doc.Values[0].Net++
	c.must(t, c.public(t, airline, "gateway", wire.FnDiscloseNet, doc), grocer, hotel)
	c.must(t, c.public(t, grocer, "gateway", wire.FnCloseWindow, wire.WindowQuery{Currency: "GBP", Number: 1}), grocer, hotel)
	c.dispute(t, disputed)
	c.finish(t)
}

// dispute sets the second line of the first batch aside: 100 points at half a penny.
func (c *consortium) dispute(t *testing.T, receipts []points.Receipt) {
	t.Helper()
	var lines wire.PairLines
	lane := clearing.CrossLane(2, clearing.HomeOwn, 0)
	decode(t, c.PrivateValue(airline, "clearing", airlineHotel, engine.LinesKey("airline", airline, lane, 1)), &lines)
	leaves, err := wire.Leaves(receipts)
	if err != nil {
		t.Fatal(err)
	}
	hashes, err := wire.Prove(leaves, 1)
	if err != nil {
		t.Fatal(err)
	}
	batchSalt, err := hex.DecodeString(lines.Salt)
	if err != nil {
		t.Fatal(err)
	}
	doc := wire.NewDispute{
		Currency: "GBP", Obligation: lines.Obligations[1], Salt: hex.EncodeToString(wire.OperationSalt(batchSalt, receipts[1].Operation)), Reason: "not as described",
		Evidence: points.Original{Receipt: receipts[1], Proof: points.InclusionProof{MSP: airline, Lane: lane, Seq: 1, Index: 1, Size: len(receipts), Hashes: hashes}},
	}
	c.must(t, c.public(t, airline, "treasurer", wire.FnFileDispute, doc), airline, grocer)
}

// finish nets, signs and settles the first window.
func (c *consortium) finish(t *testing.T) {
	t.Helper()
	first := wire.WindowQuery{Currency: "GBP", Number: 1}
	c.must(t, c.public(t, grocer, "gateway", wire.FnNetWindow, first), grocer, airline)
	var w clearing.Window
	decode(t, c.State("clearing")[engine.WindowKey("GBP", 1)], &w)
	for msp, net := range map[string]quantity.Minor{airline: -150, hotel: 150} {
		position := wire.PositionSignature{Currency: "GBP", Window: 1, Member: brandOf(msp), Net: net, Root: w.Root}
		c.must(t, c.public(t, msp, "treasurer", wire.FnSignPosition, position), grocer, hotel)
	}
	c.must(t, c.public(t, grocer, "gateway", wire.FnStartSettlement, first), grocer, airline)
	payment := wire.LegPayment{Leg: wire.LegQuery{Currency: "GBP", Window: 1, From: "airline", To: "hotel"}, Reference: "TS/1/1", Amount: 150}
	c.must(t, c.public(t, airline, "treasurer", wire.FnPayLeg, payment), airline, grocer)
	c.must(t, c.public(t, hotel, "treasurer", wire.FnReceiveLeg, payment), hotel, grocer)
	tx := c.must(t, c.public(t, hotel, "treasurer", wire.FnFinaliseLeg, payment.Leg), hotel, grocer)
	decode(t, c.State("clearing")[engine.WindowKey("GBP", 1)], &w)
	if w.Status != clearing.WindowSettled {
		t.Errorf("the window is %s", w.Status)
	}
	var event wire.ClearingEvent
	decode(t, tx.Event.GetPayload(), &event)
	if tx.Event.GetEventName() != wire.EventClearing || event.Function != wire.FnFinaliseLeg || len(event.Keys) != 4 || event.Keys[0] != "leg/GBP/000000001/airline/hotel" {
		t.Errorf("the event is %+v", event)
	}
}
