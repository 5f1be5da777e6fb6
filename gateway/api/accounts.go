package api

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"strings"
	"time"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/gateway/store"
)

// DefaultPage is the number of entries of a page of history when the caller names none.
const DefaultPage = 50

// LookupAccount finds the account of a customer's reference.
func (s *Server) LookupAccount(ctx context.Context, r LookupAccountRequestObject) (LookupAccountResponseObject, error) {
	c := &checker{}
	c.text("reference", &r.Body.Reference, MaxReference)
	if err := c.failure(); err != nil {
		return nil, err
	}
	lookup := s.hasher.Lookup(r.Body.Reference)
	found, err := s.reader.Lookups(ctx, []string{lookup})
	if err != nil {
		return nil, err
	}
	account, known := found[lookup]
	if !known {
		if account, known, err = s.inVault(ctx, r.Body.Reference); err != nil {
			return nil, err
		}
	}
	if !known {
		return nil, wrong(fault.AccountUnknown, "/reference", "no account has this reference: open one first")
	}
	return LookupAccount200JSONResponse{Account: string(account), Programme: s.programme}, nil
}

// GetAccount tells an account's position.
func (s *Server) GetAccount(ctx context.Context, r GetAccountRequestObject) (GetAccountResponseObject, error) {
	if err := checkID("id", r.Id); err != nil {
		return nil, err
	}
	position, err := s.reader.Account(ctx, points.AccountID(r.Id))
	if err != nil {
		return nil, err
	}
	programme, err := s.reader.Programme(ctx, position.Programme)
	if err != nil {
		return nil, err
	}
	body, err := s.tellAccount(ctx, &position, &programme)
	if err != nil {
		return nil, err
	}
	tag, err := entityTag(body)
	if err != nil {
		return nil, err
	}
	if matches(valueOr(r.Params.IfNoneMatch, ""), tag) {
		return GetAccount304Response{Headers: GetAccount304ResponseHeaders{ETag: tag}}, nil
	}
	return GetAccount200JSONResponse{Body: body, Headers: GetAccount200ResponseHeaders{ETag: tag}}, nil
}

// tellAccount is how the API tells a position.
func (s *Server) tellAccount(ctx context.Context, position *store.Position, programme *points.Programme) (Account, error) {
	body, err := accountOf(&position.Account, programme, time.Now().Unix())
	if err != nil {
		return Account{}, err
	}
	body.Waiting = int64(position.Waiting)
	program, err := s.program(ctx, programme)
	if err != nil {
		return Account{}, err
	}
	addStanding(&body, &position.Account, programme, program)
	return body, nil
}

// entityTag is a strong ETag (RFC 9110) of what is answered.
func entityTag(body any) (string, error) {
	raw, err := json.Marshal(body)
	if err != nil {
		return "", fault.New(fault.Internal, "an answer can't be encoded: %v", err)
	}
	sum := sha256.Sum256(raw)
	return `"` + hex.EncodeToString(sum[:16]) + `"`, nil
}

// matches says whether an If-None-Match header names the tag; weak comparison, as the RFC wants.
func matches(header, tag string) bool {
	for _, candidate := range strings.Split(header, ",") {
		candidate = strings.TrimPrefix(strings.TrimSpace(candidate), "W/")
		if candidate == tag || candidate == "*" {
			return true
		}
	}
	return false
}

// GetHistory lists an account's receipts, newest first.
func (s *Server) GetHistory(ctx context.Context, r GetHistoryRequestObject) (GetHistoryResponseObject, error) {
	if err := checkID("id", r.Id); err != nil {
		return nil, err
	}
	limit, err := pageLimit(r.Params.Limit)
	if err != nil {
		return nil, err
	}
	after, err := cursorOf(r.Params.Cursor)
	if err != nil {
		return nil, err
	}
	id := points.AccountID(r.Id)
	entries, next, err := s.reader.History(ctx, id, after, limit)
	if err != nil {
		return nil, err
	}
	if len(entries) == 0 && after == nil {
		if _, err := s.reader.Account(ctx, id); err != nil {
			return nil, err
		}
	}
	return GetHistory200JSONResponse(pageOf(entries, next)), nil
}

// pageLimit is how many entries a page has that a caller asks for, DefaultPage when it asks for none.
func pageLimit(asked *int) (int, error) {
	limit := valueOr(asked, DefaultPage)
	if limit < 1 || limit > store.MaxPage {
		return 0, wrong(fault.InvalidValue, "limit", "limit must lie between 1 and %d", store.MaxPage)
	}
	return limit, nil
}

func cursorOf(text *string) (*store.Cursor, error) {
	if text == nil {
		return nil, nil
	}
	c, err := store.ParseCursor(*text)
	if err != nil {
		return nil, wrong(fault.InvalidValue, "cursor", "the cursor is not one that a page gave")
	}
	return &c, nil
}

func pageOf(entries []store.Entry, next *store.Cursor) History {
	page := History{Entries: make([]HistoryEntry, len(entries))}
	for i, e := range entries {
		page.Entries[i] = HistoryEntry{Receipt: e.Receipt, Block: e.Block, TransactionTime: e.Time}
	}
	if next != nil {
		text := next.String()
		page.Next = &text
	}
	return page
}
