package netting

import (
	"cmp"
	"slices"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/quantity"
)

// MaxMembers bounds the members of one netting.
const MaxMembers = 100

// MaxPairs is the most pairs that MaxMembers can form.
const MaxPairs = MaxMembers * (MaxMembers - 1) / 2

// PairNet is what one pair of members owes, net, in one window. A sorts before B.
type PairNet struct {
	A      string         `json:"a"`
	B      string         `json:"b"`
	AOwesB quantity.Minor `json:"aOwesB"` // Negative when B owes A.
}

// Position is a member's multilateral net: positive when it receives, negative when it pays.
type Position struct {
	Member string         `json:"member"`
	Net    quantity.Minor `json:"net"`
}

// Positions adds the nets of all pairs up to one position for every member that is in a pair, ordered by name. They sum to zero.
//
// TOO_LARGE over MaxPairs pairs or MaxMembers members, INVALID_VALUE when a pair is out of order, of one member only, nameless or given twice, OUT_OF_RANGE when all
// nets together, without their signs, are over MaxMinor: whether a sum fits must not depend on the order in which it is added.
func Positions(pairs []PairNet) ([]Position, error) {
	if len(pairs) > MaxPairs {
		return nil, fault.New(fault.TooLarge, "there are at most %d pairs", MaxPairs)
	}
	ordered := slices.SortedFunc(slices.Values(pairs), func(p, q PairNet) int {
		return cmp.Or(cmp.Compare(p.A, q.A), cmp.Compare(p.B, q.B), cmp.Compare(p.AOwesB, q.AOwesB))
	})
	if err := checkPairs(ordered); err != nil {
		return nil, err
	}
	names := make([]string, 0, 2*len(ordered))
	for _, p := range ordered {
		names = append(names, p.A, p.B)
	}
	t, err := newTally(names)
	if err != nil {
		return nil, err
	}
	for _, p := range ordered {
		t.move(t.index(p.A), t.index(p.B), p.AOwesB)
	}
	return t.positions(), nil
}

func checkPairs(ordered []PairNet) error {
	var gross total
	for i, p := range ordered {
		if p.A == "" || p.A >= p.B {
			return fault.New(fault.InvalidValue, "a pair names two members in order, not %q and %q", p.A, p.B)
		}
		if i > 0 && ordered[i-1].A == p.A && ordered[i-1].B == p.B {
			return fault.New(fault.InvalidValue, "the pair of %q and %q is given twice", p.A, p.B)
		}
		if err := gross.add(p.AOwesB); err != nil {
			return err
		}
	}
	return nil
}

// total adds amounts without their signs.
type total quantity.Minor

// add returns OUT_OF_RANGE when the amount isn't valid or the total would be over MaxMinor.
func (t *total) add(amount quantity.Minor) error {
	if err := amount.Valid(); err != nil {
		return err
	}
	sum, err := quantity.Minor(*t).Add(amount.Abs())
	if err != nil {
		return fault.New(fault.OutOfRange, "all amounts together are over %d minor units", int64(quantity.MaxMinor))
	}
	*t = total(sum)
	return nil
}

// tally holds one position per member, ordered by name. Its sums can't overflow: whoever fills it has bounded the total of all amounts first.
type tally struct {
	names []string
	nets  []quantity.Minor
}

// newTally starts at zero for every name; names may repeat. TOO_LARGE over MaxMembers members.
func newTally(names []string) (*tally, error) {
	slices.Sort(names)
	names = slices.Compact(names)
	if len(names) > MaxMembers {
		return nil, fault.New(fault.TooLarge, "there are at most %d members", MaxMembers)
	}
	return &tally{names: names, nets: make([]quantity.Minor, len(names))}, nil
}

// index finds a member that is in the tally.
func (t *tally) index(name string) int {
	i, _ := slices.BinarySearch(t.names, name)
	return i
}

// move lets one member pay another.
func (t *tally) move(from, to int, amount quantity.Minor) {
	t.nets[from] -= amount
	t.nets[to] += amount
}

func (t *tally) positions() []Position {
	list := make([]Position, len(t.names))
	for i, name := range t.names {
		list[i] = Position{Member: name, Net: t.nets[i]}
	}
	return list
}
