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
	MaxHoldReason = 200 // Bytes. The reason is a case's reference, not its story; it is kept sealed.
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

	sealed []byte // The reason as it is kept.
}

// Hold sets a legal hold. INVALID_VALUE for a reason or an end out of the limits, LIMIT when there are too many, ERASURE_UNDER_WAY when the person's mark may be on the ledger already.
func (d *Desk) Hold(ctx context.Context, person vault.PersonID, h LegalHold) (LegalHold, error) {
	if h.Reason == "" || len(h.Reason) > MaxHoldReason {
		return h, fault.New(fault.InvalidValue, "a legal hold has a reason of 1 to %d bytes", MaxHoldReason)
	}
	h.SetAt, h.LiftedAt, h.LiftedBy = d.now(), 0, ""
	if h.Until <= h.SetAt || h.Until > h.SetAt+MaxHoldTime.Milliseconds() {
		return h, fault.New(fault.InvalidValue, "a legal hold ends in the future, within %d days", int(MaxHoldTime.Hours())/24)
	}
	person, err := d.Vault.Survivor(ctx, person)
	if err != nil {
		return h, err
	}
	h.ID = random.Hex(idBytes)
	return h, d.DB.Write(ctx, func(tx *sqlite.Tx) error {
		now, err := holdingIn(tx, person, d.now())
		if err != nil {
			return err
		}
		if err := beforeMark(tx, person, now); err != nil {
			return err
		}
		if now.count >= MaxHolds {
			return fault.New(fault.Limit, "a person has at most %d legal holds at the same time", MaxHolds)
		}
		if h.sealed, err = d.Vault.SealNote(tx, person, reasonPlace(h.ID), h.Reason); err != nil {
			return err
		}
		_, err = tx.Exec(`INSERT INTO legal_holds (id, person, reason, sealed_reason, set_by, set_at, until, told) VALUES (?, ?, '', ?, ?, ?, ?, ?)`,
			h.ID, string(person), h.sealed, h.SetBy, h.SetAt, h.Until, h.Told)
		return err
	})
}

// beforeMark is ERASURE_UNDER_WAY when nothing keeps the person's erasure from putting the mark, so that a mark on the ledger always means an erasure that no hold stops any more. As long
// as a hold is in force the mark isn't put, and others may be set.
func beforeMark(tx *sqlite.Tx, person vault.PersonID, now holding) error {
	under, err := destroyingIn(tx, person)
	if err != nil || !under || now.stops() {
		return err
	}
	return fault.New(fault.ErasureUnderWay, "the person's key is being destroyed: no legal hold can be set any more")
}

// Lift ends a legal hold before its time. NOT_FOUND when the person has none of this id that is in force.
func (d *Desk) Lift(ctx context.Context, person vault.PersonID, id, by string) error {
	err := d.DB.Write(ctx, func(tx *sqlite.Tx) error {
		lifted, err := tx.Change(`UPDATE legal_holds SET lifted_at = ?, lifted_by = ? WHERE id = ? AND person = ? AND lifted_at = 0`, d.now(), by, id, string(person))
		if err != nil {
			return err
		}
		if lifted == 0 {
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

const selectHolds = `SELECT id, reason, sealed_reason, set_by, set_at, until, lifted_at, lifted_by, told FROM legal_holds WHERE person = ? ORDER BY set_at DESC, id`

// places are where the columns of selectHolds go.
func (h *LegalHold) places() []any {
	return []any{&h.ID, &h.Reason, &h.sealed, &h.SetBy, &h.SetAt, &h.Until, &h.LiftedAt, &h.LiftedBy, &h.Told}
}

// Holds lists a person's legal holds, also those that have ended, the newest first.
func (d *Desk) Holds(ctx context.Context, person vault.PersonID) ([]LegalHold, error) {
	all, err := d.holdsOf(ctx, person)
	if err != nil {
		return nil, err
	}
	for i := range all {
		if err := d.openReason(ctx, person, &all[i]); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// holdsOf is Holds with the reasons as they are kept.
func (d *Desk) holdsOf(ctx context.Context, person vault.PersonID) ([]LegalHold, error) {
	rows, err := d.DB.Reader().QueryContext(ctx, selectHolds, string(person))
	return sqlite.List(rows, err, (*LegalHold).places)
}

// holding is what a person's legal holds come to at a time. Everything that a legal hold stops asks it.
type holding struct {
	count int  // In force.
	told  bool // The customer may know of one of them.
}

func holdingOf(all []LegalHold, now int64) (is holding) {
	for i := range all {
		h := &all[i]
		if h.LiftedAt != 0 || h.Until <= now {
			continue
		}
		is.count++
		is.told = is.told || h.Told
	}
	return is
}

// stops says whether the data have to be kept.
func (is holding) stops() bool { return is.count > 0 }

// refusal is LEGAL_HOLD when the data have to be kept.
func (is holding) refusal() error {
	if !is.stops() {
		return nil
	}
	return fault.New(fault.LegalHold, "a legal hold keeps the data from being erased")
}

// refusalTo is the refusal that an actor may know of: to the customer an undisclosed hold shows as a request that waits.
func (is holding) refusalTo(actor string) error {
	if actor == vault.ActorPerson && !is.told {
		return nil
	}
	return is.refusal()
}

// holding reads what the person's legal holds come to now.
func (d *Desk) holding(ctx context.Context, person vault.PersonID) (holding, error) {
	all, err := d.holdsOf(ctx, person)
	return holdingOf(all, d.now()), err
}

// holdingIn is holding as a transaction sees it, at a time in Unix milliseconds.
func holdingIn(tx *sqlite.Tx, person vault.PersonID, now int64) (holding, error) {
	rows, err := tx.Query(selectHolds, string(person))
	all, err := sqlite.List(rows, err, (*LegalHold).places)
	return holdingOf(all, now), err
}
