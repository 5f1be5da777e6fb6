package rules_test

import (
	"bytes"
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/quantity"
	"github.com/tallystick/tallystick/chaincode/rules"
)

// anyCap is no cap half of the time.
func anyCap(t *rapid.T, label string) quantity.Points {
	return quantity.Points(rapid.OneOf(rapid.Just(int64(0)), rapid.Int64Range(1, 400)).Draw(t, label))
}

func anyTypes(t *rapid.T) []rules.EventType {
	return rapid.SampledFrom([][]rules.EventType{{rules.Purchase}, {rules.Purchase, rules.Review}, {rules.SignUp, rules.Birthday, rules.Referrer}, rules.EventTypes()}).Draw(t, "types")
}

func anyAction(t *rapid.T) rules.Action {
	rounding := rapid.SampledFrom([]rules.Rounding{rules.Floor, rules.HalfEven, rules.Ceil}).Draw(t, "rounding")
	category := rapid.SampledFrom([]string{"", "bakery"}).Draw(t, "category")
	switch rapid.IntRange(0, 3).Draw(t, "action") {
	case 0:
		return rules.Action{Rate: ratio(rapid.Int64Range(0, 9).Draw(t, "num"), rapid.Int64Range(1, 200).Draw(t, "den")), Category: category, Rounding: rounding}
	case 1:
		parts := []rules.Bracket{{UpTo: 2_000, Rate: *ratio(0, 1)}, {UpTo: 5_000, Rate: *ratio(1, 100)}, {Rate: *ratio(7, 300)}}
		return rules.Action{Tiered: parts, Category: category, Rounding: rounding}
	case 2:
		return rules.Action{Multiplier: ratio(rapid.Int64Range(3, 9).Draw(t, "num"), 2)}
	default:
		return rules.Action{Fixed: quantity.Points(rapid.Int64Range(1, 100).Draw(t, "fixed"))}
	}
}

var someConditions = []string{
	"", "", "amount % 2 == 0", `tier != ""`, `tags.exists(t, t == "app")`, "counters.c0 >= 2", "firstPurchase", `categories["bakery"] > 100`,
}

// anySet has rules of all kinds, two campaigns, and a counter for every kind of period with a tier on each.
func anySet(t *rapid.T) *rules.Set {
	set := setOf()
	for i := range rapid.IntRange(1, 6).Draw(t, "rules") {
		set.Rules = append(set.Rules, rules.Rule{
			ID: fmt.Sprintf("r%d", i), Types: anyTypes(t), Action: anyAction(t),
			When:         rapid.SampledFrom(someConditions).Draw(t, "when"),
			MinimumMinor: rapid.SampledFrom([]int64{0, 0, 1_000}).Draw(t, "minimum"),
			Campaign:     rapid.SampledFrom([]string{"", "", "spring", "open"}).Draw(t, "campaign"),
			Group:        rapid.SampledFrom([]string{"", "", "g", "h"}).Draw(t, "group"),
			CapReceipt:   anyCap(t, "capReceipt"), CapDay: anyCap(t, "capDay"), CapCustomer: anyCap(t, "capCustomer"),
		})
	}
	set.Campaigns = []rules.Campaign{
		{ID: "spring", From: 20_000, Until: 21_000, Budget: 1 + 5*anyCap(t, "budget"), Lanes: rapid.IntRange(1, 3).Draw(t, "lanes"), CustomerCap: anyCap(t, "customerCap")},
		{ID: "open", Tag: "app", Until: quantity.LastDay, CustomerCap: anyCap(t, "customerCap")},
	}
	for i, period := range []rules.Period{rules.ByDay, rules.ByWeek, rules.ByMonth, rules.ByQuarter, rules.ByYear, rules.Lifetime, rules.Rolling, rules.Rolling} {
		measure := rapid.SampledFrom([]rules.Measure{rules.Visits, rules.Spend, rules.Earned, rules.Events}).Draw(t, "measure")
		c := rules.Counter{ID: fmt.Sprintf("c%d", i), Measure: measure, Types: anyTypes(t), Period: period}
		if period == rules.Rolling {
			c.Months = rapid.IntRange(1, 14).Draw(t, "months")
		}
		set.Counters = append(set.Counters, c)
		set.Tiers = append(set.Tiers, rules.Tier{
			ID: fmt.Sprintf("t%d", i), Counter: c.ID, Threshold: rapid.Int64Range(1, 60).Draw(t, "threshold"), GraceDays: rapid.SampledFrom([]int{0, 1, 40}).Draw(t, "grace"),
		})
	}
	return set
}

