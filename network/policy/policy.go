package policy

import (
	"fmt"
	"slices"
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

// OrdererAdmins is the same majority, in the part of the channel that orders.
const OrdererAdmins = "/Channel/Orderer/Admins"

// Proposers is the policy of those for whom peers run chaincode.
const Proposers = "Proposers"

// writers is the policy of those whose transactions ordering nodes take.
const writers = "Writers"

// ownAdmins is the Admins policy of the group that a rule stands in.
const ownAdmins = "Admins"

// Rule is one policy of a group.
type Rule struct {
	Name string `yaml:"name"`
	Type Type   `yaml:"type"`
	Rule string `yaml:"rule"`
	// Units are organisational units of the group's own member, each of which meets the rule by itself. Fabric's text for rules has no
	// word for them.
	Units []string `yaml:"units,omitempty"`
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

// Points lets a brand write its points only with another brand's endorsement, and nobody without the brand's peer. Who doesn't
// speak for itself vouches for nobody else either.
//
// For a brand that failed its administrator and another brand write, or a majority of those that speak for themselves; the
// points of one that has left, which nothing needs to write, only the latter.
func Points(m *membership.Membership, s membership.Standing, brand membership.Member) string {
	speaking := m.Speaking(s)
	speaker, there := m.Speaker(s, brand)
	majority := outOf(membership.MajorityOf(speaking), principals(speaking, peer))
	if !there {
		return majority
	}
	others := slices.DeleteFunc(slices.Clone(speaking), func(other membership.Member) bool { return other.Name == speaker.Name })
	both := fmt.Sprintf("AND(%s, %s)", principal(speaker, peer), outOf(1, principals(others, peer)))
	switch {
	case speaker.Name == brand.Name:
		return both
	case membership.MajorityOf(speaking) <= endorsers:
		return majority
	}
	return fmt.Sprintf("OR(%s, %s)", both, majority)
}

// endorsers is how many endorsements a write to a brand's points needs.
const endorsers = 2

// BrandMajority is more than half of the brands that have not left. Fabric's own MAJORITY counts every organisation, the
// regulator too. A brand that failed still counts: it may be reinstated, and clearing counts it too.
func BrandMajority(m *membership.Membership, s membership.Standing, role string) string {
	brands := m.Remaining(s)
	return outOf(membership.MajorityOf(brands), principals(brands, role))
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
func Channel(m *membership.Membership, s membership.Standing) []Rule {
	return []Rule{
		anyBelow("Readers"),
		anyBelow(writers),
		signed("Admins", BrandMajority(m, s, admin)),
	}
}

// Application gives the policies of the application group: the chaincodes' and the brands' majorities.
func Application(m *membership.Membership, s membership.Standing) []Rule {
	rules := []Rule{
		anyBelow("Readers"),
		anyBelow(Proposers),
		anyBelow(writers),
		signed("Admins", BrandMajority(m, s, admin)),
		signed("Endorsement", BrandMajority(m, s, peer)),
		signed("LifecycleEndorsement", BrandMajority(m, s, peer)),
		signed(ClearingName, BrandMajority(m, s, peer)),
	}
	for _, brand := range m.Brands() {
		rules = append(rules, signed(PointsName(brand), Points(m, s, brand)))
	}
	return rules
}

// Orderer gives the policies of the ordering group. Blocks are made by those who speak for themselves.
func Orderer(m *membership.Membership, s membership.Standing) []Rule {
	return []Rule{
		anyBelow("Readers"),
		anyBelow(writers),
		signed("Admins", BrandMajority(m, s, admin)),
		signed("BlockValidation", outOf(1, principals(m.Speaking(s), orderer))),
	}
}

// ApplicationOrganisation gives a member's own policies and who may change the member's group as a whole.
//
// Every client of a brand may have chaincode run, which is how auditors ask; only writers and the administrator may have a transaction
// ordered. A regulator's Proposers, Writers and Endorsement can be met by nobody. Who writes and who asks only a majority of brands may change, and the group's own
// modPolicy matters as much: whoever may change a group may drop a policy from it and put another in its place later.
func ApplicationOrganisation(of membership.Member) (rules []Rule, modPolicy string) {
	readers := signed("Readers", outOf(1, []string{principal(of, admin), principal(of, peer), principal(of, client)}))
	admins := signed("Admins", outOf(1, []string{principal(of, admin)}))
	if of.IsBrand() {
		writing := guarded(writers, outOf(1, []string{principal(of, admin)}), ApplicationAdmins)
		writing.Units = []string{membership.WritersUnit}
		return []Rule{
			readers, admins,
			guarded(Proposers, outOf(1, []string{principal(of, admin), principal(of, client)}), ApplicationAdmins),
			writing,
			signed("Endorsement", outOf(1, []string{principal(of, peer)})),
		}, ApplicationAdmins
	}
	return []Rule{
		readers, admins,
		guarded(Proposers, nobody(of), ApplicationAdmins),
		guarded(writers, nobody(of), ApplicationAdmins),
		guarded("Endorsement", nobody(of), ApplicationAdmins),
	}, ApplicationAdmins
}

// OrdererOrganisation gives a brand's policies within the ordering group, and who may change its group there. Whoever meets its Writers may have a transaction ordered too.
func OrdererOrganisation(of membership.Member) (rules []Rule, modPolicy string) {
	return []Rule{
		signed("Readers", outOf(1, []string{principal(of, member)})),
		guarded(writers, outOf(1, []string{principal(of, orderer)}), OrdererAdmins),
		signed("Admins", outOf(1, []string{principal(of, admin)})),
	}, OrdererAdmins
}

// ACLs gives the access rules that differ from Fabric's defaults: a reader may look up what is deployed, and who proposes, with whatever
// its chaincode calls, needs not be a writer, to whom Fabric restricts it.
func ACLs() map[string]string {
	return map[string]string{
		"peer/Propose":                         Reference(Proposers),
		"peer/ChaincodeToChaincode":            Reference(Proposers),
		"_lifecycle/QueryChaincodeDefinition":  "/Channel/Application/Readers",
		"_lifecycle/QueryChaincodeDefinitions": "/Channel/Application/Readers",
	}
}

// signed is a rule of signatures in the care of its group's administrators.
func signed(name, rule string) Rule {
	return Rule{Name: name, Type: Signature, Rule: rule, ModPolicy: ownAdmins}
}

// guarded is a rule of signatures that a majority of brands may change, and nobody else.
func guarded(name, rule, by string) Rule {
	return Rule{Name: name, Type: Signature, Rule: rule, ModPolicy: by}
}

// anyBelow is met by who meets the policy of the same name of any group below.
func anyBelow(name string) Rule {
	return Rule{Name: name, Type: ImplicitMeta, Rule: "ANY " + name, ModPolicy: ownAdmins}
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
