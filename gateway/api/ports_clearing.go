package api

import (
	"context"

	"github.com/tallystick/tallystick/chaincode/clearing"
	"github.com/tallystick/tallystick/chaincode/wire"
	"github.com/tallystick/tallystick/gateway/clerk"
	"github.com/tallystick/tallystick/gateway/store"
	"github.com/tallystick/tallystick/gateway/treasury"
)

// Clearing is what the routes of clearing are made of. A gateway that only reads has nothing but Reads and Receipts; a writer lacks what it has no identity for.
type Clearing struct {
	Reads     *store.ClearingReads // Nil answers NOT_FOUND to everything about clearing.
	Receipts  treasury.Receipts
	Gateway   ClearingGateway
	Treasurer Treasurer
	Operator  ClearingOperator
	Bank      treasury.Bank
	Alarms    func() []clerk.Alarm // Nil when the clerk is off.
}

// ClearingGateway takes the steps that any brand's machines may take: the facade of clearing under the gateway's identity. Every call returns once it is committed, and is safe to
// repeat unless it says otherwise.
type ClearingGateway interface {
	Roll(ctx context.Context, doc wire.Rolling) (clearing.Window, error)
	Disclose(ctx context.Context, doc wire.NetDisclosure) (clearing.PairNets, error)
	Close(ctx context.Context, currency string, number int64) (clearing.Window, error)
	Net(ctx context.Context, currency string, number int64) (clearing.Window, error)
	Settle(ctx context.Context, currency string, number int64) (clearing.Window, error)
	// MoveSlice moves the part again when it is repeated.
	MoveSlice(ctx context.Context, partner string, move wire.SliceMove) error
}

// Treasurer does what answers for the member's money: the facade of clearing under the treasurer's identity.
type Treasurer interface {
	ProposeAgreement(ctx context.Context, partner string, g *clearing.Agreement) error
	AcceptAgreement(ctx context.Context, partner string, version int, hash string) error
	Sign(ctx context.Context, doc wire.PositionSignature) (clearing.Position, error)
	Pay(ctx context.Context, doc wire.LegPayment) (clearing.Leg, error)
	Receive(ctx context.Context, doc wire.LegPayment) (clearing.Leg, error)
	Reverse(ctx context.Context, doc wire.EntryReversal) (clearing.Leg, error)
	Finalise(ctx context.Context, leg wire.LegQuery) (clearing.Leg, error)
	MarkLate(ctx context.Context, leg wire.LegQuery) (clearing.Leg, error)
	Dispute(ctx context.Context, doc wire.NewDispute) (clearing.Dispute, error)
	Withdraw(ctx context.Context, step wire.DisputeStep) (clearing.Dispute, error)
	Uphold(ctx context.Context, step wire.DisputeStep) (clearing.Dispute, error)
	SubmitReserve(ctx context.Context, doc wire.NewReserve) (clearing.Reserve, error)
}

// ClearingOperator answers for the member's part in the consortium: the facade of clearing under the operator's identity.
type ClearingOperator interface {
	Open(ctx context.Context, currency string) (clearing.Window, error)
	Roll(ctx context.Context, doc wire.Rolling) (clearing.Window, error)
	Propose(ctx context.Context, doc wire.NewProposal) (clearing.Proposal, error)
	Vote(ctx context.Context, doc wire.NewBallot) (clearing.Proposal, error)
	CloseMembership(ctx context.Context, doc wire.Closing) (clearing.FinalStatement, error)
}
