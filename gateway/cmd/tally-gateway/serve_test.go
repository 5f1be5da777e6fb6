package main

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/gateway/config"
	"github.com/tallystick/tallystick/gateway/partners"
)

// folder is a gateway's configuration with keys of its own, for a peer that isn't there.
type folder struct {
	t      *testing.T
	path   string
	listen string
}

func newFolder(t *testing.T) *folder {
	t.Helper()
	f := &folder{t: t, path: t.TempDir(), listen: freeAddress(t)}
	key, certificate := identity(t)
	f.write("cert.pem", certificate)
	f.write("key.pem", key)
	f.write("secret", []byte(strings.Repeat("ab", 32)))
	f.write("api-keys.yaml", []byte("- {name: till, sha256: "+strings.Repeat("ab", 32)+", scopes: [till]}\n"))
	f.write("gateway.yaml", fmt.Appendf(nil, `
member: airline
msp: AirlineMSP
listen: %s
database: gateway.db
programme: airline
peers:
  - {name: peer0.airline, member: airline, msp: AirlineMSP, endpoint: "%s", tlsRoot: cert.pem, serverName: "127.0.0.1"}
members:
  - {name: airline, msp: AirlineMSP, kind: brand}
  - {name: hotel, msp: HotelMSP, kind: brand}
identity: {cert: cert.pem, key: key.pem}
custodian: {key: key.pem, version: 1}
secret: secret
apiKeys: api-keys.yaml
log: {level: error}
`, f.listen, freeAddress(t)))
	return f
}

func (f *folder) write(name string, content []byte) {
	f.t.Helper()
	if err := os.WriteFile(filepath.Join(f.path, name), content, 0o600); err != nil {
		f.t.Fatal(err)
	}
}

func (f *folder) read(name string) []byte {
	f.t.Helper()
	content, err := os.ReadFile(filepath.Join(f.path, name))
	if err != nil {
		f.t.Fatal(err)
	}
	return content
}

func (f *folder) load() *config.Config {
	f.t.Helper()
	cfg, err := config.Load(filepath.Join(f.path, "gateway.yaml"), nil)
	if err != nil {
		f.t.Fatal(err)
	}
	return cfg
}

func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

func identity(t *testing.T) (key, certificate []byte) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "gateway"}, DNSNames: []string{"gateway"}, NotAfter: time.Now().Add(time.Hour),
		ExtraExtensions: []pkix.Extension{{Id: asn1.ObjectIdentifier{1, 2, 3, 4, 5, 6, 7, 8, 1}, Value: []byte(`{"attrs":{"tally.role":"gateway"}}`)}},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &private.PublicKey, private)
	if err != nil {
		t.Fatal(err)
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: pkcs8}), pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
}

func TestAGatewayWithoutItsPeerAnswersThatItIsNotReadyAndEndsInOrder(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	defer http.DefaultClient.CloseIdleConnections()
	f := newFolder(t)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- serve(ctx, f.load()) }()
	status, body := get(t, "http://"+f.listen+"/readyz", ended)
	var readiness struct {
		Ready   bool     `json:"ready"`
		Reasons []string `json:"reasons"`
	}
	if err := json.Unmarshal(body, &readiness); err != nil {
		t.Fatal(err)
	}
	if status != http.StatusServiceUnavailable || readiness.Ready || len(readiness.Reasons) != 2 {
		t.Errorf("%d %s", status, body)
	}
	if status, _ := get(t, "http://"+f.listen+"/healthz", ended); status != http.StatusOK {
		t.Errorf("health: %d", status)
	}
	cancel()
	if err := <-ended; err != nil {
		t.Errorf("it ended with %v", err)
	}
}

// get asks until the listener answers. The listener is there before anything else is built, so a refused connection means that the gateway has yet to begin.
func get(t *testing.T, url string, ended <-chan error) (int, []byte) {
	t.Helper()
	for {
		response, err := http.Get(url)
		if err != nil {
			select {
			case err := <-ended:
				t.Fatalf("the gateway ended: %v", err)
			default:
				continue
			}
		}
		body, err := io.ReadAll(response.Body)
		if err != nil {
			t.Fatal(err)
		}
		_ = response.Body.Close()
		return response.StatusCode, body
	}
}

