package sequencer

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/hyperledger/fabric-protos-go-apiv2/peer"

	"github.com/tallystick/tallystick/chaincode/engine"
	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/quantity"
	"github.com/tallystick/tallystick/chaincode/rules"
	"github.com/tallystick/tallystick/chaincode/wire"
	"github.com/tallystick/tallystick/gateway/config"
	"github.com/tallystick/tallystick/gateway/ledger"
	"github.com/tallystick/tallystick/gateway/random"
)

const (
	chaosSeeds = 10
	chaosSteps = 180
)

// chaos is a random history: callers who send and send again, a ledger that fails in every way, processes that are killed, databases that are put back, a sweep that runs
// all the time, and a business date that moves.
type chaos struct {
	t        *testing.T
	random   *rand.Rand
	mu       sync.Mutex // Guards dice, which the sequencer's goroutines throw.
	dice     *rand.Rand
	world    *world
	process  *process
	endSweep func()
	wanted   []Intake
	accounts []points.AccountID
	holds    []sent
	backups  []string
}

// sent is an operation that made a hold, as far as its caller knows.
type sent struct {
	in Intake
	id points.OperationID
}

func TestWhateverHappensEveryReceiptIsDecidedExactlyOnce(t *testing.T) {
	kinds := map[points.Kind]int{}
	for seed := range uint64(chaosSeeds) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			c := &chaos{t: t, random: rand.New(rand.NewPCG(seed, 1)), dice: rand.New(rand.NewPCG(seed, 2)), world: newWorld(t, claimable, monthly, patient)}
			c.world.publish(generous(quantity.DayOf(time.Now().Unix())))
			c.world.put(engine.ShopKey("corner"), points.Shop{
				V: 1, ID: "corner", DisplayName: "Corner shop", Sponsor: issuer, Status: points.ShopOpen, AwardPerDay: 500, AcceptPerDay: 500,
			})
			c.launch()
			c.process.awaitReady()
			t.Cleanup(func() { c.kill() })
			for range 6 {
				c.open()
			}
			for range chaosSteps {
				c.step()
			}
			c.calm()
			c.check()
			for _, r := range c.world.receipts() {
				if r.Code == fault.OK {
					kinds[r.Kind]++
				}
			}
		})
	}
	t.Log(kinds)
	for _, kind := range points.HomeKinds() {
		if kinds[kind] == 0 {
			t.Errorf("no history had an accepted %s", kind)
		}
	}
}

// patient lets recoveries be vetoed or completed soon.
func patient(p *points.Programme) { p.Terms[0].RecoveryWaitSeconds = 1 }

// generous gives a point a pound, and one to each side of a referral.
func generous(day quantity.Day) *rules.Set {
	return &rules.Set{
		V: 1, Version: 1, Effective: day, Zone: "UTC", MinorPerUnit: 100, Prose: rules.Words{"en": "A point a pound."},
		Rules: []rules.Rule{
			{ID: "purchase", Types: []rules.EventType{rules.Purchase}, Action: rules.Action{Rate: &quantity.Ratio{Num: 1, Den: 100}, Rounding: rules.Floor}},
			{ID: "referral", Types: []rules.EventType{rules.Referral, rules.Referrer}, Action: rules.Action{Fixed: 1}},
		},
	}
}

// launch starts a process and a sweep beside it.
func (c *chaos) launch() {
	c.process = c.world.launch()
	ctx, cancel := context.WithCancel(context.Background())
	s, ended := c.process.sweeper(), make(chan struct{})
	go func() {
		defer close(ended)
		_ = s.Run(ctx)
	}()
	c.endSweep = func() {
		cancel()
		<-ended
	}
}

func (c *chaos) kill() {
	c.process.stop()
	c.endSweep()
	c.process.kill()
}

func (c *chaos) step() {
	switch n := c.random.IntN(100); {
	case n < 56:
		c.send()
	case n < 65:
		c.again()
	case n < 73:
		c.world.setFaults(c.endorseFault, c.submitFault)
	case n < 76:
		c.world.setFaults(nil, nil)
	case n < 82:
		c.lull()
	case n < 87:
		c.world.release()
	case n < 90:
		c.process.pass(time.Second)
	case n < 92:
		c.world.advance(11)
	case n < 96:
		c.restart()
	case n < 98:
		c.backups = append(c.backups, c.world.backup())
	case len(c.backups) > 0:
		c.kill()
		c.world.putBack(c.backups[c.random.IntN(len(c.backups))])
		c.launch()
	}
}

func (c *chaos) roll(n int) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.dice.IntN(n)
}

func (c *chaos) endorseFault(*wire.BatchRequest) error {
	switch c.roll(8) {
	case 0:
		return unavailable()
	case 1:
		return &ledger.Failure{Class: ledger.LaneMoved, Code: fault.LaneSequence, Text: "a peer is behind"}
	}
	return nil
}

func (c *chaos) submitFault(*wire.BatchRequest) fate {
	if c.roll(2) == 0 {
		return committed
	}
	return fate(c.roll(int(conflicting) + 1))
}

func (c *chaos) restart() {
	c.kill()
	c.launch()
}

// again sends what was sent before, under another key where something else than the key tells that it is the same.
func (c *chaos) again() {
	in := c.wanted[c.random.IntN(len(c.wanted))]
	if c.random.IntN(2) == 0 && (c.natural(&in) != "" || in.Operation.ID != "") {
		in.IdempotencyKey = random.Hex(8)
	}
	c.deliver(in)
}

