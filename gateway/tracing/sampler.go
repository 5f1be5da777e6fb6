package tracing

import (
	"encoding/binary"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"

	"github.com/tallystick/tallystick/gateway/random"
)

// million is the whole of which a sample is so many parts.
const million = 1_000_000

// sampler chooses which requests are recorded: by chance, whatever the trace's id is. A caller can say that its trace isn't to be recorded, but not that it is: anybody can send a
// traceparent, and with an id that once was recorded, which the answer tells, every time.
type sampler struct {
	below uint64        // Of 1 << 63.
	draw  func() uint64 // Uniformly.
}

func newSampler(partsPerMillion int) sampler {
	return sampler{uint64(partsPerMillion) * ((1 << 63) / million), func() uint64 { return binary.BigEndian.Uint64(random.Bytes(8)) }}
}

// ShouldSample implements sdktrace.Sampler.
func (s sampler) ShouldSample(p sdktrace.SamplingParameters) sdktrace.SamplingResult {
	if s.records(&p) {
		return sdktrace.SamplingResult{Decision: sdktrace.RecordAndSample}
	}
	return sdktrace.SamplingResult{Decision: sdktrace.Drop}
}

func (s sampler) records(p *sdktrace.SamplingParameters) bool {
	parent := trace.SpanContextFromContext(p.ParentContext)
	if parent.IsValid() && (!parent.IsRemote() || !parent.IsSampled()) {
		return parent.IsSampled()
	}
	if p.Kind == trace.SpanKindServer {
		return s.draw()>>1 < s.below
	}
	for _, link := range p.Links { // A batch with an operation that is traced.
		if link.SpanContext.IsSampled() {
			return true
		}
	}
	return false // What the gateway does by itself: nobody waits for it.
}

// Description implements sdktrace.Sampler.
func (s sampler) Description() string { return "by chance, callers may only say no" }
