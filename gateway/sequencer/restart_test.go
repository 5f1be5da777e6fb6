package sequencer

import (
	"context"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/hyperledger/fabric-protos-go-apiv2/peer"

	"github.com/tallystick/tallystick/chaincode/wire"
	"github.com/tallystick/tallystick/gateway/projection"
	"github.com/tallystick/tallystick/gateway/store"
)

// gate blocks the first batch with operations until the process is gone.
type gate struct {
	reached chan struct{}
	proceed chan struct{}
	once    sync.Once
}

func newGate() *gate { return &gate{reached: make(chan struct{}), proceed: make(chan struct{})} }

func (g *gate) reach() { g.once.Do(func() { close(g.reached) }) }

func (g *gate) wait() {
	g.reach()
	<-g.proceed
}

// killAt kills the process when it stands at the gate.
func (p *process) killAt(g *gate) {
	<-g.reached
	p.stop()
	close(g.proceed)
	<-p.ended
}

func TestKilledAtAnyPointAnOperationIsDecidedOnceAfterTheRestart(t *testing.T) {
	for name, hooks := range map[string]func(*gate) (func(*wire.BatchRequest) error, func(*wire.BatchRequest) fate){
		"pinned, before it was endorsed": func(g *gate) (func(*wire.BatchRequest) error, func(*wire.BatchRequest) fate) {
			return func(*wire.BatchRequest) error { g.wait(); return unavailable() }, nil
		},
		"endorsed, before it was submitted": func(g *gate) (func(*wire.BatchRequest) error, func(*wire.BatchRequest) fate) {
			return nil, func(*wire.BatchRequest) fate { g.wait(); return committed }
		},
		"submitted, before its block": func(g *gate) (func(*wire.BatchRequest) error, func(*wire.BatchRequest) fate) {
			return nil, func(*wire.BatchRequest) fate { g.reach(); return held }
		},
	} {
		for _, late := range []string{"never ordered", "ordered before the restart", "ordered after the restart"} {
			t.Run(name+", "+late, func(t *testing.T) {
				w, p := start(t)
				account := p.opened(1)[0]
				g := newGate()
				w.setFaults(hooks(g))
				in := earn(account, 7, "r1")
				first := p.must(in)
				p.killAt(g)
				w.setFaults(nil, nil)
				if late == "ordered before the restart" {
					w.release()
				}
				again := w.launch().awaitReady()
				defer again.kill()
				if late == "ordered after the restart" {
					w.release()
				}
				second := again.must(in)
				await(t, second)
				if !second.Duplicate || second.Operation.ID != first.Operation.ID {
					t.Errorf("the same till receipt got operation %s, then %s", first.Operation.ID, second.Operation.ID)
				}
				w.decidedOnce(first.Operation.ID)
				if got := w.posted(account); got != 7 {
					t.Errorf("the account has %d points, want 7", got)
				}
			})
		}
	}
}

func TestAnAcceptedOperationThatWasNotPinnedIsDoneAfterTheRestart(t *testing.T) {
	w, p := start(t, func(s *Settings) { s.Lanes = 1 })
	accounts := p.opened(2)
	g := newGate()
	w.setFaults(func(*wire.BatchRequest) error { g.wait(); return unavailable() }, nil)
	one, two := earn(accounts[0], 7, "r1"), earn(accounts[1], 5, "r2")
	first := p.must(one)
	<-g.reached
	waiting := p.must(two)
	p.killAt(g)
	w.setFaults(nil, nil)
	again := w.launch().awaitReady()
	defer again.kill()
	await(t, again.must(one), again.must(two))
	w.decidedOnce(first.Operation.ID, waiting.Operation.ID)
}

// putBack replaces the database by an earlier copy and brings it up to date from the ledger.
func (w *world) putBack(copied string) {
	w.t.Helper()
	path := filepath.Join(w.t.TempDir(), "gateway.db")
	for _, suffix := range []string{"", "-wal"} {
		raw, err := os.ReadFile(copied + suffix)
		if os.IsNotExist(err) {
			continue
		}
		if err != nil {
			w.t.Fatal(err)
		}
		if err := os.WriteFile(path+suffix, raw, 0o600); err != nil {
			w.t.Fatal(err)
		}
	}
	w.replay(w.open(path))
}

// backup closes the database of a process that is gone, and copies it; the world goes on with another copy.
func (w *world) backup() string {
	w.t.Helper()
	dir := w.t.TempDir()
	copied := filepath.Join(dir, "backup.db")
	if err := w.store.Write(context.Background(), func(*store.Tx) error { return nil }); err != nil {
		w.t.Fatal(err)
	}
	connection, err := w.store.Reader().Conn(w.t.Context()) // One for all three: the pragma is the connection's own.
	if err != nil {
		w.t.Fatal(err)
	}
	defer func() { _ = connection.Close() }()
	for _, statement := range []string{`PRAGMA query_only = 0`, `VACUUM INTO '` + copied + `'`, `PRAGMA query_only = 1`} {
		if _, err := connection.ExecContext(w.t.Context(), statement); err != nil {
			w.t.Fatal(err)
		}
	}
	return copied
}

