package policy

import (
	"fmt"
	"strings"

	"github.com/tallystick/tallystick/network/membership"
)

// Type of a rule, in the words of Fabric's channel configuration.
type Type string

const (
	// Signature rules name principals.
	Signature Type = "Signature"
	// ImplicitMeta rules ask the policies of the same name one level below.
	ImplicitMeta Type = "ImplicitMeta"
)

// Roles of an identity by its organisational unit.
const (
	admin   = "admin"
	client  = "client"
	member  = "member"
	orderer = "orderer"
	peer    = "peer"
)

// ApplicationAdmins is the majority of brands that changes what members share.
const ApplicationAdmins = "/Channel/Application/Admins"

// ownAdmins is the Admins policy of the group that a rule stands in.
const ownAdmins = "Admins"

// Rule is one policy of a group.
type Rule struct {
	Name string `yaml:"name"`
	Type Type   `yaml:"type"`
	Rule string `yaml:"rule"`
	// ModPolicy says who may change the rule.
	ModPolicy string `yaml:"modPolicy"`
}

// PointsName names the policy of a brand's points: PointsAirline.
func PointsName(brand membership.Member) string { return "Points" + brand.Title() }

// ClearingName names the policy of the clearing chaincode.
const ClearingName = "Clearing"

// Reference is the path under which a chaincode definition follows an application policy, so that one channel update
// changes the policy of a deployed chaincode.
func Reference(name string) string { return "/Channel/Application/" + name }

// ForChaincode gives the path of the policy that a chaincode follows.
func ForChaincode(m *membership.Membership, chaincode membership.Chaincode) string {
	if brand, ok := m.Member(chaincode.Brand); ok {
		return Reference(PointsName(brand))
	}
	return Reference(ClearingName)
}

// Points lets a brand write its points only with one other brand's endorsement, and nobody without the brand's peer.
func Points(m *membership.Membership, brand membership.Member) string {
	var others []membership.Member
	for _, other := range m.Brands() {
		if other.Name != brand.Name {
			others = append(others, other)
		}
	}
	return fmt.Sprintf("AND(%s, %s)", principal(brand, peer), outOf(1, principals(others, peer)))
}

// BrandMajority is more than half of the brands. Fabric's own MAJORITY counts every organisation, the regulator too.
func BrandMajority(m *membership.Membership, role string) string {
	return outOf(m.Majority(), principals(m.Brands(), role))
}

// EndorsedByAll wants a peer of each of the members.
func EndorsedByAll(members ...membership.Member) string {
	list := principals(members, peer)
	return outOf(len(list), list)
}

// AnyMember admits every identity of the members.
func AnyMember(members ...membership.Member) string {
	return outOf(1, principals(members, member))
}

// Channel gives the policies of the channel's root group.
func Channel(m *membership.Membership) []Rule {
	return []Rule{
		{"Readers", ImplicitMeta, "ANY Readers", ownAdmins},
		{"Writers", ImplicitMeta, "ANY Writers", ownAdmins},
		{"Admins", Signature, BrandMajority(m, admin), ownAdmins},
	}
}

// Application gives the policies of the application group: the chaincodes' and the brands' majorities.
func Application(m *membership.Membership) []Rule {
	rules := []Rule{
		{"Readers", ImplicitMeta, "ANY Readers", ownAdmins},
		{"Writers", ImplicitMeta, "ANY Writers", ownAdmins},
		{"Admins", Signature, BrandMajority(m, admin), ownAdmins},
		{"Endorsement", Signature, BrandMajority(m, peer), ownAdmins},
		{"LifecycleEndorsement", Signature, BrandMajority(m, peer), ownAdmins},
		{ClearingName, Signature, BrandMajority(m, peer), ownAdmins},
	}
	for _, brand := range m.Brands() {
		rules = append(rules, Rule{PointsName(brand), Signature, Points(m, brand), ownAdmins})
	}
	return rules
}

// Orderer gives the policies of the ordering group.
func Orderer(m *membership.Membership) []Rule {
	return []Rule{
		{"Readers", ImplicitMeta, "ANY Readers", ownAdmins},
		{"Writers", ImplicitMeta, "ANY Writers", ownAdmins},
		{"Admins", Signature, BrandMajority(m, admin), ownAdmins},
		{"BlockValidation", Signature, outOf(1, principals(m.Brands(), orderer)), ownAdmins},
	}
}

// ApplicationOrganisation gives a member's own policies and who may change the member's group as a whole.
//
// A regulator's Writers and Endorsement can be met by nobody, and only a majority of brands may change them. The group's own
// modPolicy matters as much: whoever may change a group may drop a policy from it and put another in its place later.
func ApplicationOrganisation(of membership.Member) (rules []Rule, modPolicy string) {
	readers := Rule{"Readers", Signature, outOf(1, []string{principal(of, admin), principal(of, peer), principal(of, client)}), ownAdmins}
	admins := Rule{"Admins", Signature, outOf(1, []string{principal(of, admin)}), ownAdmins}
	if of.IsBrand() {
		return []Rule{
			readers, admins,
			{"Writers", Signature, outOf(1, []string{principal(of, admin), principal(of, client)}), ownAdmins},
			{"Endorsement", Signature, outOf(1, []string{principal(of, peer)}), ownAdmins},
		}, ownAdmins
	}
	return []Rule{
		readers, admins,
		{"Writers", Signature, nobody(of), ApplicationAdmins},
		{"Endorsement", Signature, nobody(of), ApplicationAdmins},
	}, ApplicationAdmins
}

// OrdererOrganisation gives a brand's policies within the ordering group.
func OrdererOrganisation(of membership.Member) []Rule {
	return []Rule{
		{"Readers", Signature, outOf(1, []string{principal(of, member)}), ownAdmins},
		{"Writers", Signature, outOf(1, []string{principal(of, orderer)}), ownAdmins},
		{"Admins", Signature, outOf(1, []string{principal(of, admin)}), ownAdmins},
	}
}

// ACLs gives the access rules that differ from Fabric's defaults: a reader may look up what is deployed. Proposing stays
// with Writers, which a regulator can't meet.
func ACLs() map[string]string {
	return map[string]string{
		"_lifecycle/QueryChaincodeDefinition":  "/Channel/Application/Readers",
		"_lifecycle/QueryChaincodeDefinitions": "/Channel/Application/Readers",
	}
}

// nobody wants two signatures out of one principal: Fabric admits that form as the rule that is never met.
func nobody(of membership.Member) string { return outOf(2, []string{principal(of, member)}) }

func outOf(n int, list []string) string {
	return fmt.Sprintf("OutOf(%d, %s)", n, strings.Join(list, ", "))
}

func principals(members []membership.Member, role string) []string {
	var list []string
	for _, m := range members {
		list = append(list, principal(m, role))
	}
	return list
}

func principal(of membership.Member, role string) string {
	return fmt.Sprintf("'%s.%s'", of.MSP(), role)
}
