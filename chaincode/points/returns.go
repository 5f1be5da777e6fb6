package points

import (
	"slices"

	"github.com/tallystick/tallystick/chaincode/clearing"
	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/lots"
	"github.com/tallystick/tallystick/chaincode/quantity"
	"github.com/tallystick/tallystick/chaincode/terms"
)

// Reversal is what has been taken back of one accrual, or given back of one redemption.
type Reversal struct {
	V         int             `json:"v"` // Record version, 1.
	Operation OperationID     `json:"operation"`
	Receipt   ReceiptPlace    `json:"receipt"`           // Where the one receipt stands that this is about, whatever else has the operation's id.
	Awarded   quantity.Points `json:"awarded"`           // Of a redemption: what was redeemed.
	TakenBack quantity.Points `json:"takenBack"`         // 0 to Awarded.
	Lines     []int           `json:"lines,omitempty"`   // Lines of the purchase that were returned as such, ascending.
	Refunded  quantity.Points `json:"refunded,omitzero"` // Of a partner's award: what was recovered of TakenBack, and refunded to the partner.
	Whole     bool            `json:"whole,omitzero"`    // Everything that was left was returned: nothing can follow, also where nothing was awarded.
}

// ReceiptPlace is where a receipt stands: leaf Index of the batch (MSP, Lane, Seq).
type ReceiptPlace struct {
	MSP   string `json:"msp"`
	Lane  int    `json:"lane"`
	Seq   int64  `json:"seq"`
	Index int    `json:"index"`
}

// Place is where the receipt stands that the proof is for.
func (p *InclusionProof) Place() ReceiptPlace {
	return ReceiptPlace{MSP: p.MSP, Lane: p.Lane, Seq: p.Seq, Index: p.Index}
}

// takeBack is the return of a purchase, of a redemption, or of something without a receipt.
func (t *trial) takeBack() fault.Code {
	if t.op.Original == nil {
		if !t.terms.UnreferencedReturns {
			return fault.ReturnUnreferenced
		}
		if t.op.Authorisation == nil && !t.preview {
			return fault.AuthMissing
		}
		t.receipt.Points = t.facts.Assessment.Points
		return t.clawBack(t.receipt.Points, nil)
	}
	if !t.facts.OriginalProven {
		return fault.ReceiptInvalid
	}
	original := &t.op.Original.Receipt
	if !t.returns(original) {
		return fault.ReceiptNotReturnable
	}
	if promised := terms.Find(t.book.Programme.Terms, original.Terms); promised != nil {
		if last, limited := promised.LastReturn(original.BusinessDate); limited && t.book.Programme.BusinessDate > last {
			return fault.ReturnLate
		}
	}
	switch original.Kind {
	case KindEarn:
		return t.returnPurchase(original)
	case KindRedeem, KindCapture:
		return t.returnRedemption(original)
	case KindAward:
		return t.returnAward(original)
	case KindDeposit:
		return t.returnSwap(original)
	default:
		return fault.ReceiptNotReturnable
	}
}

// returns says whether a receipt is one of this account's that was accepted, with the same partner or none.
func (t *trial) returns(r *Receipt) bool {
	return r.Outcome == Accepted && r.Account == t.op.Account && r.Programme == t.book.Programme.Brand && r.Partner == t.op.Partner
}

// reverse counts points of the original as returned; RETURN_EXCEEDS beyond what it moved, or when a line is returned twice. Of two receipts under one operation id, the one
// that was returned first is the only one that can be.
func (t *trial) reverse(original *Receipt, points quantity.Points) (Reversal, fault.Code) {
	reversal := Reversal{V: 1, Operation: original.Operation, Receipt: t.op.Original.Proof.Place(), Awarded: original.Points}
	if known := t.book.Reversals[original.Operation]; known != nil {
		if known.Receipt != reversal.Receipt {
			return reversal, fault.ReceiptNotReturnable
		}
		reversal = *known
	}
	if reversal.Whole {
		return reversal, fault.ReturnExceeds
	}
	if t.op.Whole {
		points = reversal.Awarded - reversal.TakenBack
		if points == 0 && reversal.Awarded != 0 {
			return reversal, fault.ReturnExceeds
		}
	}
	lines := append([]int(nil), reversal.Lines...)
	for _, n := range t.op.Lines {
		i, there := slices.BinarySearch(lines, n)
		if there {
			return reversal, fault.ReturnExceeds
		}
		lines = slices.Insert(lines, i, n)
	}
	if shown := t.facts.Assessment.purchase; shown != nil {
		all, err := shown.shareOf(lines, original.Points)
		before, errBefore := shown.shareOf(reversal.Lines, original.Points)
		if err != nil || errBefore != nil {
			return reversal, fault.ReturnExceeds
		}
		points = all - before
	}
	taken, err := reversal.TakenBack.Add(points)
	if err != nil || taken > reversal.Awarded {
		return reversal, fault.ReturnExceeds
	}
	after := reversal
	after.TakenBack, after.Lines, after.Whole = taken, lines, t.op.Whole
	t.reversal = &after
	t.receipt.Points = points
	return reversal, fault.OK
}

