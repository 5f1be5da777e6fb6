package statement_test

import (
	"testing"

	"pgregory.net/rapid"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/lots"
	"github.com/tallystick/tallystick/chaincode/quantity"
	"github.com/tallystick/tallystick/chaincode/statement"
)

// The examples count in whole units of currency, so their minor unit is one CU.

// year is the end of a period of an example: the statement's cohort is what the figures are made from.
type year struct {
	name     string
	redeemed quantity.Points // In the year.
	expired  quantity.Points // In the year.
	expected quantity.Points // To be redeemed, of all.
	want     statement.Recognition
}

// wantYears plays an example on a ledger, makes a statement at the end of every year, and recognises the price by what its cohort says.
func wantYears(t *testing.T, price int64, issued quantity.Points, key lots.Key, years []year) {
	t.Helper()
	b := &statement.Book{Day: on("2020-12-31"), Moves: []statement.Move{move("2020-06-30", lots.Accrued, key, issued)}}
	left, before := issued, int64(0)
	for i, y := range years {
		b.From, b.Day = quantity.DayOn(2020+i, 1, 1), quantity.DayOn(2020+i, 12, 31)
		for cause, points := range map[lots.Cause]quantity.Points{lots.Redeemed: y.redeemed, lots.Expired: y.expired} {
			if points > 0 {
				b.Moves = append(b.Moves, statement.Move{Day: b.Day, Move: lots.Move{Lot: lot(key, -points), Cause: cause}})
			}
		}
		b.Holdings = nil
		if left -= y.redeemed + y.expired; left > 0 {
			b.Holdings = []statement.Holding{lies(statement.Account, key, left)}
		}
		st := mustOf(t, b)
		if st.Summary.Redeemed != y.redeemed || st.Summary.Expired != y.expired || len(st.Cohorts) != 1 {
			t.Fatalf("%s: summary %+v, %d cohorts", y.name, st.Summary, len(st.Cohorts))
		}
		got, err := statement.Recognise(price, before, st.Cohorts[0].Usage(), y.expected)
		if err != nil || got != y.want {
			t.Errorf("%s: got %+v, %v, want %+v", y.name, got, err, y.want)
		}
		before = got.Earned
	}
}

// IFRS 15 Illustrative Examples, Example 52 (paragraphs IE267 to IE270): one point for every CU10 of purchases, each worth a discount of CU1. Customers buy for CU100,000
// and get 10,000 points, of which 9,500 are expected to be redeemed, so the selling price of a point is CU0.95.
func TestIFRS15Example52(t *testing.T) {
	selling, err := statement.SellingPrice(9_500, quantity.Ratio{Num: 1, Den: 1}) // 9,500 x CU1 = 10,000 x CU0.95.
	if err != nil || selling != 9_500 {
		t.Fatalf("the points' selling price is %d, %v", selling, err)
	}
	// Products: 100,000 x 100,000 / 109,500 = 91,324.2. Points: 100,000 x 9,500 / 109,500 = 8,675.8.
	price, err := statement.Allocate(100_000, 100_000, selling)
	if want := (statement.Allocation{Goods: 91_324, Points: 8_676}); err != nil || price != want {
		t.Fatalf("allocated %+v, %v", price, err)
	}
	wantYears(t, price.Points, 10_000, lots.Key{Terms: 1}, []year{
		{
			// 8,676 x 4,500 / 9,500 = 4,109.7; liability 8,676 - 4,110. Of the 4,110, 8,676 x 4,500 / 10,000 = 3,904.2 are the redeemed points' own.
			name: "first year", redeemed: 4_500, expected: 9_500,
			want: statement.Recognition{Revenue: 4_110, Earned: 4_110, Breakage: 4_110 - 3_904, Liability: 4_566},
		},
		{
			// 8,676 x 8,500 / 9,700 = 7,602.7, of which 4,110 were earned before; liability 8,676 - 7,603. Own: 8,676 x 8,500 / 10,000 = 7,374.6.
			name: "second year, 9,700 expected now", redeemed: 4_000, expected: 9_700,
			want: statement.Recognition{Revenue: 3_493, Earned: 7_603, Breakage: 7_603 - 7_375, Liability: 1_073},
		},
		{
			// Beyond the standard's example: the last 1,200 points are redeemed, the other 300 never. 8,676 - 7,603.
			name: "third year, nothing more is expected", redeemed: 1_200, expected: 9_700,
			want: statement.Recognition{Revenue: 1_073, Earned: 8_676, Breakage: 8_676 - 8_416, Liability: 0}, // 8,676 x 9,700 / 10,000 = 8,415.7.
		},
	})
}

