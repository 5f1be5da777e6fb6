package points

import (
	"slices"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/lots"
	"github.com/tallystick/tallystick/chaincode/quantity"
)

// Purpose says what a hold is for.
type Purpose string

// The purposes of a hold.
const (
	PurposeRedemption Purpose = ""          // A till captures it, in whole or in parts.
	PurposeAllowance  Purpose = "allowance" // Backs an allowance that the issuer signed for a till without connection: captured once, the rest goes back.
	PurposeTransfer   Purpose = "transfer"  // Waits for the receiver To to claim it.
	PurposeGift       Purpose = "gift"      // Waits for whoever knows the code under Claim.
)

// Hold is points of an account that are pinned until they are captured, claimed, voided, or lapse.
type Hold struct {
	ID        OperationID     `json:"id"` // Of the operation that made it.
	Purpose   Purpose         `json:"purpose,omitzero"`
	Lots      []lots.Lot      `json:"lots"` // In the order in which they are spent.
	Points    quantity.Points `json:"points"`
	Until     int64           `json:"until"`          // Unix seconds: lapsed from then on.
	Place     string          `json:"place,omitzero"` // PlaceHash of the till that holds; captures name the same. Empty: any till's capture will do.
	To        AccountID       `json:"to,omitzero"`
	Partner   string          `json:"partner,omitzero"`   // Where it is captured; empty at home.
	Agreement int             `json:"agreement,omitzero"` // Version that its captures are priced by.
	Claim     string          `json:"claim,omitzero"`     // ClaimHash of the code of a gift.
}

// transferable says whether the hold ends in another account.
func (h *Hold) transferable() bool { return h.Purpose == PurposeTransfer || h.Purpose == PurposeGift }

// hold pins points of the account under the id of the operation.
func (t *trial) hold() fault.Code {
	limit := t.terms.HoldMaxSeconds
	if t.op.Until <= t.book.Now || t.op.Until > t.book.Now+limit {
		return fault.HoldPeriod
	}
	if code := t.atPartner(); code != fault.OK {
		return code
	}
	h := Hold{Purpose: t.op.Purpose, Until: t.op.Until, Place: t.place(), Partner: t.op.Partner, Agreement: t.receipt.Agreement}
	if code := t.pin(h, nil); code != fault.OK {
		return code
	}
	return t.reserve(&h)
}

// place is where the controller lets the hold be captured.
func (t *trial) place() string {
	if t.op.Authorisation == nil {
		return t.facts.Assessment.Place
	}
	return t.op.Authorisation.Mandate.Place
}

// pin moves points from the free lots into a new hold.
func (t *trial) pin(h Hold, pass func(lots.Lot) bool) fault.Code {
	if len(t.account.Holds) >= MaxHolds {
		return fault.HoldLimit
	}
	taken, code := t.from.take(t.op.Points, pass, lots.Pinned)
	if code != fault.OK {
		return code
	}
	h.ID, h.Lots, h.Points = t.op.ID, taken, t.op.Points
	t.account.Holds = append(t.account.Holds, h)
	t.account.Held += t.op.Points // Bounded by the account's lots, of which it is a part.
	t.account.Active = t.activity()
	return t.tally(&t.totals.Pinned, t.op.Points)
}

// held finds an open hold of the account.
func held(a *Account, id OperationID, now int64) (int, fault.Code) {
	i := slices.IndexFunc(a.Holds, func(h Hold) bool { return h.ID == id })
	if i < 0 {
		return 0, fault.HoldUnknown
	}
	if a.Holds[i].Until <= now {
		return 0, fault.HoldLapsed
	}
	return i, fault.OK
}

