package netting_test

import (
	"math/big"
	"testing"

	"pgregory.net/rapid"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/netting"
	"github.com/tallystick/tallystick/chaincode/quantity"
)

func TestRoundTable(t *testing.T) {
	cases := []struct {
		net      quantity.Micro
		minor    quantity.Minor
		residual quantity.Micro
	}{
		{0, 0, 0},
		{1, 0, 1},
		{499_999, 0, 499_999},
		{500_000, 0, 500_000},
		{500_001, 1, -499_999},
		{1_000_000, 1, 0},
		{1_499_999, 1, 499_999},
		{1_500_000, 2, -500_000},
		{2_500_000, 2, 500_000},
		{2_500_001, 3, -499_999},
		{quantity.MaxMicro, 4_611_686_018_427, 387_903},
	}
	for _, c := range cases {
		for _, sign := range []int64{1, -1} { // The other member sees the same net with the other sign.
			net, minor, residual := c.net*quantity.Micro(sign), c.minor*quantity.Minor(sign), c.residual*quantity.Micro(sign)
			gotMinor, gotResidual, err := netting.Round(net)
			if err != nil || gotMinor != minor || gotResidual != residual {
				t.Errorf("%d is rounded to %d, %d left, %v", net, gotMinor, gotResidual, err)
			}
		}
	}
	for _, net := range []quantity.Micro{quantity.MaxMicro + 1, -quantity.MaxMicro - 1} {
		_, _, err := netting.Round(net)
		wantCode(t, err, fault.OutOfRange)
	}
}

func TestRoundLosesNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		net := quantity.Micro(rapid.OneOf(
			rapid.Int64Range(-quantity.MaxMicro, quantity.MaxMicro),
			rapid.Int64Range(-8_000_000, 8_000_000),
			rapid.Map(rapid.Int64Range(-1000, 1000), func(n int64) int64 { return n * quantity.MicroPerMinor / 2 }), // Halves and wholes.
		).Draw(t, "net"))
		minor, residual, err := netting.Round(net)
		if err != nil {
			t.Fatal(err)
		}
		if quantity.Micro(minor)*quantity.MicroPerMinor+residual != net {
			t.Fatalf("%d became %d and %d", net, minor, residual)
		}
		const half = quantity.MicroPerMinor / 2
		if residual < -half || residual > half || (residual == half || residual == -half) && minor%2 != 0 {
			t.Fatalf("%d was rounded to %d", net, minor)
		}
	})
}

// TestRoundingWindowByWindowIsNeverMoreThanHalfAUnitOff carries every window's residual into the next.
func TestRoundingWindowByWindowIsNeverMoreThanHalfAUnitOff(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		paid, accrued, carried := new(big.Int), new(big.Int), quantity.Micro(0)
		for _, n := range rapid.SliceOfN(rapid.Int64Range(-5_000_000_000, 5_000_000_000), 1, 60).Draw(t, "windows") {
			net, err := carried.Add(quantity.Micro(n))
			if err != nil {
				t.Fatal(err)
			}
			minor, residual, err := netting.Round(net)
			if err != nil {
				t.Fatal(err)
			}
			carried = residual
			accrued.Add(accrued, big.NewInt(n))
			paid.Add(paid, new(big.Int).Mul(big.NewInt(int64(minor)), big.NewInt(quantity.MicroPerMinor)))
			if off := new(big.Int).Sub(accrued, paid); off.CmpAbs(big.NewInt(quantity.MicroPerMinor/2)) > 0 || off.Cmp(big.NewInt(int64(carried))) != 0 {
				t.Fatalf("%v accrued, %v paid, %d carried", accrued, paid, carried)
			}
		}
	})
}
