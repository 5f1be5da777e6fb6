package main

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"log/slog"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/hyperledger/fabric-protos-go-apiv2/peer"
	"go.uber.org/goleak"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/protobuf/proto"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/points"
)

// patience bounds what a test waits for; nothing takes anywhere near as long.
const patience = time.Minute

// authority signs the certificates of one test.
type authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

func newAuthority(t *testing.T) *authority {
	t.Helper()
	key := newKey(t)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "CA"}, NotBefore: time.Unix(0, 0), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	return &authority{cert: signed(t, template, template, &key.PublicKey, key), key: key}
}

func newKey(t *testing.T) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func signed(t *testing.T, template, parent *x509.Certificate, key *ecdsa.PublicKey, signer *ecdsa.PrivateKey) *x509.Certificate {
	t.Helper()
	raw, err := x509.CreateCertificate(rand.Reader, template, parent, key, signer)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(raw)
	if err != nil {
		t.Fatal(err)
	}
	return cert
}

// issue gives a certificate and its key in PEM.
func (a *authority) issue(t *testing.T) (cert, key []byte) {
	t.Helper()
	k := newKey(t)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "node"}, NotBefore: time.Unix(0, 0), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	der, err := x509.MarshalPKCS8PrivateKey(k)
	if err != nil {
		t.Fatal(err)
	}
	return encodePEM("CERTIFICATE", signed(t, template, a.cert, &k.PublicKey, a.key).Raw), encodePEM("PRIVATE KEY", der)
}

func encodePEM(kind string, raw []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: raw})
}

// newConfig is a configuration of both contracts on free ports, with files signed by this authority.
func newConfig(t *testing.T, a *authority) *config {
	t.Helper()
	folder := t.TempDir()
	cert, key := a.issue(t)
	files := map[string][]byte{"cert.pem": cert, "key.pem": key, "ca.pem": encodePEM("CERTIFICATE", a.cert.Raw)}
	for name, content := range files {
		if err := os.WriteFile(filepath.Join(folder, name), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	tls := tlsConfig{Cert: filepath.Join(folder, "cert.pem"), Key: filepath.Join(folder, "key.pem"), ClientCA: filepath.Join(folder, "ca.pem")}
	return &config{MSPID: "AirlineMSP", Chaincodes: []chaincodeConfig{
		{CCID: "points-airline:" + hash, Contract: contractPoints, Address: "127.0.0.1:0", TLS: tls},
		{CCID: "clearing:" + hash, Contract: contractClearing, Address: "127.0.0.1:0", TLS: tls},
	}}
}

func quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }

// running serves a configuration and gives the addresses of its chaincodes; at the end it stops it and waits.
func running(t *testing.T, cfg *config) []string {
	t.Helper()
	listeners, err := listenAll(cfg, quiet())
	if err != nil {
		t.Fatal(err)
	}
	var addresses []string
	for _, l := range listeners {
		addresses = append(addresses, l.socket.Addr().String())
	}
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- serveAll(ctx, listeners, quiet()) }()
	t.Cleanup(func() {
		stop()
		if err := <-done; err != nil {
			t.Errorf("ended with %v", err)
		}
	})
	return addresses
}

// dial connects as a peer does.
func dial(t *testing.T, address string, trusted *authority, certificates ...tls.Certificate) (peer.Chaincode_ConnectClient, func()) {
	t.Helper()
	pool := x509.NewCertPool()
	pool.AddCert(trusted.cert)
	conn, err := grpc.NewClient(address, grpc.WithTransportCredentials(credentials.NewTLS(&tls.Config{RootCAs: pool, Certificates: certificates})))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	stream, err := peer.NewChaincodeClient(conn).Connect(ctx)
	end := func() { cancel(); _ = conn.Close() }
	if err != nil {
		end()
		return nil, end
	}
	return stream, end
}

