package policy

import (
	"testing"

	"github.com/tallystick/tallystick/network/membership"
)

// failed is a standing in which brandb is administered by branda.
func failed() membership.Standing {
	return membership.Standing{Administrators: map[string]string{"brandb": "branda"}}
}

func TestPointsOfAFailedBrandAreWrittenByItsAdministratorAndAnother(t *testing.T) {
	for brands := 3; brands <= 6; brands++ {
		m := consortium(brands)
		rule := Points(m, failed(), m.Brands()[1])
		var others []string
		for _, other := range m.Brands()[2:] {
			others = append(others, other.MSP()+".peer")
			if !met(t, rule, "BrandaMSP.peer", other.MSP()+".peer") {
				t.Errorf("%d brands: the administrator and %s don't meet %s", brands, other.Name, rule)
			}
			if met(t, rule, "BrandbMSP.peer", other.MSP()+".peer") || met(t, rule, "BrandbMSP.peer", "BrandaMSP.peer") {
				t.Errorf("%d brands: the failed brand still counts in %s", brands, rule)
			}
		}
		if met(t, rule, "BrandaMSP.peer") || met(t, rule, "BrandaMSP.peer", "RegulatorMSP.peer") {
			t.Errorf("%d brands: the administrator alone meets %s", brands, rule)
		}
		speaking := brands - 1
		if got, want := met(t, rule, others...), speaking-1 >= speaking/2+1; got != want {
			t.Errorf("%d brands: all but the administrator: %v, want %v by %s", brands, got, want, rule)
		}
	}
}

func TestAFailedBrandVouchesForNobody(t *testing.T) {
	m := consortium(4)
	rule := Points(m, failed(), m.Brands()[2])
	if met(t, rule, "BrandcMSP.peer", "BrandbMSP.peer") || !met(t, rule, "BrandcMSP.peer", "BranddMSP.peer") || !met(t, rule, "BrandcMSP.peer", "BrandaMSP.peer") {
		t.Error(rule)
	}
}

func TestMajoritiesCountAFailedBrandAndForgetOneThatLeft(t *testing.T) {
	m := consortium(4)
	if got, want := BrandMajority(m, failed(), peer), BrandMajority(m, founded, peer); got != want {
		t.Errorf("of a failed one: %s, want %s", got, want)
	}
	left := membership.Standing{Left: []string{"brandb"}}
	if got, want := BrandMajority(m, left, peer), "OutOf(2, 'BrandaMSP.peer', 'BrandcMSP.peer', 'BranddMSP.peer')"; got != want {
		t.Errorf("of one that left: %s, want %s", got, want)
	}
	if got, want := Points(m, left, m.Brands()[1]), BrandMajority(m, left, peer); got != want {
		t.Errorf("points of one that left: %s, want %s", got, want)
	}
}

func TestOnlyThoseWhoSpeakForThemselvesMakeBlocks(t *testing.T) {
	m := consortium(3)
	for _, s := range []membership.Standing{failed(), {Left: []string{"brandb"}}} {
		for _, rule := range Orderer(m, s) {
			if rule.Name == "BlockValidation" && rule.Rule != "OutOf(1, 'BrandaMSP.orderer', 'BrandcMSP.orderer')" {
				t.Errorf("%v: %s", s, rule.Rule)
			}
		}
	}
}
