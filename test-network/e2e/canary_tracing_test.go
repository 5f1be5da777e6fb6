//go:build network

package e2e

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"github.com/tallystick/tallystick/test-network/canary"
)

// tracesName is the file in each gateway's folder to which it writes traces: the scan looks through it as through everything below the consortium's folder.
const tracesName = "traces.jsonl"

// traceLabel is what a caller's trace is called in reports.
const traceLabel = "a trace's id"

// records has every member's gateway record all requests. The airline's starts with it when it is started to send e-mails.
func (p *party) records(t *testing.T) {
	t.Helper()
	for _, member := range p.members.Members {
		file := p.gatewayConfig(member.Name)
		var settings map[string]any
		if err := yaml.Unmarshal(must[[]byte](t)(os.ReadFile(file)), &settings); err != nil {
			t.Fatal(err)
		}
		settings["tracing"] = map[string]any{"file": tracesName}
		if err := os.WriteFile(file, must[[]byte](t)(yaml.Marshal(settings)), 0o600); err != nil {
			t.Fatal(err)
		}
		if member.Name != "airline" {
			p.run(t, "tallynet", "restart", "gateway."+member.Name)
		}
	}
	for _, member := range p.members.Members {
		p.awaitReady(t, member.Name)
	}
}

// mistraces names guests in what callers say of their own traces.
func (p *party) mistraces(t *testing.T) {
	t.Helper()
	p.trace = "a" + randomHex(7) + "b" + randomHex(7) + "cd"
	span := "e" + randomHex(7) + "f"
	p.shows(p.call(t, "airline", request{
		method: "GET", path: "/v1/programmes/airline", key: p.key(t, "airline", "read"), header: map[string]string{"traceparent": "00-" + p.trace + "-" + span + "-01"},
	}))
	for _, g := range p.guests() {
		card := strings.ReplaceAll(g.card, " ", "")
		phone := strings.TrimPrefix(g.phone, "+")
		for _, parent := range []string{"00-" + p.trace + "-" + card + "-01", "00-" + strings.Repeat("0", 32-len(phone)) + phone + "-" + span + "-01", g.email} {
			p.shows(p.call(t, "airline", request{
				method: "GET", path: "/v1/programmes/airline", key: p.key(t, "airline", "read"),
				header: map[string]string{"traceparent": parent, "tracestate": "till=" + g.email, "baggage": "who=" + g.email, "User-Agent": g.email},
			}))
		}
	}
}

// requireTraces: gateways did record, from requests to batches and calls to peers, and the scan has looked through it.
func (p *party) requireTraces(t *testing.T, report *canary.Report) {
	t.Helper()
	found := false
	for _, f := range report.Findings {
		found = found || f.Canary == traceLabel && filepath.Base(strings.SplitN(f.Where, " ", 2)[0]) == tracesName
	}
	if !found {
		t.Error("a trace's id isn't found in any file with traces: the scan is broken")
	}
	for member, names := range map[string][]string{
		"airline":   {"POST /v1/operations", "POST /v1/customers/find", "outbox", "operation", "batch", "endorse", "submit", "commit", "gateway.Gateway/Endorse", "gateway.Gateway/Submit"},
		"hotel":     {"POST /v1/challenges", "partner"},
		"grocer":    {"POST /v1/identifications"},
		"regulator": nil,
	} {
		written := must[[]byte](t)(os.ReadFile(filepath.Join(p.dir.Gateway(member), tracesName)))
		for _, name := range names {
			if !bytes.Contains(written, []byte(`{"Name":"`+name+`"`)) {
				t.Errorf("%s's gateway has recorded no %s", member, name)
			}
		}
	}
}
