//go:build network

package e2e

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	random "crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/tallystick/tallystick/chaincode/clearing"
	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/quantity"
	"github.com/tallystick/tallystick/chaincode/wire"
	"github.com/tallystick/tallystick/network/membership"
)

// The storm: so many clients at each of two gateways, over the same accounts of both programmes.
const (
	stormLength   = 40 * time.Second
	stormClients  = 8 // At each gateway.
	stormAccounts = 6 // Of each programme: few, so that every account is hit from both sides at once.
	stormPoints   = 20_000
	rollEvery     = 2 * time.Second
	leastRolls    = 6
	// stormRoom is what either brand may come to owe the other, in minor units: so little that some of the storm doesn't fit.
	stormRoom = 3_000
	// stormSeed makes what clients choose the same in every run; what comes of it depends on the timing.
	stormSeed = 4
	// againAfter is how long a client waits before it tries again under the same idempotency key.
	againAfter = 200 * time.Millisecond
)

// When what is killed dies, from the storm's beginning, and for how long.
const (
	gatewayDiesAt = 8 * time.Second
	peerDiesAt    = 20 * time.Second
	deadFor       = 4 * time.Second
)

// TestTwoBrandsStorm has the airline's and the hotel's tills hammer the same accounts from both sides while windows roll and a gateway and a peer die in between: afterwards
// everything adds up, by what the regulator's blocks say and nobody's database.
func TestTwoBrandsStorm(t *testing.T) {
	defer three.narrow(t, "airline", "hotel", stormRoom)()
	s := newStorm(t)
	from := three.height(t, "airline") + 1
	s.rage(t)
	for _, brand := range stormBrands {
		three.awaitReady(t, brand)
	}
	t.Log(s.summary())
	s.requireEnough(t)
	s.calms(t)

	b := readStorm(t, from)
	b.requireAnswersStand(t, s.answers)
	b.requirePointsConserved(t)
	b.requireObligationsFollowReceipts(t)
	b.requireTalliesAndTreasurersAgree(t)
	b.requireLimitsKept(t)
	b.conflicts.requireFew(t, b.batches)
	t.Log(b.summary())
	three.requireHonestBooks(t)
}

var stormBrands = []string{"airline", "hotel"}

// calms closes the storm's last window for traffic, and waits until all peers have that: nothing is booked in any window of the storm after that. What gateways have left to do
// by themselves, such as refunds, they book in the next one.
func (s *storm) calms(t *testing.T) {
	t.Helper()
	three.level(t)
	last := openWindow(t).Number
	untilDone(t, "the storm's last window is closed for traffic", func() error {
		a, err := s.roll(last)
		if openWindow(t).Number > last {
			return nil
		}
		return errors.Join(a.unexpected(), err)
	})
	three.level(t)
}

// narrow leaves the pair so much room beyond what it uses of its allocations already; what it returns gives the pair back what it had.
func (c *consortium) narrow(t *testing.T, a, b string, room quantity.Minor) (widen func()) {
	t.Helper()
	had := look[clearing.Allocation](t, c, a, wire.FnGetAllocation, wire.PairCurrencyQuery{A: a, B: b, Currency: currency}).Amount
	var used [2]quantity.Micro
	for _, l := range look[[]clearing.PairLane](t, c, a, wire.FnGetPairLanes, wire.PairQuery{A: a, B: b}) {
		for i := range used {
			used[i] += l.Used[i] + l.Reserved[i]
		}
	}
	ways := [2][2]string{{a, b}, {b, a}}
	for i, way := range ways {
		c.allocate(t, way[0], way[1], quantity.Minor(used[i]/quantity.MicroPerMinor)+1+room)
	}
	return func() {
		for i, way := range ways {
			c.allocate(t, way[0], way[1], had[i])
		}
	}
}

func openWindow(t *testing.T) clearing.Window {
	t.Helper()
	return look[clearing.Window](t, three, "airline", wire.FnGetOpenWindow, wire.CurrencyQuery{Currency: currency})
}

