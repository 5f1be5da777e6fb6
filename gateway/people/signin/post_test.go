package signin

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"math/big"
	"mime"
	"net"
	"net/mail"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/gateway/people/vault"
)

// server is a mail server that keeps what it gets.
type server struct {
	mu      sync.Mutex
	from    string
	to      []string
	raw     []byte
	secured bool
	user    string
	refuse  error
}

func (s *server) NewSession(c *smtp.Conn) (smtp.Session, error) {
	_, secured := c.TLSConnectionState()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.secured = secured
	return &dialogue{server: s}, nil
}

type dialogue struct{ server *server }

func (d *dialogue) AuthMechanisms() []string { return []string{sasl.Plain} }

func (d *dialogue) Auth(string) (sasl.Server, error) {
	return sasl.NewPlainServer(func(_, user, password string) error {
		if password != "secret" {
			return errors.New("no")
		}
		d.server.user = user
		return nil
	}), nil
}

func (d *dialogue) Mail(from string, _ *smtp.MailOptions) error { d.server.from = from; return nil }

func (d *dialogue) Rcpt(to string, _ *smtp.RcptOptions) error {
	d.server.mu.Lock()
	defer d.server.mu.Unlock()
	d.server.to = append(d.server.to, to)
	return d.server.refuse
}

func (d *dialogue) Data(r io.Reader) (err error) {
	d.server.mu.Lock()
	defer d.server.mu.Unlock()
	d.server.raw, err = io.ReadAll(r)
	return err
}

func (d *dialogue) Reset()        {}
func (d *dialogue) Logout() error { return nil }

// certificate is the server's, with the pool that trusts it.
func certificate(t *testing.T) (tls.Certificate, *x509.CertPool) {
	t.Helper()
	key := do[*ecdsa.PrivateKey](t)(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true}
	der := do[[]byte](t)(x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key))
	pool := x509.NewCertPool()
	pool.AddCert(do[*x509.Certificate](t)(x509.ParseCertificate(der)))
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, pool
}

// serve runs the mail server and gives its address. With a certificate it offers STARTTLS, or speaks TLS at once.
func (s *server) serve(t *testing.T, encryption Encryption, c *tls.Certificate) string {
	t.Helper()
	l := do[net.Listener](t)(net.Listen("tcp", "127.0.0.1:0"))
	srv := smtp.NewServer(s)
	srv.Domain, srv.AllowInsecureAuth = "localhost", true
	if c != nil {
		config := &tls.Config{Certificates: []tls.Certificate{*c}}
		if encryption == Implicit {
			l = tls.NewListener(l, config)
		} else {
			srv.TLSConfig = config
		}
	}
	ended := make(chan struct{})
	go func() { _ = srv.Serve(l); close(ended) }()
	t.Cleanup(func() { _ = srv.Close(); <-ended })
	return l.Addr().String()
}

func message() Message {
	return compose(letter{to: email("ada@example.org"), language: "zh-CN", purpose: awaitsCode, code: "12345678", issuer: "Airline Miles"})
}

func TestMailReachesAServerThatEncrypts(t *testing.T) {
	c, pool := certificate(t)
	for _, encryption := range []Encryption{StartTLS, Implicit, Plain} {
		t.Run(string(encryption), func(t *testing.T) {
			s := &server{}
			address := s.serve(t, encryption, &c)
			m := do[*Mail](t)(NewMail(SMTP{Address: address, From: "wallet@airline.example", User: "airline", Password: "secret", Encryption: encryption, TLS: &tls.Config{RootCAs: pool}}))
			if encryption == Plain {
				m.settings.User = ""
			}
			if err := m.Send(t.Context(), message()); err != nil {
				t.Fatal(err)
			}
			s.mu.Lock()
			defer s.mu.Unlock()
			if s.secured != (encryption != Plain) || s.user != m.settings.User || s.from != "wallet@airline.example" || len(s.to) != 1 || s.to[0] != "ada@example.org" {
				t.Errorf("%+v", s)
			}
			letter := do[*mail.Message](t)(mail.ReadMessage(strings.NewReader(string(s.raw))))
			subject := do[string](t)(new(mime.WordDecoder).DecodeHeader(letter.Header.Get("Subject")))
			if subject != "Airline Miles：您的验证码" || letter.Header.Get("Auto-Submitted") != "auto-generated" || letter.Header.Get("Message-ID") == "" {
				t.Errorf("subject %q, header %v", subject, letter.Header)
			}
			if strings.Contains(subject, "12345678") {
				t.Error("the code stands in the subject, which lock screens show")
			}
		})
	}
}

