package vault

import (
	"context"
	"errors"
	"time"

	"github.com/tallystick/tallystick/chaincode/fault"
)

// tick is how often the vault looks for changes left over and for new keys.
const tick = 5 * time.Second

// recoverAtOnce is how many changes one round looks at; after maxFailures the ledger is left alone until the next. Those that were tried less often come first, so that
// one that can't be ended holds nobody up.
const (
	recoverAtOnce = 1000
	maxFailures   = 5
)

// Run ends what an earlier process left under way, rotates when a newer key has appeared, and does so again and again until ctx ends.
func (v *Vault) Run(ctx context.Context) error {
	ticker := time.NewTicker(tick)
	defer ticker.Stop()
	for {
		if err := v.Maintain(ctx); err != nil && ctx.Err() == nil {
			v.Log.Warn("the vault's upkeep failed and will be tried again", "code", fault.CodeOf(err), "err", err)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-ticker.C:
		}
	}
}

// Maintain does once what Run does. One task's failure doesn't keep the others from being done.
func (v *Vault) Maintain(ctx context.Context) error {
	return errors.Join(v.Recover(ctx), v.Master.Reload(), v.Index.Reload(), v.RotateMaster(ctx), v.RotateIndex(ctx))
}

// Recover ends every change that is due: brings it into use when it was committed, sends it when it wasn't. What is under way in this process is left to its caller.
func (v *Vault) Recover(ctx context.Context) error {
	all, err := v.pendings(ctx, `WHERE due_at <= ? ORDER BY tried, id LIMIT ?`, v.now(), recoverAtOnce)
	if err != nil {
		return err
	}
	var failures []error
	for i := range all {
		if err := v.recoverOne(ctx, &all[i]); err != nil && unclear(err) {
			failures = append(failures, err)
		}
		if len(failures) == maxFailures {
			break
		}
	}
	return errors.Join(failures...)
}

func (v *Vault) recoverOne(ctx context.Context, p *pending) error {
	other := p.gone
	if other == "" {
		other = p.person
	}
	defer v.persons.TakeBoth(p.person, other)()
	again, err := v.pendings(ctx, `WHERE id = ?`, p.id)
	if err != nil || len(again) == 0 {
		return err
	}
	return v.resend(ctx, &again[0])
}
