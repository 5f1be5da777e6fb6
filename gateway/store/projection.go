package store

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/quantity"
	"github.com/tallystick/tallystick/chaincode/wire"
)

// Checkpoint names the last block whose effects the tables hold.
type Checkpoint struct {
	Block uint64
	Hash  string // Of the block's header, hex.
}

// Changes are the effects of one or several consecutive blocks on the tables of the projection.
type Changes struct {
	Checkpoint Checkpoint
	Programmes map[string][]byte // By programme: points.Programme.
	Lanes      map[LaneRef][]byte
	Accounts   map[AccountRef]AccountRow
	Batches    []BatchRow // In the ledger's order.
}

// LaneRef names a lane.
type LaneRef struct {
	Programme, MSP string
	N              int
}

// AccountRef names an account.
type AccountRef struct {
	Programme string
	ID        points.AccountID
}

// AccountRow is an account's record as the ledger has it.
type AccountRow struct {
	Posted, Debt quantity.Points
	Body         []byte
}

// BatchRow is a committed batch.
type BatchRow struct {
	Programme, MSP string
	Lane           int
	Seq            int64
	Root           string
	Block          uint64
	Tx             string
	TxTime         int64 // Unix milliseconds.
	Event          []byte
	Receipts       []ReceiptRow // In their order within the batch.
	// Recover gives the operations of the batch in the same order, from the ledger's private details; nil for batches that aren't this gateway's own.
	Recover func() ([]NewOperation, error)
}

// ReceiptRow is a receipt with the canonical bytes that stand in its batch's event.
type ReceiptRow struct {
	Receipt points.Receipt
	Body    []byte
}

// Checkpoint returns where the projection stands; found is false for a database that has seen no block.
func (s *Store) Checkpoint(ctx context.Context) (c Checkpoint, found bool, err error) {
	rows, err := s.reader.QueryContext(ctx, `SELECT block, block_hash FROM checkpoint`)
	if err != nil {
		return Checkpoint{}, false, storeError(err)
	}
	defer func() { _ = rows.Close() }()
	if !rows.Next() {
		return Checkpoint{}, false, storeError(rows.Err())
	}
	err = rows.Scan(&c.Block, &c.Hash)
	return c, err == nil, storeError(err)
}

// Project writes the changes and moves the checkpoint, all or nothing. Writing the same changes again changes nothing.
func (s *Store) Project(ctx context.Context, c Changes) error {
	if s.writer == nil {
		return fault.New(fault.ReadOnly, "the database was opened for reading only")
	}
	return s.writer.writeAlone(ctx, func(tx *Tx) error {
		for _, step := range []func(*Tx, Changes) error{projectRecords, projectBatches, projectReceipts, projectOperations} {
			if err := step(tx, c); err != nil {
				return err
			}
		}
		_, err := tx.Exec(`INSERT INTO checkpoint (id, block, block_hash) VALUES (1, ?, ?)
			ON CONFLICT (id) DO UPDATE SET block = excluded.block, block_hash = excluded.block_hash`, int64(c.Checkpoint.Block), c.Checkpoint.Hash)
		return err
	})
}

func projectRecords(tx *Tx, c Changes) error {
	for programme, body := range c.Programmes {
		if _, err := tx.Exec(`INSERT INTO programmes (programme, body) VALUES (?, ?)
			ON CONFLICT (programme) DO UPDATE SET body = excluded.body`, programme, body); err != nil {
			return err
		}
	}
	for lane, body := range c.Lanes {
		if _, err := tx.Exec(`INSERT INTO lanes (programme, msp, n, body) VALUES (?, ?, ?, ?)
			ON CONFLICT (programme, msp, n) DO UPDATE SET body = excluded.body`, lane.Programme, lane.MSP, lane.N, body); err != nil {
			return err
		}
	}
	return projectAccounts(tx, c.Accounts)
}

