//go:build network

package e2e

import (
	"fmt"
	"testing"
	"time"

	"github.com/tallystick/tallystick/chaincode/clearing"
	"github.com/tallystick/tallystick/chaincode/engine"
	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/quantity"
	"github.com/tallystick/tallystick/chaincode/wire"
	"github.com/tallystick/tallystick/network/membership"
	"github.com/tallystick/tallystick/test-network/canary"
)

// Where the consortium of TestClearing lives.
const (
	clearingPorts = 30800
	clearingRun   = "test-network/run-e2e-clearing"
)

// What members of the tests may owe: a lane of a pair has a sixteenth of the allocation.
const (
	testCap        = 64_000_000
	testAllocation = 16_000_000
)

// TestClearing brings cross-brand transactions to the peers directly, honest ones and attacks. The gateways don't run meanwhile: nothing else moves windows or lanes.
// It ends with what nothing can prevent, two brands against the third, so the consortium is of no use to other tests.
func TestClearing(t *testing.T) {
	c := ownConsortium(t, "test-network/clearing.yaml", clearingRun, clearingPorts)
	c.stopGateways(t)
	c.openClearing(t)
	c.admitToCredit(t, "airline", "hotel")
	c.agree(t, agreementOf("airline", "hotel", 1, time.Now().Add(-time.Hour)), time.Now())
	for _, part := range []struct {
		name string
		run  func(*testing.T, *consortium)
	}{
		{"two brands deal with each other alone", testTwoBrandsDeal},
		{"only the pair and the regulator hold what the pair owes", testPairDataStayWithThePair},
		{"points take cross-brand calls from clearing alone", testPointsTakeNoCrossBrandCalls},
		{"nobody endorses a pair's data for both", testNobodyEndorsesPairDataForBoth},
		{"altered chaincode alone changes nothing", testAlteredChaincodeAloneChangesNothing},
		{"thirds stay out of pairs", testThirdsStayOutOfPairs},
		{"the regulator changes nothing", testRegulatorChangesNothingInClearing},
		{"a rate changes in mid-flight", testRateChangesMidFlight},
		{"tiny swaps gain nothing", testTinySwapsGainNothing},
		{"withheld credits come too late", testWithheldCreditsComeTooLate},
		{"an acceptance counts once", testAcceptanceCountsOnce},
		{"windows close once and in order", testWindowsCloseOnceAndInOrder},
		{"two brands against the third are detected", testCollusionIsDetected},
	} {
		t.Run(part.name, func(t *testing.T) { part.run(t, c) })
	}
}

// stopGateways leaves clearing to the test alone.
func (c *consortium) stopGateways(t *testing.T) {
	t.Helper()
	names := []string{"stop"}
	for _, m := range c.members.Members {
		names = append(names, membership.GatewayNode(m.Name))
	}
	c.run(t, "tallynet", names...)
}

// admitToCredit lets two members owe each other, by votes of the brands.
func (c *consortium) admitToCredit(t *testing.T, a, b string) {
	t.Helper()
	for _, way := range [][2]string{{a, b}, {b, a}} {
		c.cap(t, way[0], testCap)
		c.allocate(t, way[0], way[1], testAllocation)
	}
}

