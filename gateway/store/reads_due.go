package store

import (
	"context"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/quantity"
	"github.com/tallystick/tallystick/gateway/sqlite"
)

// MaxDue is how many accounts one call of Due returns.
const MaxDue = 10_000

// Due returns up to limit (1 to MaxDue) accounts of a programme on which something is due: points that are gone by the business date day, or a hold that has lapsed by now
// (Unix seconds); with 0 for one of them, the other alone counts. Those that have waited longest come first, holds after points.
func (r *Reads) Due(ctx context.Context, programme string, day quantity.Day, now int64, limit int) ([]points.AccountID, error) {
	if limit < 1 || limit > MaxDue {
		return nil, fault.New(fault.InvalidValue, "at most %d accounts are due at once", MaxDue)
	}
	rows, err := r.db.QueryContext(ctx, dueQuery, programme, int64(day), limit, programme, now, int64(day), limit, limit)
	return sqlite.Column[points.AccountID](rows, err)
}

const dueQuery = `
SELECT id FROM (SELECT * FROM (SELECT id, 0 AS part, due_day AS due FROM accounts
          WHERE programme = ? AND due_day > 0 AND due_day <= ? ORDER BY due_day LIMIT ?)
      UNION ALL
      SELECT * FROM (SELECT id, 1 AS part, due_at AS due FROM accounts
          WHERE programme = ? AND due_at > 0 AND due_at <= ? AND NOT (due_day > 0 AND due_day <= ?) ORDER BY due_at LIMIT ?))
ORDER BY part, due, id LIMIT ?`