func pair(t *testing.T, a *authority) tls.Certificate {
	t.Helper()
	cert, key := a.issue(t)
	p, err := tls.X509KeyPair(cert, key)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// registered reads the chaincode's registration and gives the package id it names.
func registered(t *testing.T, stream peer.Chaincode_ConnectClient) string {
	t.Helper()
	m, err := stream.Recv()
	if err != nil || m.Type != peer.ChaincodeMessage_REGISTER {
		t.Fatalf("got %v, %v", m, err)
	}
	var id peer.ChaincodeID
	if err := proto.Unmarshal(m.Payload, &id); err != nil {
		t.Fatal(err)
	}
	return id.Name
}

func TestEachChaincodeRegistersAndAnswersOnItsOwnAddress(t *testing.T) {
	a := newAuthority(t)
	cfg := newConfig(t, a)
	for i, address := range running(t, cfg) {
		stream, end := dial(t, address, a, pair(t, a))
		if got := registered(t, stream); got != cfg.Chaincodes[i].CCID {
			t.Errorf("%s registers as %s", address, got)
		}
		response := invoke(t, stream, "getProgramme", "{}")
		if refusal := fault.Parse(response.Message); refusal == nil || refusal.Code != fault.UnknownFunction || response.Status != 404 {
			t.Errorf("answered %v", response)
		}
		end()
	}
}

// invoke runs a transaction as a peer does once a chaincode has registered.
func invoke(t *testing.T, stream peer.Chaincode_ConnectClient, args ...string) *peer.Response {
	t.Helper()
	input := new(peer.ChaincodeInput)
	for _, arg := range args {
		input.Args = append(input.Args, []byte(arg))
	}
	payload, err := proto.Marshal(input)
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range []*peer.ChaincodeMessage{
		{Type: peer.ChaincodeMessage_REGISTERED}, {Type: peer.ChaincodeMessage_READY},
		{Type: peer.ChaincodeMessage_TRANSACTION, Payload: payload, Txid: "tx", ChannelId: "loyalty"},
	} {
		if err := stream.Send(m); err != nil {
			t.Fatal(err)
		}
	}
	for {
		m, err := stream.Recv()
		if err != nil {
			t.Fatal(err)
		}
		if m.Type != peer.ChaincodeMessage_COMPLETED {
			continue
		}
		var response peer.Response
		if err := proto.Unmarshal(m.Payload, &response); err != nil {
			t.Fatal(err)
		}
		return &response
	}
}

func TestPeerThatWasRestartedConnectsAgain(t *testing.T) {
	a := newAuthority(t)
	cfg := newConfig(t, a)
	address := running(t, cfg)[0]
	for range 3 {
		stream, end := dial(t, address, a, pair(t, a))
		if got := registered(t, stream); got != cfg.Chaincodes[0].CCID {
			t.Errorf("registers as %s", got)
		}
		end()
	}
}

func TestOnlyPeersWithACertificateOfTheClientCAConnect(t *testing.T) {
	a, stranger := newAuthority(t), newAuthority(t)
	address := running(t, newConfig(t, a))[0]
	for name, certificates := range map[string][]tls.Certificate{"no certificate": nil, "another CA's": {pair(t, stranger)}} {
		t.Run(name, func(t *testing.T) {
			stream, end := dial(t, address, a, certificates...)
			defer end()
			if stream == nil {
				return
			}
			if m, err := stream.Recv(); err == nil {
				t.Errorf("got %v", m)
			}
		})
	}
}

func TestServingEndsWithNothingLeftRunning(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	a := newAuthority(t)
	listeners, err := listenAll(newConfig(t, a), quiet())
	if err != nil {
		t.Fatal(err)
	}
	address := listeners[0].socket.Addr().String()
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- serveAll(ctx, listeners, quiet()) }()
	stream, end := dial(t, address, a, pair(t, a))
	defer end()
	registered(t, stream)
	stop()
	if err := <-done; err != nil {
		t.Errorf("ended with %v", err)
	}
	if _, err := stream.Recv(); err == nil {
		t.Error("the stream goes on")
	}
	again, err := net.Listen("tcp", address)
	if err != nil {
		t.Fatalf("the address is still taken: %v", err)
	}
	_ = again.Close()
}

func TestServingDoesNotStartOnWhatItCanNotUse(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	a := newAuthority(t)
	empty := filepath.Join(t.TempDir(), "empty.pem")
	if err := os.WriteFile(empty, []byte("nothing"), 0o600); err != nil {
		t.Fatal(err)
	}
	cases := []struct {
		name, want string
		change     func(*chaincodeConfig)
	}{
		{"address in use", taken.Addr().String(), func(c *chaincodeConfig) { c.Address = taken.Addr().String() }},
		{"no certificate", "tls.cert", func(c *chaincodeConfig) { c.TLS.Cert = "/no/such/file" }},
		{"key of another certificate", "tls.key", func(c *chaincodeConfig) { c.TLS.Key = newConfig(t, a).Chaincodes[0].TLS.Key }},
		{"no client CA", "tls.clientCA", func(c *chaincodeConfig) { c.TLS.ClientCA = "/no/such/file" }},
		{"client CA without a certificate", "empty.pem", func(c *chaincodeConfig) { c.TLS.ClientCA = empty }},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			cfg := newConfig(t, a)
			c.change(&cfg.Chaincodes[1])
			err := serve(t.Context(), cfg, quiet())
			if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), cfg.Chaincodes[1].CCID) {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestCommandsReportTheirErrors(t *testing.T) {
	for name, args := range map[string][]string{
		"no configuration": {"serve"}, "no such file": {"serve", "--config", "/no/such/file"}, "surplus": {"serve", "--config", "f", "x"}, "unknown": {"deliver"},
	} {
		t.Run(name, func(t *testing.T) {
			cmd := newCommand()
			cmd.SetArgs(args)
			if err := cmd.ExecuteContext(t.Context()); err == nil {
				t.Error("no error")
			}
		})
	}
}

func TestVersionNamesTheEngine(t *testing.T) {
	var out bytes.Buffer
	cmd := newCommand()
	cmd.SetOut(&out)
	cmd.SetArgs([]string{"version"})
	if err := cmd.ExecuteContext(t.Context()); err != nil || !strings.Contains(out.String(), fmt.Sprint("engine ", points.EngineVersion)) {
		t.Errorf("printed %s, %v", out.String(), err)
	}
}
