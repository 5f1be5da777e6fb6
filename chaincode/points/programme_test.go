package points_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/lots"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/quantity"
)

func TestProgrammeIsCheckedBeforeItIsFounded(t *testing.T) {
	cases := []struct {
		name   string
		change func(*points.Programme)
		code   fault.Code
	}{
		{"as it should be", func(*points.Programme) {}, fault.OK},
		{"without passkeys", func(p *points.Programme) { p.RelyingParty.ID, p.RelyingParty.Origins = "", nil }, fault.OK},
		{"other record version", func(p *points.Programme) { p.V = 2 }, fault.InvalidValue},
		{"other engine", func(p *points.Programme) { p.Engine = points.EngineVersion + 1 }, fault.InvalidValue},
		{"no name", func(p *points.Programme) { p.DisplayName = "" }, fault.InvalidValue},
		{"longest name", func(p *points.Programme) { p.DisplayName = strings.Repeat("x", points.MaxNameLength) }, fault.OK},
		{"long name", func(p *points.Programme) { p.DisplayName = strings.Repeat("x", points.MaxNameLength+1) }, fault.InvalidValue},
		{"small currency", func(p *points.Programme) { p.Currency = "gbp" }, fault.InvalidValue},
		{"no terms", func(p *points.Programme) { p.Terms = nil }, fault.InvalidValue},
		{"two versions of the terms", func(p *points.Programme) { p.Terms = append(p.Terms, p.Terms[0]) }, fault.InvalidValue},
		{"terms that start at version 2", func(p *points.Programme) { p.Terms[0].Version = 2 }, fault.InvalidValue},
		{"terms that are not in force", func(p *points.Programme) { p.Terms[0].Effective = p.BusinessDate + 1 }, fault.InvalidValue},
		{"terms that can't be", func(p *points.Programme) { p.Terms[0].Rate.Den = 0 }, fault.InvalidValue},
		{"no custodian key", func(p *points.Programme) { p.Custodians = nil }, fault.InvalidValue},
		{"two custodian keys", func(p *points.Programme) { p.Custodians = append(p.Custodians, p.Custodians[0]) }, fault.InvalidValue},
		{"custodian key of version 2", func(p *points.Programme) { p.Custodians[0].Version = 2 }, fault.InvalidValue},
		{"custodian key that is none", func(p *points.Programme) { p.Custodians[0].Key = "key" }, fault.InvalidValue},
		{"passkeys without an origin", func(p *points.Programme) { p.RelyingParty.Origins = nil }, fault.InvalidValue},
		{"origins of nobody", func(p *points.Programme) { p.RelyingParty.ID = "" }, fault.InvalidValue},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			p := programme()
			c.change(p)
			wantCode(t, p.Validate(), c.code)
		})
	}
}

func TestBusinessDateMovesForwardAndStaysNearTheTransaction(t *testing.T) {
	cases := []struct {
		name      string
		simulated bool
		day       quantity.Day
		code      fault.Code
	}{
		{"a simulated programme goes anywhere forward", true, today + 4000, fault.OK},
		{"but not back", true, today - 1, fault.DateNotAllowed},
		{"nor stands still", true, today, fault.DateNotAllowed},
		{"a real programme goes to tomorrow", false, today + 1, fault.OK},
		{"not to the day after", false, today + 2, fault.DateNotAllowed},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			p := programme()
			p.Simulated = c.simulated
			err := p.Advance(c.day, start)
			wantCode(t, err, c.code)
			want := today
			if err == nil {
				want = c.day
			}
			if p.BusinessDate != want {
				t.Errorf("the business date is %s, want %s", p.BusinessDate, want)
			}
		})
	}
}

func TestFirstBusinessDateOfARealProgrammeIsNearTheTransaction(t *testing.T) {
	for offset, code := range map[quantity.Day]fault.Code{0: fault.OK, 1: fault.OK, -1: fault.OK, 2: fault.DateNotAllowed, -2: fault.DateNotAllowed} {
		p := programme()
		p.Simulated = false
		p.BusinessDate += offset
		wantCode(t, p.AdmitFirstDate(start), code)
	}
	p := programme()
	p.BusinessDate = 0
	wantCode(t, p.AdmitFirstDate(start), fault.OK)
}

func TestCustodianKeyIsRotatedToOneThatIsNew(t *testing.T) {
	p := programme()
	next := encodedKey(newKey())
	wantCode(t, p.RotateCustodian("key", start), fault.InvalidValue)
	wantCode(t, p.RotateCustodian(encodedKey(custodian), start), fault.InvalidValue)
	wantCode(t, p.RotateCustodian(next, start), fault.OK)
	if p.Custodians[0].Until != start+points.MaxAuthorisationSeconds || p.Custodians[1] != (points.CustodianKey{Version: 2, Key: next}) {
		t.Errorf("rotated to %+v", p.Custodians)
	}
	wantCode(t, p.RotateCustodian(next, start), fault.InvalidValue)
	for i := len(p.Custodians); i < points.MaxCustodians; i++ {
		p.Custodians = append(p.Custodians, points.CustodianKey{Version: i + 1, Key: fmt.Sprint(i)})
	}
	wantCode(t, p.RotateCustodian(encodedKey(newKey()), start), fault.Limit)
}

