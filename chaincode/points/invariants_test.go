package points_test

import (
	"testing"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/lots"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/quantity"
)

func soundAccount() *points.Account {
	return &points.Account{
		V: 1, ID: accountID(1), Status: points.StatusActive, Posted: 14, Held: 4,
		Lots:  []lots.Lot{{Key: lots.Key{Terms: 1, Expiry: today}, Points: 3}, {Key: lots.Key{Terms: 1}, Points: 7}},
		Holds: []points.Hold{{ID: operationID(1), Points: 4, Lots: []lots.Lot{{Key: lots.Key{Terms: 1}, Points: 4}}}},
	}
}

func TestInvariantsNameWhatIsBroken(t *testing.T) {
	many := func(n int) []lots.Lot {
		var list []lots.Lot
		for i := range n {
			list = append(list, lots.Lot{Key: lots.Key{Terms: i + 1}, Points: 1})
		}
		return list
	}
	cases := []struct {
		name, invariant string
		change          func(*points.Account)
	}{
		{"a point from nowhere", "PostedEqualsLotsMinusDebt", func(a *points.Account) { a.Posted++ }},
		{"negative debt", "PostedEqualsLotsMinusDebt", func(a *points.Account) { a.Debt, a.Posted = -1, 15 }},
		{"empty lot", "PostedEqualsLotsMinusDebt", func(a *points.Account) { a.Lots = append(a.Lots, lots.Lot{Key: lots.Key{Terms: 2}}) }},
		{"negative lot", "PostedEqualsLotsMinusDebt", func(a *points.Account) {
			a.Lots, a.Posted = append(a.Lots, lots.Lot{Key: lots.Key{Terms: 2}, Points: -1}), 13
		}},
		{"too many lots", "PostedEqualsLotsMinusDebt", func(a *points.Account) { a.Lots, a.Posted = many(lots.Max+1), lots.Max+5 }},
		{"lots out of order", "LotsAreOrdered", func(a *points.Account) { a.Lots[0], a.Lots[1] = a.Lots[1], a.Lots[0] }},
		{"a lot twice", "LotsAreOrdered", func(a *points.Account) { a.Lots[0].Key = a.Lots[1].Key }},
		{"lots beside a debt", "DebtLeavesNoLots", func(a *points.Account) { a.Debt, a.Posted = 3, 11 }},
		{"more held than holds", "HeldEqualsOpenHolds", func(a *points.Account) { a.Held, a.Posted = 5, 15 }},
		{"a hold of other lots", "HeldEqualsOpenHolds", func(a *points.Account) { a.Holds[0].Lots[0].Points++ }},
		{"suspense of an active account", "SuspenseOnlyWhenInactive", func(a *points.Account) { a.Suspense, a.Posted = many(1), 15 }},
		{"authorisations out of order", "UsedAuthorisationsBounded", func(a *points.Account) {
			a.Used = []points.UsedAuthorisation{{ID: "b", NotAfter: 2}, {ID: "a", NotAfter: 2}}
		}},
		{"an authorisation twice", "UsedAuthorisationsBounded", func(a *points.Account) {
			a.Used = []points.UsedAuthorisation{{ID: "a", NotAfter: 2}, {ID: "a", NotAfter: 2}}
		}},
		{"too many authorisations", "UsedAuthorisationsBounded", func(a *points.Account) {
			for i := range points.MaxUsedAuthorisations + 1 {
				a.Used = append(a.Used, points.UsedAuthorisation{ID: string(operationID(i)), NotAfter: int64(i)})
			}
		}},
		{"a claim beyond the debt", "ClaimsWithinDebt", func(a *points.Account) { a.Claims = []points.Claim{{Points: 1}} }},
		{"a claim of nothing", "ClaimsWithinDebt", func(a *points.Account) { a.Claims = []points.Claim{{}} }},
		{"a claim below zero", "ClaimsWithinDebt", func(a *points.Account) { a.Claims = []points.Claim{{Points: -1, Repaid: 2}} }},
		{"a claim twice", "ClaimsWithinDebt", func(a *points.Account) { a.Claims = []points.Claim{{Repaid: 1}, {Repaid: 2}} }},
		{"too many claims", "ClaimsWithinDebt", func(a *points.Account) {
			for i := range points.MaxClaims + 1 {
				a.Claims = append(a.Claims, points.Claim{Operation: operationID(i), Repaid: 1})
			}
		}},
		{"a use below zero", "UsesNotNegative", func(a *points.Account) { a.Uses = []points.PartnerUse{{Partner: "hotel", Swapped: -1}} }},
		{"uses out of order", "UsesNotNegative", func(a *points.Account) { a.Uses = []points.PartnerUse{{Partner: "hotel"}, {Partner: "grocer"}} }},
		{"too many holds", "HeldEqualsOpenHolds", func(a *points.Account) {
			for range points.MaxHolds {
				a.Holds = append(a.Holds, points.Hold{Points: 1, Lots: []lots.Lot{{Key: lots.Key{Terms: 1}, Points: 1}}})
				a.Held++
				a.Posted++
			}
		}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			a := soundAccount()
			c.change(a)
			for name, holds := range points.AccountInvariants() {
				if err := holds(a); (err != nil) != (name == c.invariant) {
					t.Errorf("%s says %v", name, err)
				}
			}
		})
	}
	for name, holds := range points.AccountInvariants() {
		if err := holds(soundAccount()); err != nil {
			t.Errorf("%s refuses a sound account: %v", name, err)
		}
	}
}

