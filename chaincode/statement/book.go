package statement

import (
	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/lots"
	"github.com/tallystick/tallystick/chaincode/quantity"
)

// Place says where a lot lies.
type Place string

// The places. All of them are the issuer's liability.
const (
	Account  Place = "account"  // Spendable as soon as it is free.
	Hold     Place = "hold"     // Pinned; a capture can take it even when it has expired meanwhile.
	Suspense Place = "suspense" // Credited to a frozen or closed account.
	Inbox    Place = "inbox"    // Dropped in from outside, not folded into its account yet.
)

// Holding is a lot at the end of the period. Holdings that agree in everything but points may be summed before.
type Holding struct {
	lots.Lot
	Place Place
	Gone  quantity.Day // First business date on which it is gone: the lot's expiry, or what the account's inactivity makes of it; 0 when no date is known.
}

// Move is a change of one lot on a business date. Moves that agree in everything but points, and in their sign, may be summed before.
type Move struct {
	Day quantity.Day
	lots.Move
}

// Debt is a change of what accounts owe. Positive points were incurred, with the cause for which they could not be covered (recovered, adjusted); negative points were
// repaid by a credit of the cause (accrued, received, restored, adjusted), and are missing from that credit's moves, or came out of a hold or the inbox (repaid), as a move shows.
type Debt struct {
	Day    quantity.Day
	Cause  lots.Cause
	Points quantity.Points
}

// Book is everything that a statement is made of: all moves, into holds and back and out of the inbox included, and all debts since the programme began, and all lots at the end
// of Day. What is deposited comes in when it is dropped into the inbox; folding it changes its place only.
type Book struct {
	Programme string       // The brand.
	Currency  string       // ISO 4217.
	From      quantity.Day // First business date of the period; 0 is the beginning of the programme.
	Day       quantity.Day // Last business date of the period.
	Holdings  []Holding
	Moves     []Move
	Debts     []Debt
	Totals    *Totals // Of all the programme's lanes at the end of Day, to be compared with the moves; nil when they aren't known for that day.
}

// Totals are the running totals that the ledger keeps.
type Totals struct {
	Issued, Restored, AdjustedUp, Redeemed, Recovered, AdjustedDown, Expired, Forfeited, Transferred, DebtIncurred, DebtRepaid, Deposited, Folded, SwappedOut quantity.Points
}

// Flows are what came into lots and left them. Points that paid debt never came into a lot. Nothing here is negative.
type Flows struct {
	Accrued      quantity.Points `json:"accrued"`
	Restored     quantity.Points `json:"restored"` // By returns of redemptions.
	AdjustedUp   quantity.Points `json:"adjustedUp"`
	Received     quantity.Points `json:"received"` // By transfers.
	Sent         quantity.Points `json:"sent"`     // By transfers, out of holds included.
	Redeemed     quantity.Points `json:"redeemed"` // Captures included.
	Recovered    quantity.Points `json:"recovered"`
	AdjustedDown quantity.Points `json:"adjustedDown"`
	Expired      quantity.Points `json:"expired"`
	Forfeited    quantity.Points `json:"forfeited"`
	Repaid       quantity.Points `json:"repaid"`    // Paid debt when they came out of holds or the inbox.
	Deposited    quantity.Points `json:"deposited"` // Into the inbox: awards of partners, and what swaps brought.
	Swapped      quantity.Points `json:"swapped"`   // Became partners' points.
}

// Net is what the flows change: OUT_OF_RANGE when it can't be counted.
func (f *Flows) Net() (quantity.Points, error) {
	in, err := quantity.Sum(f.Accrued, f.Restored, f.AdjustedUp, f.Received, f.Deposited)
	if err != nil {
		return 0, err
	}
	out, err := quantity.Sum(f.Sent, f.Redeemed, f.Recovered, f.AdjustedDown, f.Expired, f.Forfeited, f.Repaid, f.Swapped)
	if err != nil {
		return 0, err
	}
	return in.Sub(out)
}

