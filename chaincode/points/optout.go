package points

import "github.com/tallystick/tallystick/chaincode/fault"

// optsOut keeps partners from redeeming, holding, swapping and awarding points of the account from now on. What was held before can be captured, and returns go on.
func (t *trial) optsOut() fault.Code {
	next, err := t.book.OptOuts[t.op.Account].With(t.op.Partner)
	if err != nil {
		return fault.Limit
	}
	t.optOut = next
	return fault.OK
}

// optsIn takes an opt-out back; OPTED_OUT when one partner is named and the customer opted out of all.
func (t *trial) optsIn() fault.Code {
	next, err := t.book.OptOuts[t.op.Account].Without(t.op.Partner)
	if err != nil {
		return fault.OptedOut
	}
	t.optOut = next
	return fault.OK
}
