package rules_test

import (
	"maps"
	"sync"
	"testing"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/quantity"
	"github.com/tallystick/tallystick/chaincode/rules"
)

// changed returns a rule with something changed.
func changed(r rules.Rule, change func(*rules.Rule)) rules.Rule {
	change(&r)
	return r
}

func wantAwards(t reporter, o *rules.Outcome, want map[string]quantity.Points) {
	t.Helper()
	if got := given(o); !maps.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

// busyEvent is a purchase on a Saturday with everything that the spring set looks at.
func busyEvent() *rules.Event {
	ev := purchase(12_345)
	ev.Categories = []rules.CategoryAmount{{Category: "bakery", Minor: 2_500}, {Category: "food", Minor: 9_845}}
	ev.Tags = []string{"app", "newsletter"}
	return ev
}

func TestThePublishedExampleGivesWhatItsProseSays(t *testing.T) {
	p := compile(t, springSet(t))
	on := day(t, "2026-03-07")
	spent := func(pounds int64) *rules.Standing {
		return &rules.Standing{Once: []string{"purchase"}, Counters: []rules.CounterState{{ID: "year", Buckets: []rules.Bucketed{{Start: day(t, "2026-01-01"), Value: pounds}}}}}
	}
	weekday := busyEvent()
	weekday.OccurredAt = "2026-03-06T23:59:59Z"
	staff := busyEvent()
	staff.Tags = []string{"staff"}
	small := purchase(999)
	cases := map[string]struct {
		ev   *rules.Event
		s    *rules.Standing
		want map[string]quantity.Points
	}{
		"a Saturday":                 {busyEvent(), &rules.Standing{}, map[string]quantity.Points{"base": 50 + 146, "bakery": 25, "weekend": 221}},
		"a Friday":                   {weekday, &rules.Standing{}, map[string]quantity.Points{"base": 196, "bakery": 25}},
		"staff":                      {staff, &rules.Standing{}, map[string]quantity.Points{"base": 196, "bakery": 25}},
		"silver":                     {weekday, spent(500), map[string]quantity.Points{"base": 196, "bakery": 25, "silver": 55}},
		"gold":                       {weekday, spent(2_000), map[string]quantity.Points{"base": 196, "bakery": 25, "gold": 110}},
		"below the weekend's amount": {small, &rules.Standing{}, map[string]quantity.Points{"base": 9}},
		"sign-up":                    {&rules.Event{Type: rules.SignUp, OccurredAt: "2026-03-07T12:00:00Z"}, &rules.Standing{}, map[string]quantity.Points{"welcome": 250}},
		"referred":                   {&rules.Event{Type: rules.Referral, OccurredAt: "2026-03-07T12:00:00Z"}, &rules.Standing{}, map[string]quantity.Points{"referred": 500}},
		"referrer":                   {&rules.Event{Type: rules.Referrer, OccurredAt: "2026-03-07T12:00:00Z"}, &rules.Standing{}, map[string]quantity.Points{"referrer": 500}},
		"a review":                   {&rules.Event{Type: rules.Review, OccurredAt: "2026-03-07T12:00:00Z"}, &rules.Standing{}, map[string]quantity.Points{}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			o := evaluate(t, p, c.ev, c.s, on)
			wantAwards(t, &o, c.want)
		})
	}
}

func TestRulesRunInTheirOrder(t *testing.T) {
	first := evaluate(t, compile(t, setOf(fixed("z", 10), multiplier("m", 2, 1), fixed("a", 5))), purchase(1), &rules.Standing{}, 0)
	if len(first.Awards) != 3 || first.Awards[0].Rule != "z" || first.Awards[1] != (rules.Award{Rule: "m", Points: 10}) || first.Awards[2].Rule != "a" {
		t.Errorf("got %v", first.Awards)
	}
	other := evaluate(t, compile(t, setOf(fixed("a", 5), fixed("z", 10), multiplier("m", 2, 1))), purchase(1), &rules.Standing{}, 0)
	wantAwards(t, &other, map[string]quantity.Points{"a": 5, "z": 10, "m": 15})
}

func TestOfAnExclusiveGroupTheFirstThatGivesIsTheOnlyOne(t *testing.T) {
	in := func(group string, r rules.Rule) rules.Rule {
		return changed(r, func(r *rules.Rule) { r.Group = group })
	}
	never := in("g", changed(fixed("never", 1), func(r *rules.Rule) { r.When = "amount < 0" }))
	nothing := in("g", rate("nothing", 1, 1_000_000)) // Its condition holds, but it gives no whole point.
	p := compile(t, setOf(never, nothing, in("g", fixed("b", 2)), in("h", fixed("c", 3)), in("g", fixed("d", 4)), fixed("e", 5), in("h", fixed("f", 6))))
	o := evaluate(t, p, purchase(100), &rules.Standing{}, 0)
	wantAwards(t, &o, map[string]quantity.Points{"b": 2, "c": 3, "e": 5})
}

