package statements_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tallystick/tallystick/chaincode/lots"
	"github.com/tallystick/tallystick/chaincode/quantity"
	"github.com/tallystick/tallystick/chaincode/statement"
	"github.com/tallystick/tallystick/gateway/statements"
)

// made is the statement of 2026: 1,500,000 points were earned, of which 500,000 under a partner's agreement; some were redeemed, some expired, some are pending or held.
func made(t *testing.T) *statement.Statement {
	t.Helper()
	day := func(s string) quantity.Day {
		d, err := quantity.ParseDay(s)
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	own := lots.Key{Expiry: day("2027-01-01"), Terms: 1}
	old := lots.Key{Expiry: day("2026-07-01"), Terms: 1}
	partner := lots.Key{Terms: 2, Funding: "hotel"}
	pending := lots.Key{From: day("2027-01-15"), Terms: 2}
	move := func(on string, k lots.Key, n quantity.Points, cause lots.Cause) statement.Move {
		return statement.Move{Day: day(on), Move: lots.Move{Lot: lots.Lot{Key: k, Points: n}, Cause: cause}}
	}
	holding := func(k lots.Key, n quantity.Points, place statement.Place) statement.Holding {
		return statement.Holding{Lot: lots.Lot{Key: k, Points: n}, Place: place, Gone: k.Expiry}
	}
	st, err := statement.Of(&statement.Book{
		Programme: "airline", Currency: "GBP", From: day("2026-01-01"), Day: day("2026-12-31"),
		Holdings: []statement.Holding{
			holding(own, 600_000, statement.Account), holding(partner, 450_000, statement.Account), holding(partner, 50_000, statement.Hold), holding(pending, 1_000, statement.Account),
		},
		Moves: []statement.Move{
			move("2025-06-01", old, 90_000, lots.Accrued), move("2026-02-01", own, 910_000, lots.Accrued), move("2026-03-01", partner, 500_000, lots.Accrued),
			move("2026-12-31", pending, 1_000, lots.Accrued), move("2026-04-01", own, -310_000, lots.Redeemed), move("2026-05-01", old, -60_000, lots.Redeemed),
			move("2026-07-01", old, -30_000, lots.Expired), move("2026-12-30", partner, -50_000, lots.Pinned),
		},
		Debts: []statement.Debt{
			{Day: day("2026-08-01"), Cause: lots.Recovered, Points: 70}, {Day: day("2026-09-01"), Cause: lots.Accrued, Points: -40},
		},
	}, func(version int) (quantity.Ratio, bool) { return quantity.Ratio{Num: 1, Den: 2}, version <= 2 })
	if err != nil {
		t.Fatal(err)
	}
	return st
}

func TestAStatementIsWrittenForPeople(t *testing.T) {
	want, err := os.ReadFile(filepath.Join("testdata", "statement.txt"))
	if err != nil {
		t.Fatal(err)
	}
	var got strings.Builder
	if err := statements.Write(&got, made(t)); err != nil {
		t.Fatal(err)
	}
	if got.String() != string(want) {
		t.Errorf("got\n%s\nwant\n%s", got.String(), want)
	}
}

func TestAnEmptyProgrammeHasAStatement(t *testing.T) {
	st, err := statement.Of(&statement.Book{Programme: "airline", Currency: "GBP", Day: 20_000}, nil)
	if err != nil {
		t.Fatal(err)
	}
	var got strings.Builder
	if err := statements.Write(&got, st); err != nil || !strings.Contains(got.String(), "business dates 1970-01-01 to 2024-10-04") {
		t.Errorf("%v\n%s", err, got.String())
	}
}

// broken is a connection that has gone away.
type broken struct{}

var errGone = errors.New("gone")

func (broken) Write([]byte) (int, error) { return 0, errGone }

func TestAFailingWriterIsTold(t *testing.T) {
	if err := statements.Write(broken{}, made(t)); !errors.Is(err, errGone) {
		t.Errorf("got %v", err)
	}
}
