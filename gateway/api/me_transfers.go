package api

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/gateway/people/offers"
	"github.com/tallystick/tallystick/gateway/store"
)

// Pages of offers.
const (
	defaultSenders = 50
	mostTurns      = 10 // Pages of the read model of which one page is made at most, when the customer wants to see nothing of them.
)

// ListMyTransfers lists what waits for the customer's accounts of the own programme, and what waits for others from them.
func (s *Server) ListMyTransfers(ctx context.Context, r ListMyTransfersRequestObject) (ListMyTransfersResponseObject, error) {
	limit := valueOr(r.Params.Limit, defaultSenders)
	if limit < 1 || limit > store.MaxPage {
		return nil, wrong(fault.InvalidValue, "limit", "limit must lie between 1 and %d", store.MaxPage)
	}
	after, err := senderPlace(r.Params.Cursor)
	if err != nil {
		return nil, err
	}
	own, err := s.ownAccounts(ctx, personIn(ctx))
	if err != nil {
		return nil, err
	}
	now := time.Now().Unix()
	body := MyTransfers{Incoming: []MyTransfer{}, Outgoing: []MyTransfer{}}
	if after == nil {
		if body.Outgoing, err = s.outgoing(ctx, own, now); err != nil {
			return nil, err
		}
	}
	incoming, next, err := s.incoming(ctx, own, now, after, limit)
	if err != nil {
		return nil, err
	}
	body.Incoming = append(body.Incoming, incoming...)
	if next != nil {
		text := next.String()
		body.Next = &text
	}
	for _, list := range [][]MyTransfer{body.Incoming, body.Outgoing} {
		slices.SortFunc(list, func(a, b MyTransfer) int { return cmp.Or(cmp.Compare(a.Until, b.Until), cmp.Compare(a.Hold, b.Hold)) })
	}
	return ListMyTransfers200JSONResponse(body), nil
}

func senderPlace(cursor *string) (*store.SenderPlace, error) {
	if cursor == nil {
		return nil, nil
	}
	place, err := store.ParseSenderPlace(*cursor)
	if err != nil {
		return nil, wrong(fault.InvalidValue, "cursor", "the cursor is not one that a page gave")
	}
	return &place, nil
}

func (s *Server) outgoing(ctx context.Context, own []points.AccountID, now int64) ([]MyTransfer, error) {
	all := []MyTransfer{}
	for _, id := range own {
		position, err := s.reader.Account(ctx, id)
		if fault.CodeOf(err) == fault.AccountUnknown { // Its opening is not committed yet.
			continue
		}
		if err != nil {
			return nil, err
		}
		all = append(all, transfersFrom(&position, now, isTransfer)...)
	}
	return all, nil
}

// incoming lists offers of a page of senders which the customer wants to see, and where the next page begins; nil when there is none.
func (s *Server) incoming(ctx context.Context, own []points.AccountID, now int64, after *store.SenderPlace, limit int) ([]MyTransfer, *store.SenderPlace, error) {
	if len(own) == 0 {
		return nil, nil, nil
	}
	var unwanted offers.Choices
	if s.people.Offers != nil {
		var err error
		if unwanted, err = s.people.Offers.Of(ctx, personIn(ctx)); err != nil {
			return nil, nil, err
		}
	}
	wanted := func(h *points.Hold) bool {
		_, declined := unwanted.Declined[h.ID]
		return h.Purpose == points.PurposeTransfer && slices.Contains(own, h.To) && !declined
	}
	var all []MyTransfer
	for range mostTurns {
		senders, next, err := s.reader.Senders(ctx, own, now, after, limit)
		if err != nil {
			return nil, nil, err
		}
		for i := range senders {
			if !slices.Contains(unwanted.Muted, senders[i].Account.ID) {
				all = append(all, transfersFrom(&senders[i], now, wanted)...)
			}
		}
		if after = next; next == nil || len(all) > 0 {
			break
		}
	}
	return all, after, nil
}

// LookUpGift tells what a gift is to who has its code.
func (s *Server) LookUpGift(ctx context.Context, r LookUpGiftRequestObject) (LookUpGiftResponseObject, error) {
	if err := checkID("hold", r.Body.Hold); err != nil {
		return nil, err
	}
	given, err := s.reader.Operation(ctx, points.OperationID(r.Body.Hold))
	if fault.CodeOf(err) == fault.NotFound {
		return nil, goneGift()
	}
	if err != nil {
		return nil, err
	}
	sender, err := s.reader.Account(ctx, given.Account)
	if fault.CodeOf(err) == fault.AccountUnknown {
		return nil, goneGift()
	}
	if err != nil {
		return nil, err
	}
	if sender.Programme != s.programme { // Its own wallet's customers take it.
		return nil, goneGift()
	}
	claim := points.ClaimHash(sender.Account.ID, r.Body.ClaimCode)
	isGift := func(h *points.Hold) bool { return h.ID == given.ID && h.Purpose == points.PurposeGift }
	now := time.Now().Unix()
	if len(transfersFrom(&sender, now, isGift)) == 0 {
		return nil, goneGift()
	}
	found := transfersFrom(&sender, now, func(h *points.Hold) bool { return isGift(h) && h.Claim == claim })
	if len(found) == 0 {
		return nil, wrong(fault.ClaimInvalid, "/claimCode", "is not this gift's")
	}
	return LookUpGift200JSONResponse(found[0]), nil
}

func goneGift() error {
	return wrong(fault.HoldUnknown, "/hold", "there is no such gift, or it was taken, taken back, or has lapsed")
}

// isTransfer says whether a hold waits for somebody to take its points.
func isTransfer(h *points.Hold) bool {
	return h.Purpose == points.PurposeTransfer || h.Purpose == points.PurposeGift
}

// transfersFrom lists an account's open transfers of which wanted is true.
func transfersFrom(position *store.Position, now int64, wanted func(*points.Hold) bool) []MyTransfer {
	var list []MyTransfer
	for i := range position.Account.Holds {
		h := &position.Account.Holds[i]
		if h.Until <= now || !wanted(h) {
			continue
		}
		o := MyTransfer{
			Hold: string(h.ID), Kind: string(h.Purpose), Programme: position.Programme, From: string(position.Account.ID), Points: int64(h.Points), Until: h.Until,
		}
		if h.To != "" {
			to := string(h.To)
			o.To = &to
		}
		list = append(list, o)
	}
	return list
}
