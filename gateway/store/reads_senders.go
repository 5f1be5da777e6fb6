package store

import (
	"context"
	"time"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/terms"
)

// longestOffer is how long a transfer can wait to be taken, by any terms.
const longestOffer = terms.MaxAcceptDays * 24 * time.Hour

// Senders returns the accounts of which a transfer to an account waits at now (Unix seconds) to be taken, those that sent last in front; up to limit (1 to MaxPage). Transfers that were
// refused, taken or taken back, or that have lapsed, make nobody one of them, so that they push no other out.
func (r *Reads) Senders(ctx context.Context, id points.AccountID, now int64, limit int) ([]Position, error) {
	if limit < 1 || limit > MaxPage {
		return nil, fault.New(fault.InvalidValue, "1 to %d senders are read at once", MaxPage)
	}
	const q = `SELECT a.programme, a.body FROM
		(SELECT r.programme, r.account, MAX(r.block) AS last FROM receipts r JOIN accounts s ON s.programme = r.programme AND s.id = r.account
			WHERE r.to_account <> '' AND r.to_account = ? AND r.kind = 'transfer' AND r.tx_time > ?
			AND EXISTS (SELECT 1 FROM json_each(CAST(s.body AS TEXT), '$.holds') h WHERE h.value ->> '$.id' = r.operation AND h.value ->> '$.until' > ?)
			GROUP BY r.programme, r.account ORDER BY last DESC LIMIT ?) s
		JOIN accounts a ON a.programme = s.programme AND a.id = s.account ORDER BY s.last DESC`
	rows, err := r.db.QueryContext(ctx, q, string(id), time.Unix(now, 0).Add(-longestOffer).UnixMilli(), now, limit)
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
