package points

import (
	"sort"
	"time"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/quantity"
	"github.com/tallystick/tallystick/chaincode/rules"
	"github.com/tallystick/tallystick/chaincode/terms"
)

// Details is the private part of an operation, kept in the brand's collection `details`. What an operation doesn't need is left out.
type Details struct {
	Operation   OperationID `json:"operation"`
	AmountMinor int64       `json:"amountMinor"` // Minor units, not negative; of a return: the amount given back; of a redemption: the discount.
	Currency    string      `json:"currency"`
	OccurredAt  string      `json:"occurredAt"` // The till's time, RFC 3339.
	Merchant    string      `json:"merchant"`
	Store       string      `json:"store"`
	Terminal    string      `json:"terminal"`
	PlaceSalt   string      `json:"placeSalt"`           // Random; salts the place in the mandate (PlaceHash). Empty without an authorisation.
	Reference   string      `json:"reference"`           // The till's receipt number.
	Challenge   string      `json:"challenge"`           // How a custody customer was authenticated and the challenge's hash, "method:hex".
	Natural     string      `json:"natural"`             // Keyed hashes with which a gateway rebuilds its index: of (member, store, terminal, reference, kind),
	Idempotency string      `json:"idempotency"`         // of the caller and its idempotency key,
	Request     string      `json:"request"`             // of the request's body,
	Lookup      string      `json:"lookup"`              // and of the customer's reference, for an opening.
	Event       string      `json:"event,omitempty"`     // Type of the event of an accrual; empty for a purchase.
	Channel     string      `json:"channel,omitempty"`   // Where it took place: shop, web, app.
	Tags        []string    `json:"tags,omitempty"`      // Of campaigns, ascending.
	Lines       []Line      `json:"lines,omitempty"`     // Of a purchase; their amounts add up to AmountMinor.
	Item        string      `json:"item,omitempty"`      // Of the price list, that is redeemed;
	Pieces      int         `json:"pieces,omitzero"`     // so many.
	ClaimCode   string      `json:"claimCode,omitempty"` // Of a gift that is accepted.
	Note        string      `json:"note,omitempty"`      // Of an adjustment, for the customer and the approver.
	Disclosed   *Disclosed  `json:"disclosed,omitempty"` // Details of the purchase that is returned.
}

// Line is a line of a purchase.
type Line struct {
	Category    string `json:"category,omitempty"`
	AmountMinor int64  `json:"amountMinor"` // Minor units, not negative.
}

// Disclosed is an earlier operation's details with the salt of their own, so that they can be held against its receipt.
type Disclosed struct {
	Salt    string  `json:"salt"` // 64 hex digits.
	Details Details `json:"details"`
}

// Limits of details.
const (
	MaxTextLength = 128 // Bytes of each text field.
	MaxTags       = rules.MaxTags
)

// Validate returns INVALID_VALUE or OUT_OF_RANGE when a field is too long, an amount is negative, or the time can't be read.
func (d *Details) Validate(k Kind) error {
	for _, s := range d.texts() {
		if len(s) > MaxTextLength {
			return fault.New(fault.InvalidValue, "a text in the details is longer than %d bytes", MaxTextLength)
		}
	}
	if err := d.validateLines(); err != nil {
		return err
	}
	if d.Pieces < 0 || d.Pieces > terms.MaxItemQuantity {
		return fault.New(fault.OutOfRange, "pieces must lie between 0 and %d", terms.MaxItemQuantity)
	}
	if d.Currency != "" || d.AmountMinor != 0 {
		if err := (quantity.Money{Minor: d.AmountMinor, Currency: d.Currency}).Valid(); err != nil {
			return err
		}
	}
	if d.Disclosed != nil {
		if k != KindReturn || d.Disclosed.Details.Disclosed != nil || !isHex(d.Disclosed.Salt, hashLength) {
			return fault.New(fault.InvalidValue, "a return alone discloses the purchase's details, with a salt of %d hex digits", hashLength)
		}
		if err := d.Disclosed.Details.Validate(KindEarn); err != nil {
			return err
		}
	}
	if !k.HasPurchase() {
		return nil
	}
	if _, err := d.occurredOn(); err != nil || k == KindReturn {
		return err
	}
	event := d.event()
	if k == KindEarn && (event.Type == rules.Referral || event.Type == rules.Referrer) {
		return fault.New(fault.InvalidValue, "a referral is paid to both sides at once, by an operation of its own")
	}
	return event.Valid()
}

