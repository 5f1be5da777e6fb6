package sample

import (
	"bytes"
	"encoding/csv"
	"testing"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/quantity"
	"github.com/tallystick/tallystick/gateway/replay"
)

const lastDay quantity.Day = 20_000

func write(t *testing.T, o Options) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := Write(&b, o); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestTheSameSeedAndDayGiveTheSameBytes(t *testing.T) {
	o := Options{Seed: 7, End: lastDay, Receipts: 2000}
	if !bytes.Equal(write(t, o), write(t, o)) {
		t.Error("two samples of the same options differ")
	}
	for name, other := range map[string]Options{"seed": {8, lastDay, 2000}, "day": {7, lastDay + 1, 2000}} {
		if bytes.Equal(write(t, o), write(t, other)) {
			t.Errorf("a sample of another %s is the same", name)
		}
	}
}

func TestASampleHasSalesReturnsAndAnonymousRowsOfEveryBrandWithinItsDays(t *testing.T) {
	records, err := csv.NewReader(bytes.NewReader(write(t, Options{Seed: 1, End: lastDay, Receipts: DefaultReceipts}))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	first, last := (lastDay - Days + 1).String(), lastDay.String()
	type seen struct{ sales, returns, anonymous, cardless int }
	brands, sales := map[string]*seen{}, 0
	numbers := map[string]bool{}
	for _, r := range records[1:] {
		brand, customer, day, number, isReturn, original := r[0], r[1], r[2][:10], r[3], r[5] == "1", r[6]
		if brands[brand] == nil {
			brands[brand] = &seen{}
		}
		s := brands[brand]
		if day < first || day > last {
			t.Fatalf("%s lies outside %s to %s", day, first, last)
		}
		if numbers[brand+number] {
			t.Fatalf("receipt %s of %s is there twice", number, brand)
		}
		numbers[brand+number] = true
		switch {
		case isReturn && !numbers[brand+original]:
			t.Fatalf("return %s comes before its purchase %s", number, original)
		case isReturn && customer == "":
			s.cardless++
		case isReturn:
			s.returns++
		case customer == "":
			s.anonymous++
		}
		if !isReturn {
			s.sales++
			sales++
		}
	}
	if len(brands) != 3 || sales != DefaultReceipts {
		t.Errorf("%d brands, %d sales; want 3 and %d", len(brands), sales, DefaultReceipts)
	}
	for name, s := range brands {
		if s.sales == 0 || s.returns == 0 || s.anonymous == 0 || s.cardless == 0 {
			t.Errorf("%s lacks a kind of row: %+v", name, *s)
		}
	}
}

func TestAReplayReadsASampleWithItsDefaultMapping(t *testing.T) {
	rows, err := replay.Read(bytes.NewReader(write(t, Options{Seed: 3, End: lastDay, Receipts: 500})), replay.DefaultMapping(), replay.Places{})
	if err != nil {
		t.Fatal(err)
	}
	if len(rows.Rejects) != 0 || rows.Anonymous == 0 || len(rows.Rows) < 400 {
		t.Errorf("%d rows, %d anonymous, rejects %v", len(rows.Rows), rows.Anonymous, rows.Rejects)
	}
}

func TestOptionsOutOfRangeAreRefused(t *testing.T) {
	for _, o := range []Options{{Receipts: 0, End: lastDay}, {Receipts: MaxReceipts + 1, End: lastDay}, {Receipts: 1, End: Days - 1}} {
		if err := Write(&bytes.Buffer{}, o); fault.CodeOf(err) != fault.InvalidValue {
			t.Errorf("%+v: got %v", o, err)
		}
	}
}
