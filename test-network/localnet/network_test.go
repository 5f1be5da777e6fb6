//go:build network

package localnet

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/hyperledger/fabric-admin-sdk/pkg/channel"
	"github.com/hyperledger/fabric-admin-sdk/pkg/identity"
	"github.com/hyperledger/fabric-gateway/pkg/client"
	"github.com/hyperledger/fabric-protos-go-apiv2/common"
	"google.golang.org/grpc"

	"github.com/tallystick/tallystick/network/failure"
	"github.com/tallystick/tallystick/network/lifecycle"
	"github.com/tallystick/tallystick/network/membership"
	"github.com/tallystick/tallystick/network/node"
)

// Ports of the tests' consortia: apart from `make run`'s and from the end-to-end tests'.
const testPortBase = 31000

const networkPatience = 8 * time.Minute

// realSettings uses the real programs; the chaincode server is built for the test.
func realSettings(t *testing.T, file string) Settings {
	t.Helper()
	s, err := DefaultSettings(os.Stderr)
	if err != nil {
		t.Fatal(err)
	}
	top, err := Top()
	if err != nil {
		t.Fatal(err)
	}
	s.Membership = filepath.Join(top, file)
	s.Run = filepath.Join(t.TempDir(), "run")
	s.PortBase = testPortBase
	s.Bin = t.TempDir()
	build := exec.Command("go", "build", "-o", filepath.Join(s.Bin, chaincodeProgram), "./chaincode/cmd/"+chaincodeProgram)
	build.Dir = top
	if output, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, output)
	}
	return s
}

// bringUp starts a consortium without gateways, founded, and ends it with the test.
func bringUp(t *testing.T, s Settings) *Consortium {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), networkPatience)
	defer cancel()
	t.Cleanup(func() {
		if err := Down(s.Run); err != nil {
			t.Error(err)
		}
	})
	if _, err := (&Network{Settings: s, Found: Found}).Up(ctx, WithoutGateways); err != nil {
		t.Fatal(err)
	}
	c, err := Open(s.Run)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestConsortiumOfThreeBrands(t *testing.T) {
	s := realSettings(t, "organizations/membership.yaml")
	c := bringUp(t, s)
	t.Run("second up says so", func(t *testing.T) { secondUp(t, s) })
	t.Run("founding again does nothing", func(t *testing.T) { foundAgain(t, c) })
	t.Run("regulator reads blocks", func(t *testing.T) { regulatorReads(t, c) })
	t.Run("regulator can't propose", func(t *testing.T) { regulatorProposes(t, c) })
	t.Run("regulator can't submit", func(t *testing.T) { regulatorSubmits(t, c) })
	t.Run("regulator's admin can't restore its right to write", func(t *testing.T) { regulatorRestores(t, c) })
	t.Run("a brand's admin can't let more of its identities write", func(t *testing.T) { brandWidens(t, c) })
	t.Run("stopped node comes back on its ledger", func(t *testing.T) { stopAndStart(t, c) })
	t.Run("crashed node is seen", func(t *testing.T) { crash(t, c, s) })
	t.Run("down leaves nothing", func(t *testing.T) { downLeavesNothing(t, c, s) })
}

func TestConsortiumOfFourBrandsAndASecondPeer(t *testing.T) {
	c := bringUp(t, realSettings(t, "test-network/four-brands.yaml"))
	if got := c.States()[node.Running]; got != len(c.Nodes) {
		t.Fatalf("%d of %d nodes run", got, len(c.Nodes))
	}
	admin := signer(t, c, "grocer", membership.AdminIdentity)
	for index := range 2 {
		ctx, cancel := context.WithTimeout(t.Context(), networkPatience)
		defer cancel()
		definitions, err := lifecycle.QueryDefinitions(ctx, peerOf(t, c, "grocer", index), admin, c.Membership.Channel)
		if err != nil || len(definitions) != 5 {
			t.Errorf("peer%d.grocer knows %d chaincodes, %v", index, len(definitions), err)
		}
	}
	// The second peer answers from a chaincode server of its own.
	gateway := signer(t, c, "grocer", string(membership.GatewayRole))
	if _, err := propose(t, c, "grocer", 1, gateway, "points-grocer", "GetProgramme", "{}"); err != nil {
		t.Error(err)
	}
}