// projectAccounts writes one row at a time, ordered by key: an upsert of many rows may abort halfway, so that SQLite copies each page before it changes it;
// measured, that costs six times as much.
func projectAccounts(tx *Tx, accounts map[AccountRef]AccountRow) error {
	refs := slices.SortedFunc(maps.Keys(accounts), func(a, b AccountRef) int {
		return cmp.Or(strings.Compare(a.Programme, b.Programme), strings.Compare(string(a.ID), string(b.ID)))
	})
	for _, ref := range refs {
		a := accounts[ref]
		if _, err := tx.Exec(`INSERT INTO accounts (programme, id, posted, debt, body) VALUES (?, ?, ?, ?, ?)
			ON CONFLICT (programme, id) DO UPDATE SET posted = excluded.posted, debt = excluded.debt, body = excluded.body`,
			ref.Programme, string(ref.ID), int64(a.Posted), int64(a.Debt), a.Body); err != nil {
			return err
		}
	}
	return nil
}

func projectBatches(tx *Tx, c Changes) error {
	for i := range c.Batches {
		b := &c.Batches[i]
		if _, err := tx.Exec(`INSERT INTO batches (programme, msp, lane, seq, root, count, block, tx, tx_time, event) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
			ON CONFLICT (programme, msp, lane, seq) DO NOTHING`,
			b.Programme, b.MSP, b.Lane, b.Seq, b.Root, len(b.Receipts), int64(b.Block), b.Tx, b.TxTime, b.Event); err != nil {
			return err
		}
	}
	return nil
}

func projectReceipts(tx *Tx, c Changes) error {
	total := 0
	for i := range c.Batches {
		total += len(c.Batches[i].Receipts)
	}
	rows := newRows(11, total)
	for i := range c.Batches {
		b := &c.Batches[i]
		for n := range b.Receipts {
			r := &b.Receipts[n].Receipt
			rows.add(string(r.Operation), b.Programme, string(r.Account), string(r.To), string(r.Kind), b.MSP, b.Lane, b.Seq, n, int64(b.Block), b.TxTime)
		}
	}
	return rows.each(func(list string, values []any) error {
		_, err := tx.Exec(`INSERT OR IGNORE INTO receipts (operation, programme, account, to_account, kind, msp, lane, seq, idx, block, tx_time) VALUES `+list, values...)
		return err
	})
}

// rowSizes are the numbers of rows that one statement takes, largest first: few texts, so that they all stay prepared. Measured, larger ones cost more.
var rowSizes = []int{16, 4, 1}

// rows collects the values of a multi-row statement.
type rows struct {
	columns int
	values  []any
}

func newRows(columns, capacity int) *rows {
	return &rows{columns: columns, values: make([]any, 0, columns*capacity)}
}

func (r *rows) add(values ...any) { r.values = append(r.values, values...) }

// each hands the rows to f, as a list of placeholders and its values, in as few parts as the sizes allow. f's statement must not be able to abort halfway
// (OR IGNORE, OR FAIL): for many rows and ABORT, the default, SQLite copies each page before it changes it, at several times the cost.
func (r *rows) each(f func(list string, values []any) error) error {
	for at := 0; at < len(r.values); {
		for _, n := range rowSizes {
			if at+n*r.columns > len(r.values) {
				continue
			}
			if err := f(valueLists[listShape{n, r.columns}], r.values[at:at+n*r.columns]); err != nil {
				return err
			}
			at += n * r.columns
			break
		}
	}
	return nil
}

type listShape struct{ rows, columns int }

// maxColumns is the widest multi-row statement of the projection.
const maxColumns = 16

var valueLists = func() map[listShape]string {
	m := map[listShape]string{}
	for _, n := range rowSizes {
		for columns := 1; columns <= maxColumns; columns++ {
			row := "(" + strings.TrimSuffix(strings.Repeat("?,", columns), ",") + ")"
			m[listShape{n, columns}] = strings.TrimSuffix(strings.Repeat(row+",", n), ",")
		}
	}
	return m
}()

// Genesis returns the channel that the projected programmes belong to: the hash of its genesis block's header, hex. found is false before the first programme.
func (s *Store) Genesis(ctx context.Context) (hash string, found bool, err error) {
	rows, err := s.reader.QueryContext(ctx, `SELECT body FROM programmes LIMIT 1`)
	if err != nil {
		return "", false, storeError(err)
	}
	defer func() { _ = rows.Close() }()
	if !rows.Next() {
		return "", false, storeError(rows.Err())
	}
	var body []byte
	if err := rows.Scan(&body); err != nil {
		return "", false, storeError(err)
	}
	var programme points.Programme
	if err := wire.DecodeRecord(body, &programme); err != nil {
		return "", false, err
	}
	return programme.Genesis, true, nil
}
