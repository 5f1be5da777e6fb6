package points_test

import (
	"testing"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/lots"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/quantity"
	"github.com/tallystick/tallystick/chaincode/terms"
)

// waiting are transfers and gifts that the receiver has to accept within two days.
var waiting = terms.Transfers{Customer: true, Gift: true, Merchant: true, Trade: true, AcceptDays: 2}

func TestTransferMovesLotsBetweenTwoAccounts(t *testing.T) {
	from, friend := ownHolder(1), ownHolder(2)
	c := newTill(t)
	c.terms().Expiry = lots.Expiry{Kind: lots.Rolling, Months: 12}
	c.open(from)
	c.earn(from, 100)
	want(t, c.do(from, points.KindTransfer, of(10), to(friend)), fault.AccountUnknown)
	c.open(friend)
	want(t, c.do(from, points.KindTransfer, of(10), to(from)), fault.SameAccount)
	want(t, c.do(from, points.KindTransfer, of(101), to(friend)), fault.InsufficientPoints)
	r := want(t, c.do(from, points.KindTransfer, of(60), to(friend)), fault.OK)
	if r.Posted != 40 || c.account(friend).Posted != 60 || c.Totals.Transferred != 60 || r.To != friend.id {
		t.Errorf("sent with %s", encode(t, r))
	}
	if got, want := c.account(friend).Lots[0].Key, c.account(from).Lots[0].Key; got != want {
		t.Errorf("the receiver's lot is %+v, the sender's was %+v", got, want)
	}
	if sumOf(r.Moves, lots.Sent) != -60 || sumOf(r.ToMoves, lots.Received) != 60 {
		t.Errorf("moved %s and %s", encode(t, r.Moves), encode(t, r.ToMoves))
	}
	c.sound()
}

func TestTermsSayBetweenWhomTransfersGo(t *testing.T) {
	cases := []struct {
		name              string
		sender, receiver  points.Holder
		rule              terms.Transfers
		transfer, gifting fault.Code
	}{
		{"nobody", "", "", terms.Transfers{}, fault.TransferRefused, fault.TransferRefused},
		{"customers", "", "", terms.Transfers{Customer: true}, fault.OK, fault.TransferRefused},
		{"gifts only", "", "", terms.Transfers{Gift: true, AcceptDays: 1}, fault.TransferRefused, fault.OK},
		{"customer to merchant", "", "merchant", terms.Transfers{Customer: true, Merchant: true, Trade: true}, fault.TransferRefused, fault.TransferRefused},
		{"merchant to customer", "merchant", "", terms.Transfers{Merchant: true}, fault.OK, fault.TransferRefused},
		{"merchant to customer where only customers may", "merchant", "", terms.Transfers{Customer: true, Trade: true, Gift: true, AcceptDays: 1}, fault.TransferRefused, fault.TransferRefused},
		{"merchant to merchant", "merchant", "merchant", terms.Transfers{Trade: true}, fault.OK, fault.TransferRefused},
		{"merchant to merchant where only customers get", "merchant", "merchant", terms.Transfers{Merchant: true, Customer: true}, fault.TransferRefused, fault.TransferRefused},
	}
	for _, k := range cases {
		t.Run(k.name, func(t *testing.T) {
			from, friend := ownHolder(1), ownHolder(2)
			c := newTill(t)
			c.terms().Transfers = k.rule
			for h, kind := range map[*holder]points.Holder{&from: k.sender, &friend: k.receiver} {
				want(t, c.do(*h, points.KindOpen, key(h.controller), func(o *points.Operation, _ *points.Details) { o.Holder = kind }), fault.OK)
			}
			c.earn(from, 100)
			want(t, c.do(from, points.KindTransfer, of(10), to(friend)), k.transfer)
			want(t, c.do(from, points.KindGift, of(10), claiming(from, "code")), k.gifting)
		})
	}
}

