package erasure

import (
	"context"
	"errors"
	"time"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/privacy"
	"github.com/tallystick/tallystick/gateway/sqlite"
)

// atOnce is how many erasures and closings one look takes.
const atOnce = 100

// holdRecheck is how long an erasure rests that a legal hold stops, or open holds, in milliseconds.
const holdRecheck = 60_000

// Run carries out erasures until the context ends. Failures are logged by their codes and tried again.
func (d *Desk) Run(ctx context.Context) error {
	pause := d.Pace.Round
	for {
		err := errors.Join(d.Look(ctx), d.retainWhenDue(ctx))
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case err != nil:
			d.Log.Warn("erasures are held up", "code", fault.CodeOf(err))
			pause = min(max(d.Pace.Pause, 2*pause), d.Pace.Round)
		default:
			pause = d.Pace.Round
		}
		timer := time.NewTimer(pause)
		select {
		case <-ctx.Done():
			timer.Stop()
			return ctx.Err()
		case <-d.woken:
			timer.Stop()
		case <-timer.C:
		}
	}
}

// Look takes every erasure as far as it goes now, records certificates, and closes what was left open. An erasure that fails doesn't hold up the others; the error is the first
// that isn't a reason to wait.
func (d *Desk) Look(ctx context.Context) error {
	due, err := d.list(ctx, `SELECT `+erasureColumns+` FROM erasures WHERE step NOT IN ('scrubbing', 'recording', 'done') AND due <= ? ORDER BY due_at, id LIMIT ?`, d.now(), atOnce)
	if err != nil {
		return err
	}
	var first error
	for i := range due {
		if err := d.advance(ctx, &due[i]); err != nil && first == nil {
			first = err
		}
	}
	if err := d.scrub(ctx); err != nil && first == nil {
		first = err
	}
	if err := d.record(ctx); err != nil && first == nil {
		first = err
	}
	if err := d.closeLeft(ctx); err != nil && first == nil {
		first = err
	}
	return first
}

// advance takes one erasure through its steps until one has to wait.
func (d *Desk) advance(ctx context.Context, e *Erasure) error {
	for {
		do, more := steps[e.Step]
		if !more {
			return nil
		}
		next, err := do(d, ctx, e)
		if err != nil {
			return d.held(ctx, e, err)
		}
		if next == "" { // The step has moved itself.
			fresh, err := d.Get(ctx, e.ID)
			if err != nil {
				return err
			}
			*e = fresh
			continue
		}
		if err := d.move(ctx, e, next); err != nil {
			return err
		}
	}
}

// held notes why an erasure waits. Holds are no failure of the desk's.
func (d *Desk) held(ctx context.Context, e *Erasure, cause error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	code := fault.CodeOf(cause)
	pause := min(d.Pace.Pause<<min(e.tried, 10), d.Pace.Round).Milliseconds()
	if code == fault.LegalHold || code == fault.TooEarly {
		pause, cause = min(holdRecheck, d.Pace.Round.Milliseconds()), nil
	}
	if err := d.postpone(ctx, e, code, d.now()+pause); err != nil {
		return err
	}
	return cause
}

// closeLeft closes accounts that something kept open when their customers were erased.
func (d *Desk) closeLeft(ctx context.Context) error {
	all, err := d.left(ctx)
	if err != nil {
		return err
	}
	for i := range all {
		if err := d.closeAccount(ctx, all[i].erasure, &all[i].accountRow); err != nil {
			return err
		}
	}
	return nil
}

// leftAccount is an account that is still to be closed, after whose it was is forgotten.
type leftAccount struct {
	erasure privacy.ErasureID
	accountRow
}

func (d *Desk) left(ctx context.Context) ([]leftAccount, error) {
	rows, err := d.DB.Reader().QueryContext(ctx, `SELECT a.erasure, a.programme, a.account, a.outcome, a.confirmed, a.forfeited, a.tried FROM erasure_accounts AS a
		JOIN erasures AS e ON e.id = a.erasure WHERE a.outcome = 'unsettled' AND a.due <= ? AND e.person IS NULL ORDER BY a.due LIMIT ?`, d.now(), atOnce)
	return sqlite.List(rows, err, func(l *leftAccount) []any {
		return []any{&l.erasure, &l.Programme, &l.Account, &l.Outcome, &l.Confirmed, &l.Forfeited, &l.tried}
	})
}
