package statement

import (
	"maps"
	"math/big"
	"slices"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/quantity"
)

// value fills in the tables by terms and by month, and what each line of every table is worth.
func (s *sums) value(st *Statement, value Value) error {
	if err := s.terms(st, value); err != nil {
		return err
	}
	worth := s.worth(st.Terms)
	for _, step := range []func(*Statement, *worthOf) error{s.expiries, valueTerms, valueFunding} {
		if err := step(st, worth); err != nil {
			return err
		}
	}
	var err error
	st.Liability, err = rounded(worth.total)
	return err
}

// terms fills in the table by terms but for what the lines are worth.
func (s *sums) terms(st *Statement, value Value) error {
	lines := map[int]TermsLine{}
	for at, points := range s.slots { // Sums are the same in every order.
		line := lines[at.terms]
		line.Version = at.terms
		line.Outstanding += points // A part of Closing.Outstanding, which could be counted.
		if at.lapsed {
			line.Lapsed += points
		}
		lines[at.terms] = line
	}
	for _, version := range slices.Sorted(maps.Keys(lines)) {
		line := lines[version]
		var known bool
		if line.Value, known = value(version); !known {
			return fault.New(fault.NotFound, "lots were earned under terms %d, whose value is not known", version)
		}
		if err := line.Value.Valid(); err != nil {
			return err
		}
		st.Terms = append(st.Terms, line)
	}
	return nil
}

// worthOf is the exact value of what is outstanding, in minor units, and its parts.
type worthOf struct {
	total   *big.Rat
	terms   map[int]*big.Rat
	funding map[string]*big.Rat
	month   map[string]*big.Rat
}

func (s *sums) worth(lines []TermsLine) *worthOf {
	values := map[int]quantity.Ratio{}
	for _, line := range lines {
		values[line.Version] = line.Value
	}
	w := &worthOf{total: new(big.Rat), terms: map[int]*big.Rat{}, funding: map[string]*big.Rat{}, month: map[string]*big.Rat{}}
	for at, points := range s.slots { // Exact sums are the same in every order.
		if at.lapsed {
			continue
		}
		exact := new(big.Rat).SetFrac64(values[at.terms].Num, values[at.terms].Den)
		exact.Mul(exact, new(big.Rat).SetInt64(int64(points)))
		w.total.Add(w.total, exact)
		addRat(w.terms, at.terms, exact)
		addRat(w.funding, at.funding, exact)
		addRat(w.month, at.month, exact)
	}
	return w
}

func valueTerms(st *Statement, w *worthOf) error {
	var run running
	for i := range st.Terms {
		var err error
		if st.Terms[i].Liability, err = run.share(w.terms[st.Terms[i].Version]); err != nil {
			return err
		}
	}
	return nil
}

func valueFunding(st *Statement, w *worthOf) error {
	var run running
	for i := range st.Funding {
		var err error
		if st.Funding[i].Liability, err = run.share(w.funding[st.Funding[i].Funding]); err != nil {
			return err
		}
	}
	return nil
}

func (s *sums) expiries(st *Statement, w *worthOf) error {
	months := map[string]quantity.Points{}
	for at, points := range s.slots {
		months[at.month] += points
	}
	var run running
	for _, m := range slices.SortedFunc(maps.Keys(months), byMonth) {
		liability, err := run.share(w.month[m])
		if err != nil {
			return err
		}
		st.Expiry = append(st.Expiry, ExpiryLine{Month: m, Outstanding: months[m], Pending: s.pendingMonth[m], Liability: liability})
	}
	return nil
}

// running cuts a sum into whole parts that add up to the whole's rounding: each part is the rounded sum up to it less the rounded sum before it, so it is off its
// exact value by one unit at most.
type running struct {
	exact big.Rat
	given int64
}

// share is the next part of the sum; nil is nothing.
func (r *running) share(part *big.Rat) (int64, error) {
	if part == nil {
		return 0, nil
	}
	r.exact.Add(&r.exact, part)
	upTo, err := rounded(&r.exact)
	if err != nil {
		return 0, err
	}
	share := upTo - r.given
	r.given = upTo
	return share, nil
}

// rounded rounds a number that isn't negative half-even; OUT_OF_RANGE above MaxMinor.
func rounded(exact *big.Rat) (int64, error) {
	whole, rest := new(big.Int).QuoRem(exact.Num(), exact.Denom(), new(big.Int))
	switch rest.Lsh(rest, 1).Cmp(exact.Denom()) {
	case 1:
		whole.Add(whole, big.NewInt(1))
	case 0:
		whole.Add(whole, big.NewInt(int64(whole.Bit(0))))
	}
	if !whole.IsInt64() || whole.Int64() > quantity.MaxMinor {
		return 0, fault.New(fault.OutOfRange, "an amount is over %d minor units", int64(quantity.MaxMinor))
	}
	return whole.Int64(), nil
}

func addRat[K comparable](m map[K]*big.Rat, key K, x *big.Rat) {
	if m[key] == nil {
		m[key] = new(big.Rat)
	}
	m[key].Add(m[key], x)
}
