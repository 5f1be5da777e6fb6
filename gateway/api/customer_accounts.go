package api

import (
	"context"
	"encoding/json"
	"net/http"
	"time"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/gateway/people/vault"
)

// openingKey starts the idempotency keys of openings that the vault makes; callers' keys of till operations are other callers'.
const openingKey = "vault-"

// exported is an export as it is answered.
type exported struct{ *vault.Export }

// VisitExportCustomerResponse implements ExportCustomerResponseObject.
func (e exported) VisitExportCustomerResponse(w http.ResponseWriter) error {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusOK)
	return json.NewEncoder(w).Encode(e.Export)
}

// ListCustomerAccounts lists a person's accounts.
func (s *Server) ListCustomerAccounts(ctx context.Context, r ListCustomerAccountsRequestObject) (ListCustomerAccountsResponseObject, error) {
	v, access, err := s.vaultOf(ctx, r.Id, r.Params.Purpose)
	if err != nil {
		return nil, err
	}
	id, err := v.Survivor(ctx, vault.PersonID(r.Id))
	if err != nil {
		return nil, err
	}
	if err := v.Record(ctx, id, vault.Reading, access, []string{"accounts"}); err != nil {
		return nil, err
	}
	links, err := v.Accounts(ctx, id)
	if err != nil {
		return nil, err
	}
	body := ListCustomerAccounts200JSONResponse{Id: string(id), Accounts: make([]CustomerAccount, len(links))}
	for i, l := range links {
		at := time.UnixMilli(l.LinkedAt).UTC()
		body.Accounts[i] = CustomerAccount{Programme: l.Programme, Account: string(l.Account), LinkedAt: &at}
	}
	return body, nil
}

// OpenCustomerAccount opens an account for a person, or links one that there is.
func (s *Server) OpenCustomerAccount(ctx context.Context, r OpenCustomerAccountRequestObject) (OpenCustomerAccountResponseObject, error) {
	v, access, err := s.vaultOf(ctx, r.Id, r.Params.Purpose)
	if err != nil {
		return nil, err
	}
	if err := v.Record(ctx, vault.PersonID(r.Id), vault.Updating, access, []string{"accounts"}); err != nil {
		return nil, err
	}
	if r.Body.Account != nil {
		return s.linkAccount(ctx, v, vault.PersonID(r.Id), points.AccountID(*r.Body.Account))
	}
	account, o, err := s.openOnce(ctx, vault.PersonID(r.Id), vault.Once{Caller: access.Actor, Key: r.Params.IdempotencyKey}, r)
	if err != nil {
		return nil, err
	}
	if account == "" {
		return OpenCustomerAccount202JSONResponse(o), nil
	}
	return OpenCustomerAccount200JSONResponse{Programme: s.programme, Account: string(account)}, nil
}

// openOnce opens an account of the own programme for a person, once for each key, and links it. Without an account in the answer the operation is recorded and not committed yet.
func (s *Server) openOnce(ctx context.Context, person vault.PersonID, once vault.Once, r OpenCustomerAccountRequestObject) (points.AccountID, Operation, error) {
	reference, account, err := s.people.Vault.BeginOpening(ctx, person, once)
	if err != nil || account != "" {
		return account, Operation{}, err
	}
	o, err := s.openUnder(ctx, reference, r)
	if err != nil || o.Status == PENDING {
		return "", o, err
	}
	account = points.AccountID(o.Account)
	return account, o, s.people.Vault.EndOpening(ctx, reference, s.programme, account)
}

func (s *Server) linkAccount(ctx context.Context, v Vault, id vault.PersonID, account points.AccountID) (OpenCustomerAccountResponseObject, error) {
	if err := checkID("account", string(account)); err != nil {
		return nil, err
	}
	position, err := s.reader.Account(ctx, account)
	if err != nil {
		return nil, err
	}
	if position.Programme != s.programme {
		return nil, wrong(fault.InvalidValue, "/account", "is an account of another programme")
	}
	if err := v.Link(ctx, id, s.programme, account); err != nil {
		return nil, err
	}
	return OpenCustomerAccount200JSONResponse{Programme: s.programme, Account: string(account)}, nil
}

// openUnder opens an account under a reference of the vault's. The caller's right is that of the route, not of the operation's kind.
func (s *Server) openUnder(ctx context.Context, reference string, r OpenCustomerAccountRequestObject) (Operation, error) {
	wait, err := waitOf(r.Params.Prefer)
	if err != nil {
		return Operation{}, err
	}
	request := &OperationRequest{Kind: KindOpen, Reference: &reference, Controller: r.Body.Controller}
	if err := checkRequest(request, "", &submitting); err != nil {
		return Operation{}, err
	}
	if err := s.recorder.Started(); err != nil {
		return Operation{}, err
	}
	deadline := time.Now().Add(wait)
	items := []item{{key: openingKey + reference, request: request, way: way{home: s.programme, merchant: s.member}}}
	s.accept(ctx, []*item{&items[0]})
	if err := s.settle(ctx, items, deadline); err != nil {
		return Operation{}, err
	}
	return items[0].answer, items[0].err
}
