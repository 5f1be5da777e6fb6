package rules

import (
	"slices"
	"strings"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/quantity"
)

// Apply gives the standing of an account after an outcome of this program on a business date: counters, tiers, caps and marks. The old standing is not touched.
//
// It sees nothing private. What the set no longer has is dropped. INVALID_VALUE when the set can't have given the outcome to this account; OUT_OF_RANGE when a counter overflows.
func (p *Program) Apply(s *Standing, o *Outcome, day quantity.Day) (Standing, error) {
	if err := p.lawful(o, day); err != nil {
		return Standing{}, err
	}
	next := s.Clone()
	if err := p.applyProgress(&next, s, o, day); err != nil {
		return Standing{}, err
	}
	if err := p.applyUses(&next, o, day); err != nil {
		return Standing{}, err
	}
	next.addMark(o.Once)
	return next, nil
}

// lawful returns INVALID_VALUE unless the awards stand in the order of their rules, at most one in each exclusive group, within the caps per event, and the mark is one that
// an event of the day leaves. Conditions and rates can't be looked at: they depend on what is private.
func (p *Program) lawful(o *Outcome, day quantity.Day) error {
	at, groups, total := 0, uint64(0), quantity.Points(0)
	for i := range o.Awards {
		a := &o.Awards[i]
		for at < len(p.rules) && p.rules[at].ID != a.Rule {
			at++
		}
		if at == len(p.rules) {
			return fault.New(fault.InvalidValue, "the outcome has an award of the rule %s, which is not of this rule set or stands before it", quoted(a.Rule))
		}
		r := &p.rules[at]
		at++
		if !r.couldGive(a) || groups&r.group != 0 {
			return fault.New(fault.InvalidValue, "the outcome has an award that the rule %s can't have given", r.ID)
		}
		groups |= r.group
		var err error
		if total, err = total.Add(a.Points); err != nil {
			return err
		}
	}
	if !knownMark(o.Once, day) {
		return fault.New(fault.InvalidValue, "the outcome has the mark %s, which no event of the day leaves", quoted(o.Once))
	}
	return nil
}

func (r *compiledRule) couldGive(a *Award) bool {
	return a.Campaign == r.Campaign && a.Points >= 1 && a.Points <= quantity.MaxPoints && (r.CapReceipt == 0 || a.Points <= r.CapReceipt)
}

// applyProgress moves the counters and keeps tiers that no longer follow from them.
func (p *Program) applyProgress(next, before *Standing, o *Outcome, day quantity.Day) error {
	next.Counters = slices.DeleteFunc(next.Counters, func(c CounterState) bool { return findCounter(p.set.Counters, c.ID) == nil })
	for i, moved := range o.Progress {
		c := findCounter(p.set.Counters, moved.Counter)
		if c == nil || moved.Add == 0 || i > 0 && o.Progress[i-1].Counter >= moved.Counter {
			return fault.New(fault.InvalidValue, "the outcome moves the counter %s, which is not of this rule set or moved twice", quoted(moved.Counter))
		}
		state := next.stateOf(c.ID)
		rolled, err := c.move(state, moved.Add, day)
		if err != nil {
			return err
		}
		switch {
		case c.Period == Rolling:
			p.keepRolling(next, before, c, day)
		case rolled:
			p.keepTiers(next, before, c)
		}
	}
	next.Counters = slices.DeleteFunc(next.Counters, func(c CounterState) bool { return len(c.Buckets) == 0 && c.Last == 0 })
	next.Kept = slices.DeleteFunc(next.Kept, func(k KeptTier) bool { return k.Until < day || tierRank(p.set.Tiers, k.Tier) < 0 })
	return nil
}

// stateOf finds or makes a counter's state at its place in the order.
func (s *Standing) stateOf(id string) *CounterState {
	i, found := slices.BinarySearchFunc(s.Counters, id, func(c CounterState, id string) int { return strings.Compare(c.ID, id) })
	if !found {
		s.Counters = slices.Insert(s.Counters, i, CounterState{ID: id})
	}
	return &s.Counters[i]
}

// move adds to a counter on a day, never below zero. It says whether a new period began, by which the old one's value is lost.
func (c *Counter) move(state *CounterState, add int64, day quantity.Day) (rolled bool, err error) {
	start := c.Period.start(day)
	if n := len(state.Buckets); n > 0 {
		start = max(start, state.Buckets[n-1].Start)
		rolled = start > state.Buckets[n-1].Start
	}
	if c.Period == Rolling {
		state.Buckets = slices.DeleteFunc(state.Buckets, func(b Bucketed) bool { return b.Start.AddMonths(c.Months) <= start })
	} else if rolled {
		state.Buckets = nil
	}
	if c.Measure == Visits && add > 0 {
		state.Last = day
	}
	if add < 0 {
		state.takeBack(-add)
		return rolled, nil
	}
	return rolled, state.add(start, add)
}

