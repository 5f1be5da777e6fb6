package reports_test

import (
	"context"
	"encoding/csv"
	"encoding/json"
	"maps"
	"math/big"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tallystick/tallystick/chaincode/clearing"
	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/lots"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/quantity"
	"github.com/tallystick/tallystick/chaincode/terms"
	"github.com/tallystick/tallystick/gateway/reports"
)

// TestSupplyIsWhatTheLedgersAccountsHold adds up the ledger's accounts and inboxes, lot by lot, instead of what receipts moved.
func TestSupplyIsWhatTheLedgersAccountsHold(t *testing.T) {
	m := newMarket(t)
	r, err := reports.MakeSupply(t.Context(), m.follow("airline"))
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Programmes) != 3 || r.AsOf.Block != m.Height()-1 || r.Genesis != m.Genesis {
		t.Fatalf("%+v", r)
	}
	for _, p := range r.Programmes {
		programme := m.programme(p.Programme)
		var outstanding, held, debt quantity.Points
		worth := new(big.Rat)
		count := func(a *points.Account, list []lots.Lot) {
			for _, l := range list {
				outstanding += l.Points
				if gone := programme.ExpiryOf(a, l); gone != 0 && gone <= programme.BusinessDate {
					continue
				}
				v := terms.Find(programme.Terms, l.Terms).Value
				worth.Add(worth, new(big.Rat).Mul(big.NewRat(v.Num, v.Den), big.NewRat(int64(l.Points), 1)))
			}
		}
		for _, a := range m.accounts(p.Programme) {
			count(&a, a.Lots)
			count(&a, a.Suspense)
			for _, h := range a.Holds {
				count(&points.Account{Active: quantity.LastDay}, h.Lots)
			}
			held, debt = held+a.Held, debt+a.Debt
		}
		for _, receipt := range m.receipts(p.Programme) { // Nothing was folded: all that was deposited waits.
			if receipt.Kind.Blind() && receipt.Outcome == points.Accepted {
				for _, move := range receipt.Moves {
					count(&points.Account{Active: quantity.LastDay}, []lots.Lot{move.Lot})
				}
			}
		}
		exact, _ := worth.Float64()
		if p.Outstanding != outstanding || p.Held != held || p.Debt != debt || float64(p.Liability)-exact > 0.5 || exact-float64(p.Liability) > 0.5 {
			t.Errorf("%s: %+v; the accounts have %d, held %d, debt %d, worth %v", p.Programme, p, outstanding, held, debt, exact)
		}
		if p.Free+p.Pending+p.Held+p.Suspense+p.Inbox+p.Lapsed != p.Outstanding || p.Coverage == nil && p.Liability != 0 || p.Reserve != 0 {
			t.Errorf("%s: its parts don't add up: %+v", p.Programme, p)
		}
	}
	var sum int64
	for _, p := range r.Programmes {
		sum += p.Liability
	}
	if len(r.Currencies) != 1 || r.Currencies[0].Liability != sum {
		t.Errorf("%+v, want %d", r.Currencies, sum)
	}
}

func TestConcentrationIsRecomputedFromReceiptsAndAccounts(t *testing.T) {
	m := newMarket(t)
	r, err := reports.MakeConcentration(t.Context(), m.follow("airline"), reports.Always)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range r.Accounts {
		var amounts []int64
		for _, a := range m.accounts(c.Programme) {
			if total, err := a.Total(); err == nil && total > 0 {
				amounts = append(amounts, int64(total))
			}
		}
		check(t, c.Programme+" accounts", c.Distribution, amounts)
	}
	taken := map[string]map[string]int64{}
	for _, name := range m.consortiumNames {
		taken[name] = map[string]int64{}
		for _, receipt := range m.receipts(name) {
			if receipt.Outcome == points.Accepted && (receipt.Kind == points.KindRedeem || receipt.Kind == points.KindCapture) {
				who := receipt.Partner
				if who == "" {
					who = name
				}
				taken[name][who+"/"+receipt.Shop] += int64(receipt.Points)
			}
		}
	}
	for _, c := range r.Merchants {
		check(t, c.Programme+" merchants", c.Distribution, slices.Collect(maps.Values(taken[c.Programme])))
		for _, one := range c.Merchants {
			if taken[c.Programme][one.Brand+"/"+one.Shop] != int64(one.Points) {
				t.Errorf("%s: %+v, want %v", c.Programme, one, taken[c.Programme])
			}
		}
	}
	if merchants := r.Merchants[1].Merchants; len(merchants) != 1 || merchants[0].Brand != "hotel" || merchants[0].Points != 331 || merchants[0].Share != 10_000 || r.Merchants[1].Index != 10_000 {
		t.Errorf("the grocer's points were all taken at the hotel: %+v", r.Merchants[1])
	}
	if len(r.Currencies) != 1 || r.Currencies[0].Holders != 3 || r.Currencies[0].Programmes[0].Liability < r.Currencies[0].Programmes[2].Liability {
		t.Errorf("%+v", r.Currencies)
	}
	if none, err := reports.MakeConcentration(t.Context(), m.follow("airline"), reports.Period{From: 1, To: 2}); err != nil || none.Merchants[1].Sum != 0 || none.Merchants[1].Index != 0 {
		t.Errorf("%v, %+v", err, none.Merchants)
	}
}

