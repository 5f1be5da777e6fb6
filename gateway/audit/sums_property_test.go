package audit

import (
	"fmt"
	"path/filepath"
	"testing"

	"pgregory.net/rapid"

	"github.com/tallystick/tallystick/chaincode/lots"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/quantity"
	"github.com/tallystick/tallystick/chaincode/wire"
	"github.com/tallystick/tallystick/gateway/store"
)

// TestWhateverReceiptsSayTheAuditAddsUpWhatTheProjectionDoes: two ways to the same sums, of drawn operations that come in any number of writes.
func TestWhateverReceiptsSayTheAuditAddsUpWhatTheProjectionDoes(t *testing.T) {
	var db *store.Store
	var block uint64
	var book *reportBook
	runs := 0
	rapid.Check(t, func(r *rapid.T) {
		if runs++; runs%20 == 1 {
			db, block = fresh(t), 0
			book = newReportBook(&reported{})
		}
		receipts := drawReceipts(r, fmt.Sprintf("brand%d", runs))
		for len(receipts) > 0 {
			n := rapid.IntRange(1, len(receipts)).Draw(r, "in one write")
			for i := range receipts[:n] {
				if err := book.receipt(&receipts[i], encode(t, receipts[i]), placed{int64(block), i, fmt.Sprint(block), 7000}); err != nil {
					r.Fatal(err)
				}
			}
			projectBatch(t, db, block, receipts[:n])
			block, receipts = block+1, receipts[n:]
		}
		d, err := ReadDatabase(t.Context(), "g.db", db)
		if err != nil {
			r.Fatal(err)
		}
		a := &Auditor{reports: book, latest: 7}
		if f := a.compareReported(d, d.Block); f != nil {
			r.Fatal(f)
		}
	})
}

