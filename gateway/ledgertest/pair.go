package ledgertest

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"

	"github.com/tallystick/tallystick/chaincode/clearing"
	"github.com/tallystick/tallystick/chaincode/engine"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/quantity"
	"github.com/tallystick/tallystick/chaincode/wire"
)

// Pair is two brands with programmes that trade with each other.
type Pair struct {
	A, B *Programme // In the order of their names.

	ledger *Ledger
	seq    map[exchangeLane]int64
}

// exchangeLane is a lane of a submitter in a home programme.
type exchangeLane struct {
	by, home string
	n        int
}

// Collection names the pair's private data.
func (p *Pair) Collection() string {
	return clearing.PairCollection(p.A.Brand.Name, p.B.Brand.Name)
}

// Agreement is a first version that both sides can live with: a point is worth half a penny at the other's, costs 0.7 pence to award, and two of A's become one of B's, for a
// fee that B pays.
func (p *Pair) Agreement(version int, from int64) *clearing.Agreement {
	half := quantity.Ratio{Num: 1, Den: 2}
	offer := func(swap quantity.Ratio) clearing.Offer {
		return clearing.Offer{Version: version, From: from, Acceptance: half, RedeemMin: 1, Swap: swap, SwapMin: 10, SwapPerDay: 5000, AwardMax: 10_000}
	}
	side := func(swap quantity.Ratio) clearing.Side {
		return clearing.Side{Offer: offer(swap), Acceptance: half, Sale: quantity.Ratio{Num: 7, Den: 10}, Swap: quantity.Ratio{Num: 2, Den: 3}}
	}
	g := &clearing.Agreement{
		V: 1, Salt: freshSalt(), Version: version, A: p.A.Brand.Name, B: p.B.Brand.Name, Currency: Currency, Scale: 2, From: from, NoticeSeconds: 60, Calendar: "daily",
		DisputeWindows: 2, Fraud: clearing.BearerIssuer, Offline: clearing.BearerPartner, Prose: map[string]string{"en": "Points are good at both."},
		Sides: [2]clearing.Side{side(half), side(quantity.Ratio{Num: 2, Den: 1})},
	}
	g.Sides[0].Fees = []clearing.Fee{{Service: clearing.ServiceSwap, Payer: clearing.BearerPartner, Share: quantity.Ratio{Num: 1, Den: 100}}}
	return g
}

// Pair makes trading partners of two programmes, in the order of their names: an agreement, and an allocation of so many minor units either way.
func (l *Ledger) Pair(a, b *Programme, allocation quantity.Minor) *Pair {
	l.t.Helper()
	p := &Pair{A: a, B: b, ledger: l, seq: map[exchangeLane]int64{}}
	l.Allocate(a.Brand, b.Brand, allocation)
	l.Allocate(b.Brand, a.Brand, allocation)
	p.Agree(p.Agreement(1, 0))
	return p
}

// Endorsers are the peers of the two brands.
func (p *Pair) Endorsers() []*Identity { return []*Identity{p.A.Brand.Peer, p.B.Brand.Peer} }

// Agree has A propose an agreement and B accept it, each in a block of its own.
func (p *Pair) Agree(g *clearing.Agreement) {
	p.ledger.t.Helper()
	p.Propose(g)
	p.Accept(g.Version)
}

// Propose has A propose an agreement, and cuts a block.
func (p *Pair) Propose(g *clearing.Agreement, options ...func(*Proposal)) string {
	p.ledger.t.Helper()
	return p.submit(Proposal{
		Caller: p.A.Brand.Treasurer, Function: wire.FnProposeAgreement, Document: p.ledger.Encode(p.query()),
		Transient: map[string][]byte{wire.AgreementTransient: p.ledger.Encode(g)},
	}, options)
}

// Accept has B accept what waits, and cuts a block.
func (p *Pair) Accept(version int, options ...func(*Proposal)) string {
	p.ledger.t.Helper()
	digest := sha256.Sum256(p.ledger.PrivateValue(engine.ClearingChaincode, p.Collection(), engine.ProposedKey()))
	doc := wire.Acceptance{A: p.A.Brand.Name, B: p.B.Brand.Name, Version: version, Hash: hex.EncodeToString(digest[:])}
	return p.submit(Proposal{Caller: p.B.Brand.Treasurer, Function: wire.FnAcceptAgreement, Document: p.ledger.Encode(doc)}, options)
}

// Move moves a part of what a lane may owe, and cuts a block.
func (p *Pair) Move(from, to clearing.LanePlace, direction int, amount quantity.Micro, options ...func(*Proposal)) string {
	p.ledger.t.Helper()
	move := wire.SliceMove{Salt: freshSalt(), From: from, To: to, Direction: direction, Amount: amount}
	return p.submit(Proposal{
		Caller: p.A.Brand.Gateway, Function: wire.FnMoveSlice, Document: p.ledger.Encode(p.query()),
		Transient: map[string][]byte{wire.SliceTransient: p.ledger.Encode(move)},
	}, options)
}

