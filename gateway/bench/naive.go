package bench

import (
	"context"
	"time"

	"github.com/tallystick/tallystick/chaincode/clearing"
	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/wire"
	"github.com/tallystick/tallystick/gateway/ledger"
	"github.com/tallystick/tallystick/gateway/random"
)

// NaiveLane is the first of the lanes that the naive way uses, one for each client: the last ones below those of cross-brand batches, far from the gateway's own.
const NaiveLane = clearing.CrossLaneFirst - MaxClients

// Random values: ids have 16 bytes, salts 32.
const (
	idBytes   = 16
	saltBytes = 32
)

// Ledger is what the naive way needs of the programme's contract: ledger.Points, see Direct.
type Ledger interface {
	Lanes(ctx context.Context, msp string, first, count int) ([]points.Lane, error)
	// Apply has a batch endorsed, submits it and waits until it is committed.
	Apply(ctx context.Context, batch ledger.Batch) error
}

// Direct is the real ledger of the programme alone.
type Direct struct{ *ledger.Points }

// Apply implements Ledger.
func (d Direct) Apply(ctx context.Context, batch ledger.Batch) error {
	endorsed, err := d.EndorseBatch(ctx, func() (ledger.Batch, error) { return batch, nil })
	if err != nil {
		return err
	}
	return endorsed.Commit(ctx)
}

// DirectExchange is the real ledger of batches between two brands: their transactions, and the lanes in the home programme.
type DirectExchange struct {
	*ledger.Exchange
	Home *ledger.Points
}

// Lanes implements Ledger.
func (d DirectExchange) Lanes(ctx context.Context, msp string, first, count int) ([]points.Lane, error) {
	return d.Home.Lanes(ctx, msp, first, count)
}

// Apply implements Ledger.
func (d DirectExchange) Apply(ctx context.Context, batch ledger.Batch) error {
	endorsed, err := d.EndorseBatch(ctx, func() (ledger.Batch, error) { return batch, nil })
	if err != nil {
		return err
	}
	return endorsed.Commit(ctx)
}

// naive makes load with one transaction per operation: accruals, or awards of a partner's points.
type naive struct {
	ledger   Ledger
	msp      string
	member   string
	partner  string // Whose points the member awards; empty for accruals.
	purchase purchase
}

// clients gives clients that each have a lane of their own.
func (d *naive) clients(ctx context.Context, of LaneRange, choose func() string) ([]step, error) {
	lanes, err := d.ledger.Lanes(ctx, d.msp, of.First, of.Count)
	if err != nil {
		return nil, err
	}
	steps := make([]step, len(lanes))
	for i := range lanes {
		lane := lanes[i]
		steps[i] = func(ctx context.Context, m *meter) error {
			lane.Seq++
			return d.apply(ctx, m, lane.N, lane.Seq, choose())
		}
	}
	return steps, nil
}

// apply commits one accrual, however many attempts that takes; at the end of the load it gives up, and what isn't committed then isn't counted.
func (d *naive) apply(ctx context.Context, m *meter, lane int, seq int64, account string) error {
	batch, err := d.batch(lane, seq, account)
	if err != nil {
		return err
	}
	for began := time.Now(); ; {
		err := d.ledger.Apply(ctx, batch)
		switch {
		case err == nil || ledger.ClassOf(err) == ledger.LaneMoved: // The lane moved by an attempt that was thought lost.
			m.done(began, fault.OK)
			return nil
		case ctx.Err() != nil || m.over():
			return nil
		case ledger.ClassOf(err) != ledger.Retry && ledger.ClassOf(err) != ledger.CoEndorser:
			return err
		}
		m.retried.Add(1)
	}
}

func (d *naive) batch(lane int, seq int64, account string) (ledger.Batch, error) {
	id := points.OperationID(random.Hex(idBytes))
	document, details := d.accrual(lane, seq, id, account)
	if d.partner != "" {
		document, details = d.award(lane, seq, id, account)
	}
	details.Merchant, details.Store, details.Terminal, details.OccurredAt = d.member, "bench", "naive", d.purchase.occurredAt
	raw, err := wire.Encode(document)
	if err != nil {
		return ledger.Batch{}, err
	}
	private, err := wire.Encode(wire.BatchDetails{V: 1, Salt: random.Hex(saltBytes), Operations: []points.Details{details}})
	return ledger.Batch{Document: raw, Details: private}, err
}

func (d *naive) accrual(lane int, seq int64, id points.OperationID, account string) (document any, details points.Details) {
	operation := points.Operation{ID: id, Kind: points.KindEarn, Account: points.AccountID(account)}
	return wire.BatchRequest{Lane: lane, Seq: seq, Operations: []points.Operation{operation}},
		points.Details{Operation: id, AmountMinor: d.purchase.minor, Currency: d.purchase.currency}
}

func (d *naive) award(lane int, seq int64, id points.OperationID, account string) (document any, details points.Details) {
	operation := points.Operation{ID: id, Kind: points.KindAward, Account: points.AccountID(account), Points: 1, Partner: d.member}
	return wire.Exchange{Home: d.partner, Partner: d.member, Lane: lane, Seq: seq, Operations: []points.Operation{operation}}, points.Details{Operation: id}
}
