package bookkeeping

import (
	"slices"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/lots"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/quantity"
)

// Activity is what an accepted operation did, as reports count it: its kind, but a return is told apart by what it returns.
type Activity string

// The activities of returns. All others are named as their kind.
const (
	Recovering Activity = "recovered" // An award was returned: points were taken back.
	Restoring  Activity = "restored"  // A redemption was returned: points came back.
)

// ActivityOf names the activity of a receipt. What a redemption's return gives back goes into lots, or pays debt; every other return takes back, if only nothing.
func ActivityOf(r *points.Receipt) Activity {
	if r.Kind != points.KindReturn {
		return Activity(r.Kind)
	}
	back := func(m lots.Move) bool { return m.Cause == lots.Restored }
	if r.DebtRepaid > 0 || slices.ContainsFunc(r.Moves, back) {
		return Restoring
	}
	return Recovering
}

// Turning is everything about a turnover but its sums.
type Turning struct {
	Programme string
	Day       quantity.Day // Business date.
	Activity  Activity
	Partner   string // Empty at home.
	Shop      string // Empty without one.
}

// Turnover is what accepted operations that agree in everything else come to.
type Turnover struct {
	Operations int64
	Points     quantity.Points // Of adjustments with their sign.
	Given      quantity.Points // Of the partner's programme, of swaps and deposits.
}

// Turnovers sums up what receipts say was done.
type Turnovers map[Turning]Turnover

// Note adds a receipt; one of a refused operation did nothing. OUT_OF_RANGE when a sum can't be counted.
func (t Turnovers) Note(r *points.Receipt) error {
	if r.Outcome != points.Accepted {
		return nil
	}
	at := Turning{Programme: r.Programme, Day: r.BusinessDate, Activity: ActivityOf(r), Partner: r.Partner, Shop: r.Shop}
	sum := t[at]
	var err error
	if sum.Points, err = sum.Points.Add(r.Points); err != nil {
		return err
	}
	if sum.Given, err = sum.Given.Add(r.PartnerPoints); err != nil {
		return err
	}
	if sum.Operations++; sum.Operations < 0 {
		return fault.New(fault.OutOfRange, "there are more operations than can be counted")
	}
	t[at] = sum
	return nil
}
