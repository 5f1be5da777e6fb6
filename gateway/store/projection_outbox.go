package store

import (
	"strings"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/points"
)

// projectOperations ends the operations of this gateway's own batches: what stands in a batch is DONE, what was pinned to its place and isn't in it is
// PENDING again, and the pin is gone. Operations that the outbox doesn't know (the database was put back to an earlier state) are recovered.
func projectOperations(tx *Tx, c Changes) error {
	for i := range c.Batches {
		b := &c.Batches[i]
		if b.Recover == nil {
			continue
		}
		if err := finish(tx, b); err != nil {
			return err
		}
		if _, err := tx.Exec(`UPDATE operations SET status = 'PENDING', lane = NULL, seq = NULL
			WHERE status <> 'DONE' AND status = 'PINNED' AND programme = ? AND lane = ? AND seq = ?`, b.Programme, b.Lane, b.Seq); err != nil {
			return err
		}
		if _, err := tx.Exec(`DELETE FROM pins WHERE programme = ? AND lane = ? AND seq = ?`, b.Programme, b.Lane, b.Seq); err != nil {
			return err
		}
	}
	return nil
}

// finish marks the batch's operations DONE and recovers those that are missing.
func finish(tx *Tx, b *BatchRow) error {
	rows := newRows(7, len(b.Receipts))
	for i := range b.Receipts {
		r := &b.Receipts[i].Receipt
		rows.add(string(r.Operation), string(r.Outcome), string(r.Code), b.Receipts[i].Body, b.Lane, b.Seq, b.TxTime)
	}
	changed := int64(0)
	err := rows.each(func(list string, values []any) error {
		n, err := tx.Change(`UPDATE OR FAIL operations SET status = 'DONE', outcome = v.column2, code = v.column3, receipt = v.column4,
			lane = v.column5, seq = v.column6, done_at = v.column7 FROM (VALUES `+list+`) AS v WHERE operations.id = v.column1`, values...)
		changed += n
		return err
	})
	if err != nil {
		return err
	}
	if changed < int64(len(b.Receipts)) {
		if err := recoverMissing(tx, b); err != nil {
			return err
		}
	}
	return freeReferences(tx, b)
}

// freeReferences gives the references of refused openings and of closed accounts free: whoever has one can open an account under it.
func freeReferences(tx *Tx, b *BatchRow) error {
	for i := range b.Receipts {
		r := &b.Receipts[i].Receipt
		var err error
		switch accepted := r.Outcome == points.Accepted; {
		case r.Kind == points.KindOpen && !accepted:
			err = freeReference(tx, string(r.Operation))
		case r.Kind == points.KindClose && accepted:
			err = freeReferenceOf(tx, string(r.Account))
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func freeReferenceOf(tx *Tx, account string) error {
	var opening string
	there, err := tx.QueryRow(`SELECT operation FROM lookups WHERE account = ?`, []any{account}, &opening)
	if err != nil || !there {
		return err
	}
	return freeReference(tx, opening)
}

// freeReference takes lookup and natural id from an opening.
func freeReference(tx *Tx, opening string) error {
	if _, err := tx.Exec(`UPDATE operations SET natural = NULL WHERE id = ?`, opening); err != nil {
		return err
	}
	_, err := tx.Exec(`DELETE FROM lookups WHERE operation = ?`, opening)
	return err
}

func recoverMissing(tx *Tx, b *BatchRow) error {
	operations, err := b.Recover()
	if err != nil {
		return err
	}
	if len(operations) != len(b.Receipts) {
		return fault.New(fault.Internal, "a batch of %d receipts was recovered with %d operations", len(b.Receipts), len(operations))
	}
	for i := range operations {
		var found int
		there, err := tx.QueryRow(`SELECT 1 FROM operations WHERE id = ?`, []any{string(operations[i].ID)}, &found)
		if err != nil {
			return err
		}
		if there {
			continue
		}
		if err := recoverOne(tx, b, &operations[i], &b.Receipts[i]); err != nil {
			return err
		}
	}
	return nil
}

// recoverOne inserts an operation that the ledger knows and the outbox doesn't. Whoever else holds its natural id or idempotency key and hasn't run gets
// this outcome, since it is the same till receipt; a key that belongs to a finished operation stays with that one.
func recoverOne(tx *Tx, b *BatchRow, o *NewOperation, r *ReceiptRow) error {
	natural, err := claim(tx, "natural", o.Natural, b, r)
	if err != nil {
		return err
	}
	idempotency, err := claim(tx, "idempotency", o.Idempotency, b, r)
	if err != nil {
		return err
	}
	_, err = tx.Exec(`INSERT INTO operations (id, kind, programme, partner, account, to_account, shop, natural, idempotency, request, document, details, custody, status,
		lane, seq, outcome, code, receipt, accepted_at, done_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'DONE', ?, ?, ?, ?, ?, ?, ?)`,
		string(o.ID), string(o.Kind), b.Programme, o.Partner, string(o.Account), string(o.To), o.Shop, natural, idempotency, o.Request, o.Document, o.Details, o.Custody,
		b.Lane, b.Seq, string(r.Receipt.Outcome), string(r.Receipt.Code), r.Body, b.TxTime, b.TxTime)
	if err != nil || o.Lookup == "" || r.Receipt.Outcome != points.Accepted {
		return err
	}
	_, err = tx.Exec(`INSERT INTO lookups (lookup, account, operation) VALUES (?, ?, ?) ON CONFLICT DO NOTHING`, o.Lookup, string(o.Account), string(o.ID))
	return err
}

// claim returns key for the recovered operation, or NULL when a finished or pinned operation holds it.
func claim(tx *Tx, column, key string, b *BatchRow, r *ReceiptRow) (any, error) {
	if key == "" {
		return nil, nil
	}
	if _, err := tx.Exec(strings.ReplaceAll(`UPDATE operations SET status = 'DONE', outcome = ?, code = ?, receipt = ?, lane = ?, seq = ?, done_at = ?, @ = NULL
		WHERE @ = ? AND status = 'PENDING'`, "@", column),
		string(r.Receipt.Outcome), string(r.Receipt.Code), r.Body, b.Lane, b.Seq, b.TxTime, key); err != nil {
		return nil, err
	}
	var found int
	taken, err := tx.QueryRow(strings.ReplaceAll(`SELECT 1 FROM operations WHERE @ = ?`, "@", column), []any{key}, &found)
	if err != nil || taken {
		return nil, err
	}
	return key, nil
}
