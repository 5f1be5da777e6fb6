package audit

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/hyperledger/fabric-protos-go-apiv2/ledger/rwset"

	"github.com/tallystick/tallystick/chaincode/clearing"
	"github.com/tallystick/tallystick/chaincode/engine"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/quantity"
	"github.com/tallystick/tallystick/chaincode/wire"
	"github.com/tallystick/tallystick/gateway/blocks"
	"github.com/tallystick/tallystick/gateway/ledgertest"
)

// option changes a proposal before it is endorsed.
type option = func(*ledgertest.Proposal)

// market is a ledger of brands of which two, the airline and the hotel, trade with each other; each has an account with a thousand points.
type market struct {
	*ledgertest.Ledger
	t             testing.TB
	programmes    []*ledgertest.Programme
	pair          *ledgertest.Pair
	airline       *ledgertest.Programme
	hotel         *ledgertest.Programme
	flyer, guest  points.AccountID
	beforeTrading uint64 // Blocks.
}

func trade(t *testing.T) *market { return tradeAmong(t, "airline", "grocer", "hotel") }

func tradeAmong(t testing.TB, brands ...string) *market {
	t.Helper()
	m := &market{Ledger: ledgertest.New(t, brands...), t: t}
	m.Found()
	m.airline, m.hotel = m.create(0), m.create(2)
	m.pair = m.agree("airline", "hotel")
	m.flyer, m.guest = m.open(m.airline), m.open(m.hotel)
	m.beforeTrading = m.Height()
	return m
}

func (m *market) create(brand int) *ledgertest.Programme {
	p := m.Create(brand)
	m.programmes = append(m.programmes, p)
	return p
}

// open gives an account with a thousand points.
func (m *market) open(p *ledgertest.Programme) points.AccountID {
	m.t.Helper()
	item := p.Open()
	p.Batch(0, []ledgertest.Item{item})
	m.Cut()
	p.Batch(0, []ledgertest.Item{p.Earn(item.Operation.Account, 100_000)})
	m.Cut()
	return item.Operation.Account
}

// agree makes two brands trade, with an allocation of a thousand pounds either way.
func (m *market) agree(x, y string) *ledgertest.Pair {
	m.t.Helper()
	p := m.Pair(x, y)
	p.Allocate([2]quantity.Minor{100_000, 100_000})
	p.Agree(m.terms(p, 1))
	return p
}

// terms are a version of a pair's agreement whose amounts are fractions of minor units: a point costs half a penny to redeem, 0.7 pence to award and two thirds of one to
// swap, for a fee.
func (m *market) terms(p *ledgertest.Pair, version int) *clearing.Agreement {
	g := p.Terms(version)
	g.NoticeSeconds = 60
	for i := range g.Sides {
		g.Sides[i].Acceptance, g.Sides[i].Sale, g.Sides[i].Swap = quantity.Ratio{Num: 1, Den: 2}, quantity.Ratio{Num: 7, Den: 10}, quantity.Ratio{Num: 2, Den: 3}
	}
	g.Sides[0].Offer.Swap = quantity.Ratio{Num: 1, Den: 2}
	g.Sides[1].Offer.Swap = quantity.Ratio{Num: 2, Den: 1}
	g.Sides[0].Fees = []clearing.Fee{{Service: clearing.ServiceSwap, Payer: clearing.BearerPartner, Share: quantity.Ratio{Num: 1, Den: 100}}}
	return g
}

// pass lets time go by, for everybody.
func (m *market) pass(seconds int64) {
	now := m.Now
	for _, p := range m.programmes {
		now = max(now, p.Now)
	}
	m.Now = now + seconds
	for _, p := range m.programmes {
		p.Now = m.Now
	}
}

// send submits a call of clearing and cuts a block.
func (m *market) send(p ledgertest.Proposal, document any, options []option) string {
	m.t.Helper()
	m.pass(1)
	p.Chaincode, p.Document, p.Time = engine.ClearingChaincode, m.Encode(document), m.Now
	for _, o := range options {
		o(&p)
	}
	id, err := m.Submit(p)
	if err != nil {
		m.t.Fatal(err)
	}
	m.Cut()
	return id
}

// clear submits a function of clearing's public state, endorsed by all brands.
func (m *market) clear(by *ledgertest.Identity, function string, document any, options ...option) string {
	m.t.Helper()
	return m.send(ledgertest.Proposal{Caller: by, Function: function, Endorsers: m.BrandPeers()}, document, options)
}

func (m *market) operator() *ledgertest.Identity { return m.Brands[0].Operator }

