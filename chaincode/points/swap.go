package points

import (
	"github.com/tallystick/tallystick/chaincode/clearing"
	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/lots"
	"github.com/tallystick/tallystick/chaincode/quantity"
)

// swap burns points and makes a deposit of what they become at the partner, rounded down. LIMIT below the offer's minimum, beyond what it lets an account swap on a day, and
// where nothing would come of it.
func (t *trial) swap() fault.Code {
	if t.offer.Swap.Num == 0 {
		return fault.OfferUnknown
	}
	there, err := t.offer.Swapped(t.op.Points)
	if err != nil || there == 0 || t.op.Points < t.offer.SwapMin {
		return fault.Limit
	}
	use := t.use()
	if code := t.count(&use.Swapped, t.offer.SwapPerDay); code != fault.OK {
		return code
	}
	t.account.setUse(use)
	if _, code := t.from.take(t.op.Points, nil, lots.Swapped); code != fault.OK {
		return code
	}
	t.account.Active = t.activity()
	t.receipt.PartnerPoints = there
	t.deposit = &Deposit{
		Operation: t.op.ID, Account: t.op.To, Points: there, Source: t.op.Account, SourcePoints: t.op.Points, Agreement: t.receipt.Agreement,
	}
	if code := t.tally(&t.totals.SwappedOut, t.op.Points); code != fault.OK {
		return code
	}
	return t.oblige(clearing.ServiceSwap)
}

// returnSwap takes back what a swap brought here and makes a deposit of its part of what was given for it. It takes what is there and makes no debt: INSUFFICIENT_POINTS when
// that doesn't suffice, as when the deposit hasn't been folded. LIMIT when so few points are worth none of the partner's.
func (t *trial) returnSwap(original *Receipt) fault.Code {
	if original.Original != "" {
		return fault.ReceiptNotReturnable // It gave back what a swap's return had taken.
	}
	before, code := t.reverse(original, t.op.Points)
	if code != fault.OK {
		return code
	}
	if code := t.clawBack(t.receipt.Points, original.Moves); code != fault.OK {
		return code
	}
	if t.receipt.DebtIncurred > 0 {
		return fault.InsufficientPoints
	}
	given, err := sourcePart(original, before.TakenBack)
	upTo, errAfter := sourcePart(original, t.reversal.TakenBack)
	if err != nil || errAfter != nil || upTo == given {
		return fault.Limit
	}
	t.receipt.Agreement, t.receipt.PartnerPoints = original.Agreement, upTo-given
	t.deposit = &Deposit{
		Operation: t.op.ID, Account: original.To, Points: upTo - given, Source: t.op.Account, SourcePoints: t.receipt.Points, Agreement: original.Agreement,
		Restores: original.Operation,
	}
	swapped := clearing.Done{Issuer: t.op.Partner, Service: clearing.ServiceSwap, Agreement: original.Agreement, Points: original.PartnerPoints}
	return t.undone(swapped, given, upTo)
}

// sourcePart is the part of what was given for a deposit that falls on points of it, rounded down: the parts of all its points add up to the whole.
func sourcePart(deposit *Receipt, points quantity.Points) (quantity.Points, error) {
	part, err := quantity.Portion(int64(deposit.PartnerPoints), int64(points), int64(deposit.Points))
	return quantity.Points(part), err
}
