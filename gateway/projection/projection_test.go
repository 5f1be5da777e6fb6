package projection

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/hyperledger/fabric-protos-go-apiv2/peer"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/tallystick/tallystick/chaincode/engine"
	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/wire"
	"github.com/tallystick/tallystick/gateway/blocks"
	"github.com/tallystick/tallystick/gateway/ledgertest"
	"github.com/tallystick/tallystick/gateway/store"
)

// patience bounds waits for what must come.
const patience = time.Minute

// runner runs a projection until it is stopped.
type runner struct {
	*Projection
	cancel context.CancelFunc
	ended  chan error

	mu       sync.Mutex
	outcomes []Outcome
	news     chan struct{}
}

func start(t *testing.T, s *store.Store, source Source, programme, msp string) *runner {
	t.Helper()
	return startAs(t, s, source, Settings{Programme: programme, MSP: msp})
}

func startAs(t *testing.T, s *store.Store, source Source, as Settings) *runner {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	r := &runner{cancel: cancel, ended: make(chan error, 1), news: make(chan struct{}, 1000)}
	as.Sources, as.Store, as.Log, as.Metrics = []Source{source}, s, slog.New(slog.NewTextHandler(io.Discard, nil)), prometheus.NewRegistry()
	r.Projection = New(as, func(o Outcome) {
		r.mu.Lock()
		r.outcomes = append(r.outcomes, o)
		r.mu.Unlock()
		r.news <- struct{}{}
	})
	go func() { r.ended <- r.Run(ctx) }()
	t.Cleanup(cancel)
	return r
}

func (r *runner) waitCaughtUp(t *testing.T) {
	t.Helper()
	select {
	case <-r.CaughtUp():
	case err := <-r.ended:
		t.Fatalf("the projection ended: %v", err)
	case <-time.After(patience):
		t.Fatalf("the projection doesn't catch up: %v", r.Ready())
	}
}

func (r *runner) waitOutcomes(t *testing.T, n int) []Outcome {
	t.Helper()
	for {
		r.mu.Lock()
		got := append([]Outcome(nil), r.outcomes...)
		r.mu.Unlock()
		if len(got) >= n {
			return got
		}
		select {
		case <-r.news:
		case err := <-r.ended:
			t.Fatalf("the projection ended: %v", err)
		case <-time.After(patience):
			t.Fatalf("%d of %d outcomes came", len(got), n)
		}
	}
}

func (r *runner) stop(t *testing.T) {
	t.Helper()
	r.cancel()
	if err := <-r.ended; !errors.Is(err, context.Canceled) {
		t.Fatalf("Run ended with %v", err)
	}
}

