package erasure

import (
	"context"
	"time"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/gateway/people/vault"
	"github.com/tallystick/tallystick/gateway/random"
	"github.com/tallystick/tallystick/gateway/sqlite"
)

// Limits of legal holds.
const (
	MaxHoldReason = 200 // Bytes. The reason is a case's reference, not its story.
	MaxHolds      = 20  // In force at the same time for one person.
	MaxHoldTime   = 10 * 366 * 24 * time.Hour
)

// LegalHold keeps a person's data from being erased, by Art. 17(3) GDPR.
type LegalHold struct {
	ID       string
	Reason   string
	SetBy    string // An API key's name.
	SetAt    int64  // Unix milliseconds, likewise the others.
	Until    int64  // It ends by itself.
	LiftedAt int64  // 0 while it is in force.
	LiftedBy string
	Told     bool // The customer may be told.
}

// Hold sets a legal hold. INVALID_VALUE for a reason or an end out of the limits, LIMIT when there are too many.
func (d *Desk) Hold(ctx context.Context, person vault.PersonID, h LegalHold) (LegalHold, error) {
	if h.Reason == "" || len(h.Reason) > MaxHoldReason {
		return h, fault.New(fault.InvalidValue, "a legal hold has a reason of 1 to %d bytes", MaxHoldReason)
	}
	h.SetAt, h.LiftedAt, h.LiftedBy = d.now(), 0, ""
	if h.Until <= h.SetAt || h.Until > h.SetAt+MaxHoldTime.Milliseconds() {
		return h, fault.New(fault.InvalidValue, "a legal hold ends in the future, within %d days", int(MaxHoldTime.Hours())/24)
	}
	if _, err := d.Vault.Accounts(ctx, person); err != nil { // PERSON_UNKNOWN.
		return h, err
	}
	h.ID = random.Hex(idBytes)
	return h, d.DB.Write(ctx, func(tx *sqlite.Tx) error {
		var count int
		if _, err := tx.QueryRow(`SELECT COUNT(*) FROM legal_holds WHERE person = ? AND lifted_at = 0 AND until > ?`, []any{string(person), h.SetAt}, &count); err != nil {
			return err
		}
		if count >= MaxHolds {
			return fault.New(fault.Limit, "a person has at most %d legal holds at the same time", MaxHolds)
		}
		_, err := tx.Exec(`INSERT INTO legal_holds (id, person, reason, set_by, set_at, until, told) VALUES (?, ?, ?, ?, ?, ?, ?)`,
			h.ID, string(person), h.Reason, h.SetBy, h.SetAt, h.Until, h.Told)
		return err
	})
}

// Lift ends a legal hold before its time. NOT_FOUND when the person has none of this id that is in force.
func (d *Desk) Lift(ctx context.Context, person vault.PersonID, id, by string) error {
	err := d.DB.Write(ctx, func(tx *sqlite.Tx) error {
		result, err := tx.Exec(`UPDATE legal_holds SET lifted_at = ?, lifted_by = ? WHERE id = ? AND person = ? AND lifted_at = 0`, d.now(), by, id, string(person))
		if err != nil {
			return err
		}
		if n, err := result.RowsAffected(); err != nil || n == 0 {
			return fault.New(fault.NotFound, "the person has no such legal hold in force")
		}
		_, err = tx.Exec(`UPDATE erasures SET due = 0 WHERE person = ?`, string(person))
		return err
	})
	if err == nil {
		d.wake()
	}
	return err
}

// Holds lists a person's legal holds, also those that have ended, the newest first.
func (d *Desk) Holds(ctx context.Context, person vault.PersonID) ([]LegalHold, error) {
	rows, err := d.DB.Reader().QueryContext(ctx, `SELECT id, reason, set_by, set_at, until, lifted_at, lifted_by, told FROM legal_holds WHERE person = ? ORDER BY set_at DESC, id`, string(person))
	if err != nil {
		return nil, sqlite.Failed(err)
	}
	defer func() { _ = rows.Close() }()
	all := []LegalHold{}
	for rows.Next() {
		var h LegalHold
		if err := rows.Scan(&h.ID, &h.Reason, &h.SetBy, &h.SetAt, &h.Until, &h.LiftedAt, &h.LiftedBy, &h.Told); err != nil {
			return nil, sqlite.Failed(err)
		}
		all = append(all, h)
	}
	return all, sqlite.Failed(rows.Err())
}

// inForce says whether the hold stops an erasure at a time.
func (h *LegalHold) inForce(now int64) bool { return h.LiftedAt == 0 && h.Until > now }

func (d *Desk) disclosedHold(ctx context.Context, person vault.PersonID) (bool, error) {
	all, err := d.Holds(ctx, person)
	for i := range all {
		if all[i].Told && all[i].inForce(d.now()) {
			return true, nil
		}
	}
	return false, err
}

// checkHold is LEGAL_HOLD when one is in force that the actor may know of: to the customer an undisclosed hold shows as a request that waits.
func checkHold(tx *sqlite.Tx, person vault.PersonID, actor string, now int64) error {
	held, told, err := heldBy(tx, person, now)
	if err != nil || !held || !told && actor == vault.ActorPerson {
		return err
	}
	return errHeld()
}

func errHeld() error {
	return fault.New(fault.LegalHold, "a legal hold keeps the data from being erased")
}

// heldBy says whether a legal hold is in force, and whether the customer may know of one of them.
func heldBy(tx *sqlite.Tx, person vault.PersonID, now int64) (held, told bool, err error) {
	var count, open int
	_, err = tx.QueryRow(`SELECT COUNT(*), COALESCE(SUM(told), 0) FROM legal_holds WHERE person = ? AND lifted_at = 0 AND until > ?`, []any{string(person), now}, &count, &open)
	return count > 0, open > 0, err
}
