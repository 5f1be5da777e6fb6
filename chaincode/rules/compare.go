package rules

import (
	"maps"
	"slices"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/quantity"
)

// DatedEvent is a past event for a dry run.
type DatedEvent struct {
	Customer string
	Day      quantity.Day // Business date on which it was, or would have been, accepted.
	Event    Event
}

// Comparison is what two programs give for the same events.
type Comparison struct {
	Old, New                   quantity.Points // In total.
	OldRefused, NewRefused     int             // Events that a program refused.
	Gaining, Losing, Unchanged int             // Customers.
	Customers                  []CustomerComparison
}

// CustomerComparison is what two programs give to one customer.
type CustomerComparison struct {
	Customer string
	Old, New quantity.Points
}

// Difference is how many points more, or less, the customer has under the new program.
func (c CustomerComparison) Difference() quantity.Points { return c.New - c.Old }

// Compare is a dry run: both programs over the same events in the given order, every customer from a new account's standing, every campaign with its whole budget.
// Customers are listed by name. OUT_OF_RANGE when a total is.
func Compare(old, next *Program, events []DatedEvent) (Comparison, error) {
	before, after := newDryRun(old), newDryRun(next)
	for i := range events {
		if err := before.take(&events[i]); err != nil {
			return Comparison{}, err
		}
		if err := after.take(&events[i]); err != nil {
			return Comparison{}, err
		}
	}
	c := Comparison{Old: before.total, New: after.total, OldRefused: before.refused, NewRefused: after.refused}
	for _, name := range slices.Sorted(maps.Keys(before.customers)) {
		one := CustomerComparison{Customer: name, Old: before.customers[name].points, New: after.customers[name].points}
		switch d := one.Difference(); {
		case d > 0:
			c.Gaining++
		case d < 0:
			c.Losing++
		default:
			c.Unchanged++
		}
		c.Customers = append(c.Customers, one)
	}
	return c, nil
}

// dryRun is one program's side of a comparison.
type dryRun struct {
	program   *Program
	customers map[string]*dryCustomer
	given     map[string]quantity.Points // By campaign.
	total     quantity.Points
	refused   int
}

type dryCustomer struct {
	standing Standing
	points   quantity.Points
}

func newDryRun(p *Program) *dryRun {
	return &dryRun{program: p, customers: map[string]*dryCustomer{}, given: map[string]quantity.Points{}}
}

func (d *dryRun) take(e *DatedEvent) error {
	c := d.customers[e.Customer]
	if c == nil {
		c = &dryCustomer{}
		d.customers[e.Customer] = c
	}
	outcome, code := d.program.Evaluate(&e.Event, &c.standing, e.Day, d.left)
	if code != fault.OK {
		d.refused++
		return nil
	}
	next, err := d.program.Apply(&c.standing, &outcome, e.Day)
	if err != nil {
		return err
	}
	c.standing = next
	for _, a := range outcome.Awards {
		if a.Campaign != "" {
			d.given[a.Campaign] += a.Points // Within total, which is checked.
		}
	}
	if c.points, err = c.points.Add(outcome.Points()); err != nil {
		return err
	}
	d.total, err = d.total.Add(outcome.Points())
	return err
}

func (d *dryRun) left(campaign string) quantity.Points {
	if c := d.program.Campaign(campaign); c != nil {
		return c.Budget - d.given[campaign]
	}
	return 0
}
