package store

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/quantity"
	"github.com/tallystick/tallystick/chaincode/wire"
	"github.com/tallystick/tallystick/gateway/sqlite"
)

// Limits of the queries behind the API.
const (
	MaxPage        = 200           // Entries of one page of history.
	MaxReadsAtOnce = wire.MaxBatch // Operations or lookups of one query.
)

// Reads answers the API's questions from the projected tables and the outbox. What it tells is as of the last projected block; it changes nothing.
// Rows that aren't there are NOT_FOUND or ACCOUNT_UNKNOWN; a row that can't be decoded, or a failing database, is INTERNAL.
type Reads struct{ db *sql.DB }

// NewReads reads through db, see Store.Reader.
func NewReads(db *sql.DB) *Reads { return &Reads{db: db} }

// Position is an account as one programme's namespace holds it.
type Position struct {
	Programme string
	Account   points.Account
	Waiting   quantity.Points // Credits from outside that are not in Account yet: the next fold brings them.
}

// Known is an operation as far as this gateway knows it: from its outbox or, when another gateway submitted it, from its receipt.
type Known struct {
	ID         points.OperationID
	Kind       points.Kind
	Programme  string // Whose points it is about.
	Partner    string // The other brand of a cross-brand operation; empty at home.
	Account    points.AccountID
	To         points.AccountID
	Done       bool
	Code       fault.Code      // When Done.
	Receipt    *points.Receipt // When Done, unless the ledger never saw the operation.
	AcceptedAt time.Time       // Zero when another gateway accepted it.
	DoneAt     time.Time       // Zero until Done.
}

// Entry is a receipt and where it stands.
type Entry struct {
	Receipt points.Receipt
	Block   int64
	Index   int // Within its batch.
	Time    time.Time
}

// Committed is a receipt with the whole batch around it, from which its proof is made.
type Committed struct {
	Entry
	Batch wire.BatchEvent
	Tx    string
}

// Account returns the position with this id in whichever programme it is.
func (r *Reads) Account(ctx context.Context, id points.AccountID) (Position, error) {
	const q = `SELECT a.programme, a.body FROM programmes p JOIN accounts a ON a.programme = p.programme AND a.id = ?`
	var p Position
	var body []byte
	err := r.db.QueryRowContext(ctx, q, string(id)).Scan(&p.Programme, &body)
	if errors.Is(err, sql.ErrNoRows) {
		return Position{}, fault.New(fault.AccountUnknown, "no programme has the account %s", id)
	}
	if err != nil {
		return Position{}, storeError(err)
	}
	if p.Waiting, err = waitingPoints(ctx, r.db, p.Programme, id); err != nil {
		return Position{}, err
	}
	return p, decodeRow(body, &p.Account)
}

// Operation returns what is known of one operation.
func (r *Reads) Operation(ctx context.Context, id points.OperationID) (Known, error) {
	found, err := r.Operations(ctx, []points.OperationID{id})
	if err != nil {
		return Known{}, err
	}
	if k, ok := found[id]; ok {
		return k, nil
	}
	k, err := r.fromReceipt(ctx, id)
	if fault.CodeOf(err) == fault.NotFound {
		return Known{}, fault.New(fault.NotFound, "this gateway knows no operation %s", id)
	}
	return k, err
}

// Operations returns what the outbox knows of at most MaxReadsAtOnce operations.
func (r *Reads) Operations(ctx context.Context, ids []points.OperationID) (map[points.OperationID]Known, error) {
	if len(ids) > MaxReadsAtOnce {
		return nil, fault.New(fault.TooLarge, "at most %d operations are read at once", MaxReadsAtOnce)
	}
	q := `SELECT id, kind, programme, partner, account, to_account, status = 'DONE', COALESCE(code, ''), receipt, accepted_at, COALESCE(done_at, 0)
	      FROM operations WHERE id IN ` + placeholders(1, len(ids))
	rows, err := r.db.QueryContext(ctx, q, anys(ids)...)
	out := make(map[points.OperationID]Known, len(ids))
	err = sqlite.Each(rows, err, func(row *sql.Rows) error {
		k, err := scanKnown(row)
		out[k.ID] = k
		return err
	})
	return out, err
}

