package membership

import (
	"fmt"
	"strings"
	"testing"

	"github.com/tallystick/tallystick/network/failure"
)

const programme = `programme: {displayName: Points, currency: GBP, rate: {points: 1, perMinor: 100}, maxReceiptAgeDays: 30}`

// document is a valid membership of the named brands and a regulator.
func document(brands ...string) string {
	var b strings.Builder
	b.WriteString("members:\n")
	for _, name := range brands {
		fmt.Fprintf(&b, "  - name: %s\n    kind: brand\n    %s\n", name, programme)
	}
	b.WriteString("  - {name: regulator, kind: regulator}\n")
	return b.String()
}

func TestDefaultsAreOnePeerOneOrdererAndTheLoyaltyChannel(t *testing.T) {
	m, err := Parse([]byte(document("airline", "hotel")))
	if err != nil {
		t.Fatal(err)
	}
	airline, _ := m.Member("airline")
	regulator, _ := m.Member("regulator")
	if m.Channel != "loyalty" || m.PortBase != DefaultPortBase {
		t.Errorf("channel %s, port base %d", m.Channel, m.PortBase)
	}
	if airline.Peers != 1 || airline.Orderers != 1 || regulator.Peers != 1 || regulator.Orderers != 0 {
		t.Errorf("airline %+v, regulator %+v", airline, regulator)
	}
	if airline.MSP() != "AirlineMSP" {
		t.Errorf("MSP %s", airline.MSP())
	}
}

func TestCheckedInMembershipsAreValid(t *testing.T) {
	for file, brands := range map[string]int{"../../organizations/membership.yaml": 3, "../../test-network/four-brands.yaml": 4} {
		m, err := Load(file)
		if err != nil {
			t.Fatal(err)
		}
		if len(m.Brands()) != brands || len(m.Regulators()) != 1 {
			t.Errorf("%s: %d brands, %d regulators", file, len(m.Brands()), len(m.Regulators()))
		}
	}
}

func TestInvalidMembershipsAreRefusedByName(t *testing.T) {
	valid := document("airline", "hotel", "grocer")
	change := func(old, with string) string { return strings.Replace(valid, old, with, 1) }
	var many []string
	for i := range MaxBrands + 1 {
		many = append(many, fmt.Sprintf("brand%d", i))
	}
	for name, c := range map[string]struct{ text, says string }{
		"empty":                  {"", "not a membership document"},
		"no mapping":             {"- 1", "not a membership document"},
		"unknown key":            {"chanel: loyalty\n" + valid, "chanel"},
		"duplicate key":          {"channel: a\nchannel: b\n" + valid, "already defined"},
		"two documents":          {valid + "---\n" + valid, "more than one document"},
		"capital name":           {change("airline", "Airline"), `"Airline"`},
		"dash in name":           {change("airline", "air-line"), `"air-line"`},
		"one letter":             {change("airline", "a"), `"a"`},
		"listed twice":           {change("hotel", "airline"), "airline: listed twice"},
		"unknown kind":           {change("kind: regulator", "kind: auditor"), `kind "auditor"`},
		"one brand":              {document("airline"), "1 brands"},
		"too many brands":        {document(many...), "17 brands"},
		"too many peers":         {change("kind: brand", "kind: brand\n    peers: 5"), "peers 5"},
		"negative peers":         {change("kind: brand", "kind: brand\n    peers: -1"), "peers -1"},
		"too many orderers":      {change("kind: brand", "kind: brand\n    orderers: 3"), "orderers 3"},
		"regulator orders":       {change("kind: regulator", "kind: regulator, orderers: 1"), "regulator orders nothing"},
		"regulator issues":       {change("kind: regulator}", "kind: regulator, "+programme+"}"), "has no programme"},
		"regulator settles":      {change("kind: regulator}", "kind: regulator, account: {name: R, iban: GB82WEST12345698765432}}"), "has no account"},
		"no IBAN":                {change(programme, programme+"\n    account: {name: Airline, iban: GB82 WEST}"), "an IBAN without blanks"},
		"nobody's account":       {change(programme, programme+"\n    account: {iban: GB82WEST12345698765432}"), "an owner's name"},
		"brand without":          {change(programme, "peers: 1"), "needs a programme"},
		"currency":               {change("GBP", "pounds"), `currency "pounds"`},
		"zero rate":              {change("perMinor: 100", "perMinor: 0"), "rate 1 per 0"},
		"negative rate":          {change("points: 1", "points: -1"), "rate -1 per 100"},
		"receipt age":            {change("maxReceiptAgeDays: 30", "maxReceiptAgeDays: 0"), "maxReceiptAgeDays 0"},
		"rate beside terms":      {change("currency: GBP", "currency: GBP, terms: {value: {num: 1, den: 1}}"), "leave them out beside terms"},
		"display name":           {change("displayName: Points", `displayName: " Points"`), "displayName"},
		"simulated without date": {change("currency: GBP", "currency: GBP, simulated: true"), "needs a businessDate"},
		"real with date":         {change("currency: GBP", `currency: GBP, businessDate: "2000-01-01"`), "only a simulated programme"},
		"bad date":               {change("currency: GBP", `currency: GBP, simulated: true, businessDate: "2000-13-01"`), `"2000-13-01"`},
		"bad channel":            {"channel: Loyalty\n" + valid, `channel "Loyalty"`},
		"privileged ports":       {"portBase: 80\n" + valid, "portBase 80"},
		"ephemeral ports":        {"portBase: 32500\n" + valid, "portBase 32500"},
		"oversized":              {"# " + strings.Repeat("x", maxFileBytes) + "\n" + valid, "larger than"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Parse([]byte(c.text))
			if failure.CodeOf(err) != failure.MembershipInvalid || !strings.Contains(fmt.Sprint(err), c.says) {
				t.Fatalf("got %v, want %s with %q", err, failure.MembershipInvalid, c.says)
			}
		})
	}
}

func TestLoadNamesTheFile(t *testing.T) {
	_, err := Load("nowhere.yaml")
	if failure.CodeOf(err) != failure.MembershipInvalid || !strings.Contains(err.Error(), "nowhere.yaml") {
		t.Fatalf("got %v", err)
	}
}

func TestMajorityIsMoreThanHalfOfTheBrands(t *testing.T) {
	names := []string{"b0", "b1", "b2", "b3", "b4", "b5"}
	for brands, want := range map[int]int{2: 2, 3: 2, 4: 3, 5: 3, 6: 4} {
		m, err := Parse([]byte(document(names[:brands]...)))
		if err != nil {
			t.Fatal(err)
		}
		if m.Majority() != want {
			t.Errorf("%d brands: majority %d, want %d", brands, m.Majority(), want)
		}
	}
}

func TestChaincodesArePointsOfEveryBrandAndClearing(t *testing.T) {
	m, err := Parse([]byte(document("airline", "hotel")))
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, c := range m.Chaincodes() {
		names = append(names, c.Name)
	}
	if got := strings.Join(names, " "); got != "points-airline points-hotel clearing" {
		t.Fatalf("got %s", got)
	}
}

func TestRolesOfBrandsWriteButTheAuditors(t *testing.T) {
	brand := Member{Name: "airline", Kind: Brand}
	for _, role := range append(brand.Roles(), "", "king") {
		if want := role != AuditorRole && role != "" && role != "king"; role.Writes() != want {
			t.Errorf("%q writes: %v", role, role.Writes())
		}
	}
}
