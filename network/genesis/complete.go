package genesis

import (
	"crypto/sha256"
	"crypto/x509"

	"github.com/hyperledger/fabric-config/configtx"
	"github.com/hyperledger/fabric-protos-go-apiv2/common"
	"google.golang.org/protobuf/proto"

	"github.com/tallystick/tallystick/network/membership"
	"github.com/tallystick/tallystick/network/policy"
)

// complete puts into a first block what the configuration library can't.
func complete(m *membership.Membership, material Material, block *common.Block) error {
	var envelope common.Envelope
	var payload common.Payload
	var wrapped common.ConfigEnvelope
	if err := proto.Unmarshal(block.GetData().GetData()[0], &envelope); err != nil {
		return err
	}
	if err := proto.Unmarshal(envelope.GetPayload(), &payload); err != nil {
		return err
	}
	if err := proto.Unmarshal(payload.GetData(), &wrapped); err != nil {
		return err
	}
	config := configtx.New(wrapped.GetConfig())
	if err := addAnchors(m, &config); err != nil {
		return err
	}
	wrapped.Config = config.UpdatedConfig()
	groups := wrapped.GetConfig().GetChannelGroup().GetGroups()["Application"].GetGroups()
	for _, member := range m.Members {
		rules, _ := policy.ApplicationOrganisation(member)
		if err := AddUnits(groups[member.MSP()], member.MSP(), rules, []*x509.Certificate{material.Roots[member.Name]}); err != nil {
			return err
		}
	}
	return rewrap(block, &envelope, &payload, &wrapped)
}

// addAnchors makes every peer an anchor: without anchors the members' peers never learn of each other, and no endorsement by
// two of them can be planned. The configuration library leaves anchors out of a first block.
func addAnchors(m *membership.Membership, config *configtx.ConfigTx) error {
	for _, member := range m.Members {
		organisation := config.Application().Organization(member.MSP())
		for i := range member.Peers {
			anchor := configtx.Address{Host: membership.Host, Port: m.PeerPorts(member.Name, i).Listen}
			if err := organisation.AddAnchorPeer(anchor); err != nil {
				return err
			}
		}
	}
	return nil
}

// rewrap puts a changed configuration back into its block and renews the block's data hash.
func rewrap(block *common.Block, envelope *common.Envelope, payload *common.Payload, wrapped *common.ConfigEnvelope) (err error) {
	if payload.Data, err = proto.Marshal(wrapped); err != nil {
		return err
	}
	if envelope.Payload, err = proto.Marshal(payload); err != nil {
		return err
	}
	data, err := proto.Marshal(envelope)
	if err != nil {
		return err
	}
	block.Data.Data[0] = data
	sum := sha256.Sum256(data)
	block.Header.DataHash = sum[:]
	return nil
}
