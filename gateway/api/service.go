package api

import (
	"context"

	"github.com/tallystick/tallystick/chaincode/fault"
)

// GetHealth says that the process answers.
func (s *Server) GetHealth(context.Context, GetHealthRequestObject) (GetHealthResponseObject, error) {
	return GetHealth200JSONResponse{Status: HealthStatusOk}, nil
}

// GetReadiness says whether the gateway does its work, and what is missing.
func (s *Server) GetReadiness(ctx context.Context, _ GetReadinessRequestObject) (GetReadinessResponseObject, error) {
	block, err := s.reader.Block(ctx)
	if err != nil {
		return nil, err
	}
	body := Readiness{Member: s.member, Mode: Writer, Block: block, Reasons: []string{}}
	if s.recorder == nil {
		body.Mode = Reader
	}
	body.Reasons = append(body.Reasons, s.condition.Reasons(ctx)...)
	var partners []PartnerTrouble
	for _, t := range s.condition.Troubles() {
		partners = append(partners, PartnerTrouble{Programme: t.Programme, Partner: t.Partner, Reason: t.Reason})
	}
	if partners != nil {
		body.Partners = &partners
	}
	if warnings := s.condition.Warnings(); len(warnings) > 0 {
		body.Warnings = &warnings
	}
	body.Ready = len(body.Reasons) == 0
	if !body.Ready {
		return GetReadiness503JSONResponse(body), nil
	}
	return GetReadiness200JSONResponse(body), nil
}

// ListCodes gives the catalogue.
func (s *Server) ListCodes(context.Context, ListCodesRequestObject) (ListCodesResponseObject, error) {
	rows := fault.Catalogue()
	list := CodeList{Codes: make([]CodeEntry, len(rows))}
	for i, e := range rows {
		list.Codes[i] = CodeEntry{Code: string(e.Code), Class: CodeEntryClass(e.Class), Status: e.Status, Meaning: e.Meaning}
	}
	return ListCodes200JSONResponse(list), nil
}
