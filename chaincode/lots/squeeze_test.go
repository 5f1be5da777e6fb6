package lots_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/lots"
	"github.com/tallystick/tallystick/chaincode/quantity"
)

// full is a list of Max-n lots that can't be merged with anything, each with a funding of its own; they expire last.
func full(t failer, n int) []lots.Lot {
	t.Helper()
	var list []lots.Lot
	for i := range lots.Max - n {
		var err error
		if list, err = lots.Add(list, lots.Lot{Key: lots.Key{Terms: 1, Funding: fmt.Sprintf("agreement:%d", i)}, Points: 1}); err != nil {
			t.Fatalf("%v", err)
		}
	}
	return list
}

func TestOneLotTooManyMergesTheCheapestPair(t *testing.T) {
	const half = quantity.Points(1 << 52)
	lot := func(from, expiry quantity.Day, points quantity.Points) lots.Lot {
		return lots.Lot{Key: lots.Key{From: from, Expiry: expiry, Terms: 1}, Points: points}
	}
	other := func(l lots.Lot) lots.Lot {
		l.Terms = 2
		return l
	}
	cases := []struct {
		name string
		add  []lots.Lot // One more than there is room for.
		want []lots.Lot // What becomes of them.
	}{
		{"the closest, at the later expiry", []lots.Lot{lot(0, 200, 1), lot(0, 203, 1), lot(0, 205, 1)}, []lots.Lot{lot(0, 200, 1), lot(0, 205, 2)}},
		{"of equal ones the first", []lots.Lot{lot(0, 200, 1), lot(0, 202, 1), lot(0, 204, 1)}, []lots.Lot{lot(0, 202, 2), lot(0, 204, 1)}},
		{"few points rather than many", []lots.Lot{lot(0, 200, 9), lot(0, 202, 1), lot(0, 204, 1)}, []lots.Lot{lot(0, 200, 9), lot(0, 204, 2)}},
		{"few points far rather than many near", []lots.Lot{lot(0, 200, 9), lot(0, 201, 1), lot(0, 209, 1)}, []lots.Lot{lot(0, 200, 9), lot(0, 209, 2)}},
		{"at the later release", []lots.Lot{lot(100, 200, 1), lot(101, 200, 1), lot(105, 200, 1)}, []lots.Lot{lot(101, 200, 2), lot(105, 200, 1)}},
		{"what is released later can expire earlier", []lots.Lot{lot(101, 200, 1), lot(100, 201, 1), lot(100, 299, 1)}, []lots.Lot{lot(101, 201, 2), lot(100, 299, 1)}},
		{"few points wait for many", []lots.Lot{lot(101, 200, 50), lot(100, 201, 1), lot(100, 400, 1)}, []lots.Lot{lot(101, 201, 51), lot(100, 400, 1)}},
		{"nine days of expiry rather than one of release", []lots.Lot{lot(100, 200, 1), lot(100, 209, 1), lot(101, 209, 1)}, []lots.Lot{lot(100, 209, 2), lot(101, 209, 1)}},
		{"one day of release rather than eleven of expiry", []lots.Lot{lot(100, 200, 1), lot(100, 211, 1), lot(101, 211, 1)}, []lots.Lot{lot(100, 200, 1), lot(101, 211, 2)}},
		{"a free one is not kept waiting", []lots.Lot{lot(0, 200, 1), lot(100, 200, 1), lot(0, 9000, 1)}, []lots.Lot{lot(100, 200, 1), lot(0, 9000, 2)}},
		{"what no date ends gets none", []lots.Lot{lot(0, 200, 1), lot(0, 290, 1), lot(0, 0, 1)}, []lots.Lot{lot(0, 290, 2), lot(0, 0, 1)}},
		{"terms are kept apart", []lots.Lot{lot(0, 200, 1), other(lot(0, 200, 1)), lot(0, 290, 1)}, []lots.Lot{other(lot(0, 200, 1)), lot(0, 290, 2)}},
		{"past one released much later", []lots.Lot{lot(100, 200, 1), lot(150, 201, 1), lot(100, 202, 1)}, []lots.Lot{lot(150, 201, 1), lot(100, 202, 2)}},
		{"expiry over 64 bits", []lots.Lot{lot(0, 200, half), lot(0, 4297, half/2), lot(0, 4302, 1)}, []lots.Lot{lot(0, 200, half), lot(0, 4302, half/2+1)}},
		{"expiry and release over 64 bits", []lots.Lot{lot(100, 200, half), lot(101, 4295, half/2), lot(101, 4395, 1)}, []lots.Lot{lot(100, 200, half), lot(101, 4395, half/2+1)}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			list := full(t, len(c.add)-1)
			for _, l := range c.add {
				var err error
				if list, err = lots.Add(list, l); err != nil {
					t.Fatal(err)
				}
			}
			got, _ := lots.Split(list, func(l lots.Lot) bool { return l.Funding == lots.FundingPurchase })
			if !slices.Equal(got, c.want) {
				t.Errorf("got %v", got)
			}
		})
	}
}

