package api

import (
	"context"
	"time"

	"github.com/tallystick/tallystick/chaincode/clearing"
	"github.com/tallystick/tallystick/chaincode/engine"
	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/wire"
	"github.com/tallystick/tallystick/gateway/random"
	"github.com/tallystick/tallystick/gateway/store"
)

// proposalIDBytes are the random bytes of a proposal's id.
const proposalIDBytes = 16

// ListProposals lists what the brands decide.
func (s *Server) ListProposals(ctx context.Context, r ListProposalsRequestObject) (ListProposalsResponseObject, error) {
	reads, err := s.reads()
	if err != nil {
		return nil, err
	}
	proposals, next, err := clearingPage[clearing.Proposal](ctx, reads, store.ClearingList{Object: engine.ObjectVote}, r.Params.Limit, r.Params.After)
	if err != nil {
		return nil, err
	}
	return ListProposals200JSONResponse{Proposals: proposals, Next: next}, nil
}

// GetProposal tells one proposal.
func (s *Server) GetProposal(ctx context.Context, r GetProposalRequestObject) (GetProposalResponseObject, error) {
	reads, err := s.reads()
	if err != nil {
		return nil, err
	}
	if err := checkID("id", r.Id); err != nil {
		return nil, err
	}
	var proposal clearing.Proposal
	if err := reads.Record(ctx, store.ClearingRef{Object: engine.ObjectVote, ID: r.Id}, &proposal); err != nil {
		return nil, err
	}
	return GetProposal200JSONResponse(proposal), nil
}

// Propose opens a vote.
func (s *Server) Propose(ctx context.Context, r ProposeRequestObject) (ProposeResponseObject, error) {
	if s.clearing.Operator == nil {
		return nil, errNoOperator()
	}
	id := valueOr(r.Body.Id, "")
	if id == "" {
		id = random.Hex(proposalIDBytes)
	}
	if err := checkID("id", id); err != nil {
		return nil, err
	}
	if _, err := r.Body.Motion.Subject(); err != nil {
		return nil, wrong(fault.InvalidValue, "/motion", "%s", detailOf(err))
	}
	proposal, err := s.clearing.Operator.Propose(ctx, wire.NewProposal{ID: clearing.ProposalID(id), Motion: r.Body.Motion})
	if err != nil {
		return nil, err
	}
	return Propose200JSONResponse(proposal), nil
}

// Vote casts the own brand's vote.
func (s *Server) Vote(ctx context.Context, r VoteRequestObject) (VoteResponseObject, error) {
	if s.clearing.Operator == nil {
		return nil, errNoOperator()
	}
	if err := checkID("id", r.Id); err != nil {
		return nil, err
	}
	c := &checker{}
	c.oneOf("choice", &r.Body.Choice, []string{string(clearing.ChoiceYes), string(clearing.ChoiceNo)})
	if err := c.failure(); err != nil {
		return nil, err
	}
	proposal, err := s.clearing.Operator.Vote(ctx, wire.NewBallot{Proposal: clearing.ProposalID(r.Id), Choice: clearing.Choice(r.Body.Choice)})
	if err != nil {
		return nil, err
	}
	return Vote200JSONResponse(proposal), nil
}

// ListReserves lists members' reserves and what they are worth now.
func (s *Server) ListReserves(ctx context.Context, _ ListReservesRequestObject) (ListReservesResponseObject, error) {
	reads, err := s.reads()
	if err != nil {
		return nil, err
	}
	reserves, err := store.All[clearing.Reserve](ctx, reads, store.ClearingList{Object: engine.ObjectAttested})
	if err != nil {
		return nil, err
	}
	out := ListReserves200JSONResponse{Reserves: []ReserveNow{}}
	for i := range reserves {
		var custodian clearing.Custodian
		if err := reads.Record(ctx, store.ClearingRef{Object: engine.ObjectCustodian, ID: reserves[i].Statement.Custodian}, &custodian); err != nil {
			return nil, err
		}
		out.Reserves = append(out.Reserves, ReserveNow{Reserve: reserves[i], Worth: int64(reserves[i].Worth(&custodian, time.Now().Unix()))})
	}
	return out, nil
}

// SubmitReserve brings a custodian's statement.
func (s *Server) SubmitReserve(ctx context.Context, r SubmitReserveRequestObject) (SubmitReserveResponseObject, error) {
	if s.clearing.Treasurer == nil {
		return nil, errNoTreasurer()
	}
	reserve, err := s.clearing.Treasurer.SubmitReserve(ctx, *r.Body)
	if err != nil {
		return nil, err
	}
	return SubmitReserve200JSONResponse(reserve), nil
}
