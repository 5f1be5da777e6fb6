//go:build network

package e2e

import (
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/hyperledger/fabric-gateway/pkg/identity"
	"golang.org/x/sync/errgroup"

	"github.com/tallystick/tallystick/chaincode/engine"
	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/wire"
	"github.com/tallystick/tallystick/gateway/blocks"
	"github.com/tallystick/tallystick/network/membership"
)

// tallyCA runs tally-ca for a member.
func (c *consortium) tallyCA(t *testing.T, member string, args ...string) string {
	t.Helper()
	return c.run(t, "tally-ca", append([]string{"--member", member}, args...)...)
}

// letIn says whether a peer lets the identity call a function that only an operator of the airline may call; an error of the peer itself is its refusal of the identity.
func (u *user) letIn(t *testing.T, peerName string) bool {
	t.Helper()
	response, err := u.endorse(t, u.propose(t, "points-airline", nil, wire.FnAdvanceBusinessDate, `{"date":"1970-01-02"}`), peerName)
	if err != nil || response.GetResponse().GetStatus() == 500 && fault.Parse(response.GetResponse().GetMessage()) == nil {
		return false
	}
	refusal := fault.Parse(response.GetResponse().GetMessage())
	return refusal != nil && refusal.Code != fault.Forbidden
}

// endorsers are the names of all members' first peers that endorse.
func (c *consortium) endorsers() []string {
	var names []string
	for _, b := range c.members.Brands() {
		names = append(names, membership.PeerNode(b.Name, 0))
	}
	return names
}

// TestARevokedIdentityIsRefusedByEveryPeerAndOrderingNode: it is enrolled by the member's own tools, works, is revoked, and from the block of that update on nobody
// takes anything from it; nobody else is touched by it.
func TestARevokedIdentityIsRefusedByEveryPeerAndOrderingNode(t *testing.T) {
	name := "desk-" + randomHex(4)
	three.tallyCA(t, "airline", "enrol", "--name", name, "--role", engine.RoleOperator)
	u, regular := three.user(t, "airline", name), three.user(t, "airline", engine.RoleOperator)
	for _, p := range three.endorsers() {
		if !u.letIn(t, p) {
			t.Fatalf("%s doesn't let the new identity in", p)
		}
	}
	if listed := three.tallyCA(t, "airline", "list"); !strings.Contains(listed, name) {
		t.Errorf("it isn't listed:\n%s", listed)
	}
	stream := &blocks.Peer{Name: "peer0.airline", Channel: three.members.Channel, Conn: three.dial(t, "peer0.airline"), ID: u.id, Sign: u.sign}
	ended, from := make(chan error, 1), three.height(t, "airline")
	go func() {
		for _, err := range stream.Blocks(t.Context(), from, blocks.Newest, blocks.Public) {
			if err != nil {
				ended <- err
				return
			}
		}
		ended <- nil
	}()
	p := regular.propose(t, "points-airline", nil, wire.FnGetProgramme, "{}")
	endorsed, err := regular.endorse(t, p, "peer0.airline")
	if err != nil {
		t.Fatal(err)
	}
	before, _ := three.quiet(t, "airline")
	begin := time.Now()
	three.tallyCA(t, "airline", "revoke", "--name", name, "--reason", "keycompromise")
	for _, p := range three.endorsers() {
		until(t, p+" refuses the revoked identity", func() bool { return !u.letIn(t, p) })
		if !regular.letIn(t, p) {
			t.Errorf("%s refuses another identity of the member", p)
		}
	}
	t.Logf("refused everywhere %s after the command began", time.Since(begin).Round(time.Millisecond))
	three.refusedAtOrderersFromNowOn(t, u, endorsed)
	three.refusedAtPeers(t, u, three.tableCalls(t))
	select {
	case err := <-ended:
		if err == nil {
			t.Error("its stream of blocks ended without a word")
		}
	case <-time.After(patience):
		t.Error("its stream of blocks goes on")
	}
	if out, err := three.attempt("tally-ca", "--member", "airline", "renew", "--files", name); err == nil {
		t.Errorf("it was renewed: %s", out)
	}
	if again := three.tallyCA(t, "airline", "publish"); !strings.Contains(again, "knew of everything") {
		t.Errorf("publishing again says %q", again)
	}
	three.unchanged(t, "airline", before)
}

