//go:build network

package e2e

import (
	"strings"
	"testing"

	"github.com/hyperledger/fabric-protos-go-apiv2/common"
	"github.com/hyperledger/fabric-protos-go-apiv2/peer"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/wire"
	"github.com/tallystick/tallystick/network/membership"
)

// TestRegulatorCannotPropose: no peer, its own included, runs a function for it, so it can't even obtain an endorsement.
func TestRegulatorCannotPropose(t *testing.T) {
	for _, name := range []string{string(membership.AuditorRole), membership.AdminIdentity} {
		u := three.user(t, "regulator", name)
		p := u.propose(t, "points-airline", nil, wire.FnSubmitBatch, fence(attackLane, 1))
		for _, peerName := range []string{"peer0.regulator", "peer0.airline", "peer0.hotel"} {
			response, err := u.endorse(t, p, peerName)
			if response.GetEndorsement() != nil || err == nil || !strings.Contains(err.Error(), "/Channel/Application/Proposers") {
				t.Errorf("%s answered the regulator's %s with %v, error %v; want it refused by the policy of proposers", peerName, name, response.GetResponse(), err)
			}
		}
	}
}

// TestRegulatorCannotSubmit: with endorsements that brands' peers gave somebody else, in an envelope of its own, every ordering node refuses it.
func TestRegulatorCannotSubmit(t *testing.T) {
	before, height := three.quiet(t, "airline")
	gateway := three.user(t, "airline", string(membership.GatewayRole))
	p := gateway.propose(t, "points-airline", nil, wire.FnSubmitBatch, fence(attackLane, 1))
	var responses []*peer.ProposalResponse
	for _, name := range []string{"peer0.airline", "peer0.hotel"} {
		response, err := gateway.endorse(t, p, name)
		if err != nil || response.GetEndorsement() == nil {
			t.Fatalf("%s doesn't endorse: %v %s", name, err, response.GetResponse().GetMessage())
		}
		responses = append(responses, response)
	}
	for _, name := range []string{string(membership.AuditorRole), membership.AdminIdentity} {
		regulator := three.user(t, "regulator", name)
		own := regulator.propose(t, "points-airline", nil, wire.FnSubmitBatch, fence(attackLane, 1))
		for _, orderer := range []string{"orderer0.airline", "orderer0.hotel", "orderer0.grocer"} {
			if got := regulator.broadcast(t, orderer, regulator.envelope(t, own, responses...)); got.GetStatus() != common.Status_FORBIDDEN {
				t.Errorf("%s answered the regulator's %s with %s %q, want FORBIDDEN", orderer, name, got.GetStatus(), got.GetInfo())
			}
		}
	}
	three.unchanged(t, "airline", before)
	if now := three.height(t, "airline"); now != height {
		t.Fatalf("the chain grew from block %d to %d", height, now)
	}
}

// TestRegulatorsGatewayReadsAndNeverWrites also shows that it reads what only members of a brand's private collection see: its projection has the brand's receipts.
func TestRegulatorsGatewayReadsAndNeverWrites(t *testing.T) {
	account := three.funded(t, "hotel", 42)
	key := three.key(t, "regulator", "read")
	untilDone(t, "the regulator sees the account", func() error {
		a := three.call(t, "regulator", request{method: "GET", path: "/v1/accounts/" + account, key: key})
		if a.status != 200 || decode[position](t, a.body).Posted != 42 {
			return a.unexpected()
		}
		return nil
	})
	before, _ := three.quiet(t, "hotel")
	for _, write := range []request{
		{method: "POST", path: "/v1/operations", body: three.purchase(t, "hotel", account, 100)},
		{method: "POST", path: "/v1/operations/bulk", body: fields{"operations": []any{}}},
		{method: "POST", path: "/v1/accounts", body: fields{}},
		{method: "POST", path: "/v1/operations/prepare", body: fields{"kind": "adjust", "account": account, "points": 1, "reason": "error"}},
		{method: "POST", path: "/v1/quotes", body: fields{"kind": "redeem", "account": account, "points": 1}},
		{method: "POST", path: "/v1/mandates", body: fields{"operation": fields{"account": account, "kind": "redeem", "points": 1}}},
		{method: "POST", path: "/v1/programmes/hotel/business-date", body: fields{"date": today()}},
	} {
		write.key, write.idempotency = key, unique("regulator")
		refused(t, three.call(t, "regulator", write), fault.ReadOnly)
	}
	three.unchanged(t, "hotel", before)
}
