package api

import (
	"context"
	"time"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/privacy"
	"github.com/tallystick/tallystick/chaincode/quantity"
	"github.com/tallystick/tallystick/chaincode/wire"
	"github.com/tallystick/tallystick/gateway/people/erasure"
	"github.com/tallystick/tallystick/gateway/people/evidence"
	"github.com/tallystick/tallystick/gateway/people/vault"
)

// erasures gives the desk.
func (s *Server) erasures() (Erasures, error) {
	if s.people.Erasures == nil {
		return nil, fault.New(fault.NotFound, "this gateway keeps no customers' data: its configuration has no people")
	}
	return s.people.Erasures, nil
}

// erasuresOf is erasures for a route with a person's or an erasure's id.
func (s *Server) erasuresOf(id string) (Erasures, error) {
	desk, err := s.erasures()
	if err != nil {
		return nil, err
	}
	return desk, checkID("id", id)
}

// GetCustomerErasure tells compliance what an erasure would do.
func (s *Server) GetCustomerErasure(ctx context.Context, r GetCustomerErasureRequestObject) (GetCustomerErasureResponseObject, error) {
	desk, err := s.erasuresOf(r.Id)
	if err != nil {
		return nil, err
	}
	view, err := viewErasure(ctx, desk, vault.PersonID(r.Id), erasureOf)
	return GetCustomerErasure200JSONResponse(view), err
}

// EraseCustomer has a person erased at the compliance desk.
func (s *Server) EraseCustomer(ctx context.Context, r EraseCustomerRequestObject) (EraseCustomerResponseObject, error) {
	desk, err := s.erasuresOf(r.Id)
	if err != nil {
		return nil, err
	}
	request := erasure.Request{Person: vault.PersonID(r.Id), Actor: callerIn(ctx), Reason: privacy.ErasedOnRequest, Forfeit: quantity.Points(r.Body.Forfeit)}
	if r.Body.AskedAt != nil {
		request.Asked = *r.Body.AskedAt
	}
	e, err := desk.Request(ctx, request)
	return EraseCustomer202JSONResponse(erasureOf(&e)), err
}

// CancelCustomerErasure takes a request back.
func (s *Server) CancelCustomerErasure(ctx context.Context, r CancelCustomerErasureRequestObject) (CancelCustomerErasureResponseObject, error) {
	desk, err := s.erasuresOf(r.Id)
	if err != nil {
		return nil, err
	}
	return CancelCustomerErasure204Response{}, desk.Cancel(ctx, vault.PersonID(r.Id))
}

// ListErasures lists what isn't done.
func (s *Server) ListErasures(ctx context.Context, r ListErasuresRequestObject) (ListErasuresResponseObject, error) {
	desk, err := s.erasures()
	if err != nil {
		return nil, err
	}
	all, err := desk.Open(ctx, valueOr(r.Params.Limit, DefaultPage))
	if err != nil {
		return nil, err
	}
	list := ListErasures200JSONResponse{Erasures: make([]Erasure, len(all))}
	for i := range all {
		list.Erasures[i] = erasureOf(&all[i])
	}
	return list, nil
}

// GetErasure tells whoever knows an erasure's id how far it is, and gives its certificate.
func (s *Server) GetErasure(ctx context.Context, r GetErasureRequestObject) (GetErasureResponseObject, error) {
	desk, err := s.erasuresOf(r.Id)
	if err != nil {
		return nil, err
	}
	e, err := desk.Get(ctx, privacy.ErasureID(r.Id))
	if err != nil {
		return nil, err
	}
	body := GetErasure200JSONResponse{Erasure: discreetErasure(&e)}
	c, err := desk.Certified(ctx, e.ID)
	switch {
	case fault.CodeOf(err) == fault.NotReady:
		return body, nil
	case err != nil:
		return nil, err
	}
	var certificate evidence.Certificate
	if err := wire.DecodeRecord(c.Certificate, &certificate); err != nil {
		return nil, err
	}
	body.Certificate, body.Proof = &certificate, c.Proof
	return body, nil
}

// GetMyErasure tells the customer what an erasure would do.
func (s *Server) GetMyErasure(ctx context.Context, _ GetMyErasureRequestObject) (GetMyErasureResponseObject, error) {
	desk, err := s.erasures()
	if err != nil {
		return nil, err
	}
	view, err := viewErasure(ctx, desk, personIn(ctx), discreetErasure)
	return GetMyErasure200JSONResponse(view), err
}

// EraseMe takes the customer's own request.
func (s *Server) EraseMe(ctx context.Context, r EraseMeRequestObject) (EraseMeResponseObject, error) {
	desk, err := s.erasures()
	if err != nil {
		return nil, err
	}
	e, err := desk.Request(ctx, erasure.Request{Person: personIn(ctx), Actor: vault.ActorPerson, Reason: privacy.ErasedOnRequest, Forfeit: quantity.Points(r.Body.Forfeit)})
	return EraseMe202JSONResponse(discreetErasure(&e)), err
}

