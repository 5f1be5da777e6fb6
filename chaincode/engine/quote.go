package engine

import (
	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/quantity"
	"github.com/tallystick/tallystick/chaincode/terms"
	"github.com/tallystick/tallystick/chaincode/wire"
)

// quote says what an operation would cost or award now, and which rule gives what. It runs the operation as a batch of one would and keeps nothing.
func quote(c Call, s State) (Effects, error) {
	var doc wire.QuoteQuery
	if err := wire.Decode(c.Document, wire.MaxDocument, &doc); err != nil {
		return Effects{}, err
	}
	p := c.admitted.programme
	o := &doc.Operation
	if o.Points == 0 && (o.Kind == points.KindRedeem || o.Kind == points.KindHold) {
		price, err := priceOf(c, s, p, o)
		if err != nil {
			return Effects{}, err
		}
		o.Points = price
	}
	b := &batch{call: c, request: &wire.BatchRequest{Lane: doc.Lane, Seq: 1, Operations: []points.Operation{*o}}, programme: p}
	b.call.Caller.MSP = p.MSP // The issuer's lanes have the slices of its campaigns' budgets.
	if err := b.request.Validate(); err != nil {
		return Effects{}, err
	}
	if err := b.load(s); err != nil {
		return Effects{}, err
	}
	if err := b.gatherFacts(); err != nil {
		return Effects{}, err
	}
	result := wire.QuoteResult{Quote: b.book.QuoteOf(o, b.facts[0].Assessment.Place), Receipt: b.book.Preview(o, b.facts[0])}
	hash, err := wire.Hash(result.Quote)
	if err != nil {
		return Effects{}, err
	}
	result.Hash = hash
	return answer(result)
}

// priceOf is what the price list in force asks for the benefit in the operation's details; PRICE_UNKNOWN without a list.
func priceOf(c Call, s State, p *points.Programme, o *points.Operation) (quantity.Points, error) {
	details, _, err := wire.DecodeDetails(c.Transient[wire.DetailsTransient], []points.Operation{*o})
	if err != nil {
		return 0, err
	}
	list := points.InForce(p.PriceLists, p.BusinessDate)
	if list == nil {
		return 0, fault.New(fault.PriceUnknown, "%s has no price list in force: name the points", p.Brand)
	}
	var prices terms.PriceList
	if err := readVersion(s, PricesKey(list.Version), &prices); err != nil {
		return 0, err
	}
	return details.Operations[0].Price(&prices)
}
