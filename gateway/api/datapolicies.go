package api

import (
	"context"

	"github.com/tallystick/tallystick/chaincode/engine"
	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/privacy"
	"github.com/tallystick/tallystick/chaincode/wire"
	"github.com/tallystick/tallystick/gateway/store"
)

// ListDataPolicies lists the versions of a programme's data policy.
func (s *Server) ListDataPolicies(ctx context.Context, r ListDataPoliciesRequestObject) (ListDataPoliciesResponseObject, error) {
	p, err := s.reader.Programme(ctx, r.Name)
	if err != nil {
		return nil, err
	}
	records, err := s.reader.Records(ctx, r.Name, engine.ObjectDataPolicy, "", store.MaxPage)
	if err != nil {
		return nil, err
	}
	list := make([]points.Publication, len(records))
	for i, one := range records {
		if list[i], _, err = dataPolicyOf(one.Body); err != nil {
			return nil, err
		}
	}
	return ListDataPolicies200JSONResponse(listOf(list, &p)), nil
}

// GetDataPolicy gives a version of the data policy with its words.
func (s *Server) GetDataPolicy(ctx context.Context, r GetDataPolicyRequestObject) (GetDataPolicyResponseObject, error) {
	if _, err := s.reader.Programme(ctx, r.Name); err != nil {
		return nil, err
	}
	body, err := s.reader.Record(ctx, r.Name, engine.ObjectDataPolicy, store.VersionID(r.Version))
	if fault.CodeOf(err) == fault.NotFound {
		return nil, wrong(fault.NotFound, "version", "programme %s has published no version %d of its data policy", r.Name, r.Version)
	}
	if err != nil {
		return nil, err
	}
	published, policy, err := dataPolicyOf(body)
	if err != nil {
		return nil, err
	}
	return GetDataPolicy200JSONResponse{Version: published.Version, Effective: published.Effective.String(), Hash: published.Hash, Document: policy}, nil
}

// dataPolicyOf reads a version from its record, and makes the hash by which consents name it.
func dataPolicyOf(body []byte) (points.Publication, privacy.Policy, error) {
	var policy privacy.Policy
	if err := wire.DecodeRecord(body, &policy); err != nil {
		return points.Publication{}, policy, err
	}
	hash, err := wire.Hash(policy)
	return points.Publication{Version: policy.Version, Effective: policy.From, Hash: hash}, policy, err
}

// PublishDataPolicy publishes the next version of the data policy.
func (s *Server) PublishDataPolicy(ctx context.Context, r PublishDataPolicyRequestObject) (PublishDataPolicyResponseObject, error) {
	if err := s.administers(r.Name); err != nil {
		return nil, err
	}
	kept, err := s.administrator.PublishDataPolicy(ctx, *r.Body)
	if err != nil {
		return nil, err
	}
	return PublishDataPolicy200JSONResponse(kept), nil
}