// testTwoBrandsDeal has every kind of cross-brand operation committed with the endorsements of the two brands.
func testTwoBrandsDeal(t *testing.T, c *consortium) {
	flyer, guest := c.customer(t, "airline", 50_000), c.customer(t, "hotel", 5_000)
	own := trade{by: "airline", home: "airline", partner: "hotel", k: 1}
	till := trade{by: "hotel", home: "airline", partner: "hotel", k: 1}
	with := func(x trade, operations ...points.Operation) traded {
		x.operations = operations
		done := c.trade(t, x)
		accepted(t, done.event.Home.Receipts...)
		requireSealed(t, &done)
		return done
	}

	swapped := with(own, flyer.swap(t, guest, "airline", 7_331))
	accepted(t, swapped.event.Partner.Receipts...)
	guest.fold(t, swapped.event.Partner)
	if got := guest.posted(t); got != 5_000+7_331/2 {
		t.Errorf("the guest has %d points after the swap", got)
	}
	redeemed := with(till, flyer.redeem(t, "hotel", "hotel", 2_000))
	own.operations = []points.Operation{flyer.back(t, &redeemed.event.Home, 0)}
	if r := c.trade(t, own).event.Home.Receipts[0]; r.Code != fault.SubmitterRefused {
		t.Errorf("the issuer takes back what it owes its partner: %s", r.Code)
	}
	with(till, flyer.back(t, &redeemed.event.Home, 0))
	awarded := with(till, flyer.award("hotel", 40))
	flyer.fold(t, &awarded.event.Home)
	till.operations = []points.Operation{flyer.back(t, &awarded.event.Home, 0)}
	if r := c.trade(t, till).event.Home.Receipts[0]; r.Code != fault.SubmitterRefused {
		t.Errorf("the partner has itself refunded what it awarded: %s", r.Code)
	}
	with(own, flyer.back(t, &awarded.event.Home, 0))
	if got := flyer.posted(t); got != 50_000-7_331 {
		t.Errorf("the flyer has %d points after a redemption and an award that were both returned", got)
	}
	returned := with(trade{by: "hotel", home: "hotel", partner: "airline", k: 1}, guest.back(t, swapped.event.Partner, 0))
	flyer.fold(t, returned.event.Partner)
	if got := flyer.posted(t); got != 50_000 {
		t.Errorf("the flyer has %d points after the swap was returned", got)
	}

	hold := flyer.hold(t, "hotel", "hotel", 1_000, 600)
	with(till, hold)
	if got := look[clearing.Reservation](t, c, "hotel", wire.FnGetReservation, wire.ReservationQuery{A: "airline", B: "hotel", Hold: hold.ID}); got.Points != 1_000 {
		t.Errorf("the reservation is of %d points", got.Points)
	}
	with(till, points.Operation{ID: newID(), Kind: points.KindCapture, Account: flyer.account, Points: 600, Hold: hold.ID, Partner: "hotel"})
	with(till, points.Operation{ID: newID(), Kind: points.KindVoid, Account: flyer.account, Hold: hold.ID, Partner: "hotel"})
	refusedQuery(t, c, "hotel", fault.NotFound, wire.FnGetReservation, wire.ReservationQuery{A: "airline", B: "hotel", Hold: hold.ID})
	with(own, flyer.swap(t, guest, "airline", 7_331)) // Stays: the pair's data have something to hold.
}

// refusedQuery requires that a member's own peer doesn't answer its query, with this code.
func refusedQuery(t *testing.T, c *consortium, member string, code fault.Code, function string, doc any) {
	t.Helper()
	reader := c.user(t, member, string(membership.AuditorRole))
	reader.refusedAt(t, code, reader.propose(t, engine.ClearingChaincode, nil, function, document(t, doc)), membership.PeerNode(member, 0))
}

// requireSealed requires that the receipts name the private details that were sent: the points chaincode that clearing called saw the transient field.
func requireSealed(t *testing.T, done *traded) {
	t.Helper()
	salt := unhex(t, done.details.Salt)
	for i := range done.details.Operations {
		if want := must[string](t)(wire.DetailsHash(salt, &done.details.Operations[i])); done.event.Home.Receipts[i].Details != want {
			t.Errorf("receipt %d names other details than were sent", i)
		}
	}
}

// testPairDataStayWithThePair looks for what the airline and the hotel owe each other in everything that the peers of all members keep.
func testPairDataStayWithThePair(t *testing.T, c *consortium) {
	query := wire.TalliesQuery{A: "airline", B: "hotel", Currency: currency, Window: 1}
	agreed := look[clearing.Agreement](t, c, "hotel", wire.FnGetAgreement, wire.AgreementQuery{A: "airline", B: "hotel", Version: 1})
	secrets := []canary.Canary{
		secret("agreement's salt", agreed.Salt), secret("sale price", `"num":7919`), secret("store", crossStore), secret("value of the swap", "2932400000"),
	}
	for _, tally := range look[[]clearing.Tally](t, c, "airline", wire.FnGetTallies, query) {
		secrets = append(secrets, secret("tally's salt", tally.Salt))
		if digits := fmt.Sprint(int64(max(tally.Net, -tally.Net))); tally.Net%quantity.MicroPerMinor != 0 {
			secrets = append(secrets, secret("tally's net", digits))
		}
	}
	for _, member := range []string{"airline", "hotel", "regulator"} {
		requireFound(t, c.dir.Data(membership.PeerNode(member, 0)), nil, secrets...)
	}
	for _, node := range []string{membership.PeerNode("grocer", 0), membership.OrdererNode("airline", 0)} {
		requireAbsent(t, c.dir.Data(node), nil, secrets...)
	}
	requireAbsent(t, c.dir.Logs(), nil, secrets...)
}
