package api

import (
	"context"
	"slices"
	"strconv"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/wire"
	"github.com/tallystick/tallystick/gateway/people/signin"
	"github.com/tallystick/tallystick/gateway/store"
)

// customerKinds are what customers do with their accounts themselves.
var customerKinds = []Kind{KindRedeem, KindTransfer, KindGift, KindAccept, KindVoid, KindSwap, KindRekey, KindVeto, KindClose, KindOptout, KindOptin}

// walletMethod begins what custody's receipts say of how a customer was recognised in the wallet.
const walletMethod = "wallet-"

// PrepareMyOperation tells what the customer has to know and what their key must sign.
func (s *Server) PrepareMyOperation(ctx context.Context, r PrepareMyOperationRequestObject) (PrepareMyOperationResponseObject, error) {
	request, key := r.Body.Operation, valueOr(r.Params.IdempotencyKey, "")
	if r.Params.IdempotencyKey != nil && !usableKey(key) {
		return nil, wrong(fault.InvalidValue, idempotencyHeader, "when it is given it has 1 to %d printable ASCII characters", MaxKeyLength)
	}
	position, err := s.mine(ctx, &request)
	if err != nil {
		return nil, err
	}
	passkeys, err := s.people.SignIn.Passkeys(ctx, personIn(ctx))
	if err != nil {
		return nil, err
	}
	if err := takePasskey(&request, r.Body.Passkey, passkeys); err != nil {
		return nil, err
	}
	body := MyPreparedOperation{Operation: request, Passkey: controlling(&position.Account, passkeys)}
	if position.Account.Controller.Kind != points.ControllerCustodian {
		if err := s.giveCode(ctx, &request, key); err != nil {
			return nil, err
		}
		if body.Mandate, err = s.mandateFor(ctx, request); err != nil {
			return nil, err
		}
		body.Operation = body.Mandate.Operation
	}
	body.Notice = noticeOf(&body.Operation, valueOr(r.Body.Language, ""))
	return PrepareMyOperation200JSONResponse(body), nil
}

// giveCode gives a gift that has none the code that goes with the key under which it will be sent: custody's have the same. Whoever has
// the code has the points, and the gift may have been made already: STEP_UP_REQUIRED without a fresh proof.
func (s *Server) giveCode(ctx context.Context, r *OperationRequest, key string) error {
	if r.Kind != KindGift || r.ClaimCode != nil || key == "" {
		return nil
	}
	if err := s.checkFresh(ctx, sessionIn(ctx)); err != nil {
		return err
	}
	code := s.hasher.ClaimCode(originatorIn(ctx), key)
	r.ClaimCode = &code
	return nil
}

// mandateFor is what an account's own key must sign for a request.
func (s *Server) mandateFor(ctx context.Context, request OperationRequest) (*PreparedMandate, error) {
	answer, err := s.PrepareMandate(ctx, PrepareMandateRequestObject{Body: &MandateRequest{Operation: request}})
	if err != nil {
		return nil, err
	}
	prepared, ok := answer.(PrepareMandate200JSONResponse)
	if !ok {
		return nil, fault.New(fault.Internal, "a mandate was prepared and can't be read")
	}
	mandate := PreparedMandate(prepared)
	return &mandate, nil
}

// SubmitMyOperation records an operation once the customer was told what has to be told.
func (s *Server) SubmitMyOperation(ctx context.Context, r SubmitMyOperationRequestObject) (SubmitMyOperationResponseObject, error) {
	request := r.Body.Operation
	position, err := s.mine(ctx, &request)
	if err != nil {
		return nil, err
	}
	if r.Body.Passkey != nil {
		passkeys, err := s.people.SignIn.Passkeys(ctx, personIn(ctx))
		if err != nil {
			return nil, err
		}
		if err := takePasskey(&request, r.Body.Passkey, passkeys); err != nil {
			return nil, err
		}
	}
	if !acknowledges(&request, valueOr(r.Body.Acknowledged, "")) {
		return nil, wrong(fault.NoticeRequired, "/acknowledged", "the notice of POST /v1/me/operations/prepare has to be shown and its hash sent back")
	}
	custody, err := s.inCustody(ctx, position, &request, r.Params.IdempotencyKey)
	if err != nil {
		return nil, err
	}
	if custody {
		request.Authentication = recognised(sessionIn(ctx))
	}
	if request.Kind == KindRekey {
		if err := s.people.SignIn.NoteAsked(ctx, sessionIn(ctx), s.hasher.Idempotency(originatorIn(ctx), r.Params.IdempotencyKey)); err != nil {
			return nil, err
		}
	}
	o, err := s.submitOne(ctx, r.Params.IdempotencyKey, r.Params.Prefer, &request)
	if err != nil {
		return nil, err
	}
	if o.Status == PENDING {
		return SubmitMyOperation202JSONResponse(o), nil
	}
	return SubmitMyOperation200JSONResponse(o), nil
}

