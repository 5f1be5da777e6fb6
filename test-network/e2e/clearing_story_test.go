//go:build network

package e2e

import (
	"fmt"
	"sync"
	"testing"

	"golang.org/x/sync/errgroup"

	"github.com/tallystick/tallystick/chaincode/clearing"
	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/quantity"
	"github.com/tallystick/tallystick/gateway/client"
)

var (
	airlineAndHotel  = clearing.Pair{A: "airline", B: "hotel"}
	airlineAndGrocer = clearing.Pair{A: "airline", B: "grocer"}
)

// What the customer's day is made of. The rates are those of organizations/membership.yaml: a mile is worth 0.5 pence at the hotel and swaps into one grocer point
// for 0.4 pence, of which the grocer gives back a hundredth; the grocer buys miles at 0.7 pence.
const (
	earnedMiles   = 10_007
	hotelMiles    = 7_331
	hotelPence    = 3_665         // What the customer gets for them.
	hotelMicro    = 3_665_500_000 // What the airline owes for them.
	swappedMiles  = earnedMiles - hotelMiles
	swapMicro     = 1_070_400_000
	swapFee       = 10_704_000
	awardedMiles  = 333
	awardMicro    = 233_100_000
	disputedMiles = 250
	disputedPence = 125
	nightPoints   = 217 // Redeemed on board at a penny each.
	heldMiles     = 600
	heldMicro     = 300_000_000
	capturedMiles = 351 // In the next window; the rest goes back.
	capturedPence = 175
	capturedMicro = 175_500_000

	returnedMiles      = 1_001
	returnedMicro      = 500_500_000
	returnedSwap       = 676 // Grocer points, and the miles that they were swapped for.
	returnedSwapMicro  = 270_400_000
	returnedSwapFee    = 2_704_000
	trafficMiles       = 13
	trafficMicro       = 6_500_000
	trafficPerWindow   = 6 // At least.
	storyStore         = "Canary Suites 4471"
	storyDisputeReason = "not delivered"
)

const (
	storyRun   = "test-network/run-e2e-story"
	storyPorts = 30200
)

// story is a day between three brands, told through their gateways, and what the test works out by hand that they owe each other.
type story struct {
	*consortium
	flyer, shopper, regular string
	first                   int64 // The window that the day begins in.
	owed                    map[int64]map[clearing.Pair][2]quantity.Micro
	stay, swap, award       operation
	disputed, hold          operation
}

// TestClearingStory tells the day from the hotel's till to the bank: redemption, swap and award at partners, returns in the next window, a dispute, netting, settlement.
// The audit passes after every part. The consortium is the story's own: what it works out by hand begins at nothing.
func TestClearingStory(t *testing.T) {
	c := ownConsortium(t, "organizations/membership.yaml", storyRun, storyPorts)
	s := &story{consortium: c, owed: map[int64]map[clearing.Pair][2]quantity.Micro{}}
	for _, part := range []struct {
		name string
		run  func(*testing.T)
	}{
		{"points are spent, swapped and awarded at partners", s.trade},
		{"only the pair and the regulator hold what the pair owes", s.keepSecrets},
		{"a line is disputed", s.dispute},
		{"the window rolls in the middle of traffic", s.rollInTraffic},
		{"a hold is captured in the next window", s.captureHold},
		{"everything is returned in the next window", s.returnAll},
		{"the first window settles", s.settleFirst},
		{"the dispute is withdrawn and the second window settles", s.settleSecond},
		{"customers opt out of partners", s.optOut},
		{"a mandate names an old version", s.oldVersion},
	} {
		if !t.Run(part.name, func(t *testing.T) {
			part.run(t)
			s.requireHonestBooks(t)
		}) {
			return
		}
	}
	s.requireSecrets(t, secret("line of the stay", fmt.Sprintf(`"micro":"%d"`, hotelMicro)))
}

// owes notes by hand what one brand owes another.
func (s *story) owes(window int64, debtor, creditor string, micro quantity.Micro) {
	a, b := clearing.PairOf(debtor, creditor)
	if s.owed[window] == nil {
		s.owed[window] = map[clearing.Pair][2]quantity.Micro{}
	}
	sums := s.owed[window][clearing.Pair{A: a, B: b}]
	if debtor == a {
		sums[clearing.AOwesB] += micro
	} else {
		sums[clearing.BOwesA] += micro
	}
	s.owed[window][clearing.Pair{A: a, B: b}] = sums
}

