package store

import (
	"context"
	"database/sql"
	"errors"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/lots"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/quantity"
	"github.com/tallystick/tallystick/chaincode/statement"
	"github.com/tallystick/tallystick/gateway/bookkeeping"
	"github.com/tallystick/tallystick/gateway/sqlite"
)

// Picture is the read model as of one projected block, for what must agree with itself. It is good until the function returns that it is given to.
type Picture struct {
	At Checkpoint

	db       queryer
	clearing *ClearingReads
}

// Picture hands f the read model as of the last projected block. NOT_READY before the first.
func (r *Reads) Picture(ctx context.Context, f func(*Picture) error) (err error) {
	tx, err := r.db.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return storeError(err)
	}
	defer func() { err = errors.Join(err, tx.Rollback()) }()
	p := &Picture{db: tx, clearing: &ClearingReads{db: tx}}
	err = tx.QueryRowContext(ctx, `SELECT block, block_hash, tx_time FROM checkpoint`).Scan(&p.At.Block, &p.At.Hash, &p.At.Time)
	if errors.Is(err, sql.ErrNoRows) {
		return fault.New(fault.NotReady, "no block was projected yet")
	}
	if err != nil {
		return storeError(err)
	}
	return f(p)
}

// Clearing reads what the brands owe each other, as of the same block.
func (p *Picture) Clearing() *ClearingReads { return p.clearing }

// Programmes returns every programme of the channel, ordered by name.
func (p *Picture) Programmes(ctx context.Context) ([]points.Programme, error) {
	return programmesOf(ctx, p.db)
}

// Totals is the sum over all lanes of a programme.
func (p *Picture) Totals(ctx context.Context, programme string) (points.Totals, error) {
	return totalsOf(ctx, p.db, programme)
}

// Book is what a programme's statement since its beginning is made of, and the published value of its points.
func (p *Picture) Book(ctx context.Context, programme string) (*statement.Book, statement.Value, error) {
	return statementBook(ctx, p.db, programme, 0)
}

// Balances hands over what lies in each account of a programme that has something, the largest first, and how many accounts have exactly that. It is the sum of an account's lots,
// free, held and in suspense; inbox entries aren't among it.
func (p *Picture) Balances(ctx context.Context, programme string, f func(total quantity.Points, accounts int) error) error {
	return p.each(ctx, func(rows *sql.Rows) error {
		var total quantity.Points
		var accounts int
		if err := rows.Scan(&total, &accounts); err != nil {
			return storeError(err)
		}
		return f(total, accounts)
	}, balancesQuery, programme)
}

const balancesQuery = `SELECT total, COUNT(*) FROM accounts WHERE programme = ? AND total > 0 GROUP BY total ORDER BY total DESC`

// Turnover is what was done in a period, of operations that agree in everything but the day.
type Turnover struct {
	bookkeeping.Turning // Day is 0.
	bookkeeping.Turnover
}

// Turnovers adds up what was done on the business dates from and to and between, ordered by programme, activity, partner and shop.
func (p *Picture) Turnovers(ctx context.Context, from, to quantity.Day) (list []Turnover, err error) {
	err = p.each(ctx, func(rows *sql.Rows) error {
		var t Turnover
		if err := rows.Scan(&t.Programme, &t.Activity, &t.Partner, &t.Shop, &t.Operations, &t.Points, &t.Given); err != nil {
			return storeError(err)
		}
		list = append(list, t)
		return nil
	}, `SELECT programme, activity, partner, shop, SUM(operations), SUM(points), SUM(given) FROM turnovers WHERE day BETWEEN ? AND ?
		GROUP BY programme, activity, partner, shop ORDER BY 1, 2, 3, 4`, int64(from), int64(to))
	return list, err
}

// Outflow is what left lots in a period for one cause, under one version of the terms.
type Outflow struct {
	Cause  lots.Cause
	Terms  int
	Points quantity.Points // Above 0.
}

