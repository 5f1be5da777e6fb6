package api

import (
	"context"
	"slices"

	"github.com/tallystick/tallystick/chaincode/clearing"
	"github.com/tallystick/tallystick/chaincode/engine"
	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/points"
)

// ListMyPartners lists the brands with their wallets, and whom the customer has excluded.
func (s *Server) ListMyPartners(ctx context.Context, _ ListMyPartnersRequestObject) (ListMyPartnersResponseObject, error) {
	programmes, err := s.reader.Programmes(ctx)
	if err != nil {
		return nil, err
	}
	body := MyPartners{Partners: make([]MyPartner, len(programmes)), Exclusions: []MyExclusions{}}
	for i := range programmes {
		p := &programmes[i]
		body.Partners[i] = MyPartner{
			Member: p.Brand, Name: p.DisplayName, Own: p.Brand == s.programme, Genesis: p.Genesis, RelyingParty: p.RelyingParty.ID, Wallets: append([]string{}, p.RelyingParty.Origins...),
		}
	}
	own, err := s.ownAccounts(ctx, personIn(ctx))
	if err != nil {
		return nil, err
	}
	for _, id := range own {
		excluded, err := s.exclusionsOf(ctx, id)
		if err != nil {
			return nil, err
		}
		body.Exclusions = append(body.Exclusions, excluded)
	}
	return ListMyPartners200JSONResponse(body), nil
}

// exclusionsOf tells whom the customer of an account has opted out of; who never has, has no record.
func (s *Server) exclusionsOf(ctx context.Context, id points.AccountID) (MyExclusions, error) {
	var o clearing.OptOut
	if err := s.readRecord(ctx, s.programme, engine.ObjectOptOut, string(id), &o); err != nil && fault.CodeOf(err) != fault.NotFound {
		return MyExclusions{}, err
	}
	out := MyExclusions{Account: string(id), Everyone: slices.Contains(o.Partners, clearing.EveryPartner), Partners: []string{}}
	if !out.Everyone {
		out.Partners = append(out.Partners, o.Partners...)
	}
	return out, nil
}
