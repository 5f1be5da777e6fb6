package points

import (
	"slices"

	"github.com/tallystick/tallystick/chaincode/clearing"
	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/quantity"
)

// returnAward takes back what a partner awarded. The partner is refunded for what is recovered; the rest is debt, and the account remembers that the partner has a claim to it.
// What still waits in the inbox isn't the account's: it is debt until it is folded, and paid by that.
func (t *trial) returnAward(original *Receipt) fault.Code {
	if _, code := t.reverse(original, t.op.Points); code != fault.OK {
		return code
	}
	if code := t.clawBack(t.receipt.Points, original.Moves); code != fault.OK {
		return code
	}
	missing := t.receipt.DebtIncurred
	if code := t.account.claim(original, missing); code != fault.OK {
		return code
	}
	return t.payBack(original, t.receipt.Points-missing)
}

// claim remembers points of a partner's award that were returned and not recovered; LIMIT beyond MaxClaims.
func (a *Account) claim(award *Receipt, points quantity.Points) fault.Code {
	if points == 0 {
		return fault.OK
	}
	if i := a.claimOf(award.Operation); i >= 0 {
		a.Claims[i].Points += points // Bounded by the debt, of which it is a part.
		return fault.OK
	}
	if len(a.Claims) >= MaxClaims {
		return fault.Limit
	}
	a.Claims = append(a.Claims, Claim{Operation: award.Operation, Partner: award.Partner, Points: points})
	return fault.OK
}

// claimOf is the place of an award's claim; -1 when there is none.
func (a *Account) claimOf(award OperationID) int {
	return slices.IndexFunc(a.Claims, func(c Claim) bool { return c.Operation == award })
}

// cover counts repaid debt as what claims wait for, the oldest first.
func (a *Account) cover(repaid quantity.Points) {
	for i := range a.Claims {
		part := min(a.Claims[i].Points, repaid)
		a.Claims[i].Points -= part
		a.Claims[i].Repaid += part
		repaid -= part
	}
}

// payBack refunds the partner for points of its award that were recovered.
func (t *trial) payBack(award *Receipt, points quantity.Points) fault.Code {
	t.receipt.Agreement = award.Agreement
	if points == 0 {
		return fault.OK
	}
	before := t.reversal.Refunded
	t.reversal.Refunded += points // At most what was taken back.
	sold := clearing.Done{Issuer: t.book.Programme.Brand, Service: clearing.ServiceAward, Agreement: award.Agreement, Points: award.Points}
	return t.undone(sold, before, t.reversal.Refunded)
}

// refund pays a partner for what debt repayments have covered of its claim since an award was returned. NOTHING_DUE when they haven't.
func (t *trial) refund() fault.Code {
	if !t.facts.OriginalProven {
		return fault.ReceiptInvalid
	}
	award := &t.op.Original.Receipt
	if !t.returns(award) || award.Kind != KindAward {
		return fault.ReceiptNotReturnable
	}
	known := t.book.Reversals[award.Operation]
	i := t.account.claimOf(award.Operation)
	if i < 0 || t.account.Claims[i].Repaid == 0 || known == nil {
		return fault.NothingDue
	}
	if known.Receipt != t.op.Original.Proof.Place() {
		return fault.ReceiptNotReturnable
	}
	reversal := *known
	t.reversal = &reversal
	c := &t.account.Claims[i]
	t.receipt.Points, c.Repaid = c.Repaid, 0
	if c.Points == 0 {
		t.account.Claims = slices.Delete(t.account.Claims, i, i+1)
	}
	return t.payBack(award, t.receipt.Points)
}
