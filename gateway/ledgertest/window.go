package ledgertest

import (
	"crypto/sha256"
	"encoding/hex"
	"strconv"

	"github.com/tallystick/tallystick/chaincode/clearing"
	"github.com/tallystick/tallystick/chaincode/engine"
	"github.com/tallystick/tallystick/chaincode/wire"
)

// Public has every brand endorse a call that changes clearing's public state, cuts a block and returns the call's answer.
func (l *Ledger) Public(caller *Identity, function string, document any) []byte {
	l.t.Helper()
	answer, err := l.TryPublic(caller, function, document)
	must(l.t, err)
	return answer
}

// TryPublic is Public that returns the refusal of a call.
func (l *Ledger) TryPublic(caller *Identity, function string, document any) ([]byte, error) {
	l.t.Helper()
	l.Now++
	_, err := l.Submit(Proposal{
		Caller: caller, Chaincode: engine.ClearingChaincode, Function: function, Document: l.Encode(document), Time: l.Now, Endorsers: l.BrandPeers(),
	})
	if err != nil {
		return nil, err
	}
	answer := l.pending[len(l.pending)-1].simulation.effects.Response
	l.Cut()
	return answer, nil
}

// OpenClearing opens the first window of the currency.
func (l *Ledger) OpenClearing() {
	l.t.Helper()
	l.Public(l.Brands[0].Operator, wire.FnOpenClearing, wire.CurrencyQuery{Currency: Currency})
}

// Decide carries a motion: one brand proposes it, others vote for it until it is carried.
func (l *Ledger) Decide(m clearing.Motion) {
	l.t.Helper()
	sum := sha256.Sum256([]byte("proposal " + strconv.FormatInt(l.Now, 10)))
	id := clearing.ProposalID(hex.EncodeToString(sum[:16]))
	answer := l.Public(l.Brands[0].Operator, wire.FnPropose, wire.NewProposal{ID: id, Motion: m})
	for _, b := range l.Brands[1:] {
		var p clearing.Proposal
		must(l.t, wire.DecodeRecord(answer, &p))
		if p.Status != clearing.ProposalOpen {
			return
		}
		answer = l.Public(b.Operator, wire.FnVote, wire.NewBallot{Proposal: id, Choice: clearing.ChoiceYes})
	}
}

// Roll closes the open window for traffic before its regular close, and returns its number.
func (l *Ledger) Roll() int64 {
	l.t.Helper()
	var pointer clearing.WindowPointer
	must(l.t, wire.DecodeRecord(l.State(engine.ClearingChaincode, engine.WindowPointerKey(Currency)), &pointer))
	l.Public(l.Brands[0].Operator, wire.FnRollWindow, wire.Rolling{Currency: Currency, Number: pointer.Number, Reason: "by hand"})
	return pointer.Number
}

// Window is a window's record.
func (l *Ledger) Window(number int64) *clearing.Window {
	l.t.Helper()
	w := new(clearing.Window)
	must(l.t, wire.DecodeRecord(l.State(engine.ClearingChaincode, engine.WindowKey(Currency, number)), w))
	return w
}

// Disclosure tells the pair's net of a window as its tallies have it.
func (p *Pair) Disclosure(window int64) wire.NetDisclosure {
	p.ledger.t.Helper()
	doc := wire.NetDisclosure{Currency: Currency, Window: window, A: p.A.Name, B: p.B.Name, Values: []wire.TallyValues{}}
	a := clearing.Member{Name: p.A.Name, MSP: p.A.MSP, Number: p.ledger.number(p.A.Name)}
	b := clearing.Member{Name: p.B.Name, MSP: p.B.MSP, Number: p.ledger.number(p.B.Name)}
	for _, lane := range clearing.CrossLanes(a, b) {
		raw := p.ledger.Private(engine.ClearingChaincode, p.Collection(), engine.TallyKey(Currency, window, lane.MSP, lane.N))
		if raw == nil {
			continue
		}
		var t clearing.Tally
		must(p.ledger.t, wire.DecodeRecord(raw, &t))
		doc.Values = append(doc.Values, wire.TallyValues{MSP: t.MSP, Lane: t.Lane, Salt: t.Salt, Net: t.Net, Count: t.Count})
	}
	return doc
}

// Disclose tells everybody the pair's net of a window.
func (p *Pair) Disclose(window int64) {
	p.ledger.t.Helper()
	p.ledger.Public(p.A.Gateway, wire.FnDiscloseNet, p.Disclosure(window))
}

// Net closes and nets a window that every pair has disclosed.
func (l *Ledger) Net(window int64) {
	l.t.Helper()
	q := wire.WindowQuery{Currency: Currency, Number: window}
	l.Public(l.Brands[0].Gateway, wire.FnCloseWindow, q)
	l.Public(l.Brands[0].Gateway, wire.FnNetWindow, q)
}

// Sign has every member with a position sign it, and starts settlement.
func (l *Ledger) Sign(window int64) {
	l.t.Helper()
	for _, b := range l.Brands {
		raw := l.State(engine.ClearingChaincode, engine.PositionKey(Currency, window, b.Name))
		if raw == nil {
			continue
		}
		var p clearing.Position
		must(l.t, wire.DecodeRecord(raw, &p))
		l.Public(b.Treasurer, wire.FnSignPosition, wire.PositionSignature{Currency: Currency, Window: window, Member: b.Name, Net: p.Net, Root: p.Root})
	}
	l.Public(l.Brands[0].Gateway, wire.FnStartSettlement, wire.WindowQuery{Currency: Currency, Number: window})
}

// Pay brings every leg of a window to FINAL.
func (l *Ledger) Pay(window int64) {
	l.t.Helper()
	for _, pair := range l.Window(window).Legs {
		q := wire.LegQuery{Currency: Currency, Window: window, From: pair.From, To: pair.To}
		var leg clearing.Leg
		must(l.t, wire.DecodeRecord(l.State(engine.ClearingChaincode, engine.LegKey(Currency, window, pair.From, pair.To)), &leg))
		payment := wire.LegPayment{Leg: q, Reference: "BANK" + strconv.FormatInt(window, 10), Amount: leg.Amount}
		l.Public(l.member(pair.From).Treasurer, wire.FnPayLeg, payment)
		l.Public(l.member(pair.To).Treasurer, wire.FnReceiveLeg, payment)
		l.Public(l.member(pair.To).Treasurer, wire.FnFinaliseLeg, q)
	}
}
