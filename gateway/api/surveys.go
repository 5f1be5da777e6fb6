package api

import (
	"context"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/gateway/people/consent"
)

// consents gives who keeps consents; NOT_FOUND where nobody does.
func (s *Server) consents() (Consents, error) {
	if s.people.Consents == nil {
		return nil, fault.New(fault.NotFound, "this gateway keeps no customers' data: its configuration has no people")
	}
	return s.people.Consents, nil
}

// ListSurveys lists the open surveys.
func (s *Server) ListSurveys(ctx context.Context, _ ListSurveysRequestObject) (ListSurveysResponseObject, error) {
	keeper, err := s.consents()
	if err != nil {
		return nil, err
	}
	open, err := keeper.Surveys(ctx, "")
	if err != nil {
		return nil, err
	}
	list := SurveyList{Surveys: make([]consent.Survey, len(open))}
	for i, o := range open {
		list.Surveys[i] = o.Survey
	}
	return ListSurveys200JSONResponse(list), nil
}

// PublishSurvey opens a survey.
func (s *Server) PublishSurvey(ctx context.Context, r PublishSurveyRequestObject) (PublishSurveyResponseObject, error) {
	keeper, err := s.consents()
	if err != nil {
		return nil, err
	}
	if err := keeper.PublishSurvey(ctx, *r.Body); err != nil {
		return nil, err
	}
	return PublishSurvey200JSONResponse(*r.Body), nil
}

// CloseSurvey ends a survey.
func (s *Server) CloseSurvey(ctx context.Context, r CloseSurveyRequestObject) (CloseSurveyResponseObject, error) {
	keeper, err := s.consents()
	if err != nil {
		return nil, err
	}
	if err := keeper.CloseSurvey(ctx, r.Id); err != nil {
		return nil, err
	}
	return CloseSurvey204Response{}, nil
}
