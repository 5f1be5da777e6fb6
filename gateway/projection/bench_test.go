package projection

import (
	"context"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/tallystick/tallystick/gateway/blocks"
	"github.com/tallystick/tallystick/gateway/ledgertest"
	"github.com/tallystick/tallystick/gateway/store"
)

const (
	benchBatches = 8
	benchBatch   = 500
)

// BenchmarkProject measures one receipt's way from a delivered block into the database: for a reader, for the programme's own gateway, whose outbox is
// ended on the way, and for one that has lost its outbox and recovers it.
func BenchmarkProject(b *testing.B) {
	l := ledgertest.New(b, "airline", "hotel")
	l.Found()
	airline := l.Create(0)
	accounts := make([]ledgertest.Item, benchBatch)
	for i := range accounts {
		accounts[i] = airline.Open()
	}
	airline.Batch(0, accounts)
	l.Cut()
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
	for name, o := range map[string]owner{"reader": {}, "owner": {"airline", "AirlineMSP"}, "recovery": {"airline", "AirlineMSP"}} {
		b.Run(name, func(b *testing.B) {
			receipts, used := 0, time.Duration(0)
			for b.Loop() {
				b.StopTimer()
				s := benchStore(b)
				if name == "owner" {
					benchAccept(b, l, s, all)
				}
				b.StartTimer()
				before := cpuTime(b)
				for n := first; n < l.Height(); n++ {
					receipts += benchBlock(b, s, l.Block(n), o)
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
		})
	}
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

func benchBlock(b *testing.B, s *store.Store, d blocks.Delivered, o owner) int {
	block, err := d.Decode()
	if err != nil {
		b.Fatal(err)
	}
	e := newEffects(o)
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
			ID: item.Operation.ID, Kind: item.Operation.Kind, Account: item.Operation.Account, Natural: item.Details.Natural, Idempotency: item.Details.Idempotency,
			Request: item.Details.Request, Document: l.Encode(item.Operation), Details: l.Encode(item.Details),
		}
	}
	if _, err := s.AcceptOperations(context.Background(), 1, all, func([]store.Admission) {}, func() {}); err != nil {
		b.Fatal(err)
	}
}
