package lots_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/lots"
	"github.com/tallystick/tallystick/chaincode/quantity"
)

func TestAddPutsALotInItsPlace(t *testing.T) {
	key := func(from, expiry quantity.Day, terms int) lots.Key {
		return lots.Key{From: from, Expiry: expiry, Terms: terms}
	}
	list := []lots.Lot{{Key: key(0, 200, 1), Points: 5}, {Key: key(0, 0, 1), Points: 7}}
	cases := []struct {
		name string
		lot  lots.Lot
		want []lots.Lot
		code fault.Code
	}{
		{"nothing", lots.Lot{Key: key(0, 100, 1)}, list, fault.OK},
		{"first", lots.Lot{Key: key(0, 100, 1), Points: 1}, []lots.Lot{{Key: key(0, 100, 1), Points: 1}, list[0], list[1]}, fault.OK},
		{"between", lots.Lot{Key: key(0, 200, 2), Points: 1}, []lots.Lot{list[0], {Key: key(0, 200, 2), Points: 1}, list[1]}, fault.OK},
		{"last", lots.Lot{Key: key(9, 0, 1), Points: 1}, []lots.Lot{list[0], list[1], {Key: key(9, 0, 1), Points: 1}}, fault.OK},
		{"known key", lots.Lot{Key: key(0, 0, 1), Points: 1}, []lots.Lot{list[0], {Key: key(0, 0, 1), Points: 8}}, fault.OK},
		{"most points", lots.Lot{Key: key(0, 0, 1), Points: quantity.MaxPoints - 7}, []lots.Lot{list[0], {Key: key(0, 0, 1), Points: quantity.MaxPoints}}, fault.OK},
		{"sum too large", lots.Lot{Key: key(0, 0, 1), Points: quantity.MaxPoints - 6}, nil, fault.OutOfRange},
		{"too large", lots.Lot{Key: key(0, 1, 1), Points: quantity.MaxPoints + 1}, nil, fault.OutOfRange},
		{"below zero", lots.Lot{Key: key(0, 1, 1), Points: -1}, nil, fault.OutOfRange},
		{"below zero, known key", lots.Lot{Key: key(0, 0, 1), Points: -1}, nil, fault.OutOfRange},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			given, untouched := guarded(list)
			got, err := lots.Add(given, c.lot)
			wantCode(t, err, c.code)
			if !slices.Equal(got, c.want) {
				t.Errorf("got %v", got)
			}
			untouched(t)
		})
	}
}

func TestAddKeepsWhatItWasGiven(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		list := anyList(t, 50)
		lot := anyLot().Draw(t, "lot")
		given, untouched := guarded(list)
		got, err := lots.Add(given, lot)
		wantCode(t, err, fault.OK)
		untouched(t)
		wantOrdered(t, got)
		if want := byKey(list, []lots.Lot{lot}); !maps.Equal(byKey(got), want) {
			t.Fatalf("%v and %v became %v", list, lot, got)
		}
		got[0].Points++ // What a caller does with its list is not seen in the one before.
		untouched(t)
	})
}

