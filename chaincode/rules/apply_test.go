package rules_test

import (
	"bytes"
	"fmt"
	"slices"
	"testing"

	"github.com/go-json-experiment/json"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/quantity"
	"github.com/tallystick/tallystick/chaincode/rules"
)

// encoded is how a value stands on the ledger, but for the order of a map's keys.
func encoded(t reporter, v any) []byte {
	t.Helper()
	raw, err := json.Marshal(v, json.Deterministic(true))
	if err != nil {
		t.Fatalf("%v", err)
	}
	return raw
}

// counting is a program with one counter of purchases and tiers on it.
func counting(t reporter, c rules.Counter, tiers ...rules.Tier) *rules.Program {
	t.Helper()
	set := setOf(rules.Rule{ID: "r", Types: rules.EventTypes(), Action: rules.Action{Fixed: 1}})
	c.ID, c.Types = "c", []rules.EventType{rules.Purchase}
	for i := range tiers {
		tiers[i].Counter = "c"
	}
	set.Counters, set.Tiers = []rules.Counter{c}, tiers
	return compile(t, set)
}

// move applies a movement of the counter c on a day.
func move(t reporter, p *rules.Program, s *rules.Standing, add int64, on string) {
	t.Helper()
	*s = apply(t, p, s, &rules.Outcome{Progress: []rules.Progress{{Counter: "c", Add: add}}}, day(t, on))
}

func TestCountersStartAgainWithTheirPeriod(t *testing.T) {
	cases := map[rules.Period]struct{ first, last, next string }{
		rules.ByDay:     {"2026-03-07", "2026-03-07", "2026-03-08"},
		rules.ByWeek:    {"2026-03-02", "2026-03-08", "2026-03-09"}, // Monday to Sunday.
		rules.ByMonth:   {"2028-02-01", "2028-02-29", "2028-03-01"},
		rules.ByQuarter: {"2026-10-01", "2026-12-31", "2027-01-01"},
		rules.ByYear:    {"2026-01-01", "2026-12-31", "2027-01-01"},
	}
	for period, c := range cases {
		t.Run(string(period), func(t *testing.T) {
			p := counting(t, rules.Counter{Measure: rules.Events, Period: period})
			var s rules.Standing
			for i, step := range []struct {
				on   string
				want int64
			}{{c.first, 1}, {c.last, 2}, {c.next, 1}, {c.next, 2}} {
				book(t, p, purchase(1), &s, day(t, step.on))
				if got := p.Counted(&s, day(t, step.on))[0]; got != step.want {
					t.Errorf("step %d on %s: %d, want %d", i, step.on, got, step.want)
				}
			}
			if got := p.Counted(&s, day(t, "2030-01-01"))[0]; got != 0 {
				t.Errorf("much later it shows %d", got)
			}
			if len(s.Counters) != 1 || len(s.Counters[0].Buckets) != 1 {
				t.Errorf("it keeps %v", s.Counters)
			}
		})
	}
}

func TestALifetimeCounterNeverStartsAgain(t *testing.T) {
	p := counting(t, rules.Counter{Measure: rules.Events, Period: rules.Lifetime})
	var s rules.Standing
	for i, on := range []string{"1970-01-01", "2026-03-07", "9999-12-31"} {
		book(t, p, purchase(1), &s, day(t, on))
		if got := p.Counted(&s, day(t, on))[0]; got != int64(i+1) {
			t.Errorf("on %s: %d", on, got)
		}
	}
}

func TestARollingCounterForgetsMonthByMonth(t *testing.T) {
	p := counting(t, rules.Counter{Measure: rules.Events, Period: rules.Rolling, Months: 3})
	var s rules.Standing
	for _, step := range []struct {
		on   string
		add  int64
		want int64
	}{
		{"2025-11-30", 1, 1}, {"2025-12-01", 10, 11}, {"2025-12-31", 10, 21}, {"2026-01-31", 100, 121},
		{"2026-02-01", 1_000, 1_120}, // November has left.
		{"2026-04-01", 10_000, 11_000},
		{"2026-07-01", 100_000, 100_000},
	} {
		move(t, p, &s, step.add, step.on)
		if got := p.Counted(&s, day(t, step.on))[0]; got != step.want {
			t.Errorf("on %s: %d, want %d", step.on, got, step.want)
		}
	}
	for on, want := range map[string]int64{"2026-07-31": 100_000, "2026-09-30": 100_000, "2026-10-01": 0} {
		if got := p.Counted(&s, day(t, on))[0]; got != want {
			t.Errorf("on %s it shows %d, want %d", on, got, want)
		}
	}
	if len(s.Counters[0].Buckets) != 1 {
		t.Errorf("months that left are kept: %v", s.Counters[0].Buckets)
	}
}

