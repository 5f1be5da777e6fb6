package bookkeeping

import (
	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/lots"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/quantity"
	"github.com/tallystick/tallystick/chaincode/statement"
)

// Movement is everything about a change of a lot but its points. What came in and what left is told apart.
type Movement struct {
	Programme string
	Day       quantity.Day // Business date.
	Lot       lots.Key
	Cause     lots.Cause
	Incoming  bool
}

// Owing is everything about a change of debt but its points. What was incurred and what was repaid is told apart.
type Owing struct {
	Programme string
	Day       quantity.Day // Business date.
	Cause     lots.Cause   // See statement.Debt.
	Incurred  bool
}

// Journal sums up what receipts changed.
type Journal struct {
	Movements map[Movement]quantity.Points // Negative for what left.
	Debts     map[Owing]quantity.Points    // Negative for what was repaid.
}

// NewJournal makes an empty journal.
func NewJournal() *Journal {
	return &Journal{Movements: map[Movement]quantity.Points{}, Debts: map[Owing]quantity.Points{}}
}

// Note adds what a receipt changed; one of a refused operation changed nothing. BLOCK_INVALID when the receipt has a debt that its kind can't have, OUT_OF_RANGE when a
// sum can't be counted.
func (j *Journal) Note(r *points.Receipt) error {
	for _, moves := range [][]lots.Move{r.Moves, r.ToMoves} {
		for i := range moves {
			if err := j.move(r, &moves[i]); err != nil {
				return err
			}
		}
	}
	incurred, repaid := debtCauses(r.Kind)
	for _, d := range []struct {
		cause  lots.Cause
		points quantity.Points
	}{{incurred, r.DebtIncurred}, {repaid, -r.DebtRepaid}, {repaid, -r.ToDebtRepaid}} {
		if err := j.owe(r, d.cause, d.points); err != nil {
			return err
		}
	}
	return nil
}

func (j *Journal) move(r *points.Receipt, m *lots.Move) error {
	at := Movement{Programme: r.Programme, Day: r.BusinessDate, Lot: m.Key, Cause: m.Cause, Incoming: m.Points > 0}
	sum, err := j.Movements[at].Add(m.Points)
	if err != nil {
		return err
	}
	j.Movements[at] = sum
	if m.Cause != lots.Repaid {
		return nil
	}
	return j.owe(r, lots.Repaid, m.Points)
}

func (j *Journal) owe(r *points.Receipt, cause lots.Cause, points quantity.Points) error {
	if points == 0 {
		return nil
	}
	if cause == "" {
		return fault.New(fault.BlockInvalid, "a receipt of %s can't change a debt by %d points", r.Kind, points)
	}
	at := Owing{Programme: r.Programme, Day: r.BusinessDate, Cause: cause, Incurred: points > 0}
	sum, err := j.Debts[at].Add(points)
	if err != nil {
		return err
	}
	j.Debts[at] = sum
	return nil
}

// debtCauses are the causes under which a kind of operation makes an account owe, and lets it repay; empty where it can't.
func debtCauses(k points.Kind) (incurred, repaid lots.Cause) {
	switch k {
	case points.KindEarn, points.KindRefer:
		return "", lots.Accrued
	case points.KindTransfer, points.KindAccept:
		return "", lots.Received
	case points.KindReturn:
		return lots.Recovered, lots.Restored
	case points.KindAdjust:
		return lots.Adjusted, lots.Adjusted
	default:
		return "", ""
	}
}

// Move gives a sum of movements to a statement.
func (m Movement) Move(points quantity.Points) statement.Move {
	return statement.Move{Day: m.Day, Move: lots.Move{Lot: lots.Lot{Key: m.Lot, Points: points}, Cause: m.Cause}}
}

// Debt gives a sum of debts to a statement.
func (o Owing) Debt(points quantity.Points) statement.Debt {
	return statement.Debt{Day: o.Day, Cause: o.Cause, Points: points}
}
