package contract_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/rand"
	"testing"

	"github.com/hyperledger/fabric-protos-go-apiv2/peer"

	"github.com/tallystick/tallystick/chaincode/clearing"
	"github.com/tallystick/tallystick/chaincode/contract/stubtest"
	"github.com/tallystick/tallystick/chaincode/engine"
	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/quantity"
	"github.com/tallystick/tallystick/chaincode/wire"
)

// signed gives a debit the mandate of the custodian, as the account's gateway does.
func (c *consortium) signed(t *testing.T, programme string, o points.Operation) points.Operation {
	t.Helper()
	return c.signedFor(t, programme, o, "")
}

// signedWith is signed for the airline with a mandate that names a quote.
func (c *consortium) signedWith(t *testing.T, o points.Operation, quote string) points.Operation {
	t.Helper()
	return c.signedFor(t, "airline", o, quote)
}

func (c *consortium) signedFor(t *testing.T, programme string, o points.Operation, quote string) points.Operation {
	t.Helper()
	m := points.Mandate{
		Format: points.MandateFormat, Genesis: genesis, Programme: programme, Account: o.Account, ControllerVersion: c.custody, Operation: o.Kind, Receiver: o.To, MaxPoints: o.Points, Place: points.PlaceHash("", "", "private-store", ""),
		Subject: points.SubjectHash(&o), Quote: quote, ID: string(o.ID), NotAfter: now.Unix() + 300,
	}
	digest, err := wire.MandateDigest(&m)
	if err != nil {
		t.Fatal(err)
	}
	r, s, err := ecdsa.Sign(rand.Reader, c.custodian, digest)
	if err != nil {
		t.Fatal(err)
	}
	o.Authorisation = &points.Authorisation{Mandate: m, Signature: points.SignatureOver(r, s)}
	return o
}

// done submits a batch of the airline's programme with the hotel and gives its event.
func (c *consortium) done(t *testing.T, x exchangeDoc) (wire.ExchangeEvent, *stubtest.Transaction) {
	t.Helper()
	tx := c.must(t, c.exchange(t, x), airline, hotel)
	var event wire.ExchangeEvent
	decode(t, tx.Event.GetPayload(), &event)
	return event, tx
}

func swapOf(n int, amount quantity.Points) points.Operation {
	return points.Operation{ID: operationID(n), Kind: points.KindSwap, Account: accountID(1), To: accountID(2), Points: amount, Partner: "hotel"}
}

func redemptionOf(n int, amount quantity.Points) points.Operation {
	return points.Operation{ID: operationID(n), Kind: points.KindRedeem, Account: accountID(1), Points: amount, Partner: "hotel"}
}

func awardOf(n int, amount quantity.Points) points.Operation {
	return points.Operation{ID: operationID(n), Kind: points.KindAward, Account: accountID(1), Points: amount, Partner: "hotel"}
}

func (c *consortium) accountAt(t *testing.T, programme string, id points.AccountID) points.Account {
	t.Helper()
	var a points.Account
	decode(t, c.State("points-" + programme)[engine.AccountKey(id)], &a)
	return a
}

func (c *consortium) tally(t *testing.T, by string, number, series, k int) clearing.Tally {
	t.Helper()
	var tally clearing.Tally
	decode(t, c.PrivateValue(airline, "clearing", airlineHotel, engine.TallyKey("GBP", 1, by, clearing.CrossLane(number, series, k))), &tally)
	return tally
}

func wantAccepted(t *testing.T, receipts ...points.Receipt) {
	t.Helper()
	for _, r := range receipts {
		if r.Outcome != points.Accepted {
			t.Errorf("%s %s is refused: %s", r.Kind, r.Operation, r.Code)
		}
	}
}

