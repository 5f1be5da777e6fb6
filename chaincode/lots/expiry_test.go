package lots_test

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/lots"
	"github.com/tallystick/tallystick/chaincode/quantity"
)

func rolling(months int) lots.Expiry { return lots.Expiry{Kind: lots.Rolling, Months: months} }

func monthEnd(months int) lots.Expiry {
	return lots.Expiry{Kind: lots.Rolling, Months: months, MonthEnd: true}
}

func idle(months int) lots.Expiry { return lots.Expiry{Kind: lots.Inactivity, Months: months} }

func fixed(years, month, day int) lots.Expiry {
	return lots.Expiry{Kind: lots.Fixed, Years: years, Month: month, Day: day}
}

// day reads YYYY-MM-DD.
func day(t failer, text string) quantity.Day {
	t.Helper()
	d, err := quantity.ParseDay(text)
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return d
}

func TestPointsAreGoneOnTheDayThatTheirPolicyNames(t *testing.T) {
	cases := []struct {
		name          string
		policy        lots.Expiry
		accrued, gone string // Gone is empty when no date follows.
	}{
		{"never", lots.Expiry{Kind: lots.Never}, "2024-02-29", ""},
		{"inactivity says nothing of the accrual", idle(12), "2024-02-29", ""},
		{"a month later", rolling(1), "2024-12-15", "2025-01-15"},
		{"half a year", rolling(6), "2011-06-09", "2011-12-09"},
		{"a short month", rolling(1), "2024-03-31", "2024-04-30"},
		{"February of a leap year", rolling(1), "2024-01-31", "2024-02-29"},
		{"February of another year", rolling(1), "2023-01-31", "2023-02-28"},
		{"leap day to a year without", rolling(12), "2024-02-29", "2025-02-28"},
		{"leap day to leap day", rolling(48), "2024-02-29", "2028-02-29"},
		{"leap day to a century without", rolling(48), "2096-02-29", "2100-02-28"},
		{"longest", rolling(lots.MaxExpiryMonths), "2024-06-15", "2074-06-15"},
		{"rolling stops at the last day", rolling(1), "9999-12-15", "9999-12-31"},
		{"end of the month from its first day", monthEnd(1), "2024-01-01", "2024-03-01"},
		{"end of the month from its last day", monthEnd(1), "2024-01-31", "2024-03-01"},
		{"end of the month over the year", monthEnd(1), "2023-11-30", "2024-01-01"},
		{"end of a leap February", monthEnd(12), "2023-02-28", "2024-03-01"},
		{"end of the last month", monthEnd(1), "9999-11-30", "9999-12-31"},
		{"end of the year", fixed(0, 12, 31), "2024-05-05", "2025-01-01"},
		{"end of the year, accrued on it", fixed(0, 12, 31), "2024-12-31", "2025-01-01"},
		{"day before the fixed day", fixed(0, 6, 15), "2024-06-14", "2024-06-16"},
		{"on the fixed day", fixed(0, 6, 15), "2024-06-15", "2024-06-16"},
		{"day after the fixed day", fixed(0, 6, 15), "2024-06-16", "2025-06-16"},
		{"last of February, leap year", fixed(0, 2, 31), "2024-02-29", "2024-03-01"},
		{"last of February, after it", fixed(0, 2, 31), "2024-03-01", "2025-03-01"},
		{"last of February, another year", fixed(0, 2, 31), "2023-02-28", "2023-03-01"},
		{"28th of February, on leap day", fixed(0, 2, 28), "2024-02-29", "2025-03-01"},
		{"28th of February is not the last of a leap year", fixed(0, 2, 28), "2024-01-01", "2024-02-29"},
		{"second year after, from its beginning", fixed(2, 3, 31), "2024-01-01", "2026-04-01"},
		{"second year after, from its end", fixed(2, 3, 31), "2024-12-31", "2026-04-01"},
		{"next New Year's Day", fixed(1, 1, 1), "2024-12-31", "2025-01-02"},
		{"last of a month of 30 days", fixed(1, 4, 31), "2024-07-01", "2025-05-01"},
		{"latest", fixed(lots.MaxExpiryYears, 12, 31), "2024-07-01", "2075-01-01"},
		{"fixed stops at the last day", fixed(0, 12, 31), "9999-07-01", "9999-12-31"},
		{"years stop at the last day", fixed(lots.MaxExpiryYears, 6, 15), "9990-07-01", "9999-12-31"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			wantCode(t, c.policy.Validate(), fault.OK)
			want := quantity.Day(0)
			if c.gone != "" {
				want = day(t, c.gone)
			}
			if got := c.policy.On(day(t, c.accrued)); got != want {
				t.Errorf("points of %s are gone on %s", c.accrued, got)
			}
		})
	}
}

