package reports_test

import (
	"fmt"
	"math/big"
	"path/filepath"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/tallystick/tallystick/chaincode/lots"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/quantity"
	"github.com/tallystick/tallystick/chaincode/terms"
	"github.com/tallystick/tallystick/chaincode/wire"
	"github.com/tallystick/tallystick/gateway/reports"
	"github.com/tallystick/tallystick/gateway/store"
)

// closing is the business date of the programmes in these tests; the 12 months up to it begin with opening.
const (
	closing quantity.Day = 20_454 // 2026-01-01
	opening quantity.Day = 20_090 // 2025-01-02
)

// values are what a point is worth by the version of the terms, in cents.
var values = map[int]quantity.Ratio{1: {Num: 1, Den: 2}, 2: {Num: 1, Den: 3}, 3: {Num: 2, Den: 1}}

// volume is a read model of programmes of which only receipts are known.
type volume struct {
	t     *testing.T
	store *store.Store
	block uint64
}

func newVolume(t *testing.T) *volume {
	t.Helper()
	s, err := store.Open(t.Context(), filepath.Join(t.TempDir(), "g.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return &volume{t: t, store: s}
}

// found makes a programme whose points are worth values.
func (v *volume) found(name string) {
	p := points.Programme{Brand: name, Currency: "EUR", BusinessDate: closing}
	for _, version := range []int{1, 2, 3} {
		p.Terms = append(p.Terms, terms.Terms{Version: version, Value: values[version]})
	}
	v.project(store.Changes{Programmes: map[string][]byte{name: v.encode(p)}})
}

// book projects receipts of a programme, as one batch in a block of its own.
func (v *volume) book(name string, receipts []points.Receipt) {
	row := store.BatchRow{Programme: name, MSP: "MSP", Seq: int64(v.block), Block: v.block, Tx: fmt.Sprint(v.block)}
	for i := range receipts {
		row.Receipts = append(row.Receipts, store.ReceiptRow{Receipt: receipts[i], Body: v.encode(receipts[i])})
	}
	row.Event = v.encode(wire.BatchEvent{V: 1, Receipts: receipts})
	v.project(store.Changes{Batches: []store.BatchRow{row}})
}

func (v *volume) project(c store.Changes) {
	c.Checkpoint = store.Checkpoint{Block: v.block, Hash: "hash"}
	v.block++
	if err := v.store.Project(v.t.Context(), c); err != nil {
		v.t.Fatal(err)
	}
}

func (v *volume) encode(x any) []byte {
	raw, err := wire.Encode(x)
	if err != nil {
		v.t.Fatal(err)
	}
	return raw
}

func (v *volume) report(name string) *reports.ProgrammeVolume {
	return v.reportTo(name, quantity.LastDay)
}

func (v *volume) reportTo(name string, to quantity.Day) *reports.ProgrammeVolume {
	r, err := reports.MakeLimitedNetwork(v.t.Context(), store.NewReads(v.store.Reader()), &reports.Rates{}, to)
	if err != nil {
		v.t.Fatal(err)
	}
	i := slices.IndexFunc(r.Programmes, func(p reports.ProgrammeVolume) bool { return p.Programme == name })
	return &r.Programmes[i]
}

// receipt is an accepted receipt whose moves have one cause: terms and points of each, negative for what left.
func receiptOf(id, programme string, kind points.Kind, day quantity.Day, cause lots.Cause, moved ...[2]int) points.Receipt {
	r := points.Receipt{V: 1, Operation: points.OperationID(id), Programme: programme, Kind: kind, Outcome: points.Accepted, BusinessDate: day}
	for _, m := range moved {
		r.Moves = append(r.Moves, lots.Move{Lot: lots.Lot{Key: lots.Key{Terms: m[0]}, Points: quantity.Points(m[1])}, Cause: cause})
		r.Points += quantity.Points(max(m[1], -m[1]))
	}
	return r
}

// returnOf gives back points of an operation.
func returnOf(id, programme, original string, kind points.Kind, day quantity.Day, n int) points.Receipt {
	return points.Receipt{
		V: 1, Operation: points.OperationID(id), Programme: programme, Kind: kind, Outcome: points.Accepted, BusinessDate: day, Original: points.OperationID(original), Points: quantity.Points(n),
	}
}

// TestTheLimitedNetworksVolumeIsWhatIsComputedByHand: each figure is worked out in the comment beside it. A point under terms 1, 2, 3 is worth 1/2, 1/3 and 2 cents.
func TestTheLimitedNetworksVolumeIsWhatIsComputedByHand(t *testing.T) {
	at := func(r points.Receipt, partner string) points.Receipt {
		r.Partner = partner
		return r
	}
	redeem := receiptOf("r", "p", points.KindRedeem, opening, lots.Redeemed, [2]int{1, -100}, [2]int{2, -30}) // 100/2 + 30/3 = 60 cents.
	before := receiptOf("b", "p", points.KindRedeem, opening-1, lots.Redeemed, [2]int{1, -500})               // The day before the period.
	swap := at(receiptOf("s", "p", points.KindSwap, closing, lots.Swapped, [2]int{3, -10}), "hotel")          // 20 cents.
	capture := at(receiptOf("c", "p", points.KindCapture, closing, lots.Captured, [2]int{2, -9}), "hotel")    // 3 cents.
	transfer := receiptOf("t", "p", points.KindTransfer, closing, lots.Sent, [2]int{1, -8})                   // 4 cents.
	earn := receiptOf("e", "p", points.KindEarn, closing, lots.Accrued, [2]int{1, 1000})                      // No payment.
	refused := points.Receipt{V: 1, Operation: "x", Programme: "p", Kind: points.KindRedeem, Outcome: points.Rejected, BusinessDate: closing, Points: 7}
	cases := []struct {
		name     string
		receipts []points.Receipt
		// Points and cents of redeemed, swapped, transferred, total and returned; points at partners.
		want [11]int64
	}{
		{"nothing", nil, [11]int64{}},
		{"a redemption", []points.Receipt{redeem}, [11]int64{130, 60, 0, 0, 0, 0, 130, 60, 0, 0, 0}},
		{"a redemption that is returned in part: of 40 points 30 were under terms 2 and 10 under terms 1, worth 10 + 5", []points.Receipt{
			redeem, returnOf("1", "p", "r", points.KindReturn, closing, 40),
		}, [11]int64{90, 45, 0, 0, 0, 0, 90, 45, 40, 15, 0}},
		{"in two parts: 20 of terms 2, then 10 of terms 2 and 10 of terms 1", []points.Receipt{
			redeem, returnOf("1", "p", "r", points.KindReturn, closing, 20), returnOf("2", "p", "r", points.KindReturn, closing, 20),
		}, [11]int64{90, 45, 0, 0, 0, 0, 90, 45, 40, 15, 0}},
		{"that is returned whole", []points.Receipt{redeem, returnOf("1", "p", "r", points.KindReturn, closing, 130)}, [11]int64{0, 0, 0, 0, 0, 0, 0, 0, 130, 60, 0}},
		{"a return of a payment before the period takes nothing off", []points.Receipt{redeem, before, returnOf("1", "p", "b", points.KindReturn, closing, 500)},
			[11]int64{130, 60, 0, 0, 0, 0, 130, 60, 0, 0, 0}},
		{"a purchase's return is no payment's", []points.Receipt{redeem, earn, returnOf("1", "p", "e", points.KindReturn, closing, 1000)}, [11]int64{130, 60, 0, 0, 0, 0, 130, 60, 0, 0, 0}},
		{"a swap of which 4 points come back: 8 cents", []points.Receipt{swap, at(returnOf("1", "p", "s", points.KindDeposit, closing, 4), "hotel")},
			[11]int64{0, 0, 6, 12, 0, 0, 6, 12, 4, 8, 0}},
		{"a capture at a partner of which 3 points come back: 1 cent", []points.Receipt{capture, at(returnOf("1", "p", "c", points.KindReturn, closing, 3), "hotel")},
			[11]int64{6, 2, 0, 0, 0, 0, 6, 2, 3, 1, 6}},
		{"all together, and something refused", []points.Receipt{redeem, before, swap, capture, transfer, earn, refused}, [11]int64{139, 63, 10, 20, 8, 4, 157, 87, 0, 0, 9}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			v := newVolume(t)
			v.found("p")
			for i := range c.receipts {
				v.book("p", c.receipts[i:i+1])
			}
			p := v.report("p")
			got := [11]int64{
				int64(p.Redeemed.Points), p.Redeemed.Minor, int64(p.Swapped.Points), p.Swapped.Minor, int64(p.Transferred.Points), p.Transferred.Minor,
				int64(p.Total.Points), p.Total.Minor, int64(p.Returned.Points), p.Returned.Minor, int64(p.AtPartners),
			}
			if got != c.want || p.Period != (reports.Period{From: opening, To: closing}) || *p.Euro != p.Total.Minor {
				t.Errorf("got  %v\nwant %v\n%+v", got, c.want, p)
			}
		})
	}
}

// TestAClosedPeriodKeepsItsVolume: what comes back afterwards changes only the figures that say so.
func TestAClosedPeriodKeepsItsVolume(t *testing.T) {
	v := newVolume(t)
	v.found("p")
	redeem := receiptOf("r", "p", points.KindRedeem, closing-30, lots.Redeemed, [2]int{3, -100}) // 200 cents.
	within, after := returnOf("1", "p", "r", points.KindReturn, closing-20, 10), returnOf("2", "p", "r", points.KindReturn, closing-5, 25)
	v.book("p", []points.Receipt{redeem, within})
	before := *v.reportTo("p", closing-10)
	v.book("p", []points.Receipt{after, receiptOf("x", "p", points.KindRedeem, closing-4, lots.Redeemed, [2]int{3, -1000})})
	p := *v.reportTo("p", closing-10)
	if !p.Closed || p.Period != (reports.Period{From: (closing - 10).AddMonths(-12) + 1, To: closing - 10}) {
		t.Errorf("%+v, closed %v", p.Period, p.Closed)
	}
	if before.Total.Points != 90 || p.Total.Points != 90 || *p.Euro != 180 || p.Redeemed.Points != 90 || p.Returned.Points != 10 || p.Executed.Points != 100 || *p.Executed.Euro != 200 {
		t.Errorf("it was %+v and is %+v", before, p)
	}
	if before.Now.Points != 90 || p.Now.Points != 65 || *p.Now.Euro != 130 || p.ReturnedSince.Points != 25 || p.ReturnedSince.Minor != 50 {
		t.Errorf("now %+v, since %+v", p.Now, p.ReturnedSince)
	}
	if open := v.report("p"); open.Closed || open.Total.Points != 1065 || open.Now.Points != 1065 || open.Executed.Points != 1100 || open.ReturnedSince.Points != 0 {
		t.Errorf("the period that isn't over: %+v", open)
	}
}

// paid is a payment of the naive recomputation: one element for each point, in the order in which they were taken.
type paid struct {
	receipt points.Receipt
	points  []paidPoint
	back    int // How many from the end were given back.
}

// paidPoint has the version of its terms, and the day on which it was given back; 0 when it wasn't.
type paidPoint struct {
	terms int
	back  quantity.Day
}

// TestTheLimitedNetworksVolumeIsWhatIsLeftOfEachPayment compares the report with a recomputation that knows no sums: it lays out every payment point by point, takes off what is
// returned from the end, and counts what was left when the period ended, and what is now.
func TestTheLimitedNetworksVolumeIsWhatIsLeftOfEachPayment(t *testing.T) {
	v, runs := newVolume(t), 0
	rapid.Check(t, func(r *rapid.T) {
		if runs++; runs%25 == 0 { // A report is about all programmes.
			v = newVolume(t)
		}
		name := fmt.Sprintf("brand%05d", runs)
		v.found(name)
		payments, receipts := drawPayments(r, name)
		n := rapid.IntRange(0, len(receipts)).Draw(r, "in the first batch")
		v.book(name, receipts[:n])
		v.book(name, receipts[n:])
		to := closing - quantity.Day(rapid.IntRange(0, 60).Draw(r, "days that the period is over"))
		got := v.reportTo(name, to)
		want, worth, atPartners := map[string]quantity.Points{}, new(big.Rat), quantity.Points(0)
		for _, p := range payments {
			if p.receipt.BusinessDate < to.AddMonths(-12)+1 || p.receipt.BusinessDate > to {
				continue
			}
			group := map[points.Kind]string{points.KindSwap: "swapped", points.KindTransfer: "transferred", points.KindAccept: "transferred"}[p.receipt.Kind]
			for _, one := range p.points {
				want["executed"]++
				if one.back == 0 {
					want["now"]++
				}
				if one.back != 0 && one.back <= to {
					want["returned"]++
					continue
				}
				if one.back != 0 {
					want["since"]++
				}
				want[group]++
				worth.Add(worth, big.NewRat(values[one.terms].Num, values[one.terms].Den))
				if group == "" && p.receipt.Partner != "" {
					atPartners++
				}
			}
		}
		if got.Redeemed.Points != want[""] || got.Swapped.Points != want["swapped"] || got.Transferred.Points != want["transferred"] || got.AtPartners != atPartners {
			r.Fatalf("%+v, want %v and %d at partners", got, want, atPartners)
		}
		if got.Executed.Points != want["executed"] || got.Now.Points != want["now"] || got.Returned.Points != want["returned"] || got.ReturnedSince.Points != want["since"] {
			r.Fatalf("%+v, want %v", got, want)
		}
		up := new(big.Int).Div(new(big.Int).Add(worth.Num(), new(big.Int).Sub(worth.Denom(), big.NewInt(1))), worth.Denom())
		if *got.Euro != up.Int64() || got.Total.Points != want[""]+want["swapped"]+want["transferred"] {
			r.Fatalf("%d cents, want %v", *got.Euro, worth)
		}
	})
}

// drawPayments draws operations of every kind that matters here and what is left of each payment.
func drawPayments(r *rapid.T, programme string) (payments []*paid, receipts []points.Receipt) {
	day := opening - 40
	for n := range rapid.IntRange(1, 30).Draw(r, "operations") {
		day = min(day+quantity.Day(rapid.IntRange(0, 60).Draw(r, "days")), closing)
		id := fmt.Sprintf("%s-%d", programme, n)
		switch kind := rapid.SampledFrom([]string{"pay", "pay", "pay", "return", "return", "return", "other"}).Draw(r, "what"); {
		case kind == "pay":
			p := drawPayment(r, id, programme, day)
			payments, receipts = append(payments, p), append(receipts, p.receipt)
		case kind == "other":
			other := receiptOf(id, programme, points.KindEarn, day, lots.Accrued, [2]int{1, 10})
			receipts = append(receipts, other, returnOf(id+"r", programme, id, points.KindReturn, day, 10))
		case len(payments) > 0:
			p := rapid.SampledFrom(payments).Draw(r, "of")
			if back := drawReturn(r, id, p, day); back != nil {
				receipts = append(receipts, *back)
			}
		}
	}
	return payments, receipts
}

func drawPayment(r *rapid.T, id, programme string, day quantity.Day) *paid {
	cause := map[points.Kind]lots.Cause{
		points.KindRedeem: lots.Redeemed, points.KindCapture: lots.Captured, points.KindSwap: lots.Swapped, points.KindTransfer: lots.Sent, points.KindAccept: lots.Delivered,
	}
	kind := rapid.SampledFrom([]points.Kind{points.KindRedeem, points.KindCapture, points.KindSwap, points.KindTransfer, points.KindAccept}).Draw(r, "kind")
	p := &paid{}
	var moved [][2]int
	for range rapid.IntRange(1, 4).Draw(r, "lots") {
		version, n := rapid.IntRange(1, 3).Draw(r, "terms"), rapid.IntRange(1, 6).Draw(r, "points")
		moved = append(moved, [2]int{version, -n})
		for range n {
			p.points = append(p.points, paidPoint{terms: version})
		}
	}
	p.receipt = receiptOf(id, programme, kind, day, cause[kind], moved...)
	if kind == points.KindSwap || kind != points.KindTransfer && kind != points.KindAccept && rapid.Bool().Draw(r, "elsewhere") {
		p.receipt.Partner = "hotel"
	}
	if kind == points.KindAccept {
		p.receipt.Moves, p.receipt.ToMoves = nil, p.receipt.Moves
	}
	return p
}

// drawReturn gives back some of what is left of a payment, or is refused; nil where nothing is left, or nothing can be given back.
func drawReturn(r *rapid.T, id string, p *paid, day quantity.Day) *points.Receipt {
	left := len(p.points) - p.back
	if left == 0 || p.receipt.Kind == points.KindTransfer || p.receipt.Kind == points.KindAccept {
		return nil
	}
	kind := points.KindReturn
	if p.receipt.Kind == points.KindSwap {
		kind = points.KindDeposit
	}
	n := rapid.IntRange(1, left).Draw(r, "returned")
	back := returnOf(id, p.receipt.Programme, string(p.receipt.Operation), kind, day, n)
	back.Partner = p.receipt.Partner
	if rapid.IntRange(0, 4).Draw(r, "refused") == 0 {
		back.Outcome = points.Rejected
		return &back
	}
	for i := left - n; i < left; i++ {
		p.points[i].back = day
	}
	p.back += n
	return &back
}
