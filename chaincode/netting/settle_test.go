package netting_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/netting"
	"github.com/tallystick/tallystick/chaincode/quantity"
)

// network is what is given to Settle and Queue.
type network struct {
	obligations []netting.Obligation
	covers      []netting.Cover
}

// anyNetwork draws up to five members with little cover and at most max obligations between them out of three windows.
func anyNetwork(t *rapid.T, most int) network {
	n := rapid.IntRange(2, 5).Draw(t, "members")
	var w network
	for m := range n {
		w.covers = append(w.covers, netting.Cover{Member: string(rune('A' + m)), Amount: quantity.Minor(rapid.IntRange(0, 12).Draw(t, "cover"))})
	}
	for range rapid.IntRange(0, most).Draw(t, "obligations") {
		from, to := rapid.IntRange(0, n-1).Draw(t, "from"), rapid.IntRange(0, n-1).Draw(t, "to")
		o := netting.Obligation{
			Window: rapid.Int64Range(1, 3).Draw(t, "window"),
			From:   string(rune('A' + from)), To: string(rune('A' + to)),
			Amount: quantity.Minor(rapid.IntRange(1, 15).Draw(t, "amount")),
		}
		taken := slices.ContainsFunc(w.obligations, func(p netting.Obligation) bool {
			return p.Window == o.Window && (p.From == o.From && p.To == o.To || p.From == o.To && p.To == o.From)
		})
		if from != to && !taken {
			w.obligations = append(w.obligations, o)
		}
	}
	return w
}

// room returns how far each member is above minus its cover when the given obligations settle.
func (w network) room(settled []netting.Obligation) map[string]quantity.Minor {
	room := map[string]quantity.Minor{}
	for _, c := range w.covers {
		room[c.Member] = c.Amount
	}
	for _, o := range settled {
		room[o.From] -= o.Amount
		room[o.To] += o.Amount
	}
	return room
}

func (w network) feasible(settled []netting.Obligation) bool {
	for _, left := range w.room(settled) {
		if left < 0 {
			return false
		}
	}
	return true
}

// subsets calls f with every choice of obligations.
func (w network) subsets(f func(chosen []netting.Obligation)) {
	for bits := range 1 << len(w.obligations) {
		var chosen []netting.Obligation
		for i, o := range w.obligations {
			if bits>>i&1 == 1 {
				chosen = append(chosen, o)
			}
		}
		f(chosen)
	}
}

// inSequence says whether nothing is chosen before what the same member owes and comes first.
func (w network) inSequence(chosen []netting.Obligation) bool {
	for _, o := range chosen {
		for _, earlier := range w.obligations {
			if earlier.From == o.From && netting.Compare(earlier, o) < 0 && !slices.Contains(chosen, earlier) {
				return false
			}
		}
	}
	return true
}

func worth(list []netting.Obligation) quantity.Minor {
	var sum quantity.Minor
	for _, o := range list {
		sum += o.Amount
	}
	return sum
}

func containsAll(list, part []netting.Obligation) bool {
	for _, o := range part {
		if !slices.Contains(list, o) {
			return false
		}
	}
	return true
}

// wantWhole checks what holds of every result: nothing is lost, doubled or out of order, positions follow from what is settled and sum to zero, and covers are kept.
func wantWhole(t *rapid.T, w network, r netting.Result) {
	t.Helper()
	all := slices.SortedFunc(slices.Values(w.obligations), netting.Compare)
	both := slices.SortedFunc(slices.Values(slices.Concat(r.Settled, r.Carried)), netting.Compare)
	if !slices.Equal(all, both) || !slices.IsSortedFunc(r.Settled, netting.Compare) || !slices.IsSortedFunc(r.Carried, netting.Compare) {
		t.Fatalf("%v became %v and %v", all, r.Settled, r.Carried)
	}
	if !w.feasible(r.Settled) {
		t.Fatalf("a cover is exceeded: %v", w.room(r.Settled))
	}
	room := w.room(r.Settled)
	var sum quantity.Minor
	for i, c := range w.covers { // They are in the order of their names.
		if r.Positions[i].Member != c.Member || r.Positions[i].Net != room[c.Member]-c.Amount {
			t.Fatalf("%s has the position %v, not %d", c.Member, r.Positions[i], room[c.Member]-c.Amount)
		}
		sum += r.Positions[i].Net
	}
	if sum != 0 || len(r.Positions) != len(w.covers) {
		t.Fatalf("%v sum to %d", r.Positions, sum)
	}
	if _, err := netting.Payments(r.Positions); err != nil {
		t.Fatalf("the positions can't be paid: %v", err)
	}
}

