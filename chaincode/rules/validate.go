package rules

import (
	"maps"
	"regexp"
	"slices"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/quantity"
)

var (
	idForm       = regexp.MustCompile(`^[a-z][A-Za-z0-9-]*$`)
	languageForm = regexp.MustCompile(`^[a-z]{2,3}(-[A-Za-z]{2,4})?$`)
)

func validID(what, id string) error {
	if len(id) > MaxIDLength || !idForm.MatchString(id) {
		return fault.New(fault.RuleInvalid, "the %s %s needs an id of 1 to %d letters, digits and hyphens that starts with a small letter", what, quoted(id), MaxIDLength)
	}
	return nil
}

func (w Words) validate(what string, limit int) error {
	if len(w) > MaxLanguages {
		return fault.New(fault.RuleInvalid, "%s has more than %d languages", what, MaxLanguages)
	}
	for _, language := range slices.Sorted(maps.Keys(w)) {
		if !languageForm.MatchString(language) {
			return fault.New(fault.RuleInvalid, "%s names the language %s: write it like en or zh-Hans", what, quoted(language))
		}
		if n := len(w[language]); n < 1 || n > limit {
			return fault.New(fault.RuleInvalid, "%s needs 1 to %d bytes in each language", what, limit)
		}
	}
	return nil
}

// validate checks everything but the zone and the conditions.
func (s *Set) validate() error {
	if s.V != 1 || s.Version < 1 {
		return fault.New(fault.RuleInvalid, "a rule set has v 1 and a version from 1 on")
	}
	if s.Effective < 0 || s.Effective > quantity.LastDay {
		return fault.New(fault.RuleInvalid, "effective must lie between 1970 and 9999")
	}
	if s.MinorPerUnit < 1 || s.MinorPerUnit > MaxMinorPerUnit {
		return fault.New(fault.RuleInvalid, "minorPerUnit must lie between 1 and %d", MaxMinorPerUnit)
	}
	if len(s.Prose) == 0 {
		return fault.New(fault.RuleInvalid, "prose says in at least one language what the customer is told")
	}
	if err := s.Prose.validate("prose", MaxProseLength); err != nil {
		return err
	}
	for _, check := range []func() error{s.validateCounters, s.validateTiers, s.validateCampaigns, s.validateRules} {
		if err := check(); err != nil {
			return err
		}
	}
	return nil
}

func validTypes(what, id string, list []EventType) error {
	var seen typeMask
	for _, t := range list {
		bit := maskOf(t)
		if bit == 0 || seen&bit != 0 {
			return fault.New(fault.RuleInvalid, "%s %s: types must be known and stand only once", what, id)
		}
		seen |= bit
	}
	if seen == 0 {
		return fault.New(fault.RuleInvalid, "%s %s: types names at least one type of event", what, id)
	}
	return nil
}

func (s *Set) validateCounters() error {
	if len(s.Counters) > MaxCounters {
		return fault.New(fault.RuleInvalid, "a set has at most %d counters", MaxCounters)
	}
	for i := range s.Counters {
		c := &s.Counters[i]
		if err := validID("counter", c.ID); err != nil {
			return err
		}
		if i > 0 && s.Counters[i-1].ID >= c.ID {
			return fault.New(fault.RuleInvalid, "counter %s: counters are listed in the order of their ids, each once", c.ID)
		}
		if err := c.validate(); err != nil {
			return err
		}
	}
	return nil
}

func (c *Counter) validate() error {
	if !slices.Contains([]Measure{Visits, Spend, Earned, Events}, c.Measure) {
		return fault.New(fault.RuleInvalid, "counter %s: measure must be visits, spend, points or events", c.ID)
	}
	if !slices.Contains([]Period{ByDay, ByWeek, ByMonth, ByQuarter, ByYear, Lifetime, Rolling}, c.Period) {
		return fault.New(fault.RuleInvalid, "counter %s: period must be day, week, month, quarter, year, lifetime or rolling", c.ID)
	}
	if rolling := c.Period == Rolling; rolling && (c.Months < 1 || c.Months > MaxRollingMonths) || !rolling && c.Months != 0 {
		return fault.New(fault.RuleInvalid, "counter %s: a rolling period has 1 to %d months, another period has none", c.ID, MaxRollingMonths)
	}
	return validTypes("counter", c.ID, c.Types)
}

func (s *Set) validateTiers() error {
	if len(s.Tiers) > MaxTiers {
		return fault.New(fault.RuleInvalid, "a set has at most %d tiers", MaxTiers)
	}
	for i := range s.Tiers {
		t := &s.Tiers[i]
		if err := validID("tier", t.ID); err != nil {
			return err
		}
		if err := t.Name.validate("the name of tier "+t.ID, MaxNameLength); err != nil {
			return err
		}
		if findCounter(s.Counters, t.Counter) == nil {
			return fault.New(fault.RuleInvalid, "tier %s: the set has no counter %s", t.ID, quoted(t.Counter))
		}
		if t.Threshold < 1 || t.Threshold > quantity.MaxPoints || t.GraceDays < 0 || t.GraceDays > MaxGraceDays {
			return fault.New(fault.RuleInvalid, "tier %s: threshold must lie between 1 and %d, graceDays between 0 and %d", t.ID, int64(quantity.MaxPoints), MaxGraceDays)
		}
		if err := t.above(s.Tiers[:i]); err != nil {
			return err
		}
	}
	return nil
}

