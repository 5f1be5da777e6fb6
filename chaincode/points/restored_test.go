package points_test

import (
	"testing"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/lots"
	"github.com/tallystick/tallystick/chaincode/points"
)

func TestReturnedRedemptionRestoresItsLotsFromTheLastOn(t *testing.T) {
	h := ownHolder(1)
	c := newTill(t)
	c.terms().Expiry, c.terms().GraceDays = lots.Expiry{Kind: lots.Rolling, Months: 2}, 15
	c.open(h)
	c.earn(h, 10) // Gone on 2011-05-13.
	c.pass(20)
	c.earn(h, 10) // Gone on 2011-06-02.
	spent := want(t, c.do(h, points.KindRedeem, of(16)), fault.OK)
	r := want(t, c.do(h, points.KindReturn, c.back(spent), of(4), c.now), fault.OK)
	if len(r.Moves) != 1 || r.Moves[0].Expiry != day("2011-06-02") || r.Moves[0].Points != 4 || r.Original != spent.Operation {
		t.Errorf("the first part restored %s", encode(t, r.Moves))
	}
	want(t, c.do(h, points.KindReturn, c.back(spent), of(13), c.now), fault.ReturnExceeds)
	c.pass(41) // 2011-05-13: the first lot is gone, from this day on.
	r = want(t, c.do(h, points.KindReturn, c.back(spent), whole, c.now), fault.OK)
	got := encode(t, r.Moves)
	if got != `[{"cause":"restored","expiry":"2011-06-02","points":2,"terms":1},{"cause":"restored","expiry":"2011-05-28","points":10,"terms":1}]` {
		t.Errorf("the rest restored %s", got)
	}
	if r.Points != 12 || c.Totals.Restored != 16 || c.account(h).Posted != 20 {
		t.Errorf("restored with %s", encode(t, r))
	}
	want(t, c.do(h, points.KindReturn, c.back(spent), of(1), c.now), fault.ReturnExceeds)
	want(t, c.do(h, points.KindReturn, c.back(spent), whole, c.now), fault.ReturnExceeds)
	c.sound()
}

func TestWithoutGraceWhatHasExpiredDoesNotComeBack(t *testing.T) {
	h := ownHolder(1)
	c := newTill(t)
	c.terms().Expiry = lots.Expiry{Kind: lots.Rolling, Months: 1}
	c.open(h)
	c.earn(h, 10)
	spent := want(t, c.do(h, points.KindRedeem, of(10)), fault.OK)
	c.pass(31)
	want(t, c.doApproved(h, points.KindAdjust, of(-4), because(points.ReasonError)), fault.OK)
	r := want(t, c.do(h, points.KindReturn, c.back(spent), whole, c.now), fault.OK)
	if r.Posted != -4 || r.DebtRepaid != 0 || sumOf(r.Moves, lots.Restored) != 10 || sumOf(r.Moves, lots.Expired) != -10 {
		t.Errorf("restored with %s", encode(t, r))
	}
	c.sound()
}

func TestReturnedCaptureRestoresWhatItTook(t *testing.T) {
	h := ownHolder(1)
	c := openWith(t, h, 100)
	held := want(t, c.do(h, points.KindHold, of(60), c.until(600), allowance), fault.OK)
	captured := want(t, c.do(h, points.KindCapture, of(25), hold(held)), fault.OK) // The receipt shows what was released too.
	if r := want(t, c.do(h, points.KindReturn, c.back(captured), whole), fault.OK); r.Points != 25 || r.Posted != 100 {
		t.Errorf("restored with %s", encode(t, r))
	}
	c.sound()
}

func TestRestoredPointsThatWereNotFreeToSendAreNotFreeToSend(t *testing.T) {
	h, friend := ownHolder(1), ownHolder(2)
	c := newTill(t)
	c.terms().ReturnDays = 30
	c.open(h, friend)
	c.earn(h, 50)
	spent := want(t, c.do(h, points.KindRedeem, of(50)), fault.OK)
	want(t, c.do(h, points.KindReturn, c.back(spent), whole), fault.OK)
	want(t, c.do(h, points.KindTransfer, of(1), to(friend)), fault.InsufficientPoints)
	c.pass(31)
	want(t, c.do(h, points.KindTransfer, of(1), to(friend)), fault.OK)
	c.sound()
}

func TestRestoredPointsOfAnIdleAccountLiveAgain(t *testing.T) {
	h := ownHolder(1)
	c := newTill(t)
	c.terms().Expiry = lots.Expiry{Kind: lots.Inactivity, Months: 1}
	c.open(h)
	c.earn(h, 30)
	spent := want(t, c.do(h, points.KindRedeem, of(10)), fault.OK)
	c.pass(31)
	r := want(t, c.do(h, points.KindReturn, c.back(spent), whole, c.now), fault.OK)
	if sumOf(r.Moves, lots.Expired) != -20 || r.Posted != 10 {
		t.Errorf("restored with %s", encode(t, r))
	}
	c.pass(29)
	want(t, c.do(h, points.KindExpire), fault.NothingDue)
	c.pass(1)
	want(t, c.do(h, points.KindExpire), fault.OK)
	c.sound()
}
