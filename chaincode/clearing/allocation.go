package clearing

import (
	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/quantity"
)

// Directions of what a pair owes: A's name sorts before B's.
const (
	AOwesB = 0
	BOwesA = 1
)

// Cap is how much a member may owe all others in one currency, gross and unsettled, as the brands voted. Without one it is nothing.
type Cap struct {
	V         int            `json:"v"` // Record version, 1.
	Member    string         `json:"member"`
	Currency  string         `json:"currency"`
	Amount    quantity.Minor `json:"amount"`
	Allocated quantity.Minor `json:"allocated"` // What the allocations of its pairs add up to.
	Epoch     int            `json:"epoch"`     // 1 at first, and one more with each change of the amount.
}

// Allocation is how much the members of a pair may owe each other in one currency, gross and unsettled, as the brands voted. Without one it is nothing.
type Allocation struct {
	V        int               `json:"v"` // Record version, 1.
	A        string            `json:"a"` // Member names, A before B.
	B        string            `json:"b"`
	Currency string            `json:"currency"`
	Amount   [2]quantity.Minor `json:"amount"` // By direction: AOwesB, BOwesA.
	Since    int64             `json:"since"`  // The window that was open when the pair got its first allocation: the first it can have obligations in.
	Epoch    int               `json:"epoch"`  // 1 at first, and one more with each change.
}

// CapMotion gives a member a cap in one currency.
type CapMotion struct {
	Member   string         `json:"member"`
	Currency string         `json:"currency"`
	Amount   quantity.Minor `json:"amount"` // 0 or more.
}

// AllocationMove gives one direction of a pair an allocation out of the debtor's cap.
type AllocationMove struct {
	Debtor   string         `json:"debtor"`
	Creditor string         `json:"creditor"`
	Currency string         `json:"currency"`
	Amount   quantity.Minor `json:"amount"` // 0 or more.
}

func (m *CapMotion) validate(c *Consortium) error {
	if err := validLimit(m.Currency, m.Amount); err != nil {
		return err
	}
	return c.needBrands(m.Member)
}

func (m *AllocationMove) validate(c *Consortium) error {
	if err := validLimit(m.Currency, m.Amount); err != nil {
		return err
	}
	if m.Debtor == m.Creditor {
		return fault.New(fault.InvalidValue, "a pair has two members")
	}
	if m.Amount > 0 {
		return c.needBrands(m.Debtor, m.Creditor)
	}
	for _, name := range []string{m.Debtor, m.Creditor} { // Of who has gone, an allocation can still be taken back.
		if _, err := c.find(name); err != nil {
			return err
		}
	}
	return nil
}

func validLimit(currency string, amount quantity.Minor) error {
	if err := quantity.ValidCurrency(currency); err != nil {
		return err
	}
	if amount < 0 {
		return fault.New(fault.OutOfRange, "a limit isn't negative")
	}
	return amount.Valid()
}

// Set changes the cap's amount. CAP_EXCEEDED when more than that is allocated: the allocations are lowered first.
func (c *Cap) Set(amount quantity.Minor) error {
	if amount < c.Allocated {
		return fault.New(fault.CapExceeded, "%d minor units of the cap are allocated", int64(c.Allocated))
	}
	c.Amount = amount
	c.Epoch++
	return nil
}

// Set changes what the debtor of a pair may owe, out of its cap. CAP_EXCEEDED when that has not so much left.
func (a *Allocation) Set(debtor *Cap, amount quantity.Minor) error {
	i := direction(a.A, debtor.Member)
	rest, err := debtor.Allocated.Sub(a.Amount[i])
	if err != nil {
		return err
	}
	allocated, err := rest.Add(amount)
	if err != nil || allocated > debtor.Amount {
		return fault.New(fault.CapExceeded, "the cap of %s is %d minor units, and %d are allocated to other pairs", debtor.Member, int64(debtor.Amount), int64(rest))
	}
	debtor.Allocated, a.Amount[i] = allocated, amount
	a.Epoch++
	return nil
}
