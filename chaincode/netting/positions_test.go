package netting_test

import (
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/netting"
	"github.com/tallystick/tallystick/chaincode/quantity"
)

// anyPairs draws the nets of some of the pairs of up to nine members.
func anyPairs(t *rapid.T) []netting.PairNet {
	n := rapid.IntRange(2, 9).Draw(t, "members")
	var pairs []netting.PairNet
	for a := range n {
		for b := a + 1; b < n; b++ {
			if rapid.IntRange(0, 2).Draw(t, "traded") > 0 {
				net := rapid.Int64Range(-40, 40).Draw(t, "net")
				pairs = append(pairs, netting.PairNet{A: fmt.Sprintf("m%d", a), B: fmt.Sprintf("m%d", b), AOwesB: quantity.Minor(net)})
			}
		}
	}
	return pairs
}

// fullPairs are all pairs of n members, whose names sort as numbered.
func fullPairs(n int) []netting.PairNet {
	var pairs []netting.PairNet
	for a := range n {
		for b := a + 1; b < n; b++ {
			pairs = append(pairs, netting.PairNet{A: fmt.Sprintf("brand%03d", a), B: fmt.Sprintf("brand%03d", b), AOwesB: quantity.Minor(a*7919+b*104729)%200_001 - 100_000})
		}
	}
	return pairs
}

func TestPositionsAddUpWhatEveryPairOwes(t *testing.T) {
	got, err := netting.Positions([]netting.PairNet{{"grocer", "hotel", -30}, {"airline", "hotel", 100}, {"airline", "grocer", 0}})
	wantCode(t, err, fault.OK)
	if want := []netting.Position{{"airline", -100}, {"grocer", 30}, {"hotel", 70}}; !slices.Equal(got, want) {
		t.Errorf("got %v", got)
	}
	got, err = netting.Positions(nil)
	if err != nil || got == nil || len(got) != 0 {
		t.Errorf("no pairs give %v, %v", got, err)
	}
}

func TestPositionsRefuseWhatIsNoSetOfPairs(t *testing.T) {
	const most = quantity.MaxMinor
	cases := []struct {
		name  string
		pairs []netting.PairNet
		code  fault.Code
	}{
		{"the most", []netting.PairNet{{"a", "b", most - 1}, {"a", "c", -1}}, fault.OK},
		{"out of order", []netting.PairNet{{"b", "a", 1}}, fault.InvalidValue},
		{"one member", []netting.PairNet{{"a", "a", 1}}, fault.InvalidValue},
		{"no name", []netting.PairNet{{"", "a", 1}}, fault.InvalidValue},
		{"no names", []netting.PairNet{{"", "", 0}}, fault.InvalidValue},
		{"twice", []netting.PairNet{{"a", "b", 1}, {"a", "c", 1}, {"a", "b", 2}}, fault.InvalidValue},
		{"twice the same", []netting.PairNet{{"a", "b", 1}, {"a", "b", 1}}, fault.InvalidValue},
		{"too large", []netting.PairNet{{"a", "b", most + 1}}, fault.OutOfRange},
		{"too large below zero", []netting.PairNet{{"a", "b", -most - 1}}, fault.OutOfRange},
		{"together too large", []netting.PairNet{{"a", "b", most}, {"a", "c", 1}}, fault.OutOfRange},
		{"together too large, though they cancel", []netting.PairNet{{"a", "b", most}, {"a", "c", -1}}, fault.OutOfRange},
		{"least 64-bit number", []netting.PairNet{{"a", "b", -1 << 63}}, fault.OutOfRange},
		{"most members", fullPairs(netting.MaxMembers), fault.OK},
		{"one pair too many", append(fullPairs(netting.MaxMembers), fullPairs(2)...), fault.TooLarge},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			_, err := netting.Positions(c.pairs)
			wantCode(t, err, c.code)
			back := slices.Clone(c.pairs)
			slices.Reverse(back)
			_, same := netting.Positions(back)
			if fmt.Sprint(err) != fmt.Sprint(same) {
				t.Errorf("%v, but in another order %v", err, same)
			}
		})
	}
}

func TestPositionsHaveALimitOfMembers(t *testing.T) {
	var star []netting.PairNet
	for i := range netting.MaxMembers {
		star = append(star, netting.PairNet{A: "a", B: fmt.Sprintf("b%03d", i), AOwesB: 1})
	}
	_, err := netting.Positions(star[:netting.MaxMembers-1])
	wantCode(t, err, fault.OK)
	_, err = netting.Positions(star)
	wantCode(t, err, fault.TooLarge)
}

func TestPositionsSumToZeroInAnyOrderOfPairs(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		pairs := anyPairs(t)
		given := slices.Clone(pairs)
		got, err := netting.Positions(given)
		if err != nil || !slices.Equal(given, pairs) {
			t.Fatalf("%v; the input is now %v", err, given)
		}
		sums := map[string]quantity.Minor{}
		for _, p := range pairs {
			sums[p.A] -= p.AOwesB
			sums[p.B] += p.AOwesB
		}
		var sum quantity.Minor
		for i, p := range got {
			if i > 0 && got[i-1].Member >= p.Member || sums[p.Member] != p.Net {
				t.Fatalf("%v is not in order or not %d", p, sums[p.Member])
			}
			sum += p.Net
		}
		if sum != 0 || len(got) != len(sums) {
			t.Fatalf("%v sum to %d", got, sum)
		}
		if again, err := netting.Positions(rapid.Permutation(pairs).Draw(t, "order")); err != nil || !slices.Equal(got, again) {
			t.Fatalf("%v, in another order %v, %v", got, again, err)
		}
	})
}
