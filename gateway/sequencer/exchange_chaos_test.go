package sequencer

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/quantity"
	"github.com/tallystick/tallystick/chaincode/wire"
	"github.com/tallystick/tallystick/gateway/blocks"
	"github.com/tallystick/tallystick/gateway/ledger"
	"github.com/tallystick/tallystick/gateway/store"
)

const (
	crossSeeds = 6
	crossSteps = 160
)

// crossing is a random history of two gateways that deal with each other's customers: callers who send again, a network that fails in every way, processes that are killed,
// databases that are put back, and windows that are rolled and settled meanwhile.
type crossing struct {
	t        *testing.T
	random   *rand.Rand
	mu       sync.Mutex // Guards dice, which the sequencers' goroutines throw.
	dice     *rand.Rand
	net      *network
	accounts map[string][]points.AccountID // By brand.
	wanted   []order
	holds    []order
	backups  map[string][]string
	closed   []int64 // Windows that were rolled and aren't settled.
}

// order is what a caller wants of a gateway.
type order struct {
	brand string // Whose gateway it is,
	home  string // and whose points it is about.
	in    Intake
	id    points.OperationID // Once it was taken.
}

func TestWhateverHappensToTwoGatewaysEveryOperationIsDecidedExactlyOnce(t *testing.T) {
	kinds := map[string]int{}
	for seed := range uint64(crossSeeds) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			c := &crossing{
				t: t, random: rand.New(rand.NewPCG(seed, 3)), dice: rand.New(rand.NewPCG(seed, 4)), accounts: map[string][]points.AccountID{}, backups: map[string][]string{},
				net: newNetwork(t, []string{"airline", "hotel"}, [2]string{"airline", "hotel"}),
			}
			for _, s := range c.net.sites {
				s.chores = prompt
				s.launch().awaitOpen(c.other(s.brand.Name))
			}
			for _, brand := range c.brands() {
				for range 3 {
					c.accounts[brand] = append(c.accounts[brand], c.net.sites[brand].customer(500))
				}
			}
			for range crossSteps {
				c.step()
			}
			c.calm()
			c.check()
			for _, r := range c.net.receipts() {
				if r.Code == fault.OK && r.Partner != "" {
					kinds[string(r.Kind)]++
				}
			}
		})
	}
	t.Log(kinds)
	for _, kind := range []points.Kind{
		points.KindRedeem, points.KindHold, points.KindCapture, points.KindVoid, points.KindReturn, points.KindAward, points.KindSwap, points.KindDeposit, points.KindOptOut,
	} {
		if kinds[string(kind)] == 0 {
			t.Errorf("no history had an accepted %s with a partner", kind)
		}
	}
}

func (c *crossing) brands() []string { return []string{"airline", "hotel"} }

func (c *crossing) other(brand string) string {
	if brand == "airline" {
		return "hotel"
	}
	return "airline"
}

func (c *crossing) roll(n int) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.dice.IntN(n)
}

func (c *crossing) step() {
	brand := c.brands()[c.random.IntN(2)]
	s := c.net.sites[brand]
	switch n := c.random.IntN(100); {
	case n < 58:
		c.send(brand)
	case n < 64 && len(c.wanted) > 0:
		c.deliver(&c.wanted[c.random.IntN(len(c.wanted))])
	case n < 71:
		c.net.setFaults(c.endorseFault, c.submitFault)
	case n < 75:
		c.net.setFaults(nil, nil)
	case n < 79:
		c.net.setDead(brand, c.random.IntN(2) == 0)
	case n < 83:
		c.net.release()
	case n < 88:
		c.net.pass(time.Duration(c.random.IntN(300)) * time.Second)
	case n < 91:
		c.net.pass(2 * time.Second)
		c.closed = append(c.closed, c.net.roll())
	case n < 93 && len(c.closed) > 0:
		c.net.settle(c.closed[0])
		c.closed = c.closed[1:]
	case n < 96:
		s.kill()
		s.launch()
	case n < 98:
		s.kill()
		c.backups[brand] = append(c.backups[brand], s.backup())
		s.launch()
	case len(c.backups[brand]) > 0:
		s.kill()
		s.putBack(c.backups[brand][c.random.IntN(len(c.backups[brand]))])
		s.launch()
	}
	if c.random.IntN(3) == 0 {
		time.Sleep(time.Duration(c.random.IntN(20)) * time.Millisecond)
	}
}

func (c *crossing) endorseFault(*shipment) error {
	switch c.roll(10) {
	case 0:
		return unavailable()
	case 1:
		return &ledger.Failure{Class: ledger.LaneMoved, Code: fault.LaneSequence, Text: "a peer is behind"}
	}
	return nil
}

