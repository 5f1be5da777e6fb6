package abuse

import (
	"context"
	"testing"
	"time"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/quantity"
)

// abuseTables has every table whose rows are about accounts and go by retention.
var abuseTables = []string{"abuse_objections", "abuse_notices", "abuse_flags", "abuse_days", "abuse_referrals", "abuse_devices", "abuse_controllers"}

func (w *world) left() map[string]int {
	w.t.Helper()
	n := map[string]int{}
	for _, table := range abuseTables {
		n[table] = w.rows(table)
	}
	return n
}

// suspect leaves something about two accounts in every table: a freeze with an objection, a flag, a return, a referral, a device, a new controller.
func (w *world) suspect(n int) (objection points.OperationID) {
	w.t.Helper()
	frozen := points.OperationID(account(500 + n))
	w.commit("AirlineMSP",
		points.Receipt{Kind: points.KindFreeze, Account: account(n), Reason: points.ReasonFraud, Operation: frozen}, points.Receipt{Kind: points.KindEarn, Account: account(n)},
		points.Receipt{Kind: points.KindRefer, Account: account(n), To: account(n + 1)}, points.Receipt{Kind: points.KindRekey, Account: account(n)})
	for range 2 {
		w.look(&Attempt{Account: account(n), Kind: points.KindRedeem, Points: 5, Device: device(byte(n)), At: w.now})
	}
	w.round()
	for _, notice := range w.notices(n) {
		if notice.Decision == frozen {
			id, err := w.Object(w.t.Context(), "p", []points.AccountID{account(n)}, notice.ID, "why")
			if err != nil {
				w.t.Fatal(err)
			}
			w.round()
			return id
		}
	}
	w.t.Fatal("nothing was told of the freeze")
	return ""
}

func (w *world) answer(id points.OperationID) {
	w.t.Helper()
	if err := w.Answer(w.t.Context(), id, points.ObjectionDismissed, "No.", "anna"); err != nil {
		w.t.Fatal(err)
	}
	w.round()
}

func (w *world) retain(held ...points.AccountID) int {
	w.t.Helper()
	n, err := w.Retain(w.t.Context(), func(_ context.Context, a points.AccountID) (bool, error) {
		for _, h := range held {
			if a == h {
				return true, nil
			}
		}
		return false, nil
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return n
}

func everyRule() Rules {
	rules := hourly(1, 0, ActionRefuse)
	rules.NewDevice = Takeover{For: time.Hour, Points: 1000, Action: ActionFlag}
	rules.NewController = Takeover{For: time.Hour, Points: 1000, Action: ActionFlag}
	rules.Referrals = Referrals{Window: 24 * time.Hour, Most: 5, Action: ActionFlag}
	rules.Returns = Returns{Window: 24 * time.Hour, Least: 3, Share: quantity.Ratio{Num: 1, Den: 2}, Action: ActionFlag}
	return rules
}

func TestWhatIsOldGoesFromEveryTable(t *testing.T) {
	w := newWorld(t, everyRule())
	w.answer(w.suspect(1))
	for table, n := range w.left() {
		if n == 0 {
			t.Fatalf("nothing is in %s", table)
		}
	}
	w.now += 3 * secondsPerDay
	if n := w.retain(); n != 1 { // Purchases and returns are counted for as long as the rule's window.
		t.Errorf("after three days %d rows went: %v", n, w.left())
	}
	w.now += DefaultKeepDays * secondsPerDay
	w.retain()
	for table, n := range w.left() {
		if n != 0 {
			t.Errorf("%d rows are left in %s", n, table)
		}
	}
}

func TestALegalHoldAndAnOpenObjectionKeepWhatIsOld(t *testing.T) {
	w := newWorld(t, everyRule())
	w.answer(w.suspect(1))
	open := w.suspect(11)
	w.answer(w.suspect(21))
	before := w.left()
	w.now += (DefaultKeepDays + 3) * secondsPerDay
	w.retain(account(1))
	for table, was := range before {
		want := was / 3
		if table == "abuse_objections" || table == "abuse_notices" {
			want = 2 * was / 3
		}
		if table == "abuse_notices" {
			want = was/3 + 1 // Of the open objection's account only the notice that it is about.
		}
		if got := w.rows(table); got != want {
			t.Errorf("%d rows of %d are left in %s, want %d", got, was, table, want)
		}
	}
	if o := w.notices(11); len(o) != 1 || o[0].Objection == nil || o[0].Objection.ID != open {
		t.Errorf("of the open objection there is %+v", o)
	}
	w.answer(open)
	w.now += (DefaultKeepDays + 3) * secondsPerDay
	w.retain()
	for table, n := range w.left() {
		if n != 0 {
			t.Errorf("%d rows are left in %s", n, table)
		}
	}
}

func TestAnAnswerThatIsntOnTheLedgerYetIsKept(t *testing.T) {
	w := newWorld(t, everyRule())
	id := w.suspect(1)
	if err := w.Answer(t.Context(), id, points.ObjectionDismissed, "No.", "anna"); err != nil {
		t.Fatal(err)
	}
	w.now += (DefaultKeepDays + 1) * secondsPerDay
	w.retain()
	if n := w.rows("abuse_objections"); n != 1 {
		t.Errorf("%d objections are left", n)
	}
}

func TestADeviceInUseIsKept(t *testing.T) {
	w := newWorld(t, everyRule())
	use := func(d Device) {
		w.look(&Attempt{Account: account(1), Kind: points.KindRedeem, Points: 5, Device: d, At: w.now})
		w.round()
	}
	use(device(1))
	use(device(2))
	for range 4 {
		w.now += DefaultKeepDays / 3 * secondsPerDay
		use(device(1))
	}
	w.retain()
	if n := w.rows("abuse_devices"); n != 1 {
		t.Errorf("%d devices are left, want the one that is used", n)
	}
}

func TestRetentionStopsWhenNobodyKnowsOfLegalHolds(t *testing.T) {
	w := newWorld(t, everyRule())
	w.answer(w.suspect(1))
	w.now += 2 * DefaultKeepDays * secondsPerDay
	_, err := w.Retain(t.Context(), func(context.Context, points.AccountID) (bool, error) {
		return false, fault.New(fault.Internal, "no answer")
	})
	if fault.CodeOf(err) != fault.Internal || w.rows("abuse_notices") == 0 {
		t.Errorf("%v; %v", err, w.left())
	}
}
