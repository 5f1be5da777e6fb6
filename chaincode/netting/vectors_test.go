package netting_test

import (
	"slices"
	"testing"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/netting"
	"github.com/tallystick/tallystick/chaincode/quantity"
)

// payment is one queued payment of a published test: who pays whom how much. Its place in the list is its place in the queue.
type payment struct {
	from, to string
	amount   quantity.Minor
}

// queued turns a published queue into obligations: the nth payment comes from window n, so that order is the order of the queue.
func queued(list []payment) []netting.Obligation {
	obligations := make([]netting.Obligation, len(list))
	for i, p := range list {
		obligations[i] = netting.Obligation{Window: int64(i + 1), From: p.from, To: p.to, Amount: p.amount}
	}
	return obligations
}

// covers gives members A, B, C and so on their opening balances.
func covers(balances []quantity.Minor) []netting.Cover {
	list := make([]netting.Cover, len(balances))
	for i, b := range balances {
		list[i] = netting.Cover{Member: string(rune('A' + i)), Amount: b}
	}
	return list
}

func windows(list []netting.Obligation) []int64 {
	numbers := make([]int64, len(list))
	for i, o := range list {
		numbers[i] = o.Window
	}
	return numbers
}

// closing adds what members had and what they received.
func closing(opening []quantity.Minor, positions []netting.Position) []quantity.Minor {
	balances := slices.Clone(opening)
	for i, p := range positions {
		balances[i] += p.Net
	}
	return balances
}

