package quantity

import (
	"math/bits"
	"strconv"

	"github.com/tallystick/tallystick/chaincode/fault"
)

// MicroPerMinor is how many Micro make one minor unit.
const MicroPerMinor = 1_000_000

// MaxMicro bounds every Micro, in both directions: 2^62-1, which is 4.6 * 10^12 minor units. Two of them can't overflow 64 bits.
const MaxMicro = 1<<62 - 1

// Micro is a signed amount in millionths of a minor unit, from -MaxMicro to MaxMicro: what obligations accrue in, so that rounding happens once and not per
// operation. It travels as a decimal string, since it can be larger than a JSON number holds exactly everywhere.
type Micro int64

// Valid returns OUT_OF_RANGE unless m lies within -MaxMicro and MaxMicro.
func (m Micro) Valid() error {
	if m > MaxMicro || m < -MaxMicro {
		return fault.New(fault.OutOfRange, "%d millionths of a minor unit are beyond ±%d", int64(m), int64(MaxMicro))
	}
	return nil
}

// Add returns m+n, or OUT_OF_RANGE. Both must be valid.
func (m Micro) Add(n Micro) (Micro, error) {
	sum := m + n // Two values within ±2^62 can't overflow 64 bits.
	return sum, sum.Valid()
}

// Sub returns m-n, or OUT_OF_RANGE. Both must be valid.
func (m Micro) Sub(n Micro) (Micro, error) { return m.Add(-n) }

// MarshalText gives decimal digits, after a minus sign when the amount is negative.
func (m Micro) MarshalText() ([]byte, error) { return strconv.AppendInt(nil, int64(m), 10), nil }

// UnmarshalText reads what MarshalText gives and no other form: INVALID_VALUE for a plus sign, leading zeros or anything but digits, OUT_OF_RANGE beyond ±MaxMicro.
func (m *Micro) UnmarshalText(b []byte) error {
	n, err := strconv.ParseInt(string(b), 10, 64)
	if err != nil && isDecimal(string(b)) {
		return fault.New(fault.OutOfRange, "an amount of millionths of a minor unit is beyond ±%d", int64(MaxMicro))
	}
	if err != nil || strconv.FormatInt(n, 10) != string(b) {
		return fault.New(fault.InvalidValue, "an amount of millionths of a minor unit is written in decimal digits, without leading zeros")
	}
	if err := Micro(n).Valid(); err != nil {
		return err
	}
	*m = Micro(n)
	return nil
}

// isDecimal says whether s has the form of a whole number without leading zeros, however large.
func isDecimal(s string) bool {
	if s != "" && s[0] == '-' {
		s = s[1:]
	}
	if s == "" || s[0] == '0' {
		return false
	}
	for _, c := range s {
		if c < '0' || c > '9' {
			return false
		}
	}
	return true
}

// Value returns points*r in millionths of a minor unit, rounded half-even, where r is a price in minor units per point; computed in 128 bits. OUT_OF_RANGE when the
// points are negative or not valid, or the result is over MaxMicro. r must be valid.
func (r Ratio) Value(points Points) (Micro, error) {
	if points < 0 || points > MaxPoints {
		return 0, fault.New(fault.OutOfRange, "%d points have no value in money", int64(points))
	}
	return r.halfEven(uint64(points), uint64(r.Num)*MicroPerMinor) // At most 10^15.
}

// Share returns amount*r rounded half-even, computed in 128 bits: a fee on an amount, for instance. OUT_OF_RANGE when the amount is negative or not valid, or the
// result is over MaxMicro. r must be valid.
func (r Ratio) Share(amount Micro) (Micro, error) {
	if amount < 0 || amount > MaxMicro {
		return 0, fault.New(fault.OutOfRange, "no share is taken of %d millionths of a minor unit", int64(amount))
	}
	return r.halfEven(uint64(amount), uint64(r.Num))
}

// halfEven returns a*b/Den rounded to the nearest whole number, halves to the even one.
func (r Ratio) halfEven(a, b uint64) (Micro, error) {
	tooLarge := fault.New(fault.OutOfRange, "the product of %d and %d/%d is over %d millionths of a minor unit", a, b, r.Den, int64(MaxMicro))
	hi, lo := bits.Mul64(a, b)
	if hi >= uint64(r.Den) {
		return 0, tooLarge
	}
	whole, rest := bits.Div64(hi, lo, uint64(r.Den))
	if whole > MaxMicro {
		return 0, tooLarge
	}
	if twice := 2 * rest; twice > uint64(r.Den) || twice == uint64(r.Den) && whole%2 == 1 {
		whole++
	}
	return Micro(whole), Micro(whole).Valid()
}
