package rules_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/quantity"
	"github.com/tallystick/tallystick/chaincode/rules"
)

// full has one of everything, so that a case changes a single thing.
func full(t reporter) *rules.Set {
	t.Helper()
	set := springSet(t)
	set.Rules[0].CapReceipt, set.Rules[0].CapDay, set.Rules[0].CapCustomer = 1, 1, 1
	return set
}

func languages(n, length int) rules.Words {
	w := rules.Words{}
	for i := range n {
		w[fmt.Sprintf("x%c", 'a'+i)] = strings.Repeat("p", length)
	}
	return w
}

func ids(prefix string, n int) []string {
	var list []string
	for i := range n {
		list = append(list, fmt.Sprintf("%s%03d", prefix, i))
	}
	return list
}

func counters(n int) []rules.Counter {
	list := []rules.Counter{{ID: "recent", Measure: rules.Visits, Types: rules.EventTypes(), Period: rules.ByDay}}
	for _, id := range ids("x", n-2) {
		list = append(list, rules.Counter{ID: id, Measure: rules.Visits, Types: rules.EventTypes(), Period: rules.ByDay})
	}
	return append(list, rules.Counter{ID: "year", Measure: rules.Visits, Types: rules.EventTypes(), Period: rules.ByDay})
}

func tiers(n int) []rules.Tier {
	list := []rules.Tier{{ID: "silver", Counter: "year", Threshold: 1}, {ID: "gold", Counter: "year", Threshold: 2}}
	for i, id := range ids("x", n-2) {
		list = append(list, rules.Tier{ID: id, Counter: "year", Threshold: int64(i + 3)})
	}
	return list
}

func campaigns(n int) []rules.Campaign {
	list := []rules.Campaign{{ID: "spring"}}
	for _, id := range ids("x", n-1) {
		list = append(list, rules.Campaign{ID: id})
	}
	return list
}

func manyRules(n int) []rules.Rule {
	var list []rules.Rule
	for _, id := range ids("x", n) {
		list = append(list, rules.Rule{ID: id, Group: id, Types: rules.EventTypes(), Action: rules.Action{Fixed: 1}})
	}
	return list
}

func brackets(n int) []rules.Bracket {
	var list []rules.Bracket
	for i := range n - 1 {
		list = append(list, rules.Bracket{UpTo: int64(i + 1), Rate: *ratio(1, 1)})
	}
	return append(list, rules.Bracket{Rate: *ratio(1, 1)})
}

