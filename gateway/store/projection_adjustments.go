package store

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/quantity"
	"github.com/tallystick/tallystick/gateway/bookkeeping"
)

// adjustedOn is a business date of a programme.
type adjustedOn struct {
	Programme string
	Day       quantity.Day
}

// projectAdjustments adds what adjustments come to to the running sums. Blocks up to the one where the tables stand are left out, as in projectSums.
func projectAdjustments(tx *Tx, c Changes, standing int64) error {
	sums := map[adjustedOn]*bookkeeping.Adjusted{}
	for i := range c.Batches {
		b := &c.Batches[i]
		if int64(b.Block) <= standing {
			continue
		}
		for n := range b.Receipts {
			r := &b.Receipts[n].Receipt
			if r.Kind != points.KindAdjust {
				continue
			}
			at := adjustedOn{r.Programme, r.BusinessDate}
			if sums[at] == nil {
				sums[at] = new(bookkeeping.Adjusted)
			}
			if err := sums[at].Note(r); err != nil {
				return err
			}
		}
	}
	for _, at := range slices.SortedFunc(maps.Keys(sums), byDate) {
		sum := sums[at]
		if _, err := tx.Exec(`INSERT INTO adjustment_sums (programme, day, accepted, rejected, up, down, debt) VALUES (?, ?, ?, ?, ?, ?, ?)
			ON CONFLICT (programme, day) DO UPDATE SET accepted = accepted + excluded.accepted, rejected = rejected + excluded.rejected, up = up + excluded.up,
			down = down + excluded.down, debt = debt + excluded.debt`,
			at.Programme, int64(at.Day), sum.Accepted, sum.Rejected, int64(sum.Up), int64(sum.Down), int64(sum.Debt)); err != nil {
			return err
		}
	}
	return nil
}

func byDate(a, b adjustedOn) int {
	return cmp.Or(strings.Compare(a.Programme, b.Programme), cmp.Compare(a.Day, b.Day))
}
