package points_test

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"github.com/tallystick/tallystick/chaincode/lots"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/quantity"
	"github.com/tallystick/tallystick/chaincode/terms"
)

// model is a second ledger that knows nothing of the first: points are parcels that are never merged, every operation works on a copy of everything, and only documents
// and the calendar are shared.
type model struct {
	terms     []terms.Terms
	day       quantity.Day
	now       int64
	rules     bool // Machine rules are in force; otherwise the rate of the terms.
	prices    bool // The machine's price list is in force.
	positions map[points.AccountID]*position
	returned  map[points.OperationID]*takenBack
	claimed   map[string]bool
	corner    tally           // The one sponsored shop.
	campaign  quantity.Points // Given of the lane's slice.
	sales     map[points.OperationID]sale
	spendings map[points.OperationID]spending
	totals    points.Totals
	thawed    bool // A freeze was over when the last operation came.
}

// sale is an accepted purchase.
type sale struct {
	account points.AccountID
	day     quantity.Day
	terms   int
	ruled   bool
	pence   int64
	lines   []points.Line
	points  quantity.Points
	spent   int64 // Counted.
	earned  int64 // Counted.
	made    []lots.Lot
}

// spending is an accepted redemption or capture.
type spending struct {
	account points.AccountID
	day     quantity.Day
	terms   int
	lots    []lots.Lot
}

// tally is what the shop has done on a day.
type tally struct {
	suspended         bool
	day               quantity.Day
	awarded, accepted quantity.Points
}

// takenBack is what was returned of one operation.
type takenBack struct {
	points quantity.Points
	whole  bool
	lines  []int
}

// position is an account.
type position struct {
	holder         points.Holder
	status         points.Status
	version        int
	key            string
	free, suspense []lots.Lot
	pinned         []pinned
	debt           quantity.Points
	active         quantity.Day
	sent           points.Sent
	recovery       *points.Recovery
	cool           int64
	frozenUntil    int64
	guarded        int64           // Until when what leaves is limited,
	left           quantity.Points // and what has left meanwhile.
	used           map[string]int64
	referred       bool
	standing
}

// standing is what the machine's rules count.
type standing struct {
	signedUp    bool
	reviewDay   quantity.Day
	reviewed    quantity.Points // On that day.
	spring      quantity.Points
	spent       int64
	bucketYear  int
	bucket      int64
	goldThrough quantity.Day // By years before the bucket's.
}

// pinned is a hold.
type pinned struct {
	id      points.OperationID
	purpose points.Purpose
	lots    []lots.Lot
	until   int64
	place   string
	to      points.AccountID
	claim   string
}

func newModel() *model {
	return &model{
		day: today, now: start, positions: map[points.AccountID]*position{}, returned: map[points.OperationID]*takenBack{}, claimed: map[string]bool{},
		sales: map[points.OperationID]sale{}, spendings: map[points.OperationID]spending{},
	}
}

func (m *model) clone() *model {
	c := *m
	c.claimed, c.sales, c.spendings = maps.Clone(m.claimed), maps.Clone(m.sales), maps.Clone(m.spendings)
	c.positions, c.returned = map[points.AccountID]*position{}, map[points.OperationID]*takenBack{}
	for id, p := range m.positions {
		q := *p
		q.free, q.suspense, q.pinned, q.used = slices.Clone(p.free), slices.Clone(p.suspense), slices.Clone(p.pinned), maps.Clone(p.used)
		c.positions[id] = &q
	}
	for id, r := range m.returned {
		q := *r
		c.returned[id] = &q
	}
	return &c
}

// inForce are the terms of today.
func (m *model) inForce() *terms.Terms {
	current := &m.terms[0]
	for i := range m.terms {
		if m.terms[i].Effective <= m.day {
			current = &m.terms[i]
		}
	}
	return current
}

func (m *model) of(l lots.Lot) *terms.Terms { return &m.terms[l.Terms-1] }

func calendar(d quantity.Day) time.Time { return time.Unix(int64(d)*86400, 0).UTC() }

func dayAt(year int, month time.Month, d int) quantity.Day {
	return quantity.Day(time.Date(year, month, d, 0, 0, 0, 0, time.UTC).Unix() / 86400)
}

// later is the same day some months on, or the last of its month.
func later(d quantity.Day, months int) quantity.Day {
	y, month, n := calendar(d).Date()
	last := dayAt(y, month+time.Month(months)+1, 0)
	return min(dayAt(y, month+time.Month(months), 1)+quantity.Day(n-1), last)
}

// endOf is when points accrued today are gone; 0 without a date.
func (m *model) endOf(e lots.Expiry) quantity.Day {
	y, month, _ := calendar(m.day).Date()
	switch {
	case e.Kind == lots.Rolling && e.MonthEnd:
		return dayAt(y, month+time.Month(e.Months)+1, 1)
	case e.Kind == lots.Rolling:
		return later(m.day, e.Months)
	case e.Kind == lots.Fixed:
		end := dayAt(y+e.Years, time.Month(e.Month), e.Day) + 1
		if end <= m.day {
			end = dayAt(y+e.Years+1, time.Month(e.Month), e.Day) + 1
		}
		return end
	default:
		return 0
	}
}

// gone is when a lot of a position is gone; a day that never comes without one.
func (m *model) gone(p *position, l lots.Lot) quantity.Day {
	switch e := m.of(l).Expiry; {
	case l.Expiry != 0:
		return l.Expiry
	case e.Kind == lots.Inactivity:
		return later(p.active, e.Months)
	default:
		return quantity.LastDay + 1
	}
}

func (m *model) due(p *position) func(lots.Lot) bool {
	return func(l lots.Lot) bool { return m.gone(p, l) <= m.day }
}

