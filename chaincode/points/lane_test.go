package points_test

import (
	"reflect"
	"testing"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/quantity"
)

func TestOutstandingIsWhatCameInAndDidNotLeave(t *testing.T) {
	totals := points.Totals{
		Issued: 1000, Restored: 100, AdjustedUp: 10, DebtRepaid: 7, Redeemed: 200, Recovered: 50, Expired: 30, AdjustedDown: 3, Forfeited: 20, Transferred: 999,
		DebtIncurred: 9, Pinned: 80, Unpinned: 60,
	}
	for name, k := range map[string]struct {
		of   func() (quantity.Points, error)
		want quantity.Points
	}{"outstanding": {totals.Outstanding, 800}, "debt": {totals.Debt, 2}, "held": {totals.Held, 20}} {
		if got, err := k.of(); err != nil || got != k.want {
			t.Errorf("%s is %d, %v", name, got, err)
		}
	}
}

// TestEveryTotalIsAdded goes through the fields, so that none is forgotten in a sum over lanes.
func TestEveryTotalIsAdded(t *testing.T) {
	var one, two points.Totals
	for i := range reflect.TypeFor[points.Totals]().NumField() {
		reflect.ValueOf(&one).Elem().Field(i).SetInt(int64(i + 1))
		reflect.ValueOf(&two).Elem().Field(i).SetInt(100)
	}
	sum, err := one.Plus(two)
	if err != nil {
		t.Fatal(err)
	}
	for i := range reflect.TypeFor[points.Totals]().NumField() {
		if got := reflect.ValueOf(sum).Field(i).Int(); got != int64(i+101) {
			t.Errorf("%s is %d", reflect.TypeFor[points.Totals]().Field(i).Name, got)
		}
	}
	_, err = points.Totals{Issued: quantity.MaxPoints}.Plus(points.Totals{Issued: 1})
	wantCode(t, err, fault.OutOfRange)
}
