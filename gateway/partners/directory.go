package partners

import (
	"crypto/tls"
	"crypto/x509"
	"net"
	"net/http"
	"os"
	"sync"
	"sync/atomic"

	"github.com/tallystick/tallystick/chaincode/engine"
	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/gateway/certificates"
	"github.com/tallystick/tallystick/gateway/config"
)

// Directory knows this member's certificate and those of the other members' gateways.
type Directory struct {
	own      *certificates.Pair // Nil where the configuration names none.
	partners []partner
	revoked  atomic.Pointer[func(*x509.Certificate) bool] // Nil until somebody says what was revoked.

	mu      sync.Mutex
	clients []*http.Client // Whose unused connections end when something was revoked.
}

// Revoke says which certificates the members have revoked: from the next connection or request on they are nobody's.
func (d *Directory) Revoke(revoked func(*x509.Certificate) bool) {
	d.revoked.Store(&revoked)
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, c := range d.clients {
		c.CloseIdleConnections()
	}
}

func (d *Directory) isRevoked(c *x509.Certificate) bool {
	revoked := d.revoked.Load()
	return revoked != nil && (*revoked)(c)
}

// partner is another member's gateway. Its certificate has its name and the gateway's role, and was signed by its own member's authority: no other authority is
// believed, and no other certificate of its.
type partner struct {
	config.Partner
	roots *x509.CertPool
}

// Open reads the certificates that the configuration names; it may name none. INVALID_VALUE when one can't be used.
func Open(own config.KeyPair, list []config.Partner) (*Directory, error) {
	d := &Directory{}
	if own.Given() {
		pair, err := certificates.Open("partnerTLS", own)
		if err != nil {
			return nil, err
		}
		d.own = pair
	}
	for _, p := range list {
		pem, err := os.ReadFile(p.TLSRoot)
		if err != nil {
			return nil, fault.New(fault.InvalidValue, "the TLS root of %s's gateway can't be read: %v", p.Member, err)
		}
		roots := x509.NewCertPool()
		if !roots.AppendCertsFromPEM(pem) {
			return nil, fault.New(fault.InvalidValue, "the TLS root of %s's gateway, %s, holds no certificate", p.Member, p.TLSRoot)
		}
		d.partners = append(d.partners, partner{p, roots})
	}
	return d, nil
}

// Listen takes connections of the partners' gateways; others don't get past the handshake.
func (d *Directory) Listen(address string) (net.Listener, error) {
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return nil, fault.New(fault.InvalidValue, "key partnerListen: %v", err)
	}
	return tls.NewListener(listener, &tls.Config{
		MinVersion: tls.VersionTLS13, GetCertificate: d.serverCertificate, NextProtos: []string{"h2", "http/1.1"},
		ClientAuth: tls.RequireAnyClientCert, // Which authority it has to be of depends on whose it is.
		VerifyConnection: func(state tls.ConnectionState) error {
			_, err := d.memberOf(&state)
			return err
		},
	}), nil
}

// Own is the certificate that this gateway shows, which may be renewed while it runs; nil where the configuration names none.
func (d *Directory) Own() *certificates.Pair { return d.own }

func (d *Directory) serverCertificate(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
	if d.own == nil {
		return nil, fault.New(fault.InvalidValue, "key partnerTLS: there is no certificate to show")
	}
	return d.own.ServerCertificate(hello)
}

// clientCertificate shows none where there is none: the other side then refuses.
func (d *Directory) clientCertificate(request *tls.CertificateRequestInfo) (*tls.Certificate, error) {
	if d.own == nil {
		return new(tls.Certificate), nil
	}
	return d.own.ClientCertificate(request)
}

// admits refuses what no other gateway may show though a member's authority signed it: a certificate that isn't for the gateway's role, or was revoked. FORBIDDEN.
func (d *Directory) admits(leaf *x509.Certificate) error {
	if roleOf(leaf) != engine.RoleGateway {
		return fault.New(fault.Forbidden, "the certificate isn't a gateway's")
	}
	if d.isRevoked(leaf) {
		return fault.New(fault.Forbidden, "the certificate was revoked")
	}
	return nil
}

// verifyServer keeps a client from what isn't the other member's gateway; authority and name have been checked before.
func (d *Directory) verifyServer(state tls.ConnectionState) error {
	if len(state.PeerCertificates) == 0 {
		return fault.New(fault.Forbidden, "other members' gateways show a certificate")
	}
	return d.admits(state.PeerCertificates[0])
}

// MemberOf is the member whose gateway sends a request, by its certificate; FORBIDDEN when it is nobody's.
func (d *Directory) MemberOf(r *http.Request) (string, error) {
	if r.TLS == nil {
		return "", fault.New(fault.Forbidden, "other members' gateways show a certificate")
	}
	return d.memberOf(r.TLS)
}

func (d *Directory) memberOf(state *tls.ConnectionState) (string, error) {
	if len(state.PeerCertificates) == 0 {
		return "", fault.New(fault.Forbidden, "other members' gateways show a certificate")
	}
	leaf, between := state.PeerCertificates[0], x509.NewCertPool()
	if err := d.admits(leaf); err != nil {
		return "", err
	}
	for _, c := range state.PeerCertificates[1:] {
		between.AddCert(c)
	}
	for i := range d.partners {
		p := &d.partners[i]
		options := x509.VerifyOptions{DNSName: p.ServerName, Roots: p.roots, Intermediates: between, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}}
		if _, err := leaf.Verify(options); err == nil {
			return p.Member, nil
		}
	}
	return "", fault.New(fault.Forbidden, "the certificate is of no member's gateway that this one knows")
}
