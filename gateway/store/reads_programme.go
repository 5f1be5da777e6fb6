package store

import (
	"context"
	"database/sql"
	"encoding/base64"
	"encoding/json"
	"errors"
	"time"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/gateway/sqlite"
)

// Cursor is a place in an account's history: everything before it, newest first, is what comes next. Its text is opaque to callers.
type Cursor struct {
	Block     int64              `json:"b"`
	Index     int                `json:"i"`
	Operation points.OperationID `json:"o"`
}

// String gives the opaque form.
func (c Cursor) String() string {
	raw, err := json.Marshal(c)
	if err != nil {
		panic(err) // Two numbers and a string can always be written.
	}
	return base64.RawURLEncoding.EncodeToString(raw)
}

// ParseCursor reads the opaque form; INVALID_VALUE when it is none.
func ParseCursor(s string) (Cursor, error) {
	var c Cursor
	raw, err := base64.RawURLEncoding.DecodeString(s)
	if err == nil {
		err = json.Unmarshal(raw, &c)
	}
	if err != nil || c.Block < 0 || c.Index < 0 {
		return Cursor{}, fault.New(fault.InvalidValue, "the cursor is not one that a page gave")
	}
	return c, nil
}

// History returns up to limit (1 to MaxPage) receipts that name the account, newest first, from after the cursor or, when it is nil, from the newest.
// next is nil on the last page.
func (r *Reads) History(ctx context.Context, id points.AccountID, after *Cursor, limit int) (entries []Entry, next *Cursor, err error) {
	if limit < 1 || limit > MaxPage {
		return nil, nil, fault.New(fault.InvalidValue, "a page has 1 to %d entries", MaxPage)
	}
	from := Cursor{Block: 1<<63 - 1}
	if after != nil {
		from = *after
	}
	at := []any{string(id), from.Block, from.Index, string(from.Operation)}
	rows, err := r.db.QueryContext(ctx, historyQuery, append(append(at, at...), limit+1)...)
	if entries, err = sqlite.Collect(rows, err, scanEntry); err != nil {
		return nil, nil, err
	}
	if len(entries) > limit {
		entries = entries[:limit]
		last := entries[limit-1]
		next = &Cursor{Block: last.Block, Index: last.Index, Operation: last.Receipt.Operation}
	}
	return entries, next, nil
}

// historyQuery takes the receipts' bodies from the outbox where it has them, since that spares taking the whole batch apart.
const historyQuery = `
SELECT r.block, r.idx, r.tx_time, COALESCE(o.receipt, json_extract(b.event, '$.receipts[' || r.idx || ']'))
FROM (SELECT * FROM (SELECT operation, programme, msp, lane, seq, idx, block, tx_time FROM receipts
        WHERE account = ? AND (block, idx, operation) < (?, ?, ?))
      UNION
      SELECT * FROM (SELECT operation, programme, msp, lane, seq, idx, block, tx_time FROM receipts
        WHERE to_account <> '' AND to_account = ? AND (block, idx, operation) < (?, ?, ?))
      ORDER BY block DESC, idx DESC, operation DESC LIMIT ?) r
LEFT JOIN operations o ON o.id = r.operation AND o.programme = r.programme
JOIN batches b ON b.programme = r.programme AND b.msp = r.msp AND b.lane = r.lane AND b.seq = r.seq
ORDER BY r.block DESC, r.idx DESC, r.operation DESC`

func scanEntry(rows *sql.Rows) (Entry, error) {
	var e Entry
	var at int64
	var body []byte
	if err := rows.Scan(&e.Block, &e.Index, &at, &body); err != nil {
		return Entry{}, storeError(err)
	}
	e.Time = timeOf(at)
	return e, decodeRow(body, &e.Receipt)
}

// timeOf is the time of a column.
func timeOf(milli int64) time.Time { return time.UnixMilli(milli).UTC() }

// Programmes returns every programme of the channel, ordered by name.
func (r *Reads) Programmes(ctx context.Context) ([]points.Programme, error) {
	return programmesOf(ctx, r.db)
}

func programmesOf(ctx context.Context, db queryer) ([]points.Programme, error) {
	rows, err := db.QueryContext(ctx, `SELECT body FROM programmes ORDER BY programme`)
	return bodies[points.Programme](rows, err)
}

// queryer is a connection or a read transaction.
type queryer interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// Programme returns one programme.
func (r *Reads) Programme(ctx context.Context, name string) (points.Programme, error) {
	return programmeOf(ctx, r.db, name)
}

func programmeOf(ctx context.Context, db queryer, name string) (points.Programme, error) {
	var body []byte
	var p points.Programme
	err := db.QueryRowContext(ctx, `SELECT body FROM programmes WHERE programme = ?`, name).Scan(&body)
	if errors.Is(err, sql.ErrNoRows) {
		return p, fault.New(fault.NotFound, "there is no programme of this name")
	}
	if err != nil {
		return p, storeError(err)
	}
	return p, decodeRow(body, &p)
}

// Totals is the sum over all lanes of a programme.
func (r *Reads) Totals(ctx context.Context, programme string) (points.Totals, error) {
	return totalsOf(ctx, r.db, programme)
}

func totalsOf(ctx context.Context, db queryer, programme string) (points.Totals, error) {
	rows, err := db.QueryContext(ctx, `SELECT body FROM lanes WHERE programme = ?`, programme)
	lanes, err := bodies[points.Lane](rows, err)
	if err != nil {
		return points.Totals{}, err
	}
	var sum points.Totals
	for _, l := range lanes {
		if sum, err = sum.Plus(l.Totals); err != nil {
			return points.Totals{}, err
		}
	}
	return sum, nil
}

// eachBody decodes a column of stored documents, one after the other, without keeping them.
func eachBody[T any](rows *sql.Rows, err error, use func(*T) error) error {
	return sqlite.Each(rows, err, func(row *sql.Rows) error {
		var body sql.RawBytes // Of the driver's: decoding copies what is kept.
		if err := row.Scan(&body); err != nil {
			return storeError(err)
		}
		one := new(T)
		if err := decodeRow(body, one); err != nil {
			return err
		}
		return use(one)
	})
}

// bodies lists a column of stored documents.
func bodies[T any](rows *sql.Rows, err error) ([]T, error) {
	list := []T{}
	err = eachBody(rows, err, func(one *T) error {
		list = append(list, *one)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return list, nil
}
