//go:build network

package e2e

import (
	"cmp"
	"slices"
	"time"
)

// What follows recomputes a year of receipts under testdata/year-rules.json and the grocer's terms in rewards.yaml. It shares no code with the product: days are
// times at midnight, lots a map, rules are written out.

// yearRow is a line of the file that is replayed.
type yearRow struct {
	customer, receipt, original string
	at                          time.Time
	minor                       int64
	returned                    bool
}

// lotKey names a lot of the model.
type lotKey struct {
	gone     time.Time
	campaign bool
}

// sale is what the model remembers of a purchase, for its return.
type sale struct {
	minor, points, units, back int64
	lots                       map[lotKey]bool
}

// shopper is one customer of the model.
type shopper struct {
	lots      map[lotKey]int64
	debt      int64
	quarter   time.Time // Start of the quarter that spent counts; zero when it counts nothing.
	spent     int64     // Whole pounds.
	kept      map[string]time.Time
	autumn    int64
	sales     map[string]*sale
	refusedBy int // Returns beyond what the purchase was.
}

// tierFloors are the pounds a quarter that a tier needs, the higher tier first.
var tierFloors = []struct {
	name   string
	pounds int64
	num    int64 // The tier adds num/den of the base points.
	den    int64
}{{"gold", 2000, 1, 2}, {"silver", 500, 1, 4}}

const autumnCap = 300

func newShopper() *shopper {
	return &shopper{lots: map[lotKey]int64{}, kept: map[string]time.Time{}, sales: map[string]*sale{}}
}

func midnight(t time.Time) time.Time {
	return time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 0, 0, time.UTC)
}

// sixMonthsOn is the same day six months later, or that month's last.
func sixMonthsOn(day time.Time) time.Time {
	first := time.Date(day.Year(), day.Month()+6, 1, 0, 0, 0, 0, time.UTC)
	last := first.AddDate(0, 1, -1).Day()
	return first.AddDate(0, 0, min(day.Day(), last)-1)
}

func quarterOf(day time.Time) time.Time {
	return time.Date(day.Year(), (day.Month()-1)/3*3+1, 1, 0, 0, 0, 0, time.UTC)
}

// lastOfNext is the last day of the quarter after the one that starts on a day.
func lastOfNext(start time.Time) time.Time { return start.AddDate(0, 6, -1) }

func (s *shopper) expire(day time.Time) {
	for k := range s.lots {
		if !k.gone.After(day) {
			delete(s.lots, k)
		}
	}
}

// tier is the highest one that the customer has on a day.
func (s *shopper) tier(day time.Time) (num, den int64) {
	for _, f := range tierFloors {
		counted := !s.quarter.IsZero() && s.spent >= f.pounds && !day.After(lastOfNext(s.quarter))
		if counted || !day.After(s.kept[f.name]) {
			return f.num, f.den
		}
	}
	return 0, 1
}

// count moves the counter of the quarter by whole pounds.
func (s *shopper) count(day time.Time, pounds int64) {
	now := quarterOf(day)
	if !s.quarter.IsZero() && now.After(s.quarter) {
		for _, f := range tierFloors {
			if until := lastOfNext(s.quarter); s.spent >= f.pounds && until.After(s.kept[f.name]) {
				s.kept[f.name] = until
			}
		}
		s.quarter, s.spent = time.Time{}, 0
	}
	s.spent = max(s.spent+pounds, 0)
	s.quarter = now
	if s.spent == 0 {
		s.quarter = time.Time{}
	}
}

// buy awards a purchase on a business date.
func (s *shopper) buy(r *yearRow, day time.Time) {
	s.expire(day)
	base := r.minor / 100
	num, den := s.tier(day)
	own, extra := base+base*num/den, int64(0)
	if m := r.at.Month(); r.at.Year() == 2011 && m >= time.September && m <= time.November {
		extra = min(base, autumnCap-s.autumn)
		s.autumn += extra
	}
	bought := &sale{minor: r.minor, points: own + extra, units: base, lots: map[lotKey]bool{}}
	for _, part := range []struct {
		points   int64
		campaign bool
	}{{own, false}, {extra, true}} {
		paid := min(s.debt, part.points)
		s.debt -= paid
		if left := part.points - paid; left > 0 {
			k := lotKey{sixMonthsOn(day), part.campaign}
			s.lots[k] += left
			bought.lots[k] = true
		}
	}
	if base > 0 {
		s.count(day, base)
	}
	s.sales[r.receipt] = bought
}

// giveBack takes back what a returned purchase, or an amount without one, was worth.
func (s *shopper) giveBack(r *yearRow, day time.Time) {
	bought := s.sales[r.original]
	if bought == nil {
		s.expire(day)
		s.take(r.minor/100, nil)
		return
	}
	if r.minor > bought.minor {
		s.refusedBy++
		return
	}
	points := int64(0)
	if r.minor > 0 {
		points = bought.points * r.minor / bought.minor
	}
	if bought.back+points > bought.points {
		s.refusedBy++
		return
	}
	s.expire(day)
	bought.back += points
	if points > 0 {
		if pounds := bought.units * points / bought.points; pounds > 0 {
			s.count(day, -pounds)
		}
	}
	s.take(points, bought.lots)
}

// take takes points from the lots that the purchase made first, then from the others; what is gone first, first; the rest is debt.
func (s *shopper) take(points int64, made map[lotKey]bool) {
	keys := make([]lotKey, 0, len(s.lots))
	for k := range s.lots {
		keys = append(keys, k)
	}
	slices.SortFunc(keys, func(a, b lotKey) int {
		return cmp.Or(order(!made[a], !made[b]), a.gone.Compare(b.gone), order(a.campaign, b.campaign))
	})
	for _, k := range keys {
		part := min(s.lots[k], points)
		points -= part
		if s.lots[k] -= part; s.lots[k] == 0 {
			delete(s.lots, k)
		}
	}
	s.debt += points
}

// order puts false before true.
func order(a, b bool) int {
	switch {
	case a == b:
		return 0
	case b:
		return -1
	default:
		return 1
	}
}

// recomputeYear runs all rows in the order of time; the business date moves by steps of days, each from the first row that isn't covered yet, never beyond the last row.
func recomputeYear(rows []yearRow, step int) (map[string]*shopper, time.Time) {
	last := midnight(rows[len(rows)-1].at)
	shoppers := map[string]*shopper{}
	var day time.Time
	for i := range rows {
		r := &rows[i]
		if on := midnight(r.at); day.IsZero() || on.After(day) {
			if day = on.AddDate(0, 0, step-1); day.After(last) {
				day = last
			}
		}
		s := shoppers[r.customer]
		if s == nil {
			s = newShopper()
			shoppers[r.customer] = s
		}
		if r.returned {
			s.giveBack(r, day)
		} else {
			s.buy(r, day)
		}
	}
	for _, s := range shoppers {
		s.expire(last)
	}
	return shoppers, last
}
