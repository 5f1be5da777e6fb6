package points_test

import (
	"fmt"
	"testing"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/lots"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/quantity"
)

// allowance makes a hold back an allowance.
func allowance(o *points.Operation, _ *points.Details) { o.Purpose = points.PurposeAllowance }

// at puts an operation at a till.
func at(terminal string) change {
	return func(_ *points.Operation, d *points.Details) {
		d.PlaceSalt, d.Merchant, d.Store, d.Terminal = "5a17", "airline", "lhr", terminal
	}
}

func TestHoldIsCapturedInPartsAndTheRestVoided(t *testing.T) {
	h := ownHolder(1)
	c := openWith(t, h, 100)
	held := want(t, c.do(h, points.KindHold, of(60), c.until(600)), fault.OK)
	if held.Posted != 100 || held.Held != 60 || sumOf(held.Moves, lots.Pinned) != -60 {
		t.Errorf("held with %s", encode(t, held))
	}
	want(t, c.do(h, points.KindRedeem, of(41)), fault.InsufficientPoints)
	want(t, c.do(h, points.KindCapture, of(61), hold(held)), fault.CaptureExceeds)
	r := want(t, c.do(h, points.KindCapture, of(20), hold(held)), fault.OK)
	if r.Posted != 80 || r.Held != 40 || r.Hold != held.Operation || sumOf(r.Moves, lots.Captured) != -20 {
		t.Errorf("captured with %s", encode(t, r))
	}
	want(t, c.do(h, points.KindCapture, of(41), hold(held)), fault.CaptureExceeds)
	want(t, c.do(h, points.KindCapture, of(15), hold(held)), fault.OK)
	r = want(t, c.do(h, points.KindVoid, hold(held)), fault.OK)
	if r.Points != 25 || r.Posted != 65 || r.Held != 0 || sumOf(r.Moves, lots.Released) != 25 {
		t.Errorf("voided with %s", encode(t, r))
	}
	want(t, c.do(h, points.KindCapture, of(1), hold(held)), fault.HoldUnknown)
	want(t, c.do(h, points.KindVoid, hold(held)), fault.HoldUnknown)
	if c.Totals.Redeemed != 35 || c.Totals.Pinned != 60 || c.Totals.Unpinned != 60 {
		t.Errorf("counted %+v", c.Totals)
	}
	c.sound()
}

func TestHoldThatIsCapturedWhollyIsGone(t *testing.T) {
	h := ownHolder(1)
	c := openWith(t, h, 100)
	for name, purpose := range map[string]change{"redemption": func(*points.Operation, *points.Details) {}, "allowance": allowance} {
		held := want(t, c.do(h, points.KindHold, of(30), c.until(600), purpose), fault.OK)
		want(t, c.do(h, points.KindCapture, of(30), hold(held)), fault.OK)
		if a := c.account(h); len(a.Holds) != 0 || a.Held != 0 {
			t.Errorf("%s left %s", name, encode(t, a))
		}
	}
	c.sound()
}

func TestAllowanceIsCapturedOnceAndTheRestGoesBack(t *testing.T) {
	h := ownHolder(1)
	c := openWith(t, h, 100)
	held := want(t, c.do(h, points.KindHold, of(60), c.until(600), allowance), fault.OK)
	r := want(t, c.do(h, points.KindCapture, of(10), hold(held)), fault.OK)
	if r.Posted != 90 || r.Held != 0 || sumOf(r.Moves, lots.Released) != 50 {
		t.Errorf("captured with %s", encode(t, r))
	}
	want(t, c.do(h, points.KindCapture, of(10), hold(held)), fault.HoldUnknown)
	want(t, c.do(h, points.KindRedeem, of(90)), fault.OK)
	c.sound()
}

