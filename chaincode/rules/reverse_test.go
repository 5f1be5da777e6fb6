package rules_test

import (
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/quantity"
	"github.com/tallystick/tallystick/chaincode/rules"
)

// everyMeasure is a set with a counter of each measure and a point per pound.
func everyMeasure() *rules.Set {
	set := setOf(rate("base", 1, 100))
	types := []rules.EventType{rules.Purchase}
	set.Counters = []rules.Counter{
		{ID: "events", Measure: rules.Events, Types: types, Period: rules.ByYear},
		{ID: "points", Measure: rules.Earned, Types: types, Period: rules.ByYear},
		{ID: "spend", Measure: rules.Spend, Types: types, Period: rules.ByYear},
		{ID: "visits", Measure: rules.Visits, Types: types, Period: rules.ByYear},
	}
	return set
}

func reverse(t reporter, p *rules.Program, o *rules.Outcome, taken, awarded quantity.Points) rules.Outcome {
	t.Helper()
	back, err := p.Reverse(o, taken, awarded)
	if err != nil {
		t.Fatalf("refused: %v", err)
	}
	return back
}

func TestAReturnTakesPointsAndSpendBackInProportion(t *testing.T) {
	p := compile(t, everyMeasure())
	bought := evaluate(t, p, purchase(10_050), &rules.Standing{}, 20_000)
	for taken, want := range map[quantity.Points][]rules.Progress{
		0:   nil,
		1:   {{Counter: "points", Add: -1}, {Counter: "spend", Add: -1}},
		33:  {{Counter: "points", Add: -33}, {Counter: "spend", Add: -33}},
		100: {{Counter: "points", Add: -100}, {Counter: "spend", Add: -100}},
	} {
		back := reverse(t, p, &bought, taken, 100)
		if !slices.Equal(back.Progress, want) || len(back.Awards) != 0 || back.Once != "" {
			t.Errorf("%d taken back: %+v", taken, back)
		}
	}
	if back := reverse(t, p, &bought, 1, 1_000); len(back.Progress) != 0 {
		t.Errorf("a tenth of a point is no point: %+v", back)
	}
}

func TestAWholeReturnLeavesVisitsEventsAndMarks(t *testing.T) {
	p := compile(t, everyMeasure())
	var s rules.Standing
	book(t, p, purchase(2_000), &s, 20_000)
	bought := book(t, p, purchase(10_000), &s, 20_001)
	back := reverse(t, p, &bought, 100, 100)
	s = apply(t, p, &s, &back, 20_002)
	if got := p.Counted(&s, 20_002); !slices.Equal(got, []int64{2, 20, 20, 2}) || !slices.Equal(s.Once, []string{"purchase"}) {
		t.Errorf("counted %v, marks %v", got, s.Once)
	}
	if again := book(t, p, purchase(100), &s, 20_002); again.Once != "" {
		t.Error("a purchase after the return is the first again")
	}
}

func TestNoMoreThanWasAwardedCanBeTakenBack(t *testing.T) {
	p := compile(t, everyMeasure())
	o := evaluate(t, p, purchase(10_000), &rules.Standing{}, 20_000)
	for _, c := range [][2]quantity.Points{{101, 100}, {-1, 100}, {0, -1}, {1, 0}, {-2, -1}} {
		_, err := p.Reverse(&o, c[0], c[1])
		wantCode(t, err, fault.OutOfRange)
	}
	if back := reverse(t, p, &o, 0, 0); len(back.Progress) != 0 {
		t.Errorf("nothing of nothing is %+v", back)
	}
}

func TestAReturnOfAnOlderSetsPurchaseMovesTheCountersThatAreLeft(t *testing.T) {
	old, set := compile(t, everyMeasure()), everyMeasure()
	set.Counters = set.Counters[2:]
	next := compile(t, set)
	o := evaluate(t, old, purchase(10_000), &rules.Standing{}, 20_000)
	back := reverse(t, next, &o, 100, 100)
	if !slices.Equal(back.Progress, []rules.Progress{{Counter: "spend", Add: -100}}) {
		t.Errorf("got %+v", back)
	}
	var s rules.Standing
	apply(t, next, &s, &back, 20_000)
}

func TestAReturnOfAReturnMovesNothing(t *testing.T) {
	p := compile(t, everyMeasure())
	o := evaluate(t, p, purchase(10_000), &rules.Standing{}, 20_000)
	back := reverse(t, p, &o, 100, 100)
	if again := reverse(t, p, &back, 100, 100); len(again.Progress) != 0 {
		t.Errorf("got %+v", again)
	}
}

func TestPartialReturnsNeverTakeMoreThanTheWhole(t *testing.T) {
	p := compile(t, everyMeasure())
	rapid.Check(t, func(t *rapid.T) {
		minor := rapid.Int64Range(100, quantity.MaxMinor).Draw(t, "minor")
		var s rules.Standing
		other := book(t, p, purchase(700), &s, 20_000)
		bought := book(t, p, purchase(minor), &s, 20_001)
		left := bought.Points()
		for range 8 {
			taken := quantity.Points(rapid.Int64Range(0, int64(left)).Draw(t, "taken"))
			back := reverse(t, p, &bought, taken, bought.Points())
			s, left = apply(t, p, &s, &back, 20_002), left-taken
		}
		counted := p.Counted(&s, 20_002)
		if want := int64(other.Points() + left); counted[1] != want {
			t.Errorf("points %d, want %d", counted[1], want)
		}
		if least := int64(other.Points() + left); counted[2] < least || counted[2] > least+8 { // Each of the eight may round by less than a pound.
			t.Errorf("spend %d, want %d or a little more", counted[2], least)
		}
	})
}
