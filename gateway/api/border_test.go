package api

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/pem"
	"fmt"
	"io"
	"log/slog"
	"math/big"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tallystick/tallystick/chaincode/engine"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/gateway/config"
	"github.com/tallystick/tallystick/gateway/partners"
)

// authority is a member's certificate authority.
type authority struct {
	t           *testing.T
	folder      string
	key         *ecdsa.PrivateKey
	certificate *x509.Certificate
	issued      int64
}

func newAuthority(t *testing.T, member string) *authority {
	t.Helper()
	a := &authority{t: t, folder: t.TempDir(), issued: 1}
	a.key = newTLSKey(t)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "ca." + member}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &a.key.PublicKey, a.key)
	if err != nil {
		t.Fatal(err)
	}
	if a.certificate, err = x509.ParseCertificate(der); err != nil {
		t.Fatal(err)
	}
	a.write("ca.pem", "CERTIFICATE", der)
	return a
}

func newTLSKey(t *testing.T) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func (a *authority) write(name, kind string, der []byte) string {
	a.t.Helper()
	path := filepath.Join(a.folder, name)
	if err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600); err != nil {
		a.t.Fatal(err)
	}
	return path
}

func (a *authority) root() string { return filepath.Join(a.folder, "ca.pem") }

// issue makes a gateway's certificate under a name, valid until a time from now.
func (a *authority) issue(name string, valid time.Duration) config.KeyPair {
	a.t.Helper()
	return a.issueAs(engine.RoleGateway, name, valid)
}

// issueAs makes a certificate with this role in its attributes, as a registrar gave it.
func (a *authority) issueAs(role, name string, valid time.Duration) config.KeyPair {
	a.t.Helper()
	a.issued++
	key := newTLSKey(a.t)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(a.issued), Subject: pkix.Name{CommonName: name}, DNSNames: []string{name}, NotBefore: time.Now().Add(-2 * time.Hour), NotAfter: time.Now().Add(valid),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth, x509.ExtKeyUsageServerAuth},
	}
	if role != "" {
		template.ExtraExtensions = []pkix.Extension{{Id: asn1.ObjectIdentifier{1, 2, 3, 4, 5, 6, 7, 8, 1}, Value: fmt.Appendf(nil, `{"attrs":{%q:%q}}`, engine.RoleAttribute, role)}}
	}
	der, err := x509.CreateCertificate(rand.Reader, template, a.certificate, &key.PublicKey, a.key)
	if err != nil {
		a.t.Fatal(err)
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		a.t.Fatal(err)
	}
	file := fmt.Sprint(name, a.issued)
	return config.KeyPair{Cert: a.write(file+".crt", "CERTIFICATE", der), Key: a.write(file+".key", "PRIVATE KEY", pkcs8)}
}

// border is two gateways that speak to each other: the airline's, which sequences its programme, and the hotel's, whose tills take the airline's points. The issuer can be made
// to be down, or to lose its answers after it has acted.
type border struct {
	airline, hotel *bench
	authorities    map[string]*authority
	directory      *partners.Directory // Of the airline's gateway.
	endpoint       string              // Of the airline's listener.
	down, deaf     atomic.Bool
	meanwhile      atomic.Pointer[func()] // Happens before the airline's next answer.
}

const gatewayName = "gateway"

func newBorder(t *testing.T) *border {
	t.Helper()
	return newBorderAs(t, engine.RoleGateway)
}

// newBorderAs has the airline's gateway show a certificate of this role.
func newBorderAs(t *testing.T, role string) *border {
	t.Helper()
	b := &border{airline: newBench(t), authorities: map[string]*authority{}}
	for _, member := range []string{"airline", "hotel", "grocer"} {
		b.authorities[member] = newAuthority(t, member)
	}
	b.serve(t, role)
	b.hotel = newHotel(t, b.client(t, "hotel", b.authorities["hotel"].issue(gatewayName, time.Hour)))
	ledger := &signatures{seen: map[string]bool{}}
	b.airline.signed, b.hotel.signed = ledger, ledger
	return b
}

