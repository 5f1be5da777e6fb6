package vault

import (
	"context"
	"errors"

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

// RemoveStale removes a person's values of an attribute that were set before a time, in Unix milliseconds, and says how many they were. Identifiers are read first: who loses one is
// told, as of any other removal. Other values aren't read.
func (v *Vault) RemoveStale(ctx context.Context, id PersonID, name string, before int64, access Access) (int, error) {
	if err := access.valid(); err != nil {
		return 0, err
	}
	h, release, err := v.hold(ctx, id, v.settle)
	if err != nil {
		return 0, err
	}
	defer release()
	entries, err := v.staleEntries(ctx, h.id, name, before)
	if err != nil || len(entries) == 0 {
		return 0, err
	}
	gone, err := v.readable(ctx, h, entries)
	if err != nil {
		return 0, err
	}
	p := &pending{person: h.id, change: privacy.Change{V: 1}}
	for _, e := range entries {
		p.change.Purge = append(p.change.Purge, e.Key)
	}
	err = v.DB.Write(ctx, func(tx *sqlite.Tx) error {
		if live, err := livePerson(tx, h.id); err != nil || live != h.id {
			return errors.Join(err, unknown())
		}
		if err := v.logIn(tx, h.id, Updating, access, []string{name}); err != nil {
			return err
		}
		if err := v.begin(tx, p, nil); err != nil {
			return err
		}
		return v.foretell(ctx, tx, h.id, IdentifierChange{ID: p.id, Gone: gone})
	})
	if err != nil {
		return 0, err
	}
	return len(entries), v.send(ctx, p)
}

func (v *Vault) staleEntries(ctx context.Context, id PersonID, name string, before int64) ([]StoredEntry, error) {
	rows, err := v.DB.Reader().QueryContext(ctx, `SELECT name, key FROM entries WHERE person = ? AND name = ? AND state = 'LIVE' AND created_at < ? ORDER BY key`, string(id), name, before)
	return sqlite.List(rows, err, func(e *StoredEntry) []any { return []any{&e.Attribute, &e.Key} })
}

// readable gives the identifiers among entries. One that can't be read is left out: that it is damaged doesn't keep it from being removed.
func (v *Vault) readable(ctx context.Context, h *holder, entries []StoredEntry) ([]Identifier, error) {
	var all []Identifier
	for _, e := range entries {
		if !Multiple(e.Attribute) {
			continue
		}
		one, err := v.values(ctx, h, []StoredEntry{e})
		if fault.CodeOf(err) == fault.StateCorrupt {
			v.Log.Warn("an identifier that is removed can't be read, and its loss can't be told", "code", fault.StateCorrupt)
			continue
		}
		if err != nil {
			return nil, err
		}
		all = append(all, identifiersOf(one)...)
	}
	return all, nil
}
