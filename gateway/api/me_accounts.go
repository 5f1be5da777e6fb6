package api

import (
	"cmp"
	"context"
	"encoding/base64"
	"encoding/hex"
	"slices"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/gateway/people/signin"
	"github.com/tallystick/tallystick/gateway/people/vault"
	"github.com/tallystick/tallystick/gateway/store"
)

// firstOpening is the key under which a person's first account is opened: there is one, however often it is asked for.
const firstOpening = "first"

// openFirst opens the person's first account of the own programme, or finds it. Empty when it is recorded and not committed yet.
func (s *Server) openFirst(ctx context.Context, person vault.PersonID) (points.AccountID, error) {
	own, err := s.ownAccounts(ctx, person)
	if err != nil {
		return "", err
	}
	if len(own) > 0 {
		return own[0], nil
	}
	once := vault.Once{Caller: vault.ActorPerson, Key: firstOpening}
	account, _, err := s.openOnce(ctx, person, once, OpenCustomerAccountRequestObject{Body: &OpenCustomerAccountJSONRequestBody{}})
	return account, err
}

// OpenMyAccount opens the customer's first account, or finds it.
func (s *Server) OpenMyAccount(ctx context.Context, _ OpenMyAccountRequestObject) (OpenMyAccountResponseObject, error) {
	account, err := s.openFirst(ctx, personIn(ctx))
	if err != nil {
		return nil, err
	}
	var body MyOpening
	if account != "" {
		id := string(account)
		body.Account = &id
	}
	return OpenMyAccount200JSONResponse(body), nil
}

// ListMyAccounts tells the positions of all the customer's accounts.
func (s *Server) ListMyAccounts(ctx context.Context, _ ListMyAccountsRequestObject) (ListMyAccountsResponseObject, error) {
	links, err := s.people.Vault.Accounts(ctx, personIn(ctx))
	if err != nil {
		return nil, err
	}
	passkeys, err := s.people.SignIn.Passkeys(ctx, personIn(ctx))
	if err != nil {
		return nil, err
	}
	body := MyAccounts{Accounts: []MyAccount{}}
	for _, l := range links {
		mine, err := s.myAccount(ctx, l, passkeys)
		if fault.CodeOf(err) == fault.AccountUnknown { // Its opening is not committed yet.
			continue
		}
		if err != nil {
			return nil, err
		}
		body.Accounts = append(body.Accounts, mine)
	}
	return ListMyAccounts200JSONResponse(body), nil
}

func (s *Server) myAccount(ctx context.Context, l vault.Link, passkeys []signin.Passkey) (MyAccount, error) {
	position, err := s.reader.Account(ctx, l.Account)
	if err != nil {
		return MyAccount{}, err
	}
	programme, err := s.reader.Programme(ctx, position.Programme)
	if err != nil {
		return MyAccount{}, err
	}
	told, err := s.tellAccount(ctx, &position, &programme)
	if err != nil {
		return MyAccount{}, err
	}
	return MyAccount{
		Programme: position.Programme, Name: programme.DisplayName, Own: position.Programme == s.programme, Position: told, Passkey: controlling(&position.Account, passkeys),
	}, nil
}

// controlling finds which passkey controls an account.
func controlling(a *points.Account, passkeys []signin.Passkey) *string {
	if a.Controller.Kind != points.ControllerWebAuthn {
		return nil
	}
	i := slices.IndexFunc(passkeys, func(p signin.Passkey) bool { return p.Key == a.Controller.Key })
	if i < 0 {
		return nil
	}
	return &passkeys[i].ID
}

