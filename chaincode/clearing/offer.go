package clearing

import (
	"slices"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/quantity"
)

// QuoteSeconds is how long an offer that was superseded can still be used by who was quoted it: as long as a mandate lives.
const QuoteSeconds = 600

// KeepSeconds is how long an offer that was superseded is kept at hand: the longest hold of any terms can still be captured under it, after it was quoted.
const KeepSeconds = QuoteSeconds + 31*86400

// MaxOffers is how many offers of one partner a programme keeps at hand: those in force, those that holds can still name, and those to come.
const MaxOffers = 8

// Offer is what one brand's customers get at another: the public part of an agreement. It is never overwritten.
type Offer struct {
	Version      int             `json:"version"`               // Of the agreement it is a part of.
	From         int64           `json:"from"`                  // Unix seconds: in force from then on, until the next version is.
	Until        int64           `json:"until,omitzero"`        // Unix seconds at which it ends; 0 when only another version ends it.
	Acceptance   quantity.Ratio  `json:"acceptance"`            // Minor units of discount per point redeemed at the partner, rounded down; 0/1 when the partner takes none.
	RedeemMin    quantity.Points `json:"redeemMin,omitzero"`    // Fewest points of one redemption at the partner.
	RedeemPerDay quantity.Points `json:"redeemPerDay,omitzero"` // Most points that an account may redeem at the partner on one business date; 0 sets no limit.
	Swap         quantity.Ratio  `json:"swap"`                  // The partner's points per point given, rounded down; 0/1 when there are no swaps.
	SwapMin      quantity.Points `json:"swapMin,omitzero"`      // Fewest points of one swap.
	SwapPerDay   quantity.Points `json:"swapPerDay,omitzero"`   // Most points that an account may swap on one business date; 0 sets no limit.
	AwardMax     quantity.Points `json:"awardMax,omitzero"`     // Most points that the partner may award by one operation; 0 when it may award none.
}

// Validate returns INVALID_VALUE or OUT_OF_RANGE unless every field lies within its bounds.
func (o *Offer) Validate() error {
	if o.Version < 1 || o.Version > MaxVersion || o.From < 0 || o.Until != 0 && o.Until <= o.From {
		return fault.New(fault.InvalidValue, "an offer has a version of 1 to %d, and until lies after from", MaxVersion)
	}
	for _, r := range []quantity.Ratio{o.Acceptance, o.Swap} {
		if err := r.Valid(); err != nil {
			return err
		}
	}
	for _, p := range []quantity.Points{o.RedeemMin, o.RedeemPerDay, o.SwapMin, o.SwapPerDay, o.AwardMax} {
		if p < 0 || p > quantity.MaxPoints {
			return fault.New(fault.OutOfRange, "limits of an offer lie between 0 and %d points", int64(quantity.MaxPoints))
		}
	}
	if o.Swap.Num > 0 && o.SwapMin < 1 {
		return fault.New(fault.InvalidValue, "swaps need swapMin of 1 or more")
	}
	return nil
}

// Discount is what points are worth at the partner, in minor units, rounded down; OUT_OF_RANGE when it can't be counted.
func (o *Offer) Discount(points quantity.Points) (int64, error) {
	return o.Acceptance.Floor(int64(points))
}

// PointsFor are the fewest points whose discount is so many minor units (1 to quantity.MaxMinor) or more. OFFER_UNKNOWN when the partner takes none, OUT_OF_RANGE when
// they can't be counted.
func (o *Offer) PointsFor(minor int64) (quantity.Points, error) {
	if o.Acceptance.Num == 0 {
		return 0, fault.New(fault.OfferUnknown, "the partner takes no points under version %d", o.Version)
	}
	points, err := quantity.Ratio{Num: o.Acceptance.Den, Den: o.Acceptance.Num}.Ceil(minor)
	return quantity.Points(points), err
}

// Swapped is what points become at the partner, rounded down; OUT_OF_RANGE when it can't be counted.
func (o *Offer) Swapped(points quantity.Points) (quantity.Points, error) {
	there, err := o.Swap.Floor(int64(points))
	return quantity.Points(there), err
}