func TestASwapBurnsHereDepositsThereAndObligesInOneTransaction(t *testing.T) {
	c := trading(t)
	event, _ := c.done(t, exchangeDoc{by: airline, home: "airline", seq: 1, salt: 1, ops: []points.Operation{c.signed(t, "airline", swapOf(11, 201))}})
	wantAccepted(t, event.Home.Receipts...)
	if event.Partner == nil || len(event.Partner.Receipts) != 1 {
		t.Fatalf("no deposit: %+v", event)
	}
	wantAccepted(t, event.Partner.Receipts...)
	if out, in := event.Home.Receipts[0], event.Partner.Receipts[0]; out.PartnerPoints != 100 || in.Points != 100 || in.PartnerPoints != 201 || out.Window != 1 || out.Obligation == "" {
		t.Errorf("burned %+v, deposited %+v", out, in)
	}
	if left := c.accountAt(t, "airline", accountID(1)); left.Posted != 1000-201 {
		t.Errorf("%d points are left", left.Posted)
	}
	place := points.InboxPlace{MSP: airline, Lane: clearing.CrossLane(2, clearing.HomeOwn, 0), Seq: 1, N: 0}
	var entry points.InboxEntry
	decode(t, c.State("points-hotel")[engine.InboxKey(accountID(2), place)], &entry)
	// 201 points at 0.4 pence, and the hotel pays one per cent of that back.
	if got := c.tally(t, airline, 2, clearing.HomeOwn, 0); got.Net != 80_400_000-804_000 || got.Count != 1 {
		t.Errorf("the lane's tally is %+v", got)
	}
	fold := points.Operation{ID: operationID(12), Kind: points.KindFold, Account: accountID(2), Entries: []points.InboxPlace{place}}
	c.must(t, c.homeBatch(t, hotel, 0, 2, fold), hotel, grocer)
	if a := c.accountAt(t, "hotel", accountID(2)); a.Posted != 1100 {
		t.Errorf("the account has %d points after the fold", a.Posted)
	}
	if c.State("points-hotel")[engine.InboxKey(accountID(2), place)] != nil {
		t.Error("a folded credit is still there")
	}
}

func TestAPartnersTillRedeemsAwardsAndTakesBack(t *testing.T) {
	c := trading(t)
	event, _ := c.done(t, exchangeDoc{by: airline, home: "airline", seq: 1, salt: 1, ops: []points.Operation{c.signed(t, "airline", redemptionOf(11, 300))}})
	wantAccepted(t, event.Home.Receipts...)
	redeemed := event.Home
	if got := c.tally(t, airline, 2, clearing.HomeOwn, 0); got.Net != 150_000_000 {
		t.Errorf("300 points at half a penny oblige to %d", got.Net)
	}
	event, _ = c.done(t, exchangeDoc{by: hotel, home: "airline", seq: 1, salt: 2, ops: []points.Operation{awardOf(12, 40)}})
	wantAccepted(t, event.Home.Receipts...)
	if got := c.tally(t, hotel, 0, clearing.HomeOther, 0); got.Net != -28_000_000 {
		t.Errorf("40 points at 0.7 pence oblige to %d", got.Net)
	}
	back := points.Operation{ID: operationID(13), Kind: points.KindReturn, Account: accountID(1), Whole: true, Partner: "hotel", Original: original(t, redeemed, 0)}
	event, _ = c.done(t, exchangeDoc{by: airline, home: "airline", seq: 2, salt: 3, ops: []points.Operation{back, awardOf(15, 1)}})
	for _, r := range event.Home.Receipts {
		if r.Code != fault.SubmitterRefused {
			t.Errorf("the issuer makes its partner bear a %s: %s", r.Kind, r.Code)
		}
	}
	event, _ = c.done(t, exchangeDoc{by: hotel, home: "airline", seq: 2, salt: 3, ops: []points.Operation{back}})
	wantAccepted(t, event.Home.Receipts...)
	if got := c.tally(t, hotel, 0, clearing.HomeOther, 0); got.Net != -28_000_000-150_000_000 || got.Count != 2 {
		t.Errorf("after the return the lane's tally is %+v", got)
	}
	if a := c.accountAt(t, "airline", accountID(1)); a.Posted != 1000 {
		t.Errorf("the account has %d points after the return", a.Posted)
	}
	event, _ = c.done(t, exchangeDoc{by: hotel, home: "airline", seq: 3, salt: 4, ops: []points.Operation{{
		ID: operationID(14), Kind: points.KindReturn, Account: accountID(1), Whole: true, Partner: "hotel", Original: original(t, redeemed, 0),
	}}})
	if r := event.Home.Receipts[0]; r.Code != fault.ReturnExceeds {
		t.Errorf("a second return is answered with %s", r.Code)
	}
}

