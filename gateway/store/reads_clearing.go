package store

import (
	"context"
	"database/sql"
	"errors"
	"strconv"
	"strings"

	"github.com/tallystick/tallystick/chaincode/clearing"
	"github.com/tallystick/tallystick/chaincode/engine"
	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/gateway/sqlite"
)

// ClearingReads answers what the brands owe each other, as of the last projected block: of pairs what the own peer holds. It changes nothing. Rows that aren't there are
// NOT_FOUND; a row that can't be decoded, or a failing database, is INTERNAL.
type ClearingReads struct{ db queryer }

// NewClearingReads reads through db, see Store.Reader.
func NewClearingReads(db *sql.DB) *ClearingReads { return &ClearingReads{db: db} }

// ClearingRecord is a record of clearing.
type ClearingRecord struct {
	ID   string // The ledger key's attributes after the object, joined by slashes.
	Body []byte // Canonical JSON.
}

// Into decodes the record.
func (r *ClearingRecord) Into(v any) error { return decodeRow(r.Body, v) }

// Order says in which order records are listed.
type Order bool

// The orders of a list.
const (
	Ascending  Order = false
	Descending Order = true
)

// ClearingList names records of one object whose ids begin with Prefix, in pages.
type ClearingList struct {
	Collection string // Empty for public records.
	Object     string
	Prefix     string
	After      string // Last id of the page before; empty for the first page.
	Limit      int    // 1 to MaxPage.
	Order      Order
}

// Record reads one record into v. NOT_FOUND when there is none.
func (r *ClearingReads) Record(ctx context.Context, ref ClearingRef, v any) error {
	record, err := r.Raw(ctx, ref)
	if err != nil {
		return err
	}
	return record.Into(v)
}

// Raw reads one record as it stands on the ledger. NOT_FOUND when there is none.
func (r *ClearingReads) Raw(ctx context.Context, ref ClearingRef) (ClearingRecord, error) {
	record := ClearingRecord{ID: ref.ID}
	err := r.db.QueryRowContext(ctx, `SELECT body FROM clearing_records WHERE collection = ? AND object = ? AND id = ? AND body IS NOT NULL`, ref.Collection, ref.Object, ref.ID).
		Scan(&record.Body)
	if errors.Is(err, sql.ErrNoRows) {
		return ClearingRecord{}, fault.New(fault.NotFound, "clearing has no %s", strings.TrimSuffix(ref.Object+" "+ref.ID, " "))
	}
	return record, storeError(err)
}

// Before reads a public record as the transaction at a place of a block found it; nil when it wasn't there.
func (r *ClearingReads) Before(ctx context.Context, ref ClearingRef, block int64, tx int) ([]byte, error) {
	var body []byte
	err := r.db.QueryRowContext(ctx, `SELECT body FROM clearing_history WHERE object = ? AND id = ? AND (block, tx) < (?, ?) ORDER BY block DESC, tx DESC LIMIT 1`,
		ref.Object, ref.ID, block, tx).Scan(&body)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	return body, storeError(err)
}

// Written says where a public record was first written. NOT_FOUND when it never was.
func (r *ClearingReads) Written(ctx context.Context, ref ClearingRef) (block int64, tx int, err error) {
	err = r.db.QueryRowContext(ctx, `SELECT block, tx FROM clearing_history WHERE object = ? AND id = ? ORDER BY block, tx LIMIT 1`, ref.Object, ref.ID).Scan(&block, &tx)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, 0, fault.New(fault.NotFound, "clearing has no %s %s", ref.Object, ref.ID)
	}
	return block, tx, storeError(err)
}

// highest sorts after every character of an id.
const highest = "\x7f"

// Records lists records.
func (r *ClearingReads) Records(ctx context.Context, list ClearingList) ([]ClearingRecord, error) {
	if list.Limit < 1 || list.Limit > MaxPage {
		return nil, fault.New(fault.InvalidValue, "a page has 1 to %d entries", MaxPage)
	}
	query := `SELECT id, body FROM clearing_records WHERE collection = ? AND object = ? AND id > ? AND id < ? AND body IS NOT NULL ORDER BY id LIMIT ?`
	from, to := max(list.Prefix, list.After), list.Prefix+highest
	if list.Prefix == "" && list.After == "" {
		from = "" // A record without further attributes has the empty id.
		query = strings.Replace(query, "id > ?", "id >= ?", 1)
	}
	if list.Order == Descending {
		query = strings.Replace(query, "ORDER BY id", "ORDER BY id DESC", 1)
		from = list.Prefix
		if list.After != "" {
			to = list.After
		}
	}
	rows, err := r.db.QueryContext(ctx, query, list.Collection, list.Object, from, to, list.Limit)
	return sqlite.List(rows, err, func(one *ClearingRecord) []any { return []any{&one.ID, &one.Body} })
}

