package points_test

import (
	"slices"
	"time"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/lots"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/quantity"
)

// attempt is an operation with what the machine knows of its making.
type attempt struct {
	op        *points.Operation
	d         points.Details
	auth      fault.Code // What is wrong with the authorisation, if anything.
	spoiled   bool       // The signature is good all the same: the authorisation is used up.
	details   fault.Code // What is wrong with the details, if anything.
	approval  fault.Code // What is wrong with the approval, if anything.
	unproven  bool       // The original receipt was altered.
	disclosed bool       // The purchase's details came with its return.
	by        holder     // Who signed.
	points    quantity.Points
}

// expect says what becomes of an attempt, and applies it to the model when it is accepted.
func (m *model) expect(a *attempt) fault.Code {
	code := m.authorise(a)
	if code == fault.OK {
		next := m.clone()
		if code = next.perform(a); code == fault.OK {
			*m = *next
		}
	}
	m.totals.Operations++
	if code != fault.OK {
		m.totals.Rejected++
		a.points = a.op.Points
	}
	return code
}

func (m *model) authorise(a *attempt) fault.Code {
	p := m.positions[a.op.Account]
	switch {
	case a.op.Kind == points.KindOpen:
		return fault.OK
	case p == nil:
		return fault.AccountUnknown
	case a.op.Authorisation == nil && slices.Contains(signedKinds, a.op.Kind):
		return fault.AuthMissing
	case a.op.Authorisation == nil:
		return fault.OK
	case a.auth != fault.OK && !a.spoiled:
		return a.auth
	}
	live := 0
	for _, until := range p.used {
		if until >= m.now {
			live++
		}
	}
	if live >= points.MaxUsedAuthorisations {
		return fault.AuthBusy
	}
	p.used[a.op.Authorisation.Mandate.ID] = a.op.Authorisation.Mandate.NotAfter
	return a.auth
}

// leaves are the kinds by which an account gives something away.
var leaves = []points.Kind{points.KindRedeem, points.KindHold, points.KindTransfer, points.KindGift, points.KindRekey, points.KindClose}

// lets counts what leaves an account under a guard, and says whether it is little enough.
func (m *model) lets(p *position, n quantity.Points) bool {
	if p.guarded <= m.now {
		return true
	}
	p.left += n
	return p.left <= m.inForce().Guard.Points
}

// watch begins a guard, or prolongs the one that is under way.
func (m *model) watch(p *position) {
	seconds := m.inForce().Guard.Seconds
	if seconds == 0 {
		return
	}
	if p.guarded <= m.now {
		p.left = 0
	}
	p.guarded = max(p.guarded, m.now+seconds)
}

func (m *model) perform(a *attempt) fault.Code {
	o := a.op
	a.points = o.Points
	if o.Kind == points.KindOpen {
		return m.open(o)
	}
	if code := m.assess(a); code != fault.OK {
		return code
	}
	p, q := m.positions[o.Account], m.positions[o.To]
	if code := m.meet(o, p, q); code != fault.OK {
		return code
	}
	due := m.totals
	m.thawed = false
	m.touch(p)
	if q != nil {
		m.touch(q)
	}
	switch {
	case p.status == points.StatusClosed && o.Kind != points.KindReturn && o.Kind != points.KindExpire && o.Kind != points.KindAdjust:
		return fault.AccountClosed
	case q != nil && q.status == points.StatusClosed:
		return fault.AccountClosed
	case p.status == points.StatusFrozen && slices.Contains(leaves, o.Kind):
		return fault.AccountFrozen
	case p.cool > m.now && slices.Contains(leaves, o.Kind):
		return fault.CoolingOff
	case slices.Contains(leaves, o.Kind) && !m.lets(p, o.Points):
		return fault.CoolingOff
	case o.Kind == points.KindExpire:
		a.points = m.totals.Expired - due.Expired
		if m.totals == due && !m.thawed {
			return fault.NothingDue
		}
		return fault.OK
	}
	return m.act(a, p, q)
}

// meet finds the accounts and the hold of an operation.
func (m *model) meet(o *points.Operation, p, q *position) fault.Code {
	if o.To == o.Account {
		return fault.SameAccount
	}
	if o.To != "" && q == nil {
		return fault.AccountUnknown
	}
	if o.Hold == "" {
		return fault.OK
	}
	owner := p
	if q != nil {
		owner = q
	}
	switch i := owner.find(o.Hold); {
	case i < 0:
		return fault.HoldUnknown
	case owner.pinned[i].until <= m.now:
		return fault.HoldLapsed
	default:
		return fault.OK
	}
}

