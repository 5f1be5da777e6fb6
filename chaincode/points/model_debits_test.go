package points_test

import (
	"slices"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/lots"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/quantity"
)

func every(lots.Lot) bool { return true }

func (m *model) redeem(a *attempt, p *position) fault.Code {
	if code := m.priced(&a.d, a.op.Points); code != fault.OK {
		return code
	}
	taken := m.take(p, a.op.Points, every)
	if taken == nil {
		return fault.InsufficientPoints
	}
	return m.spend(a, p, taken)
}

func (m *model) spend(a *attempt, p *position, taken []lots.Lot) fault.Code {
	p.active = m.activity()
	m.totals.Redeemed += total(taken)
	m.spendings[a.op.ID] = spending{a.op.Account, m.day, m.inForce().Version, taken}
	return m.shop(a.op, 0, total(taken))
}

func (m *model) hold(a *attempt, p *position) fault.Code {
	o := a.op
	switch {
	case o.Until <= m.now || o.Until-m.now > m.inForce().HoldMaxSeconds:
		return fault.HoldPeriod
	case len(p.pinned) == points.MaxHolds:
		return fault.HoldLimit
	}
	taken := m.take(p, o.Points, every)
	if taken == nil {
		return fault.InsufficientPoints
	}
	m.pin(p, pinned{id: o.ID, purpose: o.Purpose, lots: taken, until: o.Until, place: a.d.Merchant})
	return fault.OK
}

func (m *model) capture(a *attempt, p *position) fault.Code {
	i := p.find(a.op.Hold)
	h := &p.pinned[i]
	switch {
	case h.purpose == points.PurposeTransfer || h.purpose == points.PurposeGift:
		return fault.HoldPurpose
	case h.place != "" && h.place != a.d.Merchant:
		return fault.AuthMismatch
	case a.op.Points > total(h.lots):
		return fault.CaptureExceeds
	}
	if code := m.priced(&a.d, a.op.Points); code != fault.OK {
		return code
	}
	taken, left := cut(h.lots, a.op.Points)
	h.lots = left
	m.totals.Unpinned += total(taken)
	if len(left) == 0 || h.purpose == points.PurposeAllowance {
		m.release(p, i)
	}
	return m.spend(a, p, taken)
}

// release ends a hold of which something may be left.
func (m *model) release(p *position, i int) {
	left := p.pinned[i].lots
	p.pinned = slices.Delete(p.pinned, i, i+1)
	m.totals.Unpinned += total(left)
	m.arrive(p, left)
}

func (m *model) void(a *attempt, p *position) fault.Code {
	i := p.find(a.op.Hold)
	h := &p.pinned[i]
	if (h.purpose == points.PurposeTransfer || h.purpose == points.PurposeGift) && a.op.Authorisation == nil {
		return fault.AuthMissing
	}
	a.points = total(h.lots)
	m.release(p, i)
	return fault.OK
}

// send is a transfer, at once or to be accepted, or a gift.
func (m *model) send(a *attempt, p, q *position) fault.Code {
	o, rule := a.op, m.inForce().Transfers
	const customer, merchant = points.HolderCustomer, points.HolderMerchant
	var allowed bool
	switch {
	case o.Kind == points.KindGift:
		allowed = rule.Gift && p.holder == customer
	case p.holder == merchant && q.holder == merchant:
		allowed = rule.Trade
	case p.holder == merchant:
		allowed = rule.Merchant
	default:
		allowed = rule.Customer && q.holder == customer
	}
	if !allowed || o.Points < rule.MinPoints {
		return fault.TransferRefused
	}
	if p.sent.Day != m.day {
		p.sent.Day, p.sent.Today = m.day, 0
	}
	p.sent.Today += o.Points
	p.sent.Lifetime += o.Points
	switch {
	case rule.DailyLimit > 0 && p.sent.Today > rule.DailyLimit, rule.LifetimeLimit > 0 && p.sent.Lifetime > rule.LifetimeLimit:
		return fault.Limit
	case rule.AcceptDays > 0 && len(p.pinned) == points.MaxHolds:
		return fault.HoldLimit
	}
	taken := m.take(p, o.Points, m.sendable)
	if taken == nil {
		return fault.InsufficientPoints
	}
	p.active = m.activity()
	if rule.AcceptDays > 0 {
		purpose := map[points.Kind]points.Purpose{points.KindGift: points.PurposeGift, points.KindTransfer: points.PurposeTransfer}[o.Kind]
		m.pin(p, pinned{id: o.ID, purpose: purpose, lots: taken, until: m.now + int64(rule.AcceptDays)*86400, to: o.To, claim: o.Claim})
		return fault.OK
	}
	m.totals.Transferred += o.Points
	m.credit(q, taken)
	return fault.OK
}