func TestHoldEndsWithinTheTermsLimit(t *testing.T) {
	for seconds, code := range map[int64]fault.Code{-1: fault.HoldPeriod, 0: fault.HoldPeriod, 1: fault.OK, 3600: fault.OK, 3601: fault.HoldPeriod} {
		h := ownHolder(1)
		c := openWith(t, h, 100)
		if r := c.do(h, points.KindHold, of(1), c.until(seconds)); r.Code != code {
			t.Errorf("%d seconds: %s, want %s", seconds, r.Code, code)
		}
	}
	h := ownHolder(1)
	c := openWith(t, h, 100)
	c.terms().HoldMaxSeconds = 0
	want(t, c.do(h, points.KindHold, of(1), c.until(1)), fault.HoldPeriod)
}

func TestLapsedHoldIsNotCapturedAndGoesBackWhenItsAccountIsTouched(t *testing.T) {
	h := ownHolder(1)
	c := openWith(t, h, 100)
	held := want(t, c.do(h, points.KindHold, of(60), c.until(600)), fault.OK)
	c.Now += 599
	want(t, c.do(h, points.KindExpire), fault.NothingDue)
	c.Now++
	want(t, c.do(h, points.KindCapture, of(1), hold(held)), fault.HoldLapsed)
	want(t, c.do(h, points.KindVoid, hold(held)), fault.HoldLapsed)
	if got := c.account(h).Held; got != 60 {
		t.Errorf("a refusal changed what is held to %d", got)
	}
	r := want(t, c.do(h, points.KindRedeem, of(100)), fault.OK)
	if sumOf(r.Moves, lots.Released) != 60 || r.Held != 0 {
		t.Errorf("redeemed with %s", encode(t, r))
	}
	want(t, c.do(h, points.KindCapture, of(1), hold(held)), fault.HoldUnknown)
	c.sound()
}

func TestSweepEndsLapsedHolds(t *testing.T) {
	h := ownHolder(1)
	c := openWith(t, h, 100)
	want(t, c.do(h, points.KindHold, of(60), c.until(600)), fault.OK)
	kept := want(t, c.do(h, points.KindHold, of(10), c.until(601)), fault.OK)
	c.Now += 600
	r := want(t, c.do(h, points.KindExpire), fault.OK)
	if a := c.account(h); len(a.Holds) != 1 || a.Holds[0].ID != kept.Operation || r.Points != 0 || r.Held != 10 {
		t.Errorf("swept with %s", encode(t, r))
	}
	c.sound()
}

func TestPinnedLotsThatExpiredMeanwhileCanBeCapturedAndExpireWhenTheyComeBack(t *testing.T) {
	h := ownHolder(1)
	for name, end := range map[string]func(*till, points.Receipt) points.Receipt{
		"void":  func(c *till, held points.Receipt) points.Receipt { return c.do(h, points.KindVoid, hold(held)) },
		"lapse": func(c *till, _ points.Receipt) points.Receipt { c.Now += 31 * 86400; return c.do(h, points.KindExpire) },
	} {
		t.Run(name, func(t *testing.T) {
			c := newTill(t)
			c.terms().Expiry, c.terms().HoldMaxSeconds = lots.Expiry{Kind: lots.Rolling, Months: 1}, 31*86400
			c.open(h)
			c.earn(h, 100)
			held := want(t, c.do(h, points.KindHold, of(60), c.until(31*86400)), fault.OK)
			if err := c.Programme.Advance(today+31, c.Now); err != nil { // The day on which the points are gone, seconds before the hold lapses.
				t.Fatal(err)
			}
			r := want(t, c.do(h, points.KindCapture, of(25), hold(held)), fault.OK)
			if sumOf(r.Moves, lots.Captured) != -25 || sumOf(r.Moves, lots.Expired) != -40 {
				t.Errorf("captured with %s", encode(t, r))
			}
			r = want(t, end(c, held), fault.OK)
			if sumOf(r.Moves, lots.Released) != 35 || sumOf(r.Moves, lots.Expired) != -35 || r.Posted != 0 {
				t.Errorf("ended with %s", encode(t, r))
			}
			c.sound()
		})
	}
}

