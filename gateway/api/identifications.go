package api

import (
	"context"
	"encoding/json"
	"time"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/gateway/people/lookup"
)

// Routes of other members' gateways.
const (
	routeIdentify  = "/v1/partner/identifications"
	routeChallenge = "/v1/partner/challenges"
)

// askerOf says who asks: a till of the member whose gateway sends the request, or of the own member.
func (s *Server) askerOf(ctx context.Context, store, terminal string) lookup.Asker {
	member := memberIn(ctx)
	if member == "" {
		member = s.member
	}
	by := lookup.Asker{Partner: member, Name: member, Store: store, Terminal: terminal}
	if p, err := s.reader.Programme(ctx, member); err == nil {
		by.Name = p.DisplayName
	}
	return by
}

// desk gives who answers for the own programme's customers; NOT_FOUND where nobody does.
func (s *Server) desk() (Desk, error) {
	if s.people.Desk == nil {
		return nil, fault.New(fault.NotFound, "this gateway keeps no customers' data: its configuration has no people")
	}
	return s.people.Desk, nil
}

// askElsewhere asks another brand's gateway about its customer, and reads the answer. Nothing of either is kept here.
func askElsewhere[T any](ctx context.Context, s *Server, programme, route string, request any) (out T, err error) {
	gateway := s.people.Elsewhere[programme]
	if gateway == nil {
		return out, wrong(fault.InvalidValue, "programme", "no gateway of such a programme is known here")
	}
	document, err := json.Marshal(request)
	if err != nil {
		return out, fault.New(fault.Internal, "a question can't be encoded")
	}
	answer, err := gateway.Ask(ctx, route, document)
	if err != nil {
		return out, err
	}
	if err := json.Unmarshal(answer, &out); err != nil {
		return out, fault.New(fault.IssuerUnavailable, "the other gateway's answer can't be read")
	}
	return out, nil
}

// IdentifyCustomer tells a till which account an identification code stands for.
func (s *Server) IdentifyCustomer(ctx context.Context, r IdentifyCustomerRequestObject) (IdentifyCustomerResponseObject, error) {
	programme, err := lookup.Programme(r.Body.Code)
	if err != nil {
		return nil, wrong(fault.InvalidValue, "/code", "%s", detailOf(err))
	}
	if programme != s.programme {
		answer, err := askElsewhere[Identification](ctx, s, programme, routeIdentify, r.Body)
		return IdentifyCustomer200JSONResponse(answer), err
	}
	answer, err := s.identify(ctx, r.Body)
	return IdentifyCustomer200JSONResponse(answer), err
}

// IdentifyForPartner is IdentifyCustomer for another member's till.
func (s *Server) IdentifyForPartner(ctx context.Context, r IdentifyForPartnerRequestObject) (IdentifyForPartnerResponseObject, error) {
	answer, err := s.identify(ctx, r.Body)
	return IdentifyForPartner200JSONResponse(answer), err
}

func (s *Server) identify(ctx context.Context, r *IdentificationRequest) (Identification, error) {
	desk, err := s.desk()
	if err != nil {
		return Identification{}, err
	}
	account, err := desk.Identify(ctx, s.askerOf(ctx, r.Store, r.Terminal), r.Code)
	return Identification{Programme: s.programme, Account: string(account)}, err
}

// ChallengeCustomer asks a customer whether a till may know the account.
func (s *Server) ChallengeCustomer(ctx context.Context, r ChallengeCustomerRequestObject) (ChallengeCustomerResponseObject, error) {
	if r.Body.Programme != s.programme {
		answer, err := askElsewhere[Challenge](ctx, s, r.Body.Programme, routeChallenge, r.Body)
		return ChallengeCustomer200JSONResponse(answer), err
	}
	answer, err := s.challenge(ctx, r.Body)
	return ChallengeCustomer200JSONResponse(answer), err
}

// ChallengeForPartner is ChallengeCustomer for another member's till.
func (s *Server) ChallengeForPartner(ctx context.Context, r ChallengeForPartnerRequestObject) (ChallengeForPartnerResponseObject, error) {
	answer, err := s.challenge(ctx, r.Body)
	return ChallengeForPartner200JSONResponse(answer), err
}

func (s *Server) challenge(ctx context.Context, r *ChallengeRequest) (Challenge, error) {
	desk, err := s.desk()
	if err != nil {
		return Challenge{}, err
	}
	if r.Programme != s.programme {
		return Challenge{}, wrong(fault.InvalidValue, "/programme", "this gateway knows customers of %s", s.programme)
	}
	c, err := desk.Challenge(ctx, s.askerOf(ctx, r.Store, r.Terminal), lookup.Question{Kind: r.Kind, Value: r.Value})
	return Challenge{Id: c.ID, Programme: s.programme, Until: c.Ends.UTC().Truncate(time.Second)}, err
}

// AnswerChallenge takes what a customer told a till, or says whether the customer has confirmed.
func (s *Server) AnswerChallenge(ctx context.Context, r AnswerChallengeRequestObject) (AnswerChallengeResponseObject, error) {
	if r.Body.Programme != s.programme {
		answer, err := askElsewhere[ChallengeResult](ctx, s, r.Body.Programme, routeChallenge+"/"+r.Id+"/answers", r.Body)
		return AnswerChallenge200JSONResponse(answer), err
	}
	answer, err := s.answer(ctx, r.Id, r.Body)
	return AnswerChallenge200JSONResponse(answer), err
}

// AnswerForPartner is AnswerChallenge for another member's till.
func (s *Server) AnswerForPartner(ctx context.Context, r AnswerForPartnerRequestObject) (AnswerForPartnerResponseObject, error) {
	answer, err := s.answer(ctx, r.Id, r.Body)
	return AnswerForPartner200JSONResponse(answer), err
}

func (s *Server) answer(ctx context.Context, id string, r *ChallengeAnswer) (ChallengeResult, error) {
	desk, err := s.desk()
	if err != nil {
		return ChallengeResult{}, err
	}
	result, err := desk.Answer(ctx, s.askerOf(ctx, r.Store, r.Terminal), id, valueOr(r.Code, ""))
	if err != nil {
		return ChallengeResult{}, err
	}
	return ChallengeResult{Status: string(result.Status), Account: accountOrNil(result.Account)}, nil
}

func accountOrNil(id points.AccountID) *string {
	if id == "" {
		return nil
	}
	text := string(id)
	return &text
}
