//go:build network

package e2e

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"fmt"
	"testing"
	"time"

	"github.com/hyperledger/fabric-protos-go-apiv2/peer"
	"google.golang.org/protobuf/proto"

	"github.com/tallystick/tallystick/chaincode/clearing"
	"github.com/tallystick/tallystick/chaincode/engine"
	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/quantity"
	"github.com/tallystick/tallystick/chaincode/wire"
	"github.com/tallystick/tallystick/network/membership"
)

// openingLane is where the tests open accounts and fold what waits for them, apart from the gateways' lanes.
const openingLane = 202

// customer is a customer with a key of their own and an account in one programme.
type customer struct {
	on      *consortium
	brand   string
	account points.AccountID
	key     *ecdsa.PrivateKey
}

// customer opens an account and buys points for it, a hundred minor units each, past the gateways.
func (c *consortium) customer(t *testing.T, brand string, amount int64) *customer {
	t.Helper()
	key := must[*ecdsa.PrivateKey](t)(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))
	w := &customer{on: c, brand: brand, account: points.AccountID(randomHex(16)), key: key}
	public := must[string](t)(points.EncodePublicKey(&key.PublicKey))
	open := points.Operation{ID: newID(), Kind: points.KindOpen, Account: w.account, Controller: &points.Controller{Kind: points.ControllerP256, Version: 1, Key: public}}
	earn := points.Operation{ID: newID(), Kind: points.KindEarn, Account: w.account}
	accepted(t, c.homeBatch(t, brand, amount*100, open, earn).Receipts...)
	return w
}

func newID() points.OperationID { return points.OperationID(randomHex(16)) }

// homeBatch is a batch of one programme alone, whose purchases are of so many minor units.
func (c *consortium) homeBatch(t *testing.T, brand string, minor int64, operations ...points.Operation) wire.BatchEvent {
	t.Helper()
	u := c.user(t, brand, string(membership.GatewayRole))
	lane := c.lane(t, brand, brand, openingLane)
	details := wire.BatchDetails{V: 1, Salt: randomHex(32), Operations: []points.Details{}}
	for _, o := range operations {
		d := points.Details{Operation: o.ID}
		if o.Kind == points.KindEarn {
			d = points.Details{
				Operation: o.ID, AmountMinor: minor, Currency: currency, OccurredAt: c.businessDate(t, brand) + "T10:00:00Z",
				Merchant: brand, Store: "main-street", Terminal: "till-1", Reference: unique("r"),
			}
		}
		details.Operations = append(details.Operations, d)
	}
	request := wire.BatchRequest{Lane: openingLane, Seq: lane.Seq + 1, Operations: operations}
	p := u.propose(t, membership.PointsChaincode(brand), map[string][]byte{wire.DetailsTransient: []byte(document(t, details))}, wire.FnSubmitBatch, document(t, request))
	return eventOf[wire.BatchEvent](t, u.valid(t, p, peersOf(brand, c.another(brand))...))
}

// another is a brand that isn't any of these.
func (c *consortium) another(than ...string) string {
	for _, brand := range c.members.Brands() {
		other := true
		for _, name := range than {
			other = other && name != brand.Name
		}
		if other {
			return brand.Name
		}
	}
	return ""
}

// lane reads a submitter's lane in a programme, at the submitter's own peer.
func (c *consortium) lane(t *testing.T, programme, submitter string, n int) points.Lane {
	t.Helper()
	m, _ := c.members.Member(submitter)
	reader := c.user(t, submitter, string(membership.AuditorRole))
	query := fmt.Sprintf(`{"msp":%q,"first":%d,"count":1}`, m.MSP(), n)
	return decode[[]points.Lane](t, reader.query(t, membership.PointsChaincode(programme), wire.FnGetLanes, query))[0]
}

// eventOf takes the event out of an endorsement.
func eventOf[T any](t *testing.T, response *peer.ProposalResponse) T {
	t.Helper()
	var payload peer.ProposalResponsePayload
	var action peer.ChaincodeAction
	var event peer.ChaincodeEvent
	for _, part := range []struct {
		raw func() []byte
		to  proto.Message
	}{{response.GetPayload, &payload}, {payload.GetExtension, &action}, {action.GetEvents, &event}} {
		if err := proto.Unmarshal(part.raw(), part.to); err != nil {
			t.Fatal(err)
		}
	}
	return decode[T](t, event.GetPayload())
}