// capture redeems points out of a hold; what is left stays pinned, unless the hold backs an allowance.
func (t *trial) capture() fault.Code {
	i, code := held(t.account, t.op.Hold, t.book.Now)
	if code != fault.OK {
		return code
	}
	h := t.account.Holds[i]
	if h.transferable() {
		return fault.HoldPurpose
	}
	if code := t.heldAtPartner(&h); code != fault.OK {
		return code
	}
	if h.Place != "" && !t.facts.Assessment.at(h.Place) {
		return fault.AuthMismatch
	}
	if t.op.Points > h.Points {
		return fault.CaptureExceeds
	}
	if code := t.priced(); code != fault.OK {
		return code
	}
	if code := t.from.unpin(i, t.op.Points, lots.Captured); code != fault.OK {
		return code
	}
	if code := t.convert(&h); code != fault.OK {
		return code
	}
	if h.Purpose == PurposeAllowance && t.op.Points < h.Points {
		if code := t.giveUp(i); code != fault.OK {
			return code
		}
	}
	t.account.Active = t.activity()
	if code := t.inShop(nil, &t.op.Points); code != fault.OK {
		return code
	}
	return t.tally(&t.totals.Redeemed, t.op.Points)
}

// unpin takes points out of hold i of the side's account for good.
func (s *side) unpin(i int, points quantity.Points, cause lots.Cause) fault.Code {
	a := s.account
	h := a.Holds[i]
	taken, rest, short := lots.Take(h.Lots, points, nil, nil)
	if short != 0 {
		return fault.CaptureExceeds
	}
	s.record(taken, cause, -1)
	h.Lots, h.Points = rest, h.Points-points
	if h.Points == 0 {
		a.Holds = slices.Delete(a.Holds, i, i+1)
	} else {
		a.Holds[i] = h
	}
	a.Held -= points
	a.Posted -= points
	return s.trial.tally(&s.trial.totals.Unpinned, points)
}

// void ends a hold: what is left of it goes back. The sender alone can take back what waits for a receiver.
func (t *trial) void() fault.Code {
	i, code := held(t.account, t.op.Hold, t.book.Now)
	if code != fault.OK {
		return code
	}
	h := t.account.Holds[i]
	if h.transferable() && t.op.Authorisation == nil && !t.preview {
		return fault.AuthMissing
	}
	if code := t.heldAtPartner(&h); code != fault.OK {
		return code
	}
	if t.book.FromIssuer && h.Partner != "" && t.book.Programme.has(engineGuards) {
		return fault.SubmitterRefused // The partner's till relies on it. Once it has lapsed, it isn't found above.
	}
	t.receipt.Points = h.Points
	return t.giveUp(i)
}

// giveUp ends hold i of the account and what the desk keeps for it.
func (t *trial) giveUp(i int) fault.Code {
	h := t.account.Holds[i]
	if code := t.from.release(i); code != fault.OK {
		return code
	}
	return t.unreserve(&h)
}

// release ends hold i of the side's account: lots of it that expired meanwhile expire, of the others a debt is paid first, and what is left is free again. Nobody can keep
// points from a return by pinning them.
func (s *side) release(i int) fault.Code {
	a := s.account
	h := a.Holds[i]
	a.Holds = slices.Delete(a.Holds, i, i+1)
	a.Held -= h.Points
	s.record(h.Lots, lots.Released, 1)
	if code := s.trial.tally(&s.trial.totals.Unpinned, h.Points); code != fault.OK {
		return code
	}
	return s.settle(h.Lots)
}

// settle puts lots that come out of a hold or the inbox into the account: what is due expires, of the rest a debt is paid first.
func (s *side) settle(list []lots.Lot) fault.Code {
	late, good := lots.Split(list, s.due)
	if code := s.end(late); code != fault.OK {
		return code
	}
	paid, rest := s.repay(good)
	s.record(paid, lots.Repaid, -1)
	repaid, err := lots.Sum(paid)
	if err != nil {
		return fault.Limit
	}
	if code := s.trial.tally(&s.trial.totals.DebtRepaid, repaid); code != fault.OK {
		return code
	}
	return s.put(rest)
}

// lapse ends the holds whose time is over. One whose lots find no room among the account's stays, lapsed and pinned, until they do: it must not stop the account.
func (s *side) lapse() {
	for i := 0; i < len(s.account.Holds); {
		if s.account.Holds[i].Until > s.trial.book.Now || !s.tryRelease(i) {
			i++
		}
	}
}

// tryRelease ends hold i, or leaves everything as it was.
func (s *side) tryRelease(i int) bool {
	account, moves, totals := s.account.clone(), len(s.moves), s.trial.totals
	if s.release(i) == fault.OK {
		return true
	}
	*s.account, s.moves, s.trial.totals = *account, s.moves[:moves], totals
	return false
}
