package engine

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"

	"github.com/tallystick/tallystick/chaincode/clearing"
	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/netting"
	"github.com/tallystick/tallystick/chaincode/quantity"
	"github.com/tallystick/tallystick/chaincode/wire"
)

// discloseNet tells everybody what a pair owes net for one window. Either member can, so that the other's absence doesn't block; nobody can tell anything else than what
// the pair's brands endorsed, since every value is held against the hash that its write left on the channel.
func discloseNet(c Call, s State) (Effects, error) {
	var doc wire.NetDisclosure
	p, err := openPublic(c, s, &doc)
	if err != nil {
		return Effects{}, err
	}
	if _, err := p.actsFor(doc.A, doc.B); err != nil {
		return Effects{}, err
	}
	into, err := p.window(doc.Currency, doc.Netting)
	if err != nil {
		return Effects{}, err
	}
	if err := into.Admit(clearing.StepDisclose); err != nil {
		return Effects{}, err
	}
	sum, err := p.provenSum(&doc)
	if err != nil {
		return Effects{}, err
	}
	return p.disclose(&doc, sum)
}

// disclose adds a proven sum to the pair's nets.
func (p *publicCall) disclose(doc *wire.NetDisclosure, sum quantity.Micro) (Effects, error) {
	var allocation clearing.Allocation
	if err := p.read(AllocationKey(doc.A, doc.B, doc.Currency), &allocation); err != nil {
		return Effects{}, err
	}
	bookKey, netsKey := PairBookKey(doc.A, doc.B, doc.Currency), PairNetsKey(doc.Currency, doc.Netting, doc.A, doc.B)
	book := clearing.PairBook{V: 1, A: doc.A, B: doc.B, Currency: doc.Currency}
	if _, err := read(p.state, bookKey, &book); err != nil {
		return Effects{}, err
	}
	nets := clearing.PairNets{V: 1, A: doc.A, B: doc.B, Currency: doc.Currency, Window: doc.Netting}
	if _, err := read(p.state, netsKey, &nets); err != nil {
		return Effects{}, err
	}
	d := clearing.Disclosure{Window: doc.Window, Sum: sum, MSP: p.Caller.MSP, At: p.Time}
	if err := book.Disclose(&nets, allocation.Since, d); err != nil {
		return Effects{}, err
	}
	if err := p.put(bookKey, book); err != nil {
		return Effects{}, err
	}
	if err := p.put(netsKey, nets); err != nil {
		return Effects{}, err
	}
	return p.effects(nets)
}

// provenSum adds the tallies of all lanes of the pair; NET_MISMATCH unless each has the hash that is on the channel and those that are left out have none.
func (p *publicCall) provenSum(doc *wire.NetDisclosure) (quantity.Micro, error) {
	given, err := talliesOf(doc)
	if err != nil {
		return 0, err
	}
	a, err := findBrand(p.members, doc.A)
	if err != nil {
		return 0, err
	}
	b, err := findBrand(p.members, doc.B)
	if err != nil {
		return 0, err
	}
	var tallies []clearing.Tally
	for _, place := range clearing.CrossLanes(a, b) {
		tally, told := given[place]
		if err := p.holdAgainstHash(doc, place, tally); err != nil {
			return 0, err
		}
		if told {
			tallies = append(tallies, *tally)
			delete(given, place)
		}
	}
	if len(given) > 0 {
		return 0, fault.New(fault.InvalidValue, "%d lanes don't belong to the pair", len(given))
	}
	return clearing.Sum(tallies)
}

// talliesOf are the tallies that a disclosure tells, by lane; INVALID_VALUE when a lane is told twice.
func talliesOf(doc *wire.NetDisclosure) (map[clearing.LanePlace]*clearing.Tally, error) {
	given := make(map[clearing.LanePlace]*clearing.Tally, len(doc.Values))
	for _, v := range doc.Values {
		place := clearing.LanePlace{MSP: v.MSP, N: v.Lane}
		if given[place] != nil {
			return nil, fault.New(fault.InvalidValue, "lane %d of %s is told twice", v.Lane, v.MSP)
		}
		given[place] = &clearing.Tally{
			V: 1, Salt: v.Salt, Currency: doc.Currency, Window: doc.Window, MSP: v.MSP, Lane: v.Lane, Net: v.Net, Count: v.Count,
		}
	}
	return given, nil
}

