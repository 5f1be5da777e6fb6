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
	q, _, err := r.times(value)
	return q, err
}

// Ceil returns value*r rounded up, computed in 128 bits; value must not be negative. OUT_OF_RANGE when the result is over MaxPoints.
func (r Ratio) Ceil(value int64) (int64, error) {
	q, rest, err := r.times(value)
	if err != nil || rest == 0 {
		return q, err
	}
	return q + 1, r.fits(value, uint64(q)+1)
}

// times returns value*r as a whole number and what is left of it, in units of 1/Den.
func (r Ratio) times(value int64) (whole int64, rest uint64, err error) {
	if value < 0 {
		return 0, 0, fault.New(fault.OutOfRange, "a ratio is applied to amounts that are not negative")
	}
	hi, lo := bits.Mul64(uint64(value), uint64(r.Num))
	if hi >= uint64(r.Den) {
		return 0, 0, r.fits(value, MaxPoints+1)
	}
	q, rest := bits.Div64(hi, lo, uint64(r.Den))
	if err := r.fits(value, q); err != nil {
		return 0, 0, err
	}
	return int64(q), rest, nil
}

func (r Ratio) fits(value int64, product uint64) error {
	if product > MaxPoints {
		return fault.New(fault.OutOfRange, "the product of %d and %d/%d is over %d", value, r.Num, r.Den, int64(MaxPoints))
	}
	return nil
}

// Portion returns value*part/whole rounded down, computed in 128 bits, for 0 <= part <= whole, whole of 1 or more and a value that is not negative; OUT_OF_RANGE otherwise.
func Portion(value, part, whole int64) (int64, error) {
	if value < 0 || part < 0 || whole < 1 || part > whole {
		return 0, fault.New(fault.OutOfRange, "%d of %d is no portion", part, whole)
	}
	hi, lo := bits.Mul64(uint64(value), uint64(part))
	q, _ := bits.Div64(hi, lo, uint64(whole)) // The quotient is at most value.
	return int64(q), nil
}
