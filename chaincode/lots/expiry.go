package lots

import (
	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/quantity"
)

// ExpiryKind says how the day is found on which points expire.
type ExpiryKind string

// The kinds of expiry.
const (
	Never      ExpiryKind = "never"      // Points don't expire.
	Fixed      ExpiryKind = "fixed"      // At the end of one day of the calendar, Years years after the year of accrual.
	Rolling    ExpiryKind = "rolling"    // Months months after accrual, at the end of the month where MonthEnd says so.
	Inactivity ExpiryKind = "inactivity" // All at once, when the account has been inactive for Months months.
)

// Limits of an expiry policy.
const (
	MaxExpiryMonths = 600 // Months of rolling or inactivity expiry: 50 years.
	MaxExpiryYears  = 50  // Years of fixed expiry.
)

// Expiry is a policy for the expiry of points, by the programme's business date. Fields that the kind doesn't use are zero.
type Expiry struct {
	Kind     ExpiryKind `json:"kind"`
	Months   int        `json:"months,omitzero"`   // Rolling and inactivity: 1 to MaxExpiryMonths.
	MonthEnd bool       `json:"monthEnd,omitzero"` // Rolling: points live to the end of the month; keeps the number of lots low.
	Years    int        `json:"years,omitzero"`    // Fixed: 0 to MaxExpiryYears.
	Month    int        `json:"month,omitzero"`    // Fixed: 1 to 12 and
	Day      int        `json:"day,omitzero"`      // 1 to 28: the last day on which points can be spent; 31 means the month's last.
}

// lastOfMonth is the Day of a fixed policy that means the last day of its month, whatever the month.
const lastOfMonth = 31

// Validate returns INVALID_VALUE unless the fields are those of the kind, within their ranges.
func (e Expiry) Validate() error {
	want := Expiry{Kind: e.Kind}
	ok := true
	switch e.Kind {
	case Never:
	case Fixed:
		want.Years, want.Month, want.Day = e.Years, e.Month, e.Day
		ok = e.Years >= 0 && e.Years <= MaxExpiryYears && e.Month >= 1 && e.Month <= 12 && e.Day >= 1 && (e.Day <= 28 || e.Day == lastOfMonth)
	case Rolling:
		want.Months, want.MonthEnd = e.Months, e.MonthEnd
		ok = e.Months >= 1 && e.Months <= MaxExpiryMonths
	case Inactivity:
		want.Months = e.Months
		ok = e.Months >= 1 && e.Months <= MaxExpiryMonths
	default:
		return fault.New(fault.InvalidValue, "expiry kind must be %s, %s, %s or %s", Never, Fixed, Rolling, Inactivity)
	}
	if !ok || e != want {
		return fault.New(fault.InvalidValue,
			"expiry: fixed takes years 0 to %d, month and day (1 to 28, or 31 for the last); rolling takes months 1 to %d and monthEnd; inactivity takes months; never takes nothing",
			MaxExpiryYears, MaxExpiryMonths)
	}
	return nil
}

// On returns the first business date on which points accrued on day are gone, at most LastDay; 0 when no date follows from the day of accrual (never, inactivity).
func (e Expiry) On(day quantity.Day) quantity.Day {
	switch e.Kind {
	case Fixed:
		year, _, _ := day.Date()
		last := e.through(year + e.Years)
		if last < day { // Only of the year of accrual.
			last = e.through(year + 1)
		}
		return min(last+1, quantity.LastDay)
	case Rolling:
		due := day.AddMonths(e.Months)
		if e.MonthEnd {
			due = due.MonthEnd() + 1
		}
		return min(due, quantity.LastDay)
	default:
		return 0
	}
}

// through is the last day of a fixed policy in a year.
func (e Expiry) through(year int) quantity.Day {
	if e.Day == lastOfMonth {
		return quantity.DayOn(year, e.Month, 1).MonthEnd()
	}
	return quantity.DayOn(year, e.Month, e.Day)
}

// Idle returns the first business date on which points under an inactivity policy are gone when the last activity was on day; 0 for other kinds.
func (e Expiry) Idle(day quantity.Day) quantity.Day {
	if e.Kind != Inactivity {
		return 0
	}
	return day.AddMonths(e.Months)
}