func TestRestOfAnAllowanceThatExpiredMeanwhileExpires(t *testing.T) {
	h := ownHolder(1)
	c := newTill(t)
	c.terms().Expiry = lots.Expiry{Kind: lots.Rolling, Months: 1}
	c.open(h)
	c.earn(h, 100)
	held := want(t, c.do(h, points.KindHold, of(60), c.until(600), allowance), fault.OK)
	if err := c.Programme.Advance(today+31, c.Now); err != nil {
		t.Fatal(err)
	}
	r := want(t, c.do(h, points.KindCapture, of(25), hold(held)), fault.OK)
	if r.Posted != 0 || sumOf(r.Moves, lots.Expired) != -75 || c.Totals.Expired != 75 {
		t.Errorf("captured with %s", encode(t, r))
	}
	c.sound()
}

func TestHoldIsCapturedWhereItWasMade(t *testing.T) {
	h := ownHolder(1)
	c := openWith(t, h, 100)
	held := want(t, c.do(h, points.KindHold, of(60), c.until(600), at("t1")), fault.OK)
	if got := c.account(h).Holds[0].Place; got != points.PlaceHash("5a17", "airline", "lhr", "t1") {
		t.Errorf("held at %q", got)
	}
	want(t, c.do(h, points.KindCapture, of(1), hold(held), at("t2")), fault.AuthMismatch)
	want(t, c.do(h, points.KindCapture, of(1), hold(held)), fault.AuthMismatch)
	want(t, c.do(h, points.KindCapture, of(1), hold(held), at("t1")), fault.OK)
}

func TestHoldThatNamesNoTillIsCapturedAtAny(t *testing.T) {
	h := ownHolder(1)
	c := openWith(t, h, 100)
	nowhere := want(t, c.do(h, points.KindHold, of(10), c.until(600)), fault.OK)
	want(t, c.do(h, points.KindCapture, of(1), hold(nowhere), at("t1")), fault.OK)
	want(t, c.do(h, points.KindCapture, of(1), hold(nowhere), at("t2")), fault.OK)
	want(t, c.do(h, points.KindCapture, of(1), hold(nowhere)), fault.OK)
	c.sound()
}

func TestTillGivesAHoldUpWithoutTheCustomer(t *testing.T) {
	h, stranger := ownHolder(1), ownHolder(2)
	c := openWith(t, h, 100)
	held := want(t, c.do(h, points.KindHold, of(60), c.until(600)), fault.OK)
	o, d := c.prepare(h, points.KindVoid, hold(held))
	o.Authorisation = stranger.sign(h.mandate(o, &d, c.Now))
	want(t, c.apply(o, d), fault.AuthInvalid) // A signature that is there must be good.
	want(t, c.do(h, points.KindVoid, hold(held)), fault.OK)
	held = want(t, c.do(h, points.KindHold, of(60), c.until(600)), fault.OK)
	want(t, c.doSigned(h, points.KindVoid, hold(held)), fault.OK)
	c.sound()
}

func TestAccountHasSoManyHoldsAndNoMore(t *testing.T) {
	h := ownHolder(1)
	c := openWith(t, h, 100)
	for range points.MaxHolds {
		want(t, c.do(h, points.KindHold, of(1), c.until(600)), fault.OK)
	}
	c.sound()
	want(t, c.do(h, points.KindHold, of(1), c.until(600)), fault.HoldLimit)
	c.Now += 600
	want(t, c.do(h, points.KindHold, of(1), c.until(600)), fault.OK) // The others have lapsed.
	c.sound()
}

