package sequencer

import (
	"context"
	"math/rand/v2"
	"time"

	"github.com/hyperledger/fabric-protos-go-apiv2/peer"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/gateway/ledger"
	"github.com/tallystick/tallystick/gateway/store"
	"github.com/tallystick/tallystick/gateway/tracing"
)

// lane is one slot for a batch in flight. Its fields but n, route, start and notice are guarded by the sequencer's mutex.
type lane struct {
	n       int
	route   *route
	start   chan *pin
	notice  chan struct{} // Holds a token when Observe had something for the pin.
	height  int64         // Last sequence number that a block has told.
	pin     *pin          // nil while the lane is free.
	trouble string        // What keeps refusing the pin; empty while all is well.
	freed   time.Time     // When its last pin was decided.
	release int64         // Settled window up to which the next batch releases what the lane booked; 0: none.
}

// pin is a batch that belongs to one place of a lane. Its fields but seq, salt and entries are guarded by the sequencer's mutex.
type pin struct {
	seq      int64
	salt     string
	entries  []*entry
	release  int64                  // Settled window up to which it releases what the lane booked; 0: none.
	fence    bool                   // The place is filled with an empty batch, since this one is refused as a whole.
	loose    bool                   // It keeps its accounts and shops from other batches no longer.
	decided  bool                   // A block has told who won the place.
	tx       string                 // The last attempt that was submitted.
	won      string                 // The attempt that won the place.
	invalid  *peer.TxValidationCode // Why that attempt was invalidated.
	notAfter int64                  // When the last mandate that was signed for it lapses, Unix seconds; 0 without any.
}

func newLane(n int, r *route) *lane {
	return &lane{n: n, route: r, start: make(chan *pin, 1), notice: make(chan struct{}, 1)}
}

func (l *lane) notify() {
	select {
	case l.notice <- struct{}{}:
	default:
	}
}

// runLane brings one pin after the other to its end.
func (s *Sequencer) runLane(ctx context.Context, l *lane) {
	for {
		select {
		case <-ctx.Done():
			return
		case p := <-l.start:
			if !s.bring(ctx, l, p) {
				return
			}
			s.free(l)
		}
	}
}

// bring makes a new pin durable and tries it until its place is decided; false when the context ended first.
func (s *Sequencer) bring(ctx context.Context, l *lane, p *pin) bool {
	ctx, span := s.traceBatch(ctx, l, p)
	defer s.endBatch(span, p)
	return s.persist(ctx, l, p) && s.drive(ctx, l, p)
}

// persist makes the pin durable; false when the context ended first. A pin whose place is taken in the database already needs none: Observe is about to tell.
func (s *Sequencer) persist(ctx context.Context, l *lane, p *pin) bool {
	durable := store.Pin{Lane: l.n, Seq: p.seq, Salt: p.salt, CreatedAt: s.now().UnixMilli(), Operations: make([]store.Operation, len(p.entries))}
	for i, e := range p.entries {
		durable.Operations[i] = e.operation
	}
	for attempt := 0; ; attempt++ {
		writing, span := tracing.Start(ctx, tracing.Pin)
		err := s.settings.Store.Pin(writing, s.settings.Programme, s.settings.MSP, durable)
		tracing.End(span, err)
		if err == nil || s.decided(p) {
			return true
		}
		if fault.CodeOf(err) != fault.LaneSequence {
			s.setTrouble(l, err)
			s.log.Error("a pin can't be written", "lane", l.n, "seq", p.seq, "error", err)
		}
		if !s.pause(ctx, l, p, attempt) {
			return false
		}
	}
}

