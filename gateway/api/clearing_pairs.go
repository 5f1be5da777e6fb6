package api

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"strconv"
	"strings"
	"time"

	"github.com/tallystick/tallystick/chaincode/clearing"
	"github.com/tallystick/tallystick/chaincode/engine"
	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/wire"
	"github.com/tallystick/tallystick/gateway/random"
	"github.com/tallystick/tallystick/gateway/store"
	"github.com/tallystick/tallystick/gateway/treasury"
)

// ListPairs lists the pairs that this gateway sees.
func (s *Server) ListPairs(ctx context.Context, _ ListPairsRequestObject) (ListPairsResponseObject, error) {
	reads, err := s.reads()
	if err != nil {
		return nil, err
	}
	pairs, err := treasury.PairsOf(ctx, reads, "")
	if err != nil {
		return nil, err
	}
	out := ListPairs200JSONResponse{Pairs: []PairLimits{}}
	for _, p := range pairs {
		limits, err := treasury.LimitsOf(ctx, reads, p)
		if fault.CodeOf(err) == fault.NotFound {
			continue // An agreement was proposed, and nothing more.
		}
		if err != nil {
			return nil, err
		}
		out.Pairs = append(out.Pairs, *limits)
	}
	return out, nil
}

// GetLimits tells a pair's limits.
func (s *Server) GetLimits(ctx context.Context, r GetLimitsRequestObject) (GetLimitsResponseObject, error) {
	reads, p, err := s.pairReads(r.A, r.B)
	if err != nil {
		return nil, err
	}
	limits, err := treasury.LimitsOf(ctx, reads, p)
	if err != nil {
		return nil, err
	}
	return GetLimits200JSONResponse(*limits), nil
}

// ListAgreements lists the versions of a pair's agreement.
func (s *Server) ListAgreements(ctx context.Context, r ListAgreementsRequestObject) (ListAgreementsResponseObject, error) {
	reads, p, err := s.pairReads(r.A, r.B)
	if err != nil {
		return nil, err
	}
	collection := clearing.PairCollection(p.A, p.B)
	agreements, err := store.All[clearing.Agreement](ctx, reads, store.ClearingList{Collection: collection, Object: engine.ObjectAgreement})
	if err != nil {
		return nil, err
	}
	out := ListAgreements200JSONResponse{Agreements: agreements}
	for i := range agreements {
		if agreements[i].From <= time.Now().Unix() {
			out.InForce = agreements[i].Version
		}
	}
	if out.Proposed, err = proposed(ctx, reads, collection); err != nil {
		return nil, err
	}
	if len(agreements) == 0 && out.Proposed == nil {
		return nil, fault.New(fault.NotFound, "this gateway sees no agreement of %s and %s", p.A, p.B)
	}
	return out, nil
}

