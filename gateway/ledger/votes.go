package ledger

import (
	"context"

	"github.com/tallystick/tallystick/chaincode/clearing"
	"github.com/tallystick/tallystick/chaincode/wire"
)

// What brands decide together, and what they say of their reserves.

// Propose opens a vote of the brands with the own brand's vote for it. The client's identity must be an operator.
func (c *Clearing) Propose(ctx context.Context, doc wire.NewProposal) (clearing.Proposal, error) {
	return public(ctx, c, wire.FnPropose, doc, func() (clearing.Proposal, bool) {
		p, err := c.Proposal(ctx, doc.ID)
		if err != nil || p.By != c.client.name() {
			return p, false
		}
		there, errThere := wire.Hash(p.Motion)
		asked, errAsked := wire.Hash(doc.Motion)
		return p, errThere == nil && errAsked == nil && there == asked
	})
}

// Vote casts the own brand's vote. The client's identity must be an operator. PROPOSAL_CLOSED when it is decided or has lapsed; what executing a carried proposal refuses.
func (c *Clearing) Vote(ctx context.Context, doc wire.NewBallot) (clearing.Proposal, error) {
	return public(ctx, c, wire.FnVote, doc, func() (clearing.Proposal, bool) {
		p, err := c.Proposal(ctx, doc.Proposal)
		if err != nil {
			return p, false
		}
		for _, b := range p.Ballots {
			if b.Member == c.client.name() && b.Choice == doc.Choice {
				return p, true
			}
		}
		return p, false
	})
}

// Proposal reads what the brands are to decide; NOT_FOUND when there is no such proposal.
func (c *Clearing) Proposal(ctx context.Context, id clearing.ProposalID) (clearing.Proposal, error) {
	var p clearing.Proposal
	return p, c.read(ctx, wire.FnGetProposal, wire.VoteQuery{ID: id}, &p)
}

// SubmitReserve brings a custodian's statement of the own member's reserve. SIGNATURE_REFUSED unless the custodian signed it, RESERVE_STALE unless it is later than the last.
func (c *Clearing) SubmitReserve(ctx context.Context, doc wire.NewReserve) (clearing.Reserve, error) {
	return public(ctx, c, wire.FnSubmitReserve, doc, func() (clearing.Reserve, bool) {
		var r clearing.Reserve
		err := c.read(ctx, wire.FnGetReserve, wire.MemberCurrencyQuery{Member: doc.Statement.Member, Currency: doc.Statement.Currency}, &r)
		return r, err == nil && r.Statement == doc.Statement
	})
}

// CloseMembership records the final statement of the own member, or of one that it administers, and lets it go. NOT_SETTLED while anything of its is open.
func (c *Clearing) CloseMembership(ctx context.Context, doc wire.Closing) (clearing.FinalStatement, error) {
	return public(ctx, c, wire.FnCloseMembership, doc, func() (clearing.FinalStatement, bool) {
		var f clearing.FinalStatement
		err := c.read(ctx, wire.FnGetFinalStatement, wire.MemberQuery{Name: doc.Member}, &f)
		return f, err == nil && f.Hash == doc.Hash
	})
}
