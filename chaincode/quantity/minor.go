package quantity

import "github.com/tallystick/tallystick/chaincode/fault"

// Minor is a signed amount in minor units (pence, cents) of a currency that is stated elsewhere, from -MaxMinor to MaxMinor: a net, a position or a payment.
// What a customer sees is Money, which names its currency and is never negative.
type Minor int64

// Valid returns OUT_OF_RANGE unless m lies within -MaxMinor and MaxMinor.
func (m Minor) Valid() error {
	if m > MaxMinor || m < -MaxMinor {
		return fault.New(fault.OutOfRange, "%d minor units are beyond ±%d", int64(m), int64(MaxMinor))
	}
	return nil
}

// Add returns m+n, or OUT_OF_RANGE. Both must be valid.
func (m Minor) Add(n Minor) (Minor, error) {
	sum := m + n // Two values within ±2^53 can't overflow 64 bits.
	return sum, sum.Valid()
}

// Sub returns m-n, or OUT_OF_RANGE. Both must be valid.
func (m Minor) Sub(n Minor) (Minor, error) { return m.Add(-n) }

// Abs returns the amount without its sign. m must be valid.
func (m Minor) Abs() Minor { return max(m, -m) }
