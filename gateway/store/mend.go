package store

import (
	"context"

	"github.com/tallystick/tallystick/chaincode/fault"
)

// Mend writes private data that came after its block was projected, and ends the gap. Records that were written or deleted since stay as they are. A gap that isn't there any more
// changes nothing.
func (s *Store) Mend(ctx context.Context, g ClearingGap, c Clearing) error {
	if s.ReadOnly() {
		return fault.New(fault.ReadOnly, "the database was opened for reading only")
	}
	return s.WriteAlone(ctx, func(tx *Tx) error {
		gone, err := tx.Change(`DELETE FROM clearing_gaps WHERE block = ? AND tx = ? AND collection = ?`, int64(g.Block), g.Tx, g.Collection)
		if err != nil || gone == 0 {
			return err
		}
		if err := projectClearingRecords(tx, &c); err != nil {
			return err
		}
		return projectExchanges(tx, &c)
	})
}
