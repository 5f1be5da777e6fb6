package sequencer

import (
	"slices"
	"testing"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/wire"
	"github.com/tallystick/tallystick/gateway/tracing"
)

// recorder keeps the spans of what is done within a request.
func recorder() (*tracetest.SpanRecorder, trace.Tracer) {
	spans := tracetest.NewSpanRecorder()
	return spans, sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(spans)).Tracer("test")
}

// named waits until n spans of a name have ended and gives them.
func named(t *testing.T, spans *tracetest.SpanRecorder, name string, n int) (found []sdktrace.ReadOnlySpan) {
	t.Helper()
	eventually(t, name+" to end", func() bool {
		found = nil
		for _, s := range spans.Ended() {
			if s.Name() == name {
				found = append(found, s)
			}
		}
		return len(found) >= n
	})
	if len(found) != n {
		t.Fatalf("%d spans %s ended", len(found), name)
	}
	return found
}

func requireAttributes(t *testing.T, span sdktrace.ReadOnlySpan, want ...attribute.KeyValue) {
	t.Helper()
	for _, kv := range want {
		if !slices.Contains(span.Attributes(), kv) {
			t.Errorf("%s has no %v, only %v", span.Name(), kv, span.Attributes())
		}
	}
}

func TestAnOperationIsTracedFromItsRequestToItsPlaceOnTheLedger(t *testing.T) {
	w, p := start(t)
	account := p.opened(1)[0]
	w.setFaults(nil, once(conflicting))
	spans, tracer := recorder()
	ctx, request := tracer.Start(t.Context(), "request")
	ticket, err := p.Accept(ctx, earn(account, 7, "r1"))
	if err != nil {
		t.Fatal(err)
	}
	await(t, ticket)
	batch := named(t, spans, tracing.Batch, 1)[0]
	operation, outbox := named(t, spans, tracing.Operation, 1)[0], named(t, spans, tracing.Outbox, 1)[0]
	last := w.chain[len(w.chain)-1].attempt
	place := []attribute.KeyValue{
		tracing.Programme(programmeName), tracing.Lane(last.request.Lane), tracing.Seq(last.request.Seq), tracing.Tx(last.id),
	}
	requireAttributes(t, operation, append(place, tracing.Kind("earn"), tracing.Code(fault.OK))...)
	requireAttributes(t, batch, append(place, tracing.Operations(1))...)
	requireAttributes(t, outbox, tracing.Operations(1), tracing.Programme(programmeName))
	for _, s := range []sdktrace.ReadOnlySpan{operation, outbox} {
		if s.Parent().SpanID() != request.SpanContext().SpanID() {
			t.Errorf("%s isn't below its request", s.Name())
		}
	}
	if l := batch.Links(); batch.Parent().IsValid() || len(l) != 1 || !l[0].SpanContext.Equal(operation.SpanContext()) {
		t.Errorf("the batch is linked to %v", l)
	}
	if l := operation.Links(); len(l) != 1 || !l[0].SpanContext.Equal(batch.SpanContext()) {
		t.Errorf("the operation is linked to %v", l)
	}
	commits := named(t, spans, tracing.Commit, 2)
	for _, s := range slices.Concat(named(t, spans, tracing.Pin, 1), named(t, spans, tracing.Endorse, 2), named(t, spans, tracing.Submit, 2), commits) {
		if s.Parent().SpanID() != batch.SpanContext().SpanID() {
			t.Errorf("%s isn't below its batch", s.Name())
		}
	}
	if commits[0].Status().Code != codes.Error || commits[1].Status().Code != codes.Unset {
		t.Errorf("the first attempt ends as %v, the second as %v", commits[0].Status(), commits[1].Status())
	}
	requireAttributes(t, commits[0], attribute.String("tally.validation", "MVCC_READ_CONFLICT"))
	requireAttributes(t, commits[1], tracing.Tx(last.id))
}

func TestAFailedAttemptsSpanSaysWhatIsDoneAboutIt(t *testing.T) {
	w, p := start(t)
	account := p.opened(1)[0]
	failed := false
	w.setFaults(func(*wire.BatchRequest) error {
		if failed {
			return nil
		}
		failed = true
		return unavailable()
	}, nil)
	spans, tracer := recorder()
	ctx, _ := tracer.Start(t.Context(), "request")
	ticket, err := p.Accept(ctx, earn(account, 7, "r1"))
	if err != nil {
		t.Fatal(err)
	}
	await(t, ticket)
	endorsements := named(t, spans, tracing.Endorse, 2)
	requireAttributes(t, endorsements[0], tracing.Class("retry"), tracing.Code(fault.LedgerUnavailable), tracing.Attempt(0))
	requireAttributes(t, endorsements[1], tracing.Attempt(1))
	if s := endorsements[0].Status(); s.Code != codes.Error || s.Description != "" || len(endorsements[0].Events()) != 0 {
		t.Errorf("it tells more than its code: %+v", s)
	}
}

// TestABatchIsLinkedToItsTracedOperationsAlone holds one batch back until two more operations wait, of which one is traced: the batch of both is, the first one isn't.
func TestABatchIsLinkedToItsTracedOperationsAlone(t *testing.T) {
	w, p := start(t)
	account := p.opened(1)[0]
	held, free := make(chan struct{}), make(chan struct{})
	w.setFaults(func(r *wire.BatchRequest) error {
		if len(r.Operations) == 0 {
			return nil
		}
		select {
		case <-held:
		default:
			close(held)
		}
		<-free
		return nil
	}, nil)
	spans, tracer := recorder()
	ctx, _ := tracer.Start(t.Context(), "request")
	first := p.must(earn(account, 7, "untraced"))
	<-held
	second := p.must(earn(account, 7, "untraced, too"))
	third, err := p.Accept(ctx, earn(account, 7, "traced"))
	if err != nil {
		t.Fatal(err)
	}
	close(free)
	await(t, first, second, third)
	batch, operation := named(t, spans, tracing.Batch, 1)[0], named(t, spans, tracing.Operation, 1)[0]
	requireAttributes(t, batch, tracing.Operations(2))
	if l := batch.Links(); len(l) != 1 || !l[0].SpanContext.Equal(operation.SpanContext()) {
		t.Errorf("the batch is linked to %v", l)
	}
	w.decidedOnce(first.Operation.ID, second.Operation.ID, third.Operation.ID)
}