// above checks a tier against the lower ones.
func (t *Tier) above(lower []Tier) error {
	for i := range lower {
		if lower[i].ID == t.ID {
			return fault.New(fault.RuleInvalid, "tier %s stands twice", t.ID)
		}
		if lower[i].Counter == t.Counter && lower[i].Threshold >= t.Threshold {
			return fault.New(fault.RuleInvalid, "tier %s: its threshold must be over that of %s, which is a lower tier", t.ID, lower[i].ID)
		}
	}
	return nil
}

func (s *Set) validateCampaigns() error {
	if len(s.Campaigns) > MaxCampaigns {
		return fault.New(fault.RuleInvalid, "a set has at most %d campaigns", MaxCampaigns)
	}
	for i := range s.Campaigns {
		c := &s.Campaigns[i]
		if err := validID("campaign", c.ID); err != nil {
			return err
		}
		if findCampaign(s.Campaigns[:i], c.ID) != nil {
			return fault.New(fault.RuleInvalid, "campaign %s stands twice", c.ID)
		}
		if err := c.validate(); err != nil {
			return err
		}
	}
	return nil
}

func (c *Campaign) validate() error {
	if err := c.Name.validate("the name of campaign "+c.ID, MaxNameLength); err != nil {
		return err
	}
	if c.Tag != "" && !isWord(c.Tag) {
		return fault.New(fault.RuleInvalid, "campaign %s: tag has at most %d bytes", c.ID, MaxWordLength)
	}
	if c.From < 0 || c.Until > quantity.LastDay || c.From > c.Until {
		return fault.New(fault.RuleInvalid, "campaign %s: from must not be after until", c.ID)
	}
	if badCap(c.Budget) || badCap(c.CustomerCap) {
		return fault.New(fault.RuleInvalid, "campaign %s: budget and customerCap must lie between 0 and %d", c.ID, int64(quantity.MaxPoints))
	}
	if budgeted := c.Budget > 0; budgeted && (c.Lanes < 1 || c.Lanes > MaxLanes) || !budgeted && c.Lanes != 0 {
		return fault.New(fault.RuleInvalid, "campaign %s: a budget is cut into 1 to %d lanes, without one there are none", c.ID, MaxLanes)
	}
	return nil
}

func badCap(p quantity.Points) bool { return p < 0 || p > quantity.MaxPoints }

func (s *Set) validateRules() error {
	if len(s.Rules) < 1 || len(s.Rules) > MaxRules {
		return fault.New(fault.RuleInvalid, "a set has 1 to %d rules", MaxRules)
	}
	for i := range s.Rules {
		r := &s.Rules[i]
		if err := validID("rule", r.ID); err != nil {
			return err
		}
		if findRule(s.Rules[:i], r.ID) != nil {
			return fault.New(fault.RuleInvalid, "rule %s stands twice", r.ID)
		}
		if r.Campaign != "" && findCampaign(s.Campaigns, r.Campaign) == nil {
			return fault.New(fault.RuleInvalid, "rule %s: the set has no campaign %s", r.ID, quoted(r.Campaign))
		}
		if err := r.validate(); err != nil {
			return err
		}
	}
	return nil
}

func (r *Rule) validate() error {
	if err := r.Name.validate("the name of rule "+r.ID, MaxNameLength); err != nil {
		return err
	}
	if err := validTypes("rule", r.ID, r.Types); err != nil {
		return err
	}
	if r.Group != "" {
		if err := validID("group of rule "+r.ID, r.Group); err != nil {
			return err
		}
	}
	if r.MinimumMinor < 0 || r.MinimumMinor > quantity.MaxMinor {
		return fault.New(fault.RuleInvalid, "rule %s: minimumMinor must lie between 0 and %d", r.ID, int64(quantity.MaxMinor))
	}
	if badCap(r.CapReceipt) || badCap(r.CapDay) || badCap(r.CapCustomer) {
		return fault.New(fault.RuleInvalid, "rule %s: a cap must lie between 0 and %d", r.ID, int64(quantity.MaxPoints))
	}
	if complaint := r.Action.complaint(); complaint != "" {
		return fault.New(fault.RuleInvalid, "rule %s: %s", r.ID, complaint)
	}
	return nil
}

func findCounter(counters []Counter, id string) *Counter {
	for i := range counters {
		if counters[i].ID == id {
			return &counters[i]
		}
	}
	return nil
}

func findCampaign(campaigns []Campaign, id string) *Campaign {
	for i := range campaigns {
		if campaigns[i].ID == id {
			return &campaigns[i]
		}
	}
	return nil
}

func findRule(rules []Rule, id string) *Rule {
	for i := range rules {
		if rules[i].ID == id {
			return &rules[i]
		}
	}
	return nil
}

// tierRank is a tier's place in the order, from 0 for the lowest; -1 for none.
func tierRank(tiers []Tier, id string) int {
	return slices.IndexFunc(tiers, func(t Tier) bool { return t.ID == id })
}
