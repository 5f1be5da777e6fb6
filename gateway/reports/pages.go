package reports

import (
	"slices"

	"github.com/go-json-experiment/json"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/quantity"
)

// WholeAdjustments says whether pages of the report on adjustments, in their order, are all that there are, and returns how many adjustments they list. REPORT_INCOMPLETE when a page is missing
// or of something else, or when entries and totals don't agree; MALFORMED for what is no such page.
func WholeAdjustments(documents ...[]byte) (entries int, err error) {
	pages := make([]Adjustments, len(documents))
	for i, raw := range documents {
		if err := json.Unmarshal(raw, &pages[i]); err != nil || pages[i].Report != NameAdjustments {
			return 0, fault.New(fault.Malformed, "document %d is no page of the report on adjustments", i+1)
		}
	}
	if len(pages) == 0 {
		return 0, fault.New(fault.Malformed, "there is no page")
	}
	sums := map[string]*ProgrammeAdjustments{}
	expected := ""
	for i := range pages {
		p := &pages[i]
		if p.After != expected {
			return 0, incomplete("page %d goes on after %q, where %q is due", i+1, p.After, expected)
		}
		if i > 0 && p.Next == p.After {
			return 0, incomplete("page %d leads to itself", i+1)
		}
		expected = p.Next
		if !sameScope(p, &pages[0]) {
			return 0, incomplete("page %d has another ledger, period, block or total than the first", i+1)
		}
		for n := range p.Programmes {
			one := &p.Programmes[n]
			entries += len(one.Entries)
			if err := tally(sums, one); err != nil {
				return 0, err
			}
		}
	}
	if expected != "" {
		return 0, incomplete("another page follows the last one, after %q", expected)
	}
	for _, p := range pages[0].Programmes {
		got := *sums[p.Programme]
		if !sameTotals(&got, &p) {
			return 0, incomplete("the entries of %s don't add up to its totals", p.Programme)
		}
	}
	return entries, nil
}

func incomplete(format string, args ...any) error {
	return fault.New(fault.ReportIncomplete, format, args...)
}

// tally adds a page's entries of a programme.
func tally(sums map[string]*ProgrammeAdjustments, page *ProgrammeAdjustments) (err error) {
	sum := sums[page.Programme]
	if sum == nil {
		sum = &ProgrammeAdjustments{Programme: page.Programme}
		sums[page.Programme] = sum
	}
	for i := range page.Entries {
		e := &page.Entries[i]
		if e.Outcome != points.Accepted {
			sum.Rejected++
			continue
		}
		sum.Accepted++
		for _, part := range []struct {
			into *quantity.Points
			by   quantity.Points
		}{{&sum.Up, max(e.Points, 0)}, {&sum.Down, e.Taken}, {&sum.Debt, e.DebtIncurred}} {
			if *part.into, err = part.into.Add(part.by); err != nil {
				return err
			}
		}
	}
	return nil
}

// sameScope says whether pages are about the same blocks, period and totals.
func sameScope(a, b *Adjustments) bool {
	same := func(x, y ProgrammeAdjustments) bool { return sameTotals(&x, &y) }
	return a.Genesis == b.Genesis && a.Period == b.Period && a.UpTo == b.UpTo && slices.EqualFunc(a.Programmes, b.Programmes, same)
}

func sameTotals(a, b *ProgrammeAdjustments) bool {
	return a.Programme == b.Programme && a.Accepted == b.Accepted && a.Rejected == b.Rejected && a.Up == b.Up && a.Down == b.Down && a.Debt == b.Debt
}
