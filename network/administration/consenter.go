package administration

import (
	"bytes"
	"context"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"slices"
	"time"

	"github.com/hyperledger/fabric-config/configtx"
	"github.com/hyperledger/fabric-protos-go-apiv2/common"
	"github.com/hyperledger/fabric-protos-go-apiv2/orderer/etcdraft"
	"google.golang.org/protobuf/proto"

	"github.com/tallystick/tallystick/network/failure"
	"github.com/tallystick/tallystick/network/membership"
)

// Rekey has the channel know an ordering node of a member, counted from 0, by another TLS certificate. From then on the others refuse what the node shows
// until it starts with the new one. What the ordering nodes are is the brands' to say.
//
// Without an error the channel names this very certificate: another change of the channel that came meanwhile is none of this one.
func Rekey(m *membership.Membership, member membership.Member, index int, certificate *x509.Certificate) Change {
	address := membership.Address(m.OrdererPorts(member.Name, index).Listen)
	return Change{By: Majority, Update: func(config *common.Config) ([]byte, error) {
		return ConsenterTLS(config, m.Channel, address, certificate)
	}}
}

// Named tells whether the channel is as a change wants it: whether it names this very certificate for an ordering node, when it is a Rekey.
func (s Site) Named(ctx context.Context, change Change) (bool, error) {
	lacks, _, err := s.Lacks(ctx, change)
	return err == nil && lacks == nil, err
}

// othersUp has every ordering node that a change doesn't take away up with the rest, so that enough of them order meanwhile; CHANNEL_UPDATE names one that isn't.
func (u *updater) othersUp(within time.Duration) func(context.Context, *common.Config, []byte) error {
	return func(ctx context.Context, config *common.Config, update []byte) error {
		leaving, err := replaced(config, update)
		if err != nil || len(leaving) == 0 {
			return err
		}
		wait, cancel := context.WithTimeout(ctx, within)
		defer cancel()
		return u.awaitOthers(wait, config, leaving)
	}
}

// replaced are the addresses of ordering nodes that the channel won't know any more as they are now once an update is made.
func replaced(config *common.Config, update []byte) ([]string, error) {
	var wanted common.ConfigUpdate
	if err := proto.Unmarshal(update, &wanted); err != nil {
		return nil, failure.Wrap(failure.ChannelUpdate, err, "the update can't be read")
	}
	if len(wanted.GetWriteSet().GetGroups()[ordererGroup].GetValues()[consensusTypeValue].GetValue()) == 0 { // It stays as it is.
		return nil, nil
	}
	before, _, err := raftOf(config)
	if err != nil {
		return nil, err
	}
	after, _, err := raftOf(&common.Config{ChannelGroup: wanted.GetWriteSet()})
	if err != nil {
		return nil, err
	}
	var leaving []string
	for _, was := range before.GetConsenters() {
		if !slices.ContainsFunc(after.GetConsenters(), func(is *etcdraft.Consenter) bool { return proto.Equal(is, was) }) {
			leaving = append(leaving, addressOf(was))
		}
	}
	return leaving, nil
}

// ConsenterTLS is the update by which the channel knows the ordering node at an address by this certificate; nil when it does. CHANNEL_UPDATE when none is there.
func ConsenterTLS(config *common.Config, channel, address string, certificate *x509.Certificate) ([]byte, error) {
	next := configtx.New(config)
	encoded := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: certificate.Raw})
	err := changeRaft(next.UpdatedConfig(), func(raft *etcdraft.ConfigMetadata) error {
		place := slices.IndexFunc(raft.GetConsenters(), func(c *etcdraft.Consenter) bool { return addressOf(c) == address })
		if place < 0 {
			return failure.New(failure.ChannelUpdate, "the channel has no ordering node at %s", address)
		}
		consenter := raft.GetConsenters()[place]
		if !same(consenter.GetServerTlsCert(), certificate) || !same(consenter.GetClientTlsCert(), certificate) {
			consenter.ServerTlsCert, consenter.ClientTlsCert = encoded, encoded
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return updateOf(&next, channel)
}

func addressOf(c *etcdraft.Consenter) string { return fmt.Sprintf("%s:%d", c.GetHost(), c.GetPort()) }

// same tells whether PEM is of a certificate.
func same(encoded []byte, certificate *x509.Certificate) bool {
	block, _ := pem.Decode(encoded)
	return block != nil && bytes.Equal(block.Bytes, certificate.Raw)
}
