package erasure

import (
	"context"
	"time"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/privacy"
	"github.com/tallystick/tallystick/gateway/people/vault"
	"github.com/tallystick/tallystick/gateway/sqlite"
)

// Companion keeps the desk's rows in step with the vault's: vault.Companion.
func (d *Desk) Companion() vault.Companion { return companion{d} }

type companion struct{ desk *Desk }

// Name implements vault.Companion.
func (companion) Name() string { return "erasure" }

// exported is the section of a person's export. Legal holds that the customer mustn't know of aren't in it.
type exported struct {
	Erasure *exportedErasure `json:"erasure,omitempty"`
	Holds   []exportedHold   `json:"legalHolds,omitempty"`
}

type exportedErasure struct {
	ID          string    `json:"id"`
	Step        Step      `json:"step"`
	RequestedAt time.Time `json:"requestedAt"`
	DueAt       time.Time `json:"dueAt"`
}

type exportedHold struct {
	Reason string    `json:"reason"`
	SetAt  time.Time `json:"setAt"`
	Until  time.Time `json:"until"`
}

// Export implements vault.Companion.
func (c companion) Export(ctx context.Context, person vault.PersonID) (any, error) {
	var out exported
	e, there, err := c.desk.Of(ctx, person)
	if err != nil {
		return nil, err
	}
	if there {
		out.Erasure = &exportedErasure{string(e.ID), e.Step, time.UnixMilli(e.RequestedAt).UTC(), time.UnixMilli(e.DueAt).UTC()}
	}
	holds, err := c.desk.Holds(ctx, person)
	for _, h := range holds {
		if h.Told {
			out.Holds = append(out.Holds, exportedHold{h.Reason, time.UnixMilli(h.SetAt).UTC(), time.UnixMilli(h.Until).UTC()})
		}
	}
	return out, err
}

// Merge implements vault.Companion: legal holds go with the data. ERASURE_UNDER_WAY when one of the two is to be erased: what was asked for one of them isn't meant for the other. Requests
// are refused while a merger is under way, so that nothing refuses one that the ledger has.
func (c companion) Merge(tx *sqlite.Tx, keep, gone vault.PersonID) error {
	var one int
	there, err := tx.QueryRow(`SELECT 1 FROM erasures WHERE person IN (?, ?) LIMIT 1`, []any{string(keep), string(gone)}, &one)
	if err != nil {
		return err
	}
	if there {
		return fault.New(fault.ErasureUnderWay, "one of the two is to be erased: they can't be merged")
	}
	return c.desk.moveHolds(tx, keep, gone)
}

// Forget implements vault.Companion. It runs in the transaction that destroys the key: it refuses that with LEGAL_HOLD when one was set in the last moment, and notes what is left to
// purge. Nothing of the desk's names the person afterwards.
func (c companion) Forget(tx *sqlite.Tx, person vault.PersonID, entries []privacy.EntryKey) error {
	now, err := holdingIn(tx, person, c.desk.now())
	if err != nil {
		return err
	}
	if err := now.refusal(); err != nil {
		return err
	}
	under, err := destroyingIn(tx, person)
	if err != nil {
		return err
	}
	if !under {
		return fault.New(fault.Forbidden, "persons are erased by the erasure's steps alone")
	}
	return c.forget(tx, person, entries)
}

// Destroying implements vault.Eraser. A request that a hold of the copy stops isn't carried on by itself: as its mark is there, the hold had ended.
func (c companion) Destroying(tx *sqlite.Tx, person vault.PersonID) (bool, error) {
	under, err := destroyingIn(tx, person)
	if err != nil || !under {
		return false, err
	}
	now, err := holdingIn(tx, person, c.desk.now())
	return !now.stops(), err
}

// destroyingIn says whether the person's erasure stands at the step that puts the mark and destroys the key.
func destroyingIn(tx *sqlite.Tx, person vault.PersonID) (bool, error) {
	var one int
	return tx.QueryRow(`SELECT 1 FROM erasures WHERE person = ? AND step = ?`, []any{string(person), string(Destroying)}, &one)
}

// ForgetAgain implements vault.Eraser. A request that the copy of the database has brought back is carried on from here, and certified once more: its accounts were dealt with, or are
// when somebody looks. A legal hold in the copy doesn't stop it: a mark is put only when none is in force, and from then on none can be set (Desk.Hold).
func (c companion) ForgetAgain(tx *sqlite.Tx, person vault.PersonID, entries []privacy.EntryKey) error {
	if _, err := tx.Exec(`UPDATE erasure_accounts SET outcome = ?, due = 0 WHERE outcome = ? AND erasure IN (SELECT id FROM erasures WHERE person = ?)`,
		string(Unsettled), string(ToClose), string(person)); err != nil {
		return err
	}
	return c.forget(tx, person, entries)
}

// forget has the person's erasure, where there is one, purge these entries next, and takes the person's name from everything.
func (c companion) forget(tx *sqlite.Tx, person vault.PersonID, entries []privacy.EntryKey) error {
	var id string
	if _, err := tx.QueryRow(`SELECT id FROM erasures WHERE person = ?`, []any{string(person)}, &id); err != nil {
		return err
	}
	if id != "" {
		for _, key := range entries {
			if _, err := tx.Exec(`INSERT INTO erasure_entries (erasure, key) VALUES (?, ?)`, id, string(key)); err != nil {
				return err
			}
		}
	}
	if _, err := tx.Exec(`UPDATE erasure_accounts SET account = NULL WHERE erasure = ? AND outcome <> ?`, id, string(Unsettled)); err != nil {
		return err
	}
	if _, err := tx.Exec(`DELETE FROM legal_holds WHERE person = ?`, string(person)); err != nil {
		return err
	}
	_, err := tx.Exec(`UPDATE erasures SET person = NULL, actor = '', step = ?, destroyed_at = ?, entries = ?, trouble = '', tried = 0, due = 0 WHERE id = ?`,
		string(Purging), c.desk.now(), len(entries), id)
	return err
}
