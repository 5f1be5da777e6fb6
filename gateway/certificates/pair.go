package certificates

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"os"
	"sync/atomic"
	"time"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/gateway/config"
)

// Material is a certificate and the key that fits it, as the files have them.
type Material struct {
	Certificate, Key []byte // PEM.
	TLS              tls.Certificate
}

// Leaf is the certificate itself.
func (m *Material) Leaf() *x509.Certificate { return m.TLS.Leaf }

// Load reads a pair; INVALID_VALUE when a file can't be read, or certificate and key don't fit each other.
func Load(pair config.KeyPair) (*Material, error) {
	certificate, err := os.ReadFile(pair.Cert)
	if err != nil {
		return nil, fault.New(fault.InvalidValue, "the certificate can't be read: %v", err)
	}
	key, err := os.ReadFile(pair.Key)
	if err != nil {
		return nil, fault.New(fault.InvalidValue, "the private key can't be read: %v", err)
	}
	both, err := tls.X509KeyPair(certificate, key)
	if err != nil {
		return nil, fault.New(fault.InvalidValue, "%s and %s: %v", pair.Cert, pair.Key, err)
	}
	if both.Leaf == nil {
		if both.Leaf, err = x509.ParseCertificate(both.Certificate[0]); err != nil {
			return nil, fault.New(fault.InvalidValue, "%s: %v", pair.Cert, err)
		}
	}
	return &Material{Certificate: certificate, Key: key, TLS: both}, nil
}

// same says whether two pairs are made of the same files' contents.
func (m *Material) same(other *Material) bool {
	return bytes.Equal(m.Certificate, other.Certificate) && bytes.Equal(m.Key, other.Key)
}

// Pair is one pair of files, and what was last taken from them. Its methods may be called from several goroutines.
type Pair struct {
	name    string
	files   config.KeyPair
	use     func(*Material) error
	current atomic.Pointer[Material]
	told    time.Time // When the log last said that it ends soon; of the watch's goroutine.
	failing bool      // The files hold something that can't be used; likewise.
}

// Open reads a pair for the first time. name is how log, metric and readiness call it.
func Open(name string, files config.KeyPair) (*Pair, error) {
	m, err := Load(files)
	if err != nil {
		return nil, fault.New(fault.InvalidValue, "key %s: %v", name, err)
	}
	p := &Pair{name: name, files: files, use: func(*Material) error { return nil }}
	p.current.Store(m)
	return p, nil
}

// OnChange has whoever uses the pair told of a new one before it counts as taken; an error leaves the old one in use, and the next look tries again.
func (p *Pair) OnChange(use func(*Material) error) { p.use = use }

// Current is the pair in use.
func (p *Pair) Current() *Material { return p.current.Load() }

// ServerCertificate gives the pair to a tls.Config of a server.
func (p *Pair) ServerCertificate(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	return &p.Current().TLS, nil
}

// ClientCertificate gives the pair to a tls.Config of a client.
func (p *Pair) ClientCertificate(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
	return &p.Current().TLS, nil
}

// look takes what the files hold now, when that is new; true when it was.
func (p *Pair) look() (bool, error) {
	m, err := Load(p.files)
	if err != nil {
		return false, err
	}
	if m.same(p.Current()) {
		return false, nil
	}
	if err := p.use(m); err != nil {
		return false, err
	}
	p.current.Store(m)
	return true, nil
}