func anyEvent(t *rapid.T, on quantity.Day) *rules.Event {
	ev := &rules.Event{
		Type:        rapid.SampledFrom([]rules.EventType{rules.Purchase, rules.Purchase, rules.Purchase, rules.Review, rules.SignUp, rules.Birthday, rules.Referrer}).Draw(t, "type"),
		AmountMinor: rapid.Int64Range(0, 12_000).Draw(t, "amount"), Currency: "GBP", Store: "s1", Channel: "till", OccurredAt: on.String() + "T12:00:00Z",
	}
	if rapid.Bool().Draw(t, "app") {
		ev.Tags = []string{"app"}
	}
	if rapid.Bool().Draw(t, "baked") {
		ev.Categories = []rules.CategoryAmount{{Category: "bakery", Minor: ev.AmountMinor / 2}}
	}
	return ev
}

// counted is one movement of a counter.
type counted struct {
	on  quantity.Day
	add int64
}

// model books events and keeps, beside the standing, what a reader of all receipts would count.
type model struct {
	*rapid.T
	program *rules.Program
	s       rules.Standing
	on      quantity.Day
	lanes   []quantity.Points // Given of the budgeted campaign, by lane.
	byRule  map[string]quantity.Points
	byDay   map[string]quantity.Points // By rule and day.
	byCamp  map[string]quantity.Points
	moved   map[string][]counted
	booked  []rules.Outcome
}

func newModel(t *rapid.T) *model {
	p := compile(t, anySet(t))
	return &model{T: t, program: p, on: 20_000, lanes: make([]quantity.Points, p.Campaign("spring").Lanes),
		byRule: map[string]quantity.Points{}, byDay: map[string]quantity.Points{}, byCamp: map[string]quantity.Points{}, moved: map[string][]counted{}}
}

// step moves the business date on, or not, and books an event in some lane.
func (m *model) step() {
	m.on += rapid.SampledFrom([]quantity.Day{0, 0, 0, 1, 3, 7, 30, 91, 200, 400}).Draw(m.T, "days")
	ev, lane := anyEvent(m.T, m.on), rapid.IntRange(0, len(m.lanes)-1).Draw(m.T, "lane")
	budget := func(campaign string) quantity.Points {
		if campaign != "spring" {
			m.Errorf("the budget of %s was asked for", campaign)
		}
		return m.program.Campaign(campaign).Slice(lane) - m.lanes[lane]
	}
	o, code := m.evaluate(ev, budget)
	if code == fault.EventRepeated {
		return
	}
	if code != fault.OK {
		m.Fatalf("refused: %s", code)
	}
	m.wantProgress(ev, &o)
	m.apply(&o)
	m.note(&o, lane)
}

// wantProgress checks how far an event moves each counter.
func (m *model) wantProgress(ev *rules.Event, o *rules.Outcome) {
	m.Helper()
	var want []rules.Progress
	for _, c := range m.program.Set().Counters {
		add := int64(1)
		switch list := m.moved[c.ID]; {
		case !slices.Contains(c.Types, ev.Type):
			add = 0
		case c.Measure == rules.Spend:
			add = ev.AmountMinor / 100
		case c.Measure == rules.Earned:
			add = int64(o.Points())
		case c.Measure == rules.Visits && len(list) > 0 && list[len(list)-1].on == m.on:
			add = 0
		}
		if add > 0 {
			want = append(want, rules.Progress{Counter: c.ID, Add: add})
		}
	}
	if !slices.Equal(o.Progress, want) {
		m.Errorf("%+v moved %v, want %v", ev, o.Progress, want)
	}
}

