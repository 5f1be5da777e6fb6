package tracing

import (
	"context"
	"sync/atomic"

	"github.com/prometheus/client_golang/prometheus"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
)

// Why spans are dropped.
const (
	reasonFull   = "queue"  // More ended than could be handed over.
	reasonFailed = "export" // The collector or the file didn't take them.
)

// queue bounds the spans that wait to be handed over. The SDK's own queue drops in silence; this one lets no more in than that holds, and counts.
type queue struct {
	sdktrace.SpanProcessor // The SDK's.

	limit   int64
	waiting atomic.Int64
	metrics metrics
}

type metrics struct {
	exported prometheus.Counter
	full     prometheus.Counter
	failed   prometheus.Counter
}

func newMetrics(registry prometheus.Registerer) metrics {
	exported := prometheus.NewCounter(prometheus.CounterOpts{Name: "tally_trace_spans_exported_total", Help: "Spans handed to the collector or the file."})
	dropped := prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "tally_trace_spans_dropped_total", Help: "Spans that were dropped: the queue was full, or they couldn't be handed over.",
	}, []string{"reason"})
	registry.MustRegister(exported, dropped)
	return metrics{exported: exported, full: dropped.WithLabelValues(reasonFull), failed: dropped.WithLabelValues(reasonFailed)}
}

// OnEnd implements sdktrace.SpanProcessor. It never waits.
func (q *queue) OnEnd(span sdktrace.ReadOnlySpan) {
	if q.waiting.Add(1) > q.limit {
		q.waiting.Add(-1)
		q.metrics.full.Inc()
		return
	}
	q.SpanProcessor.OnEnd(span)
}

// OnStart implements sdktrace.SpanProcessor.
func (q *queue) OnStart(context.Context, sdktrace.ReadWriteSpan) {}

// left notes that n spans are out of the queue, and how many of them were handed over.
func (q *queue) left(n, taken int) {
	q.waiting.Add(-int64(n))
	q.metrics.exported.Add(float64(taken))
	q.metrics.failed.Add(float64(n - taken))
}
