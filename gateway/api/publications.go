package api

import (
	"context"
	"slices"

	"github.com/tallystick/tallystick/chaincode/engine"
	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/rules"
	"github.com/tallystick/tallystick/chaincode/terms"
	"github.com/tallystick/tallystick/chaincode/wire"
	"github.com/tallystick/tallystick/gateway/store"
)

// ListTerms lists the versions of a programme's terms.
func (s *Server) ListTerms(ctx context.Context, r ListTermsRequestObject) (ListTermsResponseObject, error) {
	p, err := s.reader.Programme(ctx, r.Name)
	if err != nil {
		return nil, err
	}
	return ListTerms200JSONResponse(listOf(p.TermsPublished(), &p)), nil
}

// ListRuleSets lists the versions of a programme's rule set.
func (s *Server) ListRuleSets(ctx context.Context, r ListRuleSetsRequestObject) (ListRuleSetsResponseObject, error) {
	p, err := s.reader.Programme(ctx, r.Name)
	if err != nil {
		return nil, err
	}
	return ListRuleSets200JSONResponse(listOf(p.RuleSets, &p)), nil
}

// ListPrices lists the versions of a programme's price list.
func (s *Server) ListPrices(ctx context.Context, r ListPricesRequestObject) (ListPricesResponseObject, error) {
	p, err := s.reader.Programme(ctx, r.Name)
	if err != nil {
		return nil, err
	}
	return ListPrices200JSONResponse(listOf(p.PriceLists, &p)), nil
}

func listOf(list []points.Publication, p *points.Programme) PublicationList {
	return PublicationList{Publications: publicationsOf(list), InForce: inForce(list, p)}
}

// GetTerms gives a version of the terms with its words.
func (s *Server) GetTerms(ctx context.Context, r GetTermsRequestObject) (GetTermsResponseObject, error) {
	p, err := s.reader.Programme(ctx, r.Name)
	if err != nil {
		return nil, err
	}
	document := new(terms.Terms)
	k, err := s.published(ctx, &p, versions{engine.ObjectTerms, p.TermsPublished()}, r.Version, document)
	if err != nil {
		return nil, err
	}
	return GetTerms200JSONResponse{Version: k.Version, Effective: k.Effective.String(), Hash: k.Hash, Document: *document}, nil
}

// GetRuleSet gives a version of the rule set.
func (s *Server) GetRuleSet(ctx context.Context, r GetRuleSetRequestObject) (GetRuleSetResponseObject, error) {
	p, err := s.reader.Programme(ctx, r.Name)
	if err != nil {
		return nil, err
	}
	document := new(rules.Set)
	k, err := s.published(ctx, &p, versions{engine.ObjectRuleSet, p.RuleSets}, r.Version, document)
	if err != nil {
		return nil, err
	}
	return GetRuleSet200JSONResponse{Version: k.Version, Effective: k.Effective.String(), Hash: k.Hash, Document: *document}, nil
}

// GetPrices gives a version of the price list.
func (s *Server) GetPrices(ctx context.Context, r GetPricesRequestObject) (GetPricesResponseObject, error) {
	p, err := s.reader.Programme(ctx, r.Name)
	if err != nil {
		return nil, err
	}
	document := new(terms.PriceList)
	k, err := s.published(ctx, &p, versions{engine.ObjectPrices, p.PriceLists}, r.Version, document)
	if err != nil {
		return nil, err
	}
	return GetPrices200JSONResponse{Version: k.Version, Effective: k.Effective.String(), Hash: k.Hash, Document: *document}, nil
}

// versions are a kind of document that a programme publishes: its object in the ledger's keys, and the versions that there are.
type versions struct {
	object string
	list   []points.Publication
}

// published reads a version into document. NOT_FOUND when there is none, STATE_CORRUPT unless it is exactly what the programme names by its hash: no customer is shown
// other words than those on the ledger.
func (s *Server) published(ctx context.Context, p *points.Programme, k versions, version int, document any) (points.Publication, error) {
	at := slices.IndexFunc(k.list, func(one points.Publication) bool { return one.Version == version })
	if at < 0 {
		return points.Publication{}, wrong(fault.NotFound, "version", "programme %s has published no version %d of this", p.Brand, version)
	}
	body, err := s.reader.Record(ctx, p.Brand, k.object, store.VersionID(version))
	if err != nil {
		return points.Publication{}, err
	}
	if err := wire.DecodeRecord(body, document); err != nil {
		return points.Publication{}, err
	}
	hash, err := wire.Hash(document)
	if err != nil {
		return points.Publication{}, err
	}
	if hash != k.list[at].Hash {
		return points.Publication{}, fault.New(fault.StateCorrupt, "version %d in this gateway's database is not the one that programme %s has published", version, p.Brand)
	}
	return k.list[at], nil
}

// PublishTerms publishes the next version of the terms.
func (s *Server) PublishTerms(ctx context.Context, r PublishTermsRequestObject) (PublishTermsResponseObject, error) {
	if err := s.administers(r.Name); err != nil {
		return nil, err
	}
	kept, err := s.administrator.PublishTerms(ctx, *r.Body)
	if err != nil {
		return nil, err
	}
	return PublishTerms200JSONResponse(kept), nil
}

// PublishRuleSet publishes the next version of the rule set.
func (s *Server) PublishRuleSet(ctx context.Context, r PublishRuleSetRequestObject) (PublishRuleSetResponseObject, error) {
	if err := s.administers(r.Name); err != nil {
		return nil, err
	}
	kept, err := s.administrator.PublishRuleSet(ctx, *r.Body)
	if err != nil {
		return nil, err
	}
	return PublishRuleSet200JSONResponse(kept), nil
}

// PublishPrices publishes the next version of the price list.
func (s *Server) PublishPrices(ctx context.Context, r PublishPricesRequestObject) (PublishPricesResponseObject, error) {
	if err := s.administers(r.Name); err != nil {
		return nil, err
	}
	kept, err := s.administrator.PublishPrices(ctx, *r.Body)
	if err != nil {
		return nil, err
	}
	return PublishPrices200JSONResponse(kept), nil
}