// GetMyHistory merges the histories of the customer's accounts: a cursor is a place in the channel's blocks, the same for all of them.
func (s *Server) GetMyHistory(ctx context.Context, r GetMyHistoryRequestObject) (GetMyHistoryResponseObject, error) {
	limit, err := pageLimit(r.Params.Limit)
	if err != nil {
		return nil, err
	}
	after, err := cursorOf(r.Params.Cursor)
	if err != nil {
		return nil, err
	}
	links, err := s.people.Vault.Accounts(ctx, personIn(ctx))
	if err != nil {
		return nil, err
	}
	var all []store.Entry
	more := false
	for _, l := range links {
		entries, next, err := s.reader.History(ctx, l.Account, after, limit)
		if err != nil {
			return nil, err
		}
		all, more = append(all, entries...), more || next != nil
	}
	slices.SortFunc(all, newestFirst)
	all = slices.CompactFunc(all, func(a, b store.Entry) bool {
		return newestFirst(a, b) == 0 && a.Receipt.Programme == b.Receipt.Programme
	})
	more = more || len(all) > limit
	all = all[:min(limit, len(all))]
	var next *store.Cursor
	if more && len(all) > 0 {
		last := all[len(all)-1]
		next = &store.Cursor{Block: last.Block, Index: last.Index, Operation: last.Receipt.Operation}
	}
	return GetMyHistory200JSONResponse(pageOf(all, next)), nil
}

// newestFirst orders as one account's history is.
func newestFirst(a, b store.Entry) int {
	return cmp.Or(cmp.Compare(b.Block, a.Block), cmp.Compare(b.Index, a.Index), cmp.Compare(b.Receipt.Operation, a.Receipt.Operation), cmp.Compare(a.Receipt.Programme, b.Receipt.Programme))
}

// AskMyAccountLink says what an account's controller must sign.
func (s *Server) AskMyAccountLink(ctx context.Context, r AskMyAccountLinkRequestObject) (AskMyAccountLinkResponseObject, error) {
	if err := checkID("account", r.Body.Account); err != nil {
		return nil, err
	}
	position, err := s.reader.Account(ctx, points.AccountID(r.Body.Account))
	if err != nil {
		return nil, err
	}
	if position.Account.Controller.Kind == points.ControllerCustodian {
		return nil, wrong(fault.InvalidValue, "/account", "the account is in its brand's custody: that brand links it")
	}
	programme, err := s.reader.Programme(ctx, position.Programme)
	if err != nil {
		return nil, err
	}
	p, err := s.people.SignIn.BeginLink(ctx, personIn(ctx), signin.LinkRequest{Genesis: programme.Genesis, Gateway: s.member, Programme: programme.Brand, Account: position.Account.ID})
	if err != nil {
		return nil, err
	}
	body := PreparedAccountLink{Token: p.Token, Canonical: p.Canonical, Digest: hex.EncodeToString(p.Digest), ExpiresAt: p.Expires.UTC()}
	if position.Account.Controller.Kind == points.ControllerWebAuthn {
		challenge, party := base64.RawURLEncoding.EncodeToString(p.Digest), programme.RelyingParty.ID
		body.Challenge, body.RelyingParty = &challenge, &party
	}
	return AskMyAccountLink200JSONResponse(body), nil
}

// LinkMyAccount links the account whose controller has signed.
func (s *Server) LinkMyAccount(ctx context.Context, r LinkMyAccountRequestObject) (LinkMyAccountResponseObject, error) {
	person := personIn(ctx)
	asked, err := s.people.SignIn.LinkedBy(ctx, person, r.Body.Token)
	if err != nil {
		return nil, err
	}
	position, err := s.reader.Account(ctx, asked)
	if err != nil {
		return nil, err
	}
	programme, err := s.reader.Programme(ctx, position.Programme)
	if err != nil {
		return nil, err
	}
	signed := signin.Signed{Token: r.Body.Token, Signature: r.Body.Signature, WebAuthn: r.Body.Webauthn}
	if _, err := s.people.SignIn.ConfirmLink(ctx, person, signed, position.Account.Controller, &programme.RelyingParty); err != nil {
		return nil, err
	}
	if err := s.people.Vault.Link(ctx, person, position.Programme, position.Account.ID); err != nil {
		return nil, err
	}
	return LinkMyAccount204Response{}, nil
}
