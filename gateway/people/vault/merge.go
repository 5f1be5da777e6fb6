package vault

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/privacy"
	"github.com/tallystick/tallystick/gateway/sqlite"
)

// Merger says that two persons are one.
type Merger struct {
	Keep, Gone PersonID // Gone's id leads to Keep afterwards.
	// Overruled are attributes with one value of which Keep's value is taken although Gone has another. Every one that differs must be named: nothing is lost unsaid.
	Overruled []string
}

// Merge makes two persons one, with both's accounts and values. PERSON_CONFLICT names the attributes that differ and weren't overruled.
func (v *Vault) Merge(ctx context.Context, m Merger, access Access) error {
	if err := access.valid(); err != nil {
		return err
	}
	if err := checkNames(m.Overruled); err != nil {
		return err
	}
	if m.Keep == m.Gone {
		return fault.New(fault.InvalidValue, "a person can't be merged with itself")
	}
	keep, gone, release, err := v.holdBoth(ctx, m.Keep, m.Gone)
	if err != nil {
		return err
	}
	defer release()
	if keep.id == gone.id {
		return nil // They were merged before.
	}
	return v.merge(ctx, keep, gone, m.Overruled, access)
}

// holdBoth is hold for two persons.
func (v *Vault) holdBoth(ctx context.Context, a, b PersonID) (first, second *holder, release func(), err error) {
	for {
		before, err := v.both(ctx, a, b)
		if err != nil {
			return nil, nil, nil, err
		}
		release := v.persons.TakeBoth(before[0].id, before[1].id)
		err = errors.Join(v.settle(ctx, before[0].id), v.settle(ctx, before[1].id))
		if err == nil {
			var now [2]*holder
			if now, err = v.both(ctx, a, b); err == nil && now[0].id == before[0].id && now[1].id == before[1].id {
				return now[0], now[1], release, nil
			}
		}
		release()
		if err != nil {
			return nil, nil, nil, err
		}
	}
}

func (v *Vault) both(ctx context.Context, a, b PersonID) (both [2]*holder, err error) {
	for i, id := range []PersonID{a, b} {
		if both[i], err = v.holder(ctx, id); err != nil {
			return both, err
		}
	}
	return both, nil
}

func (v *Vault) merge(ctx context.Context, keep, gone *holder, overruled []string, access Access) error {
	kept, err := v.readSettled(ctx, keep, nil)
	if err != nil {
		return err
	}
	entries, err := v.entriesOf(ctx, gone.id, nil)
	if err != nil {
		return err
	}
	lost, err := v.values(ctx, gone, entries)
	if err != nil {
		return err
	}
	added, conflicts := union(kept, lost)
	if open := slices.DeleteFunc(conflicts, func(name string) bool { return slices.Contains(overruled, name) }); len(open) > 0 {
		return fault.New(fault.PersonConflict, "the persons differ in %s", strings.Join(open, ", "))
	}
	if err := checkUnion(slices.Concat(kept, added)); err != nil {
		return err
	}
	p := &pending{person: keep.id, gone: gone.id, change: privacy.Change{V: 1}}
	fresh, err := v.sealAll(p, keep.key, added)
	if err != nil {
		return err
	}
	for _, e := range entries {
		p.change.Purge = append(p.change.Purge, e.Key)
	}
	if err := v.DB.Write(ctx, func(tx *sqlite.Tx) error {
		for _, id := range []PersonID{keep.id, gone.id} {
			if live, err := livePerson(tx, id); err != nil || live != id {
				return errors.Join(err, unknown())
			}
			if err := v.logIn(tx, id, Merging, access, namesOf(slices.Concat(kept, lost))); err != nil {
				return err
			}
		}
		if err := checkAccounts(tx, keep.id, gone.id); err != nil {
			return err
		}
		if err := v.askCompanions(tx, keep.id, gone.id); err != nil {
			return err
		}
		return v.begin(tx, p, fresh)
	}); err != nil {
		return err
	}
	return v.send(ctx, p)
}

// union gives what lost has and kept hasn't, and the names with one value in which they differ.
func union(kept, lost []Attribute) (added []Attribute, conflicts []string) {
	for _, a := range lost {
		switch {
		case containsSame(kept, a):
		case !Multiple(a.Name) && slices.Contains(namesOf(kept), a.Name):
			conflicts = append(conflicts, a.Name)
		default:
			added = append(added, a)
		}
	}
	return added, conflicts
}

func checkUnion(all []Attribute) error {
	if len(all) > MaxValues {
		return fault.New(fault.PersonLimit, "a person has no more than %d values", MaxValues)
	}
	count := map[string]int{}
	for _, a := range all {
		if count[a.Name]++; count[a.Name] > MaxValuesPerName {
			return fault.New(fault.PersonLimit, "%s has no more than %d values", a.Name, MaxValuesPerName)
		}
	}
	return nil
}

func checkAccounts(tx *sqlite.Tx, a, b PersonID) error {
	var count int
	if _, err := tx.QueryRow(`SELECT COUNT(*) FROM accounts WHERE person IN (?, ?)`, []any{string(a), string(b)}, &count); err != nil {
		return err
	}
	if count > MaxAccounts {
		return fault.New(fault.PersonLimit, "a person has no more than %d accounts", MaxAccounts)
	}
	return nil
}

// askCompanions has the companions do their part of a merger, and undoes it.
func (v *Vault) askCompanions(tx *sqlite.Tx, keep, gone PersonID) error {
	return tx.Try(func() error {
		for _, c := range v.companions {
			if err := c.Merge(tx, keep, gone); err != nil {
				return err // The whole transaction is undone.
			}
		}
		return nil
	})
}

// MergerUnderWay says whether a person is being merged, on either side, and the ledger may have it already.
func MergerUnderWay(tx *sqlite.Tx, id PersonID) (bool, error) {
	var one int
	return tx.QueryRow(`SELECT 1 FROM changes WHERE gone IS NOT NULL AND (person = ? OR gone = ?) LIMIT 1`, []any{string(id), string(id)}, &one)
}

// mergeRows gives everything of gone to keep, and destroys gone's key: its values are under keep's now. Companions come before that: what they have sealed under gone's key they seal
// under keep's.
func (v *Vault) mergeRows(tx *sqlite.Tx, keep, gone PersonID) error {
	for _, query := range []string{
		`UPDATE accounts SET person = ? WHERE person = ?`, `UPDATE openings SET person = ? WHERE person = ?`, `UPDATE creations SET person = ? WHERE person = ?`,
		`UPDATE persons SET merged_into = ? WHERE merged_into = ?`,
	} {
		if _, err := tx.Exec(query, string(keep), string(gone)); err != nil {
			return err
		}
	}
	for _, c := range v.companions {
		if err := c.Merge(tx, keep, gone); err != nil {
			return err
		}
	}
	if err := v.keepMark(tx, gone); err != nil {
		return err
	}
	_, err := tx.Exec(`UPDATE persons SET wrapped = NULL, master = NULL, ended_at = ?, merged_into = ? WHERE id = ?`, v.now(), string(keep), string(gone))
	return err
}