func open(t *testing.T, path string) *store.Store {
	t.Helper()
	s, err := store.Open(context.Background(), path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func known(t testing.TB, s *store.Store) programmes {
	t.Helper()
	p, err := knownProgrammes(context.Background(), s)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// tables are what the projection writes, in an order that doesn't depend on when it was written.
var tables = []string{
	`SELECT programme, body FROM programmes ORDER BY 1`,
	`SELECT programme, msp, n, body FROM lanes ORDER BY 1, 2, 3`,
	`SELECT programme, msp, lane, seq, root, count, block, tx, tx_time, event, salt FROM batches ORDER BY 1, 2, 3, 4`,
	`SELECT operation, programme, account, to_account, kind, msp, lane, seq, idx, block, tx_time FROM receipts ORDER BY 1, 2`,
	`SELECT programme, id, posted, held, debt, due_day, due_at, refundable, body FROM accounts ORDER BY 1, 2`,
	`SELECT programme, account, msp, lane, seq, n, partner, points, block, body FROM inbox ORDER BY 1, 2, 3, 4, 5, 6`,
	`SELECT programme, hold, account, partner, points, single, until FROM reservations ORDER BY 1, 2`,
	`SELECT programme, object, id, body FROM records ORDER BY 1, 2, 3`,
	`SELECT programme, day, spendable_from, expiry, terms, funding, cause, incoming, points FROM movements ORDER BY 1, 2, 3, 4, 5, 6, 7, 8`,
	`SELECT programme, day, cause, incurred, points FROM debts ORDER BY 1, 2, 3, 4`,
	`SELECT block, block_hash FROM checkpoint`,
	`SELECT id, kind, programme, partner, account, to_account, shop, natural, idempotency, request, status, lane, seq, outcome, code, receipt FROM operations ORDER BY 1`,
	`SELECT lookup, account, operation FROM lookups ORDER BY 1`,
	`SELECT programme, lane, seq FROM pins ORDER BY 1, 2`,
	`SELECT collection, object, id, block, tx, body FROM clearing_records ORDER BY 1, 2, 3`,
	`SELECT object, id, block, tx, body FROM clearing_history ORDER BY 1, 2, 3, 4`,
	`SELECT home, msp, lane, seq, a, b, currency, window, salt, block, tx, time FROM exchanges ORDER BY 1, 2, 3, 4`,
	`SELECT operation, home, msp, lane, seq, idx, a, b, currency, window, service, debtor, creditor, micro, fee_debtor, fee, agreement, a_owes, b_owes, block, tx, time
		FROM obligations ORDER BY 2, 3, 4, 5, 6`,
	`SELECT operation, body FROM limit_refusals ORDER BY 1`,
	`SELECT block, n, kind, body FROM clearing_events ORDER BY 1, 2`,
	`SELECT block, tx, collection FROM clearing_gaps ORDER BY 1, 2, 3`,
}

func dump(t *testing.T, s *store.Store) string {
	t.Helper()
	out := ""
	for _, query := range tables {
		out += dumpOf(t, s, query) + "--\n"
	}
	return out
}

// dumpOf is what one query gives.
func dumpOf(t *testing.T, s *store.Store, queries ...string) string {
	t.Helper()
	out := ""
	for _, query := range queries {
		rows, err := s.Reader().Query(query)
		if err != nil {
			t.Fatal(err)
		}
		columns, err := rows.Columns()
		if err != nil {
			t.Fatal(err)
		}
		for rows.Next() {
			values, places := make([]any, len(columns)), make([]any, len(columns))
			for i := range values {
				places[i] = &values[i]
			}
			if err := rows.Scan(places...); err != nil {
				t.Fatal(err)
			}
			out += fmt.Sprintf("%s\n", values)
		}
		rows.Close()
	}
	return out
}

// busy is a ledger with two programmes, accruals, redemptions, returns, fences, refused transactions and several blocks.
func busy(t *testing.T) (*ledgertest.Ledger, *ledgertest.Programme) {
	t.Helper()
	l := ledgertest.New(t, "airline", "grocer", "hotel")
	l.Found()
	airline, hotel := l.Create(0), l.Create(2)
	for _, p := range []*ledgertest.Programme{airline, hotel} {
		a, b := p.Open(), p.Open()
		p.Batch(0, []ledgertest.Item{a, b})
		l.Cut()
		account := a.Operation.Account
		event, _ := p.Batch(0, []ledgertest.Item{p.Earn(account, 12_345), p.Earn(b.Operation.Account, 900), p.Redeem(account, 20)})
		l.Cut()
		p.Batch(1, []ledgertest.Item{p.Return(event, 0, 12_345), p.Redeem(account, 1_000_000)})
		p.Batch(2, nil)
		p.BatchAt(2, 1, []ledgertest.Item{p.Earn(account, 500)})
		l.Cut()
	}
	return l, airline
}

func TestProjectionHoldsWhatTheLedgerCommitted(t *testing.T) {
	l, _ := busy(t)
	s := open(t, filepath.Join(t.TempDir(), "g.db"))
	r := start(t, s, l, "airline", "AirlineMSP")
	r.waitCaughtUp(t)
	if projected, ledger := r.Height(); projected != l.Height() || ledger != l.Height() || r.Ready() != nil {
		t.Fatalf("height %d of %d, ready: %v", projected, ledger, r.Ready())
	}
	var receipts, operations, accounts, posted, debt int
	if err := s.Reader().QueryRow(`SELECT (SELECT COUNT(*) FROM receipts), (SELECT COUNT(*) FROM operations), COUNT(*), SUM(posted), SUM(debt) FROM accounts`).
		Scan(&receipts, &operations, &accounts, &posted, &debt); err != nil {
		t.Fatal(err)
	}
	// Two programmes of 2 openings, 2 accruals, 1 redemption, 1 return, 1 refused redemption; 123 points - 20 - return of 123 leave a debt of 20; 9 points beside it.
	if receipts != 14 || accounts != 4 || posted != 2*(9-20) || debt != 2*20 {
		t.Fatalf("%d receipts, %d accounts, posted %d, debt %d", receipts, accounts, posted, debt)
	}
	if operations != 7 {
		t.Errorf("the outbox has %d operations: it is to have those of the own programme only", operations)
	}
	rows, err := s.Reader().Query(`SELECT programme, id, body FROM accounts`)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var programme, id string
		var body []byte
		if err := rows.Scan(&programme, &id, &body); err != nil {
			t.Fatal(err)
		}
		if want := l.State(engine.PointsPrefix+programme, engine.AccountKey(points.AccountID(id))); string(want) != string(body) {
			t.Errorf("account %s is %s, the ledger has %s", id, body, want)
		}
	}
}

func TestOutcomesTellOfEveryBatchOnceAndInOrder(t *testing.T) {
	l, _ := busy(t)
	r := start(t, open(t, filepath.Join(t.TempDir(), "g.db")), l, "airline", "AirlineMSP")
	got := r.waitOutcomes(t, 9)
	r.waitCaughtUp(t)
	valid, conflicts := 0, 0
	last := uint64(0)
	for _, o := range got {
		if o.Block < last {
			t.Errorf("an outcome of block %d comes after block %d", o.Block, last)
		}
		last = o.Block
		switch o.Code {
		case peer.TxValidationCode_VALID:
			valid++
		case peer.TxValidationCode_MVCC_READ_CONFLICT:
			conflicts++
			if o.Programme != "airline" || o.Lane != 2 || o.Seq != 1 || o.Receipts != nil {
				t.Errorf("the refused batch is told as %+v", o)
			}
		}
	}
	// Four batches of each programme are valid; the own member's refused one is told, the other member's isn't.
	if len(got) != 9 || valid != 8 || conflicts != 1 {
		t.Errorf("%d outcomes: %d valid, %d conflicts", len(got), valid, conflicts)
	}
}

func TestRebuildEqualsIncremental(t *testing.T) {
	l, airline := busy(t)
	incremental := open(t, filepath.Join(t.TempDir(), "a.db"))
	r := start(t, incremental, l, "airline", "AirlineMSP")
	r.waitCaughtUp(t)
	seen := len(r.waitOutcomes(t, 9))
	for i := range 5 {
		item := airline.Open()
		airline.Batch(3, []ledgertest.Item{item})
		l.Cut()
		airline.Batch(3, []ledgertest.Item{airline.Earn(item.Operation.Account, int64(1000*i))})
		l.Cut()
		seen += 2
		r.waitOutcomes(t, seen)
	}
	r.stop(t)
	rebuilt := open(t, filepath.Join(t.TempDir(), "b.db"))
	start(t, rebuilt, l, "airline", "AirlineMSP").waitCaughtUp(t)
	if a, b := dump(t, incremental), dump(t, rebuilt); a != b {
		t.Errorf("incremental:\n%s\nrebuilt:\n%s", a, b)
	}
}

func TestRedeliveryChangesNothing(t *testing.T) {
	l, _ := busy(t)
	s := open(t, filepath.Join(t.TempDir(), "g.db"))
	r := start(t, s, l, "airline", "AirlineMSP")
	r.waitCaughtUp(t)
	r.stop(t)
	before := dump(t, s)
	for n := range l.Height() {
		b, err := l.Block(n).Decode()
		if err != nil {
			t.Fatal(err)
		}
		e := newEffects(owner{"airline", "AirlineMSP", "AirlineMSP"}, known(t, s))
		if err := e.add(b); err != nil {
			t.Fatal(err)
		}
		if err := s.Project(context.Background(), e.changes); err != nil {
			t.Fatal(err)
		}
	}
	if after := dump(t, s); after != before {
		t.Errorf("before:\n%s\nafter:\n%s", before, after)
	}
}

// breaking ends each stream after a few blocks, as a peer does that goes away.
type breaking struct {
	*ledgertest.Ledger
	blocks int
}

func (l *breaking) Blocks(ctx context.Context, from, last uint64, content blocks.Content) iter.Seq2[blocks.Delivered, error] {
	return func(yield func(blocks.Delivered, error) bool) {
		sent := 0
		for d, err := range l.Ledger.Blocks(ctx, from, last, content) {
			if sent++; sent > l.blocks {
				yield(blocks.Delivered{}, fault.New(fault.LedgerUnavailable, "gone"))
				return
			}
			if !yield(d, err) {
				return
			}
		}
	}
}

func TestStreamThatBreaksBetweenBlocksIsResumedExactly(t *testing.T) {
	l, _ := busy(t)
	s := open(t, filepath.Join(t.TempDir(), "g.db"))
	r := start(t, s, &breaking{l, 2}, "airline", "AirlineMSP")
	r.waitCaughtUp(t)
	if got := r.waitOutcomes(t, 9); len(got) != 9 {
		t.Errorf("%d outcomes", len(got))
	}
	r.stop(t)
	whole := open(t, filepath.Join(t.TempDir(), "w.db"))
	start(t, whole, l, "airline", "AirlineMSP").waitCaughtUp(t)
	if a, b := dump(t, s), dump(t, whole); a != b {
		t.Errorf("resumed:\n%s\nwhole:\n%s", a, b)
	}
}

func TestFailedWriteLeavesTablesAndCheckpointAsTheyWere(t *testing.T) {
	l, _ := busy(t)
	s := open(t, filepath.Join(t.TempDir(), "g.db"))
	before := dump(t, s)
	e := newEffects(owner{"airline", "AirlineMSP", "AirlineMSP"}, known(t, s))
	for n := range l.Height() {
		d := l.Block(n)
		d.Private = nil
		b, err := d.Decode()
		if err != nil {
			t.Fatal(err)
		}
		if err := e.add(b); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Project(context.Background(), e.changes); fault.CodeOf(err) != fault.NotFound {
		t.Fatalf("blocks without private details were projected: %v", err)
	}
	if after := dump(t, s); after != before {
		t.Errorf("a failed write left:\n%s", after)
	}
}

func TestRestoredDatabaseHealsItsOutbox(t *testing.T) {
	l, airline := busy(t)
	path := filepath.Join(t.TempDir(), "g.db")
	first := open(t, path)
	r := start(t, first, l, "airline", "AirlineMSP")
	r.waitCaughtUp(t)
	r.stop(t)
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	restored := filepath.Join(t.TempDir(), "restored.db")
	copyFile(t, path, restored)

	item := airline.Open()
	airline.Batch(3, []ledgertest.Item{item})
	l.Cut()
	earn := airline.Earn(item.Operation.Account, 5000)
	airline.Batch(3, []ledgertest.Item{earn})
	l.Cut()
	ahead := open(t, path)
	start(t, ahead, l, "airline", "AirlineMSP").waitCaughtUp(t)
	healed := open(t, restored)
	start(t, healed, l, "airline", "AirlineMSP").waitCaughtUp(t)
	if a, b := dump(t, ahead), dump(t, healed); a != b {
		t.Fatalf("ahead:\n%s\nhealed:\n%s", a, b)
	}
	o, err := healed.Operation(context.Background(), earn.Operation.ID)
	if err != nil || o.Status != store.Done || o.Natural != earn.Details.Natural || o.Idempotency != earn.Details.Idempotency || o.Outcome != points.Accepted {
		t.Errorf("the accrual came back as %+v, %v", o, err)
	}
	var account string
	if err := healed.Reader().QueryRow(`SELECT account FROM lookups WHERE lookup = ?`, item.Details.Lookup).Scan(&account); err != nil || account != string(item.Operation.Account) {
		t.Errorf("the customer's reference leads to %q, %v", account, err)
	}
}

func TestReferenceIsFreeAgainWhenNobodyHasAnAccountUnderIt(t *testing.T) {
	l, airline := busy(t)
	s := open(t, filepath.Join(t.TempDir(), "g.db"))
	closed, kept := airline.Open(), airline.Open()
	refused := airline.Open()
	refused.Operation.Account = kept.Operation.Account // Which is there by then.
	closed.Details.Natural, kept.Details.Natural, refused.Details.Natural = "a", "b", "c"
	accept(t, s, l, closed)
	accept(t, s, l, kept)
	accept(t, s, l, refused)
	airline.Batch(3, []ledgertest.Item{closed, kept, refused})
	l.Cut()
	airline.Batch(3, []ledgertest.Item{airline.Close(closed.Operation.Account, 0)})
	l.Cut()
	start(t, s, l, "airline", "AirlineMSP").waitCaughtUp(t)
	for _, c := range []struct {
		name string
		item ledgertest.Item
		free bool
	}{{"of a closed account", closed, true}, {"of a refused opening", refused, true}, {"of an account", kept, false}} {
		var found int
		if err := s.Reader().QueryRow(`SELECT count(*) FROM lookups WHERE lookup = ?`, c.item.Details.Lookup).Scan(&found); err != nil || (found == 0) != c.free {
			t.Errorf("the reference %s leads to %d accounts, %v", c.name, found, err)
		}
		o, err := s.Operation(context.Background(), c.item.Operation.ID)
		if err != nil || o.Status != store.Done || (o.Natural == "") != c.free {
			t.Errorf("the opening %s has the natural id %q, %s, %v", c.name, o.Natural, o.Status, err)
		}
	}
}

func TestPinIsResolvedByTheBatchThatWonItsPlace(t *testing.T) {
	l, airline := busy(t)
	ctx := context.Background()
	s := open(t, filepath.Join(t.TempDir(), "g.db"))
	account := airline.Open()
	inBatch, left := airline.Earn(account.Operation.Account, 700), airline.Earn(account.Operation.Account, 800)
	rows := accept(t, s, l, account, inBatch, left)
	if err := s.Pin(ctx, "airline", "AirlineMSP", store.Pin{Lane: 5, Seq: 1, Salt: "00", Operations: rows}); err != nil {
		t.Fatal(err)
	}
	airline.Batch(5, []ledgertest.Item{account, inBatch})
	l.Cut()
	start(t, s, l, "airline", "AirlineMSP").waitCaughtUp(t)
	for id, want := range map[points.OperationID]store.Status{
		account.Operation.ID: store.Done, inBatch.Operation.ID: store.Done, left.Operation.ID: store.Pending,
	} {
		if o, err := s.Operation(ctx, id); err != nil || o.Status != want {
			t.Errorf("operation %s is %s, want %s (%v)", id, o.Status, want, err)
		}
	}
	if pins, err := s.Pins(ctx, "airline"); err != nil || len(pins) != 0 {
		t.Errorf("the pin is still there: %v, %v", pins, err)
	}
}

func TestWaitingOperationWhoseReceiptTheLedgerHasIsNotRunAgain(t *testing.T) {
	l, airline := busy(t)
	s := open(t, filepath.Join(t.TempDir(), "g.db"))
	account := airline.Open()
	done := airline.Earn(account.Operation.Account, 700)
	waiting := airline.Earn(account.Operation.Account, 700)
	waiting.Details.Natural = done.Details.Natural
	accept(t, s, l, waiting)
	airline.Batch(5, []ledgertest.Item{account, done})
	l.Cut()
	start(t, s, l, "airline", "AirlineMSP").waitCaughtUp(t)
	o, err := s.Operation(context.Background(), waiting.Operation.ID)
	var receipt points.Receipt
	if err != nil || o.Status != store.Done || wire.DecodeRecord(o.Receipt, &receipt) != nil || receipt.Operation != done.Operation.ID {
		t.Errorf("the waiting operation is %+v, %v", o, err)
	}
	if o, err := s.Operation(context.Background(), done.Operation.ID); err != nil || o.Natural != done.Details.Natural {
		t.Errorf("the ledger's operation doesn't hold its natural id: %+v, %v", o, err)
	}
}

func TestReaderProjectsEverythingAndOwnsNothing(t *testing.T) {
	l, _ := busy(t)
	s := open(t, filepath.Join(t.TempDir(), "g.db"))
	r := start(t, s, l, "", "RegulatorMSP")
	r.waitCaughtUp(t)
	var operations, batches int
	if err := s.Reader().QueryRow(`SELECT (SELECT COUNT(*) FROM operations), (SELECT COUNT(*) FROM batches)`).Scan(&operations, &batches); err != nil {
		t.Fatal(err)
	}
	if operations != 0 || batches != 8 {
		t.Errorf("%d operations, %d batches", operations, batches)
	}
}

func TestDatabaseOfAnotherLedgerIsRefused(t *testing.T) {
	l, _ := busy(t)
	path := filepath.Join(t.TempDir(), "g.db")
	s := open(t, path)
	r := start(t, s, l, "airline", "AirlineMSP")
	r.waitCaughtUp(t)
	r.stop(t)
	before := dump(t, s)
	other, _ := busy(t)
	shorter := ledgertest.New(t, "airline", "grocer", "hotel")
	for name, source := range map[string]Source{"as long": other, "shorter": shorter} {
		t.Run(name, func(t *testing.T) {
			r := start(t, s, source, "airline", "AirlineMSP")
			select {
			case err := <-r.ended:
				if fault.CodeOf(err) != fault.LedgerMismatch {
					t.Errorf("Run ended with %v", err)
				}
			case <-time.After(patience):
				t.Error("the projection goes on with another ledger's peer")
			}
			if after := dump(t, s); after != before {
				t.Error("the database was changed")
			}
			if r.Ready() == nil {
				t.Error("it is said to be ready")
			}
		})
	}
}

func accept(t *testing.T, s *store.Store, l *ledgertest.Ledger, items ...ledgertest.Item) []store.Operation {
	t.Helper()
	all := make([]store.NewOperation, len(items))
	for i, item := range items {
		all[i] = store.NewOperation{
			ID: item.Operation.ID, Kind: item.Operation.Kind, Programme: "airline", Account: item.Operation.Account, Natural: item.Details.Natural, Idempotency: item.Details.Idempotency,
			Request: item.Details.Request, Lookup: item.Details.Lookup, Document: l.Encode(item.Operation), Details: l.Encode(item.Details),
		}
	}
	admissions, err := s.AcceptOperations(context.Background(), 1, all, func([]store.Admission) {}, func() {})
	if err != nil {
		t.Fatal(err)
	}
	rows := make([]store.Operation, len(admissions))
	for i := range admissions {
		rows[i] = admissions[i].Operation
	}
	return rows
}

func copyFile(t *testing.T, from, to string) {
	t.Helper()
	raw, err := os.ReadFile(from)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(to, raw, 0o600); err != nil {
		t.Fatal(err)
	}
}
