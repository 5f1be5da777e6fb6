package engine_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/tallystick/tallystick/chaincode/clearing"
	"github.com/tallystick/tallystick/chaincode/engine"
	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/netting"
	"github.com/tallystick/tallystick/chaincode/quantity"
	"github.com/tallystick/tallystick/chaincode/wire"
)

// trio is three brands with ample allocations and an open window.
func trio(t tester) *house {
	t.Helper()
	h := newHouse(t, "airline", "grocer", "hotel")
	h.open()
	h.allotAll(1_000_000)
	return h
}

func TestWindowGoesFromOpenToSettled(t *testing.T) {
	h := trio(t)
	result := h.net(1, nets{{"airline", "grocer"}: pounds(30), {"airline", "hotel"}: pounds(10), {"grocer", "hotel"}: pounds(25)})
	want := []netting.Payment{{From: "airline", To: "hotel", Amount: 3500}, {From: "airline", To: "grocer", Amount: 500}}
	slices.SortFunc(want, func(p, q netting.Payment) int { return strings.Compare(p.To, q.To) })
	if !slices.Equal(result.Payments, want) {
		t.Fatalf("payments are %+v", result.Payments)
	}
	w := h.window(1)
	if hash, err := wire.Hash(result); err != nil || w.Root != hash {
		t.Errorf("the root is %s, the result has hash %s", w.Root, hash)
	}
	h.settle(1)
	if got := h.standing("hotel"); got.Owed != 3500 || got.Received != 3500 || got.Receivable != 0 {
		t.Errorf("the hotel's standing is %+v", got)
	}
	if got := h.window(2); got.Status != clearing.WindowOpen || got.Number != 2 {
		t.Errorf("the second window is %+v", got)
	}
}

func TestWindowWithoutPaymentsIsSettledAtOnce(t *testing.T) {
	h := trio(t)
	result := h.net(1, nets{{"airline", "grocer"}: pounds(10), {"airline", "hotel"}: -pounds(10), {"grocer", "hotel"}: pounds(10)})
	if len(result.Payments) != 0 || len(result.Positions) != 3 {
		t.Fatalf("the result is %+v", result)
	}
	h.refused(fault.TooEarly, "airline", engine.RoleGateway, wire.FnStartSettlement, named(1))
	h.sign(1)
	h.must("hotel", engine.RoleGateway, wire.FnStartSettlement, named(1))
	if got := h.window(1); got.Status != clearing.WindowSettled || got.SettledAt != h.now {
		t.Errorf("the window is %+v", got)
	}
}

func TestFirstWindowOfACurrencyIsOpenedOnce(t *testing.T) {
	h := newHouse(t, "airline", "grocer")
	doc := wire.CurrencyQuery{Currency: "GBP"}
	h.refused(fault.Forbidden, "airline", engine.RoleGateway, wire.FnOpenClearing, doc)
	h.refused(fault.Forbidden, "regulator", engine.RoleOperator, wire.FnOpenClearing, doc)
	h.refused(fault.InvalidValue, "airline", engine.RoleOperator, wire.FnOpenClearing, wire.CurrencyQuery{Currency: "gbp"})
	h.open()
	h.refused(fault.AlreadyExists, "grocer", engine.RoleOperator, wire.FnOpenClearing, doc)
	for i := range wire.MaxCurrencies - 1 {
		h.must("grocer", engine.RoleOperator, wire.FnOpenClearing, wire.CurrencyQuery{Currency: "AA" + string(rune('A'+i))})
	}
	h.refused(fault.TooLarge, "grocer", engine.RoleOperator, wire.FnOpenClearing, wire.CurrencyQuery{Currency: "EUR"})
	if got := at[wire.Currencies](h, engine.CurrenciesKey()); len(got.List) != wire.MaxCurrencies || got.List[0] != "GBP" {
		t.Errorf("currencies are %v", got.List)
	}
}

