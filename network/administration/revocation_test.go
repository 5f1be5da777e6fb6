package administration

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"testing"
	"time"

	"github.com/hyperledger/fabric-protos-go-apiv2/common"
	"github.com/hyperledger/fabric-protos-go-apiv2/msp"
	"google.golang.org/protobuf/proto"

	"github.com/tallystick/tallystick/network/failure"
	"github.com/tallystick/tallystick/network/genesis"
	"github.com/tallystick/tallystick/network/membership"
)

// authority signs lists of revocations.
type authority struct {
	certificate *x509.Certificate
	key         *ecdsa.PrivateKey
}

func newAuthority(t *testing.T, name string) *authority {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	form := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, IsCA: true, BasicConstraintsValid: true, SubjectKeyId: []byte(name),
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageCRLSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, form, form, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return &authority{parsed, key}
}

func (a *authority) list(t *testing.T, serials ...int64) []byte {
	t.Helper()
	form := &x509.RevocationList{Number: big.NewInt(1), ThisUpdate: time.Now(), NextUpdate: time.Now().Add(time.Hour)}
	for _, s := range serials {
		form.RevokedCertificateEntries = append(form.RevokedCertificateEntries, x509.RevocationListEntry{SerialNumber: big.NewInt(s), RevocationTime: time.Now()})
	}
	der, err := x509.CreateRevocationList(rand.Reader, form, a.certificate, a.key)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "X509 CRL", Bytes: der})
}

// foundedBy is the configuration of a first block in which one member's authority is this one.
func foundedBy(t *testing.T, m *membership.Membership, member string, a *authority) *common.Config {
	t.Helper()
	material := genesis.Material{Roots: map[string]*x509.Certificate{}, OrdererTLS: map[string]*x509.Certificate{}}
	for _, of := range m.Members {
		material.Roots[of.Name] = certificate(t, of.Name)
		for i := range of.Orderers {
			material.OrdererTLS[membership.OrdererNode(of.Name, i)] = certificate(t, membership.OrdererNode(of.Name, i))
		}
	}
	material.Roots[member] = a.certificate
	block, err := genesis.Block(m, material)
	if err != nil {
		t.Fatal(err)
	}
	config, err := ConfigOf(block)
	if err != nil {
		t.Fatal(err)
	}
	return config
}

// revokedIn are the serial numbers that a section's description of an organisation names.
func revokedIn(t *testing.T, config *common.Config, section, organisation string) map[int64]bool {
	t.Helper()
	var wrapped msp.MSPConfig
	var description msp.FabricMSPConfig
	value := config.GetChannelGroup().GetGroups()[section].GetGroups()[organisation].GetValues()[mspValue]
	if proto.Unmarshal(value.GetValue(), &wrapped) != nil || proto.Unmarshal(wrapped.GetConfig(), &description) != nil {
		t.Fatal("no description")
	}
	serials := map[int64]bool{}
	for _, list := range description.GetRevocationList() {
		parsed, err := parseRevocations(list)
		if err != nil {
			t.Fatal(err)
		}
		for _, entry := range parsed.RevokedCertificateEntries {
			serials[entry.SerialNumber.Int64()] = true
		}
	}
	return serials
}

func TestRevocationsStandWhereverTheOrganisationIsDescribedAndStay(t *testing.T) {
	m, a := consortium(1), newAuthority(t, "brandb")
	config := foundedBy(t, m, "brandb", a)
	for _, step := range []struct {
		list []byte
		want []int64
	}{{a.list(t, 7), []int64{7}}, {a.list(t, 7, 8), []int64{7, 8}}, {a.list(t, 9), []int64{7, 8, 9}}} {
		update, err := Revocation(config, m.Channel, "BrandbMSP", step.list)
		if err != nil || update == nil {
			t.Fatalf("%v, update of %d bytes", err, len(update))
		}
		config = updated(t, config, update)
		for _, section := range []string{"Application", "Orderer"} {
			got := revokedIn(t, config, section, "BrandbMSP")
			for _, serial := range step.want {
				if !got[serial] {
					t.Errorf("%s: %d isn't revoked", section, serial)
				}
			}
			if len(got) != len(step.want) {
				t.Errorf("%s: %v, want %v", section, got, step.want)
			}
		}
		if got := revokedIn(t, config, "Application", "BrandaMSP"); len(got) != 0 {
			t.Errorf("another organisation's identities are revoked: %v", got)
		}
	}
	for _, list := range [][]byte{a.list(t, 8), a.list(t)} {
		if update, err := Revocation(config, m.Channel, "BrandbMSP", list); err != nil || update != nil {
			t.Errorf("a list that says nothing new: %v, update of %d bytes", err, len(update))
		}
	}
}

func TestAListOfSomebodyElseIsRefused(t *testing.T) {
	m, a := consortium(1), newAuthority(t, "brandb")
	config := foundedBy(t, m, "brandb", a)
	for name, list := range map[string][]byte{"another authority of the same name": newAuthority(t, "brandb").list(t, 7), "no list": []byte("x")} {
		if _, err := Revocation(config, m.Channel, "BrandbMSP", list); failure.CodeOf(err) != failure.ChannelUpdate {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := Revocation(config, m.Channel, "NobodyMSP", a.list(t, 7)); failure.CodeOf(err) != failure.ChannelUpdate {
		t.Errorf("nobody's: %v", err)
	}
}