// check compares a distribution with one made in another way: with rational shares, one holder after the other.
func check(t *testing.T, what string, d reports.Distribution, amounts []int64) {
	t.Helper()
	slices.Sort(amounts)
	slices.Reverse(amounts)
	var sum, first, ten int64
	for i, a := range amounts {
		sum += a
		if i < 1 {
			first += a
		}
		if i < 10 {
			ten += a
		}
	}
	index := new(big.Rat)
	for _, a := range amounts {
		share := big.NewRat(a*100, max(sum, 1)) // Per cent.
		index.Add(index, share.Mul(share, share))
	}
	exact, _ := index.Float64()
	if d.Sum != sum || d.Holders != len(amounts) || d.Largest[0].Amount != first || d.Largest[1].Amount != ten || float64(d.Index)-exact > 0.5 || exact-float64(d.Index) > 0.5 {
		t.Errorf("%s: %+v, want sum %d of %d, largest %d, ten largest %d, index %v", what, d, sum, len(amounts), first, ten, exact)
	}
}

func TestFlowsBetweenBrandsAreRecomputedFromReceiptsAndLines(t *testing.T) {
	m := newMarket(t)
	r, err := reports.MakeFlows(t.Context(), m.follow("regulator"), reports.Always)
	if err != nil {
		t.Fatal(err)
	}
	type flow struct{ programme, activity string }
	want := map[flow][3]int64{}
	for _, name := range m.consortiumNames {
		for _, receipt := range m.receipts(name) {
			if receipt.Partner == "" || receipt.Outcome != points.Accepted {
				continue
			}
			at := flow{name, string(receipt.Kind)}
			if receipt.Kind == points.KindReturn {
				at.activity = "restored" // All that is returned here is a redemption.
			}
			sum := want[at]
			want[at] = [3]int64{sum[0] + 1, sum[1] + int64(receipt.Points), sum[2] + int64(receipt.PartnerPoints)}
		}
	}
	got := map[flow][3]int64{}
	for _, p := range r.Points {
		got[flow{p.Programme, p.Activity}] = [3]int64{p.Operations, int64(p.Points), int64(p.Given)}
	}
	if !reflect.DeepEqual(got, want) || len(want) != 5 {
		t.Errorf("got  %v\nwant %v", got, want)
	}
	var booked, stated quantity.Micro
	for _, l := range m.lines() {
		for _, o := range l.Obligations {
			if o.Debtor != "" {
				booked += o.Micro
			}
		}
	}
	windows := map[int64]bool{}
	for _, o := range r.Owed {
		stated += o.Micro
		windows[o.Window] = true
	}
	if stated != booked || len(windows) != 2 {
		t.Errorf("%d are stated in %v, the lines have %d", stated, windows, booked)
	}
	var tallied quantity.Micro
	for _, lane := range m.pair.Disclosure(m.firstWindow).Values {
		tallied += lane.Net
	}
	if len(r.Disclosed) != 1 || r.Disclosed[0].Micro != tallied || r.Disclosed[0].Window != m.firstWindow {
		t.Errorf("%+v, want %d", r.Disclosed, tallied)
	}
	if !slices.Equal(r.Held, []clearing.Pair{pairOf("grocer", "hotel")}) {
		t.Errorf("held: %v", r.Held)
	}
}

