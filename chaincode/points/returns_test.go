package points_test

import (
	"testing"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/lots"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/quantity"
	"github.com/tallystick/tallystick/chaincode/rules"
)

// lines splits a purchase.
func lines(minor ...int64) change {
	return func(_ *points.Operation, d *points.Details) {
		d.AmountMinor, d.Currency = 0, "GBP"
		for _, m := range minor {
			d.Lines = append(d.Lines, points.Line{AmountMinor: m})
			d.AmountMinor += m
		}
	}
}

// numbered returns lines.
func numbered(n ...int) change { return func(o *points.Operation, _ *points.Details) { o.Lines = n } }

func TestReturnTakesBackAndMayLeaveADebtThatCreditsPayFirst(t *testing.T) {
	h := ownHolder(1)
	c := newTill(t)
	c.open(h)
	bought := c.earn(h, 100)
	want(t, c.do(h, points.KindRedeem, of(70)), fault.OK)
	r := want(t, c.do(h, points.KindReturn, c.back(bought), paying(10000)), fault.OK)
	a := c.account(h)
	if r.Points != 100 || r.DebtIncurred != 70 || r.Posted != -70 || a.Debt != 70 || len(a.Lots) != 0 || sumOf(r.Moves, lots.Recovered) != -30 {
		t.Fatalf("returned with %s", encode(t, r))
	}
	if outstanding, err := c.Totals.Outstanding(); err != nil || outstanding != 0 {
		t.Errorf("outstanding is %d, %v: debt must not shrink the liability", outstanding, err)
	}
	if r := c.earn(h, 50); r.DebtRepaid != 50 || r.Posted != -20 || len(r.Moves) != 0 {
		t.Errorf("first credit: %s", encode(t, r))
	}
	if r := c.earn(h, 50); r.DebtRepaid != 20 || r.Posted != 30 || sumOf(r.Moves, lots.Accrued) != 30 {
		t.Errorf("second credit: %s", encode(t, r))
	}
	c.sound()
}

func TestReturnNeedsAProvenReceiptOfThisAccount(t *testing.T) {
	h, stranger := ownHolder(1), ownHolder(2)
	cases := []struct {
		name string
		run  func(*till, points.Receipt) points.Receipt
		code fault.Code
	}{
		{"as given", func(c *till, r points.Receipt) points.Receipt { return c.do(h, points.KindReturn, c.back(r), whole) }, fault.OK},
		{"altered", func(c *till, r points.Receipt) points.Receipt {
			return c.do(h, points.KindReturn, c.back(r), whole, func(o *points.Operation, _ *points.Details) { o.Original.Receipt.Points = 1 })
		}, fault.ReceiptInvalid},
		{"from a batch that is not", func(c *till, r points.Receipt) points.Receipt {
			return c.do(h, points.KindReturn, c.back(r), whole, func(o *points.Operation, _ *points.Details) { o.Original.Proof.Seq = 99 })
		}, fault.ReceiptInvalid},
		{"of another account", func(c *till, r points.Receipt) points.Receipt {
			return c.do(stranger, points.KindReturn, c.back(r), whole)
		}, fault.ReceiptNotReturnable},
		{"of another programme", func(c *till, r points.Receipt) points.Receipt {
			r.Programme = "hotel"
			c.keep(r, points.Details{})
			return c.do(h, points.KindReturn, c.back(r), whole)
		}, fault.ReceiptNotReturnable},
		{"of what was refused", func(c *till, _ points.Receipt) points.Receipt {
			refused := want(t, c.do(h, points.KindEarn, paying(100), func(_ *points.Operation, d *points.Details) { d.Currency = "EUR" }), fault.CurrencyMismatch)
			return c.do(h, points.KindReturn, c.back(refused), whole)
		}, fault.ReceiptNotReturnable},
		{"of an adjustment", func(c *till, _ points.Receipt) points.Receipt {
			adjusted := want(t, c.doApproved(h, points.KindAdjust, of(5), because(points.ReasonError)), fault.OK)
			return c.do(h, points.KindReturn, c.back(adjusted), whole)
		}, fault.ReceiptNotReturnable},
		{"of more than was awarded", func(c *till, r points.Receipt) points.Receipt {
			return c.do(h, points.KindReturn, c.back(r), paying(10100))
		}, fault.ReturnExceeds},
	}
	for _, k := range cases {
		t.Run(k.name, func(t *testing.T) {
			c := newTill(t)
			c.open(h, stranger)
			bought := c.earn(h, 100)
			want(t, k.run(c, bought), k.code)
			if k.code != fault.OK && len(c.Reversals) != 0 {
				t.Errorf("left %v", c.Reversals)
			}
			c.sound()
		})
	}
}

