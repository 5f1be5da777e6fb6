package abuse

import (
	"path/filepath"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/quantity"
	peoplestore "github.com/tallystick/tallystick/gateway/people/store"
	"github.com/tallystick/tallystick/gateway/sqlite"
)

// reopen is a restart of the process: another service over the file that the last one left.
func (w *world) reopen(rules Rules) {
	w.t.Helper()
	var file string
	if err := w.db.Reader().QueryRow(`SELECT file FROM pragma_database_list WHERE name = 'main'`).Scan(&file); err != nil {
		w.t.Fatal(err)
	}
	if err := w.db.Close(); err != nil {
		w.t.Fatal(err)
	}
	db, err := peoplestore.Open(w.t.Context(), filepath.Clean(file))
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { _ = db.Close() })
	w.db = db
	w.restart(rules)
}

func (w *world) rows(table string) (n int) {
	w.t.Helper()
	if err := w.db.Reader().QueryRow(`SELECT COUNT(*) FROM ` + table).Scan(&n); err != nil {
		w.t.Fatal(err)
	}
	return n
}

func keyed(a *Attempt, key uint64) *Attempt {
	a.Keys.Request = key
	return a
}

func TestARestartDoesntGiveAnybodyAnotherWindow(t *testing.T) {
	rules := hourly(3, 0, ActionRefuse)
	w := newWorld(t, rules)
	for i := range uint64(3) {
		if v := w.look(keyed(spend(5, w.now), i+1)); v.Action != ActionNone {
			t.Fatalf("%d: %+v", i, v)
		}
	}
	w.look(keyed(spend(5, w.now), 4))
	w.round()
	w.reopen(rules)
	if v := w.look(keyed(spend(5, w.now+1), 5)); v.Action != ActionRefuse {
		t.Errorf("after a restart: %+v", v)
	}
	if v := w.look(keyed(spend(5, w.now+1), 2)); v.Action != ActionNone {
		t.Errorf("what was sent before the restart and is sent again: %+v", v)
	}
	if n := w.rows("abuse_counted"); n != 3 {
		t.Errorf("%d attempts are written down; what was refused counts not at all", n)
	}
	w.now += 2 * 3600
	if v := w.look(keyed(spend(5, w.now), 6)); v.Action != ActionNone {
		t.Errorf("after the window: %+v", v)
	}
}

func TestDevicesAndTerminalsAreCountedAcrossARestart(t *testing.T) {
	rules := Rules{Velocity: []Velocity{
		{Name: "d", Kinds: []points.Kind{points.KindRedeem}, Per: PerDevice, Window: time.Hour, Points: 10, Action: ActionRefuse},
		{Name: "t", Kinds: []points.Kind{points.KindRedeem}, Per: PerTerminal, Window: time.Hour, Count: 2, Action: ActionRefuse},
	}}
	w := newWorld(t, rules)
	attempt := func(n int, d, terminal Device) Action {
		return w.look(&Attempt{Account: account(n), Kind: points.KindRedeem, Points: 5, Device: d, Terminal: terminal, At: w.now}).Action
	}
	for n := range 2 {
		if got := attempt(n, device(1), device(9)); got != ActionNone {
			t.Fatal(got)
		}
	}
	w.round()
	w.reopen(rules)
	if got := attempt(3, device(1), device(8)); got != ActionRefuse {
		t.Errorf("15 points from one device: %s", got)
	}
	if got := attempt(3, device(2), device(9)); got != ActionRefuse {
		t.Errorf("a third operation at a till: %s", got)
	}
	if got := attempt(3, device(3), device(7)); got != ActionNone {
		t.Errorf("another device at another till: %s", got)
	}
}

func TestWhatOtherMembersBroughtIsCountedOnceAcrossRestarts(t *testing.T) {
	rules := hourly(3, 0, ActionRefuse)
	w := newWorld(t, rules)
	w.commit("HotelMSP", points.Receipt{Kind: points.KindRedeem, Account: account(1), Points: 5}, points.Receipt{Kind: points.KindRedeem, Account: account(1), Points: 5})
	for range 3 {
		w.round()
		w.reopen(rules)
	}
	if v := w.look(spend(5, w.now)); v.Action != ActionNone {
		t.Errorf("a third debit: %+v", v)
	}
	if v := w.look(spend(5, w.now)); v.Action != ActionRefuse {
		t.Errorf("a fourth debit: %+v", v)
	}
}

