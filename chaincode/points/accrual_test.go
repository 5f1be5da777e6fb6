package points_test

import (
	"strings"
	"testing"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/lots"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/quantity"
	"github.com/tallystick/tallystick/chaincode/rules"
	"github.com/tallystick/tallystick/chaincode/terms"
)

// springRules have a base rate, a tier that doubles it, a campaign with a budget in two slices, capped and once-only events, and referrals in the campaign.
func springRules() *rules.Set {
	buys := []rules.EventType{rules.Purchase}
	return &rules.Set{
		V: 1, Version: 1, Zone: "Europe/London", MinorPerUnit: 100, Prose: rules.Words{"en": "A point for a pound, two for gold members."},
		Counters:  []rules.Counter{{ID: "spent", Measure: rules.Spend, Types: buys, Period: rules.Lifetime}, {ID: "year", Measure: rules.Earned, Types: buys, Period: rules.ByYear}},
		Tiers:     []rules.Tier{{ID: "gold", Counter: "year", Threshold: 200, GraceDays: 10}},
		Campaigns: []rules.Campaign{{ID: "spring", Tag: "spring", From: today, Until: today + 400, Budget: 61, Lanes: 2, CustomerCap: 40}},
		Rules: []rules.Rule{
			{ID: "base", Types: buys, Action: rules.Action{Rate: &quantity.Ratio{Num: 1, Den: 100}, Rounding: rules.Floor}},
			{ID: "gold", Types: buys, When: `tier == "gold"`, Action: rules.Action{Multiplier: &quantity.Ratio{Num: 2, Den: 1}}},
			{ID: "spring", Types: buys, Campaign: "spring", Action: rules.Action{Fixed: 15}},
			{ID: "signup", Types: []rules.EventType{rules.SignUp}, Action: rules.Action{Fixed: 10}},
			{ID: "review", Types: []rules.EventType{rules.Review}, Action: rules.Action{Fixed: 2}, CapDay: 5},
			{ID: "friend", Types: []rules.EventType{rules.Referral, rules.Referrer}, Campaign: "spring", Action: rules.Action{Fixed: 20}},
		},
	}
}

func compiled(t failer, set *rules.Set) *rules.Program {
	t.Helper()
	p, err := rules.Compile(set)
	if err != nil {
		t.Fatalf("%v", err)
	}
	return p
}

func tagged(_ *points.Operation, d *points.Details) { d.Tags = []string{"spring"} }

func TestPurchaseEarnsAtTheRateOfTheTermsWithoutARuleSet(t *testing.T) {
	h := ownHolder(1)
	c := openWith(t, h, 0)
	r := want(t, c.do(h, points.KindEarn, paying(1299)), fault.OK)
	if r.Points != 12 || r.Posted != 12 || r.Rules != 0 || r.Award != nil || r.Terms != 1 {
		t.Errorf("got %s", encode(t, r))
	}
	if r := want(t, c.do(h, points.KindEarn, event(rules.Review)), fault.OK); r.Points != 0 {
		t.Errorf("a review earned %d points", r.Points)
	}
	if a := c.account(h); !a.Standing.IsZero() || len(a.Lots) != 1 || a.Lots[0] != (lots.Lot{Key: lots.Key{Terms: 1}, Points: 12}) {
		t.Errorf("the account is %s", encode(t, a))
	}
	c.sound()
}

