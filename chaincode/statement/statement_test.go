package statement_test

import (
	"encoding/json"
	"reflect"
	"testing"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/lots"
	"github.com/tallystick/tallystick/chaincode/quantity"
	"github.com/tallystick/tallystick/chaincode/statement"
)

func TestStatementOfASmallProgramme(t *testing.T) {
	half, third := quantity.Ratio{Num: 1, Den: 2}, quantity.Ratio{Num: 1, Den: 3}
	want := &statement.Statement{
		V: 1, Programme: "airline", Currency: "GBP", From: on("2024-02-01"), To: on("2024-02-29"),
		Summary: statement.Summary{
			Issued:   84, // 37 + 2 + 40 into lots, 5 paid debt.
			Redeemed: 10, Expired: 5, Returned: 12, Restored: 4, AdjustedUp: 7, AdjustedDown: 3, Forfeited: 1, Transferred: 6, DebtIncurred: 8, DebtRepaid: 5,
			Deposited: 13,
		},
		Flows:   statement.Flows{Accrued: 79, Deposited: 13, Restored: 4, AdjustedUp: 7, Received: 6, Sent: 6, Redeemed: 10, Recovered: 12, AdjustedDown: 3, Expired: 5, Forfeited: 1},
		Opening: statement.Opening{Outstanding: 119}, // 9 + 100 + 30 - 20.
		Closing: statement.Closing{Outstanding: 191, Free: 37 + 42 + 20 + 13, Pending: 40, Held: 15, Suspense: 10, Inbox: 10, Lapsed: 4, Debt: 3},
		// 62 at a half are 31; 52, 40 and 33 at a third are 41 2/3; the 4 lapsed ones are worth nothing.
		Liability: 73,
		Terms: []statement.TermsLine{
			{Version: 1, Value: half, Outstanding: 66, Lapsed: 4, Liability: 31},
			{Version: 2, Value: third, Outstanding: 125, Liability: 42}, // 73 - 31.
		},
		Funding: []statement.FundingLine{
			{
				Flows:       statement.Flows{Accrued: 40, Restored: 4, AdjustedUp: 7, Received: 6, Sent: 6, Redeemed: 10, Recovered: 12, AdjustedDown: 3, Expired: 5, Forfeited: 1},
				Outstanding: 139, Pending: 40, Liability: 55, // 62/2 + 73/3 = 55 1/3.
			},
			{Funding: spring, Flows: statement.Flows{Accrued: 39, Deposited: 13}, Outstanding: 52, Liability: 18}, // 73 - 55.
		},
		Expiry: []statement.ExpiryLine{
			{Month: "2024-01", Outstanding: 4},
			{Month: "2024-02", Outstanding: 62, Liability: 31},
			{Month: "2024-05", Outstanding: 20, Liability: 7},               // 37 2/3, rounded, - 31.
			{Month: "2024-12", Outstanding: 92, Pending: 40, Liability: 30}, // 68 1/3, rounded, - 38.
			{Outstanding: 13, Liability: 5},                                 // 73 - 68.
		},
		Cohorts: []statement.Cohort{
			{Month: "2024-01", Flows: statement.Flows{Accrued: 9, Expired: 5}, Outstanding: 4, Breakage: statement.Share{Part: 5, Whole: 5}},
			{
				Month: "2024-02", Flows: statement.Flows{Accrued: 100, Restored: 4, Received: 6, Sent: 6, Redeemed: 30, Recovered: 12},
				Outstanding: 62, Breakage: statement.Share{Part: 0, Whole: 26},
			},
			{Month: "2024-12", Flows: statement.Flows{Accrued: 79, Deposited: 13}, Outstanding: 92},
			{Flows: statement.Flows{Accrued: 30, AdjustedUp: 7, AdjustedDown: 3, Forfeited: 1}, Outstanding: 33, Breakage: statement.Share{Part: 1, Whole: 1}},
		},
	}
	if got := mustOf(t, small()); !reflect.DeepEqual(got, want) {
		a, _ := json.MarshalIndent(got, "", " ")
		b, _ := json.MarshalIndent(want, "", " ")
		t.Errorf("got\n%s\nwant\n%s", a, b)
	}
}

