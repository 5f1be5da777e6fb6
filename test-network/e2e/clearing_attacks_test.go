//go:build network

package e2e

import (
	"strings"
	"testing"
	"time"

	"github.com/hyperledger/fabric-chaincode-go/v2/shim"
	"github.com/hyperledger/fabric-protos-go-apiv2/peer"
	"google.golang.org/protobuf/proto"

	"github.com/tallystick/tallystick/chaincode/clearing"
	"github.com/tallystick/tallystick/chaincode/engine"
	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/wire"
	"github.com/tallystick/tallystick/network/membership"
)

// airlineHotel is the pair of most attacks.
var airlineHotel = wire.PairQuery{A: "airline", B: "hotel"}

// testPointsTakeNoCrossBrandCalls calls directly what only clearing may call: points would be made or burned without anything being owed.
func testPointsTakeNoCrossBrandCalls(t *testing.T, c *consortium) {
	thief, before := c.customer(t, "airline", 1), c.books(t, "airline")
	lane := c.crossLane(t, &trade{by: "airline", home: "airline", partner: "hotel", k: 2})
	offer := agreementOf("airline", "hotel", 9, time.Now()).Sides[0].Offer
	calls := map[string]any{
		wire.FnApplyExchange: wire.ExchangeCall{
			Exchange: wire.Exchange{Home: "airline", Partner: "hotel", Lane: lane, Seq: 1, Operations: []points.Operation{thief.award("hotel", 1_000)}},
			Window:   1, PartnerMSP: "HotelMSP", Receivers: []points.AccountID{}, Closed: []points.Kind{},
		},
		wire.FnDeposit: wire.DepositCall{Home: "hotel", MSP: "AirlineMSP", Lane: lane, Seq: 1, Window: 1, Deposits: []points.Deposit{{
			Operation: newID(), Account: thief.account, Points: 1_000, Source: points.AccountID(randomHex(16)), SourcePoints: 1, Agreement: 1,
		}}},
		wire.FnPutOffer: wire.OfferCall{Partner: "hotel", PartnerMSP: "HotelMSP", Offer: offer},
	}
	for _, caller := range []struct{ member, role string }{{"airline", "gateway"}, {"hotel", "gateway"}, {"airline", "treasurer"}} {
		u := c.user(t, caller.member, caller.role)
		for function, doc := range calls {
			p := u.propose(t, membership.PointsChaincode("airline"), nil, function, document(t, doc))
			u.refusedAt(t, fault.WrongEntryPoint, p, peersOf("airline", "hotel", "grocer")...)
			u.refusedAt(t, fault.WrongEntryPoint, u.posing(t, p, engine.ClearingChaincode), peersOf("airline", "hotel", "grocer")...)
		}
	}
	c.unchanged(t, "airline", before)
}

// posing changes which chaincode a proposal says that it calls, where peers don't look: its header still names the one that runs.
func (u *user) posing(t *testing.T, p proposal, as string) proposal {
	t.Helper()
	var call peer.ChaincodeInvocationSpec
	if err := proto.Unmarshal(p.payload.GetInput(), &call); err != nil {
		t.Fatal(err)
	}
	call.ChaincodeSpec.ChaincodeId = &peer.ChaincodeID{Name: as}
	p.payload = &peer.ChaincodeProposalPayload{Input: encoded(t, &call), TransientMap: p.payload.GetTransientMap()}
	bytes := encoded(t, &peer.Proposal{Header: encoded(t, p.header), Payload: encoded(t, p.payload)})
	p.signed = &peer.SignedProposal{ProposalBytes: bytes, Signature: u.signature(t, bytes)}
	return p
}

// testNobodyEndorsesPairDataForBoth: what stands in a pair's collection needs the peers of both, whoever else would endorse.
func testNobodyEndorsesPairDataForBoth(t *testing.T, c *consortium) {
	flyer := c.customer(t, "airline", 500)
	before := c.books(t, "airline")
	swap := trade{by: "airline", home: "airline", partner: "hotel", k: 2, operations: []points.Operation{flyer.redeem(t, "hotel", "airline", 100)}}
	x, exchange, _ := c.proposeTrade(t, swap)
	mover, move := c.sliceMove(t)
	treasurer, offer := c.offered(t, agreementOf("airline", "hotel", c.nextVersion(t), time.Now().Add(time.Hour)), time.Now())
	for name, call := range map[string]struct {
		u *user
		p proposal
	}{"a cross-brand batch": {x, exchange}, "a part of a limit": {mover, move}, "an agreement": {treasurer, offer}} {
		t.Run(name, func(t *testing.T) {
			for _, alone := range []string{"airline", "hotel"} {
				call.u.committedAs(t, peer.TxValidationCode_ENDORSEMENT_POLICY_FAILURE, call.p, call.u.endorsed(t, call.p, peersOf(alone)...)...)
				call.p = call.u.again(t, call.p)
			}
			call.u.refusedAt(t, fault.PrivateUnavailable, call.p, peersOf("grocer")...)
		})
	}
	t.Run("a third brand that makes things up", func(t *testing.T) {
		forged := func(stub shim.ChaincodeStubInterface, function string) (*peer.Response, bool) {
			if function != wire.FnMoveSlice {
				return nil, false
			}
			err := stub.PutPrivateData(clearing.PairCollection("airline", "hotel"), engine.PairKey(), []byte(`{"forged":true}`))
			return shim.Success([]byte(`{}`)), err == nil
		}
		defer c.alter(t, "airline", alteration{replace: forged})()
		defer c.alter(t, "grocer", alteration{replace: forged})()
		u, p := c.sliceMove(t)
		u.committedAs(t, peer.TxValidationCode_ENDORSEMENT_POLICY_FAILURE, p, u.endorsed(t, p, peersOf("airline", "grocer")...)...)
	})
	c.level(t)
	c.unchanged(t, "airline", before)
}

