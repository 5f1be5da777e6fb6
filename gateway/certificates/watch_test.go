package certificates

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
	"errors"
	"log/slog"
	"maps"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/gateway/config"
)

// files are a pair of files that a test renews.
type files struct {
	t *testing.T
	config.KeyPair
}

func newFiles(t *testing.T, serial int64, from, until time.Time) *files {
	t.Helper()
	folder := t.TempDir()
	f := &files{t, config.KeyPair{Cert: filepath.Join(folder, "cert.pem"), Key: filepath.Join(folder, "key.pem")}}
	key, certificate := issue(t, serial, from, until)
	f.write(f.Key, key)
	f.write(f.Cert, certificate)
	return f
}

func (f *files) write(file string, content []byte) {
	f.t.Helper()
	if err := os.WriteFile(file, content, 0o600); err != nil {
		f.t.Fatal(err)
	}
}

func issue(t *testing.T, serial int64, from, until time.Time) (key, certificate []byte) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(serial), Subject: pkix.Name{CommonName: "gateway"}, DNSNames: []string{"gateway"}, NotBefore: from, NotAfter: until}
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

var start = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

func year(n int) time.Time { return start.AddDate(n, 0, 0) }

func watch(t *testing.T, log *bytes.Buffer, pairs ...*Pair) (*Watch, *prometheus.Registry) {
	t.Helper()
	metrics := prometheus.NewRegistry()
	w := New(time.Millisecond, slog.New(slog.NewTextHandler(log, nil)), metrics)
	w.now = func() time.Time { return start }
	for _, p := range pairs {
		w.Add(p)
	}
	return w, metrics
}

func open(t *testing.T, f *files) *Pair {
	t.Helper()
	p, err := Open("identity", f.KeyPair)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func serial(p *Pair) int64 { return p.Current().Leaf().SerialNumber.Int64() }

func TestARenewedPairIsTakenOnceCertificateAndKeyFit(t *testing.T) {
	f := newFiles(t, 1, start, year(1))
	p := open(t, f)
	told := []int64{}
	p.OnChange(func(m *Material) error { told = append(told, m.Leaf().SerialNumber.Int64()); return nil })
	var log bytes.Buffer
	w, metrics := watch(t, &log, p)
	w.look()
	key, certificate := issue(t, 2, start, year(2))
	f.write(f.Key, key)
	w.look()
	if serial(p) != 1 || len(told) != 0 {
		t.Fatalf("half a renewal was taken: serial %d, told %v", serial(p), told)
	}
	f.write(f.Cert, certificate)
	w.look()
	w.look()
	if serial(p) != 2 || len(told) != 1 || told[0] != 2 {
		t.Errorf("serial %d, told %v", serial(p), told)
	}
	want := map[string]float64{
		"tally_certificate_expiry_timestamp_seconds identity": float64(year(2).Unix()),
		"tally_certificate_reloads_total identity refused":    1,
		"tally_certificate_reloads_total identity taken":      1,
	}
	if got := gathered(t, metrics); !maps.Equal(got, want) {
		t.Errorf("metrics are %v", got)
	}
	if strings.Contains(log.String(), "PRIVATE KEY") {
		t.Error("the log has a key")
	}
}

// gathered are metrics by their names and values of labels.
func gathered(t *testing.T, metrics *prometheus.Registry) map[string]float64 {
	t.Helper()
	families, err := metrics.Gather()
	if err != nil {
		t.Fatal(err)
	}
	values := map[string]float64{}
	for _, family := range families {
		for _, m := range family.GetMetric() {
			name := family.GetName()
			for _, label := range m.GetLabel() {
				name += " " + label.GetValue()
			}
			values[name] = m.GetGauge().GetValue() + m.GetCounter().GetValue()
		}
	}
	return values
}

func TestAPairThatNobodyCanUseStaysOut(t *testing.T) {
	f := newFiles(t, 1, start, year(1))
	p := open(t, f)
	refuse := true
	p.OnChange(func(*Material) error {
		if refuse {
			return errors.New("no")
		}
		return nil
	})
	w, _ := watch(t, new(bytes.Buffer), p)
	key, certificate := issue(t, 2, start, year(2))
	f.write(f.Key, key)
	f.write(f.Cert, certificate)
	w.look()
	if serial(p) != 1 {
		t.Fatal("what its user refused is in use")
	}
	refuse = false
	w.look()
	if serial(p) != 2 {
		t.Error("it isn't tried again")
	}
	if err := os.Remove(f.Cert); err != nil {
		t.Fatal(err)
	}
	w.look()
	if serial(p) != 2 {
		t.Error("a file that has gone took the pair along")
	}
}

func TestTheEndOfACertificateIsTold(t *testing.T) {
	for name, c := range map[string]struct {
		from, until       time.Time
		warnings, expired int
	}{
		"a year, fresh":             {start, year(1), 0, 0},
		"a year, 31 days left":      {start.AddDate(0, 0, 31-365), start.AddDate(0, 0, 31), 0, 0},
		"a year, 30 days left":      {start.AddDate(0, 0, 30-365), start.AddDate(0, 0, 30), 1, 0},
		"a day, 9 hours left":       {start.Add(-15 * time.Hour), start.Add(9 * time.Hour), 0, 0},
		"a day, 8 hours left":       {start.Add(-16 * time.Hour), start.Add(8 * time.Hour), 1, 0},
		"a second over":             {start.Add(-16 * time.Hour), start.Add(-time.Second), 1, 1},
		"a century, a month and up": {start.AddDate(-99, 0, 0), start.AddDate(0, 2, 0), 0, 0},
	} {
		var log bytes.Buffer
		w, _ := watch(t, &log, open(t, newFiles(t, 1, c.from, c.until)))
		w.look()
		w.look()
		if len(w.Warnings()) != c.warnings || len(w.Expired()) != c.expired || strings.Count(log.String(), "has to be renewed") != c.warnings {
			t.Errorf("%s: warnings %v, expired %v, log %s", name, w.Warnings(), w.Expired(), log.String())
		}
	}
}

func TestConnectionsShowTheCertificateInUse(t *testing.T) {
	f := newFiles(t, 1, start, year(1))
	p := open(t, f)
	w, _ := watch(t, new(bytes.Buffer), p)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error)
	taken := make(chan struct{}, 1)
	p.OnChange(func(*Material) error { taken <- struct{}{}; return nil })
	if got := handshake(t, p); got != 1 {
		t.Fatalf("shown is %d", got)
	}
	key, certificate := issue(t, 2, start, year(2))
	f.write(f.Key, key)
	f.write(f.Cert, certificate)
	go func() { ended <- w.Run(ctx) }()
	<-taken
	cancel()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	if got := handshake(t, p); got != 2 {
		t.Errorf("shown is %d", got)
	}
}

