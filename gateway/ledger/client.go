package ledger

import (
	"context"
	"crypto/x509"
	"errors"
	"os"
	"sync/atomic"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/keepalive"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/gateway/blocks"
	"github.com/tallystick/tallystick/gateway/config"
)

// Time-outs of single calls. A call that runs into one has an unknown outcome: what was sent may still take effect.
const (
	evaluateTimeout = 5 * time.Second
	endorseTimeout  = 8 * time.Second
	submitTimeout   = 6 * time.Second
	commitTimeout   = 20 * time.Second
)

// Settings of connections. Fabric's peers close a connection that is pinged more often than once a minute; a restarted peer should be found in seconds.
const (
	keepaliveTime    = 65 * time.Second
	keepaliveTimeout = 10 * time.Second
	reconnectMax     = 2 * time.Second
	connectTimeout   = 3 * time.Second
	maxMessage       = 64 << 20 // Bytes of one answer: an endorsed batch carries its writes and its event.
)

// Client is one identity's connection to the member's own peers. It may be used by several goroutines.
type Client struct {
	channel   string
	msp       string
	brands    []config.Member
	signer    atomic.Pointer[signer]
	nodes     []*node
	preferred atomic.Int32 // Index of the node that answered last.
	partners  *roster
	speakers  *speakers
	acting    string // Name of the member that the client acts for: its own, or one that failed.
	owner     bool   // Closes the connections.
}

// node is one of the member's own peers.
type node struct {
	peer    config.Peer
	conn    *grpc.ClientConn
	session atomic.Pointer[session]
}

// Connect prepares connections to all of the member's own peers under the gateway's identity. Nothing is sent yet: an absent peer shows at the first call.
// INVALID_VALUE when a key or certificate can't be used. The options are added to every connection's own.
func Connect(cfg *config.Config, options ...grpc.DialOption) (*Client, error) {
	id, sign, err := LoadIdentity(cfg.MSP, cfg.Identity)
	if err != nil {
		return nil, err
	}
	c := &Client{
		channel: cfg.Channel, msp: cfg.MSP, brands: cfg.Brands(), partners: newRoster(coEndorsers(cfg.Brands(), cfg.MSP)), owner: true,
		speakers: &speakers{always: cfg.ActsFor != ""}, acting: cfg.Represented().Name,
	}
	c.signer.Store(&signer{id, sign})
	for _, peer := range cfg.OwnPeers() {
		conn, err := Dial(peer, options...)
		if err != nil {
			return nil, errors.Join(err, c.Close())
		}
		if err := c.add(peer, conn); err != nil {
			return nil, errors.Join(err, conn.Close(), c.Close())
		}
	}
	return c, nil
}

// As gives a client with another identity of the same member over the same connections, which stay the first client's to close.
func (c *Client) As(pair config.KeyPair) (*Client, error) {
	id, sign, err := LoadIdentity(c.msp, pair)
	if err != nil {
		return nil, err
	}
	other := &Client{channel: c.channel, msp: c.msp, brands: c.brands, partners: c.partners, speakers: c.speakers, acting: c.acting}
	other.signer.Store(&signer{id, sign})
	for _, n := range c.nodes {
		if err := other.add(n.peer, n.conn); err != nil {
			return nil, errors.Join(err, other.Close())
		}
	}
	return other, nil
}

func (c *Client) add(peer config.Peer, conn *grpc.ClientConn) error {
	n := &node{peer: peer, conn: conn}
	s, err := c.sessionWith(n, c.signer.Load())
	if err != nil {
		return err
	}
	n.session.Store(s)
	c.nodes = append(c.nodes, n)
	return nil
}

// Close ends the calls under way and, of a client made by Connect, the connections.
func (c *Client) Close() error {
	var all error
	for _, n := range c.nodes {
		all = errors.Join(all, n.session.Load().gateway.Close())
		if c.owner {
			all = errors.Join(all, n.conn.Close())
		}
	}
	return all
}

// mspOf is the MSP id of a brand by its name; empty when the configuration names no such brand.
func (c *Client) mspOf(brand string) string {
	for _, b := range c.brands {
		if b.Name == brand {
			return b.MSP
		}
	}
	return ""
}

// name is the own brand's; empty for a member that is no brand.
func (c *Client) name() string {
	for _, b := range c.brands {
		if b.MSP == c.msp {
			return b.Name
		}
	}
	return ""
}

// MSP is the member's MSP id.
func (c *Client) MSP() string { return c.msp }

// Peers gives block readers for the member's own peers, in the configuration's order.
func (c *Client) Peers() []*blocks.Peer {
	peers := make([]*blocks.Peer, len(c.nodes))
	for i, n := range c.nodes {
		peers[i] = &blocks.Peer{Name: n.peer.Name, Channel: c.channel, Conn: n.conn, Signer: c.current}
	}
	return peers
}

// Dial prepares a TLS connection to a peer of any member, with options beside its own. INVALID_VALUE when its CA's certificate can't be used.
func Dial(peer config.Peer, options ...grpc.DialOption) (*grpc.ClientConn, error) {
	pem, err := os.ReadFile(peer.TLSRoot)
	if err != nil {
		return nil, fault.New(fault.InvalidValue, "the TLS root of peer %s can't be read: %v", peer.Name, err)
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(pem) {
		return nil, fault.New(fault.InvalidValue, "the TLS root of peer %s, %s, holds no certificate", peer.Name, peer.TLSRoot)
	}
	options = append([]grpc.DialOption{
		grpc.WithTransportCredentials(credentials.NewClientTLSFromCert(roots, peer.ServerName)),
		grpc.WithKeepaliveParams(keepalive.ClientParameters{Time: keepaliveTime, Timeout: keepaliveTimeout, PermitWithoutStream: true}),
		grpc.WithConnectParams(grpc.ConnectParams{
			Backoff:           backoff.Config{BaseDelay: 100 * time.Millisecond, Multiplier: 1.6, Jitter: 0.2, MaxDelay: reconnectMax},
			MinConnectTimeout: connectTimeout,
		}),
		grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(maxMessage)),
	}, options...)
	conn, err := grpc.NewClient("passthrough:///"+peer.Endpoint, options...)
	if err != nil {
		return nil, fault.New(fault.InvalidValue, "peer %s: %v", peer.Name, err)
	}
	return conn, nil
}

// each tries f with one own peer after the other, the one that answered last first, until one can be reached.
func (c *Client) each(ctx context.Context, f func(*node) error) error {
	first := int(c.preferred.Load())
	var err error
	for i := range c.nodes {
		at := (first + i) % len(c.nodes)
		if err = f(c.nodes[at]); !unreachable(err) || ctx.Err() != nil {
			c.preferred.Store(int32(at))
			return err
		}
	}
	return err
}

// GenesisHash reads block 0 from an own peer and gives the hash of its header in hex: the channel's identity. Errors as of blocks.Peer.
func (c *Client) GenesisHash(ctx context.Context) (string, error) {
	var err error
	for _, peer := range c.Peers() {
		var hash string
		if hash, err = genesisHash(ctx, peer); err == nil {
			return hash, nil
		}
	}
	return "", err
}
