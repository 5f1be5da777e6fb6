package store

import (
	"context"
	"database/sql"
	"errors"

	"github.com/tallystick/tallystick/chaincode/clearing"
	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/quantity"
	"github.com/tallystick/tallystick/gateway/sqlite"
)

// BookedObligation is an obligation and where it was booked.
type BookedObligation struct {
	Operation points.OperationID
	Home      string // Member whose programme's accounts the operation is on.
	MSP       string
	Lane      int
	Seq       int64
	Index     int // Within the batch.
	A, B      string
	Currency  string
	Window    int64
	clearing.Obligation
	Owed  [2]quantity.Micro // By direction, fee included.
	Block int64
	Tx    int
	Time  int64 // Of the transaction, Unix seconds.
}

// ObligationFilter says which obligations are meant.
type ObligationFilter struct {
	A, B     string // The pair, by name.
	Currency string
	Window   int64
	Debtor   string           // Empty for both.
	Service  clearing.Service // Empty for all.
}

// ObligationPlace is where an obligation stands.
type ObligationPlace struct {
	Block     int64
	Tx, Index int
}

// PairSum is what the obligations of a pair in one window add up to.
type PairSum struct {
	A, B     string
	Currency string
	Window   int64
	Owed     [2]quantity.Micro // By direction: what A owes B, what B owes A.
	Count    int64
}

// Net is what A owes B, less what B owes A.
func (p *PairSum) Net() quantity.Micro { return p.Owed[clearing.AOwesB] - p.Owed[clearing.BOwesA] }

const obligationColumns = `operation, home, msp, lane, seq, idx, a, b, currency, window, service, debtor, creditor, micro, fee_debtor, fee, agreement, a_owes, b_owes, block, tx, time`

// Obligations returns up to limit (1 to MaxPage) obligations of a pair in a window from behind a place on, in the ledger's order; the first when it is nil.
func (r *ClearingReads) Obligations(ctx context.Context, f ObligationFilter, after *ObligationPlace, limit int) ([]BookedObligation, error) {
	if limit < 1 || limit > MaxPage {
		return nil, fault.New(fault.InvalidValue, "a page has 1 to %d entries", MaxPage)
	}
	if after == nil {
		after = &ObligationPlace{Block: -1}
	}
	rows, err := r.db.QueryContext(ctx, `SELECT `+obligationColumns+` FROM obligations
		WHERE a = ? AND b = ? AND currency = ? AND window = ? AND (block, tx, idx) > (?, ?, ?) AND (? = '' OR debtor = ?) AND (? = '' OR service = ?)
		ORDER BY block, tx, idx LIMIT ?`,
		f.A, f.B, f.Currency, f.Window, after.Block, after.Tx, after.Index, f.Debtor, f.Debtor, string(f.Service), string(f.Service), limit)
	return sqlite.Collect(rows, err, func(row *sql.Rows) (BookedObligation, error) { return scanObligation(row) })
}

func scanObligation(row interface{ Scan(...any) error }) (BookedObligation, error) {
	var o BookedObligation
	err := row.Scan(&o.Operation, &o.Home, &o.MSP, &o.Lane, &o.Seq, &o.Index, &o.A, &o.B, &o.Currency, &o.Window, &o.Service, &o.Debtor, &o.Creditor, &o.Micro,
		&o.FeeDebtor, &o.Fee, &o.Agreement, &o.Owed[0], &o.Owed[1], &o.Block, &o.Tx, &o.Time)
	return o, err
}

// Obligation returns what an operation made two brands owe each other, and the salt of its batch, hex. NOT_FOUND when it is nothing, or the own peer doesn't hold the pair's data.
func (r *ClearingReads) Obligation(ctx context.Context, operation points.OperationID) (o BookedObligation, salt string, err error) {
	o, err = scanObligation(r.db.QueryRowContext(ctx, `SELECT `+obligationColumns+` FROM obligations WHERE operation = ?`, string(operation)))
	if errors.Is(err, sql.ErrNoRows) {
		return BookedObligation{}, "", fault.New(fault.NotFound, "this gateway knows no obligation of operation %s", operation)
	}
	if err != nil {
		return BookedObligation{}, "", storeError(err)
	}
	err = r.db.QueryRowContext(ctx, `SELECT salt FROM exchanges WHERE home = ? AND msp = ? AND lane = ? AND seq = ?`, o.Home, o.MSP, o.Lane, o.Seq).Scan(&salt)
	return o, salt, storeError(err)
}

// Sums adds the obligations up by pair, of the windows of a currency from one to another (both included).
func (r *ClearingReads) Sums(ctx context.Context, currency string, from, to int64) ([]PairSum, error) {
	rows, err := r.db.QueryContext(ctx, `SELECT a, b, currency, window, SUM(a_owes), SUM(b_owes), COUNT(*) FROM obligations
		WHERE currency = ? AND window BETWEEN ? AND ? GROUP BY a, b, window ORDER BY window, a, b`, currency, from, to)
	return sqlite.List(rows, err, func(p *PairSum) []any {
		return []any{&p.A, &p.B, &p.Currency, &p.Window, &p.Owed[0], &p.Owed[1], &p.Count}
	})
}

// ServiceSum is what the obligations of a pair in one window add up to for one debtor and service.
type ServiceSum struct {
	Debtor    string
	Creditor  string
	Service   clearing.Service
	Agreement int
	Micro     quantity.Micro
	FeeDebtor string
	Fee       quantity.Micro
	Count     int64
}

// ServiceSums adds the obligations of a pair in a window up by debtor, service and version of the agreement.
func (r *ClearingReads) ServiceSums(ctx context.Context, f ObligationFilter) ([]ServiceSum, error) {
	rows, err := r.db.QueryContext(ctx, `SELECT debtor, creditor, service, agreement, SUM(micro), fee_debtor, SUM(fee), COUNT(*) FROM obligations
		WHERE a = ? AND b = ? AND currency = ? AND window = ? GROUP BY debtor, creditor, service, agreement, fee_debtor ORDER BY 1, 3, 4, 6`, f.A, f.B, f.Currency, f.Window)
	return sqlite.List(rows, err, func(s *ServiceSum) []any {
		return []any{&s.Debtor, &s.Creditor, &s.Service, &s.Agreement, &s.Micro, &s.FeeDebtor, &s.Fee, &s.Count}
	})
}
