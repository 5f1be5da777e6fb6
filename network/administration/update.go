package administration

import (
	"bytes"
	"slices"

	"github.com/hyperledger/fabric-config/configtx"
	"github.com/hyperledger/fabric-protos-go-apiv2/common"
	"github.com/hyperledger/fabric-protos-go-apiv2/orderer/etcdraft"
	"google.golang.org/protobuf/proto"

	"github.com/tallystick/tallystick/network/failure"
	"github.com/tallystick/tallystick/network/genesis"
	"github.com/tallystick/tallystick/network/membership"
	"github.com/tallystick/tallystick/network/policy"
)

// Update is one change of the channel's configuration, as members' administrators sign it; nil when nothing has to change.
//
// An update takes one ordering node away at most, as Raft's rules want: a member with several needs an update for each. The
// member's place among those who order goes with its last one, and with it the addresses that clients find.
func Update(config *common.Config, m *membership.Membership, s membership.Standing) ([]byte, error) {
	if err := m.Check(s); err != nil {
		return nil, err
	}
	next := configtx.New(config)
	if err := setPolicies(&next, m, s); err != nil {
		return nil, failure.Wrap(failure.ChannelUpdate, err, "can't set the channel's policies")
	}
	if err := removeOrderer(&next, m, s); err != nil {
		return nil, failure.Wrap(failure.ChannelUpdate, err, "can't take an ordering node away")
	}
	return updateOf(&next, m.Channel)
}

// updateOf is the update that makes a channel's configuration the one in next; nil when nothing differs.
func updateOf(next *configtx.ConfigTx, channel string) ([]byte, error) {
	if !differ(next.OriginalConfig().GetChannelGroup(), next.UpdatedConfig().GetChannelGroup()) {
		return nil, nil
	}
	update, err := next.ComputeMarshaledUpdate(channel)
	if err != nil {
		return nil, failure.Wrap(failure.ChannelUpdate, err, "can't compute the change")
	}
	return update, nil
}

// differ compares what two groups say, all the way down. Versions, which only count changes, are no difference.
func differ(before, after *common.ConfigGroup) bool {
	if before.GetModPolicy() != after.GetModPolicy() {
		return true
	}
	if len(before.GetGroups()) != len(after.GetGroups()) || len(before.GetPolicies()) != len(after.GetPolicies()) {
		return true
	}
	for name, was := range before.GetPolicies() {
		is, there := after.GetPolicies()[name]
		if !there || !proto.Equal(was.GetPolicy(), is.GetPolicy()) || was.GetModPolicy() != is.GetModPolicy() {
			return true
		}
	}
	for name, was := range before.GetValues() {
		is, there := after.GetValues()[name]
		if !there || !bytes.Equal(was.GetValue(), is.GetValue()) {
			return true
		}
	}
	for name, was := range before.GetGroups() {
		is, there := after.GetGroups()[name]
		if !there || differ(was, is) {
			return true
		}
	}
	return false
}

func setPolicies(next *configtx.ConfigTx, m *membership.Membership, s membership.Standing) error {
	channel, application, ordering := next.Channel(), next.Application(), next.Orderer()
	for _, group := range []struct {
		set   func(string, configtx.Policy) error
		rules []policy.Rule
	}{
		{channel.SetPolicy, policy.Channel(m, s)}, {application.SetPolicy, policy.Application(m, s)}, {ordering.SetPolicy, policy.Orderer(m, s)},
	} {
		for name, rule := range genesis.Policies(group.rules) {
			if err := group.set(name, rule); err != nil {
				return err
			}
		}
	}
	return nil
}

// removeOrderer takes away one ordering node of a member that doesn't speak for itself any more, the first that it finds.
func removeOrderer(next *configtx.ConfigTx, m *membership.Membership, s membership.Standing) error {
	for _, member := range m.Brands() {
		endpoints, known, err := endpointsOf(next.UpdatedConfig(), member.MSP())
		if err != nil {
			return err
		}
		speaker, there := m.Speaker(s, member)
		if !known || there && speaker.Name == member.Name {
			continue
		}
		var own []*etcdraft.Consenter
		err = changeRaft(next.UpdatedConfig(), func(raft *etcdraft.ConfigMetadata) error {
			own = slices.DeleteFunc(slices.Clone(raft.GetConsenters()), func(c *etcdraft.Consenter) bool { return !slices.Contains(endpoints, addressOf(c)) })
			if len(own) > 0 {
				raft.Consenters = slices.DeleteFunc(raft.GetConsenters(), func(c *etcdraft.Consenter) bool { return c == own[0] })
			}
			return nil
		})
		if err != nil {
			return err
		}
		if len(own) <= 1 {
			next.Orderer().RemoveOrganization(member.MSP())
		}
		return nil
	}
	return nil
}