// returnPurchase takes back what a purchase was awarded, and what it counted for counters in proportion.
func (t *trial) returnPurchase(original *Receipt) fault.Code {
	if _, code := t.reverse(original, t.facts.Assessment.Points); code != fault.OK {
		return code
	}
	if original.Award != nil && t.book.Rules != nil {
		if code := t.undo(original); code != fault.OK {
			return code
		}
	}
	return t.clawBack(t.receipt.Points, original.Moves)
}

// undo moves back what the purchase counted for counters. One that was awarded nothing counts back when it is returned whole.
func (t *trial) undo(original *Receipt) fault.Code {
	taken, awarded := t.receipt.Points, original.Points
	if t.op.Whole && awarded == 0 {
		taken, awarded = 1, 1
	}
	undo, err := t.book.Rules.Reverse(original.Award, taken, awarded)
	if err != nil {
		return fault.Limit
	}
	standing, err := t.book.Rules.Apply(&t.account.Standing, &undo, t.book.Programme.BusinessDate)
	if err != nil {
		return fault.Limit
	}
	t.account.Standing = standing
	t.receipt.Award = &undo
	return fault.OK
}

// clawBack takes points from the lots that the purchase made as far as they are there, then from the others, then from those in suspense, and books the rest as debt.
func (t *trial) clawBack(points quantity.Points, made []lots.Move) fault.Code {
	own := func(l lots.Lot) bool {
		return slices.ContainsFunc(made, func(m lots.Move) bool {
			return (m.Cause == lots.Accrued || m.Cause == lots.Deposited) && m.Expiry == l.Expiry && m.Terms == l.Terms && m.Funding == l.Funding
		})
	}
	taken, code := t.from.takeDown(points, own, lots.Recovered)
	if code != fault.OK {
		return code
	}
	return t.tally(&t.totals.Recovered, taken)
}

// returnRedemption gives back lots that a redemption took, those that expire last first, with their original ageing; what has expired since comes back for the grace
// period of its terms, or not at all where they give none.
func (t *trial) returnRedemption(original *Receipt) fault.Code {
	before, code := t.reverse(original, t.op.Points)
	if code != fault.OK {
		return code
	}
	back := givenBack(original.Moves, before.TakenBack, t.receipt.Points)
	p := t.book.Programme
	for i := range back {
		l := &back[i]
		promised := terms.Find(p.Terms, l.Terms)
		if l.Expiry != 0 && l.Expiry <= p.BusinessDate && promised != nil && promised.GraceDays > 0 {
			l.Expiry = min(p.BusinessDate+quantity.Day(promised.GraceDays), quantity.LastDay)
		}
	}
	repaid, code := t.from.credit(back, lots.Restored)
	if code != fault.OK {
		return code
	}
	t.receipt.DebtRepaid = repaid
	if code := t.tally(&t.totals.Restored, t.receipt.Points); code != fault.OK || original.Partner == "" {
		return code
	}
	t.receipt.Agreement = original.Agreement
	redeemed := clearing.Done{Issuer: original.Programme, Service: clearing.ServiceRedemption, Agreement: original.Agreement, Points: original.Points}
	return t.undone(redeemed, before.TakenBack, t.reversal.TakenBack)
}

// givenBack selects points of what a redemption took, from the end, after skipping what was given back before.
func givenBack(moves []lots.Move, skip, points quantity.Points) []lots.Lot {
	var back []lots.Lot
	for i := len(moves) - 1; i >= 0 && points > 0; i-- {
		m := moves[i]
		if m.Cause != lots.Redeemed && m.Cause != lots.Captured {
			continue
		}
		there := -m.Points
		skipped := min(skip, there)
		skip -= skipped
		part := min(there-skipped, points)
		points -= part
		if part > 0 {
			back = append(back, lots.Lot{Key: m.Key, Points: part})
		}
	}
	return back
}
