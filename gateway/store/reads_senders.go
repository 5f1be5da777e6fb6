package store

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"math"
	"time"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/terms"
)

// longestOffer is how long a transfer can wait to be taken, by any terms.
const longestOffer = terms.MaxAcceptDays * 24 * time.Hour

// SenderPlace is where a sender stands in a list of them: by the block of the last offer that is open, and the account.
type SenderPlace struct {
	Block   int64            `json:"b"`
	Account points.AccountID `json:"a"`
}

// String gives the opaque form.
func (p SenderPlace) String() string {
	raw, err := json.Marshal(p)
	if err != nil {
		panic(err) // A number and a string can always be written.
	}
	return base64.RawURLEncoding.EncodeToString(raw)
}

// ParseSenderPlace reads the opaque form; INVALID_VALUE.
func ParseSenderPlace(text string) (p SenderPlace, err error) {
	raw, err := base64.RawURLEncoding.DecodeString(text)
	if err == nil {
		err = json.Unmarshal(raw, &p)
	}
	if err != nil || p.Block < 0 {
		return SenderPlace{}, fault.New(fault.InvalidValue, "this is no place in a list of senders")
	}
	return p, nil
}

// Senders returns the accounts of which a transfer to one of these accounts waits at now (Unix seconds) to be taken, those that sent last in front, from behind a place on (the first when
// it is nil); up to limit (1 to MaxPage), and the place of the last when there are more. Transfers that were refused, taken or taken back, or that have lapsed, make nobody one of them, so
// that they push no other out.
func (r *Reads) Senders(ctx context.Context, to []points.AccountID, now int64, after *SenderPlace, limit int) ([]Position, *SenderPlace, error) {
	if limit < 1 || limit > MaxPage {
		return nil, nil, fault.New(fault.InvalidValue, "1 to %d senders are read at once", MaxPage)
	}
	if after == nil {
		after = &SenderPlace{Block: math.MaxInt64}
	}
	ids, err := json.Marshal(to)
	if err != nil {
		return nil, nil, fault.New(fault.Internal, "accounts can't be listed: %v", err)
	}
	const q = `SELECT a.programme, a.body, s.last FROM
		(SELECT r.programme, r.account, MAX(r.block) AS last FROM receipts r JOIN accounts s ON s.programme = r.programme AND s.id = r.account
			WHERE r.to_account <> '' AND r.to_account IN (SELECT value FROM json_each(?)) AND r.kind = 'transfer' AND r.tx_time > ?
			AND EXISTS (SELECT 1 FROM json_each(CAST(s.body AS TEXT), '$.holds') h WHERE h.value ->> '$.id' = r.operation AND h.value ->> '$.until' > ?)
			GROUP BY r.programme, r.account HAVING last < ? OR (last = ? AND r.account > ?) ORDER BY last DESC, r.account LIMIT ?) s
		JOIN accounts a ON a.programme = s.programme AND a.id = s.account ORDER BY s.last DESC, a.id`
	since := time.Unix(now, 0).Add(-longestOffer).UnixMilli()
	rows, err := r.db.QueryContext(ctx, q, string(ids), since, now, after.Block, after.Block, string(after.Account), limit+1)
	if err != nil {
		return nil, nil, storeError(err)
	}
	defer func() { _ = rows.Close() }()
	var list []Position
	var place SenderPlace
	for rows.Next() {
		var p Position
		var body []byte
		var last int64
		if err := rows.Scan(&p.Programme, &body, &last); err != nil {
			return nil, nil, storeError(err)
		}
		if len(list) == limit {
			return list, &place, nil
		}
		if err := decodeRow(body, &p.Account); err != nil {
			return nil, nil, err
		}
		list, place = append(list, p), SenderPlace{Block: last, Account: p.Account.ID}
	}
	return list, nil, storeError(rows.Err())
}
