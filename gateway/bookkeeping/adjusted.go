package bookkeeping

import (
	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/lots"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/quantity"
)

// Adjusted is what adjustments come to.
type Adjusted struct {
	Accepted int64
	Rejected int64           // Refused.
	Up       quantity.Points // Credited by accepted ones, what paid debt included.
	Down     quantity.Points // Taken from lots by accepted ones,
	Debt     quantity.Points // and the part that the accounts could not cover.
}

// Taken is what an adjustment took from lots.
func Taken(r *points.Receipt) (taken quantity.Points) {
	for i := range r.Moves {
		if m := &r.Moves[i]; m.Cause == lots.Adjusted && m.Points < 0 {
			taken -= m.Points // At most what the account had.
		}
	}
	return taken
}

// Note adds a receipt of an adjustment. OUT_OF_RANGE when a sum can't be counted.
func (a *Adjusted) Note(r *points.Receipt) error {
	one := Adjusted{Rejected: 1}
	if r.Outcome == points.Accepted {
		one = Adjusted{Accepted: 1, Up: max(r.Points, 0), Debt: r.DebtIncurred}
		if r.Points < 0 {
			one.Down = Taken(r)
		}
	}
	return a.Add(&one)
}

// Add adds sums of others. OUT_OF_RANGE when a sum can't be counted.
func (a *Adjusted) Add(b *Adjusted) error {
	sum := Adjusted{Accepted: a.Accepted + b.Accepted, Rejected: a.Rejected + b.Rejected}
	if sum.Accepted < a.Accepted || sum.Rejected < a.Rejected {
		return fault.New(fault.OutOfRange, "there are more adjustments than can be counted")
	}
	for _, part := range []struct {
		into *quantity.Points
		x, y quantity.Points
	}{{&sum.Up, a.Up, b.Up}, {&sum.Down, a.Down, b.Down}, {&sum.Debt, a.Debt, b.Debt}} {
		var err error
		if *part.into, err = part.x.Add(part.y); err != nil {
			return err
		}
	}
	*a = sum
	return nil
}

// Less takes off sums of some of those that were added.
func (a *Adjusted) Less(b *Adjusted) {
	*a = Adjusted{a.Accepted - b.Accepted, a.Rejected - b.Rejected, a.Up - b.Up, a.Down - b.Down, a.Debt - b.Debt}
}
