package points_test

import (
	"testing"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/quantity"
)

const administrator = "GrocerMSP"

// failing hands a programme to its administrator, with custody, until some days from now.
func failing(t *testing.T, c *till, key string, days quantity.Day) {
	t.Helper()
	a := points.Administration{MSP: administrator, HonourUntil: quantity.DayOf(c.Now) + days, Since: c.Now}
	wantCode(t, c.Programme.Administer(a, key), fault.OK)
}

func TestAdministratorActsForTheIssuerUntilItIsReinstated(t *testing.T) {
	p := programme()
	if p.Authority() != issuer {
		t.Errorf("%s acts for a programme that nobody administers", p.Authority())
	}
	key := encodedKey(newKey())
	wantCode(t, p.Administer(points.Administration{MSP: administrator, HonourUntil: today, Since: start}, "key"), fault.InvalidValue)
	if p.Authority() != issuer || len(p.Custodians) != 1 {
		t.Errorf("a refused administration leaves %+v", p)
	}
	wantCode(t, p.Administer(points.Administration{MSP: administrator, HonourUntil: today, Since: start}, key), fault.OK)
	wantCode(t, p.Administer(points.Administration{MSP: other, HonourUntil: today + 7, Since: start + 100}, key), fault.OK)
	if p.Authority() != other || *p.Administration != (points.Administration{MSP: other, HonourUntil: today + 7, Since: start}) {
		t.Errorf("another administrator: %+v", p.Administration)
	}
	if len(p.Custodians) != 2 || p.Custodians[0].Until != start || p.Custodians[1] != (points.CustodianKey{Version: 2, Key: key}) {
		t.Errorf("custody passed to %+v", p.Custodians)
	}
	p.Reinstate()
	if p.Authority() != issuer || p.MSP != issuer {
		t.Errorf("%s acts for a programme that was reinstated", p.Authority())
	}
}

func TestSecondDefaultBringsTheRegisteredKeyBack(t *testing.T) {
	p := programme()
	registered := encodedKey(newKey())
	wantCode(t, p.Administer(points.Administration{MSP: administrator, Since: start}, registered), fault.OK)
	p.Reinstate()
	wantCode(t, p.RotateCustodian(encodedKey(newKey()), start+10), fault.OK)
	wantCode(t, p.Administer(points.Administration{MSP: administrator, Since: start + 1000}, registered), fault.OK)
	if last := p.Custodians[len(p.Custodians)-1]; last.Version != 4 || last.Key != registered || p.Custodians[2].Until != start+1000 {
		t.Errorf("custody stands as %+v", p.Custodians)
	}
}

func TestAdministrationStopsIssuingAndEndsSpendingWithTheHonourWindow(t *testing.T) {
	friend := custodyHolder(2)
	for name, k := range map[string]struct {
		do       func(*till, holder) points.Receipt
		in, over fault.Code
	}{
		"earn":        {func(c *till, h holder) points.Receipt { return c.do(h, points.KindEarn, bought) }, fault.IssuingStopped, fault.IssuingStopped},
		"adjust up":   {func(c *till, h holder) points.Receipt { return c.doApproved(h, points.KindAdjust, of(5), goodwill) }, fault.IssuingStopped, fault.IssuingStopped},
		"adjust down": {func(c *till, h holder) points.Receipt { return c.doApproved(h, points.KindAdjust, of(-5), goodwill) }, fault.OK, fault.OK},
		"redeem":      {func(c *till, h holder) points.Receipt { return c.do(h, points.KindRedeem, of(5)) }, fault.OK, fault.HonourOver},
		"transfer":    {func(c *till, h holder) points.Receipt { return c.do(h, points.KindTransfer, of(5), to(friend)) }, fault.OK, fault.HonourOver},
		"hold":        {func(c *till, h holder) points.Receipt { return c.do(h, points.KindHold, of(5), c.until(60)) }, fault.OK, fault.HonourOver},
		"open":        {func(c *till, _ holder) points.Receipt { return openOne(c, ownHolder(3)) }, fault.OK, fault.OK},
	} {
		for days, code := range map[quantity.Day]fault.Code{0: k.in, -1: k.over} {
			h := ownHolder(1)
			c := openWith(t, h, 100)
			c.open(friend)
			failing(t, c, encodedKey(newKey()), days)
			if r := k.do(c, h); r.Code != code {
				t.Errorf("%s, with %d days left: %s, want %s", name, days, r.Code, code)
			}
		}
	}
}

func TestAdministratorApprovesNothingForItself(t *testing.T) {
	h := ownHolder(1)
	c := openWith(t, h, 100)
	failing(t, c, encodedKey(newKey()), 7)
	for approver, code := range map[string]fault.Code{administrator: fault.ApprovalMissing, other: fault.OK} {
		o, d := c.prepare(h, points.KindAdjust, of(-5), goodwill)
		c.approve(o, approver)
		if r := c.apply(o, d); r.Code != code {
			t.Errorf("approved by %s: %s, want %s", approver, r.Code, code)
		}
	}
}

func goodwill(o *points.Operation, d *points.Details) {
	o.Reason, d.Note = points.ReasonGoodwill, "as agreed"
}

func bought(_ *points.Operation, d *points.Details) { *d = purchase(100) }

func openOne(c *till, h holder) points.Receipt {
	return c.do(h, points.KindOpen, func(o *points.Operation, _ *points.Details) { o.Controller = &h.controller })
}
