package statement_test

import (
	"math/big"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/lots"
	"github.com/tallystick/tallystick/chaincode/quantity"
	"github.com/tallystick/tallystick/chaincode/statement"
)

func TestPartsSumToTheirWholes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		g := drawLedger(t)
		st, err := statement.Of(g.book(), values)
		wantCode(t, err, fault.OK)
		net, err := st.Flows.Net()
		wantCode(t, err, fault.OK)
		c := st.Closing
		sums := map[string][2]any{
			"opening":                {st.Opening, g.opening},
			"opening with flows":     {st.Opening.Outstanding + net, c.Outstanding},
			"lots":                   {c.Outstanding, g.outstanding()},
			"places":                 {c.Free + c.Pending + c.Held + c.Suspense + c.Inbox + c.Lapsed, c.Outstanding},
			"debt":                   {c.Debt, g.owed()},
			"summary":                {st.Summary, g.summary()},
			"outstanding by terms":   {sum(st.Terms, func(l statement.TermsLine) quantity.Points { return l.Outstanding }), c.Outstanding},
			"lapsed by terms":        {sum(st.Terms, func(l statement.TermsLine) quantity.Points { return l.Lapsed }), c.Lapsed},
			"outstanding by funding": {sum(st.Funding, func(l statement.FundingLine) quantity.Points { return l.Outstanding }), c.Outstanding},
			"pending by funding":     {sum(st.Funding, func(l statement.FundingLine) quantity.Points { return l.Pending }), c.Pending},
			"outstanding by month":   {sum(st.Expiry, func(l statement.ExpiryLine) quantity.Points { return l.Outstanding }), c.Outstanding},
			"pending by month":       {sum(st.Expiry, func(l statement.ExpiryLine) quantity.Points { return l.Pending }), c.Pending},
			"cohorts":                {sum(st.Cohorts, func(l statement.Cohort) quantity.Points { return l.Outstanding }), c.Outstanding},
			"moved between cohorts":  {sum(st.Cohorts, func(l statement.Cohort) quantity.Points { return l.Moved }), quantity.Points(0)},
			"liability by terms":     {sum(st.Terms, func(l statement.TermsLine) int64 { return l.Liability }), st.Liability},
			"liability by funding":   {sum(st.Funding, func(l statement.FundingLine) int64 { return l.Liability }), st.Liability},
			"liability by month":     {sum(st.Expiry, func(l statement.ExpiryLine) int64 { return l.Liability }), st.Liability},
			"liability":              {st.Liability, g.liability()},
		}
		for name, s := range sums {
			if s[0] != s[1] {
				t.Fatalf("%s: %+v is not %+v", name, s[0], s[1])
			}
		}
		wantFlowsByFunding(t, st)
		wantCohorts(t, st)
	})
}

func sum[L any, N int64 | quantity.Points](lines []L, column func(L) N) (total N) {
	for _, line := range lines {
		total += column(line)
	}
	return total
}

// each calls f with every column of flows.
func each(f *statement.Flows, do func(i int, points int64)) {
	v := reflect.ValueOf(f).Elem()
	for i := range v.NumField() {
		do(i, v.Field(i).Int())
	}
}

func wantFlowsByFunding(t *rapid.T, st *statement.Statement) {
	var sums [16]int64
	for i := range st.Funding {
		each(&st.Funding[i].Flows, func(i int, points int64) { sums[i] += points })
	}
	each(&st.Flows, func(i int, points int64) {
		if points < 0 || sums[i] != points {
			t.Fatalf("column %d of the flows is %d, by funding %d", i, points, sums[i])
		}
	})
}

func wantCohorts(t *rapid.T, st *statement.Statement) {
	for i, c := range st.Cohorts {
		net, err := c.Flows.Net()
		if err != nil || net+c.Moved != c.Outstanding {
			t.Fatalf("%+v: flows of %d and %d moved aren't what is outstanding", c, net, c.Moved)
		}
		if c.Breakage.Part != c.Flows.Expired+c.Flows.Forfeited || c.Breakage.Whole < c.Breakage.Part {
			t.Fatalf("%+v: breakage", c)
		}
		if i > 0 && c.Month != "" && c.Month <= st.Cohorts[i-1].Month || i < len(st.Cohorts)-1 && c.Month == "" {
			t.Fatalf("month %q is out of order", c.Month)
		}
		if u := c.Usage(); u.Redeemed+u.Lost != c.Breakage.Whole || u.Lost != c.Breakage.Part || u.Outstanding != c.Outstanding {
			t.Fatalf("%+v: usage %+v", c, u)
		}
	}
}

// summary is what the ledger's own totals say of the period.
func (g *ledger) summary() statement.Summary {
	now, then := g.totals, g.before
	return statement.Summary{
		Issued: now.Issued - then.Issued, Redeemed: now.Redeemed - then.Redeemed, Expired: now.Expired - then.Expired,
		Returned: now.Recovered - then.Recovered, Restored: now.Restored - then.Restored, AdjustedUp: now.AdjustedUp - then.AdjustedUp,
		AdjustedDown: now.AdjustedDown - then.AdjustedDown, Forfeited: now.Forfeited - then.Forfeited, Transferred: now.Transferred - then.Transferred,
		Deposited: now.Deposited - then.Deposited, Swapped: now.SwappedOut - then.SwappedOut,
		DebtIncurred: now.DebtIncurred - then.DebtIncurred, DebtRepaid: now.DebtRepaid - then.DebtRepaid,
	}
}

