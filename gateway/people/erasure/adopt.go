package erasure

import (
	"context"

	"github.com/tallystick/tallystick/chaincode/privacy"
	"github.com/tallystick/tallystick/chaincode/wire"
	"github.com/tallystick/tallystick/gateway/sqlite"
)

// Knows says whether a record of erasures on the ledger, named by its id, is one of this database's.
func (d *Desk) Knows(ctx context.Context, id string) (known bool, err error) {
	err = d.DB.Reader().QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM erasure_batches WHERE id = ?)`, id).Scan(&known)
	return known, sqlite.Failed(err)
}

// Adopt notes records of erasures on the ledger, canonical JSON, that a newer copy of the database had made: their certificates are with those who have them. It may be repeated.
func (d *Desk) Adopt(ctx context.Context, records [][]byte) error {
	return d.DB.Write(ctx, func(tx *sqlite.Tx) error {
		for _, raw := range records {
			var r privacy.Erasures
			if err := wire.DecodeRecord(raw, &r); err != nil {
				return err
			}
			if _, err := tx.Exec(`INSERT OR IGNORE INTO erasure_batches (id, root, count, reason, recorded_at) VALUES (?, ?, ?, ?, ?)`,
				string(r.ID), r.Root, r.Count, string(r.Reason), r.At*1000); err != nil {
				return err
			}
		}
		return nil
	})
}
