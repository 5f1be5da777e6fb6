package points_test

import (
	"testing"

	"pgregory.net/rapid"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/quantity"
	"github.com/tallystick/tallystick/chaincode/terms"
)

// guarded is a till whose programme lets 50 points leave in the 1000 seconds after a change of controller.
func guarded(t failer, h holder, n int64) *till {
	c := openWith(t, h, n)
	c.terms().Guard = terms.Guard{Seconds: 1000, Points: 50}
	return c
}

func TestDebitsTogetherAreLimitedUnderANewController(t *testing.T) {
	changes := map[string]func(*till, holder) holder{
		"rekey": func(c *till, h holder) holder {
			next := h.following(points.ControllerP256)
			want(c.t, c.do(h, points.KindRekey, key(next.controller)), fault.OK)
			return next
		},
		"recover": func(c *till, h holder) holder { // The old controller's, while somebody else waits for the account.
			want(c.t, c.doApproved(h, points.KindRecover, key(h.following(points.ControllerP256).controller)), fault.OK)
			return h
		},
		"complete": func(c *till, h holder) holder {
			c.terms().CoolingOffSeconds, c.terms().RecoveryWaitSeconds = 0, 5
			next := h.following(points.ControllerP256)
			want(c.t, c.doApproved(h, points.KindRecover, key(next.controller)), fault.OK)
			c.Now += 5
			want(c.t, c.do(h, points.KindComplete), fault.OK)
			return next
		},
	}
	for name, change := range changes {
		t.Run(name, func(t *testing.T) {
			h, friend := ownHolder(1), ownHolder(2)
			c := guarded(t, h, 500)
			c.open(friend)
			now := change(c, h)
			want(t, c.do(now, points.KindRedeem, of(51)), fault.CoolingOff)
			want(t, c.do(now, points.KindRedeem, of(30)), fault.OK)
			want(t, c.do(now, points.KindTransfer, of(21), to(friend)), fault.CoolingOff)
			want(t, c.do(now, points.KindHold, of(20), c.until(10)), fault.OK)
			want(t, c.do(now, points.KindRedeem, of(1)), fault.CoolingOff)
			c.Now += 999
			want(t, c.do(now, points.KindRedeem, of(1)), fault.CoolingOff)
			c.Now++
			want(t, c.do(now, points.KindRedeem, of(400)), fault.OK)
			if c.account(h).Guard != nil {
				t.Errorf("a guard that is over is kept: %+v", c.account(h).Guard)
			}
			c.sound()
		})
	}
}

func TestASecondChangeDoesntOpenTheAccountAgain(t *testing.T) {
	h := ownHolder(1)
	c := guarded(t, h, 500)
	second := h.following(points.ControllerP256)
	want(t, c.do(h, points.KindRekey, key(second.controller)), fault.OK)
	want(t, c.do(second, points.KindRedeem, of(50)), fault.OK)
	c.Now += 500
	third := second.following(points.ControllerP256)
	want(t, c.do(second, points.KindRekey, key(third.controller)), fault.OK)
	want(t, c.do(third, points.KindRedeem, of(1)), fault.CoolingOff)
	c.Now += 999
	want(t, c.do(third, points.KindRedeem, of(1)), fault.CoolingOff)
	c.Now++
	want(t, c.do(third, points.KindRedeem, of(51)), fault.OK)
}

func TestWithoutAGuardInTheTermsNothingIsKept(t *testing.T) {
	h := ownHolder(1)
	c := openWith(t, h, 100)
	next := h.following(points.ControllerP256)
	want(t, c.do(h, points.KindRekey, key(next.controller)), fault.OK)
	want(t, c.do(next, points.KindRedeem, of(100)), fault.OK)
	if c.account(h).Guard != nil {
		t.Error("an account is guarded without the terms' word")
	}
}

// However debits, changes of controller and time follow each other, no more leaves an account in a guard's time than the terms let.
func TestNoMoreLeavesUnderAGuardThanTheTermsLet(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		h := ownHolder(1)
		c := guarded(r, h, 100_000)
		var until int64
		var left quantity.Points
		for range rapid.IntRange(5, 40).Draw(r, "steps") {
			switch rapid.IntRange(0, 3).Draw(r, "step") {
			case 0:
				next := h.following(points.ControllerP256)
				if c.do(h, points.KindRekey, key(next.controller)).Code == fault.OK {
					h = next
					if until <= c.Now {
						left = 0
					}
					until = c.Now + 1000
				}
			case 1:
				c.Now += rapid.Int64Range(1, 700).Draw(r, "seconds")
			default:
				n := quantity.Points(rapid.IntRange(1, 60).Draw(r, "points"))
				code := c.do(h, points.KindRedeem, of(n)).Code
				if code == fault.OK && until > c.Now {
					left += n
				}
				if until <= c.Now && code != fault.OK {
					r.Fatalf("%d points outside a guard: %s", n, code)
				}
			}
			if until > c.Now && left > 50 {
				r.Fatalf("%d points left the account under its guard", left)
			}
		}
		c.sound()
	})
}
