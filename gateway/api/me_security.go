package api

import (
	"context"
	"encoding/base64"
	"net/http"
	"time"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/gateway/people/signin"
)

// currentSession is how a customer names the session that a request is made under.
const currentSession = "current"

// GetMe tells how the customer is signed in.
func (s *Server) GetMe(ctx context.Context, _ GetMeRequestObject) (GetMeResponseObject, error) {
	session := sessionIn(ctx)
	factors, err := s.people.SignIn.Factors(ctx, session.Person)
	if err != nil {
		return nil, err
	}
	left, err := s.people.SignIn.RecoveryCodesLeft(ctx, session.Person)
	if err != nil {
		return nil, err
	}
	fresh, err := s.people.SignIn.Fresh(ctx, session)
	if err != nil {
		return nil, err
	}
	until := session.ProvedUntil()
	if !fresh {
		until = session.Proved
	}
	body := Me{Session: mySession(session, session.ID), ProvedUntil: until, Factors: []string{}, RecoveryCodes: left}
	for _, f := range factors {
		if f != signin.ByRecovery {
			body.Factors = append(body.Factors, f)
		}
	}
	return GetMe200JSONResponse(body), nil
}

func mySession(v *signin.Session, current string) MySession {
	return MySession{
		Id: v.ID, Current: v.ID == current, Device: v.Device, Methods: v.Methods, CreatedAt: v.Created, SeenAt: v.Seen, ExpiresAt: v.Expires,
	}
}

// ListMySecurityEvents lists what happened to how the customer signs in.
func (s *Server) ListMySecurityEvents(ctx context.Context, _ ListMySecurityEventsRequestObject) (ListMySecurityEventsResponseObject, error) {
	events, err := s.securityEvents(ctx)
	if err != nil {
		return nil, err
	}
	return ListMySecurityEvents200JSONResponse{Events: events}, nil
}

// securityEvents are the customer's, the newest first.
func (s *Server) securityEvents(ctx context.Context) ([]SecurityEvent, error) {
	all, err := s.people.SignIn.Events(ctx, personIn(ctx))
	events := make([]SecurityEvent, len(all))
	for i, h := range all {
		events[i] = SecurityEvent{Id: h.ID, Kind: string(h.Kind), At: h.At, Told: h.Kind.Told()}
		if h.Device != "" {
			events[i].Device = &all[i].Device
		}
	}
	return events, err
}

// ListMySessions lists where the customer is signed in.
func (s *Server) ListMySessions(ctx context.Context, _ ListMySessionsRequestObject) (ListMySessionsResponseObject, error) {
	all, err := s.people.SignIn.Sessions(ctx, personIn(ctx))
	if err != nil {
		return nil, err
	}
	body := MySessions{Sessions: make([]MySession, len(all))}
	for i := range all {
		body.Sessions[i] = mySession(&all[i], sessionIn(ctx).ID)
	}
	return ListMySessions200JSONResponse(body), nil
}

// EndMyOtherSessions ends every session but the one of the request.
func (s *Server) EndMyOtherSessions(ctx context.Context, _ EndMyOtherSessionsRequestObject) (EndMyOtherSessionsResponseObject, error) {
	if err := s.people.SignIn.EndOtherSessions(ctx, personIn(ctx), sessionIn(ctx).ID); err != nil {
		return nil, err
	}
	return EndMyOtherSessions204Response{}, nil
}

// EndMySession ends a session.
func (s *Server) EndMySession(ctx context.Context, r EndMySessionRequestObject) (EndMySessionResponseObject, error) {
	id, current := r.Id, sessionIn(ctx).ID
	if id == currentSession {
		id = current
	} else if err := checkID("id", id); err != nil {
		return nil, err
	}
	if err := s.people.SignIn.EndSession(ctx, personIn(ctx), id); err != nil {
		return nil, err
	}
	if id == current {
		return signedOut{}, nil
	}
	return EndMySession204Response{}, nil
}

// signedOut has the browser forget the session.
type signedOut struct{}