// newHotel is the hotel's gateway with this client of the airline's.
func newHotel(t *testing.T, issuer Issuer) *bench {
	t.Helper()
	g := newGateway()
	g.outbox.gateway = g
	g.others = map[string]Brand{"airline": {Recorder: &g.outbox, Issuer: issuer}, "grocer": {Recorder: &g.outbox}}
	return newBenchOf(t, g, Parts{Member: "hotel", Programme: "hotel", Recorder: g, Partners: g.brands(), Hasher: g, Quoter: g})
}

// serve has the airline's gateway listen for the hotel's and the grocer's.
func (b *border) serve(t *testing.T, role string) {
	t.Helper()
	var known []config.Partner
	for _, member := range []string{"hotel", "grocer"} {
		known = append(known, config.Partner{Member: member, TLSRoot: b.authorities[member].root(), ServerName: gatewayName})
	}
	directory, err := partners.Open(b.authorities["airline"].issueAs(role, gatewayName, time.Hour), known)
	if err != nil {
		t.Fatal(err)
	}
	listener, err := directory.Listen("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	b.directory, b.endpoint = directory, listener.Addr().String()
	handler := b.airline.server.PartnerHandler(directory.MemberOf)
	server := &http.Server{ErrorLog: slog.NewLogLogger(slog.DiscardHandler, slog.LevelDebug), Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if b.down.Load() {
			panic(http.ErrAbortHandler)
		}
		if happens := b.meanwhile.Swap(nil); happens != nil {
			(*happens)()
		}
		if b.deaf.Load() {
			handler.ServeHTTP(httptest.NewRecorder(), r)
			panic(http.ErrAbortHandler)
		}
		handler.ServeHTTP(w, r)
	})}
	ended := make(chan struct{})
	go func() { defer close(ended); _ = server.Serve(listener) }()
	t.Cleanup(func() { _ = server.Close(); <-ended })
}

// client is a member's client of the airline's gateway, with a certificate.
func (b *border) client(t *testing.T, member string, pair config.KeyPair) *partners.Client {
	t.Helper()
	return b.clientAt(t, config.Partner{Member: "airline", Endpoint: b.endpoint, TLSRoot: b.authorities["airline"].root(), ServerName: gatewayName}, pair)
}

func (b *border) clientAt(t *testing.T, to config.Partner, pair config.KeyPair) *partners.Client {
	t.Helper()
	directory, err := partners.Open(pair, []config.Partner{to})
	if err != nil {
		t.Fatal(err)
	}
	return directory.Client("airline", 0, slog.New(slog.NewTextHandler(io.Discard, nil)))
}

// elsewhere is a request of a till of the hotel's about an account of the airline's.
func elsewhere(kind Kind, changes ...fields) fields {
	base := requestsOf()[kind].with(fields{"programme": "airline", "partner": nil})
	if kind == KindReturn {
		base = base.with(fields{"authentication": nil, "amountMinor": nil, "currency": nil, "whole": true, "original": awardedByHotel()})
	}
	return base.with(changes...)
}

func awardedByHotel() points.Original {
	o := redeemedAtHotel()
	o.Receipt.Kind = points.KindAward
	return o
}

func redeemedAtHotel() points.Original {
	o := points.Original{Receipt: receipt(points.OperationID(heldID), account), Proof: points.InclusionProof{MSP: "AirlineMSP", Seq: 1, Size: 1, Hashes: []string{}}}
	o.Receipt.Kind, o.Receipt.Partner = points.KindRedeem, "hotel"
	return o
}

// mandated is a redemption that a customer of the airline's signed for the hotel's till; n makes the signature one of its own.
func (b *border) mandated(t *testing.T, n string, changes ...fields) fields {
	t.Helper()
	m := mandate()
	m.ID, m.Place = hexOf(n), points.PlaceHash(hash, "hotel", "main-street", "till-1")
	m.Subject = points.SubjectHash(&points.Operation{Partner: "hotel"})
	return elsewhere(KindRedeem, append([]fields{{"account": wallet, "authentication": nil, "authorisation": authorised(t, m), "placeSalt": hash}}, changes...)...)
}

// till sends a request to the hotel's gateway under a key.
func (b *border) till(key string, f fields, headers ...string) *httptest.ResponseRecorder {
	b.hotel.t.Helper()
	return b.hotel.do(call{"POST", "/v1/operations", ScopeTill, f.String(), append([]string{"Idempotency-Key", key}, headers...)})
}