func queue(t *rapid.T, w network) netting.Result {
	t.Helper()
	r, err := netting.Queue(w.obligations, w.covers)
	if err != nil {
		t.Fatal(err)
	}
	wantWhole(t, w, r)
	return r
}

func settle(t *rapid.T, w network) netting.Result {
	t.Helper()
	r, err := netting.Settle(w.obligations, w.covers)
	if err != nil {
		t.Fatal(err)
	}
	wantWhole(t, w, r)
	return r
}

func TestQueueHoldsEveryChoiceThatKeepsTheSequence(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := anyNetwork(t, 9)
		r := queue(t, w)
		if !w.inSequence(r.Settled) {
			t.Fatalf("%v settles out of sequence", r.Settled)
		}
		w.subsets(func(chosen []netting.Obligation) {
			if w.inSequence(chosen) && w.feasible(chosen) && !containsAll(r.Settled, chosen) {
				t.Fatalf("%v could settle, but %v does", chosen, r.Settled)
			}
		})
	})
}

func TestQueueSettlesNoLessWithMoreCover(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := anyNetwork(t, 14)
		more := network{obligations: w.obligations, covers: slices.Clone(w.covers)}
		for i := range more.covers {
			more.covers[i].Amount += quantity.Minor(rapid.IntRange(0, 9).Draw(t, "more"))
		}
		if before, after := queue(t, w), queue(t, more); !containsAll(after.Settled, before.Settled) {
			t.Fatalf("%v settled, with more cover %v", before.Settled, after.Settled)
		}
	})
}

// settles checks Settle on one network.
func settles(t *rapid.T) {
	w := anyNetwork(t, 10)
	r := settle(t, w)
	if first := queue(t, w); !containsAll(r.Settled, first.Settled) {
		t.Fatalf("%v settles first in, first out, but only %v does", first.Settled, r.Settled)
	}
	room := w.room(r.Settled)
	for _, o := range r.Carried {
		if room[o.From] >= o.Amount {
			t.Fatalf("%v could be added to %v", o, r.Settled)
		}
	}
	if w.feasible(w.obligations) && len(r.Carried) > 0 {
		t.Fatalf("all could settle, but %v doesn't", r.Carried)
	}
	shuffled := network{rapid.Permutation(w.obligations).Draw(t, "order"), rapid.Permutation(w.covers).Draw(t, "order of covers")}
	again, err := netting.Settle(shuffled.obligations, shuffled.covers)
	if err != nil || fmt.Sprint(again) != fmt.Sprint(r) {
		t.Fatalf("%v, in another order %v, %v", r, again, err)
	}
}

func TestSettleSettlesUntilNothingCouldBeAdded(t *testing.T) { rapid.Check(t, settles) }

func FuzzSettle(f *testing.F) { f.Fuzz(rapid.MakeFuzz(settles)) }

// denseNetwork is a network of five members in which almost everybody owes almost everybody else, in two windows, more than covers allow.
func denseNetwork(random *rand.Rand) network {
	var w network
	for m := range 5 {
		w.covers = append(w.covers, netting.Cover{Member: string(rune('A' + m)), Amount: quantity.Minor(random.IntN(20))})
	}
	for window := range int64(2) {
		for a := range 5 {
			for b := range a {
				pair := []string{string(rune('A' + a)), string(rune('A' + b))}
				i := random.IntN(2)
				if random.IntN(10) < 6 {
					w.obligations = append(w.obligations, netting.Obligation{Window: window, From: pair[i], To: pair[1-i], Amount: quantity.Minor(1 + random.IntN(50))})
				}
			}
		}
	}
	return w
}

