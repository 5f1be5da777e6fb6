package tracing

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"io"
	"log/slog"
	"math"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/gateway/config"
)

func settings(c config.Tracing) Settings {
	if c.PartsPerMillion == 0 {
		c.PartsPerMillion = million
	}
	return Settings{Config: c, Member: "airline", Members: []string{"airline", "hotel"}, Log: slog.New(slog.DiscardHandler), Metrics: prometheus.NewRegistry()}
}

func over(t *testing.T, exporter sdktrace.SpanExporter) *Tracing {
	t.Helper()
	traced := Over(exporter, settings(config.Tracing{}))
	t.Cleanup(func() {
		if err := traced.Close(t.Context()); err != nil {
			t.Error(err)
		}
	})
	return traced
}

// request begins a span as a request does.
func (t *Tracing) request(name string, attributes ...attribute.KeyValue) (context.Context, trace.Span) {
	return t.provider.Tracer("test").Start(context.Background(), name, trace.WithSpanKind(trace.SpanKindServer), trace.WithAttributes(attributes...))
}

// secret is what a customer would not want to find in a trace.
const secret = "Zoe-Featherstone"

func TestNothingLeavesButWhatTheListAllows(t *testing.T) {
	t.Setenv("OTEL_RESOURCE_ATTRIBUTES", "host.name="+secret)
	file := filepath.Join(t.TempDir(), "traces.jsonl")
	traced, err := Open(t.Context(), settings(config.Tracing{File: file}))
	if err != nil {
		t.Fatal(err)
	}
	traced.Know([]string{"/v1/accounts/:id"})
	state, err := trace.ParseTraceState("vendor=" + secret)
	if err != nil {
		t.Fatal(err)
	}
	ids := trace.SpanContextConfig{TraceID: trace.TraceID{0xab}, SpanID: trace.SpanID{0xcd}, TraceFlags: trace.FlagsSampled, TraceState: state, Remote: true}
	elsewhere := trace.NewSpanContext(ids)
	everywhere := []attribute.KeyValue{
		attribute.String(secret, secret), attribute.String("url.path", "/v1/accounts/"+secret), attribute.String("user_agent.original", secret),
		attribute.String("client.address", secret), attribute.String("http.request.method_original", secret), attribute.StringSlice("tally.code", []string{secret}),
	}
	for _, key := range []attribute.Key{
		keyCode, keyClass, keyKind, keyProgramme, keyPartner, keyLane, keySeq, keyTx, keyOperations, keyAttempt, keyValidation, keyMethod, keyRoute, keyStatus, keyRPCMethod,
		keyRPCSystem, keyRPCStatus,
	} {
		everywhere = append(everywhere, key.String(secret))
	}
	tracer := traced.provider.Tracer("test", trace.WithInstrumentationAttributes(attribute.String("who", secret)))
	for _, one := range everywhere {
		_, span := tracer.Start(trace.ContextWithSpanContext(t.Context(), elsewhere), "GET /"+secret, trace.WithSpanKind(trace.SpanKindServer), trace.WithAttributes(one),
			trace.WithLinks(trace.Link{SpanContext: elsewhere, Attributes: everywhere}))
		span.AddEvent(secret, trace.WithAttributes(everywhere...))
		span.RecordError(errors.New(secret))
		span.SetStatus(codes.Error, secret)
		span.End()
	}
	if err := traced.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	written, err := os.ReadFile(file)
	if err != nil || bytes.Count(written, []byte("\n")) != len(everywhere) {
		t.Fatalf("%v; %d spans were written", err, bytes.Count(written, []byte("\n")))
	}
	if at := bytes.Index(written, []byte(secret)); at >= 0 {
		t.Errorf("it leaves: %s", written[max(0, at-80):at+40])
	}
}

