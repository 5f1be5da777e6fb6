package points

import (
	"crypto/sha256"
	"encoding/hex"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/lots"
	"github.com/tallystick/tallystick/chaincode/quantity"
)

// secondsPerDay turns the terms' days for accepting a transfer into the time of a hold.
const secondsPerDay = 86400

// ClaimHash is what a gift's hold says of its code: SHA-256 over the sender's account and the code, which carries 128 random bits or more.
func ClaimHash(sender AccountID, code string) string {
	h := sha256.New()
	h.Write([]byte("tally claim\x00" + string(sender) + "\x00" + code))
	return hex.EncodeToString(h.Sum(nil))
}

// transfer moves points to another account, at once or, where the terms say so, when the receiver accepts them.
func (t *trial) transfer() fault.Code {
	if !t.mayTransfer(t.to.account.Holder) {
		return fault.TransferRefused
	}
	if code := t.countSent(); code != fault.OK {
		return code
	}
	if days := t.terms.Transfers.AcceptDays; days > 0 {
		h := Hold{Purpose: PurposeTransfer, Until: t.book.Now + int64(days)*secondsPerDay, To: t.op.To}
		return t.pin(h, t.from.ripe)
	}
	taken, code := t.from.take(t.op.Points, t.from.ripe, lots.Sent)
	if code != fault.OK {
		return code
	}
	return t.deliver(taken)
}

// gift pins points for somebody who may not have an account yet and who claims them with a code.
func (t *trial) gift() fault.Code {
	if !t.terms.Transfers.Gift || t.account.Holder != HolderCustomer {
		return fault.TransferRefused
	}
	if code := t.countSent(); code != fault.OK {
		return code
	}
	until := t.book.Now + int64(t.terms.Transfers.AcceptDays)*secondsPerDay
	return t.pin(Hold{Purpose: PurposeGift, Until: until, Claim: t.op.Claim}, t.from.ripe)
}

// accept is the receiver's: To is the sender, whose hold ends in the operation's account. Nothing leaves a sender that was frozen meanwhile or is cooling off after a recovery; a receiver that is frozen gets
// it into suspense.
func (t *trial) accept() fault.Code {
	sender, receiver := t.to, t.from
	i, code := held(sender.account, t.op.Hold, t.book.Now)
	if code != fault.OK {
		return code
	}
	h := sender.account.Holds[i]
	if code := t.acceptable(&h); code != fault.OK {
		return code
	}
	if sender.account.Status == StatusFrozen {
		return fault.AccountFrozen
	}
	if t.book.Now < sender.account.CoolUntil {
		return fault.CoolingOff
	}
	t.receipt.Points = h.Points
	if code := sender.unpin(i, h.Points, lots.Delivered); code != fault.OK {
		return code
	}
	return t.arrive(receiver, h.Lots)
}

// acceptable says whether the hold waits for the operation's account.
func (t *trial) acceptable(h *Hold) fault.Code {
	switch {
	case h.Purpose == PurposeTransfer && h.To == t.op.Account:
		return fault.OK
	case h.Purpose != PurposeGift:
		return fault.HoldPurpose
	case h.Claim != t.op.Claim:
		return fault.ClaimInvalid
	case t.account.Holder != HolderCustomer:
		return fault.TransferRefused
	default:
		return fault.OK
	}
}

// deliver credits the receiver of a transfer with the sender's lots: they keep their expiry, terms and funding.
func (t *trial) deliver(taken []lots.Lot) fault.Code {
	t.account.Active = t.activity()
	return t.arrive(t.to, taken)
}

func (t *trial) arrive(receiver *side, taken []lots.Lot) fault.Code {
	repaid, code := receiver.credit(taken, lots.Received)
	if code != fault.OK {
		return code
	}
	t.receipt.DebtRepaid = repaid
	return t.tally(&t.totals.Transferred, t.receipt.Points)
}

// mayTransfer says whether the terms let the sender send to a holder of this kind.
func (t *trial) mayTransfer(receiver Holder) bool {
	rule := t.terms.Transfers
	switch {
	case t.account.Holder == HolderMerchant && receiver == HolderMerchant:
		return rule.Trade
	case t.account.Holder == HolderMerchant:
		return rule.Merchant
	default:
		return rule.Customer && receiver == HolderCustomer
	}
}

// countSent counts what is sent and holds it against the terms' limits. What comes back because nobody accepted it has been counted all the same.
func (t *trial) countSent() fault.Code {
	rule := t.terms.Transfers
	if t.op.Points < rule.MinPoints {
		return fault.TransferRefused
	}
	sent := t.account.Sent
	if day := t.book.Programme.BusinessDate; sent.Day != day {
		sent.Day, sent.Today = day, 0
	}
	for _, c := range []struct {
		count *quantity.Points
		limit quantity.Points
	}{{&sent.Today, rule.DailyLimit}, {&sent.Lifetime, rule.LifetimeLimit}} {
		sum, err := c.count.Add(t.op.Points)
		if err != nil || c.limit > 0 && sum > c.limit {
			return fault.Limit
		}
		*c.count = sum
	}
	t.account.Sent = sent
	return fault.OK
}
