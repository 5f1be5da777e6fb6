package points_test

import (
	"fmt"
	"math/bits"

	"pgregory.net/rapid"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/lots"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/quantity"
)

// reachable are codes that a hundred runs can't miss: without them the machine would say less than it seems to.
var reachable = []fault.Code{
	fault.AccountUnknown, fault.SameAccount, fault.InsufficientPoints, fault.CurrencyMismatch, fault.OutOfPeriod, fault.AuthMissing, fault.AuthInvalid,
	fault.AuthMismatch, fault.AuthExpired, fault.ReturnExceeds, fault.ReturnLate, fault.ReturnUndisclosed, fault.ShopUnknown, fault.AccountClosed, fault.AccountFrozen,
	fault.RecoveryUnknown, fault.ApprovalMissing, fault.ApprovalUsed, fault.NothingDue, fault.NothingAwarded, fault.TransferRefused, fault.HoldPeriod, fault.HoldUnknown,
	fault.PriceMismatch, fault.ReturnUnreferenced,
}

// actions are what a run draws from; some stand several times under names of their own, so that they are drawn more often. What a failing run doesn't need becomes the
// first of them by name, which does nothing.
func (m *machine) actions() map[string]func() {
	return map[string]func(){
		"":     func() {},
		"open": m.open, "earn": m.earn, "earn2": m.earn, "earn3": m.earn, "earn4": m.earn, "event": m.event, "claim": m.claim, "refer": m.refer,
		"redeem": m.redeem, "redeem2": m.redeem, "redeem3": m.redeem, "bearer": m.bearer,
		"hold": m.hold, "hold2": m.hold, "capture": m.capture, "capture2": m.capture, "capture3": m.capture, "void": m.void,
		"transfer": m.transfer, "transfer2": m.transfer, "gift": m.gift, "gift2": m.gift, "accept": m.accept, "accept2": m.accept, "accept3": m.accept,
		"giveBack": m.giveBack, "restore": m.restore, "restore2": m.restore, "unreferenced": m.unreferenced,
		"sweep": m.sweep, "sweep2": m.sweep, "adjust": m.adjust, "rekey": m.rekey, "recover": m.recover, "endRecovery": m.endRecovery, "endRecovery2": m.endRecovery,
		"freeze": m.freeze, "close": m.close, "stranger": m.stranger,
		"wait": func() { m.wait(int64(uniform(2000).Draw(m.r, "seconds")), 0) },
		"pass": func() { m.wait(0, 1+uniform(12).Draw(m.r, "days")) },
		"long": func() { m.wait(0, 20+uniform(40).Draw(m.r, "days")) },
		"rule": m.publish,
	}
}

// found opens two accounts with something to spend, so that a run gets somewhere.
func (m *machine) found() {
	for range 2 {
		m.open()
		m.earn()
		m.earn()
	}
	if rapid.Bool().Draw(m.r, "rules") {
		m.rule()
	}
	if m.chance(3, "prices") {
		m.price()
	}
	m.check()
}

// uniform draws from 0 to n-1, each as likely as the others: rapid's own ranges prefer small numbers, and most operations would be of a few kinds and refused.
func uniform(n int) *rapid.Generator[int] {
	width := bits.Len(uint(n)) + 4
	return rapid.Custom(func(r *rapid.T) int {
		drawn := 0
		for range width {
			drawn *= 2
			if rapid.Bool().Draw(r, "bit") {
				drawn++
			}
		}
		return drawn * n >> width
	})
}

// one draws one of a list.
func one[V any](m *machine, list []V, label string) V {
	return list[uniform(len(list)).Draw(m.r, label)]
}

// chance is true once in n times.
func (m *machine) chance(n int, label string) bool { return uniform(n).Draw(m.r, label) == n-1 }

func (m *machine) holder(label string) holder { return m.holders[one(m, m.ids, label)] }

// amount is mostly a part of what an account has free.
func (m *machine) amount(h holder) quantity.Points {
	ready, _ := split(m.model.positions[h.id].free, func(l lots.Lot) bool { return l.From <= m.model.day })
	free := int(total(ready))
	if !m.chance(8, "more") {
		free /= 2
	}
	return quantity.Points(1 + uniform(free+3).Draw(m.r, "points"))
}

// another is mostly another holder.
func (m *machine) another(than holder, label string) holder {
	for range 3 {
		if h := m.holder(label); h.id != than.id {
			return h
		}
	}
	return than
}

func (m *machine) attempt(h holder, kind points.Kind, changes ...change) *attempt {
	changes = append([]change{m.now}, changes...)
	o, d := m.prepare(h, kind, changes...)
	if !kind.HasPurchase() {
		d.OccurredAt = ""
	}
	return &attempt{op: o, d: d, auth: fault.OK, details: fault.OK, approval: fault.OK}
}

// sign authorises an attempt, now and then in a wrong way.
func (m *machine) sign(h holder, a *attempt) *attempt {
	mandate := h.mandate(a.op, &a.d, m.Now)
	switch flaw := 40 - uniform(40).Draw(m.r, "flaw"); {
	case flaw == 1:
		return a
	case flaw == 2:
		a.auth, h.key = fault.AuthInvalid, newKey()
	case flaw == 3:
		a.auth, mandate.NotAfter = fault.AuthExpired, m.Now-1
	case flaw == 4:
		a.auth, mandate.Programme = fault.AuthMismatch, "hotel"
	case flaw == 5:
		a.auth, a.spoiled, mandate.Place = fault.AuthMismatch, true, genesis
	case flaw == 6 && mandate.MaxPoints > 0 && a.op.Kind != points.KindReturn:
		a.auth, a.spoiled, mandate.MaxPoints = fault.AuthMismatch, true, mandate.MaxPoints-1
	case flaw == 7 && m.replay(h, a):
		return a
	}
	a.op.Authorisation, a.by = h.sign(mandate), h
	return a
}