func TestTransfersHaveAMinimumAndLimits(t *testing.T) {
	from, friend := ownHolder(1), ownHolder(2)
	c := newTill(t)
	c.terms().Transfers = terms.Transfers{Customer: true, Gift: true, AcceptDays: 1, MinPoints: 5, DailyLimit: 50, LifetimeLimit: 80}
	c.open(from, friend)
	c.earn(from, 1000)
	send := func(n quantity.Points) points.Receipt { return c.do(from, points.KindTransfer, of(n), to(friend)) }
	give := func(n quantity.Points) points.Receipt {
		return c.do(from, points.KindGift, of(n), claiming(from, "code"))
	}
	for _, step := range []struct {
		way    func(quantity.Points) points.Receipt
		points quantity.Points
		days   int
		code   fault.Code
	}{
		{send, 4, 0, fault.TransferRefused}, {give, 4, 0, fault.TransferRefused}, {send, 5, 0, fault.OK}, {give, 46, 0, fault.Limit}, {give, 45, 0, fault.OK},
		{send, 5, 0, fault.Limit}, {send, 31, 1, fault.Limit}, {send, 30, 0, fault.OK}, {give, 5, 0, fault.Limit}, {send, 5, 100, fault.Limit},
	} {
		if step.days > 0 {
			c.pass(step.days)
		}
		want(t, step.way(step.points), step.code)
	}
	if got := c.account(from).Sent; got != (points.Sent{Day: today + 1, Today: 30, Lifetime: 80}) {
		t.Errorf("sent %+v", got)
	}
}

func TestPurchasePointsAreSentAfterTheReturnPeriodOnly(t *testing.T) {
	from, friend := ownHolder(1), ownHolder(2)
	c := newTill(t)
	c.terms().ReturnDays, c.terms().PendingDays = 30, 10
	c.terms().Transfers = terms.Transfers{Customer: true, Gift: true, AcceptDays: 1}
	c.open(from, friend)
	c.Rules = compiled(t, springRules())
	want(t, c.do(from, points.KindEarn, paying(10000), tagged), fault.OK) // 100 for the purchase, 15 for the campaign: a return takes both.
	for _, step := range []struct {
		days int
		code fault.Code
	}{{0, fault.InsufficientPoints}, {10, fault.InsufficientPoints}, {20, fault.InsufficientPoints}, {1, fault.OK}} {
		if step.days > 0 {
			c.pass(step.days)
		}
		want(t, c.do(from, points.KindGift, of(1), claiming(from, "code")), step.code)
	}
	c.terms().Transfers.AcceptDays = 0
	want(t, c.do(from, points.KindTransfer, of(114), to(friend)), fault.OK)
	c.sound()
}

func TestTransferWaitsForItsReceiver(t *testing.T) {
	from, friend, third := ownHolder(1), ownHolder(2), ownHolder(3)
	c := newTill(t)
	c.terms().Transfers = waiting
	c.open(from, friend, third)
	c.earn(from, 100)
	sent := want(t, c.do(from, points.KindTransfer, of(60), to(friend)), fault.OK)
	if sent.Posted != 100 || sent.Held != 60 || c.account(friend).Posted != 0 || c.Totals.Transferred != 0 {
		t.Errorf("sent with %s", encode(t, sent))
	}
	want(t, c.do(from, points.KindCapture, of(1), hold(sent)), fault.HoldPurpose)
	want(t, c.do(third, points.KindAccept, to(from), hold(sent)), fault.HoldPurpose)
	want(t, c.do(friend, points.KindAccept, to(third), hold(sent)), fault.HoldUnknown)
	want(t, c.do(friend, points.KindAccept, to(friend), hold(sent)), fault.SameAccount)
	want(t, c.do(friend, points.KindAccept, to(ownHolder(9)), hold(sent)), fault.AccountUnknown)
	r := want(t, c.do(friend, points.KindAccept, to(from), hold(sent)), fault.OK)
	if r.Points != 60 || r.Posted != 60 || c.account(from).Posted != 40 || c.account(from).Held != 0 || c.Totals.Transferred != 60 {
		t.Errorf("accepted with %s", encode(t, r))
	}
	if sumOf(r.Moves, lots.Received) != 60 || sumOf(r.ToMoves, lots.Delivered) != -60 {
		t.Errorf("moved %s and %s", encode(t, r.Moves), encode(t, r.ToMoves))
	}
	want(t, c.do(friend, points.KindAccept, to(from), hold(sent)), fault.HoldUnknown)
	held := want(t, c.do(from, points.KindHold, of(10), c.until(60)), fault.OK)
	want(t, c.do(friend, points.KindAccept, to(from), hold(held)), fault.HoldPurpose)
	c.sound()
}