func (m *model) accept(a *attempt, p, q *position) fault.Code {
	i := q.find(a.op.Hold)
	h := q.pinned[i]
	switch {
	case h.purpose != points.PurposeGift && (h.purpose != points.PurposeTransfer || h.to != a.op.Account):
		return fault.HoldPurpose
	case h.purpose == points.PurposeGift && h.claim != a.op.Claim:
		return fault.ClaimInvalid
	case h.purpose == points.PurposeGift && p.holder != points.HolderCustomer:
		return fault.TransferRefused
	case q.status == points.StatusFrozen:
		return fault.AccountFrozen
	case q.cool > m.now:
		return fault.CoolingOff
	}
	q.pinned = slices.Delete(q.pinned, i, i+1)
	a.points = total(h.lots)
	m.totals.Unpinned += a.points
	m.totals.Transferred += a.points
	m.credit(p, h.lots)
	return fault.OK
}

func (m *model) giveBack(a *attempt, p *position) fault.Code {
	if a.op.Original == nil {
		if !m.inForce().UnreferencedReturns {
			return fault.ReturnUnreferenced
		}
		if a.op.Authorisation == nil {
			return fault.AuthMissing
		}
		m.totals.Recovered += m.takeDown(p, a.points, every)
		return fault.OK
	}
	id := a.op.Original.Receipt.Operation
	s, bought := m.sales[id]
	g := m.spendings[id]
	account, on, version, moved := g.account, g.day, g.terms, total(g.lots)
	if bought {
		account, on, version, moved = s.account, s.day, s.terms, s.points
	}
	switch limit := m.terms[version-1].ReturnDays; {
	case a.unproven:
		return fault.ReceiptInvalid
	case account != a.op.Account:
		return fault.ReceiptNotReturnable
	case limit > 0 && m.day > on+quantity.Day(limit):
		return fault.ReturnLate
	}
	before, code := m.reverse(a, id, moved)
	if code != fault.OK {
		return code
	}
	if bought {
		return m.returnSale(a, p, &s)
	}
	m.restore(p, &g, before, a.points)
	return fault.OK
}

// reverse counts what is returned; it gives what was before.
func (m *model) reverse(a *attempt, id points.OperationID, moved quantity.Points) (quantity.Points, fault.Code) {
	r := m.returned[id]
	if r == nil {
		r = &takenBack{}
		m.returned[id] = r
	}
	before := r.points
	if a.op.Whole {
		a.points = moved - before
	}
	if s, bought := m.sales[id]; bought && len(a.op.Lines) > 0 {
		a.points = s.part(slices.Concat(r.lines, a.op.Lines)) - s.part(r.lines)
	}
	if r.whole || before+a.points > moved || a.op.Whole && a.points == 0 && moved > 0 {
		return 0, fault.ReturnExceeds
	}
	for _, n := range a.op.Lines {
		if slices.Contains(r.lines, n) {
			return 0, fault.ReturnExceeds
		}
	}
	r.lines = slices.Concat(r.lines, a.op.Lines)
	r.points, r.whole = before+a.points, a.op.Whole
	return before, fault.OK
}

