package contract_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"testing"

	"github.com/tallystick/tallystick/chaincode/clearing"
	"github.com/tallystick/tallystick/chaincode/contract/stubtest"
	"github.com/tallystick/tallystick/chaincode/engine"
	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/p256"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/quantity"
	"github.com/tallystick/tallystick/chaincode/wire"
)

// fail declares the airline in default, as the brands' vote would, and gives the channel the policies and collections that follow: the administrator, and where it is the
// hotel the grocer, in the airline's place. It returns the key that the airline registered.
func (c *consortium) fail(t *testing.T, administrator string, until quantity.Day) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	encoded, err := p256.EncodeKey(&key.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	c.change(t, "airline", func(m *clearing.Member) {
		m.Status, m.Administrator, m.HonourUntil, m.AdminKey = clearing.StatusAdministered, administrator, until, encoded
	})
	collections := pairCollections()
	for i := range collections {
		if collections[i].Name == airlineHotel {
			collections[i].Members, collections[i].Policy = []string{grocer, hotel, regulator}, stubtest.All(grocer, hotel)
		}
	}
	c.Deploy(stubtest.Definition{Name: "clearing", New: c.clearing, Policy: stubtest.OutOf(2, airline, hotel, grocer), Collections: collections})
	c.Deploy(stubtest.Definition{
		Name: "points-airline", New: c.points, Policy: stubtest.OutOf(2, hotel, grocer),
		Collections: []stubtest.Collection{{Name: engine.CollectionDetails, Members: []string{administrator, regulator}, Policy: stubtest.All(administrator)}},
	})
	return key
}

// change changes a member's record as a vote would.
func (c *consortium) change(t *testing.T, name string, change func(*clearing.Member)) {
	t.Helper()
	var members clearing.Consortium
	decode(t, c.State("clearing")[engine.ConsortiumKey()], &members)
	for i := range members.Members {
		if members.Members[i].Name == name {
			change(&members.Members[i])
		}
	}
	c.Seed("clearing", engine.ConsortiumKey(), []byte(encode(t, members)))
}

func (c *consortium) administer(msp, role string) stubtest.Proposal {
	return c.call("points-airline", c.client(msp, role), wire.FnAdminister, "{}")
}

// takenOver is a consortium whose airline failed and whose programme and custody the administrator has taken over.
func takenOver(t *testing.T, administrator string) *consortium {
	t.Helper()
	c := trading(t)
	c.done(t, exchangeDoc{by: airline, home: "airline", seq: 1, salt: 1, ops: []points.Operation{c.signed(t, "airline", redemptionOf(11, 100))}})
	key := c.fail(t, administrator, quantity.DayOf(now.Unix())+30)
	c.must(t, c.administer(administrator, "operator"), grocer, hotel)
	c.custodian, c.custody = key, 2
	return c
}

// wantRefused submits a proposal that the chaincode has to refuse.
func (c *consortium) wantRefused(t *testing.T, what string, p stubtest.Proposal, code fault.Code) {
	t.Helper()
	_, _, err := c.Submit(p, grocer, hotel)
	if err == nil {
		t.Errorf("%s is accepted", what)
		return
	}
	if got := refusalOf(t, err); got.Code != code {
		t.Errorf("%s is refused with %s, want %s", what, got.Code, code)
	}
}

func TestOnlyTheAdministratorsOperatorTakesAProgrammeOverAndOnlyAfterTheVote(t *testing.T) {
	c := trading(t)
	c.wantRefused(t, "administering a member in good standing", c.administer(airline, "operator"), fault.MemberStatus)
	c.fail(t, grocer, quantity.DayOf(now.Unix())+30)
	c.wantRefused(t, "the failed member's operator", c.administer(airline, "operator"), fault.Forbidden)
	c.wantRefused(t, "another brand's operator", c.administer(hotel, "operator"), fault.Forbidden)
	c.wantRefused(t, "the administrator's gateway", c.administer(grocer, "gateway"), fault.Forbidden)
	c.must(t, c.administer(grocer, "operator"), grocer, hotel)
	before := string(c.State("points-airline")[engine.ProgrammeKey()])
	c.must(t, c.administer(grocer, "operator"), grocer, hotel)
	if after := string(c.State("points-airline")[engine.ProgrammeKey()]); after != before {
		t.Errorf("once more changes the programme from\n%s\nto\n%s", before, after)
	}
}

