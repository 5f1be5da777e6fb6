package ledger

import (
	"context"
	"errors"

	"github.com/tallystick/tallystick/chaincode/clearing"
	"github.com/tallystick/tallystick/chaincode/engine"
	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/wire"
)

// Pair is what two brands, of which the own member is one, agree on and owe each other. Exactly the two of them endorse. Every error is a *Failure.
type Pair struct {
	client *Client
	query  wire.PairQuery
	other  string // MSP id of the other member; empty when the configuration names no such brand.
}

// Pair gives the facade of the own member's dealings with another brand.
func (c *Clearing) Pair(partner string) *Pair {
	a, b := clearing.PairOf(c.client.acting, partner)
	return &Pair{client: c.client, query: wire.PairQuery{A: a, B: b}, other: c.client.mspOf(partner)}
}

// Propose keeps a version of the agreement for the other member to accept; it takes the place of an earlier proposal. The client's identity must be the treasurer.
// INVALID_VALUE or OUT_OF_RANGE when it doesn't follow the pair's last version, NOTICE_TOO_SHORT when it comes into force too early. A second execution writes the same.
func (p *Pair) Propose(ctx context.Context, g *clearing.Agreement) error {
	secret, err := wire.Encode(g)
	if err != nil {
		return err
	}
	return p.client.retrying(ctx, func() error {
		return p.commit(ctx, wire.FnProposeAgreement, p.query, map[string][]byte{wire.AgreementTransient: secret})
	})
}

// Accept puts the version that the other member proposed in force from its beginning on; hash is that of the private value that was read. The client's identity must be the
// treasurer. PROPOSAL_MISMATCH when another proposal waits, or none. A version that stands on the ledger with this content is accepted.
func (p *Pair) Accept(ctx context.Context, version int, hash string) error {
	doc := wire.Acceptance{A: p.query.A, B: p.query.B, Version: version, Hash: hash}
	err := p.client.retrying(ctx, func() error { return p.commit(ctx, wire.FnAcceptAgreement, doc, nil) })
	if fault.CodeOf(err) != fault.ProposalMismatch {
		return err
	}
	there, readErr := p.Agreement(ctx, version)
	if readErr != nil {
		return err
	}
	for _, proposer := range []string{p.query.A, p.query.B} {
		accepted, hashErr := wire.Hash(wire.AgreementProposal{V: 1, Proposer: proposer, Agreement: there})
		if hashErr == nil && accepted == hash {
			return nil
		}
	}
	return err
}

// MoveSlice moves a part of what one lane of the pair may owe to another one. The client's identity must be the gateway. LIMIT when the lane needs it itself. A second
// execution would move as much again, so a call whose outcome isn't known is not repeated.
func (p *Pair) MoveSlice(ctx context.Context, move wire.SliceMove) error {
	secret, err := wire.Encode(move)
	if err != nil {
		return err
	}
	return p.client.retrying(ctx, func() error {
		e, err := p.endorse(ctx, wire.FnMoveSlice, p.query, map[string][]byte{wire.SliceTransient: secret})
		if err != nil {
			return err
		}
		err = e.commit(ctx)
		if err == nil || errors.Is(err, errInvalidated) {
			return err
		}
		return &Failure{Fatal, fault.LedgerUnavailable, "whether the part was moved is not known: look at the lanes before it is moved again", err}
	})
}

// Record reads what the pair has of agreements as a whole; NOT_FOUND before the first.
func (p *Pair) Record(ctx context.Context) (wire.PairRecord, error) {
	var record wire.PairRecord
	return record, p.read(ctx, wire.FnGetPair, p.query, &record)
}

// Proposed reads the agreement that waits for acceptance; NOT_FOUND when none does.
func (p *Pair) Proposed(ctx context.Context) (wire.AgreementProposal, error) {
	var record wire.AgreementProposal
	return record, p.read(ctx, wire.FnGetOffered, p.query, &record)
}

// Agreement reads a version; NOT_FOUND when there is none.
func (p *Pair) Agreement(ctx context.Context, version int) (clearing.Agreement, error) {
	var record clearing.Agreement
	return record, p.read(ctx, wire.FnGetAgreement, wire.AgreementQuery{A: p.query.A, B: p.query.B, Version: version}, &record)
}

// Lanes reads all lanes of the pair; AGREEMENT_MISSING before the first agreement.
func (p *Pair) Lanes(ctx context.Context) ([]clearing.PairLane, error) {
	var records []clearing.PairLane
	return records, p.read(ctx, wire.FnGetPairLanes, p.query, &records)
}

// Tallies reads what the lanes of the pair booked in a window; lanes that booked nothing are left out.
func (p *Pair) Tallies(ctx context.Context, currency string, window int64) ([]clearing.Tally, error) {
	var records []clearing.Tally
	return records, p.read(ctx, wire.FnGetTallies, wire.TalliesQuery{A: p.query.A, B: p.query.B, Currency: currency, Window: window}, &records)
}

func (p *Pair) read(ctx context.Context, function string, document, v any) error {
	return p.client.query(ctx, engine.ClearingChaincode, function, document, v)
}

// commit has both members endorse, and waits until the transaction is committed.
func (p *Pair) commit(ctx context.Context, function string, document any, transient map[string][]byte) error {
	e, err := p.endorse(ctx, function, document, transient)
	if err != nil {
		return err
	}
	return e.commit(ctx)
}

func (p *Pair) endorse(ctx context.Context, function string, document any, transient map[string][]byte) (*endorsed, error) {
	if p.other == "" || p.other == p.client.msp {
		return nil, &Failure{Refused, fault.NotFound, "the configuration names no such other brand", errNoIssuer}
	}
	raw, err := wire.Encode(document)
	if err != nil {
		return nil, err
	}
	return p.client.endorseBy(ctx, func() (call, error) {
		return call{chaincode: engine.ClearingChaincode, function: function, document: raw, transient: transient}, nil
	}, p.client.pair(p.query.A, p.query.B))
}
