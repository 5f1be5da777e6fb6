package api

import (
	"context"
	"encoding/base64"
	"encoding/hex"
	"time"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/quantity"
	"github.com/tallystick/tallystick/chaincode/wire"
	"github.com/tallystick/tallystick/gateway/random"
)

// defaultMandateSeconds is how long a prepared mandate can be used when the caller doesn't say; a bearer's can be used for points.MaxBearerSeconds.
const defaultMandateSeconds = 120

// idBytes are the random bytes of an id.
const idBytes = 16

// PrepareMandate says exactly what a wallet must sign. It records nothing.
func (s *Server) PrepareMandate(ctx context.Context, r PrepareMandateRequestObject) (PrepareMandateResponseObject, error) {
	if err := checkMandate(r.Body); err != nil {
		return nil, err
	}
	request := r.Body.Operation
	it := &item{at: "/operation", request: &request}
	if err := s.direct(ctx, it); err != nil {
		return nil, err
	}
	if s.resolve(ctx, []*item{it}); it.err != nil {
		return nil, it.err
	}
	b := s.newBuilder()
	if request.Store != nil && request.PlaceSalt == nil {
		salt := random.Hex(saltBytes)
		request.PlaceSalt = &salt
	}
	if err := b.draft(ctx, it); err != nil {
		return nil, err
	}
	account, err := b.account(ctx, it)
	if err != nil {
		return nil, err
	}
	if account.Controller.Kind == points.ControllerCustodian {
		return nil, wrong(fault.InvalidValue, "/operation/account", "the account is in the brand's custody: send the operation with authentication instead")
	}
	p, err := b.home(ctx, it)
	if err != nil {
		return nil, err
	}
	m, err := mandateOf(r.Body, it, p, account)
	if err != nil {
		return nil, err
	}
	prepared, err := prepareToSign(m, account, p)
	prepared.Operation = toSend(it)
	return PrepareMandate200JSONResponse(prepared), err
}

// checkMandate says everything that can be said about a request for a mandate without looking anything up.
func checkMandate(r *MandateRequest) error {
	bearer := valueOr(r.Bearer, false)
	u, most := &mandating, int64(points.MaxAuthorisationSeconds)
	if bearer {
		u, most = &bearing, points.MaxBearerSeconds
	}
	if err := checkRequest(&r.Operation, "/operation", u); err != nil {
		return err
	}
	c := &checker{}
	within(c, "maxPoints", r.MaxPoints, span{1, quantity.MaxPoints})
	within(c, "validSeconds", r.ValidSeconds, span{1, most})
	c.hash("quote", r.Quote)
	c.must(claim{r.Quote == nil || r.Operation.Store == nil || r.Operation.PlaceSalt != nil, fault.InvalidValue, "operation/placeSalt", "is required with quote: it is the quote's"})
	return c.failure()
}

// mandateOf is the mandate for an item's operation.
func mandateOf(r *MandateRequest, it *item, p *points.Programme, account *points.Account) (*points.Mandate, error) {
	o, d := &it.intake.Operation, &it.intake.Details
	most, err := mostOf(r, it, p)
	if err != nil {
		return nil, err
	}
	bearer, seconds := valueOr(r.Bearer, false), valueOr(r.ValidSeconds, defaultMandateSeconds)
	if bearer {
		seconds = valueOr(r.ValidSeconds, points.MaxBearerSeconds)
	}
	m := &points.Mandate{
		Format: points.MandateFormat, Genesis: p.Genesis, Programme: p.Brand, Account: o.Account, ControllerVersion: account.Controller.Version,
		Operation: o.Kind, Place: points.PlaceHash(d.PlaceSalt, d.Merchant, d.Store, d.Terminal), Receiver: o.To, MaxPoints: most,
		Subject: points.SubjectHash(o), Bearer: bearer, Quote: valueOr(r.Quote, ""), ID: random.Hex(idBytes), NotAfter: time.Now().Unix() + int64(seconds),
	}
	if limit := p.Current().Bearer; bearer && m.MaxPoints > limit {
		pointer := "/operation/points"
		if r.MaxPoints != nil {
			pointer = "/maxPoints"
		}
		return nil, wrong(fault.Limit, pointer, "a bearer mandate of this programme takes at most %d points", int64(limit))
	}
	return m, nil
}

// mostOf is what may be taken: what the caller says, the operation's points, or what a return by amount takes back.
func mostOf(r *MandateRequest, it *item, p *points.Programme) (quantity.Points, error) {
	if r.MaxPoints != nil {
		return quantity.Points(*r.MaxPoints), nil
	}
	if it.request.Kind != KindReturn {
		return it.intake.Operation.Points, nil
	}
	assessed := points.Assess(p, &it.intake.Operation, &it.intake.Details, nil)
	if assessed.Code != fault.OK {
		return 0, wrong(assessed.Code, it.at+"/amountMinor", "the ledger would refuse the return: %s", fault.Lookup(assessed.Code).Meaning)
	}
	return assessed.Points, nil
}

// prepareToSign gives a mandate in the form in which the account's controller signs it.
func prepareToSign(m *points.Mandate, account *points.Account, p *points.Programme) (PreparedMandate, error) {
	canonical, err := wire.Encode(m)
	if err != nil {
		return PreparedMandate{}, err
	}
	digest, err := wire.MandateDigest(m)
	if err != nil {
		return PreparedMandate{}, err
	}
	out := PreparedMandate{Mandate: *m, Canonical: string(canonical), Digest: hex.EncodeToString(digest)}
	if account.Controller.Kind == points.ControllerWebAuthn {
		challenge, party := base64.RawURLEncoding.EncodeToString(digest), p.RelyingParty.ID
		out.Challenge, out.RelyingParty = &challenge, &party
	}
	return out, nil
}

// toSend is the request that goes with the mandate: what was found out or made for it is given, so that it stays the same.
func toSend(it *item) OperationRequest {
	r, o := *it.request, &it.intake.Operation
	account := string(o.Account)
	r.Account, r.Reference, r.ToReference = &account, nil, nil
	if o.To != "" {
		to := string(o.To)
		r.To = &to
	}
	if o.Until != 0 {
		r.Until, r.HoldSeconds = &o.Until, nil
	}
	if it.claimCode != "" {
		r.ClaimCode = &it.claimCode
	}
	return r
}
