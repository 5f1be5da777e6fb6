//go:build network

package e2e

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/hyperledger/fabric-gateway/pkg/client"
	"github.com/hyperledger/fabric-protos-go-apiv2/common"
	"github.com/hyperledger/fabric-protos-go-apiv2/gateway"
	"github.com/hyperledger/fabric-protos-go-apiv2/peer"
	"google.golang.org/protobuf/proto"

	"github.com/tallystick/tallystick/chaincode/engine"
	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/wire"
	"github.com/tallystick/tallystick/gateway/blocks"
	"github.com/tallystick/tallystick/gateway/checkpoint"
	"github.com/tallystick/tallystick/gateway/reports"
	"github.com/tallystick/tallystick/network/membership"
	"github.com/tallystick/tallystick/network/nodeconfig"
)

// brandPeers and allOrderers are those of the shared consortium.
var (
	brandPeers  = []string{"peer0.airline", "peer0.hotel", "peer0.grocer"}
	allPeers    = append([]string{"peer0.regulator"}, brandPeers...)
	allOrderers = []string{"orderer0.airline", "orderer0.hotel", "orderer0.grocer"}
)

// writingFunctions are the functions of a contract that are for certain roles, which the auditor is none of.
func writingFunctions(t *testing.T, table []engine.Access) []string {
	t.Helper()
	var names []string
	for i := range table {
		if !table[i].Admits(engine.RoleAuditor) {
			names = append(names, table[i].Function)
		}
	}
	if len(names) < 10 {
		t.Fatalf("only %v are closed to auditors", names)
	}
	return names
}

// TestAnAuditorsIdentityGetsNoEndorsement asks every peer for every function that writes: the regulator's auditor is refused by each peer itself, a brand's by the chaincode.
func TestAnAuditorsIdentityGetsNoEndorsement(t *testing.T) {
	contracts := map[string][]engine.Access{"points-airline": engine.PointsAccess(), engine.ClearingChaincode: engine.ClearingAccess()}
	three.awaitReady(t, "airline")
	before, _ := three.quiet(t, "airline")
	for _, member := range []string{"regulator", "airline"} {
		auditor := three.user(t, member, string(membership.AuditorRole))
		for chaincode, table := range contracts {
			for _, function := range writingFunctions(t, table) {
				p := auditor.propose(t, chaincode, nil, function, "{}")
				for _, name := range allPeers {
					response, err := auditor.endorse(t, p, name)
					if response.GetEndorsement() != nil || err == nil && response.GetResponse().GetStatus() < 400 {
						t.Errorf("%s endorses %s of %s for the auditor of %s", name, function, chaincode, member)
					}
				}
			}
		}
	}
	three.unmoved(t, "airline", before) // Gateways that have just started still fence their lanes.
}

// TestARegulatorsEnvelopeIsOrderedByNobody: self-made, with endorsements of others' proposals, and one of a brand's own transactions signed anew.
func TestARegulatorsEnvelopeIsOrderedByNobody(t *testing.T) {
	before, height := three.quiet(t, "airline")
	regulator := three.user(t, "regulator", string(membership.AuditorRole))
	old := lastEnvelope(t, "airline", three.user(t, "airline", string(membership.GatewayRole)))
	taken := &common.Envelope{Payload: old.Payload, Signature: regulator.signature(t, old.Payload)} // The payload says who made it.
	own := regulator.propose(t, "points-airline", nil, wire.FnSubmitBatch, fence(attackLane, 1))
	made := regulator.envelope(t, own, &peer.ProposalResponse{Payload: []byte("none")})
	for _, orderer := range allOrderers {
		for name, e := range map[string]*common.Envelope{"a brand's transaction under another signature": taken, "one of its own": made} {
			if got := regulator.broadcast(t, orderer, e); got.GetStatus() == common.Status_SUCCESS {
				t.Errorf("%s takes %s", orderer, name)
			}
		}
	}
	three.unchanged(t, "airline", before)
	if now := three.height(t, "airline"); now != height {
		t.Errorf("the chain grew from block %d to %d", height, now)
	}
}

// TestAReplayedTransactionChangesNothing: anybody who reads blocks can hand an old transaction to an ordering node as it is. It ends as a duplicate, and nothing follows from it.
func TestAReplayedTransactionChangesNothing(t *testing.T) {
	account := three.funded(t, "airline", 9)
	three.awaitReady(t, "airline")
	before, height := three.quiet(t, "airline")
	regulator := three.user(t, "regulator", string(membership.AuditorRole))
	old := lastEnvelope(t, "airline", three.user(t, "airline", string(membership.GatewayRole)))
	if got := regulator.broadcast(t, allOrderers[0], old); got.GetStatus() != common.Status_SUCCESS {
		t.Fatalf("the ordering node answers %s: what is said of replays no longer holds", got.GetStatus())
	}
	until(t, "the replayed transaction is in a block, as a duplicate", func() bool {
		now := three.height(t, "airline")
		return now > height && three.validationCodes(t, "airline", height+1, now)[peer.TxValidationCode_DUPLICATE_TXID] == 1
	})
	three.unchanged(t, "airline", before)
	if p := three.position(t, "airline", account); p.Posted != 9 {
		t.Errorf("the account has %d points", p.Posted)
	}
}

