package points_test

import (
	"maps"
	"slices"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/quantity"
)

func (m *machine) hold() {
	h := m.holder("holder")
	seconds := one(m, []int64{3600, 0, 1, 600, 3600, 5 * 86400, 20 * 86400, 31 * 86400}, "until")
	a := m.attempt(h, points.KindHold, of(m.amount(h)), m.until(seconds))
	if m.chance(3, "allowance") {
		a.op.Purpose = points.PurposeAllowance
	}
	if m.chance(4, "in the shop") {
		a.d.Merchant = "corner"
	}
	m.try(m.sign(h, a))
}

// opened draws one of the model's holds, mostly of a purpose, or, seldom, one that isn't; false when there is none.
func (m *machine) opened(mostly func(pinned) bool) (owner holder, h pinned, there bool) {
	type open struct {
		owner points.AccountID
		hold  pinned
	}
	var list []open
	for _, id := range m.ids {
		for _, h := range m.model.positions[id].pinned {
			if mostly(h) || m.chance(8, "of another purpose") {
				list = append(list, open{id, h})
			}
		}
	}
	if m.chance(20, "no hold") {
		return m.holder("owner"), pinned{id: operationID(1 << 20)}, true
	}
	if len(list) == 0 {
		return holder{}, pinned{}, false
	}
	drawn := one(m, list, "hold")
	return m.holders[drawn.owner], drawn.hold, true
}

func onHold(h pinned) change { return func(o *points.Operation, _ *points.Details) { o.Hold = h.id } }

func (m *machine) capture() {
	owner, h, there := m.opened(func(h pinned) bool {
		return h.purpose == points.PurposeRedemption || h.purpose == points.PurposeAllowance
	})
	if !there {
		m.hold()
		return
	}
	n := quantity.Points(1 + uniform(int(total(h.lots))+2).Draw(m.r, "points"))
	a := m.benefit(m.attempt(owner, points.KindCapture, onHold(h), of(n)))
	a.d.Merchant = h.place
	if h.place == "corner" && m.chance(2, "as the shop") {
		a.op.Shop = "corner"
	}
	if m.chance(15, "elsewhere") {
		a.d.Merchant, a.op.Shop = "market", ""
	}
	m.try(a)
}

func (m *machine) void() {
	owner, h, there := m.opened(func(pinned) bool { return true })
	if !there {
		m.hold()
		return
	}
	a := m.attempt(owner, points.KindVoid, onHold(h))
	if m.chance(2, "signed") {
		m.sign(owner, a)
	}
	m.try(a)
}

func (m *machine) transfer() {
	h := m.holder("sender")
	m.try(m.sign(h, m.attempt(h, points.KindTransfer, of(m.amount(h)), to(m.another(h, "receiver")))))
}

func (m *machine) gift() {
	h := m.holder("sender")
	a := m.attempt(h, points.KindGift, of(m.amount(h)))
	m.codes[a.op.ID] = "code-" + string(a.op.ID)
	a.op.Claim = points.ClaimHash(h.id, m.codes[a.op.ID])
	m.try(m.sign(h, a))
}

func (m *machine) accept() {
	owner, h, there := m.opened(func(h pinned) bool { return h.purpose == points.PurposeTransfer || h.purpose == points.PurposeGift })
	if !there {
		m.gift()
		return
	}
	receiver := m.another(owner, "receiver")
	if h.to != "" && !m.chance(4, "another") {
		receiver = m.holders[h.to]
	}
	a := m.attempt(receiver, points.KindAccept, onHold(h), to(owner))
	if h.purpose == points.PurposeGift {
		claiming(owner, m.codes[h.id])(a.op, &a.d)
		switch 8 - uniform(8).Draw(m.r, "code") {
		case 1:
			claiming(owner, "thorn")(a.op, &a.d) // Another gift's.
		case 2:
			a.d.ClaimCode, a.details = "guess", fault.ClaimInvalid
		case 3:
			a.op.Claim, a.d.ClaimCode = "", ""
		}
	}
	m.try(m.sign(receiver, a))
}

// receipt draws a receipt of the given operations; false when there is none.
func receipt[V any](m *machine, of map[points.OperationID]V, label string) (points.Receipt, bool) {
	if len(of) == 0 {
		return points.Receipt{}, false
	}
	return m.receipts[one(m, slices.Sorted(maps.Keys(of)), label)], true
}

// back starts the return of a receipt, now and then of an altered one, or by another account.
func (m *machine) back(r points.Receipt) *attempt {
	h := m.holders[r.Account]
	if m.chance(15, "by another") {
		h = m.holder("holder")
	}
	a := m.attempt(h, points.KindReturn, m.till.back(r))
	if m.chance(15, "altered") {
		a.unproven = true
		a.op.Original.Receipt.Posted++
	}
	return m.spoil(a)
}

