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
	Policy            string `json:"policy"`
	RequiredPeerCount int32  `json:"requiredPeerCount"`
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
// place; names and number of collections never change, as Fabric couldn't follow that.
func For(m *membership.Membership, s membership.Standing, of membership.Chaincode) []Definition {
	if brand, ok := m.Member(of.Brand); ok {
		speaker, there := m.Speaker(s, brand)
		if !there {
			speaker = brand
		}
		return []Definition{define(m, Details, speaker)}
	}
	var pairs []Definition
	brands := m.Brands()
	slices.SortFunc(brands, func(a, b membership.Member) int { return strings.Compare(a.Name, b.Name) })
	for i, first := range brands {
		for _, second := range brands[i+1:] {
			a, b := m.PairSpeakers(s, first, second)
			pairs = append(pairs, define(m, Pair(first.Name, second.Name), a, b))
		}
	}
	return pairs
}

// define makes a collection that its owners endorse and that the regulators hold too.
func define(m *membership.Membership, name string, owners ...membership.Member) Definition {
	holders := append(slices.Clone(owners), m.Regulators()...)
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