func TestTakeTakesEarliestExpiryFirst(t *testing.T) {
	early, late := lots.Lot{Key: lots.Key{Expiry: 200, Terms: 1}, Points: 5}, lots.Lot{Key: lots.Key{Expiry: 210, Terms: 1}, Points: 4}
	open := lots.Lot{Key: lots.Key{Terms: 1}, Points: 3}
	list := []lots.Lot{early, late, open}
	of := func(l lots.Lot, points quantity.Points) lots.Lot {
		l.Points = points
		return l
	}
	backwards := func(a, b lots.Lot) bool { return b.Less(a.Key) }
	dated := func(l lots.Lot) bool { return l.Expiry != 0 }
	cases := []struct {
		name        string
		want        quantity.Points
		order       func(a, b lots.Lot) bool
		pass        func(lots.Lot) bool
		taken, rest []lots.Lot
		short       quantity.Points
	}{
		{"nothing", 0, nil, nil, nil, list, 0},
		{"less than nothing", -3, nil, nil, nil, list, 0},
		{"part of the first", 2, nil, nil, []lots.Lot{of(early, 2)}, []lots.Lot{of(early, 3), late, open}, 0},
		{"all of the first", 5, nil, nil, []lots.Lot{early}, []lots.Lot{late, open}, 0},
		{"into the second", 6, nil, nil, []lots.Lot{early, of(late, 1)}, []lots.Lot{of(late, 3), open}, 0},
		{"everything", 12, nil, nil, list, []lots.Lot{}, 0},
		{"more than there is", 20, nil, nil, list, []lots.Lot{}, 8},
		{"in another order", 4, backwards, nil, []lots.Lot{open, of(late, 1)}, []lots.Lot{early, of(late, 3)}, 0},
		{"only those that pass", 10, nil, dated, []lots.Lot{early, late}, []lots.Lot{open}, 1},
		{"in another order, only those that pass", 5, backwards, dated, []lots.Lot{late, of(early, 1)}, []lots.Lot{of(early, 4), open}, 0},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			given, untouched := guarded(list)
			taken, rest, short := lots.Take(given, c.want, c.order, c.pass)
			if !slices.Equal(taken, c.taken) || !slices.Equal(rest, c.rest) || short != c.short {
				t.Errorf("took %v, left %v, short %d", taken, rest, short)
			}
			untouched(t)
		})
	}
}

func TestTakeConservesAndTakesInOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		list := anyList(t, 80)
		want := quantity.Points(rapid.IntRange(0, 40000).Draw(t, "want"))
		today := quantity.Day(rapid.IntRange(90, 140).Draw(t, "today"))
		free := func(l lots.Lot) bool { return l.From <= today }
		order := rapid.SampledFrom([]func(a, b lots.Lot) bool{
			nil, func(a, b lots.Lot) bool { return a.Less(b.Key) }, func(a, b lots.Lot) bool { return a.Terms > b.Terms },
		}).Draw(t, "order")
		given, untouched := guarded(list)
		taken, rest, short := lots.Take(given, want, order, free)
		untouched(t)
		wantOrdered(t, rest)
		if !maps.Equal(byKey(taken, rest), byKey(list)) {
			t.Fatalf("%v became %v and %v", list, taken, rest)
		}
		there, _ := lots.Split(list, free)
		if got := mustSum(t, taken); got != min(want, mustSum(t, there)) || short != want-got {
			t.Fatalf("of %d wanted and %d free took %d, short %d", want, mustSum(t, there), got, short)
		}
		if order == nil {
			order = func(a, b lots.Lot) bool { return a.Less(b.Key) }
		}
		wantTakenFirst(t, taken, rest, order, free)
	})
}

// wantTakenFirst holds when the taken lots are in order, and nothing was left that should have been taken before the last of them.
func wantTakenFirst(t failer, taken, rest []lots.Lot, order func(a, b lots.Lot) bool, pass func(lots.Lot) bool) {
	t.Helper()
	for i, l := range taken {
		if !pass(l) || i > 0 && order(l, taken[i-1]) {
			t.Fatalf("took %v out of %v", l, taken)
		}
	}
	for _, l := range rest {
		if len(taken) > 0 && pass(l) && order(l, taken[len(taken)-1]) {
			t.Fatalf("left %v and took %v", l, taken)
		}
	}
}

func TestTakeSkipsEmptyLots(t *testing.T) {
	list := []lots.Lot{{Key: lots.Key{Expiry: 200}}, {Key: lots.Key{Expiry: 201}, Points: 2}}
	taken, rest, short := lots.Take(list, 1, nil, nil)
	if len(taken) != 1 || taken[0].Expiry != 201 || short != 0 || len(rest) != 1 {
		t.Errorf("took %v, left %v, short %d", taken, rest, short)
	}
}

func TestSplitConservesAndKeepsTheOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		list := anyList(t, 80)
		today := quantity.Day(rapid.IntRange(130, 210).Draw(t, "today"))
		due := func(l lots.Lot) bool { return l.Expiry != 0 && l.Expiry <= today }
		given, untouched := guarded(list)
		gone, kept := lots.Split(given, due)
		untouched(t)
		wantOrdered(t, gone)
		wantOrdered(t, kept)
		if !maps.Equal(byKey(gone, kept), byKey(list)) || slices.ContainsFunc(kept, due) || slices.ContainsFunc(gone, func(l lots.Lot) bool { return !due(l) }) {
			t.Fatalf("%v became %v and %v", list, gone, kept)
		}
		for _, part := range [][]lots.Lot{gone, kept} {
			if len(part) > 0 {
				part[0].Points++
				_ = append(part, lots.Lot{})
			}
		}
		untouched(t)
	})
}

func TestFreeTakesTheDayAwayAndNothingElse(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		list := anyList(t, 120)
		today := quantity.Day(rapid.IntRange(90, 140).Draw(t, "today"))
		due := func(l lots.Lot) bool { return l.From <= today }
		given, untouched := guarded(list)
		freed, err := lots.Free(given, due)
		wantCode(t, err, fault.OK)
		untouched(t)
		wantOrdered(t, freed)
		want := map[lots.Key]quantity.Points{}
		for _, l := range list {
			if due(l) {
				l.From = 0
			}
			want[l.Key] += l.Points
		}
		if !maps.Equal(byKey(freed), want) || len(freed) > len(list) {
			t.Fatalf("on %d %v became %v", today, list, freed)
		}
	})
}

func TestFreeRefusesASumBeyondPoints(t *testing.T) {
	list := []lots.Lot{{Key: lots.Key{Expiry: 200}, Points: quantity.MaxPoints}, {Key: lots.Key{From: 100, Expiry: 200}, Points: 1}}
	_, err := lots.Free(list, func(lots.Lot) bool { return true })
	wantCode(t, err, fault.OutOfRange)
}

func TestSumIsRefusedBeyondPoints(t *testing.T) {
	if sum, err := lots.Sum(nil); sum != 0 || err != nil {
		t.Errorf("the sum of nothing is %d, %v", sum, err)
	}
	list := []lots.Lot{{Points: quantity.MaxPoints - 1}, {Points: 1}}
	if sum, err := lots.Sum(list); sum != quantity.MaxPoints || err != nil {
		t.Errorf("the sum is %d, %v", sum, err)
	}
	_, err := lots.Sum(append(list, lots.Lot{Points: 1}))
	wantCode(t, err, fault.OutOfRange)
}

// The form is part of every account and receipt on the ledger.
func TestLotsAndMovesAreFlatInJSON(t *testing.T) {
	cases := []struct {
		value any
		want  string
	}{
		{lots.Lot{Key: lots.Key{Terms: 1}, Points: 5}, `{"terms":1,"points":5}`},
		{
			lots.Move{Lot: lots.Lot{Key: lots.Key{From: 1, Expiry: 19782, Terms: 2, Funding: "campaign:spring"}, Points: -5}, Cause: lots.Redeemed},
			`{"from":"1970-01-02","expiry":"2024-02-29","terms":2,"funding":"campaign:spring","points":-5,"cause":"redeemed"}`,
		},
		{lots.Expiry{Kind: lots.Never}, `{"kind":"never"}`},
		{monthEnd(24), `{"kind":"rolling","months":24,"monthEnd":true}`},
		{fixed(0, 12, 31), `{"kind":"fixed","month":12,"day":31}`},
	}
	for _, c := range cases {
		t.Run(fmt.Sprintf("%T", c.value), func(t *testing.T) {
			if got, err := json.Marshal(c.value); err != nil || string(got) != c.want {
				t.Errorf("%s, %v", got, err)
			}
		})
	}
}
