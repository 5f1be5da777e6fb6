package blocks

import (
	"encoding/asn1"
	"math/big"
	"testing"

	"github.com/hyperledger/fabric-protos-go-apiv2/common"
	"github.com/hyperledger/fabric-protos-go-apiv2/msp"
	"google.golang.org/protobuf/proto"
)

func marshal(t testing.TB, m proto.Message) []byte {
	t.Helper()
	raw, err := proto.Marshal(m)
	check(t, err)
	return raw
}

func highS(t *testing.T, signature []byte, n *big.Int) []byte {
	t.Helper()
	var rs struct{ R, S *big.Int }
	_, err := asn1.Unmarshal(signature, &rs)
	check(t, err)
	rs.S.Sub(n, rs.S)
	raw, err := asn1.Marshal(rs)
	check(t, err)
	return raw
}

func TestHeaderBytesAreFabrics(t *testing.T) {
	raw, err := headerBytes(&common.BlockHeader{Number: 300, PreviousHash: []byte{1, 2}, DataHash: []byte{3}})
	check(t, err)
	// SEQUENCE of 11 bytes: INTEGER 300, OCTET STRING 0102, OCTET STRING 03.
	want := []byte{0x30, 11, 2, 2, 1, 44, 4, 2, 1, 2, 4, 1, 3}
	if string(raw) != string(want) {
		t.Errorf("got %x, want %x", raw, want)
	}
}

func signedBy(i int32) *common.SignaturePolicy {
	return &common.SignaturePolicy{Type: &common.SignaturePolicy_SignedBy{SignedBy: i}}
}

func outOfRules(n int32, rules ...*common.SignaturePolicy) *common.SignaturePolicy {
	return &common.SignaturePolicy{Type: &common.SignaturePolicy_NOutOf_{NOutOf: &common.SignaturePolicy_NOutOf{N: n, Rules: rules}}}
}

func TestSignaturePoliciesCountEachSignerOnce(t *testing.T) {
	role := func(id string, r msp.MSPRole_MSPRoleType) *msp.MSPPrincipal {
		return &msp.MSPPrincipal{PrincipalClassification: msp.MSPPrincipal_ROLE, Principal: marshal(t, &msp.MSPRole{MspIdentifier: id, Role: r})}
	}
	principals := []*msp.MSPPrincipal{role("A", msp.MSPRole_PEER), role("B", msp.MSPRole_PEER), role("A", msp.MSPRole_MEMBER), role("C", msp.MSPRole_ORDERER)}
	peerA, peerB, clientA := &Signer{MSP: "A", Roles: []Role{RolePeer}}, &Signer{MSP: "B", Roles: []Role{RolePeer}}, &Signer{MSP: "A", Roles: []Role{RoleClient}}
	ordererC, peerC := &Signer{MSP: "C", Roles: []Role{RoleOrderer}}, &Signer{MSP: "C", Roles: []Role{RolePeer}}
	both := outOfRules(2, signedBy(0), signedBy(1))
	for name, c := range map[string]struct {
		rule    *common.SignaturePolicy
		signers []*Signer
		want    bool
	}{
		"both":                          {both, []*Signer{peerB, peerA}, true},
		"one":                           {both, []*Signer{peerA}, false},
		"one twice":                     {both, []*Signer{peerA, peerA}, false},
		"a client isn't a peer":         {both, []*Signer{clientA, peerB}, false},
		"one for two parts":             {outOfRules(2, signedBy(0), signedBy(2)), []*Signer{peerA}, false},
		"two for two parts":             {outOfRules(2, signedBy(0), signedBy(2)), []*Signer{peerA, clientA}, true},
		"any":                           {outOfRules(1, signedBy(0), signedBy(1)), []*Signer{peerB}, true},
		"nested":                        {outOfRules(2, signedBy(0), outOfRules(1, signedBy(1), signedBy(3))), []*Signer{peerA, ordererC}, true},
		"the nested part isn't there":   {outOfRules(2, signedBy(0), outOfRules(1, signedBy(1), signedBy(3))), []*Signer{peerA, peerC}, false},
		"nobody":                        {both, nil, false},
		"a part that fails uses no one": {outOfRules(1, outOfRules(2, signedBy(2), signedBy(3)), signedBy(0)), []*Signer{peerA}, true},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := matches(c.rule, principals, c.signers, make([]bool, len(c.signers)), 0)
			if err != nil || got != c.want {
				t.Errorf("got %v, %v", got, err)
			}
		})
	}
	for name, rule := range map[string]*common.SignaturePolicy{"an unknown principal": signedBy(9), "a negative one": signedBy(-1), "no rule": {}} {
		if _, err := matches(rule, principals, nil, nil, 0); err == nil {
			t.Errorf("%s is accepted", name)
		}
	}
}

