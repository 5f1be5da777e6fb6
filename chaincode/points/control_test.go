package points_test

import (
	"testing"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/lots"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/quantity"
)

// key puts a controller into an operation.
func key(c points.Controller) change {
	return func(o *points.Operation, _ *points.Details) { o.Controller = &c }
}

// following is a holder of the same account whose controller has the next number.
func (h holder) following(kind points.ControllerKind) holder {
	next := ownHolder(0)
	next.id = h.id
	next.controller.Kind, next.controller.Version = kind, h.controller.Version+1
	if kind == points.ControllerCustodian {
		next.key, next.controller.Key = custodian, ""
	}
	return next
}

func TestKeyIsRotatedAndMovesBetweenCustodyAndTheCustomer(t *testing.T) {
	first := custodyHolder(1)
	c := openWith(t, first, 100)
	for _, kind := range []points.ControllerKind{points.ControllerP256, points.ControllerP256, points.ControllerWebAuthn, points.ControllerCustodian, points.ControllerWebAuthn} {
		next := first.following(kind)
		if r := c.do(next, points.KindRekey, key(next.controller)); r.Code != fault.AuthMismatch && r.Code != fault.AuthInvalid {
			t.Fatalf("the next key of a %s account takes it over by itself: %s", first.controller.Kind, r.Code)
		}
		want(t, c.do(first, points.KindRekey, key(next.controller)), fault.OK)
		if r := c.do(first, points.KindRedeem, of(1)); r.Code != fault.AuthMismatch && r.Code != fault.AuthInvalid {
			t.Fatalf("the old key of a %s account still pays: %s", kind, r.Code)
		}
		want(t, c.do(next, points.KindRedeem, of(1)), fault.OK)
		first = next
	}
}

func TestNextControllerHasTheNextNumber(t *testing.T) {
	h := ownHolder(1)
	for name, c := range map[string]struct {
		version int
		kind    points.ControllerKind
		passkey bool
		code    fault.Code
	}{
		"next":                         {2, points.ControllerP256, true, fault.OK},
		"the same":                     {1, points.ControllerP256, true, fault.ControllerRefused},
		"the one after":                {3, points.ControllerP256, true, fault.ControllerRefused},
		"before":                       {0, points.ControllerP256, true, fault.ControllerRefused},
		"custodian":                    {2, points.ControllerCustodian, true, fault.OK},
		"a passkey where none is had":  {2, points.ControllerWebAuthn, false, fault.ControllerRefused},
		"a passkey where they are had": {2, points.ControllerWebAuthn, true, fault.OK},
	} {
		for _, kind := range []points.Kind{points.KindRekey, points.KindRecover} {
			t.Run(name+" by "+string(kind), func(t *testing.T) {
				b := openWith(t, h, 1)
				if !c.passkey {
					b.Programme.RelyingParty.ID, b.Programme.RelyingParty.Origins = "", nil
				}
				next := h.following(c.kind)
				next.controller.Version = c.version
				if kind == points.KindRecover {
					want(t, b.doApproved(h, kind, key(next.controller)), c.code)
					return
				}
				want(t, b.do(h, kind, key(next.controller)), c.code)
			})
		}
	}
}

func TestRecoveryWaitsForAVetoAndThenForDebits(t *testing.T) {
	lost := ownHolder(1)
	found := lost.following(points.ControllerP256)
	c := openWith(t, lost, 100)
	want(t, c.do(lost, points.KindComplete), fault.RecoveryUnknown)
	want(t, c.do(lost, points.KindVeto), fault.RecoveryUnknown)

	r := want(t, c.doApproved(lost, points.KindRecover, key(found.controller)), fault.OK)
	if r.Approver != other {
		t.Errorf("approved by %q", r.Approver)
	}
	want(t, c.do(found, points.KindRedeem, of(1)), fault.AuthMismatch)
	want(t, c.do(lost, points.KindRedeem, of(1)), fault.OK) // The old key is good while the wait lasts.
	c.Now += 999
	want(t, c.do(found, points.KindComplete), fault.RecoveryWaiting)
	want(t, c.do(found, points.KindVeto), fault.AuthMismatch)
	c.Now++
	want(t, c.do(found, points.KindComplete), fault.OK)
	want(t, c.do(lost, points.KindRedeem, of(1)), fault.AuthMismatch)
	want(t, c.do(found, points.KindComplete), fault.RecoveryUnknown)

	c.Now += 499
	for _, r := range []points.Receipt{
		c.do(found, points.KindRedeem, of(1)),
		c.do(found, points.KindHold, of(1), c.until(10)),
		c.do(found, points.KindRekey, key(found.following(points.ControllerP256).controller)),
		c.do(found, points.KindClose, of(99)),
	} {
		want(t, r, fault.CoolingOff)
	}
	c.earn(found, 1)
	c.Now++
	want(t, c.do(found, points.KindRedeem, of(1)), fault.OK)
	c.sound()
}

