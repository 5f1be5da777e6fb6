package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/privacy"
	"github.com/tallystick/tallystick/gateway/people/erasure"
	"github.com/tallystick/tallystick/gateway/people/vault"
	"github.com/tallystick/tallystick/gateway/people/vaulttest"
	"github.com/tallystick/tallystick/gateway/store"
)

// written are a read model's records. Those of another version than 1 have a form that this gateway doesn't know.
type written []privacy.Erasures

func (w written) Count(context.Context, string, string) (int, error) { return len(w), nil }

func (w written) Records(_ context.Context, _, _, after string, _ int) (all []store.Record, err error) {
	for _, r := range w {
		body, err := json.Marshal(r)
		if err != nil {
			return nil, err
		}
		if r.V != 1 {
			body = []byte("another form")
		}
		if string(r.ID) > after {
			all = append(all, store.Record{ID: string(r.ID), Body: body})
		}
	}
	return all, nil
}

// heard is a log that several goroutines write.
type heard struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (h *heard) Write(line []byte) (int, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.text.Write(line)
}

func (h *heard) String() string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.text.String()
}

func newTestComparison(v *vaulttest.Vault, ledger written) (*comparison, *heard, *prometheus.Registry) {
	log, registry := &heard{}, prometheus.NewRegistry()
	desk := erasure.New(erasure.Settings{Brand: vaulttest.Brand, DB: v.DB, Vault: v.Vault})
	v.Register(desk.Companion())
	c := newComparison(v.Vault, desk, ledger, "airline", slog.New(slog.NewJSONHandler(log, nil)), registry)
	caught := make(chan struct{})
	close(caught)
	c.caughtUp = caught
	return c, log, registry
}

