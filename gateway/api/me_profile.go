package api

import (
	"context"
	"net/http"
	"slices"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/gateway/people/signin"
	"github.com/tallystick/tallystick/gateway/people/vault"
)

// ownPurpose is what customers' looks at and changes of their own data are for.
const ownPurpose = "own-data"

// GetMyProfile tells the customer what the vault has.
func (s *Server) GetMyProfile(ctx context.Context, _ GetMyProfileRequestObject) (GetMyProfileResponseObject, error) {
	all, err := s.people.Vault.Read(ctx, personIn(ctx), nil, ownAccess(ownPurpose))
	if err != nil {
		return nil, err
	}
	body := MyProfile{Attributes: make([]Attribute, len(all))}
	for i, a := range all {
		body.Attributes[i] = Attribute{Name: a.Name, Value: a.Value}
	}
	return GetMyProfile200JSONResponse(body), nil
}

// ChangeMyProfile changes what the vault has. Identifiers are what other people are found by: who sets one proves it, or has it set by the brand.
func (s *Server) ChangeMyProfile(ctx context.Context, r ChangeMyProfileRequestObject) (ChangeMyProfileResponseObject, error) {
	set, remove := attributesOf(valueOr(r.Body.Set, nil)), valueOr(r.Body.Remove, nil)
	for _, a := range set {
		if slices.Contains(vault.Kinds, vault.Kind(a.Name)) {
			return nil, wrong(fault.InvalidValue, "/set", "phones and e-mail addresses are proved at /v1/me/addresses; the brand's staff enters cards and external ids")
		}
	}
	if slices.Contains(remove, string(vault.Phone)) || slices.Contains(remove, string(vault.Email)) {
		if err := s.keepsAnAddress(ctx, remove); err != nil {
			return nil, err
		}
	}
	if err := s.people.Vault.Update(signin.From(ctx, sessionIn(ctx)), personIn(ctx), set, remove, ownAccess(ownPurpose)); err != nil {
		return nil, attributeFailure("/set", err)
	}
	return ChangeMyProfile204Response{}, nil
}

// keepsAnAddress refuses to remove what the customer needs to sign in.
func (s *Server) keepsAnAddress(ctx context.Context, remove []string) error {
	addresses := []string{string(vault.Phone), string(vault.Email)}
	left, err := s.people.Vault.Read(ctx, personIn(ctx), addresses, ownAccess(ownPurpose))
	if err != nil {
		return err
	}
	if slices.ContainsFunc(left, func(a vault.Attribute) bool { return !slices.Contains(remove, a.Name) }) {
		return nil
	}
	return wrong(fault.InvalidValue, "/remove", "the last address stays: nobody could sign in without one")
}

// AskMyAddress sends a code to a further address.
func (s *Server) AskMyAddress(ctx context.Context, r AskMyAddressRequestObject) (AskMyAddressResponseObject, error) {
	asked, err := s.people.SignIn.AskAddress(ctx, personIn(ctx), askOf(ctx, r.Body))
	if err != nil {
		return nil, addressFailure(err)
	}
	return AskMyAddress202JSONResponse(askedOf(asked)), nil
}

// ConfirmMyAddress adds an address that was proved.
func (s *Server) ConfirmMyAddress(ctx context.Context, r ConfirmMyAddressRequestObject) (ConfirmMyAddressResponseObject, error) {
	person := personIn(ctx)
	added, err := s.people.SignIn.ConfirmAddress(ctx, sessionIn(ctx), signin.Proof{Token: r.Body.Token, Code: r.Body.Code, Address: addressOf(r.Body.Address)})
	if err != nil {
		return nil, addressFailure(err)
	}
	name := string(added.Kind)
	known, err := s.people.Vault.Read(ctx, person, []string{name}, ownAccess(ownPurpose))
	if err != nil {
		return nil, err
	}
	fresh := vault.Attribute{Name: name, Value: added.Value}
	if !slices.Contains(known, fresh) {
		known = append(known, fresh)
	}
	if err := s.people.Vault.Update(signin.From(ctx, sessionIn(ctx)), person, known, nil, ownAccess(ownPurpose)); err != nil {
		return nil, attributeFailure("/address", err)
	}
	return ConfirmMyAddress204Response{}, nil
}

// ExportMe gives everything about the customer.
func (s *Server) ExportMe(ctx context.Context, _ ExportMeRequestObject) (ExportMeResponseObject, error) {
	e, err := s.people.Vault.Export(ctx, personIn(ctx), ownAccess(ownPurpose))
	if err != nil {
		return nil, err
	}
	return exported{e}, nil
}

// VisitExportMeResponse implements ExportMeResponseObject.
func (e exported) VisitExportMeResponse(w http.ResponseWriter) error {
	return e.VisitExportCustomerResponse(w)
}