// Outflows adds up what left a programme's lots on the business dates from and to and between, ordered by cause and terms.
func (p *Picture) Outflows(ctx context.Context, programme string, from, to quantity.Day) (list []Outflow, err error) {
	err = p.each(ctx, func(rows *sql.Rows) error {
		var o Outflow
		if err := rows.Scan(&o.Cause, &o.Terms, &o.Points); err != nil {
			return storeError(err)
		}
		list = append(list, o)
		return nil
	}, `SELECT cause, terms, -SUM(points) FROM movements WHERE programme = ? AND incoming = 0 AND day BETWEEN ? AND ? GROUP BY cause, terms ORDER BY 1, 2`,
		programme, int64(from), int64(to))
	return list, err
}

// Back is what returns gave back of payments of a period for one cause, at one partner, under one version of the terms.
type Back struct {
	Cause   lots.Cause // Of the payment: redeemed, captured or swapped.
	Partner string     // Empty at home.
	Terms   int
	Within  quantity.Points // Given back by the period's last business date: 0 to Points.
	Points  quantity.Points // Given back until now; above 0.
}

// GivenBack adds up what was given back of what a programme's accounts spent on the business dates from and to and between, ordered by cause, partner and terms.
func (p *Picture) GivenBack(ctx context.Context, programme string, from, to quantity.Day) (list []Back, err error) {
	err = p.each(ctx, func(rows *sql.Rows) error {
		var b Back
		if err := rows.Scan(&b.Cause, &b.Partner, &b.Terms, &b.Within, &b.Points); err != nil {
			return storeError(err)
		}
		list = append(list, b)
		return nil
	}, `SELECT cause, partner, terms, SUM(CASE WHEN returned <= ? THEN points ELSE 0 END), SUM(points) FROM given_back WHERE programme = ? AND day BETWEEN ? AND ?
		GROUP BY cause, partner, terms ORDER BY 1, 2, 3`, int64(to), programme, int64(from), int64(to))
	return list, err
}

// Adjustment is a receipt of an adjustment, accepted or not, and where it stands.
type Adjustment struct {
	Entry
	Tx       string
	Approval *points.Approval // Nil when the ledger has none under the operation's id.
}

// AdjustmentPlace is where an adjustment stands in the ledger's order, in which a programme's business date never goes back.
type AdjustmentPlace struct {
	Day       quantity.Day
	Block     int64
	Index     int // In its batch.
	Operation points.OperationID
}

// Place is where it stands.
func (a *Adjustment) Place() AdjustmentPlace {
	return AdjustmentPlace{a.Receipt.BusinessDate, a.Block, a.Index, a.Receipt.Operation}
}

// Adjustments returns up to limit adjustments of a programme whose business date is from or to or between, of blocks up to upTo, after a place, in the ledger's order.
func (p *Picture) Adjustments(ctx context.Context, programme string, from, to quantity.Day, upTo int64, after AdjustmentPlace, limit int) (list []Adjustment, err error) {
	err = p.each(ctx, func(rows *sql.Rows) error {
		a, err := scanAdjustment(rows)
		if err != nil {
			return err
		}
		list = append(list, a)
		return nil
	}, adjustmentsQuery, programme, int64(from), int64(to), upTo, int64(after.Day), after.Block, after.Index, string(after.Operation), limit)
	return list, err
}

// Adjusted is what a programme's adjustments come to whose business date is from or to or between, of blocks up to upTo.
func (p *Picture) Adjusted(ctx context.Context, programme string, from, to quantity.Day, upTo int64) (sum bookkeeping.Adjusted, err error) {
	err = p.each(ctx, func(rows *sql.Rows) error {
		return storeError(rows.Scan(&sum.Accepted, &sum.Rejected, &sum.Up, &sum.Down, &sum.Debt))
	}, `SELECT COALESCE(SUM(accepted), 0), COALESCE(SUM(rejected), 0), COALESCE(SUM(up), 0), COALESCE(SUM(down), 0), COALESCE(SUM(debt), 0) FROM adjustment_sums
		WHERE programme = ? AND day BETWEEN ? AND ?`, programme, int64(from), int64(to))
	if err != nil || upTo >= int64(p.At.Block) {
		return sum, err
	}
	later, err := p.adjustedAfter(ctx, programme, from, to, upTo)
	sum.Less(&later)
	return sum, err
}