// evaluate does it twice: the same must come out, and nothing that went in may change.
func (m *model) evaluate(ev *rules.Event, budget rules.Budget) (rules.Outcome, fault.Code) {
	before := [][]byte{encoded(m, ev), encoded(m, &m.s), encoded(m, m.program.Set())}
	o, code := m.program.Evaluate(ev, &m.s, m.on, budget)
	again, codeAgain := m.program.Evaluate(ev, &m.s, m.on, budget)
	if code != codeAgain || !bytes.Equal(encoded(m, &o), encoded(m, &again)) {
		m.Errorf("%s %s and then %s %s", code, encoded(m, &o), codeAgain, encoded(m, &again))
	}
	for i, v := range []any{ev, &m.s, m.program.Set()} {
		if !bytes.Equal(before[i], encoded(m, v)) {
			m.Errorf("Evaluate changed %s", before[i])
		}
	}
	return o, code
}

// apply does it twice as well, the second time from what the receipt and the record show.
func (m *model) apply(o *rules.Outcome) {
	before := encoded(m, &m.s)
	next := apply(m, m.program, &m.s, o, m.on)
	if !bytes.Equal(before, encoded(m, &m.s)) {
		m.Errorf("Apply changed %s", before)
	}
	var s rules.Standing
	var shown rules.Outcome
	decode(m, before, &s)
	decode(m, encoded(m, o), &shown)
	again := apply(m, m.program, &s, &shown, m.on)
	if !bytes.Equal(encoded(m, &next), encoded(m, &again)) {
		m.Errorf("%s and from the record %s", encoded(m, &next), encoded(m, &again))
	}
	m.s = next
}

func (m *model) note(o *rules.Outcome, lane int) {
	m.booked = append(m.booked, *o)
	var total quantity.Points
	groups := map[string]bool{}
	for _, a := range o.Awards {
		r := m.rule(a.Rule)
		if a.Points < 1 || a.Campaign != r.Campaign || r.CapReceipt > 0 && a.Points > r.CapReceipt {
			m.Errorf("award %+v of %+v", a, r)
		}
		if r.Group != "" && groups[r.Group] {
			m.Errorf("two rules of the group %s in %v", r.Group, o.Awards)
		}
		groups[r.Group] = true
		total += a.Points
		m.byRule[a.Rule] += a.Points
		m.byDay[a.Rule+m.on.String()] += a.Points
		m.byCamp[a.Campaign] += a.Points
		if a.Campaign == "spring" {
			m.lanes[lane] += a.Points
		}
	}
	if o.Points() != total {
		m.Errorf("the points are %d, the awards %d", o.Points(), total)
	}
	for _, moved := range o.Progress {
		m.moved[moved.Counter] = append(m.moved[moved.Counter], counted{m.on, moved.Add})
	}
}

func (m *model) rule(id string) *rules.Rule {
	list := m.program.Set().Rules
	i := slices.IndexFunc(list, func(r rules.Rule) bool { return r.ID == id })
	if i < 0 {
		m.Fatalf("no rule %s", id)
	}
	return &list[i]
}

// wantCapsKept checks every cap against what was given in all.
func (m *model) wantCapsKept() {
	m.Helper()
	for _, r := range m.program.Set().Rules {
		if r.CapCustomer > 0 && m.byRule[r.ID] > r.CapCustomer || r.CapDay > 0 && m.byDay[r.ID+m.on.String()] > r.CapDay {
			m.Errorf("%s gave %d, today %d", r.ID, m.byRule[r.ID], m.byDay[r.ID+m.on.String()])
		}
	}
	var budgeted quantity.Points
	for _, c := range m.program.Set().Campaigns {
		if c.CustomerCap > 0 && m.byCamp[c.ID] > c.CustomerCap {
			m.Errorf("%s gave %d", c.ID, m.byCamp[c.ID])
		}
	}
	for lane, given := range m.lanes {
		if budgeted += given; given > m.program.Campaign("spring").Slice(lane) {
			m.Errorf("lane %d gave %d", lane, given)
		}
	}
	if budgeted > m.program.Campaign("spring").Budget {
		m.Errorf("the campaign gave %d", budgeted)
	}
}

func decode(t reporter, raw []byte, v any) {
	t.Helper()
	if err := strictly(raw, v); err != nil {
		t.Fatalf("%s: %v", raw, err)
	}
}

func TestWhateverTheRulesCapsHoldAndNothingDependsOnChance(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := newModel(t)
		for range rapid.IntRange(1, 25).Draw(t, "steps") {
			m.step()
			m.wantCapsKept()
		}
	})
}

