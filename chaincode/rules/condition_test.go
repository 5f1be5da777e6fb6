package rules_test

import (
	"strings"
	"testing"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/quantity"
	"github.com/tallystick/tallystick/chaincode/rules"
)

// conditionSet has one rule of one point with a condition, a counter and two tiers.
func conditionSet(when string) *rules.Set {
	set := setOf(rules.Rule{ID: "r", When: when, Action: rules.Action{Fixed: 1}, Types: rules.EventTypes()})
	set.Counters = []rules.Counter{{ID: "visits", Measure: rules.Visits, Types: []rules.EventType{rules.Purchase}, Period: rules.ByYear}}
	set.Tiers = []rules.Tier{{ID: "silver", Counter: "visits", Threshold: 2}, {ID: "gold", Counter: "visits", Threshold: 4}}
	return set
}

func TestConditionsSeeTheEventTheTimeAndTheAccount(t *testing.T) {
	ev := &rules.Event{
		Type: rules.Purchase, AmountMinor: 4250, Currency: "GBP", Store: "leeds-1", Channel: "web", OccurredAt: "2026-03-28T23:30:00Z",
		Categories: []rules.CategoryAmount{{Category: "food", Minor: 3000}, {Category: "wine", Minor: 1250}}, Tags: []string{"app", "press"},
	}
	cases := map[string]bool{
		`true`:                              true,
		`false`:                             false,
		`event == "purchase"`:               true,
		`amount == 4250`:                    true,
		`amount / 100 * 100 == 4200`:        true,
		`amount % 100 == 50 && -amount < 0`: true,
		`currency == "GBP" && store.startsWith("leeds")`:                    true,
		`channel in ["web", "phone"]`:                                       true,
		`channel + "-" + currency == "web-GBP"`:                             true,
		`categories.food >= 3000`:                                           true,
		`categories["wine"] > 1250`:                                         false,
		`"food" in categories && !("meat" in categories)`:                   true,
		`has(categories.meat)`:                                              false,
		`has(categories.food)`:                                              true,
		`categories.meat > 0`:                                               false, // Fails: no such key.
		`!(categories.meat > 0)`:                                            false, // Still fails.
		`categories.meat > 0 || amount > 0`:                                 true,  // Decided without it.
		`amount / (amount - 4250) > 0`:                                      false, // Division by zero.
		`amount * 9223372036854775807 > 0`:                                  false, // Overflow.
		`size(categories) == 2 && size(tags) == 2`:                          true,
		`tags.exists(t, t == "app")`:                                        true,
		`tags.all(t, t.contains("p"))`:                                      true,
		`tags.filter(t, t.endsWith("s")).size() == 1`:                       true,
		`tags.filter(t, true)[0].contains("a")`:                             true,
		`categories.filter(c, categories[c] >= 1000).size() >= 2`:           true,
		`"visits" in counters && has(counters.visits)`:                      true,
		`1 / 0 == 1 || amount > 0`:                                          true, // Decided without the part that fails.
		`1 / 0 == 1 && amount > 0`:                                          false,
		`store.size() > 7 || tags[2] == "x"`:                                false, // Fails: no such entry.
		`categories.exists_one(c, categories[c] > 2000)`:                    true,
		`categories.filter(c, true)[0] == "food"`:                           true,
		`weekday == 6 && hour == 23 && month == 3`:                          true,
		`day == "2026-03-28" && day < "2026-04-01"`:                         true,
		`tier == "silver" && tier in ["silver", "gold"] && tier != "gold"`:  true,
		`counters.visits == 3 && counters["visits"] > 2`:                    true,
		`firstPurchase`:                                                     false,
		`categories == counters`:                                            false,
		`categories == categories`:                                          true,
		`(amount > 100 ? "large" : "small") == "large"`:                     true,
		`"食品" in categories || store.size() == 7`:                           true,
		`tags == ["app", "press"] && tags[1] == "press" && tags[0] < "b\n"`: true,
	}
	standing := rules.Standing{Once: []string{"purchase"}, Counters: []rules.CounterState{{ID: "visits", Buckets: []rules.Bucketed{{Start: day(t, "2026-01-01"), Value: 3}}}}}
	for when, want := range cases {
		t.Run(when, func(t *testing.T) {
			p := compile(t, conditionSet(when))
			o := evaluate(t, p, ev, &standing, day(t, "2026-03-29"))
			if got := o.Points() == 1; got != want {
				t.Errorf("held: %v", got)
			}
		})
	}
}