func (c *crossing) submitFault(*shipment) fate {
	if c.roll(2) == 0 {
		return committed
	}
	return []fate{lostAnswer, lost, refusedAck, held}[c.roll(4)]
}

func (c *crossing) account(brand string) points.AccountID {
	return c.accounts[brand][c.random.IntN(len(c.accounts[brand]))]
}

// send has a caller want something of a brand's gateway.
func (c *crossing) send(brand string) {
	other := c.other(brand)
	s, there := c.net.sites[brand], c.net.sites[other]
	account, reference, amount := c.account(brand), fmt.Sprint("r", len(c.wanted)), quantity.Points(1+c.random.IntN(9))
	o := order{brand: brand, home: brand}
	switch n := c.random.IntN(20); {
	case n < 2:
		o.in = s.purchase(account, int64(amount), reference)
	case n < 4:
		o.in = redeem(account, amount, reference)
	case n < 7:
		o.in = with(redeem(account, amount, reference), other)
	case n < 9:
		o.in = with(hold(account, amount, c.net.now().Unix()+int64(1+c.random.IntN(600)), reference), other)
	case n < 11:
		if len(c.holds) == 0 {
			return
		}
		o = c.end(reference)
	case n < 13:
		o.in = swap(account, c.account(other), amount, other, reference)
	case n < 16:
		o.home, o.in = other, award(c.account(other), amount, brand, reference)
	case n < 17:
		o.home, o.in = other, c.signedAway(there, brand, amount, reference)
	case n < 19:
		var ok bool
		if o, ok = c.giveBack(brand, reference); !ok {
			return
		}
	default:
		o.in = signed(points.Operation{Kind: []points.Kind{points.KindOptOut, points.KindOptIn, points.KindOptIn}[c.random.IntN(3)], Account: account, Partner: other})
	}
	o.in.IdempotencyKey = reference
	c.wanted = append(c.wanted, o)
	c.deliver(&c.wanted[len(c.wanted)-1])
}

// signedAway is a debit of the other brand's customer at this brand's till, under a mandate that its custody signed: what a till brings to the ledger when the issuer can't be
// reached.
func (c *crossing) signedAway(issuer *site, till string, amount quantity.Points, reference string) Intake {
	issuer.programme.Now = c.net.now().Unix() + 500
	item := issuer.programme.RedeemAt(till, c.account(issuer.brand.Name), amount)
	item.Operation.ID = ""
	d := points.Details{
		AmountMinor: item.Details.AmountMinor, Currency: item.Details.Currency, Merchant: item.Details.Merchant, Store: item.Details.Store, Terminal: item.Details.Terminal,
		PlaceSalt: item.Details.PlaceSalt, Reference: reference,
	}
	return Intake{Caller: "till", Operation: item.Operation, Details: d}
}

// end captures some of a hold, or voids it.
func (c *crossing) end(reference string) order {
	h := c.holds[c.random.IntN(len(c.holds))]
	in := with(capture(h.in.Operation.Account, h.id, quantity.Points(1+c.random.IntN(5)), reference), h.in.Operation.Partner)
	if c.random.IntN(3) == 0 {
		in.Operation.Kind, in.Operation.Points = points.KindVoid, 0
		return order{brand: in.Operation.Partner, home: h.home, in: in} // Whose till relies on it.
	}
	return order{brand: h.brand, home: h.home, in: in}
}

// giveBack returns something of a programme that took place with the partner.
func (c *crossing) giveBack(brand, reference string) (order, bool) {
	var all []located
	for _, r := range c.net.located() {
		returnable := r.Kind.Redeems() || r.Kind == points.KindAward || r.Kind == points.KindDeposit && r.Original == ""
		if r.Code == fault.OK && r.Partner != "" && r.Programme == brand && returnable {
			all = append(all, r)
		}
	}
	if len(all) == 0 {
		return order{}, false
	}
	r := all[c.random.IntN(len(all))]
	in := c.net.sites[brand].purchase(r.Account, 0, reference)
	in.Operation = points.Operation{Kind: points.KindReturn, Account: r.Account, Partner: r.Partner, Original: r.original(c.t), Whole: true}
	if c.random.IntN(2) == 0 && r.Points > 1 {
		in.Operation.Whole, in.Operation.Points = false, 1
	}
	by := brand
	if r.Kind.Redeems() {
		by = r.Partner // The partner alone takes back what it is owed.
	}
	return order{brand: by, home: brand, in: in}, true
}

