package points

import (
	"slices"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/quantity"
	"github.com/tallystick/tallystick/chaincode/rules"
	"github.com/tallystick/tallystick/chaincode/terms"
)

// Assessment is what follows from an operation's private details. Endorsers and whoever holds the details compute it (Assess); an observer without them
// takes it from the public receipt (ObservedAssessment) and checks everything else.
type Assessment struct {
	Code      fault.Code      // OK, or why the details can't be accepted.
	Points    quantity.Points // Of a return by amount, or for an observer: what is to be taken back.
	purchase  *Details        // Of a return by lines: the purchase, which has them. Nil for an observer.
	Place     string          // What the mandate's place, or the hold's, must be.
	Benefit   Benefit         // Of a redemption.
	Event     *rules.Event    // Of an accrual: what the rules look at;
	ToEvent   *rules.Event    // of a referral: what they look at for the referrer. Nil for an observer,
	Outcome   *rules.Outcome  // who has what the rules said from the receipt;
	ToOutcome *rules.Outcome
	Trusted   bool // and who takes place and price as they were found to be.
}

// Assess computes the assessment of an operation from its details, which must be valid. Disclosed are the details of the purchase that is returned, once they
// were held against its receipt; nil without them.
func Assess(p *Programme, o *Operation, d, disclosed *Details) Assessment {
	a := Assessment{Code: fault.OK, Place: PlaceHash(d.PlaceSalt, d.Merchant, d.Store, d.Terminal), Benefit: d.benefit()}
	switch {
	case o.Shop != "" && d.Merchant != o.Shop:
		a.Code = fault.ShopUnknown
	case o.Kind == KindAccept && o.Claim != "" && ClaimHash(o.To, d.ClaimCode) != o.Claim:
		a.Code = fault.ClaimInvalid
	case (d.Currency != "" || d.AmountMinor != 0) && d.Currency != p.Currency:
		a.Code = fault.CurrencyMismatch
	case o.Kind.HasPurchase():
		a.assessPurchase(p, o, d, disclosed)
	}
	return a
}

func (a *Assessment) assessPurchase(p *Programme, o *Operation, d, disclosed *Details) {
	day, err := d.occurredOn()
	if err != nil || day > p.BusinessDate+1 || day < p.BusinessDate-quantity.Day(p.Current().MaxReceiptAgeDays) {
		a.Code = fault.OutOfPeriod
		return
	}
	switch o.Kind {
	case KindEarn:
		a.Event = d.event()
	case KindRefer:
		a.Event, a.ToEvent = d.event(), d.event()
		a.Event.Type, a.ToEvent.Type = rules.Referral, rules.Referrer
	default:
		a.assessReturn(p, o, d, disclosed)
	}
}

func (a *Assessment) assessReturn(p *Programme, o *Operation, d, disclosed *Details) {
	if len(o.Lines) == 0 || disclosed == nil {
		a.Points, a.Code = returned(p, o, d, disclosed)
		return
	}
	if o.Lines[len(o.Lines)-1] >= len(disclosed.Lines) {
		a.Code = fault.ReturnExceeds
		return
	}
	a.purchase = disclosed
}

// shareOf is the part of awarded that falls on lines of a purchase, rounded down: of all of them together, so that lines which are returned one by one take back what they
// take back together.
func (d *Details) shareOf(lines []int, awarded quantity.Points) (quantity.Points, error) {
	sum := int64(0) // At most AmountMinor, to which all lines add up.
	for _, n := range lines {
		sum += d.Lines[n].AmountMinor
	}
	if sum == 0 {
		return 0, nil
	}
	value, err := quantity.Portion(int64(awarded), sum, d.AmountMinor)
	return quantity.Points(value), err
}

// returned is what a return by amount takes back: the original's award in proportion to its amount, rounded down; without the purchase's details,
// the amount at the rate of the terms, for receipts that were awarded at that rate.
func returned(p *Programme, o *Operation, d, disclosed *Details) (quantity.Points, fault.Code) {
	if o.Whole || o.Points != 0 {
		return 0, fault.OK
	}
	if disclosed != nil && o.Original != nil {
		return portion(&o.Original.Receipt, d, disclosed)
	}
	rate := p.Current().Rate
	if o.Original != nil {
		promised := terms.Find(p.Terms, o.Original.Receipt.Terms)
		if len(o.Lines) > 0 || o.Original.Receipt.Award != nil || promised == nil {
			return 0, fault.ReturnUndisclosed
		}
		rate = promised.Rate
	}
	value, err := rate.Floor(d.AmountMinor)
	if err != nil {
		return 0, fault.Limit
	}
	return quantity.Points(value), fault.OK
}

func portion(original *Receipt, d, disclosed *Details) (quantity.Points, fault.Code) {
	if d.AmountMinor > disclosed.AmountMinor {
		return 0, fault.ReturnExceeds
	}
	if d.AmountMinor == 0 {
		return 0, fault.OK
	}
	value, err := quantity.Portion(int64(original.Points), d.AmountMinor, disclosed.AmountMinor)
	if err != nil {
		return 0, fault.Limit
	}
	return quantity.Points(value), fault.OK
}

// placeElsewhere is no hash, so no mandate names it.
const placeElsewhere = "elsewhere"

// private are the refusals that may follow from what an observer doesn't see: it takes them from the receipt.
var private = []fault.Code{
	fault.CurrencyMismatch, fault.OutOfPeriod, fault.Limit, fault.ShopUnknown, fault.ClaimInvalid, fault.ReturnExceeds, fault.ReturnUndisclosed,
	fault.PriceMismatch, fault.PriceUnknown, fault.EventRepeated, fault.NothingAwarded, fault.RuleRefused,
}

// ObservedAssessment is the assessment that a public receipt implies.
func ObservedAssessment(o *Operation, r *Receipt) Assessment {
	a := Assessment{Code: fault.OK, Trusted: true}
	if slices.Contains(private, r.Code) {
		a.Code = r.Code
	}
	if r.Code == fault.AuthMismatch {
		a.Trusted, a.Place = false, placeElsewhere
	}
	if r.Outcome != Accepted {
		return a
	}
	switch o.Kind {
	case KindEarn, KindRefer:
		a.Outcome, a.ToOutcome = observedOutcome(r.Award, r.Points), observedOutcome(r.ToAward, r.ToPoints)
	case KindReturn:
		a.Points = r.Points
	}
	return a
}

func observedOutcome(shown *rules.Outcome, points quantity.Points) *rules.Outcome {
	if shown != nil {
		return shown
	}
	return &rules.Outcome{Awards: []rules.Award{{Rule: rules.BaseRule, Points: points}}}
}

// at says whether the operation takes place where the mandate or the hold was given for.
func (a *Assessment) at(place string) bool { return a.Trusted || a.Place == place }
