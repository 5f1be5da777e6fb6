package ledgertest

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/tallystick/tallystick/chaincode/clearing"
	"github.com/tallystick/tallystick/chaincode/engine"
	"github.com/tallystick/tallystick/chaincode/netting"
	"github.com/tallystick/tallystick/chaincode/quantity"
	"github.com/tallystick/tallystick/chaincode/wire"
)

// tick is the next second, for every programme.
func (l *Ledger) tick() int64 {
	l.Pass(1)
	return l.programmes[0].Now
}

// Pass lets time go by.
func (l *Ledger) Pass(seconds int64) {
	latest := slices.MaxFunc(l.programmes, func(p, q *Programme) int { return cmp.Compare(p.Now, q.Now) }).Now
	for _, p := range l.programmes {
		p.Now = latest + seconds
	}
}

// Clear submits a function of clearing's public state, endorsed by all brands, and cuts a block. It returns the transaction's id.
func (l *Ledger) Clear(by *Identity, function string, document any, options ...func(*Proposal)) string {
	l.t.Helper()
	proposal := Proposal{
		Caller: by, Chaincode: engine.ClearingChaincode, Function: function, Document: l.Encode(document), Time: l.tick(), Endorsers: l.BrandPeers(),
	}
	for _, o := range options {
		o(&proposal)
	}
	id, err := l.Submit(proposal)
	must(l.t, err)
	l.Cut()
	return id
}

// OpenClearing opens the first window and cuts a block.
func (l *Ledger) OpenClearing() {
	l.t.Helper()
	l.Clear(l.Brands[0].Operator, wire.FnOpenClearing, wire.CurrencyQuery{Currency: Currency})
}

// Carry has the brands propose and carry a motion.
func (l *Ledger) Carry(m clearing.Motion) {
	l.t.Helper()
	l.votes++
	id := clearing.ProposalID(fmt.Sprintf("%032x", l.votes))
	l.Clear(l.Brands[0].Operator, wire.FnPropose, wire.NewProposal{ID: id, Motion: m})
	for _, b := range l.Brands[1 : len(l.Brands)/2+1] {
		l.Clear(b.Operator, wire.FnVote, wire.NewBallot{Proposal: id, Choice: clearing.ChoiceYes})
	}
}

// Allocate lets a brand owe another one so many minor units, out of a cap that is raised for it.
func (l *Ledger) Allocate(debtor, creditor *Organisation, amount quantity.Minor) {
	l.t.Helper()
	var limit clearing.Cap
	l.decode(engine.CapKey(debtor.Name, Currency), &limit)
	l.Carry(clearing.Motion{Cap: &clearing.CapMotion{Member: debtor.Name, Currency: Currency, Amount: limit.Amount + amount}})
	l.Carry(clearing.Motion{Allocation: &clearing.AllocationMove{Debtor: debtor.Name, Creditor: creditor.Name, Currency: Currency, Amount: amount}})
}

func (l *Ledger) decode(key string, v any) {
	l.t.Helper()
	if raw := l.State(engine.ClearingChaincode, key); raw != nil {
		must(l.t, wire.DecodeRecord(raw, v))
	}
}

// Window is the number of the open window.
func (l *Ledger) Window() int64 {
	l.t.Helper()
	var pointer clearing.WindowPointer
	l.decode(engine.WindowPointerKey(Currency), &pointer)
	return pointer.Number
}

// Roll closes the open window for traffic and opens the next.
func (l *Ledger) Roll(options ...func(*Proposal)) string {
	l.t.Helper()
	l.Pass(1)
	return l.Clear(l.Brands[0].Operator, wire.FnRollWindow, wire.Rolling{Currency: Currency, Number: l.Window(), Reason: "for a test"}, options...)
}

// Disclose tells everybody what the pair owes net for a window.
func (d *Trade) Disclose(window int64, options ...func(*Proposal)) string {
	d.ledger.t.Helper()
	return d.ledger.Clear(d.A.Brand.Gateway, wire.FnDiscloseNet, d.Disclosure(window), options...)
}

