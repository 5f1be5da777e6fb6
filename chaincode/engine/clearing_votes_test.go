package engine_test

import (
	"crypto/ecdsa"
	"strings"
	"testing"

	"github.com/tallystick/tallystick/chaincode/clearing"
	"github.com/tallystick/tallystick/chaincode/engine"
	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/quantity"
	"github.com/tallystick/tallystick/chaincode/wire"
)

// admission is a newcomer's, with its consent.
func (h *house) admission(name string, key *ecdsa.PrivateKey, cover clearing.CoverRule) *clearing.Admission {
	h.t.Helper()
	a := &clearing.Admission{Name: name, MSP: mspOf(name), AdminKey: encodedKey(key), Novation: strings.Repeat("ab", 32), Cover: cover}
	a.Consent = signed(h.t, key, a.Terms(genesis))
	return a
}

func (h *house) admit(name string, key *ecdsa.PrivateKey, cover clearing.CoverRule) {
	h.t.Helper()
	h.carry(clearing.Motion{Admit: h.admission(name, key, cover)})
}

func (h *house) custodian(id string) *ecdsa.PrivateKey {
	h.t.Helper()
	key := newKey()
	h.carry(clearing.Motion{Custodian: &clearing.CustodianKey{ID: id, Key: encodedKey(key)}})
	return key
}

// attest submits the bank's statement of a member's reserve as of now.
func (h *house) attest(member string, bank *ecdsa.PrivateKey, amount quantity.Minor, until int64) {
	h.t.Helper()
	h.now++
	statement := clearing.ReserveStatement{
		Genesis: genesis, Member: member, Currency: "GBP", Amount: amount, AsOf: h.now, ValidUntil: until, Custodian: "bank",
	}
	h.must(member, engine.RoleGateway, wire.FnSubmitReserve, wire.NewReserve{Statement: statement, Signature: signed(h.t, bank, statement)})
}

func capMotion(member string, amount quantity.Minor) clearing.Motion {
	return clearing.Motion{Cap: &clearing.CapMotion{Member: member, Currency: "GBP", Amount: amount}}
}

func TestMotionIsExecutedByTheVoteThatMakesTheMajority(t *testing.T) {
	h := newHouse(t, "airline", "grocer", "hotel", "spa")
	id := h.proposalID()
	h.must("airline", engine.RoleOperator, wire.FnPropose, wire.NewProposal{ID: id, Motion: capMotion("hotel", 500)})
	ballot := wire.NewBallot{Proposal: id, Choice: clearing.ChoiceYes}
	h.must("grocer", engine.RoleOperator, wire.FnVote, ballot)
	if h.state[engine.CapKey("hotel", "GBP")] != nil {
		t.Fatal("two of four brands are a majority")
	}
	h.must("hotel", engine.RoleOperator, wire.FnVote, ballot)
	if got := at[clearing.Cap](h, engine.CapKey("hotel", "GBP")); got.Amount != 500 || got.Epoch != 1 {
		t.Errorf("the cap is %+v", got)
	}
	h.refused(fault.ProposalClosed, "spa", engine.RoleOperator, wire.FnVote, ballot)
}

func TestVotesAreABrandsOwnAndCountOnce(t *testing.T) {
	h := newHouse(t, "airline", "grocer", "hotel", "spa")
	id := h.proposalID()
	proposal := wire.NewProposal{ID: id, Motion: capMotion("hotel", 500)}
	h.refused(fault.Forbidden, "airline", engine.RoleGateway, wire.FnPropose, proposal)
	h.refused(fault.Forbidden, "airline", engine.RoleTreasurer, wire.FnPropose, proposal)
	h.refused(fault.Forbidden, "regulator", engine.RoleOperator, wire.FnPropose, proposal)
	h.refused(fault.Forbidden, "stranger", engine.RoleOperator, wire.FnPropose, proposal)
	h.must("airline", engine.RoleOperator, wire.FnPropose, proposal)
	h.refused(fault.AlreadyExists, "grocer", engine.RoleOperator, wire.FnPropose, proposal)
	ballot := wire.NewBallot{Proposal: id, Choice: clearing.ChoiceYes}
	h.refused(fault.AlreadyExists, "airline", engine.RoleOperator, wire.FnVote, ballot)
	h.refused(fault.Forbidden, "regulator", engine.RoleOperator, wire.FnVote, ballot)
	h.refused(fault.InvalidValue, "grocer", engine.RoleOperator, wire.FnVote, wire.NewBallot{Proposal: id, Choice: "maybe"})
	h.refused(fault.NotFound, "grocer", engine.RoleOperator, wire.FnVote, wire.NewBallot{Proposal: h.proposalID(), Choice: clearing.ChoiceYes})
	h.now += clearing.ProposalSeconds + 1
	h.refused(fault.ProposalClosed, "grocer", engine.RoleOperator, wire.FnVote, ballot)
}

