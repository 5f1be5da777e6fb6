package terms_test

import (
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/lots"
	"github.com/tallystick/tallystick/chaincode/quantity"
	"github.com/tallystick/tallystick/chaincode/terms"
)

// version gives the usual terms as a later version, changed.
func version(n int, effective quantity.Day, change func(*terms.Terms)) terms.Terms {
	x := usual()
	x.Version, x.Effective = n, effective
	if change != nil {
		change(&x)
	}
	return x
}

func TestPublicationsFollowEachOther(t *testing.T) {
	const today = 15100
	cheaper := func(x *terms.Terms) { x.Value = quantity.Ratio{Num: 1, Den: 2} }
	better := func(x *terms.Terms) { x.Value = quantity.Ratio{Num: 2, Den: 1} }
	notice := func(days int) func(*terms.Terms) { return func(x *terms.Terms) { x.NoticeDays = days } }
	first := []terms.Terms{usual()} // In force since day 15000, with 60 days of notice.
	cases := []struct {
		name    string
		history []terms.Terms
		next    terms.Terms
		code    fault.Code
	}{
		{"first, at once", nil, version(1, today, nil), fault.OK},
		{"first, before", nil, version(1, today-1, nil), fault.OK},
		{"first, later", nil, version(1, today+1, nil), fault.InvalidValue},
		{"first with another number", nil, version(2, today, nil), fault.InvalidValue},
		{"invalid", first, version(2, today, func(x *terms.Terms) { x.Prose = nil }), fault.InvalidValue},
		{"better, at once", first, version(2, today, better), fault.OK},
		{"better, later", first, version(2, today+1, better), fault.OK},
		{"better, yesterday", first, version(2, today-1, better), fault.InvalidValue},
		{"version left out", first, version(3, today, better), fault.InvalidValue},
		{"version again", first, version(1, today, better), fault.InvalidValue},
		{"worse, at once", first, version(2, today, cheaper), fault.NoticeTooShort},
		{"worse, a day too early", first, version(2, today+59, cheaper), fault.NoticeTooShort},
		{"worse, after the notice", first, version(2, today+60, cheaper), fault.OK},
		{"before what is scheduled", []terms.Terms{usual(), version(2, today+60, cheaper)}, version(3, today+59, better), fault.InvalidValue},
		{"in place of what is scheduled", []terms.Terms{usual(), version(2, today+30, cheaper)}, version(3, today+30, better), fault.OK},
		{"what is scheduled, again", []terms.Terms{usual(), version(2, today+30, cheaper)}, version(3, today+30, cheaper), fault.OK},
		{"a scheduled improvement taken back", []terms.Terms{usual(), version(2, today+30, better)}, version(3, today+30, nil), fault.NoticeTooShort},
		{"a shorter notice, at once", first, version(2, today, notice(59)), fault.NoticeTooShort},
		{"a shorter notice isn't in force yet", []terms.Terms{usual(), version(2, today+1, notice(0))}, version(3, today+59, cheaper), fault.NoticeTooShort},
		{"a shorter notice is in force", []terms.Terms{usual(), version(2, today, notice(1))}, version(3, today+1, func(x *terms.Terms) { notice(1)(x); cheaper(x) }), fault.OK},
		{"a longer notice is promised", []terms.Terms{usual(), version(2, today+5, notice(90))}, version(3, today+89, func(x *terms.Terms) { notice(90)(x); cheaper(x) }), fault.NoticeTooShort},
		{"no notice promised", []terms.Terms{version(1, 15000, notice(0))}, version(2, today, func(x *terms.Terms) { notice(0)(x); cheaper(x) }), fault.OK},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) { wantCode(t, terms.AdmitNext(c.history, &c.next, today), c.code) })
	}
}

func TestRefusalNamesParametersAndTheFirstDay(t *testing.T) {
	next := version(2, day(t, "2011-06-01"), func(x *terms.Terms) { x.Value.Num, x.GraceDays = 0, 0 })
	err := terms.AdmitNext([]terms.Terms{usual()}, &next, day(t, "2011-05-31"))
	wantCode(t, err, fault.NoticeTooShort)
	for _, part := range []string{"value", "graceDays", "2011-07-30"} {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("%v doesn't say %s", err, part)
		}
	}
}

