//go:build network

package e2e

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"testing"
	"time"

	"github.com/hyperledger/fabric-protos-go-apiv2/common"
	"github.com/hyperledger/fabric-protos-go-apiv2/peer"
	"google.golang.org/protobuf/proto"

	"github.com/tallystick/tallystick/chaincode/clearing"
	"github.com/tallystick/tallystick/chaincode/engine"
	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/quantity"
	"github.com/tallystick/tallystick/chaincode/wire"
	"github.com/tallystick/tallystick/network/membership"
	"github.com/tallystick/tallystick/network/node"
)

// currency is what all programmes of the tests clear in.
const currency = "GBP"

// rollReason is why the tests roll windows before their regular close.
const rollReason = "for a test"

// document encodes what a function takes.
func document(t *testing.T, v any) string {
	t.Helper()
	return string(must[[]byte](t)(wire.Encode(v)))
}

// peersOf are the first peers of brands.
func peersOf(brands ...string) []string {
	names := make([]string, len(brands))
	for i, brand := range brands {
		names[i] = membership.PeerNode(brand, 0)
	}
	return names
}

// endorsed asks these peers, all of which have to endorse.
func (u *user) endorsed(t *testing.T, p proposal, peers ...string) []*peer.ProposalResponse {
	t.Helper()
	responses := make([]*peer.ProposalResponse, len(peers))
	for i, name := range peers {
		response, err := u.endorse(t, p, name)
		if err != nil || response.GetEndorsement() == nil {
			t.Fatalf("%s doesn't endorse: %v %s", name, err, response.GetResponse().GetMessage())
		}
		responses[i] = response
	}
	return responses
}

// valid has these peers endorse, and requires that the transaction becomes valid; afterwards every brand's peer has it.
func (u *user) valid(t *testing.T, p proposal, peers ...string) *peer.ProposalResponse {
	t.Helper()
	responses := u.endorsed(t, p, peers...)
	u.committedAs(t, peer.TxValidationCode_VALID, p, responses...)
	u.on.level(t)
	return responses[0]
}

// committedAs hands a transaction over and requires the validation code that it gets.
func (u *user) committedAs(t *testing.T, want peer.TxValidationCode, p proposal, responses ...*peer.ProposalResponse) {
	t.Helper()
	if code := u.commit(t, p, responses...); code != want {
		t.Fatalf("validated as %s, want %s", code, want)
	}
}

// refusedAt requires that peers give no endorsement, with this code of the chaincode.
func (u *user) refusedAt(t *testing.T, code fault.Code, p proposal, peers ...string) {
	t.Helper()
	for _, name := range peers {
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

// level waits until the first peers of all members that run have the same blocks: who endorses next, or is asked, sees what was committed. A peer that has just been
// started may not answer at once.
func (c *consortium) level(t *testing.T) {
	t.Helper()
	untilDone(t, "all members' peers have the same blocks", func() error {
		heights, different := map[string]uint64{}, map[uint64]bool{}
		for _, m := range c.members.Members {
			name := membership.PeerNode(m.Name, 0)
			if c.state(name) != node.Running {
				continue
			}
			height, err := c.tip(t, m.Name)
			if err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
			heights[name], different[height] = height, true
		}
		if len(different) != 1 {
			return fmt.Errorf("blocks of peers: %v", heights)
		}
		return nil
	})
}

// tip is the number of the newest block of a member's first peer, which may be unable to tell.
func (c *consortium) tip(t *testing.T, member string) (uint64, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), callTimeout)
	defer cancel()
	block, err := c.chain(t, member).Last(ctx)
	return block.GetHeader().GetNumber(), err
}

// majority are so many brands as make a majority, from this one on.
func (c *consortium) majority(from string) []string {
	brands := c.members.Brands()
	var names []string
	for i := range brands {
		if brands[i].Name != from {
			continue
		}
		for j := range c.members.Majority() {
			names = append(names, brands[(i+j)%len(brands)].Name)
		}
	}
	return names
}

// shared proposes a change of clearing's public state.
func (c *consortium) shared(t *testing.T, member string, role membership.Role, function string, doc any) (*user, proposal) {
	t.Helper()
	u := c.user(t, member, string(role))
	return u, u.propose(t, engine.ClearingChaincode, nil, function, document(t, doc))
}

