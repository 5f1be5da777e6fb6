package ca

import (
	"cmp"
	"context"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/tallystick/tallystick/network/failure"
	"github.com/tallystick/tallystick/network/membership"
)

// Reasons for a revocation, in RFC 5280's words (section 5.3.1).
var reasons = []string{"unspecified", "keycompromise", "affiliationchange", "superseded", "cessationofoperation"}

// Certificates are those of the CA that are neither expired nor revoked, by name and by their ends.
func (c *Client) Certificates(ctx context.Context) ([]*x509.Certificate, error) {
	folder, err := os.MkdirTemp("", "certificates-")
	if err != nil {
		return nil, failure.Wrap(failure.EnrolFailed, err, "can't make a folder")
	}
	defer func() { _ = os.RemoveAll(folder) }()
	if _, err := c.asRegistrar(ctx, "certificate", "list", "--notrevoked", "--notexpired", "--store", folder); err != nil {
		return nil, err
	}
	files, err := filepath.Glob(filepath.Join(folder, "*"))
	if err != nil {
		return nil, failure.Wrap(failure.EnrolFailed, err, "can't list a folder")
	}
	var all []*x509.Certificate
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			return nil, failure.Wrap(failure.EnrolFailed, err, "can't read what the CA listed")
		}
		found, err := parseAll(data)
		if err != nil {
			return nil, err
		}
		all = append(all, found...)
	}
	slices.SortFunc(all, func(a, b *x509.Certificate) int {
		return cmp.Or(cmp.Compare(a.Subject.CommonName, b.Subject.CommonName), a.NotAfter.Compare(b.NotAfter))
	})
	return all, nil
}

func parseAll(data []byte) ([]*x509.Certificate, error) {
	var all []*x509.Certificate
	for block, rest := pem.Decode(data); block != nil; block, rest = pem.Decode(rest) {
		certificate, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, failure.Wrap(failure.EnrolFailed, err, "the CA listed something that is no certificate")
		}
		all = append(all, certificate)
	}
	return all, nil
}

// RevokeIdentity revokes all certificates of an identity; it can't enrol or be renewed any more.
func (c *Client) RevokeIdentity(ctx context.Context, name, reason string) error {
	if err := checkReason(reason); err != nil {
		return err
	}
	_, err := c.asRegistrar(ctx, "revoke", "--revoke.name", name, "--revoke.reason", reason)
	return err
}

// RevokeSuperseded revokes the certificates of the identities whose files these are, apart from those that the files hold, and says how many there were. The identity goes on.
func (c *Client) RevokeSuperseded(ctx context.Context, files string) (int, error) {
	identity := c.dir.Identity(c.member.Name, files)
	used, named := map[string]bool{}, map[string]bool{}
	for _, purpose := range []Purpose{Signing, TLS} {
		file, _ := pairOf(identity, purpose)
		certificate, err := readCertificate(file)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return 0, err
		}
		used[certificate.SerialNumber.String()], named[certificate.Subject.CommonName] = true, true
	}
	if len(named) == 0 {
		return 0, failure.New(failure.EnrolFailed, "%s of %s has no certificate", files, c.member.Name)
	}
	all, err := c.Certificates(ctx)
	if err != nil {
		return 0, err
	}
	revoked := 0
	for _, certificate := range all {
		if !named[certificate.Subject.CommonName] || used[certificate.SerialNumber.String()] {
			continue
		}
		args := []string{"revoke", "--revoke.serial", fmt.Sprintf("%x", certificate.SerialNumber), "--revoke.aki", hex.EncodeToString(certificate.AuthorityKeyId), "--revoke.reason", "superseded"}
		if _, err := c.asRegistrar(ctx, args...); err != nil {
			return revoked, err
		}
		revoked++
	}
	return revoked, nil
}

// Reasons lists the reasons for a revocation.
func Reasons() []string { return slices.Clone(reasons) }

func checkReason(reason string) error {
	if !slices.Contains(reasons, reason) {
		return failure.New(failure.SettingInvalid, "a reason is one of %v", reasons)
	}
	return nil
}

// RevocationList has the CA make its list of what it revoked and hasn't expired, and gives it as PEM.
func (c *Client) RevocationList(ctx context.Context) ([]byte, error) {
	registrar := c.dir.Identity(c.member.Name, membership.RegistrarIdentity).MSP()
	if _, err := c.asRegistrar(ctx, "gencrl"); err != nil {
		return nil, err
	}
	list, err := os.ReadFile(filepath.Join(registrar, "crls", "crl.pem"))
	if err != nil {
		return nil, failure.Wrap(failure.EnrolFailed, err, "%s made no list of revocations", membership.CANode(c.member.Name))
	}
	return list, nil
}
