package points_test

import (
	"testing"

	"github.com/tallystick/tallystick/chaincode/clearing"
	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/lots"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/quantity"
)

func TestOpeningTakesAFreeId(t *testing.T) {
	h := ownHolder(1)
	c := openWith(t, h, 5)
	want(t, c.do(h, points.KindOpen, key(h.controller)), fault.AccountExists)
	c.Taken[accountID(2)] = true
	want(t, c.do(ownHolder(2), points.KindOpen, key(h.controller)), fault.AccountExists)
	if len(c.Opened) != 1 || c.Totals.Opened != 1 {
		t.Errorf("opened %v, counted %d", c.Opened, c.Totals.Opened)
	}
}

func TestAccountIsOpenedForAPasskeyWhereTheProgrammeTakesThem(t *testing.T) {
	h := passkeyHolder(1)
	c := newTill(t)
	party := c.Programme.RelyingParty
	c.Programme.RelyingParty.ID, c.Programme.RelyingParty.Origins = "", nil
	want(t, c.do(h, points.KindOpen, key(h.controller)), fault.ControllerRefused)
	c.Programme.RelyingParty = party
	want(t, c.do(h, points.KindOpen, key(h.controller)), fault.OK)
}

func TestEveryKindIsRefusedForAnUnknownAccount(t *testing.T) {
	h := ownHolder(1)
	c := newTill(t)
	n := 0
	for _, kind := range documented {
		if kind == points.KindOpen {
			continue
		}
		o := least(kind)
		c.Window = 0
		if o.Partner != "" && kind != points.KindOptOut && kind != points.KindOptIn {
			c.Window, c.Partner = 1, &points.Partner{Brand: partner, Offers: []clearing.Offer{airlineOffer(1)}}
		}
		if o.Controller != nil {
			o.Controller = &h.controller
		}
		d := points.Details{Operation: o.ID}
		if kind.HasPurchase() {
			d.OccurredAt = dated
		}
		want(t, c.apply(o, d), fault.AccountUnknown)
		n++
	}
	if len(c.Accounts) != 0 || c.Totals != (points.Totals{Operations: int64(n), Rejected: int64(n)}) {
		t.Errorf("left %v and %+v", c.Accounts, c.Totals)
	}
}

func TestDebitsNeedASignature(t *testing.T) {
	h := ownHolder(1)
	for _, kind := range signedKinds {
		c := openWith(t, h, 10)
		o := least(kind)
		if o.Controller != nil {
			o.Controller = &h.controller
		}
		if kind == points.KindSwap {
			c.Window, c.Partner = 1, &points.Partner{Brand: partner}
		}
		want(t, c.apply(o, points.Details{Operation: o.ID}), fault.AuthMissing)
	}
}

func TestRefusalKeepsEvenWhatWasDueUntilSomethingIsAccepted(t *testing.T) {
	h, friend := ownHolder(1), ownHolder(2)
	c := newTill(t)
	c.terms().Expiry = lots.Expiry{Kind: lots.Rolling, Months: 1}
	c.open(h, friend)
	c.earn(h, 100)
	c.earn(friend, 50)
	want(t, c.do(h, points.KindHold, of(10), c.until(600)), fault.OK)
	c.pass(31) // The lots are gone and the hold has lapsed.
	want(t, c.do(h, points.KindRedeem, of(1)), fault.InsufficientPoints)
	want(t, c.do(h, points.KindTransfer, of(1), to(friend)), fault.InsufficientPoints)
	if c.account(h).Posted != 100 || c.account(h).Held != 10 || c.Totals.Expired != 0 {
		t.Errorf("left %s", encode(t, c.account(h)))
	}
	if r := c.earn(h, 7); r.Posted != 7 || sumOf(r.Moves, lots.Expired) != -100 || sumOf(r.Moves, lots.Released) != 10 {
		t.Errorf("earned with %s", encode(t, r))
	}
	c.sound()
}

func TestSweepExpiresWhatIsDueByEachPolicy(t *testing.T) {
	cases := []struct {
		name   string
		expiry lots.Expiry
		last   quantity.Day // On which nothing is due.
	}{
		{"rolling", lots.Expiry{Kind: lots.Rolling, Months: 1}, day("2011-04-12")},
		{"to the end of the month", lots.Expiry{Kind: lots.Rolling, Months: 1, MonthEnd: true}, day("2011-04-30")},
		{"fixed", lots.Expiry{Kind: lots.Fixed, Month: 6, Day: 30}, day("2011-06-30")},
		{"inactivity", lots.Expiry{Kind: lots.Inactivity, Months: 2}, day("2011-05-12")},
	}
	for _, k := range cases {
		t.Run(k.name, func(t *testing.T) {
			h := ownHolder(1)
			c := newTill(t)
			c.terms().Expiry = k.expiry
			c.open(h)
			c.earn(h, 30)
			c.pass(int(k.last - today))
			want(t, c.do(h, points.KindExpire), fault.NothingDue)
			if left, err := c.account(h).Spendable(c.Programme, k.last+1); err != nil || left != 0 {
				t.Errorf("%d can be spent on the day after, %v", left, err)
			}
			c.pass(1)
			r := want(t, c.do(h, points.KindExpire), fault.OK)
			if r.Points != 30 || r.Posted != 0 || c.Totals.Expired != 30 || sumOf(r.Moves, lots.Expired) != -30 {
				t.Errorf("swept with %s", encode(t, r))
			}
			want(t, c.do(h, points.KindExpire), fault.NothingDue)
			c.sound()
		})
	}
}