func TestWhatMayNotBeMergedIsRefused(t *testing.T) {
	cases := []struct {
		name string
		a, b lots.Key
	}{
		{"different funding", lots.Key{Expiry: 200, Terms: 1}, lots.Key{Expiry: 200, Terms: 1, Funding: "campaign:spring"}},
		{"different terms", lots.Key{Expiry: 200, Terms: 1}, lots.Key{Expiry: 200, Terms: 2}},
		{"one that waits", lots.Key{Expiry: 200, Terms: 1}, lots.Key{From: 1, Expiry: 200, Terms: 1}},
		{"one that no date ends", lots.Key{Expiry: 200, Terms: 1}, lots.Key{Terms: 1}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			list, err := lots.Add(full(t, 1), lots.Lot{Key: c.a, Points: 1})
			wantCode(t, err, fault.OK)
			given, untouched := guarded(list)
			_, err = lots.Add(given, lots.Lot{Key: c.b, Points: 1})
			wantCode(t, err, fault.Limit)
			untouched(t)
			if grown, err := lots.Add(given, lots.Lot{Key: c.a, Points: 1}); err != nil || len(grown) != lots.Max {
				t.Errorf("more points of a known lot: %d lots, %v", len(grown), err)
			}
		})
	}
}

func TestAMergeBeyondPointsIsRefused(t *testing.T) {
	list := full(t, 1)
	list, err := lots.Add(list, lots.Lot{Key: lots.Key{Expiry: 200, Terms: 1}, Points: quantity.MaxPoints})
	wantCode(t, err, fault.OK)
	given, untouched := guarded(list)
	_, err = lots.Add(given, lots.Lot{Key: lots.Key{Expiry: 201, Terms: 1}, Points: 1})
	wantCode(t, err, fault.OutOfRange)
	untouched(t)
}

func TestMergingTakesNobodysDaysAway(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var list, all []lots.Lot
		n := rapid.SampledFrom([]int{10, lots.Max, 150}).Draw(t, "n")
		for _, l := range rapid.SliceOfN(anyLot(), n, n).Draw(t, "lots") {
			given, untouched := guarded(list)
			next, err := lots.Add(given, l)
			wantCode(t, err, fault.OK)
			untouched(t)
			wantOrdered(t, next)
			if len(next) > lots.Max {
				t.Fatalf("%d lots", len(next))
			}
			if len(list) == lots.Max {
				wantNoDayTaken(t, append(slices.Clone(list), l), next)
			}
			list, all = next, append(all, l)
		}
		wantNoDayTaken(t, all, list) // Nor over all steps together.
	})
}

// kind is what merging keeps: points of one kind stay of that kind.
type kind struct {
	terms        int
	funding      string
	waits, dated bool
}

