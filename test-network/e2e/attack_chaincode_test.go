//go:build network

package e2e

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/hyperledger/fabric-protos-go-apiv2/peer"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/wire"
	"github.com/tallystick/tallystick/network/membership"
)

// Lanes that the tests write by themselves; the gateways use the low ones.
const (
	attackLane = 200
	honestLane = 201
)

// fence is a batch without operations: the smallest document that advances a lane.
func fence(lane int, seq int64) string {
	return fmt.Sprintf(`{"lane":%d,"seq":%d,"operations":[]}`, lane, seq)
}

// mint is a batch that awards points to an account of airline, with its private details: what a thief would send.
func mint(t *testing.T, c *consortium, lane int, seq int64, account string) (document string, transient map[string][]byte) {
	t.Helper()
	id := points.OperationID(randomHex(16))
	request := wire.BatchRequest{Lane: lane, Seq: seq, Operations: []points.Operation{{ID: id, Kind: points.KindEarn, Account: points.AccountID(account)}}}
	details := wire.BatchDetails{V: 1, Salt: randomHex(32), Operations: []points.Details{{
		Operation: id, AmountMinor: 100_000, Currency: "GBP", OccurredAt: c.businessDate(t, "airline") + "T10:00:00Z",
		Merchant: "airline", Store: "nowhere", Terminal: "none", Reference: unique("mint"),
	}}}
	raw := must[[]byte](t)(wire.Encode(details))
	return string(must[[]byte](t)(wire.Encode(request))), map[string][]byte{wire.DetailsTransient: raw}
}

// TestChaincodeRefusesWhatTheContractAPIWouldTake sends calls that never pass through a gateway of ours to the issuer's peer.
func TestChaincodeRefusesWhatTheContractAPIWouldTake(t *testing.T) {
	gateway := three.user(t, "airline", string(membership.GatewayRole))
	before, _ := three.quiet(t, "airline")
	for _, attack := range []struct {
		name string
		args []string
		code fault.Code
	}{
		{"a sequence that skips ahead", []string{wire.FnSubmitBatch, fence(attackLane, 2)}, fault.LaneSequence},
		{"sequence zero", []string{wire.FnSubmitBatch, fence(attackLane, 0)}, fault.InvalidValue},
		{"a lane beyond the last", []string{wire.FnSubmitBatch, fence(wire.MaxLane+1, 1)}, fault.InvalidValue},
		{"a lower-case first letter", []string{"submitBatch", fence(attackLane, 1)}, fault.UnknownFunction},
		{"a name qualified by the contract's type", []string{"PointsContract:SubmitBatch", fence(attackLane, 1)}, fault.UnknownFunction},
		{"a name qualified by the contract's name", []string{"points:SubmitBatch", fence(attackLane, 1)}, fault.UnknownFunction},
		{"an exported method that is no function", []string{"GetEvaluateTransactions", "{}"}, fault.UnknownFunction},
		{"a surplus argument", []string{wire.FnSubmitBatch, fence(attackLane, 1), "{}"}, fault.ArgumentCount},
		{"a function without its document", []string{wire.FnSubmitBatch}, fault.ArgumentCount},
		{"no arguments at all", nil, fault.ArgumentCount},
		{"an empty function", []string{""}, fault.UnknownFunction},
		{"an empty document", []string{wire.FnSubmitBatch, ""}, fault.Malformed},
		{"null", []string{wire.FnSubmitBatch, "null"}, fault.Malformed},
		{"an array", []string{wire.FnSubmitBatch, "[]"}, fault.Malformed},
		{"null within the document", []string{wire.FnSubmitBatch, fmt.Sprintf(`{"lane":%d,"seq":1,"operations":null}`, attackLane)}, fault.Malformed},
		{"an unknown field", []string{wire.FnSubmitBatch, fmt.Sprintf(`{"lane":%d,"seq":1,"operations":[],"admin":true}`, attackLane)}, fault.Malformed},
		{"a field twice", []string{wire.FnSubmitBatch, fmt.Sprintf(`{"lane":%d,"lane":7,"seq":1,"operations":[]}`, attackLane)}, fault.Malformed},
		{"a field in other case", []string{wire.FnSubmitBatch, fmt.Sprintf(`{"Lane":%d,"seq":1,"operations":[]}`, attackLane)}, fault.Malformed},
		{"a fraction", []string{wire.FnSubmitBatch, fmt.Sprintf(`{"lane":%d,"seq":1.5,"operations":[]}`, attackLane)}, fault.Malformed},
		{"text behind the document", []string{wire.FnSubmitBatch, fence(attackLane, 1) + "{}"}, fault.Malformed},
		{"an oversized document", []string{wire.FnSubmitBatch, strings.Repeat(" ", wire.MaxDocument) + fence(attackLane, 1)}, fault.TooLarge},
	} {
		t.Run(attack.name, func(t *testing.T) {
			refusedByChaincode(t, gateway, gateway.propose(t, "points-airline", nil, attack.args...), attack.code)
		})
	}
	three.unchanged(t, "airline", before)
}