// atPartner is an operation at a till of another brand than the programme's.
func atPartner(programme string, o fields) fields {
	return o.with(till("till-1")).with(fields{"programme": programme})
}

// spend redeems points in custody for a discount at another brand's till.
func spend(programme, account string, points, pence int64) fields {
	return atPartner(programme, redemption(account, points)).with(fields{"amountMinor": pence, "currency": currency})
}

func (s *story) trade(t *testing.T) {
	s.awaitPartners(t, "airline", "hotel", "grocer")
	s.first = ok[client.Positions](t, s.positions(t, "airline", "airline", 0)).Window.Number
	s.flyer, s.shopper = s.funded(t, "airline", earnedMiles), s.open(t, "grocer", fields{"reference": unique("shopper")})
	s.regular = s.funded(t, "airline", 50_000)
	guest := s.funded(t, "hotel", 1_000)

	s.stay = ok[operation](t, s.submit(t, "hotel", spend("airline", s.flyer, hotelMiles, hotelPence).with(fields{"store": storyStore})))
	s.owes(s.first, "airline", "hotel", hotelMicro)
	s.swap = ok[operation](t, s.submit(t, "airline", fields{
		"kind": "swap", "account": s.flyer, "to": s.shopper, "points": swappedMiles, "partner": "grocer", "authentication": redemption("", 0)["authentication"],
	}))
	s.owes(s.first, "airline", "grocer", swapMicro)
	s.owes(s.first, "grocer", "airline", swapFee)
	s.award = ok[operation](t, s.submit(t, "grocer", atPartner("airline", fields{
		"kind": "award", "account": s.flyer, "points": awardedMiles, "amountMinor": 33_300, "currency": currency,
	})))
	s.owes(s.first, "grocer", "airline", awardMicro)
	ok[operation](t, s.submit(t, "airline", spend("hotel", guest, nightPoints, nightPoints)))
	s.owes(s.first, "hotel", "airline", nightPoints*quantity.MicroPerMinor)
	s.disputed = ok[operation](t, s.submit(t, "hotel", spend("airline", s.regular, disputedMiles, disputedPence)))
	s.owes(s.first, "airline", "hotel", disputedPence*quantity.MicroPerMinor)

	s.hold = ok[operation](t, s.submit(t, "hotel", spend("airline", s.regular, heldMiles, heldMicro/quantity.MicroPerMinor).with(fields{"kind": "hold", "holdSeconds": 3600})))
	s.requireReserved(t, heldMicro)

	for _, o := range []operation{s.stay, s.swap, s.award, s.disputed} {
		if o.Receipt.Window != s.first || o.Receipt.Agreement != 1 || o.Receipt.Obligation == "" {
			t.Errorf("%s: window %d, agreement %d", o.Receipt.Kind, o.Receipt.Window, o.Receipt.Agreement)
		}
	}
	if s.swap.Receipt.PartnerPoints != swappedMiles {
		t.Errorf("the swap brings %d points", s.swap.Receipt.PartnerPoints)
	}
	s.requirePosted(t, "airline", s.flyer, awardedMiles)
	s.requirePosted(t, "grocer", s.shopper, swappedMiles)
	s.requirePosted(t, "hotel", guest, 1_000-nightPoints)
	s.requireOwed(t, s.first)
	s.requireObligation(t, airlineAndHotel, &s.stay, client.Obligation{Service: "redemption", Debtor: "airline", Creditor: "hotel", Micro: hotelMicro})
	grocer := "grocer"
	s.requireObligation(t, airlineAndGrocer, &s.swap, client.Obligation{
		Service: "swap", Debtor: "airline", Creditor: "grocer", Micro: swapMicro, FeeDebtor: &grocer, Fee: swapFee,
	})
	s.requireObligation(t, airlineAndGrocer, &s.award, client.Obligation{Service: "award", Debtor: "grocer", Creditor: "airline", Micro: awardMicro})
}

