package terms_test

import (
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/tallystick/tallystick/chaincode/lots"
	"github.com/tallystick/tallystick/chaincode/quantity"
	"github.com/tallystick/tallystick/chaincode/terms"
)

func TestEveryParameterIsJudged(t *testing.T) {
	none := []string{}
	off := terms.Transfers{}
	cases := []struct {
		name   string
		old    func(*terms.Terms)
		change func(*terms.Terms)
		want   []string
	}{
		{"nothing", nil, func(*terms.Terms) {}, none},
		{"version, date and prose", nil, func(x *terms.Terms) {
			x.Version, x.Effective, x.Prose = 2, 16000, map[string]string{"en": "Other words."}
		}, none},
		{"what purchases earn", nil, func(x *terms.Terms) { x.Rate.Num, x.MaxReceiptAgeDays = 0, 0 }, none},
		{"lower value", nil, func(x *terms.Terms) { x.Value = quantity.Ratio{Num: 999_999_999, Den: 1_000_000_000} }, []string{"value"}},
		{"same value in other numbers", nil, func(x *terms.Terms) { x.Value = quantity.Ratio{Num: 7, Den: 7} }, none},
		{"higher value", nil, func(x *terms.Terms) { x.Value = quantity.Ratio{Num: 1_000_000_000, Den: 999_999_999} }, none},
		{"longer pending", nil, func(x *terms.Terms) { x.PendingDays++ }, []string{"pendingDays"}},
		{"shorter pending", nil, func(x *terms.Terms) { x.PendingDays-- }, none},
		{"shorter grace", nil, func(x *terms.Terms) { x.GraceDays-- }, []string{"graceDays"}},
		{"longer grace", nil, func(x *terms.Terms) { x.GraceDays++ }, none},
		{"shorter notice", nil, func(x *terms.Terms) { x.NoticeDays-- }, []string{"noticeDays"}},
		{"longer notice", nil, func(x *terms.Terms) { x.NoticeDays++ }, none},
		{"shorter return", nil, func(x *terms.Terms) { x.ReturnDays-- }, []string{"returnDays"}},
		{"longer return holds transfers back", nil, func(x *terms.Terms) { x.ReturnDays++ }, []string{"returnDays"}},
		{"longer return where nothing is sent", func(x *terms.Terms) { x.Transfers = off }, func(x *terms.Terms) { x.ReturnDays++ }, none},
		{"return without a limit", nil, func(x *terms.Terms) { x.ReturnDays = 0 }, none},
		{"a limit to returns", func(x *terms.Terms) { x.ReturnDays, x.Transfers = 0, off }, func(x *terms.Terms) { x.ReturnDays = 365 }, []string{"returnDays"}},
		{"returns without a receipt", nil, func(x *terms.Terms) { x.UnreferencedReturns = true }, []string{"unreferencedReturns"}},
		{"returns with a receipt only", func(x *terms.Terms) { x.UnreferencedReturns = true }, func(x *terms.Terms) { x.UnreferencedReturns = false }, none},
		{"smaller bearer codes", nil, func(x *terms.Terms) { x.Bearer-- }, []string{"bearer"}},
		{"no bearer codes", nil, func(x *terms.Terms) { x.Bearer = 0 }, []string{"bearer"}},
		{"larger bearer codes", nil, func(x *terms.Terms) { x.Bearer++ }, none},
		{"longer holds", nil, func(x *terms.Terms) { x.HoldMaxSeconds++ }, []string{"holdMaxSeconds"}},
		{"shorter holds", nil, func(x *terms.Terms) { x.HoldMaxSeconds-- }, []string{"holdMaxSeconds"}},
		{"longer wait", nil, func(x *terms.Terms) { x.RecoveryWaitSeconds++ }, []string{"recoveryWaitSeconds"}},
		{"shorter wait", nil, func(x *terms.Terms) { x.RecoveryWaitSeconds-- }, []string{"recoveryWaitSeconds"}},
		{"longer cooling-off", nil, func(x *terms.Terms) { x.CoolingOffSeconds++ }, []string{"coolingOffSeconds"}},
		{"shorter cooling-off", nil, func(x *terms.Terms) { x.CoolingOffSeconds-- }, []string{"coolingOffSeconds"}},
		{"no transfers", nil, func(x *terms.Terms) { x.Transfers = off }, []string{"transfers.customer", "transfers.gift", "transfers.merchant", "transfers.trade", "transfers.acceptDays"}},
		{"transfers", func(x *terms.Terms) { x.Transfers = off }, func(x *terms.Terms) { x.Transfers = usual().Transfers }, none},
		{"lower daily limit", nil, func(x *terms.Terms) { x.Transfers.DailyLimit-- }, []string{"transfers.dailyLimit"}},
		{"higher daily limit", nil, func(x *terms.Terms) { x.Transfers.DailyLimit++ }, none},
		{"no daily limit", nil, func(x *terms.Terms) { x.Transfers.DailyLimit = 0 }, none},
		{"a daily limit", func(x *terms.Terms) { x.Transfers.DailyLimit = 0 }, func(x *terms.Terms) { x.Transfers.DailyLimit = quantity.MaxPoints }, []string{"transfers.dailyLimit"}},
		{"lower lifetime limit", nil, func(x *terms.Terms) { x.Transfers.LifetimeLimit-- }, []string{"transfers.lifetimeLimit"}},
		{"no lifetime limit", nil, func(x *terms.Terms) { x.Transfers.LifetimeLimit = 0 }, none},
		{"a lifetime limit", func(x *terms.Terms) { x.Transfers.LifetimeLimit = 0 }, func(x *terms.Terms) { x.Transfers.LifetimeLimit = 1 }, []string{"transfers.lifetimeLimit"}},
		{"higher minimum", nil, func(x *terms.Terms) { x.Transfers.MinPoints++ }, []string{"transfers.minPoints"}},
		{"lower minimum", nil, func(x *terms.Terms) { x.Transfers.MinPoints-- }, none},
		{"more time to accept", nil, func(x *terms.Terms) { x.Transfers.AcceptDays++ }, []string{"transfers.acceptDays"}},
		{"less time to accept", nil, func(x *terms.Terms) { x.Transfers.AcceptDays-- }, []string{"transfers.acceptDays"}},
		{"expiry", nil, func(x *terms.Terms) { x.Expiry.Months-- }, []string{"expiry"}},
		{"several", nil, func(x *terms.Terms) { x.Value.Num, x.GraceDays, x.Bearer = 0, 0, 0 }, []string{"value", "graceDays", "bearer"}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			old, next := usual(), usual()
			if c.old != nil {
				c.old(&old)
				c.old(&next)
			}
			c.change(&next)
			if got := terms.Devalues(&old, &next); !slices.Equal(got, c.want) {
				t.Errorf("named %v, want %v", got, c.want)
			}
		})
	}
}

