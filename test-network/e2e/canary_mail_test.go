//go:build network

package e2e

import (
	"bytes"
	"encoding/json"
	"io"
	"mime/quotedprintable"
	"net"
	"net/mail"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/emersion/go-smtp"
	"go.yaml.in/yaml/v3"

	"github.com/tallystick/tallystick/network/nodeconfig"
)

// mailbox is a mail server on this machine: it keeps what it gets in memory, so that nothing of it lies on the disk that is looked through.
type mailbox struct {
	mu      sync.Mutex
	letters []*letter
	unknown map[string]bool // Addresses that it refuses, and names in doing so, as real servers do.
	refused int             // How often it did.
}

// letter is one message. Read ones aren't given again.
type letter struct {
	to   string
	raw  []byte
	read bool
}

func openMailbox(t *testing.T) (box *mailbox, address string) {
	t.Helper()
	box = &mailbox{unknown: map[string]bool{}}
	listener := must[net.Listener](t)(net.Listen("tcp", "127.0.0.1:0"))
	server := smtp.NewServer(box)
	server.Domain = "localhost"
	ended := make(chan struct{})
	go func() { _ = server.Serve(listener); close(ended) }()
	t.Cleanup(func() { _ = server.Close(); <-ended })
	return box, listener.Addr().String()
}

// NewSession implements smtp.Backend.
func (b *mailbox) NewSession(*smtp.Conn) (smtp.Session, error) { return &delivery{box: b}, nil }

type delivery struct {
	box *mailbox
	to  string
}

func (d *delivery) Mail(string, *smtp.MailOptions) error { return nil }
func (d *delivery) Reset()                               {}
func (d *delivery) Logout() error                        { return nil }

func (d *delivery) Rcpt(to string, _ *smtp.RcptOptions) error {
	d.box.mu.Lock()
	defer d.box.mu.Unlock()
	if d.box.unknown[to] {
		d.box.refused++
		return &smtp.SMTPError{Code: 550, Message: "there is no mailbox " + to + " here"}
	}
	d.to = to
	return nil
}

func (d *delivery) Data(r io.Reader) error {
	raw, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	d.box.mu.Lock()
	defer d.box.mu.Unlock()
	d.box.letters = append(d.box.letters, &letter{to: d.to, raw: raw})
	return nil
}

// refuse has the server know nobody of an address.
func (b *mailbox) refuse(address string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.unknown[address] = true
}

func (b *mailbox) refusals() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.refused
}

// everything is all letters as they came.
func (b *mailbox) everything() []byte {
	b.mu.Lock()
	defer b.mu.Unlock()
	var all []byte
	for _, one := range b.letters {
		all = append(all, one.raw...)
	}
	return all
}

// next waits for a letter to an address that wasn't read and in which something stands, and gives that.
func (b *mailbox) next(t *testing.T, address string, what *regexp.Regexp) (found string) {
	t.Helper()
	until(t, "an e-mail", func() bool {
		b.mu.Lock()
		defer b.mu.Unlock()
		for _, one := range b.letters {
			if !one.read && strings.EqualFold(one.to, address) {
				if found = what.FindString(text(t, one.raw)); found != "" {
					one.read = true
					return true
				}
			}
		}
		return false
	})
	return found
}

// text is what a letter says.
func text(t *testing.T, raw []byte) string {
	t.Helper()
	message := must[*mail.Message](t)(mail.ReadMessage(bytes.NewReader(raw)))
	body := message.Body
	if strings.EqualFold(message.Header.Get("Content-Transfer-Encoding"), "quoted-printable") {
		body = quotedprintable.NewReader(body)
	}
	return string(must[[]byte](t)(io.ReadAll(body)))
}

// nextText waits for a text message to a phone that wasn't read. Messages stay in their folder: that is the one place of the airline's where a phone number may stand in the clear.
func (p *party) nextText(t *testing.T, phone string, what *regexp.Regexp) (found string) {
	t.Helper()
	until(t, "a text message", func() bool {
		names, _ := filepath.Glob(filepath.Join(p.messages(), "*.json"))
		for _, name := range names {
			raw, err := os.ReadFile(name)
			if err != nil || p.read[name] {
				continue
			}
			var m struct{ To, Text string }
			if json.Unmarshal(raw, &m) != nil || m.To != phone {
				continue
			}
			if found = what.FindString(m.Text); found != "" {
				p.read[name] = true
				return true
			}
		}
		return false
	})
	return found
}

func (p *party) messages() string { return nodeconfig.GatewayFiles(p.dir, "airline").Messages }

// posts has the airline's gateway send e-mails through a mail server, take who asks from a proxy's header, and log all that it can.
func (p *party) posts(t *testing.T) {
	t.Helper()
	box, address := openMailbox(t)
	p.mail = box
	file := p.gatewayConfig("airline")
	var settings map[string]any
	if err := yaml.Unmarshal(must[[]byte](t)(os.ReadFile(file)), &settings); err != nil {
		t.Fatal(err)
	}
	people := settings["people"].(map[string]any)
	people["smtp"] = map[string]any{"address": address, "from": "wallet@airline.example", "encryption": "none"}
	people["client"] = peerHeader
	settings["log"] = map[string]any{"level": "debug"}
	if err := os.WriteFile(file, must[[]byte](t)(yaml.Marshal(settings)), 0o600); err != nil {
		t.Fatal(err)
	}
	p.run(t, "tallynet", "restart", "gateway.airline")
	p.awaitReady(t, "airline")
}