// ubin holds all 24 functional tests of gridlock resolution from Project Ubin, phase 2: "UbinPhase2-Testing", sections 2.1.1 to 2.7.4, published by the Monetary Authority
// of Singapore and The Association of Banks in Singapore in November 2017. Amounts are in thousands of dollars; what settles and how banks close is the report's Quorum column.
// S. Cao et al., "Decentralized Privacy-Preserving Netting Protocol on Blockchain for Payment Systems" (Financial Cryptography 2020), come to the same for 2.6.3.
var ubin = []struct {
	section string
	opening []quantity.Minor
	queue   []payment
	settled []int64
	closing []quantity.Minor
}{
	{"2.1.1", []quantity.Minor{0, 0}, []payment{{"B", "A", 2}, {"A", "B", 2}}, []int64{1, 2}, []quantity.Minor{0, 0}},
	{"2.1.2", []quantity.Minor{3, 4}, []payment{{"A", "B", 5}, {"B", "A", 6}}, []int64{1, 2}, []quantity.Minor{4, 3}},
	{
		"2.1.3",
		[]quantity.Minor{5, 6},
		[]payment{{"A", "B", 8}, {"B", "A", 10}, {"B", "A", 20}, {"A", "B", 17}},
		[]int64{1, 2, 3, 4},
		[]quantity.Minor{10, 1},
	},
	{
		"2.2.1",
		[]quantity.Minor{0, 0},
		[]payment{{"B", "A", 2}, {"B", "A", 3}, {"A", "B", 5}, {"B", "A", 2}},
		[]int64{1, 2, 3},
		[]quantity.Minor{0, 0},
	},
	{
		"2.2.2",
		[]quantity.Minor{10, 8},
		[]payment{{"A", "B", 20}, {"B", "A", 15}, {"A", "B", 30}, {"A", "B", 15}, {"B", "A", 80}},
		[]int64{1, 2},
		[]quantity.Minor{5, 13},
	},
	{
		"2.2.3",
		[]quantity.Minor{10, 8},
		[]payment{{"A", "B", 20}, {"B", "A", 15}, {"A", "B", 30}, {"B", "A", 12}, {"A", "B", 15}, {"B", "A", 80}},
		[]int64{1, 2, 4},
		[]quantity.Minor{17, 1},
	},
	{
		"2.3.1",
		[]quantity.Minor{0, 0, 0},
		[]payment{{"A", "C", 2}, {"B", "C", 3}, {"C", "B", 5}, {"B", "A", 2}},
		[]int64{1, 2, 3, 4},
		[]quantity.Minor{0, 0, 0},
	},
	{
		"2.3.2",
		[]quantity.Minor{3, 4, 5},
		[]payment{{"A", "B", 5}, {"A", "C", 6}, {"A", "B", 10}, {"B", "A", 25}, {"C", "B", 7}},
		[]int64{1, 2, 3, 4, 5},
		[]quantity.Minor{7, 1, 4},
	},
	{
		"2.3.3",
		[]quantity.Minor{3, 4, 5},
		[]payment{{"A", "B", 5}, {"B", "A", 7}, {"B", "C", 8}, {"C", "B", 7}},
		[]int64{1, 2, 3, 4},
		[]quantity.Minor{5, 1, 6},
	},
	{
		"2.4.1",
		[]quantity.Minor{5, 6, 7},
		[]payment{{"A", "B", 8}, {"B", "C", 7}, {"C", "A", 9}, {"A", "B", 20}},
		[]int64{1, 2, 3},
		[]quantity.Minor{6, 7, 5},
	},
	{
		"2.4.2",
		[]quantity.Minor{5, 6, 7},
		[]payment{{"A", "B", 8}, {"B", "C", 7}, {"C", "A", 9}, {"A", "B", 20}, {"B", "A", 7}, {"A", "B", 40}, {"B", "C", 80}, {"C", "B", 10}},
		[]int64{1, 2, 3, 5},
		[]quantity.Minor{13, 0, 5},
	},
	{
		"2.4.3",
		[]quantity.Minor{5, 6, 7},
		[]payment{
			{"A", "B", 8}, {"B", "C", 10}, {"B", "A", 7}, {"B", "A", 10}, {"C", "B", 12},
			{"A", "B", 9}, {"B", "A", 30}, {"C", "B", 50}, {"B", "A", 10}, {"A", "B", 80},
		},
		[]int64{1, 2, 3, 4, 5, 6},
		[]quantity.Minor{5, 8, 5},
	},
	{
		"2.4.4",
		[]quantity.Minor{5, 6, 7},
		[]payment{{"C", "B", 9}, {"B", "C", 8}, {"A", "B", 7}, {"B", "A", 20}},
		[]int64{1, 2},
		[]quantity.Minor{5, 7, 6},
	},
	{
		"2.5.1",
		[]quantity.Minor{3, 4, 5, 4, 3},
		[]payment{{"A", "B", 5}, {"B", "C", 6}, {"C", "D", 7}, {"D", "E", 8}, {"E", "A", 7}},
		[]int64{1, 2, 3, 4, 5},
		[]quantity.Minor{5, 3, 4, 3, 4},
	},
	{
		"2.5.2",
		[]quantity.Minor{0, 0, 0, 0, 0},
		[]payment{{"A", "B", 2}, {"B", "C", 3}, {"C", "D", 5}, {"D", "E", 6}, {"E", "A", 2}, {"E", "B", 1}, {"E", "C", 2}, {"E", "D", 1}},
		[]int64{1, 2, 3, 4, 5, 6, 7, 8},
		[]quantity.Minor{0, 0, 0, 0, 0},
	},
	{
		"2.5.3",
		[]quantity.Minor{3, 4, 5, 4, 3},
		[]payment{{"A", "B", 5}, {"B", "C", 6}, {"C", "A", 7}, {"A", "E", 8}, {"E", "D", 9}, {"D", "A", 10}},
		[]int64{1, 2, 3, 4, 5, 6},
		[]quantity.Minor{7, 3, 4, 3, 2},
	},
	{
		"2.5.4",
		[]quantity.Minor{3, 4, 5, 8, 3},
		[]payment{{"E", "A", 8}, {"E", "D", 9}, {"D", "E", 15}, {"A", "B", 14}, {"B", "C", 15}, {"C", "A", 10}},
		[]int64{1, 2, 3, 4, 5, 6},
		[]quantity.Minor{7, 3, 10, 2, 1},
	},
	{
		"2.6.1",
		[]quantity.Minor{3, 4, 5, 4, 3},
		[]payment{{"C", "B", 30}, {"D", "C", 20}, {"A", "B", 5}, {"B", "C", 6}, {"C", "D", 8}, {"D", "E", 7}, {"E", "A", 5}},
		[]int64{},
		[]quantity.Minor{3, 4, 5, 4, 3},
	},
	{
		"2.6.2",
		[]quantity.Minor{3, 4, 5, 4, 3},
		[]payment{{"A", "E", 8}, {"E", "D", 9}, {"D", "A", 10}, {"A", "B", 15}, {"B", "C", 6}, {"C", "A", 7}},
		[]int64{1, 2, 3},
		[]quantity.Minor{5, 4, 5, 3, 2},
	},
	{
		"2.6.3",
		[]quantity.Minor{3, 4, 5, 4, 3},
		[]payment{
			{"A", "B", 5}, {"B", "C", 6}, {"B", "C", 30}, {"C", "D", 8}, {"C", "E", 80},
			{"D", "E", 7}, {"A", "C", 6}, {"E", "A", 8}, {"E", "B", 100}, {"D", "A", 5},
		},
		[]int64{1, 2, 4, 6, 7, 8, 10},
		[]quantity.Minor{5, 3, 9, 0, 2},
	},
	{
		"2.7.1",
		[]quantity.Minor{3, 4, 5, 4, 3},
		[]payment{{"A", "B", 8}, {"B", "C", 10}, {"B", "D", 20}, {"C", "D", 30}, {"D", "A", 40}},
		[]int64{},
		[]quantity.Minor{3, 4, 5, 4, 3},
	},
	{
		"2.7.2",
		[]quantity.Minor{3, 4, 5, 4, 3},
		[]payment{{"E", "A", 8}, {"E", "D", 9}, {"D", "E", 15}, {"A", "B", 14}, {"B", "C", 15}, {"C", "A", 10}},
		[]int64{},
		[]quantity.Minor{3, 4, 5, 4, 3},
	},
	{
		"2.7.3",
		[]quantity.Minor{3, 4, 5, 4, 3},
		[]payment{{"A", "B", 15}, {"B", "C", 6}, {"C", "A", 7}, {"A", "E", 8}, {"E", "D", 9}, {"D", "A", 20}},
		[]int64{},
		[]quantity.Minor{3, 4, 5, 4, 3},
	},
	{
		"2.7.4",
		[]quantity.Minor{3, 4, 5, 4, 3},
		[]payment{{"A", "B", 30}, {"B", "C", 5}, {"C", "A", 6}, {"A", "E", 7}, {"E", "D", 4}, {"D", "A", 5}},
		[]int64{},
		[]quantity.Minor{3, 4, 5, 4, 3},
	},
}

