package api

import (
	"context"

	"github.com/tallystick/tallystick/chaincode/clearing"
	"github.com/tallystick/tallystick/chaincode/engine"
	"github.com/tallystick/tallystick/chaincode/points"
)

// ListPartners lists what a programme's customers get at other brands.
func (s *Server) ListPartners(ctx context.Context, r ListPartnersRequestObject) (ListPartnersResponseObject, error) {
	partners, next, err := recordsOf[points.Partner](ctx, s.reader, recordPage{programme: r.Name, object: engine.ObjectPartner, after: r.Params.After, limit: r.Params.Limit})
	if err != nil {
		return nil, err
	}
	for i := range partners {
		partners[i].Offers = offersOf(&partners[i])
	}
	return ListPartners200JSONResponse{Partners: partners, Next: next}, nil
}

// GetPartner tells what a programme's customers get at one other brand.
func (s *Server) GetPartner(ctx context.Context, r GetPartnerRequestObject) (GetPartnerResponseObject, error) {
	var partner points.Partner
	if err := s.readRecord(ctx, r.Name, engine.ObjectPartner, r.Partner, &partner); err != nil {
		return nil, err
	}
	partner.Offers = offersOf(&partner)
	return GetPartner200JSONResponse(partner), nil
}

// offersOf makes an empty list of none.
func offersOf(p *points.Partner) []clearing.Offer {
	if p.Offers == nil {
		return []clearing.Offer{}
	}
	return p.Offers
}
