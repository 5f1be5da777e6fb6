package api

import (
	"context"
	"time"

	"github.com/tallystick/tallystick/chaincode/privacy"
	"github.com/tallystick/tallystick/gateway/people/consent"
)

// ListMySurveys lists the open surveys with what the customer has answered.
func (s *Server) ListMySurveys(ctx context.Context, _ ListMySurveysRequestObject) (ListMySurveysResponseObject, error) {
	keeper, err := s.consents()
	if err != nil {
		return nil, err
	}
	out := MySurveys{}
	if out.Policy, err = s.policyShown(ctx, keeper); err != nil {
		return nil, err
	}
	var open []consent.OpenSurvey
	if out.Policy != nil {
		if open, err = keeper.Surveys(ctx, string(personIn(ctx))); err != nil {
			return nil, err
		}
	}
	out.Surveys = make([]struct {
		Answered   *time.Time                `json:"answered,omitempty"`
		Attributes []privacy.AttributeSchema `json:"attributes"`
		Survey     consent.Survey            `json:"survey"`
	}, len(open))
	for i := range open {
		out.Surveys[i].Survey, out.Surveys[i].Attributes = open[i].Survey, open[i].Schemas
		if !open[i].Answered.IsZero() {
			out.Surveys[i].Answered = &open[i].Answered
		}
	}
	return ListMySurveys200JSONResponse(out), nil
}

// AnswerSurvey takes the customer's answers.
func (s *Server) AnswerSurvey(ctx context.Context, r AnswerSurveyRequestObject) (AnswerSurveyResponseObject, error) {
	keeper, err := s.consents()
	if err != nil {
		return nil, err
	}
	answers := consent.Answers{Survey: r.Id, Policy: r.Body.Policy, PolicyHash: r.Body.PolicyHash, Language: r.Body.Language, Values: r.Body.Answers}
	if err := keeper.Answer(ctx, string(personIn(ctx)), answers); err != nil {
		return nil, err
	}
	return AnswerSurvey204Response{}, nil
}
