package api

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	otelattribute "go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"github.com/tallystick/tallystick/gateway/config"
	"github.com/tallystick/tallystick/gateway/tracing"
)

// tracedBench is a server whose spans are kept.
func tracedBench(t *testing.T) (*bench, func() tracetest.SpanStubs) {
	t.Helper()
	kept := tracetest.NewInMemoryExporter()
	traced := tracing.Over(kept, tracing.Settings{
		Config: config.Tracing{PartsPerMillion: config.MaxPartsPerMillion}, Member: "airline", Members: []string{"airline"}, Log: slog.New(slog.DiscardHandler),
		Metrics: prometheus.NewRegistry(),
	})
	t.Cleanup(func() { _ = traced.Close(t.Context()) })
	g := newGateway()
	b := newBenchOf(t, g, Parts{Member: "airline", Programme: "airline", Recorder: g, Partners: g.brands(), Hasher: g, Quoter: g, Tracing: traced})
	return b, func() tracetest.SpanStubs {
		t.Helper()
		if err := traced.Flush(t.Context()); err != nil {
			t.Fatal(err)
		}
		return kept.GetSpans()
	}
}

const (
	tillsTrace = "4bf92f3577b34da6a3ce929d0e0e4736"
	tillsSpan  = "00f067aa0ba902b7"
)

func TestARequestIsTracedUnderItsPatternWithinTheCallersTrace(t *testing.T) {
	b, spans := tracedBench(t)
	w := b.get("/v1/accounts/"+account, "traceparent", "00-"+tillsTrace+"-"+tillsSpan+"-01")
	b.get("/v1/accounts/" + unknownID)
	got := spans()
	if len(got) != 2 || got[0].Name != "GET /v1/accounts/:id" || got[0].SpanContext.TraceID().String() != tillsTrace || got[0].Parent.SpanID().String() != tillsSpan {
		t.Fatalf("got %+v", got)
	}
	if want := "00-" + tillsTrace + "-" + got[0].SpanContext.SpanID().String() + "-01"; w.Header().Get("traceparent") != want {
		t.Errorf("the caller is told %q, not %s", w.Header().Get("traceparent"), want)
	}
	if !strings.Contains(b.log.String(), `"traceId":"`+tillsTrace+`"`) {
		t.Error("the access log doesn't name the trace")
	}
	refused := otelattribute.NewSet(got[1].Attributes...)
	if code, _ := refused.Value("tally.code"); code.AsString() != "ACCOUNT_UNKNOWN" || refused.Len() != 4 {
		t.Errorf("a refused request has %v", got[1].Attributes)
	}
}

func TestNothingThatACallerWritesIsInATrace(t *testing.T) {
	const who = "zoe-featherstone"
	b, spans := tracedBench(t)
	for _, path := range []string{"/v1/accounts/" + who, "/v1/accounts/" + account + "?who=" + who, "/" + who, "/wallet/" + who} {
		for _, method := range []string{"GET", "POST", "X" + strings.ToUpper(who)} {
			r := httptest.NewRequest(method, path, strings.NewReader(`{"`+who+`":1}`))
			for _, header := range []string{"User-Agent", "X-Forwarded-For", "X-Request-Id", "Idempotency-Key", "Referer", "Host", "traceparent", "tracestate", "baggage", "Authorization"} {
				r.Header.Set(header, who)
			}
			r.Header.Set("tracestate", "v="+who)
			r.Host, r.RemoteAddr = who, who+":1"
			b.server.Handler().ServeHTTP(httptest.NewRecorder(), r)
		}
	}
	got := spans()
	text, err := json.Marshal(got)
	if err != nil || len(got) != 12 {
		t.Fatalf("%d spans, %v", len(got), err)
	}
	if at := bytes.Index(bytes.ToLower(text), []byte(who)); at >= 0 {
		t.Errorf("it is in %s", text[max(0, at-80):at+40])
	}
}

func TestProbesAreNotTraced(t *testing.T) {
	b, spans := tracedBench(t)
	for _, path := range []string{"/healthz", "/readyz", "/metrics"} {
		if w := b.get(path, "traceparent", "00-"+tillsTrace+"-"+tillsSpan+"-01"); w.Header().Get("traceparent") != "" {
			t.Errorf("%s is", path)
		}
	}
	if got := spans(); len(got) != 0 {
		t.Errorf("got %+v", got)
	}
}
