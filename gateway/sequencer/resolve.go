package sequencer

import (
	"context"
	"sync"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/gateway/config"
	"github.com/tallystick/tallystick/gateway/store"
)

// resolve brings the past to an end, so that no attempt of an earlier process can be committed any more and every operation's place is known. Lanes with a
// pin go on with it. Every other lane is fenced with an empty batch: if the database was put back to an earlier time, an attempt that it knows nothing of may
// still be on its way, and takes that place instead, or none. Only then is what is PENDING really waiting.
func (s *Sequencer) resolve(ctx context.Context) error {
	heights, err := s.settings.Store.LaneHeights(ctx, s.settings.Programme, s.settings.MSP)
	if err != nil {
		return err
	}
	pins, err := s.settings.Store.Pins(ctx, s.settings.Programme)
	if err != nil {
		return err
	}
	s.setStage("batches of an earlier run are being resolved")
	s.adopt(heights, pins)
	if !s.finishLanes(ctx) {
		return ctx.Err()
	}
	return s.loadPending(ctx)
}

// adopt takes over lanes of earlier runs, their heights and their pins.
func (s *Sequencer) adopt(heights map[int]int64, pins []store.Pin) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for n, seq := range heights {
		if n < config.MaxLanes {
			l := s.lane(n)
			l.height = max(l.height, seq)
		}
	}
	for i := range pins {
		l := s.lane(pins[i].Lane)
		if l.height >= pins[i].Seq {
			continue // A block decided it after it was read: the database has its operations' new state.
		}
		l.pin = &pin{seq: pins[i].Seq, salt: pins[i].Salt}
		for _, o := range pins[i].Operations {
			e := newEntry(o)
			s.live[o.ID] = e
			l.pin.entries = append(l.pin.entries, e)
		}
		s.queue.hold(l.pin.entries)
		s.inFlight++
	}
}

// lane gives a lane, also one beyond the configured number that an earlier configuration has used.
func (s *Sequencer) lane(n int) *lane {
	l := s.lanes[n]
	if l == nil {
		l = newLane(n)
		s.lanes[n] = l
	}
	return l
}

// finishLanes drives all pins and fences to their end, at the same time; false when the context ended first.
func (s *Sequencer) finishLanes(ctx context.Context) bool {
	var running sync.WaitGroup
	for _, l := range s.allLanes() {
		running.Go(func() {
			if s.finishLane(ctx, l) {
				s.free(l)
			}
		})
	}
	running.Wait()
	s.mu.Lock()
	defer s.mu.Unlock()
	for n := range s.lanes {
		if n >= s.settings.Lanes {
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
		p = &pin{seq: l.height + 1, salt: randomHex(saltBytes)}
		l.pin = p
		s.inFlight++
	}
	s.mu.Unlock()
	if fence && !s.persist(ctx, l, p) {
		return false
	}
	return s.drive(ctx, l, p)
}

func (s *Sequencer) allLanes() []*lane {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := make([]*lane, 0, len(s.lanes))
	for _, l := range s.lanes {
		all = append(all, l)
	}
	return all
}

// loadPending puts in line what was accepted and is in no pin.
func (s *Sequencer) loadPending(ctx context.Context) error {
	pending, err := s.settings.Store.PendingOperations(ctx, s.settings.Programme)
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, o := range pending {
		if _, known := s.live[o.ID]; known {
			continue // Came back from a pin a moment ago.
		}
		e := newEntry(o)
		s.live[o.ID] = e
		s.queue.add(e)
	}
	if len(s.live) > s.settings.Backlog {
		s.log.Warn("more operations are waiting than the backlog allows", "waiting", len(s.live), "code", fault.Overloaded)
	}
	s.wake()
	return nil
}
