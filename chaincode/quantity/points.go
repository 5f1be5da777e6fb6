package quantity

import "github.com/tallystick/tallystick/chaincode/fault"

// MaxPoints bounds every count of points, in both directions: 2^53-1, so that a JSON number holds it exactly everywhere.
const MaxPoints = 1<<53 - 1

// Points counts loyalty points in the programme's smallest unit, from -MaxPoints to MaxPoints. Only a position may be negative.
type Points int64

// Valid returns OUT_OF_RANGE unless p lies within -MaxPoints and MaxPoints.
func (p Points) Valid() error {
	if p > MaxPoints || p < -MaxPoints {
		return fault.New(fault.OutOfRange, "%d points are beyond ±%d", int64(p), int64(MaxPoints))
	}
	return nil
}

// Add returns p+q, or OUT_OF_RANGE. Both must be valid.
func (p Points) Add(q Points) (Points, error) {
	sum := p + q // Two values within ±2^53 can't overflow 64 bits.
	return sum, sum.Valid()
}

// Sub returns p-q, or OUT_OF_RANGE. Both must be valid.
func (p Points) Sub(q Points) (Points, error) { return p.Add(-q) }

// Sum adds all values, or returns OUT_OF_RANGE.
func Sum(values ...Points) (Points, error) {
	var total Points
	for _, v := range values {
		var err error
		if total, err = total.Add(v); err != nil {
			return 0, err
		}
	}
	return total, nil
}
