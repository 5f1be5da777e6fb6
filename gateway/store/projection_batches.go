package store

import (
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/gateway/bookkeeping"
)

func projectBatches(tx *Tx, c Changes) error {
	for i := range c.Batches {
		b := &c.Batches[i]
		salt, err := saltOf(tx, b)
		if err != nil {
			return err
		}
		if _, err := tx.Exec(`INSERT INTO batches (programme, msp, lane, seq, root, count, block, tx, tx_time, event, salt) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
			ON CONFLICT (programme, msp, lane, seq) DO NOTHING`,
			b.Programme, b.MSP, b.Lane, b.Seq, b.Root, len(b.Receipts), int64(b.Block), b.Tx, b.TxTime, b.Event, salt); err != nil {
			return err
		}
	}
	return nil
}

// saltOf is the salt of an own batch's private details; where the peer delivered none, that of the pin which the batch was made from.
func saltOf(tx *Tx, b *BatchRow) (salt string, err error) {
	if b.Salt != "" || b.Recover == nil || len(b.Receipts) == 0 {
		return b.Salt, nil
	}
	_, err = tx.QueryRow(`SELECT salt FROM pins WHERE programme = ? AND lane = ? AND seq = ?`, []any{b.Programme, b.Lane, b.Seq}, &salt)
	return salt, err
}

func projectReceipts(tx *Tx, c Changes) error {
	total := 0
	for i := range c.Batches {
		total += len(c.Batches[i].Receipts)
	}
	rows := newRows(14, total)
	for i := range c.Batches {
		b := &c.Batches[i]
		for n := range b.Receipts {
			r := &b.Receipts[n].Receipt
			spent := bookkeeping.SpentBy(r)
			rows.add(string(r.Operation), b.Programme, string(r.Account), secondAccount(r), string(r.Kind), b.MSP, b.Lane, b.Seq, n, int64(b.Block), b.TxTime, int64(r.BusinessDate),
				spent.String(), bodyOf(&b.Receipts[n]))
		}
	}
	return rows.each(func(list string, values []any) error {
		_, err := tx.Exec(`INSERT OR IGNORE INTO receipts (operation, programme, account, to_account, kind, msp, lane, seq, idx, block, tx_time, day, spent, body) VALUES `+list, values...)
		return err
	})
}

// bodyOf is what is kept of a receipt beside its batch: an adjustment's, since each is shown to auditors; NULL of all others.
func bodyOf(r *ReceiptRow) any {
	if r.Receipt.Kind != points.KindAdjust {
		return nil
	}
	return r.Body
}

// secondAccount is the receipt's second account where it is of the same programme: each half of a swap, or of a swap's return, is history of its own programme's account.
func secondAccount(r *points.Receipt) string {
	switch r.Kind {
	case points.KindSwap, points.KindDeposit, points.KindReturn:
		return ""
	default:
		return string(r.To)
	}
}
