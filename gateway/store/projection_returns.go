package store

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/tallystick/tallystick/chaincode/lots"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/quantity"
	"github.com/tallystick/tallystick/gateway/bookkeeping"
)

// givenBack is everything about what returns gave back of payments but its points.
type givenBack struct {
	Programme string
	Day       quantity.Day // Of the payment.
	Cause     lots.Cause
	Partner   string
	Terms     int
	Returned  quantity.Day
}

// projectReturns adds what returns gave back to the running sums, on the day of the payment that they undo and on their own. Receipts of the same blocks must be written. Blocks up to the one where
// the tables stand are left out, as in projectSums.
func projectReturns(tx *Tx, c Changes, standing int64) error {
	sums := map[givenBack]quantity.Points{}
	for i := range c.Batches {
		b := &c.Batches[i]
		if int64(b.Block) <= standing {
			continue
		}
		for n := range b.Receipts {
			if r := &b.Receipts[n].Receipt; bookkeeping.GivesBack(r) {
				if err := noteReturn(tx, sums, r); err != nil {
					return err
				}
			}
		}
	}
	for _, at := range slices.SortedFunc(maps.Keys(sums), byPayment) {
		if _, err := tx.Exec(`INSERT INTO given_back (programme, day, cause, partner, terms, returned, points) VALUES (?, ?, ?, ?, ?, ?, ?)
			ON CONFLICT (programme, day, cause, partner, terms, returned) DO UPDATE SET points = points + excluded.points`,
			at.Programme, int64(at.Day), string(at.Cause), at.Partner, at.Terms, int64(at.Returned), int64(sums[at])); err != nil {
			return err
		}
	}
	return nil
}

// noteReturn counts what a return gives back. Of what was no payment, nothing is.
func noteReturn(tx *Tx, sums map[givenBack]quantity.Points, r *points.Receipt) error {
	var day, before int64
	var text string
	found, err := tx.QueryRow(`SELECT day, spent, returned FROM receipts WHERE operation = ? AND programme = ?`, []any{string(r.Original), r.Programme}, &day, &text, &before)
	if err != nil || !found || text == "" {
		return err
	}
	spent, err := bookkeeping.ParseSpent(text)
	if err != nil {
		return err
	}
	for _, part := range spent.Back(quantity.Points(before), r.Points) {
		at := givenBack{r.Programme, quantity.Day(day), spent.Cause, r.Partner, part.Terms, r.BusinessDate}
		if sums[at], err = sums[at].Add(part.Points); err != nil {
			return err
		}
	}
	_, err = tx.Exec(`UPDATE receipts SET returned = returned + ? WHERE operation = ? AND programme = ?`, int64(r.Points), string(r.Original), r.Programme)
	return err
}

// byPayment orders what was given back as the table does.
func byPayment(a, b givenBack) int {
	return cmp.Or(strings.Compare(a.Programme, b.Programme), cmp.Compare(a.Day, b.Day), cmp.Compare(a.Cause, b.Cause), strings.Compare(a.Partner, b.Partner),
		cmp.Compare(a.Terms, b.Terms), cmp.Compare(a.Returned, b.Returned))
}