// propose has the airline propose a version of the agreement with the hotel.
func (m *market) propose(version int, options ...option) string {
	m.t.Helper()
	m.pass(100)
	g := m.terms(m.pair, version)
	g.From += 3600
	for i := range g.Sides {
		g.Sides[i].Offer.From = g.From
	}
	return m.send(ledgertest.Proposal{
		Caller: m.pair.A.Treasurer, Function: wire.FnProposeAgreement, Endorsers: m.pair.Endorsers(),
		Transient: map[string][]byte{wire.AgreementTransient: m.Encode(g)},
	}, m.query(), options)
}

// accept has the hotel accept what waits.
func (m *market) accept(version int, options ...option) string {
	m.t.Helper()
	sum := sha256.Sum256(m.Private(engine.ClearingChaincode, m.pair.Collection(), engine.ProposedKey()))
	return m.send(ledgertest.Proposal{Caller: m.pair.B.Treasurer, Function: wire.FnAcceptAgreement, Endorsers: m.pair.Endorsers()},
		wire.Acceptance{A: m.pair.A.Name, B: m.pair.B.Name, Version: version, Hash: hex.EncodeToString(sum[:])}, options)
}

// move moves a part of what one lane may owe to another one.
func (m *market) move(from, to clearing.LanePlace, options ...option) string {
	m.t.Helper()
	move := wire.SliceMove{Salt: strings.Repeat("5a", wire.SaltLength/2), From: from, To: to, Direction: clearing.AOwesB, Amount: 1_000_000}
	return m.send(ledgertest.Proposal{
		Caller: m.pair.A.Gateway, Function: wire.FnMoveSlice, Endorsers: m.pair.Endorsers(), Transient: map[string][]byte{wire.SliceTransient: m.Encode(move)},
	}, m.query(), options)
}

func (m *market) query() wire.PairQuery { return wire.PairQuery{A: m.pair.A.Name, B: m.pair.B.Name} }

// Of windows, step by step.

func number(window int64) wire.WindowQuery {
	return wire.WindowQuery{Currency: ledgertest.Currency, Number: window}
}

func (m *market) roll(window int64, options ...option) string {
	m.t.Helper()
	m.pass(2)
	return m.clear(m.operator(), wire.FnRollWindow, wire.Rolling{Currency: ledgertest.Currency, Number: window, Reason: "for a test"}, options...)
}

func (m *market) disclose(p *ledgertest.Pair, window int64, options ...option) string {
	m.t.Helper()
	return m.clear(p.A.Gateway, wire.FnDiscloseNet, p.Disclosure(window), options...)
}

func (m *market) shut(window int64, options ...option) string {
	m.t.Helper()
	return m.clear(m.operator(), wire.FnCloseWindow, number(window), options...)
}

func (m *market) net(window int64, options ...option) string {
	m.t.Helper()
	return m.clear(m.operator(), wire.FnNetWindow, number(window), options...)
}

// sign has every member with a position sign it.
func (m *market) sign(window int64) {
	m.t.Helper()
	for _, b := range m.Brands {
		var p clearing.Position
		raw := m.State(engine.ClearingChaincode, engine.PositionKey(ledgertest.Currency, window, b.Name))
		if raw == nil {
			continue
		}
		if err := wire.DecodeRecord(raw, &p); err != nil {
			m.t.Fatal(err)
		}
		m.clear(b.Treasurer, wire.FnSignPosition, wire.PositionSignature{Currency: ledgertest.Currency, Window: window, Member: b.Name, Net: p.Net, Root: p.Root})
	}
}

func (m *market) start(window int64, options ...option) string {
	m.t.Helper()
	return m.clear(m.operator(), wire.FnStartSettlement, number(window), options...)
}

// vote brings a motion that nobody else votes on yet.
func (m *market) vote(motion clearing.Motion, options ...option) string {
	m.t.Helper()
	return m.clear(m.operator(), wire.FnPropose, wire.NewProposal{ID: clearing.ProposalID(strings.Repeat("9", 32)), Motion: motion}, options...)
}

// dispute sets a line of a batch on the airline's accounts aside, for A.
func (m *market) dispute(p *ledgertest.Pair, event *wire.BatchEvent, index int) wire.DisputeStep {
	m.t.Helper()
	lines, original := p.Lines(m.airline, event), m.airline.Original(event, index)
	salt, err := hex.DecodeString(lines.Salt)
	if err != nil {
		m.t.Fatal(err)
	}
	m.clear(p.A.Treasurer, wire.FnFileDispute, wire.NewDispute{
		Currency: ledgertest.Currency, Netting: original.Receipt.Window, Evidence: *original, Obligation: lines.Obligations[index],
		Salt: hex.EncodeToString(wire.OperationSalt(salt, original.Receipt.Operation)), Reason: "not delivered",
	})
	return wire.DisputeStep{Currency: ledgertest.Currency, Programme: m.airline.Brand.Name, Operation: original.Receipt.Operation, Member: p.B.Name}
}

