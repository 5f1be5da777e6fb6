package lifecycle

import (
	"crypto/tls"
	"crypto/x509"
	"os"

	"github.com/hyperledger/fabric-admin-sdk/pkg/identity"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"

	"github.com/tallystick/tallystick/network/failure"
	"github.com/tallystick/tallystick/network/membership"
	"github.com/tallystick/tallystick/network/rundir"
)

// maxMessageBytes of one gRPC message, as the peers are configured.
const maxMessageBytes = 100 << 20

// Signer loads an enrolled identity of a member: a role's name, or membership.AdminIdentity.
func Signer(dir rundir.Dir, member membership.Member, name string) (identity.SigningIdentity, error) {
	files := dir.Identity(member.Name, name)
	certificate, err := identity.ReadCertificate(files.Certificate())
	if err != nil {
		return nil, failure.Wrap(failure.RunDirectory, err, "no certificate of %s at %s", name, member.Name)
	}
	key, err := identity.ReadPrivateKey(files.Key())
	if err != nil {
		return nil, failure.Wrap(failure.RunDirectory, err, "no key of %s at %s", name, member.Name)
	}
	signer, err := identity.NewPrivateKeySigningIdentity(member.MSP(), certificate, key)
	if err != nil {
		return nil, failure.Wrap(failure.RunDirectory, err, "%s at %s can't sign", name, member.Name)
	}
	return signer, nil
}

// Connect opens a TLS connection to a node of a member. It doesn't wait for the node.
func Connect(dir rundir.Dir, member string, port int) (*grpc.ClientConn, error) {
	roots, err := rootsOf(dir, member)
	if err != nil {
		return nil, err
	}
	connection, err := grpc.NewClient(membership.Address(port),
		grpc.WithTransportCredentials(credentials.NewTLS(&tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12})),
		grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(maxMessageBytes), grpc.MaxCallSendMsgSize(maxMessageBytes)))
	if err != nil {
		return nil, failure.Wrap(failure.NodeFailed, err, "can't connect to %s", membership.Address(port))
	}
	return connection, nil
}

func rootsOf(dir rundir.Dir, member string) (*x509.CertPool, error) {
	data, err := os.ReadFile(dir.CACertificate(member))
	if err != nil {
		return nil, failure.Wrap(failure.RunDirectory, err, "no CA certificate of %s", member)
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(data) {
		return nil, failure.New(failure.RunDirectory, "%s holds no certificate", dir.CACertificate(member))
	}
	return roots, nil
}
