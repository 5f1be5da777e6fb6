package store

import (
	"context"

	"github.com/tallystick/tallystick/chaincode/points"
)

// AcceptedFreezes lists requests to freeze accounts of a programme that the issuer has accepted, that no operation has followed yet and whose end is later than now (Unix
// seconds), ordered by id; up to limit (1 to MaxWaiting).
func (r *Reads) AcceptedFreezes(ctx context.Context, programme string, now int64, limit int) ([]points.FreezeRequest, error) {
	if err := checkWaiting(limit); err != nil {
		return nil, err
	}
	rows, err := r.db.QueryContext(ctx, `SELECT body FROM records WHERE programme = ? AND object = 'freeze'
		AND json_extract(CAST(body AS TEXT), '$.status') = 'ACCEPTED' AND json_extract(CAST(body AS TEXT), '$.end') > ? ORDER BY id LIMIT ?`, programme, now, limit)
	return bodies[points.FreezeRequest](rows, err)
}
