package ledgertest

import (
	"crypto/ecdsa"
	"slices"
	"strings"

	"github.com/hyperledger/fabric-protos-go-apiv2/peer"

	"github.com/tallystick/tallystick/chaincode/clearing"
	"github.com/tallystick/tallystick/chaincode/engine"
	"github.com/tallystick/tallystick/chaincode/lots"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/quantity"
	"github.com/tallystick/tallystick/chaincode/terms"
	"github.com/tallystick/tallystick/chaincode/wire"
)

// Start is the time of the first transaction, 2026-11-22 00:00 UTC.
const Start = 1_795_305_600

// Salt is that of every batch's private details, hex.
var Salt = strings.Repeat("07", wire.SaltLength/2)

// Programme is a brand's programme on a ledger, with the means to build batches for it.
type Programme struct {
	Brand     *Organisation
	Custodian *ecdsa.PrivateKey
	Now       int64 // Time of the last transaction, Unix seconds.

	ledger     *Ledger
	seq        map[int]int64
	ids        int
	custodian  int                         // Version of the custodian's key.
	signers    map[points.AccountID]signer // Of accounts that have a key of their own.
	recovering map[points.AccountID]signer // The keys of recoveries.
	at         string                      // The tills' time, RFC 3339.
	requests   int                         // Of freezes and objections so far.
}

// signer is an account's own key.
type signer struct {
	key     *ecdsa.PrivateKey
	version int
}

// Found records the consortium and cuts a block. Options change the proposal before it is endorsed.
func (l *Ledger) Found(options ...func(*Proposal)) {
	l.t.Helper()
	doc := clearing.Consortium{V: 1, Genesis: l.Genesis}
	for _, o := range l.Organisations {
		kind := clearing.KindBrand
		if o.Name == regulator {
			kind = clearing.KindRegulator
		}
		doc.Members = append(doc.Members, clearing.Member{Name: o.Name, MSP: o.MSP, Kind: kind, Number: len(doc.Members)})
	}
	slices.SortFunc(doc.Members, func(a, b clearing.Member) int { return strings.Compare(a.Name, b.Name) })
	proposal := Proposal{
		Caller: l.Brands[0].Operator, Chaincode: engine.ClearingChaincode, Function: wire.FnFound, Document: l.Encode(doc), Time: Start, Endorsers: l.BrandPeers(),
	}
	for _, o := range options {
		o(&proposal)
	}
	_, err := l.Submit(proposal)
	must(l.t, err)
	l.Cut()
}

// BrandPeers are the peers of all brands.
func (l *Ledger) BrandPeers() []*Identity {
	var out []*Identity
	for _, b := range l.Brands {
		out = append(out, b.Peer)
	}
	return out
}

// Encode gives canonical JSON.
func (l *Ledger) Encode(v any) []byte {
	l.t.Helper()
	raw, err := wire.Encode(v)
	must(l.t, err)
	return raw
}

// Create founds the programme of the brand with this index, a point per 100 minor units, and cuts a block. Options change its terms before.
func (l *Ledger) Create(brand int, options ...func(*terms.Terms)) *Programme {
	l.t.Helper()
	p := &Programme{
		Brand: l.Brands[brand], Custodian: newKey(l.t), Now: Start, ledger: l, seq: map[int]int64{}, custodian: 1, at: "2026-11-22T10:00:00Z",
		signers: map[points.AccountID]signer{}, recovering: map[points.AccountID]signer{},
	}
	key, err := points.EncodePublicKey(&p.Custodian.PublicKey)
	must(l.t, err)
	doc := wire.NewProgramme{
		Brand: p.Brand.Name, DisplayName: "Points of " + p.Brand.Name, Currency: "GBP", Simulated: true, BusinessDate: quantity.DayOf(Start), CustodianKey: key, Engine: points.EngineVersion,
		Terms: terms.Terms{
			Version: 1, Rate: quantity.Ratio{Num: 1, Den: 100}, MaxReceiptAgeDays: 30, UnreferencedReturns: true, Prose: map[string]string{"en": "One point a pound."},
			Expiry: lots.Expiry{Kind: lots.Never}, Value: quantity.Ratio{Num: 1, Den: 2}, Transfers: terms.Transfers{Customer: true}, HoldMaxSeconds: 3600,
		},
	}
	for _, o := range options {
		o(&doc.Terms)
	}
	_, err = l.Submit(Proposal{
		Caller: p.Brand.Operator, Chaincode: p.Chaincode(), Function: wire.FnCreateProgramme, Document: l.Encode(doc), Time: Start, Endorsers: p.Endorsers(),
	})
	must(l.t, err)
	l.Cut()
	l.programmes[p.Brand.Name] = p
	return p
}

// Programme gives a programme that was created.
func (l *Ledger) Programme(brand string) *Programme { return l.programmes[brand] }

// Chaincode is the programme's namespace.
func (p *Programme) Chaincode() string { return engine.PointsPrefix + p.Brand.Name }

// Endorsers are the issuer's peer and that of another brand.
func (p *Programme) Endorsers() []*Identity {
	for _, b := range p.ledger.Brands {
		if b != p.Brand {
			return []*Identity{p.Brand.Peer, b.Peer}
		}
	}
	return nil
}

// Batch queues a batch for the next block and returns its event and transaction id. Options change the proposal before it is endorsed.
func (p *Programme) Batch(lane int, items []Item, options ...func(*Proposal)) (*wire.BatchEvent, string) {
	p.ledger.t.Helper()
	p.seq[lane]++
	return p.BatchAt(lane, p.seq[lane], items, options...)
}

// BatchAt is Batch under a sequence number of the caller's choice.
func (p *Programme) BatchAt(lane int, seq int64, items []Item, options ...func(*Proposal)) (*wire.BatchEvent, string) {
	p.ledger.t.Helper()
	p.Now++
	request := wire.BatchRequest{Lane: lane, Seq: seq, Operations: []points.Operation{}}
	details := wire.BatchDetails{V: 1, Salt: Salt}
	for _, item := range items {
		request.Operations = append(request.Operations, item.Operation)
		details.Operations = append(details.Operations, item.Details)
	}
	proposal := Proposal{
		Caller: p.Brand.Gateway, Chaincode: p.Chaincode(), Function: wire.FnSubmitBatch, Document: p.ledger.Encode(request), Time: p.Now, Endorsers: p.Endorsers(),
	}
	if len(items) > 0 {
		proposal.Transient = map[string][]byte{wire.DetailsTransient: p.ledger.Encode(details)}
	}
	for _, o := range options {
		o(&proposal)
	}
	id, err := p.ledger.Submit(proposal)
	must(p.ledger.t, err)
	queued := p.ledger.pending[len(p.ledger.pending)-1].simulation.effects
	var event wire.BatchEvent
	must(p.ledger.t, wire.DecodeRecord(queued.EventPayload, &event))
	return &event, id
}

// WithCode forces a validation code.
func WithCode(c peer.TxValidationCode) func(*Proposal) {
	return func(p *Proposal) { p.Code = c }
}

// WithEndorsers replaces who endorses.
func WithEndorsers(endorsers ...*Identity) func(*Proposal) {
	return func(p *Proposal) { p.Endorsers = endorsers }
}

// WithTampered changes what the endorsers sign.
func WithTampered(f func(*engine.Effects)) func(*Proposal) {
	return func(p *Proposal) { p.Tamper = f }
}

// WithAltered changes what the endorsers sign, in all chaincodes.
func WithAltered(f func(Footprint)) func(*Proposal) {
	return func(p *Proposal) { p.Alter = f }
}
