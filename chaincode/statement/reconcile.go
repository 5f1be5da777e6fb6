package statement

import (
	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/quantity"
)

// reconcile checks that a book's parts agree: what moved into the lots of each origin and didn't leave is what they hold, what was pinned and neither released nor used
// is what holds hold, what was deposited and not folded is what waits in the inbox, what was sent was received or paid debt, neither points nor debt were ever below zero, and the totals are those of the moves.
func (s *sums) reconcile(b *Book) error {
	for _, step := range []func() error{s.lyingIsMoved, s.heldIsPinned, s.waitingIsDeposited, s.beganWithPoints, s.sentIsReceived, s.repaidIsMoved, s.owedIsIncurred} {
		if err := step(); err != nil {
			return err
		}
	}
	if b.Totals == nil {
		return nil
	}
	return s.totalsAreMoved(b.Totals)
}

func (s *sums) lyingIsMoved() error {
	if !equal(s.lying, s.net) {
		return mismatch("the lots of a terms version and funding hold something else than was moved into them")
	}
	return nil
}

func (s *sums) heldIsPinned() error {
	if !equal(s.held, s.pinned) {
		return mismatch("the holds of a terms version and funding hold something else than was pinned")
	}
	return nil
}

func (s *sums) waitingIsDeposited() error {
	if !equal(s.inbox, s.waiting) {
		return mismatch("the inbox holds something else of a terms version and funding than was deposited and not folded")
	}
	return nil
}

// equal compares sums by origin, where none is 0.
func equal(a, b map[origin]quantity.Points) bool {
	for from, points := range a { // The answer is the same in every order.
		if b[from] != points {
			return false
		}
	}
	for from, points := range b {
		if a[from] != points {
			return false
		}
	}
	return true
}

func (s *sums) beganWithPoints() error {
	outstanding, err := s.before.Net()
	if err != nil {
		return err
	}
	if outstanding < 0 {
		return mismatch("before the period %d points more left than there were", -int64(outstanding))
	}
	return nil
}

func (s *sums) sentIsReceived() error {
	for _, p := range []struct {
		flows *Flows
		owed  *debts
	}{{&s.before, &s.owedBefore}, {&s.during, &s.owedDuring}} {
		received, err := p.flows.Received.Add(p.owed.repaid.Received)
		if err != nil {
			return err
		}
		if received != p.flows.Sent {
			return mismatch("%d points were sent, %d received", int64(p.flows.Sent), int64(received))
		}
	}
	return nil
}

func (s *sums) repaidIsMoved() error {
	if s.before.Repaid != s.owedBefore.fromHold || s.during.Repaid != s.owedDuring.fromHold {
		return mismatch("what came out of holds and the inbox and paid debt is not what was moved")
	}
	return nil
}

func (s *sums) owedIsIncurred() error {
	before, err := s.owedBefore.net()
	if err != nil {
		return err
	}
	change, err := s.owedDuring.net()
	if err != nil {
		return err
	}
	if before < 0 || before+change < 0 {
		return mismatch("more debt was repaid than incurred")
	}
	return nil
}

func (s *sums) totalsAreMoved(t *Totals) error {
	flows, owed := s.before, s.owedBefore
	if err := flows.plus(&s.during); err != nil {
		return err
	}
	if err := owed.repaid.plus(&s.owedDuring.repaid); err != nil {
		return err
	}
	if err := add(&owed.incurred, s.owedDuring.incurred); err != nil {
		return err
	}
	if err := add(&owed.fromHold, s.owedDuring.fromHold); err != nil {
		return err
	}
	whole, repaid, err := s.whole(&flows, &owed)
	if err != nil {
		return err
	}
	for _, pair := range []struct {
		name         string
		total, moved quantity.Points
	}{
		{"issued", t.Issued, whole.Accrued}, {"restored", t.Restored, whole.Restored}, {"adjustedUp", t.AdjustedUp, whole.AdjustedUp},
		{"redeemed", t.Redeemed, whole.Redeemed}, {"recovered", t.Recovered, whole.Recovered}, {"adjustedDown", t.AdjustedDown, whole.AdjustedDown},
		{"expired", t.Expired, whole.Expired}, {"forfeited", t.Forfeited, whole.Forfeited}, {"transferred", t.Transferred, whole.Sent},
		{"debtIncurred", t.DebtIncurred, owed.incurred}, {"debtRepaid", t.DebtRepaid, repaid},
		{"deposited", t.Deposited, whole.Deposited}, {"folded", t.Folded, s.folded}, {"swappedOut", t.SwappedOut, whole.Swapped},
	} {
		if pair.total != pair.moved {
			return mismatch("the total %s is %d, the moves say %d", pair.name, int64(pair.total), int64(pair.moved))
		}
	}
	return nil
}

func mismatch(format string, args ...any) error {
	return fault.New(fault.StatementMismatch, format, args...)
}
