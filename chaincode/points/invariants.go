package points

import (
	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/quantity"
)

// PostedEqualsLotsMinusDebt holds for every account: posted = sum of lots - debt, no lot is empty or negative, debt is not negative.
func PostedEqualsLotsMinusDebt(a *Account) error {
	sum, err := a.Spendable()
	if err != nil {
		return err
	}
	for _, l := range a.Lots {
		if l.Points <= 0 {
			return fault.New(fault.StateCorrupt, "account %s has a lot of %d points", a.ID, l.Points)
		}
	}
	if a.Debt < 0 || a.Posted != sum-a.Debt {
		return fault.New(fault.StateCorrupt, "account %s: posted %d is not lots %d - debt %d", a.ID, a.Posted, sum, a.Debt)
	}
	return nil
}

// DebtLeavesNoLots holds for every account: every credit pays debt first and debt arises only when the lots are gone.
func DebtLeavesNoLots(a *Account) error {
	if a.Debt > 0 && len(a.Lots) > 0 {
		return fault.New(fault.StateCorrupt, "account %s has lots beside a debt of %d", a.ID, a.Debt)
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

// AccountInvariants are the invariants of a single account, by name.
func AccountInvariants() map[string]func(*Account) error {
	return map[string]func(*Account) error{
		"PostedEqualsLotsMinusDebt": PostedEqualsLotsMinusDebt,
		"DebtLeavesNoLots":          DebtLeavesNoLots,
		"UsedAuthorisationsBounded": UsedAuthorisationsBounded,
	}
}

// SupplyEqualsBalances holds for a programme: the lanes' outstanding points are the sum of all lots, the lanes' debt is the sum of all debts, and so
// outstanding - debt is the sum of all balances.
func SupplyEqualsBalances(total Totals, accounts []*Account) error {
	var lots, debt quantity.Points
	for _, a := range accounts {
		sum, err := a.Spendable()
		if err != nil {
			return err
		}
		if lots, err = lots.Add(sum); err != nil {
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
	if outstanding != lots || owed != debt {
		return fault.New(fault.StateCorrupt, "the lanes say outstanding %d and debt %d, the accounts hold %d and owe %d", outstanding, owed, lots, debt)
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

// ReversalWithinAward holds for every reversal: nothing negative, and no more taken back than awarded.
func ReversalWithinAward(r *Reversal) error {
	if r.TakenBack < 0 || r.TakenBack > r.Awarded {
		return fault.New(fault.StateCorrupt, "of operation %s %d points were taken back, %d were awarded", r.Operation, r.TakenBack, r.Awarded)
	}
	return nil
}
