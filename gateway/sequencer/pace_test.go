package sequencer

import (
	"context"
	"errors"
	"log/slog"
	"testing"
	"time"

	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/quantity"
)

func TestALaneWaitsLongerWhenBlocksTakeLonger(t *testing.T) {
	s := &Sequencer{settings: Settings{Pace: DefaultPace}}
	if got := s.patience(); got != DefaultPace.Block {
		t.Errorf("at the beginning a lane waits %s, want %s", got, DefaultPace.Block)
	}
	for range 100 {
		s.tookRound(3 * time.Second)
	}
	if got := s.patience(); got < 8*time.Second || got > 9*time.Second {
		t.Errorf("with blocks after 3 s a lane waits %s, want about 9 s", got)
	}
	for range 100 {
		s.tookRound(time.Minute)
	}
	if got := s.patience(); got != DefaultPace.LongestBlock {
		t.Errorf("a lane waits %s, want %s at most", got, DefaultPace.LongestBlock)
	}
}

func TestPausesGrowToTheLongest(t *testing.T) {
	s := &Sequencer{settings: Settings{Pace: DefaultPace}}
	for attempt, most := range map[int]time.Duration{0: DefaultPace.Pause, 1: 2 * DefaultPace.Pause, 5: 32 * DefaultPace.Pause, 6: DefaultPace.LongestPause, 1000: DefaultPace.LongestPause} {
		if d := s.backOff(attempt); d > most || d < most/2 {
			t.Errorf("after attempt %d the pause is %s, want %s to %s", attempt, d, most/2, most)
		}
	}
}

// office is a programme whose business date an operator can move.
type office struct {
	programme points.Programme
	fail      error
	moved     []quantity.Day
}

func (o *office) Programme(context.Context, string) (points.Programme, error) {
	return o.programme, nil
}

func (o *office) AdvanceBusinessDate(_ context.Context, day quantity.Day) error {
	if o.fail != nil {
		return o.fail
	}
	o.moved = append(o.moved, day)
	o.programme.BusinessDate = day
	return nil
}

func TestTheCalendarMovesALaggingDateOfARealProgrammeOnly(t *testing.T) {
	const today = quantity.Day(20000)
	down := errors.New("down")
	for name, c := range map[string]struct {
		o     office
		moves int
		err   error
	}{
		"a lagging date":              {office{programme: points.Programme{BusinessDate: today - 3}}, 1, nil},
		"today's date":                {office{programme: points.Programme{BusinessDate: today}}, 0, nil},
		"tomorrow's date":             {office{programme: points.Programme{BusinessDate: today + 1}}, 0, nil},
		"a simulated programme":       {office{programme: points.Programme{BusinessDate: 3, Simulated: true}}, 0, nil},
		"a ledger that can't be used": {office{programme: points.Programme{BusinessDate: today - 3}, fail: down}, 0, down},
	} {
		calendar := &Calendar{
			Programme: programmeName, Programmes: &c.o, Operator: &c.o, Log: slog.New(slog.DiscardHandler),
			Now: func() time.Time { return time.Unix(int64(today)*86400+86399, 0) },
		}
		if err := calendar.keep(context.Background()); !errors.Is(err, c.err) || len(c.o.moved) != c.moves {
			t.Errorf("%s was moved to %v (%v)", name, c.o.moved, err)
		}
		if c.moves > 0 && c.o.moved[0] != today {
			t.Errorf("%s was moved to %s, want %s", name, c.o.moved[0], today)
		}
	}
}
