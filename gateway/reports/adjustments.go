package reports

import (
	"context"
	"time"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/lots"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/quantity"
	"github.com/tallystick/tallystick/gateway/store"
)

// Adjustments is every credit and debit that a brand made for a reason of its own, with who approved it.
type Adjustments struct {
	Header
	Period     Period                 `json:"period"`
	Programmes []ProgrammeAdjustments `json:"programmes"` // By name.
}

// ProgrammeAdjustments is one programme's.
type ProgrammeAdjustments struct {
	Programme string          `json:"programme"`
	Up        quantity.Points `json:"up"`       // Credited by accepted ones, what paid debt included.
	Down      quantity.Points `json:"down"`     // Taken from lots by accepted ones,
	Debt      quantity.Points `json:"debt"`     // and the part that the accounts could not cover.
	Rejected  int             `json:"rejected"` // Those that were refused.
	Entries   []Adjustment    `json:"entries"`  // In the ledger's order.
}

// Adjustment is one of them.
type Adjustment struct {
	Operation    points.OperationID `json:"operation"`
	Account      points.AccountID   `json:"account"`
	BusinessDate quantity.Day       `json:"businessDate"`
	Block        int64              `json:"block"`
	Transaction  string             `json:"transaction"`
	Time         string             `json:"time"`   // Of the transaction, RFC 3339.
	Points       quantity.Points    `json:"points"` // Asked for; negative to take.
	Taken        quantity.Points    `json:"taken"`  // From lots.
	DebtIncurred quantity.Points    `json:"debtIncurred"`
	DebtRepaid   quantity.Points    `json:"debtRepaid"`
	Outcome      points.Outcome     `json:"outcome"`
	Code         fault.Code         `json:"code"`
	Reason       points.Reason      `json:"reason"`
	Approver     string             `json:"approver,omitempty"`   // MSP id, of an accepted one.
	ApprovedAt   string             `json:"approvedAt,omitempty"` // RFC 3339.
}

// MakeAdjustments makes the report. TOO_LARGE above MaxRows adjustments of a programme in the period, INVALID_VALUE for a period that can't be.
func MakeAdjustments(ctx context.Context, r Reader, period Period) (*Adjustments, error) {
	if err := period.Valid(); err != nil {
		return nil, err
	}
	a := &Adjustments{Period: period, Programmes: []ProgrammeAdjustments{}}
	return a, a.make(ctx, r, NameAdjustments, func(p *store.Picture, programmes []points.Programme) error {
		for i := range programmes {
			list, err := p.Adjustments(ctx, programmes[i].Brand, period.From, period.To, MaxRows+1)
			if err != nil {
				return err
			}
			if len(list) > MaxRows {
				return tooMany("adjustments")
			}
			one, err := adjustmentsOf(programmes[i].Brand, list)
			if err != nil {
				return err
			}
			a.Programmes = append(a.Programmes, *one)
		}
		return nil
	})
}

func adjustmentsOf(programme string, list []store.Adjustment) (*ProgrammeAdjustments, error) {
	out := &ProgrammeAdjustments{Programme: programme, Entries: []Adjustment{}}
	for i := range list {
		one := entryOf(&list[i])
		out.Entries = append(out.Entries, one)
		if one.Outcome != points.Accepted {
			out.Rejected++
			continue
		}
		var err error
		if one.Points > 0 {
			out.Up, err = out.Up.Add(one.Points)
		} else {
			out.Down, err = out.Down.Add(one.Taken)
		}
		if err != nil {
			return nil, err
		}
		if out.Debt, err = out.Debt.Add(one.DebtIncurred); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func entryOf(a *store.Adjustment) Adjustment {
	r := &a.Receipt
	one := Adjustment{
		Operation: r.Operation, Account: r.Account, BusinessDate: r.BusinessDate, Block: a.Block, Transaction: a.Tx, Time: a.Time.Format(time.RFC3339), Points: r.Points,
		DebtIncurred: r.DebtIncurred, DebtRepaid: r.DebtRepaid, Outcome: r.Outcome, Code: r.Code, Reason: r.Reason, Approver: r.Approver,
	}
	for _, m := range r.Moves {
		if m.Cause == lots.Adjusted && m.Points < 0 {
			one.Taken -= m.Points
		}
	}
	if a.Approval != nil {
		one.ApprovedAt = timeOf(a.Approval.At)
	}
	return one
}

func (a *Adjustments) columns() []string {
	return []string{
		"programme", "operation", "account", "businessDate", "block", "transaction", "time", "points", "taken", "debtIncurred", "debtRepaid", "outcome", "code", "reason", "approver",
		"approvedAt",
	}
}

func (a *Adjustments) lines() [][]string {
	var all [][]string
	for i := range a.Programmes {
		for _, e := range a.Programmes[i].Entries {
			all = append(all, []string{
				a.Programmes[i].Programme, string(e.Operation), string(e.Account), e.BusinessDate.String(), number(e.Block), e.Transaction, e.Time, number(e.Points), number(e.Taken),
				number(e.DebtIncurred), number(e.DebtRepaid), string(e.Outcome), string(e.Code), string(e.Reason), e.Approver, e.ApprovedAt,
			})
		}
	}
	return all
}
