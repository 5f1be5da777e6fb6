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