func TestImplicitPoliciesCountGroups(t *testing.T) {
	group := func(id string) *common.ConfigGroup {
		return &common.ConfigGroup{Policies: map[string]*common.ConfigPolicy{"Writers": {Policy: &common.Policy{
			Type: int32(common.Policy_SIGNATURE),
			Value: marshal(t, &common.SignaturePolicyEnvelope{Rule: signedBy(0), Identities: []*msp.MSPPrincipal{{
				Principal: marshal(t, &msp.MSPRole{MspIdentifier: id, Role: msp.MSPRole_MEMBER}),
			}}}),
		}}}}
	}
	for _, c := range []struct {
		rule    common.ImplicitMetaPolicy_Rule
		signers []string
		want    bool
	}{
		{common.ImplicitMetaPolicy_ANY, nil, false},
		{common.ImplicitMetaPolicy_ANY, []string{"C"}, true},
		{common.ImplicitMetaPolicy_MAJORITY, []string{"A"}, false},
		{common.ImplicitMetaPolicy_MAJORITY, []string{"A", "C"}, true},
		{common.ImplicitMetaPolicy_ALL, []string{"A", "C"}, false},
		{common.ImplicitMetaPolicy_ALL, []string{"A", "B", "C"}, true},
		{common.ImplicitMetaPolicy_ANY, []string{"D"}, false},
	} {
		root := &common.ConfigGroup{
			Groups: map[string]*common.ConfigGroup{"A": group("A"), "B": group("B"), "C": group("C")},
			Policies: map[string]*common.ConfigPolicy{"P": {Policy: &common.Policy{
				Type: int32(common.Policy_IMPLICIT_META), Value: marshal(t, &common.ImplicitMetaPolicy{SubPolicy: "Writers", Rule: c.rule}),
			}}},
		}
		var signers []*Signer
		for _, s := range c.signers {
			signers = append(signers, &Signer{MSP: s})
		}
		if got, err := satisfied(root, "P", signers, 0); err != nil || got != c.want {
			t.Errorf("%s of three with %v: %v, %v", c.rule, c.signers, got, err)
		}
	}
}

func TestEndorsersSatisfyTheChannelsOwnPolicyEachOnce(t *testing.T) {
	role := func(id string) *msp.MSPPrincipal {
		return &msp.MSPPrincipal{PrincipalClassification: msp.MSPPrincipal_ROLE, Principal: marshal(t, &msp.MSPRole{MspIdentifier: id, Role: msp.MSPRole_PEER})}
	}
	rule := marshal(t, &common.SignaturePolicyEnvelope{Rule: outOfRules(2, signedBy(0), signedBy(0), signedBy(1)), Identities: []*msp.MSPPrincipal{role("A"), role("B")}})
	application := &common.ConfigGroup{Policies: map[string]*common.ConfigPolicy{"Clearing": {Policy: &common.Policy{Type: int32(common.Policy_SIGNATURE), Value: rule}}}}
	c := &Config{root: &common.ConfigGroup{Groups: map[string]*common.ConfigGroup{groupApplication: application}}}
	a, again, b := &Signer{MSP: "A", Roles: []Role{RolePeer}}, &Signer{MSP: "A", Roles: []Role{RolePeer}}, &Signer{MSP: "B", Roles: []Role{RolePeer}}
	for name, c2 := range map[string]struct {
		policy    string
		endorsers []*Signer
		ok, known bool
	}{
		"both":               {"Clearing", []*Signer{a, b}, true, true},
		"one":                {"Clearing", []*Signer{a}, false, true},
		"one, signing twice": {"Clearing", []*Signer{a, a}, false, true},
		"two of one's":       {"Clearing", []*Signer{a, again}, true, true},
		"nobody":             {"Clearing", nil, false, true},
		"a policy it hasn't": {"PointsAirline", []*Signer{a, b}, false, false},
	} {
		if ok, known := c.Endorsed(c2.policy, c2.endorsers); ok != c2.ok || known != c2.known {
			t.Errorf("%s: %v, %v", name, ok, known)
		}
	}
}
