package sequencer

import (
	"context"
	"time"

	"github.com/tallystick/tallystick/gateway/random"
)

// idle is how long the dispatcher waits when nothing but new work can give it something to do.
const idle = time.Hour

// dispatch gives free lanes batches for as long as there is something to do.
func (s *Sequencer) dispatch(ctx context.Context) {
	timer := time.NewTimer(idle)
	defer timer.Stop()
	for {
		timer.Reset(s.assign())
		select {
		case <-ctx.Done():
			return
		case <-s.work:
		case <-timer.C:
		}
	}
}

// assign gives free lanes what can go now and says when to look again. A lane that gets free wakes the dispatcher.
func (s *Sequencer) assign() time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	now, wait := s.now(), idle
	s.queue.wake(now.Unix())
	done := map[*route]bool{}
	for r := s.nextRoute(done); r != nil; r = s.nextRoute(done) {
		if left := s.linger(r, now); left > 0 {
			wait, done[r] = min(wait, left), true
			continue
		}
		entries := s.queue.take(r.path, r.batchMax, now.Unix())
		if len(entries) == 0 {
			done[r] = true
			continue
		}
		r.lingering = time.Time{}
		l := s.freeLane(r)
		s.give(l, &pin{seq: l.height + 1, salt: random.Hex(saltBytes), entries: entries})
	}
	return min(wait, s.untilWake(now))
}

// nextRoute gives the open route with a free lane whose first operation has waited longest, of those that aren't done: so that an account that is busy on one route has its
// turn on another.
func (s *Sequencer) nextRoute(done map[*route]bool) *route {
	var first *route
	var turn int64
	for _, r := range s.order {
		if done[r] || r.closed != nil || s.freeLane(r) == nil {
			continue
		}
		if row, waits := s.queue.next(r.path); waits && (first == nil || row < turn) {
			first, turn = r, row
		}
	}
	return first
}

// linger says how long the next batch of a route is still left to grow: only right after a batch of several operations, whose callers tend to come back together,
// and only while there isn't a full batch. Without it a lone first-comer would leave at once and make all others wait for its round.
func (s *Sequencer) linger(r *route, now time.Time) time.Duration {
	if s.queue.waiting[r.path] >= r.batchMax {
		return 0
	}
	return r.lingering.Sub(now)
}

func (s *Sequencer) untilWake(now time.Time) time.Duration {
	if s.queue.wakeAt == 0 {
		return idle
	}
	return max(time.Unix(s.queue.wakeAt, 0).Sub(now), time.Millisecond)
}

func (s *Sequencer) freeLane(r *route) *lane {
	for _, n := range r.lanes {
		if l := s.lanes[n]; l.pin == nil {
			return l
		}
	}
	return nil
}

func (s *Sequencer) give(l *lane, p *pin) {
	l.pin = p
	p.release, l.release = l.release, 0
	s.inFlight++
	l.start <- p // Never blocks: a free lane has taken its last pin.
}

// free ends a lane's pin and lets the lane have another one.
func (s *Sequencer) free(l *lane) {
	s.mu.Lock()
	defer s.mu.Unlock()
	l.pin, l.trouble, l.freed = nil, "", s.now()
	s.inFlight--
	s.wake()
}
