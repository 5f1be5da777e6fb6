package administration

import (
	"bytes"
	"crypto/sha256"
	"crypto/x509"
	"testing"

	"github.com/hyperledger/fabric-protos-go-apiv2/common"
	"github.com/hyperledger/fabric-protos-go-apiv2/msp"
	"google.golang.org/protobuf/proto"

	"github.com/tallystick/tallystick/network/failure"
	"github.com/tallystick/tallystick/network/membership"
)

// described is an organisation's description in a section.
func described(t *testing.T, config *common.Config, section, organisation string) *msp.FabricMSPConfig {
	t.Helper()
	var wrapped msp.MSPConfig
	description := new(msp.FabricMSPConfig)
	value := config.GetChannelGroup().GetGroups()[section].GetGroups()[organisation].GetValues()[mspValue]
	if proto.Unmarshal(value.GetValue(), &wrapped) != nil || proto.Unmarshal(wrapped.GetConfig(), description) != nil {
		t.Fatal("no description")
	}
	return description
}

// writers counts the units of which authorities the rule about an organisation's writers names.
func writers(t *testing.T, config *common.Config, organisation string) (certifiers [][]byte) {
	t.Helper()
	var envelope common.SignaturePolicyEnvelope
	rule := config.GetChannelGroup().GetGroups()["Application"].GetGroups()[organisation].GetPolicies()["Writers"]
	if err := proto.Unmarshal(rule.GetPolicy().GetValue(), &envelope); err != nil {
		t.Fatal(err)
	}
	for _, principal := range envelope.GetIdentities() {
		var unit msp.OrganizationUnit
		if principal.GetPrincipalClassification() != msp.MSPPrincipal_ORGANIZATION_UNIT {
			continue
		}
		if proto.Unmarshal(principal.GetPrincipal(), &unit) != nil || unit.GetOrganizationalUnitIdentifier() != membership.WritersUnit {
			t.Errorf("principal %v", principal)
		}
		certifiers = append(certifiers, unit.GetCertifiersIdentifier())
	}
	if got := len(envelope.GetRule().GetNOutOf().GetRules()); envelope.GetRule().GetNOutOf().GetN() != 1 || got != 1+len(certifiers) {
		t.Errorf("the rule is met by one of %d", got)
	}
	return certifiers
}

// writersUpdated is the configuration once a majority of brands has brought the rules about writers to its authorities.
func writersUpdated(t *testing.T, config *common.Config, m *membership.Membership) *common.Config {
	t.Helper()
	update, err := Writers(m).Update(config)
	if err != nil || update == nil {
		t.Fatalf("%v, update of %d bytes", err, len(update))
	}
	return updated(t, config, update)
}

func TestASecondAuthorityStandsBesideTheFirstUntilOneIsDropped(t *testing.T) {
	m, first, second := consortium(1), newAuthority(t, "brandb"), newAuthority(t, "brandb-2")
	brand, _ := m.Member("brandb")
	founded := foundedBy(t, m, "brandb", first)
	add := func(now []*x509.Certificate) []*x509.Certificate { return with(now, second.certificate) }
	update, err := Roots(founded, m.Channel, brand, add)
	if err != nil || update == nil {
		t.Fatalf("%v, update of %d bytes", err, len(update))
	}
	both := updated(t, founded, update)
	if got := writers(t, both, "BrandbMSP"); len(got) != 1 {
		t.Errorf("without the brands' word the new authority's unit writes: %x", got)
	}
	both = writersUpdated(t, both, m)
	for _, section := range []string{"Application", "Orderer"} {
		description := described(t, both, section, "BrandbMSP")
		if len(description.GetRootCerts()) != 2 || len(description.GetTlsRootCerts()) != 2 {
			t.Errorf("%s: %d roots, %d for TLS", section, len(description.GetRootCerts()), len(description.GetTlsRootCerts()))
		}
		if units := description.GetFabricNodeOus(); !units.GetEnable() || units.GetClientOuIdentifier().GetOrganizationalUnitIdentifier() != "client" || units.GetClientOuIdentifier().GetCertificate() != nil {
			t.Errorf("%s: units %v", section, units)
		}
	}
	if got := writers(t, both, "BrandbMSP"); len(got) != 2 || bytes.Equal(got[0], got[1]) {
		t.Errorf("writers of authorities %x", got)
	}
	if again, err := Roots(both, m.Channel, brand, add); err != nil || again != nil {
		t.Errorf("once more: %v, update of %d bytes", err, len(again))
	}
	if !proto.Equal(described(t, founded, "Application", "BrandaMSP"), described(t, both, "Application", "BrandaMSP")) || len(writers(t, both, "BrandaMSP")) != 1 {
		t.Error("another organisation changed")
	}
	if update, err := ConsenterTLS(both, m.Channel, membership.Address(m.OrdererPorts("brandb", 0).Listen), certificate(t, "fresh")); err != nil || update == nil {
		t.Errorf("its ordering node's fresh key: %v, update of %d bytes", err, len(update))
	}
	if update, err := Update(both, m, membership.Standing{Left: []string{"brandb"}}); err != nil || update == nil {
		t.Errorf("its leaving: %v, update of %d bytes", err, len(update))
	}
	update, err = Roots(both, m.Channel, brand, func(now []*x509.Certificate) []*x509.Certificate { return without(now, first.certificate) })
	if err != nil || update == nil {
		t.Fatalf("%v, update of %d bytes", err, len(update))
	}
	rotated := writersUpdated(t, updated(t, both, update), m)
	if got := described(t, rotated, "Orderer", "BrandbMSP").GetRootCerts(); len(got) != 1 || len(writers(t, rotated, "BrandbMSP")) != 1 {
		t.Errorf("%d roots are left", len(got))
	}
	if _, err := Roots(rotated, m.Channel, brand, func([]*x509.Certificate) []*x509.Certificate { return nil }); failure.CodeOf(err) != failure.ChannelUpdate {
		t.Errorf("without an authority: %v", err)
	}
}

func TestTheRegulatorsSecondAuthorityMakesItNoWriter(t *testing.T) {
	m := consortium(1)
	regulator := m.Regulators()[0]
	founded := foundedOn(t, m)
	update, err := Roots(founded, m.Channel, regulator, func(now []*x509.Certificate) []*x509.Certificate {
		return with(now, newAuthority(t, "regulator-2").certificate)
	})
	if err != nil || update == nil {
		t.Fatalf("%v, update of %d bytes", err, len(update))
	}
	before := founded.GetChannelGroup().GetGroups()["Application"].GetGroups()[regulator.MSP()].GetPolicies()
	after := updated(t, founded, update).GetChannelGroup().GetGroups()["Application"].GetGroups()[regulator.MSP()].GetPolicies()
	for name, rule := range before {
		if sha256.Sum256(rule.GetPolicy().GetValue()) != sha256.Sum256(after[name].GetPolicy().GetValue()) {
			t.Errorf("%s changed", name)
		}
	}
}
