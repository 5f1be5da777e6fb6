package policy

import (
	"fmt"
	"maps"
	"strings"
	"testing"

	"github.com/hyperledger/fabric-admin-sdk/pkg/chaincode"
	"github.com/hyperledger/fabric-protos-go-apiv2/common"
	"github.com/hyperledger/fabric-protos-go-apiv2/msp"
	"google.golang.org/protobuf/proto"

	"github.com/tallystick/tallystick/network/membership"
)

// founded is the standing of a fresh consortium.
var founded membership.Standing

func consortium(brands int) *membership.Membership {
	m := &membership.Membership{Channel: "loyalty"}
	for i := range brands {
		m.Members = append(m.Members, membership.Member{Name: fmt.Sprintf("brand%c", 'a'+i), Kind: membership.Brand, Peers: 1, Orderers: 1})
	}
	m.Members = append(m.Members, membership.Member{Name: "regulator", Kind: membership.Regulator, Peers: 1})
	return m
}

// met tells whether signers ("BrandaMSP.peer") meet a rule, as Fabric counts: each signer for one principal only.
func met(t *testing.T, rule string, signers ...string) bool {
	t.Helper()
	application, err := chaincode.NewApplicationPolicy(rule, "")
	if err != nil {
		t.Fatalf("%s: %v", rule, err)
	}
	envelope := application.GetSignaturePolicy()
	var evaluate func(*common.SignaturePolicy, map[string]bool) bool
	evaluate = func(p *common.SignaturePolicy, used map[string]bool) bool {
		if n := p.GetNOutOf(); n != nil {
			count := int32(0)
			for _, r := range n.GetRules() {
				tried := maps.Clone(used)
				if evaluate(r, tried) {
					count++
					maps.Copy(used, tried)
				}
			}
			return count >= n.GetN()
		}
		var role msp.MSPRole
		if err := proto.Unmarshal(envelope.GetIdentities()[p.GetSignedBy()].GetPrincipal(), &role); err != nil {
			t.Fatal(err)
		}
		for _, signer := range signers {
			id, kind, _ := strings.Cut(signer, ".")
			wanted := strings.ToLower(role.GetRole().String())
			if id == role.GetMspIdentifier() && (kind == wanted || wanted == member) && !used[signer] {
				used[signer] = true
				return true
			}
		}
		return false
	}
	return evaluate(envelope.GetRule(), map[string]bool{})
}

func TestPointsNeedTheIssuerAndOneOtherBrand(t *testing.T) {
	for brands := 2; brands <= 5; brands++ {
		m := consortium(brands)
		issuer := m.Brands()[0]
		rule := Points(m, founded, issuer)
		var others []string
		for _, other := range m.Brands()[1:] {
			others = append(others, other.MSP()+".peer")
			if !met(t, rule, issuer.MSP()+".peer", other.MSP()+".peer") {
				t.Errorf("%d brands: issuer and %s don't meet %s", brands, other.Name, rule)
			}
		}
		for name, signers := range map[string][]string{
			"issuer alone":         {issuer.MSP() + ".peer"},
			"all others":           others,
			"issuer and regulator": {issuer.MSP() + ".peer", "RegulatorMSP.peer"},
			"issuer's client":      {issuer.MSP() + ".client", others[0]},
		} {
			if met(t, rule, signers...) {
				t.Errorf("%d brands: %s meets %s", brands, name, rule)
			}
		}
	}
}

func TestPointsOfThreeBrandsReadAsWritten(t *testing.T) {
	m := consortium(3)
	want := "AND('BrandaMSP.peer', OutOf(1, 'BrandbMSP.peer', 'BrandcMSP.peer'))"
	if got := Points(m, founded, m.Brands()[0]); got != want {
		t.Fatalf("got %s, want %s", got, want)
	}
}

func TestBrandMajorityIgnoresTheRegulator(t *testing.T) {
	for brands := 2; brands <= 5; brands++ {
		m := consortium(brands)
		var all []string
		for _, brand := range m.Brands() {
			all = append(all, brand.MSP()+".peer")
		}
		rule := BrandMajority(m, founded, peer)
		needed := brands/2 + 1
		if !met(t, rule, all[:needed]...) {
			t.Errorf("%d brands: %d don't meet %s", brands, needed, rule)
		}
		if met(t, rule, append([]string{"RegulatorMSP.peer"}, all[:needed-1]...)...) {
			t.Errorf("%d brands: %d and the regulator meet %s", brands, needed-1, rule)
		}
	}
}