// Disclosure is the document that discloses the pair's net of a window.
func (d *Trade) Disclosure(window int64) *wire.NetDisclosure {
	d.ledger.t.Helper()
	doc := &wire.NetDisclosure{Currency: Currency, Window: window, Netting: window, A: d.A.Brand.Name, B: d.B.Brand.Name, Values: []wire.TallyValues{}}
	for _, by := range []*Programme{d.A, d.B} {
		for _, home := range []*Programme{d.A, d.B} {
			for k := range clearing.PairLanes {
				place := d.Lane(by, home, k)
				raw := d.ledger.Private(engine.ClearingChaincode, d.Collection(), engine.TallyKey(Currency, window, place.MSP, place.N))
				if raw == nil {
					continue
				}
				var t clearing.Tally
				must(d.ledger.t, wire.DecodeRecord(raw, &t))
				doc.Values = append(doc.Values, wire.TallyValues{MSP: t.MSP, Lane: t.Lane, Salt: t.Salt, Net: t.Net, Count: t.Count})
			}
		}
	}
	return doc
}

// Shut ends a window's disclosures.
func (l *Ledger) Shut(window int64, options ...func(*Proposal)) string {
	l.t.Helper()
	return l.Clear(l.Brands[0].Operator, wire.FnCloseWindow, wire.WindowQuery{Currency: Currency, Number: window}, options...)
}

// Net nets a window.
func (l *Ledger) Net(window int64, options ...func(*Proposal)) string {
	l.t.Helper()
	return l.Clear(l.Brands[0].Operator, wire.FnNetWindow, wire.WindowQuery{Currency: Currency, Number: window}, options...)
}

// Netting is the result of netting a window.
func (l *Ledger) Netting(window int64) *clearing.Netting {
	l.t.Helper()
	n := new(clearing.Netting)
	l.decode(engine.NettingKey(Currency, window), n)
	return n
}

// Sign has every member sign its position of a window.
func (l *Ledger) Sign(window int64) {
	l.t.Helper()
	var w clearing.Window
	l.decode(engine.WindowKey(Currency, window), &w)
	for _, p := range l.Netting(window).Positions {
		l.Clear(l.brand(p.Member).Treasurer, wire.FnSignPosition, wire.PositionSignature{Currency: Currency, Window: window, Member: p.Member, Net: p.Net, Root: w.Root})
	}
}

// Settle begins a window's settlement.
func (l *Ledger) Settle(window int64, options ...func(*Proposal)) string {
	l.t.Helper()
	return l.Clear(l.Brands[0].Operator, wire.FnStartSettlement, wire.WindowQuery{Currency: Currency, Number: window}, options...)
}

// Pay brings every leg of a window to FINAL.
func (l *Ledger) Pay(window int64) {
	l.t.Helper()
	for _, p := range l.Netting(window).Payments {
		l.PayLeg(window, p)
	}
}

// PayLeg brings one leg of a window to FINAL.
func (l *Ledger) PayLeg(window int64, p netting.Payment) {
	l.t.Helper()
	leg := wire.LegQuery{Currency: Currency, Window: window, From: p.From, To: p.To}
	payment := wire.LegPayment{Leg: leg, Reference: fmt.Sprintf("TRANSFER %d", window), Amount: p.Amount}
	l.Clear(l.brand(p.From).Treasurer, wire.FnPayLeg, payment)
	l.Clear(l.brand(p.To).Treasurer, wire.FnReceiveLeg, payment)
	l.Clear(l.brand(p.To).Treasurer, wire.FnFinaliseLeg, leg)
}

func (l *Ledger) brand(name string) *Organisation {
	i := slices.IndexFunc(l.Brands, func(o *Organisation) bool { return o.Name == name })
	return l.Brands[i]
}
