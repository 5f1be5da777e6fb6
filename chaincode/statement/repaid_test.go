package statement_test

import (
	"testing"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/lots"
	"github.com/tallystick/tallystick/chaincode/statement"
)

// pinnedDebt is the small programme, in which three of the points held come back and pay the debt of 3 that was left.
func pinnedDebt() *statement.Book {
	b := small()
	b.Moves = append(b.Moves, move("2024-02-20", lots.Released, february, 3), move("2024-02-20", lots.Repaid, february, -3))
	b.Debts = append(b.Debts, statement.Debt{Day: on("2024-02-20"), Cause: lots.Repaid, Points: -3})
	for i := range b.Holdings {
		if b.Holdings[i].Place == statement.Hold {
			b.Holdings[i].Points -= 3
		}
	}
	b.Totals.DebtRepaid += 3
	return b
}

func TestPointsOutOfHoldsPayDebt(t *testing.T) {
	before, after := mustOf(t, small()), mustOf(t, pinnedDebt())
	if after.Flows.Repaid != 3 || after.Summary.DebtRepaid != 8 || after.Closing.Debt != before.Closing.Debt-3 {
		t.Errorf("repaid %d, in all %d, %d are still owed", after.Flows.Repaid, after.Summary.DebtRepaid, after.Closing.Debt)
	}
	if after.Closing.Outstanding != before.Closing.Outstanding-3 || after.Summary.Returned != before.Summary.Returned {
		t.Errorf("outstanding is %d, was %d", after.Closing.Outstanding, before.Closing.Outstanding)
	}
}

func TestDebtPaidOutOfHoldsIsOnItsAccountAndInItsMoves(t *testing.T) {
	for name, change := range map[string]func(*statement.Book){
		"without the move": func(b *statement.Book) {
			b.Moves, b.Holdings[0].Points = b.Moves[:len(b.Moves)-1], b.Holdings[0].Points+3
		},
		"without the debt":     func(b *statement.Book) { b.Debts = b.Debts[:len(b.Debts)-1] },
		"without the total":    func(b *statement.Book) { b.Totals.DebtRepaid -= 3 },
		"of more than is owed": func(b *statement.Book) { b.Debts[0].Points, b.Totals.DebtIncurred = 7, 7 },
	} {
		b := pinnedDebt()
		change(b)
		if _, err := statement.Of(b, values); fault.CodeOf(err) != fault.StatementMismatch {
			t.Errorf("%s: %v", name, err)
		}
	}
	b := pinnedDebt()
	b.Debts[len(b.Debts)-1].Points = 3
	if _, err := statement.Of(b, values); fault.CodeOf(err) != fault.InvalidValue {
		t.Errorf("debt incurred by coming out of a hold: %v", err)
	}
}
