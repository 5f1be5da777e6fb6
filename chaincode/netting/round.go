package netting

import "github.com/tallystick/tallystick/chaincode/quantity"

// Round rounds a net half-even to whole minor units and returns what is left, so that minor*MicroPerMinor + residual = net and the residual lies within ± half a
// minor unit. It is done once per pair, currency and window; the residual opens the pair's next window, so that nothing is lost or made however often it is done.
// Both members of a pair get the same: Round(-net) is Round(net) with both signs turned. OUT_OF_RANGE when the net isn't valid.
func Round(net quantity.Micro) (minor quantity.Minor, residual quantity.Micro, err error) {
	if err := net.Valid(); err != nil {
		return 0, 0, err
	}
	const half = quantity.MicroPerMinor / 2
	whole, rest := net/quantity.MicroPerMinor, net%quantity.MicroPerMinor // Both have the sign of net, or are 0.
	odd := whole%2 != 0
	switch {
	case rest > half || rest == half && odd:
		whole, rest = whole+1, rest-quantity.MicroPerMinor
	case rest < -half || rest == -half && odd:
		whole, rest = whole-1, rest+quantity.MicroPerMinor
	}
	return quantity.Minor(whole), rest, nil
}