// drive tries the pin until a block has told who won its place; false when the context ended first.
func (s *Sequencer) drive(ctx context.Context, l *lane, p *pin) bool {
	s.metrics.batch(len(p.entries))
	wait := s.patience()
	for attempt := 0; ; attempt++ {
		submitted, err := s.attempt(ctx, l, p, attempt)
		switch {
		case ctx.Err() != nil:
			return false
		case err != nil:
			s.failed(l, p, attempt, err)
			if !s.pause(ctx, l, p, attempt) {
				return false
			}
		case submitted:
			s.setTrouble(l, nil)
			if !s.await(ctx, l, p, wait) {
				return false
			}
			wait = min(2*wait, s.settings.Pace.LongestBlock)
		}
		if s.decided(p) {
			return s.settleRefusals(ctx, l, p)
		}
	}
}

// attempt has the batch endorsed and hands it to the ordering service; false without an error when the place was decided meanwhile.
func (s *Sequencer) attempt(ctx context.Context, l *lane, p *pin, n int) (submitted bool, err error) {
	if s.decided(p) {
		return false, nil
	}
	start := s.now()
	tx, err := s.endorse(ctx, l, p, n)
	if err != nil {
		return false, err
	}
	s.metrics.endorsed(s.now().Sub(start))
	s.mu.Lock()
	p.tx, p.invalid = tx.TxID(), nil
	s.mu.Unlock()
	return true, submit(ctx, tx)
}

func (s *Sequencer) decided(p *pin) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return p.decided
}

// troubledAfter is how many attempts may fail for reasons that pass by themselves before the gateway reports that it isn't ready.
const troubledAfter = 5

// failed notes why an attempt failed and decides what the next one carries.
func (s *Sequencer) failed(l *lane, p *pin, attempt int, err error) {
	class, code := ledger.ClassOf(err), fault.CodeOf(err)
	s.metrics.retried(class)
	switch class {
	case ledger.Retry, ledger.CoEndorser, ledger.LaneMoved:
		if attempt >= troubledAfter {
			s.stuck(l, p, err)
		}
		s.log.Debug("a batch is tried again", "lane", l.n, "seq", p.seq, "attempt", attempt, "class", class, "error", err)
		return
	case ledger.Refused:
		if code == fault.WindowOrder && s.keepWindows(p) {
			return
		}
		if s.giveWay(p, code) {
			s.log.Error("a batch is refused as a whole and gives its place up", "lane", l.n, "seq", p.seq, "operations", len(p.entries), "error", err)
			return
		}
	}
	if s.stuck(l, p, err) {
		s.log.Error("a batch is refused", "lane", l.n, "seq", p.seq, "attempt", attempt, "class", class, "error", err)
	}
}

// stuck notes what keeps a pin from the ledger; false when it is noted already. With a partner that may last: its accounts and shops can be in other batches meanwhile.
func (s *Sequencer) stuck(l *lane, p *pin, err error) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	news := l.trouble != err.Error()
	l.trouble = err.Error()
	if l.route.path != home {
		s.loosen(p)
	}
	return news
}

// keepWindows has the next attempt release nothing, when the last one was to: what the lane has released is looked up anew.
func (s *Sequencer) keepWindows(p *pin) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	releases := p.release > 0
	p.release = 0
	return releases
}

// unbatchable are the refusals that lie in the operations themselves: Accept should have caught them. Others lie in the gateway's identity, clock or
// configuration, and go away when an operator mends that.
var unbatchable = map[fault.Code]bool{
	fault.Malformed: true, fault.TooLarge: true, fault.InvalidValue: true, fault.OutOfRange: true, fault.DetailsMismatch: true,
}

// giveWay has the place filled with an empty batch, after which the operations come in smaller batches, until the one that is to blame is alone and ends
// with the refusal's code. Earlier attempts may still win the place; then there was nothing to give way to.
func (s *Sequencer) giveWay(p *pin, code fault.Code) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !unbatchable[code] || len(p.entries) == 0 || p.fence {
		return false
	}
	p.fence = true
	for _, e := range p.entries {
		e.cap = max(1, len(p.entries)/2)
		if len(p.entries) == 1 {
			e.refusal = code
		}
	}
	return true
}