func TestQueueSettlesWhatQuorumSettledInProjectUbin(t *testing.T) {
	for _, c := range ubin {
		t.Run(c.section, func(t *testing.T) {
			got, err := netting.Queue(queued(c.queue), covers(c.opening))
			wantCode(t, err, fault.OK)
			if !slices.Equal(windows(got.Settled), c.settled) {
				t.Errorf("settled %v", windows(got.Settled))
			}
			if balances := closing(c.opening, got.Positions); !slices.Equal(balances, c.closing) {
				t.Errorf("closed at %v", balances)
			}
		})
	}
}

// TestSettleFindsWhatCordaFoundInProjectUbin compares Settle, which may pass over the head of a queue, with the other columns of the same report. It settles what Quorum did,
// but for three tests, in which the report's Corda prototype, which looked for cycles, passed over the head of a queue too and closed as Settle does.
func TestSettleFindsWhatCordaFoundInProjectUbin(t *testing.T) {
	corda := map[string][]quantity.Minor{"2.2.3": {2, 16}, "2.6.1": {3, 3, 3, 5, 5}, "2.7.4": {1, 4, 5, 3, 6}}
	for _, c := range ubin {
		t.Run(c.section, func(t *testing.T) {
			got, err := netting.Settle(queued(c.queue), covers(c.opening))
			wantCode(t, err, fault.OK)
			want, other := corda[c.section]
			if !other {
				want = c.closing
			}
			if balances := closing(c.opening, got.Positions); !slices.Equal(balances, want) {
				t.Errorf("settled %v, closed at %v", windows(got.Settled), balances)
			}
		})
	}
}

// TestPositionsAreTheNettedBalancesOfUbinsQuorumReport takes the ten payments between five banks of "UbinPhase2-Quorum" (same publishers and date), table 8: before anything is
// taken out the banks' netted balances, their opening balances included, are 5, 73, -41, 0 and -18.
func TestPositionsAreTheNettedBalancesOfUbinsQuorumReport(t *testing.T) {
	opening := []quantity.Minor{3, 4, 5, 4, 3}
	positions, err := netting.Positions([]netting.PairNet{
		{"A", "B", 5},      // T1
		{"A", "C", 6},      // T7
		{"A", "D", -5},     // T10
		{"A", "E", -8},     // T8
		{"B", "C", 6 + 30}, // T2, T3
		{"B", "E", -100},   // T9
		{"C", "D", 8},      // T4
		{"C", "E", 80},     // T5
		{"D", "E", 7},      // T6
	})
	wantCode(t, err, fault.OK)
	if balances := closing(opening, positions); !slices.Equal(balances, []quantity.Minor{5, 73, -41, 0, -18}) {
		t.Errorf("netted balances are %v", balances)
	}
	payments, err := netting.Payments(positions)
	wantCode(t, err, fault.OK)
	if want := []netting.Payment{{"C", "B", 46}, {"D", "A", 2}, {"D", "B", 2}, {"E", "B", 21}}; !slices.Equal(payments, want) {
		t.Errorf("paid by %v", payments)
	}
}

