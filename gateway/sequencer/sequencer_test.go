package sequencer

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/tallystick/tallystick/chaincode/engine"
	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/quantity"
	"github.com/tallystick/tallystick/chaincode/wire"
	"github.com/tallystick/tallystick/gateway/ledger"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// once gives a fault on the first batch with operations, and nothing after it.
func once(f fate) func(*wire.BatchRequest) fate {
	var used atomic.Bool
	return func(r *wire.BatchRequest) fate {
		if len(r.Operations) == 0 || used.Swap(true) {
			return committed
		}
		return f
	}
}

func start(t *testing.T, change ...func(*Settings)) (*world, *process) {
	w := newWorld(t)
	p := w.launch(change...).awaitReady()
	t.Cleanup(p.kill)
	return w, p
}

func TestEveryFateOfASubmissionEndsWithTheOperationDecidedOnce(t *testing.T) {
	for name, f := range map[string]fate{
		"committed": committed, "committed, but the answer is lost": lostAnswer, "lost, though it was acknowledged": lost,
		"refused by the ordering service": refusedAck, "invalidated by a conflict": conflicting,
	} {
		t.Run(name, func(t *testing.T) {
			w, p := start(t)
			account := p.opened(1)[0]
			w.setFaults(nil, once(f))
			ticket := p.must(earn(account, 7, "r1"))
			await(t, ticket)
			w.decidedOnce(ticket.Operation.ID)
			if got := w.posted(account); got != 7 {
				t.Errorf("the account has %d points, want 7", got)
			}
		})
	}
}

func TestAConflictIsTriedAgainAsSoonAsItsBlockTells(t *testing.T) {
	w, p := start(t, func(s *Settings) { s.Pace.Block, s.Pace.LongestBlock = time.Hour, time.Hour })
	account := p.opened(1)[0]
	w.setFaults(nil, once(conflicting))
	await(t, p.must(earn(account, 7, "r1")))
}

func TestAnAttemptThoughtLostThatIsCommittedLateCountsOnce(t *testing.T) {
	w, p := start(t)
	account := p.opened(1)[0]
	var attempts atomic.Int32
	w.setFaults(nil, func(r *wire.BatchRequest) fate {
		if len(r.Operations) > 0 && attempts.Add(1) <= 2 {
			return held
		}
		return committed
	})
	ticket := p.must(earn(account, 7, "r1"))
	eventually(t, "a second attempt to be held back", func() bool { return attempts.Load() >= 2 })
	w.release()
	await(t, ticket)
	w.release()
	w.decidedOnce(ticket.Operation.ID)
	if got := w.posted(account); got != 7 {
		t.Errorf("the account has %d points, want 7", got)
	}
}

func TestEndorsementFailuresAreTriedAgainWithTheSamePin(t *testing.T) {
	for _, class := range []ledger.Class{ledger.Retry, ledger.CoEndorser, ledger.LaneMoved, ledger.Fatal} {
		t.Run(string(class), func(t *testing.T) {
			w, p := start(t)
			account := p.opened(1)[0]
			var places []string
			failures := 0
			w.setFaults(func(r *wire.BatchRequest) error {
				places = append(places, fmt.Sprint(r.Lane, r.Seq, len(r.Operations)))
				if failures++; failures <= 7 {
					return &ledger.Failure{Class: class, Code: fault.LedgerUnavailable, Text: "on demand"}
				}
				return nil
			}, nil)
			ticket := p.must(earn(account, 7, "r1"))
			await(t, ticket)
			w.decidedOnce(ticket.Operation.ID)
			for _, place := range places {
				if place != places[0] {
					t.Errorf("attempts were made at %v", places)
				}
			}
		})
	}
}

func TestALastingFailureShowsInReadinessUntilItIsOver(t *testing.T) {
	w, p := start(t)
	account := p.opened(1)[0]
	var broken atomic.Bool
	broken.Store(true)
	w.setFaults(func(*wire.BatchRequest) error {
		if broken.Load() {
			return &ledger.Failure{Class: ledger.Refused, Code: fault.Forbidden, Text: "no role"}
		}
		return nil
	}, nil)
	ticket := p.must(earn(account, 7, "r1"))
	eventually(t, "readiness to tell", func() bool { return fault.CodeOf(p.Ready()) == fault.NotReady })
	broken.Store(false)
	await(t, ticket)
	eventually(t, "readiness to recover", func() bool { return p.Ready() == nil })
}

func TestAnOperationThatNoBatchCanCarryEndsAloneAndTheOthersGoOn(t *testing.T) {
	w, p := start(t, func(s *Settings) { s.Lanes = 1 })
	accounts := p.opened(9)
	var poison atomic.Value
	poison.Store(points.AccountID(""))
	var holding atomic.Bool
	holding.Store(true)
	w.setFaults(func(r *wire.BatchRequest) error {
		if holding.Load() {
			return unavailable()
		}
		for _, o := range r.Operations {
			if o.Account == poison.Load().(points.AccountID) {
				return &ledger.Failure{Class: ledger.Refused, Code: fault.InvalidValue, Text: "on demand"}
			}
		}
		return nil
	}, nil)
	poison.Store(accounts[4])
	first := p.must(earn(accounts[8], 1, "first"))
	var tickets []Ticket
	for i, a := range accounts[:8] {
		tickets = append(tickets, p.must(earn(a, 7, fmt.Sprint("r", i))))
	}
	holding.Store(false)
	await(t, append(tickets, first)...)
	for i, ticket := range tickets {
		o, err := w.store.Operation(context.Background(), ticket.Operation.ID)
		if err != nil {
			t.Fatal(err)
		}
		want := fault.OK
		if i == 4 {
			want = fault.InvalidValue
		}
		if o.Code != want {
			t.Errorf("operation %d ended with %s, want %s", i, o.Code, want)
		}
	}
}

