package points

import (
	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/lots"
	"github.com/tallystick/tallystick/chaincode/quantity"
)

// PostedEqualsLotsMinusDebt holds for every account: posted = sum of lots - debt, where the lots are the free ones, those of holds and those in suspense;
// no lot is empty or negative, debt is not negative.
func PostedEqualsLotsMinusDebt(a *Account) error {
	sum, err := a.Total()
	if err != nil {
		return err
	}
	lists := [][]lots.Lot{a.Lots, a.Suspense}
	for i := range a.Holds {
		lists = append(lists, a.Holds[i].Lots)
	}
	for _, list := range lists {
		for _, l := range list {
			if l.Points <= 0 {
				return fault.New(fault.StateCorrupt, "account %s has a lot of %d points", a.ID, l.Points)
			}
		}
		if len(list) > lots.Max {
			return fault.New(fault.StateCorrupt, "account %s has %d lots in one list", a.ID, len(list))
		}
	}
	if a.Debt < 0 || a.Posted != sum-a.Debt {
		return fault.New(fault.StateCorrupt, "account %s: posted %d is not lots %d - debt %d", a.ID, a.Posted, sum, a.Debt)
	}
	return nil
}

// LotsAreOrdered holds for every account: free lots and those in suspense are ordered by key, each key once.
func LotsAreOrdered(a *Account) error {
	for _, list := range [][]lots.Lot{a.Lots, a.Suspense} {
		for i := 1; i < len(list); i++ {
			if !list[i-1].Less(list[i].Key) {
				return fault.New(fault.StateCorrupt, "account %s has its lots out of order", a.ID)
			}
		}
	}
	return nil
}

// HeldEqualsOpenHolds holds for every account: held = sum of the open holds = sum of their lots, and there are at most MaxHolds.
func HeldEqualsOpenHolds(a *Account) error {
	var held quantity.Points
	for i := range a.Holds {
		h := &a.Holds[i]
		sum, err := lots.Sum(h.Lots)
		if err != nil {
			return err
		}
		if h.Points <= 0 || sum != h.Points {
			return fault.New(fault.StateCorrupt, "account %s: hold %s of %d points has lots of %d", a.ID, h.ID, h.Points, sum)
		}
		held += h.Points
	}
	if held != a.Held || len(a.Holds) > MaxHolds {
		return fault.New(fault.StateCorrupt, "account %s: held %d is not the sum of its %d holds, %d", a.ID, a.Held, len(a.Holds), held)
	}
	return nil
}

// SuspenseOnlyWhenInactive holds for every account: an active account has nothing in suspense.
func SuspenseOnlyWhenInactive(a *Account) error {
	if a.Status == StatusActive && len(a.Suspense) > 0 {
		return fault.New(fault.StateCorrupt, "account %s is active and has points in suspense", a.ID)
	}
	return nil
}

// UsedAuthorisationsBounded holds for every account: at most MaxUsedAuthorisations, in order, each id once.
func UsedAuthorisationsBounded(a *Account) error {
	if len(a.Used) > MaxUsedAuthorisations {
		return fault.New(fault.StateCorrupt, "account %s remembers %d authorisations", a.ID, len(a.Used))
	}
	for i := 1; i < len(a.Used); i++ {
		p, q := a.Used[i-1], a.Used[i]
		if p.NotAfter > q.NotAfter || p.NotAfter == q.NotAfter && p.ID >= q.ID {
			return fault.New(fault.StateCorrupt, "account %s has its used authorisations out of order", a.ID)
		}
	}
	return nil
}

// DebtLeavesNoLots holds for every account: one that owes has no lots but those that holds pin, since what comes in pays the debt first.
func DebtLeavesNoLots(a *Account) error {
	if a.Debt > 0 && len(a.Lots)+len(a.Suspense) > 0 {
		return fault.New(fault.StateCorrupt, "account %s owes %d and has lots", a.ID, a.Debt)
	}
	return nil
}

// ClaimsWithinDebt holds for every account: what partners are still to be refunded for is a part of the debt, of each award once, and nothing of it is empty or negative.
func ClaimsWithinDebt(a *Account) error {
	var open quantity.Points
	for i, c := range a.Claims {
		if c.Points < 0 || c.Repaid < 0 || c.Points+c.Repaid == 0 || a.claimOf(c.Operation) != i {
			return fault.New(fault.StateCorrupt, "account %s: award %s has a claim of %d points and %d repaid", a.ID, c.Operation, c.Points, c.Repaid)
		}
		open += c.Points
	}
	if open > max(a.Debt, 0) || len(a.Claims) > MaxClaims {
		return fault.New(fault.StateCorrupt, "account %s owes %d, its %d claims are %d", a.ID, a.Debt, len(a.Claims), open)
	}
	return nil
}