func (state *CounterState) add(start quantity.Day, add int64) error {
	if n := len(state.Buckets); n == 0 || state.Buckets[n-1].Start != start {
		state.Buckets = append(state.Buckets, Bucketed{Start: start})
	}
	total := quantity.Points(0)
	var err error
	for _, b := range state.Buckets {
		if total, err = total.Add(quantity.Points(b.Value)); err != nil {
			return err
		}
	}
	if _, err := total.Add(quantity.Points(min(add, quantity.MaxPoints+1))); err != nil {
		return fault.New(fault.OutOfRange, "the counter %s is beyond %d", state.ID, int64(quantity.MaxPoints))
	}
	state.Buckets[len(state.Buckets)-1].Value += add
	return nil
}

// takeBack takes from the newest bucket first: what is returned was mostly bought lately.
func (state *CounterState) takeBack(amount int64) {
	for i := len(state.Buckets) - 1; i >= 0 && amount > 0; i-- {
		part := min(amount, state.Buckets[i].Value)
		state.Buckets[i].Value -= part
		amount -= part
	}
	state.Buckets = slices.DeleteFunc(state.Buckets, func(b Bucketed) bool { return b.Value == 0 })
}

// keepTiers writes down the tiers that a counter gave in the period that is over.
func (p *Program) keepTiers(next, before *Standing, c *Counter) {
	for i := range p.set.Tiers {
		t := &p.set.Tiers[i]
		if was, held := c.holds(before.counter(c.ID), t); t.Counter == c.ID && held {
			next.keep(p.set.Tiers, t.ID, was)
		}
	}
}

// keepRolling writes down the tiers of a rolling counter that its new state no longer shows.
func (p *Program) keepRolling(next, before *Standing, c *Counter, day quantity.Day) {
	for i := range p.set.Tiers {
		t := &p.set.Tiers[i]
		was, held := c.holds(before.counter(c.ID), t)
		if t.Counter != c.ID || !held {
			continue
		}
		if _, still := c.holds(next.counter(c.ID), t); still {
			continue
		}
		next.keep(p.set.Tiers, t.ID, min(was, day+quantity.Day(t.GraceDays)-1)) // Below the threshold from today on, at the latest.
	}
}

// keep notes that a tier is kept through a day, or longer where that is noted already.
func (s *Standing) keep(tiers []Tier, tier string, until quantity.Day) {
	for i := range s.Kept {
		if s.Kept[i].Tier == tier {
			s.Kept[i].Until = max(s.Kept[i].Until, until)
			return
		}
	}
	s.Kept = append(s.Kept, KeptTier{Tier: tier, Until: until})
	slices.SortFunc(s.Kept, func(a, b KeptTier) int { return tierRank(tiers, a.Tier) - tierRank(tiers, b.Tier) })
}

// applyUses counts what was given under caps per account.
func (p *Program) applyUses(next *Standing, o *Outcome, day quantity.Day) error {
	for i := range o.Awards {
		a := &o.Awards[i]
		r := findRule(p.set.Rules, a.Rule)
		if r.CapDay > 0 || r.CapCustomer > 0 {
			used, err := next.addUse(UseOfRule, r.ID, a.Points, day)
			if err != nil {
				return err
			}
			if exceeds(used.Today, r.CapDay) || exceeds(used.Total, r.CapCustomer) {
				return fault.New(fault.InvalidValue, "the outcome gives more than the caps of the rule %s leave", r.ID)
			}
		}
		if c := findCampaign(p.set.Campaigns, r.Campaign); c != nil && c.CustomerCap > 0 {
			used, err := next.addUse(UseOfCampaign, c.ID, a.Points, day)
			if err != nil {
				return err
			}
			if exceeds(used.Total, c.CustomerCap) {
				return fault.New(fault.InvalidValue, "the outcome gives more than the campaign %s has left for the customer", c.ID)
			}
		}
	}
	next.Uses = slices.DeleteFunc(next.Uses, func(u Use) bool { return p.forgets(u, day) })
	return nil
}

// exceeds says whether points are over a cap; 0 is no cap.
func exceeds(points, limit quantity.Points) bool { return limit > 0 && points > limit }

func (s *Standing) addUse(kind UseKind, id string, points quantity.Points, day quantity.Day) (Use, error) {
	i, found := s.findUse(kind, id)
	if !found {
		s.Uses = slices.Insert(s.Uses, i, Use{Kind: kind, ID: id})
	}
	u := &s.Uses[i]
	var err error
	if u.Today, err = u.today(day).Add(points); err != nil {
		return Use{}, err
	}
	u.Day = day
	u.Total, err = u.Total.Add(points)
	return *u, err
}

// forgets says whether a use can't matter any more.
func (p *Program) forgets(u Use, day quantity.Day) bool {
	if u.Kind == UseOfCampaign {
		c := findCampaign(p.set.Campaigns, u.ID)
		return c == nil || c.CustomerCap == 0
	}
	r := findRule(p.set.Rules, u.ID)
	return r == nil || r.CapCustomer == 0 && (r.CapDay == 0 || u.Day != day)
}

// addMark notes that an event happened; of birthdays only the latest year is kept.
func (s *Standing) addMark(mark string) {
	if mark == "" || s.has(mark) {
		return
	}
	if strings.HasPrefix(mark, birthdayPrefix) {
		s.Once = slices.DeleteFunc(s.Once, func(m string) bool { return strings.HasPrefix(m, birthdayPrefix) })
	}
	i, _ := slices.BinarySearch(s.Once, mark)
	s.Once = slices.Insert(s.Once, i, mark)
}
