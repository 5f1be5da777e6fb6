package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/gateway/sqlite"
)

// Record is a published document, a sponsored shop or an approval.
type Record struct {
	ID   string // As in the ledger's key: VersionID of a version, a shop's id, an operation's id.
	Body []byte // As on the ledger, canonical JSON.
}

// VersionID is the id of a version of the terms, the rule set or the price list.
func VersionID(version int) string { return fmt.Sprintf("%04d", version) }

// WindowID is how ids begin that belong to one window of a currency.
func WindowID(currency string, number int64) string { return fmt.Sprintf("%s/%09d", currency, number) }

// Record returns one record of a programme, by its object (engine.ObjectTerms, ObjectRuleSet, ObjectPrices, ObjectShop, ObjectApproval) and id. NOT_FOUND when there is none.
func (r *Reads) Record(ctx context.Context, programme, object, id string) ([]byte, error) {
	return recordOf(ctx, r.db, programme, object, id)
}

func recordOf(ctx context.Context, db queryer, programme, object, id string) ([]byte, error) {
	var body []byte
	err := db.QueryRowContext(ctx, `SELECT body FROM records WHERE programme = ? AND object = ? AND id = ?`, programme, object, id).Scan(&body)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, fault.New(fault.NotFound, "programme %s has no %s %s", programme, object, id)
	}
	return body, storeError(err)
}

// Count says how many records of one object a programme has.
func (r *Reads) Count(ctx context.Context, programme, object string) (records int, err error) {
	err = r.db.QueryRowContext(ctx, `SELECT COUNT(*) FROM records WHERE programme = ? AND object = ?`, programme, object).Scan(&records)
	return records, storeError(err)
}

// Records returns up to limit (1 to MaxPage) records of one object, ordered by id, from behind the id after; from the first when it is empty.
func (r *Reads) Records(ctx context.Context, programme, object, after string, limit int) (records []Record, err error) {
	if limit < 1 || limit > MaxPage {
		return nil, fault.New(fault.InvalidValue, "a page has 1 to %d entries", MaxPage)
	}
	rows, err := r.db.QueryContext(ctx, `SELECT id, body FROM records WHERE programme = ? AND object = ? AND id > ? ORDER BY id LIMIT ?`, programme, object, after, limit)
	return sqlite.List(rows, err, func(one *Record) []any { return []any{&one.ID, &one.Body} })
}