// holdAgainstHash compares a tally, nil when none is told, with the hash of the private value.
func (p *publicCall) holdAgainstHash(doc *wire.NetDisclosure, place clearing.LanePlace, tally *clearing.Tally) error {
	key := TallyKey(doc.Currency, doc.Window, place.MSP, place.N)
	hash, err := p.state.PrivateHash(clearing.PairCollection(doc.A, doc.B), key)
	if err != nil {
		return err
	}
	var told []byte
	if tally != nil {
		raw, err := wire.Encode(tally)
		if err != nil {
			return err
		}
		sum := sha256.Sum256(raw)
		told = sum[:]
	}
	if !bytes.Equal(told, hash) {
		return fault.New(fault.NetMismatch, "lane %d of %s has another tally of window %d, or it is left out", place.N, place.MSP, doc.Window)
	}
	return nil
}

// netWindow nets a window: what pairs disclosed, what earlier windows carried, disputes set aside and fallen due.
func netWindow(c Call, s State) (Effects, error) {
	p, w, err := windowCall(c, s)
	if err != nil {
		return Effects{}, err
	}
	calendar, err := p.calendar(w.Currency)
	if err != nil {
		return Effects{}, err
	}
	before, err := p.windowBefore(w)
	if err != nil {
		return Effects{}, err
	}
	if err := w.Net(before, calendar, c.Time); err != nil {
		return Effects{}, err
	}
	obligations, err := p.intake(w)
	if err != nil {
		return Effects{}, err
	}
	standings, err := p.standings(w.Currency, clearing.Parties(obligations))
	if err != nil {
		return Effects{}, err
	}
	covers, err := p.covers(w.Currency, standings)
	if err != nil {
		return Effects{}, err
	}
	result, err := clearing.Settle(w.Currency, w.Number, obligations, covers)
	if err != nil {
		return Effects{}, err
	}
	if err := clearing.ObligationsEqualLegsPlusCarried(obligations, result); err != nil {
		return Effects{}, err
	}
	return p.netted(w, result, standings)
}

// windowBefore is nil for a currency's first window.
func (p *publicCall) windowBefore(w *clearing.Window) (*clearing.Window, error) {
	if w.Number == 1 {
		return nil, nil
	}
	return p.window(w.Currency, w.Number-1)
}

// intake gathers the obligations that go into the netting of a window.
func (p *publicCall) intake(w *clearing.Window) ([]netting.Obligation, error) {
	in := clearing.NewIntake(w.Number)
	if w.Number > 1 {
		var last clearing.Netting
		if err := p.read(NettingKey(w.Currency, w.Number-1), &last); err != nil {
			return nil, err
		}
		if err := in.Again(last.Carried); err != nil {
			return nil, err
		}
	}
	if err := p.takeDeferred(in, w.Currency); err != nil {
		return nil, err
	}
	if err := p.takeNets(in, w); err != nil {
		return nil, err
	}
	return in.Obligations(), nil
}

// takeDeferred takes in the rests of legs that votes deferred, once.
func (p *publicCall) takeDeferred(in *clearing.Intake, currency string) error {
	var deferred wire.Deferred
	if _, err := read(p.state, DeferredKey(currency), &deferred); err != nil || len(deferred.Legs) == 0 {
		return err
	}
	var again []netting.Obligation
	for _, l := range deferred.Legs {
		again = append(again, netting.Obligation{Window: l.Window, From: l.From, To: l.To, Amount: l.Deferred})
	}
	if err := in.Again(again); err != nil {
		return err
	}
	return p.put(DeferredKey(currency), wire.Deferred{V: 1, Legs: []clearing.Leg{}})
}

