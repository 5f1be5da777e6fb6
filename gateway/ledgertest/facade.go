package ledgertest

import (
	"context"

	"github.com/tallystick/tallystick/chaincode/clearing"
	"github.com/tallystick/tallystick/chaincode/engine"
	"github.com/tallystick/tallystick/chaincode/wire"
)

// Facade does what the gateway's facade of clearing does, as one identity of a member's, on the channel in memory: each call is executed by the engine, and cut into a block of its own.
type Facade struct {
	ledger *Ledger
	caller *Identity
	Fail   error // Every call fails with it; nil lets them through.
}

// As gives the facade of an identity.
func (l *Ledger) As(caller *Identity) *Facade { return &Facade{ledger: l, caller: caller} }

// Member finds an organisation by its name.
func (l *Ledger) Member(name string) *Organisation { return l.member(name) }

func public[T any](f *Facade, function string, document any) (T, error) {
	var answer T
	if f.Fail != nil {
		return answer, f.Fail
	}
	raw, err := f.ledger.TryPublic(f.caller, function, document)
	if err != nil {
		return answer, err
	}
	return answer, wire.DecodeRecord(raw, &answer)
}

// Open opens the first window of a currency.
func (f *Facade) Open(_ context.Context, currency string) (clearing.Window, error) {
	return public[clearing.Window](f, wire.FnOpenClearing, wire.CurrencyQuery{Currency: currency})
}

// Roll closes a window for traffic.
func (f *Facade) Roll(_ context.Context, doc wire.Rolling) (clearing.Window, error) {
	return public[clearing.Window](f, wire.FnRollWindow, doc)
}

// Disclose tells a pair's net.
func (f *Facade) Disclose(_ context.Context, doc wire.NetDisclosure) (clearing.PairNets, error) {
	return public[clearing.PairNets](f, wire.FnDiscloseNet, doc)
}

// Close ends a window's disclosures.
func (f *Facade) Close(_ context.Context, currency string, number int64) (clearing.Window, error) {
	return public[clearing.Window](f, wire.FnCloseWindow, wire.WindowQuery{Currency: currency, Number: number})
}

// Net nets a window.
func (f *Facade) Net(_ context.Context, currency string, number int64) (clearing.Window, error) {
	return public[clearing.Window](f, wire.FnNetWindow, wire.WindowQuery{Currency: currency, Number: number})
}

// Settle starts a window's settlement.
func (f *Facade) Settle(_ context.Context, currency string, number int64) (clearing.Window, error) {
	return public[clearing.Window](f, wire.FnStartSettlement, wire.WindowQuery{Currency: currency, Number: number})
}

// Sign signs a position.
func (f *Facade) Sign(_ context.Context, doc wire.PositionSignature) (clearing.Position, error) {
	return public[clearing.Position](f, wire.FnSignPosition, doc)
}

// Pay enters a payment of a leg.
func (f *Facade) Pay(_ context.Context, doc wire.LegPayment) (clearing.Leg, error) {
	return public[clearing.Leg](f, wire.FnPayLeg, doc)
}

// Receive notes that a payment of a leg came in.
func (f *Facade) Receive(_ context.Context, doc wire.LegPayment) (clearing.Leg, error) {
	return public[clearing.Leg](f, wire.FnReceiveLeg, doc)
}

// Reverse takes a payment back.
func (f *Facade) Reverse(_ context.Context, doc wire.EntryReversal) (clearing.Leg, error) {
	return public[clearing.Leg](f, wire.FnReverseEntry, doc)
}

// Finalise makes a leg final.
func (f *Facade) Finalise(_ context.Context, leg wire.LegQuery) (clearing.Leg, error) {
	return public[clearing.Leg](f, wire.FnFinaliseLeg, leg)
}

// MarkLate notes that a leg is past due.
func (f *Facade) MarkLate(_ context.Context, leg wire.LegQuery) (clearing.Leg, error) {
	return public[clearing.Leg](f, wire.FnMarkLate, leg)
}

// Dispute sets a line aside.
func (f *Facade) Dispute(_ context.Context, doc wire.NewDispute) (clearing.Dispute, error) {
	return public[clearing.Dispute](f, wire.FnFileDispute, doc)
}

// Withdraw gives a dispute up.
func (f *Facade) Withdraw(_ context.Context, step wire.DisputeStep) (clearing.Dispute, error) {
	return public[clearing.Dispute](f, wire.FnWithdrawDispute, step)
}

// Uphold agrees with a dispute.
func (f *Facade) Uphold(_ context.Context, step wire.DisputeStep) (clearing.Dispute, error) {
	return public[clearing.Dispute](f, wire.FnUpholdDispute, step)
}

// Propose opens a vote.
func (f *Facade) Propose(_ context.Context, doc wire.NewProposal) (clearing.Proposal, error) {
	return public[clearing.Proposal](f, wire.FnPropose, doc)
}

// Vote casts a vote.
func (f *Facade) Vote(_ context.Context, doc wire.NewBallot) (clearing.Proposal, error) {
	return public[clearing.Proposal](f, wire.FnVote, doc)
}

// SubmitReserve brings a custodian's statement.
func (f *Facade) SubmitReserve(_ context.Context, doc wire.NewReserve) (clearing.Reserve, error) {
	return public[clearing.Reserve](f, wire.FnSubmitReserve, doc)
}

// CloseMembership lets a member go.
func (f *Facade) CloseMembership(_ context.Context, doc wire.Closing) (clearing.FinalStatement, error) {
	return public[clearing.FinalStatement](f, wire.FnCloseMembership, doc)
}

// ProposeAgreement proposes a version of the agreement with a partner.
func (f *Facade) ProposeAgreement(_ context.Context, partner string, g *clearing.Agreement) error {
	return f.private(partner, wire.FnProposeAgreement, wire.PairQuery{A: g.A, B: g.B}, map[string][]byte{wire.AgreementTransient: f.ledger.Encode(g)})
}

// AcceptAgreement accepts what a partner proposed.
func (f *Facade) AcceptAgreement(_ context.Context, partner string, version int, hash string) error {
	a, b := clearing.PairOf(f.name(), partner)
	return f.private(partner, wire.FnAcceptAgreement, wire.Acceptance{A: a, B: b, Version: version, Hash: hash}, nil)
}

// MoveSlice moves a part of what one lane may owe to another.
func (f *Facade) MoveSlice(_ context.Context, partner string, move wire.SliceMove) error {
	a, b := clearing.PairOf(f.name(), partner)
	return f.private(partner, wire.FnMoveSlice, wire.PairQuery{A: a, B: b}, map[string][]byte{wire.SliceTransient: f.ledger.Encode(move)})
}

func (f *Facade) name() string {
	for _, o := range f.ledger.Organisations {
		if o.MSP == f.caller.MSP {
			return o.Name
		}
	}
	return ""
}

// private has the member and its partner endorse a call, and cuts a block.
func (f *Facade) private(partner, function string, document any, transient map[string][]byte) error {
	if f.Fail != nil {
		return f.Fail
	}
	l := f.ledger
	l.Now++
	_, err := l.Submit(Proposal{
		Caller: f.caller, Chaincode: engine.ClearingChaincode, Function: function, Document: l.Encode(document), Transient: transient, Time: l.Now,
		Endorsers: []*Identity{l.member(f.name()).Peer, l.member(partner).Peer},
	})
	if err != nil {
		return err
	}
	l.Cut()
	return nil
}
