package audit

import (
	"context"
	"fmt"
	"iter"
	"syscall"
	"testing"
	"time"

	"github.com/tallystick/tallystick/chaincode/clearing"
	"github.com/tallystick/tallystick/gateway/blocks"
	"github.com/tallystick/tallystick/gateway/checkpoint"
	"github.com/tallystick/tallystick/gateway/ledgertest"
)

// BenchmarkAudit measures the whole audit of blocks in memory, for large batches and for one operation a transaction.
func BenchmarkAudit(b *testing.B) {
	for _, c := range []struct{ batches, size, perBlock int }{{20, 500, 2}, {2000, 1, 50}} {
		b.Run(fmt.Sprintf("%d-batches-of-%d", c.batches, c.size), func(b *testing.B) {
			l := ledgertest.New(b, "airline", "hotel")
			l.Found()
			airline := l.Create(0)
			accounts := make([]ledgertest.Item, 500)
			for i := range accounts {
				accounts[i] = airline.Open()
			}
			airline.Batch(0, accounts)
			l.Cut()
			for n := range c.batches {
				items := make([]ledgertest.Item, c.size)
				for i := range items {
					// The batches of one block touch different accounts and lanes, as a gateway's do.
					items[i] = airline.Earn(accounts[(n*c.size+i)%len(accounts)].Operation.Account, 1000)
				}
				airline.Batch(n%c.perBlock, items)
				if (n+1)%c.perBlock == 0 || c.size == len(accounts) {
					l.Cut()
				}
			}
			used := time.Duration(0)
			var s *Statement
			for b.Loop() {
				before := cpuTime(b)
				auditor := New(Options{})
				err := auditor.Blocks(context.Background(), l.Blocks(context.Background(), 0, l.Height()-1, blocks.WithPrivate))
				if s, err = auditor.Finish(err); err != nil || s.Verdict != VerdictPassed {
					b.Fatalf("%v, %v", err, s.Finding)
				}
				used += cpuTime(b) - before
			}
			rounds, cpu := float64(b.N), used.Seconds()
			b.ReportMetric(rounds*float64(s.Transactions)/cpu, "tx/cpu-s")
			b.ReportMetric(rounds*float64(s.Programmes[0].Receipts)/cpu, "receipts/cpu-s")
		})
	}
}

// BenchmarkAuditOfCrossBrandBatches measures the audit of swaps, as a node sees them that holds the pair's data and as one that doesn't.
func BenchmarkAuditOfCrossBrandBatches(b *testing.B) {
	const batches, size = 40, 50
	m := tradeAmong(b, "airline", "grocer", "hotel")
	for n := range batches {
		items := make([]ledgertest.Item, size)
		for i := range items {
			items[i] = m.airline.AwardBy("hotel", m.flyer, 10)
		}
		m.pair.Exchange(m.airline, m.hotel.Brand, n%clearing.PairLanes, items)
		m.Cut()
	}
	for name, hidden := range map[string][]string{"full": nil, "public": {m.pair.Collection()}} {
		a := m.saved(b, hidden...)
		b.Run(name, func(b *testing.B) {
			used := time.Duration(0)
			for b.Loop() {
				before := cpuTime(b)
				auditor := New(Options{})
				s, err := auditor.Finish(auditor.Blocks(context.Background(), a.Blocks(m.Height())))
				if err != nil || s.Verdict != VerdictPassed {
					b.Fatalf("%v, %v", err, s.Finding)
				}
				used += cpuTime(b) - before
			}
			b.ReportMetric(float64(b.N)*batches*size/used.Seconds(), "operations/cpu-s")
		})
	}
}

// cpuTime is what this process has used of the processors.
func cpuTime(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// BenchmarkAuditFromATrustedCheckpoint measures what is left to do of blocks that a checkpoint vouches for.
func BenchmarkAuditFromATrustedCheckpoint(b *testing.B) {
	const batches, size = 20, 500
	l := ledgertest.New(b, "airline", "hotel")
	l.Found()
	airline := l.Create(0)
	accounts := make([]ledgertest.Item, size)
	for i := range accounts {
		accounts[i] = airline.Open()
	}
	airline.Batch(0, accounts)
	l.Cut()
	for range batches {
		items := make([]ledgertest.Item, size)
		for i := range items {
			items[i] = airline.Earn(accounts[i].Operation.Account, 1000)
		}
		airline.Batch(0, items)
		l.Cut()
	}
	whole := New(Options{})
	source := func() iter.Seq2[blocks.Delivered, error] {
		return l.Blocks(context.Background(), 0, l.Height()-1, blocks.WithPrivate)
	}
	if s, err := whole.Finish(whole.Blocks(context.Background(), source())); err != nil || s.Verdict != VerdictPassed {
		b.Fatal(err)
	}
	signed, err := whole.Checkpoint()
	if err != nil {
		b.Fatal(err)
	}
	for name, o := range map[string]Options{"whole": {}, "trusted": {Checkpoints: []*checkpoint.Body{signed}, Trusted: signed.Height}} {
		b.Run(name, func(b *testing.B) {
			used := time.Duration(0)
			for b.Loop() {
				before := cpuTime(b)
				auditor := New(o)
				if s, err := auditor.Finish(auditor.Blocks(context.Background(), source())); err != nil || s.Verdict != VerdictPassed {
					b.Fatalf("%v, %v", err, s.Finding)
				}
				used += cpuTime(b) - before
			}
			b.ReportMetric(float64(b.N)*batches*size/used.Seconds(), "operations/cpu-s")
		})
	}
}
