package reports

import (
	"cmp"
	"math"
	"math/big"
	"slices"

	"github.com/tallystick/tallystick/chaincode/fault"
)

// whole is a share of everything, in basis points.
const whole = 10_000

// shareOf is a part of a sum in basis points, rounded down; 0 of nothing. Both are 0 or more.
func shareOf(part, sum int64) int64 {
	if sum == 0 {
		return 0
	}
	x := big.NewInt(part)
	return x.Quo(x.Mul(x, big.NewInt(whole)), big.NewInt(sum)).Int64() // At most whole.
}

// coverage is a reserve in basis points of what it is for, rounded down; nil when there is nothing to cover. MaxCoverage stands for that and more.
func coverage(reserve, liability int64) *int64 {
	if liability == 0 {
		return nil
	}
	x := big.NewInt(reserve)
	x.Quo(x.Mul(x, big.NewInt(whole)), big.NewInt(liability))
	bp := int64(MaxCoverage)
	if x.Cmp(big.NewInt(bp)) < 0 {
		bp = x.Int64()
	}
	return &bp
}

// MaxCoverage is the highest coverage that is told: ten thousand times what is to be covered.
const MaxCoverage = 10_000 * whole

// Top is what the largest holders have together.
type Top struct {
	Largest int   `json:"largest"` // How many, at most.
	Amount  int64 `json:"amount"`
	Share   int64 `json:"share"` // Basis points, rounded down.
}

// Distribution says how a sum is spread over its holders.
type Distribution struct {
	Holders int   `json:"holders"` // With something.
	Sum     int64 `json:"sum"`
	Largest []Top `json:"top"`
	// Index is the Herfindahl-Hirschman index: the sum of the squares of all shares in per cent, 0 to 10,000, rounded half-even; 0 of nothing, 10,000 of a single holder.
	Index int64 `json:"index"`
}

// tops are how many of the largest are added up.
var tops = []int{1, 10, 100}

// distribute spreads amounts, each 0 or more. OUT_OF_RANGE when they can't be added up. The list is left in another order.
func distribute(amounts []int64) (Distribution, error) {
	slices.SortFunc(amounts, func(a, b int64) int { return cmp.Compare(b, a) })
	s := newSpread()
	for _, a := range amounts {
		if err := s.add(a, 1); err != nil {
			return Distribution{}, err
		}
	}
	return s.distribution(), nil
}

// spread adds up amounts that come one after the other, the largest first, and keeps none of them.
type spread struct {
	d               Distribution
	squares, square big.Int
}

func newSpread() *spread {
	s := &spread{d: Distribution{Largest: make([]Top, len(tops))}}
	for i, n := range tops {
		s.d.Largest[i].Largest = n
	}
	return s
}

// add takes in that so many holders have an amount each, which isn't above any before. OUT_OF_RANGE when the sum can't be counted.
func (s *spread) add(amount int64, holders int) error {
	if amount <= 0 || holders <= 0 {
		return nil
	}
	if int64(holders) > (math.MaxInt64-s.d.Sum)/amount {
		return fault.New(fault.OutOfRange, "the amounts can't be added up")
	}
	for i, n := range tops {
		s.d.Largest[i].Amount += amount * int64(max(0, min(holders, n-s.d.Holders)))
	}
	s.d.Holders, s.d.Sum = s.d.Holders+holders, s.d.Sum+amount*int64(holders)
	s.square.SetInt64(amount)
	s.square.Mul(&s.square, &s.square)
	s.squares.Add(&s.squares, s.square.Mul(&s.square, big.NewInt(int64(holders))))
	return nil
}

func (s *spread) distribution() Distribution {
	d := s.d
	for i := range d.Largest {
		d.Largest[i].Share = shareOf(d.Largest[i].Amount, d.Sum)
	}
	d.Index = index(&s.squares, d.Sum)
	return d
}

// index is 10,000 * squares / sum², rounded half-even.
func index(squares *big.Int, sum int64) int64 {
	if sum == 0 {
		return 0
	}
	total := big.NewInt(sum)
	exact := new(big.Rat).SetFrac(new(big.Int).Mul(squares, big.NewInt(whole)), total.Mul(total, total))
	return roundHalfEven(exact).Int64() // At most whole.
}

// roundHalfEven rounds a number that isn't negative.
func roundHalfEven(x *big.Rat) *big.Int {
	n, rest := new(big.Int).QuoRem(x.Num(), x.Denom(), new(big.Int))
	if c := rest.Lsh(rest, 1).Cmp(x.Denom()); c > 0 || c == 0 && n.Bit(0) == 1 {
		n.Add(n, big.NewInt(1))
	}
	return n
}

// compare orders by a number, then by a name.
func compare[N ~int64](x, y N, name, other string) int {
	return cmp.Or(cmp.Compare(x, y), cmp.Compare(name, other))
}
