package bench

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"github.com/tallystick/tallystick/chaincode/fault"
)

// Latencies are kept from 0.1 ms to 5 min with three digits.
const (
	latencyUnit     = 100 * time.Microsecond
	longestLatency  = int64(5 * time.Minute / latencyUnit)
	latencyAccuracy = 3
)

// Measurement is the outcome of one kind of load.
type Measurement struct {
	Name      string         `json:"name"`
	Clients   int            `json:"clients"`
	Committed int            `json:"committed"` // Operations that the ledger applied.
	Failed    map[string]int `json:"failed"`    // Operations that it didn't, by code.
	Retried   int            `json:"retried"`   // Attempts of transactions that had to be made again.
	Seconds   float64        `json:"seconds"`
	PerSecond float64        `json:"perSecond"`
	P50       float64        `json:"p50Millis"`
	P95       float64        `json:"p95Millis"`
	P99       float64        `json:"p99Millis"`
	Max       float64        `json:"maxMillis"`
}

// FailedTotal counts failures of all codes.
func (m *Measurement) FailedTotal() int {
	n := 0
	for _, count := range m.Failed {
		n += count
	}
	return n
}

// meter collects while a load runs.
type meter struct {
	end       time.Time // When the load is over.
	mu        sync.Mutex
	latency   *hdrhistogram.Histogram
	committed int
	failed    map[string]int
	retried   atomic.Int64
}

func newMeter(end time.Time) *meter {
	return &meter{end: end, latency: hdrhistogram.New(1, longestLatency, latencyAccuracy), failed: map[string]int{}}
}

// over says that no further attempt should begin.
func (m *meter) over() bool { return time.Now().After(m.end) }

// done counts an operation that was sent at began and is answered now.
func (m *meter) done(began time.Time, code fault.Code) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if code != fault.OK {
		m.failed[string(code)]++
		return
	}
	m.committed++
	_ = m.latency.RecordValue(min(max(int64(time.Since(began)/latencyUnit), 1), longestLatency))
}

func (m *meter) measurement(name string, clients int, took time.Duration) Measurement {
	millis := func(q float64) float64 {
		return float64(m.latency.ValueAtQuantile(q)) * float64(latencyUnit) / float64(time.Millisecond)
	}
	return Measurement{
		Name: name, Clients: clients, Committed: m.committed, Failed: m.failed, Retried: int(m.retried.Load()), Seconds: took.Seconds(),
		PerSecond: float64(m.committed) / took.Seconds(), P50: millis(50), P95: millis(95), P99: millis(99), Max: millis(100),
	}
}

// step is what a client does again and again.
type step func(ctx context.Context, m *meter) error

// saturate runs clients that each take one step after the other until the time is up, and counts what they finished. Each takes one at least: a machine that is busy
// with something else may give a client its turn only when the time is up. The first error ends the measurement: a load that can't run says nothing.
func saturate(ctx context.Context, name string, duration time.Duration, clients []step) (Measurement, error) {
	began := time.Now()
	m := newMeter(began.Add(duration))
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var all sync.WaitGroup
	for _, client := range clients {
		all.Go(func() {
			for first := true; (first || !m.over()) && ctx.Err() == nil; first = false {
				if err := client(ctx, m); err != nil {
					cancel(err)
				}
			}
		})
	}
	all.Wait()
	return m.measurement(name, len(clients), time.Since(began)), failure(ctx)
}

// paced starts a step at a steady rate, one at least, whether or not earlier ones have ended.
func paced(ctx context.Context, name string, duration time.Duration, perSecond int, s step) (Measurement, error) {
	began := time.Now()
	m := newMeter(began.Add(duration))
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	ticker := time.NewTicker(time.Second / time.Duration(perSecond))
	defer ticker.Stop()
	var all sync.WaitGroup
	for first := true; (first || !m.over()) && ctx.Err() == nil; first = false {
		select {
		case <-ticker.C:
		case <-ctx.Done():
			continue
		}
		all.Go(func() {
			if err := s(ctx, m); err != nil {
				cancel(err)
			}
		})
	}
	sent := time.Since(began)
	all.Wait()
	return m.measurement(name, perSecond, sent), failure(ctx)
}

func failure(ctx context.Context) error {
	err := context.Cause(ctx)
	if err == nil || errors.Is(err, context.Canceled) && ctx.Err() == nil {
		return nil
	}
	return err
}