// share changes clearing's public state with the endorsement of a majority, the member's own among them, and gives the function's answer.
func (c *consortium) share(t *testing.T, member string, role membership.Role, function string, doc any) []byte {
	t.Helper()
	u, p := c.shared(t, member, role, function, doc)
	return u.valid(t, p, peersOf(c.majority(member)...)...).GetResponse().GetPayload()
}

// look reads clearing's state at a member's own peer.
func look[T any](t *testing.T, c *consortium, member, function string, doc any) T {
	t.Helper()
	return decode[T](t, c.user(t, member, string(membership.AuditorRole)).query(t, engine.ClearingChaincode, function, document(t, doc)))
}

// decide has brands vote for a motion until it is carried.
func (c *consortium) decide(t *testing.T, motion clearing.Motion) {
	t.Helper()
	id := clearing.ProposalID(randomHex(16))
	for i, brand := range c.members.Brands() {
		var answer []byte
		if i == 0 {
			answer = c.share(t, brand.Name, membership.OperatorRole, wire.FnPropose, wire.NewProposal{ID: id, Motion: motion})
		} else {
			answer = c.share(t, brand.Name, membership.OperatorRole, wire.FnVote, wire.NewBallot{Proposal: id, Choice: clearing.ChoiceYes})
		}
		if decode[clearing.Proposal](t, answer).Status == clearing.ProposalCarried {
			return
		}
	}
	t.Fatal("no majority for a motion that every brand voted for")
}

// openClearing opens the first window of the currency, which founding does where the membership file speaks of clearing.
func (c *consortium) openClearing(t *testing.T) {
	t.Helper()
	c.share(t, c.members.Brands()[0].Name, membership.OperatorRole, wire.FnOpenClearing, wire.CurrencyQuery{Currency: currency})
}

// roll closes a window for traffic.
func (c *consortium) roll(t *testing.T, number int64) {
	t.Helper()
	roller := c.members.Brands()[0].Name
	opened := look[clearing.Window](t, c, roller, wire.FnGetWindow, windowOf(number)).OpenedAt
	until(t, "the window has been open for the shortest time", func() bool { return time.Now().Unix() > opened+1 })
	c.share(t, roller, membership.OperatorRole, wire.FnRollWindow, wire.Rolling{Currency: currency, Number: number, Reason: rollReason})
}

// cap lets a member owe so many minor units to all others together.
func (c *consortium) cap(t *testing.T, member string, amount quantity.Minor) {
	t.Helper()
	c.decide(t, clearing.Motion{Cap: &clearing.CapMotion{Member: member, Currency: currency, Amount: amount}})
}

// allocate lets a member owe another so many minor units of its cap.
func (c *consortium) allocate(t *testing.T, debtor, creditor string, amount quantity.Minor) {
	t.Helper()
	c.decide(t, clearing.Motion{Allocation: &clearing.AllocationMove{Debtor: debtor, Creditor: creditor, Currency: currency, Amount: amount}})
}

// agreementOf is a version of what two brands, ordered by name, agree on. What A's points are worth is half of what B's are: customers redeem A's at half a minor unit
// and swap two for one. A change needs no notice.
func agreementOf(a, b string, version int, from time.Time) clearing.Agreement {
	ratio := func(num, den int64) quantity.Ratio { return quantity.Ratio{Num: num, Den: den} }
	offer := func(acceptance, swap quantity.Ratio, least quantity.Points) clearing.Offer {
		return clearing.Offer{
			Version: version, From: from.Unix(), Acceptance: acceptance, RedeemMin: 1, Swap: swap, SwapMin: least, SwapPerDay: 50_000, AwardMax: 10_000,
		}
	}
	return clearing.Agreement{
		V: 1, Salt: randomHex(32), Version: version, A: a, B: b, Currency: currency, Scale: 2, From: from.Unix(), Calendar: "daily",
		DisputeWindows: 2, Fraud: clearing.BearerIssuer, Offline: clearing.BearerPartner, Prose: map[string]string{"en": "Points of each are good at the other."},
		Sides: [2]clearing.Side{
			{
				Offer: offer(ratio(1, 2), ratio(1, 2), 10), Acceptance: ratio(1, 2), Sale: ratio(7919, 10007), Swap: ratio(2, 5),
				Fees: []clearing.Fee{{Service: clearing.ServiceSwap, Payer: clearing.BearerPartner, Share: ratio(1, 100)}},
			},
			{Offer: offer(ratio(1, 1), ratio(2, 1), 5), Acceptance: ratio(1, 1), Sale: ratio(7, 5), Swap: ratio(4, 5)},
		},
	}
}

