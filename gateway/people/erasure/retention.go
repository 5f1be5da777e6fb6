package erasure

import (
	"context"
	"time"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/privacy"
	"github.com/tallystick/tallystick/chaincode/quantity"
	"github.com/tallystick/tallystick/gateway/people/vault"
	"github.com/tallystick/tallystick/gateway/sqlite"
)

// retentionAccess is how the access log names the purge.
var retentionAccess = vault.Access{Actor: ActorRetention, Purpose: "retention"}

const day = 24 * time.Hour

// Retain removes what is kept for longer than the data policy in force says: values whose attribute's retentionDays are over since they were set, and persons without points
// who were inactive for as long as the gateway's configuration says; and what other parts keep too long. Who is under a legal hold keeps everything.
func (d *Desk) Retain(ctx context.Context) error {
	version, removed, err := d.removeStale(ctx)
	if err != nil {
		return err
	}
	begun, err := d.endInactive(ctx)
	if err != nil {
		return err
	}
	others, err := d.removeOthers(ctx)
	if err != nil {
		return err
	}
	d.Log.Info("retention was applied", "policy", version, "values", removed, "persons", begun, "others", others)
	return d.DB.Write(ctx, func(tx *sqlite.Tx) error {
		_, err := tx.Exec(`INSERT INTO retention_runs (at, policy, removed, persons, others) VALUES (?, ?, ?, ?, ?)`, d.now(), version, removed, begun, others)
		return err
	})
}

// removeOthers has the other parts remove what they keep too long.
func (d *Desk) removeOthers(ctx context.Context) (removed int, err error) {
	for _, r := range d.Retainers {
		n, err := r.Retain(ctx, d.isAccountHeld)
		removed += n
		if err != nil {
			return removed, err
		}
	}
	return removed, nil
}

// isAccountHeld says whether an account of the brand's is of a person who is under a legal hold.
func (d *Desk) isAccountHeld(ctx context.Context, account points.AccountID) (bool, error) {
	person, err := d.Vault.PersonOf(ctx, d.Brand, account)
	if fault.CodeOf(err) == fault.PersonUnknown {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	now, err := d.holding(ctx, person)
	return now.stops(), err
}

// retainWhenDue is Retain, at most once within Pace.Retention, also across restarts.
func (d *Desk) retainWhenDue(ctx context.Context) error {
	var last int64
	if err := d.DB.Reader().QueryRowContext(ctx, `SELECT COALESCE(MAX(at), 0) FROM retention_runs`).Scan(&last); err != nil {
		return sqlite.Failed(err)
	}
	if d.now() < last+d.Pace.Retention.Milliseconds() {
		return nil
	}
	return d.Retain(ctx)
}

func (d *Desk) removeStale(ctx context.Context) (version, removed int, err error) {
	policy, published, err := d.Policies.DataPolicyInForce(ctx)
	if fault.CodeOf(err) == fault.NotFound {
		return 0, 0, nil
	}
	if err != nil {
		return 0, 0, err
	}
	for i := range policy.Attributes {
		a := &policy.Attributes[i]
		if a.RetentionDays == 0 {
			continue
		}
		before := d.Now().Add(-time.Duration(a.RetentionDays) * day).UnixMilli()
		n, err := d.removeStaleOf(ctx, a.Name, before)
		removed += n
		if err != nil {
			return published.Version, removed, err
		}
	}
	return published.Version, removed, nil
}

func (d *Desk) removeStaleOf(ctx context.Context, name string, before int64) (removed int, err error) {
	err = d.each(ctx, func(page vault.Page) ([]vault.PersonID, error) { return d.Vault.Stale(ctx, name, before, page) }, func(id vault.PersonID) error {
		n, err := d.Vault.RemoveStale(ctx, id, name, before, retentionAccess)
		removed += n
		return err
	})
	return removed, err
}

// each calls use for every person of a list who is under no legal hold. A person who is gone meanwhile is left out.
func (d *Desk) each(ctx context.Context, list func(vault.Page) ([]vault.PersonID, error), use func(vault.PersonID) error) error {
	page := vault.Page{Limit: vault.MaxPage}
	for {
		persons, err := list(page)
		if err != nil {
			return err
		}
		for _, id := range persons {
			now, err := d.holding(ctx, id)
			if err != nil {
				return err
			}
			if now.stops() {
				continue
			}
			if err := use(id); err != nil && fault.CodeOf(err) != fault.PersonUnknown {
				return err
			}
		}
		if len(persons) < page.Limit {
			return nil
		}
		page.After = persons[len(persons)-1]
	}
}

func (d *Desk) endInactive(ctx context.Context) (begun int, err error) {
	if d.Inactive == 0 {
		return 0, nil
	}
	before := d.Now().Add(-d.Inactive)
	list := func(page vault.Page) ([]vault.PersonID, error) { return d.Vault.Dormant(ctx, before.UnixMilli(), page) }
	err = d.each(ctx, list, func(id vault.PersonID) error {
		active, err := d.activeSince(ctx, id, before)
		if err != nil || active {
			return err
		}
		_, there, err := d.Of(ctx, id)
		if err != nil || there {
			return err
		}
		if _, err := d.Request(ctx, Request{Person: id, Actor: ActorRetention, Reason: privacy.ErasedByPolicy}); err != nil {
			return err
		}
		begun++
		return nil
	})
	return begun, err
}

// activeSince says whether a person was seen since a time, or has something in an account: points end by the programme's own terms, not by this.
func (d *Desk) activeSince(ctx context.Context, id vault.PersonID, since time.Time) (bool, error) {
	for _, source := range d.Activity {
		last, err := source.LastActive(ctx, id)
		if err != nil || last >= since.UnixMilli() {
			return true, err
		}
	}
	links, err := d.Vault.Accounts(ctx, id)
	if err != nil {
		return true, err
	}
	for _, l := range links {
		if l.Programme != d.Brand {
			continue
		}
		position, err := d.Positions.Account(ctx, l.Account)
		if fault.CodeOf(err) == fault.AccountUnknown {
			continue
		}
		if err != nil || occupied(position, quantity.Day(since.Unix()/int64(day/time.Second))) {
			return true, err
		}
	}
	return false, nil
}

// occupied says whether an account has anything in it or was used since a business date.
func occupied(p Position, since quantity.Day) bool {
	a := &p.Account
	total, err := a.Total()
	return err != nil || total > 0 || p.Waiting > 0 || a.Debt > 0 || a.Active >= since && a.Status != points.StatusClosed
}