// original is a receipt of a batch with the proof that it is there.
func original(t *testing.T, event wire.BatchEvent, i int) *points.Original {
	t.Helper()
	leaves, err := wire.Leaves(event.Receipts)
	if err != nil {
		t.Fatal(err)
	}
	hashes, err := wire.Prove(leaves, i)
	if err != nil {
		t.Fatal(err)
	}
	return &points.Original{Receipt: event.Receipts[i], Proof: points.InclusionProof{
		MSP: event.MSP, Lane: event.Lane, Seq: event.Seq, Index: i, Size: len(event.Receipts), Hashes: hashes,
	}}
}

func TestHoldsReserveCapturesConvertAndLapsesRelease(t *testing.T) {
	c := trading(t)
	hold := points.Operation{ID: operationID(11), Kind: points.KindHold, Account: accountID(1), Points: 400, Until: now.Unix() + 60, Partner: "hotel"}
	event, _ := c.done(t, exchangeDoc{by: airline, home: "airline", seq: 1, salt: 1, ops: []points.Operation{c.signed(t, "airline", hold)}})
	wantAccepted(t, event.Home.Receipts...)
	if l := c.lane(t, airline, 2, clearing.HomeOwn, 0); l.Reserved != [2]quantity.Micro{200_000_000, 0} || l.Used != [2]quantity.Micro{} {
		t.Errorf("after the hold the lane has %+v", l)
	}
	capture := points.Operation{ID: operationID(12), Kind: points.KindCapture, Account: accountID(1), Points: 100, Hold: operationID(11), Partner: "hotel"}
	event, _ = c.done(t, exchangeDoc{by: airline, home: "airline", k: 1, seq: 1, salt: 2, ops: []points.Operation{capture}})
	wantAccepted(t, event.Home.Receipts...)
	if l := c.lane(t, airline, 2, clearing.HomeOwn, 1); l.Reserved != [2]quantity.Micro{-50_000_000, 0} || l.Used != [2]quantity.Micro{50_000_000, 0} {
		t.Errorf("after the capture its lane has %+v", l)
	}
	void := points.Operation{ID: operationID(13), Kind: points.KindVoid, Account: accountID(1), Hold: operationID(11), Partner: "hotel"}
	p := c.exchange(t, exchangeDoc{by: airline, home: "airline", seq: 2, salt: 3, ops: []points.Operation{void}})
	p.Time = now.Add(90 * 1e9)
	tx := c.must(t, p, airline, hotel)
	decode(t, tx.Event.GetPayload(), &event)
	if r := event.Home.Receipts[0]; r.Code != fault.HoldLapsed {
		t.Errorf("voiding a hold that has lapsed is answered with %s", r.Code)
	}
	if l := c.lane(t, airline, 2, clearing.HomeOwn, 0); l.Reserved != [2]quantity.Micro{50_000_000, 0} {
		t.Errorf("after the lapse the lane has %+v", l)
	}
	if c.PrivateValue(airline, "clearing", airlineHotel, engine.ReserveKey(operationID(11))) != nil {
		t.Error("the reservation is still there")
	}
}

func (c *consortium) lane(t *testing.T, by string, number, series, k int) clearing.PairLane {
	t.Helper()
	var l clearing.PairLane
	decode(t, c.PrivateValue(airline, "clearing", airlineHotel, engine.PairLaneKey(by, clearing.CrossLane(number, series, k))), &l)
	return l
}