// TestABrandsAuditorCannotSubmit: peers run functions for a brand's auditor, and no ordering node takes a transaction of its, not even one that is endorsed and writes
// nothing; neither directly nor from a peer.
func TestABrandsAuditorCannotSubmit(t *testing.T) {
	before, height := three.quiet(t, "airline")
	auditor := three.user(t, "airline", string(membership.AuditorRole))
	own := auditor.propose(t, "points-airline", nil, wire.FnGetProgramme, "{}")
	var responses []*peer.ProposalResponse
	for _, name := range []string{"peer0.airline", "peer0.hotel"} {
		response := must[*peer.ProposalResponse](t)(auditor.endorse(t, own, name))
		if response.GetEndorsement() == nil {
			t.Fatalf("%s doesn't answer a question of the auditor's: %s", name, response.GetResponse().GetMessage())
		}
		responses = append(responses, response)
	}
	envelope := auditor.envelope(t, own, responses...)
	for _, name := range allOrderers {
		if got := auditor.broadcast(t, name, envelope); got.GetStatus() != common.Status_FORBIDDEN {
			t.Errorf("%s answered %s %q, want %s", name, got.GetStatus(), got.GetInfo(), common.Status_FORBIDDEN)
		}
	}
	prepared := encoded(t, &gateway.PreparedTransaction{TransactionId: own.txID, Envelope: envelope})
	for _, name := range []string{"peer0.airline", "peer0.hotel"} {
		g := auditor.gateway(t, name)
		defer g.Close()
		transaction := must[*client.Transaction](t)(g.NewTransaction(prepared))
		if _, err := transaction.SubmitWithContext(t.Context()); err == nil {
			t.Errorf("%s passed the auditor's transaction on", name)
		}
	}
	three.unchanged(t, "airline", before)
	if now := three.height(t, "airline"); now != height {
		t.Errorf("the chain grew from block %d to %d", height, now)
	}
}

// lastEnvelope is the newest valid transaction that a user made, as it stands in its block.
func lastEnvelope(t *testing.T, member string, by *user) *common.Envelope {
	t.Helper()
	chain := three.chain(t, member)
	for n := three.height(t, member); n > 0; n-- {
		for d, err := range chain.Blocks(t.Context(), n, n, blocks.Public) {
			if err != nil {
				t.Fatal(err)
			}
			b := must[*blocks.Block](t)(d.Decode())
			for i := range b.Transactions {
				tx := &b.Transactions[i]
				if !tx.Valid() || tx.Kind != common.HeaderType_ENDORSER_TRANSACTION || tx.Creator.MSP != by.id.MspID() || len(tx.Args) == 0 || string(tx.Args[0]) != wire.FnSubmitBatch {
					continue
				}
				e := new(common.Envelope)
				if err := proto.Unmarshal(d.Block.Data.Data[i], e); err != nil {
					t.Fatal(err)
				}
				return e
			}
		}
	}
	t.Fatal("no transaction is found")
	return nil
}

// route is one of the document's.
type route struct{ method, path string }

// writingRoutes are those that the document marks as answered by a gateway that writes, and that want a key: customers sign in without one.
func writingRoutes(t *testing.T) []route {
	t.Helper()
	doc := must[*openapi3.T](t)(openapi3.NewLoader().LoadFromFile(filepath.Join(root, "gateway/api/openapi.yaml")))
	var all []route
	for path, item := range doc.Paths.Map() {
		for method, operation := range item.Operations() {
			public := operation.Security != nil && len(*operation.Security) == 0
			if operation.Extensions["x-writer"] == true && !public {
				filled := strings.NewReplacer("{name}", "airline", "{currency}", "GBP", "{number}", "1", "{a}", "airline", "{b}", "hotel").Replace(path)
				for strings.Contains(filled, "{") {
					head, rest, _ := strings.Cut(filled, "{")
					_, tail, _ := strings.Cut(rest, "}")
					filled = head + strings.Repeat("0", 32) + tail
				}
				all = append(all, route{method, filled})
			}
		}
	}
	if len(all) < 20 {
		t.Fatalf("%d routes write", len(all))
	}
	return all
}