// TestTheRegulatorsRevocationIsHandedOverByABrand: the regulator may write nothing, and can still take an auditor's rights away.
func TestTheRegulatorsRevocationIsHandedOverByABrand(t *testing.T) {
	name := "auditor-" + randomHex(4)
	three.tallyCA(t, "regulator", "enrol", "--name", name, "--role", engine.RoleAuditor)
	u := three.user(t, "regulator", name)
	reads := func() error {
		p := &blocks.Peer{Name: "peer0.regulator", Channel: three.members.Channel, Conn: three.dial(t, "peer0.regulator"), ID: u.id, Sign: u.sign}
		_, err := p.Last(t.Context())
		return err
	}
	if err := reads(); err != nil {
		t.Fatalf("a new auditor can't read: %v", err)
	}
	three.tallyCA(t, "regulator", "revoke", "--name", name, "--reason", "cessationofoperation")
	until(t, "the regulator's peer refuses the revoked auditor", func() bool { return fault.CodeOf(reads()) == fault.Forbidden })
	if three.height(t, "regulator") == 0 {
		t.Error("the other auditor can't read any more")
	}
}

// load sends purchases and redemptions of a few accounts to a member's gateway until it is stopped, and counts. Every one of them has to be accepted; one that isn't
// through when the answer comes is asked for again.
type load struct {
	group errgroup.Group
	stop  atomic.Bool
	done  atomic.Int64
}

const (
	loadClients = 8
	// loadDebits of each client: fewer than the authorisations that an account can remember at once.
	loadDebits = 16
)

func (c *consortium) load(t *testing.T, member string) *load {
	t.Helper()
	l := &load{}
	key := c.key(t, member, "till")
	for range loadClients {
		account := c.funded(t, member, 1000)
		purchase := c.purchase(t, member, account, 500)
		l.group.Go(func() error {
			for n := 0; !l.stop.Load(); n++ {
				body := purchase.with(fields{"receiptNumber": unique("r")})
				if n%4 == 1 && n < 4*loadDebits {
					body = redemption(account, 2)
				}
				r := request{method: "POST", path: "/v1/operations", key: key, idempotency: unique("load"), body: body}
				a, err := c.decided(member, r)
				if err != nil || a.status != http.StatusOK {
					return errors.Join(err, fmt.Errorf("operation %d at %s: status %d: %.300s", n, member, a.status, a.body))
				}
				l.done.Add(1)
			}
			return nil
		})
	}
	return l
}

// more waits until the load has done so many operations more.
func (l *load) more(t *testing.T, n int64) {
	t.Helper()
	from := l.done.Load()
	until(t, "the load goes on", func() bool { return l.done.Load() >= from+n })
}

func (l *load) end(t *testing.T) {
	t.Helper()
	l.stop.Store(true)
	if err := l.group.Wait(); err != nil {
		t.Errorf("an operation failed after %d: %v", l.done.Load(), err)
	}
	t.Logf("%d operations, none failed", l.done.Load())
}

// metric is the value of a gateway's metric, by the beginning of its line; 0 when it isn't there.
func (c *consortium) metric(t *testing.T, member, line string) float64 {
	t.Helper()
	response := must[*http.Response](t)(http.Get(c.url(member) + "/metrics"))
	defer response.Body.Close()
	for _, l := range strings.Split(string(must[[]byte](t)(io.ReadAll(response.Body))), "\n") {
		if value, found := strings.CutPrefix(l, line+" "); found {
			return must[float64](t)(strconv.ParseFloat(value, 64))
		}
	}
	return 0
}

