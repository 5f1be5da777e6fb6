package ca

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"golang.org/x/sync/errgroup"

	"github.com/tallystick/tallystick/network/failure"
	"github.com/tallystick/tallystick/network/membership"
	"github.com/tallystick/tallystick/network/rundir"
)

// concurrentEnrolments at one CA: its sqlite store takes one writer at a time.
const concurrentEnrolments = 4

// nodeUnits is the file that makes a local MSP tell its identities apart.
const nodeUnits = `NodeOUs:
  Enable: true
  ClientOUIdentifier: {Certificate: cacerts/ca.pem, OrganizationalUnitIdentifier: client}
  PeerOUIdentifier: {Certificate: cacerts/ca.pem, OrganizationalUnitIdentifier: peer}
  AdminOUIdentifier: {Certificate: cacerts/ca.pem, OrganizationalUnitIdentifier: admin}
  OrdererOUIdentifier: {Certificate: cacerts/ca.pem, OrganizationalUnitIdentifier: orderer}
`

// Authority is one member's CA during the start of a consortium: it knows the secrets of all identities.
type Authority struct {
	dir        rundir.Dir
	member     membership.Member
	address    string
	client     string
	enrolments []enrolment
}

// ConfigFile is the configuration that a member's fabric-ca-server reads from its home.
func ConfigFile(dir rundir.Dir, member string) string {
	return filepath.Join(dir.CA(member), "fabric-ca-server-config.yaml")
}

// Prepare draws the secrets of a member's identities and writes the CA's configuration. client is the fabric-ca-client program.
func Prepare(dir rundir.Dir, m *membership.Membership, member membership.Member, client string) (*Authority, error) {
	list := enrolments(member)
	if err := drawSecrets(list); err != nil {
		return nil, err
	}
	listen, _ := m.CAPorts(member.Name)
	authority := &Authority{dir: dir, member: member, address: membership.Address(listen), client: client, enrolments: list}
	config, err := authority.config(m)
	if err != nil {
		return nil, err
	}
	return authority, dir.Write(ConfigFile(dir, member.Name), config, rundir.PrivateMode)
}

// EnrolAll gets every certificate of the member from its running CA.
func (a *Authority) EnrolAll(ctx context.Context) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(concurrentEnrolments)
	for _, e := range a.enrolments {
		group.Go(func() error { return a.enrol(ctx, e) })
	}
	return group.Wait()
}

func (a *Authority) enrol(ctx context.Context, e enrolment) error {
	identity := a.dir.Identity(a.member.Name, e.Name)
	if e.certificates != tlsOnly {
		if err := a.run(ctx, e, identity.MSP(), "--csr.hosts", e.Name); err != nil {
			return err
		}
		if err := a.finishMSP(identity); err != nil {
			return err
		}
	}
	if e.certificates == signing {
		return nil
	}
	scratch := filepath.Join(identity.Folder, "tls", "enrolment")
	hosts := strings.Join([]string{membership.Host, "localhost", e.Name}, ",")
	if err := a.run(ctx, e, scratch, "--enrollment.profile", "tls", "--csr.hosts", hosts); err != nil {
		return err
	}
	return a.finishTLS(identity, scratch)
}

// run enrols once. The secret travels in the environment: a command line can be read by every user of the machine.
func (a *Authority) run(ctx context.Context, e enrolment, folder string, options ...string) error {
	home := folder + ".client"
	if err := os.MkdirAll(home, rundir.FolderMode); err != nil {
		return failure.Wrap(failure.EnrolFailed, err, "can't make a folder")
	}
	defer func() { _ = os.RemoveAll(home) }()
	address := url.URL{Scheme: "https", User: url.UserPassword(e.Name, e.Secret), Host: a.address}
	args := append([]string{"enroll", "--home", home, "--mspdir", folder, "--tls.certfiles", a.dir.CACertificate(a.member.Name)}, options...)
	command := exec.CommandContext(ctx, a.client, args...)
	command.Env = []string{"PATH=" + os.Getenv("PATH"), "FABRIC_CA_CLIENT_URL=" + address.String()}
	output, err := command.CombinedOutput()
	if err != nil {
		said := strings.ReplaceAll(string(output), e.Secret, "...")
		return failure.Wrap(failure.EnrolFailed, err, "%s can't enrol at %s; fabric-ca-client said: %s",
			e.Name, membership.CANode(a.member.Name), lastLine(said))
	}
	return nil
}

// finishMSP gives the client's output fixed names and adds the units' file.
func (a *Authority) finishMSP(identity rundir.Identity) error {
	if err := renameOnly(filepath.Join(identity.MSP(), "keystore"), identity.Key()); err != nil {
		return err
	}
	if err := renameOnly(filepath.Join(identity.MSP(), "cacerts"), filepath.Join(identity.MSP(), "cacerts", "ca.pem")); err != nil {
		return err
	}
	for _, extra := range []string{"IssuerPublicKey", "IssuerRevocationPublicKey", "user"} {
		if err := os.RemoveAll(filepath.Join(identity.MSP(), extra)); err != nil {
			return failure.Wrap(failure.EnrolFailed, err, "can't tidy an MSP folder")
		}
	}
	root, err := os.ReadFile(filepath.Join(identity.MSP(), "cacerts", "ca.pem"))
	if err != nil {
		return failure.Wrap(failure.EnrolFailed, err, "no CA certificate")
	}
	if err := a.dir.Write(filepath.Join(identity.MSP(), "tlscacerts", "ca.pem"), root, rundir.PublicMode); err != nil {
		return err
	}
	return a.dir.Write(filepath.Join(identity.MSP(), "config.yaml"), []byte(nodeUnits), rundir.PublicMode)
}

func (a *Authority) finishTLS(identity rundir.Identity, scratch string) error {
	defer func() { _ = os.RemoveAll(scratch) }()
	if err := renameOnly(filepath.Join(scratch, "keystore"), identity.TLSKey()); err != nil {
		return err
	}
	return renameOnly(filepath.Join(scratch, "signcerts"), identity.TLSCertificate())
}

// renameOnly renames the one file of a folder.
func renameOnly(folder, name string) error {
	entries, err := os.ReadDir(folder)
	if err != nil {
		return failure.Wrap(failure.EnrolFailed, err, "enrolment left no folder")
	}
	if len(entries) != 1 {
		return failure.New(failure.EnrolFailed, "%s holds %d files instead of one", folder, len(entries))
	}
	if err := os.Rename(filepath.Join(folder, entries[0].Name()), name); err != nil {
		return failure.Wrap(failure.EnrolFailed, err, "can't name an enrolment's file")
	}
	return nil
}

func lastLine(text string) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	return fmt.Sprintf("%q", lines[len(lines)-1])
}
