package projection

import (
	"context"
	"iter"
	"log/slog"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hyperledger/fabric-protos-go-apiv2/common"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/gateway/blocks"
	"github.com/tallystick/tallystick/gateway/store"
)

// Limits of one write to the database, and the pauses between attempts to reach a peer.
const (
	MaxBlocksPerWrite   = 64   // Blocks that share one transaction when the projection is behind.
	MaxReceiptsPerWrite = 5000 // A write is closed when it has so many receipts.
	readAhead           = 32   // Decoded blocks that wait for the database.
	firstPause          = 100 * time.Millisecond
	longestPause        = 5 * time.Second
)

// Source delivers a channel's blocks; a blocks.Peer is one.
type Source interface {
	Blocks(ctx context.Context, from, last uint64, content blocks.Content) iter.Seq2[blocks.Delivered, error]
	Last(ctx context.Context) (*common.Block, error)
}

// Settings are what a projection needs.
type Settings struct {
	Sources   []Source // The own member's peers; the next one is tried when one fails. At least one.
	Store     *store.Store
	Programme string // Whose batches end operations of this database's outbox; empty for a gateway that only reads.
	MSP       string // The own member's, or that of the failed member that it acts for: its lanes.
	Creator   string // MSP id under which this gateway submits; empty when it is MSP.
	Member    string // The own member's name: its peer holds the data of its pairs,
	Regulator bool   // and a regulator's that of all pairs.
	Log       *slog.Logger
	Metrics   prometheus.Registerer
}

func (s *Settings) owner() owner {
	creator := s.Creator
	if creator == "" {
		creator = s.MSP
	}
	return owner{s.Programme, s.MSP, creator}
}

// Projection follows the ledger. Its methods may be called from several goroutines.
type Projection struct {
	settings Settings
	listener func(Outcome)
	metrics  *metrics
	caughtUp chan struct{}

	programmes programmes // As the last block that was looked at leaves them; for Run's goroutine only.
	exposures  *exposures // Likewise.

	mended atomic.Bool // Private data came after their block: exposures are read anew.

	mu        sync.Mutex
	projected uint64 // Number of blocks written, so also the number of the next one.
	ledger    uint64 // Number of blocks that the peer is known to have.
	trouble   error  // Why there is no stream of blocks now; nil while there is one.
}

// New makes a projection; Run starts it. onOutcome is told of every batch of the ledger, and of the own member's batches that were refused, in the ledger's
// order, after the database has them; it is called by Run's goroutine and must not block.
func New(s Settings, onOutcome func(Outcome)) *Projection {
	p := &Projection{
		settings: s, listener: onOutcome, caughtUp: make(chan struct{}),
		trouble: fault.New(fault.NotReady, "the projection has not reached the peer yet"),
	}
	p.metrics = newMetrics(s.Metrics, p)
	return p
}

// Run follows the ledger until the context ends, reconnecting for as long as it takes. It returns earlier only for what trying again can't mend:
// LEDGER_MISMATCH when the database was made from another ledger, BLOCK_INVALID when the peer delivers blocks that can't be.
func (p *Projection) Run(ctx context.Context) error {
	pause := firstPause
	for attempt := 0; ; attempt++ {
		before, _ := p.Height()
		err := p.follow(ctx, p.settings.Sources[attempt%len(p.settings.Sources)])
		if ctx.Err() != nil {
			return ctx.Err()
		}
		p.setTrouble(err)
		if code := fault.CodeOf(err); code == fault.LedgerMismatch || code == fault.BlockInvalid {
			return err
		}
		if now, _ := p.Height(); now > before {
			pause = firstPause
		}
		p.settings.Log.Warn("the stream of blocks broke and is tried again", "error", err, "pause", pause)
		if !wait(ctx, pause) {
			return ctx.Err()
		}
		pause = min(2*pause, longestPause)
	}
}

// Height returns how many blocks the database holds and how many the peer is known to have.
func (p *Projection) Height() (projected, ledger uint64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.projected, p.ledger
}

// Ready returns nil while the database follows the peer and has what the peer had when it was reached; NOT_READY with the reason otherwise.
func (p *Projection) Ready() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.trouble != nil {
		return fault.New(fault.NotReady, "no blocks from the peer: %v", p.trouble)
	}
	if p.projected < p.ledger {
		return fault.New(fault.NotReady, "%d of %d blocks are projected", p.projected, p.ledger)
	}
	return nil
}

// CaughtUp is closed when the database has, for the first time, every block that the peer had when it was reached.
func (p *Projection) CaughtUp() <-chan struct{} { return p.caughtUp }

func (p *Projection) setTrouble(err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.trouble = err
}

// connected notes the peer's height and where the database stands.
func (p *Projection) connected(projected, ledger uint64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.projected, p.ledger, p.trouble = projected, ledger, nil
	p.closeWhenCaughtUp()
}

func (p *Projection) advanced(projected uint64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.projected, p.ledger = projected, max(p.ledger, projected)
	p.closeWhenCaughtUp()
}

func (p *Projection) closeWhenCaughtUp() {
	if p.projected < p.ledger {
		return
	}
	select {
	case <-p.caughtUp:
	default:
		close(p.caughtUp)
	}
}

// wait pauses for about d; false when the context ended.
func wait(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d/2 + rand.N(d/2+1))
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}
