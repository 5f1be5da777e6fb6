package abuse

import (
	"context"
	"time"

	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/gateway/sqlite"
)

// DefaultKeepDays is how many days findings, decisions and objections are kept where the configuration says nothing else.
const DefaultKeepDays = 730

// pageOfAccounts is how many accounts one write of the purge is about.
const pageOfAccounts = 200

// purge is what goes of one table once it is old. The texts of its statements come from here alone.
type purge struct {
	accounts string // Lists the accounts that have something old, from behind one on.
	delete   string // Takes what is old of one of them.
	before   int64  // Unix seconds; a day's number where rows have days.
}

// Where rows are old. An objection, and the notice it is about, stay until it was answered, on the ledger too, and that is long ago; a flag until it was long ago that it was met
// or decided, and the freeze that it wants was asked for.
const (
	oldFlags      = `asked = 1 AND max(last_at, COALESCE(decided_at, 0)) < ?`
	oldNotices    = `at < ? AND NOT EXISTS (SELECT 1 FROM abuse_objections AS o WHERE o.notice = abuse_notices.id)`
	oldObjections = `answered_at < ? AND recorded = 1 AND settled = 1`
)

func (v *Service) purges() []purge {
	now := v.now()
	keep := now - int64(v.s.Keep/time.Second)
	rules := v.s.Rules
	returns := keep
	if rules.Returns.Window > 0 {
		returns = now - int64(rules.Returns.Window/time.Second)
	}
	return []purge{
		purgeOf("abuse_objections", "account", oldObjections, keep), // Before the notices that they are about.
		purgeOf("abuse_notices", "account", oldNotices, keep),
		purgeOf("abuse_flags", "account", oldFlags, keep),
		purgeOf("abuse_days", "account", `day < ?`, returns/secondsPerDay),
		purgeOf("abuse_referrals", "referred", `at < ?`, min(keep, now-int64(rules.Referrals.Window/time.Second))),
		purgeOf("abuse_devices", "account", `last_at < ?`, keep),
		purgeOf("abuse_controllers", "account", `at < ?`, min(keep, now-int64(rules.NewController.For/time.Second))),
	}
}

func purgeOf(table, account, old string, before int64) purge {
	return purge{
		accounts: `SELECT DISTINCT ` + account + ` FROM ` + table + ` WHERE ` + old + ` AND ` + account + ` > ? ORDER BY ` + account + ` LIMIT ?`,
		delete:   `DELETE FROM ` + table + ` WHERE ` + old + ` AND ` + account + ` = ?`,
		before:   before,
	}
}

// Retain removes what is older than is kept, but for accounts of which held says that a legal hold keeps everything. It gives the number of rows that went.
func (v *Service) Retain(ctx context.Context, held func(context.Context, points.AccountID) (bool, error)) (removed int, err error) {
	for _, p := range v.purges() {
		n, err := v.purge(ctx, p, held)
		removed += n
		if err != nil {
			return removed, err
		}
	}
	return removed, nil
}

func (v *Service) purge(ctx context.Context, p purge, held func(context.Context, points.AccountID) (bool, error)) (removed int, err error) {
	for after := ""; ; {
		rows, err := v.s.DB.Reader().QueryContext(ctx, p.accounts, p.before, after, pageOfAccounts)
		accounts, err := sqlite.Column[string](rows, err)
		if err != nil || len(accounts) == 0 {
			return removed, err
		}
		after = accounts[len(accounts)-1]
		free, err := freeOf(ctx, accounts, held)
		if err != nil {
			return removed, err
		}
		n, err := v.deleteOld(ctx, p, free)
		removed += n
		if err != nil {
			return removed, err
		}
	}
}

// freeOf gives the accounts that no legal hold keeps.
func freeOf(ctx context.Context, accounts []string, held func(context.Context, points.AccountID) (bool, error)) (free []string, err error) {
	for _, a := range accounts {
		kept, err := held(ctx, points.AccountID(a))
		if err != nil {
			return nil, err
		}
		if !kept {
			free = append(free, a)
		}
	}
	return free, nil
}

func (v *Service) deleteOld(ctx context.Context, p purge, accounts []string) (removed int, err error) {
	err = v.s.DB.Write(ctx, func(tx *sqlite.Tx) error {
		removed = 0
		for _, a := range accounts {
			n, err := tx.Change(p.delete, p.before, a)
			if err != nil {
				return err
			}
			removed += int(n)
		}
		return nil
	})
	return removed, err
}
