package rules

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"cel.dev/cel-go/cel"
	"pgregory.net/rapid"

	"github.com/tallystick/tallystick/chaincode/quantity"
)

// costSet has the counters and tiers that generated conditions name.
func costSet() *Set {
	set := &Set{
		V: 1, Version: 1, Zone: "Europe/London", MinorPerUnit: 100, Prose: Words{"en": "Rules."},
		Tiers: []Tier{{ID: "gold", Counter: "counter-00", Threshold: 1}},
		Rules: []Rule{{ID: "r", Types: []EventType{Purchase}, Action: Action{Fixed: 1}}},
	}
	for i := range MaxCounters {
		set.Counters = append(set.Counters, Counter{ID: fmt.Sprintf("counter-%02d", i), Measure: Events, Types: []EventType{Purchase}, Period: ByYear})
	}
	return set
}

// largestEvent fills every field to its limit with the letter a, which makes every search look at all of it.
func largestEvent() *Event {
	long := func(i, n int) string { return fmt.Sprintf("%s%02d", strings.Repeat("a", n-2), i) }
	ev := &Event{
		Type: Purchase, AmountMinor: quantity.MaxMinor, Currency: "GBP", Store: strings.Repeat("a", MaxTextLength), Channel: strings.Repeat("a", MaxTextLength),
		OccurredAt: "2026-03-07T12:00:00Z",
	}
	for i := range MaxCategories {
		ev.Categories = append(ev.Categories, CategoryAmount{Category: long(i, MaxWordLength), Minor: 1})
	}
	for i := range MaxTags {
		ev.Tags = append(ev.Tags, long(i, MaxWordLength))
	}
	return ev
}

func smallEvent() *Event {
	return &Event{
		Type: Purchase, AmountMinor: 1250, Currency: "GBP", Store: "leeds", Channel: "till", OccurredAt: "2026-03-07T12:00:00Z",
		Categories: []CategoryAmount{{Category: "food", Minor: 1000}, {Category: "wine", Minor: 250}}, Tags: []string{"app", "food"},
	}
}

// about is what the conditions of a program see of an event.
func about(t reporter, p *Program, ev *Event) *facts {
	t.Helper()
	at, err := ev.valid()
	if err != nil {
		t.Fatalf("%v", err)
	}
	s := &Standing{}
	for i := range p.set.Counters {
		s.Counters = append(s.Counters, CounterState{ID: p.set.Counters[i].ID, Buckets: []Bucketed{{Start: p.set.Counters[i].Period.start(20_000), Value: 3}}})
	}
	e := evaluation{Program: p, ev: ev, s: s, day: 20_000, local: at.In(p.zone)}
	return e.gather()
}

type reporter interface {
	Helper()
	Fatalf(format string, args ...any)
	Errorf(format string, args ...any)
}

// costs compiles a condition and compares what its runs cost with what was estimated; it says whether the condition can be published.
func costs(t reporter, c *compiler, when string, inputs ...*facts) bool {
	t.Helper()
	program, worst, err := c.compile("r", when)
	if err != nil {
		return false
	}
	checked, issues := c.env.Compile(when)
	if issues.Err() != nil {
		t.Fatalf("%s compiles only once", when)
	}
	measured, err := c.env.Program(checked, cel.CostTracking(nil))
	if err != nil {
		t.Fatalf("%s can't be measured: %v", when, err)
	}
	for _, f := range inputs {
		v, _, err := program.Eval(f)
		again, details, errAgain := measured.Eval(f)
		if (err == nil) != (errAgain == nil) || err == nil && v != again {
			t.Errorf("%s gives %v, %v and when measured %v, %v", when, v, err, again, errAgain)
		}
		if actual := *details.ActualCost(); actual > worst+worst/4+4 { // A run counts a step here and there that the estimate leaves out.
			t.Errorf("%s costs %d, estimated were %d", when, actual, worst)
		}
	}
	return true
}

// grammar writes random conditions that mostly compile.
type grammar struct {
	*rapid.T
	loops []string // Variables of the loops around.
}

func (g *grammar) one(of ...string) string { return rapid.SampledFrom(of).Draw(g.T, "part") }

// truth writes a condition, of so many levels at most.
func (g *grammar) truth(depth int) string {
	if depth == 0 {
		return g.one("true", "firstPurchase", "amount > 5", `has(categories.food)`, `"food" in categories`, `tier == "gold"`, `"app" in tags`)
	}
	switch d := depth - 1; rapid.IntRange(0, 9).Draw(g.T, "truth") {
	case 0, 1:
		return g.truth(d) + g.one(" && ", " || ") + g.truth(d)
	case 2:
		return "!(" + g.truth(d) + ")"
	case 3:
		return "(" + g.truth(d) + " ? " + g.truth(d) + " : " + g.truth(d) + ")"
	case 4:
		return g.number(d) + g.one(" < ", " <= ", " > ", " >= ", " == ", " != ") + g.number(d)
	case 5:
		return g.text(d) + g.one(" < ", " <= ", " > ", " >= ", " == ", " != ") + g.text(d)
	case 6:
		return g.text(d) + " in " + g.list(d)
	case 7:
		return g.text(d) + g.one(".contains(", ".startsWith(", ".endsWith(") + g.text(d) + ")"
	case 8:
		return g.list(d) + g.one(" == ", " != ") + g.list(d)
	default:
		return g.loop(d, g.one("exists", "all", "exists_one"))
	}
}

