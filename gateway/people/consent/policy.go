package consent

import (
	"context"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/privacy"
)

// Published is a data policy with its hash, as it stands on the ledger.
type Published struct {
	Policy privacy.Policy
	Hash   string
}

// Policy gives the version of the brand's data policy that is in force on the programme's business date; NOT_FOUND before the first one.
func (k *Keeper) Policy(ctx context.Context) (Published, error) {
	programme, err := k.Chain.Programme(ctx)
	if err != nil {
		return Published{}, err
	}
	published, err := k.ledger.DataPolicies(ctx)
	if err != nil {
		return Published{}, err
	}
	v := points.InForce(published.Versions, programme.BusinessDate)
	if v == nil {
		return Published{}, fault.New(fault.NotFound, "the brand has published no data policy that is in force")
	}
	policy, err := k.policyOf(ctx, v.Version)
	return Published{Policy: policy, Hash: v.Hash}, err
}

// policyOf gives a version of the data policy. The last one is kept: versions never change.
func (k *Keeper) policyOf(ctx context.Context, version int) (privacy.Policy, error) {
	k.mu.Lock()
	last := k.policy
	k.mu.Unlock()
	if last.Version == version {
		return last, nil
	}
	policy, err := k.ledger.DataPolicy(ctx, version)
	if err != nil {
		return policy, err
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.policy = policy
	return policy, nil
}
