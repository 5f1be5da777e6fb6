package points

import (
	"time"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/quantity"
)

// Assessment is what follows from an operation's private details. Endorsers and whoever holds the details compute it (Assess); an observer without them
// takes it from the public receipt (ObservedAssessment) and checks everything else.
type Assessment struct {
	Points quantity.Points // Of a purchase or its return, at the rate of the terms; otherwise 0.
	Code   fault.Code      // OK, or why the purchase can't be accepted.
	Place  string          // What the mandate's place must be.
}

// Assess computes the assessment of an operation of kind k from its details, which must be valid.
func Assess(p *Programme, k Kind, d *Details) Assessment {
	a := Assessment{Code: fault.OK, Place: PlaceHash(d.PlaceSalt, d.Merchant, d.Store, d.Terminal)}
	if !k.HasPurchase() {
		return a
	}
	if d.Currency != p.Currency {
		a.Code = fault.CurrencyMismatch
		return a
	}
	terms := p.Current()
	day, err := d.occurredOn()
	if err != nil || day > p.BusinessDate+1 || day < p.BusinessDate-quantity.Day(terms.MaxReceiptAgeDays) {
		a.Code = fault.OutOfPeriod
		return a
	}
	value, err := terms.Rate.Floor(d.AmountMinor)
	if err != nil {
		a.Code = fault.Limit
		return a
	}
	a.Points = quantity.Points(value)
	return a
}

// placeElsewhere is no hash, so no mandate names it.
const placeElsewhere = "elsewhere"

// ObservedAssessment is the assessment that a public receipt implies.
func ObservedAssessment(o *Operation, r *Receipt) Assessment {
	a := Assessment{Code: fault.OK}
	if o.Kind.HasPurchase() {
		a.Points = r.Points
	}
	switch r.Code {
	case fault.CurrencyMismatch, fault.OutOfPeriod:
		a.Code = r.Code
	case fault.Limit:
		if o.Kind.HasPurchase() && r.Points == 0 {
			a.Code = r.Code
		}
	}
	if o.Authorisation != nil {
		a.Place = o.Authorisation.Mandate.Place
	}
	if r.Code == fault.AuthMismatch {
		a.Place = placeElsewhere
	}
	return a
}

// occurredOn is the calendar day of the till's time, as the till's own clock showed it.
func (d *Details) occurredOn() (quantity.Day, error) {
	t, err := time.Parse(time.RFC3339, d.OccurredAt)
	if err != nil || t.Year() < 1970 || t.Year() > 9999 {
		return 0, fault.New(fault.InvalidValue, "occurredAt must be an RFC 3339 time from 1970 on")
	}
	return quantity.ParseDay(t.Format(time.DateOnly))
}
