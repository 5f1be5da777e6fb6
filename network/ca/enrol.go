package ca

import (
	"context"
	"path/filepath"

	"golang.org/x/sync/errgroup"

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
	*Client
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
	authority := &Authority{Client: Open(dir, m, member, client), enrolments: list}
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
	w := wanted{name: e.Name, secret: e.Secret, files: a.dir.Identity(a.member.Name, e.Name), hosts: []string{e.Name}}
	if e.certificates != tlsOnly {
		if err := a.enrolSigning(ctx, w); err != nil {
			return err
		}
	}
	if e.certificates == signing {
		return nil
	}
	return a.enrolTLS(ctx, w)
}