// handshake connects a client that shows the pair to a server that shows it, and gives the serial number that both saw.
func handshake(t *testing.T, p *Pair) int64 {
	t.Helper()
	left, right := net.Pipe()
	server := tls.Server(left, &tls.Config{MinVersion: tls.VersionTLS13, GetCertificate: p.ServerCertificate, ClientAuth: tls.RequireAnyClientCert})
	client := tls.Client(right, &tls.Config{MinVersion: tls.VersionTLS13, GetClientCertificate: p.ClientCertificate, InsecureSkipVerify: true}) //nolint:gosec // What is shown is looked at.
	done := make(chan error)
	go func() {
		err := server.Handshake()
		if err == nil {
			_, err = server.Write([]byte{1})
		}
		done <- err
	}()
	if _, err := client.Read(make([]byte, 1)); err != nil {
		t.Fatal(err)
	}
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	a, b := client.ConnectionState().PeerCertificates[0].SerialNumber.Int64(), server.ConnectionState().PeerCertificates[0].SerialNumber.Int64()
	if a != b {
		t.Errorf("the client sees %d, the server %d", a, b)
	}
	return a
}

func TestWhatCantBeOpenedIsNamed(t *testing.T) {
	f := newFiles(t, 1, start, year(1))
	key, _ := issue(t, 2, start, year(1))
	f.write(f.Key, key)
	for name, files := range map[string]config.KeyPair{"no files": {Cert: "none", Key: "none"}, "no key": {Cert: f.Cert, Key: "none"}, "another key": f.KeyPair} {
		if _, err := Open("operator", files); fault.CodeOf(err) != fault.InvalidValue || !strings.Contains(err.Error(), "operator") {
			t.Errorf("%s: %v", name, err)
		}
	}
}
