package clearing_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/tallystick/tallystick/chaincode/clearing"
	"github.com/tallystick/tallystick/chaincode/fault"
)

// generator is the base point of P-256, as good a public key as any here.
const generator = "BGsX0fLhLEJH-Lzm5WOkQPJ3A32BLeszoPShOUXYmMKWT-NC4v4af5uO5-tKfA-eFivOM1drMV7Oy7ZAaDe_UfU"

func founded() clearing.Consortium {
	return clearing.Consortium{V: 1, Genesis: strings.Repeat("ab", 32), Members: []clearing.Member{
		{Name: "airline", MSP: "AirlineMSP", Kind: clearing.KindBrand},
		{Name: "hotel", MSP: "HotelMSP", Kind: clearing.KindBrand},
		{Name: "regulator", MSP: "RegulatorMSP", Kind: clearing.KindRegulator},
	}}
}

func TestConsortiumIsCheckedBeforeItIsFounded(t *testing.T) {
	cases := []struct {
		name   string
		change func(*clearing.Consortium)
		code   fault.Code
	}{
		{"as it should be", func(*clearing.Consortium) {}, fault.OK},
		{"other version", func(c *clearing.Consortium) { c.V = 2 }, fault.InvalidValue},
		{"genesis in capitals", func(c *clearing.Consortium) { c.Genesis = strings.Repeat("AB", 32) }, fault.InvalidValue},
		{"genesis too short", func(c *clearing.Consortium) { c.Genesis = "ab" }, fault.InvalidValue},
		{"no members", func(c *clearing.Consortium) { c.Members = nil }, fault.InvalidValue},
		{"one brand", func(c *clearing.Consortium) { c.Members = c.Members[1:] }, fault.InvalidValue},
		{"out of order", func(c *clearing.Consortium) { c.Members[0], c.Members[1] = c.Members[1], c.Members[0] }, fault.InvalidValue},
		{"name twice", func(c *clearing.Consortium) { c.Members[1].Name = "airline" }, fault.InvalidValue},
		{"msp twice", func(c *clearing.Consortium) { c.Members[1].MSP = "AirlineMSP" }, fault.InvalidValue},
		{"name in capitals", func(c *clearing.Consortium) { c.Members[0].Name = "Airline" }, fault.InvalidValue},
		{"name too long", func(c *clearing.Consortium) { c.Members[0].Name = "a1234567890123456" }, fault.InvalidValue},
		{"name with a separator", func(c *clearing.Consortium) { c.Members[0].Name = "air\x00line" }, fault.InvalidValue},
		{"msp with a quote", func(c *clearing.Consortium) { c.Members[0].MSP = "Airline'MSP" }, fault.InvalidValue},
		{"admission numbers of its own", func(c *clearing.Consortium) { c.Members[0].Number, c.Members[1].Number, c.Members[2].Number = 7, 0, 3 }, fault.OK},
		{"an admission number twice", func(c *clearing.Consortium) { c.Members[0].Number, c.Members[1].Number = 7, 7 }, fault.InvalidValue},
		{"an admission number over the last", func(c *clearing.Consortium) { c.Members[0].Number = clearing.MaxMembers }, fault.InvalidValue},
		{"a status", func(c *clearing.Consortium) { c.Members[0].Status = clearing.StatusActive }, fault.InvalidValue},
		{"an administrator", func(c *clearing.Consortium) { c.Members[0].Administrator = "HotelMSP" }, fault.InvalidValue},
		{"an honour window", func(c *clearing.Consortium) { c.Members[0].HonourUntil = 1 }, fault.InvalidValue},
		{"a cover", func(c *clearing.Consortium) { c.Members[0].Cover = clearing.CoverReserve }, fault.OK},
		{"a cover of none", func(c *clearing.Consortium) { c.Members[0].Cover = "promise" }, fault.InvalidValue},
		{"an administrator key", func(c *clearing.Consortium) { c.Members[0].AdminKey = generator }, fault.OK},
		{"an administrator key of none", func(c *clearing.Consortium) { c.Members[0].AdminKey = "key" }, fault.InvalidValue},
		{"a novation clause", func(c *clearing.Consortium) { c.Members[0].Novation = strings.Repeat("ab", 32) }, fault.OK},
		{"a novation clause of none", func(c *clearing.Consortium) { c.Members[0].Novation = "clause" }, fault.InvalidValue},
		{"unknown kind", func(c *clearing.Consortium) { c.Members[0].Kind = "guest" }, fault.InvalidValue},
		{"too many", func(c *clearing.Consortium) {
			c.Members = nil
			for i := range clearing.MaxMembers + 1 {
				c.Members = append(c.Members, clearing.Member{Name: fmt.Sprintf("m%03d", i), MSP: fmt.Sprintf("M%03d", i), Kind: clearing.KindBrand})
			}
		}, fault.TooLarge},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			consortium := founded()
			c.change(&consortium)
			err := consortium.Validate()
			if c.code == fault.OK && err != nil || c.code != fault.OK && (err == nil || fault.CodeOf(err) != c.code) {
				t.Errorf("got %v, want %s", err, c.code)
			}
		})
	}
}

func TestMembersAreFoundByName(t *testing.T) {
	consortium := founded()
	m, err := consortium.Find("hotel")
	if err != nil || m.MSP != "HotelMSP" {
		t.Errorf("found %+v, %v", m, err)
	}
	if _, err := consortium.Find("HotelMSP"); fault.CodeOf(err) != fault.NotFound {
		t.Errorf("found a member by its MSP id: %v", err)
	}
}
