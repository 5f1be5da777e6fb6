package founding

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/tallystick/tallystick/chaincode/clearing"
	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/wire"
	"github.com/tallystick/tallystick/gateway/ledger"
	"github.com/tallystick/tallystick/gateway/random"
)

// Plan is what the brands begin to do together. The order within each list doesn't matter.
type Plan struct {
	Currencies  []string                  // In which windows are opened.
	Novation    string                    // SHA-256 of the clause that the founders sign, hex.
	Calendars   []clearing.Calendar       // Of currencies whose windows aren't the default's.
	Caps        []clearing.CapMotion      // Before the allocations that are cut from them.
	Allocations []clearing.AllocationMove // Of both directions of every pair.
	Agreements  []clearing.Agreement      // First versions; founding sets version, salt and beginning.
}

// hand is a brand's part in founding: what its operator and its treasurer do.
type hand struct {
	name                string
	operator, treasurer *ledger.Client
}

// carryCalendars votes the calendars, before the first windows open under them.
func (p *Plan) carryCalendars(ctx context.Context, hands []hand) error {
	group, ctx := errgroup.WithContext(ctx)
	for i := range p.Calendars {
		group.Go(func() error { return carry(ctx, hands, &clearing.Motion{Calendar: &p.Calendars[i]}) })
	}
	return group.Wait()
}

// openClearing opens the first window of every currency.
func (p *Plan) openClearing(ctx context.Context, operator *ledger.Client) error {
	for _, currency := range p.Currencies {
		if _, err := operator.Clearing().Open(ctx, currency); err != nil {
			return err
		}
	}
	return nil
}

// begin carries the rest of the plan out: every vote is proposed by the first brand and carried by as many as it takes, every agreement is proposed by one member and accepted
// by the other. What an earlier run did counts as done, also when it was changed since; ALREADY_EXISTS for an agreement with other content.
func (p *Plan) begin(ctx context.Context, hands []hand) error {
	votes, voting := errgroup.WithContext(ctx)
	for i := range p.Caps {
		votes.Go(func() error { return carry(voting, hands, &clearing.Motion{Cap: &p.Caps[i]}) })
	}
	if err := votes.Wait(); err != nil {
		return err
	}
	if err := p.allocate(ctx, hands); err != nil {
		return err
	}
	agreements, agreeing := errgroup.WithContext(ctx)
	for i := range p.Agreements {
		agreements.Go(func() error { return agree(agreeing, hands, p.Agreements[i]) })
	}
	return agreements.Wait()
}

// allocate votes the allocations, those of one debtor one after the other: each changes what is left of its cap.
func (p *Plan) allocate(ctx context.Context, hands []hand) error {
	debtors := map[string][]clearing.AllocationMove{}
	for _, a := range p.Allocations {
		debtors[a.Debtor] = append(debtors[a.Debtor], a)
	}
	group, ctx := errgroup.WithContext(ctx)
	for _, moves := range debtors {
		group.Go(func() error {
			for i := range moves {
				if err := carry(ctx, hands, &clearing.Motion{Allocation: &moves[i]}); err != nil {
					return err
				}
			}
			return nil
		})
	}
	return group.Wait()
}

// carry has the brands carry a motion. Its id follows from its content, so that a repetition finds the proposal of the first run.
func carry(ctx context.Context, hands []hand, motion *clearing.Motion) error {
	hash, err := wire.Hash(motion)
	if err != nil {
		return err
	}
	sum := sha256.Sum256([]byte("founding " + hash))
	operators := make([]*ledger.Client, len(hands))
	for i, h := range hands {
		operators[i] = h.operator
	}
	return Carry(ctx, operators, clearing.ProposalID(hex.EncodeToString(sum[:proposalBytes])), motion)
}

