package ledgertest

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/rand"
	"encoding/hex"
	"fmt"

	"github.com/hyperledger/fabric-protos-go-apiv2/peer"

	"github.com/tallystick/tallystick/chaincode/clearing"
	"github.com/tallystick/tallystick/chaincode/engine"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/quantity"
	"github.com/tallystick/tallystick/chaincode/wire"
)

// Start is the time of the first transaction, 2026-11-22 00:00 UTC.
const Start = 1_795_305_600

// Programme is a brand's programme on a ledger, with the means to build batches for it.
type Programme struct {
	Brand     *Organisation
	Custodian *ecdsa.PrivateKey
	Now       int64 // Time of the next transaction, Unix seconds.

	ledger *Ledger
	seq    map[int]int64
	ids    int
}

// Found records the consortium and cuts a block. Options change the proposal before it is endorsed.
func (l *Ledger) Found(options ...func(*Proposal)) {
	l.t.Helper()
	doc := clearing.Consortium{V: 1, Genesis: l.Genesis}
	for _, o := range l.Organisations {
		kind := clearing.KindBrand
		if o.Name == "regulator" {
			kind = clearing.KindRegulator
		}
		doc.Members = append(doc.Members, clearing.Member{Name: o.Name, MSP: o.MSP, Kind: kind})
	}
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

// Create founds the programme of the brand with this index, a point per 100 minor units, and cuts a block.
func (l *Ledger) Create(brand int) *Programme {
	l.t.Helper()
	p := &Programme{Brand: l.Brands[brand], Custodian: newKey(l.t), Now: Start, ledger: l, seq: map[int]int64{}}
	key, err := points.EncodePublicKey(&p.Custodian.PublicKey)
	must(l.t, err)
	doc := wire.NewProgramme{
		Brand: p.Brand.Name, DisplayName: "Points of " + p.Brand.Name, Currency: "GBP", Simulated: true, BusinessDate: quantity.DayOf(Start), CustodianKey: key,
		Terms: points.Terms{Version: 1, Rate: quantity.Ratio{Num: 1, Den: 100}, MaxReceiptAgeDays: 30, UnreferencedReturns: true, Prose: "One point a pound."},
	}
	_, err = l.Submit(Proposal{
		Caller: p.Brand.Operator, Chaincode: p.Chaincode(), Function: wire.FnCreateProgramme, Document: l.Encode(doc), Time: Start, Endorsers: p.Endorsers(),
	})
	must(l.t, err)
	l.Cut()
	return p
}

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

// Item is an operation with its private details.
type Item struct {
	Operation points.Operation
	Details   points.Details
}

// NewID gives ids that no other call gives.
func (p *Programme) NewID() string {
	p.ids++
	return fmt.Sprintf("%x%031x", p.Brand.Name[0]%16, p.ids)
}

// Open is a new account under custody, with a lookup and natural keys as a gateway sets them.
func (p *Programme) Open() Item {
	id := points.OperationID(p.NewID())
	return Item{
		points.Operation{ID: id, Kind: points.KindOpen, Account: points.AccountID(p.NewID()), Controller: &points.Controller{Kind: points.ControllerCustodian}},
		points.Details{Operation: id, Idempotency: "key-" + string(id), Request: "request-" + string(id), Lookup: "lookup-" + string(id)},
	}
}

// Earn is a purchase of so many minor units.
func (p *Programme) Earn(account points.AccountID, minor int64) Item {
	id := points.OperationID(p.NewID())
	return Item{points.Operation{ID: id, Kind: points.KindEarn, Account: account}, p.purchase(id, minor)}
}

// Redeem spends points under the custodian's signature.
func (p *Programme) Redeem(account points.AccountID, n quantity.Points) Item {
	id := points.OperationID(p.NewID())
	d := points.Details{Operation: id, Merchant: "shop", Store: "1", Terminal: "2", PlaceSalt: "salt", Reference: string(id), Natural: "natural-" + string(id)}
	mandate := points.Mandate{
		Format: points.MandateFormat, Genesis: p.ledger.Genesis, Programme: p.Brand.Name, Account: account, ControllerVersion: 1, Operation: points.KindRedeem,
		Place: points.PlaceHash(d.PlaceSalt, d.Merchant, d.Store, d.Terminal), MaxPoints: n, ID: p.NewID(), NotAfter: p.Now + 60,
	}
	digest, err := wire.MandateDigest(&mandate)
	must(p.ledger.t, err)
	r, s, err := ecdsa.Sign(rand.Reader, p.Custodian, digest)
	must(p.ledger.t, err)
	return Item{points.Operation{
		ID: id, Kind: points.KindRedeem, Account: account, Points: n,
		Authorisation: &points.Authorisation{Mandate: mandate, Signature: points.SignatureOver(r, s)},
	}, d}
}

// Return takes a purchase back against its receipt in a committed batch.
func (p *Programme) Return(event *wire.BatchEvent, index int, minor int64) Item {
	leaves, err := wire.Leaves(event.Receipts)
	must(p.ledger.t, err)
	path, err := wire.Prove(leaves, index)
	must(p.ledger.t, err)
	id := points.OperationID(p.NewID())
	original := event.Receipts[index]
	return Item{points.Operation{ID: id, Kind: points.KindReturn, Account: original.Account, Original: &points.Original{
		Receipt: original,
		Proof:   points.InclusionProof{MSP: event.MSP, Lane: event.Lane, Seq: event.Seq, Index: index, Size: len(event.Receipts), Hashes: path},
	}}, p.purchase(id, minor)}
}

func (p *Programme) purchase(id points.OperationID, minor int64) points.Details {
	return points.Details{
		Operation: id, AmountMinor: minor, Currency: "GBP", OccurredAt: "2026-11-22T10:00:00Z", Merchant: "shop", Store: "1", Terminal: "2", Reference: string(id),
		Natural: "natural-" + string(id), Idempotency: "key-" + string(id), Request: "request-" + string(id),
	}
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
	details := wire.BatchDetails{V: 1, Salt: hex.EncodeToString(bytes.Repeat([]byte{7}, wire.SaltLength/2))}
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
