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

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/quantity"
	"github.com/tallystick/tallystick/chaincode/wire"
	"github.com/tallystick/tallystick/gateway/ledger"
)

const (
	chaosSeeds = 10
	chaosSteps = 60
)

// chaos is a random history: callers who send and send again, a ledger that fails in every way, processes that are killed, databases that are put back.
type chaos struct {
	t       *testing.T
	random  *rand.Rand
	mu      sync.Mutex // Guards dice, which the sequencer's goroutines throw.
	dice    *rand.Rand
	world   *world
	process *process
	wanted  []Intake
	backups []string
}

func TestWhateverHappensEveryReceiptIsDecidedExactlyOnce(t *testing.T) {
	for seed := range uint64(chaosSeeds) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			c := &chaos{t: t, random: rand.New(rand.NewPCG(seed, 1)), dice: rand.New(rand.NewPCG(seed, 2)), world: newWorld(t)}
			c.process = c.world.launch().awaitReady()
			t.Cleanup(func() { c.process.kill() })
			for range 4 {
				c.open()
			}
			for range chaosSteps {
				c.step()
			}
			c.calm()
			c.check()
		})
	}
}

func (c *chaos) step() {
	switch n := c.random.IntN(100); {
	case n < 50:
		c.send()
	case n < 60:
		c.again()
	case n < 70:
		c.world.setFaults(c.endorseFault, c.submitFault)
	case n < 75:
		c.world.setFaults(nil, nil)
	case n < 85:
		c.world.release()
	case n < 90:
		c.process.pass(time.Second)
	case n < 96:
		c.restart()
	case n < 98:
		c.backups = append(c.backups, c.world.backup())
	case len(c.backups) > 0:
		c.process.kill()
		c.world.putBack(c.backups[c.random.IntN(len(c.backups))])
		c.process = c.world.launch()
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
	c.process.kill()
	c.process = c.world.launch()
}

func (c *chaos) open() {
	in := opening()
	in.Operation.Account = points.AccountID(randomHex(idBytes))
	in.Lookup = c.process.hasher.Lookup(string(in.Operation.Account))
	c.wanted = append(c.wanted, in)
	c.deliver(in)
}

func (c *chaos) account() points.AccountID {
	for {
		if in := c.wanted[c.random.IntN(len(c.wanted))]; in.Operation.Kind == points.KindOpen {
			return in.Operation.Account
		}
	}
}

func (c *chaos) send() {
	reference := fmt.Sprint("r", len(c.wanted))
	var in Intake
	switch n := c.random.IntN(10); {
	case n == 0:
		c.open()
		return
	case n < 6:
		in = earn(c.account(), int64(1+c.random.IntN(9)), reference)
	case n < 8:
		in = redeem(c.account(), quantity.Points(1+c.random.IntN(5)), reference)
	default:
		from, to := c.account(), c.account()
		if from == to {
			return
		}
		in = transfer(from, to, quantity.Points(1+c.random.IntN(5)), reference)
		in.Details.Reference = reference
	}
	in.IdempotencyKey = reference
	c.wanted = append(c.wanted, in)
	c.deliver(in)
}

func (c *chaos) again() {
	in := c.wanted[c.random.IntN(len(c.wanted))]
	if c.random.IntN(2) == 0 {
		in.IdempotencyKey = randomHex(8)
	}
	c.deliver(in)
}

// deliver sends without waiting; a gateway that isn't ready is no surprise.
func (c *chaos) deliver(in Intake) {
	_, err := c.process.Accept(context.Background(), in)
	if code := fault.CodeOf(err); err != nil && code != fault.NotReady {
		c.t.Fatal(err)
	}
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
}

func (c *chaos) check() {
	naturals := map[string]int{}
	for _, b := range c.world.chain {
		if b.code != peer.TxValidationCode_VALID {
			continue
		}
		recovered, err := recovered(b.attempt)
		if err != nil {
			c.t.Fatal(err)
		}
		for _, o := range recovered {
			naturals[o.Natural]++
		}
	}
	for _, in := range c.wanted {
		natural := c.process.hasher.Natural(in.Operation.Kind, &in.Details)
		if in.Operation.Kind == points.KindOpen {
			natural = c.process.hasher.Opening(in.Lookup)
		}
		if naturals[natural] != 1 {
			c.t.Errorf("%s %s was decided %d times", in.Operation.Kind, in.Details.Reference, naturals[natural])
		}
	}
	for _, code := range c.world.codes() {
		if !slices.Contains([]fault.Code{fault.OK, fault.InsufficientPoints, fault.AccountUnknown}, code) {
			c.t.Errorf("an operation was refused with %s", code)
		}
	}
	c.checkTables()
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
	pins, err := c.world.store.Pins(ctx)
	if err != nil || len(pins) != 0 {
		c.t.Errorf("%d pins are left (%v)", len(pins), err)
	}
	if pending, err := c.world.store.PendingOperations(ctx); err != nil || len(pending) != 0 {
		c.t.Errorf("%d operations are left (%v)", len(pending), err)
	}
}
