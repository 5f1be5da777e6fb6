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

func TestReserveIsWhatARegisteredCustodianSigned(t *testing.T) {
	good := func(h *house) clearing.ReserveStatement {
		return clearing.ReserveStatement{
			Genesis: genesis, Member: "hotel", Currency: "GBP", Amount: 100, AsOf: h.now - 1, ValidUntil: h.now + 24*hour, Custodian: "bank",
		}
	}
	for name, c := range map[string]struct {
		change func(*clearing.ReserveStatement)
		code   fault.Code
	}{
		"as it should be":    {func(*clearing.ReserveStatement) {}, fault.OK},
		"another channel":    {func(s *clearing.ReserveStatement) { s.Genesis = strings.Repeat("0b", 32) }, fault.SignatureRefused},
		"another custodian":  {func(s *clearing.ReserveStatement) { s.Custodian = "other" }, fault.NotFound},
		"another member":     {func(s *clearing.ReserveStatement) { s.Member = "airline" }, fault.Forbidden},
		"a negative amount":  {func(s *clearing.ReserveStatement) { s.Amount = -1 }, fault.OutOfRange},
		"of the future":      {func(s *clearing.ReserveStatement) { s.AsOf += 24 * hour }, fault.InvalidValue},
		"expired":            {func(s *clearing.ReserveStatement) { s.ValidUntil = s.AsOf }, fault.InvalidValue},
		"good for too long":  {func(s *clearing.ReserveStatement) { s.ValidUntil = s.AsOf + clearing.MaxReserveSeconds + 1 }, fault.InvalidValue},
		"a currency of none": {func(s *clearing.ReserveStatement) { s.Currency = "pounds" }, fault.InvalidValue},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHouse(t, "airline", "grocer", "hotel")
			bank, statement := h.custodian("bank"), good(h)
			c.change(&statement)
			_, err := h.try("hotel", engine.RoleGateway, wire.FnSubmitReserve, wire.NewReserve{Statement: statement, Signature: signed(t, bank, statement)})
			wantCode(t, err, c.code)
		})
	}
	h := newHouse(t, "airline", "grocer", "hotel")
	bank, statement := h.custodian("bank"), good(h)
	h.refused(fault.SignatureRefused, "hotel", engine.RoleGateway, wire.FnSubmitReserve, wire.NewReserve{Statement: statement, Signature: signed(t, newKey(), statement)})
	more := statement
	more.Amount++
	h.refused(fault.SignatureRefused, "hotel", engine.RoleGateway, wire.FnSubmitReserve, wire.NewReserve{Statement: more, Signature: signed(t, bank, statement)})
	h.refused(fault.Forbidden, "hotel", "auditor", wire.FnSubmitReserve, wire.NewReserve{Statement: statement, Signature: signed(t, bank, statement)})
	h.must("hotel", engine.RoleTreasurer, wire.FnSubmitReserve, wire.NewReserve{Statement: statement, Signature: signed(t, bank, statement)})
	h.refused(fault.ReserveStale, "hotel", engine.RoleGateway, wire.FnSubmitReserve, wire.NewReserve{Statement: more, Signature: signed(t, bank, more)})
	h.carry(clearing.Motion{Custodian: &clearing.CustodianKey{ID: "bank"}})
	more.AsOf++
	h.refused(fault.SignatureRefused, "hotel", engine.RoleGateway, wire.FnSubmitReserve, wire.NewReserve{Statement: more, Signature: signed(t, bank, more)})
}

func TestExpiredOrRevokedReserveCoversNothing(t *testing.T) {
	covered := func() *house {
		h := newHouse(t, "airline", "grocer", "hotel")
		h.open()
		h.admit("spa", newKey(), clearing.CoverReserve)
		h.brands = append(h.brands, "spa")
		h.allotAll(1_000_000)
		h.attest("spa", h.custodian("bank"), 5000, h.now+48*hour)
		h.close(1, nets{{"hotel", "spa"}: -pounds(10)})
		return h
	}
	carried := func(h *house) int {
		h.must("airline", engine.RoleGateway, wire.FnNetWindow, named(1))
		return len(at[clearing.Netting](h, engine.NettingKey("GBP", 1)).Carried)
	}
	if h := covered(); carried(h) != 0 {
		t.Error("a reserve in force covers nothing")
	}
	h := covered()
	h.now = at[clearing.Reserve](h, engine.AttestedKey("spa", "GBP")).Statement.ValidUntil + 1
	if carried(h) != 1 {
		t.Error("an expired reserve covers")
	}
	h = covered()
	h.custodian("bank") // Another key.
	if carried(h) != 1 {
		t.Error("a statement covers whose key is the custodian's no longer")
	}
}

