package sequencer

import (
	"context"

	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/gateway/ledger"
	"github.com/tallystick/tallystick/gateway/projection"
	"github.com/tallystick/tallystick/gateway/tracing"
)

// What is traced: operations whose request is, and batches that carry one of them. After a restart nothing is known of requests, and their operations are traced no further.

// traceOutbox ends the span of a write to the outbox.
func (s *Sequencer) traceOutbox(span trace.Span, operations int, err error) {
	if span.IsRecording() {
		span.SetAttributes(tracing.Programme(s.settings.Programme), tracing.Operations(operations))
	}
	tracing.End(span, err)
}

// traceOperation begins an operation's span below that of its request.
func (s *Sequencer) traceOperation(ctx context.Context, e *entry) {
	_, span := tracing.Start(ctx, tracing.Operation)
	if !span.IsRecording() {
		return
	}
	e.span = span
	span.SetAttributes(tracing.Programme(s.settings.Programme), tracing.Kind(e.operation.Kind))
	if partner := e.path(); partner != home {
		span.SetAttributes(tracing.With(partner))
	}
}

// placed notes on an operation's span which place it has on the ledger. The sequencer's lock is held.
func (s *Sequencer) placed(id points.OperationID, o *projection.Outcome) {
	if e := s.live[id]; e != nil && e.span != nil {
		e.span.SetAttributes(tracing.Lane(o.Lane), tracing.Seq(o.Seq), tracing.Tx(o.TxID))
	}
}

// traced ends an operation's span with its outcome.
func (e *entry) traced(code fault.Code) {
	if e.span != nil {
		e.span.SetAttributes(tracing.Code(code))
		e.span.End()
	}
}

// traceBatch begins a batch's span, when one of its operations has one.
func (s *Sequencer) traceBatch(ctx context.Context, l *lane, p *pin) (context.Context, trace.Span) {
	var operations []trace.Span
	for _, e := range p.entries {
		if e.span != nil {
			operations = append(operations, e.span)
		}
	}
	ctx, span := tracing.Gather(ctx, tracing.Batch, operations)
	if span.IsRecording() {
		span.SetAttributes(tracing.Programme(s.settings.Programme), tracing.Lane(l.n), tracing.Seq(p.seq), tracing.Operations(len(p.entries)))
		if l.route.path != home {
			span.SetAttributes(tracing.With(l.route.path))
		}
	}
	return ctx, span
}

// endBatch ends it with the transaction that won the place.
func (s *Sequencer) endBatch(span trace.Span, p *pin) {
	if !span.IsRecording() {
		return
	}
	s.mu.Lock()
	won := p.won
	s.mu.Unlock()
	if won != "" {
		span.SetAttributes(tracing.Tx(won))
	}
	span.End()
}

// endorse has the batch endorsed.
func (s *Sequencer) endorse(ctx context.Context, l *lane, p *pin, attempt int) (Transaction, error) {
	ctx, span := tracing.Start(ctx, tracing.Endorse)
	tx, err := l.route.ledger.EndorseBatch(ctx, func() (ledger.Batch, error) { return s.build(ctx, l, p) })
	if span.IsRecording() {
		span.SetAttributes(tracing.Attempt(attempt))
		if err == nil {
			span.SetAttributes(tracing.Tx(tx.TxID()))
		}
	}
	endAttempt(span, err)
	return tx, err
}

// submit hands the batch to the ordering service.
func submit(ctx context.Context, tx Transaction) error {
	ctx, span := tracing.Start(ctx, tracing.Submit)
	err := tx.Submit(ctx)
	if span.IsRecording() {
		span.SetAttributes(tracing.Tx(tx.TxID()))
	}
	endAttempt(span, err)
	return err
}

// endAttempt ends a span with what is done about its error.
func endAttempt(span trace.Span, err error) {
	if err != nil && span.IsRecording() {
		span.SetAttributes(tracing.Class(ledger.ClassOf(err)))
	}
	tracing.End(span, err)
}

// endCommit ends the wait for a block with what that told, if one came in time.
func (s *Sequencer) endCommit(span trace.Span, p *pin) {
	if !span.IsRecording() {
		return
	}
	s.mu.Lock()
	decided, won, invalid, tx := p.decided, p.won, p.invalid, p.tx
	s.mu.Unlock()
	switch {
	case decided && won != "":
		span.SetAttributes(tracing.Tx(won))
	case invalid != nil:
		span.SetAttributes(tracing.Tx(tx), tracing.Validation(*invalid))
		span.SetStatus(codes.Error, "")
	default:
		span.SetAttributes(tracing.Tx(tx))
		span.SetStatus(codes.Error, "")
	}
	span.End()
}