func TestInactivityCountsFromTheLastActivity(t *testing.T) {
	cases := []struct {
		name         string
		policy       lots.Expiry
		active, gone string
	}{
		{"a year", idle(12), "2023-05-06", "2024-05-06"},
		{"from leap day", idle(12), "2024-02-29", "2025-02-28"},
		{"to the end of a short month", idle(1), "2023-01-31", "2023-02-28"},
		{"longest", idle(lots.MaxExpiryMonths), "2024-06-15", "2074-06-15"},
		{"not beyond the last day", idle(24), "9998-12-31", "9999-12-31"},
		{"never", lots.Expiry{Kind: lots.Never}, "2024-02-29", ""},
		{"rolling", rolling(12), "2024-02-29", ""},
		{"fixed", fixed(1, 12, 31), "2024-02-29", ""},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			want := quantity.Day(0)
			if c.gone != "" {
				want = day(t, c.gone)
			}
			if got := c.policy.Idle(day(t, c.active)); got != want {
				t.Errorf("active on %s, gone on %s", c.active, got)
			}
		})
	}
}

func TestAPolicyHasTheFieldsOfItsKind(t *testing.T) {
	cases := []struct {
		name   string
		policy lots.Expiry
		code   fault.Code
	}{
		{"never", lots.Expiry{Kind: lots.Never}, fault.OK},
		{"never with months", lots.Expiry{Kind: lots.Never, Months: 1}, fault.InvalidValue},
		{"never with a day", lots.Expiry{Kind: lots.Never, Day: 1}, fault.InvalidValue},
		{"rolling, shortest", rolling(1), fault.OK},
		{"rolling, longest", monthEnd(lots.MaxExpiryMonths), fault.OK},
		{"rolling, no months", rolling(0), fault.InvalidValue},
		{"rolling, negative months", rolling(-1), fault.InvalidValue},
		{"rolling, too long", rolling(lots.MaxExpiryMonths + 1), fault.InvalidValue},
		{"rolling with years", lots.Expiry{Kind: lots.Rolling, Months: 1, Years: 1}, fault.InvalidValue},
		{"inactivity, shortest", idle(1), fault.OK},
		{"inactivity, longest", idle(lots.MaxExpiryMonths), fault.OK},
		{"inactivity, no months", idle(0), fault.InvalidValue},
		{"inactivity, too long", idle(lots.MaxExpiryMonths + 1), fault.InvalidValue},
		{"inactivity to the month's end", lots.Expiry{Kind: lots.Inactivity, Months: 1, MonthEnd: true}, fault.InvalidValue},
		{"fixed, in the year of accrual", fixed(0, 1, 1), fault.OK},
		{"fixed, latest", fixed(lots.MaxExpiryYears, 12, 31), fault.OK},
		{"fixed, before the accrual", fixed(-1, 12, 31), fault.InvalidValue},
		{"fixed, too late", fixed(lots.MaxExpiryYears+1, 12, 31), fault.InvalidValue},
		{"fixed, month 0", fixed(0, 0, 1), fault.InvalidValue},
		{"fixed, month 13", fixed(0, 13, 1), fault.InvalidValue},
		{"fixed, day 0", fixed(0, 1, 0), fault.InvalidValue},
		{"fixed, day 28", fixed(0, 2, 28), fault.OK},
		{"fixed, day 29", fixed(0, 1, 29), fault.InvalidValue},
		{"fixed, day 30", fixed(0, 1, 30), fault.InvalidValue},
		{"fixed, last day of the month", fixed(0, 2, 31), fault.OK},
		{"fixed, day 32", fixed(0, 1, 32), fault.InvalidValue},
		{"fixed with months", lots.Expiry{Kind: lots.Fixed, Month: 1, Day: 1, Months: 1}, fault.InvalidValue},
		{"no kind", lots.Expiry{}, fault.InvalidValue},
		{"unknown kind", lots.Expiry{Kind: "monthly", Months: 1}, fault.InvalidValue},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) { wantCode(t, c.policy.Validate(), c.code) })
	}
}

