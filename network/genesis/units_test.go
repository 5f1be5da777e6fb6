package genesis

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/asn1"
	"math/big"
	"testing"

	"github.com/hyperledger/fabric-protos-go-apiv2/common"
	"github.com/hyperledger/fabric-protos-go-apiv2/msp"
	"google.golang.org/protobuf/proto"

	"github.com/tallystick/tallystick/network/failure"
	"github.com/tallystick/tallystick/network/policy"
)

// writersOf is the policy of an organisation's writers as the channel has it.
func writersOf(t *testing.T, group *common.ConfigGroup) *common.SignaturePolicyEnvelope {
	t.Helper()
	envelope := new(common.SignaturePolicyEnvelope)
	if err := proto.Unmarshal(group.GetPolicies()["Writers"].GetPolicy().GetValue(), envelope); err != nil {
		t.Fatal(err)
	}
	return envelope
}

func TestBrandsWritersAreTheirAdministratorAndAUnitOfTheirAuthoritys(t *testing.T) {
	m := consortium(2)
	material := materialOf(t, m)
	block, err := Block(m, material)
	if err != nil {
		t.Fatal(err)
	}
	groups := configOf(t, block).GetChannelGroup().GetGroups()["Application"].GetGroups()
	for _, brand := range m.Brands() {
		envelope := writersOf(t, groups[brand.MSP()])
		var role msp.MSPRole
		var unit msp.OrganizationUnit
		if len(envelope.GetIdentities()) != 2 || proto.Unmarshal(envelope.GetIdentities()[0].GetPrincipal(), &role) != nil || proto.Unmarshal(envelope.GetIdentities()[1].GetPrincipal(), &unit) != nil {
			t.Fatalf("writers of %s are %v", brand.Name, envelope)
		}
		if rules := envelope.GetRule().GetNOutOf(); rules.GetN() != 1 || len(rules.GetRules()) != 2 || rules.GetRules()[0].GetNOutOf().GetRules()[0].GetSignedBy() != 0 || rules.GetRules()[1].GetSignedBy() != 1 {
			t.Errorf("the rule is %v", envelope.GetRule())
		}
		if role.GetMspIdentifier() != brand.MSP() || role.GetRole() != msp.MSPRole_ADMIN {
			t.Errorf("the first of them is %v", &role)
		}
		certifiers := sha256.Sum256(halved(t, material.Roots[brand.Name], false))
		if kind := envelope.GetIdentities()[1].GetPrincipalClassification(); kind != msp.MSPPrincipal_ORGANIZATION_UNIT || unit.GetMspIdentifier() != brand.MSP() ||
			unit.GetOrganizationalUnitIdentifier() != "writers" || !bytes.Equal(unit.GetCertifiersIdentifier(), certifiers[:]) {
			t.Errorf("the second of them is %s %v", kind, &unit)
		}
	}
}

// halved gives a root's bytes with the s of its signature in the lower half of the curve's order, or in the upper one.
func halved(t *testing.T, root *x509.Certificate, upper bool) []byte {
	t.Helper()
	var signature struct{ R, S *big.Int }
	if _, err := asn1.Unmarshal(root.Signature, &signature); err != nil {
		t.Fatal(err)
	}
	order := root.PublicKey.(*ecdsa.PublicKey).Params().N
	if (signature.S.Cmp(new(big.Int).Rsh(order, 1)) > 0) != upper {
		signature.S.Sub(order, signature.S)
	}
	der, err := asn1.Marshal(signature)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := asn1.Marshal(struct {
		ToBeSigned, Algorithm asn1.RawValue
		Signature             asn1.BitString
	}{asn1.RawValue{FullBytes: root.RawTBSCertificate}, algorithmOf(t, root), asn1.BitString{Bytes: der, BitLength: 8 * len(der)}})
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func algorithmOf(t *testing.T, root *x509.Certificate) asn1.RawValue {
	t.Helper()
	var parts struct {
		ToBeSigned, Algorithm asn1.RawValue
		Signature             asn1.BitString
	}
	if _, err := asn1.Unmarshal(root.Raw, &parts); err != nil {
		t.Fatal(err)
	}
	return parts.Algorithm
}

func TestAnAuthorityIsNamedByItsLowerSignatureAsFabricDoes(t *testing.T) {
	root := selfSigned(t, "ca")
	lower := halved(t, root, false)
	for _, upper := range []bool{false, true} {
		form, err := x509.ParseCertificate(halved(t, root, upper))
		if err != nil || form.CheckSignatureFrom(form) != nil {
			t.Fatalf("the other form of the root: %v", err)
		}
		got, err := certifiersIdentifier(form)
		if want := sha256.Sum256(lower); err != nil || !bytes.Equal(got, want[:]) {
			t.Errorf("upper %v: %x, want %x (%v)", upper, got, want, err)
		}
	}
}

func TestUnitsAreAddedOnlyToARuleOfSignatures(t *testing.T) {
	rules := []policy.Rule{{Name: "Writers", Units: []string{"writers"}}}
	meta := &common.ConfigGroup{Policies: map[string]*common.ConfigPolicy{"Writers": {Policy: &common.Policy{Type: int32(common.Policy_IMPLICIT_META)}}}}
	for name, group := range map[string]*common.ConfigGroup{"no rule": {}, "a rule about other rules": meta} {
		if err := AddUnits(group, "BrandaMSP", rules, []*x509.Certificate{selfSigned(t, "ca")}); failure.CodeOf(err) != failure.GenesisInvalid {
			t.Errorf("%s: %v", name, err)
		}
	}
}
