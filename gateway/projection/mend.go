package projection

import (
	"context"
	"time"

	"github.com/tallystick/tallystick/chaincode/engine"
	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/gateway/blocks"
	"github.com/tallystick/tallystick/gateway/store"
)

// mendPause is how long a peer is given to fetch private data that it had not when it delivered their block, before it is asked again: Fabric's reconciler runs every minute.
const mendPause = 30 * time.Second

// mendRegularly fills the gaps that there are, again and again until ctx ends.
func (p *Projection) mendRegularly(ctx context.Context, source Source) {
	for wait(ctx, mendPause) {
		if err := p.mend(ctx, source); err != nil && ctx.Err() == nil {
			p.settings.Log.Warn("private data that the peer had not delivered is still missing", "error", err)
		}
	}
}

// mend asks the peer again for blocks whose private data it had not delivered, and writes what has come since. Events of then are not told after the fact, and operations that
// were refused for a limit stay unexplained.
func (p *Projection) mend(ctx context.Context, source Source) error {
	gaps, err := store.NewClearingReads(p.settings.Store.Reader()).Gaps(ctx)
	if err != nil {
		return err
	}
	for _, g := range gaps {
		found, err := fetch(ctx, source, g)
		if err != nil {
			return err
		}
		if found == nil {
			continue
		}
		if err := p.settings.Store.Mend(ctx, g, *found); err != nil {
			return err
		}
		p.mended.Store(true)
		p.settings.Log.Info("private data that the peer had not delivered has come", "block", g.Block, "collection", g.Collection)
	}
	return nil
}

// fetch reads a gap's block again; nil while its private data is still missing.
func fetch(ctx context.Context, source Source, g store.ClearingGap) (*store.Clearing, error) {
	for d, err := range source.Blocks(ctx, g.Block, g.Block, blocks.WithPrivate) {
		if err != nil {
			return nil, err
		}
		b, err := d.Decode()
		if err != nil {
			return nil, err
		}
		return filled(b, g)
	}
	return nil, fault.New(fault.LedgerUnavailable, "the peer didn't deliver block %d", g.Block)
}

func filled(b *blocks.Block, g store.ClearingGap) (*store.Clearing, error) {
	if b.Number != g.Block || g.Tx >= len(b.Transactions) {
		return nil, fault.New(fault.BlockInvalid, "the peer delivered another block than %d", g.Block)
	}
	t := &b.Transactions[g.Tx]
	if len(t.PrivateWrites(engine.ClearingChaincode, g.Collection)) == 0 {
		return nil, nil
	}
	e := newEffects(owner{}, programmes{})
	n := t.Namespace(engine.ClearingChaincode)
	for i := range n.Collections {
		if n.Collections[i].Name != g.Collection {
			continue
		}
		if err := e.addPairData(b, t, &n.Collections[i]); err != nil {
			return nil, err
		}
	}
	return &e.changes.Clearing, nil
}
