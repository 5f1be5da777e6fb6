package abuse

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/quantity"
	"github.com/tallystick/tallystick/chaincode/wire"
	peoplestore "github.com/tallystick/tallystick/gateway/people/store"
	"github.com/tallystick/tallystick/gateway/sqlite"
	"github.com/tallystick/tallystick/gateway/store"
)

// world is what a service stands on: lanes that tests fill, and a ledger that keeps what it is sent and can be out of reach.
type world struct {
	*Service
	t        *testing.T
	db       *sqlite.DB
	now      int64
	lanes    map[store.LaneRef][]store.Told
	down     bool
	asked    []wire.NewFreeze
	objected []wire.NewObjection
	answered []wire.ObjectionAnswer
	unfrozen []points.AccountID
	rekeyed  []string
	next     int
}

func (w *world) LanesOf(context.Context, string) ([]store.LaneRef, error) {
	var list []store.LaneRef
	for lane := range w.lanes {
		list = append(list, lane)
	}
	return list, nil
}

func (w *world) BatchesAfter(_ context.Context, lane store.LaneRef, seq int64, _ int) ([]store.Told, error) {
	return w.lanes[lane][seq:], nil
}

func (w *world) reach() error {
	if w.down {
		return fault.New(fault.LedgerUnavailable, "down")
	}
	return nil
}

func (w *world) RequestFreeze(_ context.Context, doc wire.NewFreeze) (points.FreezeRequest, error) {
	if err := w.reach(); err != nil {
		return points.FreezeRequest{}, err
	}
	w.asked = append(w.asked, doc)
	return points.FreezeRequest{}, nil
}

func (w *world) RecordObjection(_ context.Context, doc wire.NewObjection) (points.Objection, error) {
	if err := w.reach(); err != nil {
		return points.Objection{}, err
	}
	w.objected = append(w.objected, doc)
	return points.Objection{}, nil
}

func (w *world) AnswerObjection(_ context.Context, doc wire.ObjectionAnswer) (points.Objection, error) {
	if err := w.reach(); err != nil {
		return points.Objection{}, err
	}
	w.answered = append(w.answered, doc)
	return points.Objection{}, nil
}

func (w *world) Unfreeze(_ context.Context, account points.AccountID, _ string) error {
	w.unfrozen = append(w.unfrozen, account)
	return nil
}