// wantNoDayTaken holds when after has the points of before, kind by kind, and on every day no more of them are gone and no more of them free than before.
func wantNoDayTaken(t failer, before, after []lots.Lot) {
	t.Helper()
	was, is := profiles(before), profiles(after)
	if len(was) != len(is) {
		t.Fatalf("%v became %v", before, after)
	}
	for k, old := range was {
		now := is[k]
		if now == nil || now.points != old.points {
			t.Fatalf("%+v: the points of %v became %v", k, before, after)
		}
		for day := range old.gone {
			if now.gone[day] > old.gone[day] || now.free[day] > old.free[day] {
				t.Fatalf("%+v: on day %d %d were gone and %d free, now %d and %d", k, day, old.gone[day], old.free[day], now.gone[day], now.free[day])
			}
		}
	}
}

// profile counts the points of one kind that are gone, and that are free, by each of the days of anyLot.
type profile struct {
	points     quantity.Points
	gone, free [210]quantity.Points
}

func profiles(list []lots.Lot) map[kind]*profile {
	all := map[kind]*profile{}
	for _, l := range list {
		k := kind{l.Terms, l.Funding, l.From != 0, l.Expiry != 0}
		if all[k] == nil {
			all[k] = &profile{}
		}
		p := all[k]
		p.points += l.Points
		for day := range p.gone {
			if l.Expiry != 0 && int(l.Expiry) <= day {
				p.gone[day] += l.Points
			}
			if int(l.From) <= day {
				p.free[day] += l.Points
			}
		}
	}
	return all
}

// A row of daily lots is longer than Max where points wait for 90 days and live for two years: they must become free all the same, hardly later than promised, and still
// expire.
func TestDailyLotsBecomeFreeAndExpireNearTheirDays(t *testing.T) {
	const pending, life, late, extended = 90, 730, 14, 60
	for _, most := range []int{1, 10, 1000, 1_000_000} {
		t.Run(fmt.Sprintf("1 to %d points a day", most), func(t *testing.T) {
			random := rand.New(rand.NewPCG(1, uint64(most)))
			var list, waiting []lots.Lot
			earned := []quantity.Points{0} // Up to each day.
			for today := range quantity.Day(1200) {
				l := lots.Lot{Key: lots.Key{From: today + pending, Expiry: today + life, Terms: 1}, Points: quantity.Points(1 + random.IntN(most))}
				var err error
				if list, err = lots.Add(list, l); err != nil {
					t.Fatal(err)
				}
				if list, err = lots.Free(list, func(l lots.Lot) bool { return l.From <= today }); err != nil {
					t.Fatal(err)
				}
				_, list = lots.Split(list, func(l lots.Lot) bool { return l.Expiry <= today })
				waiting, _ = lots.Split(list, func(l lots.Lot) bool { return l.From != 0 })
				earned = append(earned, earned[today]+l.Points)
				if got, most := mustSum(t, waiting), earned[today+1]-earned[max(0, int(today)-pending-late)]; got > most {
					t.Fatalf("on day %d %d points wait, %d were earned in %d days", today, got, most, pending+late)
				}
				if got, most := mustSum(t, list), earned[today+1]-earned[max(0, int(today)-life-extended)]; got > most {
					t.Fatalf("on day %d there are %d points, %d were earned in %d days", today, got, most, life+extended)
				}
			}
		})
	}
}

func BenchmarkAddToAFullList(b *testing.B) {
	var list []lots.Lot
	for i := range quantity.Day(lots.Max) {
		list, _ = lots.Add(list, lots.Lot{Key: lots.Key{Expiry: 200 + 2*i, Terms: 1}, Points: 100})
	}
	for b.Loop() {
		if _, err := lots.Add(list, lots.Lot{Key: lots.Key{Expiry: 501, Terms: 1}, Points: 100}); err != nil {
			b.Fatal(err)
		}
	}
}
