package store_test

import (
	"reflect"
	"testing"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/lots"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/quantity"
	"github.com/tallystick/tallystick/chaincode/statement"
	"github.com/tallystick/tallystick/chaincode/terms"
	"github.com/tallystick/tallystick/gateway/store"
)

// earned is the receipt of an accrual on a day, of which some points paid a debt.
func earned(operation int, programme string, day quantity.Day, n, repaid quantity.Points) points.Receipt {
	r := receipt(operation, programme, 7, 0)
	r.BusinessDate, r.Points, r.DebtRepaid = day, n+repaid, repaid
	r.Moves = []lots.Move{{Lot: lots.Lot{Key: lots.Key{Expiry: 30_000, Terms: 1}, Points: n}, Cause: lots.Accrued}}
	return r
}

func TestMovesAndDebtsAreSummedUpBeforeAndSinceADay(t *testing.T) {
	b := newBook(t)
	b.changes.Programmes["airline"] = b.encode(points.Programme{
		V: 1, Brand: "airline", Currency: "GBP", BusinessDate: 20_010, Terms: []terms.Terms{{Version: 1, Value: quantity.Ratio{Num: 3, Den: 4}}},
	})
	b.batch("airline", 0, 1, earned(1, "airline", 20_000, 10, 1), earned(2, "airline", 20_001, 20, 2))
	b.batch("hotel", 0, 1, earned(3, "hotel", 20_001, 1_000, 100))
	b.cut()
	b.batch("airline", 0, 2, earned(4, "airline", 20_001, 30, 3), earned(5, "airline", 20_005, 40, 4))
	b.changes.Lanes[store.LaneRef{Programme: "airline", MSP: "AirlineMSP", N: 0}] = b.encode(points.Lane{V: 1, Totals: points.Totals{Issued: 110, DebtRepaid: 10}})
	a := points.Account{V: 1, Lots: []lots.Lot{{Key: lots.Key{Expiry: 30_000, Terms: 1}, Points: 100}}}
	b.changes.Accounts[store.AccountRef{Programme: "airline", ID: points.AccountID(id(7))}] = store.AccountRow{Body: b.encode(a)}
	b.cut()
	key := lots.Key{Expiry: 30_000, Terms: 1}
	move := func(day quantity.Day, n quantity.Points) statement.Move {
		return statement.Move{Day: day, Move: lots.Move{Lot: lots.Lot{Key: key, Points: n}, Cause: lots.Accrued}}
	}
	debt := func(day quantity.Day, n quantity.Points) statement.Debt {
		return statement.Debt{Day: day, Cause: lots.Accrued, Points: n}
	}
	for from, want := range map[quantity.Day]struct {
		moves []statement.Move
		debts []statement.Debt
	}{
		0:      {[]statement.Move{move(20_005, 100)}, []statement.Debt{debt(20_005, -10)}},
		20_001: {[]statement.Move{move(20_000, 10), move(20_005, 90)}, []statement.Debt{debt(20_000, -1), debt(20_005, -9)}},
		20_004: {[]statement.Move{move(20_001, 60), move(20_005, 40)}, []statement.Debt{debt(20_001, -6), debt(20_005, -4)}},
		20_006: {[]statement.Move{move(20_005, 100)}, []statement.Debt{debt(20_005, -10)}},
	} {
		got, value, err := b.reads.StatementBook(t.Context(), "airline", from)
		if err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(got.Moves, want.moves) || !reflect.DeepEqual(got.Debts, want.debts) {
			t.Errorf("from %s: moves %+v and debts %+v, want %+v", from, got.Moves, got.Debts, want)
		}
		if got.Programme != "airline" || got.Currency != "GBP" || got.From != from || got.Day != 20_010 || got.Totals.Issued != 110 || got.Totals.DebtRepaid != 10 {
			t.Errorf("from %s: %+v", from, got)
		}
		if holding := (statement.Holding{Lot: lots.Lot{Key: key, Points: 100}, Place: statement.Account, Gone: 30_000}); !reflect.DeepEqual(got.Holdings, []statement.Holding{holding}) {
			t.Errorf("from %s: holdings %+v", from, got.Holdings)
		}
		if worth, known := value(1); !known || worth != (quantity.Ratio{Num: 3, Den: 4}) {
			t.Errorf("from %s: a point is worth %v (%v)", from, worth, known)
		}
	}
	if _, _, err := b.reads.StatementBook(t.Context(), "grocer", 0); fault.CodeOf(err) != fault.NotFound {
		t.Errorf("an unknown programme: %v", err)
	}
}

func TestBlocksThatAreThereAlreadyAreNotCountedAgain(t *testing.T) {
	b := newBook(t)
	b.changes.Programmes["airline"] = b.encode(points.Programme{V: 1, Brand: "airline"})
	b.batch("airline", 0, 1, earned(1, "airline", 20_000, 10, 1))
	first := b.changes
	b.cut()
	b.batch("airline", 0, 2, earned(2, "airline", 20_000, 5, 2))
	b.changes.Batches = append(first.Batches, b.changes.Batches...)
	second := b.changes
	b.cut()
	first.Checkpoint = store.Checkpoint{Block: 0, Hash: "another"}
	for _, again := range []store.Changes{first, second} {
		if err := b.store.Project(t.Context(), again); err != nil {
			t.Fatal(err)
		}
	}
	got, _, err := b.reads.StatementBook(t.Context(), "airline", 0)
	if err != nil || len(got.Moves) != 1 || got.Moves[0].Points != 15 || len(got.Debts) != 1 || got.Debts[0].Points != -3 {
		t.Errorf("%+v, %v", got, err)
	}
	if c, _, err := b.store.Checkpoint(t.Context()); err != nil || c.Block != 1 || c.Hash != "hash" {
		t.Errorf("it stands at %+v (%v)", c, err)
	}
}
