//go:build network

package e2e

import (
	"testing"

	"github.com/hyperledger/fabric-protos-go-apiv2/peer"

	"github.com/tallystick/tallystick/chaincode/wire"
	"github.com/tallystick/tallystick/network/membership"
)

// TestFourBrands brings up a fourth brand and a second peer of grocer's from an entry in the membership file, and shows that two endorsements stay enough:
// with three brands a policy that asks for more would pass unseen.
func TestFourBrands(t *testing.T) {
	four := ownConsortium(t, "test-network/four-brands.yaml", fourRun, fourPorts)
	file := sample(t, four, 11)
	four.replaySample(t, file)
	for _, brand := range sampleBrands {
		four.requireBalances(t, brand, recomputed(t, file, brand))
	}
	filmgoer := four.open(t, "cinema", fields{"reference": "a filmgoer"})
	ok[operation](t, four.submit(t, "cinema", four.purchase(t, "cinema", filmgoer, 4_250)))
	if got := four.account(t, "cinema", filmgoer); got.Posted != 85 {
		t.Errorf("the fourth brand gave %d points for 42.50 at two points for a pound, want 85", got.Posted)
	}
	four.requireHonestBooks(t)

	for i, coEndorser := range []string{"peer0.airline", "peer0.hotel", "peer0.grocer"} {
		u := four.user(t, "cinema", string(membership.GatewayRole))
		p := u.propose(t, "points-cinema", nil, wire.FnSubmitBatch, fence(honestLane+i, 1))
		var responses []*peer.ProposalResponse
		for _, name := range []string{"peer0.cinema", coEndorser} {
			response, err := u.endorse(t, p, name)
			if err != nil || response.GetEndorsement() == nil {
				t.Fatalf("%s doesn't endorse: %v %s", name, err, response.GetResponse().GetMessage())
			}
			responses = append(responses, response)
		}
		if code := u.commit(t, p, responses...); code != peer.TxValidationCode_VALID {
			t.Errorf("a batch endorsed by the issuer and %s was validated as %s", coEndorser, code)
		}
	}
	t.Run("three brands without the issuer", func(t *testing.T) {
		u := four.user(t, "cinema", string(membership.GatewayRole))
		p := u.propose(t, "points-cinema", nil, wire.FnSubmitBatch, fence(attackLane, 1))
		var responses []*peer.ProposalResponse
		for _, name := range []string{"peer0.airline", "peer0.hotel", "peer0.grocer"} {
			response, err := u.endorse(t, p, name)
			if err != nil || response.GetEndorsement() == nil {
				t.Fatalf("%s doesn't endorse: %v %s", name, err, response.GetResponse().GetMessage())
			}
			responses = append(responses, response)
		}
		if code := u.commit(t, p, responses...); code != peer.TxValidationCode_ENDORSEMENT_POLICY_FAILURE {
			t.Errorf("validated as %s, want ENDORSEMENT_POLICY_FAILURE", code)
		}
	})
	t.Run("one of the issuer's two peers ends", func(t *testing.T) {
		account := four.funded(t, "grocer", 3)
		earn := four.purchase(t, "grocer", account, 400)
		four.kill(t, "peer0.grocer")
		ok[operation](t, four.submit(t, "grocer", earn))
		if got := four.position(t, "grocer", account); got.Posted != 7 {
			t.Errorf("the account holds %d points, want 7", got.Posted)
		}
		four.start(t, "peer0.grocer")
		four.level(t)
		four.requireHonestBooks(t)
	})
	t.Run("a running programme's engine", four.activatesItsNewestEngine)
	t.Run("clearing", func(t *testing.T) { testClearingOfFour(t, four) })
}
