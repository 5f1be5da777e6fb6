//go:build network

package e2e

import (
	"bytes"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/gateway/client"
)

// backsUp copies the airline's people.db beside its running gateway, to where the scan doesn't look.
func (p *party) backsUp(t *testing.T) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "people.db")
	p.run(t, "tally-gateway", "people", "backup", file, "--config", p.gatewayConfig("airline"))
	return file
}

// restores puts a backup from before the erasures in the place of the airline's people.db. From here on everything holds for what the gateway has made of it.
func (p *party) restores(t *testing.T, backup string) {
	t.Helper()
	p.stop(t, "gateway.airline")
	file := filepath.Join(p.dir.Gateway("airline"), "people", "people.db")
	for _, old := range must[[]string](t)(filepath.Glob(file + "*")) {
		if err := os.Remove(old); err != nil {
			t.Fatal(err)
		}
	}
	copied := must[[]byte](t)(os.ReadFile(backup))
	if !bytes.Contains(copied, []byte(p.erased.id)) || !bytes.Contains(copied, []byte(p.joins.id)) {
		t.Fatal("the backup doesn't know who was erased: it shows nothing")
	}
	if err := os.WriteFile(file, copied, 0o600); err != nil {
		t.Fatal(err)
	}
	p.start(t, "gateway.airline")
	p.awaitReady(t, "airline")
	for _, g := range []*guest{&p.erased, &p.joins} {
		refused(t, p.customers(t, "GET", "/"+g.id, nil), fault.PersonUnknown)
		refused(t, p.customers(t, "POST", "/find", fields{"kind": "phone", "value": g.phone}), fault.PersonUnknown)
	}
	if a := p.customers(t, "GET", "/"+p.stays.id, nil); a.status != http.StatusOK || !bytes.Contains(a.body, []byte(p.stays.phone)) {
		t.Errorf("the other customer: %d %s", a.status, a.body)
	}
	metrics := p.call(t, "airline", request{method: "GET", path: "/metrics"}).body
	for _, line := range []string{"tally_people_erased_again_total 2", "tally_people_compared 1"} {
		if !bytes.Contains(metrics, []byte(line)) {
			t.Errorf("the metrics haven't %q", line)
		}
	}
	ready := ok[client.Readiness](t, p.call(t, "airline", request{method: "GET", path: "/readyz"}))
	if ready.Warnings == nil || !strings.Contains(strings.Join(*ready.Warnings, "\n"), "put back from a backup") {
		t.Errorf("ready: %+v", ready)
	}
}