func TestRollBeforeTheRegularCloseNeedsAnOperatorsReason(t *testing.T) {
	h := trio(t)
	w := h.window(1)
	rolling := wire.Rolling{Currency: "GBP", Number: 1}
	byHand := wire.Rolling{Currency: "GBP", Number: 1, Reason: "audit day"}
	h.refused(fault.TooEarly, "airline", engine.RoleOperator, wire.FnRollWindow, byHand) // The shortest time isn't over.
	h.now++
	h.refused(fault.TooEarly, "airline", engine.RoleOperator, wire.FnRollWindow, rolling)
	h.refused(fault.Forbidden, "airline", engine.RoleGateway, wire.FnRollWindow, byHand)
	h.refused(fault.Forbidden, "zregulator", engine.RoleOperator, wire.FnRollWindow, byHand)
	h.refused(fault.InvalidValue, "airline", engine.RoleOperator, wire.FnRollWindow, wire.Rolling{Currency: "GBP", Number: 1, Reason: "Call Jane on 020 7946"})
	h.refused(fault.WindowOrder, "airline", engine.RoleOperator, wire.FnRollWindow, wire.Rolling{Currency: "GBP", Number: 2, Reason: "audit day"})
	h.now = w.ClosesAt - 1
	h.refused(fault.TooEarly, "airline", engine.RoleGateway, wire.FnRollWindow, rolling)
	h.now = w.ClosesAt
	h.must("hotel", engine.RoleGateway, wire.FnRollWindow, rolling)
	h.refused(fault.WindowOrder, "hotel", engine.RoleGateway, wire.FnRollWindow, rolling)
	if next := h.window(2); next.OpenedAt != h.now || next.ClosesAt != w.ClosesAt+24*hour {
		t.Errorf("the next window is %+v", next)
	}
}

func TestRollByHandKeepsTheBeatOfRegularCloses(t *testing.T) {
	h := trio(t)
	first := h.window(1)
	h.roll(1)
	if next := h.window(2); next.ClosesAt != first.ClosesAt {
		t.Errorf("the next window closes at %d, not %d", next.ClosesAt, first.ClosesAt)
	}
	h.now = first.ClosesAt + 49*hour // Two closes were missed.
	h.must("hotel", engine.RoleGateway, wire.FnRollWindow, wire.Rolling{Currency: "GBP", Number: 2})
	if next := h.window(3); next.ClosesAt != first.ClosesAt+72*hour {
		t.Errorf("the third window closes at %d", next.ClosesAt)
	}
}

func TestWindowsAreNettedInOrderEachOnce(t *testing.T) {
	h := trio(t)
	h.close(1, nets{{"airline", "hotel"}: pounds(1)})
	h.close(2, nets{{"airline", "hotel"}: pounds(2)})
	h.refused(fault.WindowOrder, "grocer", engine.RoleGateway, wire.FnNetWindow, named(2))
	h.must("grocer", engine.RoleGateway, wire.FnNetWindow, named(1))
	h.refused(fault.WindowStatus, "grocer", engine.RoleGateway, wire.FnNetWindow, named(1))
	h.must("grocer", engine.RoleGateway, wire.FnNetWindow, named(2))
	h.refused(fault.WindowStatus, "grocer", engine.RoleGateway, wire.FnNetWindow, named(3))
	h.refused(fault.NotFound, "grocer", engine.RoleGateway, wire.FnNetWindow, named(4))
	h.settle(2) // Settlement of one window doesn't wait for another's.
	h.settle(1)
	h.refused(fault.WindowStatus, "grocer", engine.RoleGateway, wire.FnStartSettlement, named(1))
	h.refused(fault.WindowStatus, "grocer", engine.RoleGateway, wire.FnCloseWindow, named(1))
}

func TestStepsAreTakenByWhomTheTableSays(t *testing.T) {
	for _, step := range []clearing.Step{clearing.StepClose, clearing.StepNet, clearing.StepSettle} {
		roles := clearing.RolesFor(step)
		for _, role := range []string{"gateway", "operator", "treasurer", "auditor", ""} {
			h := trio(t)
			_, err := h.try("airline", role, string(step), named(1))
			if allowed := slices.Contains(roles, role); allowed == (fault.CodeOf(err) == fault.Forbidden) {
				t.Errorf("%s by a %s: %v", step, role, err)
			}
			h.refused(fault.Forbidden, "regulator", role, string(step), named(1))
		}
	}
}

