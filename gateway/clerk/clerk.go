package clerk

import (
	"context"
	"log/slog"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/tallystick/tallystick/chaincode/clearing"
	"github.com/tallystick/tallystick/chaincode/engine"
	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/wire"
	"github.com/tallystick/tallystick/gateway/store"
)

// maxWindows is how many of a currency's last windows are looked at: older ones are settled, or left to people.
const maxWindows = 64

// Ledger is what the clerk does under the gateway's identity: the facade of clearing.
type Ledger interface {
	Roll(ctx context.Context, doc wire.Rolling) (clearing.Window, error)
	Disclose(ctx context.Context, doc wire.NetDisclosure) (clearing.PairNets, error)
	Close(ctx context.Context, currency string, number int64) (clearing.Window, error)
	Net(ctx context.Context, currency string, number int64) (clearing.Window, error)
	Settle(ctx context.Context, currency string, number int64) (clearing.Window, error)
	MarkLate(ctx context.Context, leg wire.LegQuery) (clearing.Leg, error)
	MoveSlice(ctx context.Context, partner string, move wire.SliceMove) error
}

// Treasurer signs positions: the facade of clearing under the treasurer's identity.
type Treasurer interface {
	Sign(ctx context.Context, doc wire.PositionSignature) (clearing.Position, error)
}

// Settings are what a clerk needs.
type Settings struct {
	Member    string
	MSP       string
	Reads     *store.ClearingReads
	Ledger    Ledger
	Treasurer Treasurer // Nil leaves signing to people.
	Interval  time.Duration
	Now       func() time.Time // Nil is the machine's clock.
	Log       *slog.Logger
	Metrics   prometheus.Registerer
}

// Clerk brings windows on. Its methods may be called from several goroutines.
type Clerk struct {
	settings Settings
	alarms   *alarms
	steps    *prometheus.CounterVec
}

// New makes a clerk; Run starts it.
func New(s Settings) *Clerk {
	if s.Now == nil {
		s.Now = time.Now
	}
	c := &Clerk{settings: s, alarms: newAlarms(s.Metrics), steps: prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "tally_clerk_steps_total", Help: "Steps that the clerk took, by the function of clearing and what came of it: done, or the code of a refusal.",
	}, []string{"step", "outcome"})}
	s.Metrics.MustRegister(c.steps)
	return c
}

// Run looks again and again what there is to do, until ctx ends.
func (c *Clerk) Run(ctx context.Context) error {
	ticker := time.NewTicker(c.settings.Interval)
	defer ticker.Stop()
	for {
		if err := c.Work(ctx); err != nil && ctx.Err() == nil {
			c.settings.Log.Warn("the clerk could not see what there is to do", "error", err)
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// Alarms are what needs people, in the order in which it was found.
func (c *Clerk) Alarms() []Alarm { return c.alarms.list() }

// Work does once what there is to do. An error is of the read model: what the ledger refuses is logged and tried again later.
func (c *Clerk) Work(ctx context.Context) error {
	v, err := c.look(ctx)
	if err != nil || v == nil {
		return err
	}
	for _, currency := range v.currencies {
		windows, err := c.windows(ctx, currency)
		if err != nil {
			return err
		}
		for i := len(windows) - 1; i >= 0; i-- { // The oldest first: windows are netted in order.
			if err := c.bringOn(ctx, v, &windows[i]); err != nil {
				return err
			}
		}
	}
	return c.rebalance(ctx, v)
}

// view is what the clerk sees of clearing as a whole.
type view struct {
	now        int64
	own        clearing.Member
	members    *clearing.Consortium
	currencies []string
}

// look reads who the members are; nil before there is anything to do, or when the own brand takes no part.
func (c *Clerk) look(ctx context.Context) (*view, error) {
	v := &view{now: c.settings.Now().Unix(), members: new(clearing.Consortium)}
	if err := c.settings.Reads.Record(ctx, store.ClearingRef{Object: engine.ObjectConsortium}, v.members); err != nil {
		return nil, unlessMissing(err)
	}
	var err error
	if v.own, err = v.members.Find(c.settings.Member); err != nil || !v.own.Is(clearing.StatusActive, clearing.StatusExiting, clearing.StatusSuspended) {
		return nil, unlessMissing(err)
	}
	var currencies wire.Currencies
	if err := c.settings.Reads.Record(ctx, store.ClearingRef{Object: engine.ObjectCurrencies}, &currencies); err != nil {
		return nil, unlessMissing(err)
	}
	v.currencies = currencies.List
	return v, nil
}

func unlessMissing(err error) error {
	if fault.CodeOf(err) == fault.NotFound {
		return nil
	}
	return err
}

// windows are a currency's last windows, the newest first.
func (c *Clerk) windows(ctx context.Context, currency string) ([]clearing.Window, error) {
	records, err := c.settings.Reads.Records(ctx, store.ClearingList{Object: engine.ObjectWindow, Prefix: currency + "/", Limit: maxWindows, Order: store.Descending})
	if err != nil {
		return nil, err
	}
	windows := make([]clearing.Window, len(records))
	for i := range records {
		if err := records[i].Into(&windows[i]); err != nil {
			return nil, err
		}
	}
	return windows, nil
}

// bringOn does what there is to do for one window.
func (c *Clerk) bringOn(ctx context.Context, v *view, w *clearing.Window) error {
	switch w.Status {
	case clearing.WindowOpen:
		c.roll(ctx, v, w)
	case clearing.WindowClosing:
		return c.closing(ctx, v, w)
	case clearing.WindowClosed:
		return c.net(ctx, v, w)
	case clearing.WindowNetted:
		if err := c.sign(ctx, v, w); err != nil {
			return err
		}
		return c.settle(ctx, v, w)
	case clearing.WindowSettling:
		if err := c.sign(ctx, v, w); err != nil {
			return err
		}
		return c.late(ctx, v, w)
	}
	return nil
}

// mayAct says whether the own brand can take steps that any brand in good standing can.
func (v *view) mayAct() bool { return v.own.Is(clearing.StatusActive, clearing.StatusExiting) }

// took notes what came of a step; false when it was refused.
func (c *Clerk) took(step clearing.Step, w *clearing.Window, err error) bool {
	outcome := "done"
	if err != nil {
		outcome = string(fault.CodeOf(err))
		c.settings.Log.Warn("the clerk's step was not taken; it is tried again", "step", step, "currency", w.Currency, "window", w.Number, "error", err)
	} else {
		c.settings.Log.Info("the clerk took a step", "step", step, "currency", w.Currency, "window", w.Number)
	}
	c.steps.WithLabelValues(string(step), outcome).Inc()
	return err == nil
}