// periodOf gives first and last day of the calendar period that a day lies in, by walking day by day.
func periodOf(period rules.Period, on quantity.Day) (first, last quantity.Day) {
	same := func(d quantity.Day) bool {
		y, mo, _ := d.Date()
		oy, om, _ := on.Date()
		switch period {
		case rules.ByDay:
			return d == on
		case rules.ByWeek:
			return (d+3)/7 == (on+3)/7
		case rules.ByMonth, rules.Rolling:
			return y == oy && mo == om
		case rules.ByQuarter:
			return y == oy && (mo-1)/3 == (om-1)/3
		default:
			return y == oy
		}
	}
	if period == rules.Lifetime {
		return 0, quantity.LastDay
	}
	for first = on; same(first - 1); first-- {
	}
	for last = on; same(last + 1); last++ {
	}
	return first, last
}

// shows is what a counter shows on a day, from all that was counted until then.
func shows(c *rules.Counter, moved []counted, on quantity.Day) (total int64) {
	first, _ := periodOf(c.Period, on)
	if c.Period == rules.Rolling {
		first = first.AddMonths(1 - c.Months)
	}
	for _, m := range moved {
		if m.on >= first && m.on <= on {
			total += m.add
		}
	}
	return total
}

// heldOn says whether a tier is held on a day, from all that was counted until then, as the documentation of Tier has it.
func heldOn(tier *rules.Tier, c *rules.Counter, moved []counted, on quantity.Day) bool {
	for _, reached := range moved {
		if reached.on > on || shows(c, moved, reached.on) < tier.Threshold {
			continue
		}
		until := quantity.LastDay
		if c.Period == rules.Rolling {
			for until = reached.on; shows(c, upTill(moved, reached.on), until+1) >= tier.Threshold; until++ {
			}
			until += quantity.Day(tier.GraceDays)
		} else if c.Period != rules.Lifetime {
			_, end := periodOf(c.Period, reached.on)
			_, end = periodOf(c.Period, end+1)
			until = end + quantity.Day(tier.GraceDays)
		}
		if on <= until {
			return true
		}
	}
	return false
}

// upTill is what was counted until a day.
func upTill(moved []counted, on quantity.Day) []counted {
	return slices.DeleteFunc(slices.Clone(moved), func(m counted) bool { return m.on > on })
}

func TestCountersAndTiersAreWhatARecountOfAllReceiptsGives(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := newModel(t)
		set := m.program.Set()
		for range rapid.IntRange(1, 12).Draw(t, "steps") {
			m.step()
			on := m.on + rapid.SampledFrom([]quantity.Day{0, 0, 1, 20, 45, 150, 400}).Draw(t, "later")
			highest := ""
			for i := range set.Counters {
				c, tier := &set.Counters[i], &set.Tiers[i]
				if got, want := m.program.Counted(&m.s, on)[i], shows(c, m.moved[c.ID], on); got != want {
					t.Errorf("%+v shows %d on %s, want %d of %v", c, got, on, want, m.moved[c.ID])
				}
				held := heldOn(tier, c, m.moved[c.ID], on)
				until, ever := m.program.TierUntil(&m.s, tier.ID)
				if (ever && until >= on) != held {
					t.Errorf("%+v on %+v is held on %s: %v; until %s by %s of %v", tier, c, on, held, until, encoded(t, &m.s), m.moved[c.ID])
				}
				if held {
					highest = tier.ID
				}
			}
			if got := m.program.TierOn(&m.s, on); got != highest {
				t.Errorf("the tier on %s is %q, want %q", on, got, highest)
			}
		}
	})
}

func TestCountersNeverFallBelowZero(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := newModel(t)
		for range rapid.IntRange(1, 20).Draw(t, "steps") {
			m.step()
			if len(m.booked) > 0 && rapid.Bool().Draw(t, "return") {
				o := rapid.SampledFrom(m.booked).Draw(t, "of")
				back := reverse(t, m.program, &o, quantity.Points(rapid.Int64Range(0, int64(o.Points())).Draw(t, "taken")), o.Points())
				m.apply(&back)
			}
			for i, value := range m.program.Counted(&m.s, m.on) {
				if value < 0 {
					t.Errorf("%s shows %d", m.program.Set().Counters[i].ID, value)
				}
			}
			for _, c := range m.s.Counters {
				for _, b := range c.Buckets {
					if b.Value < 1 {
						t.Errorf("%+v is kept", c)
					}
				}
			}
		}
	})
}