func TestReturnsStopAtTheAward(t *testing.T) {
	h := ownHolder(1)
	c := newTill(t)
	c.open(h)
	bought := c.earn(h, 100)
	want(t, c.do(h, points.KindReturn, c.back(bought), paying(6000)), fault.OK)
	want(t, c.do(h, points.KindReturn, c.back(bought), paying(4100)), fault.ReturnExceeds)
	if r := want(t, c.do(h, points.KindReturn, c.back(bought), whole), fault.OK); r.Points != 40 {
		t.Errorf("the rest was %d", r.Points)
	}
	for _, how := range []change{whole, paying(100), paying(0)} {
		want(t, c.do(h, points.KindReturn, c.back(bought), how), fault.ReturnExceeds)
	}
	nothing := want(t, c.do(h, points.KindEarn, paying(50)), fault.OK)
	want(t, c.do(h, points.KindReturn, c.back(nothing), whole), fault.OK)
	want(t, c.do(h, points.KindReturn, c.back(nothing), whole), fault.ReturnExceeds)
	c.sound()
}

func TestReturnIsInTimeToTheLastDayOfTheReceiptsTerms(t *testing.T) {
	h := ownHolder(1)
	for name, k := range map[string]struct {
		limit, days int
		code        fault.Code
	}{"last day": {30, 30, fault.OK}, "a day later": {30, 31, fault.ReturnLate}, "without a limit": {0, 3000, fault.OK}} {
		t.Run(name, func(t *testing.T) {
			c := newTill(t)
			c.terms().ReturnDays = k.limit
			c.open(h)
			bought := c.earn(h, 100)
			spent := want(t, c.do(h, points.KindRedeem, of(10)), fault.OK)
			shorter := c.Programme.Terms[0]
			shorter.Version, shorter.Effective, shorter.ReturnDays = 2, today+1, 1
			c.Programme.Terms = append(c.Programme.Terms, shorter)
			c.pass(k.days)
			want(t, c.do(h, points.KindReturn, c.back(bought), whole, c.now), k.code)
			want(t, c.do(h, points.KindReturn, c.back(spent), whole, c.now), k.code)
		})
	}
}

func TestReturnByLinesTakesEachLineOnce(t *testing.T) {
	h := ownHolder(1)
	c := newTill(t)
	c.open(h)
	bought := want(t, c.do(h, points.KindEarn, lines(5000, 3000, 1999)), fault.OK) // 99 points for 99.99.
	want(t, c.do(h, points.KindReturn, c.back(bought), numbered(0)), fault.ReturnUndisclosed)
	want(t, c.do(h, points.KindReturn, c.back(bought), c.disclosed(bought), numbered(3)), fault.ReturnExceeds)
	r := want(t, c.do(h, points.KindReturn, c.back(bought), c.disclosed(bought), numbered(0, 2)), fault.OK)
	if r.Points != 69 { // 99 * 69.99 / 99.99 = 69.297
		t.Errorf("took %d", r.Points)
	}
	want(t, c.do(h, points.KindReturn, c.back(bought), c.disclosed(bought), numbered(0)), fault.ReturnExceeds)
	want(t, c.do(h, points.KindReturn, c.back(bought), c.disclosed(bought), numbered(1, 2)), fault.ReturnExceeds)
	if r := want(t, c.do(h, points.KindReturn, c.back(bought), c.disclosed(bought), numbered(1)), fault.OK); r.Points != 30 {
		t.Errorf("the last line took %d: line by line it must be what all lines were awarded", r.Points)
	}
	want(t, c.do(h, points.KindReturn, c.back(bought), whole), fault.ReturnExceeds)
	c.sound()
}

// An issuer may have let two purchases through under one operation id. What is taken back of one must not count as taken back of the other.
func TestOfTwoReceiptsUnderOneOperationIDOneCanBeReturned(t *testing.T) {
	h := ownHolder(1)
	c := newTill(t)
	c.open(h)
	small, large := c.earn(h, 10), c.earn(h, 100)
	large.Operation = small.Operation
	c.keep(large, points.Details{})
	want(t, c.do(h, points.KindReturn, c.back(small), paying(100)), fault.OK)
	want(t, c.do(h, points.KindReturn, c.back(large), whole), fault.ReceiptNotReturnable)
	if r := want(t, c.do(h, points.KindReturn, c.back(small), whole), fault.OK); r.Points != 9 {
		t.Errorf("the rest was %d", r.Points)
	}
	c.sound()
}

