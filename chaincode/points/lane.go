package points

import "github.com/tallystick/tallystick/chaincode/quantity"

// Lane is one submitter's sequence of batches and the running totals of everything that came through it. A programme's supply is the sum over its lanes.
type Lane struct {
	V       int         `json:"v"` // Record version, 1.
	MSP     string      `json:"msp"`
	N       int         `json:"n"`
	Seq     int64       `json:"seq"`  // Of the last batch; 0 before the first.
	Root    string      `json:"root"` // Of the last batch, hex; empty before the first.
	Totals  Totals      `json:"totals"`
	Budgets []BudgetUse `json:"budgets,omitempty"` // What the lane has awarded of campaigns with a budget, ordered by campaign.
}

// Totals are what went through a lane, or through a whole programme. None ever shrinks.
type Totals struct {
	Operations   int64           `json:"operations"` // Accepted and rejected.
	Rejected     int64           `json:"rejected"`
	Opened       int64           `json:"opened"`                // Accounts.
	Issued       quantity.Points `json:"issued"`                // Accrued, before debt was paid.
	Redeemed     quantity.Points `json:"redeemed"`              // Burned by redemption, captures included.
	Recovered    quantity.Points `json:"recovered"`             // Burned by returns: taken from lots.
	Transferred  quantity.Points `json:"transferred"`           // Moved between accounts.
	DebtIncurred quantity.Points `json:"debtIncurred"`          // Part of returns and adjustments that accounts could not cover.
	DebtRepaid   quantity.Points `json:"debtRepaid"`            // Part of credits, and of what came out of holds, that paid debt.
	Expired      quantity.Points `json:"expired,omitzero"`      // Burned by expiry: breakage.
	Restored     quantity.Points `json:"restored,omitzero"`     // Given back by returns of redemptions, before debt was paid.
	AdjustedUp   quantity.Points `json:"adjustedUp,omitzero"`   // Credited by adjustments, before debt was paid.
	AdjustedDown quantity.Points `json:"adjustedDown,omitzero"` // Burned by adjustments: taken from lots.
	Forfeited    quantity.Points `json:"forfeited,omitzero"`    // Burned by closing accounts.
	Pinned       quantity.Points `json:"pinned,omitzero"`       // Into holds.
	Unpinned     quantity.Points `json:"unpinned,omitzero"`     // Out of holds, whichever way.
	Deposited    quantity.Points `json:"deposited,omitzero"`    // Into the inbox: awards of partners, and what swaps bring.
	Folded       quantity.Points `json:"folded,omitzero"`       // Out of the inbox, before debt was paid.
	SwappedOut   quantity.Points `json:"swappedOut,omitzero"`   // Burned by swaps into partners' points.
}

// Outstanding is the supply: points in lots, the issuer's liability. Debt never shrinks it.
func (t Totals) Outstanding() (quantity.Points, error) {
	in, err := quantity.Sum(t.Issued, t.Restored, t.AdjustedUp, t.Folded, -t.DebtRepaid)
	if err != nil {
		return 0, err
	}
	return quantity.Sum(in, -t.Redeemed, -t.Recovered, -t.Expired, -t.AdjustedDown, -t.Forfeited, -t.SwappedOut)
}

// Waiting is what waits in the inbox: the issuer's liability too, though in no lot yet.
func (t Totals) Waiting() (quantity.Points, error) { return t.Deposited.Sub(t.Folded) }

// Supply is what the issuer is liable for: what is outstanding and what waits.
func (t Totals) Supply() (quantity.Points, error) {
	outstanding, err := t.Outstanding()
	if err != nil {
		return 0, err
	}
	waiting, err := t.Waiting()
	if err != nil {
		return 0, err
	}
	return outstanding.Add(waiting)
}

// Debt is what accounts owe the issuer.
func (t Totals) Debt() (quantity.Points, error) { return t.DebtIncurred.Sub(t.DebtRepaid) }

// Held is what open holds pin.
func (t Totals) Held() (quantity.Points, error) { return t.Pinned.Sub(t.Unpinned) }

// Plus adds other to t; OUT_OF_RANGE when a sum is.
func (t Totals) Plus(other Totals) (Totals, error) {
	t.Operations += other.Operations
	t.Rejected += other.Rejected
	t.Opened += other.Opened
	mine, theirs := t.points(), other.points()
	for i := range mine {
		var err error
		if *mine[i], err = mine[i].Add(*theirs[i]); err != nil {
			return Totals{}, err
		}
	}
	return t, nil
}

func (t *Totals) points() []*quantity.Points {
	return []*quantity.Points{
		&t.Issued, &t.Redeemed, &t.Recovered, &t.Transferred, &t.DebtIncurred, &t.DebtRepaid, &t.Expired, &t.Restored,
		&t.AdjustedUp, &t.AdjustedDown, &t.Forfeited, &t.Pinned, &t.Unpinned, &t.Deposited, &t.Folded, &t.SwappedOut,
	}
}

// Batch is what the ledger keeps of one batch.
type Batch struct {
	V      int    `json:"v"`              // Record version, 1.
	Root   string `json:"root"`           // RFC 6962 root over the canonical receipts, hex.
	Count  int    `json:"count"`          // Receipts.
	Engine int    `json:"engine"`         // Version that made them.
	Terms  int    `json:"terms"`          // Version of the terms in force.
	Rules  int    `json:"rules,omitzero"` // Version of the rule set in force; 0 without one.
}