// sliceMove would let a lane of the airline's owe a little more, and another a little less.
func (c *consortium) sliceMove(t *testing.T) (*user, proposal) {
	t.Helper()
	first := c.crossLane(t, &trade{by: "airline", home: "airline", partner: "hotel"})
	move := wire.SliceMove{
		Salt: randomHex(32), From: clearing.LanePlace{MSP: "AirlineMSP", N: first}, To: clearing.LanePlace{MSP: "AirlineMSP", N: first + 1},
		Direction: clearing.AOwesB, Amount: 1_000_000,
	}
	u := c.user(t, "airline", string(membership.GatewayRole))
	transient := map[string][]byte{wire.SliceTransient: []byte(document(t, move))}
	return u, u.propose(t, engine.ClearingChaincode, transient, wire.FnMoveSlice, document(t, airlineHotel))
}

// testAlteredChaincodeAloneChangesNothing: the hotel's chaincodes answer to its advantage. What they endorse doesn't match what the honest ones endorse, and alone it
// isn't enough.
func testAlteredChaincodeAloneChangesNothing(t *testing.T, c *consortium) {
	flyer, guest := c.customer(t, "airline", 500), c.customer(t, "hotel", 500)
	books := map[string]books{"airline": c.books(t, "airline"), "hotel": c.books(t, "hotel")}
	restore := c.alter(t, "hotel", alteration{write: func(key string, value []byte) []byte {
		object, _, err := engine.ParseKey(key)
		if err != nil {
			return value
		}
		switch object {
		case engine.ObjectTally: // The airline is to owe more.
			return []byte(strings.Replace(string(value), `"net":`, `"net":9`, 1))
		case engine.ObjectCap, engine.ObjectVote: // The hotel may owe more.
			return []byte(strings.Replace(string(value), `"amount":`, `"amount":9`, 1))
		case engine.ObjectAccount: // Its customers have more.
			return []byte(strings.Replace(string(value), `"posted":`, `"posted":9`, 1))
		}
		return value
	}})
	defer restore()

	x, exchange, _ := c.proposeTrade(t, trade{
		by: "hotel", home: "airline", partner: "hotel", k: 2, operations: []points.Operation{flyer.redeem(t, "hotel", "hotel", 100)},
	})
	back, homeward, _ := c.proposeTrade(t, trade{
		by: "hotel", home: "hotel", partner: "airline", k: 2, operations: []points.Operation{guest.redeem(t, "airline", "hotel", 100)},
	})
	operator, vote := c.shared(t, "hotel", membership.OperatorRole, wire.FnPropose, wire.NewProposal{
		ID: clearing.ProposalID(randomHex(16)), Motion: clearing.Motion{Cap: &clearing.CapMotion{Member: "hotel", Currency: currency, Amount: testCap}},
	})
	for _, attack := range []struct {
		name   string
		u      *user
		p      proposal
		honest string
	}{
		{"what the airline owes", x, exchange, "airline"}, {"what a guest has", back, homeward, "airline"}, {"what the hotel may owe", operator, vote, "grocer"},
	} {
		t.Run(attack.name, func(t *testing.T) {
			u, p := attack.u, attack.p
			for _, chosen := range [][]string{{"hotel", attack.honest}, {attack.honest, "hotel"}, {"hotel"}} {
				responses := u.endorsed(t, p, peersOf(chosen...)...)
				if first := responses[0]; len(chosen) == 2 && string(first.GetPayload()) == string(responses[1].GetPayload()) {
					t.Fatal("the altered chaincode endorses the same: this attack attacks nothing")
				}
				u.committedAs(t, peer.TxValidationCode_ENDORSEMENT_POLICY_FAILURE, p, responses...)
				p = u.again(t, p)
			}
		})
	}
	c.level(t)
	for brand, before := range books {
		c.unchanged(t, brand, before)
	}
}

