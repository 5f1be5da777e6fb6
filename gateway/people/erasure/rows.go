package erasure

import (
	"context"
	"database/sql"
	"errors"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/privacy"
	"github.com/tallystick/tallystick/chaincode/quantity"
	"github.com/tallystick/tallystick/gateway/people/vault"
	"github.com/tallystick/tallystick/gateway/sqlite"
)

// Erasure is one that was asked for. Times are Unix milliseconds, 0 for what hasn't happened.
type Erasure struct {
	ID          privacy.ErasureID
	Reason      privacy.ErasureReason
	Step        Step
	RequestedAt int64
	DueAt       int64 // A month after the request.
	SettleBy    int64 // Until when it waits for open holds.
	DestroyedAt int64
	DoneAt      int64
	Entries     int        // Values that were destroyed.
	Consents    int        // That were ended.
	Trouble     fault.Code // Why it doesn't go on; empty while it does.

	person vault.PersonID // Empty once the key is destroyed.
	tried  int
}

const erasureColumns = `id, COALESCE(person, ''), reason, step, requested_at, due_at, settle_by, destroyed_at, done_at, entries, consents, trouble, tried`

// places are where erasureColumns go.
func (e *Erasure) places() []any {
	return []any{&e.ID, &e.person, &e.Reason, &e.Step, &e.RequestedAt, &e.DueAt, &e.SettleBy, &e.DestroyedAt, &e.DoneAt, &e.Entries, &e.Consents, &e.Trouble, &e.tried}
}

// Of finds the erasure that is under way for a person.
func (d *Desk) Of(ctx context.Context, person vault.PersonID) (e Erasure, there bool, err error) {
	return d.one(ctx, `SELECT `+erasureColumns+` FROM erasures WHERE person = ?`, string(person))
}

// Get finds an erasure by its id; NOT_FOUND when there is none.
func (d *Desk) Get(ctx context.Context, id privacy.ErasureID) (Erasure, error) {
	e, there, err := d.one(ctx, `SELECT `+erasureColumns+` FROM erasures WHERE id = ?`, string(id))
	if err == nil && !there {
		err = fault.New(fault.NotFound, "there is no such erasure")
	}
	return e, err
}

func (d *Desk) one(ctx context.Context, query, key string) (e Erasure, there bool, err error) {
	err = d.DB.Reader().QueryRowContext(ctx, query, key).Scan(e.places()...)
	if errors.Is(err, sql.ErrNoRows) {
		return Erasure{}, false, nil
	}
	return e, err == nil, sqlite.Failed(err)
}

// MaxOpen bounds one page of Open.
const MaxOpen = 500

// Open lists what isn't done, the earliest deadline first, up to limit (1 to MaxOpen).
func (d *Desk) Open(ctx context.Context, limit int) ([]Erasure, error) {
	if limit < 1 || limit > MaxOpen {
		return nil, fault.New(fault.InvalidValue, "limit lies between 1 and %d", MaxOpen)
	}
	return d.list(ctx, `SELECT `+erasureColumns+` FROM erasures WHERE step <> 'done' ORDER BY due_at, id LIMIT ?`, limit)
}

func (d *Desk) list(ctx context.Context, query string, args ...any) ([]Erasure, error) {
	rows, err := d.DB.Reader().QueryContext(ctx, query, args...)
	return sqlite.List(rows, err, (*Erasure).places)
}

