package membership

import (
	"fmt"
	"testing"

	"github.com/tallystick/tallystick/network/failure"
)

// brandsOf makes a consortium of brands with these names, and a regulator.
func brandsOf(names ...string) *Membership {
	m := &Membership{Channel: DefaultChannel}
	for _, name := range names {
		m.Members = append(m.Members, Member{Name: name, Kind: Brand, Peers: 1, Orderers: 1})
	}
	m.Members = append(m.Members, Member{Name: "regulator", Kind: Regulator, Peers: 1})
	return m
}

func administered(pairs ...string) Standing {
	s := Standing{Administrators: map[string]string{}}
	for i := 0; i < len(pairs); i += 2 {
		s.Administrators[pairs[i]] = pairs[i+1]
	}
	return s
}

func TestStandingNeedsTwoBrandsThatSpeakForThemselves(t *testing.T) {
	m := brandsOf("airline", "hotel", "grocer", "cinema")
	for name, c := range map[string]struct {
		standing Standing
		code     failure.Code
	}{
		"everybody":                      {Standing{}, ""},
		"one failed":                     {administered("hotel", "airline"), ""},
		"two failed":                     {administered("hotel", "airline", "cinema", "airline"), ""},
		"one failed, one left":           {Standing{administered("hotel", "airline").Administrators, []string{"cinema"}}, ""},
		"three failed":                   {administered("hotel", "airline", "cinema", "airline", "grocer", "airline"), failure.MembershipInvalid},
		"by itself":                      {administered("hotel", "hotel"), failure.MembershipInvalid},
		"by one that failed":             {administered("hotel", "cinema", "cinema", "airline"), failure.MembershipInvalid},
		"by the regulator":               {administered("hotel", "regulator"), failure.MembershipInvalid},
		"by one that left":               {Standing{administered("hotel", "cinema").Administrators, []string{"cinema"}}, failure.MembershipInvalid},
		"the regulator":                  {administered("regulator", "airline"), failure.MembershipInvalid},
		"one that left":                  {Standing{administered("cinema", "airline").Administrators, []string{"cinema"}}, failure.MembershipInvalid},
		"somebody unknown has left":      {Standing{Left: []string{"bank"}}, failure.MembershipInvalid},
		"the regulator can't leave like": {Standing{Left: []string{"regulator"}}, failure.MembershipInvalid},
	} {
		if err := m.Check(c.standing); failure.CodeOf(err) != c.code {
			t.Errorf("%s: %v, want %q", name, err, c.code)
		}
	}
}

func TestPairsAreAlwaysSpokenForByTwoBrands(t *testing.T) {
	for _, c := range []struct {
		standing Standing
		a, b     string
		want     string
	}{
		{Standing{}, "airline", "hotel", "airline hotel"},
		{administered("hotel", "grocer"), "airline", "hotel", "airline grocer"},
		{administered("hotel", "grocer"), "hotel", "airline", "grocer airline"},
		{administered("hotel", "grocer"), "grocer", "hotel", "grocer airline"}, // The administrator is the partner: the first other brand stands in.
		{administered("hotel", "grocer"), "hotel", "grocer", "airline grocer"},
		{administered("hotel", "airline"), "airline", "hotel", "airline cinema"},
		{administered("hotel", "airline", "cinema", "airline"), "cinema", "hotel", "airline grocer"},
		{administered("hotel", "airline", "cinema", "grocer"), "cinema", "hotel", "grocer airline"},
		{Standing{Left: []string{"hotel"}}, "airline", "hotel", "airline hotel"},
	} {
		m := brandsOf("airline", "hotel", "grocer", "cinema")
		a, _ := m.Member(c.a)
		b, _ := m.Member(c.b)
		first, second := m.PairSpeakers(c.standing, a, b)
		if got := fmt.Sprint(first.Name, " ", second.Name); got != c.want {
			t.Errorf("%s and %s under %v: %s, want %s", c.a, c.b, c.standing, got, c.want)
		}
	}
}