// replay takes an authorisation that was used up before under the same controller.
func (m *machine) replay(h holder, a *attempt) bool {
	for _, used := range m.signed {
		if used.by.id == h.id && used.by.controller == h.controller {
			a.op.Authorisation, a.auth = used.authorisation, fault.AuthReplayed
			if used.authorisation.Mandate.NotAfter < m.Now {
				a.auth = fault.AuthExpired
			}
			return true
		}
	}
	return false
}

func (m *machine) open() {
	if len(m.ids) == machineHolder {
		m.again()
		return
	}
	n := len(m.ids) + 1
	h := one(m, []func(int) holder{custodyHolder, ownHolder, passkeyHolder}, "controller")(n)
	kind := points.HolderCustomer
	if m.chance(6, "merchant") {
		kind = points.HolderMerchant
	}
	a := m.attempt(h, points.KindOpen, key(h.controller), func(o *points.Operation, _ *points.Details) { o.Holder = kind })
	want(m.r, m.try(a), fault.OK)
	m.holders[h.id], m.ids = h, append(m.ids, h.id)
}

// again opens an account that is there.
func (m *machine) again() {
	h := m.holder("holder")
	want(m.r, m.try(m.attempt(h, points.KindOpen, key(ownHolder(1).controller))), fault.AccountExists)
}

func (m *machine) stranger() {
	h := ownHolder(99)
	want(m.r, m.try(m.sign(h, m.attempt(h, points.KindRedeem, of(1)))), fault.AccountUnknown)
}

// sale is a purchase of up to a hundred pounds in up to three lines, with or without the campaign's tag.
func (m *machine) sale() change {
	n := uniform(4).Draw(m.r, "lines")
	tag := m.chance(3, "tagged")
	amounts := make([]int64, n)
	for i := range amounts {
		amounts[i] = int64(uniform(7000).Draw(m.r, "pence"))
	}
	whole := int64(uniform(20_000).Draw(m.r, "pence"))
	return func(o *points.Operation, d *points.Details) {
		paying(whole)(o, d)
		if n > 0 {
			lines(amounts...)(o, d)
		}
		if tag {
			tagged(o, d)
		}
	}
}

// spoil makes the details of an accrual or a return such that they can't be accepted, now and then.
func (m *machine) spoil(a *attempt) *attempt {
	switch 40 - uniform(40).Draw(m.r, "spoil") {
	case 1:
		a.details, a.d.Currency = fault.CurrencyMismatch, "EUR"
	case 2:
		a.details, a.d.OccurredAt = fault.OutOfPeriod, "2010-01-01T00:00:00Z"
	}
	return a
}

// shop puts an attempt into the sponsored shop, or into one that isn't, now and then.
func (m *machine) shop(a *attempt) *attempt {
	switch 16 - uniform(16).Draw(m.r, "shop") {
	case 1, 2, 3:
		in("corner")(a.op, &a.d)
	case 4:
		in("market")(a.op, &a.d)
	case 5:
		in("corner")(a.op, &a.d)
		a.d.Merchant, a.details = "market", fault.ShopUnknown
	}
	return a
}

func (m *machine) earn() {
	m.try(m.shop(m.spoil(m.attempt(m.holder("holder"), points.KindEarn, m.sale()))))
}

func (m *machine) event() {
	kind := one(m, []string{"signup", "review", "review", "checkin"}, "event")
	m.try(m.attempt(m.holder("holder"), points.KindEarn, func(_ *points.Operation, d *points.Details) { d.Event = kind }))
}

func (m *machine) claim() {
	receipt := fmt.Sprintf("%064x", uniform(6).Draw(m.r, "receipt"))
	m.try(m.spoil(m.attempt(m.holder("holder"), points.KindEarn, m.sale(), func(o *points.Operation, _ *points.Details) { o.Claim = receipt })))
}

func (m *machine) refer() {
	h := m.holder("holder")
	m.try(m.attempt(h, points.KindRefer, to(m.another(h, "referrer")), m.sale()))
}

// benefit is what points buy: what they cost, or something else.
func (m *machine) benefit(a *attempt) *attempt {
	switch 12 - uniform(12).Draw(m.r, "benefit") {
	case 1:
		a.d.Item, a.d.Pieces = "mug", int(a.op.Points/30)
	case 2:
		a.d.Item, a.d.Pieces = "jug", 1
	case 3:
		paying(int64(a.op.Points)*2+1)(a.op, &a.d)
	default:
		paying(int64(a.op.Points)*2)(a.op, &a.d)
	}
	return a
}

func (m *machine) redeem() {
	h := m.holder("holder")
	m.try(m.sign(h, m.shop(m.benefit(m.attempt(h, points.KindRedeem, of(m.amount(h)))))))
}

// bearer redeems at any till with a code of up to fifty points.
func (m *machine) bearer() {
	h := m.holder("holder")
	a := m.benefit(m.attempt(h, points.KindRedeem, of(m.amount(h))))
	mandate := h.mandate(a.op, &a.d, m.Now)
	mandate.Bearer = true
	if m.chance(2, "in a shop") {
		in("corner")(a.op, &a.d)
	} else {
		a.d.Merchant, a.d.PlaceSalt = "market", "5a"
	}
	if a.op.Points > m.model.inForce().Bearer {
		a.auth, a.spoiled = fault.AuthMismatch, true
	}
	a.op.Authorisation, a.by = h.sign(mandate), h
	m.try(a)
}
