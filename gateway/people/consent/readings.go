package consent

import (
	"context"
	"database/sql"
	"slices"
	"time"

	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/gateway/sqlite"
)

const secondsPerDay = 86400

// Readings counts, in people.db, what this brand reads of what other brands' customers share with it, so that an owner's count can be held against it. It knows no customer.
type Readings struct {
	DB  *sqlite.DB
	Now func() time.Time // time.Now when nil; for Retain alone.
}

// KeepReadingsDays is how many days counts are kept: the running year and two whole ones before it, which is as far back as reports of them go.
const KeepReadingsDays = 3 * 366

// ReadingCount says how often an attribute was read.
type ReadingCount struct {
	Owner, Purpose, Attribute string
	Readings                  int64
}

// Note counts one reading at a time: once for each attribute, as the owner's log does.
func (r *Readings) Note(ctx context.Context, owner, purpose string, attributes []string, at time.Time) error {
	names := slices.Compact(slices.Sorted(slices.Values(attributes)))
	return r.DB.Write(ctx, func(tx *sqlite.Tx) error {
		for _, name := range names {
			if _, err := tx.Exec(`INSERT INTO readings (day, owner, purpose, attribute, readings) VALUES (?, ?, ?, ?, 1)
				ON CONFLICT (day, owner, purpose, attribute) DO UPDATE SET readings = readings + 1`, at.Unix()/secondsPerDay, owner, purpose, name); err != nil {
				return err
			}
		}
		return nil
	})
}

// Retain implements erasure.Retainer: it deletes counts of more than KeepReadingsDays ago. They are about no account, so no legal hold keeps them.
func (r *Readings) Retain(ctx context.Context, _ func(context.Context, points.AccountID) (bool, error)) (removed int, err error) {
	now := time.Now
	if r.Now != nil {
		now = r.Now
	}
	err = r.DB.Write(ctx, func(tx *sqlite.Tx) error {
		n, err := tx.Change("DELETE FROM readings WHERE day < ?", now().Unix()/secondsPerDay-KeepReadingsDays)
		removed = int(n)
		return err
	})
	return removed, err
}

// Counts adds readings up from a time (included) to another (excluded; both Unix seconds, whole UTC days), ordered by owner, purpose and attribute, at most limit counts.
func (r *Readings) Counts(ctx context.Context, from, to int64, limit int) ([]ReadingCount, error) {
	rows, err := r.DB.Reader().QueryContext(ctx, `SELECT owner, purpose, attribute, SUM(readings) FROM readings WHERE day >= ? AND day < ?
		GROUP BY owner, purpose, attribute ORDER BY 1, 2, 3 LIMIT ?`, from/secondsPerDay, to/secondsPerDay, limit)
	return sqlite.Collect(rows, err, func(row *sql.Rows) (c ReadingCount, err error) {
		err = row.Scan(&c.Owner, &c.Purpose, &c.Attribute, &c.Readings)
		return c, err
	})
}
