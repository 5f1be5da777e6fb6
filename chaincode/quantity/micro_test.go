package quantity_test

import (
	"encoding/json"
	"math/big"
	"testing"

	"pgregory.net/rapid"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/quantity"
)

func TestMicroAddsAndSubtractsWithinItsRange(t *testing.T) {
	const top = quantity.MaxMicro
	cases := []struct {
		name      string
		m, n, sum quantity.Micro
		code      fault.Code
	}{
		{"below zero", 2, -3, -1, fault.OK},
		{"to the top", top - 1, 1, top, fault.OK},
		{"over the top", top, 1, 0, fault.OutOfRange},
		{"twice the top", top, top, 0, fault.OutOfRange},
		{"to the bottom", -top + 1, -1, -top, fault.OK},
		{"under the bottom", -top, -1, 0, fault.OutOfRange},
		{"twice the bottom", -top, -top, 0, fault.OutOfRange},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			got, err := c.m.Add(c.n)
			wantCode(t, err, c.code)
			if err == nil && got != c.sum {
				t.Errorf("sum is %d", got)
			}
			back, err := c.m.Sub(-c.n)
			wantCode(t, err, c.code)
			if err == nil && back != c.sum {
				t.Errorf("difference is %d", back)
			}
		})
	}
}

func TestMinorAddsAndSubtractsWithinItsRange(t *testing.T) {
	const top = quantity.MaxMinor
	cases := []struct {
		name      string
		m, n, sum quantity.Minor
		code      fault.Code
	}{
		{"below zero", 2, -3, -1, fault.OK},
		{"to the top", top - 1, 1, top, fault.OK},
		{"over the top", top, 1, 0, fault.OutOfRange},
		{"under the bottom", -top, -1, 0, fault.OutOfRange},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			got, err := c.m.Add(c.n)
			wantCode(t, err, c.code)
			if err == nil && got != c.sum {
				t.Errorf("sum is %d", got)
			}
			back, err := c.m.Sub(-c.n)
			wantCode(t, err, c.code)
			if err == nil && back != c.sum {
				t.Errorf("difference is %d", back)
			}
		})
	}
	if quantity.Minor(-3).Abs() != 3 || quantity.Minor(3).Abs() != 3 {
		t.Error("an amount without its sign is another amount")
	}
}

func TestMicroTravelsAsDecimalText(t *testing.T) {
	cases := []struct {
		text string
		want quantity.Micro
		code fault.Code
	}{
		{`"0"`, 0, fault.OK},
		{`"-1"`, -1, fault.OK},
		{`"4611686018427387903"`, quantity.MaxMicro, fault.OK},
		{`"-4611686018427387903"`, -quantity.MaxMicro, fault.OK},
		{`"4611686018427387904"`, 0, fault.OutOfRange},
		{`"-4611686018427387904"`, 0, fault.OutOfRange},
		{`"99999999999999999999"`, 0, fault.OutOfRange},
		{`"-99999999999999999999"`, 0, fault.OutOfRange},
		{`"099999999999999999999"`, 0, fault.InvalidValue},
		{`"9999999999999999999x"`, 0, fault.InvalidValue},
		{`"+1"`, 0, fault.InvalidValue},
		{`"01"`, 0, fault.InvalidValue},
		{`"-0"`, 0, fault.InvalidValue},
		{`"-"`, 0, fault.InvalidValue},
		{`"1e3"`, 0, fault.InvalidValue},
		{`"1.0"`, 0, fault.InvalidValue},
		{`" 1"`, 0, fault.InvalidValue},
		{`""`, 0, fault.InvalidValue},
	}
	for _, c := range cases {
		t.Run(c.text, func(t *testing.T) {
			var got quantity.Micro
			wantCode(t, json.Unmarshal([]byte(c.text), &got), c.code)
			if got != c.want {
				t.Errorf("read as %d", got)
			}
			if c.code != fault.OK {
				return
			}
			if back, err := json.Marshal(got); err != nil || string(back) != c.text {
				t.Errorf("written as %s, %v", back, err)
			}
		})
	}
	var number quantity.Micro
	if json.Unmarshal([]byte(`1`), &number) == nil {
		t.Error("a JSON number was read")
	}
}

// halfEven divides by the book: to the nearest whole number, halves to the even one.
func halfEven(num, den *big.Int) *big.Int {
	whole, rest := new(big.Int).QuoRem(num, den, new(big.Int))
	switch twice := new(big.Int).Lsh(rest, 1); twice.Cmp(den) {
	case 1:
		return whole.Add(whole, big.NewInt(1))
	case 0:
		return whole.Add(whole, big.NewInt(int64(whole.Bit(0))))
	}
	return whole
}

