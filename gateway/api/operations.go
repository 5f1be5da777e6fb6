package api

import (
	"context"
	"net/http"
	"time"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/wire"
	"github.com/tallystick/tallystick/gateway/store"
)

// SubmitOperation records one operation and waits for its receipt.
func (s *Server) SubmitOperation(ctx context.Context, r SubmitOperationRequestObject) (SubmitOperationResponseObject, error) {
	o, err := s.submitOne(ctx, r.Params.IdempotencyKey, r.Params.Prefer, r.Body)
	if err != nil {
		return nil, err
	}
	if o.Status == PENDING {
		return SubmitOperation202JSONResponse{Body: o, Headers: SubmitOperation202ResponseHeaders{Location: locationOf(o)}}, nil
	}
	return SubmitOperation200JSONResponse(o), nil
}

// OpenAccount records the opening of an account and waits for its receipt.
func (s *Server) OpenAccount(ctx context.Context, r OpenAccountRequestObject) (OpenAccountResponseObject, error) {
	request := &OperationRequest{Kind: KindOpen, Reference: r.Body.Reference, Controller: r.Body.Controller, Holder: r.Body.Holder}
	o, err := s.submitOne(ctx, r.Params.IdempotencyKey, r.Params.Prefer, request)
	if err != nil {
		return nil, err
	}
	if o.Status == PENDING {
		return OpenAccount202JSONResponse{Body: o, Headers: OpenAccount202ResponseHeaders{Location: locationOf(o)}}, nil
	}
	return OpenAccount200JSONResponse(o), nil
}

func locationOf(o Operation) string { return "/v1/operations/" + o.Id }

// submitOne answers an operation that is pending or applied; a refused one is a failure that carries it.
func (s *Server) submitOne(ctx context.Context, key string, prefer *Prefer, request *OperationRequest) (Operation, error) {
	wait, err := waitOf(prefer)
	if err != nil {
		return Operation{}, err
	}
	items := []item{{key: key, request: request}}
	deadline := time.Now().Add(wait)
	s.record(ctx, items, deadline)
	if err := s.settle(ctx, items, deadline); err != nil {
		return Operation{}, err
	}
	return items[0].answer, items[0].err
}

// SubmitOperations records many operations and waits for their receipts.
func (s *Server) SubmitOperations(ctx context.Context, r SubmitOperationsRequestObject) (SubmitOperationsResponseObject, error) {
	wait, err := waitOf(r.Params.Prefer)
	if err != nil {
		return nil, err
	}
	n := len(r.Body.Operations)
	if n == 0 {
		return nil, wrong(fault.InvalidValue, "/operations", "a bulk has 1 to %d operations, this one has none", wire.MaxBatch)
	}
	if n > wire.MaxBatch {
		return nil, wrong(fault.TooLarge, "/operations", "a bulk has at most %d operations, this one has %d", wire.MaxBatch, n)
	}
	items := itemsOf(r.Body)
	deadline := time.Now().Add(wait)
	s.record(ctx, items, deadline)
	if err := sharedRetry(items); err != nil {
		return nil, err
	}
	if err := s.settle(ctx, items, deadline); err != nil {
		return nil, err
	}
	results := make([]BulkResult, len(items))
	for i := range items {
		results[i] = items[i].result(requestIDOf(ctx))
	}
	return SubmitOperations200JSONResponse{Results: results}, nil
}

// sharedRetry is the failure of the whole call when nothing was recorded and everything may succeed later.
func sharedRetry(items []item) error {
	for i := range items {
		if items[i].err == nil || fault.Lookup(fault.CodeOf(items[i].err)).Class != fault.ClassRetry {
			return nil
		}
	}
	return items[0].err
}

func (it *item) result(requestID string) BulkResult {
	r := BulkResult{IdempotencyKey: it.key, Status: http.StatusOK}
	if it.err != nil {
		p := problemOf(it.err, requestID)
		r.Status, r.Problem = p.Status, &p
		return r
	}
	if it.answer.Status == PENDING {
		r.Status = http.StatusAccepted
	}
	r.Operation = &it.answer
	return r
}

// GetOperation tells what became of an operation.
func (s *Server) GetOperation(ctx context.Context, r GetOperationRequestObject) (GetOperationResponseObject, error) {
	if err := checkID("id", r.Id); err != nil {
		return nil, err
	}
	o, err := s.lookAt(ctx, points.OperationID(r.Id))
	if err != nil {
		return nil, err
	}
	return GetOperation200JSONResponse(o), nil
}

// checkID is INVALID_VALUE unless a path parameter is an id.
func checkID(parameter, value string) error {
	if idForm.MatchString(value) {
		return nil
	}
	return wrong(fault.InvalidValue, parameter, "%s must be 32 lower-case hex digits", parameter)
}

// operationOf is how the API tells an operation.
func (s *Server) operationOf(k store.Known) Operation {
	o := Operation{Id: string(k.ID), Kind: Kind(k.Kind), Programme: k.Programme, Account: string(k.Account), Status: PENDING}
	if o.Programme == "" {
		o.Programme = s.programme
	}
	if k.To != "" {
		to := string(k.To)
		o.To = &to
	}
	if !k.AcceptedAt.IsZero() {
		o.AcceptedAt = &k.AcceptedAt
	}
	if !k.Done {
		return o
	}
	code, outcome := string(k.Code), ACCEPTED
	if k.Code != fault.OK {
		outcome = REJECTED
	}
	o.Status, o.Code, o.Outcome, o.Receipt = DONE, &code, &outcome, k.Receipt
	if k.Receipt != nil && k.Receipt.Partner != "" {
		o.Partner = &k.Receipt.Partner
	}
	if !k.DoneAt.IsZero() {
		o.DoneAt = &k.DoneAt
	}
	return o
}
