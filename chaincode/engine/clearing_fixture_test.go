package engine_test

import (
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/sha256"
	"fmt"
	"maps"
	"strings"

	"github.com/tallystick/tallystick/chaincode/clearing"
	"github.com/tallystick/tallystick/chaincode/engine"
	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/p256"
	"github.com/tallystick/tallystick/chaincode/quantity"
	"github.com/tallystick/tallystick/chaincode/wire"
)

const hour = int64(3600)

// house is the public state of clearing with a few brands and a clock, and the batches that points chaincodes would answer with.
type house struct {
	t       tester
	state   memory
	now     int64
	votes   int
	lines   int
	brands  []string
	batches map[string][]byte // By programme.
}

// Invoke implements engine.State: programmes answer with their one batch.
func (h *house) Invoke(chaincode, function string, _ []byte) ([]byte, error) {
	raw, there := h.batches[strings.TrimPrefix(chaincode, engine.PointsPrefix)]
	if !there || function != wire.FnGetBatch {
		return nil, fault.New(fault.NotFound, "%s %s", chaincode, function)
	}
	return raw, nil
}

func (h *house) Get(keys []string) ([][]byte, error) { return h.state.Get(keys) }

// Private fails: clearing's public functions are endorsed by brands that have no pair's data.
func (h *house) Private(collection string, _ []string) ([][]byte, error) {
	return nil, fault.New(fault.PrivateUnavailable, "%s", collection)
}

func (h *house) PrivateHash(collection, key string) ([]byte, error) {
	return h.state.PrivateHash(collection, key)
}

// newHouse founds a consortium of these brands, in order of their names, and a regulator.
func newHouse(t tester, brands ...string) *house {
	t.Helper()
	h := &house{t: t, state: memory{}, now: now, brands: brands, batches: map[string][]byte{}}
	doc := wire.Founding{V: 1, Genesis: genesis}
	for _, b := range brands {
		doc.Members = append(doc.Members, clearing.Member{Name: b, MSP: mspOf(b), Kind: clearing.KindBrand})
	}
	doc.Members = append(doc.Members, clearing.Member{Name: "zregulator", MSP: "RegulatorMSP", Kind: clearing.KindRegulator})
	h.must(brands[0], engine.RoleOperator, wire.FnFound, doc)
	return h
}

func mspOf(brand string) string { return strings.ToUpper(brand[:1]) + brand[1:] + "MSP" }

// try runs a call of a brand's identity and commits what it writes, which is only public.
func (h *house) try(brand, role, function string, document any) (engine.Effects, error) {
	h.t.Helper()
	before := maps.Clone(h.state)
	e, err := engine.Clearing(engine.Call{
		Chaincode: "clearing", Function: function, Document: encode(h.t, document), Caller: engine.Identity{MSP: mspOf(brand), Role: role}, Time: h.now,
	}, h)
	if err != nil {
		if len(e.Writes) > 0 || !maps.EqualFunc(before, h.state, func(x, y []byte) bool { return string(x) == string(y) }) {
			h.t.Fatalf("%s was refused and changes something", function)
		}
		return e, err
	}
	if len(e.Private) > 0 {
		h.t.Fatalf("%s writes private data: then not every brand can endorse it", function)
	}
	h.state.commit(e)
	return e, nil
}

func (h *house) must(brand, role, function string, document any) engine.Effects {
	h.t.Helper()
	e, err := h.try(brand, role, function, document)
	if err != nil {
		h.t.Fatalf("%s by %s: %v", function, brand, err)
	}
	return e
}

// refused says that a call is refused with a code.
func (h *house) refused(code fault.Code, brand, role, function string, document any) {
	h.t.Helper()
	if _, err := h.try(brand, role, function, document); err == nil || fault.CodeOf(err) != code {
		h.t.Fatalf("%s by %s: got %v, want %s", function, brand, err, code)
	}
}