// TestNoWritingRouteTakesAReadersKey tries every writing route of every gateway: with the regulator's keys, and with the keys that a brand gives to those who only look.
func TestNoWritingRouteTakesAReadersKey(t *testing.T) {
	before, _ := three.quiet(t, "airline")
	readers := []string{"read", "audit", "treasury-read"}
	for _, r := range writingRoutes(t) {
		for _, name := range readers {
			for _, member := range []string{"airline", "hotel", "grocer", "regulator"} {
				for holder, key := range map[string]string{"its own": three.key(t, member, name), "the regulator's": three.key(t, "regulator", name)} {
					a := three.call(t, member, request{method: r.method, path: r.path, key: key, idempotency: unique("reader"), body: fields{}})
					refusedAll := a.status == http.StatusForbidden || a.status == http.StatusUnauthorized
					if readOnly := a.status == fault.Lookup(fault.ReadOnly).Status && member == "regulator"; !refusedAll && !readOnly {
						// A brand's reader may ask for a quote: it changes nothing.
						if r.path == "/v1/quotes" && a.status >= 400 {
							continue
						}
						t.Errorf("%s %s at %s with %s %s key: %d %.200s", r.method, r.path, member, holder, name, a.status, a.body)
					}
				}
			}
		}
	}
	three.unchanged(t, "airline", before)
}

// asOf is where a report stands.
type asOf struct {
	AsOf struct {
		Block uint64 `json:"block"`
		Hash  string `json:"hash"`
		Time  string `json:"time"`
	} `json:"asOf"`
}

func (c *consortium) report(t *testing.T, member, name string) ([]byte, uint64) {
	t.Helper()
	a := c.call(t, member, request{method: "GET", path: "/v1/reports/" + name, key: c.key(t, member, "audit")})
	if a.status != http.StatusOK {
		t.Fatalf("%s at %s: %d %s", name, member, a.status, a.body)
	}
	return a.body, decode[asOf](t, a.body).AsOf.Block
}

// TestReportsAreKeptSigned by the member's and the regulator's own keys, as founding drew them, and verified with nothing but their public parts.
func TestReportsAreKeptSigned(t *testing.T) {
	for _, member := range []string{"airline", "regulator"} {
		keys := must[*checkpoint.Keys](t)(checkpoint.ParseKeys(string(must[[]byte](t)(os.ReadFile(nodeconfig.GatewayFiles(three.dir, member).PublicReportKey)))))
		a := three.call(t, member, request{method: "GET", path: "/v1/signed-reports/supply", key: three.key(t, member, "audit")})
		if a.status != http.StatusOK {
			t.Fatalf("%s: %d %s", member, a.status, a.body)
		}
		st, signers, err := reports.OpenSigned(a.body, keys)
		if err != nil || st.Member != member || len(signers) != 1 || signers[0] != member+"/reports" || !strings.HasPrefix(st.Software, "tally-gateway ") || st.Executable == checkpoint.None {
			t.Errorf("%s: %+v by %v (%v)", member, st, signers, err)
		}
	}
}

// TestReportsAreTheSameAtAMemberAndAtTheRegulator once both have the same block. Of money between brands each has what its peer holds.
func TestReportsAreTheSameAtAMemberAndAtTheRegulator(t *testing.T) {
	account := three.funded(t, "airline", 500)
	ok[operation](t, three.submit(t, "airline", redemption(account, 120)))
	for _, name := range []string{"supply", "concentration", "consents", "freezes", "adjustments", "limited-network"} {
		t.Run(name, func(t *testing.T) {
			var one, two []byte
			until(t, "both have the same block", func() bool {
				var x, y uint64
				one, x = three.report(t, "airline", name)
				two, y = three.report(t, "regulator", name)
				return x == y
			})
			if string(one) != string(two) {
				t.Errorf("the airline says\n%s\nthe regulator\n%s", one, two)
			}
		})
	}
	regulator, own := flowsOf(t, "regulator"), flowsOf(t, "airline")
	for _, held := range own.Held {
		if held.A != "airline" && held.B != "airline" {
			t.Errorf("the airline holds what %s and %s owe each other", held.A, held.B)
		}
	}
	for _, o := range own.Owed {
		if o.A != "airline" && o.B != "airline" {
			t.Errorf("the airline is told what %s and %s owe each other", o.A, o.B)
		}
	}
	if len(regulator.Held) < 2 {
		t.Errorf("the regulator holds the data of %v only", regulator.Held)
	}
}

// flows is what the tests look at in the report of what moved between brands.
type flows struct {
	Held, Owed []struct{ A, B string }
}