func TestProgrammeInvariantsFindWhatDoesNotAddUp(t *testing.T) {
	if points.ReversalWithinAward(&points.Reversal{Awarded: 3, TakenBack: 4}) == nil || points.ReversalWithinAward(&points.Reversal{TakenBack: -1}) == nil {
		t.Error("a reversal beyond its award passes")
	}
	if points.OpenedEqualsAccounts(points.Totals{Opened: 2}, 1) == nil {
		t.Error("an account that is missing passes")
	}
	accounts := []*points.Account{soundAccount()}
	if err := points.SupplyEqualsBalances(points.Totals{Issued: 20, Redeemed: 6, Pinned: 9, Unpinned: 5}, accounts); err != nil {
		t.Errorf("sound totals: %v", err)
	}
	for _, totals := range []points.Totals{
		{Issued: 13, Pinned: 4}, {Issued: 15, DebtIncurred: 1, Pinned: 4}, {Issued: 14, DebtRepaid: 1, Pinned: 4}, {Issued: 14, DebtIncurred: 1, Pinned: 4},
		{Issued: 14}, {Issued: 14, Pinned: 5},
	} {
		if points.SupplyEqualsBalances(totals, accounts) == nil {
			t.Errorf("%+v passes for fourteen points of which four are held", totals)
		}
	}
}

func TestTheInboxHoldsWhatWaits(t *testing.T) {
	entry := func(n quantity.Points) *points.InboxEntry { return &points.InboxEntry{Lots: []lots.Lot{{Points: n}}} }
	total := points.Totals{Deposited: 12, Folded: 5}
	for _, c := range []struct {
		inbox []*points.InboxEntry
		code  fault.Code
	}{
		{[]*points.InboxEntry{entry(3), entry(4)}, fault.OK}, {[]*points.InboxEntry{entry(3), entry(5)}, fault.StateCorrupt}, {nil, fault.StateCorrupt},
		{[]*points.InboxEntry{entry(7), entry(0)}, fault.StateCorrupt}, {[]*points.InboxEntry{entry(8), entry(-1)}, fault.StateCorrupt},
	} {
		wantCode(t, points.InboxEqualsWaiting(total, c.inbox), c.code)
	}
	total.Issued = 100
	if supply, err := total.Supply(); err != nil || supply != 112 {
		t.Errorf("the supply is %d, %v", supply, err)
	}
	wantCode(t, points.ReversalWithinAward(&points.Reversal{Awarded: 5, TakenBack: 3, Refunded: 3}), fault.OK)
	wantCode(t, points.ReversalWithinAward(&points.Reversal{Awarded: 5, TakenBack: 3, Refunded: 4}), fault.StateCorrupt)
	wantCode(t, points.ReversalWithinAward(&points.Reversal{Awarded: 5, TakenBack: 3, Refunded: -1}), fault.StateCorrupt)
}