// VisitEndMySessionResponse implements EndMySessionResponseObject.
func (signedOut) VisitEndMySessionResponse(w http.ResponseWriter) error {
	forget(w)
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// AskMyProofCode sends a code for a fresh proof.
func (s *Server) AskMyProofCode(ctx context.Context, r AskMyProofCodeRequestObject) (AskMyProofCodeResponseObject, error) {
	ask := askOf(ctx, r.Body)
	asked, err := s.people.SignIn.AskStepUp(ctx, personIn(ctx), ask)
	if err != nil {
		return nil, addressFailure(err)
	}
	return AskMyProofCode202JSONResponse(askedOf(asked)), nil
}

// ProveMe takes a fresh proof.
func (s *Server) ProveMe(ctx context.Context, r ProveMeRequestObject) (ProveMeResponseObject, error) {
	u := signin.StepUp{Method: r.Body.Method, Token: valueOr(r.Body.Token, ""), Code: r.Body.Code}
	if r.Body.Address != nil {
		u.Address = addressOf(*r.Body.Address)
	}
	if err := s.people.SignIn.Prove(ctx, sessionIn(ctx), u); err != nil {
		return nil, addressFailure(err)
	}
	return ProveMe204Response{}, nil
}

// AskMyProofPasskey says what a passkey is to sign for a fresh proof.
func (s *Server) AskMyProofPasskey(ctx context.Context, _ AskMyProofPasskeyRequestObject) (AskMyProofPasskeyResponseObject, error) {
	c, err := s.people.SignIn.BeginPasskeyProof(ctx, personIn(ctx))
	if err != nil {
		return nil, err
	}
	return AskMyProofPasskey200JSONResponse(ceremonyOf(c)), nil
}

// ProveMeByPasskey takes a passkey's fresh proof.
func (s *Server) ProveMeByPasskey(ctx context.Context, r ProveMeByPasskeyRequestObject) (ProveMeByPasskeyResponseObject, error) {
	if err := s.people.SignIn.ProveByPasskey(ctx, sessionIn(ctx), r.Body.Token, r.Body.Credential); err != nil {
		return nil, err
	}
	return ProveMeByPasskey204Response{}, nil
}

// ListMyPasskeys lists the customer's passkeys.
func (s *Server) ListMyPasskeys(ctx context.Context, _ ListMyPasskeysRequestObject) (ListMyPasskeysResponseObject, error) {
	all, err := s.people.SignIn.Passkeys(ctx, personIn(ctx))
	if err != nil {
		return nil, err
	}
	body := MyPasskeys{Passkeys: make([]MyPasskey, len(all))}
	for i := range all {
		body.Passkeys[i] = myPasskey(&all[i])
	}
	return ListMyPasskeys200JSONResponse(body), nil
}

func myPasskey(p *signin.Passkey) MyPasskey {
	out := MyPasskey{Id: p.ID, Label: p.Label, CreatedAt: p.Created, Controls: p.Key != ""}
	if !p.Used.IsZero() {
		out.UsedAt = &p.Used
	}
	return out
}

// AskMyPasskey says what a passkey is to be made for.
func (s *Server) AskMyPasskey(ctx context.Context, _ AskMyPasskeyRequestObject) (AskMyPasskeyResponseObject, error) {
	c, err := s.people.SignIn.BeginPasskey(ctx, personIn(ctx))
	if err != nil {
		return nil, err
	}
	return AskMyPasskey200JSONResponse(ceremonyOf(c)), nil
}

// AddMyPasskey keeps a passkey.
func (s *Server) AddMyPasskey(ctx context.Context, r AddMyPasskeyRequestObject) (AddMyPasskeyResponseObject, error) {
	label := valueOr(r.Body.Label, time.Now().UTC().Format(time.DateOnly))
	if len(label) > signin.MaxLabelBytes {
		return nil, wrong(fault.InvalidValue, "/label", "must be at most %d bytes", signin.MaxLabelBytes)
	}
	p, err := s.people.SignIn.AddPasskey(ctx, sessionIn(ctx), r.Body.Token, r.Body.Credential, label)
	if err != nil {
		return nil, err
	}
	return AddMyPasskey201JSONResponse(myPasskey(&p)), nil
}

// RemoveMyPasskey forgets a passkey.
func (s *Server) RemoveMyPasskey(ctx context.Context, r RemoveMyPasskeyRequestObject) (RemoveMyPasskeyResponseObject, error) {
	if err := s.people.SignIn.RemovePasskey(ctx, sessionIn(ctx), r.Id); err != nil {
		return nil, err
	}
	return RemoveMyPasskey204Response{}, nil
}

// BeginMyAuthenticator draws a secret for an authenticator app.
func (s *Server) BeginMyAuthenticator(ctx context.Context, _ BeginMyAuthenticatorRequestObject) (BeginMyAuthenticatorResponseObject, error) {
	e, err := s.people.SignIn.BeginTOTP(ctx, personIn(ctx))
	if err != nil {
		return nil, err
	}
	return BeginMyAuthenticator200JSONResponse{Secret: e.Secret, Uri: e.URI, Qr: "data:image/png;base64," + base64.StdEncoding.EncodeToString(e.QR)}, nil
}

// ConfirmMyAuthenticator makes the app a second factor.
func (s *Server) ConfirmMyAuthenticator(ctx context.Context, r ConfirmMyAuthenticatorRequestObject) (ConfirmMyAuthenticatorResponseObject, error) {
	if err := s.people.SignIn.ConfirmTOTP(ctx, sessionIn(ctx), r.Body.Code); err != nil {
		return nil, err
	}
	return ConfirmMyAuthenticator204Response{}, nil
}

// RemoveMyAuthenticator forgets the app.
func (s *Server) RemoveMyAuthenticator(ctx context.Context, _ RemoveMyAuthenticatorRequestObject) (RemoveMyAuthenticatorResponseObject, error) {
	if err := s.people.SignIn.RemoveTOTP(ctx, sessionIn(ctx)); err != nil {
		return nil, err
	}
	return RemoveMyAuthenticator204Response{}, nil
}

// RenewMyRecoveryCodes gives fresh recovery codes.
func (s *Server) RenewMyRecoveryCodes(ctx context.Context, _ RenewMyRecoveryCodesRequestObject) (RenewMyRecoveryCodesResponseObject, error) {
	codes, err := s.people.SignIn.NewRecoveryCodes(ctx, sessionIn(ctx))
	if err != nil {
		return nil, err
	}
	return RenewMyRecoveryCodes200JSONResponse{Codes: codes}, nil
}