func TestPointsArePendingAndExpireUnderTheTermsInForce(t *testing.T) {
	never := lots.Expiry{Kind: lots.Never}
	cases := []struct {
		name                string
		pending, returnDays int
		expiry              lots.Expiry
		key                 lots.Key
	}{
		{"at once and for ever", 0, 0, never, lots.Key{}},
		{"after ten days", 10, 0, never, lots.Key{From: today + 10}},
		{"at once, and sent after the return period", 0, 30, never, lots.Key{From: today}},
		{"after ten days, and sent after the return period", 10, 30, never, lots.Key{From: today + 10}},
		{"for twelve months", 0, 0, lots.Expiry{Kind: lots.Rolling, Months: 12}, lots.Key{Expiry: day("2012-03-13")}},
		{"to the end of a month", 0, 0, lots.Expiry{Kind: lots.Rolling, Months: 1, MonthEnd: true}, lots.Key{Expiry: day("2011-05-01")}},
		{"to the end of next year", 0, 0, lots.Expiry{Kind: lots.Fixed, Years: 1, Month: 12, Day: 31}, lots.Key{Expiry: day("2013-01-01")}},
		{"as long as the account is active", 0, 0, lots.Expiry{Kind: lots.Inactivity, Months: 3}, lots.Key{}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			h := ownHolder(1)
			b := newTill(t)
			b.terms().PendingDays, b.terms().ReturnDays, b.terms().Expiry = c.pending, c.returnDays, c.expiry
			b.open(h)
			b.earn(h, 7)
			c.key.Terms = 1
			if got := b.account(h).Lots; len(got) != 1 || got[0] != (lots.Lot{Key: c.key, Points: 7}) {
				t.Errorf("the lot is %+v", got)
			}
			spendable := fault.OK
			if c.pending > 0 {
				spendable = fault.InsufficientPoints
			}
			want(t, b.do(h, points.KindRedeem, of(1)), spendable)
			b.pass(c.pending + 1)
			want(t, b.do(h, points.KindRedeem, of(1)), fault.OK)
			b.sound()
		})
	}
}

func TestLotsOfTheLastDaysOfTheCalendarStayWithinIt(t *testing.T) {
	h := ownHolder(1)
	c := newTill(t)
	c.open(h)
	c.Programme.BusinessDate = quantity.LastDay
	c.terms().PendingDays, c.terms().MaxReceiptAgeDays = 10, 36600
	r := want(t, c.do(h, points.KindEarn, paying(700), func(_ *points.Operation, d *points.Details) { d.OccurredAt = "9999-12-31T12:00:00Z" }), fault.OK)
	if r.Moves[0].From != quantity.LastDay {
		t.Errorf("free from %s", r.Moves[0].From)
	}
}

func TestRulesGivePointsByFundingAndKeepTheStanding(t *testing.T) {
	h := ownHolder(1)
	c := openWith(t, h, 0)
	c.Rules = compiled(t, springRules())
	r := want(t, c.do(h, points.KindEarn, paying(20099), tagged), fault.OK)
	if r.Points != 215 || r.Rules != 1 || r.Award == nil || len(r.Award.Awards) != 2 || len(r.Moves) != 2 {
		t.Fatalf("got %s", encode(t, r))
	}
	a := c.account(h)
	if got := encode(t, a.Lots); got != `[{"points":200,"terms":1},{"funding":"campaign:spring","points":15,"terms":1}]` {
		t.Errorf("the lots are %s", got)
	}
	if tier := c.Rules.TierOn(&a.Standing, today); tier != "gold" {
		t.Errorf("the tier is %q", tier)
	}
	if r := want(t, c.do(h, points.KindEarn, paying(1000)), fault.OK); r.Points != 20 {
		t.Errorf("a gold member earned %d points for ten pounds", r.Points)
	}
	c.sound()
}

func TestEventsCountOnceOrUpToTheirCap(t *testing.T) {
	h := ownHolder(1)
	c := openWith(t, h, 0)
	c.Rules = compiled(t, springRules())
	want(t, c.do(h, points.KindEarn, event(rules.SignUp)), fault.OK)
	want(t, c.do(h, points.KindEarn, event(rules.SignUp)), fault.EventRepeated)
	for _, points := range []quantity.Points{2, 2, 1, 0} {
		if r := want(t, c.do(h, "earn", event(rules.Review)), fault.OK); r.Points != points {
			t.Errorf("the review earned %d, want %d", r.Points, points)
		}
	}
	c.pass(1)
	if r := want(t, c.do(h, points.KindEarn, event(rules.Review)), fault.OK); r.Points != 2 {
		t.Errorf("the next day's review earned %d", r.Points)
	}
	c.sound()
}

