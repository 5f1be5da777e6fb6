package api

import (
	"fmt"
	"net/http"
	"slices"
	"testing"

	"github.com/tallystick/tallystick/chaincode/engine"
	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/quantity"
	"github.com/tallystick/tallystick/chaincode/rules"
	"github.com/tallystick/tallystick/gateway/store"
)

// rateSet is a rule set of one rate.
func rateSet(version int, num, den int64) *rules.Set {
	return &rules.Set{
		V: 1, Version: version, Effective: 20_000, Zone: "Europe/London", MinorPerUnit: 100, Prose: rules.Words{"en": "A rate."},
		Rules: []rules.Rule{{ID: "rate", Types: []rules.EventType{rules.Purchase}, Action: rules.Action{Rate: &quantity.Ratio{Num: num, Den: den}, Rounding: rules.Floor}}},
	}
}

// boughtBy is a customer's purchase of so many minor units.
func boughtBy(customer int, minor int64) rules.DatedEvent {
	return rules.DatedEvent{
		Customer: fmt.Sprintf("%032x", customer), Day: 19_900,
		Event: rules.Event{Type: rules.Purchase, AmountMinor: minor, Currency: "GBP", OccurredAt: "2024-06-26T10:00:00Z"},
	}
}

func (b *bench) dryRun(set *rules.Set) DryRun {
	b.t.Helper()
	return into[DryRun](b.t, b.do(b.asOperator("POST", "/v1/programmes/airline/rule-sets/dry-run", set)), http.StatusOK)
}

func TestADraftIsComparedWithTheRateOfTheTermsBeforeAnyRuleSet(t *testing.T) {
	b := newBench(t)
	b.events = []rules.DatedEvent{boughtBy(1, 1000), boughtBy(2, 50), boughtBy(1, 500)}
	got := b.dryRun(rateSet(1, 1, 50))
	if got.Events != 3 || !got.Complete || got.Before.RuleSet != nil || got.Before.Points != 15 || got.After.Points != 31 || *got.After.RuleSet != 1 || got.Difference != 16 {
		t.Errorf("%+v", got)
	}
	want := []DryRunDifference{{Account: boughtBy(1, 0).Customer, Before: 15, After: 30, Difference: 15}, {Account: boughtBy(2, 0).Customer, Before: 0, After: 1, Difference: 1}}
	if got.Gaining != 2 || got.Losing != 0 || got.Unchanged != 0 || !slices.Equal(got.Largest, want) {
		t.Errorf("%+v", got)
	}
	if len(b.records) != 0 {
		t.Error("the draft was published")
	}
}

func TestADraftIsComparedWithTheRuleSetInForce(t *testing.T) {
	b := newBench(t)
	for i, set := range []*rules.Set{rateSet(1, 1, 10), rateSet(2, 1, 20), rateSet(3, 1, 1)} {
		set.Effective = quantity.Day(19_999 + i) // The third takes effect tomorrow.
		b.keep("airline", engine.ObjectRuleSet, store.VersionID(set.Version), set)
		b.ruleSets = append(b.ruleSets, points.Publication{Version: set.Version, Effective: set.Effective, Hash: hashOf(set)})
	}
	b.events = []rules.DatedEvent{boughtBy(1, 1000), boughtBy(2, 10), boughtBy(3, 2000)}
	got := b.dryRun(rateSet(4, 1, 40))
	if *got.Before.RuleSet != 2 || got.Before.Points != 150 || got.After.Points != 75 || got.Losing != 2 || got.Unchanged != 1 || got.Difference != -75 {
		t.Errorf("%+v", got)
	}
	b.ruleSets[1].Hash = hashOf("another set")
	b.problem(b.do(b.asOperator("POST", "/v1/programmes/airline/rule-sets/dry-run", rateSet(4, 1, 40))), fault.StateCorrupt)
}

func TestTheLargestDifferencesAreListedWhicheverWayTheyGo(t *testing.T) {
	var all []rules.CustomerComparison
	for i := range 3 * MaxDryRunDifferences {
		all = append(all, rules.CustomerComparison{Customer: fmt.Sprintf("%04d", i), Old: 500, New: quantity.Points(500 + (i%2*2-1)*(i/2))})
	}
	got := largest(all)
	if len(got) != MaxDryRunDifferences {
		t.Fatalf("%d are listed", len(got))
	}
	for i, d := range got {
		want := int64(149 - i/2)
		if i%2 == 0 {
			want = -want // Of the same size, the account that comes first.
		}
		if d.Difference != want || d.After-d.Before != want {
			t.Errorf("place %d: %+v, want %d", i, d, want)
		}
	}
	if got := largest([]rules.CustomerComparison{{Customer: "a", Old: 5, New: 5}}); got == nil || len(got) != 0 {
		t.Errorf("no difference at all: %+v", got)
	}
}

func TestADryRunLooksAtTheNewestEventsAndSaysThatThereAreMore(t *testing.T) {
	b := newBench(t)
	b.events = slices.Repeat([]rules.DatedEvent{boughtBy(1, 100)}, MaxDryRunEvents)
	b.events = append([]rules.DatedEvent{boughtBy(2, 100)}, b.events...)
	if got := b.dryRun(rateSet(1, 1, 50)); got.Events != MaxDryRunEvents || got.Complete || got.Before.Points != MaxDryRunEvents || got.Gaining != 1 {
		t.Errorf("%+v", got)
	}
}

func TestADraftThatCantBePublishedIsRefusedWithItsRule(t *testing.T) {
	b := newBench(t)
	broken := rateSet(1, 1, 10)
	broken.Rules[0].When = "amountMinor > 0.5"
	if p := b.problem(b.do(b.asOperator("POST", "/v1/programmes/airline/rule-sets/dry-run", broken)), fault.RuleInvalid); !contains(p.Detail, "rule rate") {
		t.Errorf("%s", p.Detail)
	}
	b.problem(b.do(b.asOperator("POST", "/v1/programmes/hotel/rule-sets/dry-run", rateSet(1, 1, 10))), fault.Forbidden)
	g := newGateway()
	b = newBenchOf(t, g, Parts{Member: "airline", Programme: "airline", Recorder: g, Hasher: g, Quoter: g})
	if got := b.dryRun(rateSet(1, 1, 10)); got.Events != 0 || !got.Complete {
		t.Errorf("without an operator's identity: %+v", got)
	}
}
