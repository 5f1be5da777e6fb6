package api

import (
	"context"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/gateway/reports"
)

// GetEvidence gives one record as it stands on the ledger.
func (s *Server) GetEvidence(ctx context.Context, r GetEvidenceRequestObject) (GetEvidenceResponseObject, error) {
	if err := checkID("id", r.Id); err != nil {
		return nil, err
	}
	if s.reports.Reader == nil {
		return nil, fault.New(fault.NotFound, "this gateway makes no reports")
	}
	made, err := reports.MakeEvidence(ctx, s.reports.Reader, r.Name, r.Kind, r.Id)
	if err != nil {
		return nil, err
	}
	return GetEvidence200JSONResponse(*made), nil
}