func anyDay() *rapid.Generator[quantity.Day] {
	return rapid.Custom(func(t *rapid.T) quantity.Day { return quantity.Day(rapid.IntRange(0, 60000).Draw(t, "day")) })
}

// clock is the day in the standard library's calendar, which the expectations below are made with.
func clock(d quantity.Day) time.Time { return time.Unix(int64(d)*86400, 0).UTC() }

func TestRollingKeepsTheDayOfTheMonthOrTakesItsLast(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		accrued, months := anyDay().Draw(t, "accrued"), rapid.IntRange(1, lots.MaxExpiryMonths).Draw(t, "months")
		want := clock(accrued).AddDate(0, months, 0)
		if want.Day() != clock(accrued).Day() {
			want = want.AddDate(0, 0, -want.Day()) // It ran over into the next month.
		}
		got := clock(rolling(months).On(accrued))
		if !got.Equal(want) {
			t.Fatalf("%s and %d months is %s, got %s", accrued, months, want, got)
		}
		if end := clock(monthEnd(months).On(accrued)); end.Day() != 1 || !end.AddDate(0, -1, 0).Before(got.AddDate(0, 0, 1)) || !end.After(got) {
			t.Fatalf("%s and %d months is %s, its month is over on %s", accrued, months, got, end)
		}
	})
}

func TestFixedEndsWithTheNextSuchDay(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		e := fixed(rapid.IntRange(0, 3).Draw(t, "years"), rapid.IntRange(1, 12).Draw(t, "month"), rapid.SampledFrom([]int{1, 15, 28, 31}).Draw(t, "day"))
		accrued := anyDay().Draw(t, "accrued")
		last := clock(accrued)
		if e.Years > 0 {
			last = time.Date(last.Year()+e.Years, 1, 1, 0, 0, 0, 0, time.UTC)
		}
		for !isLast(e, last) {
			last = last.AddDate(0, 0, 1)
		}
		if got := clock(e.On(accrued)); !got.Equal(last.AddDate(0, 0, 1)) {
			t.Fatalf("%+v: points of %s can be spent until %s, got gone on %s", e, accrued, last, got)
		}
	})
}

func isLast(e lots.Expiry, day time.Time) bool {
	if int(day.Month()) != e.Month {
		return false
	}
	return day.Day() == e.Day || e.Day == 31 && day.AddDate(0, 0, 1).Day() == 1
}

func TestLaterPointsAreNotGoneSooner(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		e := rapid.OneOf(
			rapid.Custom(func(t *rapid.T) lots.Expiry {
				return lots.Expiry{Kind: lots.Rolling, Months: rapid.IntRange(1, 60).Draw(t, "months"), MonthEnd: rapid.Bool().Draw(t, "monthEnd")}
			}),
			rapid.Custom(func(t *rapid.T) lots.Expiry {
				return fixed(rapid.IntRange(0, 3).Draw(t, "years"), rapid.IntRange(1, 12).Draw(t, "month"), rapid.IntRange(1, 28).Draw(t, "day"))
			}),
		).Draw(t, "policy")
		accrued := anyDay().Draw(t, "accrued")
		gone, next := e.On(accrued), e.On(accrued+1)
		if gone <= accrued || next < gone {
			t.Fatalf("%+v: points of %s are gone on %s, those of the day after on %s", e, accrued, gone, next)
		}
	})
}