// plus adds other to f.
func (f *Flows) plus(other *Flows) error {
	theirs := other.columns()
	for i, mine := range f.columns() {
		if err := add(mine, *theirs[i]); err != nil {
			return err
		}
	}
	return nil
}

func (f *Flows) columns() []*quantity.Points {
	return []*quantity.Points{
		&f.Accrued, &f.Restored, &f.AdjustedUp, &f.Received, &f.Sent, &f.Redeemed, &f.Recovered, &f.AdjustedDown, &f.Expired, &f.Forfeited, &f.Repaid,
		&f.Deposited, &f.Swapped,
	}
}

// note counts a move in its column.
func (f *Flows) note(m *lots.Move) error {
	column := f.column(m.Cause, m.Points)
	if column == nil {
		return unmoved(m)
	}
	return add(column, max(m.Points, -m.Points))
}

func unmoved(m *lots.Move) error {
	return fault.New(fault.InvalidValue, "%d points can't be moved as %q", int64(m.Points), string(m.Cause))
}

func (f *Flows) column(cause lots.Cause, points quantity.Points) *quantity.Points {
	switch {
	case points > 0:
		return f.incoming(cause)
	case points < 0:
		return f.outgoing(cause)
	default:
		return nil
	}
}

func (f *Flows) incoming(cause lots.Cause) *quantity.Points {
	switch cause {
	case lots.Accrued:
		return &f.Accrued
	case lots.Restored:
		return &f.Restored
	case lots.Adjusted:
		return &f.AdjustedUp
	case lots.Received:
		return &f.Received
	case lots.Deposited:
		return &f.Deposited
	default:
		return nil
	}
}

func (f *Flows) outgoing(cause lots.Cause) *quantity.Points {
	switch cause {
	case lots.Sent, lots.Delivered:
		return &f.Sent
	case lots.Redeemed, lots.Captured:
		return &f.Redeemed
	case lots.Recovered:
		return &f.Recovered
	case lots.Adjusted:
		return &f.AdjustedDown
	case lots.Expired:
		return &f.Expired
	case lots.Forfeited:
		return &f.Forfeited
	case lots.Repaid:
		return &f.Repaid
	case lots.Swapped:
		return &f.Swapped
	default:
		return nil
	}
}

// debts are what debts were incurred, the part of each column of credits that paid some back, and what came out of holds and the inbox and did.
type debts struct {
	incurred quantity.Points
	repaid   Flows
	fromHold quantity.Points
}

func (d *debts) note(e *Debt) error {
	if e.Points > 0 && (e.Cause == lots.Recovered || e.Cause == lots.Adjusted) {
		return add(&d.incurred, e.Points)
	}
	var column *quantity.Points
	switch {
	case e.Points < 0 && e.Cause == lots.Repaid:
		column = &d.fromHold
	case e.Points < 0 && e.Cause != lots.Deposited: // What is deposited pays nothing until it is folded.
		column = d.repaid.incoming(e.Cause)
	}
	if column == nil {
		return fault.New(fault.InvalidValue, "a debt can't change by %d points as %q", int64(e.Points), string(e.Cause))
	}
	return add(column, -e.Points)
}

// net is what the debts change.
func (d *debts) net() (quantity.Points, error) {
	repaid, err := d.all()
	if err != nil {
		return 0, err
	}
	return d.incurred.Sub(repaid)
}

// all is what was repaid, by credits and out of holds.
func (d *debts) all() (quantity.Points, error) {
	repaid, err := d.repaid.Net()
	if err != nil {
		return 0, err
	}
	return repaid.Add(d.fromHold)
}

func add(to *quantity.Points, points quantity.Points) error {
	if err := points.Valid(); err != nil {
		return err
	}
	sum, err := to.Add(points)
	if err != nil {
		return err
	}
	*to = sum
	return nil
}
