package api

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"time"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/gateway/people/vault"
)

// vaultIn gives the vault, and how the caller's access stands in the customer's log. PURPOSE_UNKNOWN for a purpose that the brand hasn't published: a code that the caller makes up could
// be a name, and would stand in logs and reports.
func (s *Server) vaultIn(ctx context.Context, purpose string) (Vault, vault.Access, error) {
	if s.people.Vault == nil {
		return nil, vault.Access{}, noVault()
	}
	declared, err := s.people.Purposes.Declares(ctx, purpose)
	if err != nil {
		return nil, vault.Access{}, err
	}
	if !declared {
		return nil, vault.Access{}, wrong(fault.PurposeUnknown, "purpose", "the data policy in force declares no purpose of this code; GET /v1/programmes/{name}/data-policies lists them")
	}
	return s.people.Vault, vault.Access{Actor: callerIn(ctx), Purpose: purpose}, nil
}

// CreateCustomer creates a person.
func (s *Server) CreateCustomer(ctx context.Context, r CreateCustomerRequestObject) (CreateCustomerResponseObject, error) {
	v, access, err := s.vaultIn(ctx, r.Params.Purpose)
	if err != nil {
		return nil, err
	}
	id, err := v.CreateOnce(ctx, vault.Once{Caller: access.Actor, Key: r.Params.IdempotencyKey}, attributesOf(r.Body.Attributes), access)
	if err != nil {
		return nil, attributeFailure("/attributes", err)
	}
	return CreateCustomer201JSONResponse{
		Body: CustomerFound{Id: string(id)}, Headers: CreateCustomer201ResponseHeaders{Location: "/v1/customers/" + string(id)},
	}, nil
}

// FindCustomer finds a person by an identifier.
func (s *Server) FindCustomer(ctx context.Context, r FindCustomerRequestObject) (FindCustomerResponseObject, error) {
	v, access, err := s.vaultIn(ctx, r.Params.Purpose)
	if err != nil {
		return nil, err
	}
	id, err := v.Find(ctx, vault.Identifier{Kind: vault.Kind(r.Body.Kind), Value: r.Body.Value})
	if fault.CodeOf(err) == fault.InvalidValue {
		return nil, wrong(fault.InvalidValue, "/value", "%s", detailOf(err))
	}
	if err != nil {
		return nil, err
	}
	if err := v.Record(ctx, id, vault.Finding, access, []string{r.Body.Kind}); err != nil {
		return nil, err
	}
	return FindCustomer200JSONResponse{Id: string(id)}, nil
}

// GetCustomer reads a person's values.
func (s *Server) GetCustomer(ctx context.Context, r GetCustomerRequestObject) (GetCustomerResponseObject, error) {
	v, access, err := s.vaultOf(ctx, r.Id, r.Params.Purpose)
	if err != nil {
		return nil, err
	}
	var names []string
	if r.Params.Attributes != nil {
		names = strings.Split(*r.Params.Attributes, ",")
	}
	all, err := v.Read(ctx, vault.PersonID(r.Id), names, access)
	if err != nil {
		return nil, err
	}
	id, err := v.Survivor(ctx, vault.PersonID(r.Id))
	if err != nil {
		return nil, err
	}
	body := GetCustomer200JSONResponse{Id: string(id), Attributes: make([]Attribute, len(all))}
	for i, a := range all {
		body.Attributes[i] = Attribute{Name: a.Name, Value: a.Value}
	}
	return body, nil
}

// UpdateCustomer changes a person's values.
func (s *Server) UpdateCustomer(ctx context.Context, r UpdateCustomerRequestObject) (UpdateCustomerResponseObject, error) {
	v, access, err := s.vaultOf(ctx, r.Id, r.Params.Purpose)
	if err != nil {
		return nil, err
	}
	if err := v.Update(ctx, vault.PersonID(r.Id), attributesOf(valueOr(r.Body.Set, nil)), valueOr(r.Body.Remove, nil), access); err != nil {
		return nil, attributeFailure("/set", err)
	}
	return UpdateCustomer204Response{}, nil
}

// MergeCustomer makes two persons one.
func (s *Server) MergeCustomer(ctx context.Context, r MergeCustomerRequestObject) (MergeCustomerResponseObject, error) {
	v, access, err := s.vaultOf(ctx, r.Id, r.Params.Purpose)
	if err != nil {
		return nil, err
	}
	if err := checkID("gone", r.Body.Gone); err != nil {
		return nil, err
	}
	err = v.Merge(ctx, vault.Merger{Keep: vault.PersonID(r.Id), Gone: vault.PersonID(r.Body.Gone), Overruled: valueOr(r.Body.Overruled, nil)}, access)
	if err != nil {
		return nil, err
	}
	return MergeCustomer204Response{}, nil
}

// ExportCustomer gives everything about a person.
func (s *Server) ExportCustomer(ctx context.Context, r ExportCustomerRequestObject) (ExportCustomerResponseObject, error) {
	v, access, err := s.vaultOf(ctx, r.Id, r.Params.Purpose)
	if err != nil {
		return nil, err
	}
	e, err := v.Export(ctx, vault.PersonID(r.Id), access)
	if err != nil {
		return nil, err
	}
	return exported{e}, nil
}

// GetCustomerAccessLog lists who read a person's values.
func (s *Server) GetCustomerAccessLog(ctx context.Context, r GetCustomerAccessLogRequestObject) (GetCustomerAccessLogResponseObject, error) {
	v, err := s.vaultAlone(r.Id)
	if err != nil {
		return nil, err
	}
	limit := valueOr(r.Params.Limit, DefaultPage)
	all, err := v.AccessLog(ctx, vault.PersonID(r.Id), valueOr(r.Params.Before, 0), limit)
	if err != nil {
		return nil, err
	}
	page := GetCustomerAccessLog200JSONResponse{Entries: make([]AccessLogEntry, len(all))}
	for i, a := range all {
		page.Entries[i] = AccessLogEntry{At: time.UnixMilli(a.At).UTC(), Action: string(a.Action), Actor: a.Actor, Purpose: a.Purpose, Attributes: a.Attributes}
	}
	if len(all) == limit {
		page.Next = &all[limit-1].ID
	}
	return page, nil
}

func noVault() error {
	return fault.New(fault.NotFound, "this gateway keeps no customers' data: its configuration has no people")
}

// vaultAlone is the vault for a route that reads no values and has no purpose.
func (s *Server) vaultAlone(id string) (Vault, error) {
	if s.people.Vault == nil {
		return nil, noVault()
	}
	return s.people.Vault, checkID("id", id)
}

// vaultOf is vaultIn for a route with a person's id.
func (s *Server) vaultOf(ctx context.Context, id, purpose string) (Vault, vault.Access, error) {
	v, access, err := s.vaultIn(ctx, purpose)
	if err != nil {
		return nil, access, err
	}
	return v, access, checkID("id", id)
}

func attributesOf(all []Attribute) []vault.Attribute {
	out := make([]vault.Attribute, len(all))
	for i, a := range all {
		out[i] = vault.Attribute{Name: a.Name, Value: a.Value}
	}
	return out
}

// attributeFailure points to the attribute of the list that is wrong.
func attributeFailure(list string, err error) error {
	var invalid *vault.Invalid
	if !errors.As(err, &invalid) {
		return err
	}
	return wrong(fault.CodeOf(err), list+"/"+strconv.Itoa(invalid.Index), "%s", detailOf(err))
}
