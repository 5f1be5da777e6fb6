package bench

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"time"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/wire"
	"github.com/tallystick/tallystick/gateway/ledger"
)

// NaiveLane is the first of the lanes that the naive way uses, one for each client, far from the gateway's own.
const NaiveLane = 1000

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

// Direct is the real ledger.
type Direct struct{ *ledger.Points }

// Apply implements Ledger.
func (d Direct) Apply(ctx context.Context, batch ledger.Batch) error {
	endorsed, err := d.EndorseBatch(ctx, func() (ledger.Batch, error) { return batch, nil })
	if err != nil {
		return err
	}
	return endorsed.Commit(ctx)
}

// naive makes load with one transaction per operation.
type naive struct {
	ledger   Ledger
	msp      string
	member   string
	purchase purchase
}

// clients gives n clients, each with a lane of its own.
func (d *naive) clients(ctx context.Context, n int, choose func() string) ([]step, error) {
	lanes, err := d.ledger.Lanes(ctx, d.msp, NaiveLane, n)
	if err != nil {
		return nil, err
	}
	steps := make([]step, n)
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
	id := points.OperationID(randomHex(idBytes))
	document, err := wire.Encode(wire.BatchRequest{Lane: lane, Seq: seq, Operations: []points.Operation{{ID: id, Kind: points.KindEarn, Account: points.AccountID(account)}}})
	if err != nil {
		return ledger.Batch{}, err
	}
	details, err := wire.Encode(wire.BatchDetails{V: 1, Salt: randomHex(saltBytes), Operations: []points.Details{{
		Operation: id, AmountMinor: d.purchase.minor, Currency: d.purchase.currency, OccurredAt: d.purchase.occurredAt, Merchant: d.member, Store: "bench", Terminal: "naive",
	}}})
	return ledger.Batch{Document: document, Details: details}, err
}

// randomHex returns n random bytes in hex. The standard library ends the process when the system has no randomness.
func randomHex(n int) string {
	raw := make([]byte, n)
	_, _ = rand.Read(raw)
	return hex.EncodeToString(raw)
}
