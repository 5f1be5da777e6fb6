package sequencer

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"log/slog"

	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/wire"
	"github.com/tallystick/tallystick/gateway/config"
	"github.com/tallystick/tallystick/gateway/store"
)

// Inbox lists credits that wait for accounts of a programme, those that came first in front: store.Reads.
type Inbox interface {
	Waiting(ctx context.Context, programme string, limit int) ([]store.Waiting, error)
}

// Folder brings credits that wait to their accounts. It works in rounds of a bounded number of operations, each begun when the one before is on the ledger. A credit is in
// one operation at a time: what an earlier run had under way is left to it.
type Folder struct {
	Programme string
	Inbox     Inbox
	Sequencer *Sequencer
	Settings  config.Sweep
	Log       *slog.Logger

	errands errands
}

// foldCaller owns the folds' idempotency keys.
const foldCaller = "gateway/fold"

// Run folds at once and then every Interval, and goes on without a pause while there is more than a round of it, until the context ends.
func (f *Folder) Run(ctx context.Context) error {
	f.errands = errands{sequencer: f.Sequencer, caller: foldCaller, log: f.Log}
	return rounds(ctx, f.Settings.Interval, f.Log, f.round)
}

func (f *Folder) round(ctx context.Context) (more bool, err error) {
	if !f.Sequencer.takes(home) {
		return false, nil
	}
	underWay, err := f.Sequencer.folding() // Before the inbox is read: what is decided in between is in it no longer.
	if err != nil {
		return false, err
	}
	waiting, err := f.Inbox.Waiting(ctx, f.Programme, min(f.Settings.Outstanding*points.MaxFold, store.MaxWaiting))
	if err != nil || len(waiting) == 0 {
		return false, err
	}
	return f.errands.run(ctx, f.folds(waiting, underWay), f.Settings.Outstanding)
}

// folds groups what waits into operations of one account each, in the order in which the first of each came.
func (f *Folder) folds(waiting []store.Waiting, underWay map[points.InboxPlace]bool) []errand {
	var folds []*points.Operation
	open := map[points.AccountID]*points.Operation{} // The account's last fold, while it has room.
	for i := range waiting {
		w := &waiting[i]
		if underWay[w.Place] {
			continue
		}
		o := open[w.Entry.Account]
		if o == nil || len(o.Entries) == points.MaxFold {
			o = &points.Operation{Kind: points.KindFold, Account: w.Entry.Account}
			open[o.Account] = o
			folds = append(folds, o)
		}
		o.Entries = append(o.Entries, w.Place)
	}
	all := make([]errand, len(folds))
	for i, o := range folds {
		sum := sha256.Sum256(fmt.Append(nil, o.Entries))
		all[i] = errand{key: fmt.Sprint(o.Account, "/", hex.EncodeToString(sum[:16]), "/", f.errands.period()), operation: *o}
	}
	return all
}

// folding are the credits that folds name which the ledger hasn't decided.
func (s *Sequencer) folding() (map[points.InboxPlace]bool, error) {
	s.mu.Lock()
	var documents [][]byte
	for _, e := range s.live {
		if e.operation.Kind == points.KindFold {
			documents = append(documents, e.operation.Document)
		}
	}
	s.mu.Unlock()
	places := map[points.InboxPlace]bool{}
	for _, document := range documents {
		var o points.Operation
		if err := wire.DecodeRecord(document, &o); err != nil {
			return nil, err
		}
		for _, p := range o.Entries {
			places[p] = true
		}
	}
	return places, nil
}