// erased is a person whom a backup has brought back after the ledger got the mark.
func erased(t *testing.T) (*vaulttest.Vault, vault.PersonID) {
	t.Helper()
	v := vaulttest.New(t)
	id, err := v.Create(t.Context(), []vault.Attribute{{Name: "email", Value: "ada@example.com"}}, vault.Access{Actor: "desk", Purpose: "service"})
	if err != nil {
		t.Fatal(err)
	}
	backup := v.Backup()
	if _, err := v.Destroy(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	v.Restore(backup)
	return v, id
}

// TestAGatewayServesNothingUntilItComparedAndSaysWhatItFound has the master key away at first: without it nobody can say who is erased.
func TestAGatewayServesNothingUntilItComparedAndSaysWhatItFound(t *testing.T) {
	v, id := erased(t)
	key := filepath.Join(v.MasterKeys(), "1.key")
	if err := os.Rename(key, key+".away"); err != nil {
		t.Fatal(err)
	}
	v.DrawMaster() // Another one: a folder without keys isn't opened.
	if err := os.Rename(filepath.Join(v.MasterKeys(), "1.key"), filepath.Join(v.MasterKeys(), "2.key")); err != nil {
		t.Fatal(err)
	}
	v.Restart()
	c, log, registry := newTestComparison(v, nil)
	ctx, end := context.WithCancel(t.Context())
	ended, begun := make(chan error, 2), make(chan struct{})
	go func() { ended <- c.run(ctx) }()
	go func() {
		ended <- c.whileOpen(ctx, func(ctx context.Context) error {
			close(begun)
			<-ctx.Done()
			return ctx.Err()
		})
	}()
	eventually(t, func() bool { return c.Open() != nil && strings.Contains(c.Open().Error(), string(fault.StateCorrupt)) })
	select {
	case <-begun:
		t.Fatal("what works with people.db has begun")
	default:
	}
	if err := os.Rename(key+".away", key); err != nil {
		t.Fatal(err)
	}
	eventually(t, func() bool { return c.Open() == nil })
	<-begun
	if _, err := v.Survivor(ctx, id); fault.CodeOf(err) != fault.PersonUnknown {
		t.Errorf("the person is there: %v", err)
	}
	for name, want := range map[string]float64{"tally_people_erased_again_total": 1, "tally_people_compared": 1} {
		if got := measured(t, registry, name); got != want {
			t.Errorf("%s is %v, want %v", name, got, want)
		}
	}
	if w := c.Warnings(ctx); v.Clock.Time.Before(time.Now().Add(-restoreWarned)) != (len(w) == 0) {
		t.Errorf("warnings %v", w)
	}
	if text := log.String(); !strings.Contains(text, `"persons":1`) || strings.Contains(text, string(id)) || strings.Contains(text, "ada") {
		t.Errorf("the log: %s", text)
	}
	end()
	for range cap(ended) {
		if err := <-ended; !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
	}
}

func TestWhatWorksWithPeopleDbIsEndedForEachComparisonAndBeginsAgain(t *testing.T) {
	c, _, _ := newTestComparison(vaulttest.New(t), nil)
	ctx, end := context.WithCancel(t.Context())
	begun, over, ended := make(chan struct{}), make(chan struct{}), make(chan error, 1)
	go func() {
		ended <- c.whileOpen(ctx, func(ctx context.Context) error {
			begun <- struct{}{}
			<-ctx.Done()
			over <- struct{}{}
			return ctx.Err()
		})
	}()
	for range 3 {
		c.note(false, "")
		<-begun
		c.note(true, "")
		c.note(true, fault.Internal)
		<-over
		select {
		case <-begun:
			t.Fatal("it works during a comparison")
		default:
		}
	}
	end()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	failed := fault.New(fault.Internal, "failed")
	c.note(false, "")
	if err := c.whileOpen(t.Context(), func(context.Context) error { return failed }); !errors.Is(err, failed) {
		t.Errorf("a part that fails by itself: %v", err)
	}
}

// TestARecordThatCanNotBeNotedHasNothingComparedAgainForEver has one of a later version between two others.
func TestARecordThatCanNotBeNotedHasNothingComparedAgainForEver(t *testing.T) {
	record := func(v int, id string) privacy.Erasures {
		return privacy.Erasures{V: v, ID: privacy.ErasureID(strings.Repeat(id, 32)), Root: strings.Repeat("5e", 32), Count: 1, Reason: privacy.ErasedOnRequest, At: 1}
	}
	records := written{record(1, "2"), record(2, "3"), record(1, "4")}
	c, log, _ := newTestComparison(vaulttest.New(t), records)
	compared := func() int { return strings.Count(log.String(), "it is an older copy") }
	for range 2 {
		if err := c.watch(t.Context()); err != nil || c.Open() != nil {
			t.Fatal(err, c.Open())
		}
	}
	if compared() != 1 || strings.Count(log.String(), "can't be noted") != 1 {
		t.Errorf("the log: %s", log.String())
	}
	if unknown, err := c.desk.Unknown(t.Context(), []string{string(records[0].ID), string(records[1].ID), string(records[2].ID)}); err != nil || len(unknown) != 1 {
		t.Errorf("unknown are %v, %v", unknown, err)
	}
	records = append(records, record(1, "1"))
	c.reads = records
	for range 2 {
		if err := c.watch(t.Context()); err != nil || compared() != 2 {
			t.Errorf("%v, the log: %s", err, log.String())
		}
	}
	own, err := json.Marshal(record(1, "5"))
	if err != nil {
		t.Fatal(err)
	}
	if err := c.desk.Adopt(t.Context(), own); err != nil {
		t.Fatal(err)
	}
	c.reads = append(records, record(1, "5"))
	if err := c.watch(t.Context()); err != nil || compared() != 2 {
		t.Errorf("with a record that people.db knows: %v, the log: %s", err, log.String())
	}
}

// TestRecordsThatPeopleDbDoesNotKnowHaveItComparedAgain is a peer that was behind at the start: the mark and the record come later.
func TestRecordsThatPeopleDbDoesNotKnowHaveItComparedAgain(t *testing.T) {
	v, id := erased(t)
	v.Clock.Time = time.Now()
	mark := v.Ledger.Entries()
	for key := range mark {
		v.Ledger.Lose(key)
	}
	record := privacy.Erasures{V: 1, ID: "0123456789abcdef0123456789abcdef", Root: strings.Repeat("5e", 32), Count: 1, Reason: privacy.ErasedOnRequest, At: 1}
	c, log, _ := newTestComparison(v, written{record})
	if err := c.compare(t.Context()); err != nil || c.Open() != nil {
		t.Fatal(err)
	}
	if _, err := v.Survivor(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	change := privacy.Change{V: 1}
	for key, value := range mark {
		change.Put = append(change.Put, privacy.Put{Key: key, Value: value})
	}
	if err := v.Ledger.ChangeVault(t.Context(), change); err != nil {
		t.Fatal(err)
	}
	if err := c.watch(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := v.Survivor(t.Context(), id); fault.CodeOf(err) != fault.PersonUnknown {
		t.Errorf("the person is there: %v", err)
	}
	if w := c.Warnings(t.Context()); len(w) != 1 || c.Open() != nil {
		t.Errorf("warnings %v, %v", w, c.Open())
	}
	before := log.String()
	if err := c.watch(t.Context()); err != nil || log.String() != before {
		t.Errorf("it compared again although it knows the record: %v, %s", err, log.String())
	}
}

// measured is the value of a counter or gauge without labels.
func measured(t *testing.T, registry *prometheus.Registry, name string) float64 {
	t.Helper()
	all, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, family := range all {
		if family.GetName() == name {
			one := family.GetMetric()[0]
			return one.GetCounter().GetValue() + one.GetGauge().GetValue()
		}
	}
	t.Fatalf("there is no %s", name)
	return 0
}

// eventually waits for something that another goroutine does.
func eventually(t *testing.T, happened func() bool) {
	t.Helper()
	deadline := time.After(time.Minute)
	for tick := time.NewTicker(5 * time.Millisecond); !happened(); {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatal("it didn't happen within a minute")
		}
	}
}