// sendable says whether a lot's purchase can't be returned any more.
func (m *model) sendable(l lots.Lot) bool {
	t := m.of(l)
	wait := 0
	if t.ReturnDays >= t.PendingDays && t.ReturnDays > 0 {
		wait = t.ReturnDays - t.PendingDays + 1
	}
	return l.From == 0 || l.From+quantity.Day(wait) <= m.day
}

func total(list []lots.Lot) quantity.Points {
	var sum quantity.Points
	for _, l := range list {
		sum += l.Points
	}
	return sum
}

func split(list []lots.Lot, pass func(lots.Lot) bool) (yes, no []lots.Lot) {
	for _, l := range list {
		if pass(l) {
			yes = append(yes, l)
		} else {
			no = append(no, l)
		}
	}
	return yes, no
}

// cut takes points off the front of a list.
func cut(list []lots.Lot, n quantity.Points) (front, back []lots.Lot) {
	for _, l := range list {
		part := min(n, l.Points)
		n -= part
		if part > 0 {
			front = append(front, lots.Lot{Key: l.Key, Points: part})
		}
		if l.Points > part {
			back = append(back, lots.Lot{Key: l.Key, Points: l.Points - part})
		}
	}
	return front, back
}

// sorted brings lots into the order in which they are spent.
func (m *model) sorted(p *position, list []lots.Lot) []lots.Lot {
	without := func(d quantity.Day) quantity.Day {
		if d == 0 {
			return quantity.LastDay + 1
		}
		return d
	}
	return slices.SortedStableFunc(slices.Values(list), func(a, b lots.Lot) int {
		return cmp.Or(cmp.Compare(m.gone(p, a), m.gone(p, b)), cmp.Compare(without(a.Expiry), without(b.Expiry)), cmp.Compare(a.From, b.From),
			cmp.Compare(a.Terms, b.Terms), cmp.Compare(a.Funding, b.Funding))
	})
}

// take takes points from the free lots that pass; nil when there are too few.
func (m *model) take(p *position, n quantity.Points, pass func(lots.Lot) bool) []lots.Lot {
	ready, rest := split(p.free, func(l lots.Lot) bool { return l.From <= m.day && pass(l) })
	if total(ready) < n {
		return nil
	}
	front, back := cut(m.sorted(p, ready), n)
	p.free = append(rest, back...)
	return front
}

// takeDown takes points from the lots of its own, then from the others, then from suspense; what is missing becomes debt.
func (m *model) takeDown(p *position, n quantity.Points, own func(lots.Lot) bool) (taken quantity.Points) {
	mine, others := split(p.free, own)
	queue := append(m.sorted(p, mine), m.sorted(p, others)...)
	front, back := cut(queue, n)
	p.free = back
	more, left := cut(m.sorted(p, p.suspense), n-total(front))
	p.suspense = left
	taken = total(front) + total(more)
	p.debt += n - taken
	m.totals.DebtIncurred += n - taken
	return taken
}

// put adds lots to a position, where what can be sent on needs no day any more.
func (m *model) put(p *position, list []lots.Lot) {
	for _, l := range list {
		if m.sendable(l) {
			l.From = 0
		}
		if p.status == points.StatusActive {
			p.free = append(p.free, l)
		} else {
			p.suspense = append(p.suspense, l)
		}
	}
}

// arrive lets what is gone go, pays debt with the rest, and puts what is left, which it returns.
func (m *model) arrive(p *position, list []lots.Lot) []lots.Lot {
	late, good := split(list, m.due(p))
	m.totals.Expired += total(late)
	paid, rest := cut(good, p.debt)
	p.debt -= total(paid)
	m.totals.DebtRepaid += total(paid)
	m.put(p, rest)
	return rest
}

func (m *model) credit(p *position, list []lots.Lot) []lots.Lot {
	p.active = m.activity()
	return m.arrive(p, list)
}

// activity is today where points can lapse by inactivity.
func (m *model) activity() quantity.Day {
	if slices.ContainsFunc(m.terms, func(t terms.Terms) bool { return t.Expiry.Kind == lots.Inactivity }) {
		return m.day
	}
	return 0
}

// touch brings a position up to date.
func (m *model) touch(p *position) {
	if p.status == points.StatusFrozen && p.frozenUntil <= m.now {
		p.free, p.suspense = append(p.free, p.suspense...), nil
		p.status, p.frozenUntil = points.StatusActive, 0
		m.thawed = true
	}
	over := func(h pinned) bool { return h.until <= m.now }
	for _, h := range p.pinned {
		if over(h) {
			m.totals.Unpinned += total(h.lots)
			m.arrive(p, h.lots)
		}
	}
	p.pinned = slices.DeleteFunc(p.pinned, over)
	for _, list := range []*[]lots.Lot{&p.free, &p.suspense} {
		late, good := split(*list, m.due(p))
		m.totals.Expired += total(late)
		*list = good
	}
	for i, l := range p.free {
		if m.sendable(l) {
			p.free[i].From = 0
		}
	}
}

// pin moves lots into a hold.
func (m *model) pin(p *position, h pinned) {
	p.pinned = append(p.pinned, h)
	p.active = m.activity()
	m.totals.Pinned += total(h.lots)
}

// find is the place of a hold; -1 when there is none.
func (p *position) find(id points.OperationID) int {
	return slices.IndexFunc(p.pinned, func(h pinned) bool { return h.id == id })
}

func (p *position) held() quantity.Points {
	var sum quantity.Points
	for _, h := range p.pinned {
		sum += total(h.lots)
	}
	return sum
}

func (p *position) posted() quantity.Points {
	return total(p.free) + total(p.suspense) + p.held() - p.debt
}