func TestCodesDontCrossANetworkInTheClear(t *testing.T) {
	s := &server{}
	address := s.serve(t, StartTLS, nil)
	m := do[*Mail](t)(NewMail(SMTP{Address: address, From: "wallet@airline.example", Encryption: StartTLS}))
	if err := m.Send(t.Context(), message()); err == nil || s.raw != nil {
		t.Errorf("a server that offers no STARTTLS: %v", err)
	}
	c, _ := certificate(t)
	for _, encryption := range []Encryption{StartTLS, Implicit} {
		stranger := &server{}
		m = do[*Mail](t)(NewMail(SMTP{Address: stranger.serve(t, encryption, &c), From: "wallet@airline.example", Encryption: encryption}))
		if err := m.Send(t.Context(), message()); err == nil || stranger.raw != nil {
			t.Errorf("%s: a server whose certificate nobody vouches for: %v", encryption, err)
		}
	}
	for name, s := range map[string]SMTP{
		"in the clear to elsewhere": {Address: "192.0.2.1:25", From: "a@example.org", Encryption: Plain},
		"in the clear to a name":    {Address: "localhost:25", From: "a@example.org", Encryption: Plain},
		"unknown":                   {Address: "192.0.2.1:25", From: "a@example.org", Encryption: "maybe"},
		"no port":                   {Address: "192.0.2.1", From: "a@example.org", Encryption: StartTLS},
		"port 0":                    {Address: "192.0.2.1:0", From: "a@example.org", Encryption: StartTLS},
		"no sender":                 {Address: "192.0.2.1:25", Encryption: StartTLS},
	} {
		if _, err := NewMail(s); fault.CodeOf(err) != fault.InvalidValue {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestWhatAMailServerSaysOfAnAddressStaysOutOfErrors(t *testing.T) {
	s := &server{refuse: &smtp.SMTPError{Code: 550, Message: "no mailbox ada@example.org here"}}
	m := do[*Mail](t)(NewMail(SMTP{Address: s.serve(t, Plain, nil), From: "wallet@airline.example", Encryption: Plain}))
	err := m.Send(t.Context(), message())
	if err == nil || strings.Contains(err.Error(), "ada") || !strings.Contains(err.Error(), "550") {
		t.Errorf("%v", err)
	}
	gone := do[*Mail](t)(NewMail(SMTP{Address: "127.0.0.1:1", From: "wallet@airline.example", Encryption: Plain}))
	if err := gone.Send(t.Context(), message()); err == nil || strings.Contains(err.Error(), "ada") {
		t.Errorf("%v", err)
	}
}

func TestAFolderKeepsMessages(t *testing.T) {
	f := Folder{Path: filepath.Join(t.TempDir(), "messages")}
	phone := compose(letter{to: vault.Identifier{Kind: vault.Phone, Value: "+442079460958"}, language: "fr", purpose: awaitsStepUp, code: "12345678", issuer: "Airline Miles"})
	if err := f.Send(t.Context(), phone); err != nil {
		t.Fatal(err)
	}
	names := do[[]string](t)(filepath.Glob(filepath.Join(f.Path, "*.json")))
	if len(names) != 1 {
		t.Fatalf("%v", names)
	}
	var filed Filed
	if err := json.Unmarshal(do[[]byte](t)(os.ReadFile(names[0])), &filed); err != nil {
		t.Fatal(err)
	}
	if filed.To != "+442079460958" || !strings.HasPrefix(filed.Text, "12345678 confirms") || strings.Contains(filed.Text, "\n") || filed.Subject != "" {
		t.Errorf("%+v", filed)
	}
}

// flaky fails some times first.
type flaky struct {
	mu    sync.Mutex
	fails int
	sent  chan Message
}

func (f *flaky) Send(ctx context.Context, m Message) error {
	f.mu.Lock()
	f.fails--
	fails := f.fails >= 0
	f.mu.Unlock()
	if fails {
		return fault.New(fault.Internal, "not now")
	}
	select {
	case f.sent <- m:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func TestAMessageIsSentAgainAndTheQueueHasAnEnd(t *testing.T) {
	f := &flaky{fails: 1, sent: make(chan Message, 1)}
	p := NewPost(map[vault.Kind]Sender{vault.Email: f}, slog.New(slog.DiscardHandler))
	if err := p.queue(letter{to: vault.Identifier{Kind: vault.Phone, Value: "+442079460958"}}); fault.CodeOf(err) != fault.InvalidValue {
		t.Errorf("no sender for phones: %v", err)
	}
	for range maxLetters {
		if err := p.queue(letter{to: email("ada@example.org"), purpose: awaitsCode, code: "12345678"}); err != nil {
			t.Fatal(err)
		}
	}
	if err := p.queue(letter{to: email("ada@example.org")}); fault.CodeOf(err) != fault.Overloaded {
		t.Errorf("one more: %v", err)
	}
	ctx, end := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- p.Run(ctx) }()
	<-f.sent
	end()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

func TestEveryCodeSaysWhatItIsForInEveryLanguage(t *testing.T) {
	for _, purpose := range []stage{awaitsCode, awaitsStepUp, awaitsAddress} {
		seen := map[string]bool{}
		for _, language := range messageLanguages {
			m := compose(letter{to: email("ada@example.org"), language: language, purpose: purpose, code: "12345678", issuer: "Airline Miles"})
			if !strings.Contains(m.Text, "12345678") || !strings.Contains(m.Text, "Airline Miles") || m.Subject == "" || strings.ContainsAny(m.Text+m.Subject, "{}") || seen[m.Text] {
				t.Errorf("%s in %s: %+v", purpose, language, m)
			}
			seen[m.Text] = true
		}
	}
}