func TestVersionInForceIsTheHighestThatIsEffective(t *testing.T) {
	list := []points.Publication{{Version: 1, Effective: today}, {Version: 2, Effective: today + 10}, {Version: 3, Effective: today + 10}}
	for offset, version := range map[quantity.Day]int{-1: 0, 0: 1, 9: 1, 10: 3, 1000: 3} {
		got := points.InForce(list, today+offset)
		if (got == nil) != (version == 0) || got != nil && got.Version != version {
			t.Errorf("day %d: %v, want version %d", offset, got, version)
		}
	}
	p := programme()
	p.Terms = append(p.Terms, p.Terms[0], p.Terms[0])
	for i := range p.Terms {
		p.Terms[i].Version, p.Terms[i].Effective = i+1, today+quantity.Day(10*i)
		p.TermsHashes = append(p.TermsHashes, fmt.Sprint(i))
	}
	if got := p.Current().Version; got != 1 {
		t.Errorf("version %d is in force", got)
	}
	p.BusinessDate += 15
	if got := p.Current().Version; got != 2 {
		t.Errorf("version %d is in force", got)
	}
	p.BusinessDate = today - 1
	if got := p.Current().Version; got != 1 {
		t.Errorf("before the first version %d is in force", got)
	}
	if got := p.TermsPublished(); len(got) != 3 || got[1] != (points.Publication{Version: 2, Effective: today + 10, Hash: "1"}) {
		t.Errorf("published %+v", got)
	}
}

func TestLotsKeepTheTermsTheyWereEarnedUnder(t *testing.T) {
	p := programme()
	idle := p.Terms[0]
	idle.Version, idle.Effective, idle.Expiry, idle.ReturnDays = 2, today+1, lots.Expiry{Kind: lots.Inactivity, Months: 1}, 30
	p.Terms = append(p.Terms, idle)
	a := &points.Account{Active: today}
	cases := []struct {
		name         string
		key          lots.Key
		gone, freely quantity.Day
	}{
		{"under terms without an end", lots.Key{Terms: 1}, 0, 0},
		{"with a day of their own", lots.Key{Terms: 1, Expiry: today + 5}, today + 5, 0},
		{"under inactivity", lots.Key{Terms: 2}, day("2011-04-13"), 0},
		{"restored under inactivity for a grace period", lots.Key{Terms: 2, Expiry: today + 5}, today + 5, 0},
		{"pending without a return period", lots.Key{Terms: 1, From: today + 5}, 0, today + 5},
		{"pending with a return period", lots.Key{Terms: 2, From: today + 5}, day("2011-04-13"), today + 36},
		{"of a campaign with a return period", lots.Key{Terms: 2, From: today, Funding: "campaign:spring"}, day("2011-04-13"), today + 31},
		{"under terms that are not there", lots.Key{Terms: 9, From: today + 5}, 0, today + 5},
	}
	for _, k := range cases {
		t.Run(k.name, func(t *testing.T) {
			l := lots.Lot{Key: k.key, Points: 1}
			if got := p.ExpiryOf(a, l); got != k.gone {
				t.Errorf("gone on %s, want %s", got, k.gone)
			}
			if got := p.TransferFrom(l); got != k.freely {
				t.Errorf("sent from %s, want %s", got, k.freely)
			}
		})
	}
}

func TestSpendableIsWhatIsFreeAndNotGone(t *testing.T) {
	p := programme()
	a := soundAccount() // Three points that end today, seven without an end, four held.
	a.Lots = append(a.Lots, lots.Lot{Key: lots.Key{Terms: 1, From: today + 3}, Points: 100})
	a.Suspense = []lots.Lot{{Key: lots.Key{Terms: 1}, Points: 1000}}
	for offset, want := range map[quantity.Day]quantity.Points{-1: 10, 0: 7, 2: 7, 3: 107} {
		if got, err := a.Spendable(p, today+offset); err != nil || got != want {
			t.Errorf("day %d: %d, %v", offset, got, err)
		}
	}
	if got, err := a.Total(); err != nil || got != 1114 {
		t.Errorf("the total is %d, %v", got, err)
	}
	for name, broken := range map[string]func(*points.Account){
		"lots":     func(a *points.Account) { a.Lots[0].Points = quantity.MaxPoints },
		"suspense": func(a *points.Account) { a.Suspense = append(a.Suspense, lots.Lot{Points: quantity.MaxPoints}) },
		"held":     func(a *points.Account) { a.Held = quantity.MaxPoints },
	} {
		a := soundAccount()
		a.Suspense = []lots.Lot{{Points: 1}}
		broken(a)
		if _, err := a.Total(); fault.CodeOf(err) != fault.OutOfRange {
			t.Errorf("%s beyond counting: %v", name, err)
		}
	}
}