func (m *model) act(a *attempt, p, q *position) fault.Code {
	o := a.op
	switch o.Kind {
	case points.KindEarn:
		return m.earn(a, p)
	case points.KindRefer:
		return m.refer(a, p, q)
	case points.KindRedeem:
		return m.redeem(a, p)
	case points.KindHold:
		return m.hold(a, p)
	case points.KindCapture:
		return m.capture(a, p)
	case points.KindVoid:
		return m.void(a, p)
	case points.KindTransfer, points.KindGift:
		return m.send(a, p, q)
	case points.KindAccept:
		return m.accept(a, p, q)
	case points.KindReturn:
		return m.giveBack(a, p)
	case points.KindAdjust:
		return m.adjust(a, p)
	default:
		return m.control(a, p)
	}
}

func (m *model) open(o *points.Operation) fault.Code {
	if m.positions[o.Account] != nil {
		return fault.AccountExists
	}
	m.positions[o.Account] = &position{
		holder: o.Holder, status: points.StatusActive, version: o.Controller.Version, key: o.Controller.Key, active: m.activity(), used: map[string]int64{},
	}
	m.totals.Opened++
	return fault.OK
}

// assess is what an operation's details say.
func (m *model) assess(a *attempt) fault.Code {
	if a.details != fault.OK || a.op.Kind != points.KindReturn || a.op.Whole || a.op.Points != 0 {
		return a.details
	}
	rate := m.inForce().Rate
	if a.op.Original != nil {
		s := m.sales[a.op.Original.Receipt.Operation]
		if a.disclosed {
			return s.portion(a)
		}
		if s.ruled || len(a.op.Lines) > 0 {
			return fault.ReturnUndisclosed
		}
		rate = m.terms[s.terms-1].Rate
	}
	a.points = quantity.Points(a.d.AmountMinor * rate.Num / rate.Den)
	return fault.OK
}

func (s *sale) portion(a *attempt) fault.Code {
	for _, n := range a.op.Lines {
		if n >= len(s.lines) {
			return fault.ReturnExceeds
		}
	}
	if a.d.AmountMinor > s.pence {
		return fault.ReturnExceeds
	}
	if a.d.AmountMinor > 0 {
		a.points = s.points * quantity.Points(a.d.AmountMinor) / quantity.Points(s.pence)
	}
	return fault.OK
}

// part is what the lines were awarded, all of them together.
func (s *sale) part(lines []int) quantity.Points {
	pence := int64(0)
	for _, n := range lines {
		pence += s.lines[n].AmountMinor
	}
	if pence == 0 {
		return 0
	}
	return s.points * quantity.Points(pence) / quantity.Points(s.pence)
}

// accrued is a lot of points that are earned today.
func (m *model) accrued(funding string, n quantity.Points) lots.Lot {
	t := m.inForce()
	l := lots.Lot{Key: lots.Key{Terms: t.Version, Expiry: m.endOf(t.Expiry), Funding: funding, From: m.day + quantity.Day(t.PendingDays)}, Points: n}
	if m.sendable(l) {
		l.From = 0
	}
	return l
}

func (m *model) shop(o *points.Operation, awarded, accepted quantity.Points) fault.Code {
	if o.Shop == "" {
		return fault.OK
	}
	if o.Shop != "corner" || m.corner.suspended {
		return fault.ShopUnknown
	}
	if m.corner.day != m.day {
		m.corner.day, m.corner.awarded, m.corner.accepted = m.day, 0, 0
	}
	m.corner.awarded += awarded
	m.corner.accepted += accepted
	if m.corner.awarded > cornerAwards || m.corner.accepted > cornerAccepts {
		return fault.Limit
	}
	return fault.OK
}

// priced holds points against the machine's price list.
func (m *model) priced(d *points.Details, n quantity.Points) fault.Code {
	cost := quantity.Points((d.AmountMinor + 1) / 2)
	switch {
	case !m.prices:
		return fault.OK
	case d.Item != "" && d.Item != "mug":
		return fault.PriceUnknown
	case d.Item == "mug":
		cost = 30 * quantity.Points(d.Pieces)
	case cost < 10:
		return fault.PriceMismatch
	}
	if cost != n || n == 0 {
		return fault.PriceMismatch
	}
	return fault.OK
}