func TestCampaignStopsAtItsCapsAndItsLanesSlice(t *testing.T) {
	one, two, three := ownHolder(1), ownHolder(2), ownHolder(3)
	c := newTill(t)
	c.open(one, two, three)
	c.Rules = compiled(t, springRules())
	bonus := func(h holder) quantity.Points {
		return want(t, c.do(h, points.KindEarn, paying(0), tagged), fault.OK).Points
	}
	for i, step := range []struct {
		h    holder
		want quantity.Points
	}{{one, 15}, {two, 15}, {one, 1}, {three, 0}} { // The first lane's slice is 31.
		if got := bonus(step.h); got != step.want {
			t.Errorf("bonus %d is %d, want %d", i, got, step.want)
		}
	}
	if c.Budgets[0] != (points.BudgetUse{Campaign: "spring", Points: 31}) {
		t.Errorf("the lane gave %v", c.Budgets)
	}
	c.Lane, c.Budgets = 1, nil
	if got := bonus(one) + bonus(one); got != 24 { // The customer's cap is 40.
		t.Errorf("the second lane gave %d", got)
	}
	c.Lane, c.Budgets = 2, nil
	if got := bonus(three); got != 0 {
		t.Errorf("a lane without a slice gave %d", got)
	}
	c.sound()
}

func TestBudgetsStayInOrder(t *testing.T) {
	set := springRules()
	set.Campaigns = append(set.Campaigns, rules.Campaign{ID: "april", From: today, Until: today + 400, Budget: 1000, Lanes: 1}, rules.Campaign{ID: "zeal", From: today, Until: today + 400})
	set.Rules = append(set.Rules,
		rules.Rule{ID: "april", Types: []rules.EventType{rules.Purchase}, Campaign: "april", Action: rules.Action{Fixed: 3}},
		rules.Rule{ID: "zeal", Types: []rules.EventType{rules.Purchase}, Campaign: "zeal", Action: rules.Action{Fixed: 4}})
	h := ownHolder(1)
	c := openWith(t, h, 0)
	c.Rules = compiled(t, set)
	want(t, c.do(h, points.KindEarn, paying(0), tagged), fault.OK)
	want(t, c.do(h, points.KindEarn, paying(0), tagged), fault.OK)
	if got := encode(t, c.Budgets); got != `[{"campaign":"april","points":6},{"campaign":"spring","points":30}]` {
		t.Errorf("the lane gave %s", got) // A campaign without a budget is not counted.
	}
}

func TestRulesThatCanNotBeAppliedRefuseTheEvent(t *testing.T) {
	set := springRules()
	set.Rules[0].Action.Rate = &quantity.Ratio{Num: quantity.MaxRatioTerm, Den: 1}
	h := ownHolder(1)
	c := openWith(t, h, 0)
	c.Rules = compiled(t, set)
	want(t, c.do(h, points.KindEarn, paying(quantity.MaxMinor)), fault.RuleRefused)
	c.Rules = nil
	c.terms().Rate = quantity.Ratio{Num: quantity.MaxRatioTerm, Den: 1}
	want(t, c.do(h, points.KindEarn, paying(quantity.MaxMinor)), fault.RuleRefused)
}

func TestAnonymousReceiptIsClaimedOnce(t *testing.T) {
	one, two := ownHolder(1), ownHolder(2)
	c := newTill(t)
	c.open(one, two)
	claimed := func(hash string) change { return func(o *points.Operation, _ *points.Details) { o.Claim = hash } }
	receipt := strings.Repeat("c1", 32)
	want(t, c.do(one, points.KindEarn, paying(500), claimed(receipt)), fault.OK)
	want(t, c.do(one, points.KindEarn, paying(500), claimed(receipt)), fault.ReceiptClaimed)
	want(t, c.do(two, points.KindEarn, paying(500), claimed(receipt)), fault.ReceiptClaimed)
	onLedger := strings.Repeat("c2", 32)
	c.Claimed[onLedger] = true
	want(t, c.do(two, points.KindEarn, paying(500), claimed(onLedger)), fault.ReceiptClaimed)
	refused := strings.Repeat("c3", 32)
	want(t, c.do(two, points.KindEarn, paying(500), claimed(refused), func(_ *points.Operation, d *points.Details) { d.Currency = "EUR" }), fault.CurrencyMismatch)
	want(t, c.do(two, points.KindEarn, paying(500), claimed(refused)), fault.OK) // What was refused is not claimed.
	if len(c.Claims) != 2 || c.account(one).Posted != 5 || c.account(two).Posted != 5 {
		t.Errorf("claimed %v", c.Claims)
	}
}

