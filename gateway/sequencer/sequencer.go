package sequencer

import (
	"context"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/sync/errgroup"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/gateway/fingerprint"
	"github.com/tallystick/tallystick/gateway/projection"
	"github.com/tallystick/tallystick/gateway/store"
)

// Settings are what a sequencer works with. All fields are needed but Now and Pace, and what only some need.
//
// There is one sequencer for the member's own programme and, for what the member does with accounts of another programme, one for each of those.
type Settings struct {
	Programme        string // Whose points it sequences.
	Member           string // Whose sequencer it is: of a programme that isn't its own it sequences only what takes place with the member itself, its only partner.
	MSP              string // Of the member, whose lanes it uses.
	Lanes            int    // The programme's own batches in flight, 1 to config.MaxLanes; none of another member's programme.
	BatchMax         int    // Operations in a batch, 1 to wire.MaxBatch.
	Backlog          int    // Operations that may wait on one route; a further one is OVERLOADED.
	Store            *store.Store
	Ledger           Ledger // Nil of another member's programme.
	Partners         []Partner
	Members          Members     // Needed with Partners,
	Settlements      Settlements // likewise.
	Programmes       Programmes
	Disclosures      Disclosures
	Records          Records
	Hasher           *fingerprint.Hasher
	Signer           Signer // Nil of another member's programme, whose custody isn't the member's.
	CustodianVersion int    // Of Signer's key in the programme's record.
	Log              *slog.Logger
	Metrics          prometheus.Registerer
	Now              func() time.Time // time.Now when nil.
	Pace             Pace             // DefaultPace when zero.
}

// Pace are the waiting times of a lane.
type Pace struct {
	Block        time.Duration // For the block with a submitted batch, before the pin is tried again; grows to LongestBlock.
	LongestBlock time.Duration
	Pause        time.Duration // After a failure; doubles to LongestPause.
	LongestPause time.Duration
	Linger       time.Duration // After a batch of several operations, for those whose callers are about to send the next one.
	Enter        time.Duration // Until it is looked again whether operations with a partner can begin.
	Release      time.Duration // Between looks at which windows are settled.
	Idle         time.Duration // After which a lane without a batch releases a settled window by an empty one.
}

// DefaultPace fits an ordering service that cuts a block at least every 200 ms and finds a new leader in 3 s.
var DefaultPace = Pace{
	Block: 4 * time.Second, LongestBlock: 20 * time.Second, Pause: 50 * time.Millisecond, LongestPause: 2 * time.Second, Linger: 10 * time.Millisecond,
	Enter: 10 * time.Second, Release: 2 * time.Second, Idle: 5 * time.Second,
}

// Sequencer brings operations to the ledger. Its methods may be called from several goroutines.
type Sequencer struct {
	settings  Settings
	hasher    *fingerprint.Hasher
	custodian *custodian
	metrics   *metrics
	log       *slog.Logger
	now       func() time.Time
	work      chan struct{} // Holds a token when the dispatcher has something to look at.

	passing sync.RWMutex // See PassOn.

	routes map[string]*route // By path.
	order  []*route          // The same, home first.

	mu       sync.Mutex
	stage    string // Why nothing is accepted yet, or no longer; empty while operations are accepted.
	queue    *queue
	live     map[points.OperationID]*entry // Accepted and not done.
	lanes    map[int]*lane                 // Numbers of different routes are different.
	inFlight int
	round    time.Duration // Moving average of the time from a submission to its outcome.
}

// New makes a sequencer that accepts nothing until Run has brought the past to an end.
func New(s Settings) *Sequencer {
	if s.Now == nil {
		s.Now = time.Now
	}
	if s.Pace == (Pace{}) {
		s.Pace = DefaultPace
	}
	q := &Sequencer{
		settings: s, hasher: s.Hasher, log: s.Log, now: s.Now, work: make(chan struct{}, 1), stage: "the gateway has not caught up with the ledger yet",
		custodian: &custodian{signer: s.Signer, version: s.CustodianVersion, hasher: s.Hasher, now: s.Now},
		queue:     newQueue(s.Now().Unix() + mandateSeconds + 1),
		live:      map[points.OperationID]*entry{}, lanes: map[int]*lane{}, routes: map[string]*route{}, order: newRoutes(&s),
	}
	for _, r := range q.order {
		q.routes[r.path] = r
		q.queue.open(r.path)
		for _, n := range r.lanes {
			q.lanes[n] = newLane(n, r)
		}
	}
	q.metrics = newMetrics(prometheus.WrapRegistererWith(prometheus.Labels{"programme": s.Programme}, s.Metrics), q)
	return q
}