func TestAStandingOfTheFirstWeekCanBeRead(t *testing.T) {
	for _, period := range []rules.Period{rules.ByDay, rules.ByWeek, rules.ByMonth, rules.ByQuarter, rules.ByYear, rules.Lifetime} {
		p := counting(t, rules.Counter{Measure: rules.Visits, Period: period}, rules.Tier{ID: "gold", Threshold: 1})
		var s, back rules.Standing
		for range 2 { // The first day of all counts as one visit as well.
			book(t, p, purchase(1), &s, 0)
		}
		if err := strictly(encoded(t, &s), &back); err != nil {
			t.Fatalf("%s: %v", period, err)
		}
		if got := p.Counted(&back, 0)[0]; got != 1 || !bytes.Equal(encoded(t, &s), encoded(t, &back)) {
			t.Errorf("%s: %d, %s", period, got, encoded(t, &back))
		}
	}
	weekly := counting(t, rules.Counter{Measure: rules.Events, Period: rules.ByWeek}, rules.Tier{ID: "gold", Threshold: 1})
	var s rules.Standing
	book(t, weekly, purchase(1), &s, 2)
	if until, held := weekly.TierUntil(&s, "gold"); !held || until.String() != "1970-01-11" { // The Sunday of the week after.
		t.Errorf("until %s, %v", until, held)
	}
}

func TestReturnsTakeFromTheNewestMonthAndNeverBelowZero(t *testing.T) {
	p := counting(t, rules.Counter{Measure: rules.Spend, Period: rules.Rolling, Months: 3})
	var s rules.Standing
	move(t, p, &s, 50, "2026-01-15")
	move(t, p, &s, 30, "2026-02-15")
	move(t, p, &s, -40, "2026-03-15")
	if got := s.Counters[0].Buckets; len(got) != 1 || got[0].Value != 40 || got[0].Start != day(t, "2026-01-01") {
		t.Errorf("buckets %v", got)
	}
	move(t, p, &s, -41, "2026-03-15")
	if len(s.Counters) != 0 || p.Counted(&s, day(t, "2026-03-15"))[0] != 0 {
		t.Errorf("counters %v", s.Counters)
	}
	move(t, p, &s, -1<<63, "2026-03-15")
	if len(s.Counters) != 0 {
		t.Errorf("counters %v", s.Counters)
	}
}

func TestAReturnInANewPeriodLeavesTheOldOneAlone(t *testing.T) {
	p := counting(t, rules.Counter{Measure: rules.Spend, Period: rules.ByYear}, rules.Tier{ID: "gold", Threshold: 50, GraceDays: 10})
	var s rules.Standing
	move(t, p, &s, 50, "2026-12-31")
	move(t, p, &s, -50, "2027-01-01")
	if got := p.TierOn(&s, day(t, "2028-01-10")); got != "gold" || p.TierOn(&s, day(t, "2028-01-11")) != "" {
		t.Errorf("tier %q", got)
	}
	if p.Counted(&s, day(t, "2027-01-01"))[0] != 0 {
		t.Errorf("counters %v", s.Counters)
	}
}

func TestACounterThatOverflowsIsRefused(t *testing.T) {
	for _, c := range []rules.Counter{{Measure: rules.Spend, Period: rules.ByYear}, {Measure: rules.Spend, Period: rules.Rolling, Months: 2}} {
		p := counting(t, c)
		var s rules.Standing
		move(t, p, &s, quantity.MaxPoints-1, "2026-01-31")
		move(t, p, &s, 1, "2026-01-31")
		for _, add := range []int64{1, quantity.MaxPoints, 1<<63 - 1} {
			_, err := p.Apply(&s, &rules.Outcome{Progress: []rules.Progress{{Counter: "c", Add: add}}}, day(t, "2026-01-31"))
			wantCode(t, err, fault.OutOfRange)
		}
	}
}