// inCustody says whether the custodian signs for a request, or has signed when it was sent before: what was sent may have put the account under a key of its own.
func (s *Server) inCustody(ctx context.Context, position *store.Position, r *OperationRequest, key string) (bool, error) {
	if position.Account.Controller.Kind == points.ControllerCustodian {
		return true, nil
	}
	if signed(r) {
		return false, nil
	}
	earlier, found, err := s.recorder.Sent(ctx, originatorIn(ctx), key)
	return found && earlier.Custody, err
}

// FindMyOperation tells what became of what was sent under a key.
func (s *Server) FindMyOperation(ctx context.Context, r FindMyOperationRequestObject) (FindMyOperationResponseObject, error) {
	caller, key := originatorIn(ctx), r.Params.IdempotencyKey
	sent, found, err := s.recorder.Sent(ctx, caller, key)
	if err != nil {
		return nil, err
	}
	if !found {
		return nil, fault.New(fault.NotFound, "nothing was recorded under this key")
	}
	known, err := s.reader.Operation(ctx, sent.ID)
	if err != nil {
		return nil, err
	}
	o := s.operationOf(known)
	o.Duplicate = true
	code, err := toldCode(&sent, s.hasher.ClaimCode(caller, key))
	if err != nil {
		return nil, err
	}
	if err := s.showCode(ctx, &o, code); err != nil {
		return nil, err
	}
	return FindMyOperation200JSONResponse(o), nil
}

// showCode puts a gift's code, nil for none, into an answer; without a fresh proof only that there is one.
func (s *Server) showCode(ctx context.Context, o *Operation, code *string) error {
	if code == nil {
		return nil
	}
	fresh, err := s.people.SignIn.Fresh(ctx, sessionIn(ctx))
	if err != nil {
		return err
	}
	if !fresh {
		withheld := true
		o.ClaimCodeWithheld = &withheld
		return nil
	}
	o.ClaimCode = code
	return nil
}

// toldCode is a gift's code, when it is the one that the gateway made; nil for everything else.
func toldCode(sent *store.Operation, code string) (*string, error) {
	if sent.Kind != points.KindGift || sent.Code != "" && sent.Code != fault.OK {
		return nil, nil
	}
	var o points.Operation
	if err := wire.DecodeRecord(sent.Document, &o); err != nil {
		return nil, err
	}
	if o.Claim != points.ClaimHash(o.Account, code) {
		return nil, nil
	}
	return &code, nil
}

// recognised says for a custodian's signature how the customer was recognised; the receipt's private details keep a hash of it.
func recognised(session *signin.Session) *Authentication {
	method := signin.ByCode
	if n := len(session.Methods); n > 0 {
		method = session.Methods[n-1]
	}
	return &Authentication{Method: walletMethod + method, Challenge: "session " + session.ID + " proved at " + strconv.FormatInt(session.Proved.Unix(), 10)}
}

// mine checks that the operation is one of a customer's, on an account that is linked to who asks, and names nobody by reference.
func (s *Server) mine(ctx context.Context, r *OperationRequest) (*store.Position, error) {
	switch {
	case !slices.Contains(customerKinds, r.Kind):
		return nil, wrong(fault.Forbidden, "/operation/kind", "is nothing that customers do themselves")
	case r.Reference != nil || r.ToReference != nil:
		return nil, wrong(fault.InvalidValue, "/operation", "accounts are named by id: nobody looks other customers up")
	case r.Authentication != nil || r.SpendCode != nil:
		return nil, wrong(fault.InvalidValue, "/operation", "takes authorisation only: the session says who is there")
	case r.Programme != nil && *r.Programme != s.programme:
		return nil, wrong(fault.InvalidValue, "/operation/programme", "operations on another programme's accounts are its own wallet's")
	case r.Account == nil:
		return nil, wrong(fault.InvalidValue, "/operation/account", "is required")
	}
	if err := checkID("account", *r.Account); err != nil {
		return nil, err
	}
	own, err := s.ownAccounts(ctx, personIn(ctx))
	if err != nil {
		return nil, err
	}
	account := points.AccountID(*r.Account)
	if !slices.Contains(own, account) {
		return nil, wrong(fault.AccountUnknown, "/operation/account", "is no account of this programme that is linked to you")
	}
	position, err := s.reader.Account(ctx, account)
	return &position, err
}

// takePasskey puts the customer's passkey into a rekey as its controller.
func takePasskey(r *OperationRequest, id *string, passkeys []signin.Passkey) error {
	if id == nil {
		return nil
	}
	if r.Kind != KindRekey || r.Controller != nil {
		return wrong(fault.InvalidValue, "/passkey", "goes with a rekey that names no controller")
	}
	i := slices.IndexFunc(passkeys, func(p signin.Passkey) bool { return p.ID == *id })
	if i < 0 {
		return wrong(fault.NotFound, "/passkey", "is none of yours")
	}
	if passkeys[i].Key == "" {
		return wrong(fault.InvalidValue, "/passkey", "has a key that the ledger doesn't know: make one on another device")
	}
	r.Controller = &ControllerRequest{Kind: string(points.ControllerWebAuthn), Key: &passkeys[i].Key}
	return nil
}