func TestStatementOfNothingHasItsTables(t *testing.T) {
	st := mustOf(t, &statement.Book{Programme: "hotel", Currency: "EUR", Day: on("2024-02-29"), Totals: &statement.Totals{}})
	raw, err := json.Marshal(struct {
		From                            quantity.Day
		Terms, Funding, Expiry, Cohorts any
	}{st.From, st.Terms, st.Funding, st.Expiry, st.Cohorts})
	if want := `{"From":"1970-01-01","Terms":[],"Funding":[],"Expiry":[],"Cohorts":[]}`; err != nil || string(raw) != want {
		t.Errorf("%s, %v", raw, err)
	}
}

func TestAPeriodHasItsFirstAndItsLastDay(t *testing.T) {
	cases := []struct {
		name, from, day        string
		opening, accrued, owed quantity.Points
	}{
		{"from the beginning", "1970-01-01", "2024-02-29", 0, 30, 0},
		{"all of it", "2024-02-01", "2024-02-29", 0, 30, 0},
		{"without the first day", "2024-02-02", "2024-02-29", 10, 20, 1},
		{"the last day", "2024-02-29", "2024-02-29", 10, 20, 1},
		{"after it", "2024-03-01", "2024-03-31", 30, 0, 3},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			st := mustOf(t, &statement.Book{
				From: on(c.from), Day: on(c.day),
				Moves:    []statement.Move{move("2024-02-01", lots.Accrued, undated, 10), move("2024-02-29", lots.Accrued, undated, 20)},
				Debts:    []statement.Debt{{Day: on("2024-02-01"), Cause: lots.Adjusted, Points: 1}, {Day: on("2024-02-29"), Cause: lots.Recovered, Points: 2}},
				Holdings: []statement.Holding{lies(statement.Account, undated, 30)},
			})
			if st.Opening != (statement.Opening{Outstanding: c.opening, Debt: c.owed}) || st.Flows != (statement.Flows{Accrued: c.accrued}) || st.Closing.Debt != 3 {
				t.Errorf("opening %+v, flows %+v, closing %+v", st.Opening, st.Flows, st.Closing)
			}
		})
	}
}

func TestEveryPointLiesInOnePart(t *testing.T) {
	const today = "2024-02-29"
	cases := []struct {
		name  string
		place statement.Place
		from  string // Empty for free.
		gone  string // Empty for never.
		want  statement.Closing
	}{
		{"free", statement.Account, "", "", statement.Closing{Free: 7}},
		{"free from today", statement.Account, today, "", statement.Closing{Free: 7}},
		{"free from tomorrow", statement.Account, "2024-03-01", "", statement.Closing{Pending: 7}},
		{"the last day", statement.Account, "", "2024-03-01", statement.Closing{Free: 7}},
		{"gone today", statement.Account, "", today, statement.Closing{Lapsed: 7}},
		{"gone before it was free", statement.Account, "2024-03-01", today, statement.Closing{Lapsed: 7}},
		{"held", statement.Hold, "", "", statement.Closing{Held: 7}},
		{"held, gone today", statement.Hold, "", today, statement.Closing{Held: 7}},
		{"in suspense", statement.Suspense, "", "", statement.Closing{Suspense: 7}},
		{"in suspense, not free yet", statement.Suspense, "2024-03-01", "", statement.Closing{Suspense: 7}},
		{"in suspense, gone today", statement.Suspense, "", today, statement.Closing{Lapsed: 7}},
		{"in the inbox", statement.Inbox, "2024-03-01", "", statement.Closing{Inbox: 7}},
		{"in the inbox, gone today", statement.Inbox, "", today, statement.Closing{Lapsed: 7}},
	}
	for _, c := range cases {
		for _, kind := range []string{"by date", "by inactivity"} {
			t.Run(c.name+" "+kind, func(t *testing.T) {
				key := lots.Key{Terms: 1}
				h := statement.Holding{Lot: lot(key, 7), Place: c.place}
				if c.from != "" {
					h.From = on(c.from)
				}
				if c.gone != "" {
					h.Gone = on(c.gone)
				}
				if kind == "by date" {
					h.Expiry = h.Gone
				}
				came := lots.Accrued
				if c.place == statement.Inbox {
					came = lots.Deposited
				}
				b := &statement.Book{Day: on(today), Holdings: []statement.Holding{h}, Moves: []statement.Move{move("2024-01-01", came, h.Key, 7)}}
				if c.place == statement.Hold {
					b.Moves = append(b.Moves, move("2024-01-02", lots.Pinned, h.Key, -7))
				}
				c.want.Outstanding = 7
				st := mustOf(t, b)
				if st.Closing != c.want {
					t.Errorf("got %+v", st.Closing)
				}
				if worth := st.Liability != 0; worth != (c.want.Lapsed == 0) {
					t.Errorf("liability is %d", st.Liability)
				}
			})
		}
	}
}