// deliver sends without waiting; a gateway that isn't ready is no surprise.
func (c *chaos) deliver(in Intake) {
	ticket, err := c.process.Accept(context.Background(), in)
	if code := fault.CodeOf(err); err != nil && code != fault.NotReady {
		c.t.Fatal(err)
	}
	if kind := in.Operation.Kind; err == nil && !ticket.Duplicate && (kind == points.KindHold || kind == points.KindTransfer || kind == points.KindGift) {
		c.holds = append(c.holds, sent{in, ticket.Operation.ID})
	}
}

// lull ends all trouble for a while, so that what was sent takes effect before the next step.
func (c *chaos) lull() {
	c.world.setFaults(nil, nil)
	c.world.release()
	c.process.awaitReady()
	eventually(c.t, "a lull", func() bool {
		c.process.pass(100 * time.Millisecond)
		return c.process.backlog() == 0
	})
}

// calm ends all trouble, and every caller sends once more until it has an answer.
func (c *chaos) calm() {
	c.world.setFaults(nil, nil)
	if c.random.IntN(2) == 0 {
		c.restart()
	}
	c.process.awaitReady()
	var tickets []Ticket
	for _, in := range c.wanted {
		tickets = append(tickets, c.process.must(in))
	}
	c.process.awaitPassing(tickets...)
	c.world.release()
	c.endSweep()
	eventually(c.t, "what the sweep has asked for", func() bool { return c.process.backlog() == 0 })
}

// natural is what tells an operation wherever it comes from; empty when its idempotency key alone does, or the id by which it was approved.
func (c *chaos) natural(in *Intake) string {
	if in.Operation.Kind == points.KindOpen {
		return c.process.hasher.Opening(in.Lookup)
	}
	return c.process.hasher.Natural(in.Operation.Kind, &in.Details)
}

// mark is by what an operation is found on the ledger.
func (c *chaos) mark(in *Intake) string {
	if natural := c.natural(in); natural != "" {
		return natural
	}
	if in.Operation.ID != "" {
		return string(in.Operation.ID)
	}
	return c.process.hasher.Idempotency(in.Caller, in.IdempotencyKey)
}

func (c *chaos) check() {
	times := map[string]int{}
	for _, b := range c.world.chain {
		if b.code != peer.TxValidationCode_VALID {
			continue
		}
		recovered, err := recovered(b.attempt)
		if err != nil {
			c.t.Fatal(err)
		}
		for _, o := range recovered {
			for _, mark := range []string{o.Natural, string(o.ID), o.Idempotency} {
				times[mark]++
			}
		}
	}
	for i := range c.wanted {
		in := &c.wanted[i]
		if n := times[c.mark(in)]; n != 1 {
			c.t.Errorf("%s %s was decided %d times", in.Operation.Kind, in.IdempotencyKey, n)
		}
	}
	for _, code := range c.world.codes() {
		if !slices.Contains(expected, code) {
			c.t.Errorf("an operation was refused with %s", code)
		}
	}
	c.checkBooks()
	c.checkTables()
}

// expected are the codes that such a history can bring, none of which says that custody's mandates or the gateway's own part went wrong.
var expected = []fault.Code{
	fault.OK, fault.InsufficientPoints, fault.AccountUnknown, fault.AccountFrozen, fault.AccountNotFrozen, fault.AccountClosed, fault.AccountUnsettled, fault.ForfeitMismatch,
	fault.HoldUnknown, fault.HoldLapsed, fault.HoldPurpose, fault.HoldPeriod, fault.HoldLimit, fault.CaptureExceeds, fault.ReturnExceeds, fault.EventRepeated,
	fault.RecoveryUnknown, fault.RecoveryWaiting, fault.ControllerRefused, fault.NothingDue, fault.ClaimInvalid, fault.Limit,
}

// checkBooks holds the ledger's records against the named invariants.
func (c *chaos) checkBooks() {
	accounts := c.world.accounts()
	for name, holds := range points.AccountInvariants() {
		for _, a := range accounts {
			if err := holds(a); err != nil {
				c.t.Errorf("%s: %v", name, err)
			}
		}
	}
	var total points.Totals
	for n := range config.MaxLanes {
		var lane points.Lane
		var err error
		if c.world.get(engine.LaneKey(issuer, n), &lane) {
			total, err = total.Plus(lane.Totals)
		}
		if err != nil {
			c.t.Error(err)
		}
	}
	if err := points.SupplyEqualsBalances(total, accounts); err != nil {
		c.t.Error(err)
	}
	if err := points.OpenedEqualsAccounts(total, len(accounts)); err != nil {
		c.t.Error(err)
	}
}

// checkTables compares the outbox with the ledger.
func (c *chaos) checkTables() {
	ctx := context.Background()
	for _, r := range c.world.receipts() {
		o, err := c.world.store.Operation(ctx, r.Operation)
		if err != nil || o.Code != r.Code || len(o.Receipt) == 0 {
			c.t.Errorf("operation %s is %s %s in the database, %s on the ledger (%v)", r.Operation, o.Status, o.Code, r.Code, err)
		}
	}
	pins, err := c.world.store.Pins(ctx, "airline")
	if err != nil || len(pins) != 0 {
		c.t.Errorf("%d pins are left (%v)", len(pins), err)
	}
	if pending, err := c.world.store.PendingOperations(ctx, "airline"); err != nil || len(pending) != 0 {
		c.t.Errorf("%d operations are left (%v)", len(pending), err)
	}
}