// carry has brands vote a motion through, in their order, as far as it takes.
func (h *house) carry(motion clearing.Motion, voters ...string) {
	h.t.Helper()
	if len(voters) == 0 {
		voters = h.brands
	}
	id := h.proposalID()
	e := h.must(voters[0], engine.RoleOperator, wire.FnPropose, wire.NewProposal{ID: id, Motion: motion})
	for _, v := range voters[1:] {
		if record[clearing.Proposal](h.t, e.Response).Status == clearing.ProposalCarried {
			break
		}
		e = h.must(v, engine.RoleOperator, wire.FnVote, wire.NewBallot{Proposal: id, Choice: clearing.ChoiceYes})
	}
	if got := record[clearing.Proposal](h.t, e.Response).Status; got != clearing.ProposalCarried {
		h.t.Fatalf("the motion is %s", got)
	}
}

func (h *house) proposalID() clearing.ProposalID {
	h.votes++
	return clearing.ProposalID(fmt.Sprintf("%032x", h.votes))
}

func record[T any](t tester, raw []byte) T {
	t.Helper()
	var v T
	if err := wire.DecodeRecord(raw, &v); err != nil {
		t.Fatalf("%v", err)
	}
	return v
}

// at gives the record under a key; the zero value without one.
func at[T any](h *house, key string) T {
	h.t.Helper()
	var none T
	if h.state[key] == nil {
		return none
	}
	return record[T](h.t, h.state[key])
}

func (h *house) member(name string) clearing.Member {
	h.t.Helper()
	members := at[clearing.Consortium](h, engine.ConsortiumKey())
	m, err := members.Find(name)
	if err != nil {
		h.t.Fatalf("%v", err)
	}
	return m
}

// allot gives a debtor a cap and an allocation towards a creditor.
func (h *house) allot(debtor, creditor string, amount quantity.Minor) {
	h.t.Helper()
	limit := at[clearing.Cap](h, engine.CapKey(debtor, "GBP"))
	h.carry(clearing.Motion{Cap: &clearing.CapMotion{Member: debtor, Currency: "GBP", Amount: limit.Amount + amount}})
	h.carry(clearing.Motion{Allocation: &clearing.AllocationMove{Debtor: debtor, Creditor: creditor, Currency: "GBP", Amount: amount}})
}

// allotAll gives every pair an allocation both ways.
func (h *house) allotAll(amount quantity.Minor) {
	h.t.Helper()
	for _, debtor := range h.brands {
		for _, creditor := range h.brands {
			if debtor != creditor {
				h.allot(debtor, creditor, amount)
			}
		}
	}
}

// open opens the first window in pounds.
func (h *house) open() {
	h.t.Helper()
	h.must(h.brands[0], engine.RoleOperator, wire.FnOpenClearing, wire.CurrencyQuery{Currency: "GBP"})
}

// salt is that of every tally here.
var salt = strings.Repeat("5a", 32)

// tally leaves on the channel the hash of what a lane of a pair booked, as an exchange would; k is from 0 to 3.
func (h *house) tally(window int64, a, b string, k int, net quantity.Micro) wire.TallyValues {
	h.t.Helper()
	submitter, other := h.member(a), h.member(b)
	v := wire.TallyValues{MSP: submitter.MSP, Lane: clearing.CrossLane(other.Number, clearing.HomeOwn, k), Salt: salt, Net: net, Count: 1}
	raw := encode(h.t, clearing.Tally{V: 1, Salt: salt, Currency: "GBP", Window: window, MSP: v.MSP, Lane: v.Lane, Net: net, Count: 1})
	sum := sha256.Sum256(raw)
	h.state[privateKey(clearing.PairCollection(a, b), engine.TallyKey("GBP", window, v.MSP, v.Lane))] = sum[:]
	return v
}

// disclosure is that of a pair's window: a sorts before b.
func disclosure(window int64, a, b string, values ...wire.TallyValues) wire.NetDisclosure {
	if values == nil {
		values = []wire.TallyValues{}
	}
	return wire.NetDisclosure{Currency: "GBP", Window: window, A: a, B: b, Values: values}
}