func TestReferralPaysBothSidesOnce(t *testing.T) {
	fresh, friend, third := ownHolder(1), ownHolder(2), ownHolder(3)
	c := newTill(t)
	c.open(fresh, friend, third)
	want(t, c.do(fresh, points.KindRefer, to(friend)), fault.NothingAwarded) // No rules.
	c.Rules = compiled(t, springRules())
	twin := holder{id: accountID(4), key: fresh.key, controller: fresh.controller}
	c.open(twin)
	want(t, c.do(fresh, points.KindRefer, to(twin)), fault.SelfReferral)
	want(t, c.do(fresh, points.KindRefer, to(fresh)), fault.SameAccount)
	want(t, c.do(fresh, points.KindRefer, to(ownHolder(9))), fault.AccountUnknown)
	want(t, c.do(fresh, points.KindRefer, to(friend)), fault.NothingAwarded) // No tag of the campaign.
	r := want(t, c.do(fresh, points.KindRefer, to(friend), tagged), fault.OK)
	if r.Points != 20 || r.ToPoints != 11 || c.account(friend).Posted != 11 || len(r.ToMoves) != 1 || r.ToAward == nil {
		t.Errorf("the slice of 31 was given as %s", encode(t, r))
	}
	want(t, c.do(fresh, points.KindRefer, to(third), tagged), fault.EventRepeated)
	c.Lane, c.Budgets = 1, nil
	r = want(t, c.do(third, points.KindRefer, to(friend), tagged), fault.OK) // One referrer may refer many, up to the customer's cap.
	if r.Points != 20 || r.ToPoints != 10 || c.Totals.Issued != 61 {
		t.Errorf("got %s", encode(t, r))
	}
	c.sound()
}

func TestReferralPaysDebtsOfBothSides(t *testing.T) {
	one, two := ownHolder(1), ownHolder(2)
	c := newTill(t)
	c.open(one, two)
	want(t, c.doApproved(one, points.KindAdjust, of(-5), because(points.ReasonError)), fault.OK)
	want(t, c.doApproved(two, points.KindAdjust, of(-7), because(points.ReasonError)), fault.OK)
	c.Rules = compiled(t, springRules())
	r := want(t, c.do(one, points.KindRefer, to(two), tagged), fault.OK)
	if r.DebtRepaid != 5 || r.ToDebtRepaid != 7 || r.Posted != 15 || c.account(two).Posted != 4 {
		t.Errorf("got %s", encode(t, r))
	}
	c.sound()
}

func TestTransferredPointsNeverCountForTiers(t *testing.T) {
	h, friend := ownHolder(1), ownHolder(2)
	c := newTill(t)
	c.terms().Transfers = terms.Transfers{Customer: true, Gift: true, AcceptDays: 1}
	c.open(h, friend)
	c.Rules = compiled(t, springRules())
	c.earn(h, 500)
	before := encode(t, c.account(friend).Standing)
	given := want(t, c.do(h, points.KindGift, of(200), func(o *points.Operation, _ *points.Details) { o.Claim = points.ClaimHash(h.id, "code") }), fault.OK)
	want(t, c.do(friend, points.KindAccept, to(h), hold(given), claiming(h, "code")), fault.OK)
	sent := want(t, c.do(h, points.KindTransfer, of(200), to(friend)), fault.OK)
	want(t, c.do(friend, points.KindAccept, to(h), hold(sent)), fault.OK)
	c.terms().Transfers.AcceptDays = 0
	want(t, c.do(h, points.KindTransfer, of(100), to(friend)), fault.OK)
	if after := encode(t, c.account(friend).Standing); after != before || c.account(friend).Posted != 500 {
		t.Errorf("the receiver's standing went from %s to %s", before, after)
	}
	if tier := c.Rules.TierOn(&c.account(h).Standing, today); tier != "gold" {
		t.Errorf("the sender's tier is %q", tier)
	}
}

// claiming names a gift by its code.
func claiming(sender holder, code string) change {
	return func(o *points.Operation, d *points.Details) {
		o.Claim, d.ClaimCode = points.ClaimHash(sender.id, code), code
	}
}
