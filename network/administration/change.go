package administration

import (
	"context"
	"os"
	"strings"
	"time"

	"github.com/hyperledger/fabric-admin-sdk/pkg/identity"
	"github.com/hyperledger/fabric-protos-go-apiv2/common"

	"github.com/tallystick/tallystick/network/failure"
	"github.com/tallystick/tallystick/network/lifecycle"
	"github.com/tallystick/tallystick/network/membership"
	"github.com/tallystick/tallystick/network/rundir"
)

// SignedBy says whose a change of the channel is to make.
type SignedBy string

// The two kinds.
const (
	ItsOwn   SignedBy = "its own administrator"        // What a member says of its own people and nodes.
	Majority SignedBy = "a majority of administrators" // What is the brands' to say.
)

// Change is something that a member wants otherwise in the channel.
type Change struct {
	By     SignedBy
	Update func(*common.Config) ([]byte, error) // What a configuration lacks; nil when it is as wanted.
}

// Site is where a member's commands work: its run directory, which may hold other members' identities too, or not.
type Site struct {
	Dir    rundir.Dir
	All    *membership.Membership
	Member membership.Member
}

// Carry makes a change with the administrators whose identities the run directory holds, and says whether there was anything to change. Without an error the channel
// is as wanted. wait is how long the other ordering nodes may take to be up with each other when the change takes
// one of them away. SETTING_INVALID when the run directory holds too few administrators: then the change is written, signed by each, and submitted.
//
// A regulator may write nothing, so that a brand's administrator hands its change over.
func (s Site) Carry(ctx context.Context, change Change, wait time.Duration) (bool, error) {
	u, err := s.updater()
	if err != nil {
		return false, err
	}
	whole := steps{agreed: u.agreed, ready: u.othersUp(wait), send: func(ctx context.Context, update []byte) error { return u.send(ctx, update) }}
	whole.update = func(config *common.Config) ([]byte, error) {
		update, err := change.Update(config)
		if err != nil || update == nil {
			return nil, err
		}
		if err := s.gather(u, change.By); err != nil { // Only now: where nothing has to change, nobody has to sign.
			return nil, err
		}
		return update, s.decided(u, config, update)
	}
	changes, err := whole.bring(ctx)
	return changes > 0, err
}

// Lacks is the update by which the channel would be as wanted, on its newest configuration, which it gives too; nil when it is as wanted.
func (s Site) Lacks(ctx context.Context, change Change) ([]byte, *common.Config, error) {
	u, err := s.updater()
	if err != nil {
		return nil, nil, err
	}
	config, err := u.agreed(ctx)
	if err != nil {
		return nil, nil, err
	}
	update, err := change.Update(config)
	return update, config, err
}

// updater reads with the member's own administrator at its own peer.
func (s Site) updater() (*updater, error) {
	admin, err := lifecycle.Signer(s.Dir, s.Member, membership.AdminIdentity)
	if err != nil {
		return nil, err
	}
	own := []identity.SigningIdentity{admin}
	return &updater{dir: s.Dir, m: s.All, brands: []membership.Member{s.Member}, admins: own, signers: own, sender: admin, orderers: s.All.Brands()}, nil
}

// gather finds who signs and who hands over.
func (s Site) gather(u *updater, by SignedBy) error {
	if by == Majority {
		held, err := s.administrators()
		if err != nil {
			return err
		}
		if wanted := s.majority(); len(held) < wanted {
			return failure.New(failure.SettingInvalid, "%d brands have to sign, and %s holds the administrators of %d: write the change with --write, have each sign it, submit it", wanted, s.Dir.Root, len(held))
		}
		u.signers = held
	}
	return s.mayWrite(u)
}

// decided requires the signature of each member whose own administrator has to sign, as for rules that were the member's to change until now.
func (s Site) decided(u *updater, config *common.Config, update []byte) error {
	deciders, err := DecidersOf(config, update)
	if err != nil {
		return err
	}
	var held []string
	for _, signer := range u.signers {
		held = append(held, signer.MspID())
	}
	if lacking := deciders.Lacking(held); len(lacking) > 0 {
		return failure.New(failure.SettingInvalid, "the administrators of %s have to sign too, as the channel says now, and %s doesn't hold them: write the change with --write, have each sign it, submit it",
			strings.Join(lacking, ", "), s.Dir.Root)
	}
	return nil
}

// majority is how many brands have to sign what is theirs to say.
func (s Site) majority() int { return membership.MajorityOf(s.All.Brands()) }

// HoldsMajority tells whether the run directory has enough administrators for that.
func (s Site) HoldsMajority() (bool, error) {
	held, err := s.administrators()
	return len(held) >= s.majority(), err
}

// mayWrite has a brand's administrator hand over what a regulator's can't.
func (s Site) mayWrite(u *updater) error {
	if s.Member.IsBrand() {
		return nil
	}
	held, err := s.administrators()
	if err != nil {
		return err
	}
	if len(held) == 0 {
		return failure.New(failure.SettingInvalid, "%s may send nothing to an ordering node: write the change with --write, and have a brand submit it", s.Member.Name)
	}
	u.sender = held[0]
	return nil
}

// administrators are those of the brands whose identities the run directory holds.
func (s Site) administrators() ([]identity.SigningIdentity, error) {
	var held []identity.SigningIdentity
	for _, brand := range s.All.Brands() {
		if _, err := os.Stat(s.Dir.Identity(brand.Name, membership.AdminIdentity).Key()); os.IsNotExist(err) {
			continue
		}
		admin, err := lifecycle.Signer(s.Dir, brand, membership.AdminIdentity)
		if err != nil {
			return nil, err
		}
		held = append(held, admin)
	}
	return held, nil
}