// KPMG, Revenue: IFRS 15 handbook (June 2019), section 10.4, Examples 10A and 10B: 9,700 of 10,000 points worth 1 each are expected to be redeemed; sales are 100,000. The
// handbook rounds the shares to whole percents, 91 and 9, before it allocates: 9,000 where the exact allocation is 8,842. Its year 2 is the first with redemptions.
func TestKPMGHandbookExample10(t *testing.T) {
	exact, err := statement.Allocate(100_000, 100_000, 9_700) // 100,000 x 9,700 / 109,700 = 8,842.3.
	if want := (statement.Allocation{Goods: 91_158, Points: 8_842}); err != nil || exact != want {
		t.Errorf("allocated %+v, %v", exact, err)
	}
	percents, err := statement.Allocate(100_000, 91, 9)
	if want := (statement.Allocation{Goods: 91_000, Points: 9_000}); err != nil || percents != want {
		t.Fatalf("allocated by whole percents %+v, %v", percents, err)
	}
	// 9,000 x 4,500 / 9,700 = 4,175.3. Own: 9,000 x 4,500 / 10,000 = 4,050.
	second := year{
		name: "year 2", redeemed: 4_500, expected: 9_700,
		want: statement.Recognition{Revenue: 4_175, Earned: 4_175, Breakage: 125, Liability: 4_825},
	}
	cases := []struct {
		name  string
		third year
	}{
		{"10A, more redemptions expected", year{
			// 9,000 x 8,500 / 9,900 = 7,727.3, less 4,175. Own: 9,000 x 8,500 / 10,000 = 7,650.
			name: "year 3", redeemed: 4_000, expected: 9_900,
			want: statement.Recognition{Revenue: 3_552, Earned: 7_727, Breakage: 77, Liability: 1_273},
		}},
		{"10B, fewer redemptions expected", year{
			// 9,000 x 8,500 / 9,200 = 8,315.2, less 4,175.
			name: "year 3", redeemed: 4_000, expected: 9_200,
			want: statement.Recognition{Revenue: 4_140, Earned: 8_315, Breakage: 665, Liability: 685},
		}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) { wantYears(t, percents.Points, 10_000, lots.Key{Terms: 1}, []year{second, c.third}) })
	}
}

// Breakage by paragraphs B44 to B47 is the same for points that were bought, as for gift cards; ASC 606-10-55-46 to 55-49 has the same words. A right to CU1 is a point.
func TestBreakageIsRevenueInProportion(t *testing.T) {
	dated := lots.Key{Expiry: on("2022-01-01"), Terms: 1}
	cases := []struct {
		name   string
		price  int64
		issued quantity.Points
		years  []year
	}{
		{
			// Intuit Firm of the Future, "Gift card accounting, part 1: the GAAP standards": cards over 1,000 of which 10 % are never used; 540 of the 900 are redeemed, which
			// is 60 %, so 60 of the 100 are breakage revenue beside the 540.
			"gift cards of 1,000", 1_000, 1_000,
			[]year{{name: "January", redeemed: 540, expected: 900, want: statement.Recognition{Revenue: 600, Earned: 600, Breakage: 60, Liability: 400}}},
		},
		{
			// A textbook's exercise ("Ikeo Inc."): cards over 160,000 of which 5 % are never used, 144,000 redeemed; breakage 8,000 x 144,000 / 152,000 = 7,578.9.
			"gift cards of 160,000", 160_000, 160_000,
			[]year{{name: "2021", redeemed: 144_000, expected: 152_000, want: statement.Recognition{Revenue: 151_579, Earned: 151_579, Breakage: 7_579, Liability: 8_421}}},
		},
		{
			// B46, second sentence: without an estimate of breakage, 0.9 a point is earned as points are redeemed, and the rest when nobody can redeem it any more.
			"no breakage expected until the points expire", 900, 1_000,
			[]year{
				{name: "first year", redeemed: 540, expected: 1_000, want: statement.Recognition{Revenue: 486, Earned: 486, Liability: 414}},
				{name: "second year", redeemed: 60, expected: 1_000, want: statement.Recognition{Revenue: 54, Earned: 540, Liability: 360}},
				{name: "expired", expired: 400, expected: 600, want: statement.Recognition{Revenue: 360, Earned: 900, Breakage: 360}},
			},
		},
		{
			// Breakage of 40 % expected from the beginning: 900 x 540 / 600 = 810, all at 600; that the rest expires changes nothing.
			"breakage as it was expected", 900, 1_000,
			[]year{
				{name: "first year", redeemed: 540, expected: 600, want: statement.Recognition{Revenue: 810, Earned: 810, Breakage: 324, Liability: 90}},
				{name: "second year", redeemed: 60, expected: 600, want: statement.Recognition{Revenue: 90, Earned: 900, Breakage: 360}},
				{name: "expired", expired: 400, expected: 600, want: statement.Recognition{Earned: 900, Breakage: 360}},
			},
		},
		{
			// An estimate that was far too low is put right in the period in which it is seen: 900 x 500 / 500 = 900 first, then 900 x 510 / 1,000 = 459.
			"revenue that a new estimate takes back", 900, 1_000,
			[]year{
				{name: "first year", redeemed: 500, expected: 500, want: statement.Recognition{Revenue: 900, Earned: 900, Breakage: 450}},
				{name: "second year", redeemed: 10, expected: 1_000, want: statement.Recognition{Revenue: -441, Earned: 459, Liability: 441}},
			},
		},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) { wantYears(t, c.price, c.issued, dated, c.years) })
	}
}