// limits are the bounds of a set: what lies at them can be published, and what lies just beyond can't.
var limits = map[string]struct{ at, beyond func(*rules.Set) }{
	"version":         {func(s *rules.Set) { s.Version = 1 }, func(s *rules.Set) { s.Version = 0 }},
	"document":        {func(s *rules.Set) { s.V = 1 }, func(s *rules.Set) { s.V = 2 }},
	"first day":       {func(s *rules.Set) { s.Effective = 0 }, func(s *rules.Set) { s.Effective = -1 }},
	"last day":        {func(s *rules.Set) { s.Effective = quantity.LastDay }, func(s *rules.Set) { s.Effective = quantity.LastDay + 1 }},
	"smallest unit":   {func(s *rules.Set) { s.MinorPerUnit = 1 }, func(s *rules.Set) { s.MinorPerUnit = 0 }},
	"largest unit":    {func(s *rules.Set) { s.MinorPerUnit = rules.MaxMinorPerUnit }, func(s *rules.Set) { s.MinorPerUnit = rules.MaxMinorPerUnit + 1 }},
	"prose":           {func(s *rules.Set) { s.Prose = languages(1, 1) }, func(s *rules.Set) { s.Prose = nil }},
	"prose, longest":  {func(s *rules.Set) { s.Prose = languages(2, rules.MaxProseLength) }, func(s *rules.Set) { s.Prose = languages(2, rules.MaxProseLength+1) }},
	"prose, shortest": {func(s *rules.Set) { s.Prose = languages(1, 1) }, func(s *rules.Set) { s.Prose = rules.Words{"en": ""} }},
	"languages":       {func(s *rules.Set) { s.Prose = languages(rules.MaxLanguages, 1) }, func(s *rules.Set) { s.Prose = languages(rules.MaxLanguages+1, 1) }},
	"language":        {func(s *rules.Set) { s.Prose = rules.Words{"zh-Hans": "x"} }, func(s *rules.Set) { s.Prose = rules.Words{"EN": "x"} }},
	"names": {func(s *rules.Set) { s.Rules[0].Name = languages(rules.MaxLanguages, rules.MaxNameLength) },
		func(s *rules.Set) { s.Rules[0].Name = languages(1, rules.MaxNameLength+1) }},
	"names of tiers":     {func(s *rules.Set) { s.Tiers[0].Name = nil }, func(s *rules.Set) { s.Tiers[0].Name = rules.Words{"e": "x"} }},
	"names of campaigns": {func(s *rules.Set) { s.Campaigns[0].Name = nil }, func(s *rules.Set) { s.Campaigns[0].Name = rules.Words{"en_GB": "x"} }},

	"counters":          {func(s *rules.Set) { s.Counters = counters(rules.MaxCounters) }, func(s *rules.Set) { s.Counters = counters(rules.MaxCounters + 1) }},
	"order of counters": {func(s *rules.Set) { s.Counters[0].ID = "yeaq" }, func(s *rules.Set) { s.Counters[0], s.Counters[1] = s.Counters[1], s.Counters[0] }},
	"counter twice":     {func(s *rules.Set) {}, func(s *rules.Set) { s.Counters[0] = s.Counters[1] }},
	"measure":           {func(s *rules.Set) { s.Counters[0].Measure = rules.Events }, func(s *rules.Set) { s.Counters[0].Measure = "amount" }},
	"period":            {func(s *rules.Set) { s.Counters[1].Period = rules.Lifetime }, func(s *rules.Set) { s.Counters[1].Period = "decade" }},
	"most months":       {func(s *rules.Set) { s.Counters[0].Months = rules.MaxRollingMonths }, func(s *rules.Set) { s.Counters[0].Months = rules.MaxRollingMonths + 1 }},
	"fewest months":     {func(s *rules.Set) { s.Counters[0].Months = 1 }, func(s *rules.Set) { s.Counters[0].Months = 0 }},
	"months elsewhere":  {func(s *rules.Set) { s.Counters[1].Months = 0 }, func(s *rules.Set) { s.Counters[1].Months = 1 }},
	"counter's types":   {func(s *rules.Set) { s.Counters[0].Types = rules.EventTypes() }, func(s *rules.Set) { s.Counters[0].Types = nil }},

	"tiers":             {func(s *rules.Set) { s.Tiers = tiers(rules.MaxTiers) }, func(s *rules.Set) { s.Tiers = tiers(rules.MaxTiers + 1) }},
	"tier twice":        {func(s *rules.Set) {}, func(s *rules.Set) { s.Tiers[1].ID = "silver" }},
	"tier's counter":    {func(s *rules.Set) { s.Tiers[0].Counter = "recent" }, func(s *rules.Set) { s.Tiers[0].Counter = "visits" }},
	"lowest threshold":  {func(s *rules.Set) { s.Tiers[0].Threshold = 1 }, func(s *rules.Set) { s.Tiers[0].Threshold = 0 }},
	"highest threshold": {func(s *rules.Set) { s.Tiers[1].Threshold = quantity.MaxPoints }, func(s *rules.Set) { s.Tiers[1].Threshold = quantity.MaxPoints + 1 }},
	"rising thresholds": {func(s *rules.Set) { s.Tiers[0].Threshold = 1_999 }, func(s *rules.Set) { s.Tiers[0].Threshold = 2_000 }},
	"longest grace":     {func(s *rules.Set) { s.Tiers[0].GraceDays = rules.MaxGraceDays }, func(s *rules.Set) { s.Tiers[0].GraceDays = rules.MaxGraceDays + 1 }},
	"shortest grace":    {func(s *rules.Set) { s.Tiers[0].GraceDays = 0 }, func(s *rules.Set) { s.Tiers[0].GraceDays = -1 }},

	"campaigns":            {func(s *rules.Set) { s.Campaigns = campaigns(rules.MaxCampaigns) }, func(s *rules.Set) { s.Campaigns = campaigns(rules.MaxCampaigns + 1) }},
	"campaign twice":       {func(s *rules.Set) {}, func(s *rules.Set) { s.Campaigns = append(s.Campaigns, s.Campaigns[0]) }},
	"campaign's tag":       {func(s *rules.Set) { s.Campaigns[0].Tag = strings.Repeat("t", rules.MaxWordLength) }, func(s *rules.Set) { s.Campaigns[0].Tag = strings.Repeat("t", rules.MaxWordLength+1) }},
	"campaign of a day":    {func(s *rules.Set) { s.Campaigns[0].Until = s.Campaigns[0].From }, func(s *rules.Set) { s.Campaigns[0].Until = s.Campaigns[0].From - 1 }},
	"earliest campaign":    {func(s *rules.Set) { s.Campaigns[0].From = 0 }, func(s *rules.Set) { s.Campaigns[0].From = -1 }},
	"latest campaign":      {func(s *rules.Set) { s.Campaigns[0].Until = quantity.LastDay }, func(s *rules.Set) { s.Campaigns[0].Until = quantity.LastDay + 1 }},
	"largest budget":       {func(s *rules.Set) { s.Campaigns[0].Budget = quantity.MaxPoints }, func(s *rules.Set) { s.Campaigns[0].Budget = quantity.MaxPoints + 1 }},
	"negative budget":      {func(s *rules.Set) { s.Campaigns[0].Budget, s.Campaigns[0].Lanes = 0, 0 }, func(s *rules.Set) { s.Campaigns[0].Budget, s.Campaigns[0].Lanes = -1, 0 }},
	"largest customer cap": {func(s *rules.Set) { s.Campaigns[0].CustomerCap = quantity.MaxPoints }, func(s *rules.Set) { s.Campaigns[0].CustomerCap = quantity.MaxPoints + 1 }},
	"no customer cap":      {func(s *rules.Set) { s.Campaigns[0].CustomerCap = 0 }, func(s *rules.Set) { s.Campaigns[0].CustomerCap = -1 }},
	"most lanes":           {func(s *rules.Set) { s.Campaigns[0].Lanes = rules.MaxLanes }, func(s *rules.Set) { s.Campaigns[0].Lanes = rules.MaxLanes + 1 }},
	"fewest lanes":         {func(s *rules.Set) { s.Campaigns[0].Lanes = 1 }, func(s *rules.Set) { s.Campaigns[0].Lanes = 0 }},
	"lanes of no budget":   {func(s *rules.Set) { s.Campaigns[0].Budget, s.Campaigns[0].Lanes = 0, 0 }, func(s *rules.Set) { s.Campaigns[0].Budget, s.Campaigns[0].Lanes = 0, 1 }},

	"rules":           {func(s *rules.Set) { s.Rules = manyRules(rules.MaxRules) }, func(s *rules.Set) { s.Rules = manyRules(rules.MaxRules + 1) }},
	"no rules":        {func(s *rules.Set) { s.Rules = s.Rules[:1] }, func(s *rules.Set) { s.Rules = nil }},
	"rule twice":      {func(s *rules.Set) {}, func(s *rules.Set) { s.Rules[1].ID = "base" }},
	"rule's campaign": {func(s *rules.Set) { s.Rules[0].Campaign = "spring" }, func(s *rules.Set) { s.Rules[0].Campaign = "summer" }},
	"rule's types":    {func(s *rules.Set) { s.Rules[0].Types = rules.EventTypes() }, func(s *rules.Set) { s.Rules[0].Types = nil }},
	"type twice":      {func(s *rules.Set) {}, func(s *rules.Set) { s.Rules[0].Types = []rules.EventType{rules.Share, rules.Share} }},
	"unknown type":    {func(s *rules.Set) {}, func(s *rules.Set) { s.Rules[0].Types = []rules.EventType{"sale"} }},
	"group":           {func(s *rules.Set) { s.Rules[0].Group = strings.Repeat("g", rules.MaxIDLength) }, func(s *rules.Set) { s.Rules[0].Group = strings.Repeat("g", rules.MaxIDLength+1) }},
	"id":              {func(s *rules.Set) { s.Rules[0].ID = "a" + strings.Repeat("-", rules.MaxIDLength-1) }, func(s *rules.Set) { s.Rules[0].ID = strings.Repeat("a", rules.MaxIDLength+1) }},
	"id, empty":       {func(s *rules.Set) { s.Rules[0].ID = "a" }, func(s *rules.Set) { s.Rules[0].ID = "" }},
	"id, capital":     {func(s *rules.Set) { s.Rules[0].ID = "aA0-" }, func(s *rules.Set) { s.Rules[0].ID = "Aa" }},
	"id, of a tier": {func(s *rules.Set) { s.Tiers = append(s.Tiers, rules.Tier{ID: "x", Counter: "year", Threshold: 9_999}) }, func(s *rules.Set) {
		s.Tiers = append(s.Tiers, rules.Tier{ID: "x y", Counter: "year", Threshold: 9_999})
	}},
	"id, of a counter":  {func(s *rules.Set) { s.Counters[0].ID = "r" }, func(s *rules.Set) { s.Counters[0].ID = "r\n" }},
	"id, of a campaign": {func(s *rules.Set) { s.Campaigns = append(s.Campaigns, rules.Campaign{ID: "x"}) }, func(s *rules.Set) { s.Campaigns = append(s.Campaigns, rules.Campaign{ID: "é"}) }},
	"largest minimum":   {func(s *rules.Set) { s.Rules[0].MinimumMinor = quantity.MaxMinor }, func(s *rules.Set) { s.Rules[0].MinimumMinor = quantity.MaxMinor + 1 }},
	"negative minimum":  {func(s *rules.Set) { s.Rules[0].MinimumMinor = 0 }, func(s *rules.Set) { s.Rules[0].MinimumMinor = -1 }},
	"cap per receipt":   {func(s *rules.Set) { s.Rules[0].CapReceipt = quantity.MaxPoints }, func(s *rules.Set) { s.Rules[0].CapReceipt = quantity.MaxPoints + 1 }},
	"cap per day":       {func(s *rules.Set) { s.Rules[0].CapDay = quantity.MaxPoints }, func(s *rules.Set) { s.Rules[0].CapDay = quantity.MaxPoints + 1 }},
	"cap per customer":  {func(s *rules.Set) { s.Rules[0].CapCustomer = quantity.MaxPoints }, func(s *rules.Set) { s.Rules[0].CapCustomer = quantity.MaxPoints + 1 }},
	"no receipt cap":    {func(s *rules.Set) { s.Rules[0].CapReceipt = 0 }, func(s *rules.Set) { s.Rules[0].CapReceipt = -1 }},
	"no day cap":        {func(s *rules.Set) { s.Rules[0].CapDay = 0 }, func(s *rules.Set) { s.Rules[0].CapDay = -1 }},
	"no cap":            {func(s *rules.Set) { s.Rules[0].CapCustomer = 0 }, func(s *rules.Set) { s.Rules[0].CapCustomer = -1 }},

	"largest fixed":      {action(rules.Action{Fixed: quantity.MaxPoints}), action(rules.Action{Fixed: quantity.MaxPoints + 1})},
	"smallest fixed":     {action(rules.Action{Fixed: 1}), action(rules.Action{Fixed: -1})},
	"no action":          {action(rules.Action{Fixed: 1}), action(rules.Action{})},
	"two actions":        {action(rules.Action{Fixed: 1}), action(rules.Action{Fixed: 1, Multiplier: ratio(2, 1)})},
	"rate and tiered":    {action(rules.Action{Rate: ratio(1, 1), Rounding: rules.Ceil}), action(rules.Action{Rate: ratio(1, 1), Tiered: brackets(1), Rounding: rules.Ceil})},
	"largest rate":       {action(rules.Action{Rate: ratio(quantity.MaxRatioTerm, 1), Rounding: rules.Floor}), action(rules.Action{Rate: ratio(quantity.MaxRatioTerm+1, 1), Rounding: rules.Floor})},
	"smallest rate":      {action(rules.Action{Rate: ratio(0, 1), Rounding: rules.Floor}), action(rules.Action{Rate: ratio(-1, 1), Rounding: rules.Floor})},
	"rate over nothing":  {action(rules.Action{Rate: ratio(1, 1), Rounding: rules.Floor}), action(rules.Action{Rate: ratio(1, 0), Rounding: rules.Floor})},
	"rounding":           {action(rules.Action{Rate: ratio(1, 1), Rounding: rules.HalfEven}), action(rules.Action{Rate: ratio(1, 1), Rounding: "up"})},
	"no rounding":        {action(rules.Action{Tiered: brackets(1), Rounding: rules.Floor}), action(rules.Action{Tiered: brackets(1)})},
	"rounding elsewhere": {action(rules.Action{Multiplier: ratio(2, 1)}), action(rules.Action{Multiplier: ratio(2, 1), Rounding: rules.Floor})},
	"smallest factor":    {action(rules.Action{Multiplier: ratio(quantity.MaxRatioTerm, quantity.MaxRatioTerm-1)}), action(rules.Action{Multiplier: ratio(1, 1)})},
	"largest factor":     {action(rules.Action{Multiplier: ratio(quantity.MaxRatioTerm, 1)}), action(rules.Action{Multiplier: ratio(quantity.MaxRatioTerm+1, 1)})},
	"factor over 0":      {action(rules.Action{Multiplier: ratio(2, 1)}), action(rules.Action{Multiplier: ratio(2, 0)})},
	"brackets":           {action(rules.Action{Tiered: brackets(rules.MaxBrackets), Rounding: rules.Floor}), action(rules.Action{Tiered: brackets(rules.MaxBrackets + 1), Rounding: rules.Floor})},
	"last bracket":       {action(rules.Action{Tiered: brackets(2), Rounding: rules.Floor}), action(rules.Action{Tiered: brackets(2)[:1], Rounding: rules.Floor})},
	"open bracket":       {action(rules.Action{Tiered: brackets(2), Rounding: rules.Floor}), action(rules.Action{Tiered: []rules.Bracket{{Rate: *ratio(1, 1)}, {Rate: *ratio(1, 1)}}, Rounding: rules.Floor})},
	"rising brackets":    {action(rules.Action{Tiered: upTo(1, 2), Rounding: rules.Floor}), action(rules.Action{Tiered: upTo(2, 2), Rounding: rules.Floor})},
	"highest bracket":    {action(rules.Action{Tiered: upTo(1, quantity.MaxMinor), Rounding: rules.Floor}), action(rules.Action{Tiered: upTo(1, quantity.MaxMinor+1), Rounding: rules.Floor})},
	"bracket's rate":     {action(rules.Action{Tiered: brackets(1), Rounding: rules.Floor}), action(rules.Action{Tiered: []rules.Bracket{{Rate: *ratio(1, 0)}}, Rounding: rules.Floor})},
	"category": {action(rules.Action{Rate: ratio(1, 1), Category: strings.Repeat("c", rules.MaxWordLength), Rounding: rules.Floor}),
		action(rules.Action{Rate: ratio(1, 1), Category: strings.Repeat("c", rules.MaxWordLength+1), Rounding: rules.Floor})},
	"category elsewhere": {action(rules.Action{Fixed: 1}), action(rules.Action{Fixed: 1, Category: "food"})},

	"zone": {func(s *rules.Set) { s.Zone = "America/Argentina/ComodRivadavia" }, func(s *rules.Set) { s.Zone = strings.Repeat("Z", rules.MaxZoneLength+1) }},

	"condition's length":  {when("true" + strings.Repeat(" ", rules.MaxConditionLength-4)), when("true" + strings.Repeat(" ", rules.MaxConditionLength-3))},
	"length, in Chinese":  {when(`store != "` + strings.Repeat("食", rules.MaxConditionLength-11) + `"`), when(`store != "` + strings.Repeat("食", rules.MaxConditionLength-10) + `"`)},
	"condition's nodes":   {when("amount in [1" + strings.Repeat(",1", rules.MaxConditionNodes-4) + "]"), when("amount in [1" + strings.Repeat(",1", rules.MaxConditionNodes-3) + "]")},
	"condition's nesting": {when(parentheses(rules.MaxConditionNesting - 1)), when(parentheses(rules.MaxConditionNesting))},
	"condition's loops":   {when(`tags.all(t, t != "a") && tags.all(t, t != "b")`), when(`tags.all(t, tags.all(u, u != "b"))`)},
	"condition's cost":    {when(dearest), when(dearest + " && firstPurchase")},
	"cost of the set":     {dear(8, ""), dear(8, "firstPurchase")},
	"lists compared":      {when(times(30, "tags == tags")), when(times(31, "tags == tags"))}, // Each costs four for an entry and one for a name.
}

