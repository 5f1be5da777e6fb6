package lots

import (
	"math/bits"
	"slices"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/quantity"
)

// releaseWeight is how much more a day of later release costs than a day of later expiry: the holder waits for the one, the issuer gives the other.
const releaseWeight = 10

// squeeze merges the two lots whose merging costs least, at the later expiry and the later day of release: no point's life gets shorter, and none is free earlier. Lots
// of different terms or funding are never merged, nor a free one with one that waits for its day, nor one that a date ends with one that none does. Of equal costs the
// first pair in the list's order is taken.
//
// The cost is how many points are moved, times how far. By days alone the oldest two of a row of daily lots would be merged again and again, and the points of somebody
// who earns every day would never become free.
func squeeze(list []Lot) ([]Lot, error) {
	first, second := cheapest(list)
	if first < 0 {
		return nil, fault.New(fault.Limit, "at most %d lots of different terms and funding can be kept", Max)
	}
	merged, err := merge(list[first], list[second])
	if err != nil {
		return nil, err
	}
	return Add(slices.Concat(list[:first], list[first+1:second], list[second+1:]), merged)
}

// cheapest finds the pair that costs least to merge; -1 when no two may be merged.
func cheapest(list []Lot) (first, second int) {
	first, second = -1, -1
	var least pointDays
	for i := range list {
		for j := i + 1; j < len(list); j++ {
			if !mergeable(&list[i].Key, &list[j].Key) {
				continue
			}
			cost, behind := costOf(&list[i], &list[j])
			if first < 0 || cost.less(least) {
				first, second, least = i, j, cost
			}
			if !behind.less(least) {
				break
			}
		}
	}
	return first, second
}

func mergeable(a, b *Key) bool {
	return a.Terms == b.Terms && a.Funding == b.Funding && (a.From == 0) == (b.From == 0) && (a.Expiry == 0) == (b.Expiry == 0)
}

// merge makes one lot of two; a stands before b in the list, so it doesn't expire later.
func merge(a, b Lot) (Lot, error) {
	sum, err := a.Points.Add(b.Points)
	b.From, b.Points = max(a.From, b.From), sum
	return b, err
}

// costOf is how many points merging two lots moves by how many days of expiry and of release; a stands before b in the list. Merging a with a lot behind b doesn't cost
// less than behind: its expiry lies as far away, or farther.
func costOf(a, b *Lot) (cost, behind pointDays) {
	behind = pointDays{}.plus(a.Points, b.Expiry-a.Expiry)
	if a.From < b.From {
		return behind.plus(a.Points, releaseWeight*(b.From-a.From)), behind
	}
	return behind.plus(b.Points, releaseWeight*(a.From-b.From)), behind
}

// pointDays is a number of points times days in 128 bits: it can be over 2^64.
type pointDays struct{ high, low uint64 }

func (p pointDays) plus(points quantity.Points, days quantity.Day) pointDays {
	high, low := bits.Mul64(uint64(points), uint64(days))
	low, carry := bits.Add64(p.low, low, 0)
	high, _ = bits.Add64(p.high, high, carry)
	return pointDays{high, low}
}

func (p pointDays) less(other pointDays) bool {
	return p.high < other.high || p.high == other.high && p.low < other.low
}