// UsesNotNegative holds for every account: what it did at partners is ordered by partner, each once, and not negative.
func UsesNotNegative(a *Account) error {
	for i, u := range a.Uses {
		if u.Redeemed < 0 || u.Swapped < 0 || i > 0 && a.Uses[i-1].Partner >= u.Partner {
			return fault.New(fault.StateCorrupt, "account %s: what it did at %s is out of order or negative", a.ID, u.Partner)
		}
	}
	return nil
}

// AccountInvariants are the invariants of a single account, by name.
func AccountInvariants() map[string]func(*Account) error {
	return map[string]func(*Account) error{
		"PostedEqualsLotsMinusDebt": PostedEqualsLotsMinusDebt,
		"LotsAreOrdered":            LotsAreOrdered,
		"DebtLeavesNoLots":          DebtLeavesNoLots,
		"HeldEqualsOpenHolds":       HeldEqualsOpenHolds,
		"SuspenseOnlyWhenInactive":  SuspenseOnlyWhenInactive,
		"UsedAuthorisationsBounded": UsedAuthorisationsBounded,
		"ClaimsWithinDebt":          ClaimsWithinDebt,
		"UsesNotNegative":           UsesNotNegative,
	}
}

// SupplyEqualsBalances holds for a programme: the lanes' outstanding points are the sum of all lots, the lanes' debt is the sum of all debts, what the lanes pinned
// is the sum of all holds, and so outstanding - debt is the sum of all balances.
func SupplyEqualsBalances(total Totals, accounts []*Account) error {
	var sum, debt, held quantity.Points
	for _, a := range accounts {
		own, err := a.Total()
		if err != nil {
			return err
		}
		if sum, err = sum.Add(own); err != nil {
			return err
		}
		if held, err = held.Add(a.Held); err != nil {
			return err
		}
		if debt, err = debt.Add(a.Debt); err != nil {
			return err
		}
	}
	outstanding, err := total.Outstanding()
	if err != nil {
		return err
	}
	owed, err := total.Debt()
	if err != nil {
		return err
	}
	pinned, err := total.Held()
	if err != nil {
		return err
	}
	if outstanding != sum || owed != debt || pinned != held {
		return fault.New(fault.StateCorrupt, "the lanes say outstanding %d, held %d and debt %d, the accounts have %d, hold %d and owe %d", outstanding, pinned, owed, sum, held, debt)
	}
	return nil
}

// InboxEqualsWaiting holds for a programme: what the lanes deposited and didn't fold is what waits in the inbox, in lots that aren't empty. With SupplyEqualsBalances that is
// the whole supply.
func InboxEqualsWaiting(total Totals, inbox []*InboxEntry) error {
	var sum quantity.Points
	for _, e := range inbox {
		for _, l := range e.Lots {
			if l.Points <= 0 {
				return fault.New(fault.StateCorrupt, "the credit of %s has a lot of %d points", e.Operation, l.Points)
			}
			var err error
			if sum, err = sum.Add(l.Points); err != nil {
				return err
			}
		}
	}
	waiting, err := total.Waiting()
	if err != nil {
		return err
	}
	if waiting != sum {
		return fault.New(fault.StateCorrupt, "the lanes say that %d points wait in the inbox, there are %d", waiting, sum)
	}
	return nil
}

// OpenedEqualsAccounts holds for a programme: the lanes opened as many accounts as there are.
func OpenedEqualsAccounts(total Totals, accounts int) error {
	if total.Opened != int64(accounts) {
		return fault.New(fault.StateCorrupt, "the lanes opened %d accounts, there are %d", total.Opened, accounts)
	}
	return nil
}

// ReversalWithinAward holds for every reversal: nothing negative, no more taken back than awarded, and no more refunded than taken back.
func ReversalWithinAward(r *Reversal) error {
	if r.Refunded < 0 || r.Refunded > r.TakenBack {
		return fault.New(fault.StateCorrupt, "of operation %s %d points were taken back, %d refunded", r.Operation, r.TakenBack, r.Refunded)
	}
	if r.TakenBack < 0 || r.TakenBack > r.Awarded {
		return fault.New(fault.StateCorrupt, "of operation %s %d points were taken back, %d were awarded", r.Operation, r.TakenBack, r.Awarded)
	}
	return nil
}