func TestMemberInDefaultIsActedForByItsAdministrator(t *testing.T) {
	h := trio(t)
	h.net(1, nets{{"airline", "hotel"}: pounds(10)})
	until := quantity.DayOf(h.now) + 30
	motion := clearing.Motion{Default: &clearing.Administration{Member: "airline", Administrator: "grocer", HonourUntil: until}}
	h.refused(fault.Forbidden, "airline", engine.RoleOperator, wire.FnPropose, wire.NewProposal{ID: h.proposalID(), Motion: motion})
	h.carry(motion, "grocer", "hotel")
	got := h.member("airline")
	if !got.Is(clearing.StatusAdministered) || got.Administrator != "GrocerMSP" || got.HonourUntil != until {
		t.Fatalf("the airline is %+v", got)
	}
	root := h.window(1).Root
	position := wire.PositionSignature{Currency: "GBP", Window: 1, Member: "airline", Net: -1000, Root: root}
	h.refused(fault.Forbidden, "airline", engine.RoleTreasurer, wire.FnSignPosition, position)
	h.must("grocer", engine.RoleTreasurer, wire.FnSignPosition, position)
	position.Member, position.Net = "hotel", 1000
	h.must("hotel", engine.RoleTreasurer, wire.FnSignPosition, position)
	h.must("hotel", engine.RoleGateway, wire.FnStartSettlement, named(1))
	leg := wire.LegQuery{Currency: "GBP", Window: 1, From: "airline", To: "hotel"}
	h.refused(fault.Forbidden, "airline", engine.RoleTreasurer, wire.FnPayLeg, payment(leg, "A-1", 1000))
	h.must("grocer", engine.RoleTreasurer, wire.FnPayLeg, payment(leg, "A-1", 1000))

	// What it comes to owe from now on is paid within its reserve only.
	h.brands = []string{"grocer", "hotel"}
	h.roll(2)
	h.must("grocer", engine.RoleGateway, wire.FnDiscloseNet, disclosure(2, "airline", "grocer"))
	h.must("grocer", engine.RoleGateway, wire.FnDiscloseNet, disclosure(2, "airline", "hotel", h.tally(2, "airline", "hotel", 0, pounds(5))))
	h.must("grocer", engine.RoleGateway, wire.FnDiscloseNet, disclosure(2, "grocer", "hotel"))
	h.must("hotel", engine.RoleGateway, wire.FnCloseWindow, named(2))
	h.must("hotel", engine.RoleGateway, wire.FnNetWindow, named(2))
	if n := at[clearing.Netting](h, engine.NettingKey("GBP", 2)); len(n.Carried) != 1 {
		t.Errorf("netted is %+v", n)
	}
}

func TestAdministratorIsAnotherBrandInGoodStanding(t *testing.T) {
	h := newHouse(t, "airline", "grocer", "hotel", "spa")
	day := quantity.DayOf(h.now)
	h.refused(fault.InvalidValue, "grocer", engine.RoleOperator, wire.FnPropose, wire.NewProposal{ID: h.proposalID(), Motion: clearing.Motion{
		Default: &clearing.Administration{Member: "airline", Administrator: "airline", HonourUntil: day}}})
	h.refused(fault.InvalidValue, "grocer", engine.RoleOperator, wire.FnPropose, wire.NewProposal{ID: h.proposalID(), Motion: clearing.Motion{
		Default: &clearing.Administration{Member: "airline", Administrator: "zregulator", HonourUntil: day}}})
	fails := func(code fault.Code, d clearing.Administration, voters ...string) {
		t.Helper()
		id := h.proposalID()
		h.must(voters[0], engine.RoleOperator, wire.FnPropose, wire.NewProposal{ID: id, Motion: clearing.Motion{Default: &d}})
		ballot := wire.NewBallot{Proposal: id, Choice: clearing.ChoiceYes}
		h.must(voters[1], engine.RoleOperator, wire.FnVote, ballot)
		h.refused(code, voters[2], engine.RoleOperator, wire.FnVote, ballot)
	}
	fails(fault.InvalidValue, clearing.Administration{Member: "airline", Administrator: "grocer", HonourUntil: day - 1}, "grocer", "hotel", "spa")
	fails(fault.InvalidValue, clearing.Administration{Member: "airline", Administrator: "grocer", HonourUntil: day + clearing.MaxHonourDays + 1}, "grocer", "hotel", "spa")
	h.carry(clearing.Motion{Exit: &clearing.Leave{Member: "spa", HonourUntil: day + 1}})
	fails(fault.Forbidden, clearing.Administration{Member: "airline", Administrator: "spa", HonourUntil: day + 1}, "grocer", "hotel", "spa")
}

// leaving is three brands of which the airline leaves and owes the hotel ten pounds of the first window.
func leaving(t tester) *house {
	t.Helper()
	h := trio(t)
	h.net(1, nets{pairOfTwo: pounds(10)})
	h.carry(clearing.Motion{Exit: &clearing.Leave{Member: "airline", HonourUntil: quantity.DayOf(h.now) + 1}})
	return h
}

func closing(windows ...wire.WindowQuery) wire.Closing {
	if windows == nil {
		windows = []wire.WindowQuery{}
	}
	return wire.Closing{Member: "airline", Hash: strings.Repeat("cd", 32), Windows: windows}
}

