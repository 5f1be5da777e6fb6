package quantity_test

import (
	"encoding/json"
	"math/big"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/quantity"
)

func wantCode(t *testing.T, err error, code fault.Code) {
	t.Helper()
	if code == fault.OK {
		if err != nil {
			t.Fatalf("refused: %v", err)
		}
		return
	}
	if err == nil {
		t.Fatalf("accepted, want %s", code)
	}
	if got := fault.CodeOf(err); got != code {
		t.Fatalf("got %v, want %s", err, code)
	}
}

func TestPointsAddAndSubWithinTheirRange(t *testing.T) {
	const top = quantity.MaxPoints
	cases := []struct {
		name      string
		p, q, sum quantity.Points
		code      fault.Code
	}{
		{"zero", 0, 0, 0, fault.OK},
		{"plain", 2, 3, 5, fault.OK},
		{"below zero", 2, -3, -1, fault.OK},
		{"to the top", top - 1, 1, top, fault.OK},
		{"over the top", top, 1, 0, fault.OutOfRange},
		{"twice the top", top, top, 0, fault.OutOfRange},
		{"to the bottom", -top + 1, -1, -top, fault.OK},
		{"under the bottom", -top, -1, 0, fault.OutOfRange},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			got, err := c.p.Add(c.q)
			wantCode(t, err, c.code)
			if err == nil && got != c.sum {
				t.Errorf("sum is %d", got)
			}
			back, err := c.p.Sub(-c.q)
			wantCode(t, err, c.code)
			if err == nil && back != c.sum {
				t.Errorf("difference is %d", back)
			}
		})
	}
}

func TestSumStopsAtTheFirstOverflow(t *testing.T) {
	got, err := quantity.Sum(1, 2, 3, -4)
	if err != nil || got != 2 {
		t.Errorf("sum is %d, %v", got, err)
	}
	_, err = quantity.Sum(quantity.MaxPoints, 1, -1)
	wantCode(t, err, fault.OutOfRange)
	if got, err := quantity.Sum(); err != nil || got != 0 {
		t.Errorf("the sum of nothing is %d, %v", got, err)
	}
}

func TestRatioRoundsDownWithoutOverflow(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		value := rapid.Int64Min(0).Draw(t, "value")
		r := quantity.Ratio{Num: rapid.Int64Range(0, quantity.MaxRatioTerm).Draw(t, "num"), Den: rapid.Int64Range(1, quantity.MaxRatioTerm).Draw(t, "den")}
		want := new(big.Int).Mul(big.NewInt(value), big.NewInt(r.Num))
		want.Quo(want, big.NewInt(r.Den))
		got, err := r.Floor(value)
		if want.Cmp(big.NewInt(quantity.MaxPoints)) > 0 {
			if fault.CodeOf(err) != fault.OutOfRange {
				t.Fatalf("%d * %v = %v was not refused: %d", value, r, want, got)
			}
			return
		}
		if err != nil || want.Cmp(big.NewInt(got)) != 0 {
			t.Fatalf("%d * %v is %v, got %d, %v", value, r, want, got, err)
		}
	})
}

func TestRatioRoundsUpWithoutOverflow(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		value := rapid.Int64Min(0).Draw(t, "value")
		r := quantity.Ratio{Num: rapid.Int64Range(0, quantity.MaxRatioTerm).Draw(t, "num"), Den: rapid.Int64Range(1, quantity.MaxRatioTerm).Draw(t, "den")}
		want := new(big.Int).Mul(big.NewInt(value), big.NewInt(r.Num))
		want.Add(want, big.NewInt(r.Den-1)).Quo(want, big.NewInt(r.Den))
		got, err := r.Ceil(value)
		if want.Cmp(big.NewInt(quantity.MaxPoints)) > 0 {
			if fault.CodeOf(err) != fault.OutOfRange {
				t.Fatalf("%d * %v = %v was not refused: %d", value, r, want, got)
			}
			return
		}
		if err != nil || want.Cmp(big.NewInt(got)) != 0 {
			t.Fatalf("%d * %v is %v rounded up, got %d, %v", value, r, want, got, err)
		}
	})
	_, err := quantity.Ratio{Num: 1, Den: 2}.Ceil(2*quantity.MaxPoints + 1)
	wantCode(t, err, fault.OutOfRange)
}

