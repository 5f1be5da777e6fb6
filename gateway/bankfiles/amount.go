package bankfiles

import (
	"strconv"
	"strings"

	"github.com/bojanz/currency"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/quantity"
)

// maxFraction is how many decimals ISO 20022 lets an amount have (ActiveOrHistoricCurrencyAndAmount: 18 digits in all, 5 of them decimals). quantity.MaxMinor has 16 digits, so
// that an amount of ours always fits.
const maxFraction = 5

// maxAmountText bounds the text of an amount that is read: 18 digits, a sign, a point and zeros that some banks fill up with.
const maxAmountText = 32

// exponent is the number of decimals that an amount in the currency has by ISO 4217, 0 to 4. INVALID_VALUE for a code that isn't in use.
func exponent(code string) (int, error) {
	if err := quantity.ValidCurrency(code); err != nil {
		return 0, err
	}
	digits, ok := currency.GetDigits(code)
	if !ok {
		return 0, fault.New(fault.InvalidValue, "%s is not a currency in use by ISO 4217", code)
	}
	return int(digits), nil
}

// FormatAmount writes an amount as ISO 20022 wants it: a decimal string with exactly the currency's decimals, such as 12.30 for 1230 pence, 1230 for 1230 yen and 1.230 for 1230
// fils of Kuwait. OUT_OF_RANGE or INVALID_VALUE for an amount that isn't valid or whose currency isn't in use.
func FormatAmount(m quantity.Money) (string, error) {
	if err := m.Valid(); err != nil {
		return "", err
	}
	decimals, err := exponent(m.Currency)
	if err != nil {
		return "", err
	}
	digits := strconv.FormatInt(m.Minor, 10)
	if decimals == 0 {
		return digits, nil
	}
	if missing := decimals + 1 - len(digits); missing > 0 {
		digits = strings.Repeat("0", missing) + digits
	}
	point := len(digits) - decimals
	return digits[:point] + "." + digits[point:], nil
}

// ParseAmount reads a decimal string of ISO 20022 into minor units, exactly. Zeros beyond the currency's decimals are let pass, as some banks write five decimals of everything;
// anything else there is INVALID_VALUE, as are a sign, an exponent, separators and a currency that isn't in use. OUT_OF_RANGE above quantity.MaxMinor.
func ParseAmount(text, code string) (quantity.Money, error) {
	decimals, err := exponent(code)
	if err != nil {
		return quantity.Money{}, err
	}
	if len(text) > maxAmountText {
		return quantity.Money{}, fault.New(fault.InvalidValue, "an amount is written with at most %d characters", maxAmountText)
	}
	whole, fraction, _ := strings.Cut(strings.Trim(text, " \t\r\n"), ".")
	if whole+fraction == "" || !onlyDigits(whole) || !onlyDigits(fraction) {
		return quantity.Money{}, fault.New(fault.InvalidValue, "an amount is a decimal number without sign, exponent or separators")
	}
	if len(fraction) > maxFraction {
		return quantity.Money{}, fault.New(fault.InvalidValue, "an amount has at most %d decimals", maxFraction)
	}
	if len(fraction) > decimals && strings.Trim(fraction[decimals:], "0") != "" {
		return quantity.Money{}, fault.New(fault.InvalidValue, "an amount in %s has at most %d decimals", code, decimals)
	}
	fraction = (fraction + strings.Repeat("0", maxFraction))[:decimals]
	minor, err := strconv.ParseInt("0"+whole+fraction, 10, 64)
	if err != nil {
		return quantity.Money{}, fault.New(fault.OutOfRange, "an amount must lie between 0 and %d minor units", int64(quantity.MaxMinor))
	}
	m := quantity.Money{Minor: minor, Currency: code}
	return m, m.Valid()
}

func onlyDigits(s string) bool { return strings.Trim(s, "0123456789") == "" }

// add returns a+b of one currency; OUT_OF_RANGE above quantity.MaxMinor. Both must be valid, so that the sum of two can't overflow 64 bits.
func add(a, b quantity.Money) (quantity.Money, error) {
	a.Minor += b.Minor
	return a, a.Valid()
}
