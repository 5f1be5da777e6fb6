package sequencer

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/quantity"
	"github.com/tallystick/tallystick/gateway/fingerprint"
	"github.com/tallystick/tallystick/gateway/projection"
	"github.com/tallystick/tallystick/gateway/random"
	"github.com/tallystick/tallystick/gateway/store"
)

// process is one life of a gateway's sequencer.
type process struct {
	*Sequencer
	world *world
	stop  context.CancelFunc
	ended chan struct{}
}

var testPace = Pace{
	Block: 30 * time.Millisecond, LongestBlock: 60 * time.Millisecond, Pause: time.Millisecond, LongestPause: 4 * time.Millisecond, Linger: time.Millisecond,
}

// launch starts a process on the world's database.
func (w *world) launch(change ...func(*Settings)) *process {
	hasher, err := fingerprint.New(programmeName, make([]byte, fingerprint.SecretLength))
	if err != nil {
		w.t.Fatal(err)
	}
	settings := Settings{
		Programme: programmeName, Member: programmeName, MSP: issuer, Lanes: 3, BatchMax: 50, Backlog: 10_000, Store: w.store, Ledger: w, Programmes: w, Disclosures: w, Records: w, Hasher: hasher,
		Signer: FileKey{w.key}, CustodianVersion: 1, Log: slog.New(slog.DiscardHandler), Metrics: prometheus.NewRegistry(),
		Pace: testPace, Now: w.now,
	}
	for _, f := range change {
		f(&settings)
	}
	p := &process{Sequencer: New(settings), world: w, ended: make(chan struct{})}
	w.mu.Lock()
	w.listeners = []func(projection.Outcome){p.Observe}
	w.mu.Unlock()
	ctx, cancel := context.WithCancel(context.Background())
	p.stop = cancel
	caughtUp := make(chan struct{})
	close(caughtUp)
	go func() {
		defer close(p.ended)
		_ = p.Run(ctx, caughtUp)
	}()
	return p
}

// kill ends a process where it stands. What it had sent stays sent; what it had written stays written.
func (p *process) kill() {
	p.stop()
	<-p.ended
	_ = p.world.store.Write(context.Background(), func(*store.Tx) error { return nil }) // What was handed to the database is in it or not, but nothing comes later.
}

// awaitReady waits until operations are accepted.
func (p *process) awaitReady() *process {
	p.world.t.Helper()
	eventually(p.world.t, "the sequencer to accept operations", func() bool {
		p.mu.Lock()
		defer p.mu.Unlock()
		return p.stage == ""
	})
	p.pass((mandateSeconds + 2) * time.Second) // Past the time in which custody waits for mandates of an earlier run to lapse.
	return p
}

func eventually(t testing.TB, what string, holds func() bool) {
	t.Helper()
	deadline := time.Now().Add(patience)
	for !holds() {
		if time.Now().After(deadline) {
			t.Fatalf("waited in vain for %s", what)
		}
		time.Sleep(time.Millisecond)
	}
}

// await waits for tickets to be done.
func await(t testing.TB, tickets ...Ticket) {
	t.Helper()
	limit := time.After(patience)
	for _, ticket := range tickets {
		select {
		case <-ticket.Done:
		case <-limit:
			t.Fatalf("operation %s isn't done", ticket.Operation.ID)
		}
	}
}

// awaitPassing waits for tickets while time passes as quickly as the sequencer gets something done.
func (p *process) awaitPassing(tickets ...Ticket) {
	p.world.t.Helper()
	eventually(p.world.t, "operations that wait for mandates to lapse", func() bool {
		for _, ticket := range tickets {
			select {
			case <-ticket.Done:
			default:
				p.pass(100 * time.Millisecond)
				return false
			}
		}
		return true
	})
}

// must accepts an intake.
func (p *process) must(in Intake) Ticket {
	p.world.t.Helper()
	ticket, err := p.Accept(context.Background(), in)
	if err != nil {
		p.world.t.Fatal(err)
	}
	return ticket
}

func opening() Intake {
	return Intake{
		Caller: "till", IdempotencyKey: random.Hex(8), Operation: points.Operation{Kind: points.KindOpen, Controller: &points.Controller{Kind: points.ControllerCustodian}},
	}
}

func earn(account points.AccountID, pounds int64, reference string) Intake {
	return Intake{
		Caller: "till", Operation: points.Operation{Kind: points.KindEarn, Account: account},
		Details: points.Details{
			AmountMinor: 100 * pounds, Currency: "GBP", OccurredAt: time.Now().UTC().Format(time.RFC3339), Merchant: "airline", Store: "s", Terminal: "t", Reference: reference,
		},
	}
}

func redeem(account points.AccountID, amount quantity.Points, reference string) Intake {
	return Intake{
		Caller: "till", Operation: points.Operation{Kind: points.KindRedeem, Account: account, Points: amount}, Custody: true,
		Details: points.Details{Merchant: "airline", Store: "s", Terminal: "t", Reference: reference, Challenge: "pin:00"},
	}
}

func transfer(from, to points.AccountID, amount quantity.Points, key string) Intake {
	return Intake{
		Caller: "app", IdempotencyKey: key, Operation: points.Operation{Kind: points.KindTransfer, Account: from, To: to, Points: amount}, Custody: true,
		Details: points.Details{Challenge: "pin:00"},
	}
}

func hold(account points.AccountID, amount quantity.Points, until int64, reference string) Intake {
	in := redeem(account, amount, reference)
	in.Operation.Kind, in.Operation.Until = points.KindHold, until
	return in
}

// capture is by the till that holds.
func capture(account points.AccountID, held points.OperationID, amount quantity.Points, reference string) Intake {
	in := redeem(account, amount, reference)
	in.Operation.Kind, in.Operation.Hold, in.Custody = points.KindCapture, held, false
	return in
}

// adjust is under the id by which it was approved.
func adjust(id points.OperationID, account points.AccountID, amount quantity.Points) Intake {
	return Intake{
		Caller: "office", IdempotencyKey: string(id),
		Operation: points.Operation{ID: id, Kind: points.KindAdjust, Account: account, Points: amount, Reason: points.ReasonGoodwill}, Details: points.Details{Note: "sorry"},
	}
}

// signed is what custody signs outside a till.
func signed(o points.Operation) Intake {
	return Intake{Caller: "app", IdempotencyKey: random.Hex(8), Operation: o, Details: points.Details{Challenge: "pin:00"}, Custody: true}
}

// opened opens accounts and waits for them.
func (p *process) opened(n int) []points.AccountID {
	p.world.t.Helper()
	var ids []points.AccountID
	for range n {
		ticket := p.must(opening())
		await(p.world.t, ticket)
		ids = append(ids, ticket.Operation.Account)
	}
	return ids
}

// pass lets time pass for a process.
func (p *process) pass(d time.Duration) {
	p.world.ahead.Add(int64(d))
	p.wake()
}
