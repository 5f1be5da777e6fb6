package api

import (
	"context"
	"slices"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/points"
)

// Brand is what this gateway has of another brand.
type Brand struct {
	Recorder PartnerRecorder // For operations on accounts of its programme that this gateway brings to the ledger itself; nil when it brings none.
	Issuer   Issuer          // Its gateway; nil when none is configured.
}

// way is whom an operation is about.
type way struct {
	home     string // Whose accounts it is on.
	partner  string // The other brand; empty for an operation of the programme alone.
	merchant string // At whose tills it takes place.
}

// passedOn are the kinds that gateways take from each other: debits, and what ends or undoes them. The void of a hold at a partner's till is that till's gateway's alone.
var passedOn = []Kind{KindRedeem, KindHold, KindCapture, KindReturn, KindSwap}

// takenHere are the kinds that name a partner and are sent to the gateway of the account's own programme: everything else takes place at the partner.
var takenHere = []Kind{KindHold, KindReturn, KindSwap, KindOptout, KindOptin}

// direct finds out whom the item's operation is about. FORBIDDEN when the caller has no part in it.
func (s *Server) direct(ctx context.Context, it *item) error {
	r := it.request
	it.way = way{home: valueOr(r.Programme, s.programme), partner: valueOr(r.Partner, ""), merchant: s.member}
	switch {
	case memberIn(ctx) != "":
		return s.directForPartner(it, memberIn(ctx))
	case it.way.home != s.programme:
		return s.directAway(it)
	case it.way.partner != "" || r.Programme != nil:
		return s.directHome(it)
	}
	return nil
}

// directAway is direct for what a till of this member's does with another programme's points.
func (s *Server) directAway(it *item) error {
	if _, known := s.partners[it.way.home]; !known {
		return wrong(fault.InvalidValue, it.at+"/programme", "is no programme of a brand that this gateway knows")
	}
	if it.way.partner != "" && it.way.partner != s.member {
		return wrong(fault.InvalidValue, it.at+"/partner", "is this gateway's member, %s, when the programme is another one's", s.member)
	}
	it.way.partner = s.member
	return s.looksUpOwn(it)
}

// looksUpOwn refuses to look up another programme's customers.
func (s *Server) looksUpOwn(it *item) error {
	for _, n := range it.names() {
		if n.programme != s.programme {
			return wrong(fault.Forbidden, it.at+"/"+n.field, "another programme's customers are not looked up: give the account, which the customer's code has")
		}
	}
	return nil
}

// directHome is direct for what customers of the own programme do at a partner, and want of partners.
func (s *Server) directHome(it *item) error {
	r := it.request
	if r.Kind == KindAward {
		return wrong(fault.InvalidValue, it.at+"/programme", "is this gateway's own: its points are given by earn")
	}
	if r.Kind == KindSwap && r.Partner == nil {
		return wrong(fault.InvalidValue, it.at+"/partner", "is required for swap")
	}
	if r.Partner == nil {
		return nil
	}
	if _, known := s.partners[*r.Partner]; !known && r.Kind != KindOptout && r.Kind != KindOptin {
		return wrong(fault.InvalidValue, it.at+"/partner", "is no brand that this gateway knows")
	}
	if !slices.Contains(takenHere, r.Kind) || r.Kind == KindHold && r.Purpose == nil {
		return wrong(fault.InvalidValue, it.at+"/partner", "%s takes place at the partner: its own gateway takes it", r.Kind)
	}
	return s.looksUpOwn(it)
}

// directForPartner is direct for what a partner's gateway passes on.
func (s *Server) directForPartner(it *item, member string) error {
	r := it.request
	switch {
	case it.way.home != s.programme || r.Programme == nil:
		return wrong(fault.Forbidden, it.at+"/programme", "this gateway sequences %s", s.programme)
	case it.way.partner != member:
		return wrong(fault.Forbidden, it.at+"/partner", "must be the member whose gateway sends it")
	case !slices.Contains(passedOn, r.Kind):
		return wrong(fault.Forbidden, it.at+"/kind", "%s is not taken from another member's gateway", r.Kind)
	}
	if list := it.names(); len(list) > 0 {
		return wrong(fault.Forbidden, it.at+"/"+list[0].field, "another member's gateway names accounts, not customers")
	}
	it.way.merchant = member
	return nil
}

// checkReturned refuses the return at home of what took place at a partner's till: the partner returns it.
func (s *Server) checkReturned(it *item, kind points.Kind) error {
	home := it.way.merchant == s.member && it.way.home == s.programme
	if home && it.way.partner != "" && kind != points.KindDeposit {
		return wrong(fault.InvalidValue, it.at+"/partner", "only what a swap has brought is returned here; the partner returns what took place at its tills")
	}
	return nil
}
