package vault

import (
	"context"
	"sync/atomic"

	"golang.org/x/sync/errgroup"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/privacy"
	"github.com/tallystick/tallystick/gateway/sqlite"
)

// comparedAtOnce is how many pages of persons are looked for on the ledger at the same time.
const comparedAtOnce = 4

// Eraser is the Companion that carries out erasures.
type Eraser interface {
	Companion
	// Destroying says whether a person's key is about to be destroyed by the person's own erasure, whose mark may be on the ledger already, and nothing keeps it from that.
	Destroying(tx *sqlite.Tx, person PersonID) (bool, error)
	// ForgetAgain is Forget for a person who has a mark, and whom a copy of people.db has brought back. It doesn't refuse: whoever may refuse does so before the mark is put, and keeps
	// reasons to refuse from coming up afterwards.
	ForgetAgain(tx *sqlite.Tx, person PersonID, entries []privacy.EntryKey) error
}

// Compare holds every person of people.db against the marks of erased ones on the ledger, erases again who has one, and says how many had. Do it before anything is served: a backup that
// was put back has the keys of persons who were erased after it was made. What it destroyed is scrubbed when it returns without an error. STATE_CORRUPT when the master key of some
// person is missing: then it can't be known who is erased.
func (v *Vault) Compare(ctx context.Context) (erased int, err error) {
	var again atomic.Int64
	group, inner := errgroup.WithContext(ctx)
	group.SetLimit(comparedAtOnce)
	for after := PersonID(""); ; {
		page, err := v.livePage(inner, after)
		if err != nil {
			group.Go(func() error { return err })
		}
		if len(page) == 0 {
			break
		}
		after = page[len(page)-1].id
		group.Go(func() error {
			n, err := v.comparePage(inner, page)
			again.Add(int64(n))
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return int(again.Load()), err
	}
	return int(again.Load()), v.ScrubDue(ctx)
}

// livePage lists the next persons who have a key.
func (v *Vault) livePage(ctx context.Context, after PersonID) ([]wrapped, error) {
	rows, err := v.DB.Reader().QueryContext(ctx, `SELECT id, master, wrapped FROM persons WHERE id > ? AND wrapped IS NOT NULL ORDER BY id LIMIT ?`, string(after), readsAtOnce)
	return sqlite.List(rows, err, func(w *wrapped) []any { return []any{&w.id, &w.version, &w.key} })
}

func (v *Vault) comparePage(ctx context.Context, page []wrapped) (erased int, err error) {
	keys := make([]privacy.EntryKey, len(page))
	for i, w := range page {
		key, err := v.unwrap(w.id, w.version, w.key)
		if err != nil {
			return 0, err
		}
		salt, err := markSalt(key, w.id)
		if err != nil {
			return 0, err
		}
		keys[i] = markKey(salt)
	}
	marks, err := v.entriesThere(ctx, keys)
	if err != nil {
		return 0, err
	}
	for i, mark := range marks {
		if mark == nil {
			continue
		}
		again, err := v.eraseAgain(ctx, page[i].id)
		if err != nil {
			return erased, err
		}
		if again {
			erased++
		}
	}
	return erased, nil
}

// eraseAgain does what the erasure of a person did before. It says false when the person's own erasure is at it.
func (v *Vault) eraseAgain(ctx context.Context, id PersonID) (again bool, err error) {
	defer v.persons.Take(id)()
	err = v.DB.Write(ctx, func(tx *sqlite.Tx) error {
		again = false
		if live, err := livePerson(tx, id); fault.CodeOf(err) == fault.PersonUnknown || err == nil && live != id {
			return nil
		} else if err != nil {
			return err
		}
		under, err := v.destroying(tx, id)
		if err != nil || under {
			return err
		}
		keys, err := v.forget(tx, id)
		if err != nil {
			return err
		}
		if err := v.forgetAgain(tx, id, keys); err != nil {
			return err
		}
		again = true
		return noteRestore(tx, v.now())
	})
	return again, err
}

func (v *Vault) destroying(tx *sqlite.Tx, id PersonID) (bool, error) {
	for _, c := range v.companions {
		e, erases := c.(Eraser)
		if !erases {
			continue
		}
		if under, err := e.Destroying(tx, id); under || err != nil {
			return under, err
		}
	}
	return false, nil
}

func (v *Vault) forgetAgain(tx *sqlite.Tx, id PersonID, keys []privacy.EntryKey) error {
	for _, c := range v.companions {
		forget := c.Forget
		if e, erases := c.(Eraser); erases {
			forget = e.ForgetAgain
		}
		if err := forget(tx, id, keys); err != nil {
			return err
		}
	}
	return nil
}

// restoreWindow is how long what is erased again counts as one restoring, in milliseconds.
const restoreWindow = 60 * 60 * 1000

// noteRestore counts one person who was erased again, and has the database scrubbed.
func noteRestore(tx *sqlite.Tx, now int64) error {
	n, err := tx.Change(`UPDATE restores SET persons = persons + 1 WHERE id = (SELECT MAX(id) FROM restores) AND at > ?`, now-restoreWindow)
	if err == nil && n == 0 {
		_, err = tx.Exec(`INSERT INTO restores (at, persons) VALUES (?, 1)`, now)
	}
	if err != nil {
		return err
	}
	return HaveScrubbed(tx, now)
}

// Restore says that persons were erased again whom a copy of people.db had brought back.
type Restore struct {
	At      int64 // Unix milliseconds.
	Persons int
}

// Restores lists those since a time in Unix milliseconds, the newest first.
func (v *Vault) Restores(ctx context.Context, since int64) ([]Restore, error) {
	rows, err := v.DB.Reader().QueryContext(ctx, `SELECT at, persons FROM restores WHERE at >= ? ORDER BY id DESC`, since)
	return sqlite.List(rows, err, func(r *Restore) []any { return []any{&r.At, &r.Persons} })
}

// HaveScrubbed notes that the database is to be scrubbed after this transaction, also when the process ends before it is: see ScrubDue.
func HaveScrubbed(tx *sqlite.Tx, now int64) error {
	_, err := tx.Exec(`INSERT INTO scrubs (due_at) VALUES (?)`, now)
	return err
}

// ScrubDue scrubs the database when something has noted that it is to be scrubbed.
func (v *Vault) ScrubDue(ctx context.Context) error {
	var one int
	due, err := someRow(v.DB.Reader().QueryRowContext(ctx, `SELECT 1 FROM scrubs LIMIT 1`).Scan(&one))
	if err != nil || !due {
		return err
	}
	if err := v.Scrub(ctx); err != nil {
		return err
	}
	return v.DB.Write(ctx, func(tx *sqlite.Tx) error {
		_, err := tx.Exec(`DELETE FROM scrubs`)
		return err
	})
}
