package vault

import (
	"context"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/privacy"
	"github.com/tallystick/tallystick/gateway/sqlite"
)

// Page asks for the next persons of a list that is ordered by their ids.
type Page struct {
	After PersonID // Empty for the first.
	Limit int      // 1 to MaxPage.
}

func (p Page) valid() error {
	if p.Limit < 1 || p.Limit > MaxPage {
		return fault.New(fault.InvalidValue, "limit lies between 1 and %d", MaxPage)
	}
	return nil
}

// Stale lists persons who have a value of an attribute that was set before a time, in Unix milliseconds. A value that was set again to the same counts from the first time.
func (v *Vault) Stale(ctx context.Context, name string, before int64, page Page) ([]PersonID, error) {
	if err := page.valid(); err != nil {
		return nil, err
	}
	return v.listed(ctx, `SELECT DISTINCT person FROM entries WHERE name = ? AND state = 'LIVE' AND created_at < ? AND person > ? ORDER BY person LIMIT ?`,
		name, before, string(page.After), page.Limit)
}

// Dormant lists persons who came before a time, in Unix milliseconds, and of whom no value was set, read or looked for since, but by the gateway's own jobs.
func (v *Vault) Dormant(ctx context.Context, before int64, page Page) ([]PersonID, error) {
	if err := page.valid(); err != nil {
		return nil, err
	}
	return v.listed(ctx, `SELECT p.id FROM persons AS p WHERE p.wrapped IS NOT NULL AND p.created_at < ? AND p.id > ?
		AND NOT EXISTS (SELECT 1 FROM entries AS e WHERE e.person = p.id AND e.created_at >= ?)
		AND NOT EXISTS (SELECT 1 FROM access_log AS a WHERE a.person = p.id AND a.at >= ? AND a.actor NOT LIKE 'job/%') ORDER BY p.id LIMIT ?`,
		before, string(page.After), before, before, page.Limit)
}

func (v *Vault) listed(ctx context.Context, query string, args ...any) ([]PersonID, error) {
	rows, err := v.DB.Reader().QueryContext(ctx, query, args...)
	return sqlite.Column[PersonID](rows, err)
}

// RemoveStale removes a person's values of an attribute that were set before a time, in Unix milliseconds, and says how many they were. It doesn't read them.
func (v *Vault) RemoveStale(ctx context.Context, id PersonID, name string, before int64, access Access) (int, error) {
	if err := access.valid(); err != nil {
		return 0, err
	}
	h, err := v.holder(ctx, id)
	if err != nil {
		return 0, err
	}
	defer v.persons.Take(h.id)()
	if err := v.settle(ctx, h.id); err != nil {
		return 0, err
	}
	p := &pending{person: h.id, change: privacy.Change{V: 1}}
	err = v.DB.Write(ctx, func(tx *sqlite.Tx) error {
		live, err := livePerson(tx, h.id)
		if err != nil {
			return err
		}
		if p.change.Purge, err = staleKeys(tx, live, name, before); err != nil || len(p.change.Purge) == 0 {
			return err
		}
		if err := v.logIn(tx, live, Updating, access, []string{name}); err != nil {
			return err
		}
		return v.begin(tx, p, nil)
	})
	if err != nil || len(p.change.Purge) == 0 {
		return 0, err
	}
	return len(p.change.Purge), v.send(ctx, p)
}

func staleKeys(tx *sqlite.Tx, id PersonID, name string, before int64) ([]privacy.EntryKey, error) {
	rows, err := tx.Query(`SELECT key FROM entries WHERE person = ? AND name = ? AND state = 'LIVE' AND created_at < ? ORDER BY key`, string(id), name, before)
	return sqlite.Column[privacy.EntryKey](rows, err)
}