func TestWhatCameByHereAndWasBroughtByAnotherMemberToo(t *testing.T) {
	rules := hourly(2, 0, ActionRefuse)
	w := newWorld(t, rules)
	signed := spend(5, w.now)
	signed.Keys = signed.KeysOf("key", "", "mandate")
	w.look(signed)
	w.commit("HotelMSP", points.Receipt{Kind: points.KindRedeem, Account: account(1), Points: 5, Authorisation: "mandate"})
	w.round()
	for _, before := range []func(){func() {}, func() { w.reopen(rules) }} {
		before()
		if v := w.Check(spend(6, w.now)); v.Action != ActionNone {
			t.Errorf("one operation was counted twice: %+v", v)
		}
		w.notes.take() // Of a process that was killed.
		w.reopen(rules)
	}
}

func TestATillReceiptIsKnownAcrossARestart(t *testing.T) {
	rules := hourly(2, 0, ActionRefuse)
	w := newWorld(t, rules)
	for _, key := range []string{"first", "second", "third"} {
		a := spend(5, w.now)
		a.Keys = a.KeysOf(key, "receipt", "")
		if v := w.look(a); v.Action != ActionNone {
			t.Errorf("%s: %+v", key, v)
		}
		w.round()
		w.reopen(rules)
	}
	if n := w.rows("abuse_counted"); n != 1 {
		t.Errorf("one receipt under three keys is written down %d times", n)
	}
}

func TestWhatWasCommittedElsewhereCountsWhateverTheRulesSay(t *testing.T) {
	w := newWorld(t, hourly(1, 0, ActionRefuse))
	for range 3 {
		w.commit("HotelMSP", points.Receipt{Kind: points.KindRedeem, Account: account(1), Points: 5})
	}
	w.round()
	if n := w.rows("abuse_counted"); n != 3 {
		t.Errorf("%d of 3 are written down", n)
	}
	if v := w.look(spend(5, w.now)); v.Action != ActionRefuse {
		t.Errorf("%+v", v)
	}
}

func TestANewControllerIsRememberedAcrossARestart(t *testing.T) {
	rules := Rules{NewController: Takeover{For: time.Hour, Points: 100, Action: ActionRefuse}}
	w := newWorld(t, rules)
	w.commit("AirlineMSP", points.Receipt{Kind: points.KindRekey, Account: account(1)})
	w.round()
	w.reopen(rules)
	if got := w.look(spend(100, w.now+10)).Action; got != ActionRefuse {
		t.Errorf("a large debit after a restart: %s", got)
	}
	if got := w.look(spend(100, w.now+3600)).Action; got != ActionNone {
		t.Errorf("an hour later: %s", got)
	}
}

func TestAWindowReachesAsFarBackAfterARestartAsBefore(t *testing.T) {
	rules := hourly(1, 0, ActionRefuse)
	w := newWorld(t, rules)
	w.look(spend(5, w.now))
	w.round()
	w.now += 3600 + 250 // Within the twelfth by which a window may be longer.
	before := w.Check(spend(5, w.now))
	w.reopen(rules)
	if after := w.Check(spend(5, w.now)); after != before || after.Action != ActionRefuse {
		t.Errorf("before %+v, after %+v", before, after)
	}
}

func TestCountsThatNoWindowReachesAreForgotten(t *testing.T) {
	w := newWorld(t, hourly(1000, 0, ActionRefuse))
	for range 3 {
		w.look(spend(5, w.now))
	}
	w.round()
	w.now += 1800
	w.look(spend(5, w.now))
	w.round()
	if n := w.rows("abuse_counted"); n != 4 {
		t.Fatalf("%d are written down", n)
	}
	w.now += 1800 + 300
	w.round()
	if n := w.rows("abuse_counted"); n != 1 {
		t.Errorf("%d are left, want the one of the last hour", n)
	}
}