// TestAReaderSeesOfMoneyWhatItHolds: the airline is in no pair, so it has what everybody sees and says of which pairs it has more.
func TestAReaderSeesOfMoneyWhatItHolds(t *testing.T) {
	m := newMarket(t)
	airline, err := reports.MakeFlows(t.Context(), m.follow("airline"), reports.Always)
	if err != nil {
		t.Fatal(err)
	}
	regulator, err := reports.MakeFlows(t.Context(), m.follow("regulator"), reports.Always)
	if err != nil {
		t.Fatal(err)
	}
	if len(airline.Owed) != 0 || len(airline.Held) != 0 || len(regulator.Owed) == 0 {
		t.Errorf("the airline is told %+v of %v", airline.Owed, airline.Held)
	}
	if !reflect.DeepEqual(airline.Points, regulator.Points) || !reflect.DeepEqual(airline.Disclosed, regulator.Disclosed) {
		t.Errorf("what everybody sees differs:\n%+v\n%+v", airline, regulator)
	}
}

func TestAdjustmentsAreListedWithWhoApprovedThemAndWhy(t *testing.T) {
	m := newMarket(t)
	r, err := reports.MakeAdjustments(t.Context(), m.follow("hotel"), reports.Always, reports.Page{})
	if err != nil {
		t.Fatal(err)
	}
	var want []points.Receipt
	for _, receipt := range m.receipts("airline") {
		if receipt.Kind == points.KindAdjust {
			want = append(want, receipt)
		}
	}
	p := r.Programmes[0]
	if p.Programme != "airline" || len(p.Entries) != len(want) || len(want) < 3 {
		t.Fatalf("%d entries, the receipts are %d", len(p.Entries), len(want))
	}
	var up, taken, debt quantity.Points
	for i, receipt := range want {
		e := p.Entries[i]
		if e.Operation != receipt.Operation || e.Points != receipt.Points || e.Reason != receipt.Reason || e.Approver != receipt.Approver || e.DebtIncurred != receipt.DebtIncurred {
			t.Errorf("%+v, the receipt is %+v", e, receipt)
		}
		if e.Reason == "" || e.Approver == "" || e.Approver == "AirlineMSP" || e.ApprovedAt == "" {
			t.Errorf("it doesn't say who approved it, when and why: %+v", e)
		}
		if receipt.Points > 0 {
			up += receipt.Points
		} else {
			taken += -receipt.Points - receipt.DebtIncurred
		}
		debt += receipt.DebtIncurred
	}
	if p.Up != up || p.Down != taken || p.Debt != debt || debt == 0 {
		t.Errorf("%d up, %d down, debt %d; the receipts give %d, %d and %d", p.Up, p.Down, p.Debt, up, taken, debt)
	}
	if none, err := reports.MakeAdjustments(t.Context(), m.follow("hotel"), reports.Period{From: 1, To: 2}, reports.Page{}); err != nil || len(none.Programmes[0].Entries) != 0 {
		t.Errorf("%v, %+v", err, none)
	}
}

