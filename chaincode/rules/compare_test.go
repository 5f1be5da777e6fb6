package rules_test

import (
	"bytes"
	"slices"
	"testing"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/quantity"
	"github.com/tallystick/tallystick/chaincode/rules"
)

func bought(customer string, on quantity.Day, minor int64) rules.DatedEvent {
	return rules.DatedEvent{Customer: customer, Day: on, Event: *purchase(minor)}
}

func compare(t reporter, old, next *rules.Program, events []rules.DatedEvent) rules.Comparison {
	t.Helper()
	c, err := rules.Compare(old, next, events)
	if err != nil {
		t.Fatalf("refused: %v", err)
	}
	return c
}

func TestADryRunShowsWhoGainsAndWhoLoses(t *testing.T) {
	old := compile(t, setOf(rate("base", 1, 100)))
	next := compile(t, setOf(rate("base", 1, 200), changed(fixed("small", 10), func(r *rules.Rule) { r.When = "amount < 1000" })))
	events := []rules.DatedEvent{bought("zoe", 1, 500), bought("adam", 1, 10_000), bought("zoe", 2, 600), bought("mia", 2, 2_000), bought("mia", 3, 0)}
	c := compare(t, old, next, events)
	want := []rules.CustomerComparison{{Customer: "adam", Old: 100, New: 50}, {Customer: "mia", Old: 20, New: 20}, {Customer: "zoe", Old: 11, New: 25}}
	if !slices.Equal(c.Customers, want) {
		t.Errorf("customers %v", c.Customers)
	}
	if c.Old != 131 || c.New != 95 || c.Gaining != 1 || c.Losing != 1 || c.Unchanged != 1 || c.OldRefused+c.NewRefused != 0 {
		t.Errorf("got %+v", c)
	}
	if d := c.Customers[0].Difference(); d != -50 {
		t.Errorf("adam's difference is %d", d)
	}
}

func TestADryRunKeepsEveryCustomersStanding(t *testing.T) {
	set := conditionSet(`tier == "silver"`) // From the second visit on: so the third gives a point.
	p := compile(t, set)
	var events []rules.DatedEvent
	for on := range quantity.Day(3) {
		events = append(events, bought("a", 100+on, 1), bought("b", 100, 1))
	}
	c := compare(t, p, p, events)
	if want := []rules.CustomerComparison{{Customer: "a", Old: 1, New: 1}, {Customer: "b"}}; !slices.Equal(c.Customers, want) {
		t.Errorf("got %v", c.Customers)
	}
}

func TestADryRunSpendsTheWholeBudgetOnce(t *testing.T) {
	unbounded := compile(t, campaignSet(func(*rules.Campaign) {}))
	bounded := compile(t, campaignSet(func(c *rules.Campaign) { c.Budget, c.Lanes = 70, 16 }))
	c := compare(t, unbounded, bounded, []rules.DatedEvent{bought("a", 1, 1), bought("b", 1, 1), bought("c", 1, 1)})
	if want := []rules.CustomerComparison{{Customer: "a", Old: 51, New: 51}, {Customer: "b", Old: 51, New: 21}, {Customer: "c", Old: 51, New: 1}}; !slices.Equal(c.Customers, want) {
		t.Errorf("got %v", c.Customers)
	}
}

func TestADryRunCountsWhatEachProgramRefuses(t *testing.T) {
	old, next := compile(t, setOf(rate("base", 1, 100))), compile(t, setOf(rate("base", 2, 1)))
	signup := rules.DatedEvent{Customer: "a", Day: 1, Event: rules.Event{Type: rules.SignUp, OccurredAt: "2026-03-07T12:00:00Z"}}
	c := compare(t, old, next, []rules.DatedEvent{bought("a", 1, quantity.MaxMinor), signup, signup, bought("b", 1, -1)})
	if c.OldRefused != 2 || c.NewRefused != 3 || len(c.Customers) != 2 || c.Losing != 1 || c.Unchanged != 1 {
		t.Errorf("got %+v", c)
	}
}

func TestADryRunOfNothing(t *testing.T) {
	p := compile(t, springSet(t))
	if c := compare(t, p, p, nil); c.Old != 0 || len(c.Customers) != 0 {
		t.Errorf("got %+v", c)
	}
}

func TestADryRunBeyondWhatCanBeCountedIsRefused(t *testing.T) {
	most := compile(t, setOf(fixed("most", quantity.MaxPoints)))
	none := compile(t, setOf(changed(fixed("none", 1), func(r *rules.Rule) { r.When = "false" })))
	for name, events := range map[string][]rules.DatedEvent{"a customer": {bought("a", 1, 1), bought("a", 1, 1)}, "the total": {bought("a", 1, 1), bought("b", 1, 1)}} {
		for _, pair := range [][2]*rules.Program{{most, none}, {none, most}} {
			if _, err := rules.Compare(pair[0], pair[1], events); fault.CodeOf(err) != fault.OutOfRange {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
}

func TestADryRunIsTheSameTwice(t *testing.T) {
	old, next := compile(t, setOf(rate("base", 1, 100))), compile(t, springSet(t))
	var events []rules.DatedEvent
	for i := range 200 {
		ev := busyEvent()
		ev.AmountMinor = int64(i * 997 % 50_000)
		events = append(events, rules.DatedEvent{Customer: string(rune('a' + i%7)), Day: quantity.Day(20_000 + i), Event: *ev})
	}
	first, second := compare(t, old, next, events), compare(t, old, next, events)
	if !bytes.Equal(encoded(t, &first), encoded(t, &second)) || len(first.Customers) != 7 {
		t.Errorf("%+v and %+v", first, second)
	}
}