func TestVersionsAreFoundByDayAndByNumber(t *testing.T) {
	history := []terms.Terms{version(1, 100, nil), version(2, 200, nil), version(3, 200, nil), version(4, 300, nil)}
	for on, want := range map[quantity.Day]int{99: 0, 100: 1, 199: 1, 200: 3, 299: 3, 300: 4, 5000: 4} {
		got := terms.On(history, on)
		if want == 0 && got != nil || want != 0 && (got == nil || got.Version != want) {
			t.Errorf("on day %d there is %+v", on, got)
		}
	}
	for n := range 6 {
		got := terms.Find(history, n)
		if exists := n >= 1 && n <= 4; exists != (got != nil) || exists && got.Version != n {
			t.Errorf("version %d is %+v", n, got)
		}
	}
}

// worth is what a holder can measure of terms, the larger the better.
func worth(x *terms.Terms) []int64 {
	limit := int64(x.Transfers.DailyLimit)
	if limit == 0 {
		limit = quantity.MaxPoints
	}
	if !x.Transfers.Customer {
		limit = 0
	}
	found := []int64{
		1_000_000 * x.Value.Num / x.Value.Den, -int64(x.PendingDays), int64(x.GraceDays), int64(x.NoticeDays), limit, int64(x.Bearer),
	}
	for accrual := quantity.Day(15000); accrual < 15800; accrual += 7 {
		found = append(found, int64(gone(x.Expiry, accrual, 0)))
	}
	return found
}

// turn changes some parameters of terms at random.
func turn(t *rapid.T, x *terms.Terms) {
	for range rapid.IntRange(1, 3).Draw(t, "changes") {
		switch rapid.IntRange(0, 6).Draw(t, "parameter") {
		case 0:
			x.Value = quantity.Ratio{Num: rapid.Int64Range(0, 5).Draw(t, "num"), Den: rapid.Int64Range(1, 2).Draw(t, "den")}
		case 1:
			x.PendingDays = rapid.IntRange(0, 20).Draw(t, "pending")
		case 2:
			x.GraceDays = rapid.IntRange(0, 60).Draw(t, "grace")
		case 3:
			x.NoticeDays = rapid.IntRange(0, 90).Draw(t, "notice")
		case 4:
			x.Transfers.Customer, x.Transfers.DailyLimit = rapid.Bool().Draw(t, "customer"), quantity.Points(rapid.IntRange(0, 9).Draw(t, "limit"))
		case 5:
			x.Bearer = quantity.Points(rapid.IntRange(0, 9).Draw(t, "bearer"))
		case 6:
			x.Expiry = lots.Expiry{Kind: lots.Rolling, Months: rapid.IntRange(1, 24).Draw(t, "months")}
		}
	}
}

// promisedNotice is the longest notice that anybody could have read on a day.
func promisedNotice(history []terms.Terms, today quantity.Day) quantity.Day {
	longest := terms.On(history, today).NoticeDays
	for i := range history {
		if history[i].Effective > today {
			longest = max(longest, history[i].NoticeDays)
		}
	}
	return quantity.Day(longest)
}

func TestNothingBecomesWorseWithinTheNotice(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		today := quantity.Day(15000)
		history := []terms.Terms{usual()}
		for range rapid.IntRange(1, 12).Draw(t, "publications") {
			today += quantity.Day(rapid.IntRange(0, 40).Draw(t, "days pass"))
			next := history[len(history)-1]
			next.Version++
			next.Effective = today + quantity.Day(rapid.IntRange(-1, 120).Draw(t, "effective in"))
			turn(t, &next)
			if terms.AdmitNext(history, &next, today) != nil {
				continue
			}
			after := append(history[:len(history):len(history)], next)
			for d := today; d < today+promisedNotice(history, today); d++ {
				was, is := worth(terms.On(history, d)), worth(terms.On(after, d))
				for i := range was {
					if is[i] < was[i] {
						t.Fatalf("published on %d: on %d measure %d fell from %d to %d", today, d, i, was[i], is[i])
					}
				}
			}
			history = after
		}
	})
}

func TestImprovementIsPossibleAtOnce(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		today := quantity.Day(15000 + rapid.IntRange(0, 500).Draw(t, "today"))
		next := version(2, today, func(x *terms.Terms) {
			x.Value.Num += rapid.Int64Range(0, 5).Draw(t, "value")
			x.PendingDays -= rapid.IntRange(0, 14).Draw(t, "pending")
			x.GraceDays += rapid.IntRange(0, 5).Draw(t, "grace")
			x.NoticeDays += rapid.IntRange(0, 5).Draw(t, "notice")
			x.Expiry.Months += rapid.IntRange(0, 5).Draw(t, "months")
			x.Transfers.DailyLimit += quantity.Points(rapid.IntRange(0, 5).Draw(t, "limit"))
		})
		if err := terms.AdmitNext([]terms.Terms{usual()}, &next, today); err != nil {
			t.Fatal(err)
		}
	})
}