func TestSettleLeavesNothingThatCouldBeAddedToADenseNetwork(t *testing.T) {
	random := rand.New(rand.NewPCG(7, 8))
	for range 3000 {
		w := denseNetwork(random)
		r, err := netting.Settle(w.obligations, w.covers)
		wantCode(t, err, fault.OK)
		room := w.room(r.Settled)
		for _, o := range r.Carried {
			if room[o.From] >= o.Amount {
				t.Fatalf("%v could be added to %v", o, r.Settled)
			}
		}
	}
}

// TestSettleComesNearTheLargestValue holds the algorithm to what it was measured at on these networks, so that a change for the worse is seen.
func TestSettleComesNearTheLargestValue(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	var largest, settled, first quantity.Minor
	for range 150 {
		w := denseNetwork(random)
		r, err := netting.Settle(w.obligations, w.covers)
		wantCode(t, err, fault.OK)
		q, err := netting.Queue(w.obligations, w.covers)
		wantCode(t, err, fault.OK)
		var best quantity.Minor
		w.subsets(func(chosen []netting.Obligation) {
			if value := worth(chosen); value > best && w.feasible(chosen) {
				best = value
			}
		})
		if worth(r.Settled) > best {
			t.Fatalf("more than possible is settled: %v", r.Settled)
		}
		largest, settled, first = largest+best, settled+worth(r.Settled), first+worth(q.Settled)
	}
	t.Logf("of %d that could settle, %d did, %d first in, first out", largest, settled, first)
	if settled*100 < largest*70 {
		t.Errorf("of %d that could settle, %d did", largest, settled)
	}
}

func TestWhatWaitsInAQueueMaySettleWithoutItsHead(t *testing.T) {
	owes := func(window int64, from, to string, amount quantity.Minor) netting.Obligation {
		return netting.Obligation{Window: window, From: from, To: to, Amount: amount}
	}
	cases := []struct {
		name        string
		obligations []netting.Obligation
		covers      []quantity.Minor
		first       []int64 // Windows of what settles first in, first out.
		all         []int64 // Windows of what settles.
	}{
		{"all covered", []netting.Obligation{owes(1, "A", "B", 5), owes(2, "A", "B", 5)}, []quantity.Minor{10, 0}, []int64{1, 2}, []int64{1, 2}},
		{"oldest first", []netting.Obligation{owes(1, "A", "B", 5), owes(2, "A", "B", 6)}, []quantity.Minor{6, 0}, []int64{1}, []int64{1}},
		{"a small one behind a large one", []netting.Obligation{owes(1, "A", "B", 9), owes(2, "A", "B", 5)}, []quantity.Minor{6, 0}, []int64{}, []int64{2}},
		{
			"a loop behind heads that can't be paid",
			[]netting.Obligation{owes(1, "A", "C", 100), owes(2, "B", "C", 90), owes(3, "A", "B", 50), owes(4, "B", "A", 50)},
			[]quantity.Minor{0, 0, 0},
			[]int64{},
			[]int64{3, 4},
		},
		{
			"a large loop before small obligations",
			[]netting.Obligation{owes(1, "A", "C", 100), owes(2, "A", "B", 50), owes(3, "B", "A", 45), owes(4, "A", "C", 3)},
			[]quantity.Minor{5, 0, 0},
			[]int64{},
			[]int64{2, 3},
		},
		{
			"of equals the oldest",
			[]netting.Obligation{owes(1, "A", "B", 20), owes(2, "A", "C", 5), owes(3, "A", "D", 5)},
			[]quantity.Minor{5, 0, 0, 0},
			[]int64{},
			[]int64{2},
		},
		{
			"of members equally short the first by name gives way first",
			[]netting.Obligation{
				owes(1, "A", "D", 100), owes(2, "B", "D", 100), owes(3, "A", "B", 6), owes(4, "B", "A", 6), owes(5, "A", "C", 9), owes(6, "B", "C", 9),
			},
			[]quantity.Minor{6, 6, 0, 0},
			[]int64{},
			[]int64{4, 5},
		},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			first, err := netting.Queue(c.obligations, covers(c.covers))
			wantCode(t, err, fault.OK)
			got, err := netting.Settle(c.obligations, covers(c.covers))
			wantCode(t, err, fault.OK)
			if !slices.Equal(windows(first.Settled), c.first) || !slices.Equal(windows(got.Settled), c.all) {
				t.Errorf("settled %v first, then %v", first.Settled, got.Settled)
			}
		})
	}
}