func TestUsesAreKeptWhileTheyMatter(t *testing.T) {
	set := campaignSet(func(c *rules.Campaign) { c.CustomerCap = 1_000 })
	set.Rules[0].CapDay = 10
	set.Rules[1].CapCustomer = 500
	p := compile(t, set)
	var s rules.Standing
	book(t, p, purchase(1), &s, 100)
	want := []rules.Use{
		{Kind: rules.UseOfCampaign, ID: "spring", Day: 100, Today: 50, Total: 50},
		{Kind: rules.UseOfRule, ID: "a", Day: 100, Today: 30, Total: 30},
		{Kind: rules.UseOfRule, ID: "base", Day: 100, Today: 1, Total: 1},
	}
	if !slices.Equal(s.Uses, want) {
		t.Errorf("uses %v", s.Uses)
	}
	next := apply(t, p, &s, &rules.Outcome{}, 101)
	if !slices.Equal(next.Uses, want[:2]) {
		t.Errorf("on the next day %v", next.Uses)
	}
	uncapped := apply(t, compile(t, setOf(fixed("base", 1))), &s, &rules.Outcome{}, 100)
	if len(uncapped.Uses) != 0 {
		t.Errorf("a set without caps keeps %v", uncapped.Uses)
	}
}

func TestMarksStandInOrderAndOnce(t *testing.T) {
	p := compile(t, setOf(rules.Rule{ID: "r", Types: rules.EventTypes(), Action: rules.Action{Fixed: 1}}))
	var s rules.Standing
	for _, kind := range []rules.EventType{rules.SignUp, rules.Purchase, rules.Referral, rules.Birthday, rules.AppUse, rules.Purchase, rules.Review} {
		book(t, p, &rules.Event{Type: kind, OccurredAt: "2026-03-07T12:00:00Z"}, &s, day(t, "2026-03-07"))
	}
	if want := []string{"app", "birthday-2026", "purchase", "referral", "signup"}; !slices.Equal(s.Once, want) {
		t.Errorf("marks %v", s.Once)
	}
}

func TestWhatTheSetNoLongerHasIsDropped(t *testing.T) {
	old := compile(t, springSet(t))
	var s rules.Standing
	on := day(t, "2026-03-07")
	book(t, old, purchase(250_000), &s, on)
	book(t, old, purchase(250_000), &s, day(t, "2027-03-07"))
	if len(s.Counters) != 2 || len(s.Kept) == 0 || len(s.Uses) == 0 {
		t.Fatalf("standing %s", encoded(t, &s))
	}
	next := apply(t, compile(t, setOf(fixed("r", 1))), &s, &rules.Outcome{}, day(t, "2027-03-07"))
	if len(next.Counters) != 0 || len(next.Kept) != 0 || len(next.Uses) != 0 || !slices.Equal(next.Once, s.Once) {
		t.Errorf("standing %s", encoded(t, &next))
	}
}

