package store

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/tallystick/tallystick/chaincode/wire"
)

// projectClearing writes what the blocks changed of what the brands owe each other. Events and gaps of blocks up to the one where the tables stand are left out: they were told as
// of then.
func projectClearing(tx *Tx, c Changes, standing int64) error {
	c.Clearing.Events = slices.DeleteFunc(slices.Clone(c.Clearing.Events), func(e ClearingEvent) bool { return int64(e.Block) <= standing })
	c.Clearing.Gaps = slices.DeleteFunc(slices.Clone(c.Clearing.Gaps), func(g ClearingGap) bool { return int64(g.Block) <= standing })
	for _, step := range []func(*Tx, *Clearing) error{projectClearingRecords, projectHistory, projectExchanges, projectRefusals, projectEvents, projectGaps} {
		if err := step(tx, &c.Clearing); err != nil {
			return err
		}
	}
	return nil
}

// projectClearingRecords keeps of each record what was written last on the ledger, whichever comes here first.
func projectClearingRecords(tx *Tx, c *Clearing) error {
	for _, ref := range slices.SortedFunc(maps.Keys(c.Records), byRef) {
		r := c.Records[ref]
		if _, err := tx.Exec(`INSERT INTO clearing_records (collection, object, id, block, tx, body) VALUES (?, ?, ?, ?, ?, ?)
			ON CONFLICT (collection, object, id) DO UPDATE SET block = excluded.block, tx = excluded.tx, body = excluded.body
			WHERE excluded.block > block OR excluded.block = block AND excluded.tx >= tx`,
			ref.Collection, ref.Object, ref.ID, int64(r.Block), r.Tx, orNull(r.Body)); err != nil {
			return err
		}
	}
	return nil
}

// orNull is the value of a column that is NULL without a body.
func orNull(body []byte) any {
	if body == nil {
		return nil
	}
	return body
}

func projectHistory(tx *Tx, c *Clearing) error {
	for i := range c.History {
		w := &c.History[i]
		if _, err := tx.Exec(`INSERT OR IGNORE INTO clearing_history (object, id, block, tx, body) VALUES (?, ?, ?, ?, ?)`,
			w.Ref.Object, w.Ref.ID, int64(w.Block), w.Tx, orNull(w.Body)); err != nil {
			return err
		}
	}
	return nil
}

func byRef(a, b ClearingRef) int {
	return cmp.Or(strings.Compare(a.Collection, b.Collection), strings.Compare(a.Object, b.Object), strings.Compare(a.ID, b.ID))
}

func projectExchanges(tx *Tx, c *Clearing) error {
	for i := range c.Exchanges {
		x := &c.Exchanges[i]
		if _, err := tx.Exec(`INSERT OR IGNORE INTO exchanges (home, msp, lane, seq, a, b, currency, window, salt, block, tx, time)
			VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
			x.Home, x.MSP, x.Lane, x.Seq, x.A, x.B, x.Currency, x.Window, x.Salt, int64(x.Block), x.Tx, x.Time); err != nil {
			return err
		}
		for n := range x.Obligations {
			o := &x.Obligations[n]
			added, err := tx.Change(`INSERT OR IGNORE INTO obligations (operation, home, msp, lane, seq, idx, a, b, currency, window, service, debtor, creditor, micro,
				fee_debtor, fee, agreement, a_owes, b_owes, block, tx, time) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
				string(o.Operation), x.Home, x.MSP, x.Lane, x.Seq, o.Index, x.A, x.B, x.Currency, x.Window, string(o.Service), o.Debtor, o.Creditor, int64(o.Micro),
				o.FeeDebtor, int64(o.Fee), o.Agreement, int64(o.Owed[0]), int64(o.Owed[1]), int64(x.Block), x.Tx, x.Time)
			if err != nil {
				return err
			}
			if added == 0 { // One that is there already is in the sums.
				continue
			}
			if err := addObligation(tx, x, o); err != nil {
				return err
			}
		}
	}
	return nil
}

// addObligation adds an obligation to the running sums.
func addObligation(tx *Tx, x *ExchangeRow, o *ObligationRow) error {
	_, err := tx.Exec(`INSERT INTO obligation_sums (currency, window, a, b, home, service, debtor, creditor, count, micro, fee) VALUES (?, ?, ?, ?, ?, ?, ?, ?, 1, ?, ?)
		ON CONFLICT (currency, window, a, b, home, service, debtor, creditor) DO UPDATE SET count = count + 1, micro = micro + excluded.micro, fee = fee + excluded.fee`,
		x.Currency, x.Window, x.A, x.B, x.Home, string(o.Service), o.Debtor, o.Creditor, int64(o.Micro), int64(o.Fee))
	return err
}

func projectRefusals(tx *Tx, c *Clearing) error {
	for i := range c.Refusals {
		body, err := wire.Encode(&c.Refusals[i])
		if err != nil {
			return err
		}
		if _, err := tx.Exec(`INSERT OR IGNORE INTO limit_refusals (operation, body) VALUES (?, ?)`, string(c.Refusals[i].Operation), body); err != nil {
			return err
		}
	}
	return nil
}

func projectEvents(tx *Tx, c *Clearing) error {
	for i := range c.Events {
		e := &c.Events[i]
		body, err := wire.Encode(e)
		if err != nil {
			return err
		}
		if _, err := tx.Exec(`INSERT OR IGNORE INTO clearing_events (block, n, kind, body) VALUES (?, ?, ?, ?)`, int64(e.Block), e.N, string(e.Kind), body); err != nil {
			return err
		}
	}
	return nil
}

func projectGaps(tx *Tx, c *Clearing) error {
	for _, g := range c.Gaps {
		if _, err := tx.Exec(`INSERT OR IGNORE INTO clearing_gaps (block, tx, collection) VALUES (?, ?, ?)`, int64(g.Block), g.Tx, g.Collection); err != nil {
			return err
		}
	}
	return nil
}
