package ca

import (
	"context"
	"crypto/x509"
	"encoding/pem"
	"os"
	"path/filepath"
	"strings"

	"net/url"

	"github.com/tallystick/tallystick/network/failure"
	"github.com/tallystick/tallystick/network/membership"
	"github.com/tallystick/tallystick/network/nodeconfig"
	"github.com/tallystick/tallystick/network/rundir"
)

// Renewal is what is renewed of an identity whose files the member has.
type Renewal struct {
	Files   string // Name of their folder.
	Purpose Purpose
	Key     KeyChoice
}

// Renew gets a new certificate for an identity, while its present one is valid: that is what it shows the CA. The names in it stay. The files are replaced only when the CA has answered;
// a peer's connections to its chaincode servers get its new TLS certificate too.
//
// ENROL_FAILED when the certificate has expired or was revoked: then somebody registers a new identity.
func (c *Client) Renew(ctx context.Context, r Renewal) error {
	files := c.dir.Identity(c.member.Name, r.Files)
	err := c.renewal(ctx, r, func(fresh rundir.Identity) error { return replace(c.dir, files, fresh, r.Purpose) })
	if err != nil || r.Purpose != TLS {
		return err
	}
	return nodeconfig.RenewConnections(c.dir, c.member.Name, r.Files)
}

// renewal gets a new pair, in files that are gone once they were used.
func (c *Client) renewal(ctx context.Context, r Renewal, use func(rundir.Identity) error) error {
	files := c.dir.Identity(c.member.Name, r.Files)
	now, key := pairOf(files, r.Purpose)
	certificate, err := readCertificate(now)
	if err != nil {
		return err
	}
	beside, err := c.beside(files)
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(beside.Folder) }()
	scratch := filepath.Join(beside.Folder, "enrolment")
	if err := copyPair(c.dir, now, key, scratch); err != nil {
		return err
	}
	if err := c.reenroll(ctx, r, scratch, certificate); err != nil {
		return err
	}
	if err := c.gather(r, beside, scratch); err != nil {
		return err
	}
	return use(beside)
}

// reenroll works in a copy of the identity: the program writes over what it reads.
func (c *Client) reenroll(ctx context.Context, r Renewal, scratch string, certificate *x509.Certificate) error {
	args := []string{"reenroll", "--mspdir", scratch, "--csr.hosts", strings.Join(names(certificate), ","), "--csr.names", c.subject()}
	if r.Purpose == TLS {
		args = append(args, "--enrollment.profile", tlsProfile)
	}
	if r.Key == SameKey {
		args = append(args, "--csr.keyrequest.reusekey")
	}
	if _, err := c.call(ctx, url.URL{Scheme: "https", Host: c.address}, args); err != nil {
		return failure.New(failure.EnrolFailed, "%s can't be renewed at %s: %s", r.Files, membership.CANode(c.member.Name), err)
	}
	return nil
}

// names are the alternative names in a certificate.
func names(certificate *x509.Certificate) []string {
	var all []string
	for _, address := range certificate.IPAddresses {
		all = append(all, address.String())
	}
	return append(all, certificate.DNSNames...)
}

// gather puts certificate and key of a renewal under their fixed names. With a fresh key the old one lies beside it.
func (c *Client) gather(r Renewal, into rundir.Identity, scratch string) error {
	certificate, key := pairOf(into, r.Purpose)
	if r.Key == FreshKey {
		if err := os.Remove(filepath.Join(scratch, "keystore", oldKey)); err != nil {
			return failure.Wrap(failure.EnrolFailed, err, "can't tidy a renewal's folder")
		}
	}
	for _, part := range []struct{ folder, name string }{{"keystore", key}, {"signcerts", certificate}} {
		if err := os.MkdirAll(filepath.Dir(part.name), rundir.FolderMode); err != nil {
			return failure.Wrap(failure.EnrolFailed, err, "can't make a folder")
		}
		if err := renameOnly(filepath.Join(scratch, part.folder), part.name); err != nil {
			return err
		}
	}
	return nil
}

const oldKey = "key.pem"

// copyPair makes a folder that fabric-ca-client reads as an identity.
func copyPair(dir rundir.Dir, certificate, key, folder string) error {
	for _, part := range []struct{ from, to string }{{certificate, filepath.Join("signcerts", "cert.pem")}, {key, filepath.Join("keystore", oldKey)}} {
		data, err := os.ReadFile(part.from)
		if err != nil {
			return failure.Wrap(failure.EnrolFailed, err, "the identity's file can't be read")
		}
		if err := dir.Write(filepath.Join(folder, part.to), data, rundir.PrivateMode); err != nil {
			return err
		}
	}
	return nil
}

func readCertificate(file string) (*x509.Certificate, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, failure.Wrap(failure.EnrolFailed, err, "there is no certificate")
	}
	block, _ := pem.Decode(data)
	if block == nil {
		return nil, failure.New(failure.EnrolFailed, "%s holds no certificate", file)
	}
	certificate, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return nil, failure.Wrap(failure.EnrolFailed, err, "%s holds no certificate", file)
	}
	return certificate, nil
}