func TestAMonthIsThatOfTheLastDay(t *testing.T) {
	cases := []struct{ gone, month string }{
		{"2024-03-01", "2024-02"}, {"2024-02-29", "2024-02"}, {"2024-03-02", "2024-03"}, {"2025-01-01", "2024-12"}, {"9999-12-31", "9999-12"},
	}
	for _, c := range cases {
		t.Run(c.gone, func(t *testing.T) {
			key := lots.Key{Expiry: on(c.gone), Terms: 1}
			st := mustOf(t, &statement.Book{
				Day: on("2024-01-31"), Moves: []statement.Move{move("2024-01-31", lots.Accrued, key, 1)}, Holdings: []statement.Holding{lies(statement.Account, key, 1)},
			})
			if len(st.Expiry) != 1 || st.Expiry[0].Month != c.month || len(st.Cohorts) != 1 || st.Cohorts[0].Month != c.month {
				t.Errorf("expiry %+v, cohorts %+v", st.Expiry, st.Cohorts)
			}
		})
	}
}

func TestCohortsTellTheFateOfAMonth(t *testing.T) {
	june, july := lots.Key{Expiry: on("2024-07-01"), Terms: 1}, lots.Key{Expiry: on("2024-08-01"), Terms: 1}
	cases := []struct {
		name     string
		moves    []statement.Move
		holdings []statement.Holding
		want     []statement.Cohort
	}{
		{
			"used, lost and left",
			[]statement.Move{
				move("2024-01-01", lots.Accrued, june, 100), move("2024-02-01", lots.Redeemed, june, -30), move("2024-02-02", lots.Restored, june, 10),
				move("2024-03-01", lots.Forfeited, june, -5), move("2024-07-01", lots.Expired, june, -15),
			},
			[]statement.Holding{lies(statement.Account, june, 60)},
			[]statement.Cohort{{
				Month: "2024-06", Flows: statement.Flows{Accrued: 100, Redeemed: 30, Restored: 10, Forfeited: 5, Expired: 15},
				Outstanding: 60, Breakage: statement.Share{Part: 20, Whole: 40},
			}},
		},
		{
			"merged into a later month",
			[]statement.Move{move("2024-01-01", lots.Accrued, june, 3), move("2024-02-01", lots.Accrued, july, 4)},
			[]statement.Holding{lies(statement.Account, july, 7)},
			[]statement.Cohort{
				{Month: "2024-06", Flows: statement.Flows{Accrued: 3}, Moved: -3},
				{Month: "2024-07", Flows: statement.Flows{Accrued: 4}, Moved: 3, Outstanding: 7},
			},
		},
		{
			"in a month that no move names",
			[]statement.Move{move("2024-01-01", lots.Accrued, june, 3)},
			[]statement.Holding{lies(statement.Account, july, 3)},
			[]statement.Cohort{{Month: "2024-06", Flows: statement.Flows{Accrued: 3}, Moved: -3}, {Month: "2024-07", Moved: 3, Outstanding: 3}},
		},
		{
			"given back with a grace period",
			[]statement.Move{
				move("2024-01-01", lots.Accrued, june, 3), move("2024-02-01", lots.Redeemed, june, -3), move("2024-07-05", lots.Restored, july, 3),
			},
			[]statement.Holding{lies(statement.Account, july, 3)},
			[]statement.Cohort{
				{Month: "2024-06", Flows: statement.Flows{Accrued: 3, Redeemed: 3}, Breakage: statement.Share{Part: 0, Whole: 3}},
				{Month: "2024-07", Flows: statement.Flows{Restored: 3}, Outstanding: 3},
			},
		},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			st := mustOf(t, &statement.Book{From: on("2024-07-01"), Day: on("2024-07-31"), Moves: c.moves, Holdings: c.holdings})
			if !reflect.DeepEqual(st.Cohorts, c.want) {
				t.Errorf("got %+v", st.Cohorts)
			}
		})
	}
}

