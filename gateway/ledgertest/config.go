package ledgertest

import (
	"testing"

	"github.com/hyperledger/fabric-protos-go-apiv2/common"
	"github.com/hyperledger/fabric-protos-go-apiv2/msp"
)

// configEnvelope is a channel configuration: brands order, everybody is a member, BlockValidation is ANY Writers of the orderer organisations, which are
// identities of the given role.
func configEnvelope(t testing.TB, sequence uint64, organisations, orderers []*Organisation, writers msp.MSPRole_MSPRoleType) *common.ConfigEnvelope {
	application := &common.ConfigGroup{Groups: map[string]*common.ConfigGroup{}}
	for _, o := range organisations {
		application.Groups[o.MSP] = organisationGroup(t, o, msp.MSPRole_MEMBER)
	}
	ordering := &common.ConfigGroup{Groups: map[string]*common.ConfigGroup{}, Policies: map[string]*common.ConfigPolicy{
		"BlockValidation": {Policy: &common.Policy{
			Type:  int32(common.Policy_IMPLICIT_META),
			Value: marshal(t, &common.ImplicitMetaPolicy{SubPolicy: "Writers", Rule: common.ImplicitMetaPolicy_ANY}),
		}},
	}}
	for _, o := range orderers {
		ordering.Groups[o.MSP] = organisationGroup(t, o, writers)
	}
	root := &common.ConfigGroup{Groups: map[string]*common.ConfigGroup{"Application": application, "Orderer": ordering}}
	return &common.ConfigEnvelope{Config: &common.Config{Sequence: sequence, ChannelGroup: root}}
}

func organisationGroup(t testing.TB, o *Organisation, writers msp.MSPRole_MSPRoleType) *common.ConfigGroup {
	rule := &common.SignaturePolicyEnvelope{
		Rule: &common.SignaturePolicy{Type: &common.SignaturePolicy_NOutOf_{NOutOf: &common.SignaturePolicy_NOutOf{
			N: 1, Rules: []*common.SignaturePolicy{{Type: &common.SignaturePolicy_SignedBy{SignedBy: 0}}},
		}}},
		Identities: []*msp.MSPPrincipal{{
			PrincipalClassification: msp.MSPPrincipal_ROLE,
			Principal:               marshal(t, &msp.MSPRole{MspIdentifier: o.MSP, Role: writers}),
		}},
	}
	return &common.ConfigGroup{
		Values: map[string]*common.ConfigValue{"MSP": {Value: o.mspConfig(t)}},
		Policies: map[string]*common.ConfigPolicy{
			"Writers": {Policy: &common.Policy{Type: int32(common.Policy_SIGNATURE), Value: marshal(t, rule)}},
		},
	}
}
