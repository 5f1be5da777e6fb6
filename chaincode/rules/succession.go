package rules

import (
	"fmt"

	"github.com/tallystick/tallystick/chaincode/fault"
)

// Follows returns RULE_INVALID unless next may be published after old: the next version, in force no earlier, and no counter or campaign with another meaning under an old id.
func Follows(old, next *Set) error {
	if next.Version != old.Version+1 {
		return fault.New(fault.RuleInvalid, "the next rule set has version %d", old.Version+1)
	}
	if next.Effective < old.Effective {
		return fault.New(fault.RuleInvalid, "the rule set must not be in force before %s, when version %d is", old.Effective, old.Version)
	}
	if next.MinorPerUnit != old.MinorPerUnit {
		return fault.New(fault.RuleInvalid, "minorPerUnit belongs to the currency and can't change")
	}
	return SameMeaning(old, next)
}

// SameMeaning returns RULE_INVALID when next gives an id that a counter or a campaign had in an earlier set to one whose state means something else. An account that saw no
// event since then still has the earlier counter's state, and lanes have what a campaign gave before: so next is held against every set that was published, not the latest
// alone. A campaign may get another budget, but keeps its lanes: cut anew, the lanes could give more together than its budget.
func SameMeaning(earlier, next *Set) error {
	for i := range next.Campaigns {
		c := &next.Campaigns[i]
		for j := range earlier.Campaigns {
			before := &earlier.Campaigns[j]
			if before.ID == c.ID && before.Lanes > 0 && c.Lanes > 0 && before.Lanes != c.Lanes {
				return fault.New(fault.RuleInvalid, "campaign %s is cut into %d lanes, in version %d into %d: give it a new id", c.ID, c.Lanes, earlier.Version, before.Lanes)
			}
		}
	}
	for i := range next.Counters {
		c := &next.Counters[i]
		if before := findCounter(earlier.Counters, c.ID); before != nil && !c.means(before) {
			return fault.New(fault.RuleInvalid, "counter %s counts something else than in version %d: give it a new id", c.ID, earlier.Version)
		}
	}
	return nil
}

// means says whether two counters count the same; in which order they name their types doesn't matter.
func (c *Counter) means(other *Counter) bool {
	return c.Measure == other.Measure && c.Period == other.Period && c.Months == other.Months && maskOfAll(c.Types) == maskOfAll(other.Types)
}

// Devalues lists, in a stable order, what next takes from who has reached a tier under old: such a set needs the notice that the terms promise.
// Rules are not looked at: they decide about points to come, never about points that were given.
func Devalues(old, next *Set) []string {
	var taken []string
	for rank := range old.Tiers {
		was := &old.Tiers[rank]
		i := tierRank(next.Tiers, was.ID)
		if i < 0 {
			taken = append(taken, fmt.Sprintf("tier %s is gone", was.ID))
			continue
		}
		is := &next.Tiers[i]
		if is.Counter != was.Counter {
			taken = append(taken, fmt.Sprintf("tier %s is reached by another counter", was.ID))
		}
		if is.Threshold > was.Threshold {
			taken = append(taken, fmt.Sprintf("tier %s needs %d instead of %d", was.ID, is.Threshold, was.Threshold))
		}
		if is.GraceDays < was.GraceDays {
			taken = append(taken, fmt.Sprintf("tier %s is kept %d days instead of %d", was.ID, is.GraceDays, was.GraceDays))
		}
		for _, lower := range old.Tiers[:rank] {
			if j := tierRank(next.Tiers, lower.ID); j > i {
				taken = append(taken, fmt.Sprintf("tier %s is below %s", was.ID, lower.ID))
			}
		}
	}
	return taken
}
