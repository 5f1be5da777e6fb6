package rules

import "github.com/tallystick/tallystick/chaincode/quantity"

// start is the first day of the period that day lies in, never before day 0; of a rolling period the first day of the month.
func (p Period) start(day quantity.Day) quantity.Day {
	year, month, _ := day.Date()
	switch p {
	case ByDay:
		return day
	case ByWeek:
		return max(0, monday(day))
	case ByMonth, Rolling:
		return quantity.DayOn(year, month, 1)
	case ByQuarter:
		return quantity.DayOn(year, month-(month-1)%3, 1)
	case ByYear:
		return quantity.DayOn(year, 1, 1)
	default:
		return 0
	}
}

// next is the first day of the period after the one that starts on the given day, at most quantity.LastDay; a lifetime has none.
func (p Period) next(start quantity.Day) quantity.Day {
	switch p {
	case ByDay:
		return min(start+1, quantity.LastDay)
	case ByWeek:
		return min(monday(start)+7, quantity.LastDay)
	case ByMonth, Rolling:
		return start.AddMonths(1)
	case ByQuarter:
		return start.AddMonths(3)
	case ByYear:
		return start.AddMonths(12)
	default:
		return quantity.LastDay
	}
}

// monday is the first day of a day's week.
func monday(d quantity.Day) quantity.Day { return d - quantity.Day(weekday(d)-1) }

// weekday counts from 1 for Monday to 7 for Sunday. Day 0 was a Thursday.
func weekday(d quantity.Day) int { return int(d+3)%7 + 1 }
