package localnet

import (
	"context"
	"crypto/x509"
	"path/filepath"

	"github.com/hyperledger/fabric-admin-sdk/pkg/identity"
	"github.com/hyperledger/fabric-protos-go-apiv2/common"
	"golang.org/x/sync/errgroup"
	"google.golang.org/protobuf/proto"

	"github.com/tallystick/tallystick/network/ca"
	"github.com/tallystick/tallystick/network/failure"
	"github.com/tallystick/tallystick/network/genesis"
	"github.com/tallystick/tallystick/network/lifecycle"
	"github.com/tallystick/tallystick/network/membership"
	"github.com/tallystick/tallystick/network/node"
	"github.com/tallystick/tallystick/network/nodeconfig"
	"github.com/tallystick/tallystick/network/rundir"
)

// Log levels of our own programs.
const (
	chaincodeLogLevel = "warn"
	gatewayLogLevel   = "info"
)

// starter takes a consortium through the steps of a start and carries what one step makes for a later one.
type starter struct {
	*Consortium
	settings   Settings
	enrolment  []*ca.Authority
	block      *common.Block
	packages   map[string]lifecycle.Package
	packageIDs map[string]string
}

// authorities configures and starts every member's CA.
func (s *starter) authorities(ctx context.Context) error {
	for _, member := range s.Membership.Members {
		authority, err := ca.Prepare(s.Dir, s.Membership, member, filepath.Join(s.settings.FabricBin, caClientProgram))
		if err != nil {
			return err
		}
		s.enrolment = append(s.enrolment, authority)
	}
	return s.launch(ctx, s.ofKind(node.CA))
}

func (s *starter) certificates(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, enrolTimeout)
	defer cancel()
	group, ctx := errgroup.WithContext(ctx)
	for _, authority := range s.enrolment {
		group.Go(func() error { return authority.EnrolAll(ctx) })
	}
	return group.Wait()
}

// configure makes the channel's first block, the chaincode packages and every node's configuration.
func (s *starter) configure(context.Context) error {
	if err := s.makeBlock(); err != nil {
		return err
	}
	if err := s.makePackages(); err != nil {
		return err
	}
	if err := nodeconfig.WriteBuilder(s.Dir); err != nil {
		return err
	}
	for _, member := range s.Membership.Members {
		if err := s.configureMember(member); err != nil {
			return err
		}
	}
	return nil
}

func (s *starter) configureMember(member membership.Member) error {
	for i := range member.Orderers {
		if err := nodeconfig.WriteOrderer(s.Dir, s.Membership, member, i); err != nil {
			return err
		}
	}
	for i := range member.Peers {
		if err := nodeconfig.WritePeer(s.Dir, s.Membership, member, i); err != nil {
			return err
		}
		if !member.IsBrand() {
			continue
		}
		if err := nodeconfig.WriteChaincode(s.Dir, s.Membership, member, i, s.packageIDs, chaincodeLogLevel); err != nil {
			return err
		}
	}
	return nodeconfig.WriteGateway(s.Dir, s.Membership, member, gatewayLogLevel)
}

func (s *starter) makeBlock() error {
	material, err := s.material()
	if err != nil {
		return err
	}
	s.block, err = genesis.Block(s.Membership, material)
	if err != nil {
		return err
	}
	data, err := proto.Marshal(s.block)
	if err != nil {
		return failure.Wrap(failure.GenesisInvalid, err, "can't encode the first block")
	}
	return s.Dir.Write(s.Dir.Genesis(), data, rundir.PublicMode)
}

func (s *starter) material() (genesis.Material, error) {
	material := genesis.Material{Roots: map[string]*x509.Certificate{}, OrdererTLS: map[string]*x509.Certificate{}}
	for _, member := range s.Membership.Members {
		root, err := identity.ReadCertificate(s.Dir.CACertificate(member.Name))
		if err != nil {
			return material, failure.Wrap(failure.GenesisInvalid, err, "no CA certificate of %s", member.Name)
		}
		material.Roots[member.Name] = root
		for i := range member.Orderers {
			name := membership.OrdererNode(member.Name, i)
			certificate, err := identity.ReadCertificate(s.Dir.Identity(member.Name, name).TLSCertificate())
			if err != nil {
				return material, failure.Wrap(failure.GenesisInvalid, err, "no TLS certificate of %s", name)
			}
			material.OrdererTLS[name] = certificate
		}
	}
	return material, nil
}

func (s *starter) makePackages() (err error) {
	s.packages, err = lifecycle.Packages(s.Membership)
	if err != nil {
		return err
	}
	s.packageIDs = map[string]string{}
	for name, made := range s.packages {
		s.packageIDs[name] = made.ID()
		if err := s.Dir.Write(s.Dir.Package(name), made.Bytes, rundir.PublicMode); err != nil {
			return err
		}
	}
	return nil
}

func (s *starter) nodes(ctx context.Context) error {
	return s.launch(ctx, s.ofKind(node.Orderer, node.Peer, node.Chaincode))
}

func (s *starter) gateways(ctx context.Context) error { return s.launch(ctx, s.ofKind(node.Gateway)) }

// join brings every ordering node and every peer onto the channel.
func (s *starter) join(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, readyTimeout)
	defer cancel()
	group, ctx := errgroup.WithContext(ctx)
	for _, member := range s.Membership.Members {
		for i := range member.Orderers {
			group.Go(func() error { return lifecycle.JoinOrderer(s.Dir, s.Membership, member, i, s.block) })
		}
		for i := range member.Peers {
			group.Go(func() error { return lifecycle.JoinPeer(ctx, s.Dir, s.Membership, member, i, s.block) })
		}
	}
	return group.Wait()
}

func (s *starter) deploy(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, deployTimeout)
	defer cancel()
	return lifecycle.Deploy(ctx, s.Dir, s.Membership, s.packages)
}
