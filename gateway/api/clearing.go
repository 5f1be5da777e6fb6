package api

import (
	"context"
	"strconv"
	"strings"

	"github.com/tallystick/tallystick/chaincode/clearing"
	"github.com/tallystick/tallystick/chaincode/engine"
	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/quantity"
	"github.com/tallystick/tallystick/chaincode/wire"
	"github.com/tallystick/tallystick/gateway/store"
)

// What the routes of clearing share.

func errNoTreasurer() error {
	return fault.New(fault.Forbidden, "this gateway has no treasurer's identity configured")
}

func errNoClearingGateway() error {
	return fault.New(fault.Forbidden, "this gateway takes no part in clearing")
}

// reads is the read model of clearing.
func (s *Server) reads() (*store.ClearingReads, error) {
	if s.clearing.Reads == nil {
		return nil, fault.New(fault.NotFound, "this gateway follows no clearing")
	}
	return s.clearing.Reads, nil
}

// windowReads is reads for questions about a window, whose currency and number it checks.
func (s *Server) windowReads(currency string, number int64) (*store.ClearingReads, error) {
	reads, err := s.reads()
	if err != nil {
		return nil, err
	}
	return reads, window(currency, number)
}

// pairReads is reads for questions about a pair, whose names in the path it checks.
func (s *Server) pairReads(a, b string) (*store.ClearingReads, clearing.Pair, error) {
	reads, err := s.reads()
	if err != nil {
		return nil, clearing.Pair{}, err
	}
	p, err := pairOf(a, b)
	return reads, p, err
}

// pairOf checks the two names of a pair in a path.
func pairOf(a, b string) (clearing.Pair, error) {
	if !clearing.ValidName(a) || !clearing.ValidName(b) || a >= b {
		return clearing.Pair{}, wrong(fault.InvalidValue, "a", "a pair is two members' names in their order")
	}
	return clearing.Pair{A: a, B: b}, nil
}

// partnerOf is the other member of a pair of the own member's; FORBIDDEN for a pair of others.
func (s *Server) partnerOf(a, b string) (string, error) {
	p, err := pairOf(a, b)
	if err != nil {
		return "", err
	}
	switch s.member {
	case p.A:
		return p.B, nil
	case p.B:
		return p.A, nil
	}
	return "", fault.New(fault.Forbidden, "%s and %s deal with each other at their own gateways", a, b)
}

// window checks how a window is named in a path.
func window(currency string, number int64) error {
	if quantity.ValidCurrency(currency) != nil {
		return wrong(fault.InvalidValue, "currency", "must be a three-letter ISO 4217 code")
	}
	if number < 1 || number > clearing.MaxWindow {
		return wrong(fault.InvalidValue, "number", "windows are numbered from 1 to %d", clearing.MaxWindow)
	}
	return nil
}

// memberOr is a brand that a query names, or the own member.
func (s *Server) memberOr(name *string) (string, error) {
	member := valueOr(name, s.member)
	if !clearing.ValidName(member) {
		return "", wrong(fault.InvalidValue, "member", "must be a member's name")
	}
	return member, nil
}

// clearingPage reads a page of records of one object, and where the next one begins; nil when there is none.
func clearingPage[T any](ctx context.Context, reads *store.ClearingReads, list store.ClearingList, limit *int, after *string) ([]T, *string, error) {
	size, err := pageLimit(limit)
	if err != nil {
		return nil, nil, err
	}
	list.Limit, list.After = size, valueOr(after, "")
	records, err := reads.Records(ctx, list)
	if err != nil {
		return nil, nil, err
	}
	out := make([]T, len(records))
	for i := range records {
		if err := records[i].Into(&out[i]); err != nil {
			return nil, nil, err
		}
	}
	if len(records) < size {
		return out, nil, nil
	}
	last := records[size-1].ID
	list.After, list.Limit = last, 1
	more, err := reads.Records(ctx, list)
	if err != nil || len(more) == 0 {
		return out, nil, err
	}
	return out, &last, nil
}

// openWindow is the number of a currency's open window.
func openWindow(ctx context.Context, reads *store.ClearingReads, currency string) (int64, error) {
	var pointer clearing.WindowPointer
	err := reads.Record(ctx, store.ClearingRef{Object: engine.ObjectWindow, ID: currency}, &pointer)
	return pointer.Number, err
}

func windowRecord(ctx context.Context, reads *store.ClearingReads, currency string, number int64) (clearing.Window, error) {
	var w clearing.Window
	return w, reads.Record(ctx, store.ClearingRef{Object: engine.ObjectWindow, ID: store.WindowID(currency, number)}, &w)
}

