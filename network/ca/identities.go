package ca

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/tallystick/tallystick/network/failure"
	"github.com/tallystick/tallystick/network/membership"
	"github.com/tallystick/tallystick/network/rundir"
)

// Purpose says what a certificate is for.
type Purpose string

// The purposes.
const (
	Signing Purpose = "signing" // The identity towards peers and ordering nodes.
	TLS     Purpose = "tls"     // Connections, on both sides.
)

// KeyChoice says what a renewal does with the key.
type KeyChoice string

// The choices.
const (
	FreshKey KeyChoice = "fresh"
	SameKey  KeyChoice = "same"
)

// Identity is a new identity of a member.
type Identity struct {
	Name  string          // At the CA, and in the certificate.
	Role  membership.Role // Empty for one without a role.
	Files string          // Name of the folder for its files; that of the identity when empty.
	TLS   bool            // It gets a TLS certificate too.
}

var nameForm = regexp.MustCompile(`^[a-z0-9][a-z0-9.-]{0,63}$`)

// Enrol registers an identity at the member's CA and gets its certificates. Its secret is used for its certificates and kept nowhere. SETTING_INVALID when the name
// has a form that isn't allowed or the
// role is none of the member's, ENROL_FAILED when the CA refuses, as for a name that is taken.
func (c *Client) Enrol(ctx context.Context, i Identity) error {
	if !nameForm.MatchString(i.Name) || i.Files != "" && !nameForm.MatchString(i.Files) {
		return failure.New(failure.SettingInvalid, "a name has 1 to 64 lower-case letters, digits, dots and hyphens")
	}
	attributes := []string{"--id.maxenrollments", "2"} // One for each purpose.
	if i.Role != "" {
		if !slices.Contains(c.member.Roles(), i.Role) {
			return failure.New(failure.SettingInvalid, "%s has no role %q: its roles are %v", c.member.Name, i.Role, c.member.Roles())
		}
		attributes = append(attributes, "--id.attrs", fmt.Sprintf("%s=%s:ecert", membership.RoleAttribute, i.Role))
		if unit := affiliation(i.Role); unit != "" {
			attributes = append(attributes, "--id.affiliation", unit)
		}
	}
	output, err := c.asRegistrar(ctx, append([]string{"register", "--id.name", i.Name, "--id.type", clientType}, attributes...)...)
	if err != nil {
		return err
	}
	_, secret, found := strings.Cut(output, "Password: ")
	if !found {
		return failure.New(failure.EnrolFailed, "%s gave no secret for %s", membership.CANode(c.member.Name), i.Name)
	}
	w := wanted{name: i.Name, secret: strings.TrimSpace(secret), files: c.files(i), hosts: []string{i.Name}}
	if i.Files != "" {
		w.hosts = []string{i.Files} // Others know the gateway by the name in its TLS certificate.
	}
	if err := c.enrolInto(ctx, w, Signing); err != nil || !i.TLS {
		return err
	}
	return c.enrolInto(ctx, w, TLS)
}

func (c *Client) files(i Identity) rundir.Identity {
	if i.Files != "" {
		return c.dir.Identity(c.member.Name, i.Files)
	}
	return c.dir.Identity(c.member.Name, i.Name)
}

// enrolInto enrols beside the files and then puts what came in their place: a gateway that follows them never sees a folder without a pair.
func (c *Client) enrolInto(ctx context.Context, w wanted, purpose Purpose) error {
	beside, err := c.beside(w.files)
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(beside.Folder) }()
	fresh := w
	fresh.files = beside
	if purpose == TLS {
		err = c.enrolTLS(ctx, fresh)
	} else {
		err = c.enrolSigning(ctx, fresh)
	}
	if err != nil {
		return err
	}
	return replace(c.dir, w.files, beside, purpose)
}

// beside is a folder for what will take the place of an identity's files, on the same file system.
func (c *Client) beside(files rundir.Identity) (rundir.Identity, error) {
	if err := os.MkdirAll(filepath.Dir(files.Folder), rundir.FolderMode); err != nil {
		return rundir.Identity{}, failure.Wrap(failure.EnrolFailed, err, "can't make a folder")
	}
	folder, err := os.MkdirTemp(filepath.Dir(files.Folder), ".renewal-")
	if err != nil {
		return rundir.Identity{}, failure.Wrap(failure.EnrolFailed, err, "can't make a folder")
	}
	return rundir.Identity{Folder: folder}, nil
}

// pairOf names the files of a purpose.
func pairOf(i rundir.Identity, purpose Purpose) (certificate, key string) {
	if purpose == TLS {
		return i.TLSCertificate(), i.TLSKey()
	}
	return i.Certificate(), i.Key()
}

// replace puts a new pair in the place of the old one, the key first: until the certificate follows, the pair doesn't fit and nobody takes it.
func replace(dir rundir.Dir, old, fresh rundir.Identity, purpose Purpose) error {
	if _, err := os.Stat(old.MSP()); purpose == Signing && os.IsNotExist(err) {
		if err := os.MkdirAll(old.Folder, rundir.FolderMode); err != nil {
			return failure.Wrap(failure.EnrolFailed, err, "can't make a folder")
		}
		if err := os.Rename(fresh.MSP(), old.MSP()); err != nil {
			return failure.Wrap(failure.EnrolFailed, err, "can't put an identity in its place")
		}
		return nil
	}
	toCertificate, toKey := pairOf(old, purpose)
	certificate, key := pairOf(fresh, purpose)
	for _, move := range []struct {
		from, to string
		mode     os.FileMode
	}{{key, toKey, rundir.PrivateMode}, {certificate, toCertificate, rundir.PublicMode}} {
		data, err := os.ReadFile(move.from)
		if err != nil {
			return failure.Wrap(failure.EnrolFailed, err, "the CA gave no file")
		}
		if err := dir.Write(move.to, data, move.mode); err != nil {
			return err
		}
	}
	return nil
}