func TestAGroupGoesOnWhenTheFirstRuleIsUsedUp(t *testing.T) {
	first := changed(fixed("first", 5), func(r *rules.Rule) { r.Group, r.CapCustomer = "g", 5 })
	second := changed(fixed("second", 2), func(r *rules.Rule) { r.Group = "g" })
	p := compile(t, setOf(first, second))
	var s rules.Standing
	for i, want := range []map[string]quantity.Points{{"first": 5}, {"second": 2}, {"second": 2}} {
		if o := book(t, p, purchase(1), &s, 0); !maps.Equal(given(&o), want) {
			t.Errorf("purchase %d gave %v", i, given(&o))
		}
	}
}

func TestTypesAndMinimumDecideWhetherARuleApplies(t *testing.T) {
	r := changed(fixed("r", 7), func(r *rules.Rule) { r.Types, r.MinimumMinor = []rules.EventType{rules.Review, rules.Purchase}, 500 })
	p := compile(t, setOf(r))
	for _, kind := range rules.EventTypes() {
		for minor, paid := range map[int64]bool{499: false, 500: true} {
			want := quantity.Points(0)
			if paid && (kind == rules.Review || kind == rules.Purchase) {
				want = 7
			}
			ev := purchase(minor)
			ev.Type = kind
			if o := evaluate(t, p, ev, &rules.Standing{}, 0); o.Points() != want {
				t.Errorf("%s of %d gives %d, want %d", kind, minor, o.Points(), want)
			}
		}
	}
}

func TestCapsOfARule(t *testing.T) {
	type step struct {
		on   quantity.Day
		want quantity.Points
	}
	cases := map[string]struct {
		change func(*rules.Rule)
		steps  []step
	}{
		"none":     {func(*rules.Rule) {}, []step{{10, 40}, {10, 40}}},
		"receipt":  {func(r *rules.Rule) { r.CapReceipt = 25 }, []step{{10, 25}, {10, 25}}},
		"day":      {func(r *rules.Rule) { r.CapDay = 90 }, []step{{10, 40}, {10, 40}, {10, 10}, {10, 0}, {11, 40}}},
		"customer": {func(r *rules.Rule) { r.CapCustomer = 100 }, []step{{10, 40}, {11, 40}, {400, 20}, {400, 0}, {4000, 0}}},
		"all": {func(r *rules.Rule) { r.CapReceipt, r.CapDay, r.CapCustomer = 30, 50, 95 },
			[]step{{10, 30}, {10, 20}, {10, 0}, {11, 30}, {12, 15}, {13, 0}}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			p := compile(t, setOf(changed(fixed("r", 40), c.change)))
			var s rules.Standing
			for i, step := range c.steps {
				if o := book(t, p, purchase(1), &s, step.on); o.Points() != step.want {
					t.Errorf("step %d gives %d, want %d", i, o.Points(), step.want)
				}
			}
		})
	}
}

func TestACapThatWasLoweredGivesNothingMore(t *testing.T) {
	before := compile(t, setOf(changed(fixed("r", 40), func(r *rules.Rule) { r.CapCustomer = 100 })))
	after := compile(t, setOf(changed(fixed("r", 40), func(r *rules.Rule) { r.CapCustomer = 30 })))
	var s rules.Standing
	book(t, before, purchase(1), &s, 0)
	if o := book(t, after, purchase(1), &s, 0); len(o.Awards) != 0 {
		t.Errorf("got %v", o)
	}
}

// campaignSet has two rules of a campaign and one outside it.
func campaignSet(change func(*rules.Campaign)) *rules.Set {
	in := func(r *rules.Rule) { r.Campaign = "spring" }
	set := setOf(fixed("base", 1), changed(fixed("a", 30), in), changed(fixed("b", 20), in))
	set.Campaigns = []rules.Campaign{{ID: "spring", From: 20_518, Until: 20_520}} // 2026-03-06 to 2026-03-08.
	change(&set.Campaigns[0])
	return set
}