func TestLiabilitiesOfLinesAddUpToTheWhole(t *testing.T) {
	ratio := func(num, den int64) quantity.Ratio { return quantity.Ratio{Num: num, Den: den} }
	cases := []struct {
		name   string
		points []quantity.Points // Of terms 1, 2, ...
		values []quantity.Ratio
		lines  []int64
		whole  int64
	}{
		{"exact", []quantity.Points{10, 20}, []quantity.Ratio{ratio(1, 2), ratio(3, 1)}, []int64{5, 60}, 65},
		{"half to even, down", []quantity.Points{1}, []quantity.Ratio{ratio(1, 2)}, []int64{0}, 0},
		{"half to even, up", []quantity.Points{3}, []quantity.Ratio{ratio(1, 2)}, []int64{2}, 2},
		{"just over a half", []quantity.Points{501}, []quantity.Ratio{ratio(1, 1000)}, []int64{1}, 1},
		{"just under a half", []quantity.Points{499}, []quantity.Ratio{ratio(1, 1000)}, []int64{0}, 0},
		{"thirds", []quantity.Points{1, 1, 1}, []quantity.Ratio{ratio(1, 3), ratio(1, 3), ratio(1, 3)}, []int64{0, 1, 0}, 1},
		{"halves", []quantity.Points{1, 1, 1, 1}, []quantity.Ratio{ratio(1, 2), ratio(1, 2), ratio(1, 2), ratio(1, 2)}, []int64{0, 1, 1, 0}, 2},
		{"worth nothing", []quantity.Points{7, 1}, []quantity.Ratio{ratio(0, 1), ratio(1, 1)}, []int64{0, 1}, 1},
		{"largest", []quantity.Points{quantity.MaxPoints}, []quantity.Ratio{ratio(1, 1)}, []int64{quantity.MaxMinor}, quantity.MaxMinor},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			b := &statement.Book{Day: on("2024-02-29")}
			for i, points := range c.points {
				key := lots.Key{Terms: i + 1}
				b.Moves = append(b.Moves, move("2024-01-01", lots.Accrued, key, points))
				b.Holdings = append(b.Holdings, lies(statement.Account, key, points))
			}
			st, err := statement.Of(b, func(version int) (quantity.Ratio, bool) { return c.values[version-1], true })
			wantCode(t, err, fault.OK)
			var lines []int64
			for _, line := range st.Terms {
				lines = append(lines, line.Liability)
			}
			if !reflect.DeepEqual(lines, c.lines) || st.Liability != c.whole {
				t.Errorf("lines %v, whole %d", lines, st.Liability)
			}
		})
	}
}

