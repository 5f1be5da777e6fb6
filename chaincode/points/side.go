package points

import (
	"slices"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/lots"
	"github.com/tallystick/tallystick/chaincode/quantity"
)

// side is one account of an operation under way: a copy of it, and the moves of its lots, which the receipt will show.
type side struct {
	trial   *trial
	account *Account
	moves   []lots.Move
	thawed  bool // A freeze was over, or what it kept in suspense became free.
}

// record notes moves of lots; sign is 1 for points that come in and -1 for points that leave.
func (s *side) record(list []lots.Lot, cause lots.Cause, sign quantity.Points) {
	for _, l := range list {
		l.Points *= sign
		s.moves = append(s.moves, lots.Move{Lot: l, Cause: cause})
	}
}

// touch brings the account up to date: a freeze whose end has passed is over, holds whose time is over lapse, lots that are due expire, and lots that have become free without any restriction are merged.
func (s *side) touch() fault.Code {
	s.thaw()
	s.lapse()
	if code := s.expire(); code != fault.OK {
		return code
	}
	freed, err := lots.Free(s.account.Lots, s.ripe)
	if err != nil {
		return fault.Limit
	}
	s.account.Lots = freed
	return fault.OK
}

// expire takes the lots that are gone by the business date out of the free ones and those in suspense.
func (s *side) expire() fault.Code {
	a := s.account
	gone, kept := lots.Split(a.Lots, s.due)
	stale, suspended := lots.Split(a.Suspense, s.due)
	a.Lots, a.Suspense = kept, suspended
	return s.end(slices.Concat(gone, stale))
}

// end books lots, which are in no list any more, as expired.
func (s *side) end(gone []lots.Lot) fault.Code {
	sum, err := lots.Sum(gone)
	if err != nil {
		return fault.Limit
	}
	s.account.Posted -= sum
	s.record(gone, lots.Expired, -1)
	return s.trial.tally(&s.trial.totals.Expired, sum)
}

// due says which lots are gone by the business date.
func (s *side) due(l lots.Lot) bool {
	p := s.trial.book.Programme
	day := p.ExpiryOf(s.account, l)
	return day != 0 && day <= p.BusinessDate
}

// ripe says which lots can go to other accounts: those whose purchases can't be returned any more.
func (s *side) ripe(l lots.Lot) bool {
	p := s.trial.book.Programme
	return p.TransferFrom(l) <= p.BusinessDate
}

// spendingOrder is how lots are taken: what is gone first, first; of equal expiry what was free first.
func (s *side) spendingOrder() func(a, b lots.Lot) bool {
	p, account := s.trial.book.Programme, s.account
	last := func(l lots.Lot) quantity.Day {
		if day := p.ExpiryOf(account, l); day != 0 {
			return day
		}
		return quantity.LastDay + 1
	}
	return func(a, b lots.Lot) bool { return last(a) < last(b) }
}

// free says which lots can be spent today.
func (s *side) free(l lots.Lot) bool { return l.From <= s.trial.book.Programme.BusinessDate }

// take takes points from the free lots that pass (nil: all), in spending order. For every cause but Pinned they leave the account. INSUFFICIENT_POINTS when they don't suffice.
func (s *side) take(points quantity.Points, pass func(lots.Lot) bool, cause lots.Cause) ([]lots.Lot, fault.Code) {
	taken, rest, short := lots.Take(s.account.Lots, points, s.spendingOrder(), func(l lots.Lot) bool {
		return s.free(l) && (pass == nil || pass(l))
	})
	if short > 0 {
		return nil, fault.InsufficientPoints
	}
	s.account.Lots = rest
	if cause != lots.Pinned {
		s.account.Posted -= points
	}
	s.record(taken, cause, -1)
	return taken, fault.OK
}

// credit adds lots to the account: those that are due already expire at once, of the others debt is paid first, and what a frozen or closed account is credited goes into
// suspense. It returns what was repaid. A credit keeps an account active, so that inactivity doesn't take what has just come.
func (s *side) credit(list []lots.Lot, cause lots.Cause) (quantity.Points, fault.Code) {
	a := s.account
	a.Active = s.trial.activity()
	sum, err := lots.Sum(list)
	if err != nil {
		return 0, fault.Limit
	}
	if a.Posted, err = a.Posted.Add(sum); err != nil {
		return 0, fault.Limit
	}
	late, good := lots.Split(list, s.due)
	s.record(late, cause, 1)
	if code := s.end(late); code != fault.OK {
		return 0, code
	}
	paid, rest := s.repay(good)
	s.record(rest, cause, 1)
	if code := s.put(rest); code != fault.OK {
		return 0, code
	}
	repaid, err := lots.Sum(paid)
	if err != nil {
		return 0, fault.Limit
	}
	return repaid, s.trial.tally(&s.trial.totals.DebtRepaid, repaid)
}

// repay pays debt with lots, from the first on: with what, and what is left of them. What partners are to be refunded for is paid first.
func (s *side) repay(list []lots.Lot) (paid, rest []lots.Lot) {
	paid, rest, owed := lots.Take(list, s.account.Debt, nil, nil)
	s.account.cover(s.account.Debt - owed)
	s.account.Debt = owed
	return paid, rest
}

// put adds lots to the free ones, or to those in suspense.
func (s *side) put(list []lots.Lot) fault.Code {
	for _, l := range list {
		if s.ripe(l) {
			l.From = 0
		}
		if code := s.putOne(l); code != fault.OK {
			return code
		}
	}
	return fault.OK
}

func (s *side) putOne(l lots.Lot) fault.Code {
	target := &s.account.Lots
	if s.account.Status != StatusActive {
		target = &s.account.Suspense
	}
	list, err := lots.Add(*target, l)
	if err != nil {
		return fault.Limit
	}
	*target = list
	return fault.OK
}

// takeDown takes points that the brand takes back: first those that pass (nil: all alike), then the other free ones, whether they can be spent yet or not, then those in
// suspense. What a hold pins is not touched; what is missing becomes debt.
func (s *side) takeDown(points quantity.Points, first func(lots.Lot) bool, cause lots.Cause) (taken quantity.Points, code fault.Code) {
	a := s.account
	left := points
	for _, part := range []struct {
		list *[]lots.Lot
		pass func(lots.Lot) bool
	}{{&a.Lots, first}, {&a.Lots, nil}, {&a.Suspense, nil}} {
		var gone []lots.Lot
		gone, *part.list, left = lots.Take(*part.list, left, s.spendingOrder(), part.pass)
		s.record(gone, cause, -1)
	}
	var err error
	if a.Debt, err = a.Debt.Add(left); err != nil {
		return 0, fault.Limit
	}
	if a.Posted, err = a.Posted.Sub(points); err != nil {
		return 0, fault.Limit
	}
	s.trial.receipt.DebtIncurred = left
	return points - left, s.trial.tally(&s.trial.totals.DebtIncurred, left)
}
