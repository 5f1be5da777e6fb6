package clearing_test

import (
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/tallystick/tallystick/chaincode/clearing"
	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/netting"
	"github.com/tallystick/tallystick/chaincode/quantity"
)

var genesisOfTests = strings.Repeat("ab", 32)

// result is a netting with a carried obligation, two positions and a payment.
func result() *clearing.Netting {
	n, err := clearing.Settle("GBP", 3,
		[]netting.Obligation{{Window: 3, From: "a", To: "b", Amount: 10}, {Window: 3, From: "b", To: "c", Amount: 4}, {Window: 3, From: "c", To: "a", Amount: 50}},
		[]netting.Cover{{Member: "a", Amount: 100}, {Member: "b", Amount: 100}, {Member: "c", Amount: 5}})
	if err != nil {
		panic(err)
	}
	return n
}

func TestInvariantsSeeWhatIsWrong(t *testing.T) {
	whole := []netting.Obligation{{Window: 3, From: "a", To: "b", Amount: 10}, {Window: 3, From: "b", To: "c", Amount: 4}, {Window: 3, From: "c", To: "a", Amount: 50}}
	all := func(n *clearing.Netting) error {
		if err := n.Check(); err != nil {
			return err
		}
		return clearing.ObligationsEqualLegsPlusCarried(whole, n)
	}
	if n := result(); all(n) != nil || len(n.Carried) != 1 {
		t.Fatalf("%+v: %v", n, all(n))
	}
	for name, change := range map[string]func(*clearing.Netting){
		"a position more":     func(n *clearing.Netting) { n.Positions[0].Net++ },
		"positions changed":   func(n *clearing.Netting) { n.Positions[0].Net++; n.Positions[1].Net-- },
		"a position left out": func(n *clearing.Netting) { n.Positions = n.Positions[:len(n.Positions)-1] },
		"a payment more": func(n *clearing.Netting) {
			n.Payments = append(n.Payments, netting.Payment{From: "b", To: "c", Amount: 1})
		},
		"a payment less":        func(n *clearing.Netting) { n.Payments = n.Payments[1:] },
		"another amount":        func(n *clearing.Netting) { n.Payments[0].Amount++ },
		"a cover too small":     func(n *clearing.Netting) { n.Covers[0].Amount = 0 },
		"a carried one settled": func(n *clearing.Netting) { n.Carried = n.Carried[:0] },
		"a carried one changed": func(n *clearing.Netting) { n.Carried[0].Amount-- },
	} {
		n := result()
		if change(n); fault.CodeOf(all(n)) != fault.ClearingMismatch {
			t.Errorf("%s: %v", name, all(n))
		}
	}
	standing := clearing.Standing{Owes: 5, Owed: 2, Payable: 1, Paid: 3, Received: 1}
	if err := clearing.StandingBalances(&standing); err != nil {
		t.Error(err)
	}
	if standing.Paid++; clearing.StandingBalances(&standing) == nil {
		t.Error("a standing balances that doesn't")
	}
	limit := clearing.Cap{Member: "b", Currency: "GBP", Amount: 10, Allocated: 9}
	allocations := []clearing.Allocation{
		{A: "a", B: "b", Currency: "GBP", Amount: [2]quantity.Minor{77, 5}}, {A: "b", B: "c", Currency: "GBP", Amount: [2]quantity.Minor{4, 77}},
	}
	if err := clearing.AllocationsWithinCap(&limit, allocations); err != nil {
		t.Error(err)
	}
	if allocations[0].Amount[1]++; clearing.AllocationsWithinCap(&limit, allocations) == nil {
		t.Error("allocations don't add up and nobody sees it")
	}
	if limit.Allocated, allocations[0].Amount[1] = 11, 7; clearing.AllocationsWithinCap(&limit, allocations) == nil {
		t.Error("allocations are over the cap and nobody sees it")
	}
}

func TestNettingDoesNotDependOnTheOrderOfItsIntake(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		names := []string{"a", "b", "c", "d"}
		var carried []netting.Obligation
		for range rapid.IntRange(0, 12).Draw(t, "carried") {
			pair := rapid.SliceOfNDistinct(rapid.SampledFrom(names), 2, 2, rapid.ID[string]).Draw(t, "pair")
			carried = append(carried, netting.Obligation{
				Window: rapid.Int64Range(1, 6).Draw(t, "window"), From: pair[0], To: pair[1], Amount: quantity.Minor(rapid.Int64Range(1, 50).Draw(t, "amount")),
			})
		}
		take := func(list []netting.Obligation) []netting.Obligation {
			in := clearing.NewIntake(5)
			if err := in.Again(list); err != nil {
				t.Fatal(err)
			}
			return in.Obligations()
		}
		first := take(carried)
		turned := slices.Clone(carried)
		slices.Reverse(turned)
		if got := take(turned); !slices.Equal(got, first) {
			t.Fatalf("%+v in another order is %+v", first, got)
		}
		pairs := map[clearing.Pair]int{}
		nets := map[string]quantity.Minor{}
		for _, o := range first {
			pairs[clearing.Pair{A: min(o.From, o.To), B: max(o.From, o.To)}]++
			nets[o.From] -= o.Amount
			nets[o.To] += o.Amount
		}
		for p, n := range pairs {
			if n > 2 {
				t.Fatalf("%v has %d obligations", p, n)
			}
		}
		for _, o := range carried {
			nets[o.From] += o.Amount
			nets[o.To] -= o.Amount
		}
		for name, rest := range nets {
			if rest != 0 {
				t.Fatalf("%s has %d more than was carried", name, rest)
			}
		}
	})
}

func TestDisclosuresOfAPairFollowEachOther(t *testing.T) {
	book, nets := clearing.PairBook{A: "a", B: "b"}, clearing.PairNets{Window: 9}
	disclose := func(window int64, sum quantity.Micro) error {
		return book.Disclose(&nets, 7, clearing.Disclosure{Window: window, Sum: sum})
	}
	for _, window := range []int64{1, 6, 8} {
		if err := disclose(window, 1); fault.CodeOf(err) != fault.WindowOrder {
			t.Errorf("window %d: %v", window, err)
		}
	}
	for window := int64(7); window <= 9; window++ {
		if err := disclose(window, 1_600_000); err != nil {
			t.Fatal(err)
		}
	}
	if err := disclose(10, 1); fault.CodeOf(err) != fault.WindowOrder {
		t.Errorf("a window after the one that is netted: %v", err)
	}
	if err := clearing.NetsFollowSums(&book, nets.Nets); err != nil || nets.Nets[2].Net != 2 || book.Residual != -200_000 || !nets.Has(8) || nets.Has(6) {
		t.Errorf("%+v, %+v, %v", book, nets, err)
	}
	book.Residual++
	if clearing.NetsFollowSums(&book, nets.Nets) == nil {
		t.Error("a residual is changed and nobody sees it")
	}
	book, nets = clearing.PairBook{A: "a", B: "b"}, clearing.PairNets{Window: 1000}
	for window := int64(1); window <= clearing.MaxLate; window++ {
		if err := book.Disclose(&nets, 1, clearing.Disclosure{Window: window}); err != nil {
			t.Fatal(err)
		}
	}
	if err := book.Disclose(&nets, 1, clearing.Disclosure{Window: clearing.MaxLate + 1}); fault.CodeOf(err) != fault.TooLarge {
		t.Errorf("one too many: %v", err)
	}
}