// testThirdsStayOutOfPairs: a brand that isn't of the pair neither reads nor writes its data, at its own peer or at a member's.
func testThirdsStayOutOfPairs(t *testing.T, c *consortium) {
	lane := c.crossLane(t, &trade{by: "airline", home: "airline", partner: "hotel", k: 1})
	for function, doc := range map[string]any{
		wire.FnGetPair: airlineHotel, wire.FnGetOffered: airlineHotel, wire.FnGetPairLanes: airlineHotel,
		wire.FnGetAgreement: wire.AgreementQuery{A: "airline", B: "hotel", Version: 1},
		wire.FnGetTallies:   wire.TalliesQuery{A: "airline", B: "hotel", Currency: currency, Window: 1},
		wire.FnGetLines:     wire.LinesQuery{A: "airline", B: "hotel", Home: "airline", MSP: "AirlineMSP", Lane: lane, Seq: 1},
	} {
		for _, role := range []string{"treasurer", "admin"} {
			u := c.user(t, "grocer", role)
			u.refusedAt(t, fault.PrivateUnavailable, u.propose(t, engine.ClearingChaincode, nil, function, document(t, doc)), peersOf("airline", "hotel", "grocer")...)
		}
	}
	details := wire.BatchDetails{V: 1, Salt: randomHex(32), Operations: []points.Details{}}
	for _, write := range []struct {
		role, function string
		doc            any
		secret         string
		value          any
	}{
		{"gateway", wire.FnExchange, wire.Exchange{Home: "airline", Partner: "hotel", Lane: lane, Seq: 99, Operations: []points.Operation{}}, wire.DetailsTransient, details},
		{"treasurer", wire.FnProposeAgreement, airlineHotel, wire.AgreementTransient, agreementOf("airline", "hotel", c.nextVersion(t), time.Now().Add(time.Hour))},
		{"treasurer", wire.FnAcceptAgreement, wire.Acceptance{A: "airline", B: "hotel", Version: 1, Hash: randomHex(32)}, "none", details},
		{"gateway", wire.FnMoveSlice, airlineHotel, wire.SliceTransient, wire.SliceMove{Salt: randomHex(32)}},
	} {
		u := c.user(t, "grocer", write.role)
		p := u.propose(t, engine.ClearingChaincode, map[string][]byte{write.secret: []byte(document(t, write.value))}, write.function, document(t, write.doc))
		u.refusedAt(t, fault.Forbidden, p, peersOf("airline", "hotel", "grocer")...)
	}
}

// testRegulatorChangesNothingInClearing: no peer runs a function for it, whatever it proposes.
func testRegulatorChangesNothingInClearing(t *testing.T, c *consortium) {
	u := c.user(t, "regulator", string(membership.AuditorRole))
	for _, function := range []string{
		wire.FnExchange, wire.FnProposeAgreement, wire.FnAcceptAgreement, wire.FnMoveSlice, wire.FnPropose, wire.FnVote, wire.FnOpenClearing, wire.FnRollWindow,
		wire.FnDiscloseNet, wire.FnCloseWindow, wire.FnNetWindow, wire.FnSignPosition, wire.FnStartSettlement, wire.FnPayLeg, wire.FnFinaliseLeg, wire.FnFileDispute,
		wire.FnGetTallies,
	} {
		p := u.propose(t, engine.ClearingChaincode, nil, function, "{}")
		for _, name := range peersOf("regulator", "airline", "hotel") {
			response, err := u.endorse(t, p, name)
			if response.GetEndorsement() != nil || err == nil || !strings.Contains(err.Error(), "/Channel/Application/Proposers") {
				t.Errorf("%s answered the regulator's %s with %v, error %v; want it refused by the policy of proposers", name, function, response.GetResponse(), err)
			}
		}
	}
}

// testAcceptanceCountsOnce: neither the acceptance nor its transaction can be brought again, nor does the proposer accept for the other.
func testAcceptanceCountsOnce(t *testing.T, c *consortium) {
	g := agreementOf("airline", "hotel", c.nextVersion(t), time.Now().Add(time.Hour))
	u, p := c.offered(t, g, time.Now())
	u.valid(t, p, peersOf("airline", "hotel")...)
	partner, acceptance := c.acceptance(t, g, time.Now())
	own := c.user(t, "airline", string(membership.TreasurerRole))
	chaincode, args := invoked(t, acceptance)
	own.refusedAt(t, fault.Forbidden, own.propose(t, chaincode, nil, args...), peersOf("airline", "hotel")...)
	clerk := c.user(t, "hotel", string(membership.GatewayRole))
	clerk.refusedAt(t, fault.Forbidden, clerk.propose(t, chaincode, nil, args...), peersOf("airline", "hotel")...)

	responses := partner.endorsed(t, acceptance, peersOf("airline", "hotel")...)
	partner.committedAs(t, peer.TxValidationCode_VALID, acceptance, responses...)
	c.level(t)
	partner.refusedAt(t, fault.ProposalMismatch, partner.again(t, acceptance), peersOf("airline", "hotel")...)
	if code := partner.broadcastAgain(t, partner.envelope(t, acceptance, responses...)); code != peer.TxValidationCode_DUPLICATE_TXID {
		t.Errorf("the transaction brought again is %s", code)
	}
	if next := c.nextVersion(t); next != g.Version+1 {
		t.Errorf("the pair's next version is %d after version %d was accepted", next, g.Version)
	}
}
