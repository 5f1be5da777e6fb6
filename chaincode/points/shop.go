package points

import (
	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/quantity"
)

// ShopStatus says whether a sponsored shop takes part.
type ShopStatus string

// The states of a shop.
const (
	ShopOpen      ShopStatus = "OPEN"
	ShopSuspended ShopStatus = "SUSPENDED"
)

// Limits of a shop's id.
const (
	MinShopID = 2  // Bytes.
	MaxShopID = 32 // Bytes.
)

// Shop is a merchant without a node of its own that awards and accepts points under a sponsoring member, within limits of its own. A return of what it awarded or accepted
// goes by the original receipt, whatever the shop's status, and gives nothing back to the limits of the day.
type Shop struct {
	V            int             `json:"v"`           // Record version, 1.
	ID           string          `json:"id"`          // Lower-case letters, digits and hyphens.
	DisplayName  string          `json:"displayName"` // For people, 1 to MaxNameLength bytes.
	Sponsor      string          `json:"sponsor"`     // MSP id of the member that answers for it: the issuer.
	Status       ShopStatus      `json:"status"`
	AwardPerDay  quantity.Points `json:"awardPerDay"`       // Most points that it may award on one business date; 0: none.
	AcceptPerDay quantity.Points `json:"acceptPerDay"`      // Most points that it may accept on one business date; 0: none.
	Day          quantity.Day    `json:"day,omitzero"`      // Business date that Awarded and Accepted count.
	Awarded      quantity.Points `json:"awarded,omitzero"`  // On Day.
	Accepted     quantity.Points `json:"accepted,omitzero"` // On Day.
}

// Validate returns INVALID_VALUE or OUT_OF_RANGE when a field can't be accepted.
func (s *Shop) Validate() error {
	if s.V != 1 || !ValidShopID(s.ID) {
		return fault.New(fault.InvalidValue, "a shop's id has %d to %d lower-case letters, digits and hyphens", MinShopID, MaxShopID)
	}
	if n := len(s.DisplayName); n < 1 || n > MaxNameLength {
		return fault.New(fault.InvalidValue, "displayName needs 1 to %d bytes", MaxNameLength)
	}
	if s.Status != ShopOpen && s.Status != ShopSuspended {
		return fault.New(fault.InvalidValue, "status must be %s or %s", ShopOpen, ShopSuspended)
	}
	if s.AwardPerDay < 0 || s.AwardPerDay > quantity.MaxPoints || s.AcceptPerDay < 0 || s.AcceptPerDay > quantity.MaxPoints {
		return fault.New(fault.OutOfRange, "a shop's limits lie between 0 and %d points a day", int64(quantity.MaxPoints))
	}
	return nil
}

// ValidShopID says whether s can be the id of a shop.
func ValidShopID(s string) bool {
	if len(s) < MinShopID || len(s) > MaxShopID {
		return false
	}
	for _, c := range s {
		if c != '-' && (c < '0' || c > '9') && (c < 'a' || c > 'z') {
			return false
		}
	}
	return true
}

// inShop counts what a sponsored shop awards or accepts (the one that isn't nil) and refuses what is beyond its limits.
func (t *trial) inShop(awarded, accepted *quantity.Points) fault.Code {
	if t.op.Shop == "" {
		return fault.OK
	}
	known := t.book.Shops[t.op.Shop]
	if known == nil || known.Status != ShopOpen {
		return fault.ShopUnknown
	}
	shop := *known
	if day := t.book.Programme.BusinessDate; shop.Day != day {
		shop.Day, shop.Awarded, shop.Accepted = day, 0, 0
	}
	if awarded != nil {
		sum, err := shop.Awarded.Add(*awarded)
		if err != nil || sum > shop.AwardPerDay {
			return fault.Limit
		}
		shop.Awarded = sum
	}
	if accepted != nil {
		sum, err := shop.Accepted.Add(*accepted)
		if err != nil || sum > shop.AcceptPerDay {
			return fault.Limit
		}
		shop.Accepted = sum
	}
	t.shop = &shop
	return fault.OK
}
