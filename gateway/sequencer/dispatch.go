package sequencer

import (
	"context"
	"time"
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

// assign gives free lanes what can go now and says when to look again.
func (s *Sequencer) assign() time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	for {
		l := s.freeLane()
		if l == nil {
			return idle // A lane that gets free wakes the dispatcher.
		}
		now := s.now()
		if wait := s.linger(now); wait > 0 {
			return wait
		}
		entries := s.queue.take(now.Unix())
		if len(entries) == 0 {
			return s.untilWake(now)
		}
		s.lingering = time.Time{}
		s.give(l, &pin{seq: l.height + 1, salt: randomHex(saltBytes), entries: entries})
	}
}

// linger says how long the next batch is still left to grow: only right after a batch of several operations, whose callers tend to come back together,
// and only while there isn't a full batch. Without it a lone first-comer would leave at once and make all others wait for its round.
func (s *Sequencer) linger(now time.Time) time.Duration {
	if s.queue.waiting >= s.settings.BatchMax {
		return 0
	}
	return s.lingering.Sub(now)
}

func (s *Sequencer) untilWake(now time.Time) time.Duration {
	if s.queue.wakeAt == 0 {
		return idle
	}
	return max(time.Unix(s.queue.wakeAt, 0).Sub(now), time.Millisecond)
}

func (s *Sequencer) freeLane() *lane {
	for n := range s.settings.Lanes {
		if l := s.lanes[n]; l.pin == nil {
			return l
		}
	}
	return nil
}

func (s *Sequencer) give(l *lane, p *pin) {
	l.pin = p
	s.inFlight++
	l.start <- p // Never blocks: a free lane has taken its last pin.
}

// free ends a lane's pin and lets the lane have another one.
func (s *Sequencer) free(l *lane) {
	s.mu.Lock()
	defer s.mu.Unlock()
	l.pin, l.trouble = nil, ""
	s.inFlight--
	s.wake()
}