func TestSenderAloneTakesATransferBack(t *testing.T) {
	from, friend := ownHolder(1), ownHolder(2)
	c := newTill(t)
	c.terms().Transfers = waiting
	c.open(from, friend)
	c.earn(from, 100)
	for _, sent := range []points.Receipt{
		c.do(from, points.KindTransfer, of(60), to(friend)),
		c.do(from, points.KindGift, of(40), claiming(from, "code")),
	} {
		want(t, sent, fault.OK)
		want(t, c.do(from, points.KindVoid, hold(sent)), fault.AuthMissing)
		want(t, c.doSigned(from, points.KindVoid, hold(sent)), fault.OK)
	}
	if c.account(from).Held != 0 || c.account(from).Posted != 100 {
		t.Errorf("left %s", encode(t, c.account(from)))
	}
	c.sound()
}

func TestWhatNobodyAcceptsGoesBack(t *testing.T) {
	from, friend := ownHolder(1), ownHolder(2)
	c := newTill(t)
	c.terms().Transfers = waiting
	c.open(from, friend)
	c.earn(from, 100)
	sent := want(t, c.do(from, points.KindTransfer, of(60), to(friend)), fault.OK)
	c.Now += 2*86400 - 1
	want(t, c.do(from, points.KindExpire), fault.NothingDue)
	c.Now++
	want(t, c.do(friend, points.KindAccept, to(from), hold(sent)), fault.HoldLapsed)
	want(t, c.do(from, points.KindExpire), fault.OK)
	if c.account(from).Held != 0 {
		t.Errorf("left %s", encode(t, c.account(from)))
	}
	c.sound()
}

func TestGiftGoesToWhoKnowsItsCode(t *testing.T) {
	from := ownHolder(1)
	c := newTill(t)
	c.terms().Transfers = waiting
	c.open(from)
	c.earn(from, 100)
	given := want(t, c.do(from, points.KindGift, of(60), claiming(from, "rose-garden")), fault.OK)
	fresh, shop := ownHolder(2), ownHolder(3)
	c.open(fresh) // The account is newer than the gift.
	want(t, c.do(shop, points.KindOpen, key(shop.controller), func(o *points.Operation, _ *points.Details) { o.Holder = points.HolderMerchant }), fault.OK)
	want(t, c.do(fresh, points.KindAccept, to(from), hold(given)), fault.ClaimInvalid)
	want(t, c.do(fresh, points.KindAccept, to(from), hold(given), claiming(from, "thorn")), fault.ClaimInvalid)
	want(t, c.do(fresh, points.KindAccept, to(from), hold(given), claiming(from, "rose-garden"), func(_ *points.Operation, d *points.Details) { d.ClaimCode = "guess" }), fault.ClaimInvalid)
	want(t, c.do(shop, points.KindAccept, to(from), hold(given), claiming(from, "rose-garden")), fault.TransferRefused)
	r := want(t, c.do(fresh, points.KindAccept, to(from), hold(given), claiming(from, "rose-garden")), fault.OK)
	if r.Points != 60 || r.Posted != 60 {
		t.Errorf("accepted with %s", encode(t, r))
	}
	if points.ClaimHash(from.id, "code") == points.ClaimHash(fresh.id, "code") {
		t.Error("a code is worth the same at another sender")
	}
	c.sound()
}

func TestFrozenSenderSendsNothingAndFrozenReceiverWaits(t *testing.T) {
	from, friend := ownHolder(1), ownHolder(2)
	c := newTill(t)
	c.terms().Transfers = waiting
	c.open(from, friend)
	c.earn(from, 100)
	sent := want(t, c.do(from, points.KindTransfer, of(60), to(friend)), fault.OK)
	want(t, c.do(from, points.KindFreeze, because(points.ReasonFraud)), fault.OK)
	want(t, c.do(friend, points.KindAccept, to(from), hold(sent)), fault.AccountFrozen)
	want(t, c.do(from, points.KindUnfreeze, because(points.ReasonResolution)), fault.OK)
	want(t, c.do(friend, points.KindFreeze, because(points.ReasonFraud)), fault.OK)
	want(t, c.do(friend, points.KindAccept, to(from), hold(sent)), fault.OK)
	if a := c.account(friend); len(a.Lots) != 0 || a.Suspense[0].Points != 60 {
		t.Errorf("left %s", encode(t, a))
	}
	c.sound()
}

// What was sent before a recovery may have been sent by whoever had the old key.
func TestNothingLeavesASenderThatIsCoolingOff(t *testing.T) {
	from, friend := ownHolder(1), ownHolder(2)
	c := newTill(t)
	c.terms().Transfers = waiting
	c.open(from, friend)
	c.earn(from, 100)
	sent := want(t, c.do(from, points.KindTransfer, of(60), to(friend)), fault.OK)
	found := from.following(points.ControllerP256)
	want(t, c.doApproved(from, points.KindRecover, key(found.controller)), fault.OK)
	c.Now += 1000
	want(t, c.do(found, points.KindComplete), fault.OK)
	c.Now += 499
	want(t, c.do(friend, points.KindAccept, to(from), hold(sent)), fault.CoolingOff)
	c.Now++
	want(t, c.do(friend, points.KindAccept, to(from), hold(sent)), fault.OK)
	c.sound()
}

