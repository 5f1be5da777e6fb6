package rules_test

import (
	"testing"

	"github.com/tallystick/tallystick/chaincode/quantity"
	"github.com/tallystick/tallystick/chaincode/rules"
)

// wantTiers checks the tier on days after the last event, and that TierUntil agrees.
func wantTiers(t reporter, p *rules.Program, s *rules.Standing, want map[string]string) {
	t.Helper()
	for on, tier := range want {
		if got := p.TierOn(s, day(t, on)); got != tier {
			t.Errorf("on %s the tier is %q, want %q", on, got, tier)
		}
		if until, held := p.TierUntil(s, tier); tier != "" && (!held || until < day(t, on)) {
			t.Errorf("%s is held until %s, %v", tier, until, held)
		}
	}
}

func TestUpgradeComesAtOnce(t *testing.T) {
	for _, measure := range []rules.Measure{rules.Events, rules.Visits, rules.Spend, rules.Earned} {
		for _, period := range []rules.Period{rules.ByYear, rules.Rolling, rules.Lifetime, rules.ByDay} {
			c := rules.Counter{Measure: measure, Period: period}
			if period == rules.Rolling {
				c.Months = 12
			}
			p := counting(t, c, rules.Tier{ID: "silver", Threshold: 1}, rules.Tier{ID: "gold", Threshold: 2})
			var s rules.Standing
			if got := p.TierOn(&s, 20_000); got != "" {
				t.Errorf("%s by %s: a new account is %q", measure, period, got)
			}
			if _, held := p.TierUntil(&s, "silver"); held {
				t.Errorf("%s by %s: a new account holds silver", measure, period)
			}
			for i, want := range []string{"silver", "gold"} {
				on := quantity.Day(20_000)
				if measure == rules.Visits {
					on += quantity.Day(i)
				}
				if measure == rules.Visits && period == rules.ByDay {
					continue // A day has one visit.
				}
				book(t, p, purchase(100), &s, on)
				if got := p.TierOn(&s, on); got != want {
					t.Errorf("%s by %s: after %d the tier is %q", measure, period, i+1, got)
				}
			}
		}
	}
}

func TestACalendarTierIsKeptThroughTheNextPeriodAndItsGrace(t *testing.T) {
	p := counting(t, rules.Counter{Measure: rules.Spend, Period: rules.ByYear}, rules.Tier{ID: "silver", Threshold: 100}, rules.Tier{ID: "gold", Threshold: 1_000, GraceDays: 31})
	var s rules.Standing
	move(t, p, &s, 999, "2026-01-01")
	wantTiers(t, p, &s, map[string]string{"2026-01-01": "silver", "2027-12-31": "silver", "2028-01-01": ""})
	move(t, p, &s, 1, "2026-12-31")
	wantTiers(t, p, &s, map[string]string{"2026-12-31": "gold", "2027-12-31": "gold", "2028-01-31": "gold", "2028-02-01": ""})
	move(t, p, &s, 100, "2027-06-01") // Silver again: the downgrade is to silver.
	wantTiers(t, p, &s, map[string]string{"2027-06-01": "gold", "2028-01-31": "gold", "2028-02-01": "silver", "2028-12-31": "silver", "2029-01-01": ""})
	move(t, p, &s, 1, "2028-02-01")
	wantTiers(t, p, &s, map[string]string{"2028-02-01": "silver", "2028-12-31": "silver", "2029-01-01": ""})
	for _, k := range s.Kept {
		if k.Tier == "gold" {
			t.Errorf("gold has lapsed and is kept: %v", s.Kept)
		}
	}
}

func TestAShorterPeriodIsKeptLongerByItsGrace(t *testing.T) {
	for period, until := range map[rules.Period]string{
		rules.ByDay: "2026-03-18", rules.ByWeek: "2026-03-25", rules.ByMonth: "2026-05-10", rules.ByQuarter: "2026-07-10", rules.Lifetime: "9999-12-31",
	} {
		p := counting(t, rules.Counter{Measure: rules.Spend, Period: period}, rules.Tier{ID: "gold", Threshold: 10, GraceDays: 10})
		var s rules.Standing
		move(t, p, &s, 10, "2026-03-07")
		if got, held := p.TierUntil(&s, "gold"); !held || got != day(t, until) {
			t.Errorf("by %s: until %s, want %s", period, got, until)
		}
	}
}

func TestARollingTierIsKeptUntilItsGraceIsOver(t *testing.T) {
	p := counting(t, rules.Counter{Measure: rules.Visits, Period: rules.Rolling, Months: 3}, rules.Tier{ID: "gold", Threshold: 10, GraceDays: 30})
	var s rules.Standing
	move(t, p, &s, 10, "2026-01-15")
	wantTiers(t, p, &s, map[string]string{"2026-01-15": "gold", "2026-03-31": "gold", "2026-04-30": "gold", "2026-05-01": ""})
	move(t, p, &s, 1, "2026-04-10") // Below the threshold since 1 April; the grace doesn't begin anew.
	wantTiers(t, p, &s, map[string]string{"2026-04-10": "gold", "2026-04-30": "gold", "2026-05-01": ""})
	move(t, p, &s, 9, "2026-04-20")
	wantTiers(t, p, &s, map[string]string{"2026-06-30": "gold", "2026-07-30": "gold", "2026-07-31": ""})
}

