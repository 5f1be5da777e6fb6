package projection

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

type metrics struct {
	blocks   prometheus.Counter
	receipts prometheus.Counter
	seconds  prometheus.Histogram
	taken    *prometheus.GaugeVec
}

func newMetrics(registry prometheus.Registerer, p *Projection) *metrics {
	m := &metrics{
		blocks:   prometheus.NewCounter(prometheus.CounterOpts{Name: "tally_projection_blocks_total", Help: "Blocks written to the database."}),
		receipts: prometheus.NewCounter(prometheus.CounterOpts{Name: "tally_projection_receipts_total", Help: "Receipts written to the database."}),
		seconds: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "tally_projection_write_seconds", Help: "Time of one write to the database, which may hold several blocks.",
			Buckets: prometheus.ExponentialBuckets(0.001, 2, 12),
		}),
	}
	m.taken = prometheus.NewGaugeVec(prometheus.GaugeOpts{
		Name: "tally_clearing_limit_taken_percent", Help: "What a brand owes another and reserves, of what the brands allow: warned from 80 on, critical from 95 on.",
	}, []string{"debtor", "creditor", "currency"})
	height := prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "tally_projection_height", Help: "Number of blocks that the database holds."},
		func() float64 { projected, _ := p.Height(); return float64(projected) })
	lag := prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "tally_projection_lag_blocks", Help: "Blocks that the peer is known to have and the database hasn't."},
		func() float64 { projected, ledger := p.Height(); return float64(ledger - projected) })
	registry.MustRegister(m.blocks, m.receipts, m.seconds, m.taken, height, lag)
	return m
}

func (m *metrics) wrote(blocks, receipts int, d time.Duration) {
	m.blocks.Add(float64(blocks))
	m.receipts.Add(float64(receipts))
	m.seconds.Observe(d.Seconds())
}
