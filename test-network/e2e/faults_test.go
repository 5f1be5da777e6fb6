//go:build network

package e2e

import (
	"crypto/tls"
	"crypto/x509"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/tallystick/tallystick/network/membership"
	"github.com/tallystick/tallystick/network/node"
)

// Sizes of the replays that are hit midway: long enough to be hit, short enough to be done soon.
const (
	faultRows      = 6_000
	faultCustomers = 400
	faultAfter     = 800 // Operations on the ledger when the blow falls.
)

// requireExactly compares the books with a file that was replayed once or more: every customer's balance, and the number of operations, so that nothing was lost
// and nothing applied twice.
func (c *consortium) requireExactly(t *testing.T, brand, file string, before books) {
	t.Helper()
	want := recomputed(t, file, "")
	c.requireBalances(t, brand, want)
	rows := must[[]byte](t)(exec.Command("awk", "-F,", `NR > 1 && $1 != "" { n++ } END { print n + 0 }`, file).Output())
	named := must[int64](t)(strconv.ParseInt(strings.TrimSpace(string(rows)), 10, 64))
	after := c.books(t, brand).totals
	if got := after.Operations - before.totals.Operations; got != named+int64(len(want)) {
		t.Errorf("%d operations were applied, want %d receipts and %d openings", got, named, len(want))
	}
	if after.Rejected != before.totals.Rejected {
		t.Errorf("%d operations were refused, want none", after.Rejected-before.totals.Rejected)
	}
}

func TestGatewayKilledInTheMiddleOfAReplay(t *testing.T) {
	file := three.madeReceipts(t, "grocer", "crash", faultCustomers, faultRows)
	state := filepath.Join(t.TempDir(), "replay.state")
	before := three.books(t, "grocer")
	first := three.startReplay(t, "grocer", file, "--state", state)
	three.untilApplied(t, "grocer", before, faultAfter, first)
	three.kill(t, "gateway.grocer")
	first.kill()
	if got := three.state("gateway.grocer"); got != node.Crashed {
		t.Fatalf("the killed gateway is %s, want crashed", got)
	}
	three.start(t, "gateway.grocer")
	three.replayAll(t, "grocer", file, "--state", state)
	three.requireExactly(t, "grocer", file, before)
}

func TestReplayOutlivesARestartOfTheGateway(t *testing.T) {
	file := three.madeReceipts(t, "grocer", "outlive", faultCustomers, faultRows)
	before := three.books(t, "grocer")
	r := three.startReplay(t, "grocer", file)
	three.untilApplied(t, "grocer", before, faultAfter, r)
	three.kill(t, "gateway.grocer")
	three.start(t, "gateway.grocer")
	r.finish(t)
	three.requireExactly(t, "grocer", file, before)
}

// TestGatewaysDatabasePutBack gives the gateway the database of before the replay, as a restored backup would.
func TestGatewaysDatabasePutBack(t *testing.T) {
	file := three.madeReceipts(t, "grocer", "restore", faultCustomers, faultRows)
	before := three.books(t, "grocer")
	three.stop(t, "gateway.grocer")
	backup := t.TempDir()
	copyDatabase(t, three.dir.Gateway("grocer"), backup)
	three.start(t, "gateway.grocer")
	r := three.startReplay(t, "grocer", file)
	three.untilApplied(t, "grocer", before, faultAfter, r)
	three.kill(t, "gateway.grocer")
	r.kill()
	copyDatabase(t, backup, three.dir.Gateway("grocer"))
	three.start(t, "gateway.grocer")
	three.replayAll(t, "grocer", file)
	three.requireExactly(t, "grocer", file, before)
	settled := three.books(t, "grocer")
	three.replayAll(t, "grocer", file, "--idempotency-prefix", "restored")
	three.unchanged(t, "grocer", settled)
}

// copyDatabase puts the gateway's database files of one folder into another, in place of those that are there.
func copyDatabase(t *testing.T, from, to string) {
	t.Helper()
	for _, old := range must[[]string](t)(filepath.Glob(filepath.Join(to, "gateway.db*"))) {
		if err := os.Remove(old); err != nil {
			t.Fatal(err)
		}
	}
	files := must[[]string](t)(filepath.Glob(filepath.Join(from, "gateway.db*")))
	if len(files) == 0 {
		t.Fatalf("no database in %s", from)
	}
	for _, file := range files {
		if err := os.WriteFile(filepath.Join(to, filepath.Base(file)), must[[]byte](t)(os.ReadFile(file)), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

func TestRaftLeaderKilledUnderLoad(t *testing.T) {
	file := three.madeReceipts(t, "grocer", "leader", faultCustomers, faultRows)
	before := three.books(t, "grocer")
	r := three.startReplay(t, "grocer", file)
	three.untilApplied(t, "grocer", before, faultAfter, r)
	leader := three.raftLeader(t)
	three.kill(t, leader)
	until(t, "another ordering node leads", func() bool {
		next, found := three.findLeader()
		return found && next != leader
	})
	r.finish(t)
	three.start(t, leader)
	three.requireExactly(t, "grocer", file, before)
}

func TestCoEndorsingPeerKilledUnderLoad(t *testing.T) {
	file := three.madeReceipts(t, "grocer", "endorser", faultCustomers, faultRows)
	before := three.books(t, "grocer")
	r := three.startReplay(t, "grocer", file)
	three.untilApplied(t, "grocer", before, faultAfter, r)
	three.kill(t, "peer0.hotel")
	height := three.height(t, "grocer")
	r.finish(t)
	three.requireExactly(t, "grocer", file, before)
	if three.height(t, "grocer") == height {
		t.Fatal("no block came after the peer was killed: the replay wasn't hit midway")
	}
	three.start(t, "peer0.hotel")
	three.level(t)
	three.awaitReady(t, "hotel")
	three.funded(t, "hotel", 1)
}

func (c *consortium) raftLeader(t *testing.T) string {
	t.Helper()
	var leader string
	until(t, "an ordering node leads", func() (found bool) {
		leader, found = c.findLeader()
		return found
	})
	return leader
}

// findLeader asks the ordering nodes' own metrics which of those that run leads.
func (c *consortium) findLeader() (string, bool) {
	for _, brand := range c.members.Brands() {
		name := membership.OrdererNode(brand.Name, 0)
		if c.state(name) != node.Running {
			continue
		}
		metrics, err := c.metrics(brand, name)
		if err == nil && leading.MatchString(metrics) {
			return name, true
		}
	}
	return "", false
}

var leading = regexp.MustCompile(`(?m)^consensus_etcdraft_is_leader\{.*\} 1$`)

// metrics reads an ordering node's operations service, which wants a client certificate: the node's own will do.
func (c *consortium) metrics(brand membership.Member, name string) (string, error) {
	files := c.dir.Identity(brand.Name, name)
	certificate, err := tls.LoadX509KeyPair(files.TLSCertificate(), files.TLSKey())
	if err != nil {
		return "", err
	}
	root, err := os.ReadFile(c.dir.CACertificate(brand.Name))
	if err != nil {
		return "", err
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(root)
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots, Certificates: []tls.Certificate{certificate}}, DisableKeepAlives: true}
	reader := http.Client{Transport: transport, Timeout: callTimeout}
	response, err := reader.Get("https://" + membership.Address(c.members.OrdererPorts(brand.Name, 0).Operations) + "/metrics")
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	return string(body), err
}
