package api

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"time"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/privacy"
	"github.com/tallystick/tallystick/gateway/people/consent"
	"github.com/tallystick/tallystick/gateway/people/signin"
)

// PrepareConsent says exactly what a customer would agree to.
func (s *Server) PrepareConsent(ctx context.Context, r PrepareConsentRequestObject) (PrepareConsentResponseObject, error) {
	keeper, err := s.consents()
	if err != nil {
		return nil, err
	}
	wish := consent.Wish{
		Account: points.AccountID(valueOr(r.Body.Account, "")), Grantee: r.Body.Grantee, Attributes: r.Body.Attributes, Purpose: r.Body.Purpose,
		From: valueOr(r.Body.From, time.Time{}), Until: r.Body.Until, Language: r.Body.Language,
	}
	p, err := keeper.Prepare(ctx, string(personIn(ctx)), wish)
	if err != nil {
		return nil, err
	}
	out := PreparedConsent{
		Body: p.Body, Canonical: string(p.Canonical), Digest: hex.EncodeToString(p.Digest), Signed: p.Controller != points.ControllerCustodian,
		Notice: ConsentNotice{Language: p.Notice.Language, Text: p.Notice.Text, Hash: p.Notice.Hash},
	}
	if p.Controller == points.ControllerWebAuthn {
		challenge := base64.RawURLEncoding.EncodeToString(p.Digest)
		out.Challenge, out.RelyingParty = &challenge, &p.Party
	}
	return PrepareConsent200JSONResponse(out), nil
}

// GiveConsent takes a customer's consent.
func (s *Server) GiveConsent(ctx context.Context, r GiveConsentRequestObject) (GiveConsentResponseObject, error) {
	keeper, err := s.consents()
	if err != nil {
		return nil, err
	}
	agreement := consent.Agreement{Body: r.Body.Body, Signature: valueOr(r.Body.Signature, ""), WebAuthn: r.Body.Webauthn}
	if r.Body.Signature == nil && r.Body.Webauthn == nil {
		agreement.Authentication = authenticationOf(sessionIn(ctx), r.Body.Body.Salt)
	}
	v, err := keeper.Grant(ctx, string(personIn(ctx)), agreement)
	if err != nil {
		return nil, err
	}
	return GiveConsent200JSONResponse(myConsent(&v)), nil
}

// authenticationOf says how the customer in a session was recognised. The challenge that was answered is told by the session's id, hashed with the consent's salt.
func authenticationOf(session *signin.Session, salt string) *privacy.Authentication {
	method := "session"
	if n := len(session.Methods); n > 0 {
		method = "session-" + session.Methods[n-1]
	}
	sum := sha256.Sum256([]byte(salt + "|" + session.ID))
	return &privacy.Authentication{Method: method, Challenge: hex.EncodeToString(sum[:]), At: session.Proved.Unix()}
}

// ListMyConsents lists the customer's consents, and what others could be about.
func (s *Server) ListMyConsents(ctx context.Context, _ ListMyConsentsRequestObject) (ListMyConsentsResponseObject, error) {
	keeper, err := s.consents()
	if err != nil {
		return nil, err
	}
	views, err := keeper.List(ctx, string(personIn(ctx)))
	if err != nil {
		return nil, err
	}
	out := MyConsents{Consents: make([]MyConsent, len(views))}
	for i := range views {
		out.Consents[i] = myConsent(&views[i])
	}
	if out.Policy, err = s.policyShown(ctx, keeper); err != nil {
		return nil, err
	}
	grantees, err := keeper.Grantees(ctx)
	if err != nil {
		return nil, err
	}
	out.Grantees = make([]struct {
		Member string `json:"member"`
		Name   string `json:"name"`
	}, len(grantees))
	for i, g := range grantees {
		out.Grantees[i].Member, out.Grantees[i].Name = g.ID, g.Name
	}
	return ListMyConsents200JSONResponse(out), nil
}

// GetMyDataPolicy gives the data policy in force.
func (s *Server) GetMyDataPolicy(ctx context.Context, _ GetMyDataPolicyRequestObject) (GetMyDataPolicyResponseObject, error) {
	keeper, err := s.consents()
	if err != nil {
		return nil, err
	}
	shown, err := s.policyShown(ctx, keeper)
	if err != nil {
		return nil, err
	}
	if shown == nil {
		return nil, fault.New(fault.NotFound, "the brand has no data policy in force")
	}
	return GetMyDataPolicy200JSONResponse(*shown), nil
}