// TestChaincodeRefusesBatchesThatDoNotHoldTogether: too many operations, and private details that are missing or another operation's.
func TestChaincodeRefusesBatchesThatDoNotHoldTogether(t *testing.T) {
	gateway := three.user(t, "airline", string(membership.GatewayRole))
	account := three.funded(t, "airline", 5)
	before := three.books(t, "airline")
	document, details := mint(t, three, attackLane, 1, account)
	_, others := mint(t, three, attackLane, 1, account)
	many := wire.BatchRequest{Lane: attackLane, Seq: 1}
	for range wire.MaxBatch + 1 {
		many.Operations = append(many.Operations, points.Operation{ID: points.OperationID(randomHex(16)), Kind: points.KindEarn, Account: points.AccountID(account)})
	}
	twice := wire.BatchRequest{Lane: attackLane, Seq: 1, Operations: []points.Operation{many.Operations[0], many.Operations[0]}}
	for _, attack := range []struct {
		name, document string
		transient      map[string][]byte
		code           fault.Code
	}{
		{"too many operations", string(must[[]byte](t)(wire.Encode(many))), details, fault.TooLarge},
		{"an operation twice", string(must[[]byte](t)(wire.Encode(twice))), details, fault.InvalidValue},
		{"no private details", document, nil, fault.Malformed},
		{"private details of another operation", document, others, fault.DetailsMismatch},
	} {
		t.Run(attack.name, func(t *testing.T) {
			refusedByChaincode(t, gateway, gateway.propose(t, "points-airline", attack.transient, wire.FnSubmitBatch, attack.document), attack.code)
		})
	}
	three.unchanged(t, "airline", before)
}

// refusedByChaincode requires that the issuer's peer and another brand's give no endorsement, with this code.
func refusedByChaincode(t *testing.T, u *user, p proposal, code fault.Code) {
	t.Helper()
	for _, name := range []string{"peer0.airline", "peer0.hotel"} {
		response, err := u.endorse(t, p, name)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		refusal := fault.Parse(response.GetResponse().GetMessage())
		if response.GetEndorsement() != nil || refusal == nil || refusal.Code != code {
			t.Fatalf("%s answered %d %.300q (endorsed: %v), want %s", name, response.GetResponse().GetStatus(), response.GetResponse().GetMessage(),
				response.GetEndorsement() != nil, code)
		}
	}
}

// TestRoleCountsOnlyTogetherWithTheOrganisation: an attribute is only the word of the caller's own CA.
func TestRoleCountsOnlyTogetherWithTheOrganisation(t *testing.T) {
	before := three.books(t, "airline")
	for _, caller := range []struct{ member, identity string }{
		{"hotel", "gateway"}, // The right role, another brand's.
		{"airline", "admin"}, // The right organisation, its administrator.
		{"airline", "operator"}, {"airline", "treasurer"}, {"airline", "compliance"}, {"airline", "auditor"},
	} {
		t.Run(caller.member+" "+caller.identity, func(t *testing.T) {
			u := three.user(t, caller.member, caller.identity)
			refusedByChaincode(t, u, u.propose(t, "points-airline", nil, wire.FnSubmitBatch, fence(attackLane, 1)), fault.Forbidden)
		})
	}
	for _, caller := range []struct{ member, identity string }{{"hotel", "operator"}, {"airline", "gateway"}, {"airline", "admin"}} {
		t.Run(caller.member+" "+caller.identity+" moves the business date", func(t *testing.T) {
			u := three.user(t, caller.member, caller.identity)
			refusedByChaincode(t, u, u.propose(t, "points-airline", nil, wire.FnAdvanceBusinessDate, `{"date":"2030-01-01"}`), fault.Forbidden)
		})
	}
	three.unchanged(t, "airline", before)
}

