package store

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/tallystick/tallystick/chaincode/quantity"
	"github.com/tallystick/tallystick/gateway/bookkeeping"
)

// projectSums adds what the receipts moved to the running sums: one row for all receipts that agree in everything but points. Blocks up to the one where the tables
// stand are left out, since adding them again would count them twice.
func projectSums(tx *Tx, c Changes, standing int64) error {
	journal := bookkeeping.NewJournal()
	for i := range c.Batches {
		b := &c.Batches[i]
		if int64(b.Block) <= standing {
			continue
		}
		for n := range b.Receipts {
			if err := journal.Note(&b.Receipts[n].Receipt); err != nil {
				return err
			}
		}
	}
	if err := addMovements(tx, journal.Movements); err != nil {
		return err
	}
	return addDebts(tx, journal.Debts)
}

// addMovements writes row by row, ordered by key, for the reason that projectAccounts does.
func addMovements(tx *Tx, sums map[bookkeeping.Movement]quantity.Points) error {
	for _, m := range slices.SortedFunc(maps.Keys(sums), byKey) {
		if _, err := tx.Exec(`INSERT INTO movements (programme, day, spendable_from, expiry, terms, funding, cause, incoming, points) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
			ON CONFLICT (programme, day, spendable_from, expiry, terms, funding, cause, incoming) DO UPDATE SET points = points + excluded.points`,
			m.Programme, int64(m.Day), int64(m.Lot.From), int64(m.Lot.Expiry), m.Lot.Terms, m.Lot.Funding, string(m.Cause), m.Incoming, int64(sums[m])); err != nil {
			return err
		}
	}
	return nil
}

// byKey orders movements as the table does.
func byKey(a, b bookkeeping.Movement) int {
	return cmp.Or(strings.Compare(a.Programme, b.Programme), cmp.Compare(a.Day, b.Day), cmp.Compare(a.Lot.From, b.Lot.From), cmp.Compare(a.Lot.Expiry, b.Lot.Expiry),
		cmp.Compare(a.Lot.Terms, b.Lot.Terms), strings.Compare(a.Lot.Funding, b.Lot.Funding), strings.Compare(string(a.Cause), string(b.Cause)))
}

func addDebts(tx *Tx, sums map[bookkeeping.Owing]quantity.Points) error {
	for o, points := range sums {
		if _, err := tx.Exec(`INSERT INTO debts (programme, day, cause, incurred, points) VALUES (?, ?, ?, ?, ?)
			ON CONFLICT (programme, day, cause, incurred) DO UPDATE SET points = points + excluded.points`,
			o.Programme, int64(o.Day), string(o.Cause), o.Incurred, int64(points)); err != nil {
			return err
		}
	}
	return nil
}
