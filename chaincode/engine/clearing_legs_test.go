package engine_test

import (
	"strings"
	"testing"

	"github.com/tallystick/tallystick/chaincode/clearing"
	"github.com/tallystick/tallystick/chaincode/engine"
	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/quantity"
	"github.com/tallystick/tallystick/chaincode/wire"
)

// settling is three brands whose first window has one leg: the airline pays the hotel ten pounds.
func settling(t tester) (*house, wire.LegQuery) {
	t.Helper()
	h := trio(t)
	h.net(1, nets{{"airline", "hotel"}: pounds(10)})
	h.sign(1)
	h.must("grocer", engine.RoleGateway, wire.FnStartSettlement, named(1))
	return h, wire.LegQuery{Currency: "GBP", Window: 1, From: "airline", To: "hotel"}
}

func payment(leg wire.LegQuery, reference string, amount quantity.Minor) wire.LegPayment {
	return wire.LegPayment{Leg: leg, Reference: reference, Amount: amount}
}

func (h *house) leg(q wire.LegQuery) clearing.Leg {
	h.t.Helper()
	return at[clearing.Leg](h, engine.LegKey(q.Currency, q.Window, q.From, q.To))
}

func (h *house) wantLeg(q wire.LegQuery, want clearing.LegStatus) {
	h.t.Helper()
	if got := h.leg(q); got.Status != want {
		h.t.Fatalf("the leg is %s, want %s", got.Status, want)
	}
}

func TestPartialPaymentsAddUp(t *testing.T) {
	h, leg := settling(t)
	h.must("airline", engine.RoleTreasurer, wire.FnPayLeg, payment(leg, "A-1", 400))
	h.wantLeg(leg, clearing.LegNotified)
	h.refused(fault.LegExceeds, "airline", engine.RoleTreasurer, wire.FnPayLeg, payment(leg, "A-2", 601))
	h.refused(fault.AlreadyExists, "airline", engine.RoleTreasurer, wire.FnPayLeg, payment(leg, "A-1", 600))
	h.must("hotel", engine.RoleTreasurer, wire.FnReceiveLeg, payment(leg, "A-1", 400))
	h.refused(fault.LegStatus, "hotel", engine.RoleTreasurer, wire.FnFinaliseLeg, leg)
	h.must("airline", engine.RoleTreasurer, wire.FnPayLeg, payment(leg, "A-2", 600))
	h.wantLeg(leg, clearing.LegPaid)
	h.refused(fault.LegStatus, "airline", engine.RoleTreasurer, wire.FnPayLeg, payment(leg, "A-3", 1))
	h.refused(fault.NotFound, "hotel", engine.RoleTreasurer, wire.FnReceiveLeg, payment(leg, "A-2", 599))
	h.refused(fault.NotFound, "hotel", engine.RoleTreasurer, wire.FnReceiveLeg, payment(leg, "A-9", 600))
	h.refused(fault.AlreadyExists, "hotel", engine.RoleTreasurer, wire.FnReceiveLeg, payment(leg, "A-1", 400))
	h.must("hotel", engine.RoleTreasurer, wire.FnReceiveLeg, payment(leg, "A-2", 600))
	h.wantLeg(leg, clearing.LegReceived)
	h.must("hotel", engine.RoleTreasurer, wire.FnFinaliseLeg, leg)
	h.wantLeg(leg, clearing.LegFinal)
	if w := h.window(1); w.Status != clearing.WindowSettled {
		t.Errorf("the window is %s", w.Status)
	}
	for _, function := range []string{wire.FnPayLeg, wire.FnReceiveLeg} {
		h.refused(fault.WindowStatus, map[string]string{wire.FnPayLeg: "airline", wire.FnReceiveLeg: "hotel"}[function], engine.RoleTreasurer, function, payment(leg, "A-4", 1))
	}
	if a, b := h.standing("airline"), h.standing("hotel"); a.Paid != 1000 || a.Payable != 0 || b.Received != 1000 || b.Receivable != 0 {
		t.Errorf("standings are %+v and %+v", a, b)
	}
}

func TestLegIsMovedByTheTreasurersOfItsEnds(t *testing.T) {
	h, leg := settling(t)
	doc := payment(leg, "A-1", 1000)
	for _, c := range []struct{ brand, role string }{{"hotel", "treasurer"}, {"grocer", "treasurer"}, {"airline", "operator"}, {"airline", "gateway"}, {"airline", ""}} {
		h.refused(fault.Forbidden, c.brand, c.role, wire.FnPayLeg, doc)
	}
	h.must("airline", engine.RoleTreasurer, wire.FnPayLeg, doc)
	for _, c := range []struct{ brand, role string }{{"airline", "treasurer"}, {"grocer", "treasurer"}, {"hotel", "operator"}} {
		h.refused(fault.Forbidden, c.brand, c.role, wire.FnReceiveLeg, doc)
		h.refused(fault.Forbidden, c.brand, c.role, wire.FnFinaliseLeg, leg)
	}
	other := leg
	other.From, other.To = "hotel", "airline"
	h.refused(fault.NotFound, "hotel", engine.RoleTreasurer, wire.FnPayLeg, payment(other, "A-1", 1000))
}