func TestACampaignTakesEventsOfItsDaysAndItsTag(t *testing.T) {
	cases := map[string]struct {
		at   string
		tags []string
		want quantity.Points
	}{
		"the day before": {"2026-03-05T23:59:59Z", nil, 1},
		"its first":      {"2026-03-06T00:00:00Z", nil, 51},
		"its last":       {"2026-03-08T23:59:59Z", nil, 51},
		"the day after":  {"2026-03-09T00:00:00Z", nil, 1},
		"another offset": {"2026-03-09T08:59:59+09:00", nil, 51},
		"and too late":   {"2026-03-09T09:00:00+09:00", nil, 1},
		"a tag more":     {"2026-03-06T00:00:00Z", []string{"x"}, 51},
	}
	p := compile(t, campaignSet(func(*rules.Campaign) {}))
	for name, c := range cases {
		ev := purchase(1)
		ev.OccurredAt, ev.Tags = c.at, c.tags
		if o := evaluate(t, p, ev, &rules.Standing{}, 0); o.Points() != c.want {
			t.Errorf("%s: %d, want %d", name, o.Points(), c.want)
		}
	}
	tagged := compile(t, campaignSet(func(c *rules.Campaign) { c.Tag = "press" }))
	for tag, want := range map[string]quantity.Points{"press": 51, "pres": 1, "pressed": 1} {
		ev := purchase(1)
		ev.Tags = []string{"app", tag}
		if o := evaluate(t, tagged, ev, &rules.Standing{}, 0); o.Points() != want {
			t.Errorf("tag %s: %d, want %d", tag, o.Points(), want)
		}
	}
	for _, a := range evaluate(t, p, purchase(1), &rules.Standing{}, 0).Awards {
		if (a.Rule == "base") != (a.Campaign == "") {
			t.Errorf("award %v", a)
		}
	}
}

func TestACampaignsRulesShareItsCapPerCustomer(t *testing.T) {
	p := compile(t, campaignSet(func(c *rules.Campaign) { c.CustomerCap = 90 }))
	var s rules.Standing
	for i, want := range []map[string]quantity.Points{{"base": 1, "a": 30, "b": 20}, {"base": 1, "a": 30, "b": 10}, {"base": 1}} {
		if o := book(t, p, purchase(1), &s, quantity.Day(i)); !maps.Equal(given(&o), want) {
			t.Errorf("purchase %d gave %v, want %v", i, given(&o), want)
		}
	}
}

func TestACampaignsRulesShareItsBudgetInTheLane(t *testing.T) {
	p := compile(t, campaignSet(func(c *rules.Campaign) { c.Budget, c.Lanes = 1_000, 4 }))
	for left, want := range map[quantity.Points]map[string]quantity.Points{
		1_000: {"base": 1, "a": 30, "b": 20}, 45: {"base": 1, "a": 30, "b": 15}, 30: {"base": 1, "a": 30}, 7: {"base": 1, "a": 7}, 0: {"base": 1}, -5: {"base": 1},
	} {
		o, code := p.Evaluate(purchase(1), &rules.Standing{}, 0, func(campaign string) quantity.Points {
			if campaign != "spring" {
				t.Errorf("asked for %s", campaign)
			}
			return left
		})
		if code != fault.OK {
			t.Fatal(code)
		}
		wantAwards(t, &o, want)
	}
	unasked := compile(t, campaignSet(func(*rules.Campaign) {}))
	if o, code := unasked.Evaluate(purchase(1), &rules.Standing{}, 0, func(string) quantity.Points { return 0 }); code != fault.OK || o.Points() != 51 {
		t.Errorf("a campaign without a budget gives %d, %s", o.Points(), code)
	}
}

func TestSlicesAddUpToTheBudget(t *testing.T) {
	for _, c := range []rules.Campaign{{Budget: 10, Lanes: 4}, {Budget: 3, Lanes: 8}, {Budget: 1_000_003, Lanes: rules.MaxLanes}, {Budget: quantity.MaxPoints, Lanes: 7}, {Budget: 5, Lanes: 1}} {
		var total quantity.Points
		for lane := range c.Lanes {
			part := c.Slice(lane)
			if even := c.Budget / quantity.Points(c.Lanes); part != even && part != even+1 {
				t.Errorf("%+v: lane %d has %d", c, lane, part)
			}
			total += part
		}
		if total != c.Budget || c.Slice(c.Lanes) != 0 || c.Slice(-1) != 0 {
			t.Errorf("%+v: the slices are %d", c, total)
		}
	}
	if none := (&rules.Campaign{}); none.Slice(0) != 0 {
		t.Error("a slice of no budget")
	}
}

