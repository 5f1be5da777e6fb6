package rules_test

import (
	"math/big"
	"testing"

	"pgregory.net/rapid"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/quantity"
	"github.com/tallystick/tallystick/chaincode/rules"
)

func ratio(num, den int64) *quantity.Ratio { return &quantity.Ratio{Num: num, Den: den} }

// gives is what one rule with an action gives for an event.
func gives(t reporter, a rules.Action, ev *rules.Event) quantity.Points {
	t.Helper()
	o := evaluate(t, compile(t, setOf(rules.Rule{ID: "r", Action: a})), ev, &rules.Standing{}, 0)
	return o.Points()
}

func TestRateRoundsAsItSays(t *testing.T) {
	cases := []struct {
		minor, num, den          int64
		floor, halfEven, ceiling quantity.Points
	}{
		{0, 1, 100, 0, 0, 0},
		{1, 1, 100, 0, 0, 1},
		{49, 1, 100, 0, 0, 1},
		{50, 1, 100, 0, 0, 1}, // A tie goes to the even number,
		{51, 1, 100, 0, 1, 1},
		{100, 1, 100, 1, 1, 1},
		{150, 1, 100, 1, 2, 2}, // here upwards.
		{250, 1, 100, 2, 2, 3},
		{999, 2, 3, 666, 666, 666},
		{1000, 2, 3, 666, 667, 667},
		{1, 1, 1_000_000_000, 0, 0, 1},
		{quantity.MaxMinor, 1, 1, quantity.MaxPoints, quantity.MaxPoints, quantity.MaxPoints},
		{quantity.MaxMinor, 999_999_999, 1_000_000_000, 9007199245733791, 9007199245733792, 9007199245733792},
	}
	for _, c := range cases {
		for how, want := range map[rules.Rounding]quantity.Points{rules.Floor: c.floor, rules.HalfEven: c.halfEven, rules.Ceil: c.ceiling} {
			if got := gives(t, rules.Action{Rate: ratio(c.num, c.den), Rounding: how}, purchase(c.minor)); got != want {
				t.Errorf("%d at %d/%d, %s: %d, want %d", c.minor, c.num, c.den, how, got, want)
			}
		}
	}
}

func TestRoundingIsThatOfExactFractions(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		minor := rapid.OneOf(rapid.Int64Range(0, 10_000), rapid.Int64Range(0, quantity.MaxMinor)).Draw(t, "minor")
		den := rapid.OneOf(rapid.Int64Range(1, 8), rapid.Int64Range(1, quantity.MaxRatioTerm)).Draw(t, "den")
		num := rapid.Int64Range(0, den).Draw(t, "num")
		how := rapid.SampledFrom([]rules.Rounding{rules.Floor, rules.HalfEven, rules.Ceil}).Draw(t, "how")

		whole, rest := new(big.Int).QuoRem(new(big.Int).Mul(big.NewInt(minor), big.NewInt(num)), big.NewInt(den), new(big.Int))
		want := whole.Int64()
		twice := new(big.Int).Lsh(rest, 1).Cmp(big.NewInt(den))
		if how == rules.Ceil && rest.Sign() > 0 || how == rules.HalfEven && (twice > 0 || twice == 0 && want%2 == 1) {
			want++
		}
		if got := gives(t, rules.Action{Rate: ratio(num, den), Rounding: how}, purchase(minor)); int64(got) != want {
			t.Errorf("%d*%d/%d %s: %d, want %d", minor, num, den, how, got, want)
		}
	})
}

