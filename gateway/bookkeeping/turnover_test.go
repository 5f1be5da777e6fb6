package bookkeeping_test

import (
	"testing"

	"github.com/tallystick/tallystick/chaincode/lots"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/quantity"
	"github.com/tallystick/tallystick/gateway/bookkeeping"
)

func TestAReturnRestoresOnlyWhereSomethingCameBack(t *testing.T) {
	key := lots.Key{Terms: 1}
	for name, c := range map[string]struct {
		receipt points.Receipt
		want    bookkeeping.Activity
	}{
		"no return":           {points.Receipt{Kind: points.KindEarn, DebtRepaid: 3}, bookkeeping.Activity(points.KindEarn)},
		"into lots":           {points.Receipt{Kind: points.KindReturn, Moves: []lots.Move{move(lots.Restored, 3, key)}}, bookkeeping.Restoring},
		"all of it pays debt": {points.Receipt{Kind: points.KindReturn, DebtRepaid: 3}, bookkeeping.Restoring},
		"out of lots":         {points.Receipt{Kind: points.KindReturn, Moves: []lots.Move{move(lots.Expired, -1, key), move(lots.Recovered, -3, key)}}, bookkeeping.Recovering},
		"all of it is owed":   {points.Receipt{Kind: points.KindReturn, DebtIncurred: 3}, bookkeeping.Recovering},
		"of a purchase that was awarded no point":     {points.Receipt{Kind: points.KindReturn}, bookkeeping.Recovering},
		"of the same, while a hold lapsed on the way": {points.Receipt{Kind: points.KindReturn, Moves: []lots.Move{move(lots.Repaid, -1, key)}}, bookkeeping.Recovering},
	} {
		if got := bookkeeping.ActivityOf(&c.receipt); got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
}

func TestAdjustmentsAreSummedAndTakenOffAgain(t *testing.T) {
	var all, some bookkeeping.Adjusted
	for i, r := range []points.Receipt{
		{Outcome: points.Accepted, Points: 40, DebtRepaid: 5, Moves: []lots.Move{move(lots.Adjusted, 35, lots.Key{Terms: 1})}},
		{Outcome: points.Accepted, Points: -30, DebtIncurred: 10, Moves: []lots.Move{move(lots.Expired, -7, lots.Key{Terms: 1}), move(lots.Adjusted, -20, lots.Key{Terms: 1})}},
		{Outcome: points.Rejected, Points: 1000},
	} {
		if err := all.Note(&r); err != nil {
			t.Fatal(err)
		}
		if i > 0 {
			if err := some.Note(&r); err != nil {
				t.Fatal(err)
			}
		}
	}
	if all != (bookkeeping.Adjusted{Accepted: 2, Rejected: 1, Up: 40, Down: 20, Debt: 10}) {
		t.Errorf("%+v", all)
	}
	if all.Less(&some); all != (bookkeeping.Adjusted{Accepted: 1, Up: 40}) {
		t.Errorf("%+v is left", all)
	}
	if err := all.Add(&bookkeeping.Adjusted{Down: quantity.MaxPoints}); err != nil {
		t.Fatal(err)
	}
	if before := all; all.Note(&points.Receipt{Outcome: points.Accepted, Points: -1, Moves: []lots.Move{move(lots.Adjusted, -1, lots.Key{Terms: 1})}}) == nil || all != before {
		t.Errorf("a sum that can't be counted was: %+v", all)
	}
}