func TestABatchInWhichEverythingIsRefusedStillTakesItsPlace(t *testing.T) {
	c := trading(t)
	event, tx := c.done(t, exchangeDoc{by: airline, home: "airline", seq: 1, salt: 1, ops: []points.Operation{c.signed(t, "airline", redemptionOf(11, 999_999))}})
	if r := event.Home.Receipts[0]; r.Code != fault.InsufficientPoints {
		t.Errorf("got %s", r.Code)
	}
	if c.PrivateHash(grocer, "clearing", airlineHotel, engine.LinesKey("airline", airline, clearing.CrossLane(2, clearing.HomeOwn, 0), 1)) == nil {
		t.Error("nothing was written to the pair's collection")
	}
	if tx.Writes("clearing") {
		t.Error("a cross-brand batch wrote public state of clearing")
	}
}

func TestLimitsStopObligationsBeforeTheFact(t *testing.T) {
	c := trading(t)
	c.seed(t, [2]quantity.Minor{16 * 200, 100_000}) // A lane's share is two pounds.
	event, _ := c.done(t, exchangeDoc{by: airline, home: "airline", seq: 1, salt: 1, ops: []points.Operation{
		c.signed(t, "airline", redemptionOf(11, 400)), c.signed(t, "airline", redemptionOf(12, 2)),
	}})
	if a, b := event.Home.Receipts[0], event.Home.Receipts[1]; a.Code != fault.OK || b.Code != fault.Limit {
		t.Errorf("answered with %s and %s", a.Code, b.Code)
	}
	move := wire.SliceMove{
		Salt: salt(9), From: clearing.LanePlace{MSP: airline, N: clearing.CrossLane(2, clearing.HomeOwn, 1)},
		To: clearing.LanePlace{MSP: airline, N: clearing.CrossLane(2, clearing.HomeOwn, 0)}, Direction: clearing.AOwesB, Amount: 1_000_000,
	}
	p := c.call("clearing", c.client(airline, "gateway"), wire.FnMoveSlice, encode(t, wire.PairQuery{A: "airline", B: "hotel"}))
	p.Transient = map[string][]byte{wire.SliceTransient: []byte(encode(t, move))}
	c.must(t, p, airline, hotel)
	event, _ = c.done(t, exchangeDoc{by: airline, home: "airline", seq: 2, salt: 2, ops: []points.Operation{c.signed(t, "airline", redemptionOf(13, 2)), c.signed(t, "airline", redemptionOf(14, 2))}})
	if a, b := event.Home.Receipts[0], event.Home.Receipts[1]; a.Code != fault.OK || b.Code != fault.Limit {
		t.Errorf("after a move answered with %s and %s", a.Code, b.Code)
	}
}

func TestNoAmountOfMoneyReachesPublicStateOrTheEvent(t *testing.T) {
	c := trading(t)
	_, tx := c.done(t, exchangeDoc{by: airline, home: "airline", seq: 1, salt: 1, ops: []points.Operation{c.signed(t, "airline", swapOf(11, 201))}})
	for _, secret := range [][]byte{[]byte("80400000"), []byte("804000"), []byte("private-store")} {
		if bytes.Contains(tx.Event.GetPayload(), secret) {
			t.Errorf("the event shows %s", secret)
		}
		for _, namespace := range []string{"clearing", "points-airline", "points-hotel"} {
			for key, value := range c.State(namespace) {
				if bytes.Contains(value, secret) {
					t.Errorf("%s shows %s under %q", namespace, secret, key)
				}
			}
		}
	}
	if c.PrivateValue(grocer, "clearing", airlineHotel, engine.LinesKey("airline", airline, clearing.CrossLane(2, clearing.HomeOwn, 0), 1)) != nil {
		t.Error("a third member's peer holds the pair's lines")
	}
}

