package projection

import (
	"context"
	"encoding/hex"
	"errors"
	"time"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/gateway/blocks"
	"github.com/tallystick/tallystick/gateway/store"
)

// follow reads from one peer until something breaks.
func (p *Projection) follow(ctx context.Context, source Source) error {
	checkpoint, found, err := p.settings.Store.Checkpoint(ctx)
	if err != nil {
		return err
	}
	last, err := source.Last(ctx)
	if err != nil {
		return err
	}
	if found && last.Header.Number < checkpoint.Block {
		return p.behind(ctx, source, last.Header.Number, checkpoint)
	}
	if p.programmes, err = knownProgrammes(ctx, p.settings.Store); err != nil {
		return err
	}
	if err := p.loadExposures(ctx); err != nil {
		return err
	}
	from, standing := uint64(0), (*store.Checkpoint)(nil)
	if found {
		from, standing = checkpoint.Block, &checkpoint
	}
	decoded, failed := make(chan *blocks.Block, readAhead), make(chan error, 1)
	ctx, cancel := context.WithCancel(ctx)
	mending := make(chan struct{})
	go func() {
		defer close(mending)
		p.mendRegularly(ctx, source)
	}()
	defer func() { <-mending }()
	go func() {
		failed <- decode(ctx, source, from, decoded)
		close(decoded)
	}()
	// When the stream breaks, what was read before is still written: so every stream makes progress, however short.
	err = p.write(ctx, decoded, standing, last.Header.Number+1)
	cancel()
	if broken := <-failed; errors.Is(err, errEnded) {
		return broken
	}
	return err
}

func (p *Projection) loadExposures(ctx context.Context) (err error) {
	p.exposures, err = knownExposures(ctx, p.settings.Store)
	if err == nil {
		p.exposures.gauge = p.metrics.taken
	}
	return err
}

// errEnded says that no decoded block will come any more.
var errEnded = errors.New("the stream of blocks ended")

// behind tells a peer that is catching up from one of another ledger, as far as the genesis block can.
func (p *Projection) behind(ctx context.Context, source Source, last uint64, checkpoint store.Checkpoint) error {
	genesis, known, err := p.settings.Store.Genesis(ctx)
	if err != nil {
		return err
	}
	for d, err := range source.Blocks(ctx, 0, 0, blocks.Public) {
		if err != nil {
			return err
		}
		hash, err := blocks.HeaderHash(d.Block.GetHeader())
		if err != nil {
			return err
		}
		if known && genesis != hex.EncodeToString(hash) {
			return fault.New(fault.LedgerMismatch, "the database is of the channel with genesis %s, the peer's has %x: set the right database, or an empty one", genesis, hash)
		}
	}
	return fault.New(fault.NotReady, "the peer's ledger ends at block %d, the database stands at %d: the peer is catching up, or the database is of another ledger",
		last, checkpoint.Block)
}

// decode reads ahead of the database.
func decode(ctx context.Context, source Source, from uint64, out chan<- *blocks.Block) error {
	for d, err := range source.Blocks(ctx, from, blocks.Newest, blocks.WithPrivate) {
		if err != nil {
			return err
		}
		b, err := d.Decode()
		if err != nil {
			return err
		}
		select {
		case out <- b:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return fault.New(fault.LedgerUnavailable, "the peer ended the stream of blocks")
}

// write takes decoded blocks to the database, as many as have come in the meantime in one go. With a checkpoint (nil without) the first block must be the
// one that it names.
func (p *Projection) write(ctx context.Context, in <-chan *blocks.Block, checkpoint *store.Checkpoint, ledger uint64) error {
	var previous *blocks.Block
	if checkpoint != nil {
		first, err := next(in)
		if err != nil {
			return err
		}
		if first.Number != checkpoint.Block || hex.EncodeToString(first.Hash) != checkpoint.Hash {
			return fault.New(fault.LedgerMismatch, "the database stands at block %d with hash %s, the peer's block %d has hash %x: set the right database, or an empty one",
				checkpoint.Block, checkpoint.Hash, first.Number, first.Hash)
		}
		previous = first
		p.connected(checkpoint.Block+1, ledger)
	} else {
		p.connected(0, ledger)
	}
	for {
		b, err := next(in)
		if err != nil {
			return err
		}
		if previous, err = p.writeFrom(ctx, b, previous, in); err != nil {
			return err
		}
	}
}

func next(in <-chan *blocks.Block) (*blocks.Block, error) {
	b, ok := <-in
	if !ok {
		return nil, errEnded
	}
	return b, nil
}

// writeFrom writes b and what else is waiting, publishes the outcomes, and returns the last block written.
func (p *Projection) writeFrom(ctx context.Context, b, previous *blocks.Block, in <-chan *blocks.Block) (*blocks.Block, error) {
	start := time.Now()
	if p.mended.Swap(false) {
		if err := p.loadExposures(ctx); err != nil {
			return nil, err
		}
	}
	e := newEffects(p.settings.owner(), p.programmes)
	e.exposures, e.holder = p.exposures, holder{p.settings.Member, p.settings.Regulator}
	count := 0
	for more := true; more; {
		if err := follows(b, previous); err != nil {
			return nil, err
		}
		if err := e.add(b); err != nil {
			return nil, err
		}
		previous, count, more = b, count+1, false
		if count < MaxBlocksPerWrite && e.receipts < MaxReceiptsPerWrite {
			select {
			case waiting, ok := <-in:
				b, more = waiting, ok
			default:
			}
		}
	}
	if err := p.settings.Store.Project(ctx, e.changes); err != nil {
		return nil, err
	}
	p.advanced(previous.Number + 1)
	p.metrics.wrote(count, e.receipts, time.Since(start))
	for i := range e.outcomes {
		p.listener(e.outcomes[i])
	}
	return previous, nil
}

func follows(b, previous *blocks.Block) error {
	if previous != nil {
		return b.CheckFollows(previous)
	}
	if b.Number != 0 {
		return fault.New(fault.BlockInvalid, "the peer's ledger begins at block %d: an empty database is built from block 0", b.Number)
	}
	return nil
}