// requireReserved requires that both members see so much set aside for holds of miles at the hotel.
func (s *story) requireReserved(t *testing.T, want quantity.Micro) {
	t.Helper()
	for _, member := range []string{"airline", "hotel"} {
		eventually(t, fmt.Sprintf("%s sees %d reserved", member, want), func() (any, bool) {
			ask := request{method: "GET", path: "/v1/clearing/pairs/airline/hotel/limits", key: s.key(t, member, "treasury-read")}
			limits := ok[client.PairLimits](t, s.call(t, member, ask))
			return limits.Reserved, limits.Reserved == [2]quantity.Micro{clearing.AOwesB: want}
		})
	}
}

// requirePosted waits for what an account has after what waits for it was folded.
func (s *story) requirePosted(t *testing.T, member, account string, want int64) {
	t.Helper()
	eventually(t, fmt.Sprintf("the account at the %s has %d points", member, want), func() (any, bool) {
		got := s.position(t, member, account)
		return got, got.Posted == want
	})
}

// dispute has the airline set a line aside before its window closes; the evidence comes from its own gateway.
func (s *story) dispute(t *testing.T) {
	key := s.key(t, "airline", "treasury-write")
	filing := request{method: "POST", path: "/v1/clearing/disputes", key: key, body: fields{"operation": s.disputed.ID, "reason": storyDisputeReason}}
	d := ok[client.Dispute](t, s.call(t, "airline", filing))
	if d.Status != clearing.DisputeAside || d.Amount != disputedPence || d.Window != s.first || d.By != "airline" {
		t.Errorf("%+v", d)
	}
	if again := ok[client.Dispute](t, s.call(t, "airline", filing)); again.At != d.At || len(again.Agreed) != 1 {
		t.Errorf("filed again: %+v", again)
	}
	filing.key = s.key(t, "grocer", "treasury-write")
	refused(t, s.call(t, "grocer", filing), fault.NotFound)
}

// rollInTraffic closes the window while tills of the hotel take miles: each redemption is in one of the two windows, and none fails.
func (s *story) rollInTraffic(t *testing.T) {
	key := s.key(t, "hotel", "till")
	var (
		mu      sync.Mutex
		windows = map[int64]int{}
		tills   errgroup.Group
		busy    = func(window int64) bool {
			mu.Lock()
			defer mu.Unlock()
			return windows[window] >= trafficPerWindow
		}
	)
	for range 3 {
		tills.Go(func() error {
			for !busy(s.first + 1) {
				a, err := s.try("hotel", request{
					method: "POST", path: "/v1/operations", key: key, idempotency: unique("traffic"), body: spend("airline", s.regular, trafficMiles, trafficMicro/quantity.MicroPerMinor),
				})
				if err != nil || a.status != 200 {
					return fmt.Errorf("status %d, %.300s: %w", a.status, a.body, err)
				}
				window := decode[operation](t, a.body).Receipt.Window
				mu.Lock()
				windows[window]++
				mu.Unlock()
			}
			return nil
		})
	}
	until(t, "there is traffic in the first window", func() bool { return busy(s.first) })
	s.rollByHand(t, s.first)
	if err := tills.Wait(); err != nil {
		t.Fatal(err)
	}
	if len(windows) != 2 {
		t.Errorf("the traffic was in windows %v", windows)
	}
	for window, n := range windows {
		s.owes(window, "airline", "hotel", quantity.Micro(n)*trafficMicro)
	}
	s.requireOwed(t, s.first)
	s.requireOwed(t, s.first+1)
}

// rollByHand closes a window before its time, with the reason that this takes.
func (s *story) rollByHand(t *testing.T, window int64) {
	t.Helper()
	roll := request{method: "POST", path: fmt.Sprintf("/v1/clearing/windows/GBP/%d/steps", window), key: s.key(t, "airline", "governance"), body: fields{"step": "roll"}}
	refused(t, s.call(t, "airline", roll), fault.TooEarly)
	roll.body = fields{"step": "roll", "reason": rollReason}
	if opened := ok[client.ClearingWindow](t, s.call(t, "airline", roll)); opened.Number != window+1 || opened.Status != clearing.WindowOpen {
		t.Errorf("%+v is open after the roll of window %d", opened, window)
	}
}

