package rules_test

import (
	"slices"
	"testing"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/rules"
)

// successor is the spring set as its next version would be published, with something changed.
func successor(t reporter, change func(*rules.Set)) *rules.Set {
	t.Helper()
	next := springSet(t)
	next.Version++
	change(next)
	return next
}

func TestWhatMayFollowASet(t *testing.T) {
	cases := map[string]struct {
		change func(*rules.Set)
		ok     bool
	}{
		"the same":             {func(*rules.Set) {}, true},
		"on the same day":      {func(s *rules.Set) { s.Effective = day(t, "2026-03-01") }, true},
		"a day earlier":        {func(s *rules.Set) { s.Effective = day(t, "2026-02-28") }, false},
		"the same version":     {func(s *rules.Set) { s.Version-- }, false},
		"a version left out":   {func(s *rules.Set) { s.Version++ }, false},
		"another unit":         {func(s *rules.Set) { s.MinorPerUnit = 1 }, false},
		"another zone":         {func(s *rules.Set) { s.Zone = "Europe/Paris" }, true},
		"without counters":     {func(s *rules.Set) { s.Counters = nil }, true},
		"a new counter":        {func(s *rules.Set) { s.Counters = append(s.Counters, rules.Counter{ID: "z"}) }, true},
		"another measure":      {func(s *rules.Set) { s.Counters[1].Measure = rules.Earned }, false},
		"another period":       {func(s *rules.Set) { s.Counters[1].Period = rules.ByMonth }, false},
		"more months":          {func(s *rules.Set) { s.Counters[0].Months++ }, false},
		"more types":           {func(s *rules.Set) { s.Counters[0].Types = []rules.EventType{rules.Purchase, rules.Review} }, false},
		"other rules":          {func(s *rules.Set) { s.Rules = s.Rules[:1] }, true},
		"counters, turned":     {func(s *rules.Set) { slices.Reverse(s.Counters) }, true}, // Their order is for Compile to check.
		"thresholds, any way":  {func(s *rules.Set) { s.Tiers[0].Threshold = 1 }, true},
		"campaigns, of course": {func(s *rules.Set) { s.Campaigns = nil }, true},
	}
	for name, c := range cases {
		err := rules.Follows(springSet(t), successor(t, c.change))
		if c.ok && err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if !c.ok {
			wantCode(t, err, fault.RuleInvalid)
		}
	}
}

func TestTypesOfACounterMayBeListedInAnotherOrder(t *testing.T) {
	old := springSet(t)
	old.Counters[0].Types = []rules.EventType{rules.Purchase, rules.Review}
	next := successor(t, func(s *rules.Set) { s.Counters[0].Types = []rules.EventType{rules.Review, rules.Purchase} })
	if err := rules.Follows(old, next); err != nil {
		t.Error(err)
	}
}

func TestACounterThatWasDroppedDoesntComeBackAsAnother(t *testing.T) {
	first := springSet(t)
	second := successor(t, func(s *rules.Set) { s.Counters = nil })
	third := successor(t, func(s *rules.Set) { s.Version, s.Counters[1].Measure = 4, rules.Visits })
	if err := rules.Follows(second, third); err != nil {
		t.Fatal(err)
	}
	wantCode(t, rules.SameMeaning(first, third), fault.RuleInvalid)
	if err := rules.SameMeaning(second, third); err != nil {
		t.Error(err)
	}
}

func TestACampaignKeepsItsLanes(t *testing.T) {
	old := springSet(t)
	budgeted := slices.IndexFunc(old.Campaigns, func(c rules.Campaign) bool { return c.Budget > 0 })
	if budgeted < 0 {
		t.Fatal("the example has no campaign with a budget")
	}
	more := successor(t, func(s *rules.Set) { s.Campaigns[budgeted].Budget *= 2 })
	if err := rules.Follows(old, more); err != nil {
		t.Errorf("another budget: %v", err)
	}
	cut := successor(t, func(s *rules.Set) { s.Campaigns[budgeted].Lanes++ })
	wantCode(t, rules.Follows(old, cut), fault.RuleInvalid)
	between := successor(t, func(s *rules.Set) { s.Campaigns = nil })
	again := successor(t, func(s *rules.Set) { s.Version++; s.Campaigns[budgeted].Lanes++ })
	if err := rules.Follows(between, again); err != nil {
		t.Error(err)
	}
	wantCode(t, rules.SameMeaning(old, again), fault.RuleInvalid)
}

func TestWhatTakesSomethingFromMembersIsListed(t *testing.T) {
	cases := map[string]struct {
		change func(*rules.Set)
		want   []string
	}{
		"nothing":      {func(*rules.Set) {}, nil},
		"other rules":  {func(s *rules.Set) { s.Rules, s.Campaigns = s.Rules[:1], nil }, nil},
		"easier":       {func(s *rules.Set) { s.Tiers[0].Threshold, s.Tiers[1].Threshold = 400, 1_999 }, nil},
		"longer grace": {func(s *rules.Set) { s.Tiers[0].GraceDays++ }, nil},
		"a tier above": {func(s *rules.Set) {
			s.Tiers = append(s.Tiers, rules.Tier{ID: "platinum", Counter: "year", Threshold: 9_000})
		}, nil},
		"a tier between": {func(s *rules.Set) {
			s.Tiers = slices.Insert(s.Tiers, 1, rules.Tier{ID: "rose", Counter: "year", Threshold: 900})
		}, nil},
		"another name":        {func(s *rules.Set) { s.Tiers[0].Name = nil }, nil},
		"harder":              {func(s *rules.Set) { s.Tiers[1].Threshold = 2_001 }, []string{"tier gold needs 2001 instead of 2000"}},
		"shorter grace":       {func(s *rules.Set) { s.Tiers[0].GraceDays = 30 }, []string{"tier silver is kept 30 days instead of 31"}},
		"another counter":     {func(s *rules.Set) { s.Tiers[0].Counter = "recent" }, []string{"tier silver is reached by another counter"}},
		"one tier less":       {func(s *rules.Set) { s.Tiers = s.Tiers[1:] }, []string{"tier silver is gone"}},
		"no tiers":            {func(s *rules.Set) { s.Tiers = nil }, []string{"tier silver is gone", "tier gold is gone"}},
		"in another order":    {func(s *rules.Set) { slices.Reverse(s.Tiers) }, []string{"tier gold is below silver"}},
		"harder and shorter":  {func(s *rules.Set) { s.Tiers[1].Threshold, s.Tiers[1].GraceDays = 3_000, 0 }, []string{"tier gold needs 3000 instead of 2000", "tier gold is kept 0 days instead of 31"}},
		"gone and made again": {func(s *rules.Set) { s.Tiers[0].ID = "argent" }, []string{"tier silver is gone"}},
	}
	for name, c := range cases {
		if got := rules.Devalues(springSet(t), successor(t, c.change)); !slices.Equal(got, c.want) {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
	if got := rules.Devalues(setOf(fixed("r", 1)), springSet(t)); len(got) != 0 {
		t.Errorf("a first tier takes %q", got)
	}
}