// storm is what clients do and what they are answered.
type storm struct {
	accounts map[string][]string          // By brand.
	wallets  map[string]*ecdsa.PrivateKey // Of customers who sign for themselves, by account: one in two.
	keys     map[string]string            // Of tills, by brand.
	dates    map[string]string            // Business dates, by brand.
	end      time.Time
	// governance is the key of the third brand's operator.
	governance string
	opened     int64 // The window that it begins in.

	mu      sync.Mutex
	answers map[string]operation // By operation id; those that clients made in the storm.
	again   map[string]int       // Attempts that had to be made again, by what was answered.
	outcome map[string]int       // By kind and code.
	broken  []string             // What no client should ever be answered.
	newest  int64                // The newest window that was seen.
}

func newStorm(t *testing.T) *storm {
	t.Helper()
	s := &storm{
		accounts: map[string][]string{}, wallets: map[string]*ecdsa.PrivateKey{}, keys: map[string]string{}, dates: map[string]string{},
		answers: map[string]operation{}, again: map[string]int{}, outcome: map[string]int{},
		governance: three.key(t, "grocer", "governance"), opened: openWindow(t).Number,
	}
	three.awaitPartners(t, "airline", "hotel", "grocer")
	for _, brand := range stormBrands {
		s.keys[brand], s.dates[brand] = three.key(t, brand, "till"), three.businessDate(t, brand)
		for n := range stormAccounts {
			s.accounts[brand] = append(s.accounts[brand], s.funded(t, brand, n%2 == 0))
		}
	}
	for i, brand := range stormBrands { // Each till takes the other brand's accounts at once.
		for _, account := range s.accounts[brand] {
			three.awaitAccount(t, stormBrands[1-i], account)
		}
	}
	three.level(t)
	return s
}

// funded opens an account that holds points, in custody or under a key of its own: what a customer signed for goes to the ledger also while the issuer's gateway is dead.
func (s *storm) funded(t *testing.T, brand string, custody bool) string {
	t.Helper()
	if custody {
		return three.funded(t, brand, stormPoints)
	}
	key := must[*ecdsa.PrivateKey](t)(ecdsa.GenerateKey(elliptic.P256(), random.Reader))
	public := must[string](t)(points.EncodePublicKey(&key.PublicKey))
	account := three.open(t, brand, fields{"controller": fields{"kind": points.ControllerP256, "key": public}})
	ok[operation](t, three.submit(t, brand, three.purchase(t, brand, account, stormPoints*100)))
	s.wallets[account] = key
	return account
}

// rage lets the storm loose and returns when every operation is answered.
func (s *storm) rage(t *testing.T) {
	t.Helper()
	began := time.Now()
	s.end = began.Add(stormLength)
	var clients, weather sync.WaitGroup
	for n := range stormClients * len(stormBrands) {
		c := &stormClient{storm: s, at: stormBrands[n%2], other: stormBrands[1-n%2], random: rand.New(rand.NewPCG(stormSeed, uint64(n)))}
		clients.Go(c.run)
	}
	weather.Go(func() { s.rollWindows() })
	time.Sleep(time.Until(began.Add(gatewayDiesAt)))
	three.kill(t, membership.GatewayNode("hotel"))
	time.Sleep(deadFor)
	three.start(t, membership.GatewayNode("hotel"))
	time.Sleep(time.Until(began.Add(peerDiesAt)))
	three.kill(t, membership.PeerNode("airline", 0))
	time.Sleep(deadFor)
	three.start(t, membership.PeerNode("airline", 0))
	weather.Wait()
	done := make(chan struct{})
	go func() { clients.Wait(); close(done) }()
	select {
	case <-done:
	case <-time.After(patience):
		t.Fatalf("clients still wait for answers; %s", s.summary())
	}
	for _, b := range s.broken {
		t.Error(b)
	}
}

// rollWindows closes one window for traffic after the other, through the third brand's gateway, by whose peer nothing of the pair goes. A roll that comes to nothing while nodes
// are down is none: the test counts those that happened.
func (s *storm) rollWindows() {
	for ; !s.over(); time.Sleep(rollEvery) {
		a, err := three.try("grocer", request{method: "GET", path: "/v1/clearing/windows?currency=" + currency + "&limit=1", key: s.governance})
		var list struct{ Windows []clearing.Window }
		if err != nil || json.Unmarshal(a.body, &list) != nil || len(list.Windows) == 0 {
			s.breaks("no windows at the grocer's gateway: %v %.300s", err, a.body)
			return
		}
		s.sees(list.Windows[0].Number)
		_, _ = s.roll(list.Windows[0].Number)
	}
}

