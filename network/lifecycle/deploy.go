package lifecycle

import (
	"bytes"
	"context"
	"fmt"
	"time"

	"github.com/hyperledger/fabric-admin-sdk/pkg/chaincode"
	"github.com/hyperledger/fabric-protos-go-apiv2/peer"
	"golang.org/x/sync/errgroup"
	"google.golang.org/grpc"

	"github.com/tallystick/tallystick/network/collections"
	"github.com/tallystick/tallystick/network/failure"
	"github.com/tallystick/tallystick/network/membership"
	"github.com/tallystick/tallystick/network/policy"
	"github.com/tallystick/tallystick/network/rundir"
)

// A fresh network's chaincodes are all of version 1 and sequence 1.
const (
	firstVersion  = "1"
	firstSequence = 1
)

// Commits and approvals are tried again while peers still learn of each other, for as long as the caller's context lasts.
const retryInterval = 100 * time.Millisecond

// Packages makes the package of every chaincode of the membership, by name.
func Packages(m *membership.Membership) (map[string]Package, error) {
	all := map[string]Package{}
	for _, cc := range m.Chaincodes() {
		made, err := NewPackage(cc.Name)
		if err != nil {
			return nil, err
		}
		all[cc.Name] = made
	}
	return all, nil
}

// deployment is one run of Deploy.
type deployment struct {
	dir         rundir.Dir
	m           *membership.Membership
	standing    membership.Standing
	packages    map[string]Package
	definitions []*chaincode.Definition
	brands      []*brand
}

// brand is a member's hands in a deployment: its administrator at each of its peers, the first of which submits for it.
type brand struct {
	member  membership.Member
	peers   []*chaincode.Peer
	gateway *chaincode.Gateway
	close   []*grpc.ClientConn
}

// Deploy installs every chaincode at every brand's peers, approves it for every brand and commits it. It ends when every
// peer of the channel, the regulators' too, has the definitions.
func Deploy(ctx context.Context, dir rundir.Dir, m *membership.Membership, packages map[string]Package) error {
	d := &deployment{dir: dir, m: m, packages: packages}
	defer d.close()
	if err := d.define(); err != nil {
		return err
	}
	if err := d.connect(); err != nil {
		return err
	}
	approvals, approving := errgroup.WithContext(ctx)
	for _, b := range d.brands {
		approvals.Go(func() error { return d.installAndApprove(approving, b) })
	}
	if err := approvals.Wait(); err != nil {
		return err
	}
	commits, committing := errgroup.WithContext(ctx)
	for i, definition := range d.definitions {
		// Spread over the brands, so that no peer does all the endorsing.
		submitter := d.brands[i%len(d.brands)]
		commits.Go(func() error { return d.commit(committing, submitter, definition) })
	}
	if err := commits.Wait(); err != nil {
		return err
	}
	return d.awaitEverywhere(ctx)
}

func (d *deployment) define() error {
	for _, cc := range d.m.Chaincodes() {
		private, err := collections.Package(d.m, d.standing, cc)
		if err != nil {
			return err
		}
		d.definitions = append(d.definitions, d.definition(cc, private, firstVersion, firstSequence, d.packages[cc.Name].ID()))
	}
	return nil
}

// definition is what the brands approve and commit of a chaincode.
func (d *deployment) definition(
	cc membership.Chaincode, private *peer.CollectionConfigPackage, version string, sequence int64, packageID string,
) *chaincode.Definition {
	return &chaincode.Definition{
		ChannelName: d.m.Channel,
		Name:        cc.Name,
		Version:     version,
		Sequence:    sequence,
		PackageID:   packageID,
		ApplicationPolicy: &peer.ApplicationPolicy{Type: &peer.ApplicationPolicy_ChannelConfigPolicyReference{
			ChannelConfigPolicyReference: policy.ForChaincode(d.m, cc),
		}},
		Collections: private,
	}
}

