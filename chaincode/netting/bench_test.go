package netting_test

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/tallystick/tallystick/chaincode/netting"
	"github.com/tallystick/tallystick/chaincode/quantity"
)

// fifty are 50 brands in which every pair of 1,225 traded, and covers of about a tenth of what each owes.
func fifty() ([]netting.PairNet, network) {
	random := rand.New(rand.NewPCG(3, 4))
	var pairs []netting.PairNet
	var w network
	for a := range 50 {
		w.covers = append(w.covers, netting.Cover{Member: fmt.Sprintf("brand%02d", a), Amount: quantity.Minor(random.IntN(25_000_000))})
		for b := a + 1; b < 50; b++ {
			net := quantity.Minor(random.IntN(20_000_000) - 10_000_000)
			p := netting.PairNet{A: fmt.Sprintf("brand%02d", a), B: fmt.Sprintf("brand%02d", b), AOwesB: net}
			pairs = append(pairs, p)
			w.obligations = append(w.obligations, obligationOf(p, 7)...)
		}
	}
	return pairs, w
}

// obligationOf is a pair's net as an obligation of the window, or none.
func obligationOf(p netting.PairNet, window int64) []netting.Obligation {
	switch {
	case p.AOwesB > 0:
		return []netting.Obligation{{Window: window, From: p.A, To: p.B, Amount: p.AOwesB}}
	case p.AOwesB < 0:
		return []netting.Obligation{{Window: window, From: p.B, To: p.A, Amount: -p.AOwesB}}
	}
	return nil
}

func BenchmarkPositionsAndPaymentsOfFiftyBrands(b *testing.B) {
	pairs, _ := fifty()
	b.ReportAllocs()
	for b.Loop() {
		positions, err := netting.Positions(pairs)
		if err != nil {
			b.Fatal(err)
		}
		if _, err := netting.Payments(positions); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkQueueOfFiftyBrands(b *testing.B) {
	_, w := fifty()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := netting.Queue(w.obligations, w.covers); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkSettleOfFiftyBrands(b *testing.B) {
	_, w := fifty()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := netting.Settle(w.obligations, w.covers); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkSettleAtItsLimit has as many obligations as one call takes, of as many members, and no cover at all.
func BenchmarkSettleAtItsLimit(b *testing.B) {
	random := rand.New(rand.NewPCG(5, 6))
	var w network
	for m := range netting.MaxMembers {
		w.covers = append(w.covers, netting.Cover{Member: fmt.Sprintf("m%03d", m)})
	}
	for window := int64(0); len(w.obligations) < netting.MaxObligations; window++ {
		for _, p := range fullPairs(netting.MaxMembers) {
			p.A, p.B, p.AOwesB = "m"+p.A[len("brand"):], "m"+p.B[len("brand"):], quantity.Minor(random.IntN(2_000_000)-1_000_000)
			w.obligations = append(w.obligations, obligationOf(p, window)...)
		}
	}
	w.obligations = w.obligations[:netting.MaxObligations]
	b.ReportAllocs()
	for b.Loop() {
		if _, err := netting.Settle(w.obligations, w.covers); err != nil {
			b.Fatal(err)
		}
	}
}