// settleRefusals ends the operations that no batch can carry, once their place is known to have been won without them.
func (s *Sequencer) settleRefusals(ctx context.Context, l *lane, p *pin) bool {
	for _, e := range p.entries {
		if e.refusal == "" || !s.isLive(e) {
			continue
		}
		for attempt := 0; ; attempt++ {
			err := s.settings.Store.RefuseOperation(ctx, e.operation.ID, e.refusal, s.now().UnixMilli())
			if err == nil {
				break
			}
			s.log.Error("a refusal can't be written", "operation", e.operation.ID, "error", err)
			if !s.sleep(ctx, s.backOff(attempt)) {
				return false
			}
		}
		s.mu.Lock()
		s.complete(e.operation.ID, e.refusal)
		s.mu.Unlock()
	}
	return true
}

func (s *Sequencer) isLive(e *entry) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, live := s.live[e.operation.ID]
	return live
}

func (s *Sequencer) setTrouble(l *lane, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	l.trouble = ""
	if err != nil {
		l.trouble = err.Error()
	}
}

// await waits for the block with the submitted attempt, for at most d; false when the context ended.
func (s *Sequencer) await(ctx context.Context, l *lane, p *pin, d time.Duration) bool {
	start := s.now()
	_, span := tracing.StartCall(ctx, tracing.Commit)
	defer func() { s.endCommit(span, p) }()
	timer := time.NewTimer(d)
	defer timer.Stop()
	for {
		decided, invalid := s.verdict(p)
		if decided {
			s.tookRound(s.now().Sub(start))
			return true
		}
		if invalid != nil {
			s.invalidated(l, p, *invalid)
			return s.pause(ctx, l, p, 0)
		}
		select {
		case <-ctx.Done():
			return false
		case <-l.notice:
		case <-timer.C:
			s.metrics.retried(ledger.Retry)
			s.log.Warn("no block has told of a batch in time; the same pin is tried again", "lane", l.n, "seq", p.seq, "waited", d)
			return true
		}
	}
}

// How the time that blocks take lately makes a lane wait: an overloaded network isn't given every batch a second time.
const (
	roundWeight  = 8 // A new measurement counts for one part in so many.
	roundsToWait = 3
)

// patience is how long a lane waits for the block with its batch before it tries the pin again.
func (s *Sequencer) patience() time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	return min(max(roundsToWait*s.round, s.settings.Pace.Block), s.settings.Pace.LongestBlock)
}

// tookRound notes how long it took from the ordering service to the projection.
func (s *Sequencer) tookRound(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.round += (d - s.round) / roundWeight
}

func (s *Sequencer) verdict(p *pin) (decided bool, invalid *peer.TxValidationCode) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return p.decided, p.invalid
}

func (s *Sequencer) invalidated(l *lane, p *pin, code peer.TxValidationCode) {
	class := ledger.ClassOfValidation(code)
	s.metrics.retried(class)
	if class == ledger.Retry {
		s.log.Debug("a batch met a conflict and is tried again", "lane", l.n, "seq", p.seq, "validation", code.String())
		return
	}
	s.setTrouble(l, fault.New(fault.LedgerUnavailable, "the ledger invalidates batches: %s", code))
	s.log.Error("a batch was invalidated", "lane", l.n, "seq", p.seq, "validation", code.String())
}

// pause waits after the attempt-th failure in a row, or until the place is decided; false when the context ended.
func (s *Sequencer) pause(ctx context.Context, l *lane, p *pin, attempt int) bool {
	timer := time.NewTimer(s.backOff(attempt))
	defer timer.Stop()
	for !s.decided(p) {
		select {
		case <-ctx.Done():
			return false
		case <-l.notice:
		case <-timer.C:
			return true
		}
	}
	return true
}

func (s *Sequencer) sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}

// maxDoublings keeps the shift of backOff in range.
const maxDoublings = 16

// backOff grows with the attempts and is spread, so that lanes don't come back together.
func (s *Sequencer) backOff(attempt int) time.Duration {
	d := min(s.settings.Pace.Pause<<min(attempt, maxDoublings), s.settings.Pace.LongestPause)
	return d/2 + rand.N(d/2+1)
}