func insertErasure(tx *sqlite.Tx, e *Erasure, r Request) error {
	var one int
	there, err := tx.QueryRow(`SELECT 1 FROM erasures WHERE person = ?`, []any{string(r.Person)}, &one)
	if err != nil {
		return err
	}
	if there {
		return fault.New(fault.ErasureUnderWay, "an erasure of this person is under way")
	}
	merging, err := vault.MergerUnderWay(tx, r.Person)
	if err != nil {
		return err
	}
	if merging {
		return fault.New(fault.NotReady, "the person is just being merged with another one: ask again")
	}
	_, err = tx.Exec(`INSERT INTO erasures (id, person, reason, actor, step, requested_at, due_at, settle_by) VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
		string(e.ID), string(r.Person), string(e.Reason), r.Actor, string(e.Step), e.RequestedAt, e.DueAt, e.SettleBy)
	return err
}

// move notes that a step is done. The step that it comes from is asked for, so that a step is left once.
func (d *Desk) move(ctx context.Context, e *Erasure, next Step) error {
	err := d.DB.Write(ctx, func(tx *sqlite.Tx) error {
		_, err := tx.Exec(`UPDATE erasures SET step = ?, consents = ?, trouble = '', tried = 0, due = 0 WHERE id = ? AND step = ?`, string(next), e.Consents, string(e.ID), string(e.Step))
		return err
	})
	if err == nil {
		e.Step, e.Trouble, e.tried = next, "", 0
	}
	return err
}

// postpone notes why an erasure doesn't go on, and when to try again.
func (d *Desk) postpone(ctx context.Context, e *Erasure, code fault.Code, until int64) error {
	return d.DB.Write(ctx, func(tx *sqlite.Tx) error {
		_, err := tx.Exec(`UPDATE erasures SET trouble = ?, tried = tried + 1, due = ? WHERE id = ?`, string(code), until, string(e.ID))
		return err
	})
}

func (d *Desk) noteConsents(ctx context.Context, e *Erasure) error {
	return d.DB.Write(ctx, func(tx *sqlite.Tx) error {
		_, err := tx.Exec(`UPDATE erasures SET consents = ? WHERE id = ?`, e.Consents, string(e.ID))
		return err
	})
}

// accountRow is an account that an erasure deals with.
type accountRow struct {
	Programme string
	Account   points.AccountID
	Outcome   Outcome
	Confirmed quantity.Points // What the customer was told would be forfeited.
	Forfeited quantity.Points // What was.
	tried     int
}

func insertAccount(tx *sqlite.Tx, id privacy.ErasureID, a AccountPlan) error {
	_, err := tx.Exec(`INSERT INTO erasure_accounts (erasure, programme, account, outcome, confirmed) VALUES (?, ?, ?, ?, ?)`,
		string(id), a.Programme, string(a.Account), string(a.Outcome), int64(a.Forfeit))
	return err
}

func (d *Desk) accountsOf(ctx context.Context, id privacy.ErasureID) ([]accountRow, error) {
	rows, err := d.DB.Reader().QueryContext(ctx, `SELECT programme, COALESCE(account, ''), outcome, confirmed, forfeited, tried FROM erasure_accounts WHERE erasure = ? ORDER BY n`, string(id))
	return sqlite.List(rows, err, func(a *accountRow) []any {
		return []any{&a.Programme, &a.Account, &a.Outcome, &a.Confirmed, &a.Forfeited, &a.tried}
	})
}

// noteTry counts an attempt to close an account before it is made.
func (d *Desk) noteTry(ctx context.Context, id privacy.ErasureID, a *accountRow, forfeit quantity.Points) error {
	a.tried, a.Forfeited = a.tried+1, forfeit
	return d.DB.Write(ctx, func(tx *sqlite.Tx) error {
		_, err := tx.Exec(`UPDATE erasure_accounts SET tried = ?, forfeited = ? WHERE erasure = ? AND account = ?`, a.tried, int64(forfeit), string(id), string(a.Account))
		return err
	})
}

// noteAccount notes what became of an account. Once nothing is left to do with it, its id goes.
func (d *Desk) noteAccount(ctx context.Context, id privacy.ErasureID, a *accountRow, outcome Outcome) error {
	return d.DB.Write(ctx, func(tx *sqlite.Tx) error {
		if outcome == Unsettled {
			_, err := tx.Exec(`UPDATE erasure_accounts SET outcome = ?, forfeited = 0, due = ? WHERE erasure = ? AND account = ?`,
				string(outcome), d.Now().Add(d.Pace.Closing).UnixMilli(), string(id), string(a.Account))
			return err
		}
		forfeited := a.Forfeited
		if outcome != Closed {
			forfeited = 0
		}
		_, err := tx.Exec(`UPDATE erasure_accounts SET outcome = ?, forfeited = ?, account = NULL, due = 0 WHERE erasure = ? AND account = ?`,
			string(outcome), int64(forfeited), string(id), string(a.Account))
		return err
	})
}

func (d *Desk) entriesOf(ctx context.Context, id privacy.ErasureID, limit int) ([]privacy.EntryKey, error) {
	rows, err := d.DB.Reader().QueryContext(ctx, `SELECT key FROM erasure_entries WHERE erasure = ? ORDER BY key LIMIT ?`, string(id), limit)
	return sqlite.Column[privacy.EntryKey](rows, err)
}

func (d *Desk) forgetEntries(ctx context.Context, id privacy.ErasureID, keys []privacy.EntryKey) error {
	return d.DB.Write(ctx, func(tx *sqlite.Tx) error {
		for _, key := range keys {
			if _, err := tx.Exec(`DELETE FROM erasure_entries WHERE erasure = ? AND key = ?`, string(id), string(key)); err != nil {
				return err
			}
		}
		return nil
	})
}
