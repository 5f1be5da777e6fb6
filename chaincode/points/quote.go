package points

import "github.com/tallystick/tallystick/chaincode/quantity"

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
}

// QuoteOf is the quote of an operation as the book stands.
func (b *Book) QuoteOf(o *Operation, place string) Quote {
	q := Quote{
		V: 1, Programme: b.Programme.Brand, Account: o.Account, Operation: o.Kind, Receiver: o.To, Points: o.Points, Terms: b.Programme.Current().Version, Place: place,
	}
	if b.Rules != nil {
		q.Rules = b.Rules.Set().Version
	}
	if b.Prices != nil {
		q.Prices = b.Prices.Version
	}
	return q
}
