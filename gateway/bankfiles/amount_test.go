package bankfiles_test

import (
	"math/big"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/quantity"
	"github.com/tallystick/tallystick/gateway/bankfiles"
)

func TestAmountsAreWrittenWithTheCurrencysDecimals(t *testing.T) {
	for _, c := range []struct {
		minor    int64
		currency string
		want     string
		code     fault.Code
	}{
		{0, "GBP", "0.00", fault.OK},
		{5, "GBP", "0.05", fault.OK},
		{100, "GBP", "1.00", fault.OK},
		{quantity.MaxMinor, "GBP", "90071992547409.91", fault.OK},
		{1230, "JPY", "1230", fault.OK},
		{1230, "KWD", "1.230", fault.OK},
		{7, "BHD", "0.007", fault.OK},
		{12345, "CLF", "1.2345", fault.OK},
		{1230, "IDR", "12.30", fault.OK}, // CLDR says none.
		{1230, "IQD", "1.230", fault.OK}, // CLDR says none.
		{1, "XXX", "", fault.InvalidValue},
		{1, "ZZZ", "", fault.InvalidValue},
		{1, "gbp", "", fault.InvalidValue},
		{-1, "GBP", "", fault.OutOfRange},
		{quantity.MaxMinor + 1, "GBP", "", fault.OutOfRange},
	} {
		t.Run(c.currency+c.want, func(t *testing.T) {
			got, err := bankfiles.FormatAmount(quantity.Money{Minor: c.minor, Currency: c.currency})
			wantCode(t, err, c.code)
			if got != c.want {
				t.Errorf("got %s", got)
			}
		})
	}
}

func TestAmountsAreReadExactlyOrNotAtAll(t *testing.T) {
	for _, c := range []struct {
		text, currency string
		want           int64
		code           fault.Code
	}{
		{"12.3", "GBP", 1230, fault.OK},
		{"12", "GBP", 1200, fault.OK},
		{"12.", "GBP", 1200, fault.OK},
		{".5", "GBP", 50, fault.OK},
		{"0012.30", "GBP", 1230, fault.OK},
		{" 12.30\n", "GBP", 1230, fault.OK},
		{"12.30000", "GBP", 1230, fault.OK},
		{"12.0", "JPY", 12, fault.OK},
		{".0", "JPY", 0, fault.OK},
		{"1.234", "KWD", 1234, fault.OK},
		{"90071992547409.91", "GBP", quantity.MaxMinor, fault.OK},
		{"90071992547409.92", "GBP", 0, fault.OutOfRange},
		{"99999999999999999999.00", "GBP", 0, fault.OutOfRange},
		{"12.301", "GBP", 0, fault.InvalidValue},
		{"12.30001", "GBP", 0, fault.InvalidValue},
		{"12.300000", "GBP", 0, fault.InvalidValue},
		{"12.5", "JPY", 0, fault.InvalidValue},
		{"1.2345", "KWD", 0, fault.InvalidValue},
		{"-1.00", "GBP", 0, fault.InvalidValue},
		{"+1.00", "GBP", 0, fault.InvalidValue},
		{"1e3", "GBP", 0, fault.InvalidValue},
		{"1,000.00", "GBP", 0, fault.InvalidValue},
		{"1.0.0", "GBP", 0, fault.InvalidValue},
		{"1 0", "GBP", 0, fault.InvalidValue},
		{"１２", "GBP", 0, fault.InvalidValue},
		{"", "GBP", 0, fault.InvalidValue},
		{".", "GBP", 0, fault.InvalidValue},
		{strings.Repeat("0", 33), "GBP", 0, fault.InvalidValue},
		{"1", "ZZZ", 0, fault.InvalidValue},
		{"1", "", 0, fault.InvalidValue},
	} {
		t.Run(c.currency+c.text, func(t *testing.T) {
			got, err := bankfiles.ParseAmount(c.text, c.currency)
			wantCode(t, err, c.code)
			if err == nil && got != (quantity.Money{Minor: c.want, Currency: c.currency}) {
				t.Errorf("got %+v", got)
			}
		})
	}
}

// currencies stand for every exponent of ISO 4217.
var currencies = map[string]int{"JPY": 0, "GBP": 2, "EUR": 2, "KWD": 3, "BHD": 3, "CLF": 4}

func TestWrittenAmountsAreReadBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := quantity.Money{Minor: rapid.Int64Range(0, quantity.MaxMinor).Draw(t, "minor"), Currency: rapid.SampledFrom([]string{"JPY", "GBP", "KWD", "CLF"}).Draw(t, "currency")}
		text, err := bankfiles.FormatAmount(m)
		if err != nil {
			t.Fatal(err)
		}
		if back, err := bankfiles.ParseAmount(text, m.Currency); err != nil || back != m {
			t.Fatalf("%+v went as %s and came back as %+v, %v", m, text, back, err)
		}
	})
}

// TestDecimalStringsMeanWhatTheySay compares random decimal strings with arbitrary precision.
func TestDecimalStringsMeanWhatTheySay(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringMatching(`[0-9]{1,16}(\.[0-9]{0,3}0{0,2})?`).Draw(t, "text")
		code := rapid.SampledFrom([]string{"JPY", "GBP", "KWD", "CLF"}).Draw(t, "currency")
		exact, ok := new(big.Rat).SetString(strings.TrimSuffix(text, "."))
		if !ok {
			t.Fatalf("%s is no number", text)
		}
		exact.Mul(exact, new(big.Rat).SetInt(new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(currencies[code])), nil)))
		fits := exact.IsInt() && exact.Num().Cmp(big.NewInt(quantity.MaxMinor)) <= 0
		got, err := bankfiles.ParseAmount(text, code)
		if fits != (err == nil) {
			t.Fatalf("%s %s is %v minor units: %v", text, code, exact, err)
		}
		if err == nil && exact.Num().Cmp(big.NewInt(got.Minor)) != 0 {
			t.Fatalf("%s %s is %v minor units, got %d", text, code, exact, got.Minor)
		}
	})
}
