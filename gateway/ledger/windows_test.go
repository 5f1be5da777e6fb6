package ledger

import (
	"context"
	"testing"

	"github.com/hyperledger/fabric-protos-go-apiv2/peer"

	"github.com/tallystick/tallystick/chaincode/clearing"
	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/wire"
)

// publicCall is a call that changes clearing's public state: its document, what the peers answer, what a read gives when it was done before and when it was not.
type publicCall struct {
	function        string
	document        any
	done, otherwise any
	do              func(context.Context, *Clearing) (any, error)
}

func publicCalls() []publicCall {
	leg := wire.LegQuery{Currency: "GBP", Window: 3, From: "airline", To: "hotel"}
	payment := wire.LegPayment{Leg: leg, Reference: "R1", Amount: 70}
	entry := clearing.Entry{Reference: "R1", Amount: 70, PaidAt: 1, PaidBy: own}
	received, reversed, other := entry, entry, entry
	received.ReceiptAt, reversed.Reversal, other.Amount = 2, &clearing.Reversal{By: own}, 71
	of := func(entries ...clearing.Entry) clearing.Leg { return clearing.Leg{V: 1, Window: 3, Entries: entries} }
	step := wire.DisputeStep{Currency: "GBP", Programme: "airline", Operation: "1", Member: "airline"}
	open := clearing.Window{V: 1, Currency: "GBP", Number: 3, Status: clearing.WindowOpen}
	signature := wire.PositionSignature{Currency: "GBP", Window: 3, Member: "airline", Net: -5, Root: "r"}
	disclosure := wire.NetDisclosure{Currency: "GBP", Window: 3, A: "airline", B: "hotel"}
	proposal := wire.NewProposal{ID: "1", Motion: clearing.Motion{Suspend: &clearing.Concerned{Member: "hotel"}}}
	ballot := wire.NewBallot{Proposal: "1", Choice: clearing.ChoiceNo}
	reserve := wire.NewReserve{Statement: clearing.ReserveStatement{Member: "airline", Currency: "GBP", Amount: 9}}
	dispute := wire.NewDispute{Currency: "GBP", Reason: "never delivered"}
	reversal := wire.EntryReversal{Leg: leg, Reference: "R1", Reason: "wrong account", Member: "airline"}
	closing := wire.Closing{Member: "airline", Hash: "h"}
	closed, netted, settling := open, open, open
	closed.ClosedAt, netted.NettedAt, settling.SettlingAt = 1, 1, 1
	return []publicCall{
		{wire.FnOpenClearing, wire.CurrencyQuery{Currency: "GBP"}, open, nil, func(ctx context.Context, c *Clearing) (any, error) { return c.Open(ctx, "GBP") }},
		{wire.FnRollWindow, wire.Rolling{Currency: "GBP", Number: 2}, open, nil,
			func(ctx context.Context, c *Clearing) (any, error) {
				return c.Roll(ctx, wire.Rolling{Currency: "GBP", Number: 2})
			}},
		{wire.FnDiscloseNet, disclosure, clearing.PairNets{V: 1, Nets: []clearing.Disclosure{{Window: 3}}}, clearing.PairNets{V: 1, Nets: []clearing.Disclosure{{Window: 2}}},
			func(ctx context.Context, c *Clearing) (any, error) { return c.Disclose(ctx, disclosure) }},
		{wire.FnCloseWindow, wire.WindowQuery{Currency: "GBP", Number: 3}, closed, open, func(ctx context.Context, c *Clearing) (any, error) { return c.Close(ctx, "GBP", 3) }},
		{wire.FnNetWindow, wire.WindowQuery{Currency: "GBP", Number: 3}, netted, closed, func(ctx context.Context, c *Clearing) (any, error) { return c.Net(ctx, "GBP", 3) }},
		{wire.FnStartSettlement, wire.WindowQuery{Currency: "GBP", Number: 3}, settling, netted, func(ctx context.Context, c *Clearing) (any, error) { return c.Settle(ctx, "GBP", 3) }},
		{wire.FnSignPosition, signature, clearing.Position{Net: -5, Root: "r", Signed: &clearing.Signing{MSP: own}}, clearing.Position{Net: -6, Root: "r", Signed: &clearing.Signing{MSP: own}},
			func(ctx context.Context, c *Clearing) (any, error) { return c.Sign(ctx, signature) }},
		{wire.FnPayLeg, payment, of(entry), of(other), func(ctx context.Context, c *Clearing) (any, error) { return c.Pay(ctx, payment) }},
		{wire.FnReceiveLeg, payment, of(received), of(entry), func(ctx context.Context, c *Clearing) (any, error) { return c.Receive(ctx, payment) }},
		{wire.FnReverseEntry, reversal, of(reversed), of(entry), func(ctx context.Context, c *Clearing) (any, error) { return c.Reverse(ctx, reversal) }},
		{wire.FnFinaliseLeg, leg, clearing.Leg{Status: clearing.LegFinal}, clearing.Leg{Status: clearing.LegPaid}, func(ctx context.Context, c *Clearing) (any, error) { return c.Finalise(ctx, leg) }},
		{wire.FnMarkLate, leg, clearing.Leg{Late: true}, clearing.Leg{}, func(ctx context.Context, c *Clearing) (any, error) { return c.MarkLate(ctx, leg) }},
		{wire.FnFileDispute, dispute, clearing.Dispute{By: "airline", Reason: "never delivered", Status: clearing.DisputeAside}, clearing.Dispute{By: "hotel", Status: clearing.DisputeAside},
			func(ctx context.Context, c *Clearing) (any, error) { return c.Dispute(ctx, dispute) }},
		{wire.FnWithdrawDispute, step, clearing.Dispute{By: "airline", Status: clearing.DisputeWithdrawn}, clearing.Dispute{By: "airline", Status: clearing.DisputeUpheld},
			func(ctx context.Context, c *Clearing) (any, error) { return c.Withdraw(ctx, step) }},
		{wire.FnUpholdDispute, step, clearing.Dispute{Agreed: []string{"airline"}}, clearing.Dispute{Agreed: []string{"hotel"}},
			func(ctx context.Context, c *Clearing) (any, error) { return c.Uphold(ctx, step) }},
		{wire.FnPropose, proposal, clearing.Proposal{By: "airline", Motion: proposal.Motion}, clearing.Proposal{By: "hotel", Motion: proposal.Motion},
			func(ctx context.Context, c *Clearing) (any, error) { return c.Propose(ctx, proposal) }},
		{wire.FnVote, ballot, clearing.Proposal{Ballots: []clearing.Ballot{{Member: "airline", Choice: clearing.ChoiceNo}}}, clearing.Proposal{Ballots: []clearing.Ballot{{Member: "airline", Choice: clearing.ChoiceYes}}},
			func(ctx context.Context, c *Clearing) (any, error) { return c.Vote(ctx, ballot) }},
		{wire.FnSubmitReserve, reserve, clearing.Reserve{Statement: reserve.Statement}, clearing.Reserve{Statement: clearing.ReserveStatement{Amount: 8}},
			func(ctx context.Context, c *Clearing) (any, error) { return c.SubmitReserve(ctx, reserve) }},
		{wire.FnCloseMembership, closing, clearing.FinalStatement{Hash: "h"}, clearing.FinalStatement{Hash: "i"},
			func(ctx context.Context, c *Clearing) (any, error) { return c.CloseMembership(ctx, closing) }},
	}
}

