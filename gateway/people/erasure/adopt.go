package erasure

import (
	"context"
	"encoding/json"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/privacy"
	"github.com/tallystick/tallystick/chaincode/wire"
	"github.com/tallystick/tallystick/gateway/sqlite"
)

// Unknown gives those of some records of erasures on the ledger, by their ids, that the database has nothing of.
func (d *Desk) Unknown(ctx context.Context, ids []string) ([]string, error) {
	raw, err := json.Marshal(ids)
	if err != nil {
		return nil, fault.New(fault.Internal, "ids can't be encoded")
	}
	rows, err := d.DB.Reader().QueryContext(ctx, `SELECT value FROM json_each(?) WHERE value NOT IN (SELECT id FROM erasure_batches)`, string(raw))
	return sqlite.Column[string](rows, err)
}

// Adopt notes a record of erasures on the ledger, canonical JSON, that a newer copy of the database had made: its certificates are with those who have them. It may be repeated.
func (d *Desk) Adopt(ctx context.Context, record []byte) error {
	var r privacy.Erasures
	if err := wire.DecodeRecord(record, &r); err != nil {
		return err
	}
	return d.DB.Write(ctx, func(tx *sqlite.Tx) error {
		_, err := tx.Exec(`INSERT OR IGNORE INTO erasure_batches (id, root, count, reason, recorded_at) VALUES (?, ?, ?, ?, ?)`,
			string(r.ID), r.Root, r.Count, string(r.Reason), r.At*1000)
		return err
	})
}
