//go:build network

package e2e

import (
	"strings"
	"testing"
	"time"

	"github.com/hyperledger/fabric-protos-go-apiv2/common"
	"github.com/hyperledger/fabric-protos-go-apiv2/orderer"
	"github.com/hyperledger/fabric-protos-go-apiv2/peer"

	"github.com/tallystick/tallystick/chaincode/clearing"
	"github.com/tallystick/tallystick/chaincode/engine"
	"github.com/tallystick/tallystick/chaincode/engine/accesstest"
	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/wire"
	"github.com/tallystick/tallystick/network/membership"
)

// call is a function of a chaincode with a document that gets past decoding.
type tableCall struct {
	engine.Access
	chaincode, document string
	transient           map[string][]byte
}

// tableCalls are all functions of the airline's points and of clearing, as they stand in the tables.
func (c *consortium) tableCalls(t *testing.T) []tableCall {
	t.Helper()
	reader := c.user(t, "airline", string(membership.AuditorRole))
	founders := decode[clearing.Consortium](t, reader.query(t, engine.ClearingChaincode, wire.FnGetConsortium, "{}"))
	members := accesstest.Members{Founders: &founders}
	for _, m := range founders.Members {
		switch m.Name {
		case "airline":
			members.Home = m
		case "hotel":
			members.Partner = m
		}
	}
	for i := range founders.Members { // As they founded, whatever was voted since.
		founders.Members[i].Status = ""
	}
	var calls []tableCall
	for _, contract := range []struct {
		chaincode string
		table     []engine.Access
		documents map[string]any
	}{{"points-airline", engine.PointsAccess(), accesstest.Points(members)}, {engine.ClearingChaincode, engine.ClearingAccess(), accesstest.Clearing(members)}} {
		for _, row := range contract.table {
			document, there := contract.documents[row.Function]
			if !there {
				t.Fatalf("package accesstest has no document for %s", row.Function)
			}
			calls = append(calls, tableCall{row, contract.chaincode, string(must[[]byte](t)(wire.Encode(document))), must[map[string][]byte](t)(accesstest.Transient(members, row.Function))})
		}
	}
	return calls
}

// kindOf says what the members are to the documents of tableCalls.
func kindOf(member string) accesstest.Kind {
	switch member {
	case "airline":
		return accesstest.Issuer
	case "hotel":
		return accesstest.Partner
	}
	return accesstest.Other
}

// roleless are identities without a role.
var roleless = []string{membership.AdminIdentity, membership.RegistrarIdentity}

// TestTheRoleTableWalked proposes every function under every identity of every brand to the issuer's peer, and expects cell by cell what the table says. Nothing that
// was refused has an endorsement, and nothing changes.
func TestTheRoleTableWalked(t *testing.T) {
	calls := three.tableCalls(t)
	before, height := three.quiet(t, "airline")
	cells, admitted := 0, 0
	for _, brand := range three.members.Brands() {
		names := append([]string{}, roleless...)
		for _, role := range brand.Roles() {
			names = append(names, string(role))
		}
		for _, name := range names {
			u, role := three.user(t, brand.Name, name), name
			if name == membership.AdminIdentity || name == membership.RegistrarIdentity {
				role = ""
			}
			for i := range calls {
				cells++
				if three.walk(t, u, &calls[i], kindOf(brand.Name), role) {
					admitted++
				}
			}
		}
	}
	three.unchanged(t, "airline", before)
	if now := three.height(t, "airline"); now != height {
		t.Errorf("the chain grew from block %d to %d", height, now)
	}
	t.Logf("%d cells, %d admitted", cells, admitted)
}

// quietFor is how long nothing has to have been written: gateways that start fence the lanes that they find, one after the other.
const quietFor = 3 * time.Second

// quiet waits until nobody writes by itself, and gives a brand's books and the height of its chain from then.
func (c *consortium) quiet(t *testing.T, brand string) (books, uint64) {
	t.Helper()
	height, since := c.height(t, brand), time.Now()
	until(t, "the network is quiet", func() bool {
		if now := c.height(t, brand); now != height {
			height, since = now, time.Now()
		}
		return time.Since(since) > quietFor
	})
	return c.books(t, brand), height
}

