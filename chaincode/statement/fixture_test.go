package statement_test

import (
	"testing"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/lots"
	"github.com/tallystick/tallystick/chaincode/quantity"
	"github.com/tallystick/tallystick/chaincode/statement"
)

const spring = "campaign:spring"

// failer is what *testing.T and *rapid.T have in common.
type failer interface {
	Helper()
	Fatalf(string, ...any)
}

func wantCode(t failer, err error, code fault.Code) {
	t.Helper()
	switch {
	case code == fault.OK && err != nil:
		t.Fatalf("refused: %v", err)
	case code != fault.OK && (err == nil || fault.CodeOf(err) != code):
		t.Fatalf("got %v, want %s", err, code)
	}
}

// on reads YYYY-MM-DD.
func on(text string) quantity.Day {
	d, err := quantity.ParseDay(text)
	if err != nil {
		panic(err)
	}
	return d
}

func lot(key lots.Key, points quantity.Points) lots.Lot { return lots.Lot{Key: key, Points: points} }

func move(day string, cause lots.Cause, key lots.Key, points quantity.Points) statement.Move {
	return statement.Move{Day: on(day), Move: lots.Move{Lot: lot(key, points), Cause: cause}}
}

func lies(place statement.Place, key lots.Key, points quantity.Points) statement.Holding {
	return statement.Holding{Lot: lot(key, points), Place: place, Gone: key.Expiry}
}

// values are those of terms 1, 2 and 3, in pence for a point.
func values(version int) (quantity.Ratio, bool) {
	value, known := map[int]quantity.Ratio{1: {Num: 1, Den: 2}, 2: {Num: 1, Den: 3}, 3: {Num: 0, Den: 1}}[version]
	return value, known
}

// The lots of the small programme.
var (
	january  = lots.Key{Expiry: on("2024-02-01"), Terms: 1}
	february = lots.Key{Expiry: on("2024-03-01"), Terms: 1}
	campaign = lots.Key{Expiry: on("2025-01-01"), Terms: 2, Funding: spring}
	waiting  = lots.Key{From: on("2024-03-10"), Expiry: on("2025-01-01"), Terms: 2}
	undated  = lots.Key{Terms: 2}
)

// small is a programme in February 2024, with everything that can happen to points.
func small() *statement.Book {
	idle := lies(statement.Account, undated, 20)
	idle.Gone = on("2024-06-01")
	return &statement.Book{
		Programme: "airline", Currency: "GBP", From: on("2024-02-01"), Day: on("2024-02-29"),
		Moves: []statement.Move{
			move("2024-01-05", lots.Accrued, january, 9),
			move("2024-01-10", lots.Accrued, february, 100),
			move("2024-01-11", lots.Accrued, undated, 30),
			move("2024-01-31", lots.Redeemed, february, -20),
			move("2024-02-01", lots.Expired, january, -5),
			move("2024-02-01", lots.Accrued, campaign, 37),
			move("2024-02-05", lots.Pinned, february, -30),
			move("2024-02-06", lots.Captured, february, -10),
			move("2024-02-07", lots.Released, february, 5),
			move("2024-02-08", lots.Recovered, february, -12),
			move("2024-02-09", lots.Accrued, campaign, 2),
			move("2024-02-10", lots.Sent, february, -6),
			move("2024-02-10", lots.Received, february, 6),
			move("2024-02-11", lots.Restored, february, 4),
			move("2024-02-12", lots.Adjusted, undated, 7),
			move("2024-02-13", lots.Adjusted, undated, -3),
			move("2024-02-14", lots.Forfeited, undated, -1),
			move("2024-02-29", lots.Accrued, waiting, 40),
			move("2024-02-15", lots.Deposited, campaign, 13),
			move("2024-02-16", lots.Folded, campaign, 3),
		},
		Debts: []statement.Debt{
			{Day: on("2024-02-08"), Cause: lots.Recovered, Points: 8},
			{Day: on("2024-02-09"), Cause: lots.Accrued, Points: -5},
		},
		Holdings: []statement.Holding{
			lies(statement.Account, january, 4),
			lies(statement.Account, february, 37), lies(statement.Hold, february, 15), lies(statement.Suspense, february, 10),
			lies(statement.Account, campaign, 42), lies(statement.Inbox, campaign, 10),
			lies(statement.Account, waiting, 40),
			idle, lies(statement.Account, undated, 13),
		},
		Totals: &statement.Totals{
			Issued: 223, Deposited: 13, Folded: 3, Restored: 4, AdjustedUp: 7, Redeemed: 30, Recovered: 12, AdjustedDown: 3, Expired: 5, Forfeited: 1, Transferred: 6,
			DebtIncurred: 8, DebtRepaid: 5,
		},
	}
}

func mustOf(t *testing.T, b *statement.Book) *statement.Statement {
	t.Helper()
	st, err := statement.Of(b, values)
	if err != nil {
		t.Fatal(err)
	}
	return st
}