// takeNets takes in what pairs disclosed and what their disputes change in it.
func (p *publicCall) takeNets(in *clearing.Intake, w *clearing.Window) error {
	pairs := p.members.Pairs()
	nets, err := records[clearing.PairNets](p.state, pairKeys(pairs, func(a, b string) string { return PairNetsKey(w.Currency, w.Number, a, b) }))
	if err != nil {
		return err
	}
	books, err := records[clearing.PairBook](p.state, pairKeys(pairs, func(a, b string) string { return PairBookKey(a, b, w.Currency) }))
	if err != nil {
		return err
	}
	for i, pair := range pairs {
		if nets[i] == nil {
			nets[i] = &clearing.PairNets{}
		}
		if books[i] == nil {
			continue
		}
		more, changed, err := books[i].TakeAside(nets[i], w.Number)
		if err != nil {
			return err
		}
		if changed {
			if err := p.put(PairBookKey(pair.A, pair.B, w.Currency), books[i]); err != nil {
				return err
			}
		}
		if err := in.Pair(pair, nets[i], more); err != nil {
			return err
		}
	}
	return nil
}

// standings are the members' standings, new ones included.
func (p *publicCall) standings(currency string, names []string) ([]*clearing.Standing, error) {
	list, err := records[clearing.Standing](p.state, memberKeys(names, func(name string) string { return StandingKey(name, currency) }))
	for i, standing := range list {
		if standing == nil {
			list[i] = clearing.NewStanding(names[i], currency)
		}
	}
	return list, err
}

// covers says how far below zero each member's position may go: without a limit, or by its reserve, less the legs of earlier windows that it hasn't paid.
func (p *publicCall) covers(currency string, standings []*clearing.Standing) ([]netting.Cover, error) {
	covers := make([]netting.Cover, len(standings))
	for i, standing := range standings {
		member, err := p.members.Find(standing.Member)
		if err != nil {
			return nil, err
		}
		covers[i] = netting.Cover{Member: member.Name, Amount: quantity.MaxMinor}
		if !member.Covered() {
			continue
		}
		worth, err := p.worth(member.Name, currency)
		if err != nil {
			return nil, err
		}
		covers[i].Amount = max(worth-standing.Payable, 0)
	}
	return covers, nil
}

// worth is what a member's reserve covers now.
func (p *publicCall) worth(member, currency string) (quantity.Minor, error) {
	var reserve clearing.Reserve
	there, err := read(p.state, AttestedKey(member, currency), &reserve)
	if err != nil || !there {
		return 0, err
	}
	var custodian clearing.Custodian
	if err := p.read(CustodianKey(reserve.Statement.Custodian), &custodian); err != nil {
		return 0, err
	}
	return reserve.Worth(&custodian, p.Time), nil
}

// netted keeps the result, the positions to be signed, and what every member has settled.
func (p *publicCall) netted(w *clearing.Window, result *clearing.Netting, standings []*clearing.Standing) (Effects, error) {
	raw, err := wire.Encode(result)
	if err != nil {
		return Effects{}, err
	}
	sum := sha256.Sum256(raw)
	w.Root = hex.EncodeToString(sum[:])
	p.writes = append(p.writes, Write{Key: NettingKey(w.Currency, w.Number), Value: raw})
	for _, n := range result.Positions {
		position := clearing.Position{V: 1, Currency: w.Currency, Window: w.Number, Member: n.Member, Net: n.Net, Root: w.Root}
		if err := p.put(PositionKey(w.Currency, w.Number, n.Member), position); err != nil {
			return Effects{}, err
		}
	}
	for _, standing := range standings {
		if err := standing.Netted(result); err != nil {
			return Effects{}, err
		}
		if err := clearing.StandingBalances(standing); err != nil {
			return Effects{}, err
		}
		if err := p.put(StandingKey(standing.Member, w.Currency), standing); err != nil {
			return Effects{}, err
		}
	}
	if err := p.put(WindowKey(w.Currency, w.Number), w); err != nil {
		return Effects{}, err
	}
	return p.effects(w)
}
