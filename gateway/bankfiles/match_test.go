package bankfiles_test

import (
	"fmt"
	"reflect"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/quantity"
	"github.com/tallystick/tallystick/gateway/bankfiles"
)

// entry is a booked debit of the airline's account for leg A in a statement of its own, changed as told.
func entry(reference string, minor int64, changes ...func(*bankfiles.Entry)) bankfiles.Entry {
	e := bankfiles.Entry{
		Message: "camt.053.001.08", File: "F-" + reference, Report: "S", Account: airlineIBAN, Position: 1, Detail: 1, Amount: pounds(minor), Charges: pounds(0),
		Direction: bankfiles.Debit, Booking: bankfiles.Booked, Booked: 20_514, EntryReference: reference, EndToEndID: legA,
	}
	for _, change := range changes {
		change(&e)
	}
	return e
}

func announced(e *bankfiles.Entry) { e.Booking = bankfiles.Pending }
func taken(e *bankfiles.Entry)     { e.Reversal, e.Direction = true, bankfiles.Credit }
func returned(e *bankfiles.Entry)  { e.Return, e.Direction = "AC04", bankfiles.Credit }
func notified(e *bankfiles.Entry)  { e.Message, e.File = "camt.054.001.08", "N-"+e.EntryReference }
func hotels(e *bankfiles.Entry)    { e.Account, e.Direction = hotelIBAN, bankfiles.Credit }
func bare(e *bankfiles.Entry)      { e.EntryReference = "" }

func in(file string, position int) func(*bankfiles.Entry) {
	return func(e *bankfiles.Entry) { e.File, e.Position = file, position }
}