func TestSweepTakesFromSuspenseAsWell(t *testing.T) {
	h := ownHolder(1)
	c := newTill(t)
	c.terms().Expiry = lots.Expiry{Kind: lots.Rolling, Months: 1}
	c.open(h)
	want(t, c.do(h, points.KindClose), fault.OK)
	want(t, c.doApproved(h, points.KindAdjust, of(8), because(points.ReasonError)), fault.OK)
	c.pass(31)
	if r := want(t, c.do(h, points.KindExpire), fault.OK); r.Points != 8 || r.Posted != 0 {
		t.Errorf("swept with %s", encode(t, r))
	}
	c.sound()
}

func TestActivityKeepsPointsAndIsRememberedOnlyWhereItMatters(t *testing.T) {
	h := ownHolder(1)
	c := openWith(t, h, 100)
	c.pass(3)
	c.earn(h, 1)
	if got := c.account(h).Active; got != 0 {
		t.Errorf("active on %s without such a policy", got)
	}
	for name, act := range map[string]func(*till){
		"accrual":    func(c *till) { c.earn(h, 1) },
		"redemption": func(c *till) { want(t, c.do(h, points.KindRedeem, of(1)), fault.OK) },
		"hold":       func(c *till) { want(t, c.do(h, points.KindHold, of(1), c.until(60)), fault.OK) },
	} {
		t.Run(name, func(t *testing.T) {
			c := newTill(t)
			c.terms().Expiry = lots.Expiry{Kind: lots.Inactivity, Months: 1}
			c.open(h)
			c.earn(h, 100)
			c.pass(30)
			act(c)
			if got := c.account(h).Active; got != today+30 {
				t.Errorf("active on %s", got)
			}
			c.pass(10)
			want(t, c.do(h, points.KindRedeem, of(90)), fault.OK)
		})
	}
}

func TestSumsBeyondTheLedgerAreRefusedAndChangeNothing(t *testing.T) {
	h := ownHolder(1)
	for name, k := range map[string]struct {
		full func(*till)
		run  func(*till) points.Receipt
	}{
		"issued":   {func(c *till) { c.Totals.Issued = quantity.MaxPoints - 5 }, func(c *till) points.Receipt { return c.do(h, points.KindEarn, paying(600)) }},
		"posted":   {func(c *till) { c.account(h).Posted = quantity.MaxPoints }, func(c *till) points.Receipt { return c.do(h, points.KindEarn, paying(600)) }},
		"lots":     {func(c *till) { c.account(h).Lots[0].Points = quantity.MaxPoints }, func(c *till) points.Receipt { return c.do(h, points.KindEarn, paying(600)) }},
		"redeemed": {func(c *till) { c.Totals.Redeemed = quantity.MaxPoints }, func(c *till) points.Receipt { return c.do(h, points.KindRedeem, of(1)) }},
		"pinned":   {func(c *till) { c.Totals.Pinned = quantity.MaxPoints }, func(c *till) points.Receipt { return c.do(h, points.KindHold, of(1), c.until(60)) }},
		"adjusted": {func(c *till) { c.Totals.AdjustedUp = quantity.MaxPoints }, func(c *till) points.Receipt {
			return c.doApproved(h, points.KindAdjust, of(1), because(points.ReasonError))
		}},
		"debt": {func(c *till) { c.account(h).Debt = quantity.MaxPoints }, func(c *till) points.Receipt {
			return c.doApproved(h, points.KindAdjust, of(-11), because(points.ReasonError))
		}},
		"owed": {func(c *till) { c.account(h).Posted = -quantity.MaxPoints }, func(c *till) points.Receipt {
			return c.doApproved(h, points.KindAdjust, of(-11), because(points.ReasonError))
		}},
		"forfeited": {func(c *till) { c.Totals.Forfeited = quantity.MaxPoints }, func(c *till) points.Receipt { return c.do(h, points.KindClose, of(10)) }},
		"returned":  {func(c *till) { c.Totals.Recovered = quantity.MaxPoints }, func(c *till) points.Receipt { return c.doSigned(h, points.KindReturn, paying(500)) }},
	} {
		t.Run(name, func(t *testing.T) {
			c := openWith(t, h, 10)
			k.full(c)
			want(t, k.run(c), fault.Limit)
		})
	}
}

func TestTransferThatTheTotalsCanNotHoldLeavesBothAccounts(t *testing.T) {
	from, friend := ownHolder(1), ownHolder(2)
	c := openWith(t, from, 100)
	c.open(friend)
	c.Totals.Transferred = quantity.MaxPoints
	want(t, c.do(from, points.KindTransfer, of(10), to(friend)), fault.Limit)
}

func TestAccountThatCanNotTakeAnotherLotRefusesTheCredit(t *testing.T) {
	h := ownHolder(1)
	c := newTill(t)
	c.open(h)
	crowded(c, h)
	want(t, c.do(h, points.KindEarn, paying(100)), fault.Limit)
	want(t, c.do(h, points.KindEarn, paying(0)), fault.OK)
	want(t, c.do(h, points.KindRedeem, of(2)), fault.OK)
	want(t, c.do(h, points.KindEarn, paying(100)), fault.OK)
	c.sound()
}

func TestLotsOfOneFundingAreMergedWhereThereAreTooMany(t *testing.T) {
	h := ownHolder(1)
	c := newTill(t)
	c.terms().Expiry = lots.Expiry{Kind: lots.Rolling, Months: 12}
	c.open(h)
	for range 2 * lots.Max {
		c.earn(h, 3)
		c.pass(1)
	}
	a := c.account(h)
	if len(a.Lots) != lots.Max || a.Posted != 6*lots.Max {
		t.Errorf("%d lots of %d points", len(a.Lots), a.Posted)
	}
	want(t, c.do(h, points.KindRedeem, of(6*lots.Max)), fault.OK)
	c.sound()
}
