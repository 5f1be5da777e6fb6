package api

import (
	"context"
	"encoding/hex"
	"time"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/quantity"
	"github.com/tallystick/tallystick/chaincode/wire"
)

// defaultMandateSeconds is how long a prepared mandate can be used when the caller doesn't say.
const defaultMandateSeconds = 120

// mandateIDBytes are the random bytes of a mandate's id.
const mandateIDBytes = 16

// PrepareMandate says exactly what a self-custody wallet must sign. It records nothing.
func (s *Server) PrepareMandate(ctx context.Context, r PrepareMandateRequestObject) (PrepareMandateResponseObject, error) {
	if err := checkMandate(r.Body); err != nil {
		return nil, err
	}
	position, err := s.reader.Account(ctx, points.AccountID(r.Body.Account))
	if err != nil {
		return nil, err
	}
	if position.Programme != s.programme {
		return nil, wrong(fault.AccountUnknown, "/account", "the account belongs to another programme: ask its issuer's gateway")
	}
	if position.Account.Controller.Kind != points.ControllerP256 {
		return nil, wrong(fault.InvalidValue, "/account", "the account is in the brand's custody: send the debit with authentication instead")
	}
	programme, err := s.reader.Programme(ctx, s.programme)
	if err != nil {
		return nil, err
	}
	prepared, err := s.prepare(r.Body, &programme, position.Account.Controller.Version)
	if err != nil {
		return nil, err
	}
	return PrepareMandate200JSONResponse(prepared), nil
}

func (s *Server) prepare(r *MandateRequest, p *points.Programme, controllerVersion int) (PreparedMandate, error) {
	valid := time.Duration(valueOr(r.ValidSeconds, defaultMandateSeconds)) * time.Second
	m := points.Mandate{
		Format: points.MandateFormat, Genesis: p.Genesis, Programme: p.Brand, Account: points.AccountID(r.Account), ControllerVersion: controllerVersion,
		Operation: points.Kind(r.Kind), Receiver: points.AccountID(valueOr(r.Receiver, "")), MaxPoints: quantity.Points(r.Points),
		ID: randomHex(mandateIDBytes), NotAfter: time.Now().Add(valid).Unix(),
	}
	out := PreparedMandate{}
	if r.Store != nil {
		out.PlaceSalt = randomHex(saltBytes)
		m.Place = points.PlaceHash(out.PlaceSalt, s.member, *r.Store, *r.Terminal)
	}
	canonical, err := wire.Encode(&m)
	if err != nil {
		return PreparedMandate{}, err
	}
	digest, err := wire.MandateDigest(&m)
	if err != nil {
		return PreparedMandate{}, err
	}
	out.Mandate, out.Canonical, out.Digest = m, string(canonical), hex.EncodeToString(digest)
	return out, nil
}

// checkMandate wants exactly what the debit will have: a till for a redemption or a return, a receiver for a transfer.
func checkMandate(r *MandateRequest) error {
	c := &checker{}
	c.id("account", &r.Account)
	c.id("receiver", r.Receiver)
	c.text("store", r.Store, MaxText)
	c.text("terminal", r.Terminal, MaxText)
	c.must(claim{r.Points >= 1 && r.Points <= quantity.MaxPoints, fault.OutOfRange, "points", "must lie between 1 and 9007199254740991"})
	seconds := valueOr(r.ValidSeconds, defaultMandateSeconds)
	c.must(claim{seconds >= 1 && seconds <= points.MaxAuthorisationSeconds, fault.InvalidValue, "validSeconds", "must lie between 1 and 600"})
	switch r.Kind {
	case MandateRequestKindTransfer:
		c.must(claim{r.Receiver != nil, fault.InvalidValue, "receiver", "is required for transfer"})
		c.must(claim{r.Store == nil && r.Terminal == nil, fault.InvalidValue, "store", "a transfer has no till: leave store and terminal out"})
	case MandateRequestKindRedeem, MandateRequestKindReturn:
		c.must(claim{r.Receiver == nil, fault.InvalidValue, "receiver", "only a transfer has a receiver"})
		c.must(claim{r.Store != nil && r.Terminal != nil, fault.InvalidValue, "store", "store and terminal are required"})
	default:
		c.add(fault.InvalidValue, "kind", "must be redeem, transfer or return")
	}
	return c.failure()
}