func TestPublicStateIsChangedByAMajorityAndTheAnswerIsTheRecord(t *testing.T) {
	for _, c := range publicCalls() {
		t.Run(c.function, func(t *testing.T) {
			s := newSetting(t)
			s.peers[0].result = encoded(t, c.done)
			got, err := c.do(t.Context(), s.client.Clearing())
			if err != nil || string(encoded(t, got)) != string(encoded(t, c.done)) {
				t.Errorf("got %+v, %v", got, err)
			}
			p := s.peers[0].proposals[0]
			if p.chaincode != "clearing" || p.function != c.function || string(p.document) != string(encoded(t, c.document)) {
				t.Errorf("the proposal is %+v", p)
			}
			if s.peers[0].submitted != 1 || len(p.organisations) != 2 {
				t.Errorf("%v endorsed, %d were submitted", p.organisations, s.peers[0].submitted)
			}
		})
	}
}

func TestAConflictOverPublicStateIsTriedAgain(t *testing.T) {
	s := newSetting(t)
	s.peers[0].validity = peer.TxValidationCode_MVCC_READ_CONFLICT
	if _, err := s.client.Clearing().Close(t.Context(), "GBP", 3); err != nil || s.peers[0].submitted != 2 {
		t.Errorf("%d were submitted, %v", s.peers[0].submitted, err)
	}
}

func TestAPublicCallThatWasDoneBeforeIsAnsweredByWhatStandsOnTheLedger(t *testing.T) {
	for _, c := range publicCalls() {
		t.Run(c.function, func(t *testing.T) {
			s := newSetting(t)
			s.peers[0].decline, s.peers[0].answer = refusal(fault.WindowStatus), encoded(t, c.done)
			if got, err := c.do(t.Context(), s.client.Clearing()); err != nil || string(encoded(t, got)) != string(encoded(t, c.done)) {
				t.Errorf("done before: %+v, %v", got, err)
			}
			if c.otherwise == nil {
				s.peers[0].refuse = refusal(fault.WindowStatus)
			} else {
				s.peers[0].answer = encoded(t, c.otherwise)
			}
			if _, err := c.do(t.Context(), s.client.Clearing()); fault.CodeOf(err) != fault.WindowStatus {
				t.Errorf("not done: %v", err)
			}
			if s.peers[0].submitted != 0 {
				t.Error("something was submitted")
			}
		})
	}
}