func (m *model) returnSale(a *attempt, p *position, s *sale) fault.Code {
	if s.ruled && m.rules {
		part, whole := int64(a.points), int64(s.points)
		if a.op.Whole && whole == 0 {
			part, whole = 1, 1
		}
		if part > 0 {
			p.spent = max(p.spent-s.spent*part/whole, 0)
			p.year(-(s.earned * part / whole), m.day)
		}
	}
	m.totals.Recovered += m.takeDown(p, a.points, func(l lots.Lot) bool {
		return slices.ContainsFunc(s.made, func(made lots.Lot) bool {
			return made.Expiry == l.Expiry && made.Terms == l.Terms && made.Funding == l.Funding
		})
	})
	return fault.OK
}

// restore gives points of a redemption back, those it took last first, after those that were given back before.
func (m *model) restore(p *position, g *spending, before, n quantity.Points) {
	backwards := slices.Clone(g.lots)
	slices.Reverse(backwards)
	_, left := cut(backwards, before)
	back, _ := cut(left, n)
	for i, l := range back {
		if grace := m.of(l).GraceDays; l.Expiry != 0 && l.Expiry <= m.day && grace > 0 {
			back[i].Expiry = m.day + quantity.Day(grace)
		}
	}
	m.totals.Restored += n
	m.credit(p, back)
}

func (m *model) adjust(a *attempt, p *position) fault.Code {
	if a.approval != fault.OK {
		return a.approval
	}
	if a.op.Points < 0 {
		m.totals.AdjustedDown += m.takeDown(p, -a.op.Points, every)
		return fault.OK
	}
	t := m.inForce()
	m.totals.AdjustedUp += a.op.Points
	m.credit(p, []lots.Lot{{Key: lots.Key{Terms: t.Version, Expiry: m.endOf(t.Expiry), Funding: points.AdjustmentFunding}, Points: a.op.Points}})
	return fault.OK
}

// control changes who controls an account, and its status.
func (m *model) control(a *attempt, p *position) fault.Code {
	o := a.op
	switch o.Kind {
	case points.KindRekey, points.KindRecover:
		if a.approval != fault.OK {
			return a.approval
		}
		if o.Controller.Version != p.version+1 {
			return fault.ControllerRefused
		}
		if o.Kind == points.KindRecover {
			p.recovery = &points.Recovery{Controller: *o.Controller, From: m.now + m.inForce().RecoveryWaitSeconds}
			m.watch(p)
			return fault.OK
		}
		p.version, p.key, p.recovery = o.Controller.Version, o.Controller.Key, nil
		m.watch(p)
		return fault.OK
	case points.KindVeto, points.KindComplete:
		return m.endRecovery(o.Kind, p)
	case points.KindFreeze:
		if p.status != points.StatusActive {
			return fault.AccountFrozen
		}
		p.status, p.frozenUntil = points.StatusFrozen, o.Until
		if o.Until == 0 {
			p.frozenUntil = m.now + points.MaxFreezeSeconds
		}
		return fault.OK
	case points.KindUnfreeze:
		if p.status != points.StatusFrozen {
			return fault.AccountNotFrozen
		}
		suspended := p.suspense
		p.status, p.suspense, p.frozenUntil = points.StatusActive, nil, 0
		m.put(p, suspended)
		return fault.OK
	default:
		return m.close(a, p)
	}
}

func (m *model) endRecovery(kind points.Kind, p *position) fault.Code {
	switch {
	case p.recovery == nil:
		return fault.RecoveryUnknown
	case kind == points.KindComplete && m.now < p.recovery.From:
		return fault.RecoveryWaiting
	case kind == points.KindComplete:
		p.version, p.key, p.cool = p.recovery.Controller.Version, p.recovery.Controller.Key, m.now+m.inForce().CoolingOffSeconds
		m.watch(p)
	}
	p.recovery = nil
	return fault.OK
}

func (m *model) close(a *attempt, p *position) fault.Code {
	switch {
	case len(p.pinned) > 0 || p.debt > 0:
		return fault.AccountUnsettled
	case total(p.free) != a.op.Points:
		return fault.ForfeitMismatch
	}
	m.totals.Forfeited += a.op.Points
	p.free, p.recovery, p.status = nil, nil, points.StatusClosed
	return fault.OK
}