func (m *machine) giveBack() {
	r, there := receipt(m, m.model.sales, "sale")
	if !there {
		return
	}
	a, s := m.back(r), m.model.sales[r.Operation]
	if m.chance(2, "disclosed") {
		a.d.Disclosed = m.disclose(r)
		a.disclosed = !a.unproven || r.Details == a.op.Original.Receipt.Details
	}
	switch way := 4 - uniform(4).Draw(m.r, "way"); {
	case way == 1:
		a.op.Whole = true
	case way == 2 && len(s.lines) > 0:
		a.op.Lines = []int{uniform(len(s.lines)+1).Draw(m.r, "line")}
	default:
		a.d.AmountMinor = int64(uniform(int(s.pence)+3).Draw(m.r, "pence"))
		if a.d.Currency == "" {
			a.d.Currency = "GBP"
		}
	}
	m.try(a)
}

func (m *machine) restore() {
	r, there := receipt(m, m.model.spendings, "redemption")
	if !there {
		return
	}
	a := m.back(r)
	if a.op.Whole = m.chance(3, "whole"); !a.op.Whole {
		a.op.Points = quantity.Points(1 + uniform(int(r.Points)+1).Draw(m.r, "points"))
	}
	m.try(a)
}

func (m *machine) unreferenced() {
	h := m.holder("holder")
	a := m.spoil(m.attempt(h, points.KindReturn, paying(int64(uniform(2000).Draw(m.r, "pence")))))
	if a.details == fault.OK && a.d.AmountMinor > 0 {
		m.sign(h, a)
	}
	m.try(a)
}

func (m *machine) sweep() { m.try(m.attempt(m.holder("holder"), points.KindExpire)) }

// approved has another organisation consent to an attempt, mostly.
func (m *machine) approved(a *attempt) *attempt {
	a.approval = one(m, []fault.Code{fault.OK, fault.OK, fault.OK, fault.OK, fault.ApprovalMissing, fault.ApprovalUsed}, "approval")
	return a
}

func (m *machine) adjust() {
	n := one(m, []quantity.Points{15, -90, -20, -3, 2, 40}, "points")
	m.try(m.approved(m.attempt(m.holder("holder"), points.KindAdjust, of(n), because(points.ReasonError))))
}

// next is a controller to follow the holder's, now and then with a wrong number.
func (m *machine) next(h holder) holder {
	n := h.following(one(m, []points.ControllerKind{points.ControllerP256, points.ControllerWebAuthn, points.ControllerCustodian}, "controller"))
	if m.chance(6, "wrong number") {
		n.controller.Version++
	}
	return n
}

func (m *machine) rekey() {
	h := m.holder("holder")
	n := m.next(h)
	if r := m.try(m.sign(h, m.attempt(h, points.KindRekey, key(n.controller)))); r.Code == fault.OK {
		m.holders[h.id] = n
	}
}

func (m *machine) recover() {
	h := m.holder("holder")
	n := m.next(h)
	if r := m.try(m.approved(m.attempt(h, points.KindRecover, key(n.controller)))); r.Code == fault.OK {
		m.coming[h.id] = n
	}
}

func (m *machine) endRecovery() {
	h := m.holder("holder")
	for _, id := range m.ids {
		if m.model.positions[id].recovery != nil && !m.chance(8, "another") {
			h = m.holders[id]
		}
	}
	if m.chance(3, "vetoed") {
		m.try(m.sign(h, m.attempt(h, points.KindVeto)))
		return
	}
	if r := m.try(m.attempt(h, points.KindComplete)); r.Code == fault.OK {
		m.holders[h.id] = m.coming[h.id]
	}
}

// freeze stops an account, or lets one that is stopped go on, mostly.
func (m *machine) freeze() {
	h, kind := m.holder("holder"), points.KindUnfreeze
	for _, id := range m.ids {
		if m.model.positions[id].status == points.StatusFrozen {
			h = m.holders[id]
		}
	}
	if m.model.positions[h.id].status == points.StatusActive || m.chance(8, "again") {
		kind = points.KindFreeze
	}
	if m.chance(8, "the other") {
		kind = points.KindUnfreeze
	}
	a := m.attempt(h, kind, because(points.ReasonFraud))
	if kind == points.KindFreeze && m.chance(2, "until") {
		a.op.Until = m.model.now + 1 + int64(uniform(3000).Draw(m.r, "seconds"))
	}
	m.try(a)
}

func (m *machine) close() {
	h := m.holder("holder")
	p := m.model.positions[h.id]
	left := total(p.free)
	if m.chance(2, "something else") {
		left++
	}
	if len(p.pinned) == 0 && p.debt == 0 && m.chance(4, "kept") {
		return
	}
	m.try(m.sign(h, m.attempt(h, points.KindClose, of(left))))
}

// publish brings rules or prices in force, or suspends the shop, or opens it again.
func (m *machine) publish() {
	switch uniform(3).Draw(m.r, "what") {
	case 0:
		m.rule()
	case 1:
		m.price()
	default:
		m.model.corner.suspended = !m.model.corner.suspended
		status := points.ShopOpen
		if m.model.corner.suspended {
			status = points.ShopSuspended
		}
		m.Shops["corner"].Status, m.twin.Shops["corner"].Status = status, status
	}
}

func (m *machine) rule() { m.Rules, m.twin.Rules, m.model.rules = machineRules, machineRules, true }

func (m *machine) price() { m.Prices, m.twin.Prices, m.model.prices = priceList(), priceList(), true }