// reloads is how often a member's gateway has taken a renewed certificate since it started.
func (c *consortium) reloads(t *testing.T, member, certificate string) float64 {
	t.Helper()
	return c.metric(t, member, fmt.Sprintf(`tally_certificate_reloads_total{certificate=%q,outcome="taken"}`, certificate))
}

// reloaded are a gateway's certificates that TestCertificatesAreRenewedUnderLoad renews.
var reloaded = []string{"identity", "operator", "treasurer", "partnerTLS"}

// TestCertificatesAreRenewedUnderLoad: identities, TLS certificates, and those of nodes that have to start again for it, while tills go on. No operation fails, the
// ledger has transactions under the new certificates, and what the
// old ones could do can be taken from them.
func TestCertificatesAreRenewedUnderLoad(t *testing.T) {
	const member = "airline"
	l := three.load(t, member)
	defer l.end(t)
	old := three.user(t, member, engine.RoleGateway)
	before := map[string]float64{}
	for _, name := range reloaded {
		before[name] = three.reloads(t, member, name)
	}
	for _, name := range []string{engine.RoleGateway, engine.RoleOperator, engine.RoleTreasurer} {
		three.tallyCA(t, member, "renew", "--files", name)
	}
	three.tallyCA(t, member, "renew", "--files", engine.RoleGateway, "--tls")
	for _, name := range reloaded {
		until(t, "the gateway takes the renewed "+name, func() bool { return three.reloads(t, member, name) == before[name]+1 })
	}
	l.more(t, 50)
	renewed := three.user(t, member, engine.RoleGateway)
	if string(renewed.id.Credentials()) == string(old.id.Credentials()) {
		t.Fatal("the certificate is the old one")
	}
	three.requireCreator(t, member, renewed)
	three.tallyCA(t, member, "revoke", "--superseded", engine.RoleGateway)
	until(t, "the old certificate is refused", func() bool {
		_, err := old.endorse(t, old.propose(t, "points-airline", nil, wire.FnGetProgramme, "{}"), "peer0.airline")
		return err != nil
	})
	l.more(t, 50)
	for _, node := range []string{"orderer0.airline", "peer0.hotel", "chaincode0.hotel"} {
		three.renewNode(t, node)
		l.more(t, 50)
	}
}

// TestOrderingNodesGetFreshTLSKeysUnderLoad: the channel learns the certificate, the node starts anew, one after the other, the leader among them, while tills go on.
// No operation fails, and none of the nodes is lost to the others:
// with the first or the second of them away afterwards, the two that stay still order, for which both are needed.
func TestOrderingNodesGetFreshTLSKeysUnderLoad(t *testing.T) {
	l := three.load(t, "airline")
	defer l.end(t)
	longest := l.watch(t)
	for _, node := range allOrderers {
		_, member, _ := strings.Cut(node, ".")
		before := three.shown(t, member, node)
		three.script(t, "renew.sh", member, "--rekey", node)
		after := three.shown(t, member, node)
		if string(before.RawSubjectPublicKeyInfo) == string(after.RawSubjectPublicKeyInfo) {
			t.Errorf("%s has its old TLS key", node)
		}
		l.more(t, 20)
	}
	t.Logf("operations stood still for %s at most", longest().Round(time.Millisecond))
	for _, node := range allOrderers[:2] {
		three.stop(t, node)
		three.refusedRekey(t, "orderer0.grocer")
		l.more(t, 20)
		three.start(t, node)
		l.more(t, 20)
	}
}

// refusedRekey requires that a node gets no fresh key while another one is away: two fewer of three would order nothing. Which of the others is named depends on
// whether they have elected a leader again.
func (c *consortium) refusedRekey(t *testing.T, node string) {
	t.Helper()
	_, member, _ := strings.Cut(node, ".")
	before := c.shown(t, member, node)
	if out, err := c.attempt("tally-ca", "--member", member, "rekey", "--node", node, "--wait", "1s"); err == nil || !strings.Contains(out, "isn't up with the other ordering nodes") {
		t.Errorf("%s got a fresh key while another one was away: %v %s", node, err, out)
	}
	if !c.shown(t, member, node).Equal(before) {
		t.Errorf("%s shows another certificate", node)
	}
}

