package clearing_test

import (
	"testing"

	"github.com/tallystick/tallystick/chaincode/clearing"
	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/netting"
	"github.com/tallystick/tallystick/chaincode/quantity"
)

func TestMemberGoesOnlyWhenNothingOfItsIsOpen(t *testing.T) {
	const lastDay, daySeconds = 100, 24 * 3600
	leaving := clearing.Member{Name: "airline", Kind: clearing.KindBrand, Status: clearing.StatusExiting, HonourUntil: lastDay}
	finished := func() *clearing.Finished {
		return &clearing.Finished{
			Window:   &clearing.Window{Currency: "GBP", Number: 9, Status: clearing.WindowSettled, Roll: &clearing.Roll{At: (lastDay + 1) * daySeconds}},
			Netting:  &clearing.Netting{Carried: []netting.Obligation{{Window: 8, From: "grocer", To: "hotel", Amount: 1}}},
			Standing: &clearing.Standing{Owes: 5, Paid: 5},
			Books:    []clearing.PairBook{{A: "airline", B: "hotel", Disclosed: 9, Residual: 30}, {A: "agency", B: "airline", Disclosed: 12, Residual: 7}, {A: "airline", B: "spa"}},
			Since:    []int64{1, 4, 10},
		}
	}
	figure, err := finished().Figure(&leaving)
	if err != nil || figure.Residual != -23 || figure.Window != 9 || figure.Standing.Paid != 5 {
		t.Fatalf("%+v, %v", figure, err)
	}
	for name, change := range map[string]func(*clearing.Finished){
		"the window is settling":             func(f *clearing.Finished) { f.Window.Status = clearing.WindowSettling },
		"the window is open":                 func(f *clearing.Finished) { f.Window.Roll = nil },
		"points were honoured in the window": func(f *clearing.Finished) { f.Window.Roll.At-- },
		"it owes what is carried":            func(f *clearing.Finished) { f.Netting.Carried[0].From = "airline" },
		"it is owed what is carried":         func(f *clearing.Finished) { f.Netting.Carried[0].To = "airline" },
		"it has a leg to pay":                func(f *clearing.Finished) { f.Standing.Payable = 1 },
		"it has a leg to receive":            func(f *clearing.Finished) { f.Standing.Receivable = 1 },
		"a pair has not disclosed":           func(f *clearing.Finished) { f.Books[0].Disclosed = 8 },
		"a pair never disclosed":             func(f *clearing.Finished) { f.Since[2] = 9 },
		"a line is set aside":                func(f *clearing.Finished) { f.Books[1].Aside = []clearing.Aside{{Window: 9}} },
	} {
		f := finished()
		change(f)
		if _, err := f.Figure(&leaving); fault.CodeOf(err) != fault.NotSettled {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestReserveIsWorthItsAmountOnlyWhileItIsGood(t *testing.T) {
	reserve := &clearing.Reserve{Statement: clearing.ReserveStatement{Amount: 50, ValidUntil: 100}, KeyVersion: 2}
	bank := &clearing.Custodian{Version: 2, Key: generator}
	for name, c := range map[string]struct {
		reserve   *clearing.Reserve
		custodian *clearing.Custodian
		now       int64
		want      quantity.Minor
	}{
		"on its last second": {reserve, bank, 100, 50},
		"after it":           {reserve, bank, 101, 0},
		"without one":        {nil, bank, 100, 0},
		"without custodian":  {reserve, nil, 100, 0},
		"another key":        {reserve, &clearing.Custodian{Version: 3, Key: generator}, 100, 0},
		"a key withdrawn":    {reserve, &clearing.Custodian{Version: 2}, 100, 0},
	} {
		if got := c.reserve.Worth(c.custodian, c.now); got != c.want {
			t.Errorf("%s it is worth %d", name, got)
		}
	}
}
