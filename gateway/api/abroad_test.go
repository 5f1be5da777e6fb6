package api

import (
	"context"
	"slices"
	"sync"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/quantity"
	"github.com/tallystick/tallystick/chaincode/wire"
	"github.com/tallystick/tallystick/gateway/sequencer"
	"github.com/tallystick/tallystick/gateway/store"
)

// abroad is a gateway's side towards the other brands.
type abroad struct {
	others   map[string]Brand // Nil: one with an outbox and without a gateway for each of hotel and grocer.
	outbox   outbox           // For accounts of other programmes.
	exchange wire.Exchange    // Of the last quote.
	waiting  quantity.Points  // In every inbox.
	signed   *signatures      // Nil: signatures are good as often as they come.
}

// signatures are those that the ledger has seen; each serves once, whoever brings it.
type signatures struct {
	mu   sync.Mutex
	seen map[string]bool
}

func (s *signatures) useUp(id string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	fresh := !s.seen[id]
	s.seen[id] = true
	return fresh
}

// brands are the other brands that a gateway of tests knows.
func (g *gateway) brands() map[string]Brand {
	if g.others != nil {
		return g.others
	}
	g.outbox.gateway = g
	return map[string]Brand{"hotel": {Recorder: &g.outbox}, "grocer": {Recorder: &g.outbox}}
}

// outbox is a recorder of other programmes' operations, as gateway is of its own.
type outbox struct {
	*gateway
	mu      sync.Mutex
	intakes []sequencer.Intake
}

func (o *outbox) AcceptAll(ctx context.Context, all []sequencer.Intake) []sequencer.Result {
	o.mu.Lock()
	o.intakes = append(o.intakes, all...)
	o.mu.Unlock()
	return o.gateway.AcceptAll(ctx, all)
}

func (o *outbox) Find(_ context.Context, in *sequencer.Intake) (sequencer.Ticket, bool, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	i := slices.IndexFunc(o.intakes, func(known sequencer.Intake) bool {
		return known.IdempotencyKey == in.IdempotencyKey && known.Caller == in.Caller
	})
	return sequencer.Ticket{}, i >= 0, nil
}

func (o *outbox) PassOn(_ context.Context, all []sequencer.Intake) []sequencer.Result {
	return make([]sequencer.Result, len(all))
}

func (o *outbox) AcceptPassedOn(ctx context.Context, all []sequencer.Intake) []sequencer.Result {
	return o.AcceptAll(ctx, all)
}

func (g *gateway) QuoteExchange(_ context.Context, doc wire.Exchange, details wire.BatchDetails) (wire.QuoteResult, error) {
	g.exchange, g.query.Operation, g.details = doc, doc.Operations[0], details
	return g.quoted, g.quoteErr
}

func (g *gateway) Idempotency(caller, key string) string { return hashOf([]string{caller, key}) }

func (g *gateway) ReceiptIn(ctx context.Context, _ string, id points.OperationID) (store.Committed, error) {
	return g.Receipt(ctx, id)
}

func (g *gateway) Document(_ context.Context, id points.OperationID) (points.Operation, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, in := range g.intakes {
		if points.OperationID(hexOf(in.IdempotencyKey)) == id {
			o := in.Operation
			o.ID = id
			return o, nil
		}
	}
	return points.Operation{}, fault.New(fault.NotFound, "this gateway has no operation %s", id)
}
