package blocks

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

	"github.com/hyperledger/fabric-protos-go-apiv2/msp"

	"github.com/tallystick/tallystick/chaincode/fault"
)

// authority is a CA for certificates that a test makes.
type authority struct {
	t    *testing.T
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

func newAuthority(t *testing.T) *authority {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	check(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "ca"}, NotBefore: time.Unix(1_600_000_000, 0), NotAfter: time.Unix(4_000_000_000, 0),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageCRLSign, SubjectKeyId: []byte{1},
	}
	raw, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	check(t, err)
	cert, err := x509.ParseCertificate(raw)
	check(t, err)
	return &authority{t, cert, key}
}

func (a *authority) pem() []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: a.cert.Raw})
}

func (a *authority) issue(serial int64, units ...string) []byte {
	a.t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	check(a.t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(serial), Subject: pkix.Name{CommonName: "x", OrganizationalUnit: units}, NotBefore: time.Unix(1_600_000_000, 0),
		NotAfter: time.Unix(1_600_000_100, 0),
	}
	raw, err := x509.CreateCertificate(rand.Reader, template, a.cert, key.Public(), a.key)
	check(a.t, err)
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: raw})
}

func (a *authority) revoke(serials ...int64) []byte {
	a.t.Helper()
	list := &x509.RevocationList{Number: big.NewInt(1), ThisUpdate: time.Unix(1_600_000_000, 0), NextUpdate: time.Unix(1_600_000_100, 0)}
	for _, s := range serials {
		list.RevokedCertificateEntries = append(list.RevokedCertificateEntries, x509.RevocationListEntry{SerialNumber: big.NewInt(s), RevocationTime: time.Unix(1_600_000_000, 0)})
	}
	raw, err := x509.CreateRevocationList(rand.Reader, list, a.cert, a.key)
	check(a.t, err)
	return pem.EncodeToMemory(&pem.Block{Type: "X509 CRL", Bytes: raw})
}

func TestRevokedCertificatesAreRefusedAndLapsedOnesAreNot(t *testing.T) {
	ca := newAuthority(t)
	m, err := newMSP(marshal(t, &msp.MSPConfig{Config: marshal(t, &msp.FabricMSPConfig{
		Name: "X", RootCerts: [][]byte{ca.pem()}, RevocationList: [][]byte{ca.revoke(7, 8)},
	})}))
	check(t, err)
	if _, err := m.Signer(Identity{MSP: "X", Certificate: ca.issue(6)}); err != nil {
		t.Errorf("a good certificate that has lapsed since: %v", err)
	}
	if _, err := m.Signer(Identity{MSP: "X", Certificate: ca.issue(7)}); fault.CodeOf(err) != fault.SignatureInvalid {
		t.Errorf("a revoked certificate: %v", err)
	}
}

func TestRolesCountOnlyUnderTheCertifierThatTheChannelNames(t *testing.T) {
	ca, other := newAuthority(t), newAuthority(t)
	unit := func(name string, certifier []byte) *msp.FabricOUIdentifier {
		return &msp.FabricOUIdentifier{OrganizationalUnitIdentifier: name, Certificate: certifier}
	}
	m, err := newMSP(marshal(t, &msp.MSPConfig{Config: marshal(t, &msp.FabricMSPConfig{
		Name: "X", RootCerts: [][]byte{ca.pem(), other.pem()},
		FabricNodeOus: &msp.FabricNodeOUs{Enable: true, PeerOuIdentifier: unit("peer", ca.pem()), OrdererOuIdentifier: unit("orderer", nil)},
	})}))
	check(t, err)
	for _, c := range []struct {
		ca            *authority
		unit          string
		peer, orderer bool
	}{{ca, "peer", true, false}, {other, "peer", false, false}, {ca, "orderer", false, true}, {other, "orderer", false, true}, {ca, "client", false, false}} {
		s, err := m.Signer(Identity{MSP: "X", Certificate: c.ca.issue(5, c.unit)})
		check(t, err)
		if s.Has(RolePeer) != c.peer || s.Has(RoleOrderer) != c.orderer {
			t.Errorf("unit %s gives roles %v", c.unit, s.Roles)
		}
	}
}
