package ledgertest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/json"
	"encoding/pem"
	"math/big"
	"testing"
	"time"

	"github.com/hyperledger/fabric-chaincode-go/v2/pkg/attrmgr"
	"github.com/hyperledger/fabric-protos-go-apiv2/msp"
	"google.golang.org/protobuf/proto"

	"github.com/tallystick/tallystick/chaincode/engine"
)

// Identity is a certificate of an organisation and its key.
type Identity struct {
	MSP         string
	Role        string // Attribute tally.role.
	Certificate []byte // PEM.
	Key         *ecdsa.PrivateKey
}

// Organisation is a member with a CA and the identities that a network has.
type Organisation struct {
	Name, MSP                                                      string
	Peer, Orderer, Gateway, Operator, Treasurer, Compliance, Audit *Identity

	ca    *x509.Certificate
	caPEM []byte
	caKey *ecdsa.PrivateKey
}

var serial int64

// NewOrganisation makes a CA and identities of every kind.
func NewOrganisation(t testing.TB, name, mspID string) *Organisation {
	t.Helper()
	o := &Organisation{Name: name, MSP: mspID, caKey: newKey(t)}
	template := &x509.Certificate{
		SerialNumber: nextSerial(), Subject: pkix.Name{CommonName: "ca." + name, Organization: []string{mspID}},
		NotBefore: time.Unix(1_600_000_000, 0), NotAfter: time.Unix(4_000_000_000, 0),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageCRLSign,
	}
	raw, err := x509.CreateCertificate(rand.Reader, template, template, o.caKey.Public(), o.caKey)
	must(t, err)
	o.ca, err = x509.ParseCertificate(raw)
	must(t, err)
	o.caPEM = encodePEM(raw)
	o.Peer, o.Orderer = o.Enrol(t, "peer", ""), o.Enrol(t, "orderer", "")
	o.Gateway, o.Operator = o.Enrol(t, "client", engine.RoleGateway), o.Enrol(t, "client", engine.RoleOperator)
	o.Compliance = o.Enrol(t, "client", engine.RoleCompliance)
	o.Treasurer = o.Enrol(t, "client", engine.RoleTreasurer)
	o.Audit = o.Enrol(t, "client", "auditor")
	return o
}

// Enrol makes an identity with an organisational unit and, unless it is empty, the attribute tally.role.
func (o *Organisation) Enrol(t testing.TB, unit, role string) *Identity {
	t.Helper()
	key := newKey(t)
	template := &x509.Certificate{
		SerialNumber: nextSerial(), Subject: pkix.Name{CommonName: unit + "." + o.Name, OrganizationalUnit: []string{unit}},
		NotBefore: time.Unix(1_600_000_000, 0), NotAfter: time.Unix(1_600_100_000, 0), KeyUsage: x509.KeyUsageDigitalSignature,
	}
	if role != "" {
		value, err := json.Marshal(map[string]any{"attrs": map[string]string{engine.RoleAttribute: role}})
		must(t, err)
		template.ExtraExtensions = []pkix.Extension{{Id: attrmgr.AttrOID, Value: value}}
	}
	raw, err := x509.CreateCertificate(rand.Reader, template, o.ca, key.Public(), o.caKey)
	must(t, err)
	return &Identity{MSP: o.MSP, Role: role, Certificate: encodePEM(raw), Key: key}
}

// mspConfig is the organisation's MSP as a channel has it.
func (o *Organisation) mspConfig(t testing.TB) []byte {
	unit := func(name string) *msp.FabricOUIdentifier {
		return &msp.FabricOUIdentifier{OrganizationalUnitIdentifier: name, Certificate: o.caPEM}
	}
	config := marshal(t, &msp.FabricMSPConfig{
		Name: o.MSP, RootCerts: [][]byte{o.caPEM},
		FabricNodeOus: &msp.FabricNodeOUs{
			Enable: true, ClientOuIdentifier: unit("client"), PeerOuIdentifier: unit("peer"), AdminOuIdentifier: unit("admin"), OrdererOuIdentifier: unit("orderer"),
		},
	})
	return marshal(t, &msp.MSPConfig{Config: config})
}

func (id *Identity) serialised(t testing.TB) []byte {
	return marshal(t, &msp.SerializedIdentity{Mspid: id.MSP, IdBytes: id.Certificate})
}

// sign gives a low-S signature over SHA-256 of the message.
func (id *Identity) sign(t testing.TB, message ...[]byte) []byte {
	t.Helper()
	h := sha256.New()
	for _, m := range message {
		h.Write(m)
	}
	r, s, err := ecdsa.Sign(rand.Reader, id.Key, h.Sum(nil))
	must(t, err)
	n := elliptic.P256().Params().N
	if s.Cmp(new(big.Int).Rsh(n, 1)) > 0 {
		s.Sub(n, s)
	}
	raw, err := asn1.Marshal(struct{ R, S *big.Int }{r, s})
	must(t, err)
	return raw
}

func newKey(t testing.TB) *ecdsa.PrivateKey {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	return key
}

func nextSerial() *big.Int {
	serial++
	return big.NewInt(serial)
}

func encodePEM(der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
}

func marshal(t testing.TB, m proto.Message) []byte {
	t.Helper()
	raw, err := proto.Marshal(m)
	must(t, err)
	return raw
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
