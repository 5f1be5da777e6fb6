package audit

import (
	"context"
	"errors"
	"iter"
	"runtime"
	"sync"

	"github.com/hyperledger/fabric-protos-go-apiv2/common"
	"golang.org/x/sync/errgroup"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/gateway/blocks"
)

// job is a block on its way: linked to its predecessor by the reader, its signatures checked beside, its transactions replayed in order.
type job struct {
	delivered blocks.Delivered
	block     *blocks.Block
	failure   *Finding          // Of the block itself.
	checked   []*blocks.Checked // By transaction; nil where refusals says why.
	refusals  []error
	done      chan struct{}
	trusted   bool // A checkpoint that is believed covers the block.
}

// errStopped ends the reader when the audit has seen enough.
var errStopped = errors.New("stopped")

// produce reads blocks, in order, and has their signatures checked by several goroutines. The jobs come out in order; each must be awaited (done).
func produce(ctx context.Context, source iter.Seq2[blocks.Delivered, error], l *linker, out chan<- *job) error {
	defer close(out)
	workers := runtime.GOMAXPROCS(0)
	slots := make(chan struct{}, workers)
	var group sync.WaitGroup
	defer group.Wait()
	for d, err := range source {
		if err != nil {
			return err
		}
		j := l.link(d)
		select {
		case out <- j:
		case <-ctx.Done():
			return errStopped
		}
		if j.block == nil {
			close(j.done)
			return nil
		}
		config := l.inForce
		if j.block.Config != nil {
			l.inForce = j.block.Config
		}
		slots <- struct{}{}
		group.Go(func() {
			j.verify(config)
			close(j.done)
			<-slots
		})
	}
	return nil
}

// linker checks what depends on the block before. One goroutine at a time uses it.
type linker struct {
	previous *blocks.Block
	inForce  *blocks.Config // Of the last configuration block so far.
	trusted  uint64         // Blocks below it are covered by a checkpoint that is believed.
}

func (l *linker) link(d blocks.Delivered) *job {
	j := &job{delivered: d, done: make(chan struct{})}
	due := uint64(0)
	if l.previous != nil {
		due = l.previous.Number + 1
	}
	b, err := d.Decode()
	if err != nil {
		j.failure = blockFinding(CheckBlock, due, "%v", err)
		return j
	}
	j.block, j.trusted = b, b.Number < l.trusted
	switch {
	case l.previous == nil && (b.Number != 0 || b.Config == nil):
		j.failure = blockFinding(CheckGenesis, b.Number, "the first block must be block 0 with the channel's configuration")
	case l.previous != nil:
		if err := b.CheckFollows(l.previous); err != nil {
			j.failure = blockFinding(CheckHashChain, due, "%v", err)
		}
	}
	l.previous = b
	return j
}

// verify checks hashes and signatures of one block.
func (j *job) verify(config *blocks.Config) {
	if j.failure == nil {
		if err := j.block.CheckData(); err != nil {
			j.failure = blockFinding(CheckDataHash, j.block.Number, "%v", err)
		}
	}
	if j.trusted {
		return
	}
	if j.failure == nil && j.block.Number > 0 {
		if err := j.block.CheckOrderers(config); err != nil {
			j.failure = blockFinding(CheckOrdererSignature, j.block.Number, "%v", err)
		}
	}
	j.checked = make([]*blocks.Checked, len(j.block.Transactions))
	j.refusals = make([]error, len(j.block.Transactions))
	for i := range j.block.Transactions {
		t := &j.block.Transactions[i]
		if t.Kind != common.HeaderType_ENDORSER_TRANSACTION {
			continue
		}
		if config == nil {
			j.refusals[i] = fault.New(fault.SignatureInvalid, "no configuration of the channel was seen before it")
			continue
		}
		j.checked[i], j.refusals[i] = t.Check(config)
	}
}

// consume hands every job, in order and verified, to f. f's error ends it.
func consume(ctx context.Context, source iter.Seq2[blocks.Delivered, error], l *linker, f func(*job) error) error {
	group, ctx := errgroup.WithContext(ctx)
	jobs := make(chan *job, 2*runtime.GOMAXPROCS(0))
	group.Go(func() error { return produce(ctx, source, l, jobs) })
	group.Go(func() error {
		for j := range jobs {
			<-j.done
			if err := f(j); err != nil {
				return err
			}
		}
		return nil
	})
	return group.Wait()
}
