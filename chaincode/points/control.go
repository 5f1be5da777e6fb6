package points

import (
	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/lots"
)

// rekey gives the account a new controller, signed by the old one: a rotation, or the way from custody to a key of the customer's own, or back.
func (t *trial) rekey() fault.Code {
	if code := t.nextController(); code != fault.OK {
		return code
	}
	t.account.Controller, t.account.Recovery = *t.op.Controller, nil
	t.guard()
	return fault.OK
}

// nextController checks a controller that is to follow the account's.
func (t *trial) nextController() fault.Code {
	c := t.op.Controller
	if c.Version != t.account.Controller.Version+1 || c.Kind == ControllerWebAuthn && t.book.Programme.RelyingParty.ID == "" {
		return fault.ControllerRefused
	}
	return fault.OK
}

// recover asks for a new controller without the old one's signature: another organisation has approved it, and the old key can veto it until the wait is over.
func (t *trial) recover() fault.Code {
	if code := t.approved(); code != fault.OK {
		return code
	}
	if code := t.nextController(); code != fault.OK {
		return code
	}
	t.account.Recovery = &Recovery{Controller: *t.op.Controller, From: t.book.Now + t.terms.RecoveryWaitSeconds, Operation: t.op.ID}
	t.guard()
	return fault.OK
}

// veto ends a recovery that is under way; the old key signs it.
func (t *trial) veto() fault.Code {
	if t.account.Recovery == nil {
		return fault.RecoveryUnknown
	}
	t.account.Recovery = nil
	return fault.OK
}

// complete puts the new controller in force once the wait is over; debits wait for the cooling-off.
func (t *trial) complete() fault.Code {
	r := t.account.Recovery
	if r == nil {
		return fault.RecoveryUnknown
	}
	if t.book.Now < r.From {
		return fault.RecoveryWaiting
	}
	t.account.Controller, t.account.Recovery = r.Controller, nil
	t.account.CoolUntil = t.book.Now + t.terms.CoolingOffSeconds
	t.guard()
	return fault.OK
}

// close ends an account for good. The mandate names how many points are forfeited by it, so that nobody signs away points unseen; open holds and debt have to be settled before.
func (t *trial) close() fault.Code {
	a := t.account
	if len(a.Holds) > 0 || a.Debt > 0 {
		return fault.AccountUnsettled
	}
	left, err := lots.Sum(a.Lots)
	if err != nil || left != t.op.Points {
		return fault.ForfeitMismatch
	}
	t.from.record(a.Lots, lots.Forfeited, -1)
	a.Lots, a.Posted, a.Status, a.Recovery = []lots.Lot{}, 0, StatusClosed, nil
	return t.tally(&t.totals.Forfeited, left)
}