func TestWrongPaymentIsReversedByACounterEntry(t *testing.T) {
	h, leg := settling(t)
	reversal := func(reference, member string) wire.EntryReversal {
		return wire.EntryReversal{Leg: leg, Reference: reference, Reason: "wrong account", Member: member}
	}
	h.must("airline", engine.RoleTreasurer, wire.FnPayLeg, payment(leg, "A-1", 1000))
	h.refused(fault.Forbidden, "hotel", engine.RoleTreasurer, wire.FnReverseEntry, reversal("A-1", "hotel"))
	h.refused(fault.Forbidden, "hotel", engine.RoleTreasurer, wire.FnReverseEntry, reversal("A-1", "airline"))
	h.refused(fault.NotFound, "airline", engine.RoleTreasurer, wire.FnReverseEntry, reversal("A-7", "airline"))
	h.must("airline", engine.RoleTreasurer, wire.FnReverseEntry, reversal("A-1", "airline"))
	h.wantLeg(leg, clearing.LegNotified)
	h.refused(fault.NotFound, "airline", engine.RoleTreasurer, wire.FnReverseEntry, reversal("A-1", "airline"))
	h.refused(fault.AlreadyExists, "airline", engine.RoleTreasurer, wire.FnPayLeg, payment(leg, "A-1", 1000))
	h.must("airline", engine.RoleTreasurer, wire.FnPayLeg, payment(leg, "A-2", 1000))
	h.must("hotel", engine.RoleTreasurer, wire.FnReceiveLeg, payment(leg, "A-2", 1000))
	h.refused(fault.Forbidden, "airline", engine.RoleTreasurer, wire.FnReverseEntry, reversal("A-2", "airline"))
	h.must("hotel", engine.RoleTreasurer, wire.FnReverseEntry, reversal("A-2", "hotel"))
	h.wantLeg(leg, clearing.LegNotified)
	if got := h.leg(leg); got.Paid() != 0 || got.Received() != 0 || len(got.Entries) != 2 || got.Entries[1].Reversal.By != "HotelMSP" {
		t.Errorf("the leg is %+v", got)
	}
}

func TestBankReferencesAreOfTheFormThatBanksPassOn(t *testing.T) {
	for reference, fits := range map[string]bool{
		"TS/2026-11/0001": true, "RF18 5390 0754 7034": true, strings.Repeat("9", 35): true, "a": true, "(x),'+?:.-": true,
		"": false, strings.Repeat("9", 36): false, "/x": false, "x/": false, "a//b": false, "é": false, "a\nb": false, "a_b": false, "a&b": false,
	} {
		h, leg := settling(t)
		_, err := h.try("airline", engine.RoleTreasurer, wire.FnPayLeg, payment(leg, reference, 1))
		if (err == nil) != fits || err != nil && fault.CodeOf(err) != fault.InvalidValue {
			t.Errorf("%q: %v", reference, err)
		}
	}
}

func TestLateLegIsMarkedOnceItIsDue(t *testing.T) {
	h, leg := settling(t)
	h.now = h.leg(leg).Due
	h.refused(fault.TooEarly, "hotel", engine.RoleGateway, wire.FnMarkLate, leg)
	h.now++
	h.refused(fault.Forbidden, "airline", engine.RoleGateway, wire.FnMarkLate, leg)
	h.must("hotel", engine.RoleGateway, wire.FnMarkLate, leg)
	h.refused(fault.LegStatus, "hotel", engine.RoleGateway, wire.FnMarkLate, leg)
	h.must("airline", engine.RoleTreasurer, wire.FnPayLeg, payment(leg, "A-1", 1000))
	if got := h.leg(leg); !got.Late || got.Status != clearing.LegPaid {
		t.Errorf("the leg is %+v", got)
	}
	h, leg = settling(t)
	h.now = h.leg(leg).Due + 1
	h.must("airline", engine.RoleTreasurer, wire.FnPayLeg, payment(leg, "A-1", 1))
	if !h.leg(leg).Late {
		t.Error("a payment after the leg was due doesn't mark it")
	}
}

func TestRestOfALateLegIsDeferredByVoteAndOwedAgain(t *testing.T) {
	h, leg := settling(t)
	motion := clearing.Motion{Deferral: &clearing.Deferral{Currency: "GBP", Window: 1, From: "airline", To: "hotel"}}
	id := h.proposalID()
	h.must("grocer", engine.RoleOperator, wire.FnPropose, wire.NewProposal{ID: id, Motion: motion})
	ballot := wire.NewBallot{Proposal: id, Choice: clearing.ChoiceYes}
	h.refused(fault.LegStatus, "hotel", engine.RoleOperator, wire.FnVote, ballot) // It isn't late.
	h.must("airline", engine.RoleTreasurer, wire.FnPayLeg, payment(leg, "A-1", 300))
	h.now = h.leg(leg).Due + 1
	h.must("hotel", engine.RoleGateway, wire.FnMarkLate, leg)
	h.refused(fault.LegStatus, "hotel", engine.RoleOperator, wire.FnVote, ballot) // A payment is under way.
	h.must("hotel", engine.RoleTreasurer, wire.FnReceiveLeg, payment(leg, "A-1", 300))
	h.must("hotel", engine.RoleOperator, wire.FnVote, ballot)
	h.wantLeg(leg, clearing.LegDeferred)
	if w := h.window(1); w.Status != clearing.WindowSettled {
		t.Fatalf("the window is %s", w.Status)
	}
	if got := h.standing("airline"); got.Owes != 300 || got.Paid != 300 || got.Payable != 0 {
		t.Errorf("the airline's standing is %+v", got)
	}
	second := h.net(2, nil)
	if len(second.Settled) != 1 || second.Settled[0].Amount != 700 || second.Settled[0].Window != 1 {
		t.Fatalf("the second netting settles %+v", second.Settled)
	}
	h.settle(2)
	if third := h.net(3, nil); len(third.Settled) != 0 {
		t.Errorf("it is owed a third time: %+v", third.Settled)
	}
	if got := h.standing("hotel"); got.Received != 1000 || got.Owed != 1000 {
		t.Errorf("the hotel's standing is %+v", got)
	}
}