func TestAWithheldDepositCanNotComeAfterItsPlaceWasTaken(t *testing.T) {
	c := trading(t)
	withheld, err := c.Endorse(c.exchange(t, exchangeDoc{by: airline, home: "airline", seq: 1, salt: 1, ops: []points.Operation{c.signed(t, "airline", swapOf(11, 200))}}), airline, hotel)
	if err != nil {
		t.Fatal(err)
	}
	event, _ := c.done(t, exchangeDoc{by: airline, home: "airline", seq: 1, salt: 2, ops: []points.Operation{c.signed(t, "airline", swapOf(12, 200))}})
	place := points.InboxPlace{MSP: airline, Lane: event.Home.Lane, Seq: 1, N: 0}
	c.must(t, c.homeBatch(t, hotel, 0, 2, points.Operation{ID: operationID(13), Kind: points.KindFold, Account: accountID(2), Entries: []points.InboxPlace{place}}), hotel, grocer)
	if code := c.Commit(withheld).Codes[0]; code != peer.TxValidationCode_MVCC_READ_CONFLICT {
		t.Errorf("the withheld swap is %s", code)
	}
	if a := c.accountAt(t, "hotel", accountID(2)); a.Posted != 1100 {
		t.Errorf("the receiver has %d points", a.Posted)
	}
}

func TestAThousandTinySwapsBackAndForthGainNothing(t *testing.T) {
	g := agreement(1, now.Unix())
	g.Sides[0].Offer.SwapMin, g.Sides[1].Offer.SwapMin = 1, 1
	first, second := g.Sides[0].Offer.Swap, g.Sides[1].Offer.Swap
	for amount := int64(1); amount <= 1000; amount++ {
		there, err := first.Floor(amount)
		if err != nil {
			t.Fatal(err)
		}
		back, err := second.Floor(there)
		if err != nil || back > amount {
			t.Fatalf("%d points become %d and %d again", amount, there, back)
		}
	}
}

func TestASuspendedMemberTakesPartInReturnsAlone(t *testing.T) {
	c := trading(t)
	event, _ := c.done(t, exchangeDoc{by: airline, home: "airline", seq: 1, salt: 1, ops: []points.Operation{c.signed(t, "airline", redemptionOf(11, 300))}})
	redeemed := event.Home
	var members clearing.Consortium
	decode(t, c.State("clearing")[engine.ConsortiumKey()], &members)
	for i := range members.Members {
		if members.Members[i].Name == "hotel" {
			members.Members[i].Status = clearing.StatusSuspended
		}
	}
	c.Seed("clearing", engine.ConsortiumKey(), []byte(encode(t, members)))
	event, _ = c.done(t, exchangeDoc{by: hotel, home: "airline", seq: 1, salt: 2, ops: []points.Operation{
		c.signed(t, "airline", redemptionOf(12, 300)), c.signed(t, "airline", swapOf(13, 100)),
		{ID: operationID(14), Kind: points.KindReturn, Account: accountID(1), Whole: true, Original: original(t, redeemed, 0)},
	}})
	for i, want := range []fault.Code{fault.MemberStatus, fault.MemberStatus, fault.OK} {
		if got := event.Home.Receipts[i].Code; got != want {
			t.Errorf("operation %d is answered with %s, want %s", i, got, want)
		}
	}
	if a := c.accountAt(t, "airline", accountID(1)); a.Posted != 1000 {
		t.Errorf("the account has %d points", a.Posted)
	}
}

func TestThePartnerAloneTakesBackNothingThatTheIssuerPaysFor(t *testing.T) {
	c := trading(t)
	event, _ := c.done(t, exchangeDoc{by: hotel, home: "airline", seq: 1, salt: 1, ops: []points.Operation{awardOf(11, 40)}})
	back := func(n int) points.Operation {
		return points.Operation{ID: operationID(n), Kind: points.KindReturn, Account: accountID(1), Whole: true, Original: original(t, event.Home, 0)}
	}
	refused, _ := c.done(t, exchangeDoc{by: hotel, home: "airline", seq: 2, salt: 2, ops: []points.Operation{back(12)}})
	if r := refused.Home.Receipts[0]; r.Code != fault.SubmitterRefused {
		t.Errorf("the partner has itself refunded: %s", r.Code)
	}
	taken, _ := c.done(t, exchangeDoc{by: airline, home: "airline", seq: 1, salt: 3, ops: []points.Operation{back(13)}})
	wantAccepted(t, taken.Home.Receipts...)
}