func TestExpiryIsComparedForEveryDayOfAccrual(t *testing.T) {
	never := lots.Expiry{Kind: lots.Never}
	rolling := func(months int) lots.Expiry { return lots.Expiry{Kind: lots.Rolling, Months: months} }
	monthEnd := func(months int) lots.Expiry { return lots.Expiry{Kind: lots.Rolling, Months: months, MonthEnd: true} }
	idle := func(months int) lots.Expiry { return lots.Expiry{Kind: lots.Inactivity, Months: months} }
	fixed := func(years, month, day int) lots.Expiry {
		return lots.Expiry{Kind: lots.Fixed, Years: years, Month: month, Day: day}
	}
	cases := []struct {
		name      string
		old, next lots.Expiry
		worse     bool
	}{
		{"never stays never", never, never, false},
		{"an end", never, rolling(600), true},
		{"an end to idle accounts", never, idle(600), true},
		{"no end", fixed(0, 1, 1), never, false},
		{"no end to idle accounts", idle(1), never, false},
		{"longer", rolling(12), rolling(13), false},
		{"shorter", rolling(12), rolling(11), true},
		{"to the month's end", rolling(12), monthEnd(12), false},
		{"not to the month's end", monthEnd(12), rolling(12), true},
		{"a month more instead of the month's end", monthEnd(12), rolling(13), false},
		{"a year's end is sooner than 12 months for January, later for none", rolling(12), fixed(0, 12, 31), true},
		{"the next year's end is never before 12 months", rolling(12), fixed(1, 12, 31), false},
		{"12 months are before the next year's end", fixed(1, 12, 31), rolling(12), true},
		{"24 months are never before the next year's end", fixed(1, 12, 31), rolling(24), false},
		{"an earlier day of the year", fixed(1, 12, 31), fixed(1, 6, 30), true},
		{"a later day of the year", fixed(1, 6, 28), fixed(1, 6, 31), false},
		{"the year's cut moves: some points lose", fixed(0, 6, 31), fixed(0, 12, 31), true},
		{"more years", fixed(1, 6, 28), fixed(2, 6, 28), false},
		{"fewer years", fixed(2, 6, 28), fixed(1, 6, 28), true},
		{"leap day", rolling(12), fixed(1, 2, 28), true},
		{"longer inactivity", idle(12), idle(13), false},
		{"shorter inactivity", idle(12), idle(11), true},
		{"a date for active accounts", idle(12), rolling(600), true},
		{"a date of the year for active accounts", idle(12), fixed(50, 12, 31), true},
		{"inactivity of the same length", rolling(12), idle(12), false},
		{"inactivity of a shorter length", rolling(12), idle(11), true},
		{"inactivity instead of the month's end", monthEnd(12), idle(12), true},
		{"inactivity instead of the year's end", fixed(1, 12, 31), idle(24), false},
		{"too short an inactivity instead of the year's end", fixed(1, 12, 31), idle(23), true},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			old, next := usual(), usual()
			old.Expiry, next.Expiry = c.old, c.next
			if got := len(terms.Devalues(&old, &next)) > 0; got != c.worse {
				t.Errorf("worse is %v", got)
			}
		})
	}
}

