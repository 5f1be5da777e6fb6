package ledgertest

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"

	"github.com/tallystick/tallystick/chaincode/clearing"
	"github.com/tallystick/tallystick/chaincode/engine"
	"github.com/tallystick/tallystick/chaincode/quantity"
	"github.com/tallystick/tallystick/chaincode/wire"
)

// Currency is the one that every pair clears in.
const Currency = "GBP"

// Pair is two brands that deal with each other.
type Pair struct {
	A, B    *Organisation
	Release int64 // Settled window up to which the next batches release their lanes; 0: none.

	ledger *Ledger
	seq    map[place]int64
}

// place is a lane of a pair, for one home programme.
type place struct {
	home, msp string
	lane      int
}

// Pair gives the pair of two brands, by name.
func (l *Ledger) Pair(x, y string) *Pair {
	a, b := clearing.PairOf(x, y)
	return &Pair{A: l.member(a), B: l.member(b), ledger: l, seq: map[place]int64{}}
}

// Terms are a version of the pair's agreement, in force from the last transaction on: a point of either is worth 1 minor unit at the other, costs 2 to award and 1 to swap, one for one.
func (p *Pair) Terms(version int) *clearing.Agreement {
	offer := clearing.Offer{
		Version: version, From: p.ledger.Now, Acceptance: quantity.Ratio{Num: 1, Den: 1}, Swap: quantity.Ratio{Num: 1, Den: 1}, SwapMin: 1, AwardMax: 10_000,
	}
	side := clearing.Side{Offer: offer, Acceptance: quantity.Ratio{Num: 1, Den: 1}, Sale: quantity.Ratio{Num: 2, Den: 1}, Swap: quantity.Ratio{Num: 1, Den: 1}}
	return &clearing.Agreement{
		V: 1, Salt: strings.Repeat("09", wire.SaltLength/2), Version: version, A: p.A.Name, B: p.B.Name, Currency: Currency, Scale: 2, From: p.ledger.Now,
		Sides: [2]clearing.Side{side, side}, Calendar: "daily", DisputeWindows: 3, Fraud: clearing.BearerIssuer, Offline: clearing.BearerPartner,
		Prose: map[string]string{"en": "As agreed."},
	}
}

// Collection is the pair's private data collection.
func (p *Pair) Collection() string { return clearing.PairCollection(p.A.Name, p.B.Name) }

// Propose has A propose an agreement, and cuts a block.
func (p *Pair) Propose(g *clearing.Agreement) {
	p.ledger.t.Helper()
	p.submit(p.A.Treasurer, wire.FnProposeAgreement, wire.PairQuery{A: p.A.Name, B: p.B.Name}, map[string][]byte{wire.AgreementTransient: p.ledger.Encode(g)})
}

// Agree has A propose an agreement and B accept it, and cuts blocks.
func (p *Pair) Agree(g *clearing.Agreement) {
	p.ledger.t.Helper()
	p.Propose(g)
	sum := sha256.Sum256(p.ledger.Private(engine.ClearingChaincode, p.Collection(), engine.ProposedKey()))
	doc := wire.Acceptance{A: p.A.Name, B: p.B.Name, Version: g.Version, Hash: hex.EncodeToString(sum[:])}
	p.submit(p.B.Treasurer, wire.FnAcceptAgreement, doc, nil)
}

// Allocate lets the two owe each other so much, either way, out of caps as large, by the brands' votes. The currency's windows are opened before, if they aren't.
func (p *Pair) Allocate(amount [2]quantity.Minor) {
	p.ledger.t.Helper()
	if p.ledger.State(engine.ClearingChaincode, engine.CurrenciesKey()) == nil {
		p.ledger.OpenClearing()
	}
	for i, names := range [][2]string{{p.A.Name, p.B.Name}, {p.B.Name, p.A.Name}} {
		limit := clearing.Cap{}
		if raw := p.ledger.State(engine.ClearingChaincode, engine.CapKey(names[0], Currency)); raw != nil {
			must(p.ledger.t, wire.DecodeRecord(raw, &limit))
		}
		p.ledger.Decide(clearing.Motion{Cap: &clearing.CapMotion{Member: names[0], Currency: Currency, Amount: limit.Amount + amount[i]}})
		p.ledger.Decide(clearing.Motion{Allocation: &clearing.AllocationMove{Debtor: names[0], Creditor: names[1], Currency: Currency, Amount: amount[i]}})
	}
}

// MoveSlice moves a part of what one lane may owe to another lane, and cuts a block.
func (p *Pair) MoveSlice(m wire.SliceMove) {
	p.ledger.t.Helper()
	p.submit(p.A.Gateway, wire.FnMoveSlice, wire.PairQuery{A: p.A.Name, B: p.B.Name}, map[string][]byte{wire.SliceTransient: p.ledger.Encode(m)})
}

// submit has both members endorse a call, and cuts a block.
func (p *Pair) submit(caller *Identity, function string, document any, transient map[string][]byte) {
	p.ledger.t.Helper()
	p.ledger.Now++
	_, err := p.ledger.Submit(Proposal{
		Caller: caller, Chaincode: engine.ClearingChaincode, Function: function, Document: p.ledger.Encode(document), Transient: transient, Time: p.ledger.Now,
		Endorsers: p.Endorsers(),
	})
	must(p.ledger.t, err)
	p.ledger.Cut()
}

// Endorsers are the peers of both members.
func (p *Pair) Endorsers() []*Identity { return []*Identity{p.A.Peer, p.B.Peer} }