func TestOldKeyEndsARecovery(t *testing.T) {
	h := ownHolder(1)
	thief := h.following(points.ControllerP256)
	for name, end := range map[string]func(*till) points.Receipt{
		"by a veto":  func(c *till) points.Receipt { return c.do(h, points.KindVeto) },
		"by a rekey": func(c *till) points.Receipt { return c.do(h, points.KindRekey, key(thief.controller)) },
		"by closing": func(c *till) points.Receipt { return c.do(h, points.KindClose, of(10)) },
	} {
		t.Run(name, func(t *testing.T) {
			c := openWith(t, h, 10)
			want(t, c.doApproved(h, points.KindRecover, key(thief.controller)), fault.OK)
			want(t, end(c), fault.OK)
			c.Now += 1_000_000
			if r := c.do(h, points.KindComplete); r.Code != fault.RecoveryUnknown && r.Code != fault.AccountClosed {
				t.Errorf("the recovery goes on: %s", r.Code)
			}
		})
	}
}

func TestAnotherRecoveryBeginsTheWaitAgain(t *testing.T) {
	h := ownHolder(1)
	c := openWith(t, h, 10)
	want(t, c.doApproved(h, points.KindRecover, key(h.following(points.ControllerP256).controller)), fault.OK)
	c.Now += 999
	second := h.following(points.ControllerP256)
	want(t, c.doApproved(h, points.KindRecover, key(second.controller)), fault.OK)
	c.Now += 1
	want(t, c.do(h, points.KindComplete), fault.RecoveryWaiting)
	c.Now += 999
	want(t, c.do(h, points.KindComplete), fault.OK)
	want(t, c.do(second, points.KindVeto), fault.RecoveryUnknown) // Its signature is good.
}

func TestFrozenAccountGivesNothingAway(t *testing.T) {
	h, friend := ownHolder(1), ownHolder(2)
	c := openWith(t, h, 100)
	c.open(friend)
	c.earn(friend, 50)
	held := want(t, c.do(h, points.KindHold, of(10), c.until(600)), fault.OK)
	want(t, c.do(h, points.KindUnfreeze, because(points.ReasonError)), fault.AccountNotFrozen)
	want(t, c.do(h, points.KindFreeze, because(points.ReasonFraud)), fault.OK)
	want(t, c.do(h, points.KindFreeze, because(points.ReasonFraud)), fault.AccountFrozen)
	next := h.following(points.ControllerP256)
	for _, r := range []points.Receipt{
		c.do(h, points.KindRedeem, of(1)),
		c.do(h, points.KindHold, of(1), c.until(10)),
		c.do(h, points.KindTransfer, of(1), to(friend)),
		c.do(h, points.KindGift, of(1), func(o *points.Operation, _ *points.Details) { o.Claim = genesis }),
		c.do(h, points.KindRekey, key(next.controller)),
		c.do(h, points.KindClose, of(90)),
	} {
		if want(t, r, fault.AccountFrozen); r.Authorisation == "" {
			t.Errorf("%s: the authorisation isn't used up", r.Kind)
		}
	}
	want(t, c.do(h, points.KindCapture, of(4), hold(held)), fault.OK)   // The till relies on it.
	want(t, c.do(friend, points.KindTransfer, of(20), to(h)), fault.OK) // Into suspense,
	c.earn(h, 5)                                                        // this as well,
	want(t, c.do(h, points.KindVoid, hold(held)), fault.OK)             // and what is left of the hold.
	if a := c.account(h); a.Posted != 121 || len(a.Suspense) != 1 || a.Suspense[0].Points != 31 || a.Lots[0].Points != 90 {
		t.Errorf("frozen with %s", encode(t, a))
	}
	c.sound()
	want(t, c.do(h, points.KindUnfreeze, because(points.ReasonResolution)), fault.OK)
	if a := c.account(h); a.Posted != 121 || len(a.Suspense) != 0 || a.Lots[0].Points != 121 {
		t.Errorf("unfrozen with %s", encode(t, a))
	}
	want(t, c.do(h, points.KindRedeem, of(121)), fault.OK)
	c.sound()
}

