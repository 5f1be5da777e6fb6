package administration

import (
	"bytes"
	"context"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"slices"
	"time"

	"github.com/hyperledger/fabric-admin-sdk/pkg/identity"
	"github.com/hyperledger/fabric-config/configtx"
	"github.com/hyperledger/fabric-protos-go-apiv2/common"
	"github.com/hyperledger/fabric-protos-go-apiv2/orderer/etcdraft"

	"github.com/tallystick/tallystick/network/failure"
	"github.com/tallystick/tallystick/network/lifecycle"
	"github.com/tallystick/tallystick/network/membership"
	"github.com/tallystick/tallystick/network/rundir"
)

// Rekeying is a fresh TLS key for an ordering node.
type Rekeying struct {
	Member      membership.Member
	Index       int // Of the node among the member's, from 0.
	Certificate *x509.Certificate
	Wait        time.Duration // How long the other ordering nodes may take to be up with each other.
}

// Rekey has the channel know an ordering node by another TLS certificate, and says whether that changed anything. From then on the others refuse what the node shows
// until it starts with the new one. What the ordering nodes are is
// the brands' to say: a majority of their administrators signs.
//
// Without an error the channel names this very certificate: another change of the channel that came meanwhile is none of this one.
//
// First every other ordering node has to be up with the rest, so that enough of them order while this one is away; CHANNEL_UPDATE names one that isn't.
func Rekey(ctx context.Context, dir rundir.Dir, m *membership.Membership, r Rekeying) (bool, error) {
	u := &updater{dir: dir, m: m, brands: []membership.Member{r.Member}, orderers: m.Brands()}
	for _, brand := range m.Brands() {
		admin, err := lifecycle.Signer(dir, brand, membership.AdminIdentity)
		if err != nil {
			return false, err
		}
		u.signers = append(u.signers, admin)
		if brand.Name == r.Member.Name {
			u.admins, u.sender = append(u.admins, admin), admin
		}
	}
	changes, err := u.rekeying(r).bring(ctx)
	return changes > 0, err
}

// Named tells whether the channel names this very certificate for the ordering node.
func Named(ctx context.Context, dir rundir.Dir, m *membership.Membership, r Rekeying) (bool, error) {
	admin, err := lifecycle.Signer(dir, r.Member, membership.AdminIdentity)
	if err != nil {
		return false, err
	}
	u := &updater{dir: dir, m: m, brands: []membership.Member{r.Member}, admins: []identity.SigningIdentity{admin}}
	config, err := u.agreed(ctx)
	if err != nil {
		return false, err
	}
	lacks, err := u.rekeying(r).update(config)
	return err == nil && lacks == nil, err
}

// rekeying has the others up with each other before every attempt on a configuration that is new.
func (u *updater) rekeying(r Rekeying) steps {
	return steps{
		agreed: u.agreed,
		update: func(config *common.Config) ([]byte, error) {
			return ConsenterTLS(config, u.m.Channel, membership.Address(u.m.OrdererPorts(r.Member.Name, r.Index).Listen), r.Certificate)
		},
		ready: func(ctx context.Context, config *common.Config) error {
			wait, cancel := context.WithTimeout(ctx, r.Wait)
			defer cancel()
			return u.awaitOthers(wait, config, membership.OrdererNode(r.Member.Name, r.Index))
		},
		send: u.send,
	}
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
