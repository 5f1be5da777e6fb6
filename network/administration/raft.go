package administration

import (
	"github.com/hyperledger/fabric-protos-go-apiv2/common"
	"github.com/hyperledger/fabric-protos-go-apiv2/orderer"
	"github.com/hyperledger/fabric-protos-go-apiv2/orderer/etcdraft"
	"google.golang.org/protobuf/proto"

	"github.com/tallystick/tallystick/network/failure"
)

// Names in the channel's configuration.
const (
	applicationGroup   = "Application"
	ordererGroup       = "Orderer"
	consensusTypeValue = "ConsensusType"
	endpointsValue     = "Endpoints"
)

// raftOf is the list of ordering nodes in a configuration, and the value that holds it. The configuration library isn't asked: it reads every organisation for it, and
// fails where an organisation's units name no authority, as with two roots they can't.
func raftOf(config *common.Config) (*etcdraft.ConfigMetadata, *orderer.ConsensusType, error) {
	consensus, raft := new(orderer.ConsensusType), new(etcdraft.ConfigMetadata)
	value := config.GetChannelGroup().GetGroups()[ordererGroup].GetValues()[consensusTypeValue]
	if value == nil || proto.Unmarshal(value.GetValue(), consensus) != nil || proto.Unmarshal(consensus.GetMetadata(), raft) != nil {
		return nil, nil, failure.New(failure.ChannelUpdate, "the ordering nodes can't be read")
	}
	return raft, consensus, nil
}

// changeRaft changes the list of ordering nodes in a configuration.
func changeRaft(config *common.Config, change func(*etcdraft.ConfigMetadata) error) error {
	raft, consensus, err := raftOf(config)
	if err != nil {
		return err
	}
	before := proto.Clone(raft)
	if err := change(raft); err != nil || proto.Equal(before, raft) {
		return err
	}
	if consensus.Metadata, err = proto.Marshal(raft); err != nil {
		return failure.Wrap(failure.ChannelUpdate, err, "the ordering nodes can't be encoded")
	}
	value := config.GetChannelGroup().GetGroups()[ordererGroup].GetValues()[consensusTypeValue]
	if value.Value, err = proto.Marshal(consensus); err != nil {
		return failure.Wrap(failure.ChannelUpdate, err, "the ordering nodes can't be encoded")
	}
	return nil
}

// endpointsOf are where an organisation's ordering nodes listen; it has none when the channel's ordering part doesn't know it.
func endpointsOf(config *common.Config, organisation string) (endpoints []string, known bool, err error) {
	group, known := config.GetChannelGroup().GetGroups()[ordererGroup].GetGroups()[organisation]
	if !known {
		return nil, false, nil
	}
	var addresses common.OrdererAddresses
	if err := proto.Unmarshal(group.GetValues()[endpointsValue].GetValue(), &addresses); err != nil {
		return nil, true, failure.Wrap(failure.ChannelUpdate, err, "the ordering nodes of %s can't be read", organisation)
	}
	return addresses.GetAddresses(), true, nil
}
