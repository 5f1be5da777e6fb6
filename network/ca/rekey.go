package ca

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/tallystick/tallystick/network/failure"
	"github.com/tallystick/tallystick/network/rundir"
)

// nextFolder holds, within a node's files, the TLS pair that it will show once the channel knows it.
const nextFolder = "next"

// Named tells whether the channel names a certificate for the node in question.
type Named func(context.Context, *x509.Certificate) (bool, error)

func (c *Client) next(node string) (files, next rundir.Identity) {
	files = c.dir.Identity(c.member.Name, node)
	return files, rundir.Identity{Folder: filepath.Join(files.Folder, nextFolder)}
}

// NextTLS gets a TLS certificate with a fresh key for a node whose certificate others have to learn before it is shown, and keeps the pair beside that in use.
// Repeated, it gives the same certificate, until TakeNextTLS,
// while that is valid and the authority in use issued it or the channel names it, which is asked only of another authority's. ENROL_FAILED as for Renew.
func (c *Client) NextTLS(ctx context.Context, node string, named Named) (*x509.Certificate, error) {
	_, next := c.next(node)
	if kept := keptPair(next, time.Now()); kept != nil {
		use, err := c.ofUse(ctx, kept, named)
		if err != nil {
			return nil, err
		}
		if use {
			return kept, nil
		}
	}
	err := c.renewal(ctx, Renewal{Files: node, Purpose: TLS, Key: FreshKey}, func(fresh rundir.Identity) error { return replace(c.dir, next, fresh, TLS) })
	if err != nil {
		return nil, err
	}
	certificate, _ := pairOf(next, TLS)
	return readCertificate(certificate)
}

// keptPair is the certificate of a pair that an earlier attempt left; nil when there is none that is whole and valid now.
func keptPair(next rundir.Identity, now time.Time) *x509.Certificate {
	pair, err := tls.LoadX509KeyPair(pairOf(next, TLS))
	if err != nil || !validAt(pair.Leaf, now) {
		return nil
	}
	return pair.Leaf
}

func validAt(certificate *x509.Certificate, now time.Time) bool {
	return !now.Before(certificate.NotBefore) && !now.After(certificate.NotAfter)
}

// ofUse: others may refuse what another authority issued, unless it is in the channel already. Then the node may have nothing else to come back with.
func (c *Client) ofUse(ctx context.Context, kept *x509.Certificate, named Named) (bool, error) {
	authority, err := readCertificate(c.dir.CACertificate(c.member.Name))
	if err != nil {
		return false, err
	}
	if kept.CheckSignatureFrom(authority) == nil {
		return true, nil
	}
	return named(ctx, kept)
}

// Pending says what becomes of a pair that an earlier attempt keeps, when it is another one: others may be signing the change for its certificate.
type Pending int

// What may become of it.
const (
	KeepPending    Pending = iota // It stays, and the new one is refused.
	ReplacePending                // It makes way.
)

// PutNextTLS keeps a pair that somebody got elsewhere, as at a member's second authority, in the place of NextTLS's. SETTING_INVALID when the two files are no pair,
// or the certificate isn't one for both sides of a connection,
// isn't valid now, or lacks a name that the one in use has; and when another valid pair is kept that is to stay. Who has to believe its authority is for the channel to say.
func (c *Client) PutNextTLS(node, certificateFile, keyFile string, pending Pending) (*x509.Certificate, error) {
	files, next := c.next(node)
	used, err := readCertificate(files.TLSCertificate())
	if err != nil {
		return nil, err
	}
	certificate, err := os.ReadFile(certificateFile)
	if err != nil {
		return nil, failure.Wrap(failure.SettingInvalid, err, "the certificate can't be read")
	}
	key, err := os.ReadFile(keyFile)
	if err != nil {
		return nil, failure.Wrap(failure.SettingInvalid, err, "the key can't be read")
	}
	pair, err := tls.X509KeyPair(certificate, key)
	if err != nil {
		return nil, failure.Wrap(failure.SettingInvalid, err, "the files are no certificate and its key")
	}
	if err := canFollow(pair.Leaf, used, time.Now()); err != nil {
		return nil, err
	}
	if kept := keptPair(next, time.Now()); kept != nil && !kept.Equal(pair.Leaf) && pending == KeepPending {
		return nil, failure.New(failure.SettingInvalid, "%s keeps another pair, of certificate %x, for which others may be signing already: go on with that, or give --replace", next.Folder, kept.SerialNumber)
	}
	if err := c.dir.Write(next.TLSKey(), key, rundir.PrivateMode); err != nil {
		return nil, err
	}
	return pair.Leaf, c.dir.Write(next.TLSCertificate(), certificate, rundir.PublicMode)
}

func canFollow(fresh, used *x509.Certificate, now time.Time) error {
	if !validAt(fresh, now) {
		return failure.New(failure.SettingInvalid, "the certificate isn't valid now")
	}
	if !slices.Contains(fresh.ExtKeyUsage, x509.ExtKeyUsageServerAuth) || !slices.Contains(fresh.ExtKeyUsage, x509.ExtKeyUsageClientAuth) {
		return failure.New(failure.SettingInvalid, "the certificate isn't one for both sides of a connection: enrol it with the profile %q", tlsProfile)
	}
	for _, name := range names(used) {
		if !slices.Contains(names(fresh), name) {
			return failure.New(failure.SettingInvalid, "the certificate lacks the name %q, which the one in use has", name)
		}
	}
	return nil
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