func TestWhatTheListAllowsLeaves(t *testing.T) {
	exporter := tracetest.NewInMemoryExporter()
	traced := over(t, exporter)
	traced.Know([]string{"/v1/accounts/:id"})
	want := []attribute.KeyValue{
		keyMethod.String("GET"), keyRoute.String("/v1/accounts/:id"), keyStatus.Int(404), Code(fault.AccountUnknown), Class("retry"), Kind("earn"), Programme("airline"),
		With("hotel"), Lane(3), Seq(17), Tx(strings.Repeat("0af", 21) + "1"), Operations(500), Attempt(0), Validation(11), keyRPCMethod.String(peerMethods[0]),
		keyRPCSystem.String("grpc"), keyRPCStatus.String("UNAVAILABLE"),
	}
	_, span := traced.request("anything", want...)
	span.End()
	_, unknown := traced.request("anything", keyMethod.String("GET"), keyRoute.String("/v1/accounts/4929000000000000"))
	unknown.End()
	if err := traced.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	spans := exporter.GetSpans()
	if len(spans) != 2 || spans[0].Name != "GET /v1/accounts/:id" || len(spans[0].Attributes) != len(want) || spans[1].Name != noRoute || len(spans[1].Attributes) != 1 {
		t.Fatalf("got %+v", spans)
	}
	if got := spans[0].Resource.String(); got != "service.name=tally-gateway,service.namespace=airline" {
		t.Errorf("the resource is %s", got)
	}
}

func TestErrorsLeaveAsTheirCodes(t *testing.T) {
	exporter := tracetest.NewInMemoryExporter()
	traced := over(t, exporter)
	ctx, above := traced.request("")
	_, span := Start(ctx, Outbox)
	End(span, fault.New(fault.Overloaded, "%s", secret))
	above.End()
	if err := traced.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	got := exporter.GetSpans()[0]
	if got.Name != Outbox || got.Status.Code != codes.Error || len(got.Attributes) != 1 || got.Attributes[0] != Code(fault.Overloaded) {
		t.Errorf("got %+v", got)
	}
}

// stuck is a collector that answers when the test lets it.
type stuck struct {
	*tracetest.InMemoryExporter
	free chan struct{}
}

func (s stuck) ExportSpans(ctx context.Context, spans []sdktrace.ReadOnlySpan) error {
	<-s.free
	return s.InMemoryExporter.ExportSpans(ctx, spans)
}

func TestWhatDoesntFitIsDroppedAndCountedAndNobodyWaits(t *testing.T) {
	const more = 1000
	collector := stuck{tracetest.NewInMemoryExporter(), make(chan struct{})}
	traced := over(t, collector)
	registered := traced.queue.metrics
	for range maxWaiting + more { // Ends although nothing is taken: a span that waited would wait for ever.
		_, span := traced.request("")
		span.End()
	}
	if got := testutil.ToFloat64(registered.full); got != more {
		t.Errorf("%v spans were dropped", got)
	}
	close(collector.free)
	if err := traced.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n := len(collector.GetSpans()); n != maxWaiting || testutil.ToFloat64(registered.exported) != maxWaiting {
		t.Errorf("%d spans arrived", n)
	}
}

func TestABatchThatIsWrittenInPartIsCountedInPart(t *testing.T) {
	path := filepath.Join(t.TempDir(), "traces.jsonl")
	traced, err := Open(t.Context(), settings(config.Tracing{File: path}))
	if err != nil {
		t.Fatal(err)
	}
	ended := func(n int) {
		for range n {
			_, span := traced.request("")
			span.End()
		}
		if err := traced.Flush(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	ended(1)
	traced.file.limit = 3*traced.file.size + 100 // For two more, with times and ids of another length.
	ended(5)
	if m := traced.queue.metrics; testutil.ToFloat64(m.exported) != 3 || testutil.ToFloat64(m.failed) != 3 {
		t.Errorf("%v were handed over and %v dropped", testutil.ToFloat64(m.exported), testutil.ToFloat64(m.failed))
	}
	if err := traced.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	if written, err := os.ReadFile(path); err != nil || bytes.Count(written, []byte("\n")) != 3 {
		t.Errorf("%v; %d spans were written", err, bytes.Count(written, []byte("\n")))
	}
}

type broken struct{}

func (broken) ExportSpans(context.Context, []sdktrace.ReadOnlySpan) error { return errors.New("no") }
func (broken) Shutdown(context.Context) error                             { return nil }

func TestWhatNobodyTakesIsCountedAndMakesRoom(t *testing.T) {
	traced := over(t, broken{})
	for range 3 {
		_, span := traced.request("")
		span.End()
	}
	if err := traced.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	if m := traced.queue.metrics; testutil.ToFloat64(m.failed) != 3 || testutil.ToFloat64(m.exported) != 0 || traced.queue.waiting.Load() != 0 {
		t.Errorf("%v failed, %d wait", testutil.ToFloat64(m.failed), traced.queue.waiting.Load())
	}
}

func TestACollectorGetsWhatWaitsWhenTheGatewayEnds(t *testing.T) {
	var got bytes.Buffer
	collector := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/v1/traces" || r.Header.Get("Content-Type") != "application/x-protobuf" {
			t.Errorf("%s %s", r.URL.Path, r.Header)
		}
		_, _ = io.Copy(&got, r.Body)
	}))
	defer collector.Close()
	traced, err := Open(t.Context(), settings(config.Tracing{Endpoint: collector.URL + "/v1/traces"}))
	if err != nil {
		t.Fatal(err)
	}
	ctx, above := traced.request("")
	_, span := Start(ctx, Endorse)
	span.End()
	above.End()
	if err := traced.Close(t.Context()); err != nil || !bytes.Contains(got.Bytes(), []byte(Endorse)) {
		t.Errorf("%v; the collector has %q", err, got.String())
	}
}