func (m *model) earn(a *attempt, p *position) fault.Code {
	o, d := a.op, &a.d
	if o.Claim != "" && m.claimed[o.Claim] {
		return fault.ReceiptClaimed
	}
	s := sale{account: o.Account, day: m.day, terms: m.inForce().Version, ruled: m.rules, pence: d.AmountMinor, lines: d.Lines}
	base, bonus, code := m.given(p, d)
	if code != fault.OK {
		return code
	}
	s.points, a.points = base+bonus, base+bonus
	s.made = m.pay(p, base, bonus)
	if m.rules && d.Event == "" {
		s.spent, s.earned = d.AmountMinor/100, int64(s.points)
		p.spent += s.spent
		p.year(s.earned, m.day)
	}
	if code := m.shop(o, s.points, 0); code != fault.OK {
		return code
	}
	if o.Claim != "" {
		m.claimed[o.Claim] = true
	}
	m.sales[o.ID] = s
	return fault.OK
}

// pay credits what an event earned.
func (m *model) pay(p *position, base, bonus quantity.Points) []lots.Lot {
	m.totals.Issued += base + bonus
	m.campaign += bonus
	p.spring += bonus
	var list []lots.Lot
	if base > 0 {
		list = append(list, m.accrued("", base))
	}
	if bonus > 0 {
		list = append(list, m.accrued("campaign:spring", bonus))
	}
	return m.credit(p, list)
}

// given is what an event earns: from the programme, and from the campaign.
func (m *model) given(p *position, d *points.Details) (base, bonus quantity.Points, code fault.Code) {
	if !m.rules {
		if d.Event != "" {
			return 0, 0, fault.OK
		}
		rate := m.inForce().Rate
		return quantity.Points(d.AmountMinor * rate.Num / rate.Den), 0, fault.OK
	}
	switch d.Event {
	case "":
		base = quantity.Points(d.AmountMinor / 100)
		if p.gold(m.day) {
			base *= 2
		}
		return base, m.bonus(p, d, 15), fault.OK
	case "signup":
		if p.signedUp {
			return 0, 0, fault.EventRepeated
		}
		p.signedUp = true
		return 10, 0, fault.OK
	case "review":
		if p.reviewDay != m.day {
			p.reviewDay, p.reviewed = m.day, 0
		}
		base = min(2, 5-p.reviewed)
		p.reviewed += base
		return base, 0, fault.OK
	default:
		return 0, 0, fault.OK
	}
}

// bonus is what the campaign gives for an event: nothing beyond the customer's 40 and the lane's slice.
func (m *model) bonus(p *position, d *points.Details, n quantity.Points) quantity.Points {
	if !slices.Contains(d.Tags, "spring") {
		return 0
	}
	return max(min(n, 40-p.spring, springSlice-m.campaign), 0)
}

// year moves the counter of points earned in a year, from which gold follows.
func (p *position) year(add int64, day quantity.Day) {
	if add == 0 {
		return
	}
	now := calendar(day).Year()
	if p.bucket > 0 && now > p.bucketYear {
		if p.bucket >= 200 {
			p.goldThrough = goldEnd(p.bucketYear)
		}
		p.bucket = 0
	}
	p.bucket = max(p.bucket+add, 0)
	if add > 0 {
		p.bucketYear = now
	}
}

// goldEnd is the last day of the tier that was reached in a year.
func goldEnd(year int) quantity.Day { return dayAt(year+1, time.December, 31) + 10 }

func (p *position) gold(day quantity.Day) bool {
	return p.goldThrough >= day || p.bucket >= 200 && goldEnd(p.bucketYear) >= day
}

func (m *model) refer(a *attempt, p, q *position) fault.Code {
	if p.referred {
		return fault.EventRepeated
	}
	if p.key != "" && p.key == q.key {
		return fault.SelfReferral
	}
	if !m.rules {
		return fault.NothingAwarded
	}
	first := m.bonus(p, &a.d, 20)
	m.pay(p, 0, first)
	second := m.bonus(q, &a.d, 20)
	m.pay(q, 0, second)
	if first+second == 0 {
		return fault.NothingAwarded
	}
	p.referred, a.points = true, first
	return fault.OK
}
