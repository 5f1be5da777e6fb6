package administration

import (
	"crypto/x509"
	"slices"

	"github.com/hyperledger/fabric-config/configtx"
	"github.com/hyperledger/fabric-protos-go-apiv2/common"
	"github.com/hyperledger/fabric-protos-go-apiv2/msp"
	"github.com/hyperledger/fabric-protos-go-apiv2/peer"
	"google.golang.org/protobuf/proto"

	"github.com/tallystick/tallystick/network/failure"
	"github.com/tallystick/tallystick/network/genesis"
	"github.com/tallystick/tallystick/network/membership"
	"github.com/tallystick/tallystick/network/policy"
)

// aclsValue is the name of the value that holds the channel's access rules.
const aclsValue = "ACLs"

// Writers has the channel's rules about who writes and who asks be those that a channel is founded with now: for the authorities that it believes at present, whose
// units a rule names one by one, and for a channel that was founded before there were such units. There a brand's group and rules are still its own to change, so that the
// administrator of each such brand has to sign, and not just a majority. What is a member's own to say, as its Readers, stays as it is.
func Writers(m *membership.Membership) Change {
	return Change{By: Majority, Update: func(config *common.Config) ([]byte, error) { return WritersUpdate(config, m) }}
}

// WritersUpdate is the update that does so; nil when nothing changes. Members that the channel doesn't know, or no more, are left out.
func WritersUpdate(config *common.Config, m *membership.Membership) ([]byte, error) {
	next := configtx.New(config)
	for _, member := range m.Members {
		if err := setMembersRules(&next, member); err != nil {
			return nil, failure.Wrap(failure.ChannelUpdate, err, "can't set the rules of %s", member.Name)
		}
	}
	for name, rule := range genesis.Policies(policy.Application(m, membership.Standing{})) {
		if name != policy.Proposers {
			continue
		}
		if err := next.Application().SetPolicy(name, rule); err != nil {
			return nil, failure.Wrap(failure.ChannelUpdate, err, "can't set the rule %s", name)
		}
	}
	if err := setACLs(next.UpdatedConfig()); err != nil {
		return nil, err
	}
	return updateOf(&next, m.Channel)
}

// organisation is what the configuration library offers of a member's group, in either part of the channel.
type organisation interface {
	SetPolicy(name string, rule configtx.Policy) error
	SetModPolicy(modPolicy string) error
}

func setMembersRules(next *configtx.ConfigTx, member membership.Member) error {
	groups := next.UpdatedConfig().GetChannelGroup().GetGroups()
	if group, known := groups[applicationGroup].GetGroups()[member.MSP()]; known {
		rules, modPolicy := policy.ApplicationOrganisation(member)
		rules = guarded(rules)
		if err := setRules(next.Application().Organization(member.MSP()), rules, modPolicy); err != nil {
			return err
		}
		roots, err := rootsIn(group)
		if err != nil {
			return err
		}
		if err := genesis.AddUnits(group, member.MSP(), rules, roots); err != nil {
			return err
		}
	}
	if _, known := groups[ordererGroup].GetGroups()[member.MSP()]; !known {
		return nil
	}
	rules, modPolicy := policy.OrdererOrganisation(member)
	return setRules(next.Orderer().Organization(member.MSP()), guarded(rules), modPolicy)
}

// guarded are the rules of a member's group that aren't its own to change.
func guarded(rules []policy.Rule) []policy.Rule {
	return slices.DeleteFunc(slices.Clone(rules), func(rule policy.Rule) bool { return rule.ModPolicy == configtx.AdminsPolicyKey })
}

func setRules(of organisation, rules []policy.Rule, modPolicy string) error {
	for name, rule := range genesis.Policies(rules) {
		if err := of.SetPolicy(name, rule); err != nil {
			return err
		}
	}
	return of.SetModPolicy(modPolicy)
}

// rootsIn are the authorities that a member's group names.
func rootsIn(group *common.ConfigGroup) ([]*x509.Certificate, error) {
	var wrapped msp.MSPConfig
	var description msp.FabricMSPConfig
	if proto.Unmarshal(group.GetValues()[mspValue].GetValue(), &wrapped) != nil || proto.Unmarshal(wrapped.GetConfig(), &description) != nil {
		return nil, failure.New(failure.ChannelUpdate, "an organisation's description can't be read")
	}
	return parseRoots(description.GetRootCerts())
}

// setACLs sets the access rules that differ from Fabric's, and leaves others alone. As bytes they have an order of their own, so that they are compared one by one.
func setACLs(config *common.Config) error {
	application := config.GetChannelGroup().GetGroups()[applicationGroup]
	var acls peer.ACLs
	if err := proto.Unmarshal(application.GetValues()[aclsValue].GetValue(), &acls); err != nil {
		return failure.Wrap(failure.ChannelUpdate, err, "the channel's access rules can't be read")
	}
	changed := false
	for name, reference := range policy.ACLs() {
		if acls.GetAcls()[name].GetPolicyRef() == reference {
			continue
		}
		if acls.Acls == nil {
			acls.Acls = map[string]*peer.APIResource{}
		}
		acls.Acls[name], changed = &peer.APIResource{PolicyRef: reference}, true
	}
	if !changed {
		return nil
	}
	encoded, err := proto.MarshalOptions{Deterministic: true}.Marshal(&acls)
	if err != nil {
		return failure.Wrap(failure.ChannelUpdate, err, "the channel's access rules can't be encoded")
	}
	application.Values[aclsValue] = &common.ConfigValue{Value: encoded, ModPolicy: configtx.AdminsPolicyKey}
	return nil
}
