package erasure

import (
	"context"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/gateway/people/vault"
	"github.com/tallystick/tallystick/gateway/sqlite"
)

// What staff write about a hold is sealed under the person's key. Its place among the person's notes is the hold's id.

func reasonPlace(hold string) string { return "legal-hold/" + hold }

// plainReason is a reason that an earlier gateway has left in the clear.
type plainReason struct {
	hold   string
	person vault.PersonID
	text   string
}

// SealReasons seals what an earlier gateway has left in the clear, and clears it out of the database's file. A hold on somebody who was merged becomes one on whom it was meant for.
func (d *Desk) SealReasons(ctx context.Context) error {
	rows, err := d.DB.Reader().QueryContext(ctx, `SELECT id, person, reason FROM legal_holds WHERE sealed_reason IS NULL`)
	all, err := sqlite.List(rows, err, func(p *plainReason) []any { return []any{&p.hold, &p.person, &p.text} })
	if err != nil {
		return err
	}
	for _, p := range all {
		if err := d.sealReason(ctx, p); err != nil {
			return err
		}
	}
	return d.Vault.ScrubDue(ctx)
}

func (d *Desk) sealReason(ctx context.Context, p plainReason) error {
	person, err := d.Vault.Survivor(ctx, p.person)
	erased := fault.CodeOf(err) == fault.PersonUnknown
	if err != nil && !erased {
		return err
	}
	return d.DB.Write(ctx, func(tx *sqlite.Tx) error {
		if err := vault.HaveScrubbed(tx, d.now()); err != nil {
			return err
		}
		if erased {
			_, err := tx.Exec(`DELETE FROM legal_holds WHERE id = ?`, p.hold)
			return err
		}
		box, err := d.Vault.SealNote(tx, person, reasonPlace(p.hold), p.text)
		if err != nil {
			return err
		}
		_, err = tx.Exec(`UPDATE legal_holds SET person = ?, reason = '', sealed_reason = ? WHERE id = ?`, string(person), box, p.hold)
		return err
	})
}

// openReason opens what was sealed; there is nothing to open before SealReasons.
func (d *Desk) openReason(ctx context.Context, person vault.PersonID, h *LegalHold) (err error) {
	if h.sealed != nil {
		h.Reason, err = d.Vault.OpenNote(ctx, person, reasonPlace(h.ID), h.sealed)
	}
	return err
}

// moveHolds gives gone's holds to keep, with their reasons sealed for keep.
func (d *Desk) moveHolds(tx *sqlite.Tx, keep, gone vault.PersonID) error {
	rows, err := tx.Query(selectHolds, string(gone))
	all, err := sqlite.List(rows, err, (*LegalHold).places)
	if err != nil {
		return err
	}
	for i := range all {
		h := &all[i]
		box := h.sealed
		if box != nil {
			if box, err = d.Vault.MoveNote(tx, keep, gone, reasonPlace(h.ID), box); err != nil {
				return err
			}
		}
		if _, err := tx.Exec(`UPDATE legal_holds SET person = ?, sealed_reason = ? WHERE id = ?`, string(keep), box, h.ID); err != nil {
			return err
		}
	}
	return nil
}
