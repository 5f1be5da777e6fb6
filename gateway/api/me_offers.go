package api

import (
	"context"
	"slices"
	"time"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/points"
)

// choices gives who remembers what customers want to see no more; NOT_FOUND where nobody does.
func (s *Server) choices() (Offers, error) {
	if s.people.Offers == nil {
		return nil, fault.New(fault.NotFound, "this gateway remembers nothing about offers")
	}
	return s.people.Offers, nil
}

// DeclineTransfer shows the customer an offer no more.
func (s *Server) DeclineTransfer(ctx context.Context, r DeclineTransferRequestObject) (DeclineTransferResponseObject, error) {
	keeper, err := s.choices()
	if err != nil {
		return nil, err
	}
	if err := checkID("hold", r.Hold); err != nil {
		return nil, err
	}
	until, err := s.offeredUntil(ctx, points.OperationID(r.Hold))
	if err != nil {
		return nil, err
	}
	if err := keeper.Decline(ctx, personIn(ctx), points.OperationID(r.Hold), until); err != nil {
		return nil, err
	}
	return DeclineTransfer204Response{}, nil
}

// offeredUntil is when an open offer to the customer lapses, in Unix seconds; HOLD_UNKNOWN for what is none.
func (s *Server) offeredUntil(ctx context.Context, hold points.OperationID) (int64, error) {
	unknown := wrong(fault.HoldUnknown, "hold", "is no open offer to an account of yours")
	given, err := s.reader.Operation(ctx, hold)
	if fault.CodeOf(err) == fault.NotFound {
		return 0, unknown
	}
	if err != nil {
		return 0, err
	}
	own, err := s.ownAccounts(ctx, personIn(ctx))
	if err != nil {
		return 0, err
	}
	sender, err := s.reader.Account(ctx, given.Account)
	if fault.CodeOf(err) == fault.AccountUnknown {
		return 0, unknown
	}
	if err != nil {
		return 0, err
	}
	found := transfersFrom(&sender, time.Now().Unix(), func(h *points.Hold) bool {
		return h.ID == hold && h.Purpose == points.PurposeTransfer && slices.Contains(own, h.To)
	})
	if len(found) == 0 {
		return 0, unknown
	}
	return found[0].Until, nil
}

// ListMutedSenders lists whose offers the customer doesn't want to see.
func (s *Server) ListMutedSenders(ctx context.Context, _ ListMutedSendersRequestObject) (ListMutedSendersResponseObject, error) {
	keeper, err := s.choices()
	if err != nil {
		return nil, err
	}
	all, err := keeper.Of(ctx, personIn(ctx))
	if err != nil {
		return nil, err
	}
	body := MutedSenders{Accounts: make([]string, len(all.Muted))}
	for i, account := range all.Muted {
		body.Accounts[i] = string(account)
	}
	return ListMutedSenders200JSONResponse(body), nil
}

// MuteSender shows the customer no offers of an account any more.
func (s *Server) MuteSender(ctx context.Context, r MuteSenderRequestObject) (MuteSenderResponseObject, error) {
	keeper, err := s.choices()
	if err != nil {
		return nil, err
	}
	if err := checkID("account", r.Account); err != nil {
		return nil, err
	}
	if err := keeper.Mute(ctx, personIn(ctx), points.AccountID(r.Account)); err != nil {
		return nil, err
	}
	return MuteSender204Response{}, nil
}

// UnmuteSender shows them again.
func (s *Server) UnmuteSender(ctx context.Context, r UnmuteSenderRequestObject) (UnmuteSenderResponseObject, error) {
	keeper, err := s.choices()
	if err != nil {
		return nil, err
	}
	if err := checkID("account", r.Account); err != nil {
		return nil, err
	}
	if err := keeper.Unmute(ctx, personIn(ctx), points.AccountID(r.Account)); err != nil {
		return nil, err
	}
	return UnmuteSender204Response{}, nil
}
