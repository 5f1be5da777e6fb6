package audit

import (
	"context"
	"fmt"
	"syscall"
	"testing"
	"time"

	"github.com/tallystick/tallystick/gateway/blocks"
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

// cpuTime is what this process has used of the processors.
func cpuTime(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