func TestADatabasePutBackToAnEarlierTimeForgetsNothingThatTheLedgerKnows(t *testing.T) {
	w, p := start(t)
	account := p.opened(1)[0]
	copied := w.backup()
	in := earn(account, 7, "r1")
	in.IdempotencyKey = "k1"
	first := p.must(in)
	await(t, first)
	p.kill()
	w.putBack(copied)
	again := w.launch().awaitReady()
	defer again.kill()
	same := again.must(in)
	in.IdempotencyKey = "k2"
	renamed := again.must(in)
	for _, ticket := range []Ticket{same, renamed} {
		await(t, ticket)
		if !ticket.Duplicate || ticket.Operation.ID != first.Operation.ID {
			t.Errorf("the receipt was taken again as operation %s", ticket.Operation.ID)
		}
	}
	if got := w.posted(account); got != 7 {
		t.Errorf("the account has %d points, want 7", got)
	}
}

func TestAnAttemptOfAForgottenPastNeverCountsBesideItsRepetition(t *testing.T) {
	for name, release := range map[string]func(w *world, launch func() *process) *process{
		"ordered before the fence": func(w *world, launch func() *process) *process {
			w.release()
			return launch().awaitReady()
		},
		"ordered after the fence": func(w *world, launch func() *process) *process {
			p := launch().awaitReady()
			w.release()
			return p
		},
		"ordered while the fence is held back": func(w *world, launch func() *process) *process {
			w.setFaults(nil, func(*wire.BatchRequest) fate { return held })
			p := launch()
			eventually(w.t, "the fences to be submitted", func() bool {
				w.mu.Lock()
				defer w.mu.Unlock()
				return len(w.heldBack) > 3
			})
			w.setFaults(nil, nil)
			w.release()
			return p.awaitReady()
		},
	} {
		t.Run(name, func(t *testing.T) {
			w, p := start(t)
			account := p.opened(1)[0]
			copied := w.backup()
			w.setFaults(nil, func(*wire.BatchRequest) fate { return held })
			in := earn(account, 7, "r1")
			p.must(in)
			eventually(t, "an attempt to be held back", func() bool {
				w.mu.Lock()
				defer w.mu.Unlock()
				return len(w.heldBack) > 0
			})
			p.kill()
			w.setFaults(nil, nil)
			w.putBack(copied)
			again := release(w, func() *process { return w.launch() })
			defer again.kill()
			await(t, again.must(in))
			w.release()
			if got := w.posted(account); got != 7 {
				t.Errorf("the account has %d points, want 7", got)
			}
		})
	}
}

func TestEveryLaneIsFencedBeforeOperationsAreAccepted(t *testing.T) {
	w, p := start(t)
	p.kill()
	before := len(w.chain)
	again := w.launch(func(s *Settings) { s.Lanes = 2 })
	defer again.kill()
	again.awaitReady()
	fenced := map[int]bool{}
	for _, b := range w.chain[before:] {
		if b.code == peer.TxValidationCode_VALID && len(b.event.Receipts) == 0 {
			fenced[b.event.Lane] = true
		}
	}
	if len(fenced) != 3 {
		t.Errorf("lanes %v are fenced; the third one of the earlier run must be, too", fenced)
	}
	if _, err := again.Accept(context.Background(), opening()); err != nil {
		t.Error(err)
	}
}

func TestAPinLostToAnotherBatchGoesBackInLine(t *testing.T) {
	w, p := start(t, func(s *Settings) { s.Lanes = 1 })
	account := p.opened(1)[0]
	var stolen bool
	w.setFaults(func(r *wire.BatchRequest) error {
		if stolen || len(r.Operations) == 0 {
			return nil
		}
		stolen = true
		w.steal(r.Lane, r.Seq)
		return nil
	}, nil)
	ticket := p.must(earn(account, 7, "r1"))
	await(t, ticket)
	w.decidedOnce(ticket.Operation.ID)
	if !stolen {
		t.Error("nothing was stolen")
	}
}

func TestAPlaceThatWasTakenBeforeItsPinWasWrittenLeavesNoPinBehind(t *testing.T) {
	w, p := start(t, func(s *Settings) { s.Lanes = 1 })
	account := p.opened(1)[0]
	w.mu.Lock()
	tell := w.listeners
	var late []projection.Outcome
	w.listeners = []func(projection.Outcome){func(o projection.Outcome) { late = append(late, o) }}
	place := len(w.chain)
	w.mu.Unlock()
	w.steal(0, p.lanes[0].height+1)
	ticket := p.must(earn(account, 7, "r1"))
	eventually(t, "the operation to be given the place", func() bool {
		p.mu.Lock()
		defer p.mu.Unlock()
		return p.lanes[0].pin != nil
	})
	w.mu.Lock()
	w.listeners = tell
	tell[0](late[0])
	w.mu.Unlock()
	await(t, ticket)
	w.decidedOnce(ticket.Operation.ID)
	if pins, err := w.store.Pins(context.Background(), "airline"); err != nil || len(pins) != 0 || len(w.chain) != place+2 {
		t.Errorf("%d pins are left after %d blocks (%v)", len(pins), len(w.chain)-place, err)
	}
}

// steal commits an empty batch at a place.
func (w *world) steal(lane int, seq int64) {
	w.mu.Lock()
	tx, err := w.endorse(document(lane, seq, nil), nil, w.now())
	w.mu.Unlock()
	if err != nil {
		w.t.Error(err)
		return
	}
	w.order(tx)
}