func TestARollingTierFallsWithTheMonthThatTheThresholdNeeds(t *testing.T) {
	p := counting(t, rules.Counter{Measure: rules.Spend, Period: rules.Rolling, Months: 12}, rules.Tier{ID: "gold", Threshold: 10})
	var s rules.Standing
	move(t, p, &s, 5, "2026-01-15")
	move(t, p, &s, 4, "2026-03-15")
	wantTiers(t, p, &s, map[string]string{"2026-03-15": ""})
	move(t, p, &s, 1, "2026-06-15")
	wantTiers(t, p, &s, map[string]string{"2026-12-31": "gold", "2027-01-01": ""}) // All three months are needed.
	move(t, p, &s, 5, "2026-07-15")
	wantTiers(t, p, &s, map[string]string{"2027-02-28": "gold", "2027-03-01": ""}) // March to July are enough.
}

func TestAReturnTakesATierBackThatItHadGiven(t *testing.T) {
	for name, c := range map[string]rules.Counter{"year": {Measure: rules.Spend, Period: rules.ByYear}, "rolling": {Measure: rules.Spend, Period: rules.Rolling, Months: 12}} {
		p := counting(t, c, rules.Tier{ID: "gold", Threshold: 10})
		var s rules.Standing
		move(t, p, &s, 10, "2026-01-15")
		move(t, p, &s, -1, "2026-01-20")
		if got := p.TierOn(&s, day(t, "2026-01-20")); got != "" {
			t.Errorf("%s: tier %q", name, got)
		}
	}
	graced := counting(t, rules.Counter{Measure: rules.Spend, Period: rules.Rolling, Months: 12}, rules.Tier{ID: "gold", Threshold: 10, GraceDays: 5})
	var s rules.Standing
	move(t, graced, &s, 10, "2026-01-15")
	move(t, graced, &s, -1, "2026-01-20")
	wantTiers(t, graced, &s, map[string]string{"2026-01-24": "gold", "2026-01-25": ""})
}

func TestTheHighestTierCountsWhateverItsCounter(t *testing.T) {
	set := setOf(fixed("r", 1))
	purchases := []rules.EventType{rules.Purchase}
	set.Counters = []rules.Counter{{ID: "spend", Measure: rules.Spend, Types: purchases, Period: rules.ByYear}, {ID: "visits", Measure: rules.Visits, Types: purchases, Period: rules.ByYear}}
	set.Tiers = []rules.Tier{{ID: "often", Counter: "visits", Threshold: 1}, {ID: "much", Counter: "spend", Threshold: 1_000}}
	p := compile(t, set)
	var s rules.Standing
	book(t, p, purchase(1), &s, 20_000)
	if got := p.TierOn(&s, 20_000); got != "often" {
		t.Errorf("tier %q", got)
	}
	book(t, p, purchase(100_000), &s, 20_000)
	if got := p.TierOn(&s, 20_000); got != "much" {
		t.Errorf("tier %q", got)
	}
	if _, held := p.TierUntil(&s, "gold"); held {
		t.Error("a tier that isn't is held")
	}
}

func TestAShorterGraceOfANewSetTakesNothingThatIsKept(t *testing.T) {
	c := rules.Counter{Measure: rules.Visits, Period: rules.Rolling, Months: 1}
	old := counting(t, c, rules.Tier{ID: "gold", Threshold: 10, GraceDays: 100})
	next := counting(t, c, rules.Tier{ID: "gold", Threshold: 10})
	var s rules.Standing
	move(t, old, &s, 10, "2026-01-15")
	move(t, old, &s, 1, "2026-02-01") // Kept until 11 May, a hundred days after January.
	move(t, next, &s, 10, "2026-02-02")
	wantTiers(t, next, &s, map[string]string{"2026-02-28": "gold", "2026-05-11": "gold", "2026-05-12": ""})
	move(t, next, &s, 1, "2026-03-01") // By the new set it would be gone.
	wantTiers(t, next, &s, map[string]string{"2026-03-01": "gold", "2026-05-11": "gold", "2026-05-12": ""})
}

func TestTiersEndWithTheCalendar(t *testing.T) {
	for period, months := range map[rules.Period]int{rules.ByYear: 0, rules.ByWeek: 0, rules.ByDay: 0, rules.Rolling: 24} {
		c := rules.Counter{Measure: rules.Spend, Period: period, Months: months}
		p := counting(t, c, rules.Tier{ID: "gold", Threshold: 1, GraceDays: rules.MaxGraceDays})
		var s rules.Standing
		move(t, p, &s, 1, "9999-12-31")
		if until, held := p.TierUntil(&s, "gold"); !held || until != quantity.LastDay || p.TierOn(&s, quantity.LastDay) != "gold" {
			t.Errorf("by %s: until %s, %v", c.Period, until, held)
		}
		encoded(t, &s)
	}
}
