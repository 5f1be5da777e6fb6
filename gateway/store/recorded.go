package store

import (
	"context"
	"database/sql"
	"encoding/json"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/gateway/sqlite"
)

// recordedQuery begins behind the last row that was recorded before the time: it reads as many rows as came since.
const recordedQuery = `SELECT ` + operationColumns + ` FROM operations
	WHERE rowid > COALESCE((SELECT rowid FROM operations WHERE accepted_at < ? ORDER BY rowid DESC LIMIT 1), 0) AND programme = ? AND kind IN (SELECT value FROM json_each(?))
	ORDER BY rowid`

// RecordedSince gives the outbox's operations of a programme and of some kinds from a time on (Unix milliseconds), in arrival order. An error of each ends it.
func (s *Store) RecordedSince(ctx context.Context, programme string, kinds []points.Kind, since int64, each func(*Operation) error) error {
	some, err := json.Marshal(kinds)
	if err != nil {
		return fault.New(fault.Internal, "kinds can't be encoded")
	}
	rows, err := s.Reader().QueryContext(ctx, recordedQuery, since, programme, string(some))
	return sqlite.Each(rows, err, func(row *sql.Rows) error {
		var o Operation
		if err := row.Scan(o.places()...); err != nil {
			return storeError(err)
		}
		return each(&o)
	})
}