// accepted requires that every operation was applied.
func accepted(t *testing.T, receipts ...points.Receipt) {
	t.Helper()
	if len(receipts) == 0 {
		t.Fatal("no receipts")
	}
	for _, r := range receipts {
		if r.Outcome != points.Accepted {
			t.Fatalf("%s of %d points is refused: %s", r.Kind, r.Points, r.Code)
		}
	}
}

// coded requires the outcomes of a batch's operations, in order.
func coded(t *testing.T, receipts []points.Receipt, codes ...fault.Code) {
	t.Helper()
	if len(receipts) != len(codes) {
		t.Fatalf("%d receipts, want %d", len(receipts), len(codes))
	}
	for i, want := range codes {
		if receipts[i].Code != want {
			t.Errorf("%s %d is answered with %s, want %s", receipts[i].Kind, i, receipts[i].Code, want)
		}
	}
}

// trade is a cross-brand batch that a test submits by itself.
type trade struct {
	by, home, partner string
	k                 int // Lane of the series: the gateways use the low ones first.
	seq               int64
	release           int64
	at                time.Time
	operations        []points.Operation
}

// traded is what became of it.
type traded struct {
	event   wire.ExchangeEvent
	details wire.BatchDetails
}

// number is a member's admission number.
func (c *consortium) number(t *testing.T, member string) int {
	t.Helper()
	return look[clearing.Member](t, c, c.members.Brands()[0].Name, wire.FnGetMember, wire.MemberQuery{Name: member}).Number
}

// crossLane is the lane that a trade is in.
func (c *consortium) crossLane(t *testing.T, x *trade) int {
	t.Helper()
	counterparty, series := x.partner, clearing.HomeOwn
	if x.by == x.partner {
		counterparty, series = x.home, clearing.HomeOther
	}
	return clearing.CrossLane(c.number(t, counterparty), series, x.k)
}

// proposeTrade makes the proposal of a cross-brand batch, the next of its lane unless the trade says which. Debits are signed before.
func (c *consortium) proposeTrade(t *testing.T, x trade) (*user, proposal, wire.BatchDetails) {
	t.Helper()
	if x.at.IsZero() {
		x.at = time.Now()
	}
	doc := wire.Exchange{Home: x.home, Partner: x.partner, Lane: c.crossLane(t, &x), Seq: x.seq, Operations: []points.Operation{}, Release: x.release}
	if x.seq == 0 {
		doc.Seq = c.lane(t, x.home, x.by, doc.Lane).Seq + 1
	}
	details := wire.BatchDetails{V: 1, Salt: randomHex(32), Operations: []points.Details{}}
	for _, o := range x.operations {
		o.Partner = x.partner
		doc.Operations = append(doc.Operations, o)
		details.Operations = append(details.Operations, points.Details{
			Operation: o.ID, OccurredAt: x.at.UTC().Format(time.RFC3339), Merchant: x.by, Store: crossStore, Terminal: crossTerminal, Reference: unique("r"),
		})
	}
	u := c.user(t, x.by, string(membership.GatewayRole))
	transient := map[string][]byte{wire.DetailsTransient: []byte(document(t, details))}
	return u, u.proposeAt(t, x.at, engine.ClearingChaincode, transient, wire.FnExchange, document(t, doc)), details
}

// Where cross-brand operations of the tests take place.
const (
	crossStore    = "canary cross-brand store"
	crossTerminal = "canary-till-77"
)

// trade commits a cross-brand batch, endorsed by the two brands and nobody else.
func (c *consortium) trade(t *testing.T, x trade) traded {
	t.Helper()
	u, p, details := c.proposeTrade(t, x)
	return traded{event: eventOf[wire.ExchangeEvent](t, u.valid(t, p, peersOf(x.home, x.partner)...)), details: details}
}