func TestClosingForfeitsExactlyWhatWasSigned(t *testing.T) {
	h := ownHolder(1)
	c := openWith(t, h, 100)
	c.terms().PendingDays = 5
	c.earn(h, 20) // Not spendable yet, and forfeited all the same.
	held := want(t, c.do(h, points.KindHold, of(10), c.until(600)), fault.OK)
	want(t, c.do(h, points.KindClose, of(110)), fault.AccountUnsettled)
	want(t, c.do(h, points.KindVoid, hold(held)), fault.OK)
	want(t, c.do(h, points.KindClose, of(119)), fault.ForfeitMismatch)
	want(t, c.do(h, points.KindClose, of(121)), fault.ForfeitMismatch)
	r := want(t, c.do(h, points.KindClose, of(120)), fault.OK)
	if r.Posted != 0 || c.Totals.Forfeited != 120 || sumOf(r.Moves, lots.Forfeited) != -120 {
		t.Errorf("closed with %s", encode(t, r))
	}
	c.sound()
}

func TestDebtIsSettledBeforeClosing(t *testing.T) {
	h := ownHolder(1)
	c := openWith(t, h, 0)
	bought := c.earn(h, 10)
	want(t, c.do(h, points.KindRedeem, of(10)), fault.OK)
	want(t, c.do(h, points.KindReturn, c.back(bought), whole), fault.OK)
	want(t, c.do(h, points.KindClose), fault.AccountUnsettled)
	c.earn(h, 10)
	want(t, c.do(h, points.KindClose), fault.OK)
}

func TestClosedAccountTakesPartInReturnsAdjustmentsAndSweepsOnly(t *testing.T) {
	h, friend := ownHolder(1), ownHolder(2)
	c := openWith(t, h, 100)
	c.open(friend)
	bought := c.earn(h, 30)
	spent := want(t, c.do(h, points.KindRedeem, of(25)), fault.OK)
	want(t, c.do(h, points.KindClose, of(105)), fault.OK)
	for _, r := range []points.Receipt{
		c.do(h, points.KindEarn, paying(100), c.now),
		c.do(h, points.KindRefer, to(friend)),
		c.do(friend, points.KindRefer, to(h)),
		c.do(h, points.KindRedeem, of(1)),
		c.do(friend, points.KindTransfer, of(1), to(h)),
		c.do(h, points.KindFreeze, because(points.ReasonFraud)),
		c.do(h, points.KindUnfreeze, because(points.ReasonError)),
		c.do(h, points.KindRekey, key(h.following(points.ControllerP256).controller)),
		c.do(h, points.KindComplete),
		c.do(h, points.KindVeto),
		c.do(h, points.KindClose),
		c.doApproved(h, points.KindRecover, key(h.following(points.ControllerP256).controller)),
	} {
		want(t, r, fault.AccountClosed)
	}
	want(t, c.do(h, points.KindReturn, c.back(spent), whole), fault.OK)
	if a := c.account(h); a.Posted != 25 || len(a.Lots) != 0 || len(a.Suspense) != 1 || a.Suspense[0].Points != 25 {
		t.Errorf("the return of a redemption left %s", encode(t, a))
	}
	want(t, c.do(h, points.KindReturn, c.back(bought), whole), fault.OK)
	if a := c.account(h); a.Posted != -5 || a.Debt != 5 || len(a.Suspense) != 0 {
		t.Errorf("the return of a purchase left %s", encode(t, a))
	}
	want(t, c.doApproved(h, points.KindAdjust, of(12), because(points.ReasonGoodwill)), fault.OK)
	if a := c.account(h); a.Debt != 0 || a.Suspense[0].Points != 7 {
		t.Errorf("the adjustment left %s", encode(t, a))
	}
	c.sound()
}

// sumOf adds the moves of a cause.
func sumOf(moves []lots.Move, cause lots.Cause) quantity.Points {
	var total quantity.Points
	for _, m := range moves {
		if m.Cause == cause {
			total += m.Points
		}
	}
	return total
}