func TestMemberGoesWhenItsLastWindowIsSettled(t *testing.T) {
	h := leaving(t)
	h.refused(fault.NotSettled, "airline", engine.RoleOperator, wire.FnCloseMembership, closing(named(1)))
	h.net(2, nets{pairOfTwo: 1_300_000})
	h.settle(2)
	h.now += 72 * hour
	h.refused(fault.NotSettled, "airline", engine.RoleOperator, wire.FnCloseMembership, closing(named(2))) // It was open while points were honoured.
	h.net(3, nets{{"grocer", "hotel"}: pounds(3)})
	h.refused(fault.NotSettled, "airline", engine.RoleOperator, wire.FnCloseMembership, closing(named(3))) // It isn't settled.
	h.settle(3)
	h.refused(fault.NotSettled, "airline", engine.RoleOperator, wire.FnCloseMembership, closing(named(3))) // A leg of the first window is open.
	h.settle(1)
	h.refused(fault.NotSettled, "airline", engine.RoleOperator, wire.FnCloseMembership, closing())
	h.refused(fault.InvalidValue, "airline", engine.RoleOperator, wire.FnCloseMembership, closing(named(3), named(3)))
	h.refused(fault.Forbidden, "grocer", engine.RoleOperator, wire.FnCloseMembership, closing(named(3)))
	h.refused(fault.Forbidden, "airline", engine.RoleGateway, wire.FnCloseMembership, closing(named(3)))
	h.must("airline", engine.RoleOperator, wire.FnCloseMembership, closing(named(3)))
	if got := h.member("airline"); !got.Is(clearing.StatusExited) {
		t.Fatalf("the airline is %s", got.Status)
	}
	statement := at[clearing.FinalStatement](h, engine.FinalStatementKey("airline"))
	if len(statement.Figures) != 1 || statement.Figures[0].Standing.Paid != 1001 || statement.Figures[0].Residual != -300_000 || statement.Hash != closing().Hash {
		t.Errorf("the statement is %+v", statement)
	}
	h.refused(fault.Forbidden, "airline", engine.RoleOperator, wire.FnCloseMembership, closing(named(3)))
	h.refused(fault.MemberStatus, "airline", engine.RoleOperator, wire.FnRollWindow, wire.Rolling{Currency: "GBP", Number: 4, Reason: "test"})

	h.brands = []string{"grocer", "hotel"} // The others go on, and get back what they had set aside for it.
	h.net(4, nets{{"grocer", "hotel"}: pounds(3)})
	h.settle(4)
	h.carry(clearing.Motion{Allocation: &clearing.AllocationMove{Debtor: "hotel", Creditor: "airline", Currency: "GBP", Amount: 0}})
	h.refused(fault.InvalidValue, "hotel", engine.RoleOperator, wire.FnPropose, wire.NewProposal{ID: h.proposalID(), Motion: clearing.Motion{
		Allocation: &clearing.AllocationMove{Debtor: "hotel", Creditor: "airline", Currency: "GBP", Amount: 1}}})
}

func TestMemberWithALineAsideOrAnUndisclosedPairDoesNotGo(t *testing.T) {
	h := leaving(t)
	h.settle(1)
	h.now += 72 * hour
	doc := h.evidence(2, pounds(4))[0]
	h.must("hotel", engine.RoleTreasurer, wire.FnFileDispute, doc)
	h.net(2, nets{pairOfTwo: pounds(7)})
	h.settle(2)
	h.refused(fault.NotSettled, "airline", engine.RoleOperator, wire.FnCloseMembership, closing(named(2)))
	h.must("hotel", engine.RoleTreasurer, wire.FnWithdrawDispute, stepOf(doc, "hotel"))
	h.roll(3)
	h.now = h.window(3).DiscloseBy
	h.must("grocer", engine.RoleGateway, wire.FnDiscloseNet, disclosure(3, "airline", "grocer"))
	h.must("grocer", engine.RoleGateway, wire.FnCloseWindow, named(3))
	h.must("grocer", engine.RoleGateway, wire.FnNetWindow, named(3))
	h.settle(3)
	h.refused(fault.NotSettled, "airline", engine.RoleOperator, wire.FnCloseMembership, closing(named(3))) // The hotel hasn't disclosed.
	h.roll(4)
	missed := disclosure(3, "airline", "hotel")
	missed.Netting = 4
	h.must("hotel", engine.RoleGateway, wire.FnDiscloseNet, missed)
	h.must("airline", engine.RoleOperator, wire.FnCloseMembership, closing(named(3)))
}

func TestMemberThatClearedNothingGoesAfterItsHonourWindow(t *testing.T) {
	h := newHouse(t, "airline", "grocer", "hotel")
	h.open()
	h.carry(clearing.Motion{Exit: &clearing.Leave{Member: "airline", HonourUntil: quantity.DayOf(h.now) + 1}})
	h.refused(fault.NotSettled, "airline", engine.RoleOperator, wire.FnCloseMembership, closing())
	h.now += 48 * hour
	h.refused(fault.MemberStatus, "grocer", engine.RoleOperator, wire.FnCloseMembership, wire.Closing{Member: "grocer", Hash: closing().Hash, Windows: []wire.WindowQuery{}})
	h.must("airline", engine.RoleOperator, wire.FnCloseMembership, closing())
}