func (d *deployment) connect() error {
	for _, member := range d.m.Speaking(d.standing) {
		admin, err := Signer(d.dir, member, membership.AdminIdentity)
		if err != nil {
			return err
		}
		b := &brand{member: member}
		d.brands = append(d.brands, b)
		for i := range member.Peers {
			connection, err := Connect(d.dir, member.Name, d.m.PeerPorts(member.Name, i).Listen)
			if err != nil {
				return err
			}
			b.close = append(b.close, connection)
			b.peers = append(b.peers, chaincode.NewPeer(connection, admin))
		}
		b.gateway = chaincode.NewGateway(b.close[0], admin)
	}
	return nil
}

func (d *deployment) close() {
	for _, b := range d.brands {
		for _, connection := range b.close {
			_ = connection.Close()
		}
	}
}

// installAndApprove approves a chaincode as soon as the brand's peers have it.
func (d *deployment) installAndApprove(ctx context.Context, b *brand) error {
	group, ctx := errgroup.WithContext(ctx)
	for _, definition := range d.definitions {
		group.Go(func() error {
			for i, target := range b.peers {
				if _, err := target.Install(ctx, bytes.NewReader(d.packages[definition.Name].Bytes)); err != nil {
					return failure.Wrap(failure.DeployFailed, err, "%s can't install %s", membership.PeerNode(b.member.Name, i), definition.Name)
				}
			}
			return d.approve(ctx, b, definition)
		})
	}
	return group.Wait()
}

// approve is tried again until it went through; an approval that is there already, from an attempt thought lost, is enough.
func (d *deployment) approve(ctx context.Context, b *brand, definition *chaincode.Definition) error {
	return retry(ctx, fmt.Sprintf("%s can't approve %s", b.member.Name, definition.Name), func() error {
		err := b.gateway.Approve(ctx, definition)
		if err == nil {
			return nil
		}
		if _, there := b.gateway.QueryApproved(ctx, d.m.Channel, definition.Name, definition.Sequence); there == nil {
			return nil
		}
		return err
	})
}

// commit is tried again until it went through; a definition that is there already, from an attempt thought lost, is enough.
func (d *deployment) commit(ctx context.Context, b *brand, definition *chaincode.Definition) error {
	return retry(ctx, fmt.Sprintf("%s can't commit %s", b.member.Name, definition.Name), func() error {
		err := b.gateway.Commit(ctx, definition)
		if err == nil {
			return nil
		}
		if there, readErr := b.gateway.QueryCommittedWithName(ctx, d.m.Channel, definition.Name); readErr == nil && there.GetSequence() >= definition.Sequence {
			return nil
		}
		return err
	})
}

// awaitEverywhere asks each peer itself, so that whoever uses the channel next finds the chaincodes at any of them.
func (d *deployment) awaitEverywhere(ctx context.Context) error {
	group, ctx := errgroup.WithContext(ctx)
	for _, member := range d.m.Members {
		for i := range member.Peers {
			group.Go(func() error { return d.awaitPeer(ctx, member, i) })
		}
	}
	return group.Wait()
}

func (d *deployment) awaitPeer(ctx context.Context, member membership.Member, index int) error {
	admin, err := Signer(d.dir, member, membership.AdminIdentity)
	if err != nil {
		return err
	}
	connection, err := Connect(d.dir, member.Name, d.m.PeerPorts(member.Name, index).Listen)
	if err != nil {
		return err
	}
	defer func() { _ = connection.Close() }()
	node := membership.PeerNode(member.Name, index)
	return retry(ctx, node+" doesn't have every chaincode definition", func() error {
		committed, err := QueryDefinitions(ctx, connection, admin, d.m.Channel)
		if err != nil {
			return err
		}
		if len(committed) < len(d.definitions) {
			return failure.New(failure.DeployFailed, "%d of %d definitions", len(committed), len(d.definitions))
		}
		return nil
	})
}

func retry(ctx context.Context, what string, attempt func() error) error {
	for {
		err := attempt()
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return failure.Wrap(failure.DeployFailed, err, "%s", what)
		case <-time.After(retryInterval):
		}
	}
}