// TestWhatIsPaidInFullInAMinimalClearingStateSettles takes the three networks of L. Besting, M. Hoefer and L. Huth, "Computing Tarski Fixed Points in Financial Networks"
// (arXiv:2602.16387, 2026), appendix A, examples 1 to 3. Banks there pay in part where they can't pay in full, by rank in example 3; covers are their external assets. What
// the paper's clearing state pays in full must settle here, and what it pays in part is carried.
func TestWhatIsPaidInFullInAMinimalClearingStateSettles(t *testing.T) {
	cases := []struct {
		name    string
		assets  []netting.Cover
		claims  []payment
		settled []int64
	}{
		{"example 1", []netting.Cover{{"u", 1}, {"v", 0}, {"w", 0}}, []payment{{"u", "v", 1}, {"v", "u", 1}, {"u", "w", 1}}, []int64{1, 2, 3}},
		{"example 2", []netting.Cover{{"v", 1}, {"w", 1}}, []payment{{"v", "w", 2}, {"w", "v", 2}}, []int64{1, 2}},
		{
			"example 3: u pays 1 of the 2 that it owes v",
			[]netting.Cover{{"u", 1}, {"v", 2}, {"w", 0}, {"y", 0}},
			[]payment{{"u", "v", 2}, {"v", "w", 2}, {"v", "y", 2}, {"y", "v", 2}},
			[]int64{2, 3, 4},
		},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			first, err := netting.Queue(queued(c.claims), c.assets)
			wantCode(t, err, fault.OK)
			got, err := netting.Settle(queued(c.claims), c.assets)
			wantCode(t, err, fault.OK)
			if !slices.Equal(windows(first.Settled), c.settled) || !slices.Equal(windows(got.Settled), c.settled) {
				t.Errorf("settled %v first in, first out, and %v", first.Settled, got.Settled)
			}
		})
	}
}

// TestWhoPaysInFullInAClearingVectorCarriesNothing takes the network that M. Puig and C. Siebenbrunner publish with "Multilayer network valuation with equity conversions"
// (2018; the README of their NetworkValuation) for the model of L. Eisenberg and T. H. Noe, "Systemic Risk in Financial Systems", Management Science 47 (2001) 236-249:
// assets of 10 each; bank 1 owes bank 2 20 and bank 3 10, bank 2 owes bank 1 5 and bank 3 24, bank 3 owes bank 1 10. The clearing vector is 19.5455, 26.3636 and 10 of
// 30, 29 and 10 owed: bank 3 pays in full, bank 1 could not even if it were paid in full (-15 against 10), and bank 2 can't since bank 1 pays it in part. There every debt
// is paid in the same proportion; here, whole or not at all, so bank 1 carries what it lacks and bank 2 is spared.
func TestWhoPaysInFullInAClearingVectorCarriesNothing(t *testing.T) {
	positions, err := netting.Positions([]netting.PairNet{{"1", "2", 20 - 5}, {"1", "3", 0}, {"2", "3", 24}})
	wantCode(t, err, fault.OK)
	if want := []netting.Position{{"1", -15}, {"2", -9}, {"3", 24}}; !slices.Equal(positions, want) {
		t.Errorf("positions are %v", positions)
	}
	assets := []netting.Cover{{"1", 10}, {"2", 10}, {"3", 10}}
	got, err := netting.Settle(queued([]payment{{"1", "2", 20}, {"1", "3", 10}, {"2", "1", 5}, {"2", "3", 24}, {"3", "1", 10}}), assets)
	wantCode(t, err, fault.OK)
	if want := []netting.Obligation{{2, "1", "3", 10}}; !slices.Equal(got.Carried, want) {
		t.Errorf("carried are %v", got.Carried)
	}
}