// to is the sequencer that takes an order.
func (c *crossing) to(o *order) *Sequencer {
	s := c.net.sites[o.brand]
	if o.home == o.brand {
		return s.own
	}
	return s.abroad[o.home]
}

// deliver sends without waiting; a gateway that isn't ready is no surprise.
func (c *crossing) deliver(o *order) {
	ticket, err := c.to(o).Accept(context.Background(), o.in)
	if code := fault.CodeOf(err); err != nil && code != fault.NotReady {
		c.t.Fatal(err)
	}
	if err == nil && o.id == "" && o.in.Operation.Kind == points.KindHold {
		o.id = ticket.Operation.ID
		c.holds = append(c.holds, *o)
	}
}

// calm ends all trouble, and every caller sends once more until it has an answer. Holds lapse, windows are settled, and the gateways finish what they do by themselves.
func (c *crossing) calm() {
	c.net.setFaults(nil, nil)
	for _, brand := range c.brands() {
		c.net.setDead(brand, false)
	}
	for _, brand := range c.brands() {
		c.net.sites[brand].awaitOpen(c.other(brand))
	}
	var tickets []Ticket
	for i := range c.wanted {
		tickets = append(tickets, c.net.sites[c.wanted[i].brand].must(c.to(&c.wanted[i]), c.wanted[i].in))
	}
	for _, ticket := range tickets {
		eventually(c.t, "an operation to be decided", func() bool {
			select {
			case <-ticket.Done:
				return true
			default:
				c.net.pass(100 * time.Millisecond)
				return false
			}
		})
	}
	c.net.release()
	c.net.pass(time.Hour)
	eventually(c.t, "reservations to be released and credits to be folded", func() bool {
		c.net.pass(100 * time.Millisecond)
		return c.net.reserved() == 0 && c.nothingWaits()
	})
	for _, brand := range c.brands() {
		c.net.sites[brand].kill()
		c.net.sites[brand].chores.Outstanding = 0
		c.net.sites[brand].launch().awaitOpen(c.other(brand))
		eventually(c.t, "what the gateway wanted by itself", func() bool {
			c.net.pass(100 * time.Millisecond)
			backlog := 0
			for _, q := range c.net.sites[brand].sequencers() {
				backlog += q.backlog()
			}
			return backlog == 0
		})
	}
	height := int64(c.net.ledger.Height()) - 1
	for _, brand := range c.brands() {
		eventually(c.t, "the last block", func() bool {
			block, err := store.NewReads(c.net.sites[brand].store.Reader()).Block(context.Background())
			return err == nil && block >= height
		})
	}
}

func (c *crossing) nothingWaits() bool {
	for _, brand := range c.brands() {
		waiting, err := store.NewReads(c.net.sites[brand].store.Reader()).Waiting(context.Background(), brand, 1)
		if err != nil || len(waiting) > 0 {
			return false
		}
	}
	return true
}

// crossCodes are the codes that such a history can bring: none says that a gateway's part went wrong.
var crossCodes = []fault.Code{
	fault.OK, fault.InsufficientPoints, fault.HoldUnknown, fault.HoldLapsed, fault.HoldPeriod, fault.HoldLimit, fault.CaptureExceeds, fault.ReturnExceeds, fault.OptedOut,
	fault.AuthExpired, fault.NothingDue, fault.Limit,
}

func (c *crossing) check() {
	times := map[string]int{}
	for _, d := range c.net.details() {
		for _, mark := range []string{d.Natural, d.Idempotency} {
			times[mark]++
		}
	}
	for i := range c.wanted {
		o := &c.wanted[i]
		q := c.to(o)
		mark := q.hasher.NaturalOf(q.settings.Programme, &o.in.Operation, &o.in.Details)
		if mark == "" {
			mark = q.hasher.Idempotency(o.in.Caller, o.in.IdempotencyKey)
		}
		if n := times[mark]; n != 1 {
			c.t.Errorf("%s's %s %s in %s was decided %d times", o.brand, o.in.Operation.Kind, o.in.IdempotencyKey, o.home, n)
		}
	}
	seen := map[string]bool{}
	for _, r := range c.net.receipts() {
		if !slices.Contains(crossCodes, r.Code) {
			c.t.Errorf("%s in %s was refused with %s", r.Kind, r.Programme, r.Code)
		}
		if seen[r.Programme+string(r.Operation)] {
			c.t.Errorf("operation %s has two receipts in %s", r.Operation, r.Programme)
		}
		seen[r.Programme+string(r.Operation)] = true
	}
	for _, brand := range c.brands() {
		c.checkBooks(c.net.sites[brand])
		c.checkOutbox(c.net.sites[brand])
	}
}

