//go:build network

package e2e

import (
	"errors"
	"fmt"
	"net/http"
	"testing"

	"github.com/tallystick/tallystick/chaincode/clearing"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/quantity"
	"github.com/tallystick/tallystick/chaincode/wire"
)

// requireLimitsKept reports what was found wrong on the way through the blocks.
func (b *stormBooks) requireLimitsKept(t *testing.T) {
	t.Helper()
	for i, p := range b.problems {
		if i == 20 {
			t.Fatalf("and %d more", len(b.problems)-i)
		}
		t.Error(p)
	}
}

// requireAnswersStand requires that every operation that a client was answered for stands on the ledger exactly as answered.
func (b *stormBooks) requireAnswersStand(t *testing.T, answers map[string]operation) {
	t.Helper()
	for id, a := range answers {
		found := 0
		for _, brand := range stormBrands {
			r, is := b.receipts[receiptRef{brand, points.OperationID(id)}]
			if is && r.Kind != points.KindDeposit {
				found++
				if string(r.Code) != a.Code {
					t.Errorf("%s %s was answered with %s, and is %s on the ledger", r.Kind, id, a.Code, r.Code)
				}
			}
		}
		if found != 1 {
			t.Errorf("%s %s was answered and has %d receipts", a.Receipt.Kind, id, found)
		}
	}
}

// requirePointsConserved adds up each programme's accounts and what waits for them, and holds that against what its lanes count.
func (b *stormBooks) requirePointsConserved(t *testing.T) {
	t.Helper()
	for _, brand := range stormBrands {
		var totals points.Totals
		for _, lane := range b.totals[brand] {
			totals = must[points.Totals](t)(totals.Plus(lane))
		}
		var posted, debt, held, waiting quantity.Points
		for _, a := range b.accounts[brand] {
			posted, debt, held = posted+a.Posted, debt+a.Debt, held+a.Held
		}
		for _, e := range b.inbox[brand] {
			for _, l := range e.Lots {
				waiting += l.Points
			}
		}
		for _, sum := range []struct {
			name      string
			got, want quantity.Points
		}{
			{"outstanding", posted + debt, must[quantity.Points](t)(totals.Outstanding())},
			{"debt", debt, must[quantity.Points](t)(totals.Debt())},
			{"held", held, must[quantity.Points](t)(totals.Held())},
			{"waiting", waiting, must[quantity.Points](t)(totals.Waiting())},
		} {
			if sum.got != sum.want {
				t.Errorf("%s: accounts and inbox have %d points %s, lanes count %d", brand, sum.got, sum.name, sum.want)
			}
		}
	}
	swapped, deposited := map[string]quantity.Points{}, map[string]quantity.Points{}
	for ref, r := range b.receipts {
		switch {
		case r.Outcome != points.Accepted:
		case r.Kind == points.KindDeposit:
			deposited[ref.programme] += r.Points
		case r.PartnerPoints > 0:
			swapped[r.Partner] += r.PartnerPoints
		}
	}
	for _, brand := range stormBrands {
		if swapped[brand] != deposited[brand] {
			t.Errorf("swaps and their returns gave %s's accounts %d points, %d arrived", brand, swapped[brand], deposited[brand])
		}
	}
}

// requireObligationsFollowReceipts holds what was found in lines and lanes against each other: what lanes use is what their windows booked.
func (b *stormBooks) requireObligationsFollowReceipts(t *testing.T) {
	t.Helper()
	for place, l := range b.lanes {
		var used [2]quantity.Micro
		for number, w := range b.windows {
			if tally := w[place]; tally != nil && number > l.Released {
				for i := range used {
					used[i] += max(tally.owed[i], 0)
				}
			}
		}
		if used != l.Used {
			t.Errorf("lane %d of %s uses %v millionths, its receipts make %v", l.N, l.MSP, l.Used, used)
		}
	}
}

// requireTalliesAndTreasurersAgree holds the tallies of every window that is closed for traffic, as both brands' peers keep them, and the treasurers' views against the receipts.
func (b *stormBooks) requireTalliesAndTreasurersAgree(t *testing.T) {
	t.Helper()
	for number, lanes := range b.windows {
		if number >= b.open {
			continue
		}
		for _, brand := range stormBrands {
			tallies := look[[]clearing.Tally](t, three, brand, wire.FnGetTallies, wire.TalliesQuery{A: "airline", B: "hotel", Currency: currency, Window: number})
			seen := 0
			for _, tally := range tallies {
				want := lanes[clearing.LanePlace{MSP: tally.MSP, N: tally.Lane}]
				if want == nil || tally.Net != want.owed[clearing.AOwesB]-want.owed[clearing.BOwesA] || tally.Count != want.count {
					t.Errorf("window %d, lane %d of %s at %s: the tally is %d of %d, the receipts make %+v", number, tally.Lane, tally.MSP, brand, tally.Net, tally.Count, want)
				}
				seen++
			}
			for _, want := range lanes {
				if want.count > 0 {
					seen--
				}
			}
			if seen < 0 {
				t.Errorf("window %d at %s: %d lanes have receipts and no tally", number, brand, -seen)
			}
			b.requireTreasurerSees(t, brand, number, lanes)
		}
	}
}

// requireTreasurerSees requires that a treasurer's view of the pair's window is what its receipts make, each way, once the gateway has taken its peer's blocks in.
func (b *stormBooks) requireTreasurerSees(t *testing.T, brand string, number int64, lanes map[clearing.LanePlace]*stormTally) {
	t.Helper()
	var want stormTally
	for _, lane := range lanes {
		want.count += lane.count
		for i := range want.owed {
			want.owed[i] += lane.owed[i]
		}
	}
	path := fmt.Sprintf("/v1/clearing/positions?currency=%s&window=%d", currency, number)
	untilDone(t, fmt.Sprintf("window %d: %s's treasurer sees what the receipts make: %+v", number, brand, want), func() error {
		a := three.call(t, brand, request{method: http.MethodGet, path: path, key: three.key(t, brand, "treasury-read")})
		if a.status != http.StatusOK {
			return a.unexpected()
		}
		for _, p := range decode[treasurersView](t, a.body).Pairs {
			if p.A != "airline" || p.B != "hotel" {
				continue
			}
			if p.Owed != want.owed || p.Net != want.owed[clearing.AOwesB]-want.owed[clearing.BOwesA] || p.Count != want.count {
				return fmt.Errorf("%+v", p)
			}
			return nil
		}
		if want.count > 0 {
			return errors.New("the pair isn't among them")
		}
		return nil
	})
}

// treasurersView is what the test looks at in positions.
type treasurersView struct {
	Pairs []struct {
		A, B  string
		Owed  [2]quantity.Micro
		Net   quantity.Micro
		Count int64
	}
}

func (b *stormBooks) summary() string {
	windows, most := 0, int64(0)
	for _, lanes := range b.windows {
		windows++
		count := int64(0)
		for _, lane := range lanes {
			count += lane.count
		}
		most = max(most, count)
	}
	return fmt.Sprintf("%d receipts in %d cross-brand batches and %d windows, at most %d obligations in one; %d debits by the partner's gateway; transactions were validated as %v; batches lost to %v; used at most %v of %v millionths",
		len(b.receipts), b.batches, windows, most, b.debits, sorted(b.codes), sorted(b.conflicts.lost), b.highest, b.allowed)
}