func TestNobodyMeetsTheRegulatorsWriters(t *testing.T) {
	m := consortium(3)
	rules, modPolicy := ApplicationOrganisation(m.Regulators()[0])
	if modPolicy != ApplicationAdmins {
		t.Errorf("the regulator's group can be changed by %s: it could drop a policy and set another", modPolicy)
	}
	seen := 0
	for _, rule := range rules {
		if rule.Name != Proposers && rule.Name != "Writers" && rule.Name != "Endorsement" {
			continue
		}
		seen++
		if rule.ModPolicy != ApplicationAdmins {
			t.Errorf("%s can be changed by %s", rule.Name, rule.ModPolicy)
		}
		if met(t, rule.Rule, "RegulatorMSP.admin", "RegulatorMSP.client", "RegulatorMSP.peer", "BrandaMSP.admin", "BrandbMSP.admin") {
			t.Errorf("%s is met", rule.Name)
		}
	}
	if seen != 3 {
		t.Errorf("%d of Proposers, Writers and Endorsement", seen)
	}
}

func TestABrandsClientsProposeAndOnlyItsWritersWrite(t *testing.T) {
	brand := consortium(3).Brands()[0]
	rules, _ := ApplicationOrganisation(brand)
	byName := map[string]Rule{}
	for _, rule := range rules {
		byName[rule.Name] = rule
	}
	if writers := byName["Writers"]; met(t, writers.Rule, "BrandaMSP.client", "BrandaMSP.peer") || !met(t, writers.Rule, "BrandaMSP.admin") || len(writers.Units) != 1 || writers.Units[0] != membership.WritersUnit {
		t.Errorf("writers: %+v", writers)
	}
	if rule := byName[Proposers]; !met(t, rule.Rule, "BrandaMSP.client") || met(t, rule.Rule, "BrandaMSP.peer") || len(rule.Units) != 0 {
		t.Errorf("proposers: %+v", rule)
	}
	for name, acl := range map[string]string{"peer/Propose": "/Channel/Application/Proposers", "peer/ChaincodeToChaincode": "/Channel/Application/Proposers"} {
		if ACLs()[name] != acl {
			t.Errorf("%s is for %q", name, ACLs()[name])
		}
	}
}

// TestNobodyWidensItsWritersAlone: whoever may change a group may drop a rule from it and set another, so the groups are guarded with the rules. What a member says of itself stays its own.
func TestNobodyWidensItsWritersAlone(t *testing.T) {
	brand := consortium(3).Brands()[0]
	application, applicationBy := ApplicationOrganisation(brand)
	ordering, orderingBy := OrdererOrganisation(brand)
	for _, group := range []struct {
		rules      []Rule
		by, shared string
	}{{application, applicationBy, ApplicationAdmins}, {ordering, orderingBy, OrdererAdmins}} {
		if group.by != group.shared {
			t.Errorf("the group can be changed by %s, want %s", group.by, group.shared)
		}
		for _, rule := range group.rules {
			want := "Admins"
			if rule.Name == "Writers" || rule.Name == Proposers {
				want = group.shared
			}
			if rule.ModPolicy != want {
				t.Errorf("%s can be changed by %s, want %s", rule.Name, rule.ModPolicy, want)
			}
		}
	}
}

func TestEveryChaincodeFollowsAPolicyThatExists(t *testing.T) {
	for brands := 2; brands <= 5; brands++ {
		m := consortium(brands)
		rules := map[string]bool{}
		for _, rule := range Application(m, founded) {
			rules[Reference(rule.Name)] = true
		}
		for _, c := range m.Chaincodes() {
			if path := ForChaincode(m, c); !rules[path] {
				t.Errorf("%s follows %s, which isn't in the channel", c.Name, path)
			}
		}
	}
}

func TestAdministrationIsAMajorityOfBrandsAtEveryLevel(t *testing.T) {
	m := consortium(4)
	for level, rules := range map[string][]Rule{"channel": Channel(m, founded), "application": Application(m, founded), "orderer": Orderer(m, founded)} {
		for _, rule := range rules {
			if rule.Name == "Admins" && rule.Rule != BrandMajority(m, founded, admin) {
				t.Errorf("%s: Admins is %s", level, rule.Rule)
			}
		}
	}
}