func TestApplyRefusesWhatTheSetCantHaveGiven(t *testing.T) {
	set := campaignSet(func(c *rules.Campaign) { c.CustomerCap = 60 })
	set.Rules[0].CapReceipt, set.Rules[0].Group = 5, "g"
	set.Rules = append(set.Rules, changed(fixed("other", 1), func(r *rules.Rule) { r.Group, r.Types = "g", []rules.EventType{rules.Purchase} }))
	set.Rules[1].CapDay, set.Rules[2].CapCustomer = 40, 25
	set.Counters = []rules.Counter{
		{ID: "a", Measure: rules.Events, Types: rules.EventTypes(), Period: rules.ByDay},
		{ID: "b", Measure: rules.Events, Types: rules.EventTypes(), Period: rules.ByDay},
	}
	p := compile(t, set)
	base := rules.Award{Rule: "base", Points: 1}
	award := func(rule string, points quantity.Points) rules.Award {
		return rules.Award{Rule: rule, Points: points, Campaign: "spring"}
	}
	before := rules.Standing{Uses: []rules.Use{
		{Kind: rules.UseOfCampaign, ID: "spring", Day: 100, Today: 10, Total: 30},
		{Kind: rules.UseOfRule, ID: "a", Day: 100, Today: 20, Total: 20},
		{Kind: rules.UseOfRule, ID: "b", Day: 99, Today: 1, Total: 10},
	}}
	cases := map[string]struct {
		o  rules.Outcome
		ok bool
	}{
		"nothing":                {rules.Outcome{}, true},
		"all of them":            {rules.Outcome{Awards: []rules.Award{base, award("a", 15), award("b", 15)}, Once: "purchase"}, true},
		"unknown rule":           {rules.Outcome{Awards: []rules.Award{{Rule: "x", Points: 1}}}, false},
		"another order":          {rules.Outcome{Awards: []rules.Award{award("a", 1), base}}, false},
		"a rule twice":           {rules.Outcome{Awards: []rules.Award{award("a", 1), award("a", 1)}}, false},
		"two of a group":         {rules.Outcome{Awards: []rules.Award{base, {Rule: "other", Points: 1}}}, false},
		"no points":              {rules.Outcome{Awards: []rules.Award{{Rule: "base"}}}, false},
		"negative points":        {rules.Outcome{Awards: []rules.Award{{Rule: "base", Points: -1}}}, false},
		"too many points":        {rules.Outcome{Awards: []rules.Award{{Rule: "other", Points: quantity.MaxPoints + 1}}}, false},
		"another campaign":       {rules.Outcome{Awards: []rules.Award{{Rule: "base", Points: 1, Campaign: "spring"}}}, false},
		"no campaign":            {rules.Outcome{Awards: []rules.Award{{Rule: "a", Points: 1}}}, false},
		"at the receipt's cap":   {rules.Outcome{Awards: []rules.Award{{Rule: "base", Points: 5}}}, true},
		"over the receipt's cap": {rules.Outcome{Awards: []rules.Award{{Rule: "base", Points: 6}}}, false},
		"at the day's cap":       {rules.Outcome{Awards: []rules.Award{award("a", 20)}}, true},
		"over the day's cap":     {rules.Outcome{Awards: []rules.Award{award("a", 21)}}, false},
		"at the customer's cap":  {rules.Outcome{Awards: []rules.Award{award("b", 15)}}, true},
		"over it":                {rules.Outcome{Awards: []rules.Award{award("b", 16)}}, false},
		"over the campaign's":    {rules.Outcome{Awards: []rules.Award{award("a", 16), award("b", 15)}}, false},
		"unknown mark":           {rules.Outcome{Once: "seen"}, false},
		"a mark of no event":     {rules.Outcome{Once: "review"}, false},
		"a birthday":             {rules.Outcome{Once: "birthday-1970"}, true},
		"another year's":         {rules.Outcome{Once: "birthday-1971"}, false},
		"unknown counter":        {rules.Outcome{Progress: []rules.Progress{{Counter: "x", Add: 1}}}, false},
		"a counter twice":        {rules.Outcome{Progress: []rules.Progress{{Counter: "a", Add: 1}, {Counter: "a", Add: 1}}}, false},
		"counters not in order":  {rules.Outcome{Progress: []rules.Progress{{Counter: "b", Add: 1}, {Counter: "a", Add: 1}}}, false},
		"a counter by nothing":   {rules.Outcome{Progress: []rules.Progress{{Counter: "a"}}}, false},
		"counters in order":      {rules.Outcome{Progress: []rules.Progress{{Counter: "a", Add: 1}, {Counter: "b", Add: -1}}}, true},
	}
	was := encoded(t, &before)
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			next, err := p.Apply(&before, &c.o, 100)
			if c.ok {
				if err != nil {
					t.Error(err)
				}
				return
			}
			wantCode(t, err, fault.InvalidValue)
			if !next.IsZero() || !bytes.Equal(was, encoded(t, &before)) {
				t.Error("something changed")
			}
		})
	}
	_, err := p.Apply(&before, &rules.Outcome{Awards: []rules.Award{award("a", 1), {Rule: "other", Points: quantity.MaxPoints}}}, 100)
	wantCode(t, err, fault.OutOfRange)
}

func TestACloneSharesNothing(t *testing.T) {
	p := compile(t, springSet(t))
	var s rules.Standing
	book(t, p, purchase(250_000), &s, day(t, "2026-03-07"))
	book(t, p, purchase(250_000), &s, day(t, "2027-03-07"))
	was, c := encoded(t, &s), s.Clone()
	if !bytes.Equal(was, encoded(t, &c)) || s.IsZero() {
		t.Fatalf("a clone of %s is %s", was, encoded(t, &c))
	}
	c.Counters[0].Buckets[0].Value, c.Counters[0].ID, c.Kept[0].Until, c.Uses[0].Total, c.Once[0] = 9, "x", 9, 9, "x"
	if !bytes.Equal(was, encoded(t, &s)) {
		t.Error("the original changed with its clone")
	}
	if empty := (&rules.Standing{}).Clone(); !empty.IsZero() || fmt.Sprint(empty) != fmt.Sprint(rules.Standing{}) {
		t.Errorf("a clone of nothing is %v", empty)
	}
}
