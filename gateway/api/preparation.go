package api

import (
	"context"

	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/wire"
	"github.com/tallystick/tallystick/gateway/random"
)

// PrepareOperation gives the exact operation that another organisation has to approve. It records nothing.
func (s *Server) PrepareOperation(ctx context.Context, r PrepareOperationRequestObject) (PrepareOperationResponseObject, error) {
	it := &item{request: r.Body}
	if err := checkRequest(r.Body, "", &preparing); err != nil {
		return nil, err
	}
	if err := s.direct(ctx, it); err != nil {
		return nil, err
	}
	if s.resolve(ctx, []*item{it}); it.err != nil {
		return nil, it.err
	}
	b := s.newBuilder()
	if err := b.draft(ctx, it); err != nil {
		return nil, err
	}
	if _, err := b.account(ctx, it); err != nil {
		return nil, err
	}
	o := it.intake.Operation
	o.ID = points.OperationID(random.Hex(idBytes))
	canonical, err := wire.Encode(&o)
	if err != nil {
		return nil, err
	}
	digest, err := wire.Hash(&o)
	if err != nil {
		return nil, err
	}
	return PrepareOperation200JSONResponse{Operation: o, Canonical: string(canonical), Digest: digest}, nil
}
