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

// Trade is what two brands with programmes do with each other.
type Trade struct {
	A, B    *Programme // In the order of their names.
	Release int64      // Settled window up to which the next batches release their lanes; 0: none.

	ledger *Ledger
	seq    map[laneOf]int64
}

// laneOf is a lane of a submitter in a home programme.
type laneOf struct {
	by, home string
	n        int
}

// Collection names the pair's private data.
func (d *Trade) Collection() string {
	return clearing.PairCollection(d.A.Brand.Name, d.B.Brand.Name)
}

// Agreement is a first version that both sides can live with: a point is worth half a penny at the other's, costs 0.7 pence to award, and two of A's become one of B's, for a
// fee that B pays.
func (d *Trade) Agreement(version int, from int64) *clearing.Agreement {
	half := quantity.Ratio{Num: 1, Den: 2}
	offer := func(swap quantity.Ratio) clearing.Offer {
		return clearing.Offer{Version: version, From: from, Acceptance: half, RedeemMin: 1, Swap: swap, SwapMin: 10, SwapPerDay: 5000, AwardMax: 10_000}
	}
	side := func(swap quantity.Ratio) clearing.Side {
		return clearing.Side{Offer: offer(swap), Acceptance: half, Sale: quantity.Ratio{Num: 7, Den: 10}, Swap: quantity.Ratio{Num: 2, Den: 3}}
	}
	g := &clearing.Agreement{
		V: 1, Salt: freshSalt(), Version: version, A: d.A.Brand.Name, B: d.B.Brand.Name, Currency: Currency, Scale: 2, From: from, NoticeSeconds: 60, Calendar: "daily",
		DisputeWindows: 2, Fraud: clearing.BearerIssuer, Offline: clearing.BearerPartner, Prose: map[string]string{"en": "Points are good at both."},
		Sides: [2]clearing.Side{side(half), side(quantity.Ratio{Num: 2, Den: 1})},
	}
	g.Sides[0].Fees = []clearing.Fee{{Service: clearing.ServiceSwap, Payer: clearing.BearerPartner, Share: quantity.Ratio{Num: 1, Den: 100}}}
	return g
}

// Trade makes trading partners of two programmes, in the order of their names: an agreement, and an allocation of so many minor units either way.
func (l *Ledger) Trade(a, b *Programme, allocation quantity.Minor) *Trade {
	l.t.Helper()
	d := &Trade{A: a, B: b, ledger: l, seq: map[laneOf]int64{}}
	l.Allocate(a.Brand, b.Brand, allocation)
	l.Allocate(b.Brand, a.Brand, allocation)
	d.Propose(d.Agreement(1, 0))
	d.Accept(1)
	return d
}

// Endorsers are the peers of the two brands.
func (d *Trade) Endorsers() []*Identity { return []*Identity{d.A.Brand.Peer, d.B.Brand.Peer} }

// Propose has A propose an agreement, and cuts a block.
func (d *Trade) Propose(g *clearing.Agreement, options ...func(*Proposal)) string {
	d.ledger.t.Helper()
	return d.submit(Proposal{
		Caller: d.A.Brand.Treasurer, Function: wire.FnProposeAgreement, Document: d.ledger.Encode(d.query()),
		Transient: map[string][]byte{wire.AgreementTransient: d.ledger.Encode(g)},
	}, options)
}

// Accept has B accept what waits, and cuts a block.
func (d *Trade) Accept(version int, options ...func(*Proposal)) string {
	d.ledger.t.Helper()
	digest := sha256.Sum256(d.ledger.Private(engine.ClearingChaincode, d.Collection(), engine.ProposedKey()))
	doc := wire.Acceptance{A: d.A.Brand.Name, B: d.B.Brand.Name, Version: version, Hash: hex.EncodeToString(digest[:])}
	return d.submit(Proposal{Caller: d.B.Brand.Treasurer, Function: wire.FnAcceptAgreement, Document: d.ledger.Encode(doc)}, options)
}

// Move moves a part of what a lane may owe, and cuts a block.
func (d *Trade) Move(from, to clearing.LanePlace, direction int, amount quantity.Micro, options ...func(*Proposal)) string {
	d.ledger.t.Helper()
	move := wire.SliceMove{Salt: freshSalt(), From: from, To: to, Direction: direction, Amount: amount}
	return d.submit(Proposal{
		Caller: d.A.Brand.Gateway, Function: wire.FnMoveSlice, Document: d.ledger.Encode(d.query()),
		Transient: map[string][]byte{wire.SliceTransient: d.ledger.Encode(move)},
	}, options)
}

