package bench

import (
	"bytes"
	"context"
	"encoding/json"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/gateway/client"
	"github.com/tallystick/tallystick/gateway/ledger"
)

// world is a gateway and a ledger that apply everything, but for what the test wants.
type world struct {
	mu       sync.Mutex
	keys     map[string]bool
	accounts map[string]int // Accruals by account, through the gateway.
	lanes    map[int]int64  // Last sequence of each lane.
	kinds    map[string]int // Operations by kind, programme and partner, where it is wanted.
	conflict bool           // Every batch loses its first attempt.
	losing   bool           // Every batch loses every attempt.
	broken   error
	tried    map[int64]bool
}

func newWorld() *world {
	return &world{keys: map[string]bool{}, accounts: map[string]int{}, lanes: map[int]int64{}, tried: map[int64]bool{}}
}

func (w *world) SubmitAll(_ context.Context, items []client.BulkItem, _ time.Duration) ([]client.BulkResult, error) {
	results := make([]client.BulkResult, len(items))
	for i := range items {
		o, err := w.Submit(context.Background(), items[i].IdempotencyKey, items[i].Operation)
		if err != nil {
			return nil, err
		}
		results[i].Operation = &o
	}
	return results, nil
}

func (w *world) Submit(_ context.Context, key string, o client.OperationRequest) (client.Operation, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.broken != nil {
		return client.Operation{}, w.broken
	}
	if w.keys[key] {
		return client.Operation{}, fault.New(fault.IdempotencyConflict, "key %s comes twice", key)
	}
	w.keys[key] = true
	if o.Kind == client.KindOpen {
		return client.Operation{Status: client.DONE, Account: "account of " + *o.Reference}, nil
	}
	if w.kinds != nil {
		w.kinds[string(o.Kind)+" "+valueOf(o.Programme)+" "+valueOf(o.Partner)]++
	}
	w.accounts[*o.Account]++
	return client.Operation{Status: client.DONE}, nil
}

func (w *world) Lanes(_ context.Context, msp string, first, count int) ([]points.Lane, error) {
	lanes := make([]points.Lane, count)
	for i := range lanes {
		lanes[i] = points.Lane{MSP: msp, N: first + i, Seq: w.lanes[first+i]}
	}
	return lanes, nil
}

func (w *world) Apply(_ context.Context, batch ledger.Batch) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	var request struct { // What batches of one programme and of two have in common.
		Lane int
		Seq  int64
	}
	if err := json.Unmarshal(batch.Document, &request); err != nil {
		return err
	}
	if request.Seq != w.lanes[request.Lane]+1 {
		return &ledger.Failure{Class: ledger.LaneMoved, Code: fault.LaneSequence, Text: "moved"}
	}
	place := int64(request.Lane)<<32 + request.Seq
	if w.losing || w.conflict && !w.tried[place] {
		w.tried[place] = true
		return &ledger.Failure{Class: ledger.Retry, Code: fault.LedgerUnavailable, Text: "MVCC_READ_CONFLICT"}
	}
	w.lanes[request.Lane] = request.Seq
	return nil
}

func options(w *world) Options {
	return Options{
		Gateway: w, Ledger: w, Member: "airline", Length: 60 * time.Millisecond, Clients: 3, Accounts: 700, Tell: func(string) {},
		Programme: points.Programme{Brand: "airline", MSP: "AirlineMSP", Currency: "GBP", BusinessDate: 20_000},
	}
}