// Ready returns nil while operations of the programme alone are accepted and brought to the ledger, otherwise NOT_READY with the reasons. Those with partners are asked for by
// Troubles.
func (s *Sequencer) Ready() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	var reasons []string
	for _, l := range s.lanes {
		if l.route.path == home && l.trouble != "" {
			reasons = append(reasons, "batches fail: "+l.trouble)
		}
	}
	if s.stage != "" {
		reasons = append(reasons, s.stage)
	}
	if len(reasons) == 0 {
		return nil
	}
	slices.Sort(reasons)
	return fault.New(fault.NotReady, "%s", strings.Join(slices.Compact(reasons), "; "))
}

// Started returns NOT_READY while operations are not accepted: before the ledger's past is known here, and when the sequencer ends.
func (s *Sequencer) Started() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.started()
}

// started is Started for who holds the lock.
func (s *Sequencer) started() error {
	if s.stage == "" {
		return nil
	}
	return fault.New(fault.NotReady, "%s", s.stage)
}

// Run brings the past to an end as soon as caughtUp is closed, then accepts operations and sequences them until the context ends. What is under way then
// stays pinned and is resolved at the next start. Run is called once.
func (s *Sequencer) Run(ctx context.Context, caughtUp <-chan struct{}) error {
	defer s.setStage("the gateway is shutting down")
	select {
	case <-caughtUp:
	case <-ctx.Done():
		return ctx.Err()
	}
	if s.routes[home] == nil {
		s.setStage("")
	}
	defer context.AfterFunc(ctx, func() { s.setStage("the gateway is shutting down") })()
	running, ctx := errgroup.WithContext(ctx)
	running.Go(func() error {
		s.dispatch(ctx)
		return ctx.Err()
	})
	for _, r := range s.order {
		if r.path == home {
			running.Go(func() error { return s.runHome(ctx, r) })
			continue
		}
		running.Go(func() error { return s.runPartner(ctx, r) })
	}
	return running.Wait()
}

func (s *Sequencer) setStage(stage string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stage = stage
}

func (s *Sequencer) backlog() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.live)
}

// backlogOf is how many operations of one route wait.
func (s *Sequencer) backlogOf(path string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	if r := s.routes[path]; r != nil {
		return r.live
	}
	return 0
}

// keep counts an operation among those that the ledger hasn't decided.
func (s *Sequencer) keep(e *entry) {
	s.live[e.operation.ID] = e
	s.routes[e.path()].live++
}

// forget takes it out again.
func (s *Sequencer) forget(e *entry) {
	delete(s.live, e.operation.ID)
	s.routes[e.path()].live--
}

// Observe takes an outcome from the projection, after the database has it. It doesn't block.
func (s *Sequencer) Observe(o projection.Outcome) {
	if o.Programme != s.settings.Programme || o.MSP != s.settings.MSP {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if o.Valid() {
		for i := range o.Receipts {
			s.placed(o.Receipts[i].Operation, &o)
			s.complete(o.Receipts[i].Operation, o.Receipts[i].Code)
		}
	}
	l := s.laneOf(o.Lane)
	if l == nil {
		return
	}
	if !o.Valid() {
		if l.pin != nil && l.pin.tx == o.TxID {
			l.pin.invalid = &o.Code
			l.notify()
		}
		return
	}
	l.height = max(l.height, o.Seq)
	if l.pin != nil && l.pin.seq == o.Seq {
		l.pin.won = o.TxID
		s.decide(l.route, l.pin, o.Receipts)
		l.notify()
	}
}

// complete ends an operation whose outcome the database has.
func (s *Sequencer) complete(id points.OperationID, code fault.Code) {
	e, ok := s.live[id]
	if !ok {
		return
	}
	s.forget(e)
	e.traced(code)
	close(e.done)
	s.metrics.done(code, s.now().Sub(time.UnixMilli(e.operation.AcceptedAt)))
}

// decide ends a pin: what its place was won without goes back in line, before anything that came after it.
func (s *Sequencer) decide(r *route, p *pin, receipts []points.Receipt) {
	if p.decided {
		return
	}
	p.decided = true
	for i := range receipts {
		if receipts[i].Authorisation != "" && p.notAfter != 0 {
			s.queue.used(receipts[i].Account, p.notAfter)
		}
	}
	for _, e := range p.entries {
		if _, open := s.live[e.operation.ID]; open && e.refusal == "" {
			s.queue.add(e)
		}
	}
	s.loosen(p)
	if now := s.now(); len(receipts) > 1 && !r.lingering.After(now) {
		r.lingering = now.Add(s.settings.Pace.Linger)
	}
	s.wake()
}

// loosen lets other batches have the accounts and shops of a pin, which doesn't keep its own from winning its place.
func (s *Sequencer) loosen(p *pin) {
	if !p.loose {
		p.loose = true
		s.queue.release(p.entries)
		s.wake()
	}
}

// wake makes the dispatcher look.
func (s *Sequencer) wake() {
	select {
	case s.work <- struct{}{}:
	default:
	}
}
