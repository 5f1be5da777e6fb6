package engine

import (
	"github.com/tallystick/tallystick/chaincode/clearing"
	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/wire"
)

// propose opens a vote of the brands. An operator proposes for its brand, and that is its vote.
func propose(c Call, s State) (Effects, error) {
	var doc wire.NewProposal
	p, err := openPublic(c, s, &doc)
	if err != nil {
		return Effects{}, err
	}
	brand := &c.admitted.brand
	if there, err := read(s, VoteKey(doc.ID), new(clearing.Proposal)); err != nil || there {
		if err != nil {
			return Effects{}, err
		}
		return Effects{}, fault.New(fault.AlreadyExists, "proposal %s", doc.ID)
	}
	if err := p.admitMotion(&doc.Motion); err != nil {
		return Effects{}, err
	}
	proposal, err := clearing.NewProposal(p.members, doc.ID, &doc.Motion, brand.Name, c.Time)
	if err != nil {
		return Effects{}, err
	}
	return p.conclude(proposal)
}

// admitMotion checks what needs an encoding: the newcomer's signature under its terms of admission.
func (p *publicCall) admitMotion(m *clearing.Motion) error {
	if m.Admit == nil {
		return nil
	}
	digest, err := digestOf(m.Admit.Terms(p.members.Genesis))
	if err != nil {
		return err
	}
	return m.Admit.Consented(digest)
}

// vote casts a brand's vote. The one that makes the majority executes the proposal; when that can't be done, this vote is refused and the proposal stays open.
func vote(c Call, s State) (Effects, error) {
	var doc wire.NewBallot
	p, err := openPublic(c, s, &doc)
	if err != nil {
		return Effects{}, err
	}
	brand := &c.admitted.brand
	proposal := new(clearing.Proposal)
	if err := p.read(VoteKey(doc.Proposal), proposal); err != nil {
		return Effects{}, err
	}
	if err := proposal.Cast(p.members, clearing.Ballot{Member: brand.Name, Choice: doc.Choice, At: c.Time}); err != nil {
		return Effects{}, err
	}
	return p.conclude(proposal)
}

// conclude keeps the proposal and executes it when it was carried.
func (p *publicCall) conclude(proposal *clearing.Proposal) (Effects, error) {
	if err := p.put(VoteKey(proposal.ID), proposal); err != nil {
		return Effects{}, err
	}
	if proposal.Status == clearing.ProposalCarried {
		if err := p.execute(&proposal.Motion); err != nil {
			return Effects{}, err
		}
	}
	return p.effects(proposal)
}

func (p *publicCall) execute(m *clearing.Motion) error {
	switch {
	case m.Cap != nil:
		return p.setCap(m.Cap)
	case m.Allocation != nil:
		return p.setAllocation(m.Allocation)
	case m.Custodian != nil:
		return p.setCustodian(m.Custodian)
	case m.Calendar != nil:
		return p.put(CalendarKey(m.Calendar.Currency), m.Calendar)
	case m.Deferral != nil:
		return p.deferLeg(m.Deferral)
	}
	if err := p.members.Execute(m, p.today()); err != nil {
		return err
	}
	return p.put(ConsortiumKey(), p.members)
}

func (p *publicCall) setCap(m *clearing.CapMotion) error {
	key, limit := CapKey(m.Member, m.Currency), clearing.Cap{V: 1, Member: m.Member, Currency: m.Currency}
	if _, err := read(p.state, key, &limit); err != nil {
		return err
	}
	if err := limit.Set(m.Amount); err != nil {
		return err
	}
	return p.put(key, limit)
}

// setAllocation cuts a pair's allocation out of the debtor's cap. A pair's first one says from which window on it can have obligations; the open window's pointer is
// read for that, so that a roll in between makes the vote stale.
func (p *publicCall) setAllocation(m *clearing.AllocationMove) error {
	a, b := clearing.PairOf(m.Debtor, m.Creditor)
	capKey, key := CapKey(m.Debtor, m.Currency), AllocationKey(a, b, m.Currency)
	limit := clearing.Cap{V: 1, Member: m.Debtor, Currency: m.Currency}
	if _, err := read(p.state, capKey, &limit); err != nil {
		return err
	}
	allocation := clearing.Allocation{V: 1, A: a, B: b, Currency: m.Currency}
	there, err := read(p.state, key, &allocation)
	if err != nil {
		return err
	}
	if !there {
		open, err := p.openWindow(m.Currency)
		if err != nil {
			return err
		}
		allocation.Since = max(open, 1)
	}
	if err := allocation.Set(&limit, m.Amount); err != nil {
		return err
	}
	if err := p.put(capKey, limit); err != nil {
		return err
	}
	return p.put(key, allocation)
}

func (p *publicCall) setCustodian(m *clearing.CustodianKey) error {
	key, custodian := CustodianKey(m.ID), clearing.Custodian{V: 1, ID: m.ID}
	if _, err := read(p.state, key, &custodian); err != nil {
		return err
	}
	custodian.Version++
	custodian.Key = m.Key
	return p.put(key, custodian)
}
