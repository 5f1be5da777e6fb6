package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"time"

	"github.com/hyperledger/fabric-chaincode-go/v2/shim"
	"github.com/hyperledger/fabric-protos-go-apiv2/peer"
	"golang.org/x/sync/errgroup"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/keepalive"

	"github.com/tallystick/tallystick/chaincode/contract"
)

// Settings of the connection to a peer, which keeps one stream per chaincode open.
const (
	maxMessage       = 100 << 20        // Bytes, both ways: what peers allow.
	keepaliveTime    = 30 * time.Second // After so much silence the stream is tried, so that one left by a dead peer is dropped.
	keepaliveTimeout = 10 * time.Second
	minPingInterval  = 10 * time.Second // Peers ping once a minute; a stricter server would cut them off.
)

// listener is one chaincode, bound to its address.
type listener struct {
	cfg    chaincodeConfig
	socket net.Listener
	server *grpc.Server
}

// serve runs every chaincode until ctx ends or one of them fails. All addresses are bound before the first call is answered.
func serve(ctx context.Context, cfg *config, log *slog.Logger) error {
	listeners, err := listenAll(cfg, log)
	if err != nil {
		return err
	}
	return serveAll(ctx, listeners, log)
}

func serveAll(ctx context.Context, listeners []*listener, log *slog.Logger) error {
	group, ctx := errgroup.WithContext(ctx)
	for _, l := range listeners {
		group.Go(func() error {
			log.Info("serving", "ccid", l.cfg.CCID, "contract", l.cfg.Contract, "address", l.socket.Addr().String())
			if err := l.server.Serve(l.socket); err != nil && !errors.Is(err, grpc.ErrServerStopped) {
				return fmt.Errorf("chaincode %s at %s: %w", l.cfg.CCID, l.cfg.Address, err)
			}
			return nil
		})
	}
	group.Go(func() error {
		<-ctx.Done()
		log.Info("stopping")
		// A graceful stop would wait for the peer to close its stream, which it never does. A call that is cut off is endorsed again by its client.
		stopAll(listeners)
		return nil
	})
	return group.Wait()
}

func listenAll(cfg *config, log *slog.Logger) ([]*listener, error) {
	var listeners []*listener
	for _, cc := range cfg.Chaincodes {
		l, err := listen(cc, log)
		if err != nil {
			stopAll(listeners)
			return nil, fmt.Errorf("chaincode %s: %w", cc.CCID, err)
		}
		listeners = append(listeners, l)
	}
	return listeners, nil
}

func stopAll(listeners []*listener) {
	for _, l := range listeners {
		l.server.Stop()
		_ = l.socket.Close() // A server that served has closed it already.
	}
}

// listen binds a chaincode to its address. The shim's own server can't be stopped, so it is registered with a server of ours.
func listen(cc chaincodeConfig, log *slog.Logger) (*listener, error) {
	chaincode, err := newChaincode(cc.Contract, log.With("chaincode", cc.CCID))
	if err != nil {
		return nil, err
	}
	transport, err := loadTLS(cc.TLS)
	if err != nil {
		return nil, err
	}
	socket, err := net.Listen("tcp", cc.Address)
	if err != nil {
		return nil, err
	}
	server := grpc.NewServer(
		grpc.Creds(credentials.NewTLS(transport)),
		grpc.MaxRecvMsgSize(maxMessage),
		grpc.MaxSendMsgSize(maxMessage),
		grpc.KeepaliveParams(keepalive.ServerParameters{Time: keepaliveTime, Timeout: keepaliveTimeout}),
		grpc.KeepaliveEnforcementPolicy(keepalive.EnforcementPolicy{MinTime: minPingInterval, PermitWithoutStream: true}),
	)
	peer.RegisterChaincodeServer(server, &shim.ChaincodeServer{CCID: cc.CCID, CC: chaincode})
	return &listener{cfg: cc, socket: socket, server: server}, nil
}

func newChaincode(name string, log *slog.Logger) (shim.Chaincode, error) {
	if name == contractClearing {
		return contract.NewClearing(time.Now, log)
	}
	return contract.NewPoints(time.Now, log)
}

// loadTLS admits only clients whose certificate the client CA has signed.
func loadTLS(c tlsConfig) (*tls.Config, error) {
	pair, err := tls.LoadX509KeyPair(c.Cert, c.Key)
	if err != nil {
		return nil, fmt.Errorf("tls.cert and tls.key: %w", err)
	}
	roots, err := os.ReadFile(c.ClientCA)
	if err != nil {
		return nil, fmt.Errorf("tls.clientCA: %w", err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(roots) {
		return nil, fmt.Errorf("tls.clientCA: %s holds no PEM certificate", c.ClientCA)
	}
	return &tls.Config{
		MinVersion:   tls.VersionTLS12,
		Certificates: []tls.Certificate{pair},
		ClientCAs:    pool,
		ClientAuth:   tls.RequireAndVerifyClientCert,
	}, nil
}