// as has the block tell another invocation than the one that was executed.
func as(function string, document []byte) option {
	return func(p *ledgertest.Proposal) { p.As = &ledgertest.Invocation{Function: function, Document: document} }
}

// signedBy has others endorse than those who executed.
func signedBy(peers ...*ledgertest.Identity) option {
	return func(p *ledgertest.Proposal) { p.Signed = append([]*ledgertest.Identity{}, peers...) }
}

// saved are the blocks as a node sees them that doesn't hold some collections' data.
func (m *market) saved(t testing.TB, hidden ...string) blocks.Archive {
	t.Helper()
	a := blocks.Archive{Dir: t.TempDir()}
	for n := range m.Height() {
		d := m.Block(n)
		d.Private = maps.Clone(d.Private)
		for i, set := range d.Private {
			d.Private[i] = without(set, hidden)
		}
		if err := a.Save(d); err != nil {
			t.Fatal(err)
		}
	}
	return a
}

// without leaves collections out of a transaction's private data; nil when nothing is left.
func without(set *rwset.TxPvtReadWriteSet, hidden []string) *rwset.TxPvtReadWriteSet {
	if set == nil {
		return nil
	}
	out := &rwset.TxPvtReadWriteSet{DataModel: set.DataModel}
	for _, n := range set.NsPvtRwset {
		kept := &rwset.NsPvtReadWriteSet{Namespace: n.Namespace}
		for _, c := range n.CollectionPvtRwset {
			if !slices.Contains(hidden, c.CollectionName) {
				kept.CollectionPvtRwset = append(kept.CollectionPvtRwset, c)
			}
		}
		if len(kept.CollectionPvtRwset) > 0 {
			out.NsPvtRwset = append(out.NsPvtRwset, kept)
		}
	}
	return out
}

// waitingIn are the places of what a batch dropped into the inbox of an account.
func waitingIn(event *wire.BatchEvent, account points.AccountID) (places []points.InboxPlace) {
	for i, r := range event.Receipts {
		if r.Account == account && r.Kind.Blind() && r.Outcome == points.Accepted {
			places = append(places, points.InboxPlace{MSP: event.MSP, Lane: event.Lane, Seq: event.Seq, N: i})
		}
	}
	return places
}

// everything has all that cross-brand operations do: redemptions at the partner, swaps, an award, a hold, its capture, returns, folds, and a refusal.
func (m *market) everything() {
	m.t.Helper()
	a, h := m.airline, m.hotel
	m.pass(1)
	held := a.HoldAt("hotel", m.flyer, 50, 600)
	event, _ := m.pair.Exchange(a, a.Brand, 0, []ledgertest.Item{
		a.RedeemAt("hotel", m.flyer, 101), a.Swap("hotel", m.flyer, m.guest, 201), held, a.RedeemAt("hotel", m.flyer, 1_000_000),
	})
	m.Cut()
	awarded, _ := m.pair.Exchange(a, h.Brand, 1, []ledgertest.Item{a.AwardBy("hotel", m.flyer, 33)})
	back, _ := m.pair.Exchange(h, h.Brand, 0, []ledgertest.Item{h.Swap("airline", m.guest, m.flyer, 17)})
	m.Cut()
	m.pair.Exchange(a, h.Brand, 2, []ledgertest.Item{a.CaptureAt(held, 20), a.ReturnAt("hotel", &event.Home, 0)})
	m.Cut()
	h.Batch(0, []ledgertest.Item{h.Fold(m.guest, waitingIn(event.Partner, m.guest)...)})
	a.Batch(0, []ledgertest.Item{a.Fold(m.flyer, waitingIn(&awarded.Home, m.flyer)...), a.Fold(m.flyer, waitingIn(back.Partner, m.flyer)...)})
	m.Cut()
	m.pair.Exchange(h, h.Brand, 1, []ledgertest.Item{h.ReturnAt("airline", event.Partner, 0)})
	m.pair.Exchange(a, a.Brand, 3, nil)
	m.Cut()
	m.move(m.pair.Lane(a, a.Brand, 0), m.pair.Lane(a, h.Brand, 0))
	m.propose(2)
	m.accept(2)
	for _, c := range []struct {
		receipts []points.Receipt
		codes    string
	}{{event.Home.Receipts, "OK OK OK INSUFFICIENT_POINTS"}, {event.Partner.Receipts, "OK"}, {awarded.Home.Receipts, "OK"}, {back.Home.Receipts, "OK"}} {
		var codes []string
		for i := range c.receipts {
			codes = append(codes, fmt.Sprint(c.receipts[i].Code))
		}
		if got := strings.Join(codes, " "); got != c.codes {
			m.t.Fatalf("answered with %s", got)
		}
	}
}