func TestReturnedPointsAreInNoPartOfTheUsage(t *testing.T) {
	key := lots.Key{Terms: 1}
	st := mustOf(t, &statement.Book{
		Day: on("2024-12-31"),
		Moves: []statement.Move{
			move("2024-01-01", lots.Accrued, key, 100), move("2024-02-01", lots.Recovered, key, -20), move("2024-03-01", lots.Redeemed, key, -50),
			move("2024-04-01", lots.Restored, key, 10), move("2024-05-01", lots.Forfeited, key, -5),
		},
		Holdings: []statement.Holding{lies(statement.Account, key, 35)},
	})
	if got, want := st.Cohorts[0].Usage(), (statement.Usage{Redeemed: 40, Lost: 5, Outstanding: 35}); got != want {
		t.Errorf("usage is %+v", got)
	}
}

func TestAllocationTable(t *testing.T) {
	const top = quantity.MaxMinor
	cases := []struct {
		name                 string
		price, goods, points int64
		want                 statement.Allocation
		code                 fault.Code
	}{
		{"nothing paid", 0, 100, 10, statement.Allocation{}, fault.OK},
		{"points worth nothing", 100, 100, 0, statement.Allocation{Goods: 100}, fault.OK},
		{"points alone", 100, 0, 7, statement.Allocation{Points: 100}, fault.OK},
		{"a discount is shared", 90, 90, 10, statement.Allocation{Goods: 81, Points: 9}, fault.OK},
		{"half to even, down", 1, 1, 1, statement.Allocation{Goods: 1, Points: 0}, fault.OK},
		{"half to even, up", 3, 1, 1, statement.Allocation{Goods: 1, Points: 2}, fault.OK},
		{"largest", top, top, top, statement.Allocation{Goods: top / 2, Points: top/2 + 1}, fault.OK}, // 4,503,599,627,370,495.5, to even.
		{"nothing has a price", 100, 0, 0, statement.Allocation{}, fault.InvalidValue},
		{"price below 0", -1, 1, 1, statement.Allocation{}, fault.OutOfRange},
		{"goods below 0", 1, -1, 1, statement.Allocation{}, fault.OutOfRange},
		{"points below 0", 1, 1, -1, statement.Allocation{}, fault.OutOfRange},
		{"price too large", top + 1, 1, 1, statement.Allocation{}, fault.OutOfRange},
		{"goods too large", 1, top + 1, 1, statement.Allocation{}, fault.OutOfRange},
		{"points too large", 1, 1, top + 1, statement.Allocation{}, fault.OutOfRange},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			got, err := statement.Allocate(c.price, c.goods, c.points)
			wantCode(t, err, c.code)
			if err == nil && got != c.want {
				t.Errorf("got %+v", got)
			}
		})
	}
}

func TestSellingPriceTable(t *testing.T) {
	cases := []struct {
		name     string
		expected quantity.Points
		value    quantity.Ratio
		want     int64
		code     fault.Code
	}{
		{"none expected", 0, quantity.Ratio{Num: 1, Den: 1}, 0, fault.OK},
		{"a third of a penny", 1_000, quantity.Ratio{Num: 1, Den: 3}, 333, fault.OK},
		{"half to even", 5, quantity.Ratio{Num: 1, Den: 2}, 2, fault.OK},
		{"worth nothing", 5, quantity.Ratio{Num: 0, Den: 1}, 0, fault.OK},
		{"largest", quantity.MaxPoints, quantity.Ratio{Num: 1, Den: 1}, quantity.MaxMinor, fault.OK},
		{"too large", quantity.MaxPoints, quantity.Ratio{Num: 2, Den: 1}, 0, fault.OutOfRange},
		{"below 0", -1, quantity.Ratio{Num: 1, Den: 1}, 0, fault.OutOfRange},
		{"no ratio", 1, quantity.Ratio{Num: 1}, 0, fault.InvalidValue},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			got, err := statement.SellingPrice(c.expected, c.value)
			wantCode(t, err, c.code)
			if err == nil && got != c.want {
				t.Errorf("got %d", got)
			}
		})
	}
}

