package membership

import (
	"strings"
	"testing"

	"github.com/tallystick/tallystick/network/failure"
)

const cleared = `
members:
  - {name: airline, kind: brand, programme: {displayName: A, currency: GBP, rate: {points: 1, perMinor: 100}, maxReceiptAgeDays: 30}}
  - {name: hotel, kind: brand, programme: {displayName: H, currency: GBP, rate: {points: 1, perMinor: 100}, maxReceiptAgeDays: 30}}
  - {name: regulator, kind: regulator}
clearing:
  novation: {en: "As netting says."}
  currencies:
    - code: GBP
      calendar: {lengthSeconds: 3600}
      caps: {airline: 1000, hotel: 500}
  agreements:
    - between: [hotel, airline]
      currency: GBP
      allocations: {airline: 1000, hotel: 500}
      terms: {scale: 2}
      sides: {airline: {acceptance: {num: 1, den: 2}}, hotel: {acceptance: {num: 1, den: 2}}}
`

func TestClearingSectionIsRead(t *testing.T) {
	m, err := Parse([]byte(cleared))
	if err != nil {
		t.Fatal(err)
	}
	agreement := &m.Clearing.Agreements[0]
	if agreement.Pair() != [2]string{"airline", "hotel"} || agreement.Allocations["hotel"] != 500 || m.Clearing.Currencies[0].Caps["airline"] != 1000 {
		t.Errorf("%+v", m.Clearing)
	}
}

func TestClearingSectionIsHeldAgainstTheMembership(t *testing.T) {
	for name, c := range map[string][2]string{
		"a cap of nobody":                 {"caps: {airline: 1000", "caps: {bank: 1"},
		"a regulator's cap":               {"caps: {airline: 1000", "caps: {regulator: 1"},
		"a negative cap":                  {"caps: {airline: 1000", "caps: {airline: -1"},
		"a cap over the limit":            {"caps: {airline: 1000", "caps: {airline: 1000000000000001"},
		"allocations over a cap":          {"hotel: 500}\n      terms", "hotel: 501}\n      terms"},
		"an allocation of a third":        {"allocations: {airline: 1000", "allocations: {regulator: 1000"},
		"a currency that isn't cleared":   {"currency: GBP\n      alloc", "currency: EUR\n      alloc"},
		"a brand with itself":             {"between: [hotel, airline]", "between: [hotel, hotel]"},
		"an agreement with the regulator": {"between: [hotel, airline]", "between: [regulator, airline]"},
		"a side left out":                 {", hotel: {acceptance: {num: 1, den: 2}}}", "}"},
		"a side of a third":               {"sides: {", "sides: {regulator: {}, "},
		"no currency":                     {"code: GBP", "code: pound"},
		"no clause":                       {`novation: {en: "As netting says."}`, "novation: {}"},
		"an unknown key":                  {"terms: {scale: 2}", "term: {scale: 2}"},
	} {
		text := strings.Replace(cleared, c[0], c[1], 1)
		if text == cleared {
			t.Fatalf("%s changes nothing", name)
		}
		if _, err := Parse([]byte(text)); failure.CodeOf(err) != failure.MembershipInvalid {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestAgreementOfAPairIsGivenOnce(t *testing.T) {
	at := strings.Index(cleared, "    - between")
	if _, err := Parse([]byte(cleared + cleared[at:])); err == nil || !strings.Contains(err.Error(), "more than its cap") && !strings.Contains(err.Error(), "two agreements") {
		t.Errorf("%v", err)
	}
}
