package lots_test

import (
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/lots"
	"github.com/tallystick/tallystick/chaincode/quantity"
)

// failer is what *testing.T and *rapid.T have in common.
type failer interface {
	Helper()
	Fatalf(string, ...any)
}

func wantCode(t failer, err error, code fault.Code) {
	t.Helper()
	switch {
	case code == fault.OK && err != nil:
		t.Fatalf("refused: %v", err)
	case code != fault.OK && (err == nil || fault.CodeOf(err) != code):
		t.Fatalf("got %v, want %s", err, code)
	}
}

// anyLot is one of a few terms and fundings, free or not, with and without an expiry.
func anyLot() *rapid.Generator[lots.Lot] {
	return rapid.Custom(func(t *rapid.T) lots.Lot {
		l := lots.Lot{Points: quantity.Points(rapid.IntRange(1, 1000).Draw(t, "points"))}
		l.Terms = rapid.IntRange(1, 2).Draw(t, "terms")
		l.Funding = rapid.SampledFrom([]string{lots.FundingPurchase, "campaign:spring"}).Draw(t, "funding")
		if rapid.Bool().Draw(t, "waits") {
			l.From = quantity.Day(rapid.IntRange(100, 130).Draw(t, "from"))
		}
		if rapid.Bool().Draw(t, "ends") {
			l.Expiry = quantity.Day(rapid.IntRange(140, 200).Draw(t, "expiry"))
		}
		return l
	})
}

// anyList is a list as Add makes it, of up to most lots that were added.
func anyList(t *rapid.T, most int) []lots.Lot {
	n := rapid.IntRange(0, most).Draw(t, "n")
	var list []lots.Lot
	for _, l := range rapid.SliceOfN(anyLot(), n, n).Draw(t, "lots") {
		var err error
		if list, err = lots.Add(list, l); err != nil {
			t.Fatalf("%v", err)
		}
	}
	return list
}

// guarded is a copy of a list with room behind it that must not be written to, and a function that complains when the list or that room has changed.
func guarded(list []lots.Lot) ([]lots.Lot, func(failer)) {
	const room = 4
	backing := append(slices.Clone(list), make([]lots.Lot, room)...)
	before := slices.Clone(backing)
	return backing[:len(list)], func(t failer) {
		t.Helper()
		if !slices.Equal(backing, before) {
			t.Fatalf("the list was %v, became %v", before, backing)
		}
	}
}

func wantOrdered(t failer, list []lots.Lot) {
	t.Helper()
	for i := range list {
		if list[i].Points < 1 {
			t.Fatalf("a lot of %d points in %v", list[i].Points, list)
		}
		if i > 0 && !list[i-1].Less(list[i].Key) {
			t.Fatalf("out of order, or a key twice: %v", list)
		}
	}
}

func mustSum(t failer, list []lots.Lot) quantity.Points {
	t.Helper()
	sum, err := lots.Sum(list)
	if err != nil {
		t.Fatalf("%v", err)
	}
	return sum
}

// byKey sums lots by key, whatever list they are in.
func byKey(lists ...[]lots.Lot) map[lots.Key]quantity.Points {
	sums := map[lots.Key]quantity.Points{}
	for _, l := range slices.Concat(lists...) {
		sums[l.Key] += l.Points
	}
	return sums
}

func TestKeysOrderByWhatEndsFirst(t *testing.T) {
	ordered := []lots.Key{
		{Expiry: 200, Terms: 1},
		{Expiry: 200, Terms: 1, Funding: "campaign:spring"},
		{Expiry: 200, Terms: 2},
		{From: 100, Expiry: 200, Terms: 1},
		{From: 101, Expiry: 200, Terms: 1},
		{Expiry: 201, Terms: 1},
		{Expiry: quantity.LastDay, Terms: 1},
		{Terms: 1},
		{Terms: 2},
		{From: 100, Terms: 1},
	}
	for i, a := range ordered {
		for j, b := range ordered {
			if got := a.Less(b); got != (i < j) {
				t.Errorf("%+v before %+v: %t", a, b, got)
			}
		}
	}
}
