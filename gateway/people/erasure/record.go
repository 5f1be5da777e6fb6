package erasure

import (
	"context"
	"database/sql"
	"errors"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/privacy"
	"github.com/tallystick/tallystick/chaincode/wire"
	"github.com/tallystick/tallystick/gateway/people/evidence"
	"github.com/tallystick/tallystick/gateway/random"
	"github.com/tallystick/tallystick/gateway/sqlite"
)

// maxBatch bounds the certificates under one root.
const maxBatch = 1000

// record brings what is certified under roots on the ledger: one for each reason. A batch is noted with its id and root before the ledger hears of it, so that after a crash the
// same is recorded again, which changes nothing if the ledger has it.
func (d *Desk) record(ctx context.Context) error {
	for _, reason := range []privacy.ErasureReason{privacy.ErasedOnRequest, privacy.ErasedByPolicy} {
		if err := d.gather(ctx, reason); err != nil {
			return err
		}
	}
	return d.recordNoted(ctx)
}

// gather puts the certificates that wait into a batch.
func (d *Desk) gather(ctx context.Context, reason privacy.ErasureReason) error {
	ids, leaves, err := d.waitingFor(ctx, reason)
	if err != nil || len(ids) == 0 {
		return err
	}
	root, err := wire.Root(leaves)
	if err != nil {
		return err
	}
	batch := random.Hex(idBytes)
	return d.DB.Write(ctx, func(tx *sqlite.Tx) error {
		if _, err := tx.Exec(`INSERT INTO erasure_batches (id, root, count, reason) VALUES (?, ?, ?, ?)`, batch, root, len(ids), string(reason)); err != nil {
			return err
		}
		for leaf, id := range ids {
			if _, err := tx.Exec(`UPDATE erasures SET batch = ?, leaf = ? WHERE id = ?`, batch, leaf, string(id)); err != nil {
				return err
			}
		}
		return nil
	})
}

// waitingFor lists certificates without a batch in the order of their random ids, so that a tree tells nothing of their order.
func (d *Desk) waitingFor(ctx context.Context, reason privacy.ErasureReason) (ids []privacy.ErasureID, leaves [][]byte, err error) {
	rows, err := d.DB.Reader().QueryContext(ctx, `SELECT id, certificate FROM erasures WHERE step = 'recording' AND batch IS NULL AND reason = ? ORDER BY id LIMIT ?`, string(reason), maxBatch)
	err = sqlite.Each(rows, err, func(row *sql.Rows) error {
		var id privacy.ErasureID
		var certificate []byte
		err := row.Scan(&id, &certificate)
		ids, leaves = append(ids, id), append(leaves, evidence.LeafOf(certificate))
		return sqlite.Failed(err)
	})
	return ids, leaves, err
}

// recordNoted brings the roots of noted batches to the ledger.
func (d *Desk) recordNoted(ctx context.Context) error {
	for {
		var doc wire.NewErasures
		row := d.DB.Reader().QueryRowContext(ctx, `SELECT id, root, count, reason FROM erasure_batches WHERE recorded_at = 0 ORDER BY id LIMIT 1`)
		if err := row.Scan(&doc.ID, &doc.Root, &doc.Count, &doc.Reason); err != nil {
			if errors.Is(err, sql.ErrNoRows) {
				return nil
			}
			return sqlite.Failed(err)
		}
		if _, err := d.Ledger.RecordErasures(ctx, doc); err != nil {
			return err
		}
		if err := d.finish(ctx, doc.ID); err != nil {
			return err
		}
	}
}

func (d *Desk) finish(ctx context.Context, batch privacy.ErasureID) error {
	now := d.now()
	return d.DB.Write(ctx, func(tx *sqlite.Tx) error {
		if _, err := tx.Exec(`UPDATE erasure_batches SET recorded_at = ? WHERE id = ?`, now, string(batch)); err != nil {
			return err
		}
		_, err := tx.Exec(`UPDATE erasures SET step = 'done', done_at = ?, trouble = '' WHERE batch = ?`, now, string(batch))
		return err
	})
}

// absent turns "no row" into NOT_FOUND.
func absent(err error, detail string) error {
	if errors.Is(err, sql.ErrNoRows) {
		return fault.New(fault.NotFound, "%s", detail)
	}
	return sqlite.Failed(err)
}