func TestAFileStopsGrowing(t *testing.T) {
	path := filepath.Join(t.TempDir(), "traces.jsonl")
	for _, c := range []struct {
		text string
		fits bool
	}{{"12345", true}, {"678", true}, {"9", false}} {
		file, err := openFile(path, 8)
		if err != nil {
			t.Fatal(err)
		}
		if _, err = file.Write([]byte(c.text)); (err == nil) != c.fits {
			t.Errorf("%q: %v", c.text, err)
		}
		if err := file.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := Open(t.Context(), settings(config.Tracing{File: filepath.Join(path, "below")})); fault.CodeOf(err) != fault.InvalidValue {
		t.Errorf("got %v", err)
	}
}

func TestOffIsNoTracing(t *testing.T) {
	off, err := Open(t.Context(), settings(config.Tracing{}))
	if err != nil || off != nil {
		t.Fatalf("%v, %v", off, err)
	}
	off.Know([]string{"/"})
	if off.DialOptions() != nil || off.Close(t.Context()) != nil {
		t.Error("it does something")
	}
	ctx, span := Start(t.Context(), Outbox)
	if ctx != t.Context() || span.IsRecording() {
		t.Error("it records")
	}
	End(span, errors.New("no"))
	if _, gathered := Gather(t.Context(), Batch, nil); gathered.IsRecording() {
		t.Error("it records")
	}
}

func TestOnlyATraceparentThatLooksDrawnByChanceIsTaken(t *testing.T) {
	const good, span = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
	for value, taken := range map[string]bool{
		"00-" + good + "-" + span + "-01":                            true,
		"00-" + good + "-" + span + "-00":                            true,
		"00-0000000000000000a3ce929d0e0e4736-" + span + "-01":        true,
		"00-" + good + "-4929000000000000-01":                        false, // A card's number.
		"00-00000000000000000000447700900461-" + span + "-01":        false, // A phone's.
		"00-4929000000000000a3ce929d0e0e4736-" + span + "-01":        false,
		"00-" + hex.EncodeToString([]byte(secret[:16])) + "-" + span: false,
		"00-00000000000000000000000000000000-" + span + "-01":        false,
		secret: false,
		"":     false,
	} {
		in := propagation.MapCarrier{"traceparent": value, "tracestate": "vendor=" + secret, "baggage": "name=" + secret}
		ctx := Propagator{}.Extract(context.Background(), in)
		if got := trace.SpanContextFromContext(ctx); got.IsValid() != taken {
			t.Errorf("%s: %v", value, got)
		}
		out := propagation.MapCarrier{}
		Propagator{}.Inject(ctx, out)
		if given, there := out["traceparent"]; there != taken || taken && given != value || taken && len(out) != 1 {
			t.Errorf("%s: goes on as %v", value, out)
		}
	}
}

func TestChanceDecidesAndACallerMayOnlySayNo(t *testing.T) {
	id := trace.TraceID{1, 8: 0xff}
	remote := func(flags trace.TraceFlags) context.Context {
		return trace.ContextWithRemoteSpanContext(context.Background(), trace.NewSpanContext(trace.SpanContextConfig{TraceID: id, SpanID: trace.SpanID{1}, TraceFlags: flags}))
	}
	local := trace.ContextWithSpanContext(context.Background(), trace.NewSpanContext(trace.SpanContextConfig{TraceID: id, SpanID: trace.SpanID{1}, TraceFlags: trace.FlagsSampled}))
	link := []trace.Link{{SpanContext: trace.SpanContextFromContext(local)}}
	const low, high = 0, math.MaxUint64
	for name, c := range map[string]struct {
		drawn uint64
		p     sdktrace.SamplingParameters
		want  bool
	}{
		"a request that is drawn":                  {low, sdktrace.SamplingParameters{ParentContext: context.Background(), Kind: trace.SpanKindServer}, true},
		"a request that isn't":                     {high, sdktrace.SamplingParameters{ParentContext: context.Background(), Kind: trace.SpanKindServer}, false},
		"a caller who says yes, drawn":             {low, sdktrace.SamplingParameters{ParentContext: remote(trace.FlagsSampled), Kind: trace.SpanKindServer}, true},
		"a caller who says yes, not drawn":         {high, sdktrace.SamplingParameters{ParentContext: remote(trace.FlagsSampled), Kind: trace.SpanKindServer}, false},
		"a caller who says no, drawn":              {low, sdktrace.SamplingParameters{ParentContext: remote(0), Kind: trace.SpanKindServer}, false},
		"what is below a recorded span, not drawn": {high, sdktrace.SamplingParameters{ParentContext: local}, true},
		"a batch with a recorded operation":        {high, sdktrace.SamplingParameters{ParentContext: context.Background(), Links: link}, true},
		"a call that no request is there for":      {low, sdktrace.SamplingParameters{ParentContext: context.Background(), Kind: trace.SpanKindClient}, false},
	} {
		half := newSampler(million / 2)
		half.draw = func() uint64 { return c.drawn }
		c.p.TraceID = id
		if got := half.ShouldSample(c.p).Decision == sdktrace.RecordAndSample; got != c.want {
			t.Errorf("%s: %t", name, got)
		}
	}
}

// TestNoTraceIDIsRecordedAlways sends one id again and again: of 200 requests in it, all or none are recorded once in 2^199 runs.
func TestNoTraceIDIsRecordedAlways(t *testing.T) {
	const requests = 200
	for parts, fits := range map[int]func(int) bool{
		0: func(n int) bool { return n == 0 }, million / 2: func(n int) bool { return n > 0 && n < requests }, million: func(n int) bool { return n == requests },
	} {
		s, recorded := newSampler(parts), 0
		for range requests {
			id := trace.SpanContextConfig{TraceID: trace.TraceID{1}, SpanID: trace.SpanID{1}, TraceFlags: trace.FlagsSampled}
			above := trace.ContextWithRemoteSpanContext(context.Background(), trace.NewSpanContext(id))
			if s.records(&sdktrace.SamplingParameters{ParentContext: above, TraceID: id.TraceID, Kind: trace.SpanKindServer}) {
				recorded++
			}
		}
		if !fits(recorded) {
			t.Errorf("%d parts: %d of %d requests are recorded", parts, recorded, requests)
		}
	}
}

func BenchmarkSpan(b *testing.B) {
	off := context.Background()
	b.Run("off", func(b *testing.B) { spans(b, off) })
	for _, parts := range []int{1, million} {
		s := settings(config.Tracing{PartsPerMillion: parts})
		traced := Over(tracetest.NewNoopExporter(), s)
		ctx, above := traced.request("")
		b.Run(strconv.Itoa(parts)+" ppm", func(b *testing.B) { spans(b, ctx) })
		above.End()
		if err := traced.Close(b.Context()); err != nil {
			b.Fatal(err)
		}
	}
}

func spans(b *testing.B, ctx context.Context) {
	b.ReportAllocs()
	for b.Loop() {
		_, span := Start(ctx, Endorse)
		if span.IsRecording() {
			span.SetAttributes(Programme("airline"), Lane(1), Seq(7))
		}
		End(span, nil)
	}
}