// pairCall proposes a transaction of a pair's.
func (c *consortium) pairCall(t *testing.T, member string, at time.Time, function string, doc any, secret map[string]any) (*user, proposal) {
	t.Helper()
	u := c.user(t, member, string(membership.TreasurerRole))
	transient := map[string][]byte{}
	for name, v := range secret {
		transient[name] = []byte(document(t, v))
	}
	return u, u.proposeAt(t, at, engine.ClearingChaincode, transient, function, document(t, doc))
}

// offered is the proposal of a new agreement by A.
func (c *consortium) offered(t *testing.T, g clearing.Agreement, at time.Time) (*user, proposal) {
	t.Helper()
	return c.pairCall(t, g.A, at, wire.FnProposeAgreement, wire.PairQuery{A: g.A, B: g.B}, map[string]any{wire.AgreementTransient: g})
}

// acceptance is B's of what was offered.
func (c *consortium) acceptance(t *testing.T, g clearing.Agreement, at time.Time) (*user, proposal) {
	t.Helper()
	reader := c.user(t, g.B, string(membership.AuditorRole))
	sum := sha256.Sum256(reader.query(t, engine.ClearingChaincode, wire.FnGetOffered, document(t, wire.PairQuery{A: g.A, B: g.B})))
	return c.pairCall(t, g.B, at, wire.FnAcceptAgreement, wire.Acceptance{A: g.A, B: g.B, Version: g.Version, Hash: hex.EncodeToString(sum[:])}, nil)
}

// agree brings a version of an agreement to the ledger: A offers it and B accepts, both at this transaction time.
func (c *consortium) agree(t *testing.T, g clearing.Agreement, at time.Time) {
	t.Helper()
	u, p := c.offered(t, g, at)
	u.valid(t, p, peersOf(g.A, g.B)...)
	u, p = c.acceptance(t, g, at)
	u.valid(t, p, peersOf(g.A, g.B)...)
}

func unhex(t *testing.T, text string) []byte {
	t.Helper()
	return must[[]byte](t)(hex.DecodeString(text))
}

// invoked takes apart what a proposal calls.
func invoked(t *testing.T, p proposal) (chaincode string, args []string) {
	t.Helper()
	var call peer.ChaincodeInvocationSpec
	if err := proto.Unmarshal(p.payload.GetInput(), &call); err != nil {
		t.Fatal(err)
	}
	for _, arg := range call.GetChaincodeSpec().GetInput().GetArgs() {
		args = append(args, string(arg))
	}
	return call.GetChaincodeSpec().GetChaincodeId().GetName(), args
}

// again makes the same call anew: a transaction that was handed over can't be handed over twice.
func (u *user) again(t *testing.T, p proposal) proposal {
	t.Helper()
	chaincode, args := invoked(t, p)
	return u.propose(t, chaincode, p.payload.GetTransientMap(), args...)
}

// promptly is how long a block may take that holds nothing to wait for, also on a busy machine: less than the minute for which peers look for private data that nobody has.
const promptly = 45 * time.Second

// broadcastAgain gives an ordering node an envelope that was ordered before, and tells the validation code that it gets. Peers that would look for its private data,
// which are gone from where endorsers keep them, would stand still meanwhile.
func (u *user) broadcastAgain(t *testing.T, e *common.Envelope) peer.TxValidationCode {
	t.Helper()
	brand := u.on.members.Brands()[0].Name
	from := u.on.height(t, brand)
	if got := u.broadcast(t, membership.OrdererNode(brand, 0), e); got.GetStatus() != common.Status_SUCCESS {
		t.Fatalf("the ordering node answered %s %q", got.GetStatus(), got.GetInfo())
	}
	began := time.Now()
	until(t, "the envelope is in a block", func() bool { return u.on.height(t, brand) > from })
	if took := time.Since(began); took > promptly {
		t.Errorf("peers took %s to commit a transaction again that changes nothing", took)
	}
	for code := range u.on.validationCodes(t, brand, from+1, from+1) {
		return code
	}
	return peer.TxValidationCode_NOT_VALIDATED
}

// nextVersion is that of the airline's and the hotel's next agreement.
func (c *consortium) nextVersion(t *testing.T) int {
	t.Helper()
	return len(look[wire.PairRecord](t, c, "hotel", wire.FnGetPair, airlineHotel).Starts) + 1
}
