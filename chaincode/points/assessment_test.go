package points_test

import (
	"testing"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/quantity"
	"github.com/tallystick/tallystick/chaincode/rules"
)

func TestPurchaseIsAssessedInThePeriodAndTheCurrency(t *testing.T) {
	cases := []struct {
		name   string
		change func(*points.Details)
		code   fault.Code
	}{
		{"today", func(*points.Details) {}, fault.OK},
		{"another currency", func(d *points.Details) { d.Currency = "EUR" }, fault.CurrencyMismatch},
		{"nothing in another currency", func(d *points.Details) { d.Currency, d.AmountMinor = "EUR", 0 }, fault.CurrencyMismatch},
		{"nothing in none", func(d *points.Details) { d.Currency, d.AmountMinor = "", 0 }, fault.OK},
		{"tomorrow by the till's clock", func(d *points.Details) { d.OccurredAt = "2011-03-14T00:30:00+13:00" }, fault.OK},
		{"the day after", func(d *points.Details) { d.OccurredAt = "2011-03-15T00:30:00Z" }, fault.OutOfPeriod},
		{"as old as allowed", func(d *points.Details) { d.OccurredAt = "2011-02-11T23:59:59Z" }, fault.OK},
		{"a day older", func(d *points.Details) { d.OccurredAt = "2011-02-10T23:59:59Z" }, fault.OutOfPeriod},
	}
	for _, c := range cases {
		for _, kind := range []points.Kind{points.KindEarn, points.KindRefer, points.KindReturn} {
			t.Run(c.name+", "+string(kind), func(t *testing.T) {
				d := purchase(1200)
				c.change(&d)
				if a := points.Assess(programme(), least(kind), &d, nil); a.Code != c.code {
					t.Errorf("got %s", a.Code)
				}
			})
		}
	}
}

func TestRulesSeeTheEventOfTheDetails(t *testing.T) {
	d := purchase(100)
	d.Event, d.Store, d.Channel, d.Tags = "checkin", "s1", "app", []string{"a", "b"}
	d.Lines = []points.Line{{Category: "tea", AmountMinor: 30}, {AmountMinor: 20}, {Category: "bread", AmountMinor: 40}, {Category: "tea", AmountMinor: 10}}
	got := points.Assess(programme(), least(points.KindEarn), &d, nil).Event
	want := rules.Event{
		Type: rules.CheckIn, AmountMinor: 100, Currency: "GBP", Store: "s1", Channel: "app", OccurredAt: dated, Tags: []string{"a", "b"},
		Categories: []rules.CategoryAmount{{Category: "bread", Minor: 40}, {Category: "tea", Minor: 40}},
	}
	if encode(t, got) != encode(t, want) {
		t.Errorf("got %s", encode(t, got))
	}
	d.Event = ""
	if got := points.Assess(programme(), least(points.KindEarn), &d, nil).Event; got.Type != rules.Purchase {
		t.Errorf("an event without a type is a %s", got.Type)
	}
	a := points.Assess(programme(), least(points.KindRefer), &d, nil)
	if a.Event.Type != rules.Referral || a.ToEvent.Type != rules.Referrer {
		t.Errorf("a referral is a %s and a %s", a.Event.Type, a.ToEvent.Type)
	}
}

func TestAmountThatIsGivenBackIsAssessedAtTheRateOfItsTerms(t *testing.T) {
	p := programme()
	later := p.Terms[0]
	later.Version, later.Rate = 2, quantity.Ratio{Num: 2, Den: 100}
	p.Terms = append(p.Terms, later)
	o := least(points.KindReturn)
	d := purchase(1000)
	if a := points.Assess(p, o, &d, nil); a.Points != 20 {
		t.Errorf("without a receipt: %d", a.Points)
	}
	o.Original = usualOriginal(points.KindEarn)
	for version, k := range map[int]struct {
		points quantity.Points
		code   fault.Code
	}{1: {10, fault.OK}, 2: {20, fault.OK}, 3: {0, fault.ReturnUndisclosed}, 0: {0, fault.ReturnUndisclosed}} {
		o.Original.Receipt.Terms = version
		if a := points.Assess(p, o, &d, nil); a.Points != k.points || a.Code != k.code {
			t.Errorf("of terms %d: %d, %s", version, a.Points, a.Code)
		}
	}
	p.Terms[0].Rate = quantity.Ratio{Num: quantity.MaxRatioTerm, Den: 1}
	o.Original.Receipt.Terms, d.AmountMinor = 1, quantity.MaxMinor
	if a := points.Assess(p, o, &d, nil); a.Code != fault.Limit {
		t.Errorf("beyond counting: %s", a.Code)
	}
}

func TestReceiptThatCanNotBeIsNoPortion(t *testing.T) {
	o := least(points.KindReturn)
	o.Original = usualOriginal(points.KindEarn)
	disclosed, d := purchase(1000), purchase(500)
	for points_, code := range map[quantity.Points]fault.Code{-1: fault.Limit, 100: fault.OK} {
		o.Original.Receipt.Points = points_
		if a := points.Assess(programme(), o, &d, &disclosed); a.Code != code {
			t.Errorf("of %d points: %s, want %s", points_, a.Code, code)
		}
	}
}

