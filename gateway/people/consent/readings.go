package consent

import (
	"context"
	"database/sql"
	"slices"
	"time"

	"github.com/tallystick/tallystick/gateway/sqlite"
)

const secondsPerDay = 86400

// Readings counts, in people.db, what this brand reads of what other brands' customers share with it, so that an owner's count can be held against it. It knows no customer.
type Readings struct{ DB *sqlite.DB }

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

// Counts adds readings up from a time (included) to another (excluded; both Unix seconds, whole UTC days), ordered by owner, purpose and attribute, at most limit counts.
func (r *Readings) Counts(ctx context.Context, from, to int64, limit int) ([]ReadingCount, error) {
	rows, err := r.DB.Reader().QueryContext(ctx, `SELECT owner, purpose, attribute, SUM(readings) FROM readings WHERE day >= ? AND day < ?
		GROUP BY owner, purpose, attribute ORDER BY 1, 2, 3 LIMIT ?`, from/secondsPerDay, to/secondsPerDay, limit)
	return sqlite.Collect(rows, err, func(row *sql.Rows) (c ReadingCount, err error) {
		err = row.Scan(&c.Owner, &c.Purpose, &c.Attribute, &c.Readings)
		return c, err
	})
}
