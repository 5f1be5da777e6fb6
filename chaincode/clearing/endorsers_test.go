package clearing_test

import (
	"testing"

	"github.com/tallystick/tallystick/chaincode/clearing"
	"github.com/tallystick/tallystick/chaincode/fault"
)

// failing is four brands of which some are administered, given as member and administrator, and one has left.
func failing(left string, administrators map[string]string) *clearing.Consortium {
	c := &clearing.Consortium{V: 1}
	msp := map[string]string{"airline": "AirlineMSP", "cinema": "CinemaMSP", "grocer": "GrocerMSP", "hotel": "HotelMSP"}
	for _, name := range []string{"airline", "cinema", "grocer", "hotel"} {
		m := clearing.Member{Name: name, MSP: msp[name], Kind: clearing.KindBrand}
		if by := administrators[name]; by != "" {
			m.Status, m.Administrator = clearing.StatusAdministered, msp[by]
		}
		if name == left {
			m.Status = clearing.StatusExited
		}
		c.Members = append(c.Members, m)
	}
	return c
}

func TestAPairIsAlwaysEndorsedByTwoBrandsThatActForThemselves(t *testing.T) {
	for name, k := range map[string]struct {
		administrators map[string]string
		a, b           string
		first, second  string
	}{
		"both act for themselves":               {nil, "airline", "hotel", "airline", "hotel"},
		"an administrator":                      {map[string]string{"hotel": "grocer"}, "airline", "hotel", "airline", "grocer"},
		"in the other order":                    {map[string]string{"hotel": "grocer"}, "hotel", "airline", "grocer", "airline"},
		"the administrator is the partner":      {map[string]string{"hotel": "airline"}, "hotel", "airline", "cinema", "airline"},
		"and is named first":                    {map[string]string{"hotel": "airline"}, "airline", "hotel", "airline", "cinema"},
		"one administers both":                  {map[string]string{"hotel": "airline", "cinema": "airline"}, "cinema", "hotel", "airline", "grocer"},
		"each is administered by somebody else": {map[string]string{"hotel": "airline", "cinema": "grocer"}, "cinema", "hotel", "grocer", "airline"},
	} {
		first, second, err := failing("", k.administrators).Endorsers(k.a, k.b)
		if err != nil || first.Name != k.first || second.Name != k.second {
			t.Errorf("%s: %s and %s, want %s and %s (%v)", name, first.Name, second.Name, k.first, k.second, err)
		}
	}
}

func TestNobodyEndorsesForAMemberThatLeft(t *testing.T) {
	c := failing("cinema", nil)
	for _, pair := range [][2]string{{"cinema", "hotel"}, {"hotel", "cinema"}} {
		if _, _, err := c.Endorsers(pair[0], pair[1]); fault.CodeOf(err) != fault.Forbidden {
			t.Errorf("%v: %v", pair, err)
		}
	}
}
