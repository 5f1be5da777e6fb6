package clearing

import (
	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/quantity"
)

// MaxTermSeconds bounds every term of a calendar: 100 days.
const MaxTermSeconds = 100 * 24 * 3600

// Bounds of what a calendar says of disputes.
const (
	MaxDisputesPerWindow = 50 // Disputed lines of one pair in one window.
	MaxDisputeDue        = 12 // Windows after which a disputed line falls due.
)

// Calendar says when windows of a currency close and how long everybody has for what follows. Without a vote on it, it is DefaultCalendar.
type Calendar struct {
	V                 int            `json:"v"` // Record version, 1.
	Currency          string         `json:"currency"`
	LengthSeconds     int64          `json:"lengthSeconds"`     // From one regular close to the next.
	ShortestSeconds   int64          `json:"shortestSeconds"`   // A window is not rolled before it has been open for so long, by whomever.
	DisclosureSeconds int64          `json:"disclosureSeconds"` // After the roll: for pairs to disclose their nets.
	SigningSeconds    int64          `json:"signingSeconds"`    // After netting: for members to sign their positions.
	PaymentSeconds    int64          `json:"paymentSeconds"`    // After settlement began: for legs to be paid.
	DisputesPerWindow int            `json:"disputesPerWindow"` // Lines that one pair can set aside in one window.
	DisputeShare      quantity.Ratio `json:"disputeShare"`      // Most of a direction's allocation that can be set aside at one time; at most 1.
	DisputeDue        int            `json:"disputeDue"`        // A line set aside falls due in the netting of so many windows later.
}

// DefaultCalendar closes a window every day and pays within two.
func DefaultCalendar(currency string) *Calendar {
	const hour, day = 3600, 24 * 3600
	return &Calendar{
		V: 1, Currency: currency, LengthSeconds: day, ShortestSeconds: 1, DisclosureSeconds: 4 * hour, SigningSeconds: 4 * hour, PaymentSeconds: 2 * day,
		DisputesPerWindow: 10, DisputeShare: quantity.Ratio{Num: 1, Den: 10}, DisputeDue: 3,
	}
}

// Validate returns INVALID_VALUE unless every term lies within its bounds.
func (c *Calendar) Validate() error {
	if c.V != 1 {
		return fault.New(fault.InvalidValue, "a calendar has v 1")
	}
	if err := quantity.ValidCurrency(c.Currency); err != nil {
		return err
	}
	for _, term := range []int64{c.LengthSeconds, c.ShortestSeconds, c.DisclosureSeconds, c.SigningSeconds, c.PaymentSeconds} {
		if term < 1 || term > MaxTermSeconds {
			return fault.New(fault.InvalidValue, "a calendar's terms lie between 1 and %d seconds", MaxTermSeconds)
		}
	}
	if c.ShortestSeconds > c.LengthSeconds {
		return fault.New(fault.InvalidValue, "the shortest window isn't longer than a regular one")
	}
	if c.DisputesPerWindow < 0 || c.DisputesPerWindow > MaxDisputesPerWindow || c.DisputeDue < 1 || c.DisputeDue > MaxDisputeDue {
		return fault.New(fault.InvalidValue, "0 to %d disputes a window fall due 1 to %d windows later", MaxDisputesPerWindow, MaxDisputeDue)
	}
	if err := c.DisputeShare.Valid(); err != nil {
		return err
	}
	if c.DisputeShare.Num > c.DisputeShare.Den {
		return fault.New(fault.InvalidValue, "no more than everything can be disputed")
	}
	return nil
}

// next is the first regular close after now, on the beat of an earlier close.
func (c *Calendar) next(close, now int64) int64 {
	if close > now {
		return close
	}
	return close + ((now-close)/c.LengthSeconds+1)*c.LengthSeconds
}
