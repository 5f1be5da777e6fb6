package statement_test

import (
	"reflect"
	"testing"

	"pgregory.net/rapid"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/lots"
	"github.com/tallystick/tallystick/chaincode/statement"
)

func TestBooksWhosePartsDisagreeAreRefused(t *testing.T) {
	cases := []struct {
		name   string
		change func(*statement.Book)
	}{
		{"a point too many", func(b *statement.Book) { b.Holdings[1].Points++ }},
		{"a point too few", func(b *statement.Book) { b.Holdings[1].Points-- }},
		{"a lot that is missing", func(b *statement.Book) { b.Holdings = b.Holdings[1:] }},
		{"a lot that nothing moved", func(b *statement.Book) {
			b.Holdings = append(b.Holdings, lies(statement.Account, lots.Key{Terms: 3}, 1))
		}},
		{"other terms", func(b *statement.Book) { b.Holdings[0].Terms = 2 }},
		{"other funding", func(b *statement.Book) { b.Holdings[0].Funding = spring }},
		{"a move that is missing", func(b *statement.Book) { b.Moves = b.Moves[1:] }},
		{"a move twice", func(b *statement.Book) { b.Moves = append(b.Moves, b.Moves[0]) }},
		{"a hold without a pin", func(b *statement.Book) { b.Holdings[3].Place = statement.Hold }},
		{"a pin without a hold", func(b *statement.Book) { b.Holdings[2].Place = statement.Account }},
		{"a pin too many", func(b *statement.Book) { b.Moves = append(b.Moves, move("2024-02-20", lots.Pinned, undated, -1)) }},
		{"a release too many", func(b *statement.Book) { b.Moves = append(b.Moves, move("2024-02-20", lots.Released, february, 1)) }},
		{"a capture that is called a redemption", func(b *statement.Book) { b.Moves[7].Cause = lots.Redeemed }},
		{"a redemption that is called a capture", func(b *statement.Book) { b.Moves[3].Cause = lots.Captured }},
		{"sent and never received", func(b *statement.Book) { b.Moves[12].Cause = lots.Accrued }},
		{"received and never sent", func(b *statement.Book) { b.Moves[11].Cause = lots.Redeemed }},
		{"sent before the period and never received", func(b *statement.Book) { b.Moves[3].Cause = lots.Sent }},
		{"sent before the period, received in it", func(b *statement.Book) { b.Moves[11].Day = b.From - 1 }},
		{"sent in the period, received before it", func(b *statement.Book) { b.Moves[12].Day = b.From - 1 }},
		{"redeemed before it was accrued", func(b *statement.Book) {
			b.Moves[0].Day, b.Moves[1].Day, b.Moves[2].Day = b.From, b.From, b.From
		}},
		{"repaid before it was owed", func(b *statement.Book) { b.Debts[1].Day = b.From - 1 }},
		{"repaid more than was owed", func(b *statement.Book) { b.Debts[1].Points = -9 }},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			b := small()
			b.Totals = nil
			c.change(b)
			_, err := statement.Of(b, values)
			wantCode(t, err, fault.StatementMismatch)
		})
	}
}

func TestEveryTotalIsCompared(t *testing.T) {
	totals := reflect.TypeFor[statement.Totals]()
	for i := range totals.NumField() {
		t.Run(totals.Field(i).Name, func(t *testing.T) {
			b := small()
			field := reflect.ValueOf(b.Totals).Elem().Field(i)
			field.SetInt(field.Int() - 1)
			_, err := statement.Of(b, values)
			wantCode(t, err, fault.StatementMismatch)
		})
	}
}

func TestWithoutTotalsTheMovesAreBelieved(t *testing.T) {
	b := small()
	b.Totals = nil
	b.Moves[4].Cause = lots.Forfeited // Expired, in truth.
	if st := mustOf(t, b); st.Summary.Expired != 0 || st.Summary.Forfeited != 6 {
		t.Errorf("expired %d, forfeited %d", st.Summary.Expired, st.Summary.Forfeited)
	}
}

// One number of a true book is changed, whichever it is.
func TestNoNumberOfABookCanBeChanged(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		b := drawLedger(t).book()
		_, err := statement.Of(b, values)
		wantCode(t, err, fault.OK)
		where := rapid.SampledFrom([]string{"holding", "move", "debt", "total"}).Draw(t, "where")
		if !falsify(t, b, where) {
			return
		}
		if _, err = statement.Of(b, values); fault.CodeOf(err) != fault.StatementMismatch {
			t.Fatalf("a %s was changed: %v", where, err)
		}
	})
}

// falsify changes one number of a book by one, away from zero; false when the book has none of the kind.
func falsify(t *rapid.T, b *statement.Book, where string) bool {
	pick := func(n int) int { return rapid.IntRange(0, n-1).Draw(t, "index") }
	switch {
	case where == "holding" && len(b.Holdings) > 0:
		b.Holdings[pick(len(b.Holdings))].Points++
	case where == "move" && len(b.Moves) > 0:
		points := &b.Moves[pick(len(b.Moves))].Points
		*points += *points / max(*points, -*points)
	case where == "debt" && len(b.Debts) > 0:
		points := &b.Debts[pick(len(b.Debts))].Points
		*points += *points / max(*points, -*points)
	case where == "total":
		field := reflect.ValueOf(b.Totals).Elem().Field(pick(reflect.TypeFor[statement.Totals]().NumField()))
		field.SetInt(field.Int() + 1)
	default:
		return false
	}
	return true
}