func TestOperationsOnOneAccountKeepTheirOrder(t *testing.T) {
	w, p := start(t)
	accounts := p.opened(2)
	var all []Intake
	for i := range 40 {
		all = append(all, earn(accounts[i%2], 1, fmt.Sprint("e", i)), redeem(accounts[i%2], 1, fmt.Sprint("d", i)))
		if i%10 == 0 {
			all = append(all, earn(accounts[0], 5, fmt.Sprint("x", i)), transfer(accounts[0], accounts[1], 5, fmt.Sprint("t", i)), redeem(accounts[1], 5, fmt.Sprint("y", i)))
		}
	}
	results := p.AcceptAll(context.Background(), all)
	rank := map[points.OperationID]int{}
	var tickets []Ticket
	for i, r := range results {
		if r.Err != nil {
			t.Fatal(r.Err)
		}
		rank[r.Ticket.Operation.ID] = i
		tickets = append(tickets, r.Ticket)
	}
	p.awaitPassing(tickets...)
	last := map[points.AccountID]int{}
	for _, r := range w.receipts() {
		n, ok := rank[r.Operation]
		if !ok {
			continue
		}
		for _, id := range []points.AccountID{r.Account, r.To} {
			if id != "" && last[id] > n {
				t.Errorf("operation %d on %s came after operation %d", n, id, last[id])
			}
			last[id] = n
		}
		if r.Code != fault.OK {
			t.Errorf("operation %d was refused with %s", n, r.Code)
		}
	}
}

func TestCustodyNeverHasMoreLiveMandatesThanAnAccountRemembers(t *testing.T) {
	w, p := start(t)
	account := p.opened(1)[0]
	await(t, p.must(earn(account, 1000, "fund")))
	var all []Intake
	for i := range 2*points.MaxUsedAuthorisations + 5 {
		all = append(all, redeem(account, 1, fmt.Sprint("d", i)))
	}
	var tickets []Ticket
	for _, r := range p.AcceptAll(context.Background(), all) {
		if r.Err != nil {
			t.Fatal(r.Err)
		}
		tickets = append(tickets, r.Ticket)
	}
	p.awaitPassing(tickets...)
	if codes := w.codes(); len(codes) != 1 || codes[0] != fault.OK {
		t.Errorf("codes are %v, want OK only", codes)
	}
	if got, want := w.posted(account), quantity.Points(1000-2*points.MaxUsedAuthorisations-5); got != want {
		t.Errorf("the account has %d points, want %d", got, want)
	}
}

func TestACustodyReturnIsSignedForWhatItTakesBack(t *testing.T) {
	w, p := start(t)
	account := p.opened(1)[0]
	await(t, p.must(earn(account, 10, "r1")))
	in := earn(account, 4, "r2")
	in.Operation.Kind, in.Custody = points.KindReturn, true
	await(t, p.must(in))
	if got := w.posted(account); got != 6 {
		t.Errorf("the account has %d points, want 6; codes %v", got, w.codes())
	}
}

func TestABusyAccountFillsBatches(t *testing.T) {
	w, p := start(t)
	account := p.opened(1)[0]
	before := len(w.chain)
	var all []Intake
	for i := range 500 {
		all = append(all, earn(account, 1, fmt.Sprint("r", i)))
	}
	for _, r := range p.AcceptAll(context.Background(), all) {
		if r.Err != nil {
			t.Fatal(r.Err)
		}
		await(t, r.Ticket)
	}
	if got := len(w.chain) - before; got != 10 {
		t.Errorf("500 operations took %d batches of at most 50, want 10", got)
	}
	for _, b := range w.chain {
		if b.code != 0 {
			t.Errorf("a batch was invalidated: %s", b.code)
		}
	}
}

func TestAShopThatManyCustomersVisitIsInOneBatchAtATime(t *testing.T) {
	w, p := start(t, func(s *Settings) { s.BatchMax = 5 })
	w.put(engine.ShopKey("corner"), points.Shop{
		V: 1, ID: "corner", DisplayName: "Corner shop", Sponsor: issuer, Status: points.ShopOpen, AwardPerDay: 100, AcceptPerDay: 10,
	})
	var all []Intake
	for i, id := range p.opened(10) {
		all = append(all, atShop(earn(id, 9, fmt.Sprint("e", i))), atShop(redeem(id, 2, fmt.Sprint("r", i))))
	}
	g := newGate()
	w.setFaults(func(*wire.BatchRequest) error { g.wait(); return nil }, nil)
	results := p.AcceptAll(context.Background(), all)
	<-g.reached
	p.mu.Lock()
	flying := p.inFlight
	p.mu.Unlock()
	if flying != 1 {
		t.Errorf("%d batches with the shop are under way", flying)
	}
	close(g.proceed)
	for _, r := range results {
		if r.Err != nil {
			t.Fatal(r.Err)
		}
		p.awaitPassing(r.Ticket)
	}
	var shop points.Shop
	if w.get(engine.ShopKey("corner"), &shop); shop.Awarded != 90 || shop.Accepted != 10 {
		t.Errorf("the shop awarded %d and accepted %d points, want 90 and 10", shop.Awarded, shop.Accepted)
	}
}

// atShop moves a till's operation to the corner shop.
func atShop(in Intake) Intake {
	in.Operation.Shop, in.Details.Merchant = "corner", "corner"
	return in
}