func TestWhatCantBeIsRefused(t *testing.T) {
	accrued := func(key lots.Key, points quantity.Points) *statement.Book {
		return &statement.Book{
			Day: on("2024-02-29"), Moves: []statement.Move{move("2024-01-01", lots.Accrued, key, points)}, Holdings: []statement.Holding{lies(statement.Account, key, points)},
		}
	}
	add := func(m statement.Move) func(*statement.Book) {
		return func(b *statement.Book) { b.Moves = append(b.Moves, m) }
	}
	owe := func(cause lots.Cause, points quantity.Points) func(*statement.Book) {
		return func(b *statement.Book) {
			b.Debts = append(b.Debts, statement.Debt{Day: b.Day, Cause: cause, Points: points})
		}
	}
	const day = "2024-02-02"
	cases := []struct {
		name   string
		change func(*statement.Book)
		code   fault.Code
	}{
		{"as it is", func(*statement.Book) {}, fault.OK},
		{"a period that ends before it begins", func(b *statement.Book) { b.From = b.Day + 1 }, fault.InvalidValue},
		{"a move after the period", add(move("2024-03-01", lots.Accrued, undated, 1)), fault.InvalidValue},
		{"a pin after the period", add(move("2024-03-01", lots.Pinned, undated, -1)), fault.InvalidValue},
		{"a debt after the period", func(b *statement.Book) { b.Debts[0].Day = b.Day + 1 }, fault.InvalidValue},
		{"a move of nothing", add(move(day, lots.Accrued, undated, 0)), fault.InvalidValue},
		{"a negative accrual", add(move(day, lots.Accrued, undated, -1)), fault.InvalidValue},
		{"a negative restoration", add(move(day, lots.Restored, undated, -1)), fault.InvalidValue},
		{"a negative receipt", add(move(day, lots.Received, undated, -1)), fault.InvalidValue},
		{"a positive redemption", add(move(day, lots.Redeemed, undated, 1)), fault.InvalidValue},
		{"a positive capture", add(move(day, lots.Captured, undated, 1)), fault.InvalidValue},
		{"a positive sending", add(move(day, lots.Sent, undated, 1)), fault.InvalidValue},
		{"a positive delivery", add(move(day, lots.Delivered, undated, 1)), fault.InvalidValue},
		{"a positive recovery", add(move(day, lots.Recovered, undated, 1)), fault.InvalidValue},
		{"a positive expiry", add(move(day, lots.Expired, undated, 1)), fault.InvalidValue},
		{"a positive forfeiture", add(move(day, lots.Forfeited, undated, 1)), fault.InvalidValue},
		{"a positive pin", add(move(day, lots.Pinned, undated, 1)), fault.InvalidValue},
		{"a negative release", add(move(day, lots.Released, undated, -1)), fault.InvalidValue},
		{"a pin of nothing", add(move(day, lots.Pinned, undated, 0)), fault.InvalidValue},
		{"an unknown cause", add(move(day, "lost", undated, 1)), fault.InvalidValue},
		{"an unknown place", func(b *statement.Book) { b.Holdings[0].Place = "pocket" }, fault.InvalidValue},
		{"an empty lot", func(b *statement.Book) { b.Holdings[0].Points = 0 }, fault.InvalidValue},
		{"a lot below zero", func(b *statement.Book) { b.Holdings[0].Points = -4 }, fault.InvalidValue},
		{"a dated lot that is gone on another day", func(b *statement.Book) { b.Holdings[1].Gone++ }, fault.InvalidValue},
		{"a dated lot that is never gone", func(b *statement.Book) { b.Holdings[1].Gone = 0 }, fault.InvalidValue},
		{"a debt of nothing", owe(lots.Recovered, 0), fault.InvalidValue},
		{"a debt by accrual", owe(lots.Accrued, 1), fault.InvalidValue},
		{"a debt by expiry", owe(lots.Expired, 1), fault.InvalidValue},
		{"a repayment by recovery", owe(lots.Recovered, -1), fault.InvalidValue},
		{"a repayment by redemption", owe(lots.Redeemed, -1), fault.InvalidValue},
		{"a value that is no ratio", func(b *statement.Book) { *b = *accrued(lots.Key{Terms: 4}, 1) }, fault.InvalidValue},
		{"terms without a value", func(b *statement.Book) { *b = *accrued(lots.Key{Terms: 5}, 1) }, fault.NotFound},
		{"a value that is too large", func(b *statement.Book) { *b = *accrued(lots.Key{Terms: 6}, quantity.MaxPoints) }, fault.OutOfRange},
		{"points over the most", func(b *statement.Book) { *b = *accrued(undated, quantity.MaxPoints+1) }, fault.OutOfRange},
		{"a pin over the most", func(b *statement.Book) {
			b.Moves = append(b.Moves, move(day, lots.Released, undated, 10), move(day, lots.Pinned, undated, -quantity.MaxPoints-6))
		}, fault.OutOfRange},
		{"sums over the most", func(b *statement.Book) {
			*b = *accrued(undated, quantity.MaxPoints)
			b.Moves = append(b.Moves, move(day, lots.Accrued, campaign, 1))
			b.Holdings = append(b.Holdings, lies(statement.Account, campaign, 1))
		}, fault.OutOfRange},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			b := small()
			c.change(b)
			st, err := statement.Of(b, func(version int) (quantity.Ratio, bool) {
				switch version {
				case 4:
					return quantity.Ratio{Num: 1}, true
				case 6:
					return quantity.Ratio{Num: 2, Den: 1}, true
				default:
					return values(version)
				}
			})
			wantCode(t, err, c.code)
			if err != nil && st != nil {
				t.Error("a refused book has a statement")
			}
		})
	}
}
