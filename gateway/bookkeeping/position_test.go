package bookkeeping_test

import (
	"reflect"
	"testing"

	"github.com/tallystick/tallystick/chaincode/lots"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/quantity"
	"github.com/tallystick/tallystick/chaincode/statement"
	"github.com/tallystick/tallystick/chaincode/terms"
	"github.com/tallystick/tallystick/gateway/bookkeeping"
)

// programme has terms under which points have a date (1) and under which an idle account loses them after two months (2).
func programme() *points.Programme {
	return &points.Programme{Brand: "airline", BusinessDate: today, Terms: []terms.Terms{
		{Version: 1, Value: quantity.Ratio{Num: 1, Den: 2}, Expiry: lots.Expiry{Kind: lots.Rolling, Months: 2}},
		{Version: 2, Value: quantity.Ratio{Num: 1, Den: 4}, Expiry: lots.Expiry{Kind: lots.Inactivity, Months: 2}},
	}}
}

func lot(n quantity.Points, key lots.Key) lots.Lot { return lots.Lot{Key: key, Points: n} }

func TestPositionSumsLotsByPlaceAndByTheDayOnWhichTheyAreGone(t *testing.T) {
	dated, idle := lots.Key{Expiry: today + 5, Terms: 1}, lots.Key{Terms: 2}
	p := bookkeeping.NewPosition(programme())
	for _, a := range []points.Account{
		{Active: today, Lots: []lots.Lot{lot(10, dated), lot(1, idle)}, Holds: []points.Hold{{Lots: []lots.Lot{lot(4, dated)}}, {Lots: []lots.Lot{lot(5, dated)}}}},
		{Active: today, Lots: []lots.Lot{lot(20, dated)}, Suspense: []lots.Lot{lot(7, dated)}},
		{Active: today - 30, Lots: []lots.Lot{lot(2, idle)}},
	} {
		if err := p.Note(&a); err != nil {
			t.Fatal(err)
		}
	}
	want := []statement.Holding{
		{Lot: lot(2, idle), Place: statement.Account, Gone: (today - 30).AddMonths(2)},
		{Lot: lot(30, dated), Place: statement.Account, Gone: today + 5},
		{Lot: lot(1, idle), Place: statement.Account, Gone: today.AddMonths(2)},
		{Lot: lot(9, dated), Place: statement.Hold, Gone: today + 5},
		{Lot: lot(7, dated), Place: statement.Suspense, Gone: today + 5},
	}
	byGone := func(list []statement.Holding) map[statement.Holding]bool {
		set := map[statement.Holding]bool{}
		for _, h := range list {
			set[h] = true
		}
		return set
	}
	got := p.Holdings()
	if len(got) != len(want) || !reflect.DeepEqual(byGone(got), byGone(want)) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
	if again := p.Holdings(); !reflect.DeepEqual(again, got) {
		t.Errorf("the order changes: %+v, then %+v", got, again)
	}
	if err := p.Note(&points.Account{Lots: []lots.Lot{lot(quantity.MaxPoints, dated)}}); err == nil {
		t.Error("more points than can be counted were summed up")
	}
}

func TestAnAccountIsDueWithItsFirstLotAndItsFirstHold(t *testing.T) {
	dated := func(day quantity.Day) lots.Lot { return lot(1, lots.Key{Expiry: day, Terms: 1}) }
	idle := lot(1, lots.Key{Terms: 2})
	cases := []struct {
		name    string
		account points.Account
		day     quantity.Day
		at      int64
	}{
		{"empty", points.Account{}, 0, 0},
		{"the first of several lots", points.Account{Lots: []lots.Lot{dated(today + 9), dated(today + 3), dated(today + 6)}}, today + 3, 0},
		{"in suspense", points.Account{Lots: []lots.Lot{dated(today + 9)}, Suspense: []lots.Lot{dated(today + 4)}}, today + 4, 0},
		{"by inactivity", points.Account{Active: today, Lots: []lots.Lot{idle}}, today.AddMonths(2), 0},
		{"a date before inactivity", points.Account{Active: today, Lots: []lots.Lot{idle, dated(today + 1)}}, today + 1, 0},
		{"never", points.Account{Lots: []lots.Lot{lot(1, lots.Key{Terms: 1})}}, 0, 0},
		{"a hold, whatever its lots", points.Account{Holds: []points.Hold{{Until: 90, Lots: []lots.Lot{dated(today)}}, {Until: 80}}}, 0, 80},
		{"both", points.Account{Lots: []lots.Lot{dated(today + 3)}, Holds: []points.Hold{{Until: 70}}}, today + 3, 70},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			if day, at := bookkeeping.Due(programme(), &c.account); day != c.day || at != c.at {
				t.Errorf("due on %s and at %d, want %s and %d", day, at, c.day, c.at)
			}
		})
	}
}

func TestValueIsWhatEachVersionOfTheTermsPublishes(t *testing.T) {
	value := bookkeeping.Value(programme())
	for version, want := range map[int]quantity.Ratio{1: {Num: 1, Den: 2}, 2: {Num: 1, Den: 4}} {
		if got, known := value(version); !known || got != want {
			t.Errorf("version %d: %v, %v", version, got, known)
		}
	}
	for _, version := range []int{0, 3} {
		if _, known := value(version); known {
			t.Errorf("version %d has a value", version)
		}
	}
}

func TestEveryTotalThatAStatementComparesIsHandedOn(t *testing.T) {
	totals := points.Totals{
		Issued: 1, Restored: 2, AdjustedUp: 3, Redeemed: 4, Recovered: 5, AdjustedDown: 6, Expired: 7, Forfeited: 8, Transferred: 9, DebtIncurred: 10, DebtRepaid: 11,
		Deposited: 12, Folded: 13, SwappedOut: 14,
	}
	got, want := reflect.ValueOf(*bookkeeping.Totals(totals)), reflect.ValueOf(totals)
	for i := range got.NumField() {
		name := got.Type().Field(i).Name
		if got.Field(i).Int() == 0 || got.Field(i).Int() != want.FieldByName(name).Int() {
			t.Errorf("%s is %v, want %v", name, got.Field(i), want.FieldByName(name))
		}
	}
}
