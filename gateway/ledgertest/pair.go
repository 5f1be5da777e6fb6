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
	A, B *Organisation
	Now  int64 // Time of the last transaction, Unix seconds.

	ledger *Ledger
}

// Pair gives the pair of two brands, by name.
func (l *Ledger) Pair(x, y string) *Pair {
	a, b := clearing.PairOf(x, y)
	return &Pair{A: l.member(a), B: l.member(b), Now: Start, ledger: l}
}

// Terms are a version of the pair's agreement, in force from the last transaction on: a point of either is worth 1 minor unit at the other, costs 2 to award and 1 to swap, one for one.
func (p *Pair) Terms(version int) *clearing.Agreement {
	offer := clearing.Offer{
		Version: version, From: p.Now, Acceptance: quantity.Ratio{Num: 1, Den: 1}, Swap: quantity.Ratio{Num: 1, Den: 1}, SwapMin: 1, AwardMax: 10_000,
	}
	side := clearing.Side{Offer: offer, Acceptance: quantity.Ratio{Num: 1, Den: 1}, Sale: quantity.Ratio{Num: 2, Den: 1}, Swap: quantity.Ratio{Num: 1, Den: 1}}
	return &clearing.Agreement{
		V: 1, Salt: strings.Repeat("09", wire.SaltLength/2), Version: version, A: p.A.Name, B: p.B.Name, Currency: Currency, Scale: 2, From: p.Now,
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

// Allocate lets the two owe each other so much, either way, and opens clearing in the currency.
func (p *Pair) Allocate(amount [2]quantity.Minor) {
	p.ledger.t.Helper()
	writes := func(e *engine.Effects) {
		e.Private = nil
		e.Writes = []engine.Write{
			{Key: engine.WindowPointerKey(Currency), Value: p.ledger.Encode(clearing.WindowPointer{V: 1, Currency: Currency, Number: 1})},
			{Key: engine.AllocationKey(p.A.Name, p.B.Name, Currency), Value: p.ledger.Encode(clearing.Allocation{
				V: 1, A: p.A.Name, B: p.B.Name, Currency: Currency, Amount: amount, Since: 1, Epoch: 1,
			})},
		}
	}
	p.Now++
	_, err := p.ledger.Submit(Proposal{
		Caller: p.A.Treasurer, Chaincode: engine.ClearingChaincode, Function: wire.FnProposeAgreement, Document: p.ledger.Encode(wire.PairQuery{A: p.A.Name, B: p.B.Name}),
		Transient: map[string][]byte{wire.AgreementTransient: p.ledger.Encode(p.Terms(1))}, Time: p.Now, Endorsers: p.Endorsers(), Tamper: writes,
	})
	must(p.ledger.t, err)
	p.ledger.Cut()
}

// MoveSlice moves a part of what one lane may owe to another lane, and cuts a block.
func (p *Pair) MoveSlice(m wire.SliceMove) {
	p.ledger.t.Helper()
	p.submit(p.A.Gateway, wire.FnMoveSlice, wire.PairQuery{A: p.A.Name, B: p.B.Name}, map[string][]byte{wire.SliceTransient: p.ledger.Encode(m)})
}

// submit has both members endorse a call, and cuts a block.
func (p *Pair) submit(caller *Identity, function string, document any, transient map[string][]byte) {
	p.ledger.t.Helper()
	p.Now++
	_, err := p.ledger.Submit(Proposal{
		Caller: caller, Chaincode: engine.ClearingChaincode, Function: function, Document: p.ledger.Encode(document), Transient: transient, Time: p.Now,
		Endorsers: p.Endorsers(),
	})
	must(p.ledger.t, err)
	p.ledger.Cut()
}

// Endorsers are the peers of both members.
func (p *Pair) Endorsers() []*Identity { return []*Identity{p.A.Peer, p.B.Peer} }
