package store

import (
	"context"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/points"
)

// Senders returns the accounts that have sent points to an account, those that did so last in front; up to limit (1 to MaxPage). Whose hold waits for the account is among
// them, as long as no more than limit others have sent to it since.
func (r *Reads) Senders(ctx context.Context, id points.AccountID, limit int) ([]Position, error) {
	if limit < 1 || limit > MaxPage {
		return nil, fault.New(fault.InvalidValue, "1 to %d senders are read at once", MaxPage)
	}
	const q = `SELECT a.programme, a.body FROM
		(SELECT programme, account, MAX(block) AS last FROM receipts WHERE to_account <> '' AND to_account = ? AND kind = 'transfer' GROUP BY programme, account ORDER BY last DESC LIMIT ?) s
		JOIN accounts a ON a.programme = s.programme AND a.id = s.account ORDER BY s.last DESC`
	rows, err := r.db.QueryContext(ctx, q, string(id), limit)
	if err != nil {
		return nil, storeError(err)
	}
	defer func() { _ = rows.Close() }()
	var list []Position
	for rows.Next() {
		var p Position
		var body []byte
		if err := rows.Scan(&p.Programme, &body); err != nil {
			return nil, storeError(err)
		}
		if err := decodeRow(body, &p.Account); err != nil {
			return nil, err
		}
		list = append(list, p)
	}
	return list, storeError(rows.Err())
}