func TestNobodyKeepsPointsFromAReturnByPinningThem(t *testing.T) {
	h := ownHolder(1)
	for name, end := range map[string]func(*till, points.Receipt) points.Receipt{
		"void":  func(c *till, held points.Receipt) points.Receipt { return c.do(h, points.KindVoid, hold(held)) },
		"lapse": func(c *till, _ points.Receipt) points.Receipt { c.Now += 600; return c.do(h, points.KindExpire) },
		"capture": func(c *till, held points.Receipt) points.Receipt {
			return c.do(h, points.KindCapture, of(1), hold(held))
		},
	} {
		t.Run(name, func(t *testing.T) {
			c := newTill(t)
			c.open(h)
			bought := c.earn(h, 100)
			held := want(t, c.do(h, points.KindHold, of(90), c.until(600), allowance), fault.OK)
			r := want(t, c.do(h, points.KindReturn, c.back(bought), whole), fault.OK)
			if r.DebtIncurred != 90 || r.Posted != 0 || r.Held != 90 {
				t.Fatalf("returned with %s", encode(t, r))
			}
			r = want(t, end(c, held), fault.OK)
			if captured := -sumOf(r.Moves, lots.Captured); c.account(h).Debt != captured || len(c.account(h).Lots) != 0 || sumOf(r.Moves, lots.Repaid) != captured-90 {
				t.Errorf("ended with %s", encode(t, c.account(h)))
			}
			c.sound()
		})
	}
}

// crowded fills an account with as many lots of different funding as it can have.
func crowded(c *till, h holder) {
	a := c.account(h)
	for i := range lots.Max {
		a.Lots = append(a.Lots, lots.Lot{Key: lots.Key{Terms: 1, Funding: fmt.Sprintf("f%02d", i)}, Points: 2})
	}
	a.Posted += 2 * lots.Max
	c.Totals.Issued += 2 * lots.Max
}

func TestHoldWithoutRoomForItsLotsStaysWithoutStoppingItsAccount(t *testing.T) {
	h := ownHolder(1)
	c := newTill(t)
	c.open(h)
	crowded(c, h)
	held := want(t, c.do(h, points.KindHold, of(2), c.until(600)), fault.OK)
	c.earn(h, 5) // Into the room that the hold left.
	c.sound()
	c.Now += 600
	want(t, c.do(h, points.KindExpire), fault.NothingDue)
	want(t, c.do(h, points.KindCapture, of(1), hold(held)), fault.HoldLapsed)
	want(t, c.do(h, points.KindRedeem, of(5)), fault.OK)
	if r := want(t, c.do(h, points.KindExpire), fault.OK); sumOf(r.Moves, lots.Released) != 2 {
		t.Errorf("swept with %s", encode(t, r))
	}
	c.sound()
}

func TestVoidWithoutRoomForTheLotsIsRefused(t *testing.T) {
	h := ownHolder(1)
	c := newTill(t)
	c.open(h)
	crowded(c, h)
	held := want(t, c.do(h, points.KindHold, of(2), c.until(600)), fault.OK)
	c.earn(h, 5)
	want(t, c.do(h, points.KindVoid, hold(held)), fault.Limit)
	want(t, c.do(h, points.KindCapture, of(2), hold(held)), fault.OK)
	c.sound()
}

func TestHoldTakesTheLotsThatEndFirst(t *testing.T) {
	h := ownHolder(1)
	c := newTill(t)
	c.open(h)
	c.account(h).Lots = []lots.Lot{
		{Key: lots.Key{Terms: 1, Expiry: today + 10}, Points: 5}, {Key: lots.Key{Terms: 1, Expiry: today + 20}, Points: 5}, {Key: lots.Key{Terms: 1}, Points: 5},
	}
	c.account(h).Posted, c.Totals.Issued = 15, 15
	held := want(t, c.do(h, points.KindHold, of(8), c.until(600)), fault.OK)
	r := want(t, c.do(h, points.KindCapture, of(6), hold(held)), fault.OK)
	if got := fmt.Sprint(expiries(r.Moves)); got != fmt.Sprint([]quantity.Day{today + 10, today + 20}) {
		t.Errorf("captured with %s", encode(t, r))
	}
	c.sound()
}

func expiries(moves []lots.Move) []quantity.Day {
	var list []quantity.Day
	for _, m := range moves {
		list = append(list, m.Expiry)
	}
	return list
}