func TestWhatCantBeWrittenDownWaits(t *testing.T) {
	rules := hourly(1, 0, ActionRefuse)
	w := newWorld(t, rules)
	w.look(spend(5, w.now))
	w.look(spend(5, w.now))
	noticed := &w.notes
	if err := w.db.Close(); err != nil {
		t.Fatal(err)
	}
	if err := w.Round(t.Context()); err == nil {
		t.Fatal("a closed database took it")
	}
	if len(noticed.counted) != 1 || len(noticed.findings) != 1 {
		t.Errorf("%d counts and %d findings wait", len(noticed.counted), len(noticed.findings))
	}
}

// TestNoVerdictDependsOnRestarts lets one judge live on and another one end now and then, of whom the next one knows only what was written down.
func TestNoVerdictDependsOnRestarts(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		rules := Rules{Velocity: []Velocity{
			{Name: "a", Kinds: []points.Kind{points.KindRedeem, points.KindHold}, Per: PerAccount, Window: time.Hour, Count: 3, Action: ActionRefuse},
			{Name: "b", Kinds: []points.Kind{points.KindRedeem}, Per: PerAccount, Window: 10 * time.Minute, Points: 12, Action: ActionStepUp},
			{Name: "c", Kinds: []points.Kind{points.KindRedeem}, Per: PerDevice, Window: 2 * time.Hour, Count: 5, Action: ActionFlag},
			{Name: "d", Kinds: []points.Kind{points.KindHold}, Per: PerTerminal, Window: 30 * time.Minute, Count: 2, Action: ActionRefuse},
		}}
		var written []Counted
		hears := Hears{Found: func(Finding) {}, Used: func(points.AccountID, Known) {}, Counted: func(c Counted) { written = append(written, c) }}
		silent := hears
		silent.Counted = func(Counted) {}
		lasting, mortal := NewJudge(&rules, silent), NewJudge(&rules, hears)
		at := start
		var a Attempt
		for i := range rapid.IntRange(1, 80).Draw(r, "attempts") {
			at += rapid.Int64Range(0, 900).Draw(r, "wait")
			if again := i > 0 && rapid.IntRange(0, 4).Draw(r, "again") == 0; again {
				a.At = at
			} else {
				a = Attempt{
					Account: account(rapid.IntRange(1, 2).Draw(r, "account")), Kind: rapid.SampledFrom([]points.Kind{points.KindRedeem, points.KindHold}).Draw(r, "kind"),
					Points: quantity.Points(rapid.Int64Range(1, 6).Draw(r, "points")), Device: device(byte(rapid.IntRange(0, 2).Draw(r, "device"))),
					Terminal: device(byte(rapid.IntRange(0, 2).Draw(r, "terminal"))), Strong: rapid.Bool().Draw(r, "strong"), Keys: Keys{Request: uint64(i + 1)}, At: at,
				}
			}
			if got, want := mortal.Check(&a), lasting.Check(&a); got != want {
				r.Fatalf("after restarts %+v, without %+v", got, want)
			}
			if rapid.IntRange(0, 5).Draw(r, "restart") == 0 {
				mortal = NewJudge(&rules, hears)
				for i := range written {
					if written[i].At > at-mortal.reach() {
						mortal.Recount(&written[i])
					}
				}
			}
		}
	})
}

// BenchmarkLoad recalls 100,000 attempts.
func BenchmarkLoad(b *testing.B) {
	db, err := peoplestore.Open(b.Context(), filepath.Join(b.TempDir(), "people.db"))
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	rules := hourly(1<<40, 0, ActionRefuse)
	began := time.Now()
	err = db.Write(b.Context(), func(tx *sqlite.Tx) error {
		for i := range 100_000 {
			id, _ := idOf(account(i * 2654435761))
			if err := writeCounted(tx, &Counted{Kind: points.KindRedeem, Points: 5, Keys: Keys{Request: uint64(i + 1)}, At: start, Account: id, Device: device(byte(i)), Terminal: device(9)}); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		b.Fatal(err)
	}
	writing := time.Since(began)
	for b.Loop() {
		v, err := New(Settings{Programme: "airline", Rules: &rules, DB: db, Secret: make([]byte, 32), Now: func() time.Time { return time.Unix(start+1, 0) }})
		if err != nil {
			b.Fatal(err)
		}
		if err := v.Load(b.Context()); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(writing.Nanoseconds())/100_000, "ns/written")
}
