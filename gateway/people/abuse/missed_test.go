package abuse

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/quantity"
	"github.com/tallystick/tallystick/chaincode/wire"
	peoplestore "github.com/tallystick/tallystick/gateway/people/store"
	"github.com/tallystick/tallystick/gateway/sqlite"
	"github.com/tallystick/tallystick/gateway/store"
)

// killedFolder names, to a process of its own, the folder of the databases that it works on until it is killed.
const killedFolder = "TALLY_TEST_KILLED_FOLDER"

// twoSubjects let through three redemptions of an account and four at a terminal in an hour.
func twoSubjects() Rules {
	rules := hourly(3, 0, ActionRefuse)
	rules.Velocity = append(rules.Velocity, Velocity{Name: "till", Kinds: []points.Kind{points.KindRedeem}, Per: PerTerminal, Window: time.Hour, Count: 4, Action: ActionRefuse})
	return rules
}

// terminalOf stands for fingerprint.Hasher.Terminal.
func terminalOf(d *points.Details) (id [16]byte) {
	copy(id[:], d.Terminal)
	return id
}

// till is a gateway's two databases, and the service on them.
type till struct {
	*Service
	people *sqlite.DB
	outbox *store.Store
}

func openTill(ctx context.Context, folder string, rules Rules, now int64) (*till, error) {
	people, err := peoplestore.Open(ctx, filepath.Join(folder, "people.db"))
	if err != nil {
		return nil, err
	}
	outbox, err := store.Open(ctx, filepath.Join(folder, "gateway.db"))
	if err != nil {
		return nil, errors.Join(err, people.Close())
	}
	service, err := New(Settings{
		Programme: "airline", MSP: "AirlineMSP", Rules: &rules, DB: people, Secret: make([]byte, 32), Outbox: outbox, Terminal: terminalOf,
		Now: func() time.Time { return time.Unix(now, 0) },
	})
	if err == nil {
		err = service.Load(ctx)
	}
	return &till{service, people, outbox}, err
}

func (k *till) close() error { return errors.Join(k.people.Close(), k.outbox.Close()) }

// redeem has a redemption judged and, if it passes, recorded; again and again it is the same one of the same number.
func (k *till) redeem(ctx context.Context, number int, who points.AccountID, terminal string, at int64) (Action, error) {
	o := points.Operation{ID: points.OperationID(fmt.Sprintf("%032x", number)), Kind: points.KindRedeem, Account: who, Points: 5}
	d := points.Details{Operation: o.ID, Terminal: terminal}
	record := store.NewOperation{ID: o.ID, Kind: o.Kind, Programme: "airline", Account: who, Idempotency: fmt.Sprintf("key %d", number), Natural: fmt.Sprintf("receipt %d", number)}
	a := Attempt{Account: who, Kind: o.Kind, Points: o.Points, Terminal: terminalOf(&d), At: at}
	a.Keys = a.KeysOf(record.Idempotency, record.Natural, "")
	if v := k.Check(&a); v.Action != ActionNone {
		return v.Action, nil
	}
	var err error
	if record.Document, err = wire.Encode(&o); err != nil {
		return ActionNone, err
	}
	if record.Details, err = wire.Encode(&d); err != nil {
		return ActionNone, err
	}
	_, err = k.outbox.AcceptOperations(ctx, at*1000, []store.NewOperation{record}, func([]store.Admission) {}, func() {})
	return ActionNone, err
}

// countUntilKilled writes one redemption down, records two more, which nothing writes down, says so, and waits for its end, or its parent's.
func countUntilKilled(ctx context.Context, folder string) error {
	k, err := openTill(ctx, folder, twoSubjects(), start)
	if err != nil {
		return err
	}
	for number := range 3 {
		if _, err := k.redeem(ctx, number, account(1), "till 1", start+int64(number)); err != nil {
			return err
		}
		if number == 0 {
			if err := k.writeNoticed(ctx); err != nil {
				return err
			}
		}
	}
	fmt.Println("recorded")
	_, err = io.Copy(io.Discard, os.Stdin)
	return err
}