func TestRatioTable(t *testing.T) {
	cases := []struct {
		name  string
		r     quantity.Ratio
		valid fault.Code
		value int64
		want  int64
		code  fault.Code
	}{
		{"whole pounds of pence", quantity.Ratio{Num: 1, Den: 100}, fault.OK, 1999, 19, fault.OK},
		{"nothing", quantity.Ratio{Num: 0, Den: 1}, fault.OK, 1 << 60, 0, fault.OK},
		{"negative amount", quantity.Ratio{Num: 1, Den: 1}, fault.OK, -1, 0, fault.OutOfRange},
		{"largest result", quantity.Ratio{Num: 1, Den: 1}, fault.OK, quantity.MaxPoints, quantity.MaxPoints, fault.OK},
		{"one over", quantity.Ratio{Num: 1, Den: 1}, fault.OK, quantity.MaxPoints + 1, 0, fault.OutOfRange},
		{"product over 64 bits", quantity.Ratio{Num: 1_000_000_000, Den: 1}, fault.OK, 1 << 62, 0, fault.OutOfRange},
		{"product of exactly 64 bits too many", quantity.Ratio{Num: 4, Den: 1}, fault.OK, 1 << 62, 0, fault.OutOfRange},
		{"denominator zero", quantity.Ratio{Num: 1, Den: 0}, fault.InvalidValue, 0, 0, ""},
		{"negative numerator", quantity.Ratio{Num: -1, Den: 1}, fault.InvalidValue, 0, 0, ""},
		{"negative denominator", quantity.Ratio{Num: 1, Den: -1}, fault.InvalidValue, 0, 0, ""},
		{"numerator too large", quantity.Ratio{Num: quantity.MaxRatioTerm + 1, Den: 1}, fault.InvalidValue, 0, 0, ""},
		{"denominator too large", quantity.Ratio{Num: 1, Den: quantity.MaxRatioTerm + 1}, fault.InvalidValue, 0, 0, ""},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			wantCode(t, c.r.Valid(), c.valid)
			if c.valid != fault.OK {
				return
			}
			got, err := c.r.Floor(c.value)
			wantCode(t, err, c.code)
			if err == nil && got != c.want {
				t.Errorf("got %d", got)
			}
		})
	}
}

func TestMoneyHasARangeAndACurrency(t *testing.T) {
	cases := []struct {
		name string
		m    quantity.Money
		code fault.Code
	}{
		{"nothing", quantity.Money{Minor: 0, Currency: "GBP"}, fault.OK},
		{"most", quantity.Money{Minor: quantity.MaxMinor, Currency: "GBP"}, fault.OK},
		{"negative", quantity.Money{Minor: -1, Currency: "GBP"}, fault.OutOfRange},
		{"too much", quantity.Money{Minor: quantity.MaxMinor + 1, Currency: "GBP"}, fault.OutOfRange},
		{"small letters", quantity.Money{Minor: 1, Currency: "gbp"}, fault.InvalidValue},
		{"two letters", quantity.Money{Minor: 1, Currency: "GB"}, fault.InvalidValue},
		{"none", quantity.Money{Minor: 1}, fault.InvalidValue},
		{"three bytes that are no letters", quantity.Money{Minor: 1, Currency: "G1P"}, fault.InvalidValue},
		{"three bytes of another script", quantity.Money{Minor: 1, Currency: "€"}, fault.InvalidValue},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) { wantCode(t, c.m.Valid(), c.code) })
	}
}

func TestDaysAreReadInOneFormOnly(t *testing.T) {
	cases := []struct {
		text string
		want quantity.Day
		code fault.Code
	}{
		{"1970-01-01", 0, fault.OK},
		{"2011-12-09", 15317, fault.OK},
		{"2024-02-29", 19782, fault.OK},
		{"9999-12-31", 2932896, fault.OK},
		{"1969-12-31", 0, fault.InvalidValue},
		{"2023-02-29", 0, fault.InvalidValue},
		{"2011-13-01", 0, fault.InvalidValue},
		{"2011-1-1", 0, fault.InvalidValue},
		{"2011-12-09T00:00:00Z", 0, fault.InvalidValue},
		{"", 0, fault.InvalidValue},
	}
	for _, c := range cases {
		t.Run(c.text, func(t *testing.T) {
			got, err := quantity.ParseDay(c.text)
			wantCode(t, err, c.code)
			if err == nil && (got != c.want || got.String() != c.text) {
				t.Errorf("got %d, written %s", got, got)
			}
		})
	}
}

func TestDayOfCountsDownBeforeTheEpoch(t *testing.T) {
	for unix, want := range map[int64]quantity.Day{0: 0, 86399: 0, 86400: 1, -1: -1, -86400: -1, -86401: -2} {
		if got := quantity.DayOf(unix); got != want {
			t.Errorf("second %d is on day %d, want %d", unix, got, want)
		}
	}
}

func TestDaysTravelAsText(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		day := quantity.Day(rapid.Int32Range(0, 2932896).Draw(t, "day"))
		raw, err := json.Marshal(day)
		if err != nil {
			t.Fatal(err)
		}
		var back quantity.Day
		if err := json.Unmarshal(raw, &back); err != nil || back != day {
			t.Fatalf("%d went as %s and came back as %d, %v", day, raw, back, err)
		}
		if want := time.Unix(int64(day)*86400, 0).UTC().Format(time.DateOnly); string(raw) != `"`+want+`"` {
			t.Fatalf("%d went as %s", day, raw)
		}
	})
}
