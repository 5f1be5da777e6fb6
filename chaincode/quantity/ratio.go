package quantity

import (
	"math/bits"

	"github.com/tallystick/tallystick/chaincode/fault"
)

// MaxRatioTerm bounds numerator and denominator of a ratio.
const MaxRatioTerm = 1_000_000_000

// Ratio is Num/Den, with 0 <= Num <= MaxRatioTerm and 1 <= Den <= MaxRatioTerm.
type Ratio struct {
	Num int64 `json:"num"`
	Den int64 `json:"den"`
}

// Valid returns INVALID_VALUE unless both terms are within their ranges.
func (r Ratio) Valid() error {
	if r.Num < 0 || r.Num > MaxRatioTerm || r.Den < 1 || r.Den > MaxRatioTerm {
		return fault.New(fault.InvalidValue, "a ratio needs 0 <= num <= %d and 1 <= den <= %d", MaxRatioTerm, MaxRatioTerm)
	}
	return nil
}

// Floor returns value*r rounded down, computed in 128 bits; value must not be negative. OUT_OF_RANGE when the result is over MaxPoints.
func (r Ratio) Floor(value int64) (int64, error) {
	if value < 0 {
		return 0, fault.New(fault.OutOfRange, "a ratio is applied to amounts that are not negative")
	}
	hi, lo := bits.Mul64(uint64(value), uint64(r.Num))
	if hi >= uint64(r.Den) {
		return 0, fault.New(fault.OutOfRange, "the product of %d and %d/%d is over %d", value, r.Num, r.Den, int64(MaxPoints))
	}
	q, _ := bits.Div64(hi, lo, uint64(r.Den))
	if q > MaxPoints {
		return 0, fault.New(fault.OutOfRange, "the product of %d and %d/%d is over %d", value, r.Num, r.Den, int64(MaxPoints))
	}
	return int64(q), nil
}
