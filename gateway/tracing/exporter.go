package tracing

import (
	"context"
	"errors"
	"log/slog"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/instrumentation"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
)

// guard stands between the spans and whatever sends them away: it lets through what the allow-list names and nothing else.
type guard struct {
	next     sdktrace.SpanExporter
	list     *allowList
	resource *resource.Resource
	queue    *queue
	log      *slog.Logger
	failing  bool // Only the first failure in a row is told: the exports come one after the other.
}

// ExportSpans implements sdktrace.SpanExporter. A failure is counted and told here; nobody else could do anything about it.
func (g *guard) ExportSpans(ctx context.Context, spans []sdktrace.ReadOnlySpan) error {
	clean := make([]sdktrace.ReadOnlySpan, len(spans))
	for i, span := range spans {
		clean[i] = g.clean(span)
	}
	err := g.next.ExportSpans(ctx, clean)
	g.queue.left(len(spans), taken(len(spans), err))
	if err != nil && !g.failing {
		g.log.Warn("traces can't be handed over; they are dropped until they can", "err", err)
	}
	g.failing = err != nil
	return nil
}

// taken is how many of n spans were handed over.
func taken(n int, err error) int {
	var some partly
	switch {
	case err == nil:
		return n
	case errors.As(err, &some):
		return some.taken
	}
	return 0
}

// Shutdown implements sdktrace.SpanExporter.
func (g *guard) Shutdown(ctx context.Context) error { return g.next.Shutdown(ctx) }

func (g *guard) clean(span sdktrace.ReadOnlySpan) cleaned {
	kept := g.list.keep(span.Attributes())
	return cleaned{ReadOnlySpan: span, name: g.list.name(span.Name(), kept), attributes: kept, resource: g.resource}
}

// cleaned is a span of which all that somebody could have put a text into is replaced.
type cleaned struct {
	sdktrace.ReadOnlySpan
	name       string
	attributes []attribute.KeyValue
	resource   *resource.Resource
}

func (c cleaned) Name() string                     { return c.name }
func (c cleaned) Attributes() []attribute.KeyValue { return c.attributes }
func (c cleaned) Resource() *resource.Resource     { return c.resource }
func (c cleaned) SpanContext() trace.SpanContext   { return bare(c.ReadOnlySpan.SpanContext()) }
func (c cleaned) Parent() trace.SpanContext        { return bare(c.ReadOnlySpan.Parent()) }

// Events gives none: instrumentation writes errors' texts there.
func (c cleaned) Events() []sdktrace.Event { return nil }

// Status gives the code without its description, which is an error's text.
func (c cleaned) Status() sdktrace.Status { return sdktrace.Status{Code: c.ReadOnlySpan.Status().Code} }

// Links gives ids alone.
func (c cleaned) Links() []sdktrace.Link {
	given := c.ReadOnlySpan.Links()
	links := make([]sdktrace.Link, len(given))
	for i := range given {
		links[i].SpanContext = bare(given[i].SpanContext)
	}
	return links
}

// InstrumentationScope gives the instrumentation's name and version.
func (c cleaned) InstrumentationScope() instrumentation.Scope {
	scope := c.ReadOnlySpan.InstrumentationScope()
	return instrumentation.Scope{Name: scope.Name, Version: scope.Version}
}

// InstrumentationLibrary is the scope under its former name, which the exporters still ask for.
func (c cleaned) InstrumentationLibrary() instrumentation.Scope { return c.InstrumentationScope() }

// bare is a span's place in a trace without the vendors' texts in its state.
func bare(c trace.SpanContext) trace.SpanContext { return c.WithTraceState(trace.TraceState{}) }
