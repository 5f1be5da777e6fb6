package ledger

import (
	"context"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/wire"
)

// ActivateEngine makes a newer version of the domain's behaviour the programme's. The client's identity must be an operator of the brand. INVALID_VALUE when it isn't newer, or
// the chaincode doesn't have it.
func (p *Points) ActivateEngine(ctx context.Context, version int) (points.Programme, error) {
	var record points.Programme
	err := p.administer(ctx, wire.FnActivateEngine, wire.EngineActivation{Engine: version}, &record)
	if fault.CodeOf(err) != fault.InvalidValue {
		return record, err
	}
	if there, readErr := p.Programme(ctx); readErr == nil && there.Engine == version {
		return there, nil
	}
	return points.Programme{}, err
}

// RequestFreeze asks the programme's issuer to freeze an account. The client's identity must be compliance of a brand. ALREADY_EXISTS when another request has the id,
// ACCOUNT_UNKNOWN, INVALID_VALUE, FREEZE_LIMIT when too many of the brand's wait.
func (p *Points) RequestFreeze(ctx context.Context, doc wire.NewFreeze) (points.FreezeRequest, error) {
	var kept points.FreezeRequest
	err := p.administer(ctx, wire.FnRequestFreeze, doc, &kept)
	there := func() (points.FreezeRequest, error) { return p.Freeze(ctx, doc.ID) }
	return brought(kept, err, fault.AlreadyExists, there, func(f points.FreezeRequest) bool {
		return wire.NewFreeze{ID: f.ID, Account: f.Account, Reason: f.Reason, Evidence: f.Evidence, Until: f.Until} == doc && f.MSP == p.client.msp
	})
}

// DecideFreeze decides on a request. The client's identity must be compliance of who acts for the issuer. PROPOSAL_CLOSED when it was decided otherwise, or has lapsed.
func (p *Points) DecideFreeze(ctx context.Context, doc wire.FreezeDecision) (points.FreezeRequest, error) {
	var kept points.FreezeRequest
	err := p.administer(ctx, wire.FnDecideFreeze, doc, &kept)
	there := func() (points.FreezeRequest, error) { return p.Freeze(ctx, doc.ID) }
	return brought(kept, err, fault.ProposalClosed, there, func(f points.FreezeRequest) bool {
		return f.Decided != 0 && f.End == doc.Until && f.Declined == doc.Declined
	})
}

// Freeze reads a request; NOT_FOUND.
func (p *Points) Freeze(ctx context.Context, id points.OperationID) (points.FreezeRequest, error) {
	var record points.FreezeRequest
	return record, p.client.query(ctx, p.chaincode, wire.FnGetFreeze, wire.FreezeQuery{ID: id}, &record)
}

// RecordObjection records that a customer objects to a decision. The client's identity must be a gateway of who acts for the issuer. ALREADY_EXISTS when another objection has
// the id, ACCOUNT_UNKNOWN, INVALID_VALUE.
func (p *Points) RecordObjection(ctx context.Context, doc wire.NewObjection) (points.Objection, error) {
	var kept points.Objection
	err := p.administer(ctx, wire.FnRecordObjection, doc, &kept)
	there := func() (points.Objection, error) { return p.Objection(ctx, doc.ID) }
	return brought(kept, err, fault.AlreadyExists, there, func(o points.Objection) bool {
		return wire.NewObjection{ID: o.ID, Account: o.Account, Decision: o.Decision, Hash: o.Hash} == doc
	})
}

// AnswerObjection records the issuer's answer. The client's identity must be compliance of who acts for the issuer. PROPOSAL_CLOSED when it was answered otherwise.
func (p *Points) AnswerObjection(ctx context.Context, doc wire.ObjectionAnswer) (points.Objection, error) {
	var kept points.Objection
	err := p.administer(ctx, wire.FnAnswerObjection, doc, &kept)
	there := func() (points.Objection, error) { return p.Objection(ctx, doc.ID) }
	return brought(kept, err, fault.ProposalClosed, there, func(o points.Objection) bool { return o.Outcome == doc.Outcome && o.Answer == doc.Answer })
}

// Objection reads an objection; NOT_FOUND.
func (p *Points) Objection(ctx context.Context, id points.OperationID) (points.Objection, error) {
	var record points.Objection
	return record, p.client.query(ctx, p.chaincode, wire.FnGetObjection, wire.ObjectionQuery{ID: id}, &record)
}
