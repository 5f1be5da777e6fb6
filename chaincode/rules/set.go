package rules

import "github.com/tallystick/tallystick/chaincode/quantity"

// Words are a text in several languages, by language tag such as "en" or "zh-Hans".
type Words map[string]string

// Set is a version of a programme's rules as it stands on the ledger. Rules are evaluated in the order in which they are listed.
type Set struct {
	V            int          `json:"v"`            // Document version, 1.
	Version      int          `json:"version"`      // 1, 2, ...
	Effective    quantity.Day `json:"effective"`    // First business date on which it is in force.
	Zone         string       `json:"zone"`         // IANA name; conditions and campaign dates see local time there.
	MinorPerUnit int64        `json:"minorPerUnit"` // Minor units in one unit of the currency: 100 for pence in a pound, 1 for yen.
	Prose        Words        `json:"prose"`        // What the customer is told.
	Counters     []Counter    `json:"counters,omitempty"`
	Tiers        []Tier       `json:"tiers,omitempty"` // From the lowest to the highest.
	Campaigns    []Campaign   `json:"campaigns,omitempty"`
	Rules        []Rule       `json:"rules"`
}

// Measure is what a counter counts.
type Measure string

// The measures of counters.
const (
	Visits Measure = "visits" // Business dates with at least one event of the counter's types.
	Spend  Measure = "spend"  // Whole units of the currency per event, rounded down: a counter is public, and tells no pence.
	Earned Measure = "points" // Points given by rules. Points that were transferred never count.
	Events Measure = "events"
)

// Period is how long a counter counts before it starts again.
type Period string

// The periods of counters.
const (
	ByDay     Period = "day"
	ByWeek    Period = "week" // From Monday.
	ByMonth   Period = "month"
	ByQuarter Period = "quarter"
	ByYear    Period = "year"
	Lifetime  Period = "lifetime"
	Rolling   Period = "rolling" // The current month and the ones before it.
)

// Counter is something that is counted for every account. A counter's id never gets another meaning: a changed counter is a new one.
type Counter struct {
	ID      string      `json:"id"` // Counters are listed in the order of their ids.
	Measure Measure     `json:"measure"`
	Types   []EventType `json:"types"`
	Period  Period      `json:"period"`
	Months  int         `json:"months,omitzero"` // Of a rolling period, 1 to MaxRollingMonths, the current month included.
}

// Tier is a status that an account has from the moment its counter reaches the threshold.
//
// With a calendar period it is kept until the end of the period after the one in which the threshold was reached, and for GraceDays more.
// With a rolling period it is kept until the counter has been below the threshold for GraceDays.
type Tier struct {
	ID        string `json:"id"`
	Name      Words  `json:"name,omitempty"`
	Counter   string `json:"counter"`
	Threshold int64  `json:"threshold"` // In the counter's measure, 1 to quantity.MaxPoints.
	GraceDays int    `json:"graceDays"` // 0 to MaxGraceDays.
}

// Campaign is a period and a budget that rules share.
type Campaign struct {
	ID          string          `json:"id"`
	Name        Words           `json:"name,omitempty"`
	Tag         string          `json:"tag,omitzero"` // Only events that carry this tag take part; empty: all.
	From        quantity.Day    `json:"from"`         // First and last local day on which an event must have happened.
	Until       quantity.Day    `json:"until"`
	Budget      quantity.Points `json:"budget,omitzero"` // Points that the campaign gives at most; 0: no bound.
	Lanes       int             `json:"lanes,omitzero"`  // Slices that the budget is cut into, one per lane, so that no key is shared; 0 without a budget.
	CustomerCap quantity.Points `json:"customerCap,omitzero"`
}

// Slice is what the campaign may give in a lane: the budget in equal parts, of which the first have one point more where it can't be divided. Lanes beyond Lanes have none.
func (c *Campaign) Slice(lane int) quantity.Points {
	if lane < 0 || lane >= c.Lanes {
		return 0
	}
	n := quantity.Points(c.Lanes)
	part := c.Budget / n
	if quantity.Points(lane) < c.Budget%n {
		part++
	}
	return part
}

// Rule gives points for an event that meets all it asks for. Its caps are in points; 0 is no cap.
type Rule struct {
	ID           string          `json:"id"`
	Name         Words           `json:"name,omitempty"` // For quotes.
	Types        []EventType     `json:"types"`
	When         string          `json:"when,omitzero"` // A CEL condition; empty: always.
	Action       Action          `json:"action"`
	MinimumMinor int64           `json:"minimumMinor,omitzero"` // Smallest amount of the event, in minor units.
	Campaign     string          `json:"campaign,omitzero"`
	Group        string          `json:"group,omitzero"`       // Of an exclusive group the first rule that gives points is the only one; empty: stackable.
	CapReceipt   quantity.Points `json:"capReceipt,omitzero"`  // Per event.
	CapDay       quantity.Points `json:"capDay,omitzero"`      // Per account and business date.
	CapCustomer  quantity.Points `json:"capCustomer,omitzero"` // Per account, for ever.
}

// Rounding says what becomes of the fraction of a point.
type Rounding string

// The roundings.
const (
	Floor    Rounding = "floor"
	HalfEven Rounding = "halfEven"
	Ceil     Rounding = "ceil"
)

// Action is how many points a rule gives: exactly one of Rate, Tiered, Fixed and Multiplier is there.
type Action struct {
	Rate       *quantity.Ratio `json:"rate,omitzero"`       // Points per minor unit.
	Tiered     []Bracket       `json:"tiered,omitempty"`    // Points per minor unit, by the part of the amount that lies in each bracket.
	Fixed      quantity.Points `json:"fixed,omitzero"`      // Points per event.
	Multiplier *quantity.Ratio `json:"multiplier,omitzero"` // Over 1: adds ratio-1 times, rounded down, what the rules listed before this one gave. What other multipliers added is not multiplied again.
	Category   string          `json:"category,omitzero"`   // Rate and tiered look at this category's total; empty: at the whole amount.
	Rounding   Rounding        `json:"rounding,omitzero"`   // Of rate, and of every bracket of tiered; absent otherwise.
}

// Bracket is the part of an amount up to UpTo minor units, counted from the end of the bracket before it. The last one has no end: UpTo is 0.
type Bracket struct {
	UpTo int64          `json:"upTo,omitzero"`
	Rate quantity.Ratio `json:"rate"`
}
