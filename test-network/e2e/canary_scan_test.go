//go:build network

package e2e

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/tallystick/tallystick/network/membership"
	"github.com/tallystick/tallystick/test-network/canary"
)

// metrics fetches what every node tells its operators.
func (p *party) metrics(t *testing.T) map[string][]byte {
	t.Helper()
	all := map[string][]byte{}
	for _, member := range p.members.Members {
		for _, path := range []string{"/metrics", "/readyz"} {
			all[member.Name+path] = p.call(t, member.Name, request{method: "GET", path: path, key: p.key(t, member.Name, "read")}).body
		}
		roots := x509.NewCertPool()
		roots.AppendCertsFromPEM(must[[]byte](t)(os.ReadFile(p.dir.CACertificate(member.Name))))
		own := p.dir.Identity(member.Name, membership.PeerNode(member.Name, 0))
		pair := must[tls.Certificate](t)(tls.LoadX509KeyPair(own.TLSCertificate(), own.TLSKey()))
		trusting := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots, Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12}}}
		ports := map[string]int{}
		for i := range member.Peers {
			ports[membership.PeerNode(member.Name, i)] = p.members.PeerPorts(member.Name, i).Operations
		}
		for i := range member.Orderers {
			ports[membership.OrdererNode(member.Name, i)] = p.members.OrdererPorts(member.Name, i).Operations
		}
		for node, port := range ports {
			response, err := trusting.Get("https://" + membership.Address(port) + "/metrics")
			if err != nil {
				t.Fatalf("%s's metrics: %v", node, err)
			}
			all[node] = must[[]byte](t)(io.ReadAll(response.Body))
			if err := response.Body.Close(); err != nil || !bytes.Contains(all[node], []byte("# HELP")) {
				t.Fatalf("%s's metrics: %.200s, %v", node, all[node], err)
			}
		}
	}
	return all
}

// scan looks through everything that the stopped consortium left on disk, what was answered to whoever may learn nothing, and metrics.
func (p *party) scan(t *testing.T, metrics map[string][]byte) {
	t.Helper()
	controls := append(slices.Clone(p.planted), secret("an operation's id", p.operation), secret("a request's id", p.request), secret(traceLabel, p.trace))
	scanner := must[*canary.Scanner](t)(canary.NewScanner(slices.Concat(p.canaries(), controls)...))
	for i, a := range p.answers {
		scanner.Bytes(fmt.Sprintf("answer %d", i), a.body)
		for name, values := range a.header {
			scanner.Bytes(fmt.Sprintf("answer %d header %s", i, name), []byte(strings.Join(values, "\n")))
		}
	}
	for name, text := range metrics {
		scanner.Bytes(name, text)
	}
	scanner.Tree(p.dir.Root, nil)
	report := scanner.Report()
	for _, err := range report.Faults {
		t.Error(err)
	}
	t.Logf("%d bytes were looked at; opened: %v; %d answers", report.Size, report.Opened, len(p.answers))
	p.requireControls(t, report)
	p.requireTraces(t, report)
	p.requireMail(t)
	sent := 0
	for _, f := range report.Findings {
		switch {
		case slices.ContainsFunc(controls, func(c canary.Canary) bool { return c.Label == f.Canary }):
		case strings.HasPrefix(f.Where, p.messages()): // In place of a provider of text messages.
			sent++
		default:
			t.Error(f)
		}
	}
	if sent == 0 {
		t.Error("no phone number is found in the text messages: the scan is broken")
	}
}

// requireMail: the scanner finds addresses in e-mails as they went through the mail server, which is where they may be.
func (p *party) requireMail(t *testing.T) {
	t.Helper()
	scanner := must[*canary.Scanner](t)(canary.NewScanner(slices.Concat(p.erased.canaries(), p.joins.canaries())...))
	scanner.Bytes("e-mails", p.mail.everything())
	report := scanner.Report()
	if found := report.Of(canary.Bytes); !slices.Equal(found, []string{"Ada's e-mail", "Cleo's e-mail"}) {
		t.Errorf("in e-mails there are %q", found)
	}
}

// requireControls: what may stand in a store was found there, and nowhere else.
func (p *party) requireControls(t *testing.T, report *canary.Report) {
	t.Helper()
	public, private := p.planted[0].Label, p.planted[1].Label
	for store, want := range map[canary.Store][]string{
		canary.Blocks: {public, "an operation's id"}, canary.RaftLog: {public}, canary.LevelDB: {public, private}, canary.SQLite: {private, "an operation's id"},
		canary.Bytes: {"a request's id"}, canary.File: {"a request's id"},
	} {
		for _, label := range want {
			if found := report.Of(store); !slices.Contains(found, label) {
				t.Errorf("%s isn't found in any %s (found: %q): the scan is broken", label, store, found)
			}
		}
	}
	for _, f := range report.Findings {
		for _, outsider := range []string{"orderer", p.dir.Gateway("hotel"), p.dir.Gateway("grocer"), p.dir.Logs()} {
			if f.Canary == private && strings.Contains(f.Where, outsider) {
				t.Errorf("a text of the airline's private details is found outside: %s", f)
			}
		}
	}
}