func TestTheLimitedNetworksVolumeIsRecomputedFromReceipts(t *testing.T) {
	m := newMarket(t)
	rates := &reports.Rates{Source: "central bank's reference rates", AsOf: "2026-01-02", Euro: map[string]quantity.Ratio{"GBP": {Num: 117, Den: 100}}}
	r, err := reports.MakeLimitedNetwork(t.Context(), m.follow("regulator"), rates, quantity.LastDay)
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range r.Programmes {
		programme := m.programme(v.Programme)
		from := programme.BusinessDate.AddMonths(-12) + 1
		if v.Period.From != from || v.Period.To != programme.BusinessDate {
			t.Errorf("%s: the period is %+v", v.Programme, v.Period)
		}
		sums, worth, partners, back := map[string]quantity.Points{}, new(big.Rat), quantity.Points(0), quantity.Points(0)
		all := m.receipts(v.Programme)
		for _, receipt := range all {
			if receipt.BusinessDate < from || receipt.Outcome != points.Accepted {
				continue
			}
			if given := returned(all, &receipt); len(given) > 0 {
				back += receipt.Points
				sums["redeemed"] -= receipt.Points
				if receipt.Partner != "" {
					partners -= receipt.Points
				}
				for _, version := range given {
					value := terms.Find(programme.Terms, version).Value
					worth.Sub(worth, big.NewRat(value.Num, value.Den))
				}
			}
			if receipt.Partner != "" && receipt.Kind.Redeems() {
				partners += receipt.Points
			}
			for _, move := range slices.Concat(receipt.Moves, receipt.ToMoves) {
				group := map[lots.Cause]string{
					lots.Redeemed: "redeemed", lots.Captured: "redeemed", lots.Swapped: "swapped", lots.Sent: "transferred", lots.Delivered: "transferred",
				}[move.Cause]
				if group == "" {
					continue
				}
				sums[group] -= move.Points
				value := terms.Find(programme.Terms, move.Terms).Value
				worth.Add(worth, new(big.Rat).Mul(big.NewRat(value.Num, value.Den), big.NewRat(-int64(move.Points), 1)))
			}
		}
		minor, _ := worth.Float64()
		if v.Redeemed.Points != sums["redeemed"] || v.Swapped.Points != sums["swapped"] || v.Transferred.Points != sums["transferred"] || v.AtPartners != partners || v.Returned.Points != back || back == 0 && v.Programme != "hotel" {
			t.Errorf("%s: %+v, the receipts give %v and %d at partners", v.Programme, v, sums, partners)
		}
		if float64(v.Total.Minor)-minor > 0.5 || minor-float64(v.Total.Minor) > 0.5 || float64(*v.Euro) < minor*1.17-0.001 || float64(*v.Euro) > minor*1.17+1 {
			t.Errorf("%s: %d minor units and %d cents, the receipts give %v", v.Programme, v.Total.Minor, *v.Euro, minor)
		}
		if *v.Exceeded != (*v.Euro > r.Threshold) || *v.Share != *v.Euro*10_000/r.Threshold {
			t.Errorf("%s: exceeded %v, share %d of %d cents", v.Programme, *v.Exceeded, *v.Share, *v.Euro)
		}
	}
	if airline := r.Programmes[0]; airline.Redeemed.Points == 0 || airline.Transferred.Points == 0 {
		t.Errorf("%+v", airline)
	}
	without, err := reports.MakeLimitedNetwork(t.Context(), m.follow("regulator"), &reports.Rates{}, quantity.LastDay)
	if err != nil || without.Programmes[0].Euro != nil || without.Programmes[0].Exceeded != nil || without.Programmes[0].Total.Minor != r.Programmes[0].Total.Minor {
		t.Errorf("%v, %+v", err, without)
	}
}

// returned are the versions of the terms of each point that a receipt gives back of a redemption; nothing when it gives nothing back.
func returned(all []points.Receipt, r *points.Receipt) (given []int) {
	if r.Kind != points.KindReturn || r.Original == "" {
		return nil
	}
	for _, original := range all {
		if original.Operation != r.Original || !original.Kind.Redeems() {
			continue
		}
		for _, move := range original.Moves {
			for range -move.Points {
				given = append(given, move.Terms)
			}
		}
	}
	if len(given) == 0 {
		return nil
	}
	return given[len(given)-int(r.Points):]
}