func matched(t testing.TB, entries ...bankfiles.Entry) *bankfiles.Result {
	t.Helper()
	r, err := bankfiles.Match([]bankfiles.Leg{leg(t, legA, hotel, pounds(1000)), leg(t, legB, grocer, pounds(500))}, entries)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestWhatEntriesPay(t *testing.T) {
	for name, c := range map[string]struct {
		entries                   []bankfiles.Entry
		state                     bankfiles.State
		net, announced            int64
		payments, pending, undone int
		reference                 string
		findings                  []bankfiles.Reason
	}{
		"nothing":      {state: bankfiles.StateNone},
		"exactly":      {entries: []bankfiles.Entry{entry("a", 1000)}, state: bankfiles.StateFull, net: 1000, payments: 1, reference: "a"},
		"too little":   {entries: []bankfiles.Entry{entry("a", 999)}, state: bankfiles.StatePartial, net: 999, payments: 1, reference: "a"},
		"too much":     {entries: []bankfiles.Entry{entry("a", 1001)}, state: bankfiles.StateOver, net: 1001, payments: 1, reference: "a"},
		"in two parts": {entries: []bankfiles.Entry{entry("b", 600, func(e *bankfiles.Entry) { e.Booked++ }), entry("a", 400)}, state: bankfiles.StateFull, net: 1000, payments: 2, reference: "b"},
		"paid twice":   {entries: []bankfiles.Entry{entry("a", 1000), entry("b", 1000)}, state: bankfiles.StateOver, net: 2000, payments: 2, reference: "b"},
		"announced":    {entries: []bankfiles.Entry{entry("a", 1000, announced)}, state: bankfiles.StateAnnounced, announced: 1000, pending: 1},
		"announced, then booked": {entries: []bankfiles.Entry{entry("a", 1000, announced, notified), entry("a", 1000)}, state: bankfiles.StateFull, net: 1000, payments: 1, reference: "a",
			findings: []bankfiles.Reason{bankfiles.ReasonSuperseded}},
		"announced without a reference, then booked": {entries: []bankfiles.Entry{entry("a", 1000, announced, notified, bare), entry("a", 1000)}, state: bankfiles.StateFull, net: 1000,
			payments: 1, reference: "a", findings: []bankfiles.Reason{bankfiles.ReasonSuperseded}},
		"notified and in the statement": {entries: []bankfiles.Entry{entry("a", 1000, notified), entry("a", 1000)}, state: bankfiles.StateFull, net: 1000, payments: 1, reference: "a",
			findings: []bankfiles.Reason{bankfiles.ReasonDuplicate}},
		"the same file twice": {entries: []bankfiles.Entry{entry("a", 1000), entry("a", 1000)}, state: bankfiles.StateFull, net: 1000, payments: 1, reference: "a",
			findings: []bankfiles.Reason{bankfiles.ReasonDuplicate}},
		"one place, two amounts": {entries: []bankfiles.Entry{entry("a", 1000), entry("a", 900)}, state: bankfiles.StatePartial, net: 900, payments: 1, reference: "a",
			findings: []bankfiles.Reason{bankfiles.ReasonConflict}},
		"one reference, two amounts": {entries: []bankfiles.Entry{entry("a", 1000), entry("a", 900, notified)}, state: bankfiles.StateFull, net: 1000, payments: 1, reference: "a",
			findings: []bankfiles.Reason{bankfiles.ReasonConflict}},
		"the notification has a reference more": {entries: []bankfiles.Entry{entry("a", 1000), entry("a", 1000, notified, func(e *bankfiles.Entry) { e.BankReference = "a-1" })},
			state: bankfiles.StateFull, net: 1000, payments: 1, reference: "a", findings: []bankfiles.Reason{bankfiles.ReasonDuplicate}},
		"the notification has no reference": {entries: []bankfiles.Entry{entry("a", 1000), entry("a", 1000, notified, bare)}, state: bankfiles.StateFull, net: 1000, payments: 1, reference: "a",
			findings: []bankfiles.Reason{bankfiles.ReasonPossibleDuplicate}},
		"the notification has only the UETR": {entries: []bankfiles.Entry{entry("a", 1000), entry("a", 1000, notified, func(e *bankfiles.Entry) { e.EndToEndID, e.UETR = "", bankfiles.UETR(legA) })},
			state: bankfiles.StateFull, net: 1000, payments: 1, reference: "a", findings: []bankfiles.Reason{bankfiles.ReasonDuplicate}},
		"two alike without references in one file": {entries: []bankfiles.Entry{entry("", 500, in("F", 1)), entry("", 500, in("F", 2))}, state: bankfiles.StateFull, net: 1000, payments: 2},
		"two alike without references in two files": {entries: []bankfiles.Entry{entry("", 500, in("F", 1)), entry("", 500, in("G", 1))}, state: bankfiles.StatePartial, net: 500, payments: 1,
			findings: []bankfiles.Reason{bankfiles.ReasonPossibleDuplicate}},
		"two alike in one batch": {entries: []bankfiles.Entry{entry("a", 500), entry("a", 500, func(e *bankfiles.Entry) { e.Detail = 2 })}, state: bankfiles.StateFull, net: 1000, payments: 2,
			reference: "a"},
		"two alike in one batch, in two files": {entries: []bankfiles.Entry{entry("a", 500), entry("a", 500, func(e *bankfiles.Entry) { e.Detail = 2 }), entry("a", 500, notified),
			entry("a", 500, notified, func(e *bankfiles.Entry) { e.Detail = 2 })}, state: bankfiles.StateFull, net: 1000, payments: 2, reference: "a",
			findings: []bankfiles.Reason{bankfiles.ReasonDuplicate, bankfiles.ReasonDuplicate}},
		"reversed":                          {entries: []bankfiles.Entry{entry("a", 1000), entry("r", 1000, taken)}, state: bankfiles.StateReturned, payments: 1, undone: 1, reference: "a"},
		"reversed under the same reference": {entries: []bankfiles.Entry{entry("a", 1000), entry("a", 1000, taken, in("G", 1))}, state: bankfiles.StateReturned, payments: 1, undone: 1, reference: "a"},
		"returned in part":                  {entries: []bankfiles.Entry{entry("r", 300, returned), entry("a", 1000)}, state: bankfiles.StatePartial, net: 700, payments: 1, undone: 1, reference: "a"},
		"reversed and paid again":           {entries: []bankfiles.Entry{entry("a", 1000), entry("r", 1000, taken), entry("s", 1000)}, state: bankfiles.StateFull, net: 1000, payments: 2, undone: 1, reference: "s"},
		"reversed without a payment":        {entries: []bankfiles.Entry{entry("r", 1000, taken)}, state: bankfiles.StateNone, findings: []bankfiles.Reason{bankfiles.ReasonNothingToReturn}},
		"returned more than paid": {entries: []bankfiles.Entry{entry("a", 1000), entry("r", 1001, returned)}, state: bankfiles.StateFull, net: 1000, payments: 1, reference: "a",
			findings: []bankfiles.Reason{bankfiles.ReasonNothingToReturn}},
		"a reversal that is announced": {entries: []bankfiles.Entry{entry("a", 1000), entry("r", 1000, taken, announced)}, state: bankfiles.StateFull, net: 1000, payments: 1, reference: "a",
			findings: []bankfiles.Reason{bankfiles.ReasonNotBooked}},
		"announced in the file before": {entries: []bankfiles.Entry{entry("a", 1000, announced, in("A", 1)), entry("a", 1000, in("B", 1))}, state: bankfiles.StateFull, net: 1000, payments: 1,
			reference: "a", findings: []bankfiles.Reason{bankfiles.ReasonSuperseded}},
		"without a reference in the file before": {entries: []bankfiles.Entry{entry("a", 1000, bare, in("A", 1)), entry("a", 1000, in("B", 1))}, state: bankfiles.StateFull, net: 1000,
			payments: 1, reference: "a", findings: []bankfiles.Reason{bankfiles.ReasonPossibleDuplicate}},
		"credited under the same reference": {entries: []bankfiles.Entry{entry("a", 1000), entry("a", 1000, in("G", 1), func(e *bankfiles.Entry) { e.Direction = bankfiles.Credit })},
			state: bankfiles.StateFull, net: 1000, payments: 1, reference: "a", findings: []bankfiles.Reason{bankfiles.ReasonWrongDirection}},
		"a return's reversal under the same reference": {entries: []bankfiles.Entry{entry("a", 1000), entry("a", 1000, in("G", 1), func(e *bankfiles.Entry) { e.Reversal = true })},
			state: bankfiles.StateFull, net: 1000, payments: 1, reference: "a", findings: []bankfiles.Reason{bankfiles.ReasonWrongDirection}},
		"for information": {entries: []bankfiles.Entry{entry("a", 1000, func(e *bankfiles.Entry) { e.Booking = bankfiles.Informative })}, state: bankfiles.StateNone,
			findings: []bankfiles.Reason{bankfiles.ReasonNotBooked}},
		"in a state of the bank's own": {entries: []bankfiles.Entry{entry("a", 1000, func(e *bankfiles.Entry) { e.Booking = "" })}, state: bankfiles.StateNone,
			findings: []bankfiles.Reason{bankfiles.ReasonNotBooked}},
		"in another currency": {entries: []bankfiles.Entry{entry("a", 1000, func(e *bankfiles.Entry) { e.Amount.Currency = "EUR" })}, state: bankfiles.StateNone,
			findings: []bankfiles.Reason{bankfiles.ReasonWrongCurrency}},
		"credited": {entries: []bankfiles.Entry{entry("a", 1000, func(e *bankfiles.Entry) { e.Direction = bankfiles.Credit })}, state: bankfiles.StateNone,
			findings: []bankfiles.Reason{bankfiles.ReasonWrongDirection}},
		"a reversal of a return": {entries: []bankfiles.Entry{entry("a", 1000, func(e *bankfiles.Entry) { e.Reversal = true })}, state: bankfiles.StateNone,
			findings: []bankfiles.Reason{bankfiles.ReasonWrongDirection}},
		"on another account": {entries: []bankfiles.Entry{entry("a", 1000, func(e *bankfiles.Entry) { e.Account = grocerIBAN })}, state: bankfiles.StateNone,
			findings: []bankfiles.Reason{bankfiles.ReasonWrongAccount}},
		"of nothing": {entries: []bankfiles.Entry{entry("a", 0)}, state: bankfiles.StateNone, findings: []bankfiles.Reason{bankfiles.ReasonNoAmount}},
		"without a name": {entries: []bankfiles.Entry{entry("a", 1000, func(e *bankfiles.Entry) { e.EndToEndID = "" })}, state: bankfiles.StateNone,
			findings: []bankfiles.Reason{bankfiles.ReasonNoReference}},
		"of another payment": {entries: []bankfiles.Entry{entry("a", 1000, func(e *bankfiles.Entry) { e.EndToEndID = "invoice 7" })}, state: bankfiles.StateNone,
			findings: []bankfiles.Reason{bankfiles.ReasonUnknownLeg}},
		"in capital letters": {entries: []bankfiles.Entry{entry("a", 1000, func(e *bankfiles.Entry) { e.EndToEndID = strings.ToUpper(legA) })}, state: bankfiles.StateNone,
			findings: []bankfiles.Reason{bankfiles.ReasonUnknownLeg}},
		"by its UETR": {entries: []bankfiles.Entry{entry("a", 1000, func(e *bankfiles.Entry) { e.EndToEndID, e.UETR = "", bankfiles.UETR(legA) })}, state: bankfiles.StateFull, net: 1000,
			payments: 1, reference: "a"},
		"by another UETR": {entries: []bankfiles.Entry{entry("a", 1000, func(e *bankfiles.Entry) { e.EndToEndID, e.UETR = "", "another" })}, state: bankfiles.StateNone,
			findings: []bankfiles.Reason{bankfiles.ReasonUnknownLeg}},
		"under the bank's own UETR": {entries: []bankfiles.Entry{entry("a", 1000, func(e *bankfiles.Entry) { e.UETR = "another" })}, state: bankfiles.StateFull, net: 1000, payments: 1, reference: "a"},
		"with another leg's UETR": {entries: []bankfiles.Entry{entry("a", 1000, func(e *bankfiles.Entry) { e.UETR = bankfiles.UETR(legB) })}, state: bankfiles.StateNone,
			findings: []bankfiles.Reason{bankfiles.ReasonContradiction}},
		"with its UETR and another id": {entries: []bankfiles.Entry{entry("a", 1000, func(e *bankfiles.Entry) { e.EndToEndID, e.UETR = "invoice 7", bankfiles.UETR(legA) })},
			state: bankfiles.StateNone, findings: []bankfiles.Reason{bankfiles.ReasonContradiction}},
		"in a batch that can't be split": {entries: []bankfiles.Entry{entry("a", 1000, func(e *bankfiles.Entry) { e.EndToEndID, e.Trouble = "", bankfiles.ReasonUnsplit })},
			state: bankfiles.StateNone, findings: []bankfiles.Reason{bankfiles.ReasonUnsplit}},
	} {
		t.Run(name, func(t *testing.T) {
			r := matched(t, c.entries...)
			paid := r.Settlements[0].Paid
			if paid.State != c.state || paid.Net != pounds(c.net) || paid.Announced != pounds(c.announced) || paid.Reference != c.reference ||
				len(paid.Payments) != c.payments || len(paid.Pending) != c.pending || len(paid.Returns) != c.undone {
				t.Errorf("paid: %+v", paid)
			}
			var reasons []bankfiles.Reason
			for _, f := range r.Findings {
				reasons = append(reasons, f.Reason)
			}
			if !reflect.DeepEqual(reasons, c.findings) {
				t.Errorf("findings: %+v", r.Findings)
			}
		})
	}
}

func TestBothSidesOfALegAreSeen(t *testing.T) {
	r := matched(t, entry("h", 1000, hotels), entry("a", 1000), entry("x", 400, hotels, func(e *bankfiles.Entry) { e.EndToEndID = legB }))
	a, b := r.Settlements[0], r.Settlements[1]
	if a.Paid.Reference != "a" || a.Received.Reference != "h" || a.Received.State != bankfiles.StateFull || a.Received.On != 20_514 || b.Paid.State != bankfiles.StateNone {
		t.Errorf("%+v", r)
	}
	if len(r.Findings) != 1 || r.Findings[0].Leg != legB || r.Findings[0].Reason != bankfiles.ReasonWrongAccount {
		t.Errorf("%+v", r.Findings)
	}
}

func TestSampleFilesSettleTheirLegs(t *testing.T) {
	var entries []bankfiles.Entry
	for _, name := range []string{"camt.053.001.08.xml", "camt.054.001.08.xml", "camt.053.001.08.xml"} {
		entries = append(entries, entriesOf(t, file(t, name))...)
	}
	r, err := bankfiles.Match(made(t).Legs, entries)
	if err != nil {
		t.Fatal(err)
	}
	paid := r.Settlements[0].Paid
	if paid.State != bankfiles.StateFull || paid.Reference != "BK-1001" || paid.On != day(t, "2026-03-02") || paid.Payments[0].Message != "camt.053.001.08" {
		t.Errorf("%+v", paid)
	}
	if counted := 1; len(r.Findings) != len(entries)-counted {
		t.Errorf("%d findings: %+v", len(r.Findings), r.Findings)
	}
}

func TestMatchRefusesWhatItCannotCount(t *testing.T) {
	a := leg(t, legA, hotel, pounds(1000))
	bad := a
	bad.Amount.Minor = 0
	for name, c := range map[string]struct {
		legs    []bankfiles.Leg
		entries []bankfiles.Entry
		code    fault.Code
	}{
		"nothing":          {nil, nil, fault.OK},
		"a leg twice":      {[]bankfiles.Leg{a, a}, nil, fault.InvalidValue},
		"a bad leg":        {[]bankfiles.Leg{bad}, nil, fault.OutOfRange},
		"too many legs":    {make([]bankfiles.Leg, bankfiles.MaxLegs+1), nil, fault.TooLarge},
		"too many entries": {nil, make([]bankfiles.Entry, bankfiles.MaxMatched+1), fault.TooLarge},
		"beyond all sums":  {[]bankfiles.Leg{a}, []bankfiles.Entry{entry("a", quantity.MaxMinor), entry("b", 1)}, fault.OutOfRange},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := bankfiles.Match(c.legs, c.entries)
			wantCode(t, err, c.code)
		})
	}
}

