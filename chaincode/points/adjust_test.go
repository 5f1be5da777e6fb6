package points_test

import (
	"testing"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/lots"
	"github.com/tallystick/tallystick/chaincode/points"
)

func TestAdjustmentNeedsAnotherOrganisationsConsentToExactlyThis(t *testing.T) {
	cases := []struct {
		name   string
		change func(*till, *points.Operation, *points.Approval)
		code   fault.Code
	}{
		{"as approved", func(*till, *points.Operation, *points.Approval) {}, fault.OK},
		{"by the issuer itself", func(_ *till, _ *points.Operation, a *points.Approval) { a.MSP = issuer }, fault.ApprovalMissing},
		{"of other points", func(_ *till, o *points.Operation, _ *points.Approval) { o.Points++ }, fault.ApprovalMissing},
		{"for another reason", func(_ *till, o *points.Operation, _ *points.Approval) { o.Reason = points.ReasonFraud }, fault.ApprovalMissing},
		{"of another account", func(_ *till, o *points.Operation, _ *points.Approval) { o.Account = accountID(2) }, fault.ApprovalMissing},
		{"of another operation", func(_ *till, o *points.Operation, _ *points.Approval) { o.ID = operationID(99) }, fault.ApprovalMissing},
		{"withdrawn", func(c *till, o *points.Operation, _ *points.Approval) { delete(c.Approvals, o.ID) }, fault.ApprovalMissing},
		{"just in time", func(c *till, _ *points.Operation, a *points.Approval) { a.At = c.Now - points.ApprovalSeconds }, fault.OK},
		{"too long ago", func(c *till, _ *points.Operation, a *points.Approval) { a.At = c.Now - points.ApprovalSeconds - 1 }, fault.ApprovalMissing},
		{"used before", func(_ *till, _ *points.Operation, a *points.Approval) { a.Used = true }, fault.ApprovalUsed},
	}
	for _, k := range cases {
		t.Run(k.name, func(t *testing.T) {
			h := ownHolder(1)
			c := openWith(t, h, 0)
			c.open(ownHolder(2))
			o, d := c.prepare(h, points.KindAdjust, of(5), because(points.ReasonGoodwill))
			c.approve(o, other)
			k.change(c, o, c.Approvals[o.ID])
			d.Operation = o.ID
			r := want(t, c.apply(o, d), k.code)
			if used := c.Approvals[o.ID] != nil && c.Approvals[o.ID].Used; used != (k.code != fault.ApprovalMissing) || (r.Approver == other) != (k.code == fault.OK) {
				t.Errorf("used %v, approved by %q", used, r.Approver)
			}
			c.sound()
		})
	}
}

func TestApprovalIsUsedUpByTheOperationThatItIsFor(t *testing.T) {
	h := ownHolder(1)
	c := openWith(t, h, 0)
	o, d := c.prepare(h, points.KindAdjust, of(5), because(points.ReasonGoodwill))
	c.approve(o, other)
	want(t, c.apply(o, d), fault.OK)
	want(t, c.apply(o, d), fault.ApprovalUsed)
	if got := c.account(h).Posted; got != 5 {
		t.Errorf("posted is %d", got)
	}
}

func TestAdjustmentCreditsUnderTheTermsInForce(t *testing.T) {
	h := ownHolder(1)
	c := newTill(t)
	c.terms().Expiry, c.terms().PendingDays, c.terms().ReturnDays = lots.Expiry{Kind: lots.Rolling, Months: 12}, 10, 30
	c.open(h)
	r := want(t, c.doApproved(h, points.KindAdjust, of(25), because(points.ReasonMigration)), fault.OK)
	if r.Reason != points.ReasonMigration || encode(t, r.Moves) != `[{"cause":"adjusted","expiry":"2012-03-13","funding":"adjustment","points":25,"terms":1}]` {
		t.Errorf("adjusted with %s", encode(t, r))
	}
	want(t, c.do(h, points.KindRedeem, of(25)), fault.OK)
	if c.Totals.AdjustedUp != 25 || c.Totals.Issued != 0 {
		t.Errorf("counted %+v", c.Totals)
	}
	c.sound()
}

func TestAdjustmentTakesWhatIsThereAndBooksTheRestAsDebt(t *testing.T) {
	h := ownHolder(1)
	c := openWith(t, h, 10)
	c.terms().PendingDays = 5
	c.earn(h, 10)
	held := want(t, c.do(h, points.KindHold, of(4), c.until(600)), fault.OK)
	r := want(t, c.doApproved(h, points.KindAdjust, of(-20), because(points.ReasonError)), fault.OK)
	if r.DebtIncurred != 4 || r.Posted != 0 || sumOf(r.Moves, lots.Adjusted) != -16 || c.Totals.AdjustedDown != 16 {
		t.Errorf("adjusted with %s", encode(t, r))
	}
	want(t, c.do(h, points.KindVoid, hold(held)), fault.OK)
	if a := c.account(h); a.Debt != 0 || a.Posted != 0 || len(a.Lots) != 0 {
		t.Errorf("left %s", encode(t, a))
	}
	want(t, c.doApproved(h, points.KindAdjust, of(-3), because(points.ReasonError)), fault.OK)
	if r := want(t, c.doApproved(h, points.KindAdjust, of(5), because(points.ReasonGoodwill)), fault.OK); r.DebtRepaid != 3 || r.Posted != 2 {
		t.Errorf("adjusted back with %s", encode(t, r))
	}
	c.sound()
}

func TestAdjustmentOfAFrozenOrClosedAccountMovesWhatIsInSuspense(t *testing.T) {
	h := ownHolder(1)
	for name, stop := range map[string]func(*till) points.Receipt{
		"frozen": func(c *till) points.Receipt { return c.do(h, points.KindFreeze, because(points.ReasonFraud)) },
		"closed": func(c *till) points.Receipt { return c.do(h, points.KindClose) },
	} {
		t.Run(name, func(t *testing.T) {
			c := openWith(t, h, 0)
			want(t, stop(c), fault.OK)
			want(t, c.doApproved(h, points.KindAdjust, of(10), because(points.ReasonError)), fault.OK)
			if a := c.account(h); len(a.Lots) != 0 || len(a.Suspense) != 1 {
				t.Errorf("credited %s", encode(t, a))
			}
			r := want(t, c.doApproved(h, points.KindAdjust, of(-12), because(points.ReasonError)), fault.OK)
			if r.DebtIncurred != 2 || len(c.account(h).Suspense) != 0 {
				t.Errorf("taken %s", encode(t, r))
			}
			c.sound()
		})
	}
}

func TestReasonsAreListedOnce(t *testing.T) {
	seen := map[points.Reason]bool{}
	for _, r := range points.Reasons() {
		if seen[r] {
			t.Errorf("%s stands twice", r)
		}
		seen[r] = true
	}
	if len(seen) != 9 {
		t.Errorf("there are %d reasons", len(seen))
	}
}