// TestFoundingHappensOnceAndByItsOwners: nobody founds again, or a programme that is not theirs.
func TestFoundingHappensOnceAndByItsOwners(t *testing.T) {
	operator := three.user(t, "airline", string(membership.OperatorRole))
	consortium := string(operator.query(t, "clearing", wire.FnGetConsortium, "{}"))
	programme := fmt.Sprintf(`{"brand":"airline","displayName":"Mine","currency":"GBP","simulated":true,"businessDate":"2000-01-01",`+
		`"terms":{"version":1,"rate":{"num":9,"den":1},"maxReceiptAgeDays":1,"unreferencedReturns":true,"prose":{"en":"all mine"},"expiry":{"kind":"never"},"value":{"num":1,"den":1}},"custodianKey":%q}`, "x")
	before := three.books(t, "airline")
	for _, attack := range []struct {
		name, member, identity, chaincode, function, document string
		code                                                  fault.Code
	}{
		{"the consortium again", "airline", "operator", "clearing", wire.FnFound, consortium, fault.AlreadyExists},
		{"the consortium by a gateway", "airline", "gateway", "clearing", wire.FnFound, consortium, fault.Forbidden},
		{"a programme again", "airline", "operator", "points-airline", wire.FnCreateProgramme, programme, fault.AlreadyExists},
		{"another's programme", "hotel", "operator", "points-airline", wire.FnCreateProgramme, programme, fault.Forbidden},
		{"a programme in another's namespace", "airline", "operator", "points-hotel", wire.FnCreateProgramme, programme, fault.WrongEntryPoint},
	} {
		t.Run(attack.name, func(t *testing.T) {
			u := three.user(t, attack.member, attack.identity)
			refusedByChaincode(t, u, u.propose(t, attack.chaincode, nil, attack.function, attack.document), attack.code)
		})
	}
	three.unchanged(t, "airline", before)
}

// TestPeersRefuseProposalsFromAnotherTime: a peer endorses only what is dated within minutes of its own clock.
func TestPeersRefuseProposalsFromAnotherTime(t *testing.T) {
	gateway := three.user(t, "airline", string(membership.GatewayRole))
	for _, off := range []time.Duration{-time.Hour, time.Hour} {
		p := gateway.proposeAt(t, time.Now().Add(off), "points-airline", nil, wire.FnSubmitBatch, fence(attackLane, 1))
		refusedByChaincode(t, gateway, p, fault.ClockSkew)
	}
}

// TestPointsNeedTheIssuerAndOneOther: a client may collect endorsements as it likes; the validating peers apply the batch only when the issuer's peer and one
// other brand's signed it.
func TestPointsNeedTheIssuerAndOneOther(t *testing.T) {
	account := three.funded(t, "airline", 5)
	three.level(t) // Peers that don't know the account yet would endorse something else.
	before := three.books(t, "airline")
	for _, attack := range []struct {
		name      string
		endorsers []string
	}{
		{"the issuer alone", []string{"peer0.airline"}},
		{"another brand alone", []string{"peer0.hotel"}},
		{"two other brands", []string{"peer0.hotel", "peer0.grocer"}},
		{"one other brand twice", []string{"peer0.hotel", "peer0.hotel"}},
		{"the issuer twice", []string{"peer0.airline", "peer0.airline"}},
	} {
		t.Run(attack.name, func(t *testing.T) {
			if code := submitMint(t, attackLane, account, attack.endorsers); code != peer.TxValidationCode_ENDORSEMENT_POLICY_FAILURE {
				t.Fatalf("validated as %s, want ENDORSEMENT_POLICY_FAILURE", code)
			}
			three.unchanged(t, "airline", before)
			if got := three.account(t, "airline", account); got.Posted != 5 {
				t.Fatalf("the account holds %d points, want 5", got.Posted)
			}
		})
	}
	t.Run("the issuer and one other, the rightful way", func(t *testing.T) {
		if code := submitMint(t, honestLane, account, []string{"peer0.airline", "peer0.grocer"}); code != peer.TxValidationCode_VALID {
			t.Fatalf("validated as %s, want VALID", code)
		}
		if got := three.account(t, "airline", account); got.Posted != 1005 {
			t.Fatalf("the account holds %d points, want 1005", got.Posted)
		}
	})
}

func submitMint(t *testing.T, lane int, account string, endorsers []string) peer.TxValidationCode {
	t.Helper()
	gateway := three.user(t, "airline", string(membership.GatewayRole))
	document, transient := mint(t, three, lane, 1, account)
	p := gateway.propose(t, "points-airline", transient, wire.FnSubmitBatch, document)
	var responses []*peer.ProposalResponse
	for _, name := range endorsers {
		response, err := gateway.endorse(t, p, name)
		if err != nil || response.GetEndorsement() == nil {
			t.Fatalf("%s doesn't endorse: %v %s", name, err, response.GetResponse().GetMessage())
		}
		responses = append(responses, response)
	}
	return gateway.commit(t, p, responses...)
}