func TestSuspendedBrandTakesNoPartButSettles(t *testing.T) {
	h := trio(t)
	h.net(1, nets{{"airline", "hotel"}: pounds(10)})
	suspend := clearing.Motion{Suspend: &clearing.Concerned{Member: "airline"}}
	h.refused(fault.Forbidden, "airline", engine.RoleOperator, wire.FnPropose, wire.NewProposal{ID: h.proposalID(), Motion: suspend})
	h.carry(suspend, "grocer", "hotel")
	airline := h.member("airline")
	if airline.State() != clearing.StatusSuspended {
		t.Fatalf("the airline is %s", airline.State())
	}
	h.refused(fault.MemberStatus, "airline", engine.RoleOperator, wire.FnPropose, wire.NewProposal{ID: h.proposalID(), Motion: capMotion("airline", 1)})
	h.refused(fault.MemberStatus, "airline", engine.RoleOperator, wire.FnRollWindow, wire.Rolling{Currency: "GBP", Number: 2, Reason: "test"})
	h.sign(1)
	h.must("hotel", engine.RoleGateway, wire.FnStartSettlement, named(1))
	h.pay(1, h.window(1).Legs[0])
	h.carry(clearing.Motion{Reinstate: &clearing.Concerned{Member: "airline"}}, "grocer", "hotel")
	if airline = h.member("airline"); !airline.Is(clearing.StatusActive) {
		t.Errorf("the airline is %s", airline.State())
	}
}

func TestNewcomerSignsItsTermsAndGetsTheNextNumber(t *testing.T) {
	h := newHouse(t, "airline", "grocer", "hotel")
	key := newKey()
	forged := h.admission("bank", key, "")
	forged.Consent = signed(t, newKey(), forged.Terms(genesis))
	changed := h.admission("bank", key, "")
	changed.Novation = strings.Repeat("cd", 32)
	elsewhere := h.admission("bank", key, "")
	elsewhere.Consent = signed(t, key, elsewhere.Terms(strings.Repeat("0b", 32)))
	for name, a := range map[string]*clearing.Admission{"signed by another key": forged, "over other terms": changed, "for another channel": elsewhere} {
		_, err := h.try("airline", engine.RoleOperator, wire.FnPropose, wire.NewProposal{ID: h.proposalID(), Motion: clearing.Motion{Admit: a}})
		if fault.CodeOf(err) != fault.SignatureRefused {
			t.Errorf("%s: %v", name, err)
		}
	}
	h.admit("bank", key, clearing.CoverReserve)
	got := h.member("bank")
	if got.Number != 4 || !got.Is(clearing.StatusActive) || got.Kind != clearing.KindBrand || got.Cover != clearing.CoverReserve || got.AdminKey == "" {
		t.Errorf("the newcomer is %+v", got)
	}
	if got := h.member("airline"); got.Number != 0 {
		t.Errorf("the airline's number moved to %d", got.Number)
	}
	again := h.admission("bank", key, "")
	id := h.proposalID()
	h.must("airline", engine.RoleOperator, wire.FnPropose, wire.NewProposal{ID: id, Motion: clearing.Motion{Admit: again}})
	h.must("grocer", engine.RoleOperator, wire.FnVote, wire.NewBallot{Proposal: id, Choice: clearing.ChoiceYes})
	h.refused(fault.AlreadyExists, "hotel", engine.RoleOperator, wire.FnVote, wire.NewBallot{Proposal: id, Choice: clearing.ChoiceYes})
}

func TestAllocationsAreCutOutOfTheDebtorsCap(t *testing.T) {
	h := newHouse(t, "airline", "grocer", "hotel")
	h.open()
	h.roll(1)
	move := func(creditor string, amount quantity.Minor) clearing.Motion {
		return clearing.Motion{Allocation: &clearing.AllocationMove{Debtor: "hotel", Creditor: creditor, Currency: "GBP", Amount: amount}}
	}
	fails := func(code fault.Code, m clearing.Motion) {
		t.Helper()
		id := h.proposalID()
		h.must("airline", engine.RoleOperator, wire.FnPropose, wire.NewProposal{ID: id, Motion: m})
		h.refused(code, "grocer", engine.RoleOperator, wire.FnVote, wire.NewBallot{Proposal: id, Choice: clearing.ChoiceYes})
	}
	fails(fault.CapExceeded, move("airline", 1))
	h.carry(capMotion("hotel", 100))
	h.carry(move("airline", 60))
	fails(fault.CapExceeded, move("grocer", 41))
	h.carry(move("grocer", 40))
	fails(fault.CapExceeded, capMotion("hotel", 99))
	h.carry(move("airline", 10))
	h.carry(capMotion("hotel", 50))
	a := at[clearing.Allocation](h, engine.AllocationKey("hotel", "airline", "GBP"))
	if a.A != "airline" || a.Amount != [2]quantity.Minor{clearing.BOwesA: 10} || a.Since != 2 || a.Epoch != 2 {
		t.Errorf("the allocation is %+v", a)
	}
	limit := at[clearing.Cap](h, engine.CapKey("hotel", "GBP"))
	all := []clearing.Allocation{a, at[clearing.Allocation](h, engine.AllocationKey("grocer", "hotel", "GBP"))}
	if err := clearing.AllocationsWithinCap(&limit, all); err != nil {
		t.Error(err)
	}
}

func TestCalendarOfACurrencyIsVoted(t *testing.T) {
	h := newHouse(t, "airline", "grocer")
	answered := h.must("airline", "", wire.FnGetCalendar, wire.CurrencyQuery{Currency: "GBP"}).Response
	if got := record[clearing.Calendar](t, answered); got != *clearing.DefaultCalendar("GBP") {
		t.Errorf("the calendar is %+v", got)
	}
	next := *clearing.DefaultCalendar("GBP")
	next.LengthSeconds, next.ShortestSeconds = 7*24*hour, 2*hour
	h.carry(clearing.Motion{Calendar: &next})
	h.open()
	if w := h.window(1); w.ClosesAt != h.now+7*24*hour {
		t.Errorf("the window is %+v", w)
	}
	h.now += hour
	h.refused(fault.TooEarly, "airline", engine.RoleOperator, wire.FnRollWindow, wire.Rolling{Currency: "GBP", Number: 1, Reason: "test"})
}
