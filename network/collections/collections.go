package collections

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/hyperledger/fabric-admin-sdk/pkg/chaincode"
	"github.com/hyperledger/fabric-protos-go-apiv2/peer"

	"github.com/tallystick/tallystick/network/failure"
	"github.com/tallystick/tallystick/network/membership"
	"github.com/tallystick/tallystick/network/policy"
)

// Details is the collection of a brand's points chaincode that holds what competitors must not see live.
const Details = "details"

// Customers is the collection of a brand's points chaincode that holds its customers' personal data, encrypted: nobody else has them.
const Customers = "customers"

// Shared names the collection of the owner's points chaincode that holds what it shares with another brand under its customers' consents.
func Shared(owner, grantee string) string { return fmt.Sprintf("shared-%s-%s", owner, grantee) }

// Pair names the collection of two brands in clearing; the order of its arguments doesn't matter.
func Pair(a, b string) string {
	names := []string{a, b}
	slices.Sort(names)
	return fmt.Sprintf("pair-%s-%s", names[0], names[1])
}

// Definition is one collection, with the field names of Fabric's collection files.
type Definition struct {
	Name string `json:"name"`
	// Policy says whose peers hold the data.
	Policy string `json:"policy"`
	// RequiredPeerCount is how many peers besides the endorsing one must have taken the data before it endorses.
	RequiredPeerCount int32 `json:"requiredPeerCount"`
	// MaxPeerCount is how many peers the endorsing peer sends the data to at once: every peer of every member.
	MaxPeerCount int32 `json:"maxPeerCount"`
	// BlockToLive 0 keeps the data until it is deleted or purged.
	BlockToLive       uint64            `json:"blockToLive"`
	MemberOnlyRead    bool              `json:"memberOnlyRead"`
	MemberOnlyWrite   bool              `json:"memberOnlyWrite"`
	EndorsementPolicy EndorsementPolicy `json:"endorsementPolicy"`
}

// EndorsementPolicy says who endorses a write of private data. Without one the chaincode's policy would hold, and brands
// that aren't members of the collection could endorse forged data.
type EndorsementPolicy struct {
	SignaturePolicy string `json:"signaturePolicy"`
}

// For gives the collections of a chaincode, in a fixed order. In those of a brand that failed, who acts for it takes its
// place; names of collections never change, as Fabric couldn't follow that.
func For(m *membership.Membership, s membership.Standing, of membership.Chaincode) []Definition {
	if brand, ok := m.Member(of.Brand); ok {
		return ofPoints(m, s, brand)
	}
	var pairs []Definition
	brands := ordered(m)
	for i, first := range brands {
		for _, second := range brands[i+1:] {
			a, b := m.PairSpeakers(s, first, second)
			pairs = append(pairs, define(Pair(first.Name, second.Name), append([]membership.Member{a, b}, m.Regulators()...), a, b))
		}
	}
	return pairs
}

func ordered(m *membership.Membership) []membership.Member {
	brands := m.Brands()
	slices.SortFunc(brands, func(a, b membership.Member) int { return strings.Compare(a.Name, b.Name) })
	return brands
}

// ofPoints gives the collections of a brand's points chaincode: its details, its vault, and what it shares with each other brand. The regulators hold the details only.
// What is shared with a brand that failed or left passes to nobody: the customers agreed to that brand, not to who acts for it.
func ofPoints(m *membership.Membership, s membership.Standing, brand membership.Member) []Definition {
	owner := speaker(m, s, brand)
	all := []Definition{
		define(Details, append([]membership.Member{owner}, m.Regulators()...), owner),
		durable(define(Customers, []membership.Member{owner}, owner), owner),
	}
	for _, other := range ordered(m) {
		if other.Name == brand.Name {
			continue
		}
		holders := []membership.Member{owner}
		if acting, there := m.Speaker(s, other); there && acting.Name == other.Name && other.Name != owner.Name {
			holders = append(holders, other)
		}
		all = append(all, durable(define(Shared(brand.Name, other.Name), holders, owner), owner))
	}
	return all
}

// speaker is who acts for a brand: itself, or whom the others appointed.
func speaker(m *membership.Membership, s membership.Standing, brand membership.Member) membership.Member {
	if acting, there := m.Speaker(s, brand); there {
		return acting
	}
	return brand
}

// define makes a collection that its owners endorse. The holders of pairs and details are the owners and the regulators.
func define(name string, holders []membership.Member, owners ...membership.Member) Definition {
	peers := 0
	for _, holder := range holders {
		peers += holder.Peers
	}
	return Definition{
		Name:              name,
		Policy:            policy.AnyMember(holders...),
		MaxPeerCount:      int32(peers),
		MemberOnlyRead:    true,
		MemberOnlyWrite:   true,
		EndorsementPolicy: EndorsementPolicy{SignaturePolicy: policy.EndorsedByAll(owners...)},
	}
}

// durable asks for a second holder that has the data before the owner's first peer endorses, when the owner has a second one: with the endorsing peer would otherwise die what
// no other peer got in time. Fabric counts peers other than the endorsing one, so with a single peer nothing could be written if one were required. The price: while one of two
// peers is down, the vault can be neither written nor purged; shares can, as a grantee's peer counts too. Details and pairs need no such care: their receipts can be made
// again from the gateway's outbox.
func durable(d Definition, owner membership.Member) Definition {
	if owner.Peers > 1 {
		d.RequiredPeerCount = 1
	}
	return d
}

// JSON renders a chaincode's collections as the file that is checked in.
func JSON(m *membership.Membership, of membership.Chaincode) ([]byte, error) {
	data, err := json.MarshalIndent(For(m, membership.Standing{}, of), "", "  ")
	if err != nil {
		return nil, err
	}
	return append(data, '\n'), nil
}

// Package gives a chaincode's collections as its lifecycle definition carries them.
func Package(m *membership.Membership, s membership.Standing, of membership.Chaincode) (*peer.CollectionConfigPackage, error) {
	configs := &peer.CollectionConfigPackage{}
	for _, definition := range For(m, s, of) {
		config, err := definition.config()
		if err != nil {
			return nil, failure.Wrap(failure.DeployFailed, err, "collection %s of %s", definition.Name, of.Name)
		}
		configs.Config = append(configs.Config, config)
	}
	return configs, nil
}

func (d Definition) config() (*peer.CollectionConfig, error) {
	holders, err := chaincode.NewApplicationPolicy(d.Policy, "")
	if err != nil {
		return nil, err
	}
	endorsers, err := chaincode.NewApplicationPolicy(d.EndorsementPolicy.SignaturePolicy, "")
	if err != nil {
		return nil, err
	}
	return &peer.CollectionConfig{Payload: &peer.CollectionConfig_StaticCollectionConfig{
		StaticCollectionConfig: &peer.StaticCollectionConfig{
			Name: d.Name,
			MemberOrgsPolicy: &peer.CollectionPolicyConfig{Payload: &peer.CollectionPolicyConfig_SignaturePolicy{
				SignaturePolicy: holders.GetSignaturePolicy(),
			}},
			RequiredPeerCount: d.RequiredPeerCount,
			MaximumPeerCount:  d.MaxPeerCount,
			BlockToLive:       d.BlockToLive,
			MemberOnlyRead:    d.MemberOnlyRead,
			MemberOnlyWrite:   d.MemberOnlyWrite,
			EndorsementPolicy: endorsers,
		},
	}}, nil
}