func scanKnown(rows *sql.Rows) (Known, error) {
	var k Known
	var receipt []byte
	var accepted, done int64
	if err := rows.Scan(&k.ID, &k.Kind, &k.Programme, &k.Partner, &k.Account, &k.To, &k.Done, &k.Code, &receipt, &accepted, &done); err != nil {
		return Known{}, storeError(err)
	}
	k.AcceptedAt = time.UnixMilli(accepted).UTC()
	if done > 0 {
		k.DoneAt = time.UnixMilli(done).UTC()
	}
	if len(receipt) == 0 {
		return k, nil
	}
	k.Receipt = new(points.Receipt)
	return k, decodeRow(receipt, k.Receipt)
}

func (r *Reads) fromReceipt(ctx context.Context, id points.OperationID) (Known, error) {
	c, err := r.Receipt(ctx, id)
	if err != nil {
		return Known{}, err
	}
	return Known{
		ID: id, Kind: c.Receipt.Kind, Programme: c.Receipt.Programme, Partner: c.Receipt.Partner, Account: c.Receipt.Account, To: c.Receipt.To,
		Done: true, Code: c.Receipt.Code, Receipt: &c.Receipt, DoneAt: c.Time,
	}, nil
}

// Receipt returns a committed receipt and its batch: of a swap, and of a swap's return, that of the programme where the points were taken.
func (r *Reads) Receipt(ctx context.Context, id points.OperationID) (Committed, error) {
	return r.receipt(ctx, id, receiptQuery+` ORDER BY r.kind = 'deposit' LIMIT 1`, string(id))
}

// ReceiptIn returns the receipt that an operation has in a programme, and its batch: the deposit that a swap made has one under the swap's id.
func (r *Reads) ReceiptIn(ctx context.Context, programme string, id points.OperationID) (Committed, error) {
	return r.receipt(ctx, id, receiptQuery+` AND r.programme = ?`, string(id), programme)
}

const receiptQuery = `SELECT r.idx, b.block, b.tx, b.tx_time, b.event FROM receipts r
	JOIN batches b ON b.programme = r.programme AND b.msp = r.msp AND b.lane = r.lane AND b.seq = r.seq WHERE r.operation = ?`

func (r *Reads) receipt(ctx context.Context, id points.OperationID, query string, args ...any) (Committed, error) {
	var c Committed
	var at int64
	var event []byte
	err := r.db.QueryRowContext(ctx, query, args...).Scan(&c.Index, &c.Block, &c.Tx, &at, &event)
	if errors.Is(err, sql.ErrNoRows) {
		return Committed{}, fault.New(fault.NotFound, "there is no receipt of operation %s", id)
	}
	if err != nil {
		return Committed{}, storeError(err)
	}
	if err := decodeRow(event, &c.Batch); err != nil {
		return Committed{}, err
	}
	if c.Index < 0 || c.Index >= len(c.Batch.Receipts) {
		return Committed{}, fault.New(fault.Internal, "the receipt of operation %s is not in its batch", id)
	}
	c.Receipt, c.Time = c.Batch.Receipts[c.Index], time.UnixMilli(at).UTC()
	return c, nil
}

// Lookups returns the accounts that keyed hashes of customers' references stand for, as far as they are known; at most MaxReadsAtOnce at once.
func (r *Reads) Lookups(ctx context.Context, lookups []string) (map[string]points.AccountID, error) {
	if len(lookups) > MaxReadsAtOnce {
		return nil, fault.New(fault.TooLarge, "at most %d references are looked up at once", MaxReadsAtOnce)
	}
	rows, err := r.db.QueryContext(ctx, `SELECT lookup, account FROM lookups WHERE lookup IN `+placeholders(1, len(lookups)), anys(lookups)...)
	out := make(map[string]points.AccountID, len(lookups))
	err = sqlite.Each(rows, err, func(row *sql.Rows) error {
		var lookup string
		var account points.AccountID
		err := row.Scan(&lookup, &account)
		out[lookup] = account
		return storeError(err)
	})
	return out, err
}

// Block is the number of the last projected block, -1 before the first.
func (r *Reads) Block(ctx context.Context) (int64, error) {
	var block int64
	err := r.db.QueryRowContext(ctx, `SELECT COALESCE(MAX(block), -1) FROM checkpoint`).Scan(&block)
	return block, storeError(err)
}

func decodeRow(raw []byte, into any) error {
	if err := wire.DecodeRecord(raw, into); err != nil {
		return fault.New(fault.Internal, "a row of the gateway's database can't be decoded as %T", into)
	}
	return nil
}

func anys[T ~string](values []T) []any {
	out := make([]any, len(values))
	for i, v := range values {
		out[i] = string(v)
	}
	return out
}