// roll asks the third brand's gateway to close a window for traffic.
func (s *storm) roll(window int64) (answer, error) {
	path := fmt.Sprintf("/v1/clearing/windows/%s/%d/steps", currency, window)
	return three.try("grocer", request{method: "POST", path: path, key: s.governance, body: fields{"step": "roll", "reason": rollReason}})
}

func (s *storm) sees(window int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.newest = window
}

// over says whether the storm is: when its time has come and it has shown enough. On a busy machine that may take longer than its time, though not forever.
func (s *storm) over() bool {
	past := time.Since(s.end)
	return past > patience || past > 0 && len(s.missing()) == 0
}

func (s *storm) breaks(format string, args ...any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.broken = append(s.broken, fmt.Sprintf(format, args...))
}

func (s *storm) retries(why string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.again[why]++
}

// answered notes what became of an operation, and requires that the same key never names two.
func (s *storm) answered(kind string, o operation) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.answers[o.ID] = o
	s.outcome[kind+" "+o.Code]++
}

func (s *storm) summary() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return fmt.Sprintf("%d windows rolled; %d operations answered: %v; tried again: %v", s.newest-s.opened, len(s.answers), sorted(s.outcome), sorted(s.again))
}

func sorted(counts map[string]int) []string {
	var list []string
	for _, name := range slices.Sorted(maps.Keys(counts)) {
		list = append(list, fmt.Sprintf("%s %d", name, counts[name]))
	}
	return list
}

// requireEnough requires that every kind of operation succeeded, that limits were reached and that windows rolled: a storm without them shows nothing.
func (s *storm) requireEnough(t *testing.T) {
	t.Helper()
	for _, what := range s.missing() {
		t.Error(what)
	}
	if len(s.again) == 0 {
		t.Error("nothing had to be tried again: nobody noticed what was killed")
	}
}

// missing is what a storm has to show and hasn't yet.
func (s *storm) missing() (list []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	limits := 0
	for _, kind := range stormKinds {
		if s.outcome[kind+" "+string(fault.OK)] == 0 {
			list = append(list, "no "+kind+" succeeded")
		}
		limits += s.outcome[kind+" "+string(fault.Limit)]
	}
	if limits == 0 {
		list = append(list, "no limit was reached")
	}
	if rolled := s.newest - s.opened; rolled < leastRolls {
		list = append(list, fmt.Sprintf("only %d windows rolled in the storm", rolled))
	}
	return list
}

// send brings one operation to an answer that is final, under one idempotency key, whatever dies meanwhile. Only answers that say they can be retried are.
func (s *storm) send(brand, kind string, body any) (operation, bool) {
	r := request{method: "POST", path: "/v1/operations", key: s.keys[brand], idempotency: unique("storm"), body: body}
	for ; ; time.Sleep(againAfter) {
		a, err := three.try(brand, r)
		if err != nil {
			s.retries("no answer")
			continue
		}
		if a.status == http.StatusOK {
			var o operation
			if err := json.Unmarshal(a.body, &o); err != nil {
				s.breaks("%s at %s: %v: %.300s", kind, brand, err, a.body)
				return operation{}, false
			}
			s.answered(kind, o)
			return o, true
		}
		var p struct {
			Class     fault.Class
			Code      fault.Code
			Operation *operation
		}
		_ = json.Unmarshal(a.body, &p) // What can't be read has no class, and is reported as a whole.
		switch {
		case a.status == http.StatusAccepted:
			s.retries("PENDING")
		case p.Class == fault.ClassRetry:
			s.retries(string(p.Code))
		case p.Class == fault.ClassRefusal && p.Operation != nil && businessCodes[p.Code]:
			s.answered(kind, *p.Operation)
			return *p.Operation, false
		default:
			s.breaks("%s at %s: status %d: %.400s", kind, brand, a.status, a.body)
			return operation{}, false
		}
	}
}

// businessCodes are the refusals that the storm's operations can run into: each is about points, holds or limits, and none about who else was at work.
var businessCodes = map[fault.Code]bool{
	fault.InsufficientPoints: true, fault.Limit: true, fault.AuthBusy: true, fault.HoldUnknown: true, fault.HoldLapsed: true, fault.ReturnExceeds: true,
}
