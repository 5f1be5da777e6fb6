package engine

import (
	"slices"

	"github.com/tallystick/tallystick/chaincode/clearing"
	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/wire"
)

// openClearing opens the first window of a currency.
func openClearing(c Call, s State) (Effects, error) {
	var doc wire.CurrencyQuery
	p, err := openPublic(c, s, &doc)
	if err != nil {
		return Effects{}, err
	}
	currencies := wire.Currencies{V: 1, List: []string{}}
	if _, err := read(s, CurrenciesKey(), &currencies); err != nil {
		return Effects{}, err
	}
	if slices.Contains(currencies.List, doc.Currency) {
		return Effects{}, fault.New(fault.AlreadyExists, "windows of %s are open", doc.Currency)
	}
	if len(currencies.List) >= wire.MaxCurrencies {
		return Effects{}, fault.New(fault.TooLarge, "windows are opened in at most %d currencies", wire.MaxCurrencies)
	}
	currencies.List = append(currencies.List, doc.Currency)
	calendar, err := p.calendar(doc.Currency)
	if err != nil {
		return Effects{}, err
	}
	w, err := clearing.OpenFirst(calendar, c.Time)
	if err != nil {
		return Effects{}, err
	}
	if err := p.put(CurrenciesKey(), currencies); err != nil {
		return Effects{}, err
	}
	return p.opened(w)
}

// opened keeps a window that is open from now on, and points to it.
func (p *publicCall) opened(w *clearing.Window) (Effects, error) {
	if err := p.put(WindowKey(w.Currency, w.Number), w); err != nil {
		return Effects{}, err
	}
	if err := p.put(WindowPointerKey(w.Currency), clearing.WindowPointer{V: 1, Currency: w.Currency, Number: w.Number}); err != nil {
		return Effects{}, err
	}
	return p.effects(w)
}

// rollWindow closes the open window for traffic and opens the next. Before the regular close it takes an operator and a reason.
func rollWindow(c Call, s State) (Effects, error) {
	var doc wire.Rolling
	p, err := openPublic(c, s, &doc)
	if err != nil {
		return Effects{}, err
	}
	if doc.Reason != "" && c.Caller.Role != RoleOperator {
		return Effects{}, fault.New(fault.Forbidden, "before its regular close a window is rolled by an operator")
	}
	open, err := p.openWindow(doc.Currency)
	if err != nil {
		return Effects{}, err
	}
	if open != doc.Number {
		return Effects{}, fault.New(fault.WindowOrder, "window %d of %s is open", open, doc.Currency)
	}
	w, err := p.window(doc.Currency, doc.Number)
	if err != nil {
		return Effects{}, err
	}
	calendar, err := p.calendar(doc.Currency)
	if err != nil {
		return Effects{}, err
	}
	next, err := w.RollOver(clearing.Roll{At: c.Time, MSP: c.Caller.MSP, Reason: doc.Reason}, calendar)
	if err != nil {
		return Effects{}, err
	}
	if err := p.put(WindowKey(w.Currency, w.Number), w); err != nil {
		return Effects{}, err
	}
	return p.opened(next)
}

// windowCall is a step of any brand's that brings one window on.
func windowCall(c Call, s State) (*publicCall, *clearing.Window, error) {
	var doc wire.WindowQuery
	p, err := openPublic(c, s, &doc)
	if err != nil {
		return nil, nil, err
	}
	w, err := p.window(doc.Currency, doc.Number)
	return p, w, err
}

// closeWindow ends the disclosures of a window.
func closeWindow(c Call, s State) (Effects, error) {
	p, w, err := windowCall(c, s)
	if err != nil {
		return Effects{}, err
	}
	undisclosed, err := p.undisclosed(w)
	if err != nil {
		return Effects{}, err
	}
	if err := w.Shut(undisclosed, c.Time); err != nil {
		return Effects{}, err
	}
	if err := p.put(WindowKey(w.Currency, w.Number), w); err != nil {
		return Effects{}, err
	}
	return p.effects(w)
}

// undisclosed are the pairs that can have obligations in the window and have not disclosed it.
func (p *publicCall) undisclosed(w *clearing.Window) ([]clearing.Pair, error) {
	pairs := p.members.Pairs()
	allocations, err := records[clearing.Allocation](p.state, pairKeys(pairs, func(a, b string) string { return AllocationKey(a, b, w.Currency) }))
	if err != nil {
		return nil, err
	}
	books, err := records[clearing.PairBook](p.state, pairKeys(pairs, func(a, b string) string { return PairBookKey(a, b, w.Currency) }))
	if err != nil {
		return nil, err
	}
	var missing []clearing.Pair
	for i, pair := range pairs {
		if allocations[i] == nil || allocations[i].Since > w.Number || books[i] != nil && books[i].Disclosed >= w.Number {
			continue
		}
		missing = append(missing, pair)
	}
	return missing, nil
}

// signPosition notes a member's signature under its position: that of the transaction, by its treasurer.
func signPosition(c Call, s State) (Effects, error) {
	var doc wire.PositionSignature
	p, err := openPublic(c, s, &doc)
	if err != nil {
		return Effects{}, err
	}
	if _, err := p.actsFor(doc.Member); err != nil {
		return Effects{}, err
	}
	w, err := p.window(doc.Currency, doc.Window)
	if err != nil {
		return Effects{}, err
	}
	if err := w.Admit(clearing.StepSign); err != nil {
		return Effects{}, err
	}
	key, position := PositionKey(doc.Currency, doc.Window, doc.Member), new(clearing.Position)
	if err := p.read(key, position); err != nil {
		return Effects{}, err
	}
	if err := position.Sign(doc.Net, doc.Root, clearing.Signing{MSP: c.Caller.MSP, At: c.Time}); err != nil {
		return Effects{}, err
	}
	if err := p.put(key, position); err != nil {
		return Effects{}, err
	}
	return p.effects(position)
}

// startSettlement makes the payments of a netted window due.
func startSettlement(c Call, s State) (Effects, error) {
	p, w, err := windowCall(c, s)
	if err != nil {
		return Effects{}, err
	}
	result := new(clearing.Netting)
	if there, err := read(s, NettingKey(w.Currency, w.Number), result); err != nil || !there {
		if err != nil {
			return Effects{}, err
		}
		return Effects{}, w.Take(clearing.StepSettle, clearing.WindowSettling)
	}
	positions, err := readPositions(s, result)
	if err != nil {
		return Effects{}, err
	}
	calendar, err := p.calendar(w.Currency)
	if err != nil {
		return Effects{}, err
	}
	legs, err := w.Settle(result, positions, calendar, c.Time)
	if err != nil {
		return Effects{}, err
	}
	for i := range legs {
		if err := p.put(LegKey(w.Currency, w.Number, legs[i].From, legs[i].To), legs[i]); err != nil {
			return Effects{}, err
		}
	}
	if err := p.put(WindowKey(w.Currency, w.Number), w); err != nil {
		return Effects{}, err
	}
	return p.effects(w)
}

// readPositions reads the positions of a netting, by member.
func readPositions(s State, n *clearing.Netting) ([]clearing.Position, error) {
	keys := make([]string, len(n.Positions))
	for i, position := range n.Positions {
		keys[i] = PositionKey(n.Currency, n.Window, position.Member)
	}
	there, err := records[clearing.Position](s, keys)
	if err != nil {
		return nil, err
	}
	out := make([]clearing.Position, len(there))
	for i, position := range there {
		if position == nil {
			return nil, fault.New(fault.StateCorrupt, "%s is not there", ReadableKey(keys[i]))
		}
		out[i] = *position
	}
	return out, nil
}
