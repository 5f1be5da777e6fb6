package sequencer

import (
	"context"
	"fmt"
	"log/slog"

	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/wire"
	"github.com/tallystick/tallystick/gateway/config"
	"github.com/tallystick/tallystick/gateway/store"
)

// LooseEnds lists what is left to do with a partner on accounts of a programme: store.Reads.
type LooseEnds interface {
	// Lapsed lists reservations whose hold's time is over at now (Unix seconds).
	Lapsed(ctx context.Context, programme, partner string, now int64, limit int) ([]store.Reservation, error)
	// Refunds lists what the partner is to be refunded for.
	Refunds(ctx context.Context, programme, partner string, limit int) ([]store.Refund, error)
	// ReceiptIn gives the receipt that an operation has in a programme, with its batch.
	ReceiptIn(ctx context.Context, programme string, id points.OperationID) (store.Committed, error)
}

// Closer ends what is left open with one partner: it voids holds whose time is over, so that what they keep of the pair's limits is free again, also where the account has
// let go of them already; and it refunds the partner for returned awards whose debt was repaid since. Each partner has one of its own, which waits for that partner alone.
type Closer struct {
	Programme string // The gateway's own.
	Partner   string
	LooseEnds LooseEnds
	Sequencer *Sequencer
	Settings  config.Sweep
	Log       *slog.Logger

	voids, refunds errands
}

// Owners of the idempotency keys.
const (
	voidCaller   = "gateway/void"
	refundCaller = "gateway/refund"
)

// Run looks at once and then every Interval what is left open, and goes on without a pause while there is more than a round of it, until the context ends.
func (c *Closer) Run(ctx context.Context) error {
	c.voids = errands{sequencer: c.Sequencer, caller: voidCaller, log: c.Log}
	c.refunds = errands{sequencer: c.Sequencer, caller: refundCaller, log: c.Log}
	return rounds(ctx, c.Settings.Interval, c.Log, c.round)
}

func (c *Closer) round(ctx context.Context) (more bool, err error) {
	if !c.Sequencer.takes(c.Partner) {
		return false, nil // Troubles tells why.
	}
	lapsed, err := c.lapsed(ctx)
	if err != nil {
		return false, err
	}
	moreLapsed, err := c.voids.run(ctx, lapsed, c.Settings.Outstanding)
	if err != nil {
		return false, err
	}
	owed, err := c.owed(ctx)
	if err != nil {
		return false, err
	}
	moreOwed, err := c.refunds.run(ctx, owed, c.Settings.Outstanding)
	return moreLapsed || moreOwed, err
}

func (c *Closer) lapsed(ctx context.Context) ([]errand, error) {
	limit := min(c.Settings.Outstanding+len(c.voids.vain), store.MaxWaiting)
	list, err := c.LooseEnds.Lapsed(ctx, c.Programme, c.Partner, c.Sequencer.now().Unix(), limit)
	if err != nil {
		return nil, err
	}
	all := make([]errand, len(list))
	for i, r := range list {
		all[i] = errand{
			key:       fmt.Sprint(r.Hold, "/", c.voids.period()),
			operation: points.Operation{Kind: points.KindVoid, Account: r.Account, Hold: r.Hold, Partner: c.Partner},
		}
	}
	return all, nil
}

func (c *Closer) owed(ctx context.Context) ([]errand, error) {
	limit := min(c.Settings.Outstanding+len(c.refunds.vain), store.MaxWaiting)
	list, err := c.LooseEnds.Refunds(ctx, c.Programme, c.Partner, limit)
	if err != nil {
		return nil, err
	}
	all := make([]errand, 0, len(list))
	for _, r := range list {
		key := fmt.Sprint(r.Claim.Operation, "/", r.Claim.Points, "/", r.Claim.Repaid, "/", c.refunds.period())
		award, err := c.LooseEnds.ReceiptIn(ctx, c.Programme, r.Claim.Operation)
		if err != nil {
			return nil, err
		}
		original, err := originalOf(&award)
		if err != nil {
			return nil, err
		}
		all = append(all, errand{key: key, operation: points.Operation{Kind: points.KindRefund, Account: r.Account, Partner: c.Partner, Original: original}})
	}
	return all, nil
}

// originalOf is a committed receipt with the proof that it is in its batch.
func originalOf(c *store.Committed) (*points.Original, error) {
	leaves, err := wire.Leaves(c.Batch.Receipts)
	if err != nil {
		return nil, err
	}
	path, err := wire.Prove(leaves, c.Index)
	if err != nil {
		return nil, err
	}
	return &points.Original{Receipt: c.Receipt, Proof: points.InclusionProof{
		MSP: c.Batch.MSP, Lane: c.Batch.Lane, Seq: c.Batch.Seq, Index: c.Index, Size: len(leaves), Hashes: path,
	}}, nil
}