// liability adds up sixths of a penny, of which a point has 3, 2 or none, and rounds once.
func (g *ledger) liability() int64 {
	var sixths int64
	for _, h := range g.holdings() {
		if h.Place != statement.Hold && h.Gone != 0 && h.Gone <= g.today {
			continue
		}
		sixths += int64(h.Points) * []int64{0, 3, 2, 0}[h.Terms]
	}
	whole, rest := sixths/6, sixths%6
	if rest > 3 || rest == 3 && whole%2 == 1 {
		whole++
	}
	return whole
}

func TestTheOrderOfABookDoesNotMatter(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		b := drawLedger(t).book()
		want, err := statement.Of(b, values)
		wantCode(t, err, fault.OK)
		random := rand.New(rand.NewPCG(1, rapid.Uint64().Draw(t, "seed")))
		random.Shuffle(len(b.Moves), func(i, j int) { b.Moves[i], b.Moves[j] = b.Moves[j], b.Moves[i] })
		random.Shuffle(len(b.Debts), func(i, j int) { b.Debts[i], b.Debts[j] = b.Debts[j], b.Debts[i] })
		random.Shuffle(len(b.Holdings), func(i, j int) { b.Holdings[i], b.Holdings[j] = b.Holdings[j], b.Holdings[i] })
		got, err := statement.Of(b, values)
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Fatalf("%+v became %+v, %v", want, got, err)
		}
	})
}

func TestEqualRowsOfABookCanBeSummed(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		b := drawLedger(t).book()
		want, err := statement.Of(b, values)
		wantCode(t, err, fault.OK)
		b.Moves, b.Debts, b.Holdings = summedMoves(b.Moves), summedDebts(b.Debts), summedHoldings(b.Holdings)
		got, err := statement.Of(b, values)
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Fatalf("%+v became %+v, %v", want, got, err)
		}
	})
}

func summedMoves(moves []statement.Move) (list []statement.Move) {
	for _, m := range moves {
		i := slices.IndexFunc(list, func(o statement.Move) bool {
			return o.Day == m.Day && o.Key == m.Key && o.Cause == m.Cause && (o.Points > 0) == (m.Points > 0)
		})
		if i < 0 {
			list = append(list, m)
		} else {
			list[i].Points += m.Points
		}
	}
	return list
}

func summedDebts(debts []statement.Debt) (list []statement.Debt) {
	for _, d := range debts {
		i := slices.IndexFunc(list, func(o statement.Debt) bool {
			return o.Day == d.Day && o.Cause == d.Cause && (o.Points > 0) == (d.Points > 0)
		})
		if i < 0 {
			list = append(list, d)
		} else {
			list[i].Points += d.Points
		}
	}
	return list
}

func summedHoldings(holdings []statement.Holding) (list []statement.Holding) {
	for _, h := range holdings {
		i := slices.IndexFunc(list, func(o statement.Holding) bool { return o.Key == h.Key && o.Place == h.Place && o.Gone == h.Gone })
		if i < 0 {
			list = append(list, h)
		} else {
			list[i].Points += h.Points
		}
	}
	return list
}

// Two periods that follow each other say together what one over both says.
func TestPeriodsFollowEachOther(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		g := drawLedger(t)
		second, err := statement.Of(g.book(), values)
		wantCode(t, err, fault.OK)
		b := g.book()
		b.From = 0
		both, err := statement.Of(b, values)
		wantCode(t, err, fault.OK)
		if both.Opening != (statement.Opening{}) || both.Closing != second.Closing || !reflect.DeepEqual(both.Cohorts, second.Cohorts) || both.Liability != second.Liability {
			t.Fatalf("%+v and %+v", both, second)
		}
		all, err := both.Flows.Net()
		wantCode(t, err, fault.OK)
		if all != both.Closing.Outstanding {
			t.Fatalf("%d points flowed, %d are there", all, both.Closing.Outstanding)
		}
	})
}

// Each line is off its exact value by a unit at most, however many lines there are.
func TestALineIsOffByOneUnitAtMost(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		b := &statement.Book{Day: 19000}
		ratios := map[int]quantity.Ratio{}
		for version := range rapid.IntRange(1, 40).Draw(t, "versions") {
			ratios[version] = quantity.Ratio{Num: rapid.Int64Range(0, 1000).Draw(t, "num"), Den: rapid.Int64Range(1, 1000).Draw(t, "den")}
			key := lots.Key{Terms: version}
			points := quantity.Points(rapid.IntRange(1, 1000).Draw(t, "points"))
			b.Moves = append(b.Moves, statement.Move{Day: 19000, Move: lots.Move{Lot: lot(key, points), Cause: lots.Accrued}})
			b.Holdings = append(b.Holdings, lies(statement.Account, key, points))
		}
		st, err := statement.Of(b, func(version int) (quantity.Ratio, bool) { return ratios[version], true })
		wantCode(t, err, fault.OK)
		for _, line := range st.Terms {
			off := big.NewRat(line.Value.Num*int64(line.Outstanding), line.Value.Den)
			off.Sub(off, big.NewRat(line.Liability, 1))
			if line.Liability < 0 || off.Abs(off).Cmp(big.NewRat(1, 1)) > 0 {
				t.Fatalf("%+v is off by %s", line, off)
			}
		}
	})
}
