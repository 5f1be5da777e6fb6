package administration

import (
	"github.com/hyperledger/fabric-config/configtx"
	"github.com/hyperledger/fabric-protos-go-apiv2/common"
	"github.com/hyperledger/fabric-protos-go-apiv2/msp"
	"google.golang.org/protobuf/proto"

	"github.com/tallystick/tallystick/network/failure"
)

// mspValue is the name of the value that describes an organisation's identities.
const mspValue = "MSP"

// describe changes an organisation's description wherever the channel has it: as application and as ordering organisation. Fabric refuses two that differ.
func describe(next *configtx.ConfigTx, organisation string, change func(*msp.FabricMSPConfig) error) error {
	described := 0
	for _, section := range []string{applicationGroup, ordererGroup} {
		value := next.UpdatedConfig().GetChannelGroup().GetGroups()[section].GetGroups()[organisation].GetValues()[mspValue]
		if value == nil {
			continue
		}
		described++
		if err := redescribe(value, change); err != nil {
			return err
		}
	}
	if described == 0 {
		return failure.New(failure.ChannelUpdate, "the channel doesn't know %s", organisation)
	}
	return nil
}

func redescribe(value *common.ConfigValue, change func(*msp.FabricMSPConfig) error) error {
	var wrapped msp.MSPConfig
	var description msp.FabricMSPConfig
	if err := proto.Unmarshal(value.GetValue(), &wrapped); err != nil {
		return failure.Wrap(failure.ChannelUpdate, err, "an organisation's description can't be read")
	}
	if err := proto.Unmarshal(wrapped.GetConfig(), &description); err != nil {
		return failure.Wrap(failure.ChannelUpdate, err, "an organisation's description can't be read")
	}
	before := proto.Clone(&description)
	if err := change(&description); err != nil || proto.Equal(before, &description) {
		return err
	}
	var err error
	if wrapped.Config, err = proto.Marshal(&description); err != nil {
		return failure.Wrap(failure.ChannelUpdate, err, "an organisation's description can't be encoded")
	}
	if value.Value, err = proto.Marshal(&wrapped); err != nil {
		return failure.Wrap(failure.ChannelUpdate, err, "an organisation's description can't be encoded")
	}
	return nil
}
