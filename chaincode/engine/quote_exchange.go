package engine

import (
	"github.com/tallystick/tallystick/chaincode/clearing"
	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/quantity"
	"github.com/tallystick/tallystick/chaincode/wire"
)

// quoteExchange says what an operation between two brands would cost or bring now. Its document is the cross-brand batch of one; the home programme's chaincode runs it as such
// and keeps nothing. What follows from the pair's private data, as whether the brands' limits suffice, a quote doesn't tell.
func quoteExchange(c Call, s State) (Effects, error) {
	x := &exchange{call: c, state: s}
	if err := wire.Decode(c.Document, wire.MaxDocument, &x.doc); err != nil {
		return Effects{}, err
	}
	if len(x.doc.Operations) != 1 || x.doc.Home == x.doc.Partner {
		return Effects{}, fault.New(fault.InvalidValue, "one operation between two members is quoted")
	}
	if o := &x.doc.Operations[0]; o.Partner != x.doc.Partner || !o.Kind.CrossBrand() {
		return Effects{}, fault.New(fault.InvalidValue, "operation %s is no cross-brand operation with %s", o.ID, x.doc.Partner)
	}
	if err := x.findBrands(); err != nil {
		return Effects{}, err
	}
	receivers, err := x.receivers()
	if err != nil {
		return Effects{}, err
	}
	raw, err := x.callee(x.home, wire.FnPreviewExchange, wire.ExchangeCall{Exchange: x.doc, PartnerMSP: x.partner.MSP, Receivers: receivers})
	return Effects{Response: raw}, err
}

// previewExchange is the home programme's part of a quote.
func previewExchange(c Call, s State) (Effects, error) {
	var call wire.ExchangeCall
	p, err := openCallee(&c, &call)
	if err != nil {
		return Effects{}, err
	}
	x := &call.Exchange
	if p.Brand != x.Home || len(x.Operations) != 1 {
		return Effects{}, fault.New(fault.WrongEntryPoint, "%s is not the home programme of a batch of one", p.Brand)
	}
	b := &batch{call: c, request: &wire.BatchRequest{Lane: x.Lane, Seq: 1, Operations: x.Operations}, programme: p, exchange: &call}
	o := &x.Operations[0]
	if o.Points == 0 && (o.Kind == points.KindRedeem || o.Kind == points.KindHold) {
		if o.Points, err = b.priceAtPartner(s, o); err != nil {
			return Effects{}, err
		}
	}
	if err := b.request.Validate(); err != nil {
		return Effects{}, err
	}
	if err := b.load(s); err != nil {
		return Effects{}, err
	}
	if err := b.gatherFacts(); err != nil {
		return Effects{}, err
	}
	return b.quoted(o)
}

// priceAtPartner is the fewest points that the discount in the operation's details takes at the partner; OFFER_UNKNOWN or OFFER_LAPSED without an offer, PRICE_UNKNOWN without
// a discount.
func (b *batch) priceAtPartner(s State, o *points.Operation) (quantity.Points, error) {
	details, _, err := wire.DecodeDetails(b.call.Transient[wire.DetailsTransient], b.request.Operations)
	if err != nil {
		return 0, err
	}
	minor := details.Operations[0].AmountMinor
	if minor == 0 {
		return 0, fault.New(fault.PriceUnknown, "name the points, or the discount that they are to be worth")
	}
	var partner points.Partner
	if _, err := read(s, PartnerKey(o.Partner), &partner); err != nil {
		return 0, err
	}
	offer, code := clearing.OfferAt(partner.Offers, o.Agreement, b.call.Time)
	if code != fault.OK {
		return 0, fault.New(code, "%s has no such offer of %s", b.programme.Brand, o.Partner)
	}
	return offer.PointsFor(minor)
}

// quoted is the answer to a query for a quote of the batch's one operation.
func (b *batch) quoted(o *points.Operation) (Effects, error) {
	result := wire.QuoteResult{Quote: b.book.QuoteOf(o, b.facts[0].Assessment.Place), Receipt: b.book.Preview(o, b.facts[0])}
	var err error
	if result.Hash, err = wire.Hash(result.Quote); err != nil {
		return Effects{}, err
	}
	return answer(result)
}