func TestTieredRateCountsEachPartAtItsOwnRate(t *testing.T) {
	brackets := []rules.Bracket{{UpTo: 5_000, Rate: *ratio(0, 1)}, {UpTo: 20_000, Rate: *ratio(1, 100)}, {Rate: *ratio(3, 100)}}
	cases := []struct {
		minor int64
		how   rules.Rounding
		want  quantity.Points
	}{
		{0, rules.Floor, 0},
		{5_000, rules.Ceil, 0},
		{5_001, rules.Floor, 0},
		{5_001, rules.Ceil, 1},
		{5_050, rules.HalfEven, 0},
		{20_000, rules.Floor, 150},
		{20_033, rules.Floor, 150},
		{20_034, rules.Floor, 151},
		{20_001, rules.Ceil, 151},
		{100_000, rules.Floor, 150 + 2_400},
	}
	for _, c := range cases {
		if got := gives(t, rules.Action{Tiered: brackets, Rounding: c.how}, purchase(c.minor)); got != c.want {
			t.Errorf("%d %s: %d, want %d", c.minor, c.how, got, c.want)
		}
	}
}

func TestRateOfACategoryLooksAtItsTotalOnly(t *testing.T) {
	ev := purchase(10_000)
	ev.Categories = []rules.CategoryAmount{{Category: "bakery", Minor: 250}, {Category: "food", Minor: 9_750}}
	for category, want := range map[string]quantity.Points{"": 100, "bakery": 2, "food": 97, "wine": 0} {
		if got := gives(t, rules.Action{Rate: ratio(1, 100), Category: category, Rounding: rules.Floor}, ev); got != want {
			t.Errorf("rate of %q: %d, want %d", category, got, want)
		}
		tiered := rules.Action{Tiered: []rules.Bracket{{Rate: *ratio(1, 100)}}, Category: category, Rounding: rules.Floor}
		if got := gives(t, tiered, ev); got != want {
			t.Errorf("tiered rate of %q: %d, want %d", category, got, want)
		}
	}
}

func TestMultipliersDontMultiplyEachOther(t *testing.T) {
	p := compile(t, setOf(multiplier("early", 9, 1), rate("base", 1, 100), multiplier("half", 3, 2), multiplier("double", 2, 1), fixed("bonus", 10), multiplier("late", 4, 3)))
	o := evaluate(t, p, purchase(10_100), &rules.Standing{}, 0)
	want := map[string]quantity.Points{"base": 101, "half": 50, "double": 101, "bonus": 10, "late": 37} // A multiplier before everything multiplies nothing.
	if got := given(&o); len(got) != len(want) || o.Points() != 299 {
		t.Errorf("got %v", got)
	}
	for rule, points := range want {
		if given(&o)[rule] != points {
			t.Errorf("%s gave %d, want %d", rule, given(&o)[rule], points)
		}
	}
}

func TestAMultiplierMultipliesWhatCapsLeft(t *testing.T) {
	base := rate("base", 1, 1)
	base.CapReceipt = 40
	o := evaluate(t, compile(t, setOf(base, multiplier("double", 2, 1))), purchase(10_000), &rules.Standing{}, 0)
	if o.Points() != 80 {
		t.Errorf("got %v", given(&o))
	}
}

func TestAwardsThatNoLedgerCanHoldAreRefused(t *testing.T) {
	most := rules.Rule{ID: "most", Action: rules.Action{Fixed: quantity.MaxPoints}}
	cases := map[string][]rules.Rule{
		"one rule":       {rate("r", 2, 1)},
		"rounding up":    {{ID: "r", Action: rules.Action{Rate: ratio(quantity.MaxRatioTerm, quantity.MaxRatioTerm-1), Rounding: rules.Ceil}}},
		"brackets":       {{ID: "r", Action: rules.Action{Tiered: []rules.Bracket{{UpTo: 2, Rate: *ratio(1, 1)}, {Rate: *ratio(2, 1)}}, Rounding: rules.Floor}}},
		"two rules":      {most, fixed("one", 1)},
		"by multiplying": {most, multiplier("double", 2, 1)},
	}
	for name, list := range cases {
		o, code := compile(t, setOf(list...)).Evaluate(purchase(quantity.MaxMinor), &rules.Standing{}, 0, nil)
		if code != fault.OutOfRange || len(o.Awards) != 0 || o.Once != "" {
			t.Errorf("%s: %s, %v", name, code, o)
		}
	}
}
