package store

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/tallystick/tallystick/gateway/bookkeeping"
)

// projectTurnovers adds what the receipts say was done. Blocks up to the one where the tables stand are left out, as in projectSums.
func projectTurnovers(tx *Tx, c Changes, standing int64) error {
	sums := bookkeeping.Turnovers{}
	for i := range c.Batches {
		b := &c.Batches[i]
		if int64(b.Block) <= standing {
			continue
		}
		for n := range b.Receipts {
			if err := sums.Note(&b.Receipts[n].Receipt); err != nil {
				return err
			}
		}
	}
	for _, at := range slices.SortedFunc(maps.Keys(sums), byTurning) {
		sum := sums[at]
		if _, err := tx.Exec(`INSERT INTO turnovers (programme, day, activity, partner, shop, operations, points, given) VALUES (?, ?, ?, ?, ?, ?, ?, ?)
			ON CONFLICT (programme, day, activity, partner, shop) DO UPDATE SET operations = operations + excluded.operations, points = points + excluded.points,
			given = given + excluded.given`,
			at.Programme, int64(at.Day), string(at.Activity), at.Partner, at.Shop, sum.Operations, int64(sum.Points), int64(sum.Given)); err != nil {
			return err
		}
	}
	return nil
}

// byTurning orders turnovers as the table does.
func byTurning(a, b bookkeeping.Turning) int {
	return cmp.Or(strings.Compare(a.Programme, b.Programme), cmp.Compare(a.Day, b.Day), cmp.Compare(a.Activity, b.Activity),
		strings.Compare(a.Partner, b.Partner), strings.Compare(a.Shop, b.Shop))
}