func newWorld(t *testing.T, rules Rules) *world {
	t.Helper()
	if err := rules.Validate(); err != nil {
		t.Fatal(err)
	}
	w := &world{t: t, now: start, lanes: map[store.LaneRef][]store.Told{}}
	db, err := peoplestore.Open(t.Context(), filepath.Join(t.TempDir(), "people.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	w.db = db
	w.restart(rules)
	return w
}

// restart makes another service of the same database.
func (w *world) restart(rules Rules) {
	w.t.Helper()
	var err error
	w.Service, err = New(Settings{
		Programme: "airline", MSP: "AirlineMSP", Rules: &rules, DB: w.db, Secret: bytes.Repeat([]byte{7}, 32), Ledger: w, Compliance: w, Unfreezer: w, Receipts: w,
		Controllers: func(_ context.Context, _ *sqlite.Tx, r *points.Receipt, _ int64) error {
			w.rekeyed = append(w.rekeyed, string(r.Kind)+" "+string(r.Account))
			return nil
		},
		Now: func() time.Time { return time.Unix(w.now, 0) },
	})
	if err != nil {
		w.t.Fatal(err)
	}
	if err := w.Load(w.t.Context()); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) round() {
	w.t.Helper()
	if err := w.Round(w.t.Context()); err != nil {
		w.t.Fatal(err)
	}
}

// commit puts receipts into a lane of the airline's, or of another member's.
func (w *world) commit(msp string, receipts ...points.Receipt) {
	lane := store.LaneRef{Programme: "airline", MSP: msp, N: 0}
	for i := range receipts {
		w.next++
		if receipts[i].Operation == "" {
			receipts[i].Operation = points.OperationID(account(1000 + w.next))
		}
		if receipts[i].Outcome == "" {
			receipts[i].Outcome = points.Accepted
		}
	}
	w.lanes[lane] = append(w.lanes[lane], store.Told{MSP: msp, Seq: int64(len(w.lanes[lane]) + 1), Time: w.now, Receipts: receipts})
}

func (w *world) flags(state FlagState) []Flag {
	w.t.Helper()
	list, err := w.Flags(w.t.Context(), state, "", MaxPage)
	if err != nil {
		w.t.Fatal(err)
	}
	return list
}

func (w *world) notices(n int) []Notice {
	w.t.Helper()
	list, err := w.Notices(w.t.Context(), []points.AccountID{account(n)}, MaxPage)
	if err != nil {
		w.t.Fatal(err)
	}
	return list
}

func TestAFreezeIsToldObjectedToAndUndoneWhenTheObjectionIsUpheld(t *testing.T) {
	w := newWorld(t, Rules{})
	w.commit("AirlineMSP", points.Receipt{Kind: points.KindFreeze, Account: account(1), Reason: points.ReasonTakeover, Until: start + 500, Operation: points.OperationID(account(9))})
	w.round()
	w.round()
	list := w.notices(1)
	if len(list) != 1 || list[0].Kind != NoticeFrozen || list[0].Reason != "takeover" || list[0].Until != start+500 || len(WordsFor(list[0].Reason)) != 3 {
		t.Fatalf("told %+v", list)
	}
	const said = "It was me, on a new phone."
	ctx, mine := t.Context(), []points.AccountID{account(1)}
	if _, err := w.Object(ctx, "p", []points.AccountID{account(2)}, list[0].ID, said); fault.CodeOf(err) != fault.NotFound {
		t.Errorf("somebody else objects: %v", err)
	}
	if _, err := w.Object(ctx, "p", mine, list[0].ID, " "); fault.CodeOf(err) != fault.InvalidValue {
		t.Errorf("without words: %v", err)
	}
	w.down = true
	id, err := w.Object(ctx, "p", mine, list[0].ID, said)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Object(ctx, "p", mine, list[0].ID, "again"); fault.CodeOf(err) != fault.AlreadyExists {
		t.Errorf("twice: %v", err)
	}
	if err := w.Round(ctx); fault.CodeOf(err) != fault.LedgerUnavailable {
		t.Errorf("without the ledger: %v", err)
	}
	w.down = false
	w.restart(Rules{})
	w.round()
	w.round()
	if len(w.objected) != 1 || w.objected[0].ID != id || w.objected[0].Decision != points.OperationID(account(9)) || w.objected[0].Account != account(1) {
		t.Errorf("on the ledger: %+v", w.objected)
	}
	open, err := w.Objections(ctx)
	if err != nil || len(open) != 1 || open[0].Words != said || open[0].AnswerBy != start+points.ObjectionSeconds || !open[0].Recorded {
		t.Fatalf("to be answered: %+v, %v", open, err)
	}
	if err := w.Answer(ctx, id, "MAYBE", "hm", "anna"); fault.CodeOf(err) != fault.InvalidValue {
		t.Error(err)
	}
	if err := w.Answer(ctx, id, points.ObjectionUpheld, "You are right.", "anna"); err != nil {
		t.Fatal(err)
	}
	if err := w.Answer(ctx, id, points.ObjectionDismissed, "No.", "anna"); fault.CodeOf(err) != fault.ProposalClosed {
		t.Errorf("answered again: %v", err)
	}
	w.round()
	w.round()
	if len(w.answered) != 1 || w.answered[0].Outcome != points.ObjectionUpheld || len(w.unfrozen) != 1 || w.unfrozen[0] != account(1) {
		t.Errorf("%+v, unfrozen %v", w.answered, w.unfrozen)
	}
	if o := w.notices(1)[0].Objection; o == nil || o.Answer != "You are right." || o.Outcome != points.ObjectionUpheld {
		t.Errorf("the customer sees %+v", o)
	}
}

func TestWordsStandNowhereInTheClear(t *testing.T) {
	w := newWorld(t, Rules{})
	w.commit("AirlineMSP", points.Receipt{Kind: points.KindFreeze, Account: account(1), Reason: points.ReasonFraud})
	w.round()
	if _, err := w.Object(t.Context(), "p", []points.AccountID{account(1)}, w.notices(1)[0].ID, "xyzzy-canary"); err != nil {
		t.Fatal(err)
	}
	var files []string
	if err := w.db.Reader().QueryRow(`SELECT file FROM pragma_database_list WHERE name = 'main'`).Scan(new(string)); err != nil {
		t.Fatal(err)
	}
	var main string
	_ = w.db.Reader().QueryRow(`SELECT file FROM pragma_database_list WHERE name = 'main'`).Scan(&main)
	files, _ = filepath.Glob(main + "*")
	for _, file := range files {
		if raw, err := os.ReadFile(file); err != nil || bytes.Contains(raw, []byte("xyzzy-canary")) {
			t.Errorf("%s has the words (%v)", filepath.Base(file), err)
		}
	}
	if len(files) == 0 {
		t.Error("no file was looked at")
	}
	if err := w.db.Write(t.Context(), func(tx *sqlite.Tx) error { return w.Forget(tx, "p", nil) }); err != nil {
		t.Fatal(err)
	}
	if o := w.notices(1)[0].Objection; o != nil {
		t.Errorf("after erasure: %+v", o)
	}
}

func TestFindingsBecomeOneFlagThatComplianceDecides(t *testing.T) {
	w := newWorld(t, hourly(1, 0, ActionRefuse))
	for range 4 {
		w.look(spend(5, start))
	}
	w.round()
	open := w.flags(FlagOpen)
	if len(open) != 1 || open[0].Times != 3 || open[0].Rule != "burst" || len(w.asked) != 0 {
		t.Fatalf("%+v", open)
	}
	if n := w.notices(1); len(n) != 1 || n[0].Kind != NoticeWithheld || strings.Contains(string(n[0].Reason), "burst") {
		t.Errorf("told %+v", n)
	}
	if err := w.DecideFlag(t.Context(), open[0].ID, FlagConfirmed, "anna"); err != nil {
		t.Fatal(err)
	}
	if err := w.DecideFlag(t.Context(), open[0].ID, FlagDismissed, "anna"); fault.CodeOf(err) != fault.ProposalClosed {
		t.Error(err)
	}
	if n := w.notices(1); len(n) != 2 {
		t.Errorf("told %+v", n)
	}
	w.look(spend(5, start+1))
	w.round()
	if open = w.flags(FlagOpen); len(open) != 1 || open[0].Times != 1 {
		t.Errorf("afterwards: %+v", open)
	}
}

func TestARuleThatWantsAFreezeAsksOnce(t *testing.T) {
	w := newWorld(t, hourly(1, 0, ActionFreeze))
	for range 3 {
		if v := w.look(spend(5, start)); v.Action == ActionRefuse {
			t.Fatal(v)
		}
	}
	w.round()
	w.round()
	if len(w.asked) != 1 || w.asked[0].Account != account(1) || w.asked[0].Reason != points.ReasonAbuse || w.asked[0].Until <= start || string(w.asked[0].ID) != w.flags(FlagOpen)[0].ID {
		t.Errorf("asked for %+v", w.asked)
	}
}

func TestReturnsAreHeldAgainstPurchasesOnceWhateverIsReadAgain(t *testing.T) {
	rules := Rules{Returns: Returns{Window: 24 * time.Hour, Least: 3, Share: quantity.Ratio{Num: 1, Den: 2}, Most: 6, Action: ActionFlag}}
	w := newWorld(t, rules)
	bought, back := points.Receipt{Kind: points.KindEarn, Account: account(1)}, points.Receipt{Kind: points.KindReturn, Account: account(1)}
	refused := back
	refused.Outcome = points.Rejected
	w.commit("AirlineMSP", bought, bought, bought, bought, bought, bought, bought, back, back, refused, refused, refused)
	w.round()
	w.restart(rules)
	w.round()
	if list := w.flags(FlagOpen); len(list) != 0 {
		t.Fatalf("two of seven: %+v", list)
	}
	w.commit("AirlineMSP", back, back)
	w.round()
	if list := w.flags(FlagOpen); len(list) != 1 || list[0].Reason != ReasonReturns || list[0].Times != 1 {
		t.Errorf("four of seven: %+v", list)
	}
	if n := w.notices(1); len(n) != 0 {
		t.Errorf("of a mere flag nothing was decided: %+v", n)
	}
	w.now += 3 * 86400
	w.commit("AirlineMSP", back)
	w.round()
	if list := w.flags(FlagOpen); list[0].Times != 1 {
		t.Errorf("days later: %+v", list)
	}
}

func TestReferralsInBurstsRingsAndOnOneDeviceAreFlagged(t *testing.T) {
	w := newWorld(t, Rules{Referrals: Referrals{Window: 24 * time.Hour, Most: 2, Action: ActionFlag}})
	refer := func(referred, referrer int) points.Receipt {
		return points.Receipt{Kind: points.KindRefer, Account: account(referred), To: account(referrer)}
	}
	w.commit("AirlineMSP", refer(2, 1), refer(3, 1))
	w.round()
	if list := w.flags(FlagOpen); len(list) != 0 {
		t.Fatalf("%+v", list)
	}
	w.commit("AirlineMSP", refer(4, 1), refer(5, 3), refer(1, 5)) // 1 refers 3, who refers 5, who refers 1.
	for _, n := range []int{20, 21} {                             // Both spend from one device.
		w.look(&Attempt{Account: account(n), Kind: points.KindRedeem, Points: 1, Device: Device{7}, At: w.now})
	}
	w.round()
	w.commit("AirlineMSP", refer(21, 20))
	w.round()
	got := map[string]int{}
	for _, f := range w.flags(FlagOpen) {
		got[f.Rule]++
	}
	if got["referral burst"] != 1 || got["referral ring"] != 2 || got["referral on one device"] != 2 || len(got) != 3 {
		t.Errorf("%v", got)
	}
}

func TestWhatOthersBroughtToTheLedgerCountsToo(t *testing.T) {
	w := newWorld(t, hourly(2, 0, ActionRefuse))
	w.commit("HotelMSP", points.Receipt{Kind: points.KindRedeem, Account: account(1), Points: 5}, points.Receipt{Kind: points.KindRedeem, Account: account(1), Points: 5})
	w.commit("AirlineMSP", points.Receipt{Kind: points.KindRedeem, Account: account(2), Points: 5}, points.Receipt{Kind: points.KindRedeem, Account: account(2), Points: 5})
	w.round()
	if v := w.look(spend(5, start+1)); v.Action != ActionRefuse {
		t.Errorf("%+v", v)
	}
	if v := w.look(&Attempt{Account: account(2), Kind: points.KindRedeem, Points: 5, At: start + 1}); v.Action != ActionNone {
		t.Errorf("what was judged before was counted twice: %+v", v)
	}
}

func TestWhoControlsAnAccountIsToldOnceWhateverIsReadAgain(t *testing.T) {
	w := newWorld(t, Rules{})
	w.commit("AirlineMSP", points.Receipt{Kind: points.KindRekey, Account: account(1)}, points.Receipt{Kind: points.KindRekey, Account: account(2), Outcome: points.Rejected})
	w.commit("HotelMSP", points.Receipt{Kind: points.KindRecover, Account: account(3)}, points.Receipt{Kind: points.KindComplete, Account: account(4)}, points.Receipt{Kind: points.KindEarn, Account: account(5)})
	w.round()
	w.restart(Rules{})
	w.round()
	slices.Sort(w.rekeyed)
	if want := []string{"complete " + string(account(4)), "recover " + string(account(3)), "rekey " + string(account(1))}; !slices.Equal(w.rekeyed, want) {
		t.Errorf("%v", w.rekeyed)
	}
}

func TestDevicesAreKnownAfterARestart(t *testing.T) {
	rules := Rules{NewDevice: Takeover{For: time.Hour, Points: 100, Action: ActionStepUp}}
	w := newWorld(t, rules)
	w.look(&Attempt{Account: account(1), Kind: points.KindRedeem, Points: 500, Device: device(1), At: start})
	w.round()
	w.restart(rules)
	for d, want := range map[byte]Action{1: ActionNone, 2: ActionStepUp} {
		if v := w.look(&Attempt{Account: account(1), Kind: points.KindRedeem, Points: 500, Device: device(d), At: start + 5}); v.Action != want {
			t.Errorf("device %d: %+v", d, v)
		}
	}
}

func TestRulesAreReadFromAFile(t *testing.T) {
	file := filepath.Join(t.TempDir(), "rules.yaml")
	text := "velocity:\n  - {name: burst, kinds: [redeem, hold], per: account, window: 1h, count: 20, points: 50000, action: step-up}\n" +
		"newDevice: {for: 24h, points: 5000, action: step-up}\nnewController: {for: 72h, points: 5000, action: refuse}\n" +
		"referrals: {window: 720h, most: 10, action: flag}\nreturns: {window: 720h, least: 5, share: {num: 1, den: 2}, most: 20, action: flag}\nstrongMethods: [totp]\n"
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	r, err := LoadRules(file)
	if err != nil || len(r.Velocity) != 1 || r.Velocity[0].Window != time.Hour || r.Returns.Share.Den != 2 || r.NewDevice.Points != 5000 {
		t.Errorf("%+v, %v", r, err)
	}
	if err := os.WriteFile(file, []byte("velocities: []\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := LoadRules(file); fault.CodeOf(err) != fault.InvalidValue {
		t.Errorf("an unknown key: %v", err)
	}
}