func TestARunMeasuresEveryLoadAndComparesThem(t *testing.T) {
	w := newWorld()
	r, err := Run(t.Context(), options(w))
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Measurements) != 6 {
		t.Fatalf("%d measurements", len(r.Measurements))
	}
	for _, m := range r.Measurements {
		if m.Committed == 0 || m.FailedTotal() != 0 || m.PerSecond <= 0 || m.P95 < m.P50 || m.Max < m.P99 {
			t.Errorf("%+v", m)
		}
	}
	for _, ratio := range r.Ratios {
		if ratio.Times <= 0 {
			t.Errorf("%+v", ratio)
		}
	}
	if len(w.accounts) < 600 || len(w.accounts) > 700 || len(w.lanes) != 3 {
		t.Errorf("%d accounts and %d lanes were used", len(w.accounts), len(w.lanes))
	}
	for lane := range w.lanes {
		if lane < NaiveLane {
			t.Errorf("lane %d is the gateway's", lane)
		}
	}
	var out bytes.Buffer
	r.Print(&out)
	for _, text := range []string{"one hot account, naive", "uniform: gateway to naive", "cores"} {
		if !strings.Contains(out.String(), text) {
			t.Errorf("%q is missing in\n%s", text, out.String())
		}
	}
}

func TestANaiveClientRetriesConflictsUnderTheSameSequence(t *testing.T) {
	w := newWorld()
	w.conflict = true
	w.lanes[NaiveLane] = 41
	d := &naive{ledger: w, msp: "AirlineMSP", purchase: purchase{currency: "GBP"}}
	clients, err := d.clients(t.Context(), LaneRange{First: NaiveLane, Count: 1}, func() string { return "a" })
	if err != nil {
		t.Fatal(err)
	}
	m := newMeter(time.Now().Add(time.Hour))
	for range 3 {
		if err := clients[0](t.Context(), m); err != nil {
			t.Fatal(err)
		}
	}
	if w.lanes[NaiveLane] != 44 || m.committed != 3 || m.retried.Load() != 3 {
		t.Errorf("lane at %d, %d committed, %d retried", w.lanes[NaiveLane], m.committed, m.retried.Load())
	}
}

func TestANaiveClientGivesUpWhenTheLoadIsOver(t *testing.T) {
	w := newWorld()
	w.losing = true
	d := &naive{ledger: w}
	m := newMeter(time.Now())
	if err := d.apply(t.Context(), m, NaiveLane, 1, "a"); err != nil || m.committed != 0 {
		t.Errorf("%v, %d committed", err, m.committed)
	}
}

func TestEveryClientTakesAStepThoughTheTimeIsUp(t *testing.T) {
	step := func(_ context.Context, m *meter) error {
		m.done(time.Now(), fault.OK)
		return nil
	}
	if m, err := saturate(t.Context(), "saturate", -time.Hour, repeat(5, step)); err != nil || m.Committed != 5 {
		t.Errorf("5 clients committed %d: %v", m.Committed, err)
	}
	if m, err := paced(t.Context(), "paced", -time.Hour, 1000, step); err != nil || m.Committed != 1 {
		t.Errorf("at a steady rate %d was committed: %v", m.Committed, err)
	}
}

func TestABrokenGatewayEndsTheRun(t *testing.T) {
	w := newWorld()
	w.broken = context.DeadlineExceeded
	if _, err := Run(t.Context(), options(w)); err == nil {
		t.Error("no error")
	}
}

func TestFailuresAreCountedByCode(t *testing.T) {
	w := newWorld()
	through := &through{gateway: w, accounts: []string{"a"}, run: "x"}
	m := newMeter(time.Now().Add(time.Hour))
	w.broken = fault.New(fault.Overloaded, "busy")
	if err := through.single(through.hotAccount)(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	if m.failed[string(fault.Overloaded)] != 1 || m.committed != 0 {
		t.Errorf("%+v", m.failed)
	}
}

func TestOptionsOutOfRangeAreRefused(t *testing.T) {
	for name, change := range map[string]func(*Options){
		"length": func(o *Options) { o.Length = 0 }, "clients": func(o *Options) { o.Clients = MaxClients + 1 }, "accounts": func(o *Options) { o.Accounts = 0 },
	} {
		o := options(newWorld())
		change(&o)
		if _, err := Run(t.Context(), o); fault.CodeOf(err) != fault.InvalidValue {
			t.Errorf("%s: %v", name, err)
		}
	}
}
