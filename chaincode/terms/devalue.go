package terms

import (
	"github.com/tallystick/tallystick/chaincode/lots"
	"github.com/tallystick/tallystick/chaincode/quantity"
)

// Devalues names every parameter whose change from old to next makes points worth less, or takes away something that their holder can do with them; empty when nothing
// does. What isn't provably as good counts as worse: a parameter that protects one holder at the cost of another (a hold's longest time, the two times of a recovery, the guard, the
// time to claim a transfer) is named whichever way it moves. Names are those of the JSON document.
//
// Left out are the parameters that only decide what new purchases earn (rate, maxReceiptAgeDays), and the prose, which no chaincode can judge.
func Devalues(old, next *Terms) []string {
	changes := []change{
		{"value", lessValue(old.Value, next.Value)},
		{"expiry", sooner(old.Expiry, next.Expiry)},
		{"pendingDays", next.PendingDays > old.PendingDays},
		{"graceDays", next.GraceDays < old.GraceDays},
		{"noticeDays", next.NoticeDays < old.NoticeDays},
		{"returnDays", lessReturn(old, next)},
		{"unreferencedReturns", next.UnreferencedReturns && !old.UnreferencedReturns},
		{"bearer", next.Bearer < old.Bearer},
		{"holdMaxSeconds", next.HoldMaxSeconds != old.HoldMaxSeconds},
		{"recoveryWaitSeconds", next.RecoveryWaitSeconds != old.RecoveryWaitSeconds},
		{"coolingOffSeconds", next.CoolingOffSeconds != old.CoolingOffSeconds},
		{"guard", next.Guard != old.Guard},
	}
	return worse(append(changes, transferChanges(&old.Transfers, &next.Transfers)...))
}

// change is a parameter and whether it became worse.
type change struct {
	name  string
	worse bool
}

func worse(changes []change) []string {
	var names []string
	for _, c := range changes {
		if c.worse {
			names = append(names, c.name)
		}
	}
	return names
}

func transferChanges(old, next *Transfers) []change {
	changes := []change{
		{"transfers.customer", old.Customer && !next.Customer},
		{"transfers.gift", old.Gift && !next.Gift},
		{"transfers.merchant", old.Merchant && !next.Merchant},
		{"transfers.trade", old.Trade && !next.Trade},
	}
	if !old.Any() {
		return changes // Limits of what wasn't possible bound nothing yet.
	}
	return append(changes,
		change{"transfers.dailyLimit", lowerLimit(old.DailyLimit, next.DailyLimit)},
		change{"transfers.lifetimeLimit", lowerLimit(old.LifetimeLimit, next.LifetimeLimit)},
		change{"transfers.minPoints", next.MinPoints > old.MinPoints},
		change{"transfers.acceptDays", next.AcceptDays != old.AcceptDays},
	)
}

// lowerLimit compares limits of which 0 is none.
func lowerLimit(old, next quantity.Points) bool {
	return next != 0 && (old == 0 || next < old)
}

// lessValue compares by cross products; both terms of a ratio are at most 10^9, so they can't overflow.
func lessValue(old, next quantity.Ratio) bool { return next.Num*old.Den < old.Num*next.Den }

// lessReturn says whether a return period got shorter, or holds purchase points back from being sent for longer.
func lessReturn(old, next *Terms) bool {
	if next.ReturnDays == old.ReturnDays || next.ReturnDays == 0 {
		return false
	}
	return old.ReturnDays == 0 || next.ReturnDays < old.ReturnDays || old.Transfers.Any()
}

// sooner says whether some points could expire sooner under next than under old.
//
// Never is the best. Expiry by inactivity can't be compared with a date, because who stays active keeps points for ever under it; the other way it can, since the last
// activity isn't before the accrual. Two policies that give a date are compared for every day of accrual of a leap cycle.
func sooner(old, next lots.Expiry) bool {
	switch {
	case next == old || next.Kind == lots.Never:
		return false
	case old.Kind == lots.Never:
		return true
	case old.Kind == lots.Inactivity:
		return next.Kind != lots.Inactivity || next.Months < old.Months
	}
	for day := cycleStart; day < cycleEnd; day++ {
		if earliest(next, day) < earliest(old, day) {
			return true
		}
	}
	return false
}

// shortestLife is the fewest days that points can live from accrual until they are gone; ends is false when they don't expire.
func shortestLife(e lots.Expiry) (days int, ends bool) {
	if e.Kind == lots.Never {
		return 0, false
	}
	life := quantity.LastDay
	for day := cycleStart; day < cycleEnd; day++ {
		life = min(life, earliest(e, day)-day)
	}
	return int(life), true
}

// earliest is the first day on which points accrued on day can be gone, under a policy by which they expire.
func earliest(e lots.Expiry, day quantity.Day) quantity.Day {
	if e.Kind == lots.Inactivity {
		return e.Idle(day)
	}
	return e.On(day)
}

// A leap cycle from 2096-01-01 to 2103-12-31: it has leap years, years before and after them, and a century that isn't one.
var cycleStart, cycleEnd = quantity.DayOn(2096, 1, 1), quantity.DayOn(2104, 1, 1)