func TestOtherBrandsGatewaysAreAnsweredAtTheirOwnListener(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	defer http.DefaultClient.CloseIdleConnections()
	f := newFolder(t)
	key, certificate := identity(t)
	f.write("hotel.pem", certificate)
	f.write("hotel-key.pem", key)
	visitors := freeAddress(t)
	f.write("gateway.yaml", append(f.read("gateway.yaml"), fmt.Appendf(nil, `
partnerListen: %s
partnerTLS: {cert: cert.pem, key: key.pem}
partners:
  - {member: hotel, endpoint: "%s", tlsRoot: hotel.pem, serverName: gateway}
`, visitors, freeAddress(t))...))
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- serve(ctx, f.load()) }()
	get(t, "http://"+f.listen+"/healthz", ended)
	hotel, err := partners.Open(config.KeyPair{Cert: filepath.Join(f.path, "hotel.pem"), Key: filepath.Join(f.path, "hotel-key.pem")},
		[]config.Partner{{Member: "airline", Endpoint: visitors, TLSRoot: filepath.Join(f.path, "cert.pem"), ServerName: "gateway"}})
	if err != nil {
		t.Fatal(err)
	}
	client := hotel.Client("airline", 0, slog.New(slog.DiscardHandler))
	if _, err := client.Operation(ctx, points.OperationID(strings.Repeat("a", 32))); fault.CodeOf(err) != fault.NotFound {
		t.Errorf("the hotel's gateway is told %v", err)
	}
	client.Close()
	cancel()
	if err := <-ended; err != nil {
		t.Errorf("it ended with %v", err)
	}
}

func TestWhatIsMissingIsNamedAndNothingIsLeftRunning(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	for name, spoil := range map[string]func(f *folder) string{
		"identity": func(f *folder) string { f.write("cert.pem", []byte("x")); return "cert.pem holds no certificate" },
		"secret":   func(f *folder) string { f.write("secret", []byte("abcd")); return "secret" },
		"API keys": func(f *folder) string { f.write("api-keys.yaml", []byte("x: y")); return "API key file" },
		"database": func(f *folder) string { f.write("gateway.db", bytes.Repeat([]byte("x"), 4096)); return "gateway.db" },
	} {
		t.Run(name, func(t *testing.T) {
			f := newFolder(t)
			want := spoil(f)
			if err := serve(t.Context(), f.load()); err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("got %v, want something about %q", err, want)
			}
		})
	}
}

func TestAPortInUseIsNamed(t *testing.T) {
	f := newFolder(t)
	l, err := net.Listen("tcp", f.listen)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if err := serve(t.Context(), f.load()); fault.CodeOf(err) != fault.InvalidValue || !strings.Contains(err.Error(), f.listen) {
		t.Errorf("got %v", err)
	}
}

func TestACustodianKeyMustBeP256(t *testing.T) {
	other, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(other)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "key.pem")
	if err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := loadCustodian(path); fault.CodeOf(err) != fault.InvalidValue {
		t.Errorf("got %v", err)
	}
}

func TestCommands(t *testing.T) {
	var out bytes.Buffer
	cmd := command()
	cmd.SetOut(&out)
	cmd.SetArgs([]string{"version"})
	if err := cmd.Execute(); err != nil || !strings.HasPrefix(out.String(), "tally-gateway ") {
		t.Errorf("%v: %s", err, out.String())
	}
	cmd = command()
	cmd.SetArgs([]string{"serve", "--config", "/no/such/file.yaml"})
	if err := cmd.Execute(); err == nil || !strings.Contains(err.Error(), "/no/such/file.yaml") {
		t.Errorf("got %v", err)
	}
}

func TestACustodianKeyThatCantSignKeepsTheGatewayFromBeingReady(t *testing.T) {
	known := []points.CustodianKey{{Version: 1, Key: "first", Until: 1000}, {Version: 2, Key: "second"}}
	for name, c := range map[string]struct {
		own  points.CustodianKey
		now  int64
		want string
	}{
		"the current one":                 {points.CustodianKey{Version: 2, Key: "second"}, 2000, ""},
		"the one before, while it lasts":  {points.CustodianKey{Version: 1, Key: "first"}, 1000, ""},
		"the one before, when it is over": {points.CustodianKey{Version: 1, Key: "first"}, 1001, "configure version 2"},
		"another key":                     {points.CustodianKey{Version: 2, Key: "first"}, 2000, "not version 2"},
		"one that is still to come":       {points.CustodianKey{Version: 3, Key: "third"}, 2000, "no version 3"},
	} {
		if got := custodyTrouble(known, c.own, c.now); got == "" != (c.want == "") || !strings.Contains(got, c.want) {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}
