package engine

import (
	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/wire"
)

// putShop registers a sponsored shop, or gives one other limits or another status. What it has awarded and accepted today stays counted.
func putShop(c Call, s State) (Effects, error) {
	var doc wire.NewShop
	p, err := decodeForProgramme(&c, &doc)
	if err != nil {
		return Effects{}, err
	}
	shop := points.Shop{
		V: 1, ID: doc.ID, DisplayName: doc.DisplayName, Sponsor: doc.Sponsor, Status: doc.Status, AwardPerDay: doc.AwardPerDay, AcceptPerDay: doc.AcceptPerDay,
	}
	if err := shop.Validate(); err != nil {
		return Effects{}, err
	}
	if shop.Sponsor != p.MSP {
		return Effects{}, fault.New(fault.Forbidden, "%s answers for the shops of its programme itself: %s has not agreed to", p.MSP, shop.Sponsor)
	}
	var known points.Shop
	there, err := read(s, ShopKey(shop.ID), &known)
	if err != nil {
		return Effects{}, err
	}
	if there {
		shop.Day, shop.Awarded, shop.Accepted = known.Day, known.Awarded, known.Accepted
	} else {
		shop.Day = p.BusinessDate
	}
	w, err := write(ShopKey(shop.ID), shop)
	return Effects{Response: w.Value, Writes: []Write{w}}, err
}

// approve records another brand's consent to one operation of the issuer's, which the operation's batch then uses up.
func approve(c Call, s State) (Effects, error) {
	var doc wire.Consent
	if err := wire.Decode(c.Document, wire.MaxDocument, &doc); err != nil {
		return Effects{}, err
	}
	return recordApproval(c, s, &doc.Operation)
}

func recordApproval(c Call, s State, o *points.Operation) (Effects, error) {
	if err := o.Validate(); err != nil {
		return Effects{}, err
	}
	if !o.Kind.NeedsApproval() {
		return Effects{}, fault.New(fault.InvalidValue, "%s needs no approval", o.Kind)
	}
	key := ApprovalKey(o.ID)
	there, err := read(s, key, new(points.Approval))
	if err != nil {
		return Effects{}, err
	}
	if there {
		return Effects{}, fault.New(fault.AlreadyExists, "operation %s was approved before", o.ID)
	}
	digest, err := wire.Hash(o)
	if err != nil {
		return Effects{}, err
	}
	w, err := write(key, points.Approval{V: 1, Operation: o.ID, Digest: digest, MSP: c.Caller.MSP, At: c.Time})
	return Effects{Response: w.Value, Writes: []Write{w}}, err
}