// Each hands over every record of a list, page by page; its Limit and After aren't looked at.
func (r *ClearingReads) Each(ctx context.Context, list ClearingList, f func(*ClearingRecord) error) error {
	list.Limit, list.After = MaxPage, ""
	for {
		page, err := r.Records(ctx, list)
		if err != nil {
			return err
		}
		for i := range page {
			if err := f(&page[i]); err != nil {
				return err
			}
		}
		if len(page) < list.Limit {
			return nil
		}
		list.After = page[len(page)-1].ID
	}
}

// All decodes every record of a list, in order: for objects of which there are few.
func All[T any](ctx context.Context, r *ClearingReads, list ClearingList) ([]T, error) {
	all := []T{}
	return all, r.Each(ctx, list, func(record *ClearingRecord) error {
		var one T
		err := record.Into(&one)
		all = append(all, one)
		return err
	})
}

// Collections are the pairs of whose data the own peer holds something.
func (r *ClearingReads) Collections(ctx context.Context) ([]string, error) {
	rows, err := r.db.QueryContext(ctx, `SELECT DISTINCT collection FROM clearing_records WHERE collection <> '' ORDER BY 1`)
	return sqlite.Column[string](rows, err)
}

// Refusal explains why an operation was refused for a limit. NOT_FOUND when it wasn't, or the pair isn't one whose data the own peer holds.
func (r *ClearingReads) Refusal(ctx context.Context, operation points.OperationID) (LimitRefusal, error) {
	var body []byte
	err := r.db.QueryRowContext(ctx, `SELECT body FROM limit_refusals WHERE operation = ?`, string(operation)).Scan(&body)
	if errors.Is(err, sql.ErrNoRows) {
		return LimitRefusal{}, fault.New(fault.NotFound, "no limit of a pair of this member's is known to have refused operation %s", operation)
	}
	if err != nil {
		return LimitRefusal{}, storeError(err)
	}
	var refusal LimitRefusal
	return refusal, decodeRow(body, &refusal)
}

// EventPlace is where an event stands.
type EventPlace struct {
	Block int64
	N     int
}

// Events returns up to limit (1 to MaxPage) events from behind a place on, in the ledger's order; the first when it is nil.
func (r *ClearingReads) Events(ctx context.Context, after *EventPlace, limit int) ([]ClearingEvent, error) {
	if limit < 1 || limit > MaxPage {
		return nil, fault.New(fault.InvalidValue, "a page has 1 to %d entries", MaxPage)
	}
	if after == nil {
		after = &EventPlace{Block: -1}
	}
	rows, err := r.db.QueryContext(ctx, `SELECT body FROM clearing_events WHERE (block, n) > (?, ?) ORDER BY block, n LIMIT ?`, after.Block, after.N, limit)
	return bodies[ClearingEvent](rows, err)
}

// Gaps are the transactions whose private data the own peer has not delivered yet, in the ledger's order.
func (r *ClearingReads) Gaps(ctx context.Context) ([]ClearingGap, error) {
	rows, err := r.db.QueryContext(ctx, `SELECT block, tx, collection FROM clearing_gaps ORDER BY 1, 2, 3`)
	return sqlite.List(rows, err, func(g *ClearingGap) []any { return []any{&g.Block, &g.Tx, &g.Collection} })
}

// Settled is the last window of a currency that is settled, 0 before the first. Windows are settled in their order.
func (r *ClearingReads) Settled(ctx context.Context, currency string) (int64, error) {
	var id string
	err := r.db.QueryRowContext(ctx, `SELECT id FROM clearing_records WHERE collection = '' AND object = ? AND id > ? AND id < ? AND json_extract(body, '$.status') = ?
		ORDER BY id DESC LIMIT 1`, engine.ObjectWindow, currency+"/", currency+"/"+highest, string(clearing.WindowSettled)).Scan(&id)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, nil
	}
	if err != nil {
		return 0, storeError(err)
	}
	number, err := strconv.ParseInt(strings.TrimPrefix(id, currency+"/"), 10, 64)
	if err != nil {
		return 0, fault.New(fault.Internal, "window %s has no number", id)
	}
	return number, nil
}