func secondUp(t *testing.T, s Settings) {
	outcome, err := (&Network{Settings: s}).Up(t.Context(), WithoutGateways)
	if err != nil || outcome != AlreadyUp {
		t.Fatalf("outcome %v, %v", outcome, err)
	}
}

// foundAgain shows that founding finds everything as it left it: windows, votes and agreements included.
func foundAgain(t *testing.T, c *Consortium) {
	ctx, cancel := context.WithTimeout(t.Context(), networkPatience)
	defer cancel()
	before := height(ctx, t, c)
	if err := Found(ctx, c); err != nil {
		t.Fatal(err)
	}
	if after := height(ctx, t, c); after != before {
		t.Errorf("%d blocks became %d", before, after)
	}
	gateway := signer(t, c, "airline", string(membership.GatewayRole))
	for function, document := range map[string]string{
		"GetOpenWindow": `{"currency":"GBP"}`, "GetAllocation": `{"a":"airline","b":"hotel","currency":"GBP"}`, "GetAgreement": `{"a":"airline","b":"hotel","version":1}`,
	} {
		if _, err := propose(t, c, "airline", 0, gateway, "clearing", function, document); err != nil {
			t.Error(err)
		}
	}
}

// height is that of the peer which is furthest: others may be a block behind.
func height(ctx context.Context, t *testing.T, c *Consortium) uint64 {
	t.Helper()
	var furthest uint64
	for _, brand := range c.Membership.Brands() {
		info, err := channel.GetBlockChainInfo(ctx, peerOf(t, c, brand.Name, 0), signer(t, c, brand.Name, membership.AdminIdentity), c.Membership.Channel)
		if err != nil {
			t.Fatal(err)
		}
		furthest = max(furthest, info.GetHeight())
	}
	return furthest
}

func regulatorReads(t *testing.T, c *Consortium) {
	auditor := signer(t, c, "regulator", string(membership.AuditorRole))
	ctx, cancel := context.WithTimeout(t.Context(), networkPatience)
	defer cancel()
	block := readBlock(ctx, t, c, auditor, 0)
	if block.GetHeader().GetNumber() != 0 || len(block.GetData().GetData()) != 1 {
		t.Fatalf("block %v", block.GetHeader())
	}
}

func regulatorProposes(t *testing.T, c *Consortium) {
	for _, name := range []string{string(membership.AuditorRole), membership.AdminIdentity} {
		regulator := signer(t, c, "regulator", name)
		for _, at := range []string{"regulator", "airline"} {
			_, err := propose(t, c, at, 0, regulator, "points-airline", "GetProgramme", "{}")
			if err == nil || !strings.Contains(err.Error(), "/Channel/Application/Proposers") {
				t.Errorf("%s of the regulator proposes at peer0.%s: %v", name, at, err)
			}
		}
	}
	if _, err := propose(t, c, "airline", 0, signer(t, c, "airline", string(membership.GatewayRole)), "points-airline", "GetProgramme", "{}"); err != nil {
		t.Errorf("a brand's gateway is refused too: %v", err)
	}
}

// regulatorSubmits hands over what any writer could, as do a brand's identities that aren't writers: the ordering service asks who sends before it asks what.
func regulatorSubmits(t *testing.T, c *Consortium) {
	for _, sender := range []struct {
		member, name string
		want         common.Status
	}{
		{"regulator", membership.AdminIdentity, common.Status_FORBIDDEN},
		{"regulator", string(membership.AuditorRole), common.Status_FORBIDDEN},
		{"airline", string(membership.AuditorRole), common.Status_FORBIDDEN},
		{"airline", membership.RegistrarIdentity, common.Status_FORBIDDEN},
		{"airline", string(membership.GatewayRole), common.Status_SUCCESS},
	} {
		by := signer(t, c, sender.member, sender.name)
		envelope := &common.Envelope{Payload: payloadOf(t, c, by, common.HeaderType_ENDORSER_TRANSACTION, []byte("anything"))}
		envelope.Signature = sign(t, by, envelope.GetPayload())
		if status := broadcast(t, c, envelope); status != sender.want {
			t.Errorf("the ordering service answered %s of %s with %s, want %s", sender.name, sender.member, status, sender.want)
		}
	}
}

