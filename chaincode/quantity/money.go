package quantity

import "github.com/tallystick/tallystick/chaincode/fault"

// MaxMinor bounds every amount of money: 2^53-1 minor units.
const MaxMinor = 1<<53 - 1

// Money is an amount in minor units (pence, cents) of an ISO 4217 currency, from 0 to MaxMinor.
type Money struct {
	Minor    int64  `json:"minor"`
	Currency string `json:"currency"`
}

// Valid returns OUT_OF_RANGE or INVALID_VALUE unless the amount is within its range and the currency has three capital letters.
func (m Money) Valid() error {
	if m.Minor < 0 || m.Minor > MaxMinor {
		return fault.New(fault.OutOfRange, "an amount must lie between 0 and %d minor units", int64(MaxMinor))
	}
	return ValidCurrency(m.Currency)
}

// ValidCurrency returns INVALID_VALUE unless code has the form of an ISO 4217 code.
func ValidCurrency(code string) error {
	if len(code) != 3 {
		return fault.New(fault.InvalidValue, "currency must be a three-letter ISO 4217 code")
	}
	for _, c := range code {
		if c < 'A' || c > 'Z' {
			return fault.New(fault.InvalidValue, "currency must be a three-letter ISO 4217 code")
		}
	}
	return nil
}
