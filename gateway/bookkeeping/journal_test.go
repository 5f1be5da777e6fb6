package bookkeeping_test

import (
	"reflect"
	"slices"
	"testing"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/lots"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/quantity"
	"github.com/tallystick/tallystick/gateway/bookkeeping"
)

const today quantity.Day = 20_000

func move(cause lots.Cause, n quantity.Points, key lots.Key) lots.Move {
	return lots.Move{Lot: lots.Lot{Key: key, Points: n}, Cause: cause}
}

func noted(t *testing.T, receipts ...points.Receipt) *bookkeeping.Journal {
	t.Helper()
	j := bookkeeping.NewJournal()
	for i := range receipts {
		receipts[i].Programme, receipts[i].BusinessDate = "airline", today
		if err := j.Note(&receipts[i]); err != nil {
			t.Fatal(err)
		}
	}
	return j
}

func owing(cause lots.Cause, n quantity.Points) map[bookkeeping.Owing]quantity.Points {
	return map[bookkeeping.Owing]quantity.Points{{Programme: "airline", Day: today, Cause: cause, Incurred: n > 0}: n}
}

func TestMovesOfBothAccountsAreSummedByKeyCauseAndDirection(t *testing.T) {
	soon, late := lots.Key{Expiry: today + 10, Terms: 1}, lots.Key{From: today + 1, Expiry: today + 10, Terms: 1}
	j := noted(t,
		points.Receipt{Kind: points.KindEarn, Moves: []lots.Move{move(lots.Expired, -4, soon), move(lots.Accrued, 7, soon), move(lots.Accrued, 2, late)}},
		points.Receipt{Kind: points.KindAdjust, Moves: []lots.Move{move(lots.Adjusted, 5, soon)}},
		points.Receipt{Kind: points.KindAdjust, Moves: []lots.Move{move(lots.Adjusted, -3, soon)}},
		points.Receipt{Kind: points.KindRefer, Moves: []lots.Move{move(lots.Accrued, 1, soon)}, ToMoves: []lots.Move{move(lots.Accrued, 10, soon), move(lots.Expired, -1, soon)}},
		points.Receipt{Kind: points.KindRedeem, Outcome: points.Rejected, Points: 100},
	)
	at := func(key lots.Key, cause lots.Cause, incoming int) bookkeeping.Movement {
		return bookkeeping.Movement{Programme: "airline", Day: today, Lot: key, Cause: cause, Incoming: incoming > 0}
	}
	want := map[bookkeeping.Movement]quantity.Points{
		at(soon, lots.Accrued, 1): 18, at(late, lots.Accrued, 1): 2, at(soon, lots.Expired, 0): -5, at(soon, lots.Adjusted, 1): 5, at(soon, lots.Adjusted, 0): -3,
	}
	if !reflect.DeepEqual(j.Movements, want) {
		t.Errorf("got  %+v\nwant %+v", j.Movements, want)
	}
	if len(j.Debts) != 0 {
		t.Errorf("nobody owes anything: %+v", j.Debts)
	}
}

func TestDebtsAreBookedUnderTheCauseThatMadeOrPaidThem(t *testing.T) {
	cases := []struct {
		name    string
		receipt points.Receipt
		want    map[bookkeeping.Owing]quantity.Points
	}{
		{"a purchase pays", points.Receipt{Kind: points.KindEarn, DebtRepaid: 3}, owing(lots.Accrued, -3)},
		{"a referral pays for both sides", points.Receipt{Kind: points.KindRefer, DebtRepaid: 3, ToDebtRepaid: 4}, owing(lots.Accrued, -7)},
		{"what was sent pays", points.Receipt{Kind: points.KindTransfer, DebtRepaid: 3}, owing(lots.Received, -3)},
		{"what is accepted pays", points.Receipt{Kind: points.KindAccept, DebtRepaid: 3}, owing(lots.Received, -3)},
		{"a purchase's return is owed", points.Receipt{Kind: points.KindReturn, DebtIncurred: 3}, owing(lots.Recovered, 3)},
		{"a redemption's return pays", points.Receipt{Kind: points.KindReturn, DebtRepaid: 3}, owing(lots.Restored, -3)},
		{"a debit is owed", points.Receipt{Kind: points.KindAdjust, DebtIncurred: 3}, owing(lots.Adjusted, 3)},
		{"a credit pays", points.Receipt{Kind: points.KindAdjust, DebtRepaid: 3}, owing(lots.Adjusted, -3)},
		{
			"what comes out of a hold pays, beside the operation", points.Receipt{Kind: points.KindRedeem, Moves: []lots.Move{move(lots.Repaid, -3, lots.Key{Terms: 1})}},
			owing(lots.Repaid, -3),
		},
		{
			"what comes out of the second account's hold pays", points.Receipt{Kind: points.KindTransfer, ToMoves: []lots.Move{move(lots.Repaid, -3, lots.Key{Terms: 1})}},
			owing(lots.Repaid, -3),
		},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			if got := noted(t, c.receipt).Debts; !reflect.DeepEqual(got, c.want) {
				t.Errorf("got %+v, want %+v", got, c.want)
			}
		})
	}
}

func TestADebtThatAKindCanNotMakeIsNoReceiptOfOurs(t *testing.T) {
	owe := []points.Kind{points.KindReturn, points.KindAdjust}
	repay := append(owe, points.KindEarn, points.KindRefer, points.KindTransfer, points.KindAccept)
	for _, k := range points.Kinds() {
		for _, c := range []struct {
			receipt points.Receipt
			able    []points.Kind
		}{{points.Receipt{Kind: k, DebtIncurred: 1}, owe}, {points.Receipt{Kind: k, DebtRepaid: 1}, repay}, {points.Receipt{Kind: k, ToDebtRepaid: 1}, repay}} {
			err := bookkeeping.NewJournal().Note(&c.receipt)
			if want := slices.Contains(c.able, k); (err == nil) != want || err != nil && fault.CodeOf(err) != fault.BlockInvalid {
				t.Errorf("%+v: %v", c.receipt, err)
			}
		}
	}
}

func TestSumsThatCanNotBeCountedAreRefused(t *testing.T) {
	j := bookkeeping.NewJournal()
	for _, r := range []points.Receipt{
		{Kind: points.KindEarn, DebtRepaid: quantity.MaxPoints, Moves: []lots.Move{move(lots.Accrued, quantity.MaxPoints, lots.Key{Terms: 1})}},
	} {
		if err := j.Note(&r); err != nil {
			t.Fatal(err)
		}
	}
	for _, r := range []points.Receipt{
		{Kind: points.KindEarn, Moves: []lots.Move{move(lots.Accrued, 1, lots.Key{Terms: 1})}}, {Kind: points.KindEarn, DebtRepaid: 1},
	} {
		if err := j.Note(&r); fault.CodeOf(err) != fault.OutOfRange {
			t.Errorf("%+v: %v", r, err)
		}
	}
}

func TestSumsGoToAStatementAsTheyAre(t *testing.T) {
	m := bookkeeping.Movement{Programme: "airline", Day: today, Lot: lots.Key{From: 1, Expiry: 2, Terms: 3, Funding: "f"}, Cause: lots.Redeemed}
	if got := m.Move(-9); got.Day != today || got.Key != m.Lot || got.Cause != lots.Redeemed || got.Points != -9 {
		t.Errorf("%+v", got)
	}
	o := bookkeeping.Owing{Programme: "airline", Day: today, Cause: lots.Recovered, Incurred: true}
	if got := o.Debt(9); got.Day != today || got.Cause != lots.Recovered || got.Points != 9 {
		t.Errorf("%+v", got)
	}
}