func (g *grammar) loop(depth int, macro string) string {
	over := g.list(depth)
	name := fmt.Sprintf("v%d", len(g.loops))
	g.loops = append(g.loops, name)
	body := g.truth(depth)
	g.loops = g.loops[:len(g.loops)-1]
	return over + "." + macro + "(" + name + ", " + body + ")"
}

func (g *grammar) number(depth int) string {
	if depth == 0 {
		return g.one("0", "7", "9223372036854775807", "amount", "weekday", "hour", "month", "categories.food", `counters["counter-00"]`)
	}
	switch d := depth - 1; rapid.IntRange(0, 5).Draw(g.T, "number") {
	case 0:
		return "size(" + g.list(d) + ")"
	case 1:
		return g.text(d) + ".size()"
	case 2:
		return "(" + g.truth(d) + " ? " + g.number(d) + " : " + g.number(d) + ")"
	case 3:
		return "-" + g.number(0)
	case 4:
		return "categories[" + g.text(d) + "]"
	default:
		return "(" + g.number(d) + g.one(" + ", " - ", " * ", " / ", " % ") + g.number(d) + ")"
	}
}

func (g *grammar) text(depth int) string {
	if depth == 0 {
		return g.one(append([]string{`""`, `"aaaaaaaa"`, "event", "currency", "store", "channel", "day", "tier", `"食品"`}, g.loops...)...)
	}
	switch d := depth - 1; rapid.IntRange(0, 2).Draw(g.T, "text") {
	case 0:
		return "(" + g.text(d) + " + " + g.text(d) + ")"
	case 1:
		return "(" + g.truth(d) + " ? " + g.text(d) + " : " + g.text(d) + ")"
	default:
		return g.list(d) + "[" + g.one("0", "1", "31") + "]"
	}
}

func (g *grammar) list(depth int) string {
	if depth == 0 {
		return g.one("tags", "tags", `["app", "web"]`)
	}
	switch d := depth - 1; rapid.IntRange(0, 3).Draw(g.T, "list") {
	case 0:
		return "[" + g.text(d) + ", " + g.text(d) + "]"
	case 1:
		return g.loop(d, "filter")
	case 2:
		return g.one("categories", "counters") + ".filter(k, " + g.truth(d) + ")"
	default:
		return "(" + g.truth(d) + " ? " + g.list(d) + " : " + g.list(d) + ")"
	}
}

func TestNoConditionCostsMoreThanWasEstimated(t *testing.T) {
	c, err := newCompiler(costSet())
	if err != nil {
		t.Fatal(err)
	}
	p := assemble(costSet(), time.UTC, make([]cel.Program, 1))
	inputs := []*facts{about(t, p, largestEvent()), about(t, p, smallEvent())}
	published := 0
	rapid.Check(t, func(rt *rapid.T) {
		g := &grammar{T: rt}
		if costs(rt, c, g.truth(rapid.IntRange(0, 5).Draw(rt, "levels")), inputs...) {
			published++
		}
	})
	if published == 0 {
		t.Error("no condition could be published")
	}
	t.Logf("%d conditions were published", published)
}

// dearest are conditions that take much time for their cost.
var dearest = map[string]string{
	"loop":   strings.TrimSuffix(strings.Repeat(`categories.all(k, categories[k] < 5) && `, 8), " && "),
	"member": strings.TrimSuffix(strings.Repeat(`store in tags || `, 50), " || "),
	"lists":  strings.TrimSuffix(strings.Repeat(`tags == tags && `, 28), " && "),
	"filter": strings.TrimSuffix(strings.Repeat(`categories.filter(k, k != "x").size() > 1 && `, 4), " && "),
	"sum":    strings.TrimSuffix(strings.Repeat(`amount % 7 + `, 20), " + ") + " >= 0",
}

// BenchmarkUnitOfCost shows how long a unit of cost takes, at most.
func BenchmarkUnitOfCost(b *testing.B) {
	c, err := newCompiler(costSet())
	if err != nil {
		b.Fatal(err)
	}
	f := about(b, assemble(costSet(), time.UTC, make([]cel.Program, 1)), largestEvent())
	for name, when := range dearest {
		b.Run(name, func(b *testing.B) {
			program, worst, err := c.compile("r", when)
			if err != nil {
				b.Fatal(err)
			}
			for b.Loop() {
				if _, _, err := program.Eval(f); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(worst), "ns/unit")
		})
	}
}