// drawEntry draws an entry from so small a world that duplicates, reversals and contradictions are common.
func drawEntry(t *rapid.T) bankfiles.Entry {
	minor := rapid.Int64Range(0, 3).Draw(t, "hundreds") * 100
	e := bankfiles.Entry{
		Message: rapid.SampledFrom([]string{"camt.053.001.08", "camt.054.001.02"}).Draw(t, "message"), File: rapid.SampledFrom([]string{"F", "G"}).Draw(t, "file"), Report: "S",
		Account:  rapid.SampledFrom([]string{airlineIBAN, airlineIBAN, hotelIBAN, grocerIBAN}).Draw(t, "account"),
		Position: rapid.IntRange(1, 4).Draw(t, "position"), Detail: rapid.IntRange(0, 2).Draw(t, "detail"), Amount: pounds(minor), Charges: pounds(0),
		Direction:      rapid.SampledFrom([]bankfiles.Direction{bankfiles.Debit, bankfiles.Debit, bankfiles.Credit}).Draw(t, "direction"),
		Reversal:       rapid.IntRange(0, 3).Draw(t, "reversal") == 0,
		Booking:        rapid.SampledFrom([]bankfiles.Booking{bankfiles.Booked, bankfiles.Booked, bankfiles.Pending, bankfiles.Informative}).Draw(t, "booking"),
		Booked:         quantity.Day(rapid.IntRange(20_000, 20_002).Draw(t, "booked")),
		BankReference:  rapid.SampledFrom([]string{"", "", "t1", "t2"}).Draw(t, "bank reference"),
		EntryReference: rapid.SampledFrom([]string{"", "e1", "e2", "e3"}).Draw(t, "entry reference"),
		EndToEndID:     rapid.SampledFrom([]string{legA, legA, legB, "", "other"}).Draw(t, "end to end"),
	}
	if rapid.IntRange(0, 4).Draw(t, "uetr") == 0 {
		e.UETR = bankfiles.UETR(rapid.SampledFrom([]string{legA, legB, "other"}).Draw(t, "leg of the uetr"))
	}
	return e
}