func TestReturnByAmountIsInProportionToTheDisclosedPurchase(t *testing.T) {
	h := ownHolder(1)
	cases := []struct {
		name     string
		rules    bool
		disclose bool
		pence    int64
		points   quantity.Points
		code     fault.Code
	}{
		{"half of what the terms gave", false, false, 10000, 100, fault.OK},
		{"half of what the terms gave, disclosed", false, true, 10000, 100, fault.OK},
		{"half of what rules gave, undisclosed", true, false, 10000, 0, fault.ReturnUndisclosed},
		{"half of what rules gave", true, true, 10000, 107, fault.OK}, // 215/2
		{"nothing", true, true, 0, 0, fault.OK},
		{"all", true, true, 20000, 215, fault.OK},
		{"more than was paid", true, true, 20001, 0, fault.ReturnExceeds},
	}
	for _, k := range cases {
		t.Run(k.name, func(t *testing.T) {
			c := newTill(t)
			c.open(h)
			if k.rules {
				c.Rules = compiled(t, springRules())
			}
			bought := want(t, c.do(h, points.KindEarn, paying(20000), tagged), fault.OK)
			changes := []change{c.back(bought), paying(k.pence)}
			if k.disclose {
				changes = append(changes, c.disclosed(bought))
			}
			r := want(t, c.do(h, points.KindReturn, changes...), k.code)
			if r.Points != k.points {
				t.Errorf("took %d, want %d", r.Points, k.points)
			}
			c.sound()
		})
	}
	t.Run("of other details", func(t *testing.T) {
		c := newTill(t)
		c.open(h)
		c.Rules = compiled(t, springRules())
		bought := want(t, c.do(h, points.KindEarn, paying(20000)), fault.OK)
		want(t, c.do(h, points.KindReturn, c.back(bought), paying(100), c.disclosed(bought), func(_ *points.Operation, d *points.Details) {
			d.Disclosed.Details.AmountMinor = 1_000_000
		}), fault.ReturnUndisclosed)
	})
}

func TestReturnMovesCountersBackAndTheTierWithThem(t *testing.T) {
	h := ownHolder(1)
	c := newTill(t)
	c.open(h)
	c.Rules = compiled(t, springRules())
	bought := c.earn(h, 250)
	r := want(t, c.do(h, points.KindReturn, c.back(bought), c.disclosed(bought), paying(10000)), fault.OK)
	if r.Award == nil || encode(t, r.Award) != `{"progress":[{"add":-100,"counter":"spent"},{"add":-100,"counter":"year"}]}` {
		t.Errorf("undid %s", encode(t, r.Award))
	}
	if tier := c.Rules.TierOn(&c.account(h).Standing, today); tier != "" {
		t.Errorf("still %q", tier)
	}
	c.sound()
}

func TestWholeReturnOfWhatEarnedNothingMovesCountersBackOnce(t *testing.T) {
	h := ownHolder(1)
	c := newTill(t)
	c.open(h)
	set := springRules()
	set.Rules[0].MinimumMinor = 10000 // Spent is counted all the same.
	c.Rules = compiled(t, set)
	bought := want(t, c.do(h, points.KindEarn, paying(9000)), fault.OK)
	if bought.Points != 0 || c.Rules.Counted(&c.account(h).Standing, today)[0] != 90 {
		t.Fatalf("earned %s", encode(t, bought))
	}
	want(t, c.do(h, points.KindReturn, c.back(bought), whole), fault.OK)
	if got := c.Rules.Counted(&c.account(h).Standing, today)[0]; got != 0 {
		t.Errorf("%d are still counted", got)
	}
	want(t, c.do(h, points.KindReturn, c.back(bought), whole), fault.ReturnExceeds)
}