// checkBooks holds a gateway's projection of both programmes against the named invariants.
func (c *crossing) checkBooks(s *site) {
	reads := store.NewReads(s.store.Reader())
	for _, programme := range c.brands() {
		var accounts []*points.Account
		for _, id := range c.accounts[programme] {
			a := s.position(id).Account
			accounts = append(accounts, &a)
			for name, holds := range points.AccountInvariants() {
				if err := holds(&a); err != nil {
					c.t.Errorf("%s: %v", name, err)
				}
			}
		}
		total, err := reads.Totals(context.Background(), programme)
		if err != nil {
			c.t.Fatal(err)
		}
		if err := points.SupplyEqualsBalances(total, accounts); err != nil {
			c.t.Errorf("%s's %s: %v", s.brand.Name, programme, err)
		}
		if err := points.InboxEqualsWaiting(total, nil); err != nil {
			c.t.Errorf("%s's %s: %v", s.brand.Name, programme, err)
		}
	}
}

func (c *crossing) checkOutbox(s *site) {
	for _, programme := range c.brands() {
		pins, err := s.store.Pins(context.Background(), programme)
		if err != nil || len(pins) != 0 {
			c.t.Errorf("%s has %d pins left in %s (%v)", s.brand.Name, len(pins), programme, err)
		}
		if pending, err := s.store.PendingOperations(context.Background(), programme); err != nil || len(pending) != 0 {
			c.t.Errorf("%s has %d operations left in %s (%v)", s.brand.Name, len(pending), programme, err)
		}
	}
	for _, r := range c.net.located() {
		if r.batch.MSP != s.brand.MSP || r.Kind == points.KindDeposit {
			continue
		}
		if o, err := s.store.Operation(context.Background(), r.Operation); err != nil || o.Code != r.Code || o.Programme != r.Programme {
			c.t.Errorf("%s has operation %s as %s in %s, the ledger as %s in %s (%v)", s.brand.Name, r.Operation, o.Code, o.Programme, r.Code, r.Programme, err)
		}
	}
}

// located is a receipt and its batch.
type located struct {
	points.Receipt
	batch *wire.BatchEvent
	index int
}

func (l *located) original(t *testing.T) *points.Original {
	original, err := originalOf(&store.Committed{Entry: store.Entry{Receipt: l.Receipt, Index: l.index}, Batch: *l.batch})
	if err != nil {
		t.Fatal(err)
	}
	return original
}

// each looks at every valid transaction.
func (n *network) each(f func(*blocks.Transaction)) {
	n.t.Helper()
	for number := range n.ledger.Height() {
		b, err := n.ledger.Block(number).Decode()
		if err != nil {
			n.t.Fatal(err)
		}
		for i := range b.Transactions {
			if b.Transactions[i].Valid() {
				f(&b.Transactions[i])
			}
		}
	}
}

// located gives everything that the ledger has decided, in its order.
func (n *network) located() []located {
	n.t.Helper()
	var all []located
	n.each(func(t *blocks.Transaction) {
		if t.Event == nil {
			return
		}
		var batches []*wire.BatchEvent
		switch t.Event.Name {
		case wire.EventBatch:
			batches = []*wire.BatchEvent{new(wire.BatchEvent)}
			n.decode(t.Event.Payload, batches[0])
		case wire.EventExchange:
			var event wire.ExchangeEvent
			n.decode(t.Event.Payload, &event)
			if batches = []*wire.BatchEvent{&event.Home}; event.Partner != nil {
				batches = append(batches, event.Partner)
			}
		}
		for _, b := range batches {
			for i, r := range b.Receipts {
				all = append(all, located{r, b, i})
			}
		}
	})
	return all
}

func (n *network) receipts() []points.Receipt {
	var all []points.Receipt
	for _, r := range n.located() {
		all = append(all, r.Receipt)
	}
	return all
}

// details gives the private details of everything that the ledger has decided.
func (n *network) details() []points.Details {
	n.t.Helper()
	var all []points.Details
	n.each(func(t *blocks.Transaction) {
		for _, namespace := range t.Private {
			for _, c := range namespace.Collections {
				for _, w := range c.Writes {
					var both struct {
						Operations []points.Details `json:"operations"`
						Details    []points.Details `json:"details"`
					}
					if len(w.Value) > 0 {
						n.decode(w.Value, &both)
					}
					all = append(append(all, both.Operations...), both.Details...)
				}
			}
		}
	})
	return all
}

func (n *network) decode(raw []byte, into any) {
	if err := wire.DecodeRecord(raw, into); err != nil {
		n.t.Error(err)
	}
}