// TestEveryEntryIsAccountedForOnceInWhateverOrder checks what Match promises for random entries: none is lost or counted twice, the sums are those of what was counted, and another
// order of legs and entries changes nothing.
func TestEveryEntryIsAccountedForOnceInWhateverOrder(t *testing.T) {
	legs := []bankfiles.Leg{leg(t, legA, hotel, pounds(300)), leg(t, legB, grocer, pounds(200))}
	rapid.Check(t, func(t *rapid.T) {
		entries := rapid.SliceOfN(rapid.Custom(drawEntry), 0, 20).Draw(t, "entries")
		r, err := bankfiles.Match(legs, entries)
		if err != nil {
			t.Fatal(err)
		}
		left := map[string]int{}
		for _, e := range entries {
			left[fmt.Sprintf("%+v", e)]++
		}
		take := func(list []bankfiles.Entry, sign int64) (sum int64) {
			for _, e := range list {
				left[fmt.Sprintf("%+v", e)]--
				sum += sign * e.Amount.Minor
			}
			return sum
		}
		for _, s := range r.Settlements {
			for _, side := range []*bankfiles.Side{&s.Paid, &s.Received} {
				if net := take(side.Payments, 1) + take(side.Returns, -1); net != side.Net.Minor || net < 0 {
					t.Fatalf("counted %d, says %+v", net, side)
				}
				if pending := take(side.Pending, 1); pending != side.Announced.Minor {
					t.Fatalf("announced %d, says %+v", pending, side)
				}
				if (side.State == bankfiles.StateFull) != (side.Net == s.Leg.Amount) {
					t.Fatalf("%+v", side)
				}
			}
		}
		for _, f := range r.Findings {
			take([]bankfiles.Entry{f.Entry}, 0)
			if f.Reason == "" {
				t.Fatalf("without a reason: %+v", f)
			}
		}
		for e, n := range left {
			if n != 0 {
				t.Fatalf("%d times too few: %s", n, e)
			}
		}
		again, err := bankfiles.Match([]bankfiles.Leg{legs[1], legs[0]}, rapid.Permutation(entries).Draw(t, "order"))
		if err != nil || !reflect.DeepEqual(again, r) {
			t.Fatalf("in another order\n%+v\nand not\n%+v, %v", again, r, err)
		}
	})
}

// TestReadingAFileAgainChangesNoSum feeds everything twice, as happens when a bank's folder is read again.
func TestReadingAFileAgainChangesNoSum(t *testing.T) {
	legs := []bankfiles.Leg{leg(t, legA, hotel, pounds(300)), leg(t, legB, grocer, pounds(200))}
	rapid.Check(t, func(t *rapid.T) {
		entries := rapid.SliceOfN(rapid.Custom(drawEntry), 0, 12).Draw(t, "entries")
		once, err := bankfiles.Match(legs, entries)
		if err != nil {
			t.Fatal(err)
		}
		twice, err := bankfiles.Match(legs, append(entries, entries...))
		if err != nil || !reflect.DeepEqual(once.Settlements, twice.Settlements) {
			t.Fatalf("once\n%+v\ntwice\n%+v, %v", once.Settlements, twice.Settlements, err)
		}
	})
}