// watch measures from now on how long the load stood still at most.
func (l *load) watch(t *testing.T) (longest func() time.Duration) {
	t.Helper()
	var most atomic.Int64
	ctx := t.Context()
	go func() {
		ticker := time.NewTicker(pollEvery)
		defer ticker.Stop()
		done, since := l.done.Load(), time.Now()
		for ctx.Err() == nil {
			<-ticker.C
			if now := l.done.Load(); now != done {
				done, since = now, time.Now()
			}
			most.Store(max(most.Load(), int64(time.Since(since))))
		}
	}()
	return func() time.Duration { return time.Duration(most.Load()) }
}

// script runs one of the operators' scripts on the consortium.
func (c *consortium) script(t *testing.T, name string, args ...string) {
	t.Helper()
	command := c.command("tallynet")
	command.Path, command.Args = filepath.Join(root, "scripts", name), append([]string{name}, args...)
	if out, err := command.CombinedOutput(); err != nil {
		t.Fatalf("scripts/%s %s: %v\n%s", name, strings.Join(args, " "), err, out)
	}
}

// requireCreator requires that the newest transactions of a member's gateway were made under a certificate.
func (c *consortium) requireCreator(t *testing.T, member string, u *user) {
	t.Helper()
	until(t, "a transaction under the renewed certificate", func() bool {
		last := c.height(t, member)
		for d, err := range c.chain(t, member).Blocks(t.Context(), last, last, blocks.Public) {
			if err != nil {
				t.Fatal(err)
			}
			for _, raw := range d.Block.GetData().GetData() {
				if strings.Contains(string(raw), string(u.id.Credentials())) {
					return true
				}
			}
		}
		return false
	})
}

// renewNode renews what a node shows and starts it anew, as scripts/renew.sh does.
func (c *consortium) renewNode(t *testing.T, name string) {
	t.Helper()
	_, member, _ := strings.Cut(name, ".")
	before := c.shown(t, member, name)
	c.script(t, "renew.sh", member, name)
	after := c.shown(t, member, name)
	if before.SerialNumber.Cmp(after.SerialNumber) == 0 {
		t.Errorf("%s shows its old certificate", name)
	}
	if strings.HasPrefix(name, "peer") {
		c.requireConnections(t, name)
	}
	if strings.HasPrefix(name, "orderer") && string(before.RawSubjectPublicKeyInfo) != string(after.RawSubjectPublicKeyInfo) {
		t.Errorf("%s has another TLS key: the channel doesn't know it", name)
	}
}

// requireConnections: a peer that was renewed shows its new certificate to the chaincode servers, by the files that it has kept of their packages.
func (c *consortium) requireConnections(t *testing.T, name string) {
	t.Helper()
	_, member, _ := strings.Cut(name, ".")
	certificate := must[[]byte](t)(os.ReadFile(c.dir.Identity(member, name).TLSCertificate()))
	kept := must[[]string](t)(filepath.Glob(filepath.Join(c.dir.Data(name), "externalbuilder", "builds", "*", "release", "chaincode", "server", "connection.json")))
	if len(kept) == 0 {
		t.Errorf("%s has kept no connection", name)
	}
	for _, file := range kept {
		if shown := decode[map[string]any](t, must[[]byte](t)(os.ReadFile(file)))["client_cert"]; shown != string(certificate) {
			t.Errorf("%s still shows its old certificate by %s", name, file)
		}
	}
}

// shown is the TLS certificate in a node's files.
func (c *consortium) shown(t *testing.T, member, name string) *x509.Certificate {
	t.Helper()
	return must[*x509.Certificate](t)(identity.CertificateFromPEM(must[[]byte](t)(os.ReadFile(c.dir.Identity(member, name).TLSCertificate()))))
}