func TestRatesThatCannotBeAreRefused(t *testing.T) {
	good := reports.Rates{Source: "s", AsOf: "2026-01-02", Euro: map[string]quantity.Ratio{"GBP": {Num: 117, Den: 100}}}
	if err := good.Valid(); err != nil {
		t.Error(err)
	}
	for name, change := range map[string]func(r *reports.Rates){
		"no source": func(r *reports.Rates) { r.Source = "" },
		"no day":    func(r *reports.Rates) { r.AsOf = "today" },
		"nothing":   func(r *reports.Rates) { r.Euro = map[string]quantity.Ratio{"GBP": {Num: 0, Den: 1}} },
		"by zero":   func(r *reports.Rates) { r.Euro = map[string]quantity.Ratio{"GBP": {Num: 1, Den: 0}} },
	} {
		bad := good
		change(&bad)
		if err := bad.Valid(); fault.CodeOf(err) != fault.InvalidValue {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestEveryReportSaysWhatItIsMadeOfAndIsTheSameForAll: the same blocks give the same report at every member, but for what a member doesn't hold.
func TestEveryReportSaysWhatItIsMadeOfAndIsTheSameForAll(t *testing.T) {
	m := newMarket(t)
	one, two := m.follow("airline"), m.follow("regulator")
	last, err := m.Block(m.Height() - 1).Decode()
	if err != nil {
		t.Fatal(err)
	}
	for name, build := range map[string]func(r reports.Reader) (reports.Table, error){
		"supply": func(r reports.Reader) (reports.Table, error) { return reports.MakeSupply(t.Context(), r) },
		"concentration": func(r reports.Reader) (reports.Table, error) {
			return reports.MakeConcentration(t.Context(), r, reports.Always)
		},
		"consents": func(r reports.Reader) (reports.Table, error) { return reports.MakeConsents(t.Context(), r) },
		"adjustments": func(r reports.Reader) (reports.Table, error) {
			return reports.MakeAdjustments(t.Context(), r, reports.Always, reports.Page{})
		},
		"limited-network": func(r reports.Reader) (reports.Table, error) {
			return reports.MakeLimitedNetwork(t.Context(), r, &reports.Rates{}, quantity.LastDay)
		},
	} {
		t.Run(name, func(t *testing.T) {
			a, err := build(one)
			if err != nil {
				t.Fatal(err)
			}
			b, err := build(two)
			if err != nil {
				t.Fatal(err)
			}
			x, y := encoded(t, a), encoded(t, b)
			if x != y {
				t.Errorf("%s\n%s", x, y)
			}
			var header reports.Header
			if err := json.Unmarshal([]byte(x), &header); err != nil || string(header.Report) != name || header.AsOf.Block != last.Number || header.Genesis != m.Genesis {
				t.Errorf("%+v, %v", header, err)
			}
			if at, err := time.Parse(time.RFC3339, header.AsOf.Time); err != nil || at.Unix() < last.Transactions[0].Time {
				t.Errorf("the time is %s, the last block's %d", header.AsOf.Time, last.Transactions[0].Time)
			}
			var text strings.Builder
			if err := reports.WriteCSV(&text, a); err != nil {
				t.Fatal(err)
			}
			lines, err := csv.NewReader(strings.NewReader(text.String())).ReadAll()
			if err != nil || len(lines) < 2 || !containsAll(text.String(), "report,asOfBlock,asOfTime", header.AsOf.Time) {
				t.Errorf("%v\n%s", err, text.String())
			}
		})
	}
}

func encoded(t *testing.T, v any) string {
	t.Helper()
	raw, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

// TestAReportThatNobodyWaitsForEnds: the request has ended, so nothing is read any more.
func TestAReportThatNobodyWaitsForEnds(t *testing.T) {
	m := newMarket(t)
	r := m.follow("airline")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for _, name := range reports.Names() {
		if name == reports.NameAccesses {
			continue
		}
		if _, err := reports.Make(ctx, name, &reports.Sources{Reader: r}, reports.Always); err == nil {
			t.Errorf("%s is made", name)
		}
		if _, err := reports.Make(t.Context(), name, &reports.Sources{Reader: r}, reports.Always); err != nil {
			t.Errorf("%s afterwards: %v", name, err)
		}
	}
	if _, err := reports.Make(t.Context(), "profit", &reports.Sources{Reader: r}, reports.Always); fault.CodeOf(err) != fault.NotFound {
		t.Errorf("an unknown report: %v", err)
	}
}

func TestAPeriodThatEndsBeforeItBeginsIsRefused(t *testing.T) {
	backwards := reports.Period{From: 2, To: 1}
	m := newMarket(t)
	r := m.follow("hotel")
	for name, err := range map[string]error{
		"concentration": second(reports.MakeConcentration(t.Context(), r, backwards)),
		"flows":         second(reports.MakeFlows(t.Context(), r, backwards)),
		"adjustments":   second(reports.MakeAdjustments(t.Context(), r, backwards, reports.Page{})),
	} {
		if fault.CodeOf(err) != fault.InvalidValue {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func second[T any](_ T, err error) error { return err }