func TestOfAWindowTheLargestComesFirst(t *testing.T) {
	small, large := netting.Obligation{Window: 1, From: "A", To: "B", Amount: 4}, netting.Obligation{Window: 1, From: "A", To: "C", Amount: 6}
	for _, list := range [][]netting.Obligation{{small, large}, {large, small}} {
		got, err := netting.Queue(list, covers([]quantity.Minor{6, 0, 0}))
		wantCode(t, err, fault.OK)
		if !slices.Equal(got.Settled, []netting.Obligation{large}) {
			t.Errorf("settled %v", got.Settled)
		}
	}
}

func TestSettleRefusesWhatItCantDecide(t *testing.T) {
	const most = quantity.MaxMinor
	owes := func(window int64, from, to string, amount quantity.Minor) netting.Obligation {
		return netting.Obligation{Window: window, From: from, To: to, Amount: amount}
	}
	ab := []netting.Cover{{"A", 0}, {"B", most}}
	star := make([]netting.Cover, netting.MaxMembers+1)
	for i := range star {
		star[i].Member = fmt.Sprintf("m%03d", i)
	}
	many := make([]netting.Obligation, netting.MaxObligations+1)
	for i := range many {
		many[i] = owes(int64(i), "A", "B", 1)
	}
	cases := []struct {
		name        string
		obligations []netting.Obligation
		covers      []netting.Cover
		code        fault.Code
	}{
		{"nothing", nil, nil, fault.OK},
		{"the most", []netting.Obligation{owes(1, "B", "A", most)}, ab, fault.OK},
		{"a cover too many is none too many", []netting.Obligation{owes(1, "B", "A", 1)}, append(ab, netting.Cover{Member: "C"}), fault.OK},
		{"no cover of the payer", []netting.Obligation{owes(1, "C", "A", 1)}, ab, fault.InvalidValue},
		{"no cover of the payee", []netting.Obligation{owes(1, "A", "C", 1)}, ab, fault.InvalidValue},
		{"two covers", nil, []netting.Cover{{"A", 1}, {"B", 1}, {"A", 2}}, fault.InvalidValue},
		{"cover without a name", nil, []netting.Cover{{"", 1}}, fault.InvalidValue},
		{"cover below zero", nil, []netting.Cover{{"A", -1}}, fault.OutOfRange},
		{"cover too large", nil, []netting.Cover{{"A", most + 1}}, fault.OutOfRange},
		{"owes itself", []netting.Obligation{owes(1, "A", "A", 1)}, ab, fault.InvalidValue},
		{"nothing owed", []netting.Obligation{owes(1, "A", "B", 0)}, ab, fault.OutOfRange},
		{"less than nothing owed", []netting.Obligation{owes(1, "A", "B", -1)}, ab, fault.OutOfRange},
		{"too large", []netting.Obligation{owes(1, "A", "B", most+1)}, ab, fault.OutOfRange},
		{"together too large", []netting.Obligation{owes(1, "A", "B", most), owes(2, "B", "A", 1)}, ab, fault.OutOfRange},
		{"twice in a window", []netting.Obligation{owes(1, "A", "B", 1), owes(2, "A", "B", 1), owes(1, "A", "B", 2)}, ab, fault.InvalidValue},
		{"both ways in a window", []netting.Obligation{owes(1, "A", "B", 1), owes(1, "B", "A", 1)}, ab, fault.InvalidValue},
		{"both ways in two windows", []netting.Obligation{owes(1, "A", "B", 1), owes(2, "B", "A", 1)}, ab, fault.OK},
		{"most members", nil, star[1:], fault.OK},
		{"one member too many", nil, star, fault.TooLarge},
		{"most obligations", many[1:], ab, fault.OK},
		{"one obligation too many", many, ab, fault.TooLarge},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			_, err := netting.Settle(c.obligations, c.covers)
			wantCode(t, err, c.code)
			_, same := netting.Queue(c.obligations, c.covers)
			wantCode(t, same, c.code)
			back := slices.Clone(c.obligations)
			slices.Reverse(back)
			_, turned := netting.Settle(back, c.covers)
			if fmt.Sprint(err) != fmt.Sprint(turned) {
				t.Errorf("%v, but in another order %v", err, turned)
			}
		})
	}
}