func TestRecognitionTable(t *testing.T) {
	usage := statement.Usage{Redeemed: 4, Lost: 2, Outstanding: 4}
	const top = quantity.MaxMinor
	cases := []struct {
		name          string
		price, before int64
		usage         statement.Usage
		expected      quantity.Points
		want          statement.Recognition
		code          fault.Code
	}{
		{"nothing redeemed yet", 100, 0, statement.Usage{Outstanding: 10}, 8, statement.Recognition{Liability: 100}, fault.OK},
		{"nothing ever expected", 100, 0, statement.Usage{Outstanding: 10}, 0, statement.Recognition{Revenue: 100, Earned: 100, Breakage: 100}, fault.OK},
		{"no points at all", 100, 0, statement.Usage{}, 0, statement.Recognition{Revenue: 100, Earned: 100, Breakage: 100}, fault.OK},
		{"fewest expected", 100, 30, usage, 4, statement.Recognition{Revenue: 70, Earned: 100, Breakage: 60}, fault.OK},
		{"most expected", 100, 30, usage, 8, statement.Recognition{Revenue: 20, Earned: 50, Breakage: 10, Liability: 50}, fault.OK},
		{"half to even", 1, 0, usage, 8, statement.Recognition{Liability: 1}, fault.OK},
		{"largest", top, top, usage, 8, statement.Recognition{Revenue: -(top / 2), Earned: top/2 + 1, Breakage: top/2 + 1 - 3_602_879_701_896_396, Liability: top / 2}, fault.OK},
		{"fewer than were redeemed", 100, 0, usage, 3, statement.Recognition{}, fault.InvalidValue},
		{"more than can be", 100, 0, usage, 9, statement.Recognition{}, fault.InvalidValue},
		{"price below 0", -1, 0, usage, 8, statement.Recognition{}, fault.OutOfRange},
		{"price too large", top + 1, 0, usage, 8, statement.Recognition{}, fault.OutOfRange},
		{"earned below 0", 1, -1, usage, 8, statement.Recognition{}, fault.OutOfRange},
		{"earned too large", 1, top + 1, usage, 8, statement.Recognition{}, fault.OutOfRange},
		{"redeemed below 0", 1, 0, statement.Usage{Redeemed: -1, Outstanding: 4}, 1, statement.Recognition{}, fault.OutOfRange},
		{"lost below 0", 1, 0, statement.Usage{Lost: -1, Outstanding: 4}, 1, statement.Recognition{}, fault.OutOfRange},
		{"outstanding below 0", 1, 0, statement.Usage{Redeemed: 4, Outstanding: -1}, 4, statement.Recognition{}, fault.OutOfRange},
		{"too many points", 1, 0, statement.Usage{Redeemed: 4, Outstanding: quantity.MaxPoints}, 4, statement.Recognition{}, fault.OutOfRange},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			got, err := statement.Recognise(c.price, c.before, c.usage, c.expected)
			wantCode(t, err, c.code)
			if err == nil && got != c.want {
				t.Errorf("got %+v", got)
			}
		})
	}
}

// However estimates change from year to year, nothing of the price is earned twice, and all of it is earned in the end.
func TestRevenueOverAllYearsIsThePrice(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		price := rapid.Int64Range(0, quantity.MaxMinor).Draw(t, "price")
		u := statement.Usage{Outstanding: quantity.Points(rapid.IntRange(0, 100_000).Draw(t, "issued"))}
		var before, revenue int64
		for range rapid.IntRange(0, 6).Draw(t, "years") {
			redeemed := quantity.Points(rapid.IntRange(0, int(u.Outstanding)).Draw(t, "redeemed"))
			u.Redeemed, u.Outstanding = u.Redeemed+redeemed, u.Outstanding-redeemed
			lost := quantity.Points(rapid.IntRange(0, int(u.Outstanding)).Draw(t, "lost"))
			u.Lost, u.Outstanding = u.Lost+lost, u.Outstanding-lost
			expected := u.Redeemed + quantity.Points(rapid.IntRange(0, int(u.Outstanding)).Draw(t, "expected"))
			r, err := statement.Recognise(price, before, u, expected)
			wantCode(t, err, fault.OK)
			if r.Earned+r.Liability != price || r.Revenue != r.Earned-before || r.Earned < 0 || r.Liability < 0 || r.Breakage < 0 || r.Breakage > r.Earned {
				t.Fatalf("%+v of %d, %d before", r, price, before)
			}
			before, revenue = r.Earned, revenue+r.Revenue
		}
		u.Lost, u.Outstanding = u.Lost+u.Outstanding, 0
		r, err := statement.Recognise(price, before, u, u.Redeemed)
		wantCode(t, err, fault.OK)
		if revenue+r.Revenue != price || r.Liability != 0 {
			t.Fatalf("%d of %d became revenue, liability %d", revenue+r.Revenue, price, r.Liability)
		}
	})
}
