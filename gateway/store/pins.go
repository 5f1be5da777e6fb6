package store

import (
	"context"
	"database/sql"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/gateway/sqlite"
)

// Pin is a batch that belongs to one place of one lane until a block tells who won that place.
type Pin struct {
	Lane       int
	Seq        int64
	Salt       string // Of the private details, hex.
	CreatedAt  int64  // Unix milliseconds.
	Operations []Operation
}

// maxPinRows bounds the rows of one UPDATE; a shorter list is filled up, so that there is one statement text only.
const maxPinRows = 100

// fixedPinValues are the values of that UPDATE besides its rows.
const fixedPinValues = 5

// Pin makes a batch of a submitter in a programme durable before it is endorsed. LANE_SEQUENCE when a block has already told who won the place: nobody
// would take such a pin away again. All its operations must be PENDING and the lane must have no pin: anything else is INTERNAL and changes nothing. The
// same pin may be written again, for a caller who doesn't know whether it was.
func (s *Store) Pin(ctx context.Context, programme, msp string, p Pin) error {
	return s.Write(ctx, func(tx *Tx) error {
		var last int64
		there, err := tx.QueryRow(`SELECT seq FROM batches WHERE programme = ? AND msp = ? AND lane = ? AND seq >= ? LIMIT 1`,
			[]any{programme, msp, p.Lane, p.Seq}, &last)
		if err != nil {
			return err
		}
		if there {
			return fault.New(fault.LaneSequence, "lane %d has reached %d", p.Lane, last)
		}
		noted, err := tx.Change(`INSERT INTO pins (programme, lane, seq, salt, created_at) VALUES (?, ?, ?, ?, ?)
			ON CONFLICT (programme, lane) DO UPDATE SET seq = excluded.seq WHERE seq = excluded.seq AND salt = excluded.salt`,
			programme, p.Lane, p.Seq, p.Salt, p.CreatedAt)
		if err != nil {
			return err
		}
		if noted != 1 {
			return fault.New(fault.Internal, "lane %d has another pin", p.Lane)
		}
		for from := 0; from < len(p.Operations); from += maxPinRows {
			if err := pinRows(tx, programme, p, p.Operations[from:min(from+maxPinRows, len(p.Operations))]); err != nil {
				return err
			}
		}
		return nil
	})
}

func pinRows(tx *Tx, programme string, p Pin, operations []Operation) error {
	args := append(make([]any, 0, maxPinRows+fixedPinValues), p.Lane, p.Seq, programme, p.Lane, p.Seq)
	for i := range operations {
		args = append(args, operations[i].Row)
	}
	for len(args) < maxPinRows+fixedPinValues {
		args = append(args, nil)
	}
	changed, err := tx.Change(`UPDATE OR FAIL operations SET status = 'PINNED', lane = ?, seq = ?
		WHERE programme = ? AND (status = 'PENDING' OR status = 'PINNED' AND lane = ? AND seq = ?) AND rowid IN `+placeholders(1, maxPinRows), args...)
	if err != nil {
		return err
	}
	if changed != int64(len(operations)) {
		return fault.New(fault.Internal, "only %d of %d operations were pending when they were pinned", changed, len(operations))
	}
	return nil
}

// Pins gives every pin of a programme with its operations in arrival order.
func (s *Store) Pins(ctx context.Context, programme string) ([]Pin, error) {
	rows, err := s.Reader().QueryContext(ctx, `SELECT lane, seq, salt, created_at FROM pins WHERE programme = ? ORDER BY lane`, programme)
	all, err := sqlite.List(rows, err, func(p *Pin) []any { return []any{&p.Lane, &p.Seq, &p.Salt, &p.CreatedAt} })
	if err != nil {
		return nil, err
	}
	for i := range all {
		all[i].Operations, err = s.operations(ctx, `status <> 'DONE' AND status = 'PINNED' AND programme = ? AND lane = ? AND seq = ? ORDER BY rowid`,
			programme, all[i].Lane, all[i].Seq)
		if err != nil {
			return nil, err
		}
	}
	return all, nil
}

// LaneHeights gives the last recorded sequence number of each lane of a submitter in a programme; lanes without a batch are absent.
func (s *Store) LaneHeights(ctx context.Context, programme, msp string) (map[int]int64, error) {
	rows, err := s.Reader().QueryContext(ctx, `SELECT lane, MAX(seq) FROM batches WHERE programme = ? AND msp = ? GROUP BY lane`, programme, msp)
	heights := map[int]int64{}
	err = sqlite.Each(rows, err, func(row *sql.Rows) error {
		var lane int
		var seq int64
		err := row.Scan(&lane, &seq)
		heights[lane] = seq
		return storeError(err)
	})
	return heights, err
}

// RefuseOperation ends a PENDING operation that no batch can carry, with the code of the refusal and no receipt. Its natural id and, of an opening, its
// lookup are given free, since nothing happened under them; its idempotency key keeps answering. An operation that isn't PENDING is left alone.
func (s *Store) RefuseOperation(ctx context.Context, id points.OperationID, code fault.Code, now int64) error {
	return s.Write(ctx, func(tx *Tx) error {
		if _, err := tx.Exec(`DELETE FROM lookups WHERE operation = (SELECT id FROM operations WHERE id = ? AND status = 'PENDING')`, string(id)); err != nil {
			return err
		}
		_, err := tx.Exec(`UPDATE operations SET status = 'DONE', outcome = ?, code = ?, natural = NULL, done_at = ? WHERE id = ? AND status = 'PENDING'`,
			string(points.Rejected), string(code), now, string(id))
		return err
	})
}