func TestSomeEventsCountOnceAndOthersAgain(t *testing.T) {
	p := compile(t, setOf(rules.Rule{ID: "r", Types: rules.EventTypes(), Action: rules.Action{Fixed: 1}}))
	once := map[rules.EventType]bool{rules.SignUp: true, rules.AppUse: true, rules.Referral: true, rules.Birthday: true}
	for _, kind := range rules.EventTypes() {
		ev := &rules.Event{Type: kind, OccurredAt: "2026-03-07T12:00:00Z"}
		var s rules.Standing
		book(t, p, ev, &s, 20_000)
		o, code := p.Evaluate(ev, &s, 20_001, nil)
		if once[kind] && (code != fault.EventRepeated || o.Points() != 0) || !once[kind] && (code != fault.OK || o.Points() != 1) {
			t.Errorf("%s again: %s, %v", kind, code, o)
		}
		for _, other := range rules.EventTypes() {
			if other != kind {
				if _, code := p.Evaluate(&rules.Event{Type: other, OccurredAt: "2026-03-07T12:00:00Z"}, &s, 20_001, nil); code != fault.OK {
					t.Errorf("%s after %s: %s", other, kind, code)
				}
			}
		}
	}
}

func TestABirthdayComesOnceAYear(t *testing.T) {
	p := compile(t, setOf(rules.Rule{ID: "r", Types: []rules.EventType{rules.Birthday}, Action: rules.Action{Fixed: 100}}))
	var s rules.Standing
	ev := &rules.Event{Type: rules.Birthday, OccurredAt: "2026-03-07T12:00:00Z"}
	for _, step := range []struct {
		on   string
		code fault.Code
	}{{"2026-01-01", fault.OK}, {"2026-12-31", fault.EventRepeated}, {"2027-01-01", fault.OK}, {"2027-01-01", fault.EventRepeated}} {
		on := day(t, step.on)
		o, code := p.Evaluate(ev, &s, on, nil)
		if code != step.code {
			t.Errorf("%s: %s", step.on, code)
		}
		s = apply(t, p, &s, &o, on)
	}
	if len(s.Once) != 1 || s.Once[0] != "birthday-2027" {
		t.Errorf("marks %v", s.Once)
	}
}

func TestCountersMoveByWhatTheyMeasure(t *testing.T) {
	set := setOf(rate("base", 1, 50), fixed("bonus", 3), multiplier("double", 2, 1))
	types := []rules.EventType{rules.Purchase}
	set.Counters = []rules.Counter{
		{ID: "a-visits", Measure: rules.Visits, Types: types, Period: rules.ByYear},
		{ID: "b-spend", Measure: rules.Spend, Types: types, Period: rules.ByYear},
		{ID: "c-points", Measure: rules.Earned, Types: types, Period: rules.ByYear},
		{ID: "d-events", Measure: rules.Events, Types: types, Period: rules.ByYear},
		{ID: "e-reviews", Measure: rules.Events, Types: []rules.EventType{rules.Review}, Period: rules.ByYear},
	}
	p := compile(t, set)
	var s rules.Standing
	for i, c := range []struct {
		minor int64
		on    quantity.Day
		want  [5]int64
	}{
		{1_999, 20_000, [5]int64{1, 19, 84, 1, 0}},
		{99, 20_000, [5]int64{1, 19, 92, 2, 0}}, // The second receipt of a day is no second visit; under a pound is no spend.
		{100, 20_001, [5]int64{2, 20, 102, 3, 0}},
	} {
		book(t, p, purchase(c.minor), &s, c.on)
		if got := p.Counted(&s, c.on); [5]int64(got) != c.want {
			t.Errorf("after %d: %v, want %v", i, got, c.want)
		}
	}
}

func TestConditionsSeeCountersAndTierFromBeforeTheEvent(t *testing.T) {
	set := conditionSet(`counters.visits == 1 && tier == "" || counters.visits == 2 && tier == "silver"`)
	p := compile(t, set)
	var s rules.Standing
	for i, want := range []quantity.Points{0, 1, 1, 0} {
		if o := book(t, p, purchase(1), &s, 20_000+quantity.Day(i)); o.Points() != want {
			t.Errorf("visit %d gives %d, want %d", i, o.Points(), want)
		}
	}
}

func TestAnEventOutOfBoundsEarnsNothing(t *testing.T) {
	p := compile(t, setOf(fixed("r", 1)))
	for name, c := range badEvents() {
		o, code := p.Evaluate(c.ev, &rules.Standing{}, 0, nil)
		if code != c.code || len(o.Awards) != 0 || len(o.Progress) != 0 || o.Once != "" {
			t.Errorf("%s: %s, %v", name, code, o)
		}
	}
}

func TestAProgramIsSharedSafely(t *testing.T) {
	p, ev := compile(t, springSet(t)), busyEvent()
	want := evaluate(t, p, ev, &rules.Standing{}, 20_000)
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for range 200 {
				if o, code := p.Evaluate(ev, &rules.Standing{}, 20_000, nil); code != fault.OK || !maps.Equal(given(&o), given(&want)) {
					t.Errorf("%s, %v", code, given(&o))
					return
				}
			}
		})
	}
	wg.Wait()
}