// adjustedAfter adds up one by one what came in blocks after one.
func (p *Picture) adjustedAfter(ctx context.Context, programme string, from, to quantity.Day, block int64) (sum bookkeeping.Adjusted, err error) {
	err = p.each(ctx, func(rows *sql.Rows) error {
		var body []byte
		var r points.Receipt
		if err := rows.Scan(&body); err != nil {
			return storeError(err)
		}
		if err := decodeRow(body, &r); err != nil {
			return err
		}
		return sum.Note(&r)
	}, `SELECT body FROM receipts WHERE programme = ? AND kind = 'adjust' AND day BETWEEN ? AND ? AND block > ?`, programme, int64(from), int64(to), block)
	return sum, err
}

// adjustmentsQuery takes the receipts' bodies from beside them, since taking them out of their batches costs a thousand times as much.
const adjustmentsQuery = `SELECT r.block, r.idx, b.tx_time, b.tx, r.body, a.body FROM receipts r
	JOIN batches b ON b.programme = r.programme AND b.msp = r.msp AND b.lane = r.lane AND b.seq = r.seq
	LEFT JOIN records a ON a.programme = r.programme AND a.object = 'approval' AND a.id = r.operation
	WHERE r.programme = ? AND r.kind = 'adjust' AND r.day BETWEEN ? AND ? AND r.block <= ? AND (r.day, r.block, r.idx, r.operation) > (?, ?, ?, ?)
	ORDER BY r.day, r.block, r.idx, r.operation LIMIT ?`

func scanAdjustment(rows *sql.Rows) (Adjustment, error) {
	var a Adjustment
	var at int64
	var receipt, approval []byte
	if err := rows.Scan(&a.Block, &a.Index, &at, &a.Tx, &receipt, &approval); err != nil {
		return a, storeError(err)
	}
	a.Time = timeOf(at)
	if err := decodeRow(receipt, &a.Receipt); err != nil || approval == nil {
		return a, err
	}
	a.Approval = new(points.Approval)
	return a, decodeRow(approval, a.Approval)
}

// Records hands over every record of one object of a programme, ordered by id. The record is good until f returns.
func (p *Picture) Records(ctx context.Context, programme, object string, f func(*Record) error) error {
	return p.each(ctx, func(rows *sql.Rows) error {
		var one Record
		if err := rows.Scan(&one.ID, &one.Body); err != nil {
			return storeError(err)
		}
		return f(&one)
	}, `SELECT id, body FROM records WHERE programme = ? AND object = ? ORDER BY id`, programme, object)
}

// Record returns one record of a programme as the ledger has it. NOT_FOUND when there is none.
func (p *Picture) Record(ctx context.Context, programme, object, id string) ([]byte, error) {
	return recordOf(ctx, p.db, programme, object, id)
}

// Into decodes the record.
func (r *Record) Into(v any) error { return decodeRow(r.Body, v) }

func (p *Picture) each(ctx context.Context, take func(*sql.Rows) error, query string, args ...any) error {
	rows, err := p.db.QueryContext(ctx, query, args...)
	return sqlite.Each(rows, err, take)
}

// WindowSum is what obligations of one pair in one window come to for one debtor, service and home programme.
type WindowSum struct {
	A, B, Currency string
	Window         int64
	Home           string // Whose points the operations are about.
	Debtor         string
	Creditor       string
	Service        string
	Count          int64
	Micro          quantity.Micro // Without fees.
	Fees           quantity.Micro // Of all who owe one on it.
}

// WindowSums gives up to limit sums of all obligations that the own peer holds, ordered by currency, window, pair, home, service and debtor.
func (p *Picture) WindowSums(ctx context.Context, limit int) (list []WindowSum, err error) {
	err = p.each(ctx, func(rows *sql.Rows) error {
		var s WindowSum
		if err := rows.Scan(&s.Currency, &s.Window, &s.A, &s.B, &s.Home, &s.Service, &s.Debtor, &s.Creditor, &s.Count, &s.Micro, &s.Fees); err != nil {
			return storeError(err)
		}
		list = append(list, s)
		return nil
	}, `SELECT currency, window, a, b, home, service, debtor, creditor, count, micro, fee FROM obligation_sums
		ORDER BY currency, window, a, b, home, service, debtor, creditor LIMIT ?`, limit)
	return list, err
}
