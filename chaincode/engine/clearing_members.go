package engine

import (
	"github.com/tallystick/tallystick/chaincode/clearing"
	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/wire"
)

// submitReserve takes over a custodian's statement of a member's reserve; anybody of the member's brings it.
func submitReserve(c Call, s State) (Effects, error) {
	var doc wire.NewReserve
	p, err := openPublic(c, s, &doc)
	if err != nil {
		return Effects{}, err
	}
	statement := &doc.Statement
	if _, err := p.actsFor(statement.Member); err != nil {
		return Effects{}, err
	}
	if err := statement.Validate(c.Time); err != nil {
		return Effects{}, err
	}
	if statement.Genesis != p.members.Genesis {
		return Effects{}, fault.New(fault.SignatureRefused, "the statement was made for another channel")
	}
	custodian := new(clearing.Custodian)
	if err := p.read(CustodianKey(statement.Custodian), custodian); err != nil {
		return Effects{}, err
	}
	key := AttestedKey(statement.Member, statement.Currency)
	before := new(clearing.Reserve)
	there, err := read(s, key, before)
	if err != nil {
		return Effects{}, err
	}
	if !there {
		before = nil
	}
	digest, err := digestOf(statement)
	if err != nil {
		return Effects{}, err
	}
	reserve := clearing.Reserve{V: 1, Statement: *statement, Signature: doc.Signature}
	if err := reserve.Replace(before, custodian, digest); err != nil {
		return Effects{}, err
	}
	if err := p.put(key, reserve); err != nil {
		return Effects{}, err
	}
	return p.effects(reserve)
}

// closeMembership records the final statement of a member that leaves or failed, and lets it go. NOT_SETTLED while anything of its is open.
func closeMembership(c Call, s State) (Effects, error) {
	var doc wire.Closing
	p, err := openPublic(c, s, &doc)
	if err != nil {
		return Effects{}, err
	}
	if _, err := p.actsFor(doc.Member); err != nil {
		return Effects{}, err
	}
	member, err := p.members.Find(doc.Member)
	if err != nil {
		return Effects{}, err
	}
	pairs := p.members.PairsOf(doc.Member)
	if err := p.members.Release(doc.Member); err != nil {
		return Effects{}, err
	}
	if p.today() <= member.HonourUntil {
		return Effects{}, fault.New(fault.NotSettled, "the points of %s are honoured until %s", member.Name, member.HonourUntil)
	}
	statement := clearing.FinalStatement{V: 1, Member: member.Name, Hash: doc.Hash, MSP: c.Caller.MSP, At: c.Time, Figures: []clearing.Figure{}}
	if statement.Figures, err = p.figures(&member, pairs, doc.Windows); err != nil {
		return Effects{}, err
	}
	if err := p.put(ConsortiumKey(), p.members); err != nil {
		return Effects{}, err
	}
	if err := p.put(FinalStatementKey(member.Name), statement); err != nil {
		return Effects{}, err
	}
	return p.effects(statement)
}

// figures are a member's last words in the currencies that it had allocations in; windows names the last window in each.
func (p *publicCall) figures(member *clearing.Member, pairs []clearing.Pair, windows []wire.WindowQuery) ([]clearing.Figure, error) {
	var currencies wire.Currencies
	if _, err := read(p.state, CurrenciesKey(), &currencies); err != nil {
		return nil, err
	}
	figures := []clearing.Figure{}
	for _, currency := range currencies.List {
		finished, err := p.finished(member.Name, pairs, currency)
		if err != nil {
			return nil, err
		}
		if !finished.Cleared() {
			continue
		}
		if len(windows) == 0 || windows[0].Currency != currency {
			return nil, fault.New(fault.NotSettled, "the last window of %s in %s is to be named next", member.Name, currency)
		}
		if err := p.lastWindow(finished, &windows[0]); err != nil {
			return nil, err
		}
		figure, err := finished.Figure(member)
		if err != nil {
			return nil, err
		}
		figures, windows = append(figures, figure), windows[1:]
	}
	if len(windows) > 0 {
		return nil, fault.New(fault.InvalidValue, "%s has cleared nothing in %s", member.Name, windows[0].Currency)
	}
	return figures, nil
}

// finished reads what there is of a member in a currency, apart from its last window.
func (p *publicCall) finished(member string, pairs []clearing.Pair, currency string) (*clearing.Finished, error) {
	f := new(clearing.Finished)
	allocations, err := records[clearing.Allocation](p.state, pairKeys(pairs, func(a, b string) string { return AllocationKey(a, b, currency) }))
	if err != nil {
		return nil, err
	}
	books, err := records[clearing.PairBook](p.state, pairKeys(pairs, func(a, b string) string { return PairBookKey(a, b, currency) }))
	if err != nil {
		return nil, err
	}
	for i := range pairs {
		if allocations[i] == nil {
			continue
		}
		f.Since = append(f.Since, allocations[i].Since)
		if books[i] == nil {
			books[i] = new(clearing.PairBook)
		}
		f.Books = append(f.Books, *books[i])
	}
	standings, err := p.standings(currency, []string{member})
	if err != nil {
		return nil, err
	}
	f.Standing = standings[0]
	return f, nil
}

func (p *publicCall) lastWindow(f *clearing.Finished, q *wire.WindowQuery) error {
	var err error
	if f.Window, err = p.window(q.Currency, q.Number); err != nil {
		return err
	}
	f.Netting = new(clearing.Netting)
	_, err = read(p.state, NettingKey(q.Currency, q.Number), f.Netting)
	return err
}
