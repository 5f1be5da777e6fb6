package stubtest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"math/big"
	"time"

	"github.com/hyperledger/fabric-chaincode-go/v2/pkg/attrmgr"
	"github.com/hyperledger/fabric-protos-go-apiv2/msp"
	"google.golang.org/protobuf/proto"
)

// Authority is the certificate authority of one organisation.
type Authority struct {
	MSP  string
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

// Identity is a client: a certificate and its key, under the MSP id it claims.
type Identity struct {
	MSP  string
	pem  []byte
	key  *ecdsa.PrivateKey
	cert *x509.Certificate
}

// NewAuthority makes an authority with a key of its own.
func NewAuthority(mspID string) *Authority {
	key := newKey()
	template := template(mspID + " CA")
	template.IsCA, template.BasicConstraintsValid, template.KeyUsage = true, true, x509.KeyUsageCertSign
	return &Authority{MSP: mspID, cert: sign(template, template, &key.PublicKey, key), key: key}
}

// Issue makes an identity with these attributes; none without any.
func (a *Authority) Issue(name string, attributes map[string]string) *Identity {
	key := newKey()
	template := template(name)
	if len(attributes) > 0 {
		value := must(json.Marshal(map[string]map[string]string{"attrs": attributes}))
		template.ExtraExtensions = []pkix.Extension{{Id: attrmgr.AttrOID, Value: value}}
	}
	cert := sign(template, a.cert, &key.PublicKey, a.key)
	block := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert.Raw})
	return &Identity{MSP: a.MSP, pem: block, key: key, cert: cert}
}

// Claiming is the same certificate and key, presented under another MSP id.
func (i *Identity) Claiming(mspID string) *Identity {
	other := *i
	other.MSP = mspID
	return &other
}

// Serialized is the creator as proposals carry it.
func (i *Identity) Serialized() []byte {
	return must(proto.Marshal(&msp.SerializedIdentity{Mspid: i.MSP, IdBytes: i.pem}))
}

// vouches says whether this authority has signed the identity's certificate.
func (a *Authority) vouches(i *Identity) error {
	if err := i.cert.CheckSignatureFrom(a.cert); err != nil {
		return fmt.Errorf("access denied: the creator's certificate is not of %s", a.MSP)
	}
	return nil
}

func template(name string) *x509.Certificate {
	serial := must(rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120)))
	return &x509.Certificate{
		SerialNumber: serial,
		Subject:      pkix.Name{CommonName: name, Organization: []string{"Test"}},
		NotBefore:    time.Unix(0, 0),
		NotAfter:     time.Date(2100, 1, 1, 0, 0, 0, 0, time.UTC),
		KeyUsage:     x509.KeyUsageDigitalSignature,
	}
}

func newKey() *ecdsa.PrivateKey { return must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader)) }

func sign(template, parent *x509.Certificate, key *ecdsa.PublicKey, signer *ecdsa.PrivateKey) *x509.Certificate {
	return must(x509.ParseCertificate(must(x509.CreateCertificate(rand.Reader, template, parent, key, signer))))
}

// must is for what can only fail when this package is wrong.
func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}
