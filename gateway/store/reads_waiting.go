package store

import (
	"context"
	"database/sql"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/quantity"
	"github.com/tallystick/tallystick/gateway/sqlite"
)

// MaxWaiting is how many credits, reservations or refunds one call lists.
const MaxWaiting = 10_000

// Waiting is a credit that waits for its account's next fold.
type Waiting struct {
	Place points.InboxPlace
	Block int64 // In which it came.
	Entry points.InboxEntry
}

// Waiting lists credits that wait for accounts of a programme, those that came first in front, up to limit (1 to MaxWaiting).
func (r *Reads) Waiting(ctx context.Context, programme string, limit int) ([]Waiting, error) {
	if err := checkWaiting(limit); err != nil {
		return nil, err
	}
	rows, err := r.db.QueryContext(ctx, `SELECT msp, lane, seq, n, block, body FROM inbox WHERE programme = ? ORDER BY block LIMIT ?`, programme, limit)
	return sqlite.Collect(rows, err, func(row *sql.Rows) (w Waiting, err error) {
		var body []byte
		if err := row.Scan(&w.Place.MSP, &w.Place.Lane, &w.Place.Seq, &w.Place.N, &w.Block, &body); err != nil {
			return w, storeError(err)
		}
		err = decodeRow(body, &w.Entry)
		return w, err
	})
}

func checkWaiting(limit int) error {
	if limit < 1 || limit > MaxWaiting {
		return fault.New(fault.InvalidValue, "at most %d entries are listed at once", MaxWaiting)
	}
	return nil
}

// waitingPoints is the sum of what waits for an account.
func waitingPoints(ctx context.Context, db queryer, programme string, id points.AccountID) (quantity.Points, error) {
	var sum int64
	err := db.QueryRowContext(ctx, `SELECT COALESCE(SUM(points), 0) FROM inbox WHERE programme = ? AND account = ?`, programme, string(id)).Scan(&sum)
	return quantity.Points(sum), storeError(err)
}

// Lapsed lists reservations of a programme with a partner whose hold's time is over at now (Unix seconds), those that lapsed first in front; up to limit (1 to MaxWaiting).
func (r *Reads) Lapsed(ctx context.Context, programme, partner string, now int64, limit int) ([]Reservation, error) {
	if err := checkWaiting(limit); err != nil {
		return nil, err
	}
	rows, err := r.db.QueryContext(ctx, `SELECT hold, account, partner, points, single, until FROM reservations
		WHERE programme = ? AND partner = ? AND until <= ? ORDER BY until LIMIT ?`, programme, partner, now, limit)
	return sqlite.List(rows, err, func(v *Reservation) []any {
		return []any{&v.Hold, &v.Account, &v.Partner, &v.Points, &v.Single, &v.Until}
	})
}

// Refund is what a partner is to be refunded for: debt of one of its awards was repaid after the award had been returned.
type Refund struct {
	Account points.AccountID
	Claim   points.Claim // Repaid is above 0.
}

// Refunds lists what a partner is to be refunded for on accounts of a programme, up to limit (1 to MaxWaiting).
func (r *Reads) Refunds(ctx context.Context, programme, partner string, limit int) ([]Refund, error) {
	if err := checkWaiting(limit); err != nil {
		return nil, err
	}
	rows, err := r.db.QueryContext(ctx, `SELECT a.id, c.value FROM accounts a, json_each(a.body, '$.claims') c WHERE a.programme = ? AND a.refundable > 0
		AND json_extract(c.value, '$.partner') = ? AND json_extract(c.value, '$.repaid') > 0 ORDER BY a.id LIMIT ?`, programme, partner, limit)
	return sqlite.Collect(rows, err, func(row *sql.Rows) (one Refund, err error) {
		var claim []byte
		if err := row.Scan(&one.Account, &claim); err != nil {
			return one, storeError(err)
		}
		err = decodeRow(claim, &one.Claim)
		return one, err
	})
}
