package api

import (
	"net/http"
	"reflect"
	"testing"

	"github.com/tallystick/tallystick/chaincode/engine"
	"github.com/tallystick/tallystick/chaincode/lots"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/quantity"
	"github.com/tallystick/tallystick/chaincode/rules"
	"github.com/tallystick/tallystick/gateway/store"
)

// rich is an account that has something of everything. The business date is 20000, 2024-10-04; the terms let points lapse by date.
func rich() points.Account {
	lot := func(n quantity.Points, from, expiry quantity.Day, funding string) lots.Lot {
		return lots.Lot{Key: lots.Key{From: from, Expiry: expiry, Terms: 1, Funding: funding}, Points: n}
	}
	return points.Account{
		V: 1, ID: wallet, Holder: points.HolderMerchant, Status: points.StatusActive, Controller: points.Controller{Kind: points.ControllerP256, Version: 3, Key: publicKey},
		Posted: 1 + 2 + 4 + 8 + 16 + 32 + 64 - 5, Held: 64, Debt: 5,
		Lots: []lots.Lot{
			lot(1, 0, 20_000, ""), lot(2, 0, 20_001, ""), lot(4, 0, 20_001, "campaign:sun"), lot(8, 20_000, 20_100, ""), lot(16, 20_010, 20_100, ""), lot(32, 0, 0, ""),
		},
		Holds: []points.Hold{
			{ID: points.OperationID(heldID), Lots: []lots.Lot{lot(60, 0, 20_050, "")}, Points: 60, Until: 2_000_000_000},
			{ID: unknownID, Purpose: points.PurposeTransfer, To: account, Lots: []lots.Lot{lot(4, 0, 0, "")}, Points: 4, Until: 2_000_000_001},
		},
		Recovery:  &points.Recovery{Controller: points.Controller{Kind: points.ControllerCustodian, Version: 4}, From: 2_000_000_002, Operation: points.OperationID(heldID)},
		CoolUntil: 2_000_000_003,
		Standing:  rules.Standing{Counters: []rules.CounterState{{ID: "year-points", Buckets: []rules.Bucketed{{Start: quantity.DayOn(2024, 1, 1), Value: 12}}}}},
	}
}

func TestAnAccountShowsEverythingThatItHas(t *testing.T) {
	b := newBench(t)
	b.positions = map[points.AccountID]points.Account{wallet: rich()}
	b.keep("airline", engine.ObjectRuleSet, store.VersionID(2), summer())
	b.ruleSets = []points.Publication{{Version: 2, Effective: 19_990, Hash: hashOf(summer())}}
	got := into[Account](t, b.get("/v1/accounts/"+wallet), http.StatusOK)
	text := func(s string) *string { return &s }
	want := Account{
		Id: wallet, Programme: "airline", Holder: text("merchant"), Status: "ACTIVE", Posted: 122, Spendable: 2 + 4 + 8 + 32, Held: 64, Pending: 16, Debt: 5,
		Lots: []Lot{
			{Points: 1, Terms: 1, Expiry: text("2024-10-04")}, {Points: 2, Terms: 1, Expiry: text("2024-10-05")},
			{Points: 4, Terms: 1, Expiry: text("2024-10-05"), Funding: text("campaign:sun")}, {Points: 8, Terms: 1, From: text("2024-10-04"), Expiry: text("2025-01-12")},
			{Points: 16, Terms: 1, From: text("2024-10-14"), Expiry: text("2025-01-12")}, {Points: 32, Terms: 1},
		},
		Suspense: []Lot{},
		Holds: []Hold{
			{Id: heldID, Purpose: "redemption", Points: 60, Until: 2_000_000_000, Lots: []Lot{{Points: 60, Terms: 1, Expiry: text("2024-11-23")}}},
			{Id: unknownID, Purpose: "transfer", Points: 4, Until: 2_000_000_001, To: text(account), Lots: []Lot{{Points: 4, Terms: 1}}},
		},
		Expiries: []Expiry{{Day: "2024-10-05", Points: 6}, {Day: "2025-01-12", Points: 24}},
		Tier:     text("silver"), TierUntil: text("2025-12-31"), Counters: []Counter{{Id: "year-points", Value: 12}},
		Controller: Controller{Kind: "p256", Version: 3},
		Recovery:   &Recovery{Operation: heldID, From: 2_000_000_002, Controller: Controller{Kind: "custodian", Version: 4}},
	}
	cool := int64(2_000_000_003)
	want.CoolUntil = &cool
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %s\nwant %s", encoded(t, got), encoded(t, want))
	}
}

func TestPointsInSuspenseExpireToo(t *testing.T) {
	b := newBench(t)
	frozen := points.Account{
		V: 1, ID: wallet, Status: points.StatusFrozen, Controller: points.Controller{Kind: points.ControllerCustodian}, Posted: 7,
		Suspense: []lots.Lot{{Key: lots.Key{Expiry: 20_001, Terms: 1}, Points: 7}},
	}
	b.positions = map[points.AccountID]points.Account{wallet: frozen}
	a := into[Account](t, b.get("/v1/accounts/"+wallet), http.StatusOK)
	if a.Status != "FROZEN" || a.Spendable != 0 || len(a.Lots) != 0 || len(a.Suspense) != 1 || len(a.Expiries) != 1 || a.Expiries[0].Points != 7 {
		t.Errorf("%+v", a)
	}
}

func TestAFreezeIsShownUntilItsEndAndAGuardUntilIts(t *testing.T) {
	p := programme()
	a := points.Account{
		ID: wallet, Status: points.StatusFrozen, FrozenUntil: 1000, Posted: 7, Suspense: []lots.Lot{{Key: lots.Key{Terms: 1}, Points: 7}}, Guard: &points.Guard{Until: 500, Spent: 3},
	}
	for now, want := range map[int64]struct {
		status    string
		spendable int64
		guarded   bool
	}{499: {"FROZEN", 0, true}, 500: {"FROZEN", 0, false}, 999: {"FROZEN", 0, false}, 1000: {"ACTIVE", 7, false}} {
		got, err := accountOf(&a, &p, now)
		if err != nil || got.Status != want.status || got.Spendable != want.spendable || (got.Guard != nil) != want.guarded || (got.FrozenUntil != nil) != (want.status == "FROZEN") {
			t.Errorf("at %d: %+v, %v", now, got, err)
		}
	}
}

func TestInactivityIsShownAsADay(t *testing.T) {
	p := programme()
	p.Terms[0].Expiry = lots.Expiry{Kind: lots.Inactivity, Months: 12}
	a := points.Account{ID: wallet, Posted: 3, Active: 20_000, Lots: []lots.Lot{{Key: lots.Key{Terms: 1}, Points: 3}}}
	shown, err := accountOf(&a, &p, 0)
	if err != nil || len(shown.Expiries) != 1 || shown.Expiries[0].Day != "2025-10-04" || *shown.Lots[0].Expiry != "2025-10-04" {
		t.Errorf("%+v, %v", shown, err)
	}
}

func TestAnotherProgrammesAccountIsReadByItsOwnRules(t *testing.T) {
	b := newBench(t)
	b.keep("airline", engine.ObjectRuleSet, store.VersionID(2), summer())
	a := into[Account](t, b.get("/v1/accounts/"+stranger), http.StatusOK)
	if a.Programme != "hotel" || a.Tier != nil || len(a.Counters) != 0 {
		t.Errorf("%+v", a)
	}
}