// walk tries one cell and says whether the call was let in.
func (c *consortium) walk(t *testing.T, u *user, call *tableCall, kind accesstest.Kind, role string) bool {
	t.Helper()
	response, err := u.endorse(t, u.propose(t, call.chaincode, call.transient, call.Function, call.document), membership.PeerNode("airline", 0))
	if err != nil {
		t.Fatalf("%s by %s as %q: the peer refuses: %v", call.Function, kind, role, err)
	}
	code := fault.OK
	if refusal := fault.Parse(response.GetResponse().GetMessage()); refusal != nil {
		code = refusal.Code
	}
	status := response.GetResponse().GetStatus()
	switch want := accesstest.Admitted(call.Access, kind, role); {
	case call.Entry == engine.EntryClearing:
		if code != fault.WrongEntryPoint || response.GetEndorsement() != nil {
			t.Errorf("%s by %s as %q: %d %s, want %s: no client calls it itself", call.Function, kind, role, status, code, fault.WrongEntryPoint)
		}
		return false
	case want && (code == fault.Forbidden || code == fault.OK && status != 200):
		t.Errorf("%s by %s as %q: %d %.200q, want it let in", call.Function, kind, role, status, response.GetResponse().GetMessage())
	case !want && (code != fault.Forbidden || response.GetEndorsement() != nil):
		t.Errorf("%s by %s as %q: %d %s (endorsed: %v), want %s", call.Function, kind, role, status, code, response.GetEndorsement() != nil, fault.Forbidden)
	default:
		return want
	}
	return false
}

// TestStrangersAreRefusedEverywhere: an expired certificate, one by an authority of the same name, a copied attribute, the regulator's people and others may not call
// a single function of the tables at any peer, read no block, and
// no ordering node takes what they send.
func TestStrangersAreRefusedEverywhere(t *testing.T) {
	calls := three.tableCalls(t)
	before, height := three.quiet(t, "airline")
	strangers, inOrder := three.strangers(t)
	for _, name := range []string{string(membership.AuditorRole), membership.AdminIdentity} {
		strangers["the regulator's "+name] = three.user(t, "regulator", name)
	}
	p := inOrder.propose(t, "points-airline", nil, wire.FnGetProgramme, "{}")
	endorsed, err := inOrder.endorse(t, p, "peer0.airline")
	if err != nil || endorsed.GetEndorsement() == nil {
		t.Fatalf("a certificate that is in order: %v %s", err, endorsed.GetResponse().GetMessage())
	}
	for name, u := range strangers {
		t.Run(name, func(t *testing.T) {
			three.refusedAtPeers(t, u, calls)
			three.refusedAtOrderers(t, u, endorsed)
		})
	}
	three.unchanged(t, "airline", before)
	if now := three.height(t, "airline"); now != height {
		t.Errorf("the chain grew from block %d to %d", height, now)
	}
}

// refusedAtPeers requires that peers refuse the caller itself, before a chaincode sees the call.
func (c *consortium) refusedAtPeers(t *testing.T, u *user, calls []tableCall) {
	t.Helper()
	for i := range calls {
		for _, name := range []string{"peer0.airline", "peer0.hotel"} {
			response, err := u.endorse(t, u.propose(t, calls[i].chaincode, calls[i].transient, calls[i].Function, calls[i].document), name)
			if err == nil && response.GetResponse().GetStatus() < 400 || response.GetEndorsement() != nil || fault.Parse(response.GetResponse().GetMessage()) != nil {
				t.Fatalf("%s at %s: %v, error %v; want the caller refused", calls[i].Function, name, response.GetResponse(), err)
			}
		}
	}
}

