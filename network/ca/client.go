package ca

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/tallystick/tallystick/network/failure"
	"github.com/tallystick/tallystick/network/membership"
	"github.com/tallystick/tallystick/network/rundir"
)

// tlsProfile is the CAs' signing profile for TLS certificates.
const tlsProfile = "tls"

// Client speaks to a member's running CA with Fabric's own fabric-ca-client.
type Client struct {
	dir     rundir.Dir
	member  membership.Member
	address string
	program string
}

// Open makes a client. program is fabric-ca-client.
func Open(dir rundir.Dir, m *membership.Membership, member membership.Member, program string) *Client {
	listen, _ := m.CAPorts(member.Name)
	return &Client{dir: dir, member: member, address: membership.Address(listen), program: program}
}

// wanted is one enrolment, or the renewal of one: under which name, into which files.
type wanted struct {
	name    string
	secret  string // Of an enrolment.
	files   rundir.Identity
	hosts   []string
	profile string // Empty for the CA's default.
}

// enrolSigning gets a certificate to sign with.
func (c *Client) enrolSigning(ctx context.Context, w wanted) error {
	if err := c.enroll(ctx, w, w.files.MSP(), w.hosts); err != nil {
		return err
	}
	return c.finishMSP(w.files)
}

// enrolTLS gets a certificate for both sides of a connection.
func (c *Client) enrolTLS(ctx context.Context, w wanted) error {
	scratch := filepath.Join(w.files.Folder, "tls", "enrolment")
	w.profile = tlsProfile
	if err := c.enroll(ctx, w, scratch, tlsHosts(w.hosts)); err != nil {
		return err
	}
	return c.finishTLS(w.files, scratch)
}

// tlsHosts are the names in a TLS certificate: where everything listens, and its own.
func tlsHosts(names []string) []string {
	return append([]string{membership.Host, "localhost"}, names...)
}

// enroll enrols once. The secret travels in the environment: a command line can be read by every user of the machine.
func (c *Client) enroll(ctx context.Context, w wanted, folder string, hosts []string) error {
	address := url.URL{Scheme: "https", User: url.UserPassword(w.name, w.secret), Host: c.address}
	args := []string{"enroll", "--mspdir", folder, "--csr.hosts", strings.Join(hosts, ","), "--csr.names", c.subject()}
	if w.profile != "" {
		args = append(args, "--enrollment.profile", w.profile)
	}
	_, err := c.call(ctx, address, args)
	if err == nil {
		return nil
	}
	said := strings.ReplaceAll(err.Error(), w.secret, "...")
	return failure.New(failure.EnrolFailed, "%s can't enrol at %s: %s", w.name, membership.CANode(c.member.Name), said)
}

// subject is what stands beside name and unit in a certificate: the organisation, at enrolment and at every renewal.
func (c *Client) subject() string { return "O=" + c.member.MSP() }

// asRegistrar runs a command as the member's registrar and gives its output.
func (c *Client) asRegistrar(ctx context.Context, args ...string) (string, error) {
	msp := c.dir.Identity(c.member.Name, membership.RegistrarIdentity).MSP()
	output, err := c.call(ctx, url.URL{Scheme: "https", Host: c.address}, append(args, "--mspdir", msp))
	if err != nil {
		return "", failure.New(failure.EnrolFailed, "%s of %s refused: %s", membership.RegistrarIdentity, membership.CANode(c.member.Name), err)
	}
	return output, nil
}

// call runs fabric-ca-client in a home of its own; its error is the program's last line.
func (c *Client) call(ctx context.Context, address url.URL, args []string) (string, error) {
	home, err := os.MkdirTemp("", "fabric-ca-client-")
	if err != nil {
		return "", failure.Wrap(failure.EnrolFailed, err, "can't make a folder")
	}
	defer func() { _ = os.RemoveAll(home) }()
	args = append(args, "--home", home, "--tls.certfiles", c.dir.CACertificate(c.member.Name))
	command := exec.CommandContext(ctx, c.program, args...)
	command.Env = []string{"PATH=" + os.Getenv("PATH"), "FABRIC_CA_CLIENT_URL=" + address.String()}
	output, err := command.CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("fabric-ca-client said: %s (%w)", lastLine(string(output)), err)
	}
	return string(output), nil
}

func lastLine(text string) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	return fmt.Sprintf("%q", lines[len(lines)-1])
}
