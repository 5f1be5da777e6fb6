package statement

import (
	"math/big"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/quantity"
)

// Allocation is a transaction price cut into what pays for the goods and what pays for the points that came with them, in minor units of one currency.
type Allocation struct {
	Goods  int64
	Points int64
}

// Usage is what became of the points that a price was allocated to. Points that were taken back by returns are in no part: their price went back with them.
type Usage struct {
	Redeemed    quantity.Points // For good.
	Lost        quantity.Points // Expired or forfeited.
	Outstanding quantity.Points
}

// Recognition is how far a price has become revenue at the end of a period, in minor units of one currency. Earned and Liability add up to the price.
type Recognition struct {
	Revenue   int64 // Of the period. Below 0 where a new estimate takes back more than was redeemed.
	Earned    int64 // Since the points were issued.
	Breakage  int64 // The part of Earned that stands for points that nobody is expected to redeem, or that were lost.
	Liability int64 // Contract liability: not earned yet.
}

// SellingPrice estimates the stand-alone selling price of points: the value of those that are expected to be redeemed (IFRS 15, paragraph B42), rounded half-even to a
// minor unit. INVALID_VALUE when the value is no ratio, OUT_OF_RANGE below 0 and above MaxMinor.
func SellingPrice(expected quantity.Points, value quantity.Ratio) (int64, error) {
	if err := value.Valid(); err != nil {
		return 0, err
	}
	if expected < 0 {
		return 0, fault.New(fault.OutOfRange, "%d points can't be expected to be redeemed", int64(expected))
	}
	return portion(int64(expected), value.Num, value.Den)
}

// Allocate cuts a transaction price in proportion to the stand-alone selling prices of the goods and of the points that came with them (IFRS 15, paragraphs 74 and B40).
// What the points get is rounded half-even to a minor unit, the goods get the rest. OUT_OF_RANGE unless all amounts lie between 0 and MaxMinor, INVALID_VALUE when neither
// goods nor points have a selling price.
func Allocate(price, goods, points int64) (Allocation, error) {
	for _, amount := range []int64{price, goods, points} {
		if err := validAmount(amount); err != nil {
			return Allocation{}, err
		}
	}
	if goods+points == 0 {
		return Allocation{}, fault.New(fault.InvalidValue, "neither goods nor points have a selling price")
	}
	forPoints, err := portion(price, points, goods+points)
	return Allocation{Goods: price - forPoints, Points: forPoints}, err
}

// Recognise tells how far a price that was allocated to points has become revenue: as much of it as of the points that are ever expected to be redeemed have been, so
// that expected breakage is revenue in proportion to what is redeemed (IFRS 15, paragraph B46, and Illustrative Example 52). A new estimate counts from the beginning, and
// its effect falls into the period: before is what was Earned at the end of the period before. Once nothing more is expected to be redeemed, everything is earned.
//
// Earned is rounded half-even to a minor unit, and Breakage is Earned less the redeemed points' own part of the price, rounded so as well. OUT_OF_RANGE when a number is
// below 0 or an amount above MaxMinor, INVALID_VALUE unless expected is at least what was redeemed and at most that and what is outstanding.
func Recognise(price, before int64, u Usage, expected quantity.Points) (Recognition, error) {
	for _, amount := range []int64{price, before} {
		if err := validAmount(amount); err != nil {
			return Recognition{}, err
		}
	}
	issued, err := u.issued()
	if err != nil {
		return Recognition{}, err
	}
	if expected < u.Redeemed || expected > u.Redeemed+u.Outstanding {
		return Recognition{}, fault.New(fault.InvalidValue, "%d points can't be expected to be redeemed: %d are, %d can be",
			int64(expected), int64(u.Redeemed), int64(u.Redeemed+u.Outstanding))
	}
	earned := price
	if expected > 0 {
		if earned, err = portion(price, int64(u.Redeemed), int64(expected)); err != nil {
			return Recognition{}, err
		}
	}
	own, err := portion(price, int64(u.Redeemed), max(int64(issued), 1))
	return Recognition{Revenue: earned - before, Earned: earned, Breakage: earned - own, Liability: price - earned}, err
}

func (u *Usage) issued() (quantity.Points, error) {
	if u.Redeemed < 0 || u.Lost < 0 || u.Outstanding < 0 {
		return 0, fault.New(fault.OutOfRange, "points that were redeemed, lost or are outstanding can't be below 0")
	}
	return quantity.Sum(u.Redeemed, u.Lost, u.Outstanding)
}

// portion is amount*part/whole rounded half-even, for numbers that aren't negative and a whole of 1 or more; OUT_OF_RANGE above MaxMinor.
func portion(amount, part, whole int64) (int64, error) {
	exact := new(big.Rat).SetFrac64(part, whole)
	return rounded(exact.Mul(exact, new(big.Rat).SetInt64(amount)))
}

func validAmount(minor int64) error {
	if minor < 0 || minor > quantity.MaxMinor {
		return fault.New(fault.OutOfRange, "an amount must lie between 0 and %d minor units", int64(quantity.MaxMinor))
	}
	return nil
}
