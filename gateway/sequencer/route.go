package sequencer

import (
	"context"
	"sync"
	"time"

	"github.com/tallystick/tallystick/chaincode/clearing"
	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/wire"
	"github.com/tallystick/tallystick/gateway/config"
)

// home is the path of what takes place in the programme alone.
const home = ""

// route is a way to the ledger with lanes of its own: the batches of the programme alone, or those with one partner. What happens on one doesn't stop another. Its fields
// but path, ledger and lanes' numbers are guarded by the sequencer's mutex.
type route struct {
	path      string // home, or the partner that its operations name.
	ledger    Ledger
	pair      Pair      // Nil at home.
	lanes     []int     // Numbers of those that get batches; those of a partner are known once its admission number is.
	batchMax  int       // Operations in a batch.
	closed    error     // Why nothing is accepted for it; nil while operations are.
	live      int       // Operations accepted for it and not done.
	currency  string    // Of the pair; empty until its agreement is known.
	released  int64     // Window up to which all its lanes have released what they booked, as far as is known.
	lingering time.Time // Until when the next batch is left to grow; zero when it isn't.
}

// Partner is another brand with which the sequencer brings operations to the ledger.
type Partner struct {
	Name string // As operations name it.
	Pair Pair
}

// newRoutes makes the routes that the settings name, all of them closed.
func newRoutes(s *Settings) []*route {
	var routes []*route
	if s.Programme == s.Member {
		r := &route{path: home, ledger: s.Ledger, batchMax: s.BatchMax}
		for n := range s.Lanes {
			r.lanes = append(r.lanes, n)
		}
		routes = append(routes, r)
	}
	for _, p := range s.Partners {
		routes = append(routes, &route{path: p.Name, ledger: p.Pair, pair: p.Pair, batchMax: min(s.BatchMax, wire.MaxExchange)})
	}
	for _, r := range routes {
		r.closed = fault.New(fault.NotReady, "batches of an earlier run are being resolved")
	}
	return routes
}

// counterparty is whose admission number the numbers of a partner's lanes are made from, and whose the programme is.
func (s *Sequencer) counterparty(r *route) (member string, whose int) {
	if s.settings.Programme == s.settings.Member {
		return r.path, clearing.HomeOwn
	}
	return s.settings.Programme, clearing.HomeOther
}

// runHome brings the programme's own batches to the ledger until the context ends.
func (s *Sequencer) runHome(ctx context.Context, r *route) error {
	s.setStage("batches of an earlier run are being resolved")
	if err := s.resolve(ctx, r); err != nil {
		return err
	}
	s.open(r)
	s.log.Info("the sequencer accepts operations", "programme", s.settings.Programme, "lanes", s.settings.Lanes, "backlog", s.backlog())
	s.runLanes(ctx, r)
	return ctx.Err()
}

// runPartner brings cross-brand batches with one partner to the ledger until the context ends. Until the partner is a member, has an agreement with the other brand, and
// what an earlier run had under way is resolved, nothing is accepted for it. A failure is noted and tried again: it is none of the other routes'.
func (s *Sequencer) runPartner(ctx context.Context, r *route) error {
	for err := s.enter(ctx, r); err != nil; err = s.enter(ctx, r) {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		s.shut(r, err)
		s.log.Debug("a partner's route is not open yet", "programme", s.settings.Programme, "partner", r.path, "error", err)
		if !s.sleep(ctx, s.settings.Pace.Enter) {
			return ctx.Err()
		}
	}
	s.open(r)
	s.log.Info("the sequencer accepts operations with a partner", "programme", s.settings.Programme, "partner", r.path, "currency", r.currency)
	s.runLanes(ctx, r)
	return ctx.Err()
}

