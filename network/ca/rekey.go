package ca

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"os"
	"path/filepath"

	"github.com/tallystick/tallystick/network/failure"
	"github.com/tallystick/tallystick/network/rundir"
)

// nextFolder holds, within a node's files, the TLS pair that it will show once the channel knows it.
const nextFolder = "next"

func (c *Client) next(node string) (files, next rundir.Identity) {
	files = c.dir.Identity(c.member.Name, node)
	return files, rundir.Identity{Folder: filepath.Join(files.Folder, nextFolder)}
}

// NextTLS gets a TLS certificate with a fresh key for a node whose certificate others have to learn before it is shown, and keeps the pair beside that in use. Repeated, it gives the same certificate, until TakeNextTLS. ENROL_FAILED as for Renew.
func (c *Client) NextTLS(ctx context.Context, node string) (*x509.Certificate, error) {
	_, next := c.next(node)
	certificate, key := pairOf(next, TLS)
	if _, err := tls.LoadX509KeyPair(certificate, key); err == nil {
		return readCertificate(certificate)
	}
	err := c.renewal(ctx, Renewal{Files: node, Purpose: TLS, Key: FreshKey}, func(fresh rundir.Identity) error { return replace(c.dir, next, fresh, TLS) })
	if err != nil {
		return nil, err
	}
	return readCertificate(certificate)
}

// TakeNextTLS puts the pair of NextTLS in the place of the one in use: the node shows it from its next start on.
func (c *Client) TakeNextTLS(node string) error {
	files, next := c.next(node)
	if err := replace(c.dir, files, next, TLS); err != nil {
		return err
	}
	if err := os.RemoveAll(next.Folder); err != nil {
		return failure.Wrap(failure.EnrolFailed, err, "can't tidy a renewal's folder")
	}
	return nil
}
