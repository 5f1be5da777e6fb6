package tracing

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.opentelemetry.io/contrib/instrumentation/google.golang.org/grpc/otelgrpc"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/exporters/stdout/stdouttrace"
	metricnoop "go.opentelemetry.io/otel/metric/noop"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
	"google.golang.org/grpc"
	"google.golang.org/grpc/stats"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/gateway/config"
)

// Bounds of what waits and of how long anything is tried.
const (
	maxWaiting    = 4096             // Spans that wait to be handed over.
	maxExport     = 512              // Spans handed over at once.
	exportPause   = 2 * time.Second  // Between two exports when there is little.
	exportTimeout = 10 * time.Second // For one export, tried again after what may pass by itself.
	closeTimeout  = 5 * time.Second  // For what waits when the gateway ends.

	maxAttributes = 32  // Of a span, before the allow-list is applied.
	maxText       = 256 // Bytes of an attribute's text, likewise.
	maxLinks      = 128 // Of a batch to its operations.
)

const scope = "github.com/tallystick/tallystick/gateway"

// Settings are what tracing works with.
type Settings struct {
	Config  config.Tracing
	Member  string   // Whose gateway it is.
	Members []string // Names that may stand in traces.
	Log     *slog.Logger
	Metrics prometheus.Registerer
}

// Tracing records what the gateway does. A nil one is off: its methods may be called.
type Tracing struct {
	provider *sdktrace.TracerProvider
	list     *allowList
	queue    *queue
	file     *boundedFile
}

// Open begins to record as the configuration says; nil when it says nothing. An absent collector is no error: its spans are dropped.
func Open(ctx context.Context, s Settings) (*Tracing, error) {
	switch {
	case s.Config.File != "":
		file, err := openFile(s.Config.File, maxFile)
		if err != nil {
			return nil, fault.New(fault.InvalidValue, "configuration key tracing.file: it can't be opened: %v", err)
		}
		exporter, err := stdouttrace.New(stdouttrace.WithWriter(file))
		if err != nil {
			return nil, errors.Join(fault.New(fault.Internal, "traces can't be written: %v", err), file.Close())
		}
		t := Over(inFile{exporter, file}, s)
		t.file = file
		return t, nil
	case s.Config.Endpoint != "":
		exporter, err := otlptracehttp.New(ctx, otlptracehttp.WithEndpointURL(s.Config.Endpoint), otlptracehttp.WithTimeout(exportTimeout))
		if err != nil {
			return nil, fault.New(fault.InvalidValue, "configuration key tracing.endpoint: %v", err)
		}
		return Over(exporter, s), nil
	}
	return nil, nil
}

// Over begins to record and hands over to the exporter, wherever the configuration would.
func Over(exporter sdktrace.SpanExporter, s Settings) *Tracing {
	own := resource.NewSchemaless(attribute.String("service.name", "tally-gateway"), attribute.String("service.namespace", s.Member))
	list := &allowList{members: s.Members}
	q := &queue{limit: maxWaiting, metrics: newMetrics(s.Metrics)}
	q.SpanProcessor = sdktrace.NewBatchSpanProcessor(&guard{next: exporter, list: list, resource: own, queue: q, log: s.Log},
		sdktrace.WithMaxQueueSize(maxWaiting), sdktrace.WithMaxExportBatchSize(maxExport), sdktrace.WithBatchTimeout(exportPause), sdktrace.WithExportTimeout(exportTimeout))
	provider := sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(q), sdktrace.WithSampler(newSampler(s.Config.PartsPerMillion)), sdktrace.WithResource(own),
		sdktrace.WithRawSpanLimits(sdktrace.SpanLimits{
			AttributeCountLimit: maxAttributes, AttributeValueLengthLimit: maxText, LinkCountLimit: maxLinks, EventCountLimit: 0,
			AttributePerEventCountLimit: 0, AttributePerLinkCountLimit: 0,
		}))
	return &Tracing{provider: provider, list: list, queue: q}
}

// Provider gives the spans' source for instrumentation; only of one that is on.
func (t *Tracing) Provider() trace.TracerProvider { return t.provider }

// Know tells the patterns of the API's routes: no others leave, and no request's name before they are told.
func (t *Tracing) Know(routes []string) {
	if t != nil {
		t.list.know(routes)
	}
}

// DialOptions make connections to peers record the calls of what is traced. Peers aren't told of it.
func (t *Tracing) DialOptions() []grpc.DialOption {
	if t == nil {
		return nil
	}
	handler := otelgrpc.NewClientHandler(otelgrpc.WithTracerProvider(t.provider), otelgrpc.WithMeterProvider(metricnoop.NewMeterProvider()),
		otelgrpc.WithPropagators(propagation.NewCompositeTextMapPropagator()), otelgrpc.WithFilter(ends))
	return []grpc.DialOption{grpc.WithStatsHandler(handler)}
}

// ends says whether a call ends by itself: streams of blocks don't.
func ends(call *stats.RPCTagInfo) bool {
	for _, method := range peerMethods {
		if call.FullMethodName == "/"+method {
			return true
		}
	}
	return false
}

// Flush hands over what waits.
func (t *Tracing) Flush(ctx context.Context) error { return t.provider.ForceFlush(ctx) }

// Close hands over what waits, for a few seconds at most and also when ctx has ended, and ends.
func (t *Tracing) Close(ctx context.Context) error {
	if t == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), closeTimeout)
	defer cancel()
	err := t.provider.Shutdown(ctx)
	if errors.Is(err, context.DeadlineExceeded) {
		err = nil // A collector that is out of reach is no reason to end with an error.
	}
	if t.file != nil {
		err = errors.Join(err, t.file.Close())
	}
	return err
}

// Start begins a span below the one in ctx. Where that isn't recorded nothing is, and ctx comes back with whatever span it has, on which nothing has an effect.
func Start(ctx context.Context, name string) (context.Context, trace.Span) {
	above := trace.SpanFromContext(ctx)
	if !above.IsRecording() {
		return ctx, nothing
	}
	return above.TracerProvider().Tracer(scope).Start(ctx, name)
}

// nothing is a span that isn't recorded.
var nothing = trace.SpanFromContext(context.Background())

// StartCall is Start for what another process does meanwhile.
func StartCall(ctx context.Context, name string) (context.Context, trace.Span) {
	above := trace.SpanFromContext(ctx)
	if !above.IsRecording() {
		return ctx, nothing
	}
	return above.TracerProvider().Tracer(scope).Start(ctx, name, trace.WithSpanKind(trace.SpanKindClient))
}

// Gather begins a trace of its own for what is done for several others at once, linked to them as they are to it; nothing when there is none that is recorded.
func Gather(ctx context.Context, name string, others []trace.Span) (context.Context, trace.Span) {
	if len(others) == 0 {
		return ctx, nothing
	}
	links := make([]trace.Link, 0, min(len(others), maxLinks))
	for _, other := range others[:min(len(others), maxLinks)] {
		links = append(links, trace.Link{SpanContext: other.SpanContext()})
	}
	ctx, span := others[0].TracerProvider().Tracer(scope).Start(ctx, name, trace.WithNewRoot(), trace.WithLinks(links...))
	for _, other := range others {
		other.AddLink(trace.Link{SpanContext: span.SpanContext()})
	}
	return ctx, span
}