func named(number int64) wire.WindowQuery { return wire.WindowQuery{Currency: "GBP", Number: number} }

// roll closes the open window by hand.
func (h *house) roll(number int64) {
	h.t.Helper()
	h.now += hour
	h.must(h.brands[0], engine.RoleOperator, wire.FnRollWindow, wire.Rolling{Currency: "GBP", Number: number, Reason: "test"})
}

// nets are what pairs owe in a window, "a b" to what a owes b.
type nets map[[2]string]quantity.Micro

// close rolls a window, discloses the pairs' nets, and closes it.
func (h *house) close(number int64, owed nets) {
	h.t.Helper()
	h.roll(number)
	for i, a := range h.brands {
		for _, b := range h.brands[i+1:] {
			var values []wire.TallyValues
			if net, given := owed[[2]string{a, b}]; given {
				values = append(values, h.tally(number, a, b, 0, net))
			}
			h.must(b, engine.RoleGateway, wire.FnDiscloseNet, disclosure(number, a, b, values...))
		}
	}
	h.must(h.brands[0], engine.RoleGateway, wire.FnCloseWindow, named(number))
}

// net closes a window and nets it.
func (h *house) net(number int64, owed nets) clearing.Netting {
	h.t.Helper()
	h.close(number, owed)
	h.must(h.brands[0], engine.RoleGateway, wire.FnNetWindow, named(number))
	return at[clearing.Netting](h, engine.NettingKey("GBP", number))
}

// sign has every member sign its position.
func (h *house) sign(number int64) {
	h.t.Helper()
	result, w := at[clearing.Netting](h, engine.NettingKey("GBP", number)), h.window(number)
	for _, p := range result.Positions {
		h.must(p.Member, engine.RoleTreasurer, wire.FnSignPosition,
			wire.PositionSignature{Currency: "GBP", Window: number, Member: p.Member, Net: p.Net, Root: w.Root})
	}
}

// settle signs a window and pays all its legs.
func (h *house) settle(number int64) {
	h.t.Helper()
	h.sign(number)
	h.must(h.brands[0], engine.RoleGateway, wire.FnStartSettlement, named(number))
	for _, place := range h.window(number).Legs {
		h.pay(number, place)
	}
	if got := h.window(number).Status; got != clearing.WindowSettled {
		h.t.Fatalf("window %d is %s", number, got)
	}
}

// pay brings a leg to its end.
func (h *house) pay(number int64, place clearing.LegPlace) {
	h.t.Helper()
	leg := at[clearing.Leg](h, engine.LegKey("GBP", number, place.From, place.To))
	payment := wire.LegPayment{Leg: wire.LegQuery{Currency: "GBP", Window: number, From: place.From, To: place.To}, Reference: "TS/1", Amount: leg.Amount}
	h.must(place.From, engine.RoleTreasurer, wire.FnPayLeg, payment)
	h.must(place.To, engine.RoleTreasurer, wire.FnReceiveLeg, payment)
	h.must(place.To, engine.RoleTreasurer, wire.FnFinaliseLeg, payment.Leg)
}

func (h *house) window(number int64) clearing.Window {
	h.t.Helper()
	return at[clearing.Window](h, engine.WindowKey("GBP", number))
}

func (h *house) standing(member string) clearing.Standing {
	h.t.Helper()
	return at[clearing.Standing](h, engine.StandingKey(member, "GBP"))
}

// signed is a key's signature over a document's canonical JSON, in the ledger's form.
func signed(t tester, key *ecdsa.PrivateKey, document any) string {
	t.Helper()
	digest := sha256.Sum256(encode(t, document))
	r, s, err := ecdsa.Sign(rand.Reader, key, digest[:])
	if err != nil {
		t.Fatalf("%v", err)
	}
	return p256.EncodeSignature(r, s)
}

// pounds are whole pounds in millionths of a penny.
func pounds(n int64) quantity.Micro { return quantity.Micro(n * 100 * quantity.MicroPerMinor) }