// captureHold takes a part of what was held before the roll, and lets the rest go: it is owed in the window of the capture, and nothing stays reserved.
func (s *story) captureHold(t *testing.T) {
	part := atPartner("airline", fields{
		"kind": "capture", "account": s.regular, "hold": s.hold.ID, "points": capturedMiles, "amountMinor": capturedPence, "currency": currency,
	})
	if o := ok[operation](t, s.submit(t, "hotel", part)); o.Receipt.Window != s.first+1 || o.Receipt.Agreement != 1 {
		t.Errorf("captured in window %d under version %d", o.Receipt.Window, o.Receipt.Agreement)
	}
	s.owes(s.first+1, "airline", "hotel", capturedMicro)
	ok[operation](t, s.submit(t, "hotel", fields{"kind": "void", "programme": "airline", "account": s.regular, "hold": s.hold.ID}))
	s.requireReserved(t, 0)
	s.requireOwed(t, s.first+1)
}

// returnAll takes back a part of the stay, the award, and a part of the swap, each where it took place; what was owed for it goes back in the window that is open now.
func (s *story) returnAll(t *testing.T) {
	at := func(member string) fields {
		return till("till-1").with(fields{"kind": "return", "occurredAt": s.businessDate(t, member) + "T12:00:00Z"})
	}
	stay := ok[operation](t, s.submit(t, "hotel", at("airline").with(fields{
		"programme": "airline", "account": s.flyer, "originalOperation": s.stay.ID, "points": returnedMiles,
	})))
	s.owes(s.first+1, "airline", "hotel", -returnedMicro)
	award := ok[operation](t, s.submit(t, "grocer", at("airline").with(fields{
		"programme": "airline", "account": s.flyer, "originalOperation": s.award.ID, "whole": true,
	})))
	s.owes(s.first+1, "grocer", "airline", -awardMicro)
	swap := ok[operation](t, s.submit(t, "grocer", at("grocer").with(fields{
		"partner": "airline", "account": s.shopper, "originalOperation": s.swap.ID, "points": returnedSwap,
	})))
	s.owes(s.first+1, "airline", "grocer", -returnedSwapMicro)
	s.owes(s.first+1, "grocer", "airline", -returnedSwapFee)
	for _, o := range []operation{stay, award, swap} {
		if o.Receipt.Window != s.first+1 {
			t.Errorf("the return is in window %d", o.Receipt.Window)
		}
	}
	s.requirePosted(t, "airline", s.flyer, returnedMiles+returnedSwap)
	s.requirePosted(t, "grocer", s.shopper, swappedMiles-returnedSwap)
	s.requireOwed(t, s.first+1)
	refused(t, s.submit(t, "grocer", at("airline").with(fields{
		"programme": "airline", "account": s.flyer, "originalOperation": s.award.ID, "whole": true,
	})), fault.ReturnExceeds)
}

// optOut: what a customer wants no part in is refused, at the partner's till too, until they want it again.
func (s *story) optOut(t *testing.T) {
	customer := s.funded(t, "airline", 100)
	choice := fields{"account": customer, "partner": "hotel", "authentication": redemption("", 0)["authentication"]}
	ok[operation](t, s.submit(t, "airline", choice.with(fields{"kind": "optout"})))
	refused(t, s.submit(t, "hotel", spend("airline", customer, 20, 10)), fault.OptedOut)
	refused(t, s.submit(t, "hotel", atPartner("airline", fields{"kind": "award", "account": customer, "points": 10})), fault.OptedOut)
	ok[operation](t, s.submit(t, "airline", choice.with(fields{"kind": "optin"})))
	ok[operation](t, s.submit(t, "hotel", spend("airline", customer, 20, 10)))
	s.owes(s.first+2, "airline", "hotel", 10*quantity.MicroPerMinor)
	s.requirePosted(t, "airline", customer, 80)
	s.requireOwed(t, s.first+2)
}

// keepSecrets looks, before anything is disclosed, for what the airline and the hotel owe each other in everything that peers keep.
func (s *story) keepSecrets(t *testing.T) {
	s.requireSecrets(t, secret("value of the stay", fmt.Sprint(hotelMicro)))
	path := "/v1/clearing/pairs/airline/hotel/obligations?currency=GBP&window=" + fmt.Sprint(s.first)
	if list := ok[client.ObligationList](t, s.call(t, "grocer", request{method: "GET", path: path, key: s.key(t, "grocer", "treasury-read")})); len(list.Obligations) != 0 {
		t.Errorf("the grocer's gateway lists %+v", list)
	}
}
