package rules

import (
	"slices"
	"strconv"
	"time"

	"cel.dev/cel-go/cel"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/quantity"
)

// Program is a rule set that has been checked. It never changes and may be kept and shared; the set it was made from must not be changed any more.
type Program struct {
	set    *Set
	zone   *time.Location
	rules  []compiledRule
	counts []typeMask // What each counter of the set counts,
	names  []string   // and its id.
}

type compiledRule struct {
	*Rule
	types     typeMask
	condition cel.Program // Nil: always.
	campaign  *Campaign   // Nil: none.
	group     uint64      // Bit of the exclusive group; 0: stackable.
}

// Compile checks a rule set; RULE_INVALID, with the id of what is wrong and what to do, when it can't be published.
func Compile(set *Set) (*Program, error) {
	if err := set.validate(); err != nil {
		return nil, err
	}
	zone, err := loadZone(set.Zone)
	if err != nil {
		return nil, err
	}
	conditions, err := compileConditions(set)
	if err != nil {
		return nil, err
	}
	return assemble(set, zone, conditions), nil
}

// compileConditions gives a program for every rule, nil for those without a condition; RULE_INVALID also when all of them together cost too much.
func compileConditions(set *Set) ([]cel.Program, error) {
	programs := make([]cel.Program, len(set.Rules))
	if !slices.ContainsFunc(set.Rules, func(r Rule) bool { return r.When != "" }) {
		return programs, nil
	}
	c, err := newCompiler(set)
	if err != nil {
		return nil, err
	}
	var total uint64
	for i := range set.Rules {
		r := &set.Rules[i]
		if r.When == "" {
			continue
		}
		program, cost, err := c.compile(r.ID, r.When)
		if err != nil {
			return nil, err
		}
		if total += cost; total > MaxSetCost {
			return nil, fault.New(fault.RuleInvalid, "rule %s: with its condition the set may cost more than %d for one event: loop over less, or drop a rule", r.ID, MaxSetCost)
		}
		programs[i] = program
	}
	return programs, nil
}

func assemble(set *Set, zone *time.Location, conditions []cel.Program) *Program {
	p := &Program{set: set, zone: zone}
	var groups []string
	for i := range set.Rules {
		r := &set.Rules[i]
		c := compiledRule{Rule: r, types: maskOfAll(r.Types), condition: conditions[i]}
		if r.Campaign != "" {
			c.campaign = findCampaign(set.Campaigns, r.Campaign)
		}
		if r.Group != "" {
			if !slices.Contains(groups, r.Group) {
				groups = append(groups, r.Group)
			}
			c.group = 1 << slices.Index(groups, r.Group)
		}
		p.rules = append(p.rules, c)
	}
	for i := range set.Counters {
		p.counts = append(p.counts, maskOfAll(set.Counters[i].Types))
		p.names = append(p.names, set.Counters[i].ID)
	}
	return p
}

// BaseRule is the id of the one rule of a Standard program.
const BaseRule = "base"

// Standard is the program of a programme that has published no rule set: a purchase earns at the rate, rounded down. The rate must be valid.
func Standard(rate quantity.Ratio) *Program {
	set := &Set{V: 1, MinorPerUnit: 1, Rules: []Rule{{ID: BaseRule, Types: []EventType{Purchase}, Action: Action{Rate: &rate, Rounding: Floor}}}}
	return assemble(set, time.UTC, make([]cel.Program, 1))
}

// Set is what the program was made from; it must not be changed. A Standard program's has version 0.
func (p *Program) Set() *Set { return p.set }

// Campaign returns a campaign of the set, or nil.
func (p *Program) Campaign(id string) *Campaign { return findCampaign(p.set.Campaigns, id) }

// onceMark is what an account remembers of an event that may happen once; empty for events that may happen again.
func onceMark(t EventType, day quantity.Day) string {
	switch t {
	case SignUp, AppUse, Referral:
		return string(t)
	case Birthday:
		year, _, _ := day.Date()
		return birthdayPrefix + strconv.Itoa(year)
	default:
		return ""
	}
}

// knownMark says whether an event on a business date can leave a mark; no mark is one as well.
func knownMark(mark string, day quantity.Day) bool {
	return mark == "" || mark == purchaseMark || slices.ContainsFunc(eventTypes[:], func(t EventType) bool { return onceMark(t, day) == mark })
}

const birthdayPrefix = string(Birthday) + "-"

// purchaseMark stands in an account's Standing after its first purchase.
const purchaseMark = string(Purchase)

// localDay is the calendar day of a time in the time's own zone.
func localDay(t time.Time) quantity.Day {
	year, month, day := t.Date()
	return quantity.DayOn(year, int(month), day)
}
