package rules

import (
	"math/bits"

	"github.com/tallystick/tallystick/chaincode/quantity"
)

// complaint says what is wrong with an action, or nothing.
func (a *Action) complaint() string {
	kinds := 0
	for _, there := range []bool{a.Rate != nil, len(a.Tiered) > 0, a.Fixed != 0, a.Multiplier != nil} {
		if there {
			kinds++
		}
	}
	if kinds != 1 {
		return "the action must be exactly one of rate, tiered, fixed and multiplier"
	}
	byAmount := a.Rate != nil || len(a.Tiered) > 0
	if rounded := a.Rounding == Floor || a.Rounding == HalfEven || a.Rounding == Ceil; byAmount != rounded || !byAmount && a.Rounding != "" {
		return "rate and tiered name their rounding: floor, halfEven or ceil; other actions have none"
	}
	if a.Category != "" && (!byAmount || !isWord(a.Category)) {
		return "only rate and tiered look at a category, whose name has 1 to 32 bytes"
	}
	if byAmount {
		return a.rateComplaint()
	}
	if badCap(a.Fixed) {
		return "fixed points must lie between 1 and 2^53-1"
	}
	if m := a.Multiplier; m != nil && (m.Valid() != nil || m.Num <= m.Den) {
		return "a multiplier must be over 1"
	}
	return ""
}

func (a *Action) rateComplaint() string {
	if a.Rate != nil {
		if a.Rate.Valid() != nil {
			return "the rate has a term that is out of its range"
		}
		return ""
	}
	if len(a.Tiered) > MaxBrackets {
		return "a tiered rate has at most 16 brackets"
	}
	from := int64(0)
	for i, b := range a.Tiered {
		last := i == len(a.Tiered)-1
		if b.Rate.Valid() != nil {
			return "a bracket's rate has a term that is out of its range"
		}
		if last != (b.UpTo == 0) || !last && (b.UpTo <= from || b.UpTo > quantity.MaxMinor) {
			return "brackets end at rising amounts, and the last one has no end"
		}
		from = b.UpTo
	}
	return ""
}

// points is what the action gives before any cap; base is what earlier rules other than multipliers gave. OUT_OF_RANGE when it is over quantity.MaxPoints.
func (a *Action) points(ev *Event, base quantity.Points) (quantity.Points, error) {
	switch {
	case a.Rate != nil:
		return rounded(ev.minor(a.Category), *a.Rate, a.Rounding)
	case a.Multiplier != nil:
		return rounded(int64(base), quantity.Ratio{Num: a.Multiplier.Num - a.Multiplier.Den, Den: a.Multiplier.Den}, Floor)
	case len(a.Tiered) > 0:
		return a.tiered(ev.minor(a.Category))
	default:
		return a.Fixed, nil
	}
}

// tiered rounds every bracket by itself.
func (a *Action) tiered(amount int64) (quantity.Points, error) {
	var total quantity.Points
	from := int64(0)
	for _, b := range a.Tiered {
		part := amount - from
		if b.UpTo != 0 {
			part = min(part, b.UpTo-from)
		}
		if part <= 0 {
			break
		}
		p, err := rounded(part, b.Rate, a.Rounding)
		if err != nil {
			return 0, err
		}
		if total, err = total.Add(p); err != nil {
			return 0, err
		}
		from = b.UpTo
	}
	return total, nil
}

// rounded is value*r, for a value that isn't negative; OUT_OF_RANGE when it is over quantity.MaxPoints.
func rounded(value int64, r quantity.Ratio, how Rounding) (quantity.Points, error) {
	whole, err := r.Floor(value)
	if err != nil {
		return 0, err
	}
	hi, lo := bits.Mul64(uint64(value), uint64(r.Num))
	rest := bits.Rem64(hi, lo, uint64(r.Den))
	up := false
	switch how {
	case Ceil:
		up = rest > 0
	case HalfEven:
		other := uint64(r.Den) - rest
		up = rest > other || rest == other && whole%2 == 1
	}
	if !up {
		return quantity.Points(whole), nil
	}
	return quantity.Points(whole).Add(1)
}
