package sequencer

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/lots"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/quantity"
	"github.com/tallystick/tallystick/chaincode/wire"
	"github.com/tallystick/tallystick/gateway/config"
	"github.com/tallystick/tallystick/gateway/ledger"
)

// monthly lets points live for a month, and takes purchases of any age.
func monthly(p *points.Programme) {
	p.Terms[0].Expiry, p.Terms[0].MaxReceiptAgeDays = lots.Expiry{Kind: lots.Rolling, Months: 1}, 3660
}

func (p *process) sweeper(change ...func(*Sweeper)) *Sweeper {
	s := &Sweeper{
		Programme: programmeName, Programmes: p.world, Dues: p.world, Sequencer: p.Sequencer, Log: slog.New(slog.DiscardHandler),
		Settings: config.Sweep{Interval: time.Millisecond, Outstanding: 4, Backlog: 10},
	}
	for _, f := range change {
		f(s)
	}
	return s
}

// mustRound runs one round and gives the number of accounts that it swept.
func (s *Sweeper) mustRound(t *testing.T) int {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	n, err := s.round(ctx)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func (w *world) expiries() (accepted, rejected int) {
	for _, r := range w.receipts() {
		switch {
		case r.Kind != points.KindExpire:
		case r.Code == fault.OK:
			accepted++
		default:
			rejected++
		}
	}
	return accepted, rejected
}

// metric is the value of a counter or a gauge without labels.
func (p *process) metric(name string) float64 {
	families, err := p.settings.Metrics.(*prometheus.Registry).Gather()
	if err != nil {
		p.world.t.Fatal(err)
	}
	for _, f := range families {
		if f.GetName() == name {
			m := f.GetMetric()[0]
			return m.GetCounter().GetValue() + m.GetGauge().GetValue()
		}
	}
	p.world.t.Fatalf("there is no metric %s", name)
	return 0
}

func TestWhatTheBusinessDateHasComeToIsExpiredInRoundsOfABoundedNumber(t *testing.T) {
	w, p, ids := startFunded(t, 10, monthly)
	s := p.sweeper()
	if n := s.mustRound(t); n != 0 {
		t.Errorf("%d accounts were swept before anything was due", n)
	}
	w.advance(32)
	rounds := []int{s.mustRound(t), s.mustRound(t), s.mustRound(t), s.mustRound(t)}
	if fmt.Sprint(rounds) != "[4 4 2 0]" {
		t.Errorf("rounds swept %v accounts, want 4, 4, 2 and none", rounds)
	}
	for _, id := range ids {
		if got := w.posted(id); got != 0 {
			t.Errorf("account %s has %d points left", id, got)
		}
	}
	if accepted, rejected := w.expiries(); accepted != 10 || rejected != 0 {
		t.Errorf("%d expiries were accepted and %d refused, want 10 and none", accepted, rejected)
	}
	if got := p.metric("tally_sweep_accounts_total"); got != 10 {
		t.Errorf("the metrics count %v accounts", got)
	}
}

func TestAHoldIsLetGoWhenItsTimeIsOver(t *testing.T) {
	w, p, ids := startFunded(t, 2)
	s := p.sweeper()
	for i, seconds := range []time.Duration{100, 1000} {
		p.done(hold(ids[0], 10, w.now().Add(seconds*time.Second).Unix(), fmt.Sprint("hold ", i)))
	}
	if n := s.mustRound(t); n != 0 {
		t.Errorf("%d accounts were swept before a hold lapsed", n)
	}
	for _, left := range []quantity.Points{10, 0} {
		p.pass(600 * time.Second)
		if n := s.mustRound(t); n != 1 {
			t.Errorf("%d accounts were swept, want 1", n)
		}
		if got := w.account(ids[0]); got.Held != left || got.Posted != 100 {
			t.Errorf("the account holds %d of %d points, want %d of 100", got.Held, got.Posted, left)
		}
	}
}

func TestAnAccountOnWhichPointsAndAHoldAreDueIsSweptOnce(t *testing.T) {
	w, p, ids := startFunded(t, 1, monthly)
	p.done(hold(ids[0], 10, w.now().Add(time.Minute).Unix(), "hold"))
	w.advance(32)
	p.pass(time.Hour)
	s := p.sweeper()
	if rounds := []int{s.mustRound(t), s.mustRound(t)}; fmt.Sprint(rounds) != "[1 0]" {
		t.Errorf("rounds swept %v accounts, want 1 and none", rounds)
	}
	if accepted, rejected := w.expiries(); accepted != 1 || rejected != 0 || w.account(ids[0]).Posted != 0 {
		t.Errorf("%d expiries were accepted and %d refused; the account is %+v", accepted, rejected, w.account(ids[0]))
	}
}

func TestTheSweepMakesWayForBusyTills(t *testing.T) {
	w, p, ids := startFunded(t, 12, monthly)
	s := p.sweeper()
	w.advance(32)
	var jammed sync.WaitGroup
	jammed.Add(1)
	w.setFaults(func(*wire.BatchRequest) error { jammed.Wait(); return nil }, nil)
	var tickets []Ticket
	for i := range s.Settings.Backlog + 1 {
		tickets = append(tickets, p.must(earn(ids[i], 1, fmt.Sprint("e", i))))
	}
	if n := s.mustRound(t); n != 0 {
		t.Errorf("%d accounts were swept while %d operations waited", n, len(tickets))
	}
	if got := p.metric("tally_sweep_postponed_total"); got != 1 {
		t.Errorf("%v rounds are counted as postponed, want 1", got)
	}
	jammed.Done()
	await(t, tickets...)
	if n := s.mustRound(t); n != 1 {
		t.Errorf("%d accounts were swept, want the one that nobody touched", n)
	}
}

func TestTheSweepWaitsWhileBatchesFail(t *testing.T) {
	w, p, ids := startFunded(t, 3, monthly)
	s := p.sweeper()
	w.advance(32)
	w.setFaults(func(*wire.BatchRequest) error {
		return &ledger.Failure{Class: ledger.Refused, Code: fault.Forbidden, Text: "no role"}
	}, nil)
	ticket := p.must(earn(ids[0], 1, "e"))
	eventually(t, "readiness to tell", func() bool { return p.Ready() != nil })
	if n := s.mustRound(t); n != 0 {
		t.Errorf("%d accounts were swept", n)
	}
	w.setFaults(nil, nil)
	await(t, ticket)
	eventually(t, "readiness to recover", func() bool { return p.Ready() == nil })
	if n := s.mustRound(t); n != 2 {
		t.Errorf("%d accounts were swept, want the two that nobody touched", n)
	}
}

func TestARestartedSweepAsksForNothingTwice(t *testing.T) {
	w, p, _ := startFunded(t, 3, monthly)
	p.kill()
	w.advance(32)
	oneByOne := func(s *Settings) { s.Lanes, s.BatchMax = 1, 1 }
	first := w.launch(oneByOne).awaitReady()
	g := newGate()
	w.setFaults(func(*wire.BatchRequest) error { g.wait(); return unavailable() }, nil)
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { _, err := first.sweeper().round(ctx); ended <- err }()
	<-g.reached
	cancel()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Fatalf("the round ended with %v", err)
	}
	first.killAt(g)
	jam := newGate()
	var decided atomic.Int32
	w.setFaults(func(r *wire.BatchRequest) error { // The pinned expiry goes through, the others wait.
		if len(r.Operations) > 0 && decided.Add(1) > 1 {
			jam.wait()
		}
		return nil
	}, nil)
	again := w.launch(oneByOne).awaitReady()
	t.Cleanup(again.kill)
	<-jam.reached
	swept := make(chan int, 1)
	go func() { n, _ := again.sweeper().round(context.Background()); swept <- n }()
	eventually(t, "the second sweep to ask", func() bool { return again.metric("tally_sweep_outstanding") > 0 })
	close(jam.proceed)
	if n := <-swept; n != 2 {
		t.Errorf("the second sweep waited for %d expiries, want the two that were under way", n)
	}
	if accepted, rejected := w.expiries(); accepted != 3 || rejected != 0 {
		t.Errorf("%d expiries were accepted and %d refused, want 3 and none", accepted, rejected)
	}
}

