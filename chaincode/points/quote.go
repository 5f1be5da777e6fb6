package points

import (
	"github.com/tallystick/tallystick/chaincode/clearing"
	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/quantity"
)

// Quote is what an operation would cost or award at this moment. A mandate that names its hash is good only as long as the same quote would be given.
type Quote struct {
	V         int             `json:"v"` // Document version, 1.
	Programme string          `json:"programme"`
	Account   AccountID       `json:"account"`
	Operation Kind            `json:"operation"`
	Receiver  AccountID       `json:"receiver,omitempty"`
	Points    quantity.Points `json:"points"` // Asked for.
	Terms     int             `json:"terms"`  // Versions in force.
	Rules     int             `json:"rules,omitzero"`
	Prices    int             `json:"prices,omitzero"`
	Place     string          `json:"place"` // PlaceHash of the till.

	Partner       string          `json:"partner,omitzero"`       // The other brand of a cross-brand operation,
	Agreement     int             `json:"agreement,omitzero"`     // the version of its offer that is used; 0 when there is none,
	PartnerPoints quantity.Points `json:"partnerPoints,omitzero"` // and what a swap brings there.
}

// QuoteOf is the quote of an operation as the book stands.
func (b *Book) QuoteOf(o *Operation, place string) Quote {
	q := Quote{
		V: 1, Programme: b.Programme.Brand, Account: o.Account, Operation: o.Kind, Receiver: o.To, Points: o.Points, Terms: b.Programme.Current().Version, Place: place,
	}
	if b.Rules != nil {
		q.Rules = b.Rules.Set().Version
	}
	if b.Prices != nil && o.Partner == "" {
		q.Prices = b.Prices.Version
	}
	q.Partner = o.Partner
	if offer := b.offerOf(o); offer != nil {
		q.Agreement = offer.Version
		if o.Kind == KindSwap {
			q.PartnerPoints, _ = offer.Swapped(o.Points) // What can't be counted is refused.
		}
	}
	return q
}

// offerOf is the offer that an operation uses as the book stands; nil when there is none.
func (b *Book) offerOf(o *Operation) *clearing.Offer {
	if !o.Kind.offered() || b.Partner == nil || o.Partner != b.Partner.Brand {
		return nil
	}
	offer, code := clearing.OfferAt(b.Partner.Offers, o.Agreement, b.Now)
	switch code {
	case fault.OK:
		return offer
	case fault.OfferLapsed: // It is what was quoted: who was quoted it is told that it is over, not that the signature is for something else.
		return clearing.FindOffer(b.Partner.Offers, o.Agreement)
	default:
		return nil
	}
}
