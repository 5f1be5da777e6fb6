package administration

import (
	"context"
	"crypto/x509"
	"slices"

	"github.com/hyperledger/fabric-config/configtx"
	"github.com/hyperledger/fabric-config/configtx/orderer"
	"github.com/hyperledger/fabric-protos-go-apiv2/common"

	"github.com/tallystick/tallystick/network/failure"
	"github.com/tallystick/tallystick/network/lifecycle"
	"github.com/tallystick/tallystick/network/membership"
	"github.com/tallystick/tallystick/network/rundir"
)

// ReplaceConsenterTLS has the channel know an ordering node by another TLS certificate, and says whether that changed anything. From then on the others refuse what the node shows until it starts with the new one. What the
// ordering nodes are is the brands' to say: a majority of their administrators signs.
//
// First every other ordering node has to be up with the rest, so that enough of them order while this one is away; CHANNEL_UPDATE names one that isn't when ctx ends.
func ReplaceConsenterTLS(ctx context.Context, dir rundir.Dir, m *membership.Membership, member membership.Member, index int, certificate *x509.Certificate) (bool, error) {
	u := &updater{dir: dir, m: m, brands: []membership.Member{member}, orderers: m.Brands()}
	for _, brand := range m.Brands() {
		admin, err := lifecycle.Signer(dir, brand, membership.AdminIdentity)
		if err != nil {
			return false, err
		}
		u.signers = append(u.signers, admin)
		if brand.Name == member.Name {
			u.admins, u.sender = append(u.admins, admin), admin
		}
	}
	config, err := u.agreed(ctx)
	if err != nil {
		return false, err
	}
	address := orderer.EtcdAddress{Host: membership.Host, Port: m.OrdererPorts(member.Name, index).Listen}
	update, err := ConsenterTLS(config, m.Channel, address, certificate)
	if err != nil || update == nil {
		return false, err
	}
	if err := u.awaitOthers(ctx, membership.OrdererNode(member.Name, index)); err != nil {
		return false, err
	}
	return true, u.submit(ctx, config.GetSequence(), update)
}

// ConsenterTLS is the update by which the channel knows the ordering node at an address by this certificate; nil when it does. CHANNEL_UPDATE when none is there.
func ConsenterTLS(config *common.Config, channel string, address orderer.EtcdAddress, certificate *x509.Certificate) ([]byte, error) {
	next := configtx.New(config)
	ordering, err := next.Orderer().Configuration()
	if err != nil {
		return nil, failure.Wrap(failure.ChannelUpdate, err, "the ordering nodes can't be read")
	}
	place := slices.IndexFunc(ordering.EtcdRaft.Consenters, func(c orderer.Consenter) bool { return c.Address == address })
	if place < 0 {
		return nil, failure.New(failure.ChannelUpdate, "the channel has no ordering node at %s:%d", address.Host, address.Port)
	}
	consenter := &ordering.EtcdRaft.Consenters[place]
	if consenter.ServerTLSCert.Equal(certificate) && consenter.ClientTLSCert.Equal(certificate) {
		return nil, nil
	}
	consenter.ServerTLSCert, consenter.ClientTLSCert = certificate, certificate
	if err := next.Orderer().SetEtcdRaftConsensusType(ordering.EtcdRaft, ordering.State); err != nil {
		return nil, failure.Wrap(failure.ChannelUpdate, err, "the ordering nodes can't be set")
	}
	return updateOf(&next, channel)
}
