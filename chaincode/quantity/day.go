package quantity

import (
	"time"

	"github.com/tallystick/tallystick/chaincode/fault"
)

const dayForm = "2006-01-02"

// Day is a calendar day, counted from 1970-01-01, between the years 1970 and 9999. It travels as "YYYY-MM-DD".
type Day int32

// ParseDay reads "YYYY-MM-DD"; anything else is INVALID_VALUE.
func ParseDay(s string) (Day, error) {
	t, err := time.Parse(dayForm, s)
	if err != nil || t.Year() < 1970 {
		return 0, fault.New(fault.InvalidValue, "a day must be written YYYY-MM-DD, from 1970 on")
	}
	return DayOf(t.Unix()), nil
}

// DayOf returns the UTC day of a Unix time in seconds.
func DayOf(unix int64) Day {
	d := unix / 86400
	if unix%86400 < 0 {
		d--
	}
	return Day(d)
}

// String gives "YYYY-MM-DD".
func (d Day) String() string { return time.Unix(int64(d)*86400, 0).UTC().Format(dayForm) }

// MarshalText gives "YYYY-MM-DD".
func (d Day) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText reads "YYYY-MM-DD".
func (d *Day) UnmarshalText(b []byte) (err error) {
	*d, err = ParseDay(string(b))
	return err
}

// LastDay is 9999-12-31.
const LastDay Day = 2932896

// DayOn returns a day of the calendar; a day of the month beyond the month's last runs on into the next month.
func DayOn(year, month, day int) Day {
	return DayOf(time.Date(year, time.Month(month), day, 0, 0, 0, 0, time.UTC).Unix())
}

// Date takes the day apart into year, month (1 to 12) and day of the month.
func (d Day) Date() (year, month, day int) {
	y, m, n := time.Unix(int64(d)*86400, 0).UTC().Date()
	return y, int(m), n
}

// AddMonths returns the same day of the month n months later, or that month's last day where it is shorter; never beyond LastDay.
func (d Day) AddMonths(n int) Day {
	year, month, day := d.Date()
	last := DayOn(year, month+n, 1).MonthEnd()
	return min(DayOn(year, month+n, 1)+Day(day-1), last, LastDay)
}

// MonthEnd is the last day of the day's month.
func (d Day) MonthEnd() Day {
	year, month, _ := d.Date()
	return DayOn(year, month+1, 1) - 1
}
