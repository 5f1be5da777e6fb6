package canary

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/exporters/stdout/stdouttrace"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	oteltrace "go.opentelemetry.io/otel/trace"
)

// leak writes a span as gateways do, with a text in one place of it, and gives the file.
func leak(t *testing.T, text string, into func(tracer oteltrace.Tracer, text string)) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "traces.jsonl")
	file, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	exporter, err := stdouttrace.New(stdouttrace.WithWriter(file))
	if err != nil {
		t.Fatal(err)
	}
	provider := sdktrace.NewTracerProvider(sdktrace.WithSyncer(exporter))
	into(provider.Tracer("test"), text)
	if err := errors.Join(provider.Shutdown(t.Context()), file.Close()); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestFindsWhatStandsAnywhereInATrace(t *testing.T) {
	ctx := context.Background()
	for place, into := range map[string]func(oteltrace.Tracer, string){
		"nowhere": func(tracer oteltrace.Tracer, _ string) { _, s := tracer.Start(ctx, "GET /v1/accounts/:id"); s.End() },
		"name": func(tracer oteltrace.Tracer, text string) {
			_, s := tracer.Start(ctx, "GET /v1/accounts/"+text)
			s.End()
		},
		"attribute": func(tracer oteltrace.Tracer, text string) {
			_, s := tracer.Start(ctx, "x")
			s.SetAttributes(attribute.String("url.path", text))
			s.End()
		},
		"key": func(tracer oteltrace.Tracer, text string) {
			_, s := tracer.Start(ctx, "x")
			s.SetAttributes(attribute.Int(text, 1))
			s.End()
		},
		"event": func(tracer oteltrace.Tracer, text string) {
			_, s := tracer.Start(ctx, "x")
			s.RecordError(errors.New(text))
			s.End()
		},
		"status": func(tracer oteltrace.Tracer, text string) {
			_, s := tracer.Start(ctx, "x")
			s.SetStatus(codes.Error, text)
			s.End()
		},
	} {
		for _, one := range []Canary{person, phone, email, card, birthday, note} {
			s := newScanner(t, person, phone, email, card, birthday, note)
			s.Tree(leak(t, one.Value, into), nil)
			report := s.Report()
			if found := report.Of(File); slices.Contains(found, one.Label) != (place != "nowhere") || len(report.Faults) != 0 {
				t.Errorf("the %s in a span's %s: found %q, %v", one.Label, place, found, report.Faults)
			}
		}
	}
}
