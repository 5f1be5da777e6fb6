package sequencer

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/gateway/ledger"
)

// metrics are what operators watch. Labels come from bounded sets: kinds, codes, classes.
type metrics struct {
	acceptedTotal    *prometheus.CounterVec
	doneTotal        *prometheus.CounterVec
	retriesTotal     *prometheus.CounterVec
	batchOperations  prometheus.Histogram
	endorseSeconds   prometheus.Histogram
	operationSeconds prometheus.Histogram

	errandsTotal        *prometheus.CounterVec
	sweepTotal          prometheus.Counter
	sweepPostponedTotal prometheus.Counter
	sweepOutstanding    prometheus.Gauge
	sweepLeft           prometheus.Gauge
}

func newMetrics(registry prometheus.Registerer, s *Sequencer) *metrics {
	latency := prometheus.ExponentialBuckets(0.01, 2, 14)
	m := &metrics{
		acceptedTotal: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "tally_operations_accepted_total", Help: "Operations accepted."}, []string{"kind"}),
		doneTotal:     prometheus.NewCounterVec(prometheus.CounterOpts{Name: "tally_operations_done_total", Help: "Operations with an outcome."}, []string{"code"}),
		retriesTotal:  prometheus.NewCounterVec(prometheus.CounterOpts{Name: "tally_batch_retries_total", Help: "Attempts that did not succeed."}, []string{"class"}),
		batchOperations: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "tally_batch_operations", Help: "Operations in a batch.", Buckets: []float64{0, 1, 2, 5, 10, 20, 50, 100, 200, 500},
		}),
		endorseSeconds:   prometheus.NewHistogram(prometheus.HistogramOpts{Name: "tally_endorse_seconds", Help: "Time to endorse a batch.", Buckets: latency}),
		operationSeconds: prometheus.NewHistogram(prometheus.HistogramOpts{Name: "tally_operation_seconds", Help: "Time from acceptance to outcome.", Buckets: latency}),

		errandsTotal: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "tally_errands_total", Help: "Operations that the gateway had done by itself: folds, voids of lapsed holds at partners, refunds to partners.",
		}, []string{"errand"}),
		sweepTotal:          prometheus.NewCounter(prometheus.CounterOpts{Name: "tally_sweep_accounts_total", Help: "Accounts on which what is due was expired."}),
		sweepPostponedTotal: prometheus.NewCounter(prometheus.CounterOpts{Name: "tally_sweep_postponed_total", Help: "Rounds of the sweep that made way for other operations."}),
		sweepOutstanding:    prometheus.NewGauge(prometheus.GaugeOpts{Name: "tally_sweep_outstanding", Help: "Accounts that are being swept."}),
		sweepLeft:           prometheus.NewGauge(prometheus.GaugeOpts{Name: "tally_sweep_left", Help: "Accounts on which something stays due though they were swept."}),
	}
	backlog := prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "tally_operations_backlog", Help: "Operations without an outcome yet."},
		func() float64 { return float64(s.backlog()) })
	inFlight := prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "tally_lanes_in_flight", Help: "Lanes with a pin."}, func() float64 {
		s.mu.Lock()
		defer s.mu.Unlock()
		return float64(s.inFlight)
	})
	registry.MustRegister(m.acceptedTotal, m.doneTotal, m.retriesTotal, m.batchOperations, m.endorseSeconds, m.operationSeconds, backlog, inFlight)
	registry.MustRegister(m.errandsTotal, m.sweepTotal, m.sweepPostponedTotal, m.sweepOutstanding, m.sweepLeft)
	for _, r := range s.order {
		routeGauges(registry, s, r)
	}
	return m
}

// routeGauges show each route, so that a partner out of reach is seen.
func routeGauges(registry prometheus.Registerer, s *Sequencer, r *route) {
	name := r.path
	if name == home {
		name = "home"
	}
	labels := prometheus.Labels{"route": name}
	registry.MustRegister(
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "tally_route_backlog", Help: "Operations of a route without an outcome yet.", ConstLabels: labels},
			func() float64 { return float64(s.backlogOf(r.path)) }),
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "tally_route_lanes_in_flight", Help: "Lanes of a route with a pin.", ConstLabels: labels}, func() float64 {
			pinned := 0
			s.mu.Lock()
			defer s.mu.Unlock()
			for _, n := range r.lanes {
				if s.lanes[n].pin != nil {
					pinned++
				}
			}
			return float64(pinned)
		}),
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "tally_route_troubled", Help: "1 while a route's operations don't get to the ledger.", ConstLabels: labels},
			func() float64 {
				s.mu.Lock()
				defer s.mu.Unlock()
				if s.troubleOf(r) != "" {
					return 1
				}
				return 0
			}))
}

func (m *metrics) errands(caller string, n int) {
	m.errandsTotal.WithLabelValues(caller).Add(float64(n))
}

func (m *metrics) accepted(kind points.Kind) { m.acceptedTotal.WithLabelValues(string(kind)).Inc() }

func (m *metrics) done(code fault.Code, d time.Duration) {
	m.doneTotal.WithLabelValues(string(code)).Inc()
	m.operationSeconds.Observe(d.Seconds())
}

func (m *metrics) retried(class ledger.Class) { m.retriesTotal.WithLabelValues(string(class)).Inc() }

func (m *metrics) batch(operations int) { m.batchOperations.Observe(float64(operations)) }

func (m *metrics) endorsed(d time.Duration) { m.endorseSeconds.Observe(d.Seconds()) }