func wantProduct(t *rapid.T, got quantity.Micro, err error, num, den *big.Int) {
	t.Helper()
	want := halfEven(num, den)
	if want.Cmp(big.NewInt(quantity.MaxMicro)) > 0 {
		if fault.CodeOf(err) != fault.OutOfRange {
			t.Fatalf("%v was not refused: %d, %v", want, got, err)
		}
		return
	}
	if err != nil || want.Cmp(big.NewInt(int64(got))) != 0 {
		t.Fatalf("want %v, got %d, %v", want, got, err)
	}
}

func anyRatio(t *rapid.T) quantity.Ratio {
	return quantity.Ratio{Num: rapid.Int64Range(0, quantity.MaxRatioTerm).Draw(t, "num"), Den: rapid.Int64Range(1, quantity.MaxRatioTerm).Draw(t, "den")}
}

func TestValueOfPointsIsExactAndRoundedHalfEven(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		points, r := rapid.Int64Range(0, quantity.MaxPoints).Draw(t, "points"), anyRatio(t)
		got, err := r.Value(quantity.Points(points))
		num := new(big.Int).Mul(big.NewInt(points), big.NewInt(r.Num))
		wantProduct(t, got, err, num.Mul(num, big.NewInt(quantity.MicroPerMinor)), big.NewInt(r.Den))
	})
}

func TestShareOfAnAmountIsExactAndRoundedHalfEven(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		amount, r := rapid.Int64Range(0, quantity.MaxMicro).Draw(t, "amount"), anyRatio(t)
		got, err := r.Share(quantity.Micro(amount))
		wantProduct(t, got, err, new(big.Int).Mul(big.NewInt(amount), big.NewInt(r.Num)), big.NewInt(r.Den))
	})
}

func TestValueAndShareTable(t *testing.T) {
	value := func(num, den int64, points quantity.Points) (quantity.Micro, error) {
		return quantity.Ratio{Num: num, Den: den}.Value(points)
	}
	share := func(num, den int64, amount quantity.Micro) (quantity.Micro, error) {
		return quantity.Ratio{Num: num, Den: den}.Share(amount)
	}
	cases := []struct {
		name string
		got  func() (quantity.Micro, error)
		want quantity.Micro
		code fault.Code
	}{
		{"half a penny a point", func() (quantity.Micro, error) { return value(1, 2, 3) }, 1_500_000, fault.OK},
		{"a third of a penny", func() (quantity.Micro, error) { return value(1, 3, 2) }, 666_667, fault.OK},
		{"no points", func() (quantity.Micro, error) { return value(1, 1, 0) }, 0, fault.OK},
		{"points below zero", func() (quantity.Micro, error) { return value(1, 1, -1) }, 0, fault.OutOfRange},
		{"too many points", func() (quantity.Micro, error) { return value(1, 1, quantity.MaxPoints+1) }, 0, fault.OutOfRange},
		{"worth too much", func() (quantity.Micro, error) { return value(1000, 1, quantity.MaxPoints) }, 0, fault.OutOfRange},
		{"worth more than 128 bits by 64", func() (quantity.Micro, error) { return value(quantity.MaxRatioTerm, 1, quantity.MaxPoints) }, 0, fault.OutOfRange},
		{"points below zero at no price", func() (quantity.Micro, error) { return value(0, 1, -1) }, 0, fault.OutOfRange},
		{"too many points at next to no price", func() (quantity.Micro, error) { return value(1, quantity.MaxRatioTerm, quantity.MaxPoints+1) }, 0, fault.OutOfRange},
		{"product of 64 bits and one", func() (quantity.Micro, error) { return share(16, 1, 1<<60) }, 0, fault.OutOfRange},
		{"product of 64 bits", func() (quantity.Micro, error) { return share(42_009_217, 1, (1<<64-1)/42_009_217) }, 0, fault.OutOfRange},
		{"half over the most", func() (quantity.Micro, error) { return share(454_279, 2, (1<<63-1)/454_279) }, 0, fault.OutOfRange},
		{"no share of less than nothing", func() (quantity.Micro, error) { return share(0, 1, -1) }, 0, fault.OutOfRange},
		{"half to even, down", func() (quantity.Micro, error) { return share(1, 2, 5) }, 2, fault.OK},
		{"half to even, up", func() (quantity.Micro, error) { return share(1, 2, 7) }, 4, fault.OK},
		{"all of the most", func() (quantity.Micro, error) { return share(1, 1, quantity.MaxMicro) }, quantity.MaxMicro, fault.OK},
		{"rounded over the most", func() (quantity.Micro, error) { return share(2, 1, quantity.MaxMicro/2+1) }, 0, fault.OutOfRange},
		{"share of less than nothing", func() (quantity.Micro, error) { return share(1, 2, -1) }, 0, fault.OutOfRange},
		{"share of too much", func() (quantity.Micro, error) { return share(1, 2, quantity.MaxMicro+1) }, 0, fault.OutOfRange},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			got, err := c.got()
			wantCode(t, err, c.code)
			if err == nil && got != c.want {
				t.Errorf("got %d", got)
			}
		})
	}
}
