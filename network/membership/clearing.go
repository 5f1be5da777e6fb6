package membership

import (
	"maps"
	"slices"

	"github.com/tallystick/tallystick/network/failure"
)

// Bounds of what a membership file says about clearing. Amounts are minor units of the currency.
const (
	MaxCurrencies    = 16
	MaxClearingLimit = 1_000_000_000_000_000
)

// Clearing is what the brands begin to do together: founding votes the calendars and limits and makes the agreements.
type Clearing struct {
	// Novation are the words of the clause by which members without an agreement come to owe each other what netting says, by
	// language; every founder is recorded with their hash.
	Novation   map[string]string `yaml:"novation"`
	Currencies []Currency        `yaml:"currencies"`
	Agreements []Agreement       `yaml:"agreements"`
}

// Currency is one in which the brands clear.
type Currency struct {
	// Code is an ISO 4217 code.
	Code string `yaml:"code"`
	// Calendar are the terms of its windows under the names of the ledger's document; without it the ledger's default holds.
	Calendar map[string]any `yaml:"calendar,omitempty"`
	// Caps are how much a brand may owe all others, gross and unsettled, in minor units by name. A brand without one owes nothing.
	Caps map[string]int64 `yaml:"caps"`
}

// Agreement is the first agreement of a pair of brands.
type Agreement struct {
	// Between are the two brands, in any order.
	Between [2]string `yaml:"between,flow"`
	// Currency is one of the clearing section's.
	Currency string `yaml:"currency"`
	// Allocations are how much each of the two may owe the other, out of its cap, in minor units by debtor.
	Allocations map[string]int64 `yaml:"allocations,flow"`
	// Terms are the agreement's under the names of the ledger's document, without what founding knows: version, salt, members,
	// currency, beginning and sides.
	Terms map[string]any `yaml:"terms"`
	// Sides are, by brand, what is done with its points at the other, under the names of the ledger's document.
	Sides map[string]map[string]any `yaml:"sides"`
}

// validate checks what doesn't need the ledger's documents: names, currencies, and that caps hold the allocations.
func (c *Clearing) validate(m *Membership) error {
	if len(c.Currencies) < 1 || len(c.Currencies) > MaxCurrencies {
		return invalid("clearing: %d currencies: want 1 to %d", len(c.Currencies), MaxCurrencies)
	}
	if len(c.Novation) == 0 {
		return invalid("clearing: novation: the founders sign a clause in words")
	}
	left := map[string]map[string]int64{}
	for _, cur := range c.Currencies {
		if !currency.MatchString(cur.Code) || left[cur.Code] != nil {
			return invalid("clearing: currency %q: want an ISO 4217 code such as GBP, each once", cur.Code)
		}
		if err := m.validLimits(cur.Caps); err != nil {
			return failure.Wrap(failure.MembershipInvalid, err, "clearing: caps in %s", cur.Code)
		}
		left[cur.Code] = maps.Clone(cur.Caps)
	}
	pairs := map[[2]string]bool{}
	for _, a := range c.Agreements {
		pair := a.Pair()
		if err := a.validate(m, left[a.Currency]); err != nil {
			return failure.Wrap(failure.MembershipInvalid, err, "clearing: agreement between %s and %s", pair[0], pair[1])
		}
		if pairs[pair] {
			return invalid("clearing: two agreements between %s and %s", pair[0], pair[1])
		}
		pairs[pair] = true
	}
	return nil
}

// Pair are the two brands by name.
func (a *Agreement) Pair() [2]string {
	return [2]string{min(a.Between[0], a.Between[1]), max(a.Between[0], a.Between[1])}
}

// validate takes the agreement's allocations out of what is left of the caps, nil when its currency isn't cleared.
func (a *Agreement) validate(m *Membership, left map[string]int64) error {
	if left == nil {
		return invalid("currency %q isn't one of clearing's", a.Currency)
	}
	if a.Between[0] == a.Between[1] {
		return invalid("it needs two brands")
	}
	for _, name := range a.Between {
		if brand, known := m.Member(name); !known || !brand.IsBrand() {
			return invalid("%q is no brand", name)
		}
		if _, given := a.Sides[name]; !given {
			return invalid("sides: what is done with the points of %s isn't said", name)
		}
	}
	if err := a.validParties(); err != nil {
		return err
	}
	if err := m.validLimits(a.Allocations); err != nil {
		return failure.Wrap(failure.MembershipInvalid, err, "allocations")
	}
	for _, debtor := range slices.Sorted(maps.Keys(a.Allocations)) {
		left[debtor] -= a.Allocations[debtor]
		if left[debtor] < 0 {
			return invalid("allocations of %s are more than its cap, by %d", debtor, -left[debtor])
		}
	}
	return nil
}

// validParties refuses sides and allocations of others than the two.
func (a *Agreement) validParties() error {
	for _, name := range append(slices.Sorted(maps.Keys(a.Sides)), slices.Sorted(maps.Keys(a.Allocations))...) {
		if !slices.Contains(a.Between[:], name) {
			return invalid("%q is none of the two", name)
		}
	}
	return nil
}

func (m *Membership) validLimits(limits map[string]int64) error {
	for _, name := range slices.Sorted(maps.Keys(limits)) {
		if brand, known := m.Member(name); !known || !brand.IsBrand() {
			return invalid("%q is no brand", name)
		}
		if limits[name] < 0 || limits[name] > MaxClearingLimit {
			return invalid("%d for %s: want 0 to %d minor units", limits[name], name, int64(MaxClearingLimit))
		}
	}
	return nil
}
