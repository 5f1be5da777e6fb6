package ledger

import (
	"os"
	"time"

	"github.com/hyperledger/fabric-gateway/pkg/client"
	"github.com/hyperledger/fabric-gateway/pkg/identity"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/gateway/config"
)

// retireAfter is when a session that another one has taken the place of is closed: by then no call of its can be under way.
const retireAfter = 2 * commitTimeout

// signer is an identity and what signs for it; the two never change apart.
type signer struct {
	id   identity.Identity
	sign identity.Sign
}

// session is what a client says to one peer under one identity. A call keeps to the session that it began with.
type session struct {
	gateway *client.Gateway
	network *client.Network
}

func (c *Client) sessionWith(n *node, s *signer) (*session, error) {
	gateway, err := client.Connect(s.id, client.WithSign(s.sign), client.WithClientConnection(n.conn))
	if err != nil {
		return nil, fault.New(fault.Internal, "peer %s: %v", n.peer.Name, err)
	}
	return &session{gateway: gateway, network: gateway.GetNetwork(c.channel)}, nil
}

// current is the identity under which the client speaks now.
func (c *Client) current() (identity.Identity, identity.Sign) {
	s := c.signer.Load()
	return s.id, s.sign
}

// Renew has the client speak under a renewed certificate of its identity, PEM: calls that begin from now on do, those under way end as they began. INVALID_VALUE when the pair
// can't be used; the old one stays in use then.
func (c *Client) Renew(certificate, key []byte) error {
	id, sign, err := parseIdentity(c.msp, certificate, key, config.KeyPair{Cert: "the renewed certificate", Key: "the renewed key"})
	if err != nil {
		return err
	}
	next := &signer{id, sign}
	sessions := make([]*session, len(c.nodes))
	for i, n := range c.nodes {
		if sessions[i], err = c.sessionWith(n, next); err != nil {
			return err
		}
	}
	c.signer.Store(next)
	for i, n := range c.nodes {
		old := n.session.Swap(sessions[i])
		time.AfterFunc(retireAfter, func() { _ = old.gateway.Close() }) // It only ends calls that were left behind.
	}
	return nil
}

// LoadIdentity reads a certificate and its key. INVALID_VALUE when they can't be used.
func LoadIdentity(msp string, pair config.KeyPair) (identity.Identity, identity.Sign, error) {
	certificate, err := os.ReadFile(pair.Cert)
	if err != nil {
		return nil, nil, fault.New(fault.InvalidValue, "the certificate can't be read: %v", err)
	}
	key, err := os.ReadFile(pair.Key)
	if err != nil {
		return nil, nil, fault.New(fault.InvalidValue, "the private key can't be read: %v", err)
	}
	return parseIdentity(msp, certificate, key, pair)
}

// parseIdentity makes an identity of a certificate and its key, PEM; errors call them by these names.
func parseIdentity(msp string, certificatePEM, keyPEM []byte, names config.KeyPair) (identity.Identity, identity.Sign, error) {
	certificate, err := identity.CertificateFromPEM(certificatePEM)
	if err != nil {
		return nil, nil, fault.New(fault.InvalidValue, "%s holds no certificate", names.Cert)
	}
	key, err := identity.PrivateKeyFromPEM(keyPEM)
	if err != nil {
		return nil, nil, fault.New(fault.InvalidValue, "%s holds no private key", names.Key)
	}
	sign, err := identity.NewPrivateKeySign(key)
	if err != nil {
		return nil, nil, fault.New(fault.InvalidValue, "%s: %v", names.Key, err)
	}
	id, err := identity.NewX509Identity(msp, certificate)
	if err != nil {
		return nil, nil, fault.New(fault.InvalidValue, "%s: %v", names.Cert, err)
	}
	return id, sign, nil
}