// signed gives a debit that a merchant's till asks for the customer's signature.
func (w *customer) signed(t *testing.T, merchant string, at time.Time, o points.Operation) points.Operation {
	t.Helper()
	m := points.Mandate{
		Format: points.MandateFormat, Genesis: w.on.genesis(t), Programme: w.brand, Account: w.account, ControllerVersion: 1, Operation: o.Kind, Receiver: o.To,
		MaxPoints: o.Points, Place: points.PlaceHash("", merchant, crossStore, crossTerminal), Subject: points.SubjectHash(&o), ID: randomHex(16),
		NotAfter: at.Unix() + mandateSeconds,
	}
	a := signed(t, w.key, m)
	o.Authorisation = &a
	return o
}

// mandateSeconds is how long a customer's signature is good.
const mandateSeconds = 300

func (c *consortium) genesis(t *testing.T) string {
	t.Helper()
	return look[clearing.Consortium](t, c, c.members.Brands()[0].Name, wire.FnGetConsortium, wire.Nothing{}).Genesis
}

// redeem, hold, swap are debits at a partner that the customer signed; their till is the submitter's.
func (w *customer) redeem(t *testing.T, partner, by string, amount quantity.Points) points.Operation {
	t.Helper()
	return w.signed(t, by, time.Now(), points.Operation{ID: newID(), Kind: points.KindRedeem, Account: w.account, Points: amount, Partner: partner})
}

func (w *customer) hold(t *testing.T, partner, by string, amount quantity.Points, seconds int64) points.Operation {
	t.Helper()
	until := time.Now().Unix() + seconds
	return w.signed(t, by, time.Now(), points.Operation{ID: newID(), Kind: points.KindHold, Account: w.account, Points: amount, Until: until, Partner: partner})
}

func (w *customer) swap(t *testing.T, to *customer, by string, amount quantity.Points) points.Operation {
	t.Helper()
	return w.swapUnder(t, to, by, amount, 0, time.Now())
}

// swapUnder names the version of the agreement that was quoted.
func (w *customer) swapUnder(t *testing.T, to *customer, by string, amount quantity.Points, version int, at time.Time) points.Operation {
	t.Helper()
	return w.signed(t, by, at, points.Operation{
		ID: newID(), Kind: points.KindSwap, Account: w.account, To: to.account, Points: amount, Partner: to.brand, Agreement: version,
	})
}

// award is points of the customer's programme that a partner gives.
func (w *customer) award(partner string, amount quantity.Points) points.Operation {
	return points.Operation{ID: newID(), Kind: points.KindAward, Account: w.account, Points: amount, Partner: partner}
}

// back returns the whole of an operation of the customer's.
func (w *customer) back(t *testing.T, event *wire.BatchEvent, i int) points.Operation {
	t.Helper()
	leaves := must[[][]byte](t)(wire.Leaves(event.Receipts))
	proof := points.InclusionProof{MSP: event.MSP, Lane: event.Lane, Seq: event.Seq, Index: i, Size: len(event.Receipts)}
	proof.Hashes = must[[]string](t)(wire.Prove(leaves, i))
	return points.Operation{ID: newID(), Kind: points.KindReturn, Account: w.account, Whole: true, Original: &points.Original{Receipt: event.Receipts[i], Proof: proof}}
}

// fold brings the credits of these receipts, which wait, into the customer's account.
func (w *customer) fold(t *testing.T, event *wire.BatchEvent) {
	t.Helper()
	places := waiting(event, w.account)
	accepted(t, w.on.homeBatch(t, w.brand, 0, points.Operation{ID: newID(), Kind: points.KindFold, Account: w.account, Entries: places}).Receipts...)
}

// waiting are the places of a batch's credits to an account's inbox.
func waiting(event *wire.BatchEvent, account points.AccountID) []points.InboxPlace {
	var places []points.InboxPlace
	for i, r := range event.Receipts {
		if r.Account == account && r.Outcome == points.Accepted && (r.Kind == points.KindAward || r.Kind == points.KindDeposit) {
			places = append(places, points.InboxPlace{MSP: event.MSP, Lane: event.Lane, Seq: event.Seq, N: i})
		}
	}
	return places
}

// posted is what the customer's account has at its brand's peer.
func (w *customer) posted(t *testing.T) quantity.Points {
	t.Helper()
	return w.on.account(t, w.brand, string(w.account)).Posted
}
