package clearing

import (
	"slices"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/netting"
	"github.com/tallystick/tallystick/chaincode/quantity"
)

// MaxAside is how many disputed lines a pair has at one time in one currency.
const MaxAside = 200

// DisputeStatus says what became of a dispute.
type DisputeStatus string

// The statuses of a dispute. One that is ASIDE falls due by itself: whether it has is seen in the pair's book.
const (
	DisputeAside     DisputeStatus = "ASIDE"
	DisputeWithdrawn DisputeStatus = "WITHDRAWN" // The line goes into the next netting.
	DisputeUpheld    DisputeStatus = "UPHELD"    // Both members agreed that it isn't owed.
)

// Line names a disputed line: the operation whose receipt it is, in a programme.
type Line struct {
	Programme string `json:"programme"` // Member name.
	Operation string `json:"operation"` // The receipt's operation id.
}

// Dispute is a line that a member of a pair has set aside.
type Dispute struct {
	V        int            `json:"v"` // Record version, 1.
	Currency string         `json:"currency"`
	A        string         `json:"a"`
	B        string         `json:"b"`
	Line     Line           `json:"line"`
	Window   int64          `json:"window"` // That the obligation is in.
	Micro    quantity.Micro `json:"micro"`  // A owes B; negative when B owes A.
	Amount   quantity.Minor `json:"amount"` // Micro rounded half-even: what is set aside.
	Reason   string         `json:"reason"`
	By       string         `json:"by"` // Member name.
	At       int64          `json:"at"` // Transaction time, Unix seconds.
	Due      int64          `json:"due"`
	Status   DisputeStatus  `json:"status"`
	Agreed   []string       `json:"agreed"` // Members that hold it not to be owed, who filed it first.
}

// Aside is a disputed line in its pair's book. It is taken out of the netting of its window, and put into a later one.
type Aside struct {
	Line   Line           `json:"line"`
	Window int64          `json:"window"`       // Of the obligation.
	Amount quantity.Minor `json:"amount"`       // A owes B; negative when B owes A.
	Due    int64          `json:"due,omitzero"` // The first netting that it may go into; 0 when it isn't owed.
	Out    int64          `json:"out,omitzero"` // The netting that it was taken out of; 0 before.
}

// SetAside opens a dispute in the pair's book.
//
// DISPUTE_LIMIT when the pair disputes too many lines of the window or more than its share of the allocation, ALREADY_EXISTS when the line is set aside already,
// INVALID_VALUE when the amount rounds to nothing.
func (b *PairBook) SetAside(d *Dispute, allocation *Allocation, c *Calendar) error {
	var err error
	if d.Amount, _, err = netting.Round(d.Micro); err != nil {
		return err
	}
	if d.Amount == 0 {
		return fault.New(fault.InvalidValue, "an amount that rounds to nothing isn't worth a dispute")
	}
	if b.aside(d.Line) != nil {
		return fault.New(fault.AlreadyExists, "the line is set aside")
	}
	if err := b.roomFor(d, allocation, c); err != nil {
		return err
	}
	d.Status, d.Due, d.Agreed = DisputeAside, d.Window+int64(c.DisputeDue), []string{d.By}
	b.Aside = append(b.Aside, Aside{Line: d.Line, Window: d.Window, Amount: d.Amount, Due: d.Due})
	return nil
}

func (b *PairBook) roomFor(d *Dispute, allocation *Allocation, c *Calendar) error {
	lines, sum := 0, d.Amount.Abs()
	for _, a := range b.Aside {
		if a.Window == d.Window {
			lines++
		}
		if (a.Amount > 0) == (d.Amount > 0) {
			sum += a.Amount.Abs() // At most MaxAside of at most 2^53.
		}
	}
	if lines >= c.DisputesPerWindow || len(b.Aside) >= MaxAside {
		return fault.New(fault.DisputeLimit, "the pair sets aside at most %d lines of a window, and %d in all", c.DisputesPerWindow, MaxAside)
	}
	i := AOwesB
	if d.Amount < 0 {
		i = BOwesA
	}
	most, err := quantity.Portion(int64(allocation.Amount[i]), c.DisputeShare.Num, c.DisputeShare.Den)
	if err != nil {
		return err
	}
	if int64(sum) > most {
		return fault.New(fault.DisputeLimit, "the pair sets aside at most %d minor units in this direction at one time", most)
	}
	return nil
}

// Withdraw gives a dispute up: the line goes into the next netting. DISPUTE_CLOSED when it has fallen due or isn't open.
func (b *PairBook) Withdraw(d *Dispute) error {
	a, err := b.open(d)
	if err != nil {
		return err
	}
	d.Status, d.Due, a.Due = DisputeWithdrawn, d.Window, d.Window
	return nil
}

// Uphold notes that a member holds the line not to be owed; when both do, it falls due no more, and what its rounding left in the pair's residual goes with it.
// DISPUTE_CLOSED when it has fallen due or isn't open, ALREADY_EXISTS when the member has said so before.
func (b *PairBook) Uphold(d *Dispute, member string) error {
	a, err := b.open(d)
	if err != nil {
		return err
	}
	if slices.Contains(d.Agreed, member) {
		return fault.New(fault.AlreadyExists, "%s has agreed to it", member)
	}
	d.Agreed = append(d.Agreed, member)
	if len(d.Agreed) < 2 {
		return nil
	}
	rest, err := d.Micro.Sub(quantity.Micro(d.Amount) * quantity.MicroPerMinor) // Within half a minor unit.
	if err != nil {
		return err
	}
	if b.Residual, err = b.Residual.Sub(rest); err != nil {
		return err
	}
	d.Status, d.Due, a.Due = DisputeUpheld, 0, 0
	return nil
}

func (b *PairBook) open(d *Dispute) (*Aside, error) {
	a := b.aside(d.Line)
	if a == nil || d.Status != DisputeAside {
		return nil, fault.New(fault.DisputeClosed, "the line has fallen due, or the dispute is %s", d.Status)
	}
	return a, nil
}

func (b *PairBook) aside(l Line) *Aside {
	for i := range b.Aside {
		if b.Aside[i].Line == l {
			return &b.Aside[i]
		}
	}
	return nil
}

// TakeAside applies the disputed lines to the netting of a window: out of the nets of their own windows where these go into it, and into it where they have fallen due.
// The result is what A owes B more than the nets say, by the window whose net it is. Lines that are dealt with leave the book; changed says whether any has moved.
func (b *PairBook) TakeAside(nets *PairNets, window int64) (more map[int64]quantity.Minor, changed bool, err error) {
	more = map[int64]quantity.Minor{}
	kept := b.Aside[:0:0]
	add := func(w int64, amount quantity.Minor) (err error) {
		more[w], err = more[w].Add(amount)
		return err
	}
	for _, a := range b.Aside {
		if a.Out == 0 && nets.Has(a.Window) {
			a.Out, changed = window, true
			if err := add(a.Window, -a.Amount); err != nil {
				return nil, false, err
			}
		}
		if a.Out == 0 || a.Due > window {
			kept = append(kept, a)
			continue
		}
		changed = true // It goes back in, or when upheld, away.
		if a.Due > 0 {
			if err := add(window, a.Amount); err != nil {
				return nil, false, err
			}
		}
	}
	b.Aside = kept
	return more, changed, nil
}
