package genesis

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/hyperledger/fabric-config/configtx"
	"github.com/hyperledger/fabric-protos-go-apiv2/common"
	"google.golang.org/protobuf/proto"

	"github.com/tallystick/tallystick/network/failure"
	"github.com/tallystick/tallystick/network/membership"
	"github.com/tallystick/tallystick/network/policy"
)

func consortium(brands int) *membership.Membership {
	m := &membership.Membership{Channel: "loyalty", PortBase: membership.DefaultPortBase}
	for i := range brands {
		m.Members = append(m.Members, membership.Member{Name: fmt.Sprintf("brand%c", 'a'+i), Kind: membership.Brand, Peers: 1, Orderers: 1})
	}
	m.Members = append(m.Members, membership.Member{Name: "regulator", Kind: membership.Regulator, Peers: 1})
	return m
}

func selfSigned(t *testing.T, name string) *x509.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	form := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), KeyUsage: x509.KeyUsageCertSign, SubjectKeyId: []byte(name),
	}
	der, err := x509.CreateCertificate(rand.Reader, form, form, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return certificate
}

func materialOf(t *testing.T, m *membership.Membership) Material {
	t.Helper()
	material := Material{Roots: map[string]*x509.Certificate{}, OrdererTLS: map[string]*x509.Certificate{}}
	for _, member := range m.Members {
		material.Roots[member.Name] = selfSigned(t, member.Name)
		for i := range member.Orderers {
			name := membership.OrdererNode(member.Name, i)
			material.OrdererTLS[name] = selfSigned(t, name)
		}
	}
	return material
}

func configOf(t *testing.T, block *common.Block) *common.Config {
	t.Helper()
	var envelope common.Envelope
	var payload common.Payload
	var wrapped common.ConfigEnvelope
	if err := proto.Unmarshal(block.GetData().GetData()[0], &envelope); err != nil {
		t.Fatal(err)
	}
	if err := proto.Unmarshal(envelope.GetPayload(), &payload); err != nil {
		t.Fatal(err)
	}
	if err := proto.Unmarshal(payload.GetData(), &wrapped); err != nil {
		t.Fatal(err)
	}
	return wrapped.GetConfig()
}

func TestBlockHoldsEveryMemberForTwoToFiveBrands(t *testing.T) {
	for brands := 2; brands <= 5; brands++ {
		m := consortium(brands)
		m.Members[0].Peers = 2
		block, err := Block(m, materialOf(t, m))
		if err != nil {
			t.Fatal(err)
		}
		config := configtx.New(configOf(t, block))
		orderers, err := config.Orderer().Configuration()
		if err != nil {
			t.Fatal(err)
		}
		if len(orderers.EtcdRaft.Consenters) != brands || len(orderers.Organizations) != brands {
			t.Errorf("%d brands: %d consenters, %d ordering organisations", brands, len(orderers.EtcdRaft.Consenters), len(orderers.Organizations))
		}
		if orderers.BatchTimeout != 200*time.Millisecond || orderers.BatchSize.MaxMessageCount != 500 || orderers.EtcdRaft.Options.TickInterval != "200ms" {
			t.Errorf("ordering settings %+v", orderers)
		}
		for _, member := range m.Members {
			anchors, err := config.Application().Organization(member.MSP()).AnchorPeers()
			if err != nil || len(anchors) != member.Peers {
				t.Errorf("%s: anchors %v, %v", member.Name, anchors, err)
			}
		}
	}
}

func TestRegulatorsRulesAreTheMajoritysToChange(t *testing.T) {
	m := consortium(3)
	block, err := Block(m, materialOf(t, m))
	if err != nil {
		t.Fatal(err)
	}
	group := configOf(t, block).GetChannelGroup().GetGroups()["Application"].GetGroups()["RegulatorMSP"]
	if group.GetModPolicy() != policy.ApplicationAdmins {
		t.Errorf("the group's mod_policy is %s", group.GetModPolicy())
	}
	for _, name := range []string{"Writers", "Endorsement"} {
		if got := group.GetPolicies()[name].GetModPolicy(); got != policy.ApplicationAdmins {
			t.Errorf("mod_policy of %s is %s", name, got)
		}
	}
}

func TestOneIdentityServesApplicationAndOrdering(t *testing.T) {
	m := consortium(2)
	block, err := Block(m, materialOf(t, m))
	if err != nil {
		t.Fatal(err)
	}
	groups := configOf(t, block).GetChannelGroup().GetGroups()
	application := groups["Application"].GetGroups()["BrandaMSP"].GetValues()["MSP"].GetValue()
	ordering := groups["Orderer"].GetGroups()["BrandaMSP"].GetValues()["MSP"].GetValue()
	if !bytes.Equal(application, ordering) {
		t.Fatal("Fabric refuses two definitions of one MSP that differ")
	}
}

func TestDataHashIsTheDatas(t *testing.T) {
	m := consortium(2)
	block, err := Block(m, materialOf(t, m))
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(block.GetData().GetData()[0])
	if !bytes.Equal(sum[:], block.GetHeader().GetDataHash()) {
		t.Error("the data hash isn't the data's")
	}
}

func TestMissingCertificatesAreNamed(t *testing.T) {
	m := consortium(2)
	for name, drop := range map[string]func(Material){
		"brandb":          func(material Material) { delete(material.Roots, "brandb") },
		"orderer0.branda": func(material Material) { delete(material.OrdererTLS, "orderer0.branda") },
	} {
		material := materialOf(t, m)
		drop(material)
		_, err := Block(m, material)
		if failure.CodeOf(err) != failure.GenesisInvalid || !strings.Contains(err.Error(), name) {
			t.Errorf("without %s: %v", name, err)
		}
	}
}