// FindOffer is the offer of a version, whether it is in force or not; nil when it isn't at hand.
func FindOffer(list []Offer, version int) *Offer {
	for i := range list {
		if list[i].Version == version {
			return &list[i]
		}
	}
	return nil
}

// OfferAt finds the offer that an operation at a transaction time (Unix seconds) uses: the one in force when version is 0, otherwise the named one, if it is in force or
// was until at most QuoteSeconds ago. OFFER_UNKNOWN when there is none, OFFER_LAPSED when it is over, or not in force yet. The list is ordered by version.
func OfferAt(list []Offer, version int, now int64) (*Offer, fault.Code) {
	for i := len(list) - 1; i >= 0; i-- {
		o := &list[i]
		if version != 0 && o.Version != version {
			continue
		}
		end := o.Until
		if i+1 < len(list) && (end == 0 || list[i+1].From < end) {
			end = list[i+1].From
		}
		if version != 0 && end != 0 {
			end += QuoteSeconds
		}
		usable := o.From <= now && (end == 0 || now < end)
		if usable {
			return o, fault.OK
		}
		if version != 0 {
			return nil, fault.OfferLapsed
		}
	}
	return nil, fault.OfferUnknown
}

// AddOffer puts the next offer behind a partner's others and forgets the oldest beyond MaxOffers. LIMIT when the one to be forgotten was in force less than KeepSeconds
// before a transaction time (Unix seconds), INVALID_VALUE unless its version and its beginning follow the last one's.
func AddOffer(list []Offer, o Offer, now int64) ([]Offer, error) {
	if n := len(list); n > 0 && (o.Version <= list[n-1].Version || o.From <= list[n-1].From) {
		return nil, fault.New(fault.InvalidValue, "an offer follows the last one in version and time")
	}
	grown := append(append([]Offer{}, list...), o)
	if len(grown) <= MaxOffers {
		return grown, nil
	}
	if grown[1].From+KeepSeconds > now {
		return nil, fault.New(fault.Limit, "at most %d offers of a partner can be in force, named by holds or to come", MaxOffers)
	}
	return grown[1:], nil
}

// OptOut says which partners an account's customer wants nothing to do with.
type OptOut struct {
	V        int      `json:"v"`        // Record version, 1.
	Partners []string `json:"partners"` // Ordered; EveryPartner alone for all of them.
}

// EveryPartner stands for all partners in an OptOut.
const EveryPartner = "*"

// Covers says whether the customer wants nothing to do with a partner. Who has never opted out has no record: nil covers nobody.
func (o *OptOut) Covers(partner string) bool {
	return o != nil && (slices.Contains(o.Partners, partner) || slices.Contains(o.Partners, EveryPartner))
}

// With is the opt-out with one partner more, or all of them; LIMIT beyond MaxMembers. The one it was given, which may be nil, stays as it was.
func (o *OptOut) With(partner string) (*OptOut, error) {
	switch {
	case partner == EveryPartner:
		return &OptOut{V: 1, Partners: []string{EveryPartner}}, nil
	case o.Covers(partner):
		return o, nil
	}
	next := &OptOut{V: 1}
	if o != nil {
		next.Partners = slices.Clone(o.Partners)
	}
	if len(next.Partners) >= MaxMembers {
		return nil, fault.New(fault.Limit, "a customer can opt out of %d partners, or of all", MaxMembers)
	}
	i, _ := slices.BinarySearch(next.Partners, partner)
	next.Partners = slices.Insert(next.Partners, i, partner)
	return next, nil
}

// Without is the opt-out with one partner less, or none. OPTED_OUT when the customer opted out of all: nothing says of one that it is wanted. The one it was given, which
// may be nil, stays as it was.
func (o *OptOut) Without(partner string) (*OptOut, error) {
	switch {
	case o == nil || partner == EveryPartner:
		return &OptOut{V: 1, Partners: []string{}}, nil
	case slices.Contains(o.Partners, EveryPartner):
		return nil, fault.New(fault.OptedOut, "the customer opted out of all partners: opt in to all of them first")
	}
	return &OptOut{V: 1, Partners: slices.DeleteFunc(slices.Clone(o.Partners), func(p string) bool { return p == partner })}, nil
}
