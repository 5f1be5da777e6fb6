package blocks

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/asn1"
	"encoding/pem"
	"math/big"
	"slices"
	"sync"
	"time"

	"github.com/hyperledger/fabric-chaincode-go/v2/pkg/attrmgr"
	"github.com/hyperledger/fabric-protos-go-apiv2/msp"
	"google.golang.org/protobuf/proto"

	"github.com/tallystick/tallystick/chaincode/fault"
)

// Role is what a certificate's organisational unit makes of an identity (Fabric's Node OUs).
type Role string

// The roles of Node OUs.
const (
	RoleClient  Role = "client"
	RolePeer    Role = "peer"
	RoleAdmin   Role = "admin"
	RoleOrderer Role = "orderer"
)

// maxCachedIdentities bounds the identities that an MSP remembers as checked.
const maxCachedIdentities = 4096

// MSP is the trust anchor of one organisation, as the channel's configuration has it.
type MSP struct {
	ID            string
	roots         *x509.CertPool
	intermediates *x509.CertPool
	revoked       []*x509.RevocationList
	issuers       []*x509.Certificate
	units         map[string]ouRule

	mu    sync.Mutex
	known map[[sha256.Size]byte]*Signer
}

type ouRule struct {
	role        Role
	certificate *x509.Certificate // The CA that must be in the chain; nil for any.
}

// Signer is an identity whose certificate was checked against its MSP.
type Signer struct {
	MSP   string
	Roles []Role

	key        *ecdsa.PublicKey
	attributes map[string]string
}

// Attribute returns an attribute that the organisation's CA gave the identity; empty without it.
func (s *Signer) Attribute(name string) string { return s.attributes[name] }

// attributes reads what the organisation's CA gave an identity, as chaincode reads it.
func attributes(c *x509.Certificate) (map[string]string, error) {
	found, err := attrmgr.New().GetAttributesFromCert(c)
	if err != nil {
		return nil, fault.New(fault.SignatureInvalid, "a certificate's attributes can't be read")
	}
	return found.Attrs, nil
}

// Has says whether the identity has a role.
func (s *Signer) Has(r Role) bool { return slices.Contains(s.Roles, r) }

func newMSP(raw []byte) (*MSP, error) {
	var wrapper msp.MSPConfig
	var config msp.FabricMSPConfig
	if err := proto.Unmarshal(raw, &wrapper); err != nil || wrapper.Type != 0 {
		return nil, fault.New(fault.BlockInvalid, "an MSP of the channel isn't of the X.509 kind or can't be read")
	}
	if err := proto.Unmarshal(wrapper.Config, &config); err != nil {
		return nil, fault.New(fault.BlockInvalid, "an MSP of the channel can't be read")
	}
	m := &MSP{ID: config.Name, roots: x509.NewCertPool(), intermediates: x509.NewCertPool(), units: map[string]ouRule{}, known: map[[sha256.Size]byte]*Signer{}}
	if err := m.addIssuers(&config); err != nil {
		return nil, err
	}
	for _, raw := range config.RevocationList {
		block, _ := pem.Decode(raw)
		if block == nil {
			return nil, fault.New(fault.BlockInvalid, "a revocation list of %s isn't PEM", m.ID)
		}
		list, err := x509.ParseRevocationList(block.Bytes)
		if err != nil {
			return nil, fault.New(fault.BlockInvalid, "a revocation list of %s can't be read", m.ID)
		}
		m.revoked = append(m.revoked, list)
	}
	return m, m.addUnits(config.FabricNodeOus)
}

func (m *MSP) addIssuers(config *msp.FabricMSPConfig) error {
	for i, raw := range append(slices.Clone(config.RootCerts), config.IntermediateCerts...) {
		c, err := parseCertificate(raw)
		if err != nil {
			return fault.New(fault.BlockInvalid, "a CA certificate of %s can't be read", m.ID)
		}
		m.issuers = append(m.issuers, c)
		if i < len(config.RootCerts) {
			m.roots.AddCert(c)
		} else {
			m.intermediates.AddCert(c)
		}
	}
	if len(config.RootCerts) == 0 {
		return fault.New(fault.BlockInvalid, "%s has no root certificate", m.ID)
	}
	return nil
}

