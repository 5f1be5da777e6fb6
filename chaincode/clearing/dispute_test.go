package clearing_test

import (
	"fmt"
	"maps"
	"testing"

	"github.com/tallystick/tallystick/chaincode/clearing"
	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/quantity"
)

func line(n int) clearing.Line {
	return clearing.Line{Programme: "a", Operation: fmt.Sprint(n)}
}

// netsOf are those of these windows, which go into the netting of the last.
func netsOf(windows ...int64) *clearing.PairNets {
	n := &clearing.PairNets{}
	for _, w := range windows {
		n.Nets = append(n.Nets, clearing.Disclosure{Window: w})
		n.Window = w
	}
	return n
}

func TestLineIsTakenOutOfItsOwnWindowAndGoesBackOnce(t *testing.T) {
	for name, c := range map[string]struct {
		aside   clearing.Aside
		nets    *clearing.PairNets
		netting int64
		more    map[int64]quantity.Minor
		changed bool
		left    int
	}{
		"with its window":                       {clearing.Aside{Window: 3, Amount: 7, Due: 6}, netsOf(3), 3, map[int64]quantity.Minor{3: -7}, true, 1},
		"with its window, which comes late":     {clearing.Aside{Window: 3, Amount: 7, Due: 6}, netsOf(3, 4), 4, map[int64]quantity.Minor{3: -7}, true, 1},
		"before its window comes":               {clearing.Aside{Window: 3, Amount: 7, Due: 6}, netsOf(2), 2, map[int64]quantity.Minor{}, false, 1},
		"while it waits":                        {clearing.Aside{Window: 3, Amount: 7, Due: 6, Out: 3}, netsOf(5), 5, map[int64]quantity.Minor{}, false, 1},
		"when it is due":                        {clearing.Aside{Window: 3, Amount: 7, Due: 6, Out: 3}, netsOf(6), 6, map[int64]quantity.Minor{6: 7}, true, 0},
		"when it is due and the pair is absent": {clearing.Aside{Window: 3, Amount: -7, Due: 6, Out: 3}, netsOf(), 6, map[int64]quantity.Minor{6: -7}, true, 0},
		"due while its window hasn't come":      {clearing.Aside{Window: 3, Amount: 7, Due: 6}, netsOf(), 6, map[int64]quantity.Minor{}, false, 1},
		"its window comes after it is due":      {clearing.Aside{Window: 3, Amount: 7, Due: 6}, netsOf(3, 8), 8, map[int64]quantity.Minor{3: -7, 8: 7}, true, 0},
		"withdrawn before its window comes":     {clearing.Aside{Window: 3, Amount: 7, Due: 3}, netsOf(3), 3, map[int64]quantity.Minor{3: 0}, true, 0},
		"upheld before its window comes":        {clearing.Aside{Window: 3, Amount: 7}, netsOf(3), 3, map[int64]quantity.Minor{3: -7}, true, 0},
		"upheld afterwards":                     {clearing.Aside{Window: 3, Amount: 7, Out: 3}, netsOf(4), 4, map[int64]quantity.Minor{}, true, 0},
	} {
		t.Run(name, func(t *testing.T) {
			book := clearing.PairBook{Aside: []clearing.Aside{c.aside}}
			more, changed, err := book.TakeAside(c.nets, c.netting)
			if err != nil || !maps.Equal(more, c.more) || changed != c.changed || len(book.Aside) != c.left {
				t.Errorf("more %v, changed %v, left %+v, %v", more, changed, book.Aside, err)
			}
			if c.left == 1 && changed && book.Aside[0].Out != c.netting {
				t.Errorf("it was taken out of %d", book.Aside[0].Out)
			}
		})
	}
}

func TestPairSetsAsideNoMoreThanItMay(t *testing.T) {
	calendar := clearing.DefaultCalendar("GBP")
	calendar.DisputesPerWindow = clearing.MaxDisputesPerWindow
	allocation := clearing.Allocation{Amount: [2]quantity.Minor{10_000, 5000}}
	set := func(b *clearing.PairBook, n int, window int64, minor quantity.Micro) error {
		d := clearing.Dispute{Line: line(n), Window: window, Micro: minor * quantity.MicroPerMinor, By: "a"}
		return b.SetAside(&d, &allocation, calendar)
	}
	book := &clearing.PairBook{}
	for n, c := range []struct {
		minor quantity.Micro
		code  fault.Code
	}{{999, fault.OK}, {2, fault.DisputeLimit}, {1, fault.OK}, {1, fault.DisputeLimit}, {-501, fault.DisputeLimit}, {-500, fault.OK}, {-1, fault.DisputeLimit}} {
		err := set(book, n, 1, c.minor)
		if c.code == fault.OK && err != nil || c.code != fault.OK && fault.CodeOf(err) != c.code {
			t.Errorf("%d: %v", c.minor, err)
		}
	}
	book = &clearing.PairBook{}
	for n := range clearing.MaxAside {
		if err := set(book, n, int64(n/clearing.MaxDisputesPerWindow), 1); err != nil {
			t.Fatal(err)
		}
	}
	if err := set(book, clearing.MaxAside, 99, 1); fault.CodeOf(err) != fault.DisputeLimit {
		t.Errorf("one line too many: %v", err)
	}
}