func TestPositionIsSignedByItsMembersTreasurerOverTheResult(t *testing.T) {
	h := trio(t)
	h.net(1, nets{{"airline", "hotel"}: pounds(10)})
	root := h.window(1).Root
	position := func(member string, net quantity.Minor, root string) wire.PositionSignature {
		return wire.PositionSignature{Currency: "GBP", Window: 1, Member: member, Net: net, Root: root}
	}
	h.refused(fault.Forbidden, "airline", engine.RoleOperator, wire.FnSignPosition, position("airline", -1000, root))
	h.refused(fault.Forbidden, "hotel", engine.RoleTreasurer, wire.FnSignPosition, position("airline", -1000, root))
	h.refused(fault.PositionMismatch, "airline", engine.RoleTreasurer, wire.FnSignPosition, position("airline", -999, root))
	h.refused(fault.PositionMismatch, "airline", engine.RoleTreasurer, wire.FnSignPosition, position("airline", -1000, strings.Repeat("0", 64)))
	h.refused(fault.NotFound, "grocer", engine.RoleTreasurer, wire.FnSignPosition, position("grocer", 0, root))
	h.must("airline", engine.RoleTreasurer, wire.FnSignPosition, position("airline", -1000, root))
	h.refused(fault.AlreadyExists, "airline", engine.RoleTreasurer, wire.FnSignPosition, position("airline", -1000, root))
	h.refused(fault.TooEarly, "grocer", engine.RoleGateway, wire.FnStartSettlement, named(1))
	h.now = h.window(1).SignBy
	h.must("grocer", engine.RoleGateway, wire.FnStartSettlement, named(1)) // The hotel's silence doesn't block.
	h.must("hotel", engine.RoleTreasurer, wire.FnSignPosition, position("hotel", 1000, root))
}

func TestNettingSettlesWithinTheReserveAndCarriesTheRest(t *testing.T) {
	h := newHouse(t, "airline", "grocer", "hotel")
	h.open()
	key := newKey()
	h.admit("spa", key, clearing.CoverReserve)
	h.brands = append(h.brands, "spa")
	h.allotAll(1_000_000)
	first := h.net(1, nets{{"airline", "spa"}: -pounds(10), {"grocer", "spa"}: -pounds(30), {"airline", "hotel"}: pounds(5)})
	if len(first.Settled) != 1 || len(first.Carried) != 2 || first.Covers[3].Amount != 0 {
		t.Fatalf("without a reserve: %+v", first)
	}
	h.settle(1)
	bank := h.custodian("bank")
	h.attest("spa", bank, 1500, h.now+30*24*hour)
	second := h.net(2, nil)
	if len(second.Settled) != 1 || second.Settled[0].Amount != 1000 || second.Settled[0].Window != 1 || second.Covers[2].Amount != 1500 {
		t.Fatalf("with a reserve of 15 pounds: %+v", second)
	}
	third := h.net(3, nil) // The ten pounds of the second window aren't paid: they take up the reserve.
	if len(third.Settled) != 0 || third.Covers[1].Amount != 500 {
		t.Fatalf("with ten pounds to pay: %+v", third)
	}
	h.settle(2)
	h.attest("spa", bank, 3000, h.now+24*hour)
	fourth := h.net(4, nil)
	if len(fourth.Carried) != 0 || fourth.Payments[0].Amount != 3000 {
		t.Fatalf("with a reserve of 30 pounds: %+v", fourth)
	}
}

func TestNettingTakesBoundedWorkWhateverIsCarried(t *testing.T) {
	h := newHouse(t, "airline", "grocer")
	h.open()
	h.allotAll(1_000_000)
	state := at[clearing.Consortium](h, engine.ConsortiumKey())
	state.Members[0].Cover = clearing.CoverReserve
	h.state[engine.ConsortiumKey()] = encode(t, state)
	for n := int64(1); n <= 5; n++ {
		result := h.net(n, nets{{"airline", "grocer"}: pounds(n)})
		if n > 1 && len(result.Carried) != 2 {
			t.Fatalf("window %d carries %+v", n, result.Carried)
		}
	}
	last := at[clearing.Netting](h, engine.NettingKey("GBP", 5))
	if last.Carried[0] != (netting.Obligation{Window: 1, From: "airline", To: "grocer", Amount: 1000}) {
		t.Errorf("carried is %+v", last.Carried)
	}
}