func (m *MSP) addUnits(units *msp.FabricNodeOUs) error {
	if !units.GetEnable() {
		return nil
	}
	for _, u := range []struct {
		role Role
		id   *msp.FabricOUIdentifier
	}{{RoleClient, units.ClientOuIdentifier}, {RolePeer, units.PeerOuIdentifier}, {RoleAdmin, units.AdminOuIdentifier}, {RoleOrderer, units.OrdererOuIdentifier}} {
		if u.id.GetOrganizationalUnitIdentifier() == "" {
			continue
		}
		rule := ouRule{role: u.role}
		if len(u.id.Certificate) > 0 {
			c, err := parseCertificate(u.id.Certificate)
			if err != nil {
				return fault.New(fault.BlockInvalid, "the certifier of unit %q of %s can't be read", u.id.OrganizationalUnitIdentifier, m.ID)
			}
			rule.certificate = c
		}
		m.units[u.id.OrganizationalUnitIdentifier] = rule
	}
	return nil
}

// Signer checks an identity of this MSP: its certificate chains to the MSP's CAs and isn't revoked. As in Fabric, when the certificate lapsed doesn't
// matter: what was signed while it was good stays good. SIGNATURE_INVALID otherwise.
func (m *MSP) Signer(id Identity) (*Signer, error) {
	key := sha256.Sum256(id.Certificate)
	m.mu.Lock()
	s, ok := m.known[key]
	m.mu.Unlock()
	if ok {
		return s, nil
	}
	s, err := m.check(id.Certificate)
	if err != nil {
		return nil, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.known) < maxCachedIdentities {
		m.known[key] = s
	}
	return s, nil
}

func (m *MSP) check(raw []byte) (*Signer, error) {
	c, err := parseCertificate(raw)
	if err != nil {
		return nil, fault.New(fault.SignatureInvalid, "a certificate of %s can't be read", m.ID)
	}
	key, ok := c.PublicKey.(*ecdsa.PublicKey)
	if !ok {
		return nil, fault.New(fault.SignatureInvalid, "a certificate of %s has no ECDSA key", m.ID)
	}
	chains, err := c.Verify(x509.VerifyOptions{
		Roots: m.roots, Intermediates: m.intermediates, CurrentTime: c.NotBefore.Add(time.Second), KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageAny},
	})
	if err != nil {
		return nil, fault.New(fault.SignatureInvalid, "a certificate doesn't chain to the CAs of %s", m.ID)
	}
	for _, list := range m.revoked {
		if m.lists(list, c) {
			return nil, fault.New(fault.SignatureInvalid, "a certificate of %s is revoked", m.ID)
		}
	}
	s := &Signer{MSP: m.ID, key: key}
	if s.attributes, err = attributes(c); err != nil {
		return nil, err
	}
	for _, unit := range c.Subject.OrganizationalUnit {
		rule, ok := m.units[unit]
		if ok && (rule.certificate == nil || chained(chains, rule.certificate)) {
			s.Roles = append(s.Roles, rule.role)
		}
	}
	return s, nil
}

func (m *MSP) lists(list *x509.RevocationList, c *x509.Certificate) bool {
	signed := slices.ContainsFunc(m.issuers, func(i *x509.Certificate) bool {
		return bytes.Equal(i.RawSubject, c.RawIssuer) && list.CheckSignatureFrom(i) == nil
	})
	return signed && slices.ContainsFunc(list.RevokedCertificateEntries, func(e x509.RevocationListEntry) bool {
		return e.SerialNumber.Cmp(c.SerialNumber) == 0
	})
}

func chained(chains [][]*x509.Certificate, issuer *x509.Certificate) bool {
	for _, chain := range chains {
		if slices.ContainsFunc(chain[1:], issuer.Equal) {
			return true
		}
	}
	return false
}

func parseCertificate(raw []byte) (*x509.Certificate, error) {
	block, _ := pem.Decode(raw)
	if block == nil {
		return nil, fault.New(fault.BlockInvalid, "a certificate isn't PEM")
	}
	return x509.ParseCertificate(block.Bytes)
}

// verify says whether signature is the signer's ECDSA signature over SHA-256 of the message. As Fabric demands, s lies in the lower half of the order.
func (s *Signer) verify(signature []byte, message ...[]byte) bool {
	var rs struct{ R, S *big.Int }
	if rest, err := asn1.Unmarshal(signature, &rs); err != nil || len(rest) != 0 {
		return false
	}
	if rs.R.Sign() <= 0 || rs.S.Sign() <= 0 || rs.S.Cmp(new(big.Int).Rsh(s.key.Params().N, 1)) > 0 {
		return false
	}
	h := sha256.New()
	for _, m := range message {
		h.Write(m)
	}
	return ecdsa.VerifyASN1(s.key, h.Sum(nil), signature)
}