func action(a rules.Action) func(*rules.Set) { return func(s *rules.Set) { s.Rules[0].Action = a } }

func when(condition string) func(*rules.Set) {
	return func(s *rules.Set) { s.Rules[0].When = condition }
}

func parentheses(n int) string { return strings.Repeat("(", n) + "true" + strings.Repeat(")", n) }

func upTo(ends ...int64) []rules.Bracket {
	var list []rules.Bracket
	for _, end := range ends {
		list = append(list, rules.Bracket{UpTo: end, Rate: *ratio(1, 1)})
	}
	return append(list, rules.Bracket{Rate: *ratio(1, 1)})
}

// dearest is a condition of the worst cost that is allowed: twelve loops of 162 and 28 comparisons of 2.
var dearest = times(12, `categories.all(k, k != "x")`) + " && " + times(28, "amount != 1")

// times joins a condition with itself.
func times(n int, condition string) string {
	return strings.Repeat(condition+" && ", n-1) + condition
}

// dear makes a set of n of the dearest conditions and one more.
func dear(n int, more string) func(*rules.Set) {
	return func(s *rules.Set) {
		s.Rules = manyRules(n + 1)
		for i := range n {
			s.Rules[i].When = dearest
		}
		s.Rules[n].When = more
	}
}

func TestEveryLimitOfASetHoldsAtItsBoundAndBeyond(t *testing.T) {
	for name, c := range limits {
		t.Run(name, func(t *testing.T) {
			set := full(t)
			c.at(set)
			if _, err := rules.Compile(set); err != nil {
				t.Errorf("at its bound: %v", err)
			}
			set = full(t)
			c.beyond(set)
			p, err := rules.Compile(set)
			if wantCode(t, err, fault.RuleInvalid); p != nil {
				t.Error("a refused set has a program")
			}
		})
	}
}