func TestAKilledGatewayCountsAfterwardsWhatItHadRecorded(t *testing.T) {
	if folder := os.Getenv(killedFolder); folder != "" {
		t.Fatal(countUntilKilled(t.Context(), folder))
	}
	folder := t.TempDir()
	child := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestAKilledGatewayCountsAfterwardsWhatItHadRecorded$")
	child.Env = append(os.Environ(), killedFolder+"="+folder)
	if _, err := child.StdinPipe(); err != nil { // Open for as long as this process is there.
		t.Fatal(err)
	}
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	said := ""
	_, err = fmt.Fscanln(out, &said)
	if killed := child.Process.Kill(); err != nil || killed != nil || said != "recorded" {
		t.Fatalf("it said %q: %v, %v", said, err, killed)
	}
	_ = child.Wait()

	for range 2 { // What was found the first time is written down, and isn't found again.
		k, err := openTill(t.Context(), folder, twoSubjects(), start+10)
		if err != nil {
			t.Fatal(err)
		}
		var rows int
		if err := k.people.Reader().QueryRow(`SELECT COUNT(*) FROM abuse_counted`).Scan(&rows); err != nil || rows != 3 {
			t.Errorf("%d of 3 redemptions are written down: %v", rows, err)
		}
		for name, attempt := range map[string]struct {
			number   int
			who      points.AccountID
			terminal string
			want     Action
		}{
			"a fourth one of the account":      {9, account(1), "till 2", ActionRefuse},
			"one that was recorded, once more": {2, account(1), "till 1", ActionNone},
		} {
			if got, err := k.redeem(t.Context(), attempt.number, attempt.who, attempt.terminal, start+10); err != nil || got != attempt.want {
				t.Errorf("%s: %q, want %q, %v", name, got, attempt.want, err)
			}
		}
		if err := k.close(); err != nil {
			t.Fatal(err)
		}
	}
	k, err := openTill(t.Context(), folder, twoSubjects(), start+10)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = k.close() })
	for number, want := range []Action{ActionNone, ActionRefuse} {
		if got, err := k.redeem(t.Context(), 20+number, account(20+number), "till 1", start+10); err != nil || got != want {
			t.Errorf("redemption %d of others at the till: %q, want %q, %v", number, got, want, err)
		}
	}
}

// TestWhatWasRecordedBeforeTheWindowIsNotRead: the outbox is asked for no more than the longest window reaches, and for no kind without a rule.
func TestWhatWasRecordedBeforeTheWindowIsNotRead(t *testing.T) {
	asked := &askedOutbox{}
	rules := twoSubjects()
	w := newWorld(t, rules)
	v, err := New(Settings{
		Programme: "airline", Rules: &rules, DB: w.db, Secret: make([]byte, 32), Outbox: asked, Terminal: terminalOf, Now: func() time.Time { return time.Unix(start, 0) },
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := v.Load(t.Context()); err != nil || asked.said != fmt.Sprintf("airline [redeem] %d", (start-3900)*1000) {
		t.Errorf("asked for %s: %v", asked.said, err)
	}
	w.look(keyed(spend(quantity.Points(1), start-100), 1))
	w.round()
	if err := v.Load(t.Context()); err != nil || !strings.HasSuffix(asked.said, fmt.Sprint((start-100-missedSlack)*1000)) {
		t.Errorf("asked for %s after the last attempt at %d: %v", asked.said, start-100, err)
	}
}

// TestWhatWasCountedUnderKeysOfAnotherFormIsNotCountedAgain: first nothing else is written down, then something newer.
func TestWhatWasCountedUnderKeysOfAnotherFormIsNotCountedAgain(t *testing.T) {
	folder := t.TempDir()
	open := func(at int64) *till {
		k, err := openTill(t.Context(), folder, twoSubjects(), at)
		if err != nil {
			t.Fatal(err)
		}
		return k
	}
	redeem := func(k *till, number int, at int64) Action {
		got, err := k.redeem(t.Context(), number, account(1), "till 1", at)
		if err == nil {
			err = k.writeNoticed(t.Context())
		}
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	k := open(start)
	redeem(k, 1, start)
	if err := k.people.Write(t.Context(), func(tx *sqlite.Tx) error {
		_, err := tx.Exec(`UPDATE abuse_counted SET form = 0, key = 17, receipt = 0`)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	for number := 2; number <= 3; number++ { // Two more may be made, if one was counted.
		if err := k.close(); err != nil {
			t.Fatal(err)
		}
		k = open(start + int64(number))
		if got := redeem(k, number, start+int64(number)); got != ActionNone {
			t.Errorf("redemption %d: %q", number, got)
		}
	}
	if got := redeem(k, 4, start+4); got != ActionRefuse {
		t.Errorf("one too many: %q", got)
	}
	if err := k.close(); err != nil {
		t.Fatal(err)
	}
}

type askedOutbox struct{ said string }

func (a *askedOutbox) RecordedSince(_ context.Context, programme string, kinds []points.Kind, since int64, _ func(*store.Operation) error) error {
	a.said = fmt.Sprintf("%s %v %d", programme, kinds, since)
	return nil
}