func (p *Pair) query() wire.PairQuery {
	return wire.PairQuery{A: p.A.Brand.Name, B: p.B.Brand.Name}
}

func (p *Pair) submit(proposal Proposal, options []func(*Proposal)) string {
	p.ledger.t.Helper()
	id := p.queue(proposal, options)
	p.ledger.Cut()
	return id
}

func (p *Pair) queue(proposal Proposal, options []func(*Proposal)) string {
	p.ledger.t.Helper()
	proposal.Chaincode, proposal.Time, proposal.Endorsers = engine.ClearingChaincode, p.ledger.tick(), p.Endorsers()
	for _, o := range options {
		o(&proposal)
	}
	id, err := p.ledger.Submit(proposal)
	must(p.ledger.t, err)
	return id
}

// Lane is the k-th lane of a submitter for a home programme.
func (p *Pair) Lane(by, home *Programme, k int) clearing.LanePlace {
	other, series := p.B, clearing.HomeOwn
	if by == p.B {
		other = p.A
	}
	if by != home {
		series = clearing.HomeOther
	}
	number := slices.Index(p.ledger.Organisations, other.Brand)
	return clearing.LanePlace{MSP: by.Brand.MSP, N: clearing.CrossLane(number, series, k)}
}

// Exchange queues a cross-brand batch on accounts of the home programme, sent by one of the two brands, and returns its event and transaction id.
func (p *Pair) Exchange(by, home *Programme, k int, items []Item, options ...func(*Proposal)) (*wire.ExchangeEvent, string) {
	p.ledger.t.Helper()
	lane := p.Lane(by, home, k)
	place := exchangeLane{by.Brand.Name, home.Brand.Name, lane.N}
	p.seq[place]++
	partner := p.B
	if home == p.B {
		partner = p.A
	}
	doc := wire.Exchange{Home: home.Brand.Name, Partner: partner.Brand.Name, Lane: lane.N, Seq: p.seq[place], Operations: []points.Operation{}}
	details := wire.BatchDetails{V: 1, Salt: freshSalt(), Operations: []points.Details{}}
	for _, item := range items {
		doc.Operations = append(doc.Operations, item.Operation)
		details.Operations = append(details.Operations, item.Details)
	}
	id := p.queue(Proposal{
		Caller: by.Brand.Gateway, Function: wire.FnExchange, Document: p.ledger.Encode(doc), Transient: map[string][]byte{wire.DetailsTransient: p.ledger.Encode(details)},
	}, options)
	var event wire.ExchangeEvent
	must(p.ledger.t, wire.DecodeRecord(p.ledger.pending[len(p.ledger.pending)-1].simulation.effects[engine.ClearingChaincode].EventPayload, &event))
	return &event, id
}

// With makes an operation one at a partner.
func (p *Programme) With(partner *Programme, item Item) Item {
	item.Operation.Partner = partner.Brand.Name
	if item.Operation.Kind.Redeems() {
		item.Details.AmountMinor, item.Details.Currency = 0, ""
	}
	if item.Operation.Authorisation == nil {
		return item
	}
	return p.sign(item, item.Operation.Authorisation.Mandate.MaxPoints)
}

// Award is what a partner gives.
func (p *Programme) Award(partner *Programme, account points.AccountID, n quantity.Points) Item {
	return p.With(partner, p.atTill(points.Operation{Kind: points.KindAward, Account: account, Points: n}))
}

// Swap turns points into a partner's, on an account there.
func (p *Programme) Swap(partner *Programme, account, to points.AccountID, n quantity.Points) Item {
	return p.sign(p.With(partner, p.item(points.Operation{Kind: points.KindSwap, Account: account, To: to, Points: n})), n)
}

// TakeBack returns everything that is left of an operation with a partner.
func (p *Programme) TakeBack(partner *Programme, event *wire.BatchEvent, index int) Item {
	original := p.original(event, index)
	return p.With(partner, p.purchase(points.Operation{Kind: points.KindReturn, Account: original.Receipt.Account, Original: original, Whole: true}, 0))
}

// Fold takes the credits of a batch out of the inbox of an account.
func (p *Programme) Fold(event *wire.BatchEvent, account points.AccountID) Item {
	var entries []points.InboxPlace
	for i, r := range event.Receipts {
		if r.Account == account && r.Kind.Blind() && r.Outcome == points.Accepted {
			entries = append(entries, points.InboxPlace{MSP: event.MSP, Lane: event.Lane, Seq: event.Seq, N: i})
		}
	}
	return p.item(points.Operation{Kind: points.KindFold, Account: account, Entries: entries})
}

// salts counts the salts given out.
var salts int

// freshSalt gives salts that no other call gives.
func freshSalt() string {
	salts++
	return fmt.Sprintf("%0*x", wire.SaltLength, salts)
}
