package sequencer

import (
	"context"
	"slices"
	"sync"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/gateway/random"
	"github.com/tallystick/tallystick/gateway/store"
)

// resolve brings the past of a route to an end, so that no attempt of an earlier process can be committed any more and every operation's place is known. Lanes with a
// pin go on with it. Every other lane is fenced with an empty batch: if the database was put back to an earlier time, an attempt that it knows nothing of may
// still be on its way, and takes that place instead, or none. Only then is what is PENDING really waiting.
func (s *Sequencer) resolve(ctx context.Context, r *route) error {
	heights, err := s.settings.Store.LaneHeights(ctx, s.settings.Programme, s.settings.MSP)
	if err != nil {
		return err
	}
	pins, err := s.settings.Store.Pins(ctx, s.settings.Programme)
	if err != nil {
		return err
	}
	s.adopt(r, heights, pins)
	if !s.finishLanes(ctx, r) {
		return ctx.Err()
	}
	return s.loadPending(ctx, r)
}

// adopt takes over the route's lanes of earlier runs, their heights and their pins.
func (s *Sequencer) adopt(r *route, heights map[int]int64, pins []store.Pin) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for n, seq := range heights {
		if r.reaches(n) {
			l := s.lane(n, r)
			l.height = max(l.height, seq)
		}
	}
	for i := range pins {
		if !r.reaches(pins[i].Lane) {
			continue
		}
		l := s.lane(pins[i].Lane, r)
		if l.height >= pins[i].Seq || l.pin != nil {
			continue // A block decided it after it was read: the database has its operations' new state. Or it is there already.
		}
		l.pin = &pin{seq: pins[i].Seq, salt: pins[i].Salt}
		for _, o := range pins[i].Operations {
			e := newEntry(o)
			s.keep(e)
			l.pin.entries = append(l.pin.entries, e)
		}
		s.queue.hold(l.pin.entries)
		s.inFlight++
	}
}

// lane gives a lane of a route, also one beyond the configured number that an earlier configuration has used.
func (s *Sequencer) lane(n int, r *route) *lane {
	l := s.lanes[n]
	if l == nil {
		l = newLane(n, r)
		s.lanes[n] = l
	}
	return l
}

// laneOf gives a lane of whichever route has this number; nil when none has.
func (s *Sequencer) laneOf(n int) *lane {
	if r := s.routes[home]; r != nil && r.reaches(n) {
		return s.lane(n, r)
	}
	return s.lanes[n]
}

// finishLanes drives all pins and fences of a route to their end, at the same time; false when the context ended first.
func (s *Sequencer) finishLanes(ctx context.Context, r *route) bool {
	var running sync.WaitGroup
	for _, l := range s.lanesOf(r) {
		running.Go(func() {
			if s.finishLane(ctx, l) {
				s.free(l)
			}
		})
	}
	running.Wait()
	s.mu.Lock()
	defer s.mu.Unlock()
	for n, l := range s.lanes {
		if l.route == r && !slices.Contains(r.lanes, n) {
			delete(s.lanes, n)
		}
	}
	return ctx.Err() == nil
}

func (s *Sequencer) finishLane(ctx context.Context, l *lane) bool {
	s.mu.Lock()
	p := l.pin
	fence := p == nil
	if fence {
		p = &pin{seq: l.height + 1, salt: random.Hex(saltBytes)}
		l.pin = p
		s.inFlight++
	}
	s.mu.Unlock()
	if fence && !s.persist(ctx, l, p) {
		return false
	}
	return s.drive(ctx, l, p)
}

// loadPending puts in line what was accepted for a route and is in no pin.
func (s *Sequencer) loadPending(ctx context.Context, r *route) error {
	pending, err := s.settings.Store.PendingOperations(ctx, s.settings.Programme)
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, o := range pending {
		if _, known := s.live[o.ID]; known || o.Partner != r.path {
			continue // Came back from a pin a moment ago, or is another route's.
		}
		e := newEntry(o)
		s.keep(e)
		s.queue.add(e)
	}
	if r.live > s.settings.Backlog {
		s.log.Warn("more operations are waiting than the backlog allows", "waiting", r.live, "code", fault.Overloaded)
	}
	s.wake()
	return nil
}
