package points

import "github.com/tallystick/tallystick/chaincode/quantity"

// Lane is one submitter's sequence of batches and the running totals of everything that came through it. A programme's supply is the sum over its lanes.
type Lane struct {
	V      int    `json:"v"` // Record version, 1.
	MSP    string `json:"msp"`
	N      int    `json:"n"`
	Seq    int64  `json:"seq"`  // Of the last batch; 0 before the first.
	Root   string `json:"root"` // Of the last batch, hex; empty before the first.
	Totals Totals `json:"totals"`
}

// Totals are what went through a lane, or through a whole programme. None ever shrinks.
type Totals struct {
	Operations   int64           `json:"operations"` // Accepted and rejected.
	Rejected     int64           `json:"rejected"`
	Opened       int64           `json:"opened"`       // Accounts.
	Issued       quantity.Points `json:"issued"`       // Accrued, before debt was paid.
	Redeemed     quantity.Points `json:"redeemed"`     // Burned by redemption.
	Recovered    quantity.Points `json:"recovered"`    // Burned by returns: taken from lots.
	Transferred  quantity.Points `json:"transferred"`  // Moved between accounts.
	DebtIncurred quantity.Points `json:"debtIncurred"` // Part of returns that accounts could not cover.
	DebtRepaid   quantity.Points `json:"debtRepaid"`   // Part of credits that paid debt.
}

// Outstanding is the supply: points in lots, the issuer's liability. Debt never shrinks it.
func (t Totals) Outstanding() (quantity.Points, error) {
	return quantity.Sum(t.Issued, -t.DebtRepaid, -t.Redeemed, -t.Recovered)
}

// Debt is what accounts owe the issuer.
func (t Totals) Debt() (quantity.Points, error) { return t.DebtIncurred.Sub(t.DebtRepaid) }

// Plus adds other to t; OUT_OF_RANGE when a sum is.
func (t Totals) Plus(other Totals) (Totals, error) {
	t.Operations += other.Operations
	t.Rejected += other.Rejected
	t.Opened += other.Opened
	for _, pair := range []struct{ to, from *quantity.Points }{
		{&t.Issued, &other.Issued}, {&t.Redeemed, &other.Redeemed}, {&t.Recovered, &other.Recovered},
		{&t.Transferred, &other.Transferred}, {&t.DebtIncurred, &other.DebtIncurred}, {&t.DebtRepaid, &other.DebtRepaid},
	} {
		var err error
		if *pair.to, err = pair.to.Add(*pair.from); err != nil {
			return Totals{}, err
		}
	}
	return t, nil
}

// Batch is what the ledger keeps of one batch.
type Batch struct {
	V      int    `json:"v"`      // Record version, 1.
	Root   string `json:"root"`   // RFC 6962 root over the canonical receipts, hex.
	Count  int    `json:"count"`  // Receipts.
	Engine int    `json:"engine"` // EngineVersion that made them.
	Terms  int    `json:"terms"`  // Version of the terms in force.
}

// Reversal is what has been taken back of one accrual.
type Reversal struct {
	V         int             `json:"v"` // Record version, 1.
	Operation OperationID     `json:"operation"`
	Awarded   quantity.Points `json:"awarded"`
	TakenBack quantity.Points `json:"takenBack"` // 0 to Awarded.
}