func anyExpiry() *rapid.Generator[lots.Expiry] {
	return rapid.Custom(func(t *rapid.T) lots.Expiry {
		switch rapid.IntRange(0, 3).Draw(t, "kind") {
		case 0:
			return lots.Expiry{Kind: lots.Never}
		case 1:
			return lots.Expiry{Kind: lots.Inactivity, Months: rapid.IntRange(1, 60).Draw(t, "months")}
		case 2:
			return lots.Expiry{Kind: lots.Rolling, Months: rapid.IntRange(1, 60).Draw(t, "months"), MonthEnd: rapid.Bool().Draw(t, "monthEnd")}
		default:
			return lots.Expiry{
				Kind: lots.Fixed, Years: rapid.IntRange(0, 4).Draw(t, "years"), Month: rapid.IntRange(1, 12).Draw(t, "month"),
				Day: rapid.SampledFrom([]int{1, 15, 27, 28, 31}).Draw(t, "day"),
			}
		}
	})
}

// gone is the day on which points accrued on day are gone for a holder who was last active idleFrom days later.
func gone(e lots.Expiry, day quantity.Day, idleFrom int) quantity.Day {
	switch e.Kind {
	case lots.Never:
		return quantity.LastDay
	case lots.Inactivity:
		return e.Idle(day + quantity.Day(idleFrom))
	default:
		return e.On(day)
	}
}

func TestNoHolderLosesADayUnlessExpiryIsNamed(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		old, next := usual(), usual()
		old.Expiry, next.Expiry = anyExpiry().Draw(t, "old"), anyExpiry().Draw(t, "next")
		if slices.Contains(terms.Devalues(&old, &next), "expiry") {
			return
		}
		for range 200 {
			day := quantity.Day(rapid.IntRange(0, 400*366).Draw(t, "accrual"))
			idle := rapid.IntRange(0, 3000).Draw(t, "active for")
			if before, after := gone(old.Expiry, day, idle), gone(next.Expiry, day, idle); after < before {
				t.Fatalf("accrued on %s and active for %d days: gone on %s, was %s", day, idle, after, before)
			}
		}
	})
}