func TestWithoutARegisteredKeyNobodyTakesOverCustody(t *testing.T) {
	c := trading(t)
	c.fail(t, grocer, quantity.DayOf(now.Unix())+30)
	c.change(t, "airline", func(m *clearing.Member) { m.AdminKey = "" })
	c.wantRefused(t, "an administration without a key", c.administer(grocer, "operator"), fault.NotFound)
}

func TestAdministratorGoesOnWithTheFailedBrandsLanes(t *testing.T) {
	c := takenOver(t, grocer)
	own := c.homeBatch(t, airline, 0, 2)
	c.wantRefused(t, "a batch of the failed brand", own, fault.Forbidden)
	x := exchangeDoc{by: airline, home: "airline", seq: 2, salt: 2, ops: []points.Operation{c.signed(t, "airline", redemptionOf(12, 50))}}
	cross := c.exchange(t, x)
	c.wantRefused(t, "a cross-brand batch of the failed brand", cross, fault.Forbidden)

	own.Creator, cross.Creator = c.client(grocer, "gateway"), c.client(grocer, "gateway")
	c.must(t, own, grocer, hotel)
	c.must(t, cross, grocer, hotel)
	if a := c.accountAt(t, "airline", accountID(1)); a.Posted != 1000-100-50 {
		t.Errorf("the account has %d points", a.Posted)
	}
	var tally clearing.Tally
	decode(t, c.PrivateValue(grocer, "clearing", airlineHotel, engine.TallyKey("GBP", 1, airline, clearing.CrossLane(2, clearing.HomeOwn, 0))), &tally)
	if tally.Count != 2 || tally.Net != 75_000_000 {
		t.Errorf("the lane's tally is %+v", tally)
	}
}

func TestAdministratorThatIsThePartnerActsForEitherByTheLane(t *testing.T) {
	c := takenOver(t, hotel)
	for i, by := range []string{airline, hotel} {
		seq := int64(2 - i) // The airline's lane has been used before.
		p := c.exchange(t, exchangeDoc{by: by, home: "airline", seq: seq, salt: 2 + i, ops: []points.Operation{c.signed(t, "airline", redemptionOf(12+i, 50))}})
		p.Creator = c.client(hotel, "gateway")
		c.must(t, p, grocer, hotel)
	}
	if a := c.accountAt(t, "airline", accountID(1)); a.Posted != 1000-100-50-50 {
		t.Errorf("the account has %d points", a.Posted)
	}
}

func TestAdministratorMakesNoAgreementWithItself(t *testing.T) {
	c := takenOver(t, hotel)
	next := agreement(2, now.Unix()+7200)
	for _, by := range []string{hotel, airline} {
		_, _, err := c.Submit(c.propose(t, by, &next), grocer, hotel)
		if err == nil {
			t.Fatalf("%s proposes for a failed brand", by)
		}
		want := fault.MemberStatus
		if by == airline {
			want = fault.Forbidden
		}
		if got := refusalOf(t, err); got.Code != want {
			t.Errorf("%s: %s, want %s", by, got.Code, want)
		}
	}
}

func TestNothingIsIssuedUnderAdministrationAndTheOldCustodySignsNoMore(t *testing.T) {
	c := takenOver(t, grocer)
	earn := c.homeBatch(t, airline, 0, 2, accrual(21, 1))
	earn.Creator = c.client(grocer, "gateway")
	tx := c.must(t, earn, grocer, hotel)
	var event wire.BatchEvent
	decode(t, tx.Event.GetPayload(), &event)
	if got := event.Receipts[0].Code; got != fault.IssuingStopped {
		t.Errorf("an accrual is answered with %s", got)
	}
	c.custody = 1
	late := c.homeBatch(t, airline, 0, 3, c.signed(t, "airline", points.Operation{ID: operationID(22), Kind: points.KindTransfer, Account: accountID(1), To: accountID(9), Points: 1}))
	late.Creator, late.Time = c.client(grocer, "gateway"), now.Add(1e9)
	tx = c.must(t, late, grocer, hotel)
	decode(t, tx.Event.GetPayload(), &event)
	if got := event.Receipts[0].Code; got != fault.AuthExpired {
		t.Errorf("what the failed brand's custodian signed is answered with %s", got)
	}
}