func TestReturnTakesThePurchasesOwnLotsFirst(t *testing.T) {
	h := ownHolder(1)
	c := newTill(t)
	c.terms().Expiry = lots.Expiry{Kind: lots.Rolling, Months: 12}
	c.open(h)
	c.earn(h, 50)
	c.pass(40)
	bought := c.earn(h, 30)
	r := want(t, c.do(h, points.KindReturn, c.back(bought), whole, c.now), fault.OK)
	if len(r.Moves) != 1 || r.Moves[0].Expiry != bought.Moves[0].Expiry {
		t.Errorf("took %s", encode(t, r.Moves))
	}
	bought = c.earn(h, 30)
	want(t, c.do(h, points.KindRedeem, of(60)), fault.OK) // All that expires first, and ten of the new ones.
	r = want(t, c.do(h, points.KindReturn, c.back(bought), whole, c.now), fault.OK)
	if r.DebtIncurred != 10 || sumOf(r.Moves, lots.Recovered) != -20 {
		t.Errorf("took %s", encode(t, r))
	}
	c.sound()
}

func TestReturnTakesPointsThatAreNotFreeYet(t *testing.T) {
	h := ownHolder(1)
	c := newTill(t)
	c.terms().PendingDays = 10
	c.open(h)
	bought := c.earn(h, 50)
	if r := want(t, c.do(h, points.KindReturn, c.back(bought), whole), fault.OK); r.DebtIncurred != 0 || r.Posted != 0 {
		t.Errorf("took %s", encode(t, r))
	}
}

func TestReturnAfterATransferIsADebtOfWhoEarned(t *testing.T) {
	h, friend := ownHolder(1), ownHolder(2)
	c := newTill(t)
	c.open(h, friend)
	bought := c.earn(h, 50)
	want(t, c.do(h, points.KindTransfer, of(50), to(friend)), fault.OK)
	r := want(t, c.do(h, points.KindReturn, c.back(bought), whole), fault.OK)
	if r.DebtIncurred != 50 || c.account(friend).Posted != 50 {
		t.Errorf("returned with %s", encode(t, r))
	}
	if r := want(t, c.do(friend, points.KindTransfer, of(30), to(h)), fault.OK); r.DebtRepaid != 30 || c.account(h).Debt != 20 || len(r.ToMoves) != 0 {
		t.Errorf("sent back with %s", encode(t, r))
	}
	c.sound()
}

func TestReturnWithoutAReceiptNeedsTermsAndAMandate(t *testing.T) {
	h := ownHolder(1)
	signed := func(most quantity.Points) func(*till) *points.Authorisation {
		return func(c *till) *points.Authorisation {
			o := &points.Operation{ID: operationID(77), Kind: points.KindReturn, Account: h.id}
			m := h.mandate(o, &points.Details{}, c.Now)
			m.MaxPoints = most
			return h.sign(m)
		}
	}
	unsigned := func(*till) *points.Authorisation { return nil }
	for name, k := range map[string]struct {
		allowed bool
		auth    func(*till) *points.Authorisation
		code    fault.Code
	}{
		"allowed and signed":     {true, signed(30), fault.OK},
		"signed for too little":  {true, signed(29), fault.AuthMismatch},
		"allowed and not signed": {true, unsigned, fault.AuthMissing},
		"signed and not allowed": {false, signed(30), fault.ReturnUnreferenced},
		"neither":                {false, unsigned, fault.ReturnUnreferenced},
	} {
		t.Run(name, func(t *testing.T) {
			c := openWith(t, h, 20)
			c.terms().UnreferencedReturns = k.allowed
			r := want(t, c.do(h, points.KindReturn, paying(3000), func(o *points.Operation, _ *points.Details) { o.Authorisation = k.auth(c) }), k.code)
			if r.Code == fault.OK && (r.Posted != -10 || r.DebtIncurred != 10 || r.Points != 30) {
				t.Errorf("returned with %s", encode(t, r))
			}
			c.sound()
		})
	}
}

func TestReturnUnderAnotherRuleSetMovesTheCountersThatAreStillThere(t *testing.T) {
	h := ownHolder(1)
	c := newTill(t)
	c.open(h)
	c.Rules = compiled(t, springRules())
	bought := c.earn(h, 100)
	next := springRules()
	next.Version, next.Counters = 2, []rules.Counter{next.Counters[1]}
	c.Rules = compiled(t, next)
	r := want(t, c.do(h, points.KindReturn, c.back(bought), whole), fault.OK)
	if encode(t, r.Award) != `{"progress":[{"add":-100,"counter":"year"}]}` || r.Rules != 2 {
		t.Errorf("undid %s", encode(t, r.Award))
	}
	c.Rules = nil
	bought = c.earn(h, 100)
	want(t, c.do(h, points.KindReturn, c.back(bought), whole), fault.OK)
	c.sound()
}
