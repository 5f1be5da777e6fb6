package ledger

import (
	"context"

	"github.com/tallystick/tallystick/chaincode/clearing"
	"github.com/tallystick/tallystick/chaincode/wire"
)

// What treasurers do with legs and disputes.

// Pay enters a bank payment of a leg that the own member pays. LEG_EXCEEDS when more would be paid than is left.
func (c *Clearing) Pay(ctx context.Context, doc wire.LegPayment) (clearing.Leg, error) {
	return c.stepLeg(ctx, wire.FnPayLeg, doc, doc.Leg, func(l *clearing.Leg) bool {
		e := entryOf(l, doc.Reference)
		return e != nil && e.Amount == doc.Amount && e.PaidBy == c.client.msp
	})
}

// Receive notes that a bank payment of a leg came in at the own member. NOT_FOUND when none was entered under this reference with this amount.
func (c *Clearing) Receive(ctx context.Context, doc wire.LegPayment) (clearing.Leg, error) {
	return c.stepLeg(ctx, wire.FnReceiveLeg, doc, doc.Leg, func(l *clearing.Leg) bool {
		e := entryOf(l, doc.Reference)
		return e != nil && e.Amount == doc.Amount && e.ReceiptAt != 0
	})
}

// Reverse takes a wrong payment back by a counter entry.
func (c *Clearing) Reverse(ctx context.Context, doc wire.EntryReversal) (clearing.Leg, error) {
	return c.stepLeg(ctx, wire.FnReverseEntry, doc, doc.Leg, func(l *clearing.Leg) bool {
		e := entryOf(l, doc.Reference)
		return e != nil && e.Reversal != nil && e.Reversal.By == c.client.msp
	})
}

// Finalise makes a leg final that the own member received in full.
func (c *Clearing) Finalise(ctx context.Context, leg wire.LegQuery) (clearing.Leg, error) {
	return c.stepLeg(ctx, wire.FnFinaliseLeg, leg, leg, func(l *clearing.Leg) bool { return l.Status == clearing.LegFinal })
}

// MarkLate notes that a leg to the own member is past due.
func (c *Clearing) MarkLate(ctx context.Context, leg wire.LegQuery) (clearing.Leg, error) {
	return c.stepLeg(ctx, wire.FnMarkLate, leg, leg, func(l *clearing.Leg) bool { return l.Late })
}

func (c *Clearing) stepLeg(ctx context.Context, function string, document any, leg wire.LegQuery, done func(*clearing.Leg) bool) (clearing.Leg, error) {
	return public(ctx, c, function, document, func() (clearing.Leg, bool) {
		var l clearing.Leg
		err := c.read(ctx, wire.FnGetLeg, leg, &l)
		return l, err == nil && done(&l)
	})
}

// entryOf is a leg's payment under a reference, which is used once.
func entryOf(l *clearing.Leg, reference string) *clearing.Entry {
	for i := range l.Entries {
		if l.Entries[i].Reference == reference {
			return &l.Entries[i]
		}
	}
	return nil
}

// Dispute sets a line aside before its window is netted. RECEIPT_INVALID when the evidence doesn't hold, DISPUTE_LATE once the window is netted, DISPUTE_LIMIT.
func (c *Clearing) Dispute(ctx context.Context, doc wire.NewDispute) (clearing.Dispute, error) {
	r := &doc.Evidence.Receipt
	step := wire.DisputeStep{Currency: doc.Currency, Programme: r.Programme, Operation: r.Operation, Member: c.client.name()}
	return c.stepDispute(ctx, wire.FnFileDispute, doc, step, func(d *clearing.Dispute) bool {
		return d.By == step.Member && d.Reason == doc.Reason && d.Status == clearing.DisputeAside
	})
}

// Withdraw gives a dispute of the own member's up.
func (c *Clearing) Withdraw(ctx context.Context, step wire.DisputeStep) (clearing.Dispute, error) {
	return c.stepDispute(ctx, wire.FnWithdrawDispute, step, step, func(d *clearing.Dispute) bool { return d.Status == clearing.DisputeWithdrawn && d.By == step.Member })
}

// Uphold says that the own member holds a disputed line not to be owed.
func (c *Clearing) Uphold(ctx context.Context, step wire.DisputeStep) (clearing.Dispute, error) {
	return c.stepDispute(ctx, wire.FnUpholdDispute, step, step, func(d *clearing.Dispute) bool {
		for _, member := range d.Agreed {
			if member == step.Member {
				return true
			}
		}
		return false
	})
}

func (c *Clearing) stepDispute(ctx context.Context, function string, document any, s wire.DisputeStep, done func(*clearing.Dispute) bool) (clearing.Dispute, error) {
	return public(ctx, c, function, document, func() (clearing.Dispute, bool) {
		var d clearing.Dispute
		err := c.read(ctx, wire.FnGetDispute, wire.DisputeQuery{Currency: s.Currency, Programme: s.Programme, Operation: s.Operation}, &d)
		return d, err == nil && done(&d)
	})
}