func TestConditionsThatCantBePublished(t *testing.T) {
	cases := map[string]struct{ when, says string }{
		"syntax":                  {`amount >`, "doesn't compile"},
		"unknown variable":        {`basket > 3`, "undeclared reference"},
		"unknown function":        {`amount.matches("4+")`, "doesn't compile"},
		"regular expression":      {`store.matches("(a+)+")`, "undeclared reference"},
		"not a truth value":       {`amount + 1`, "must be true or false"},
		"a list":                  {`tags`, "must be true or false"},
		"wrong types":             {`amount == "5"`, "doesn't compile"},
		"float literal":           {`amount > 4 && 1.5 == 1.5`, "double"},
		"float in a list":         {`[1.0].size() == 1`, "double"},
		"float in dead code":      {`true || 1e3 == 1e3`, "double"},
		"conversion to float":     {`double(amount) > 4.5`, "undeclared reference"},
		"conversion from text":    {`int(store) > 4`, "undeclared reference"},
		"unsigned":                {`1u == 1u`, "uint"},
		"bytes":                   {`b"a" == b"a"`, "bytes"},
		"null":                    {`null == null`, "null"},
		"a type as a value":       {`int == int`, "type"},
		"type of":                 {`type(amount) == int`, "undeclared reference"},
		"dyn":                     {`dyn(amount) == 4`, "undeclared reference"},
		"mixed list":              {`[1, "a"].size() == 2`, "dyn"},
		"time":                    {`timestamp("2026-01-01T00:00:00Z") == timestamp("2026-01-01T00:00:00Z")`, "undeclared reference"},
		"duration":                {`duration("1h") == duration("1h")`, "undeclared reference"},
		"map of its own":          {`{"a": 1}.exists(k, k == "a")`, "map"},
		"loop in a loop":          {`tags.exists(a, tags.exists(b, a == b))`, "nesting"},
		"many loops":              {strings.Repeat(`tags.exists(t, store.contains(t)) && `, 12) + "true", "may cost"},
		"lists that are joined":   {`(tags + tags).size() > 2`, "joins two lists"},
		"joined in a loop":        {`tags.filter(t, ([t] + tags).size() > 1).size() > 1`, "joins two lists"},
		"list of lists":           {`[tags] == [tags]`, "list(list(string))"},
		"too long":                {`amount > ` + strings.Repeat("1", rules.MaxConditionLength), "doesn't compile"},
		"much too long":           {strings.Repeat(" ", 4*rules.MaxConditionLength) + `true`, "longer"},
		"too deep":                {strings.Repeat("(", 200) + "true" + strings.Repeat(")", 200), "doesn't compile"},
		"too many nodes":          {"amount in [" + strings.Repeat("1,", 320) + "1]", "doesn't compile"},
		"constant that fails":     {`1 / 0 == 1`, "always fails"},
		"counter that isn't":      {`counters.spend > 3`, `counter "spend"`},
		"counter by index":        {`counters["spend"] > 3`, `counter "spend"`},
		"counter by presence":     {`has(counters.spend)`, `counter "spend"`},
		"counter by membership":   {`"spend" in counters`, `counter "spend"`},
		"constant too large":      {`9223372036854775807 + 1 > 0`, "always fails"},
		"loop over a filter":      {`tags.filter(t, t > "a").all(t, t > "b")`, "nesting"},
		"timestamp of a literal":  {`"2026-01-01" == string(amount)`, "undeclared reference"},
		"escape into a message":   {`google.protobuf.Int64Value{value: 1} == 1`, "message"},
		"optional":                {`counters[?"visits"].orValue(1) > 0`, "doesn't compile"},
		"tier that isn't":         {`tier == "platinum"`, `tier "platinum"`},
		"tier that isn't, turned": {`"platinum" != tier`, `tier "platinum"`},
		"tier that isn't, listed": {`tier in ["gold", "platinum"]`, `tier "platinum"`},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			_, err := rules.Compile(conditionSet(c.when))
			wantCode(t, err, fault.RuleInvalid)
			if err != nil && (!strings.Contains(err.Error(), "rule r: ") || !strings.Contains(err.Error(), c.says)) {
				t.Errorf("says %q", err)
			}
		})
	}
}

func TestMapsAreWalkedInTheOrderOfTheirKeys(t *testing.T) {
	ev := purchase(100)
	for _, c := range []string{"a", "b", "c", "d", "e", "f", "g", "h"} {
		ev.Categories = append(ev.Categories, rules.CategoryAmount{Category: c, Minor: 1})
	}
	p := compile(t, conditionSet(`categories.filter(c, c != "a")[0] == "b" && categories.filter(c, true) == ["a", "b", "c", "d", "e", "f", "g", "h"]`))
	for range 50 {
		o := evaluate(t, p, ev, &rules.Standing{}, 0)
		if o.Points() != 1 {
			t.Fatal("another order")
		}
	}
}

func TestFirstPurchaseIsTheFirst(t *testing.T) {
	p := compile(t, setOf(rules.Rule{ID: "first", When: "firstPurchase", Action: rules.Action{Fixed: 100}, Types: []rules.EventType{rules.Purchase, rules.Review}}))
	var s rules.Standing
	review := &rules.Event{Type: rules.Review, OccurredAt: "2026-03-07T12:00:00Z"}
	for i, step := range []struct {
		ev   *rules.Event
		want quantity.Points
	}{{review, 0}, {purchase(1), 100}, {purchase(1), 0}, {review, 0}} {
		if o := book(t, p, step.ev, &s, 0); o.Points() != step.want {
			t.Errorf("step %d gives %d", i, o.Points())
		}
	}
}
