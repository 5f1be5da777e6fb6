package store

import (
	"context"
	"database/sql"
	"errors"

	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/quantity"
	"github.com/tallystick/tallystick/chaincode/statement"
	"github.com/tallystick/tallystick/gateway/bookkeeping"
	"github.com/tallystick/tallystick/gateway/sqlite"
)

// StatementBook returns everything that a programme's statement from a business date (0: from its beginning) until today's is made of, and the published value of its
// points, as of one projected block. Moves and debts of the days before from, and those of the days since, are each summed up and stand under the last day of theirs.
func (r *Reads) StatementBook(ctx context.Context, programme string, from quantity.Day) (b *statement.Book, v statement.Value, err error) {
	tx, err := r.db.BeginTx(ctx, nil)
	if err != nil {
		return nil, nil, storeError(err)
	}
	defer func() { err = errors.Join(err, tx.Rollback()) }()
	return statementBook(ctx, tx, programme, from)
}

func statementBook(ctx context.Context, tx queryer, programme string, from quantity.Day) (*statement.Book, statement.Value, error) {
	p, err := programmeOf(ctx, tx, programme)
	if err != nil {
		return nil, nil, err
	}
	b := &statement.Book{Programme: p.Brand, Currency: p.Currency, From: from, Day: p.BusinessDate}
	totals, err := totalsOf(ctx, tx, programme)
	if err != nil {
		return nil, nil, err
	}
	b.Totals = bookkeeping.Totals(totals)
	if b.Holdings, err = position(ctx, tx, &p); err != nil {
		return nil, nil, err
	}
	if b.Moves, err = moves(ctx, tx, programme, from); err != nil {
		return nil, nil, err
	}
	if b.Debts, err = debts(ctx, tx, programme, from); err != nil {
		return nil, nil, err
	}
	return b, bookkeeping.Value(&p), nil
}

// position adds up what lies in the accounts and waits for them, from the sums that the projection keeps.
func position(ctx context.Context, db queryer, p *points.Programme) ([]statement.Holding, error) {
	rows, err := db.QueryContext(ctx, `SELECT place, spendable_from, expiry, terms, funding, active, points FROM holdings WHERE programme = ?`, p.Brand)
	position := bookkeeping.NewPosition(p)
	err = sqlite.Each(rows, err, func(row *sql.Rows) error {
		var at bookkeeping.Lying
		var n quantity.Points
		if err := row.Scan(&at.Place, &at.From, &at.Expiry, &at.Terms, &at.Funding, &at.Active, &n); err != nil {
			return storeError(err)
		}
		return position.NoteSum(at, n)
	})
	if err != nil {
		return nil, err
	}
	if err := noteInbox(ctx, db, position, p.Brand); err != nil {
		return nil, err
	}
	return position.Holdings(), nil
}

// noteInbox adds what waits for the programme's accounts: the issuer owes it, though it is in no account yet.
func noteInbox(ctx context.Context, db queryer, position *bookkeeping.Position, programme string) error {
	rows, err := db.QueryContext(ctx, `SELECT body FROM inbox WHERE programme = ?`, programme)
	return eachBody(rows, err, position.NoteInbox)
}

func moves(ctx context.Context, db queryer, programme string, from quantity.Day) ([]statement.Move, error) {
	rows, err := db.QueryContext(ctx, `SELECT MAX(day), spendable_from, expiry, terms, funding, cause, SUM(points) FROM movements WHERE programme = ?
		GROUP BY day < ?, spendable_from, expiry, terms, funding, cause, incoming ORDER BY 1, 2, 3, 4, 5, 6, 7`, programme, int64(from))
	return sqlite.List(rows, err, func(m *statement.Move) []any {
		return []any{&m.Day, &m.From, &m.Expiry, &m.Terms, &m.Funding, &m.Cause, &m.Points}
	})
}

func debts(ctx context.Context, db queryer, programme string, from quantity.Day) ([]statement.Debt, error) {
	rows, err := db.QueryContext(ctx, `SELECT MAX(day), cause, SUM(points) FROM debts WHERE programme = ?
		GROUP BY day < ?, cause, incurred ORDER BY 1, 2, 3`, programme, int64(from))
	return sqlite.List(rows, err, func(d *statement.Debt) []any { return []any{&d.Day, &d.Cause, &d.Points} })
}
