package consent

import (
	"context"
	"database/sql"
	"time"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/privacy"
	"github.com/tallystick/tallystick/chaincode/wire"
	"github.com/tallystick/tallystick/gateway/sqlite"
)

// row is a consent as people.db has it.
type row struct {
	id              privacy.ConsentID
	person, grantee string
	signed          privacy.SignedConsent
	step            Step
	goal            privacy.EndReason // Why it is to end; empty as long as it isn't.
	starts, ends    time.Time
	given, ended    time.Time // ended is zero before.
	tries, open     int
	trouble         fault.Code
}

const columns = "id, person, grantee, signed, step, goal, starts, ends, given, ended, tries, open, trouble"

func (r *row) into() []any {
	return []any{&r.id, &r.person, &r.grantee, (*signedColumn)(&r.signed), &r.step, &r.goal, (*timeColumn)(&r.starts), (*timeColumn)(&r.ends), (*timeColumn)(&r.given),
		(*timeColumn)(&r.ended), &r.tries, &r.open, &r.trouble}
}

// signedColumn reads a signed consent from its column.
type signedColumn privacy.SignedConsent

// Scan implements sql.Scanner.
func (c *signedColumn) Scan(v any) error {
	raw, ok := v.([]byte)
	if !ok {
		return fault.New(fault.Internal, "a consent in people.db is no document")
	}
	return wire.DecodeRecord(raw, (*privacy.SignedConsent)(c))
}

// timeColumn reads Unix milliseconds; 0 is no time.
type timeColumn time.Time

// Scan implements sql.Scanner.
func (c *timeColumn) Scan(v any) error {
	ms, ok := v.(int64)
	if !ok {
		return fault.New(fault.Internal, "a time in people.db is no number")
	}
	if ms != 0 {
		*c = timeColumn(time.UnixMilli(ms).UTC())
	}
	return nil
}

func (k *Keeper) insert(ctx context.Context, r *row) error {
	signed, err := wire.Encode(r.signed)
	if err != nil {
		return err
	}
	return k.db.Write(ctx, func(tx *sqlite.Tx) error {
		var live int
		if _, err := tx.QueryRow("SELECT COUNT(*) FROM consents WHERE person = ? AND goal = '' AND step <> ?", []any{r.person, string(Refused)}, &live); err != nil {
			return err
		}
		if live >= MaxLive {
			return fault.New(fault.Limit, "a customer has at most %d consents in force", MaxLive)
		}
		var there string
		found, err := tx.QueryRow("SELECT person FROM consents WHERE id = ?", []any{string(r.id)}, &there)
		if err != nil {
			return err
		}
		if found && there != r.person {
			return fault.New(fault.AlreadyExists, "the consent's id is taken: prepare it again")
		}
		_, err = tx.Exec(`INSERT INTO consents (id, person, grantee, purpose, signed, step, goal, starts, ends, given, ended, due, tries, open, trouble)
			VALUES (?, ?, ?, ?, ?, ?, '', ?, ?, ?, 0, 0, 0, 0, '') ON CONFLICT DO NOTHING`,
			string(r.id), r.person, r.grantee, r.signed.Body.Purpose, signed, string(Recording), r.starts.UnixMilli(), r.ends.UnixMilli(), r.given.UnixMilli())
		return err
	})
}

// load reads one consent; NOT_FOUND when there is none.
func (k *Keeper) load(ctx context.Context, id privacy.ConsentID) (*row, error) {
	var r row
	err := k.db.Reader().QueryRowContext(ctx, "SELECT "+columns+" FROM consents WHERE id = ?", string(id)).Scan(r.into()...)
	if err == sql.ErrNoRows {
		return nil, fault.New(fault.NotFound, "there is no such consent")
	}
	return &r, sqlite.Failed(err)
}

// personal is load of a person's own consent.
func (k *Keeper) personal(ctx context.Context, person string, id privacy.ConsentID) (*row, error) {
	r, err := k.load(ctx, id)
	if err == nil && r.person != person {
		return nil, fault.New(fault.NotFound, "there is no such consent")
	}
	return r, err
}

func (k *Keeper) list(ctx context.Context, where string, args ...any) ([]*row, error) {
	rows, err := k.db.Reader().QueryContext(ctx, "SELECT "+columns+" FROM consents WHERE "+where, args...)
	return sqlite.Collect(rows, err, func(found *sql.Rows) (*row, error) {
		r := new(row)
		err := found.Scan(r.into()...)
		return r, sqlite.Failed(err)
	})
}