// proposed is the agreement that waits for acceptance, with the hash that names exactly it; nil when none does.
func proposed(ctx context.Context, reads *store.ClearingReads, collection string) (*ProposedAgreement, error) {
	record, err := reads.Raw(ctx, store.ClearingRef{Collection: collection, Object: engine.ObjectProposed})
	if fault.CodeOf(err) == fault.NotFound {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var proposal wire.AgreementProposal
	if err := record.Into(&proposal); err != nil {
		return nil, err
	}
	sum := sha256.Sum256(record.Body)
	return &ProposedAgreement{Proposer: proposal.Proposer, Hash: hex.EncodeToString(sum[:]), Agreement: proposal.Agreement}, nil
}

// ProposeAgreement proposes a version to the partner.
func (s *Server) ProposeAgreement(ctx context.Context, r ProposeAgreementRequestObject) (ProposeAgreementResponseObject, error) {
	partner, err := s.partnerOf(r.A, r.B)
	if err != nil {
		return nil, err
	}
	if s.clearing.Treasurer == nil {
		return nil, errNoTreasurer()
	}
	g := *r.Body
	if g.V != 0 || g.Salt != "" || g.A != "" || g.B != "" {
		return nil, wrong(fault.InvalidValue, "/salt", "v, salt, a and b are the gateway's to fill in")
	}
	g.V, g.A, g.B, g.Salt = 1, r.A, r.B, random.Hex(wire.SaltLength/2)
	for i := range g.Sides {
		offer := &g.Sides[i].Offer
		if offer.Version != 0 && offer.Version != g.Version || offer.From != 0 && offer.From != g.From {
			return nil, wrong(fault.InvalidValue, "/sides/"+strconv.Itoa(i)+"/offer", "the offers of an agreement have its version and beginning")
		}
		offer.Version, offer.From = g.Version, g.From
	}
	if err := g.Validate(); err != nil {
		return nil, err
	}
	if err := s.clearing.Treasurer.ProposeAgreement(ctx, partner, &g); err != nil {
		return nil, err
	}
	return ProposeAgreement200JSONResponse(g), nil
}

// AcceptAgreement accepts what the partner proposed.
func (s *Server) AcceptAgreement(ctx context.Context, r AcceptAgreementRequestObject) (AcceptAgreementResponseObject, error) {
	partner, err := s.partnerOf(r.A, r.B)
	if err != nil {
		return nil, err
	}
	if s.clearing.Treasurer == nil {
		return nil, errNoTreasurer()
	}
	c := &checker{}
	c.hash("hash", &r.Body.Hash)
	within(c, "version", &r.Body.Version, span{1, clearing.MaxVersion})
	if err := c.failure(); err != nil {
		return nil, err
	}
	if err := s.clearing.Treasurer.AcceptAgreement(ctx, partner, r.Body.Version, r.Body.Hash); err != nil {
		return nil, err
	}
	return AcceptAgreement200JSONResponse(*r.Body), nil
}

// MoveSlice moves room between two lanes.
func (s *Server) MoveSlice(ctx context.Context, r MoveSliceRequestObject) (MoveSliceResponseObject, error) {
	partner, err := s.partnerOf(r.A, r.B)
	if err != nil {
		return nil, err
	}
	if s.clearing.Gateway == nil {
		return nil, errNoClearingGateway()
	}
	move := wire.SliceMove{Salt: random.Hex(wire.SaltLength / 2), From: r.Body.From, To: r.Body.To, Direction: r.Body.Direction, Amount: r.Body.Amount}
	if move.Amount <= 0 {
		return nil, wrong(fault.InvalidValue, "/amount", "must be more than nothing")
	}
	if err := s.clearing.Gateway.MoveSlice(ctx, partner, move); err != nil {
		return nil, err
	}
	return MoveSlice200JSONResponse(*r.Body), nil
}

// ListObligations gives a page of the obligations behind a figure.
func (s *Server) ListObligations(ctx context.Context, r ListObligationsRequestObject) (ListObligationsResponseObject, error) {
	reads, p, err := s.pairReads(r.A, r.B)
	if err != nil {
		return nil, err
	}
	if err := window(r.Params.Currency, r.Params.Window); err != nil {
		return nil, err
	}
	after, err := obligationPlace(r.Params.After)
	if err != nil {
		return nil, err
	}
	limit, err := pageLimit(r.Params.Limit)
	if err != nil {
		return nil, err
	}
	filter := store.ObligationFilter{
		A: p.A, B: p.B, Currency: r.Params.Currency, Window: r.Params.Window, Debtor: valueOr(r.Params.Debtor, ""), Service: clearing.Service(valueOr(r.Params.Service, "")),
	}
	list, err := reads.Obligations(ctx, filter, after, limit)
	if err != nil {
		return nil, err
	}
	out := ListObligations200JSONResponse{Obligations: []Obligation{}}
	for i := range list {
		out.Obligations = append(out.Obligations, obligationOf(&list[i]))
	}
	if len(list) == limit {
		last := &list[limit-1]
		next := strings.Join([]string{strconv.FormatInt(last.Block, 10), strconv.Itoa(last.Tx), strconv.Itoa(last.Index)}, "-")
		out.Next = &next
	}
	return out, nil
}

// obligationPlace reads the cursor of obligations: block-tx-index.
func obligationPlace(cursor *string) (*store.ObligationPlace, error) {
	if cursor == nil {
		return nil, nil
	}
	var numbers [3]int64
	parts := strings.Split(*cursor, "-")
	for i := range min(len(parts), len(numbers)) {
		var err error
		if numbers[i], err = strconv.ParseInt(parts[i], 10, 32); err != nil {
			parts = nil
			break
		}
	}
	if len(parts) != len(numbers) {
		return nil, wrong(fault.InvalidValue, "after", "must be the next of an earlier page")
	}
	return &store.ObligationPlace{Block: numbers[0], Tx: int(numbers[1]), Index: int(numbers[2])}, nil
}

func obligationOf(o *store.BookedObligation) Obligation {
	out := Obligation{
		Operation: string(o.Operation), Programme: o.Home, Service: string(o.Service), Debtor: o.Debtor, Creditor: o.Creditor, Micro: o.Micro, Fee: o.Fee,
		Agreement: o.Agreement, Owed: o.Owed, Currency: o.Currency, Window: o.Window, Msp: o.MSP, Lane: o.Lane, Seq: o.Seq, Block: o.Block, At: o.Time,
	}
	if o.FeeDebtor != "" {
		out.FeeDebtor = &o.FeeDebtor
	}
	return out
}

// GetLimitRefusal tells which limit refused an operation.
func (s *Server) GetLimitRefusal(ctx context.Context, r GetLimitRefusalRequestObject) (GetLimitRefusalResponseObject, error) {
	reads, err := s.reads()
	if err != nil {
		return nil, err
	}
	if err := checkID("operation", r.Operation); err != nil {
		return nil, err
	}
	refusal, err := reads.Refusal(ctx, points.OperationID(r.Operation))
	if err != nil {
		return nil, err
	}
	return GetLimitRefusal200JSONResponse(refusal), nil
}