func fresh(t *testing.T) *store.Store {
	t.Helper()
	db, err := store.Open(t.Context(), filepath.Join(t.TempDir(), "g.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

// projectBatch projects receipts as one batch in a block of its own.
func projectBatch(t *testing.T, db *store.Store, block uint64, receipts []points.Receipt) {
	t.Helper()
	row := store.BatchRow{Programme: receipts[0].Programme, MSP: "MSP", Seq: int64(block), Block: block, Tx: fmt.Sprint(block), TxTime: 7000}
	for i := range receipts {
		row.Receipts = append(row.Receipts, store.ReceiptRow{Receipt: receipts[i], Body: encode(t, receipts[i])})
	}
	row.Event = encode(t, wire.BatchEvent{V: 1, Receipts: receipts})
	if err := db.Project(t.Context(), store.Changes{Checkpoint: store.Checkpoint{Block: block, Hash: "hash", Time: 7}, Batches: []store.BatchRow{row}}); err != nil {
		t.Fatal(err)
	}
}

func encode(t *testing.T, v any) []byte {
	t.Helper()
	raw, err := wire.Encode(v)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// drawReceipts draws a programme's operations over some weeks: payments in several parts, returns of them up to what is left, returns of awards, which may have been of nothing,
// adjustments, and some that are refused.
func drawReceipts(r *rapid.T, programme string) []points.Receipt {
	day := quantity.Day(20_000)
	left := map[points.OperationID]*points.Receipt{} // With Points that aren't returned yet.
	var all []points.Receipt
	var originals []points.OperationID
	for n := range rapid.IntRange(1, 40).Draw(r, "operations") {
		day += quantity.Day(rapid.IntRange(0, 9).Draw(r, "days"))
		one := points.Receipt{
			V: 1, Operation: points.OperationID(fmt.Sprintf("%s-%d", programme, n)), Programme: programme, Outcome: points.Accepted, BusinessDate: day,
			Partner: rapid.SampledFrom([]string{"", "hotel", "grocer"}).Draw(r, "partner"), Shop: rapid.SampledFrom([]string{"", "shop"}).Draw(r, "shop"),
		}
		if rapid.IntRange(0, 2).Draw(r, "returns") == 0 && len(originals) > 0 {
			drawReturn(r, &one, left[rapid.SampledFrom(originals).Draw(r, "of")])
		} else {
			drawOperation(r, &one)
			kept := one
			left[one.Operation], originals = &kept, append(originals, one.Operation)
		}
		if rapid.IntRange(0, 7).Draw(r, "refused") == 0 {
			one = points.Receipt{V: 1, Operation: one.Operation, Programme: programme, Kind: one.Kind, Points: one.Points, Outcome: points.Rejected, BusinessDate: day, Original: one.Original, Partner: one.Partner}
			delete(left, one.Operation)
			originals = originals[:0]
			for i := range all {
				if left[all[i].Operation] != nil {
					originals = append(originals, all[i].Operation)
				}
			}
		} else if original := left[one.Original]; original != nil {
			original.Points -= one.Points
		}
		all = append(all, one)
	}
	return all
}

// drawOperation draws what isn't a return.
func drawOperation(r *rapid.T, one *points.Receipt) {
	causes := map[points.Kind]lots.Cause{
		points.KindRedeem: lots.Redeemed, points.KindCapture: lots.Captured, points.KindSwap: lots.Swapped, points.KindTransfer: lots.Sent, points.KindEarn: lots.Accrued, points.KindAdjust: lots.Adjusted,
	}
	one.Kind = rapid.SampledFrom([]points.Kind{points.KindRedeem, points.KindCapture, points.KindSwap, points.KindTransfer, points.KindEarn, points.KindAdjust}).Draw(r, "kind")
	sign := quantity.Points(-1)
	if one.Kind == points.KindEarn || one.Kind == points.KindAdjust && rapid.Bool().Draw(r, "up") {
		sign = 1
	}
	for range rapid.IntRange(0, 3).Draw(r, "lots") {
		n := quantity.Points(rapid.IntRange(1, 9).Draw(r, "points"))
		one.Points += n
		one.Moves = append(one.Moves, move(r, causes[one.Kind], sign*n))
	}
	switch {
	case one.Kind == points.KindSwap:
		one.PartnerPoints = 2 * one.Points
	case one.Kind == points.KindTransfer:
		one.ToMoves = append(one.ToMoves, move(r, lots.Received, one.Points))
		one.DebtRepaid, one.ToDebtRepaid = quantity.Points(rapid.IntRange(0, 2).Draw(r, "repaid")), quantity.Points(rapid.IntRange(0, 2).Draw(r, "repaid"))
	case one.Kind == points.KindAdjust && sign < 0:
		one.DebtIncurred = quantity.Points(rapid.IntRange(0, 5).Draw(r, "debt"))
		one.Points = -one.Points - one.DebtIncurred
	}
	if rapid.IntRange(0, 5).Draw(r, "a hold lapses") == 0 {
		one.Moves = append(one.Moves, move(r, lots.Repaid, -2), move(r, lots.Expired, -1))
	}
}

func move(r *rapid.T, cause lots.Cause, n quantity.Points) lots.Move {
	key := lots.Key{Terms: rapid.IntRange(1, 3).Draw(r, "terms"), Expiry: quantity.Day(rapid.SampledFrom([]int{0, 20_500, 20_600}).Draw(r, "expiry")), Funding: rapid.SampledFrom([]string{"", "f"}).Draw(r, "funding")}
	return lots.Move{Lot: lots.Lot{Key: key, Points: n}, Cause: cause}
}

// drawReturn draws the return of an operation of which some is left, as the ledger's rules make it.
func drawReturn(r *rapid.T, one *points.Receipt, of *points.Receipt) {
	one.Kind, one.Original, one.Partner = points.KindReturn, of.Operation, of.Partner
	one.Points = quantity.Points(rapid.IntRange(0, int(max(of.Points, 0))).Draw(r, "returned"))
	switch of.Kind {
	case points.KindSwap:
		one.Kind = points.KindDeposit
	case points.KindRedeem, points.KindCapture:
		if one.Points = min(max(one.Points, 1), of.Points); one.Points == 0 { // Nothing was spent: there is nothing to return.
			one.Kind, one.Original = points.KindFreeze, ""
			return
		}
		one.DebtRepaid = quantity.Points(rapid.IntRange(0, int(one.Points)).Draw(r, "repaid"))
		if one.DebtRepaid < one.Points {
			one.Moves = append(one.Moves, move(r, lots.Restored, one.Points-one.DebtRepaid))
		}
	default:
		one.DebtIncurred = quantity.Points(rapid.IntRange(0, int(one.Points)).Draw(r, "debt"))
		if one.DebtIncurred < one.Points {
			one.Moves = append(one.Moves, move(r, lots.Recovered, one.DebtIncurred-one.Points))
		}
	}
}
