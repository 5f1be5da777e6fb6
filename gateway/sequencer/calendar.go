package sequencer

import (
	"context"
	"log/slog"
	"time"

	"github.com/tallystick/tallystick/chaincode/quantity"
)

// calendarInterval is how often the business date is compared with the day.
const calendarInterval = 20 * time.Second

// Calendar keeps the business date of a programme that isn't simulated at the current UTC day.
type Calendar struct {
	Programme  string
	Programmes Programmes
	Operator   Administrator
	Log        *slog.Logger
	Now        func() time.Time // time.Now when nil.
}

// Run compares at once and then every calendarInterval, until the context ends. A failure is logged and tried again.
func (c *Calendar) Run(ctx context.Context) error {
	ticker := time.NewTicker(calendarInterval)
	defer ticker.Stop()
	for {
		if err := c.keep(ctx); err != nil && ctx.Err() == nil {
			c.Log.Warn("the business date can't be moved and is tried again", "programme", c.Programme, "error", err)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-ticker.C:
		}
	}
}

// keep moves the business date when it lags.
func (c *Calendar) keep(ctx context.Context) error {
	programme, err := c.Programmes.Programme(ctx, c.Programme)
	if err != nil {
		return err
	}
	today := quantity.DayOf(c.now().Unix())
	if programme.Simulated || programme.BusinessDate >= today {
		return nil
	}
	if err := c.Operator.AdvanceBusinessDate(ctx, today); err != nil {
		return err
	}
	c.Log.Info("the business date was moved", "programme", c.Programme, "to", today)
	return nil
}

func (c *Calendar) now() time.Time {
	if c.Now == nil {
		return time.Now()
	}
	return c.Now()
}
