package signin

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/netip"
	"strconv"
	"strings"

	"github.com/wneessen/go-mail"

	"github.com/tallystick/tallystick/chaincode/fault"
)

// Encryption says how a connection to a mail server becomes a TLS one.
type Encryption string

// The ways to encrypt.
const (
	StartTLS Encryption = "starttls" // RFC 3207; a server that doesn't offer it gets nothing.
	Implicit Encryption = "tls"      // RFC 8314, section 3.3.
	Plain    Encryption = "none"     // On a loopback address only.
)

// SMTP is a mail server.
type SMTP struct {
	Address    string // host:port.
	From       string
	User       string // Empty: without signing in.
	Password   string
	Encryption Encryption
	TLS        *tls.Config // For another root than the system's; nil otherwise.
}

// Mail sends e-mails by SMTP.
type Mail struct {
	settings SMTP
	host     string
	port     int
}

// NewMail checks the settings; INVALID_VALUE says what is wrong.
func NewMail(s SMTP) (*Mail, error) {
	host, port, err := net.SplitHostPort(s.Address)
	if err != nil {
		return nil, fault.New(fault.InvalidValue, "people.smtp.address must be host:port")
	}
	number, err := strconv.Atoi(port)
	if err != nil || number < 1 || number > 65535 {
		return nil, fault.New(fault.InvalidValue, "people.smtp.address must have a port")
	}
	switch s.Encryption {
	case StartTLS, Implicit:
	case Plain:
		if ip, err := netip.ParseAddr(host); err != nil || !ip.IsLoopback() {
			return nil, fault.New(fault.InvalidValue, "people.smtp.encryption none is for a loopback address: codes would cross the network in the clear")
		}
	default:
		return nil, fault.New(fault.InvalidValue, "people.smtp.encryption must be %s, %s or %s", StartTLS, Implicit, Plain)
	}
	if err := mail.NewMsg().From(s.From); err != nil {
		return nil, fault.New(fault.InvalidValue, "people.smtp.from must be an e-mail address")
	}
	return &Mail{settings: s, host: host, port: number}, nil
}

// Send implements Sender. What the server says may name the address: it is left out of errors.
func (m *Mail) Send(ctx context.Context, message Message) error {
	letter := mail.NewMsg(mail.WithCharset(mail.CharsetUTF8))
	if err := letter.From(m.settings.From); err != nil {
		return fault.New(fault.InvalidValue, "the sender's address can't be used")
	}
	if err := letter.To(message.To.Value); err != nil {
		return fault.New(fault.InvalidValue, "the address can't be used in a message")
	}
	letter.Subject(message.Subject)
	letter.SetDate()
	m.name(letter, message.ID)
	letter.SetGenHeader("Auto-Submitted", "auto-generated") // RFC 3834: nobody's absence note answers it.
	letter.SetBodyString(mail.TypeTextPlain, message.Text)
	client, err := mail.NewClient(m.host, m.options()...)
	if err != nil {
		return fault.New(fault.Internal, "the mail client can't be made: %v", err)
	}
	if err := client.DialAndSendWithContext(ctx, letter); err != nil {
		return sendError(err)
	}
	return nil
}

// name gives a letter its Message-ID. One that is sent again has the same, by which mail readers know it.
func (m *Mail) name(letter *mail.Msg, id string) {
	_, domain, _ := strings.Cut(m.settings.From, "@")
	if id == "" || domain == "" {
		letter.SetMessageID()
		return
	}
	letter.SetMessageIDWithValue(id + "@" + strings.TrimRight(domain, ">"))
}

func (m *Mail) options() []mail.Option {
	options := []mail.Option{mail.WithPort(m.port), mail.WithTimeout(sendTimeout)}
	switch m.settings.Encryption {
	case StartTLS:
		options = append(options, mail.WithTLSPolicy(mail.TLSMandatory))
	case Implicit:
		options = append(options, mail.WithSSL())
	default:
		options = append(options, mail.WithTLSPolicy(mail.NoTLS))
	}
	if m.settings.TLS != nil {
		config := m.settings.TLS.Clone()
		config.ServerName = m.host
		options = append(options, mail.WithTLSConfig(config))
	}
	if m.settings.User != "" {
		options = append(options, mail.WithUsername(m.settings.User), mail.WithPassword(m.settings.Password), mail.WithSMTPAuth(mail.SMTPAuthAutoDiscover))
	}
	return options
}

// sendError keeps of a failure what helps an operator and names nobody.
func sendError(err error) error {
	var refusal *mail.SendError
	if errors.As(err, &refusal) {
		return fault.New(fault.Internal, "the mail server refused a message with reply %d", refusal.ErrorCode())
	}
	var network *net.OpError
	if errors.As(err, &network) {
		return fault.New(fault.Internal, "the mail server can't be reached: %v", network.Err)
	}
	return fault.New(fault.Internal, "the mail server can't be talked to: %v", err)
}