func flowsOf(t *testing.T, member string) flows {
	t.Helper()
	body, _ := three.report(t, member, "flows")
	return decode[flows](t, body)
}

// TestTheRegulatorsGatewayIsFedByItsOwnPeerAlone: without that peer it says so and stands still, though three other peers would deliver.
func TestTheRegulatorsGatewayIsFedByItsOwnPeerAlone(t *testing.T) {
	three.awaitReady(t, "regulator")
	three.stop(t, "peer0.regulator")
	stopped := true
	defer func() {
		if stopped {
			three.start(t, "peer0.regulator")
			three.awaitReady(t, "regulator")
		}
	}()
	until(t, "the regulator's gateway says that it is stale", func() bool {
		a, err := three.try("regulator", request{method: "GET", path: "/readyz"})
		return err == nil && a.status == http.StatusServiceUnavailable && strings.Contains(string(a.body), "no blocks from the peer")
	})
	_, before := three.report(t, "regulator", "supply")
	account := three.funded(t, "airline", 11)
	_, member := three.report(t, "airline", "supply")
	if _, now := three.report(t, "regulator", "supply"); now != before || member <= before {
		t.Errorf("the regulator's gateway went from block %d to %d without its peer; the airline has %d", before, now, member)
	}
	if a := three.call(t, "regulator", request{method: "GET", path: "/v1/accounts/" + account, key: three.key(t, "regulator", "read")}); a.status != http.StatusNotFound {
		t.Errorf("it has an account from another peer: %d %s", a.status, a.body)
	}
	three.start(t, "peer0.regulator")
	stopped = false
	until(t, "it has caught up from its own peer", func() bool {
		a, err := three.try("regulator", request{method: "GET", path: "/readyz"})
		_, now := three.report(t, "regulator", "supply")
		return err == nil && a.status == http.StatusOK && now >= member
	})
}

// TestTwoAuditorsSignTheSame: one at the regulator, one at the airline, one with nothing but the archive.
func TestTwoAuditorsSignTheSame(t *testing.T) {
	three.funded(t, "airline", 5)
	dir := t.TempDir()
	archive := filepath.Join(dir, "archive")
	three.run(t, "tally-audit", "archive", "write", "--config", three.gatewayConfig("regulator"), "--to", archive, "--segment", "50")
	out := three.run(t, "tally-audit", "archive", "verify", archive)
	height, _, _ := strings.Cut(strings.TrimSpace(out), " ")
	three.level(t) // It writes a checkpoint at that height too.

	keys := filepath.Join(dir, "auditors.pub")
	var public []byte
	for _, name := range []string{"regulator", "airline", "archive"} {
		three.run(t, "tally-audit", "checkpoint", "keygen", "--name", name+"/auditor", "--out", filepath.Join(dir, name))
		public = append(public, must[[]byte](t)(os.ReadFile(filepath.Join(dir, name, "auditor.pub")))...)
	}
	if err := os.WriteFile(keys, public, 0o600); err != nil {
		t.Fatal(err)
	}
	for name, source := range map[string][]string{
		"regulator": {"--config", three.gatewayConfig("regulator")}, "airline": {"--config", three.gatewayConfig("airline")}, "archive": {"--from-archive", archive},
	} {
		three.run(t, "tally-audit", append([]string{
			"checkpoint", "write", "--at", height, "--key", filepath.Join(dir, name, "auditor.secret"), "--auditors", keys, "--chain", filepath.Join(dir, name, "chain"),
		}, source...)...)
	}
	for _, other := range []string{"airline", "archive"} {
		if out := three.run(t, "tally-audit", "checkpoint", "compare", "--auditors", keys, filepath.Join(dir, "regulator", "chain"), filepath.Join(dir, other, "chain")); !strings.Contains(out, "both say the same") {
			t.Error(out)
		}
	}
	// Everything since is audited from that checkpoint on.
	three.funded(t, "airline", 6)
	three.level(t)
	notes := must[[]string](t)(filepath.Glob(filepath.Join(dir, "airline", "chain", "*.note")))
	out = three.run(t, "tally-audit", "checkpoint", "write", "--config", three.gatewayConfig("regulator"), "--key", filepath.Join(dir, "regulator", "auditor.secret"),
		"--auditors", keys, "--chain", filepath.Join(dir, "regulator", "chain"), "--trust", notes[0])
	if !strings.Contains(out, "NOT checked again, on the word of the checkpoint at height") {
		t.Error(out)
	}
	three.level(t)
	three.run(t, "tally-audit", "archive", "write", "--config", three.gatewayConfig("airline"), "--to", archive)
	three.run(t, "tally-audit", "--from-archive", archive, "--auditors", keys, "--chain", filepath.Join(dir, "regulator", "chain"))
}
