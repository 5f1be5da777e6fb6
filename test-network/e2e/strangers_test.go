//go:build network

package e2e

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"math/big"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/hyperledger/fabric-chaincode-go/v2/pkg/attrmgr"
	"github.com/hyperledger/fabric-gateway/pkg/identity"

	"github.com/tallystick/tallystick/network/membership"
)

// mint makes certificates by hand: with a member's own authority's key, as if somebody had it, or with a key that only looks like it.
type authorityKey struct {
	root *x509.Certificate
	key  *ecdsa.PrivateKey
}

// authorityOf is a member's certificate authority: certificate, and the key out of its folder.
func (c *consortium) authorityOf(t *testing.T, member string) *authorityKey {
	t.Helper()
	block, _ := pem.Decode(must[[]byte](t)(os.ReadFile(c.dir.CACertificate(member))))
	a := &authorityKey{root: must[*x509.Certificate](t)(x509.ParseCertificate(block.Bytes))}
	for _, file := range must[[]string](t)(filepath.Glob(filepath.Join(c.dir.CA(member), "msp", "keystore", "*_sk"))) {
		block, _ := pem.Decode(must[[]byte](t)(os.ReadFile(file)))
		if block == nil {
			continue
		}
		parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
		if key, ok := parsed.(*ecdsa.PrivateKey); err == nil && ok && key.PublicKey.Equal(a.root.PublicKey) {
			a.key = key
			return a
		}
	}
	t.Fatalf("the key of %s's authority isn't in its folder", member)
	return nil
}

// twin is another authority that calls itself the same, down to the key identifier.
func (a *authorityKey) twin(t *testing.T) *authorityKey {
	t.Helper()
	key := must[*ecdsa.PrivateKey](t)(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))
	form := *a.root
	form.PublicKey, form.Signature, form.Raw = nil, nil, nil
	der := must[[]byte](t)(x509.CreateCertificate(rand.Reader, &form, &form, &key.PublicKey, key))
	return &authorityKey{root: must[*x509.Certificate](t)(x509.ParseCertificate(der)), key: key}
}

// issue makes a certificate that has everything that Fabric CA's have: name, unit and role.
func (a *authorityKey) issue(t *testing.T, name, unit, role string, from, until time.Time) (*x509.Certificate, *ecdsa.PrivateKey) {
	t.Helper()
	key := must[*ecdsa.PrivateKey](t)(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))
	form := &x509.Certificate{
		SerialNumber: must[*big.Int](t)(rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))),
		Subject:      pkix.Name{CommonName: name, OrganizationalUnit: []string{unit}}, NotBefore: from, NotAfter: until, KeyUsage: x509.KeyUsageDigitalSignature, BasicConstraintsValid: true,
		ExtraExtensions: []pkix.Extension{{Id: attrmgr.AttrOID, Value: must[[]byte](t)(json.Marshal(map[string]any{"attrs": map[string]string{membership.RoleAttribute: role}}))}},
	}
	der := must[[]byte](t)(x509.CreateCertificate(rand.Reader, form, a.root, &key.PublicKey, a.key))
	return must[*x509.Certificate](t)(x509.ParseCertificate(der)), key
}

// minted is a user with such a certificate, who says that it is of an organisation.
func (c *consortium) minted(t *testing.T, a *authorityKey, msp, name, unit, role string, from, until time.Time) *user {
	t.Helper()
	certificate, key := a.issue(t, name, unit, role, from, until)
	return &user{
		on: c, id: must[*identity.X509Identity](t)(identity.NewX509Identity(msp, certificate)), sign: must[identity.Sign](t)(identity.NewPrivateKeySign(key)),
		peer: membership.PeerNode("airline", 0),
	}
}

// strangers are users whom every peer and ordering node has to refuse, whatever they ask. Beside them stands one that is made the same way and is in order: it shows
// that only what is named is wrong with them.
func (c *consortium) strangers(t *testing.T) (refused map[string]*user, inOrder *user) {
	t.Helper()
	airline, hotel := c.authorityOf(t, "airline"), c.authorityOf(t, "hotel")
	// Fabric holds a certificate against its authority's at the certificate's own beginning, so it can't begin before that.
	now, operator := time.Now(), string(membership.OperatorRole)
	begin, tomorrow := now.Add(-time.Minute), now.Add(24*time.Hour)
	return map[string]*user{
		"an expired operator":                               c.minted(t, airline, "AirlineMSP", operator, "client", operator, begin, now.Add(-time.Second)),
		"an operator by an authority of the same name":      c.minted(t, airline.twin(t), "AirlineMSP", operator, "client", operator, begin, tomorrow),
		"an operator's attribute by another member's":       c.minted(t, hotel, "AirlineMSP", operator, "client", operator, begin, tomorrow),
		"an operator without an organisational unit":        c.minted(t, airline, "AirlineMSP", operator, "nobody", operator, begin, tomorrow),
		"an operator of an organisation that doesn't exist": c.minted(t, airline, "BankMSP", operator, "client", operator, begin, tomorrow),
		"the regulator's with an operator's attribute":      c.minted(t, c.authorityOf(t, "regulator"), "RegulatorMSP", operator, "client", operator, begin, tomorrow),
		"a peer with an operator's attribute":               c.minted(t, airline, "AirlineMSP", "peer0.airline", "peer", operator, begin, tomorrow),
	}, c.minted(t, airline, "AirlineMSP", operator, "client", operator, begin, tomorrow)
}
