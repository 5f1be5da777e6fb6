package sequencer

import (
	"testing"
	"time"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/quantity"
	"github.com/tallystick/tallystick/chaincode/rules"
)

func TestACaptureIsAcceptedAtTheTillThatHoldsAndNowhereElse(t *testing.T) {
	w, p, ids := startFunded(t, 1)
	held := p.done(hold(ids[0], 10, w.now().Add(time.Hour).Unix(), "hold")).Operation
	for name, c := range map[string]struct {
		change func(*Intake)
		code   fault.Code
	}{
		"at the till that holds": {func(*Intake) {}, fault.OK},
		"at another till":        {func(in *Intake) { in.Details.Terminal = "u" }, fault.AuthMismatch},
		"in another store":       {func(in *Intake) { in.Details.Store = "u" }, fault.AuthMismatch},
		"with another salt":      {func(in *Intake) { in.Details.PlaceSalt = "guessed" }, fault.AuthMismatch},
		"of a hold of nobody's":  {func(in *Intake) { in.Operation.Hold = points.OperationID(someAccount) }, fault.HoldUnknown},
	} {
		in := capture(ids[0], held, 2, name)
		c.change(&in)
		if r := p.done(in); r.Code != c.code {
			t.Errorf("a capture %s ended with %s, want %s", name, r.Code, c.code)
		}
	}
	if got := w.account(ids[0]); got.Held != 8 || got.Posted != 98 {
		t.Errorf("the account holds %d of %d points, want 8 of 98", got.Held, got.Posted)
	}
}

func TestACaptureThatWaitsBehindItsHoldIsAcceptedWithIt(t *testing.T) {
	w, p, ids := startFunded(t, 1)
	held := p.must(hold(ids[0], 10, w.now().Add(time.Hour).Unix(), "hold"))
	taken := p.must(capture(ids[0], held.Operation.ID, 10, "capture"))
	p.awaitPassing(held, taken)
	if got := w.account(ids[0]); got.Held != 0 || got.Posted != 90 {
		t.Errorf("the account holds %d of %d points, want 0 of 90; codes %v", got.Held, got.Posted, w.codes())
	}
}

// twofold gives 2 points a pound.
func twofold(day quantity.Day) *rules.Set {
	return &rules.Set{
		V: 1, Version: 1, Effective: day, Zone: "UTC", MinorPerUnit: 100, Prose: rules.Words{"en": "Two points a pound."},
		Rules: []rules.Rule{{
			ID: "purchase", Types: []rules.EventType{rules.Purchase}, Action: rules.Action{Rate: &quantity.Ratio{Num: 2, Den: 100}, Rounding: rules.Floor},
		}},
	}
}

func TestAReturnByLinesOrByAmountDisclosesThePurchaseThatRulesAwarded(t *testing.T) {
	w, p := start(t)
	account := p.opened(1)[0]
	w.publish(twofold(quantity.DayOf(time.Now().Unix())))
	bought := earn(account, 10, "r1")
	bought.Details.Lines = []points.Line{{AmountMinor: 300}, {AmountMinor: 700}}
	original := w.original(p.done(bought).Operation)
	back := func(reference string, minor int64, lines ...int) points.Receipt {
		in := earn(account, 0, reference)
		in.Details.AmountMinor = minor
		in.Operation.Kind, in.Operation.Original, in.Operation.Lines = points.KindReturn, original, lines
		return p.done(in)
	}
	if r := back("line", 0, 0); r.Code != fault.OK || r.Points != 6 {
		t.Errorf("the first line's return took back %d points (%s), want 6", r.Points, r.Code)
	}
	if r := back("amount", 200); r.Code != fault.OK || r.Points != 4 {
		t.Errorf("the return of two pounds took back %d points (%s), want 4", r.Points, r.Code)
	}
	if got := w.posted(account); got != 10 {
		t.Errorf("the account has %d points, want 10", got)
	}
}

func TestWhatTheGatewayDoesNotKnowItDoesNotDisclose(t *testing.T) {
	w, p := start(t)
	account := p.opened(1)[0]
	w.publish(twofold(quantity.DayOf(time.Now().Unix())))
	original := w.original(p.done(earn(account, 10, "r1")).Operation)
	forged := *original
	forged.Receipt.Operation = points.OperationID(someAccount)
	in := earn(account, 1, "r2")
	in.Operation.Kind, in.Operation.Original = points.KindReturn, &forged
	if r := p.done(in); r.Code != fault.ReturnUndisclosed {
		t.Errorf("the return of what nobody knows ended with %s", r.Code)
	}
}
