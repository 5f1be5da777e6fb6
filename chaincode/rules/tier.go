package rules

import "github.com/tallystick/tallystick/chaincode/quantity"

// TierOn is the highest tier that an account has on a business date, at or after the last Apply; empty without one. Nothing has to be written when a tier lapses.
func (p *Program) TierOn(s *Standing, day quantity.Day) string {
	for i := len(p.set.Tiers) - 1; i >= 0; i-- {
		if until, held := p.tierUntil(s, &p.set.Tiers[i]); held && until >= day {
			return p.set.Tiers[i].ID
		}
	}
	return ""
}

// TierUntil is the last day on which an account has a tier if nothing more is counted; false when it has never reached it.
func (p *Program) TierUntil(s *Standing, tier string) (quantity.Day, bool) {
	if i := tierRank(p.set.Tiers, tier); i >= 0 {
		return p.tierUntil(s, &p.set.Tiers[i])
	}
	return 0, false
}

func (p *Program) tierUntil(s *Standing, t *Tier) (until quantity.Day, held bool) {
	for _, k := range s.Kept {
		if k.Tier == t.ID {
			until, held = k.Until, true
		}
	}
	if own, holds := findCounter(p.set.Counters, t.Counter).holds(s.counter(t.Counter), t); holds {
		return max(until, own), true
	}
	return until, held
}

// holds says whether what is counted reaches a tier, and through which day if nothing more is counted.
func (c *Counter) holds(state *CounterState, t *Tier) (quantity.Day, bool) {
	if state == nil || len(state.Buckets) == 0 {
		return 0, false
	}
	grace := quantity.Day(t.GraceDays)
	if c.Period == Rolling {
		return c.rollingHolds(state.Buckets, t.Threshold, grace)
	}
	last := state.Buckets[len(state.Buckets)-1]
	switch {
	case last.Value < t.Threshold:
		return 0, false
	case c.Period == Lifetime:
		return quantity.LastDay, true
	default:
		return min(c.Period.next(c.Period.next(last.Start))-1+grace, quantity.LastDay), true
	}
}

// rollingHolds looks for the oldest month that the threshold needs: when it leaves the period, the value falls below.
func (c *Counter) rollingHolds(months []Bucketed, threshold int64, grace quantity.Day) (quantity.Day, bool) {
	var total int64
	newest := months[len(months)-1].Start
	for i := len(months) - 1; i >= 0; i-- {
		leaves := months[i].Start.AddMonths(c.Months)
		if leaves <= newest {
			break
		}
		total += months[i].Value // The sum of the months stays within quantity.MaxPoints.
		if total >= threshold {
			return min(leaves-1+grace, quantity.LastDay), true
		}
	}
	return 0, false
}

// value is what a counter shows on a business date.
func (c *Counter) value(state *CounterState, day quantity.Day) int64 {
	if state == nil {
		return 0
	}
	start := c.Period.start(day)
	var total int64
	for _, b := range state.Buckets {
		if c.Period == Rolling && b.Start.AddMonths(c.Months) > start || c.Period != Rolling && b.Start >= start {
			total += b.Value
		}
	}
	return total
}

// Counted is what every counter of the set shows for an account on a business date, in the order of the counters.
func (p *Program) Counted(s *Standing, day quantity.Day) []int64 {
	values := make([]int64, len(p.set.Counters))
	for i := range p.set.Counters {
		c := &p.set.Counters[i]
		values[i] = c.value(s.counter(c.ID), day)
	}
	return values
}
