package ledgertest

import (
	"crypto/sha256"
	"encoding/hex"
	"strconv"

	"github.com/tallystick/tallystick/chaincode/clearing"
	"github.com/tallystick/tallystick/chaincode/engine"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/quantity"
	"github.com/tallystick/tallystick/chaincode/wire"
)

// Exchange queues a cross-brand batch on accounts of a programme for the next block, in the k-th lane of who submits it, and returns its event and transaction id. Options change
// the proposal before it is endorsed.
func (p *Pair) Exchange(home *Programme, submitter *Organisation, k int, items []Item, options ...func(*Proposal)) (*wire.ExchangeEvent, string) {
	p.ledger.t.Helper()
	p.ledger.Now = max(p.ledger.Now, home.Now) + 1
	home.Now = p.ledger.Now
	partner := p.B
	if home.Brand == p.B {
		partner = p.A
	}
	at := place{home.Brand.Name, submitter.MSP, p.Lane(home, submitter, k).N}
	p.seq[at]++
	doc := wire.Exchange{Home: home.Brand.Name, Partner: partner.Name, Lane: at.lane, Seq: p.seq[at], Release: p.Release, Operations: []points.Operation{}}
	details := wire.BatchDetails{V: 1, Salt: saltOf(at, p.seq[at]), Operations: []points.Details{}}
	for _, item := range items {
		doc.Operations = append(doc.Operations, item.Operation)
		details.Operations = append(details.Operations, item.Details)
	}
	proposal := Proposal{
		Caller: submitter.Gateway, Chaincode: engine.ClearingChaincode, Function: wire.FnExchange, Document: p.ledger.Encode(doc), Time: p.ledger.Now,
		Transient: map[string][]byte{wire.DetailsTransient: p.ledger.Encode(details)}, Endorsers: p.Endorsers(),
	}
	for _, o := range options {
		o(&proposal)
	}
	id, err := p.ledger.Submit(proposal)
	must(p.ledger.t, err)
	queued := p.ledger.pending[len(p.ledger.pending)-1].simulation.effects
	var event wire.ExchangeEvent
	must(p.ledger.t, wire.DecodeRecord(queued.EventPayload, &event))
	return &event, id
}

// Lane is the k-th lane of who submits batches for a home programme.
func (p *Pair) Lane(home *Programme, submitter *Organisation, k int) clearing.LanePlace {
	counterparty, series := p.B, clearing.HomeOwn
	if submitter == p.B {
		counterparty = p.A
	}
	if submitter != home.Brand {
		series = clearing.HomeOther
	}
	return clearing.LanePlace{MSP: submitter.MSP, N: clearing.CrossLane(p.ledger.number(counterparty.Name), series, k)}
}

// Lines are the private record of a committed batch on accounts of a programme.
func (p *Pair) Lines(home *Programme, event *wire.BatchEvent) *wire.PairLines {
	p.ledger.t.Helper()
	lines := new(wire.PairLines)
	key := engine.LinesKey(home.Brand.Name, event.MSP, event.Lane, event.Seq)
	must(p.ledger.t, wire.DecodeRecord(p.ledger.Private(engine.ClearingChaincode, p.Collection(), key), lines))
	return lines
}

// saltOf is a salt that no other batch has.
func saltOf(at place, seq int64) string {
	sum := sha256.Sum256([]byte(at.home + at.msp + strconv.Itoa(at.lane) + "/" + strconv.FormatInt(seq, 10)))
	return hex.EncodeToString(sum[:])
}

// number is a brand's admission number.
func (l *Ledger) number(name string) int {
	var members clearing.Consortium
	must(l.t, wire.DecodeRecord(l.State(engine.ClearingChaincode, engine.ConsortiumKey()), &members))
	m, err := members.Find(name)
	must(l.t, err)
	return m.Number
}

// RedeemAt spends points at a partner's till; each buys a minor unit.
func (p *Programme) RedeemAt(partner string, account points.AccountID, n quantity.Points) Item {
	return p.sign(p.discount(points.Operation{Kind: points.KindRedeem, Account: account, Points: n, Partner: partner}), n)
}

// HoldAt pins points for a partner's till for so many seconds.
func (p *Programme) HoldAt(partner string, account points.AccountID, n quantity.Points, seconds int64) Item {
	return p.sign(p.atTill(points.Operation{Kind: points.KindHold, Account: account, Points: n, Until: p.Now + seconds, Partner: partner}), n)
}

// CaptureAt redeems points out of a hold at a partner's till.
func (p *Programme) CaptureAt(hold Item, n quantity.Points) Item {
	return p.discount(points.Operation{
		Kind: points.KindCapture, Account: hold.Operation.Account, Hold: hold.Operation.ID, Points: n, Partner: hold.Operation.Partner,
	})
}

// AwardBy is what a partner gives to an account.
func (p *Programme) AwardBy(partner string, account points.AccountID, n quantity.Points) Item {
	return p.atTill(points.Operation{Kind: points.KindAward, Account: account, Points: n, Partner: partner})
}

// Swap gives points for points of a partner's programme.
func (p *Programme) Swap(partner string, account, to points.AccountID, n quantity.Points) Item {
	return p.sign(p.item(points.Operation{Kind: points.KindSwap, Account: account, To: to, Points: n, Partner: partner}), n)
}

// ReturnAt returns everything that is left of an operation with a partner, against its receipt in a committed batch of this programme.
func (p *Programme) ReturnAt(partner string, event *wire.BatchEvent, index int) Item {
	original := p.Original(event, index)
	return p.purchase(points.Operation{Kind: points.KindReturn, Account: original.Receipt.Account, Original: original, Whole: true, Partner: partner}, 0)
}

// VoidAt ends a hold at a partner's till.
func (p *Programme) VoidAt(hold Item) Item {
	return p.item(points.Operation{Kind: points.KindVoid, Account: hold.Operation.Account, Hold: hold.Operation.ID, Partner: hold.Operation.Partner})
}

// Fold brings credits that wait to their account.
func (p *Programme) Fold(account points.AccountID, places ...points.InboxPlace) Item {
	return p.item(points.Operation{Kind: points.KindFold, Account: account, Entries: places})
}

// OptOut keeps a partner away from an account.
func (p *Programme) OptOut(partner string, account points.AccountID) Item {
	return p.sign(p.item(points.Operation{Kind: points.KindOptOut, Account: account, Partner: partner}), 0)
}

// Resign signs an operation anew that was changed after it was signed.
func (p *Programme) Resign(item *Item, most quantity.Points) { *item = p.sign(*item, most) }