// policyShown is the data policy in force; nil while there is none.
func (s *Server) policyShown(ctx context.Context, keeper Consents) (*PublishedDataPolicy, error) {
	current, err := keeper.Policy(ctx)
	if fault.CodeOf(err) == fault.NotFound {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return &PublishedDataPolicy{Version: current.Policy.Version, Effective: current.Policy.From.String(), Hash: current.Hash, Document: current.Policy}, nil
}

// GetMyConsent gives one of the customer's consents.
func (s *Server) GetMyConsent(ctx context.Context, r GetMyConsentRequestObject) (GetMyConsentResponseObject, error) {
	keeper, err := s.consents()
	if err != nil {
		return nil, err
	}
	v, err := keeper.Get(ctx, string(personIn(ctx)), privacy.ConsentID(r.Consent))
	if err != nil {
		return nil, err
	}
	return GetMyConsent200JSONResponse(myConsent(&v)), nil
}

// WithdrawConsent withdraws one of the customer's consents.
func (s *Server) WithdrawConsent(ctx context.Context, r WithdrawConsentRequestObject) (WithdrawConsentResponseObject, error) {
	keeper, err := s.consents()
	if err != nil {
		return nil, err
	}
	v, err := keeper.Withdraw(ctx, string(personIn(ctx)), privacy.ConsentID(r.Consent))
	if err != nil {
		return nil, err
	}
	return WithdrawConsent200JSONResponse(myConsent(&v)), nil
}

// GetConsentReceipt gives the receipt of one of the customer's consents.
func (s *Server) GetConsentReceipt(ctx context.Context, r GetConsentReceiptRequestObject) (GetConsentReceiptResponseObject, error) {
	keeper, err := s.consents()
	if err != nil {
		return nil, err
	}
	receipt, err := keeper.Receipt(ctx, string(personIn(ctx)), privacy.ConsentID(r.Consent))
	if err != nil {
		return nil, err
	}
	return GetConsentReceipt200JSONResponse(receipt), nil
}

func myConsent(v *consent.View) MyConsent {
	b := &v.Signed.Body
	account := string(b.Account)
	out := MyConsent{
		Consent: string(b.ID), Account: &account, Grantee: b.Grantee, Recipient: v.Recipient, Attributes: b.Attributes, Purpose: b.Purpose, From: unixTime(b.From),
		Until: unixTime(b.Until), Given: unixTime(b.Given), Policy: b.Policy, Language: b.Language, InForce: v.InForce, Complete: v.Complete,
	}
	if v.Ended != "" {
		reason := string(v.Ended)
		out.Ended, out.EndedAt = &reason, &v.EndedAt
	}
	if v.Trouble != "" {
		code := string(v.Trouble)
		out.Trouble = &code
	}
	return out
}

func unixTime(seconds int64) time.Time { return time.Unix(seconds, 0).UTC() }

// GetMyAccessLog lists who did what with the customer's data.
func (s *Server) GetMyAccessLog(ctx context.Context, r GetMyAccessLogRequestObject) (GetMyAccessLogResponseObject, error) {
	limit := valueOr(r.Params.Limit, DefaultPage)
	lines, err := s.people.Vault.AccessLog(ctx, personIn(ctx), valueOr(r.Params.Before, 0), limit)
	if err != nil {
		return nil, err
	}
	out := MyAccessLog{}
	out.Lines = make([]struct {
		Action     string    `json:"action"`
		Actor      string    `json:"actor"`
		At         time.Time `json:"at"`
		Attributes []string  `json:"attributes"`
		Purpose    string    `json:"purpose"`
	}, len(lines))
	for i, l := range lines {
		o := &out.Lines[i]
		o.At, o.Action, o.Actor, o.Purpose, o.Attributes = time.UnixMilli(l.At).UTC(), string(l.Action), l.Actor, l.Purpose, l.Attributes
	}
	if len(lines) == limit {
		out.Next = &lines[limit-1].ID
	}
	return GetMyAccessLog200JSONResponse(out), nil
}
