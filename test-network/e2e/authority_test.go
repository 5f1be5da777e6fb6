//go:build network

package e2e

import (
	"bytes"
	"crypto/tls"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/hyperledger/fabric-protos-go-apiv2/common"
	"github.com/hyperledger/fabric-protos-go-apiv2/orderer"
	"github.com/hyperledger/fabric-protos-go-apiv2/peer"

	"github.com/tallystick/tallystick/chaincode/engine"
	"github.com/tallystick/tallystick/chaincode/wire"
	"github.com/tallystick/tallystick/network/ca"
	"github.com/tallystick/tallystick/network/membership"
	"github.com/tallystick/tallystick/network/rundir"
)

// secondAuthorityPorts lie apart from every consortium's.
const secondAuthorityPorts = 23200

// secondAuthority starts another real authority of a member's, with a root of its own and the same identities, and gives a consortium whose users of this member are the new authority's.
func (c *consortium) secondAuthority(t *testing.T, member string) *consortium {
	t.Helper()
	second := &consortium{dir: must[rundir.Dir](t)(rundir.At(t.TempDir())), env: c.env, connections: c.connections, members: must[*membership.Membership](t)(c.members.WithPortBase(secondAuthorityPorts))}
	of, _ := second.members.Member(member)
	fabric := filepath.Join(root, "network/build/fabric")
	authority := must[*ca.Authority](t)(ca.Prepare(second.dir, second.members, of, filepath.Join(fabric, "fabric-ca-client")))
	var log bytes.Buffer
	server := exec.Command(filepath.Join(fabric, "fabric-ca-server"), "start", "--home", second.dir.CA(member), "--address", membership.Host)
	server.Stdout, server.Stderr = &log, &log
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = server.Process.Signal(syscall.SIGTERM)
		_ = server.Wait()
		if t.Failed() {
			t.Logf("the second authority's log:\n%s", log.Bytes()[max(0, log.Len()-2000):])
		}
	})
	listen, _ := second.members.CAPorts(member)
	until(t, "the second authority listens", func() bool {
		connection, err := tls.Dial("tcp", membership.Address(listen), &tls.Config{InsecureSkipVerify: true}) // Only whether it is there; enrolling checks its certificate.
		if err == nil {
			_ = connection.Close()
		}
		return err == nil
	})
	if err := authority.EnrolAll(t.Context()); err != nil {
		t.Fatal(err)
	}
	return second
}

// TestASecondAuthorityOfAMembersIsBelievedBesideTheFirst: by a change of the channel that the member's administrator signs alone. The new one's people then do what
// their roles say and its auditors write nothing; the first one's
// are as before; and once the new root is dropped, nobody takes anything from its people.
func TestASecondAuthorityOfAMembersIsBelievedBesideTheFirst(t *testing.T) {
	const member = "airline"
	second := three.secondAuthority(t, member)
	fresh := func(name string) *user {
		u := second.user(t, member, name)
		u.on = three
		return u
	}
	operator, auditor, regular := fresh(engine.RoleOperator), fresh(engine.RoleAuditor), three.user(t, member, engine.RoleOperator)
	for _, p := range three.endorsers() {
		if operator.letIn(t, p) {
			t.Fatalf("%s believes an authority that the channel doesn't know", p)
		}
	}
	root := second.dir.CACertificate(member)
	three.tallyCA(t, member, "add-root", "--certificate", root)
	defer three.tallyCA(t, member, "drop-root", "--certificate", root)
	for _, p := range three.endorsers() {
		until(t, p+" believes the second authority", func() bool { return operator.letIn(t, p) })
		if !regular.letIn(t, p) {
			t.Errorf("%s doesn't believe the first authority any more", p)
		}
	}
	if out := three.tallyCA(t, member, "add-root", "--certificate", root); !strings.Contains(out, "Nothing had to change") {
		t.Errorf("once more: %s", out)
	}
	if out, err := three.attempt("tally-ca", "--member", member, "drop-root", "--certificate", three.dir.CACertificate(member)); err == nil || !strings.Contains(out, "SETTING_INVALID") {
		t.Errorf("the administrator may cut itself off: %v %s", err, out)
	}
	endorsed := three.answered(t, operator)
	for _, node := range allOrderers { // Each takes the change over in its own time.
		until(t, node+" believes the second authority", func() bool { return operator.handsOver(t, node, endorsed).GetStatus() == common.Status_SUCCESS })
	}
	three.requireOrdered(t, operator)
	three.requireOrdered(t, regular)
	three.refusedAtOrderers(t, auditor, three.answered(t, auditor))
	three.tallyCA(t, member, "drop-root", "--certificate", root)
	for _, p := range three.endorsers() {
		until(t, p+" believes the second authority no more", func() bool { return !operator.letIn(t, p) })
		if !regular.letIn(t, p) {
			t.Errorf("%s refuses the first authority's", p)
		}
	}
	endorsed = three.answered(t, regular)
	for _, node := range allOrderers {
		until(t, node+" believes the second authority no more", func() bool { return operator.handsOver(t, node, endorsed).GetStatus() == common.Status_FORBIDDEN })
	}
	three.refusedAtOrderers(t, operator, endorsed)
	three.requireOrdered(t, regular)
}

// answered is a peer's endorsed answer to a question of the user's.
func (c *consortium) answered(t *testing.T, u *user) *peer.ProposalResponse {
	t.Helper()
	response, err := u.endorse(t, u.propose(t, "points-airline", nil, wire.FnGetProgramme, "{}"), "peer0.airline")
	if err != nil || response.GetEndorsement() == nil {
		t.Fatalf("the peer gives no answer: %v %s", err, response.GetResponse().GetMessage())
	}
	return response
}

// requireOrdered requires that every ordering node takes a transaction of the user's, of which nothing comes: it has the endorsement of another proposal.
func (c *consortium) requireOrdered(t *testing.T, u *user) {
	t.Helper()
	endorsed := c.answered(t, u)
	for _, node := range allOrderers {
		if got := u.handsOver(t, node, endorsed); got.GetStatus() != common.Status_SUCCESS {
			t.Errorf("%s answered %s %q, want %s", node, got.GetStatus(), got.GetInfo(), common.Status_SUCCESS)
		}
	}
}

// handsOver gives an ordering node a transaction of the user's with the endorsement of another proposal.
func (u *user) handsOver(t *testing.T, node string, endorsed *peer.ProposalResponse) *orderer.BroadcastResponse {
	t.Helper()
	own := u.propose(t, "points-airline", nil, wire.FnGetProgramme, "{}")
	return u.broadcast(t, node, u.envelope(t, own, endorsed))
}