func TestObserverTakesFromTheReceiptWhatItCanNotSee(t *testing.T) {
	outcome := &rules.Outcome{Awards: []rules.Award{{Rule: "r", Points: 7}}}
	cases := []struct {
		name string
		kind points.Kind
		r    points.Receipt
		want points.Assessment
	}{
		{"refused for its details", points.KindEarn, points.Receipt{Outcome: points.Rejected, Code: fault.OutOfPeriod}, points.Assessment{Code: fault.OutOfPeriod, Trusted: true}},
		{"refused for what all can see", points.KindRedeem, points.Receipt{Outcome: points.Rejected, Code: fault.InsufficientPoints},
			points.Assessment{Code: fault.OK, Trusted: true}},
		{"refused for its place", points.KindCapture, points.Receipt{Outcome: points.Rejected, Code: fault.AuthMismatch}, points.Assessment{Code: fault.OK, Place: "elsewhere"}},
		{"awarded by rules", points.KindEarn, points.Receipt{Outcome: points.Accepted, Code: fault.OK, Points: 7, Award: outcome},
			points.Assessment{Code: fault.OK, Trusted: true, Outcome: outcome}},
		{"taken back", points.KindReturn, points.Receipt{Outcome: points.Accepted, Code: fault.OK, Points: 7}, points.Assessment{Code: fault.OK, Trusted: true, Points: 7}},
	}
	for _, k := range cases {
		t.Run(k.name, func(t *testing.T) {
			got := points.ObservedAssessment(least(k.kind), &k.r)
			if k.kind == points.KindEarn && k.r.Outcome == points.Accepted {
				got.ToOutcome = nil
			}
			if encode(t, got) != encode(t, k.want) {
				t.Errorf("got %s, want %s", encode(t, got), encode(t, k.want))
			}
		})
	}
}

// TestObserverNoticesAnAwardThatIsNotTheRules shows what an observer can tell without the details: an award must at least be of the rule set and within its budgets.
func TestObserverNoticesAnAwardThatIsNotTheRules(t *testing.T) {
	for name, forge := range map[string]func(*points.Receipt){
		"of a rule that is not":    func(r *points.Receipt) { r.Award.Awards[0].Rule = "mine" },
		"of another campaign":      func(r *points.Receipt) { r.Award.Awards[1].Campaign = "" },
		"of less than nothing":     func(r *points.Receipt) { r.Award.Awards[0].Points = -5 },
		"of more than can be":      func(r *points.Receipt) { r.Award.Awards[0].Points = 1<<63 - 1 },
		"in sum another":           func(r *points.Receipt) { r.Points++ },
		"of a counter that is not": func(r *points.Receipt) { r.Award.Progress[0].Counter = "mine" },
	} {
		t.Run(name, func(t *testing.T) {
			h := ownHolder(1)
			c := openWith(t, h, 0)
			c.Rules = compiled(t, springRules())
			o, d := c.prepare(h, points.KindEarn, paying(10000), tagged)
			r := *copyOf(t, &[]points.Receipt{c.Apply(o, c.facts(o, d))}[0])
			forge(&r)
			f := c.publicFacts(o)
			f.Assessment, f.DetailsHash = points.ObservedAssessment(o, &r), r.Details
			b := openWith(t, h, 0)
			b.Rules = c.Rules
			if seen := b.Apply(o, f); encode(t, seen) == encode(t, r) {
				t.Error("an observer takes it")
			}
		})
	}
}

func TestObserverHoldsAwardsToBudgetsAndReferralsToTheirNumber(t *testing.T) {
	h, friend := ownHolder(1), ownHolder(2)
	observed := func(c *till, kind points.Kind, award, toAward *rules.Outcome, changes ...change) points.Receipt {
		o, _ := c.prepare(h, kind, changes...)
		f := c.publicFacts(o)
		f.Assessment = points.ObservedAssessment(o, &points.Receipt{Outcome: points.Accepted, Code: fault.OK, Award: award, ToAward: toAward})
		return c.Apply(o, f)
	}
	bonus := func(n quantity.Points) *rules.Outcome {
		return &rules.Outcome{Awards: []rules.Award{{Rule: "spring", Campaign: "spring", Points: n}}}
	}
	for n, code := range map[quantity.Points]fault.Code{31: fault.OK, 32: fault.Limit} {
		c := openWith(t, h, 0)
		c.Rules = compiled(t, springRules())
		if r := observed(c, points.KindEarn, bonus(n), nil); r.Code != code {
			t.Errorf("%d of 31 points: %s, want %s", n, r.Code, code)
		}
	}
	c := newTill(t)
	c.open(h, friend)
	c.Rules = compiled(t, springRules())
	referred := &rules.Outcome{Awards: []rules.Award{{Rule: "friend", Campaign: "spring", Points: 1}}}
	want(t, observed(c, points.KindRefer, referred, referred, to(friend)), fault.OK)
	want(t, observed(c, points.KindRefer, referred, referred, to(friend)), fault.EventRepeated)
}