func TestClosedReceiverAcceptsNothing(t *testing.T) {
	from, friend := ownHolder(1), ownHolder(2)
	c := newTill(t)
	c.terms().Transfers = waiting
	c.open(from, friend)
	c.earn(from, 100)
	sent := want(t, c.do(from, points.KindTransfer, of(60), to(friend)), fault.OK)
	want(t, c.do(friend, points.KindClose), fault.OK)
	want(t, c.do(friend, points.KindAccept, to(from), hold(sent)), fault.AccountClosed)
	want(t, c.do(from, points.KindTransfer, of(1), to(friend)), fault.AccountClosed)
	want(t, c.doSigned(from, points.KindVoid, hold(sent)), fault.OK)
	c.sound()
}

func TestAcceptedPointsThatExpiredMeanwhileExpireAtTheReceiver(t *testing.T) {
	from, friend := ownHolder(1), ownHolder(2)
	c := newTill(t)
	c.terms().Expiry, c.terms().Transfers = lots.Expiry{Kind: lots.Rolling, Months: 1}, waiting
	c.open(from, friend)
	c.earn(from, 60)
	c.pass(30)
	c.earn(from, 40)
	want(t, c.doApproved(friend, points.KindAdjust, of(-10), because(points.ReasonError)), fault.OK)
	sent := want(t, c.do(from, points.KindTransfer, of(100), to(friend)), fault.OK)
	c.pass(1)
	r := want(t, c.do(friend, points.KindAccept, to(from), hold(sent)), fault.OK)
	if r.Points != 100 || r.DebtRepaid != 10 || r.Posted != 30 || sumOf(r.Moves, lots.Received) != 90 || sumOf(r.Moves, lots.Expired) != -60 {
		t.Errorf("accepted with %s", encode(t, r))
	}
	c.sound()
}

func TestReceivedPointsKeepAnIdleAccountActive(t *testing.T) {
	from, friend := ownHolder(1), ownHolder(2)
	for name, rule := range map[string]terms.Transfers{"at once": {Customer: true}, "accepted": waiting} {
		t.Run(name, func(t *testing.T) {
			c := newTill(t)
			c.terms().Expiry, c.terms().Transfers = lots.Expiry{Kind: lots.Inactivity, Months: 2}, rule
			c.open(from, friend)
			c.earn(friend, 10)
			c.pass(40)
			c.earn(from, 100)
			c.pass(30) // The friend has been idle for too long.
			r := want(t, c.do(from, points.KindTransfer, of(60), to(friend)), fault.OK)
			if sumOf(r.ToMoves, lots.Expired) != -10 {
				t.Errorf("the transfer brought the receiver up to date with %s", encode(t, r.ToMoves))
			}
			if rule.AcceptDays > 0 {
				want(t, c.do(friend, points.KindAccept, to(from), hold(r)), fault.OK)
			}
			want(t, c.do(friend, points.KindExpire), fault.NothingDue)
			if c.account(friend).Posted != 60 {
				t.Errorf("left %s", encode(t, c.account(friend)))
			}
			c.pass(50)
			if c.terms().Transfers.AcceptDays == 0 {
				want(t, c.do(from, points.KindExpire), fault.NothingDue) // The sender was active as well.
			}
			c.sound()
		})
	}
}

func TestWaitingTransferBringsItsReceiverUpToDate(t *testing.T) {
	from, friend := ownHolder(1), ownHolder(2)
	c := newTill(t)
	c.terms().Expiry, c.terms().Transfers = lots.Expiry{Kind: lots.Rolling, Months: 1}, waiting
	c.open(from, friend)
	c.earn(friend, 10)
	c.pass(20)
	c.earn(from, 100)
	c.pass(11)
	r := want(t, c.do(from, points.KindTransfer, of(60), to(friend)), fault.OK)
	if sumOf(r.ToMoves, lots.Expired) != -10 || c.Totals.Expired != 10 || c.account(friend).Posted != 0 {
		t.Errorf("sent with %s", encode(t, r))
	}
	c.sound()
}
