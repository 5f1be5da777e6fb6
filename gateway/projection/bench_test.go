package projection

import (
	"context"
	"math/rand/v2"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/tallystick/tallystick/chaincode/lots"
	"github.com/tallystick/tallystick/chaincode/quantity"
	"github.com/tallystick/tallystick/chaincode/terms"
	"github.com/tallystick/tallystick/gateway/blocks"
	"github.com/tallystick/tallystick/gateway/ledgertest"
	"github.com/tallystick/tallystick/gateway/store"
)

const (
	benchBatches = 8
	benchBatch   = 500
)

// BenchmarkProject measures one accrual's way from a delivered block into the database: for a reader, for the programme's own gateway, whose outbox is
// ended on the way, and for one that has lost its outbox and recovers it.
func BenchmarkProject(b *testing.B) {
	l := ledgertest.New(b, "airline", "hotel")
	l.Found()
	airline := l.Create(0)
	accounts := benchAccounts(l, airline)
	first := l.Height()
	var all []ledgertest.Item
	for n := range benchBatches {
		items := make([]ledgertest.Item, benchBatch)
		for i := range items {
			items[i] = airline.Earn(accounts[i].Operation.Account, int64(1000+n))
		}
		airline.Batch(0, items)
		l.Cut()
		all = append(all, items...)
	}
	for name, o := range map[string]owner{"reader": {}, "owner": issuer, "recovery": issuer} {
		b.Run(name, func(b *testing.B) {
			benchProjection(b, l, first, o, func(s *store.Store) {
				if name == "owner" {
					benchAccept(b, l, s, all)
				}
			})
		})
	}
}

// BenchmarkProjectSpending measures what the running sums cost where they cost most: accounts have been awarded points on days of their own, up to a year ago, which expire
// to the day, so that a batch of redemptions changes hundreds of sums.
func BenchmarkProjectSpending(b *testing.B) {
	const days = 365
	l := ledgertest.New(b, "airline", "hotel")
	l.Found()
	airline := l.Create(0, func(t *terms.Terms) { t.Expiry = lots.Expiry{Kind: lots.Rolling, Months: 24} })
	accounts := benchAccounts(l, airline)
	random := rand.New(rand.NewPCG(1, 2))
	earning := make([][]ledgertest.Item, days)
	for range benchBatches {
		for _, a := range accounts {
			day := random.IntN(days)
			earning[day] = append(earning[day], a)
		}
	}
	for day, list := range earning {
		airline.AdvanceTo(quantity.DayOf(ledgertest.Start) + 1 + quantity.Day(day))
		for i, a := range list {
			list[i] = airline.Earn(a.Operation.Account, 1000)
		}
		airline.Batch(0, list)
		l.Cut()
	}
	first := l.Height()
	for range benchBatches {
		items := make([]ledgertest.Item, benchBatch)
		for i := range items {
			items[i] = airline.Redeem(accounts[i].Operation.Account, 10)
		}
		airline.Batch(0, items)
		l.Cut()
	}
	benchProjection(b, l, first, owner{}, func(*store.Store) {})
}

// benchAccounts opens accounts.
func benchAccounts(l *ledgertest.Ledger, p *ledgertest.Programme) []ledgertest.Item {
	accounts := make([]ledgertest.Item, benchBatch)
	for i := range accounts {
		accounts[i] = p.Open()
	}
	p.Batch(0, accounts)
	l.Cut()
	return accounts
}

// benchProjection measures the projection of the blocks from first on, by the receipt.
func benchProjection(b *testing.B, l *ledgertest.Ledger, first uint64, o owner, prepare func(*store.Store)) {
	receipts, used := 0, time.Duration(0)
	for b.Loop() {
		b.StopTimer()
		s := benchStore(b)
		programmes := known(b, s)
		for n := range first {
			benchBlock(b, s, l.Block(n), o, programmes)
		}
		prepare(s)
		b.StartTimer()
		before := cpuTime(b)
		for n := first; n < l.Height(); n++ {
			receipts += benchBlock(b, s, l.Block(n), o, programmes)
		}
		used += cpuTime(b) - before
		b.StopTimer()
		if err := s.Close(); err != nil {
			b.Fatal(err)
		}
		b.StartTimer()
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(receipts), "ns/receipt")
	b.ReportMetric(float64(used.Nanoseconds())/float64(receipts), "cpu-ns/receipt")
}

// cpuTime is what this process has used of the processors: what counts where four gateways share two of them.
func cpuTime(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func benchStore(b *testing.B) *store.Store {
	s, err := store.Open(context.Background(), filepath.Join(b.TempDir(), "g.db"))
	if err != nil {
		b.Fatal(err)
	}
	return s
}

func benchBlock(b *testing.B, s *store.Store, d blocks.Delivered, o owner, p programmes) int {
	block, err := d.Decode()
	if err != nil {
		b.Fatal(err)
	}
	e := newEffects(o, p)
	if err := e.add(block); err != nil {
		b.Fatal(err)
	}
	if err := s.Project(context.Background(), e.changes); err != nil {
		b.Fatal(err)
	}
	return e.receipts
}

func benchAccept(b *testing.B, l *ledgertest.Ledger, s *store.Store, items []ledgertest.Item) {
	all := make([]store.NewOperation, len(items))
	for i, item := range items {
		all[i] = store.NewOperation{
			ID: item.Operation.ID, Kind: item.Operation.Kind, Programme: "airline", Account: item.Operation.Account, Natural: item.Details.Natural, Idempotency: item.Details.Idempotency,
			Request: item.Details.Request, Document: l.Encode(item.Operation), Details: l.Encode(item.Details),
		}
	}
	if _, err := s.AcceptOperations(context.Background(), 1, all, func([]store.Admission) {}, func() {}); err != nil {
		b.Fatal(err)
	}
}