// refusedAtOrderers requires that no ordering node takes a transaction of the caller's, though it has an endorsement. Of an expired certificate they say that the request is bad.
func (c *consortium) refusedAtOrderers(t *testing.T, u *user, endorsements ...*peer.ProposalResponse) {
	t.Helper()
	for _, brand := range c.members.Brands() {
		name := membership.OrdererNode(brand.Name, 0)
		if got, refused := u.refusedAtOrderer(t, name, endorsements...); !refused {
			t.Errorf("%s answered %s %q, want %s", name, got.GetStatus(), got.GetInfo(), common.Status_FORBIDDEN)
		}
	}
}

// refusedAtOrderersFromNowOn requires the same after a change of the channel, which every ordering node learns at its own time: peers may have it before some of them.
func (c *consortium) refusedAtOrderersFromNowOn(t *testing.T, u *user, endorsements ...*peer.ProposalResponse) {
	t.Helper()
	for _, brand := range c.members.Brands() {
		name := membership.OrdererNode(brand.Name, 0)
		until(t, name+" takes nothing of the caller's any more", func() bool {
			_, refused := u.refusedAtOrderer(t, name, endorsements...)
			return refused
		})
	}
	c.refusedAtOrderers(t, u, endorsements...)
}

// refusedAtOrderer hands over a transaction of the user's, with endorsements of another one.
func (u *user) refusedAtOrderer(t *testing.T, name string, endorsements ...*peer.ProposalResponse) (got *orderer.BroadcastResponse, refused bool) {
	t.Helper()
	own := u.propose(t, "points-airline", nil, wire.FnGetProgramme, "{}")
	got = u.broadcast(t, name, u.envelope(t, own, endorsements...))
	return got, got.GetStatus() == common.Status_FORBIDDEN || strings.Contains(got.GetInfo(), "identity expired")
}

// TestOnlyWritersAreOrdered: no ordering node takes a transaction of an identity without a role that writes, of whatever member, though peers ran its function and
// endorsed the outcome. Those of writers and administrators they take.
func TestOnlyWritersAreOrdered(t *testing.T) {
	before, height := three.quiet(t, "airline")
	for _, member := range three.members.Members {
		for _, name := range []string{membership.RegistrarIdentity, string(membership.AuditorRole)} {
			u := three.user(t, member.Name, name)
			own := u.propose(t, "points-airline", nil, wire.FnGetProgramme, "{}")
			by := u
			if !member.IsBrand() { // Peers run nothing for it: it shows what they said to somebody else.
				by = three.user(t, "airline", name)
			}
			answered, err := by.endorse(t, by.propose(t, "points-airline", nil, wire.FnGetProgramme, "{}"), "peer0.airline")
			if err != nil || answered.GetEndorsement() == nil {
				t.Fatalf("%s's %s may not ask: %v %s", member.Name, name, err, answered.GetResponse().GetMessage())
			}
			for _, node := range allOrderers {
				if got := u.broadcast(t, node, u.envelope(t, own, answered)); got.GetStatus() != common.Status_FORBIDDEN {
					t.Errorf("%s answered %s's %s with %s %q, want %s", node, member.Name, name, got.GetStatus(), got.GetInfo(), common.Status_FORBIDDEN)
				}
			}
		}
	}
	three.unchanged(t, "airline", before)
	if now := three.height(t, "airline"); now != height {
		t.Errorf("the chain grew from block %d to %d", height, now)
	}
	for _, name := range []string{membership.AdminIdentity, engine.RoleGateway, engine.RoleOperator, engine.RoleTreasurer, engine.RoleCompliance} {
		three.requireOrdered(t, three.user(t, "airline", name))
	}
}

// TestAuditorsReadAndNothingElse: an auditor at a member may query, one at the regulator only reads blocks; neither function that writes lets them in (that the walk
// shows), nor does any ordering node.
func TestAuditorsReadAndNothingElse(t *testing.T) {
	for _, member := range []string{"airline", "regulator"} {
		if three.height(t, member) == 0 {
			t.Errorf("%s's auditor reads no blocks", member)
		}
	}
	auditor := three.user(t, "airline", string(membership.AuditorRole))
	if got := auditor.query(t, "points-hotel", wire.FnGetProgramme, "{}"); len(got) == 0 {
		t.Error("a member's auditor can't read another programme")
	}
}