// forgetful says that these accounts are due, whatever happens.
type forgetful []points.AccountID

func (f forgetful) Due(_ context.Context, _ string, day quantity.Day, _ int64, limit int) ([]points.AccountID, error) {
	if day == 0 {
		return nil, nil
	}
	return f[:min(limit, len(f))], nil
}

func TestWhatStaysDueIsSweptOnceADateAndKeepsNothingElseFromBeingSwept(t *testing.T) {
	w, p, ids := startFunded(t, 8, monthly)
	w.advance(32)
	s := p.sweeper(func(s *Sweeper) { s.Dues = forgetful(ids) })
	for range 6 {
		s.mustRound(t)
	}
	if accepted, rejected := w.expiries(); accepted != 8 || rejected != 0 {
		t.Errorf("%d expiries were accepted and %d refused, want 8 and none", accepted, rejected)
	}
	if got := p.metric("tally_sweep_left"); got != 8 {
		t.Errorf("%v accounts are shown as left, want 8", got)
	}
	w.advance(1)
	s.mustRound(t)
	if _, rejected := w.expiries(); rejected != 4 {
		t.Errorf("on the next date %d accounts were tried again, want a round of 4", rejected)
	}
}

func TestTheSweepRunsUntilItIsEnded(t *testing.T) {
	w, p, ids := startFunded(t, 9, monthly)
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- p.sweeper().Run(ctx) }()
	w.advance(32)
	eventually(t, "everything to be swept", func() bool { accepted, _ := w.expiries(); return accepted == len(ids) })
	cancel()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Errorf("it ended with %v", err)
	}
}