// ListMembers lists the consortium's members.
func (s *Server) ListMembers(ctx context.Context, _ ListMembersRequestObject) (ListMembersResponseObject, error) {
	reads, err := s.reads()
	if err != nil {
		return nil, err
	}
	var members clearing.Consortium
	if err := reads.Record(ctx, store.ClearingRef{Object: engine.ObjectConsortium}, &members); err != nil {
		return nil, err
	}
	caps, err := store.All[clearing.Cap](ctx, reads, store.ClearingList{Object: engine.ObjectCap})
	if err != nil {
		return nil, err
	}
	standings, err := store.All[clearing.Standing](ctx, reads, store.ClearingList{Object: engine.ObjectStanding})
	if err != nil {
		return nil, err
	}
	return ListMembers200JSONResponse{Members: members.Members, Caps: caps, Standings: standings}, nil
}

// CloseMembership lets a member go.
func (s *Server) CloseMembership(ctx context.Context, r CloseMembershipRequestObject) (CloseMembershipResponseObject, error) {
	if s.clearing.Operator == nil {
		return nil, errNoOperator()
	}
	final, err := s.clearing.Operator.CloseMembership(ctx, wire.Closing{Member: r.Name, Hash: r.Body.Hash, Windows: r.Body.Windows})
	if err != nil {
		return nil, err
	}
	return CloseMembership200JSONResponse(final), nil
}

// ListCurrencies lists what is cleared.
func (s *Server) ListCurrencies(ctx context.Context, _ ListCurrenciesRequestObject) (ListCurrenciesResponseObject, error) {
	reads, err := s.reads()
	if err != nil {
		return nil, err
	}
	var currencies wire.Currencies
	if err := reads.Record(ctx, store.ClearingRef{Object: engine.ObjectCurrencies}, &currencies); err != nil && fault.CodeOf(err) != fault.NotFound {
		return nil, err
	}
	out := ListCurrencies200JSONResponse{Currencies: []ClearedCurrency{}}
	for _, currency := range currencies.List {
		open, err := openWindow(ctx, reads, currency)
		if err != nil {
			return nil, err
		}
		calendar := clearing.DefaultCalendar(currency)
		if err := reads.Record(ctx, store.ClearingRef{Object: engine.ObjectCalendar, ID: currency}, calendar); err != nil && fault.CodeOf(err) != fault.NotFound {
			return nil, err
		}
		out.Currencies = append(out.Currencies, ClearedCurrency{Currency: currency, Open: open, Calendar: *calendar})
	}
	return out, nil
}

// OpenCurrency opens the first window of a currency.
func (s *Server) OpenCurrency(ctx context.Context, r OpenCurrencyRequestObject) (OpenCurrencyResponseObject, error) {
	if s.clearing.Operator == nil {
		return nil, errNoOperator()
	}
	if err := window(r.Body.Currency, 1); err != nil {
		return nil, err
	}
	w, err := s.clearing.Operator.Open(ctx, r.Body.Currency)
	if err != nil {
		return nil, err
	}
	return OpenCurrency200JSONResponse(w), nil
}

// ListClearingEvents gives a page of events.
func (s *Server) ListClearingEvents(ctx context.Context, r ListClearingEventsRequestObject) (ListClearingEventsResponseObject, error) {
	reads, err := s.reads()
	if err != nil {
		return nil, err
	}
	after, err := eventPlace(r.Params.After)
	if err != nil {
		return nil, err
	}
	limit, err := pageLimit(r.Params.Limit)
	if err != nil {
		return nil, err
	}
	events, err := reads.Events(ctx, after, limit)
	if err != nil {
		return nil, err
	}
	out := ListClearingEvents200JSONResponse{Events: append([]ClearingEvent{}, events...), Next: r.Params.After}
	if n := len(events); n > 0 {
		next := strconv.FormatUint(events[n-1].Block, 10) + "-" + strconv.Itoa(events[n-1].N)
		out.Next = &next
	}
	return out, nil
}

// eventPlace reads the cursor of events: block-n.
func eventPlace(cursor *string) (*store.EventPlace, error) {
	if cursor == nil {
		return nil, nil
	}
	block, n, _ := strings.Cut(*cursor, "-")
	place := new(store.EventPlace)
	var errBlock, errN error
	place.Block, errBlock = strconv.ParseInt(block, 10, 64)
	place.N, errN = strconv.Atoi(n)
	if errBlock != nil || errN != nil || place.Block < 0 || place.N < 0 {
		return nil, wrong(fault.InvalidValue, "after", "must be the next of an earlier page")
	}
	return place, nil
}

// ListAlarms tells what the clerk leaves to people.
func (s *Server) ListAlarms(context.Context, ListAlarmsRequestObject) (ListAlarmsResponseObject, error) {
	out := ListAlarms200JSONResponse{Alarms: []Alarm{}}
	if s.clearing.Alarms == nil {
		return out, nil
	}
	for _, a := range s.clearing.Alarms() {
		out.Alarms = append(out.Alarms, Alarm{Kind: string(a.Kind), Currency: a.Currency, Window: a.Window, Member: a.Member, Text: a.Text, Since: a.Since})
	}
	return out, nil
}