func (d *Trade) query() wire.PairQuery {
	return wire.PairQuery{A: d.A.Brand.Name, B: d.B.Brand.Name}
}

func (d *Trade) submit(proposal Proposal, options []func(*Proposal)) string {
	d.ledger.t.Helper()
	id := d.queue(proposal, options)
	d.ledger.Cut()
	return id
}

func (d *Trade) queue(proposal Proposal, options []func(*Proposal)) string {
	d.ledger.t.Helper()
	proposal.Chaincode, proposal.Time, proposal.Endorsers = engine.ClearingChaincode, d.ledger.tick(), d.Endorsers()
	for _, o := range options {
		o(&proposal)
	}
	id, err := d.ledger.Submit(proposal)
	must(d.ledger.t, err)
	return id
}

// Lane is the k-th lane of a submitter for a home programme.
func (d *Trade) Lane(by, home *Programme, k int) clearing.LanePlace {
	other, series := d.B, clearing.HomeOwn
	if by == d.B {
		other = d.A
	}
	if by != home {
		series = clearing.HomeOther
	}
	number := slices.Index(d.ledger.Organisations, other.Brand)
	return clearing.LanePlace{MSP: by.Brand.MSP, N: clearing.CrossLane(number, series, k)}
}

// Exchange queues a cross-brand batch on accounts of the home programme, sent by one of the two brands, and returns its event and transaction id.
func (d *Trade) Exchange(by, home *Programme, k int, items []Item, options ...func(*Proposal)) (*wire.ExchangeEvent, string) {
	d.ledger.t.Helper()
	lane := d.Lane(by, home, k)
	place := laneOf{by.Brand.Name, home.Brand.Name, lane.N}
	d.seq[place]++
	partner := d.B
	if home == d.B {
		partner = d.A
	}
	doc := wire.Exchange{Home: home.Brand.Name, Partner: partner.Brand.Name, Lane: lane.N, Seq: d.seq[place], Release: d.Release, Operations: []points.Operation{}}
	details := wire.BatchDetails{V: 1, Salt: freshSalt(), Operations: []points.Details{}}
	for _, item := range items {
		doc.Operations = append(doc.Operations, item.Operation)
		details.Operations = append(details.Operations, item.Details)
	}
	id := d.queue(Proposal{
		Caller: by.Brand.Gateway, Function: wire.FnExchange, Document: d.ledger.Encode(doc), Transient: map[string][]byte{wire.DetailsTransient: d.ledger.Encode(details)},
	}, options)
	var event wire.ExchangeEvent
	must(d.ledger.t, wire.DecodeRecord(d.ledger.pending[len(d.ledger.pending)-1].simulation.effects.EventPayload, &event))
	return &event, id
}

// Lines are the private record of a committed batch.
func (d *Trade) Lines(home string, event *wire.BatchEvent) *wire.PairLines {
	d.ledger.t.Helper()
	raw := d.ledger.Private(engine.ClearingChaincode, d.Collection(), engine.LinesKey(home, event.MSP, event.Lane, event.Seq))
	lines := new(wire.PairLines)
	must(d.ledger.t, wire.DecodeRecord(raw, lines))
	return lines
}

// Dispute sets a line of a committed batch aside, for A, and cuts a block.
func (d *Trade) Dispute(home *Programme, event *wire.BatchEvent, index int) wire.DisputeStep {
	d.ledger.t.Helper()
	lines := d.Lines(home.Brand.Name, event)
	salt, err := hex.DecodeString(lines.Salt)
	must(d.ledger.t, err)
	original := home.original(event, index)
	d.ledger.Clear(d.A.Brand.Treasurer, wire.FnFileDispute, wire.NewDispute{
		Currency: Currency, Netting: original.Receipt.Window, Evidence: *original, Obligation: lines.Obligations[index],
		Salt: hex.EncodeToString(wire.OperationSalt(salt, original.Receipt.Operation)), Reason: "not delivered",
	})
	return wire.DisputeStep{Currency: Currency, Programme: home.Brand.Name, Operation: original.Receipt.Operation, Member: d.A.Brand.Name}
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
