package netting

import (
	"cmp"
	"slices"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/quantity"
)

// MaxObligations bounds what one call settles: every pair of MaxMembers in three windows, and some.
const MaxObligations = 16_384

// Obligation is what one member owes another out of one window, in full: it settles whole or is carried whole. A pair has at most one in a window.
type Obligation struct {
	Window int64          `json:"window"` // Number of the window it comes from, or any other number by which the oldest goes first.
	From   string         `json:"from"`
	To     string         `json:"to"`
	Amount quantity.Minor `json:"amount"` // 1 or more.
}

// Cover says how far below zero a member's position may go: what it has deposited, or is trusted with. 0 is a cover; MaxMinor never binds.
type Cover struct {
	Member string         `json:"member"`
	Amount quantity.Minor `json:"amount"` // 0 or more.
}

// Result is what becomes of obligations.
type Result struct {
	Settled   []Obligation `json:"settled"`   // In order; see Compare.
	Carried   []Obligation `json:"carried"`   // In order.
	Positions []Position   `json:"positions"` // Of every member with a cover, out of what is settled; by name. They sum to zero.
}

// Compare puts obligations in the one order in which they are considered: the oldest window first, in it the largest amount, then by names of payer and payee.
func Compare(o, p Obligation) int {
	return cmp.Or(cmp.Compare(o.Window, p.Window), cmp.Compare(p.Amount, o.Amount), cmp.Compare(o.From, p.From), cmp.Compare(o.To, p.To))
}

// book is a set of obligations under settlement.
type book struct {
	obligations []Obligation // In order.
	payers      []int        // Of each obligation.
	payees      []int
	settled     []bool
	tally       *tally           // Positions out of what is settled.
	room        []quantity.Minor // Of each member of the tally: cover and position together, never below zero.
}

// newBook checks its input and has nothing settled yet.
//
// TOO_LARGE over MaxObligations or MaxMembers, INVALID_VALUE when a member has no name, owes itself, has no cover or two, or a pair has two obligations in one window,
// OUT_OF_RANGE when an amount isn't positive, a cover is negative or over MaxMinor, or all obligations together are over MaxMinor.
func newBook(obligations []Obligation, covers []Cover) (*book, error) {
	if len(obligations) > MaxObligations {
		return nil, fault.New(fault.TooLarge, "there are at most %d obligations", MaxObligations)
	}
	b := &book{obligations: slices.SortedFunc(slices.Values(obligations), Compare)}
	if err := b.takeCovers(covers); err != nil {
		return nil, err
	}
	if err := checkAmounts(b.obligations); err != nil {
		return nil, err
	}
	if err := checkPairsOnce(b.obligations); err != nil {
		return nil, err
	}
	b.settled = make([]bool, len(b.obligations))
	return b, b.findMembers()
}

func (b *book) takeCovers(covers []Cover) error {
	ordered := slices.SortedFunc(slices.Values(covers), func(c, d Cover) int {
		return cmp.Or(cmp.Compare(c.Member, d.Member), cmp.Compare(c.Amount, d.Amount))
	})
	names := make([]string, len(ordered))
	b.room = make([]quantity.Minor, len(ordered))
	for i, c := range ordered {
		if c.Member == "" || i > 0 && ordered[i-1].Member == c.Member {
			return fault.New(fault.InvalidValue, "a cover names one member, each once, not %q", c.Member)
		}
		if c.Amount < 0 || c.Amount > quantity.MaxMinor {
			return fault.New(fault.OutOfRange, "the cover of %q is not between 0 and %d minor units", c.Member, int64(quantity.MaxMinor))
		}
		names[i], b.room[i] = c.Member, c.Amount
	}
	var err error
	b.tally, err = newTally(names)
	return err
}

func checkAmounts(ordered []Obligation) error {
	var gross total
	for _, o := range ordered {
		if o.Amount < 1 {
			return fault.New(fault.OutOfRange, "%q owes %q %d minor units, not 1 or more", o.From, o.To, int64(o.Amount))
		}
		if err := gross.add(o.Amount); err != nil {
			return err
		}
	}
	return nil
}

func checkPairsOnce(ordered []Obligation) error {
	byPair := slices.SortedFunc(slices.Values(ordered), comparePairs)
	for i, o := range byPair {
		if o.From == o.To {
			return fault.New(fault.InvalidValue, "%q owes itself", o.From)
		}
		if i > 0 && comparePairs(byPair[i-1], o) == 0 {
			return fault.New(fault.InvalidValue, "window %d has two obligations between %q and %q", o.Window, min(o.From, o.To), max(o.From, o.To))
		}
	}
	return nil
}

func comparePairs(o, p Obligation) int {
	return cmp.Or(cmp.Compare(o.Window, p.Window), cmp.Compare(min(o.From, o.To), min(p.From, p.To)), cmp.Compare(max(o.From, o.To), max(p.From, p.To)))
}

func (b *book) findMembers() error {
	b.payers, b.payees = make([]int, len(b.obligations)), make([]int, len(b.obligations))
	for i, o := range b.obligations {
		payer, hasPayer := slices.BinarySearch(b.tally.names, o.From)
		payee, hasPayee := slices.BinarySearch(b.tally.names, o.To)
		if !hasPayer || !hasPayee {
			return fault.New(fault.InvalidValue, "%q or %q has no cover stated", o.From, o.To)
		}
		b.payers[i], b.payees[i] = payer, payee
	}
	return nil
}

// result tells what is settled and what isn't.
func (b *book) result() Result {
	r := Result{Settled: []Obligation{}, Carried: []Obligation{}, Positions: b.tally.positions()}
	for i, o := range b.obligations {
		if b.settled[i] {
			r.Settled = append(r.Settled, o)
		} else {
			r.Carried = append(r.Carried, o)
		}
	}
	return r
}
