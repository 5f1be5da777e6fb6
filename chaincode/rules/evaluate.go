package rules

import (
	"time"

	"cel.dev/cel-go/common/types"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/quantity"
)

// Budget says how many points a campaign may still give in the lane at hand: its Slice less what the lane gave.
type Budget func(campaign string) quantity.Points

// evaluation is the state of one Evaluate.
type evaluation struct {
	*Program
	ev      *Event
	s       *Standing
	day     quantity.Day
	budget  Budget
	local   time.Time
	facts   *facts          // Nil until a condition asks.
	done    uint64          // Exclusive groups that gave points.
	base    quantity.Points // Given by rules other than multipliers.
	total   quantity.Points
	outcome Outcome
}

// Evaluate says what an event earns on a business date; it changes nothing. A nil budget means that no campaign's budget is used up.
//
// The code is OK, or EVENT_REPEATED for an event that counts once, INVALID_VALUE or OUT_OF_RANGE for an event or a result out of bounds; then nothing is earned.
// A rule whose condition fails at run time gives nothing. Tier and counters are those before the event.
func (p *Program) Evaluate(ev *Event, s *Standing, day quantity.Day, budget Budget) (Outcome, fault.Code) {
	at, err := ev.valid()
	if err != nil {
		return Outcome{}, fault.CodeOf(err)
	}
	mark := onceMark(ev.Type, day)
	if mark != "" && s.has(mark) {
		return Outcome{}, fault.EventRepeated
	}
	if ev.Type == Purchase && !s.has(purchaseMark) {
		mark = purchaseMark
	}
	e := evaluation{Program: p, ev: ev, s: s, day: day, budget: budget, local: at.In(p.zone), outcome: Outcome{Once: mark}}
	for i := range p.rules {
		if err := e.run(&p.rules[i]); err != nil {
			return Outcome{}, fault.CodeOf(err)
		}
	}
	e.count()
	return e.outcome, fault.OK
}

// run gives the points of one rule, if its conditions are met and its caps leave any.
func (e *evaluation) run(r *compiledRule) error {
	if !e.applies(r) {
		return nil
	}
	points, err := r.Action.points(e.ev, e.base)
	if err != nil {
		return err
	}
	if points = e.capped(r, points); points <= 0 {
		return nil
	}
	if e.total, err = e.total.Add(points); err != nil {
		return err
	}
	if r.Action.Multiplier == nil {
		e.base += points // At most total.
	}
	e.done |= r.group
	e.outcome.Awards = append(e.outcome.Awards, Award{Rule: r.ID, Points: points, Campaign: r.Campaign})
	return nil
}

func (e *evaluation) applies(r *compiledRule) bool {
	if r.types&maskOf(e.ev.Type) == 0 || e.done&r.group != 0 || e.ev.AmountMinor < r.MinimumMinor {
		return false
	}
	if r.campaign != nil && !r.campaign.takes(e.ev, localDay(e.local)) {
		return false
	}
	return r.condition == nil || e.holds(r)
}

// takes says whether an event on a local day takes part in a campaign.
func (c *Campaign) takes(ev *Event, day quantity.Day) bool {
	if day < c.From || day > c.Until {
		return false
	}
	if c.Tag == "" {
		return true
	}
	for _, t := range ev.Tags {
		if t == c.Tag {
			return true
		}
	}
	return false
}

// holds evaluates a rule's condition; an error counts as false.
func (e *evaluation) holds(r *compiledRule) bool {
	if e.facts == nil {
		e.facts = e.gather()
	}
	v, _, err := r.condition.Eval(e.facts)
	return err == nil && v == types.True
}

// gather prepares what conditions ask about.
func (e *evaluation) gather() *facts {
	counters := &table{keys: e.names, values: e.Counted(e.s, e.day)}
	n := len(e.ev.Categories)
	categories := &table{keys: make([]string, 0, n), values: make([]int64, 0, n)}
	for _, c := range e.ev.Categories {
		categories.keys = append(categories.keys, c.Category)
		categories.values = append(categories.values, c.Minor)
	}
	return &facts{
		ev: e.ev, local: e.local, tier: e.TierOn(e.s, e.day), counters: counters, categories: categories,
		firstPurchase: e.ev.Type == Purchase && !e.s.has(purchaseMark),
	}
}

// capped is what the caps of a rule and of its campaign leave of its points.
func (e *evaluation) capped(r *compiledRule, points quantity.Points) quantity.Points {
	if r.CapReceipt > 0 {
		points = min(points, r.CapReceipt)
	}
	if r.CapDay > 0 || r.CapCustomer > 0 {
		used := e.s.use(UseOfRule, r.ID)
		if r.CapDay > 0 {
			points = min(points, r.CapDay-used.today(e.day))
		}
		if r.CapCustomer > 0 {
			points = min(points, r.CapCustomer-used.Total)
		}
	}
	if c := r.campaign; c != nil && (c.CustomerCap > 0 || c.Budget > 0) {
		given := e.outcome.CampaignPoints(c.ID)
		if c.CustomerCap > 0 {
			points = min(points, c.CustomerCap-e.s.use(UseOfCampaign, c.ID).Total-given)
		}
		if c.Budget > 0 && e.budget != nil && points > 0 {
			points = min(points, e.budget(c.ID)-given)
		}
	}
	return points
}

// count notes how far the event moves every counter.
func (e *evaluation) count() {
	for i := range e.set.Counters {
		c := &e.set.Counters[i]
		if e.counts[i]&maskOf(e.ev.Type) == 0 {
			continue
		}
		if add := e.progress(c); add > 0 {
			e.outcome.Progress = append(e.outcome.Progress, Progress{Counter: c.ID, Add: add})
		}
	}
}

func (e *evaluation) progress(c *Counter) int64 {
	switch c.Measure {
	case Spend:
		return e.ev.AmountMinor / e.set.MinorPerUnit
	case Earned:
		return int64(e.total)
	case Visits:
		if state := e.s.counter(c.ID); state != nil && state.Last == e.day {
			return 0
		}
		return 1
	default:
		return 1
	}
}