func stopAndStart(t *testing.T, c *Consortium) {
	const name = "peer0.hotel"
	if err := c.StopNodes(name); err != nil {
		t.Fatal(err)
	}
	if state := c.Supervisor.Status(name).State; state != node.Stopped {
		t.Fatalf("it is %s", state)
	}
	if err := c.StartNodes(t.Context(), name); err != nil {
		t.Fatal(err)
	}
	gateway := signer(t, c, "hotel", string(membership.GatewayRole))
	if _, err := propose(t, c, "hotel", 0, gateway, "points-hotel", "GetProgramme", "{}"); err != nil {
		t.Fatal(err)
	}
	if err := c.StartNodes(t.Context(), name); failure.CodeOf(err) != failure.NodeState {
		t.Fatalf("start of a running node: %v", err)
	}
}

func crash(t *testing.T, c *Consortium, s Settings) {
	const name = "orderer0.grocer"
	if err := c.KillNodes(name); err != nil {
		t.Fatal(err)
	}
	if states := c.States(); states[node.Crashed] != 1 {
		t.Fatalf("states %v", states)
	}
	_, err := (&Network{Settings: s}).Up(t.Context(), WithoutGateways)
	if failure.CodeOf(err) != failure.NodeState || !strings.Contains(err.Error(), "1 crashed") {
		t.Fatalf("up beside a crashed node: %v", err)
	}
	if err := c.StartNodes(t.Context()); err != nil {
		t.Fatal(err)
	}
	if states := c.States(); states[node.Running] != len(c.Nodes) {
		t.Fatalf("states %v", states)
	}
}

func downLeavesNothing(t *testing.T, c *Consortium, s Settings) {
	var handles []node.Handle
	for _, spec := range c.Nodes {
		handle, err := node.HandleOf(c.Supervisor.Status(spec.Name).Pid)
		if err != nil {
			t.Fatal(err)
		}
		handles = append(handles, handle)
	}
	if err := Down(s.Run); err != nil {
		t.Fatal(err)
	}
	for i, handle := range handles {
		if handle.Alive() {
			t.Errorf("%s still runs", c.Nodes[i].Name)
		}
	}
	if left, err := filepath.Glob(s.Run + "*"); err != nil || len(left) > 0 {
		t.Errorf("left: %v %v", left, err)
	}
	for _, port := range c.Membership.Ports() {
		listener, err := net.Listen("tcp", membership.Address(port.Number))
		if err != nil {
			t.Errorf("%s: %v", port.Node, err)
			continue
		}
		_ = listener.Close()
	}
}

func signer(t *testing.T, c *Consortium, member, name string) identity.SigningIdentity {
	t.Helper()
	of, known := c.Membership.Member(member)
	if !known {
		t.Fatalf("no member %s", member)
	}
	s, err := lifecycle.Signer(c.Dir, of, name)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func sign(t *testing.T, s identity.SigningIdentity, message []byte) []byte {
	t.Helper()
	signature, err := s.Sign(message)
	if err != nil {
		t.Fatal(err)
	}
	return signature
}

func peerOf(t *testing.T, c *Consortium, member string, index int) *grpc.ClientConn {
	t.Helper()
	connection, err := lifecycle.Connect(c.Dir, member, c.Membership.PeerPorts(member, index).Listen)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = connection.Close() })
	return connection
}

// propose asks exactly one peer to run a function.
func propose(t *testing.T, c *Consortium, at string, index int, by identity.SigningIdentity, chaincode, function, document string) ([]byte, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), networkPatience)
	defer cancel()
	response, err := lifecycle.Propose(ctx, peerOf(t, c, at, index), by, c.Membership.Channel, chaincode, function, []byte(document))
	if err != nil {
		return nil, fmt.Errorf("%s at %s: %w", function, at, err)
	}
	return response.GetPayload(), nil
}

// readBlock gets a block from the member's own peer as its client would.
func readBlock(ctx context.Context, t *testing.T, c *Consortium, by identity.SigningIdentity, number uint64) *common.Block {
	t.Helper()
	session, err := client.Connect(by, client.WithSign(by.Sign), client.WithHash(func(m []byte) []byte { return m }),
		client.WithClientConnection(peerOf(t, c, "regulator", 0)))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = session.Close() }()
	blocks, err := session.GetNetwork(c.Membership.Channel).BlockEvents(ctx, client.WithStartBlock(number))
	if err != nil {
		t.Fatal(err)
	}
	block, open := <-blocks
	if !open {
		t.Fatal("the peer sent no block")
	}
	return block
}
