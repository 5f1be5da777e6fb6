package bankfiles_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/quantity"
	"github.com/tallystick/tallystick/gateway/bankfiles"
)

// The legs that the files in testdata name, and the accounts: numbers from the standards' own examples.
const (
	legA = "1f0e2d3c4b5a69788796a5b4c3d2e1f0"
	legB = "2a2b2c2d2e2f30313233343536373839"
	legC = "3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c"

	airlineIBAN = "GB82WEST12345698765432"
	hotelIBAN   = "DE89370400440532013000"
	grocerIBAN  = "NL91ABNA0417164300"
)

func day(t testing.TB, s string) quantity.Day {
	t.Helper()
	d, err := quantity.ParseDay(s)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func pounds(minor int64) quantity.Money { return quantity.Money{Minor: minor, Currency: "GBP"} }

var (
	airline = bankfiles.Party{Member: "airline", Account: bankfiles.Account{Name: "Airline Treasury", IBAN: airlineIBAN, BIC: "WESTGB2LXXX"}}
	hotel   = bankfiles.Party{Member: "hotel", Account: bankfiles.Account{Name: "Hotel Group (Europe)", IBAN: hotelIBAN, BIC: "COBADEFF"}}
	grocer  = bankfiles.Party{Member: "grocer", Account: bankfiles.Account{Name: "Grocer's Stores", IBAN: grocerIBAN}}
	station = bankfiles.Party{Member: "station", Account: bankfiles.Account{Name: "Filling Stations", Other: "0042-1", BIC: "TESTJPJT"}}
)

func leg(t testing.TB, id string, payee bankfiles.Party, amount quantity.Money) bankfiles.Leg {
	t.Helper()
	return bankfiles.Leg{ID: id, Window: 12, Payer: airline, Payee: payee, Amount: amount, Due: day(t, "2026-03-02")}
}

// made is the airline's initiation of window 12: two legs on one day, one on the next.
func made(t testing.TB) *bankfiles.Initiation {
	t.Helper()
	late := leg(t, legC, station, pounds(5))
	late.Due = day(t, "2026-03-03")
	return &bankfiles.Initiation{
		ID: "AIRLINE-W12", Created: time.Date(2026, 3, 1, 17, 30, 5, 999, time.UTC), Initiator: "Airline Treasury",
		Legs: []bankfiles.Leg{late, leg(t, legB, grocer, pounds(30000)), leg(t, legA, hotel, pounds(123406))},
	}
}

func written(t testing.TB, in *bankfiles.Initiation) string {
	t.Helper()
	var b bytes.Buffer
	if err := bankfiles.WriteInitiation(&b, in); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func file(t testing.TB, name string) string {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

func entriesOf(t testing.TB, text string) []bankfiles.Entry {
	t.Helper()
	r, err := bankfiles.ReadEntries(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	return r.Entries
}

func wantCode(t testing.TB, err error, code fault.Code) {
	t.Helper()
	if code == fault.OK {
		if err != nil {
			t.Fatalf("refused: %v", err)
		}
		return
	}
	if err == nil {
		t.Fatalf("accepted, want %s", code)
	}
	if got := fault.CodeOf(err); got != code {
		t.Fatalf("got %v, want %s", err, code)
	}
}
