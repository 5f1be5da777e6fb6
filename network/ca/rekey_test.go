package ca

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/tallystick/tallystick/network/failure"
	"github.com/tallystick/tallystick/network/rundir"
)

// issuer is an authority in memory.
type issuer struct {
	certificate *x509.Certificate
	key         *ecdsa.PrivateKey
}

// issue signs a form for a fresh key; with itself when there is no issuer.
func (i *issuer) issue(t *testing.T, form *x509.Certificate) *issuer {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	by := i
	if by == nil {
		by = &issuer{form, key}
	}
	der, err := x509.CreateCertificate(rand.Reader, form, by.certificate, &key.PublicKey, by.key)
	if err != nil {
		t.Fatal(err)
	}
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return &issuer{certificate, key}
}

func newIssuer(t *testing.T, name string) *issuer {
	return (*issuer)(nil).issue(t, &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, SubjectKeyId: []byte(name), IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), KeyUsage: x509.KeyUsageCertSign,
	})
}

const rekeyed = "orderer0.airline"

// nodeForm is what an ordering node's TLS certificate says.
func nodeForm(change func(*x509.Certificate)) *x509.Certificate {
	form := &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: rekeyed}, DNSNames: []string{"localhost", rekeyed}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: time.Now().Add(-time.Minute), NotAfter: time.Now().Add(time.Minute), ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	if change != nil {
		change(form)
	}
	return form
}

// write leaves a pair in an identity's TLS files.
func (i *issuer) write(t *testing.T, dir rundir.Dir, files rundir.Identity) *x509.Certificate {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(i.key)
	if err != nil {
		t.Fatal(err)
	}
	for file, block := range map[string]*pem.Block{files.TLSKey(): {Type: "PRIVATE KEY", Bytes: der}, files.TLSCertificate(): {Type: "CERTIFICATE", Bytes: i.certificate.Raw}} {
		if err := dir.Write(file, pem.EncodeToMemory(block), rundir.PrivateMode); err != nil {
			t.Fatal(err)
		}
	}
	return i.certificate
}

// renewing is a member whose authority in use is the first and refuses everything: what is kept is given, and nothing else.
func renewing(t *testing.T, first *issuer) *Client {
	t.Helper()
	c := authority(t, refusingClient).Client
	block := &pem.Block{Type: "CERTIFICATE", Bytes: first.certificate.Raw}
	if err := c.dir.Write(c.dir.CACertificate("airline"), pem.EncodeToMemory(block), rundir.PublicMode); err != nil {
		t.Fatal(err)
	}
	files, _ := c.next(rekeyed)
	first.issue(t, nodeForm(nil)).write(t, c.dir, files)
	return c
}

func TestAKeptPairIsUsedOnlyWhileOthersCanBelieveIt(t *testing.T) {
	first, second := newIssuer(t, "first"), newIssuer(t, "second")
	for name, kept := range map[string]struct {
		by     *issuer
		change func(*x509.Certificate)
		named  bool
		used   bool
	}{
		"of the authority in use": {by: first, used: true},
		"ended":                   {by: first, change: func(c *x509.Certificate) { c.NotAfter = time.Now().Add(-time.Second) }, named: true},
		"not begun":               {by: first, change: func(c *x509.Certificate) { c.NotBefore = time.Now().Add(30 * time.Second) }, named: true},
		"of another authority":    {by: second},
		"of another authority, and the channel has it": {by: second, named: true, used: true},
	} {
		t.Run(name, func(t *testing.T) {
			c := renewing(t, first)
			_, next := c.next(rekeyed)
			want := kept.by.issue(t, nodeForm(kept.change)).write(t, c.dir, next)
			got, err := c.NextTLS(t.Context(), rekeyed, func(_ context.Context, asked *x509.Certificate) (bool, error) {
				return kept.named && asked.Equal(want), nil
			})
			if kept.used && (err != nil || !got.Equal(want)) {
				t.Errorf("it isn't used: %v", err)
			}
			if !kept.used && failure.CodeOf(err) != failure.EnrolFailed {
				t.Errorf("no other is asked for: %v, %v", got, err)
			}
		})
	}
}

func TestAPairFromElsewhereFollowsTheOneInUse(t *testing.T) {
	first, second := newIssuer(t, "first"), newIssuer(t, "second")
	c := renewing(t, first)
	files, next := c.next(rekeyed)
	given := rundir.Identity{Folder: filepath.Join(c.dir.Root, "given")}
	for name, change := range map[string]func(*x509.Certificate){
		"ended":                      func(f *x509.Certificate) { f.NotAfter = time.Now().Add(-time.Second) },
		"for servers only":           func(f *x509.Certificate) { f.ExtKeyUsage = f.ExtKeyUsage[:1] },
		"for clients only":           func(f *x509.Certificate) { f.ExtKeyUsage = f.ExtKeyUsage[1:] },
		"without the node's name":    func(f *x509.Certificate) { f.DNSNames = f.DNSNames[:1] },
		"without the host's address": func(f *x509.Certificate) { f.IPAddresses = nil },
	} {
		second.issue(t, nodeForm(change)).write(t, c.dir, given)
		if _, err := c.PutNextTLS(rekeyed, given.TLSCertificate(), given.TLSKey(), KeepPending); failure.CodeOf(err) != failure.SettingInvalid {
			t.Errorf("%s: %v", name, err)
		}
	}
	want := second.issue(t, nodeForm(nil)).write(t, c.dir, given)
	if _, err := c.PutNextTLS(rekeyed, given.TLSCertificate(), files.TLSKey(), KeepPending); failure.CodeOf(err) != failure.SettingInvalid {
		t.Errorf("with another key: %v", err)
	}
	if _, err := os.Stat(next.Folder); !os.IsNotExist(err) {
		t.Errorf("what was refused left something: %v", err)
	}
	if got, err := c.PutNextTLS(rekeyed, given.TLSCertificate(), given.TLSKey(), KeepPending); err != nil || !got.Equal(want) {
		t.Fatal(err)
	}
	if got, err := c.PutNextTLS(rekeyed, given.TLSCertificate(), given.TLSKey(), KeepPending); err != nil || !got.Equal(want) {
		t.Errorf("once more: %v", err)
	}
	other := second.issue(t, nodeForm(nil)).write(t, c.dir, given)
	if _, err := c.PutNextTLS(rekeyed, given.TLSCertificate(), given.TLSKey(), KeepPending); failure.CodeOf(err) != failure.SettingInvalid {
		t.Errorf("another pair, while others sign for the first: %v", err)
	}
	if got := keptPair(next, time.Now()); got == nil || !got.Equal(want) {
		t.Error("the refused pair is kept")
	}
	if got, err := c.PutNextTLS(rekeyed, given.TLSCertificate(), given.TLSKey(), ReplacePending); err != nil || !got.Equal(other) {
		t.Errorf("another pair in its place: %v", err)
	}
	want = other
	if err := c.TakeNextTLS(rekeyed); err != nil {
		t.Fatal(err)
	}
	if got := keptPair(files, time.Now()); got == nil || !got.Equal(want) {
		t.Error("it isn't in use")
	}
}
