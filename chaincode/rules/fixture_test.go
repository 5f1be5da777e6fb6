package rules_test

import (
	"os"
	"testing"

	"github.com/go-json-experiment/json"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/quantity"
	"github.com/tallystick/tallystick/chaincode/rules"
)

// reporter is what a test, a benchmark and a rapid test have in common.
type reporter interface {
	Helper()
	Fatalf(format string, args ...any)
	Errorf(format string, args ...any)
}

func day(t reporter, s string) quantity.Day {
	t.Helper()
	d, err := quantity.ParseDay(s)
	if err != nil {
		t.Fatalf("%v", err)
	}
	return d
}

// springSet reads the published example strictly, as the ledger would.
func springSet(t reporter) *rules.Set {
	t.Helper()
	raw, err := os.ReadFile("testdata/spring.json")
	if err != nil {
		t.Fatalf("%v", err)
	}
	var set rules.Set
	if err := strictly(raw, &set); err != nil {
		t.Fatalf("%v", err)
	}
	return &set
}

// strictly decodes what may stand on the ledger.
func strictly(raw []byte, v any) error {
	return json.Unmarshal(raw, v, json.RejectUnknownMembers(true))
}

// setOf wraps rules in the smallest valid set.
func setOf(list ...rules.Rule) *rules.Set {
	for i := range list {
		if len(list[i].Types) == 0 {
			list[i].Types = []rules.EventType{rules.Purchase}
		}
	}
	return &rules.Set{V: 1, Version: 1, Zone: "Europe/London", MinorPerUnit: 100, Prose: rules.Words{"en": "Rules."}, Rules: list}
}

func compile(t reporter, set *rules.Set) *rules.Program {
	t.Helper()
	p, err := rules.Compile(set)
	if err != nil {
		t.Fatalf("refused: %v", err)
	}
	return p
}

func purchase(minor int64) *rules.Event {
	return &rules.Event{Type: rules.Purchase, AmountMinor: minor, Currency: "GBP", Store: "s1", Channel: "till", OccurredAt: "2026-03-07T12:00:00Z"}
}

func fixed(id string, points quantity.Points) rules.Rule {
	return rules.Rule{ID: id, Action: rules.Action{Fixed: points}}
}

func rate(id string, num, den int64) rules.Rule {
	return rules.Rule{ID: id, Action: rules.Action{Rate: &quantity.Ratio{Num: num, Den: den}, Rounding: rules.Floor}}
}

func multiplier(id string, num, den int64) rules.Rule {
	return rules.Rule{ID: id, Action: rules.Action{Multiplier: &quantity.Ratio{Num: num, Den: den}}}
}

func evaluate(t reporter, p *rules.Program, ev *rules.Event, s *rules.Standing, on quantity.Day) rules.Outcome {
	t.Helper()
	o, code := p.Evaluate(ev, s, on, nil)
	if code != fault.OK {
		t.Fatalf("refused: %s", code)
	}
	return o
}

func apply(t reporter, p *rules.Program, s *rules.Standing, o *rules.Outcome, on quantity.Day) rules.Standing {
	t.Helper()
	next, err := p.Apply(s, o, on)
	if err != nil {
		t.Fatalf("refused: %v", err)
	}
	return next
}

// book evaluates and applies.
func book(t reporter, p *rules.Program, ev *rules.Event, s *rules.Standing, on quantity.Day) rules.Outcome {
	t.Helper()
	o := evaluate(t, p, ev, s, on)
	*s = apply(t, p, s, &o, on)
	return o
}

func wantCode(t reporter, err error, code fault.Code) {
	t.Helper()
	if got := fault.CodeOf(err); err == nil || got != code {
		t.Errorf("got %v, want %s", err, code)
	}
}

func given(o *rules.Outcome) map[string]quantity.Points {
	m := map[string]quantity.Points{}
	for _, a := range o.Awards {
		m[a.Rule] = a.Points
	}
	return m
}

var _ reporter = (*testing.T)(nil)
