package tracing

import (
	"context"
	"regexp"

	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"
)

const traceparent = "traceparent"

// Propagator takes and gives the traceparent of W3C's Trace Context. The tracestate beside it is free text, and so is baggage: both are left where they are.
type Propagator struct{}

var _ propagation.TextMapPropagator = Propagator{}

// Inject implements propagation.TextMapPropagator.
func (Propagator) Inject(ctx context.Context, carrier propagation.TextMapCarrier) {
	only := propagation.MapCarrier{}
	propagation.TraceContext{}.Inject(ctx, only)
	if value := only[traceparent]; value != "" {
		carrier.Set(traceparent, value)
	}
}

// Extract implements propagation.TextMapPropagator. What isn't believable is as if it weren't there.
func (Propagator) Extract(ctx context.Context, carrier propagation.TextMapCarrier) context.Context {
	taken := propagation.TraceContext{}.Extract(ctx, propagation.MapCarrier{traceparent: carrier.Get(traceparent)})
	if !believable(trace.SpanContextFromContext(taken)) {
		return ctx
	}
	return taken
}

// Fields implements propagation.TextMapPropagator.
func (Propagator) Fields() []string { return []string{traceparent} }

// digits are ids that could be a phone or card number: 16 hexadecimal digits are as long as a card's number. One random id in 1,800 is made of such digits alone, and its
// trace begins here.
var digits = regexp.MustCompile(`^[0-9]*$`)

// believable says whether ids look drawn by chance. Half of a trace's id may be zeros, as where ids have 64 bits.
func believable(c trace.SpanContext) bool {
	id := c.TraceID().String()
	left, right := id[:len(id)/2], id[len(id)/2:]
	zeros := trace.SpanID{}.String()
	return c.IsValid() && !digits.MatchString(right) && (left == zeros || !digits.MatchString(left)) && !digits.MatchString(c.SpanID().String())
}
