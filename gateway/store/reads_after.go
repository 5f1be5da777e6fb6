package store

import (
	"context"

	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/wire"
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
	if err != nil {
		return nil, storeError(err)
	}
	defer func() { _ = rows.Close() }()
	var list []LaneRef
	for rows.Next() {
		lane := LaneRef{Programme: programme}
		if err := rows.Scan(&lane.MSP, &lane.N); err != nil {
			return nil, storeError(err)
		}
		list = append(list, lane)
	}
	return list, storeError(rows.Err())
}

// BatchesAfter gives the batches of a lane that follow a sequence number, up to limit (1 to MaxTold).
func (r *Reads) BatchesAfter(ctx context.Context, lane LaneRef, seq int64, limit int) ([]Told, error) {
	rows, err := r.db.QueryContext(ctx, `SELECT seq, tx_time, event FROM batches WHERE programme = ? AND msp = ? AND lane = ? AND seq > ? ORDER BY seq LIMIT ?`,
		lane.Programme, lane.MSP, lane.N, seq, min(max(limit, 1), MaxTold))
	if err != nil {
		return nil, storeError(err)
	}
	defer func() { _ = rows.Close() }()
	var list []Told
	for rows.Next() {
		var event []byte
		var batch wire.BatchEvent
		told := Told{MSP: lane.MSP, Lane: lane.N}
		if err := rows.Scan(&told.Seq, &told.Time, &event); err != nil {
			return nil, storeError(err)
		}
		if err := decodeRow(event, &batch); err != nil {
			return nil, err
		}
		told.Time /= 1000
		told.Receipts = batch.Receipts
		list = append(list, told)
	}
	return list, storeError(rows.Err())
}
