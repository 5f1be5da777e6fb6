package sequencer

import (
	"context"
	"log/slog"

	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/gateway/config"
	"github.com/tallystick/tallystick/gateway/store"
)

// AcceptedFreezes lists requests to freeze accounts that were accepted and that no operation has followed yet: store.Reads.
type AcceptedFreezes interface {
	AcceptedFreezes(ctx context.Context, programme string, now int64, limit int) ([]points.FreezeRequest, error)
}

// Freezer freezes accounts by the requests that the issuer's compliance has accepted: the decision stands on the ledger, and accounts are written by batches alone.
type Freezer struct {
	Programme string // The gateway's own.
	Requests  AcceptedFreezes
	Sequencer *Sequencer
	Settings  config.Sweep
	Log       *slog.Logger

	errands errands
}

// freezeCaller owns the freezes' idempotency keys.
const freezeCaller = "gateway/freeze"

// Run freezes at once and then every Interval, and goes on without a pause while there is more than a round of it, until the context ends.
func (f *Freezer) Run(ctx context.Context) error {
	f.errands = errands{sequencer: f.Sequencer, caller: freezeCaller, log: f.Log}
	return rounds(ctx, f.Settings.Interval, f.Log, f.round)
}

func (f *Freezer) round(ctx context.Context) (more bool, err error) {
	if !f.Sequencer.takes(home) {
		return false, nil
	}
	limit := min(f.Settings.Outstanding+len(f.errands.vain), store.MaxWaiting)
	list, err := f.Requests.AcceptedFreezes(ctx, f.Programme, f.Sequencer.now().Unix(), limit)
	if err != nil {
		return false, err
	}
	all := make([]errand, len(list))
	for i, r := range list {
		all[i] = errand{
			key:       string(r.ID),
			operation: points.Operation{Kind: points.KindFreeze, Account: r.Account, Reason: r.Reason, Request: r.ID},
		}
	}
	return f.errands.run(ctx, all, f.Settings.Outstanding)
}