// CancelMyErasure takes the customer's request back.
func (s *Server) CancelMyErasure(ctx context.Context, _ CancelMyErasureRequestObject) (CancelMyErasureResponseObject, error) {
	desk, err := s.erasures()
	if err != nil {
		return nil, err
	}
	return CancelMyErasure204Response{}, desk.Cancel(ctx, personIn(ctx))
}

// ListLegalHolds lists what keeps a person's data from being erased.
func (s *Server) ListLegalHolds(ctx context.Context, r ListLegalHoldsRequestObject) (ListLegalHoldsResponseObject, error) {
	desk, err := s.erasuresOf(r.Id)
	if err != nil {
		return nil, err
	}
	all, err := desk.Holds(ctx, vault.PersonID(r.Id))
	if err != nil {
		return nil, err
	}
	list := ListLegalHolds200JSONResponse{Holds: make([]LegalHold, len(all))}
	for i := range all {
		list.Holds[i] = legalHoldOf(&all[i])
	}
	return list, nil
}

// SetLegalHold keeps a person's data from being erased.
func (s *Server) SetLegalHold(ctx context.Context, r SetLegalHoldRequestObject) (SetLegalHoldResponseObject, error) {
	desk, err := s.erasuresOf(r.Id)
	if err != nil {
		return nil, err
	}
	h, err := desk.Hold(ctx, vault.PersonID(r.Id), erasure.LegalHold{Reason: r.Body.Reason, SetBy: callerIn(ctx), Until: r.Body.Until.UnixMilli(), Told: r.Body.Told})
	return SetLegalHold201JSONResponse(legalHoldOf(&h)), err
}

// LiftLegalHold ends a legal hold before its time.
func (s *Server) LiftLegalHold(ctx context.Context, r LiftLegalHoldRequestObject) (LiftLegalHoldResponseObject, error) {
	desk, err := s.erasuresOf(r.Id)
	if err != nil {
		return nil, err
	}
	if err := checkID("hold", r.Hold); err != nil {
		return nil, err
	}
	return LiftLegalHold204Response{}, desk.Lift(ctx, vault.PersonID(r.Id), r.Hold, callerIn(ctx))
}

func viewErasure(ctx context.Context, desk Erasures, person vault.PersonID, tell func(*erasure.Erasure) Erasure) (ErasureView, error) {
	plan, err := desk.Plan(ctx, person)
	if err != nil {
		return ErasureView{}, err
	}
	view := ErasureView{Plan: planOf(&plan)}
	e, there, err := desk.Of(ctx, person)
	if there {
		told := tell(&e)
		view.Erasure = &told
	}
	return view, err
}

func planOf(p *erasure.Plan) ErasurePlan {
	out := ErasurePlan{Rules: p.Rules, Accounts: make([]ErasureAccount, len(p.Accounts)), Forfeit: int64(p.Forfeit), Values: p.Values, LegalHold: p.Held, DueAt: p.Deadline.UTC()}
	for i, a := range p.Accounts {
		out.Accounts[i] = ErasureAccount{
			Programme: a.Programme, Account: string(a.Account), Outcome: string(a.Outcome), Forfeit: int64(a.Forfeit), Held: int64(a.Held), Gifts: int64(a.Gifts), Debt: int64(a.Debt),
			Arriving: int64(a.Arriving),
		}
	}
	return out
}

func erasureOf(e *erasure.Erasure) Erasure {
	out := Erasure{Id: string(e.ID), Reason: string(e.Reason), Step: string(e.Step), RequestedAt: timeOf(e.RequestedAt), DueAt: timeOf(e.DueAt)}
	if e.Step == erasure.Waiting {
		out.WaitsUntil = someTime(e.SettleBy)
	}
	out.DestroyedAt, out.DoneAt = someTime(e.DestroyedAt), someTime(e.DoneAt)
	if e.Trouble != "" {
		trouble := string(e.Trouble)
		out.Trouble = &trouble
	}
	return out
}

// discreetErasure leaves out what only compliance may know: a legal hold among it that the customer isn't told of.
func discreetErasure(e *erasure.Erasure) Erasure {
	out := erasureOf(e)
	out.Trouble = nil
	return out
}

func legalHoldOf(h *erasure.LegalHold) LegalHold {
	out := LegalHold{Id: h.ID, Reason: h.Reason, SetBy: h.SetBy, SetAt: timeOf(h.SetAt), Until: timeOf(h.Until), Told: h.Told, LiftedAt: someTime(h.LiftedAt)}
	if h.LiftedBy != "" {
		out.LiftedBy = &h.LiftedBy
	}
	return out
}

// timeOf is a time of Unix milliseconds; someTime is nil for none.
func timeOf(milliseconds int64) time.Time { return time.UnixMilli(milliseconds).UTC() }

func someTime(milliseconds int64) *time.Time {
	if milliseconds == 0 {
		return nil
	}
	t := timeOf(milliseconds)
	return &t
}
