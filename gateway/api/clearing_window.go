package api

import (
	"context"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/tallystick/tallystick/chaincode/clearing"
	"github.com/tallystick/tallystick/chaincode/engine"
	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/quantity"
	"github.com/tallystick/tallystick/chaincode/wire"
	"github.com/tallystick/tallystick/gateway/store"
	"github.com/tallystick/tallystick/gateway/treasury"
)

// ListWindows lists a currency's windows, the newest first.
func (s *Server) ListWindows(ctx context.Context, r ListWindowsRequestObject) (ListWindowsResponseObject, error) {
	reads, err := s.windowReads(r.Params.Currency, 1)
	if err != nil {
		return nil, err
	}
	list := store.ClearingList{Object: engine.ObjectWindow, Prefix: r.Params.Currency + "/", Order: store.Descending}
	windows, next, err := clearingPage[clearing.Window](ctx, reads, list, r.Params.Limit, r.Params.After)
	if err != nil {
		return nil, err
	}
	return ListWindows200JSONResponse{Windows: windows, Next: next}, nil
}

// GetWindow tells everything public of a window.
func (s *Server) GetWindow(ctx context.Context, r GetWindowRequestObject) (GetWindowResponseObject, error) {
	reads, err := s.windowReads(r.Currency, r.Number)
	if err != nil {
		return nil, err
	}
	out := GetWindow200JSONResponse{}
	if out.Window, err = windowRecord(ctx, reads, r.Currency, r.Number); err != nil {
		return nil, err
	}
	id := store.WindowID(r.Currency, r.Number)
	if out.Nets, err = store.All[clearing.PairNets](ctx, reads, store.ClearingList{Object: engine.ObjectPairNets, Prefix: id}); err != nil {
		return nil, err
	}
	if out.Positions, err = store.All[clearing.Position](ctx, reads, store.ClearingList{Object: engine.ObjectPosition, Prefix: id}); err != nil {
		return nil, err
	}
	if out.Legs, err = store.All[clearing.Leg](ctx, reads, store.ClearingList{Object: engine.ObjectLeg, Prefix: id}); err != nil {
		return nil, err
	}
	netting := new(clearing.Netting)
	switch err := reads.Record(ctx, store.ClearingRef{Object: engine.ObjectNetting, ID: id}, netting); {
	case err == nil:
		out.Netting = netting
	case fault.CodeOf(err) != fault.NotFound:
		return nil, err
	}
	return out, nil
}

// StepWindow brings a window on by hand.
func (s *Server) StepWindow(ctx context.Context, r StepWindowRequestObject) (StepWindowResponseObject, error) {
	if err := window(r.Currency, r.Number); err != nil {
		return nil, err
	}
	w, err := s.step(ctx, &r)
	if err != nil {
		return nil, err
	}
	return StepWindow200JSONResponse(w), nil
}

func (s *Server) step(ctx context.Context, r *StepWindowRequestObject) (clearing.Window, error) {
	reason := valueOr(r.Body.Reason, "")
	if reason != "" && r.Body.Step != "roll" {
		return clearing.Window{}, wrong(fault.InvalidValue, "/reason", "only roll takes a reason")
	}
	rolling := wire.Rolling{Currency: r.Currency, Number: r.Number, Reason: reason}
	if reason != "" {
		if s.clearing.Operator == nil {
			return clearing.Window{}, errNoOperator()
		}
		if err := clearing.ValidReason(reason); err != nil {
			return clearing.Window{}, wrong(fault.InvalidValue, "/reason", "%s", detailOf(err))
		}
		return s.clearing.Operator.Roll(ctx, rolling)
	}
	gateway := s.clearing.Gateway
	if gateway == nil {
		return clearing.Window{}, errNoClearingGateway()
	}
	switch r.Body.Step {
	case "roll":
		return gateway.Roll(ctx, rolling)
	case "close":
		return gateway.Close(ctx, r.Currency, r.Number)
	case "net":
		return gateway.Net(ctx, r.Currency, r.Number)
	case "settle":
		return gateway.Settle(ctx, r.Currency, r.Number)
	}
	return clearing.Window{}, wrong(fault.InvalidValue, "/step", "must be roll, close, net or settle")
}

// DiscloseNet discloses what a pair of the own member's owes each other.
func (s *Server) DiscloseNet(ctx context.Context, r DiscloseNetRequestObject) (DiscloseNetResponseObject, error) {
	reads, err := s.windowReads(r.Currency, r.Number)
	if err != nil {
		return nil, err
	}
	if s.clearing.Gateway == nil {
		return nil, errNoClearingGateway()
	}
	a, b := clearing.PairOf(s.member, r.Body.Partner)
	if _, err := pairOf(a, b); err != nil {
		return nil, wrong(fault.InvalidValue, "/partner", "must be another member")
	}
	of := valueOr(r.Body.Window, r.Number)
	if of < 1 || of > r.Number {
		return nil, wrong(fault.InvalidValue, "/window", "must be this window or one before it")
	}
	tallies, err := treasury.Tallies(ctx, reads, a, b, r.Currency, of)
	if err != nil {
		return nil, err
	}
	doc := wire.NetDisclosure{Currency: r.Currency, Window: of, Netting: r.Number, A: a, B: b, Values: []wire.TallyValues{}}
	for _, t := range tallies {
		doc.Values = append(doc.Values, wire.TallyValues{MSP: t.MSP, Lane: t.Lane, Salt: t.Salt, Net: t.Net, Count: t.Count})
	}
	nets, err := s.clearing.Gateway.Disclose(ctx, doc)
	if err != nil {
		return nil, err
	}
	return DiscloseNet200JSONResponse(nets), nil
}

