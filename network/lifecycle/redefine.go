package lifecycle

import (
	"context"

	"github.com/hyperledger/fabric-admin-sdk/pkg/chaincode"
	"golang.org/x/sync/errgroup"
	"google.golang.org/protobuf/proto"

	"github.com/tallystick/tallystick/network/collections"
	"github.com/tallystick/tallystick/network/failure"
	"github.com/tallystick/tallystick/network/membership"
	"github.com/tallystick/tallystick/network/rundir"
)

// Redefine gives every chaincode whose collections have to change under a standing its next definition: same package, same
// policy, other holders and endorsers. The brands that speak for themselves approve it; the peers of nobody else are needed.
// It gives the names of what it changed, none when everything is as it should be, and may be repeated after any failure.
func Redefine(ctx context.Context, dir rundir.Dir, m *membership.Membership, standing membership.Standing) ([]string, error) {
	d := &deployment{dir: dir, m: m, standing: standing}
	defer d.close()
	if err := d.connect(); err != nil {
		return nil, err
	}
	var changed []string
	for _, cc := range m.Chaincodes() {
		next, err := d.next(ctx, cc)
		if err != nil {
			return changed, err
		}
		if next == nil {
			continue
		}
		if err := d.replace(ctx, next); err != nil {
			return changed, err
		}
		changed = append(changed, cc.Name)
	}
	return changed, nil
}

// next is the definition that follows the committed one, or nil when that has the collections which it should have.
func (d *deployment) next(ctx context.Context, cc membership.Chaincode) (*chaincode.Definition, error) {
	wanted, err := collections.Package(d.m, d.standing, cc)
	if err != nil {
		return nil, err
	}
	first := d.brands[0]
	committed, err := first.gateway.QueryCommittedWithName(ctx, d.m.Channel, cc.Name)
	if err != nil {
		return nil, failure.Wrap(failure.DeployFailed, err, "%s can't say how %s is defined", first.member.Name, cc.Name)
	}
	if proto.Equal(committed.GetCollections(), wanted) {
		return nil, nil
	}
	approved, err := first.gateway.QueryApproved(ctx, d.m.Channel, cc.Name, committed.GetSequence())
	if err != nil {
		return nil, failure.Wrap(failure.DeployFailed, err, "%s can't say which package of %s it runs", first.member.Name, cc.Name)
	}
	packageID := approved.GetSource().GetLocalPackage().GetPackageId()
	return d.definition(cc, wanted, committed.GetVersion(), committed.GetSequence()+1, packageID), nil
}

// replace has everybody approve a definition, commits it, and waits until the peers of all who approved have it.
func (d *deployment) replace(ctx context.Context, next *chaincode.Definition) error {
	approvals, approving := errgroup.WithContext(ctx)
	for _, b := range d.brands {
		approvals.Go(func() error { return d.approve(approving, b, next) })
	}
	if err := approvals.Wait(); err != nil {
		return err
	}
	if err := d.commit(ctx, d.brands[0], next); err != nil {
		return err
	}
	arrivals, arriving := errgroup.WithContext(ctx)
	for _, b := range d.brands {
		arrivals.Go(func() error { return d.awaitDefinition(arriving, b, next) })
	}
	return arrivals.Wait()
}

// awaitDefinition asks each of the brand's peers itself: until it has the definition it would endorse under the one before.
func (d *deployment) awaitDefinition(ctx context.Context, b *brand, next *chaincode.Definition) error {
	admin, err := Signer(d.dir, b.member, membership.AdminIdentity)
	if err != nil {
		return err
	}
	for i := range b.peers {
		node := membership.PeerNode(b.member.Name, i)
		err := retry(ctx, node+" doesn't have the definition of "+next.Name, func() error {
			committed, err := QueryDefinitions(ctx, b.close[i], admin, d.m.Channel)
			if err != nil {
				return err
			}
			for _, definition := range committed {
				if definition.GetName() == next.Name && definition.GetSequence() >= next.Sequence {
					return nil
				}
			}
			return failure.New(failure.DeployFailed, "sequence %d isn't there", next.Sequence)
		})
		if err != nil {
			return err
		}
	}
	return nil
}