func TestARefusalSaysHowMuchTooDearACondition(t *testing.T) {
	for condition, says := range map[string]string{"condition's cost": "may cost 2001, at most 2000", "cost of the set": "may cost more than 16000"} {
		set := full(t)
		limits[condition].beyond(set)
		if _, err := rules.Compile(set); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v", condition, err)
		}
	}
}

func TestARefusalNamesWhatIsWrong(t *testing.T) {
	for name, says := range map[string]string{
		"rule's campaign": `rule base: the set has no campaign "summer"`, "tier's counter": `tier silver: the set has no counter "visits"`, "rising thresholds": "tier gold",
		"most months": "counter recent", "most lanes": "campaign spring", "two actions": "rule base", "tier twice": "tier silver stands twice", "language": `"EN"`,
	} {
		set := full(t)
		limits[name].beyond(set)
		if _, err := rules.Compile(set); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestNoFloatIsRead(t *testing.T) {
	for _, doc := range []string{
		`{"rules":[{"action":{"fixed":1.5}}]}`, `{"rules":[{"action":{"fixed":1e3}}]}`, `{"rules":[{"action":{"rate":{"num":1.0,"den":100}}}]}`, `{"rules":[{"action":{"multiplier":1.5}}]}`,
		`{"minorPerUnit":0.01}`, `{"rules":[{"minimumMinor":9.99}]}`, `{"tiers":[{"threshold":1E2}]}`, `{"rules":[{"capDay":"1"}]}`,
	} {
		if err := strictly([]byte(doc), new(rules.Set)); err == nil {
			t.Errorf("%s was read", doc)
		}
	}
}