// enter finds a partner's lanes and brings the past on them to an end.
func (s *Sequencer) enter(ctx context.Context, r *route) error {
	consortium, err := s.settings.Members.Consortium(ctx)
	if err != nil {
		return err
	}
	name, whose := s.counterparty(r)
	member, err := consortium.Find(name)
	if err != nil {
		return err
	}
	known, err := r.pair.Lanes(ctx)
	if err != nil {
		return err
	}
	if len(known) == 0 {
		return fault.New(fault.AgreementMissing, "%s has no lanes with %s", s.settings.Programme, r.path)
	}
	s.mu.Lock()
	r.currency, r.lanes = known[0].Currency, nil
	for k := range clearing.PairLanes {
		n := clearing.CrossLane(member.Number, whose, k)
		r.lanes = append(r.lanes, n)
		s.lane(n, r)
	}
	s.mu.Unlock()
	return s.resolve(ctx, r)
}

// reaches says whether a lane is one of the route's: its own, or one that an earlier configuration of the home route has used.
func (r *route) reaches(n int) bool {
	if r.path == home {
		return n < config.MaxLanes
	}
	return len(r.lanes) > 0 && n >= r.lanes[0] && n <= r.lanes[len(r.lanes)-1]
}

func (s *Sequencer) open(r *route) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r.closed = nil
	if r.path == home {
		s.stage = ""
	}
	s.wake()
}

func (s *Sequencer) shut(r *route, why error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r.closed = why
}

// runLanes has the route's lanes bring one pin after the other to its end, until the context ends.
func (s *Sequencer) runLanes(ctx context.Context, r *route) {
	var running sync.WaitGroup
	for _, l := range s.lanesOf(r) {
		running.Go(func() { s.runLane(ctx, l) })
	}
	if r.pair != nil {
		running.Go(func() { s.keepReleased(ctx, r) })
	}
	running.Wait()
}

// lanesOf gives all lanes of a route.
func (s *Sequencer) lanesOf(r *route) []*lane {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []*lane
	for _, l := range s.lanes {
		if l.route == r {
			all = append(all, l)
		}
	}
	return all
}

// passable gives the route of new operations: INVALID_VALUE when there is none, NOT_READY or whatever else keeps it closed.
func (s *Sequencer) passable(path string) (*route, error) {
	r := s.routes[path]
	if r == nil {
		return nil, fault.New(fault.InvalidValue, "%s brings no operations with %s to the ledger", s.settings.Programme, path)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return r, r.closed
}

// takes says whether operations of a route are accepted now.
func (s *Sequencer) takes(path string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := s.routes[path]
	return s.stage == "" && r != nil && r.closed == nil
}

// PartnerTrouble says why operations with a partner don't get to the ledger.
type PartnerTrouble struct {
	Programme string // Whose points they are about.
	Partner   string
	Reason    string
}

// Troubles lists the partners with whom operations don't get to the ledger though the two brands have an agreement. That doesn't concern any other operation: the gateway is
// ready all the same.
func (s *Sequencer) Troubles() []PartnerTrouble {
	s.mu.Lock()
	defer s.mu.Unlock()
	var list []PartnerTrouble
	for _, r := range s.order {
		if reason := s.troubleOf(r); r.path != home && reason != "" {
			list = append(list, PartnerTrouble{Programme: s.settings.Programme, Partner: r.path, Reason: reason})
		}
	}
	return list
}

// absence is why a route is closed; empty when there is nothing that could be on it.
func absence(closed error) string {
	switch fault.CodeOf(closed) {
	case fault.AgreementMissing, fault.NotFound, fault.NotFounded:
		return ""
	default:
		return closed.Error()
	}
}

// troubleOf says what keeps a route's batches from the ledger; empty when nothing does. The caller holds the lock.
func (s *Sequencer) troubleOf(r *route) string {
	if r.closed != nil {
		return absence(r.closed)
	}
	for _, n := range r.lanes {
		if l := s.lanes[n]; l != nil && l.trouble != "" {
			return l.trouble
		}
	}
	return ""
}
