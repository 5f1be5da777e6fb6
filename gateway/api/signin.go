package api

import (
	"context"
	"encoding/json"
	"net/http"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/gateway/people/signin"
	"github.com/tallystick/tallystick/gateway/people/vault"
)

// deliverToken asks for the session's token in the answer, instead of a cookie.
const deliverToken = "token"

func addressOf(a SignInAddress) vault.Identifier {
	return vault.Identifier{Kind: vault.Kind(a.Kind), Value: a.Value}
}

// askOf is a request for a code, with what the browser has kept.
func askOf(ctx context.Context, r *SignInCodeRequest) signin.Ask {
	return signin.Ask{Address: addressOf(r.Address), Language: valueOr(r.Language, ""), Device: keptIn(ctx, r.Device)}
}

// keptIn is what the sender's browser, or an app that names it, has kept of an earlier sign-in.
func keptIn(ctx context.Context, named *string) string {
	if cookie, err := requestIn(ctx).Cookie(deviceCookie); err == nil {
		return cookie.Value
	}
	return valueOr(named, "")
}

func agentIn(ctx context.Context) string { return requestIn(ctx).UserAgent() }

// addressFailure points to the address when it is what is wrong.
func addressFailure(err error) error {
	if fault.CodeOf(err) == fault.InvalidValue {
		return wrong(fault.InvalidValue, "/address", "%s", detailOf(err))
	}
	return err
}

func askedOf(a signin.Asked) SignInAsked {
	return SignInAsked{Token: a.Token, ExpiresAt: a.Expires.UTC(), Digits: signin.CodeDigits}
}

// AskSignInCode sends a code.
func (s *Server) AskSignInCode(ctx context.Context, r AskSignInCodeRequestObject) (AskSignInCodeResponseObject, error) {
	asked, err := s.people.SignIn.AskCode(ctx, askOf(ctx, r.Body))
	if err != nil {
		return nil, addressFailure(err)
	}
	return AskSignInCode202JSONResponse(askedOf(asked)), nil
}

// ConfirmSignInCode takes a code.
func (s *Server) ConfirmSignInCode(ctx context.Context, r ConfirmSignInCodeRequestObject) (ConfirmSignInCodeResponseObject, error) {
	p, err := s.people.SignIn.ConfirmCode(ctx, signin.Proof{Token: r.Body.Token, Code: r.Body.Code, Address: addressOf(r.Body.Address), Agent: agentIn(ctx)})
	if err != nil {
		return nil, addressFailure(err)
	}
	return progressOf(p, r.Body.Delivery), nil
}

// RegisterMe makes a person, and an account of theirs when the ledger takes one now.
func (s *Server) RegisterMe(ctx context.Context, r RegisterMeRequestObject) (RegisterMeResponseObject, error) {
	p, err := s.people.SignIn.Register(ctx, signin.Registration{
		Ticket: r.Body.Ticket, Address: addressOf(r.Body.Address), Name: valueOr(r.Body.Name, ""), Language: valueOr(r.Body.Language, ""), Agent: agentIn(ctx),
	})
	if err != nil {
		return nil, err
	}
	if _, err := s.openFirst(ctx, p.Opened.Person); err != nil {
		s.log.Warn("an account can't be opened for who has registered", "requestId", requestIDOf(ctx), "code", string(fault.CodeOf(err)))
	}
	return progressOf(p, r.Body.Delivery), nil
}

// AnswerSignInFactor takes a second factor.
func (s *Server) AnswerSignInFactor(ctx context.Context, r AnswerSignInFactorRequestObject) (AnswerSignInFactorResponseObject, error) {
	p, err := s.people.SignIn.AnswerFactor(ctx, signin.Answer{Ticket: r.Body.Ticket, Method: r.Body.Method, Code: r.Body.Code, Agent: agentIn(ctx)})
	if err != nil {
		return nil, err
	}
	return progressOf(p, r.Body.Delivery), nil
}

// AskSignInPasskey says what a passkey is to sign.
func (s *Server) AskSignInPasskey(ctx context.Context, r AskSignInPasskeyRequestObject) (AskSignInPasskeyResponseObject, error) {
	c, err := s.people.SignIn.BeginPasskeySignIn(ctx, valueOr(r.Body.Ticket, ""))
	if err != nil {
		return nil, err
	}
	return AskSignInPasskey200JSONResponse(ceremonyOf(c)), nil
}

// SignInByPasskey takes what a passkey has signed.
func (s *Server) SignInByPasskey(ctx context.Context, r SignInByPasskeyRequestObject) (SignInByPasskeyResponseObject, error) {
	p, err := s.people.SignIn.SignInByPasskey(ctx, r.Body.Token, r.Body.Credential, signin.Browser{Agent: agentIn(ctx), Kept: keptIn(ctx, r.Body.Device)})
	if err != nil {
		return nil, err
	}
	return progressOf(p, r.Body.Delivery), nil
}

func ceremonyOf(c signin.Ceremony) PasskeyCeremony {
	return PasskeyCeremony{Token: c.Token, Options: c.Options}
}

// progressed answers how far a sign-in has come, and has the browser keep a session that it opened.
type progressed struct {
	body SignInProgress
	keep *signin.Opened
}

func progressOf(p signin.Progress, delivery *Delivery) progressed {
	out := progressed{body: SignInProgress{Next: string(p.Next)}}
	if p.Ticket != "" {
		out.body.Ticket = &p.Ticket
	}
	if len(p.Methods) > 0 {
		out.body.Methods = &p.Methods
	}
	if p.Opened == nil {
		return out
	}
	out.body.ExpiresAt = &p.Opened.Expires
	if valueOr(delivery, "") == deliverToken {
		out.body.Token = &p.Opened.Token
		if p.Opened.DeviceToken != "" {
			out.body.Device = &p.Opened.DeviceToken
		}
		return out
	}
	out.keep = p.Opened
	return out
}

func (p progressed) write(w http.ResponseWriter) error {
	if p.keep != nil {
		keep(w, p.keep)
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusOK)
	return json.NewEncoder(w).Encode(p.body)
}

// VisitConfirmSignInCodeResponse implements the generated interface, as do those that follow.
func (p progressed) VisitConfirmSignInCodeResponse(w http.ResponseWriter) error { return p.write(w) }

// VisitRegisterMeResponse implements the generated interface.
func (p progressed) VisitRegisterMeResponse(w http.ResponseWriter) error { return p.write(w) }

// VisitAnswerSignInFactorResponse implements the generated interface.
func (p progressed) VisitAnswerSignInFactorResponse(w http.ResponseWriter) error { return p.write(w) }

// VisitSignInByPasskeyResponse implements the generated interface.
func (p progressed) VisitSignInByPasskeyResponse(w http.ResponseWriter) error { return p.write(w) }
