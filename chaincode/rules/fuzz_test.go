package rules_test

import (
	"bytes"
	"encoding/json"
	"os"
	"testing"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/quantity"
	"github.com/tallystick/tallystick/chaincode/rules"
)

// FuzzCompile loads a rule set as the ledger would, and runs it twice on an event: whatever the documents are, nothing may panic, change, or depend on chance.
func FuzzCompile(f *testing.F) {
	spring, err := os.ReadFile("testdata/spring.json")
	if err != nil {
		f.Fatal(err)
	}
	event := encoded(f, busyEvent())
	f.Add(spring, event)
	budgeted := campaignSet(func(c *rules.Campaign) { c.Budget, c.Lanes, c.Tag = 9, 2, "app" })
	for _, set := range []*rules.Set{everyMeasure(), fullSet(), budgeted, conditionSet(`categories.filter(c, categories[c] > 3).size() > 1`)} {
		f.Add(encoded(f, set), event)
	}
	for _, c := range badEvents() {
		if raw, err := json.Marshal(c.ev); err == nil {
			f.Add(spring, raw)
		}
	}
	f.Fuzz(func(t *testing.T, rawSet, rawEvent []byte) {
		var set rules.Set
		var ev rules.Event
		if strictly(rawSet, &set) != nil {
			return
		}
		p, err := rules.Compile(&set)
		if err != nil {
			wantCode(t, err, fault.RuleInvalid)
			return
		}
		if strictly(rawEvent, &ev) != nil {
			ev = *busyEvent()
		}
		runTwice(t, p, &ev)
	})
}

func runTwice(t *testing.T, p *rules.Program, ev *rules.Event) {
	var s rules.Standing
	for _, on := range []quantity.Day{0, 20_000, 20_000, 20_100, quantity.LastDay} {
		o, code := p.Evaluate(ev, &s, on, nil)
		again, codeAgain := p.Evaluate(ev, &s, on, nil)
		if code != codeAgain || !bytes.Equal(encoded(t, &o), encoded(t, &again)) {
			t.Fatalf("%s %s and then %s %s", code, encoded(t, &o), codeAgain, encoded(t, &again))
		}
		if !fault.Known(code) || o.Points().Valid() != nil || o.Points() < 0 {
			t.Fatalf("%s with %d points", code, o.Points())
		}
		next, err := p.Apply(&s, &o, on)
		if fault.CodeOf(err) == fault.OutOfRange {
			return // A counter is full.
		}
		if err != nil {
			t.Fatalf("%s can't be applied: %v", encoded(t, &o), err)
		}
		var back rules.Standing
		if err := strictly(encoded(t, &next), &back); err != nil {
			t.Fatalf("%s can't be read: %v", encoded(t, &next), err)
		}
		s = back
		p.TierOn(&s, on)
		rules.Explain(&o, p.Set(), "en")
		undo, err := p.Reverse(&o, o.Points(), o.Points())
		if err != nil {
			t.Fatal(err)
		}
		apply(t, p, &s, &undo, on)
	}
}
