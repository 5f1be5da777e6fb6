package localnet

import (
	"encoding/json"
	"maps"
	"slices"

	"github.com/tallystick/tallystick/chaincode/clearing"
	"github.com/tallystick/tallystick/chaincode/quantity"
	"github.com/tallystick/tallystick/chaincode/wire"
	"github.com/tallystick/tallystick/gateway/founding"

	"github.com/tallystick/tallystick/network/failure"
	"github.com/tallystick/tallystick/network/membership"
)

// planOf gives what the brands begin to do together. MEMBERSHIP_INVALID when the ledger wouldn't take it.
func planOf(m *membership.Membership) (*founding.Plan, error) {
	plan := &founding.Plan{}
	if m.Clearing == nil {
		return plan, nil
	}
	var err error
	if plan.Novation, err = wire.Hash(m.Clearing.Novation); err != nil {
		return nil, failure.Wrap(failure.MembershipInvalid, err, "clearing: novation")
	}
	for i := range m.Clearing.Currencies {
		if err := planCurrency(plan, &m.Clearing.Currencies[i]); err != nil {
			return nil, failure.Wrap(failure.MembershipInvalid, err, "clearing: currency %s", m.Clearing.Currencies[i].Code)
		}
	}
	for i := range m.Clearing.Agreements {
		a := &m.Clearing.Agreements[i]
		if err := planAgreement(plan, a); err != nil {
			return nil, failure.Wrap(failure.MembershipInvalid, err, "clearing: agreement between %s and %s", a.Between[0], a.Between[1])
		}
	}
	return plan, nil
}

func planCurrency(plan *founding.Plan, currency *membership.Currency) error {
	plan.Currencies = append(plan.Currencies, currency.Code)
	if currency.Calendar != nil {
		calendar := *clearing.DefaultCalendar(currency.Code)
		if err := decodeOver(&calendar, currency.Calendar); err != nil {
			return err
		}
		if err := calendar.Validate(); err != nil {
			return err
		}
		plan.Calendars = append(plan.Calendars, calendar)
	}
	for _, name := range slices.Sorted(maps.Keys(currency.Caps)) {
		plan.Caps = append(plan.Caps, clearing.CapMotion{Member: name, Currency: currency.Code, Amount: quantity.Minor(currency.Caps[name])})
	}
	return nil
}

func planAgreement(plan *founding.Plan, a *membership.Agreement) error {
	pair := a.Pair()
	g := clearing.Agreement{A: pair[0], B: pair[1], Currency: a.Currency}
	if err := decodeOver(&g, a.Terms); err != nil {
		return err
	}
	for i, name := range pair {
		if err := decodeOver(&g.Sides[i], a.Sides[name]); err != nil {
			return failure.Wrap(failure.MembershipInvalid, err, "points of %s", name)
		}
	}
	if g.A != pair[0] || g.B != pair[1] || g.Currency != a.Currency {
		return failure.New(failure.MembershipInvalid, "terms: members and currency are said beside them")
	}
	if err := founding.CheckAgreement(g); err != nil {
		return err
	}
	plan.Agreements = append(plan.Agreements, g)
	for i, debtor := range pair {
		plan.Allocations = append(plan.Allocations, clearing.AllocationMove{
			Debtor: debtor, Creditor: pair[1-i], Currency: a.Currency, Amount: quantity.Minor(a.Allocations[debtor]),
		})
	}
	return nil
}

// decodeOver sets the fields of a ledger's document that a membership file names, strictly as the ledger reads them, and
// leaves the others.
func decodeOver(document any, named map[string]any) error {
	raw, err := json.Marshal(named)
	if err != nil {
		return err
	}
	return wire.Decode(raw, wire.MaxDocument, document)
}
