package reports_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/lots"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/quantity"
	"github.com/tallystick/tallystick/gateway/reports"
	"github.com/tallystick/tallystick/gateway/store"
)

// adjusting is a read model whose programmes are adjusted again and again.
type adjusting struct {
	*volume
	day quantity.Day
	n   int
}

// more books some adjustments of a programme on a business date that isn't before the last one's, as one batch.
func (a *adjusting) more(r *rapid.T, programme string) {
	a.day = min(a.day+quantity.Day(rapid.IntRange(0, 3).Draw(r, "days")), closing)
	var receipts []points.Receipt
	for range rapid.IntRange(1, 6).Draw(r, "adjustments") {
		a.n++
		n := rapid.IntRange(1, 50).Draw(r, "points")
		one := receiptOf(fmt.Sprintf("%016x%016x", rapid.Uint64().Draw(r, "id"), a.n), programme, points.KindAdjust, a.day, lots.Adjusted, [2]int{1, n})
		switch rapid.IntRange(0, 3).Draw(r, "which") {
		case 0:
			one.Moves[0].Points, one.DebtIncurred = -one.Points, quantity.Points(rapid.IntRange(0, 9).Draw(r, "debt"))
			one.Points = -one.Points - one.DebtIncurred
		case 1:
			one.Outcome, one.Moves = points.Rejected, nil
		}
		receipts = append(receipts, one)
	}
	a.book(programme, receipts)
}

func (a *adjusting) page(period reports.Period, page reports.Page) (*reports.Adjustments, error) {
	return reports.MakeAdjustments(a.t.Context(), store.NewReads(a.store.Reader()), period, page)
}

// TestPagesAreTheWholeReportWhateverComesBetweenThem: pages of any length, between which the ledger goes on, list what the whole report listed when the first was made, with its totals.
func TestPagesAreTheWholeReportWhateverComesBetweenThem(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		a := &adjusting{volume: newVolume(t), day: closing - 20}
		programmes := []string{"airline", "grocer", "hotel"}[:rapid.IntRange(1, 3).Draw(r, "programmes")]
		for _, p := range programmes {
			a.found(p)
		}
		for range rapid.IntRange(0, 6).Draw(r, "batches") {
			a.more(r, rapid.SampledFrom(programmes).Draw(r, "of"))
		}
		period := reports.Period{From: closing - 20 + quantity.Day(rapid.IntRange(0, 8).Draw(r, "from")), To: closing - quantity.Day(rapid.IntRange(0, 8).Draw(r, "to"))}
		whole, err := a.page(period, reports.Page{})
		if err != nil || whole.Next != "" {
			r.Fatalf("%v, %+v", err, whole)
		}
		var documents [][]byte
		got := map[string][]reports.Adjustment{}
		for next := ""; len(documents) == 0 || next != ""; {
			limit := rapid.IntRange(1, 5).Draw(r, "limit")
			one, err := a.page(period, reports.Page{After: next, Limit: limit})
			if err != nil {
				r.Fatal(err)
			}
			next = one.Next
			listed := 0
			for _, p := range one.Programmes {
				got[p.Programme], listed = append(got[p.Programme], p.Entries...), listed+len(p.Entries)
			}
			if listed > limit || next != "" && listed < limit || one.UpTo != whole.AsOf.Block {
				r.Fatalf("a page of up to %d has %d, next %q, up to block %d", limit, listed, next, one.UpTo)
			}
			raw, err := json.Marshal(one)
			if err != nil {
				r.Fatal(err)
			}
			documents = append(documents, raw)
			a.more(r, rapid.SampledFrom(programmes).Draw(r, "meanwhile"))
		}
		total := 0
		for _, p := range whole.Programmes {
			if total += len(p.Entries); !slices.Equal(got[p.Programme], p.Entries) {
				r.Fatalf("%s: the pages list %v, the whole %v", p.Programme, got[p.Programme], p.Entries)
			}
		}
		if n, err := reports.WholeAdjustments(documents...); err != nil || n != total {
			r.Fatalf("%d of %d: %v", n, total, err)
		}
		if at := rapid.IntRange(0, len(documents)-1).Draw(r, "missing"); len(documents) > 1 {
			if _, err := reports.WholeAdjustments(slices.Delete(slices.Clone(documents), at, at+1)...); fault.CodeOf(err) != fault.ReportIncomplete {
				r.Fatalf("page %d is missing: %v", at, err)
			}
		}
	})
}

func TestPagesThatDoNotFitAreNotWhole(t *testing.T) {
	page := func(after, next string, upTo uint64, up quantity.Points, entries ...quantity.Points) []byte {
		p := reports.ProgrammeAdjustments{Programme: "p", Accepted: 2, Up: up}
		for _, n := range entries {
			p.Entries = append(p.Entries, reports.Adjustment{Outcome: points.Accepted, Points: n})
		}
		raw, err := json.Marshal(reports.Adjustments{Header: reports.Header{V: 1, Report: reports.NameAdjustments}, UpTo: upTo, After: after, Next: next, Programmes: []reports.ProgrammeAdjustments{p}})
		if err != nil {
			t.Fatal(err)
		}
		return raw
	}
	if n, err := reports.WholeAdjustments(page("", "x", 5, 30, 10), page("x", "", 5, 30, 20)); err != nil || n != 2 {
		t.Errorf("%d, %v", n, err)
	}
	for name, c := range map[string]struct {
		pages [][]byte
		code  fault.Code
	}{
		"none":                      {nil, fault.Malformed},
		"another report":            {[][]byte{[]byte(`{"report":"supply"}`)}, fault.Malformed},
		"the last is missing":       {[][]byte{page("", "x", 5, 30, 10)}, fault.ReportIncomplete},
		"the first is missing":      {[][]byte{page("x", "", 5, 30, 20)}, fault.ReportIncomplete},
		"of another block":          {[][]byte{page("", "x", 5, 30, 10), page("x", "", 6, 30, 20)}, fault.ReportIncomplete},
		"with other totals":         {[][]byte{page("", "x", 5, 30, 10), page("x", "", 5, 31, 20)}, fault.ReportIncomplete},
		"that don't add up":         {[][]byte{page("", "x", 5, 30, 10), page("x", "", 5, 30, 21)}, fault.ReportIncomplete},
		"one entry is missing":      {[][]byte{page("", "", 5, 30, 30)}, fault.ReportIncomplete},
		"a page that leads nowhere": {[][]byte{page("", "x", 5, 30, 10), page("x", "x", 5, 30), page("x", "", 5, 30, 20)}, fault.ReportIncomplete},
	} {
		if _, err := reports.WholeAdjustments(c.pages...); fault.CodeOf(err) != c.code {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestAPageThatCannotBeIsRefused(t *testing.T) {
	v := newVolume(t)
	v.found("p")
	reads := store.NewReads(v.store.Reader())
	for _, p := range []reports.Page{
		{Limit: -1}, {Limit: reports.MaxAdjustmentsPage + 1}, {After: "x"}, {After: "1-p-1-1-1"}, {After: "01-p-1-1-1-x"}, {After: "-1-p-1-1-1-x"}, {After: "0-p-1-1-99999999999-x"}, {After: "1000-p-1-1-1-x"},
	} {
		if _, err := reports.MakeAdjustments(t.Context(), reads, reports.Always, p); fault.CodeOf(err) != fault.InvalidValue {
			t.Errorf("%+v: %v", p, err)
		}
	}
}