// Carry proposes a motion as the first operator and has the others vote for it until it is carried. What was done of it before counts as done. PROPOSAL_CLOSED when the brands
// have decided otherwise, or when these votes aren't enough.
func Carry(ctx context.Context, operators []*ledger.Client, id clearing.ProposalID, motion *clearing.Motion) error {
	proposal, err := operators[0].Clearing().Propose(ctx, wire.NewProposal{ID: id, Motion: *motion})
	for i := 1; err == nil && proposal.Status == clearing.ProposalOpen && i < len(operators); i++ {
		err = arrived(ctx, fault.NotFound, func() (err error) {
			proposal, err = operators[i].Clearing().Vote(ctx, wire.NewBallot{Proposal: id, Choice: clearing.ChoiceYes})
			return err
		})
		if fault.CodeOf(err) == fault.ProposalClosed { // Carried by votes of an earlier run.
			proposal, err = operators[0].Clearing().Proposal(ctx, id)
		}
	}
	if err == nil && proposal.Status != clearing.ProposalCarried {
		err = fault.New(fault.ProposalClosed, "proposal %s is %s: the brands have decided otherwise", id, proposal.Status)
	}
	return err
}

// Sizes in bytes of what founding draws or derives.
const (
	proposalBytes = 16
	saltBytes     = 32
)

// agree brings a pair's first agreement into force.
func agree(ctx context.Context, hands []hand, g clearing.Agreement) error {
	a, b := handOf(hands, g.A), handOf(hands, g.B)
	if a == nil || b == nil {
		return fault.New(fault.InvalidValue, "an agreement of %s and %s, which aren't both among the brands", g.A, g.B)
	}
	proposing, accepting := a.treasurer.Clearing().Pair(g.B), b.treasurer.Clearing().Pair(g.A)
	there, err := proposing.Agreement(ctx, firstVersion)
	if err == nil {
		return sameAgreement(&there, &g)
	}
	if fault.CodeOf(err) != fault.NotFound {
		return err
	}
	if err := date(&g, time.Now().Unix()); err != nil {
		return err
	}
	if err := proposing.Propose(ctx, &g); err != nil {
		return err
	}
	var proposal wire.AgreementProposal
	err = arrived(ctx, fault.NotFound, func() (err error) {
		proposal, err = accepting.Proposed(ctx)
		return err
	})
	if err != nil {
		return err
	}
	hash, err := wire.Hash(proposal)
	if err != nil {
		return err
	}
	return accepting.Accept(ctx, proposal.Agreement.Version, hash)
}

const firstVersion = 1

// CheckAgreement returns what the ledger would refuse in a planned agreement, before anything is founded.
func CheckAgreement(planned clearing.Agreement) error { return date(&planned, 0) }

// date makes the first version of an agreement that is in force from a time (Unix seconds) on.
func date(g *clearing.Agreement, from int64) error {
	g.V, g.Salt, g.Version, g.From = 1, random.Hex(saltBytes), firstVersion, from
	for i := range g.Sides {
		g.Sides[i].Offer.Version, g.Sides[i].Offer.From = firstVersion, from
	}
	return g.Validate()
}

// sameAgreement returns ALREADY_EXISTS unless the agreement in force says what the plan says; when it began is no difference.
func sameAgreement(there, planned *clearing.Agreement) error {
	undated := func(g clearing.Agreement) (string, error) {
		g.V, g.Salt, g.Version, g.From = 0, "", 0, 0
		for i := range g.Sides {
			g.Sides[i].Offer.Version, g.Sides[i].Offer.From = 0, 0
		}
		return wire.Hash(g)
	}
	was, err := undated(*there)
	if err != nil {
		return err
	}
	is, err := undated(*planned)
	if err == nil && was != is {
		err = fault.New(fault.AlreadyExists, "%s and %s began with another agreement", planned.A, planned.B)
	}
	return err
}

func handOf(hands []hand, name string) *hand {
	i := slices.IndexFunc(hands, func(h hand) bool { return h.name == name })
	if i < 0 {
		return nil
	}
	return &hands[i]
}

// arrived repeats a call while it is refused with a code because the brand's own peer hasn't the block yet that another brand waited for.
func arrived(ctx context.Context, code fault.Code, call func() error) error {
	for attempt := 1; ; attempt++ {
		err := call()
		if fault.CodeOf(err) != code || attempt == foundedAttempts {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(foundedPause):
		}
	}
}
