package store

import (
	"context"
	"database/sql"

	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/wire"
	"github.com/tallystick/tallystick/gateway/sqlite"
)

// Told is a batch of a programme with its receipts, in the order in which its lane has it.
type Told struct {
	MSP      string
	Lane     int
	Seq      int64
	Time     int64 // Of the transaction, Unix seconds.
	Receipts []points.Receipt
}

// MaxTold is how many batches one call of BatchesAfter gives.
const MaxTold = 1000

// LanesOf lists the lanes in which a programme has batches.
func (r *Reads) LanesOf(ctx context.Context, programme string) ([]LaneRef, error) {
	rows, err := r.db.QueryContext(ctx, `SELECT msp, n FROM lanes WHERE programme = ? ORDER BY msp, n`, programme)
	return sqlite.List(rows, err, func(lane *LaneRef) []any {
		lane.Programme = programme
		return []any{&lane.MSP, &lane.N}
	})
}

// BatchesAfter gives the batches of a lane that follow a sequence number, up to limit (1 to MaxTold).
func (r *Reads) BatchesAfter(ctx context.Context, lane LaneRef, seq int64, limit int) ([]Told, error) {
	rows, err := r.db.QueryContext(ctx, `SELECT seq, tx_time, event FROM batches WHERE programme = ? AND msp = ? AND lane = ? AND seq > ? ORDER BY seq LIMIT ?`,
		lane.Programme, lane.MSP, lane.N, seq, min(max(limit, 1), MaxTold))
	return sqlite.Collect(rows, err, func(row *sql.Rows) (Told, error) {
		var event []byte
		var batch wire.BatchEvent
		told := Told{MSP: lane.MSP, Lane: lane.N}
		if err := row.Scan(&told.Seq, &told.Time, &event); err != nil {
			return told, storeError(err)
		}
		err := decodeRow(event, &batch)
		told.Time /= 1000
		told.Receipts = batch.Receipts
		return told, err
	})
}