func (d *Details) texts() []string {
	texts := []string{
		d.Merchant, d.Store, d.Terminal, d.PlaceSalt, d.Reference, d.Challenge, d.Natural, d.Idempotency, d.Request, d.Lookup,
		d.Event, d.Channel, d.Item, d.ClaimCode, d.Note,
	}
	texts = append(texts, d.Tags...)
	for _, l := range d.Lines {
		texts = append(texts, l.Category)
	}
	return texts
}

func (d *Details) validateLines() error {
	if len(d.Lines) > MaxLines || len(d.Tags) > MaxTags {
		return fault.New(fault.TooLarge, "a purchase has at most %d lines and %d tags", MaxLines, MaxTags)
	}
	left := d.AmountMinor
	for _, l := range d.Lines {
		if l.AmountMinor < 0 || l.AmountMinor > left {
			return fault.New(fault.InvalidValue, "the amounts of the lines must add up to the purchase's")
		}
		left -= l.AmountMinor
	}
	if len(d.Lines) > 0 && left != 0 {
		return fault.New(fault.InvalidValue, "the amounts of the lines must add up to the purchase's")
	}
	for i := 1; i < len(d.Tags); i++ {
		if d.Tags[i-1] >= d.Tags[i] {
			return fault.New(fault.InvalidValue, "tags must be in ascending order, each once")
		}
	}
	return nil
}

// event is what the rules look at.
func (d *Details) event() *rules.Event {
	e := &rules.Event{
		Type: rules.EventType(d.Event), AmountMinor: d.AmountMinor, Currency: d.Currency, Store: d.Store, Channel: d.Channel, OccurredAt: d.OccurredAt, Tags: d.Tags,
	}
	if e.Type == "" {
		e.Type = rules.Purchase
	}
	totals := map[string]int64{}
	for _, l := range d.Lines {
		if l.Category != "" {
			totals[l.Category] += l.AmountMinor // Bounded by AmountMinor.
		}
	}
	for category, minor := range totals {
		e.Categories = append(e.Categories, rules.CategoryAmount{Category: category, Minor: minor})
	}
	sort.Slice(e.Categories, func(i, j int) bool { return e.Categories[i].Category < e.Categories[j].Category })
	return e
}

// benefit is what a redemption buys.
func (d *Details) benefit() Benefit {
	return Benefit{Item: d.Item, Pieces: d.Pieces, DiscountMinor: d.AmountMinor}
}

// Benefit is what a redemption buys: pieces of an item of the price list, or a discount.
type Benefit struct {
	Item          string
	Pieces        int
	DiscountMinor int64
}

// check holds points against the price list; OK, PRICE_MISMATCH or PRICE_UNKNOWN.
func (b Benefit) check(list *terms.PriceList, points quantity.Points) fault.Code {
	var err error
	if b.Item != "" {
		err = list.CheckItem(b.Item, b.Pieces, points)
	} else {
		err = list.CheckDiscount(b.DiscountMinor, points)
	}
	if err == nil {
		return fault.OK
	}
	if code := fault.CodeOf(err); code == fault.PriceUnknown {
		return code
	}
	return fault.PriceMismatch
}

// occurredOn is the calendar day of the till's time, as the till's own clock showed it.
func (d *Details) occurredOn() (quantity.Day, error) {
	// The zone given here keeps the parser from comparing offsets with the host's.
	t, err := time.ParseInLocation(time.RFC3339, d.OccurredAt, time.UTC)
	if err != nil || t.Year() < 1970 || t.Year() > 9999 {
		return 0, fault.New(fault.InvalidValue, "occurredAt must be an RFC 3339 time from 1970 on")
	}
	return quantity.ParseDay(t.Format(time.DateOnly))
}