// SignPosition signs a position that the gateway computed itself.
func (s *Server) SignPosition(ctx context.Context, r SignPositionRequestObject) (SignPositionResponseObject, error) {
	reads, err := s.windowReads(r.Currency, r.Number)
	if err != nil {
		return nil, err
	}
	member, err := s.memberOr(r.Body.Member)
	if err != nil {
		return nil, err
	}
	if s.clearing.Treasurer == nil {
		return nil, errNoTreasurer()
	}
	own, err := treasury.Recompute(ctx, reads, treasury.Signatory{Member: member, By: s.member}, r.Currency, r.Number)
	if err != nil {
		return nil, err
	}
	if own.Net != quantity.Minor(r.Body.NetMinor) || own.Root != r.Body.Root {
		return nil, fault.New(fault.PositionMismatch, "the gateway's own data make %d minor units and root %s for %s", int64(own.Net), own.Root, member)
	}
	position, err := s.clearing.Treasurer.Sign(ctx, wire.PositionSignature{Currency: r.Currency, Window: r.Number, Member: member, Net: own.Net, Root: own.Root})
	if err != nil {
		return nil, err
	}
	return SignPosition200JSONResponse(position), nil
}

// GetPositions tells what pairs owe each other in a window.
func (s *Server) GetPositions(ctx context.Context, r GetPositionsRequestObject) (GetPositionsResponseObject, error) {
	reads, err := s.windowReads(r.Params.Currency, valueOr(r.Params.Window, 1))
	if err != nil {
		return nil, err
	}
	member, err := s.memberOr(r.Params.Member)
	if err != nil {
		return nil, err
	}
	number := valueOr(r.Params.Window, 0)
	if number == 0 {
		if number, err = openWindow(ctx, reads, r.Params.Currency); err != nil {
			return nil, err
		}
	}
	out := GetPositions200JSONResponse{Member: member, Currency: r.Params.Currency, Pairs: []PairPosition{}}
	if out.Window, err = windowRecord(ctx, reads, r.Params.Currency, number); err != nil {
		return nil, err
	}
	if err := s.addPairs(ctx, reads, (*Positions)(&out)); err != nil {
		return nil, err
	}
	position := new(clearing.Position)
	switch err := reads.Record(ctx, store.ClearingRef{Object: engine.ObjectPosition, ID: store.WindowID(out.Currency, number) + "/" + member}, position); {
	case err == nil:
		out.Netted = position
	case fault.CodeOf(err) != fault.NotFound:
		return nil, err
	}
	return out, nil
}

// addPairs adds the pairs of the member, as far as the own peer holds their data, and what they come to for it.
func (s *Server) addPairs(ctx context.Context, reads *store.ClearingReads, out *Positions) error {
	pairs, err := treasury.PairsOf(ctx, reads, out.Member)
	if err != nil {
		return err
	}
	for _, p := range pairs {
		position, err := treasury.Intraday(ctx, reads, p, out.Currency, out.Window.Number)
		if err != nil {
			return err
		}
		net := position.Net
		if p.A == out.Member {
			net = -net
		}
		if out.Net, err = out.Net.Add(net); err != nil {
			return err
		}
		out.Pairs = append(out.Pairs, position)
	}
	return nil
}

// GetClearingStatement makes a member's statement of a window.
func (s *Server) GetClearingStatement(ctx context.Context, r GetClearingStatementRequestObject) (GetClearingStatementResponseObject, error) {
	reads, err := s.windowReads(r.Currency, r.Number)
	if err != nil {
		return nil, err
	}
	member, err := s.memberOr(r.Params.Member)
	if err != nil {
		return nil, err
	}
	var made *treasury.Statement
	if err := s.alone(func() error {
		made, err = treasury.StatementOf(ctx, reads, member, r.Currency, r.Number)
		return err
	}); err != nil {
		return nil, err
	}
	if c, ok := ctx.(*gin.Context); !ok || c.NegotiateFormat(gin.MIMEJSON, "text/csv") != "text/csv" {
		return GetClearingStatement200JSONResponse(*made), nil
	}
	var text strings.Builder
	if err := treasury.WriteCSV(&text, made); err != nil {
		return nil, err
	}
	return GetClearingStatement200TextcsvCharsetUtf8Response{Body: strings.NewReader(text.String()), ContentLength: int64(text.Len())}, nil
}
