package sequencer

import (
	"context"

	"github.com/tallystick/tallystick/chaincode/clearing"
	"github.com/tallystick/tallystick/chaincode/wire"
	"github.com/tallystick/tallystick/gateway/random"
)

// keepReleased has the route's lanes take off what they use what they booked in windows that are settled, so that it can be used again, until the context ends.
func (s *Sequencer) keepReleased(ctx context.Context, r *route) {
	for s.sleep(ctx, s.settings.Pace.Release) {
		if err := s.releaseSettled(ctx, r); err != nil && ctx.Err() == nil {
			s.log.Warn("settled windows can't be released and are tried again", "partner", r.path, "error", err)
		}
	}
}

// releaseSettled looks up what the lanes have released and lets the next batch of each lane that is behind release more; a lane without a batch is given an empty one.
func (s *Sequencer) releaseSettled(ctx context.Context, r *route) error {
	settled, err := s.settings.Settlements.Settled(ctx, r.currency)
	if err != nil || settled <= r.released {
		return err
	}
	known, err := r.pair.Lanes(ctx)
	if err != nil {
		return err
	}
	released := map[clearing.LanePlace]int64{}
	for i := range known {
		released[clearing.LanePlace{MSP: known[i].MSP, N: known[i].N}] = known[i].Released
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	r.released = settled
	for _, n := range r.lanes {
		last := released[clearing.LanePlace{MSP: s.settings.MSP, N: n}]
		r.released = min(r.released, last)
		s.releaseNext(s.lanes[n], last, settled)
	}
	return nil
}

// releaseNext has a lane that has released windows up to last release those up to settled, as many as it may at once.
func (s *Sequencer) releaseNext(l *lane, last, settled int64) {
	if l.pin != nil && l.pin.release > 0 {
		return // That is under way.
	}
	l.release = 0
	if last >= settled {
		return
	}
	l.release = min(settled, last+wire.MaxReleases)
	if l.pin == nil && s.now().Sub(l.freed) >= s.settings.Pace.Idle {
		s.give(l, &pin{seq: l.height + 1, salt: random.Hex(saltBytes)})
	}
}