// advanceTo notes the next step. The goal is the customer's: it isn't touched.
func (k *Keeper) advanceTo(ctx context.Context, r *row, next Step) error {
	var due int64 // What is on its way when the process ends is due at once.
	if next == Active {
		due = r.ends.UnixMilli()
	}
	trouble := ""
	if next == Refused {
		trouble = string(r.trouble)
	}
	return k.db.Write(ctx, func(tx *sqlite.Tx) error {
		_, err := tx.Exec("UPDATE consents SET step = ?, tries = 0, trouble = ?, due = ? WHERE id = ?", string(next), trouble, due, string(r.id))
		return err
	})
}

// stumble notes a failure, and when to try again.
func (k *Keeper) stumble(ctx context.Context, r *row, code fault.Code, due time.Time) error {
	return k.db.Write(ctx, func(tx *sqlite.Tx) error {
		_, err := tx.Exec("UPDATE consents SET tries = tries + 1, trouble = ?, due = ? WHERE id = ?", string(code), due.UnixMilli(), string(r.id))
		return err
	})
}

// aim notes why consents are to end: from this moment on nothing is handed out under them. Those that are to end already stay as they are.
func (k *Keeper) aim(ctx context.Context, goal privacy.EndReason, where string, args ...any) (ids []privacy.ConsentID, err error) {
	k.gate.Lock() // Who is being handed something has it when this returns, or gets nothing.
	defer k.gate.Unlock()
	now := k.now().UnixMilli()
	err = k.db.Write(ctx, func(tx *sqlite.Tx) error {
		rows, err := tx.Query("UPDATE consents SET goal = ?, ended = ?, due = 0 WHERE goal = '' AND step <> 'refused' AND "+where+" RETURNING id",
			append([]any{string(goal), now}, args...)...)
		ids, err = sqlite.Column[privacy.ConsentID](rows, err)
		return err
	})
	return ids, err
}

// beginShare notes what the grantee is about to get, and gives all that it may have then.
func (k *Keeper) beginShare(ctx context.Context, id privacy.ConsentID, entries []privacy.SharedEntry) ([]Entry, error) {
	err := k.db.Write(ctx, func(tx *sqlite.Tx) error {
		for _, e := range entries {
			if _, err := tx.Exec("INSERT INTO consent_entries (consent, key, attribute, gone) VALUES (?, ?, ?, 0) ON CONFLICT DO NOTHING", string(id), string(e.Key), e.Attribute); err != nil {
				return err
			}
		}
		_, err := tx.Exec("UPDATE consents SET open = open + 1 WHERE id = ?", string(id))
		return err
	})
	if err != nil {
		return nil, err
	}
	return k.everShared(ctx, id)
}

// endShare notes that the grantee has these entries and no others. What it had before is forgotten only when no call is on its way that could bring it back.
func (k *Keeper) endShare(ctx context.Context, id privacy.ConsentID, entries []privacy.SharedEntry) error {
	return k.db.Write(ctx, func(tx *sqlite.Tx) error {
		if _, err := tx.Exec("UPDATE consents SET open = open - 1 WHERE id = ?", string(id)); err != nil {
			return err
		}
		if _, err := tx.Exec("UPDATE consent_entries SET gone = 1 WHERE consent = ?", string(id)); err != nil {
			return err
		}
		for _, e := range entries {
			if _, err := tx.Exec("UPDATE consent_entries SET gone = 0 WHERE consent = ? AND key = ?", string(id), string(e.Key)); err != nil {
				return err
			}
		}
		_, err := tx.Exec("DELETE FROM consent_entries WHERE consent = ? AND gone = 1 AND (SELECT open FROM consents WHERE id = ?) = 0", string(id), string(id))
		return err
	})
}

func (k *Keeper) forgetEntries(ctx context.Context, id privacy.ConsentID) error {
	return k.db.Write(ctx, func(tx *sqlite.Tx) error {
		_, err := tx.Exec("DELETE FROM consent_entries WHERE consent = ?", string(id))
		return err
	})
}

// shared lists what the grantee has.
func (k *Keeper) shared(ctx context.Context, id privacy.ConsentID) ([]Entry, error) {
	return k.entries(ctx, "SELECT attribute, key FROM consent_entries WHERE consent = ? AND gone = 0", id)
}

// everShared lists what the grantee has or may have.
func (k *Keeper) everShared(ctx context.Context, id privacy.ConsentID) ([]Entry, error) {
	return k.entries(ctx, "SELECT attribute, key FROM consent_entries WHERE consent = ?", id)
}

func (k *Keeper) entries(ctx context.Context, query string, id privacy.ConsentID) ([]Entry, error) {
	rows, err := k.db.Reader().QueryContext(ctx, query, string(id))
	return sqlite.List(rows, err, func(e *Entry) []any { return []any{&e.Attribute, &e.Key} })
}
