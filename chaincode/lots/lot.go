package lots

import (
	"slices"
	"sort"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/quantity"
)

// Max is the most lots that a list has; one more is merged (see Add). What is taken from one list has no more lots than the list.
const Max = 64

// MaxFundingLength bounds a funding reference, in bytes.
const MaxFundingLength = 64

// FundingPurchase is the funding reference of points that the programme itself funds for purchases and other accruals.
const FundingPurchase = ""

// Key is everything that decides when points can be spent and what they are worth: points that agree in it are one lot.
type Key struct {
	From    quantity.Day `json:"from,omitzero"`    // First business date on which they are free; 0 when they are.
	Expiry  quantity.Day `json:"expiry,omitzero"`  // First business date on which they are gone; 0 when no date says so.
	Terms   int          `json:"terms"`            // Version of the terms they were earned under.
	Funding string       `json:"funding,omitzero"` // Who funds them, and under which agreement; FundingPurchase for the programme's own.
}

// Lot is a number of points of one key.
type Lot struct {
	Key
	Points quantity.Points `json:"points"`
}

// Cause says why points came into or left a lot.
type Cause string

// The causes of a move. Pinned and released points stay the account's: they go into and come out of a hold, where a debt takes some of them on the way (repaid). In the same
// way deposited points are there from then on, and folding only moves them.
const (
	Accrued   Cause = "accrued"
	Received  Cause = "received" // By a transfer, a gift or a claim.
	Restored  Cause = "restored" // By the return of a redemption.
	Adjusted  Cause = "adjusted" // Either way.
	Redeemed  Cause = "redeemed"
	Captured  Cause = "captured"  // Redeemed out of a hold.
	Sent      Cause = "sent"      // By a transfer.
	Delivered Cause = "delivered" // Sent out of a hold.
	Recovered Cause = "recovered" // Taken back by the return of a purchase.
	Repaid    Cause = "repaid"    // Paid a debt when they came out of a hold.
	Expired   Cause = "expired"
	Forfeited Cause = "forfeited" // By closing the account.
	Pinned    Cause = "pinned"
	Released  Cause = "released"
	Deposited Cause = "deposited" // Into the inbox, by a partner's award or a swap.
	Folded    Cause = "folded"    // Came out of the inbox into the account, where a debt takes some of them (repaid).
	Swapped   Cause = "swapped"   // Became a partner's points.
)

// Move is a change of one lot: positive points came in, negative points left.
type Move struct {
	Lot
	Cause Cause `json:"cause"`
}

// Sum adds the points of all lots; OUT_OF_RANGE when they are more than can be held.
func Sum(list []Lot) (quantity.Points, error) {
	var total quantity.Points
	for _, l := range list {
		var err error
		if total, err = total.Add(l.Points); err != nil {
			return 0, err
		}
	}
	return total, nil
}

// Less orders lots as a list keeps them: those that a date ends first, then by day of release, terms and funding.
func (k Key) Less(other Key) bool {
	if a, b := dated(k.Expiry), dated(other.Expiry); a != b {
		return a < b
	}
	if k.From != other.From {
		return k.From < other.From
	}
	if k.Terms != other.Terms {
		return k.Terms < other.Terms
	}
	return k.Funding < other.Funding
}

// dated puts what no date ends behind everything else.
func dated(day quantity.Day) quantity.Day {
	if day == 0 {
		return quantity.LastDay + 1
	}
	return day
}

// Add puts a lot into a list that is ordered by key, merging it with the lot of the same key, and returns the new list; the one it was given stays as it was. Beyond Max
// lots two of the same terms and funding are merged: see squeeze. OUT_OF_RANGE when the lot or a sum is below zero or more than can be held, LIMIT when there are more
// than Max lots of which no two may be merged.
func Add(list []Lot, lot Lot) ([]Lot, error) {
	if lot.Points == 0 {
		return list, nil
	}
	if lot.Points < 0 || lot.Points.Valid() != nil {
		return nil, fault.New(fault.OutOfRange, "a lot can't have %d points", int64(lot.Points))
	}
	i := sort.Search(len(list), func(i int) bool { return !list[i].Less(lot.Key) })
	if i < len(list) && list[i].Key == lot.Key {
		sum, err := list[i].Points.Add(lot.Points)
		if err != nil {
			return nil, err
		}
		return slices.Concat(list[:i], []Lot{{Key: lot.Key, Points: sum}}, list[i+1:]), nil
	}
	grown := slices.Concat(list[:i], []Lot{lot}, list[i:])
	if len(grown) > Max {
		return squeeze(grown)
	}
	return grown, nil
}

// Take takes up to want points from the lots that pass the filter, in the given order (nil: the list's own). It returns what it took, lot by lot, what is left
// of the list in the list's order, and by how much the lots fell short. Nothing is taken when want isn't above 0. The list itself is left as it was.
func Take(list []Lot, want quantity.Points, order func(a, b Lot) bool, pass func(Lot) bool) (taken, rest []Lot, short quantity.Points) {
	queue := make([]int, 0, len(list))
	for i, l := range list {
		if pass == nil || pass(l) {
			queue = append(queue, i)
		}
	}
	if order != nil {
		sort.SliceStable(queue, func(i, j int) bool { return order(list[queue[i]], list[queue[j]]) })
	}
	rest = append([]Lot{}, list...)
	want = max(want, 0)
	for _, i := range queue {
		part := min(rest[i].Points, want)
		if part <= 0 {
			continue
		}
		taken = append(taken, Lot{Key: list[i].Key, Points: part})
		rest[i].Points -= part
		want -= part
	}
	return taken, compact(rest), want
}

// Split parts a list in two new ones: the lots that pass (nil for none), and the rest, both in the list's order.
func Split(list []Lot, pass func(Lot) bool) (passed, rest []Lot) {
	rest = make([]Lot, 0, len(list))
	for _, l := range list {
		if pass(l) {
			passed = append(passed, l)
		} else {
			rest = append(rest, l)
		}
	}
	return passed, rest
}

// Free marks the lots that pass as free from now on (From 0) and merges those that became equal. The list itself is left as it was.
func Free(list []Lot, pass func(Lot) bool) ([]Lot, error) {
	due, rest := Split(list, func(l Lot) bool { return l.From != 0 && pass(l) })
	var err error
	for _, l := range due {
		l.From = 0
		if rest, err = Add(rest, l); err != nil {
			return nil, err
		}
	}
	return rest, nil
}

func compact(list []Lot) []Lot {
	kept := list[:0]
	for _, l := range list {
		if l.Points != 0 {
			kept = append(kept, l)
		}
	}
	return kept
}
