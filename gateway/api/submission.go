package api

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/gateway/sequencer"
	"github.com/tallystick/tallystick/gateway/store"
)

// How long a call waits for receipts.
const (
	DefaultWait = 10 * time.Second
	MaxWait     = 30 * time.Second
)

// item is one operation on its way through a call. An item with an err is left alone by everything that follows.
type item struct {
	key       string
	at        string // JSON pointer of the request within the body.
	request   *OperationRequest
	way       way
	intake    sequencer.Intake
	claimCode string // Of a gift, that the gateway made.
	ticket    sequencer.Ticket
	answered  bool // The issuer's gateway has given the answer.
	answer    Operation
	err       error
}

func itemsOf(b *BulkRequest) []item {
	items := make([]item, len(b.Operations))
	seen := make(map[string]bool, len(items))
	for i := range b.Operations {
		o := &b.Operations[i]
		at := "/operations/" + strconv.Itoa(i)
		items[i] = item{key: o.IdempotencyKey, at: at + "/operation", request: &o.Operation}
		switch {
		case !usableKey(o.IdempotencyKey):
			items[i].err = wrong(fault.IdempotencyMissing, at+"/idempotencyKey", "it needs 1 to %d printable ASCII characters", MaxKeyLength)
		case seen[o.IdempotencyKey]:
			items[i].err = wrong(fault.InvalidValue, at+"/idempotencyKey", "the key is in this call twice")
		}
		seen[o.IdempotencyKey] = true
	}
	return items
}

// waitOf reads a Prefer header (RFC 7240). Preferences that it doesn't know are ignored, as the RFC wants.
func waitOf(prefer *Prefer) (time.Duration, error) {
	wait := DefaultWait
	for _, p := range strings.Split(valueOr(prefer, ""), ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(p), "=")
		switch strings.ToLower(name) {
		case "respond-async":
			return 0, nil
		case "wait":
			seconds, err := strconv.Atoi(value)
			if err != nil || seconds < 0 || seconds > int(MaxWait/time.Second) {
				return 0, wrong(fault.InvalidValue, "Prefer", "wait must lie between 0 and %d seconds", int(MaxWait/time.Second))
			}
			wait = time.Duration(seconds) * time.Second
		}
	}
	return wait, nil
}

// record checks the items and hands the good ones to the sequencer: openings first, so that others can name the references that they open. What is about another programme's
// accounts is handed to whom it concerns then; who answers for it waits for receipts until the deadline.
func (s *Server) record(ctx context.Context, items []item, deadline time.Time) {
	var openings, others, away []*item
	for i := range items {
		it := &items[i]
		if it.err != nil {
			continue
		}
		if it.err = s.admit(ctx, it); it.err != nil {
			continue
		}
		switch {
		case it.request.Kind == KindOpen:
			openings = append(openings, it)
		case it.way.home != s.programme:
			away = append(away, it)
		default:
			others = append(others, it)
		}
	}
	if err := s.recorder.Started(); err != nil {
		for _, it := range slices.Concat(openings, others, away) {
			it.err = err
		}
		return
	}
	s.refuseKnown(ctx, openings)
	s.accept(ctx, openings)
	s.resolve(ctx, slices.Concat(others, away))
	s.accept(ctx, others)
	s.acceptAway(ctx, away, deadline)
}

// admit says whether the caller may send the item, and whether its form is right.
func (s *Server) admit(ctx context.Context, it *item) error {
	if err := checkRequest(it.request, it.at, &submitting); err != nil {
		return err
	}
	scope := forms[it.request.Kind].scope
	if memberIn(ctx) == "" && personIn(ctx) == "" && !slices.Contains(scopesIn(ctx), scope) { // What customers do is checked before: see mine.
		return wrong(fault.Forbidden, it.at+"/kind", "%s needs an API key with the scope %s", it.request.Kind, scope)
	}
	return s.direct(ctx, it)
}

// accept builds what the sequencer takes and hands it over.
func (s *Server) accept(ctx context.Context, items []*item) {
	hand(ctx, s.recorder, s.judge(ctx, s.build(ctx, items)))
}

// build completes the intakes of items, and gives those that are complete.
func (s *Server) build(ctx context.Context, items []*item) []*item {
	b := s.newBuilder()
	var ready []*item
	for _, it := range items {
		if it.err != nil {
			continue
		}
		if it.err = b.build(ctx, it); it.err == nil {
			ready = append(ready, it)
		}
	}
	return ready
}

// hand has a recorder record the items.
func hand(ctx context.Context, recorder Recorder, items []*item) {
	give(items, func(intakes []sequencer.Intake) []sequencer.Result { return recorder.AcceptAll(ctx, intakes) })
}

// give gives the items' intakes to a part of the sequencer and stores its answers in the items.
func give(items []*item, to func([]sequencer.Intake) []sequencer.Result) {
	if len(items) == 0 {
		return
	}
	intakes := make([]sequencer.Intake, len(items))
	for i, it := range items {
		intakes[i] = it.intake
	}
	for i, result := range to(intakes) {
		items[i].ticket, items[i].err = result.Ticket, result.Err
	}
}

// settle waits until the recorded items are committed, or for as long as the caller wants, and puts what became of them into their answers.
func (s *Server) settle(ctx context.Context, items []item, deadline time.Time) error {
	await(ctx, items, deadline)
	var ids []points.OperationID
	for i := range items {
		if items[i].err == nil && !items[i].answered {
			ids = append(ids, items[i].ticket.Operation.ID)
		}
	}
	if len(ids) == 0 {
		return nil
	}
	known, err := s.reader.Operations(ctx, ids)
	if err != nil {
		return err
	}
	for i := range items {
		it := &items[i]
		if it.err != nil || it.answered {
			continue
		}
		k, there := known[it.ticket.Operation.ID]
		if !there {
			return fault.New(fault.Internal, "operation %s was recorded and can't be read", it.ticket.Operation.ID)
		}
		k.Programme = it.way.home
		it.answer = s.operationOf(k)
		it.answer.Duplicate = it.ticket.Duplicate
		it.err = refusal(k, &it.answer)
		if it.way.home != s.programme && contested(k.Code) && signed(it.request) {
			s.ask(ctx, it, deadline)
		}
		if it.claimCode != "" && it.err == nil {
			it.answer.ClaimCode = &it.claimCode
		}
	}
	return nil
}

// refusal is the failure that tells a committed refusal, with the receipt that proves it.
func refusal(k store.Known, o *Operation) error {
	if !k.Done || k.Code == fault.OK {
		return nil
	}
	return &failure{coded: fault.New(k.Code, "the ledger refused operation %s; operation.receipt proves it", k.ID), operation: o}
}

func await(ctx context.Context, items []item, deadline time.Time) {
	wait := time.Until(deadline)
	if wait <= 0 {
		return
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	for i := range items {
		if items[i].err != nil || items[i].answered {
			continue
		}
		select {
		case <-items[i].ticket.Done:
		case <-timer.C:
			return
		case <-ctx.Done():
			return
		}
	}
}
