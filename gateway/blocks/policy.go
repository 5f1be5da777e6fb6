package blocks

import (
	"fmt"
	"slices"

	"github.com/hyperledger/fabric-protos-go-apiv2/common"
	"github.com/hyperledger/fabric-protos-go-apiv2/msp"
	"google.golang.org/protobuf/proto"
)

// maxPolicyDepth bounds the nesting of policies.
const maxPolicyDepth = 16

// Endorsed says whether endorsers satisfy a policy of the channel's application group, as Fabric evaluates it: each identity counts once, however often it signed.
// known is false when the configuration has no such policy, or one that can't be evaluated here.
func (c *Config) Endorsed(policy string, endorsers []*Signer) (ok, known bool) {
	ok, err := satisfied(c.root.GetGroups()[groupApplication], policy, once(endorsers), 0)
	return ok, err == nil
}

// Satisfied says whether endorsers satisfy a signature policy, such as a collection's own; each identity counts once.
func Satisfied(policy *common.SignaturePolicyEnvelope, endorsers []*Signer) (bool, error) {
	distinct := once(endorsers)
	return matches(policy.GetRule(), policy.GetIdentities(), distinct, make([]bool, len(distinct)), 0)
}

// once leaves out identities that signed before.
func once(signers []*Signer) []*Signer {
	var out []*Signer
	for _, s := range signers {
		if !slices.ContainsFunc(out, func(other *Signer) bool {
			return other == s || other.key != nil && s.key != nil && other.key.Equal(s.key)
		}) {
			out = append(out, s)
		}
	}
	return out
}

// satisfied evaluates a policy of a configuration group over checked signers, each of which counts once.
func satisfied(group *common.ConfigGroup, name string, signers []*Signer, depth int) (bool, error) {
	policy := group.GetPolicies()[name].GetPolicy()
	if policy == nil || depth > maxPolicyDepth {
		return false, fmt.Errorf("policy %q is missing or nested too deeply", name)
	}
	switch common.Policy_PolicyType(policy.Type) {
	case common.Policy_SIGNATURE:
		var envelope common.SignaturePolicyEnvelope
		if err := proto.Unmarshal(policy.Value, &envelope); err != nil {
			return false, fmt.Errorf("policy %q can't be read", name)
		}
		return matches(envelope.Rule, envelope.Identities, signers, make([]bool, len(signers)), depth)
	case common.Policy_IMPLICIT_META:
		var meta common.ImplicitMetaPolicy
		if err := proto.Unmarshal(policy.Value, &meta); err != nil {
			return false, fmt.Errorf("policy %q can't be read", name)
		}
		return implied(group, &meta, signers, depth)
	default:
		return false, fmt.Errorf("policy %q is of unknown type %d", name, policy.Type)
	}
}

// implied counts the sub-groups whose policy is satisfied. As in Fabric, a sub-group without the policy counts as unsatisfied.
func implied(group *common.ConfigGroup, meta *common.ImplicitMetaPolicy, signers []*Signer, depth int) (bool, error) {
	total, count := len(group.Groups), 0
	for _, sub := range group.Groups {
		if sub.GetPolicies()[meta.SubPolicy] == nil {
			continue
		}
		ok, err := satisfied(sub, meta.SubPolicy, signers, depth+1)
		if err != nil {
			return false, err
		}
		if ok {
			count++
		}
	}
	switch meta.Rule {
	case common.ImplicitMetaPolicy_ANY:
		return count >= min(1, total), nil
	case common.ImplicitMetaPolicy_ALL:
		return count == total, nil
	default:
		return total == 0 || count > total/2, nil
	}
}

// matches evaluates a signature policy's rule; used marks the signers that already stand for another part of it.
func matches(rule *common.SignaturePolicy, principals []*msp.MSPPrincipal, signers []*Signer, used []bool, depth int) (bool, error) {
	if depth > maxPolicyDepth {
		return false, fmt.Errorf("a signature policy is nested too deeply")
	}
	switch r := rule.GetType().(type) {
	case *common.SignaturePolicy_SignedBy:
		if r.SignedBy < 0 || int(r.SignedBy) >= len(principals) {
			return false, fmt.Errorf("a signature policy names a principal that it doesn't have")
		}
		for i, s := range signers {
			if used[i] {
				continue
			}
			ok, err := s.is(principals[r.SignedBy])
			if err != nil {
				return false, err
			}
			if ok {
				used[i] = true
				return true, nil
			}
		}
		return false, nil
	case *common.SignaturePolicy_NOutOf_:
		return outOf(r.NOutOf, principals, signers, used, depth)
	default:
		return false, fmt.Errorf("a signature policy has an unknown rule")
	}
}

func outOf(n *common.SignaturePolicy_NOutOf, principals []*msp.MSPPrincipal, signers []*Signer, used []bool, depth int) (bool, error) {
	var count int32
	for _, sub := range n.GetRules() {
		trial := append([]bool(nil), used...)
		ok, err := matches(sub, principals, signers, trial, depth+1)
		if err != nil {
			return false, err
		}
		if ok {
			count++
			copy(used, trial)
		}
	}
	return count >= n.GetN(), nil
}

// is says whether the signer has the role that a principal names. Principals of other kinds than roles are refused: no policy that endorsements or blocks have to meet has any.
func (s *Signer) is(principal *msp.MSPPrincipal) (bool, error) {
	if principal.GetPrincipalClassification() != msp.MSPPrincipal_ROLE {
		return false, fmt.Errorf("a signature policy has a principal that isn't a role")
	}
	var role msp.MSPRole
	if err := proto.Unmarshal(principal.Principal, &role); err != nil {
		return false, fmt.Errorf("a principal can't be read")
	}
	if role.MspIdentifier != s.MSP {
		return false, nil
	}
	switch role.Role {
	case msp.MSPRole_MEMBER:
		return true, nil
	case msp.MSPRole_ADMIN:
		return s.Has(RoleAdmin), nil
	case msp.MSPRole_CLIENT:
		return s.Has(RoleClient), nil
	case msp.MSPRole_PEER:
		return s.Has(RolePeer), nil
	case msp.MSPRole_ORDERER:
		return s.Has(RoleOrderer), nil
	default:
		return false, fmt.Errorf("a principal names the unknown role %d", role.Role)
	}
}
