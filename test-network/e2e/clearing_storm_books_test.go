//go:build network

package e2e

import (
	"fmt"
	"testing"

	"github.com/tallystick/tallystick/chaincode/clearing"
	"github.com/tallystick/tallystick/chaincode/engine"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/quantity"
	"github.com/tallystick/tallystick/chaincode/wire"
	"github.com/tallystick/tallystick/gateway/blocks"
	"github.com/tallystick/tallystick/network/membership"
)

// stormBooks is what the regulator's blocks say of the pair and its programmes, added up by this test alone.
type stormBooks struct {
	agreement clearing.Agreement
	codes     map[string]int // Transactions of the storm, by function and validation code.
	windows   map[int64]map[clearing.LanePlace]*stormTally
	receipts  map[receiptRef]points.Receipt // Of the storm.
	earlier   map[receiptRef]points.Receipt // Of accepted operations that can be returned.
	returned  map[receiptRef]quantity.Points
	accounts  map[string]map[string]points.Account
	inbox     map[string]map[string]points.InboxEntry
	totals    map[string]map[string]points.Totals // Of lanes.
	lanes     map[clearing.LanePlace]clearing.PairLane
	allowed   [2]quantity.Micro // By the pair's allocation.
	highest   [2]quantity.Micro // Used and reserved by all lanes together, after any block of the storm.
	conflicts *conflicts
	batches   int
	debits    int    // Of customers that the partner's gateway brought to the ledger instead of the issuer's.
	from      uint64 // First block of the storm.
	open      int64  // The window that was open before the chain was read: what the chain has of earlier ones is all of it.
	problems  []string
}

// receiptRef names a receipt: a swap has one in either programme.
type receiptRef struct {
	programme string
	operation points.OperationID
}

// stormTally is what a lane's receipts of one window add up to.
type stormTally struct {
	owed  [2]quantity.Micro
	count int64
}

// readStorm reads the whole chain with the pair's data, up to now. What it finds wrong in the storm's blocks it remembers for the checks.
func readStorm(t *testing.T, from uint64) *stormBooks {
	t.Helper()
	b := &stormBooks{
		agreement: look[clearing.Agreement](t, three, "airline", wire.FnGetAgreement, wire.AgreementQuery{A: "airline", B: "hotel", Version: 1}),
		codes:     map[string]int{}, windows: map[int64]map[clearing.LanePlace]*stormTally{},
		receipts: map[receiptRef]points.Receipt{}, earlier: map[receiptRef]points.Receipt{}, returned: map[receiptRef]quantity.Points{},
		accounts: map[string]map[string]points.Account{}, inbox: map[string]map[string]points.InboxEntry{}, totals: map[string]map[string]points.Totals{},
		lanes: map[clearing.LanePlace]clearing.PairLane{}, conflicts: newConflicts(), from: from, open: openWindow(t).Number,
	}
	for _, brand := range stormBrands {
		b.accounts[brand], b.inbox[brand], b.totals[brand] = map[string]points.Account{}, map[string]points.InboxEntry{}, map[string]points.Totals{}
	}
	regulator := string(membership.Regulator)
	for d, err := range three.chain(t, regulator).Blocks(t.Context(), 0, three.height(t, regulator), blocks.WithPrivate) {
		if err != nil {
			t.Fatal(err)
		}
		block := must[*blocks.Block](t)(d.Decode())
		for i := range block.Transactions {
			b.take(t, block.Number, &block.Transactions[i])
		}
		b.weigh(block.Number)
	}
	return b
}

func (b *stormBooks) wrong(format string, args ...any) {
	b.problems = append(b.problems, fmt.Sprintf(format, args...))
}

// take takes in what one transaction did.
func (b *stormBooks) take(t *testing.T, number uint64, tx *blocks.Transaction) {
	t.Helper()
	if number >= b.from && len(tx.Args) > 0 {
		b.codes[fmt.Sprintf("%s %s", tx.Args[0], tx.Code)]++
	}
	b.conflicts.take(number, tx, number >= b.from)
	if !tx.Valid() {
		return
	}
	for _, brand := range stormBrands {
		if n := tx.Namespace(membership.PointsChaincode(brand)); n != nil {
			b.keep(t, brand, n.Writes)
		}
	}
	if n := tx.Namespace(engine.ClearingChaincode); n != nil {
		for _, w := range n.Writes {
			if w.Key == engine.AllocationKey("airline", "hotel", currency) {
				for i, amount := range decode[clearing.Allocation](t, w.Value).Amount {
					b.allowed[i] = clearing.MicroOf(amount)
				}
			}
		}
	}
	var lines *wire.PairLines
	for _, w := range tx.PrivateWrites(engine.ClearingChaincode, clearing.PairCollection("airline", "hotel")) {
		switch object, _, _ := engine.ParseKey(w.Key); object {
		case engine.ObjectPairLane:
			l := decode[clearing.PairLane](t, w.Value)
			b.lanes[clearing.LanePlace{MSP: l.MSP, N: l.N}] = l
		case engine.ObjectLines:
			l := decode[wire.PairLines](t, w.Value)
			lines = &l
		}
	}
	switch {
	case tx.Event == nil:
	case tx.Event.Name == wire.EventExchange && lines != nil:
		event := decode[wire.ExchangeEvent](t, tx.Event.Payload)
		b.exchange(t, number, &event, lines)
	case tx.Event.Name == wire.EventBatch:
		event := decode[wire.BatchEvent](t, tx.Event.Payload)
		b.note(number, 0, event.Receipts)
	}
}

// keep keeps what a programme's chaincode wrote last.
func (b *stormBooks) keep(t *testing.T, brand string, writes []blocks.Write) {
	t.Helper()
	for _, w := range writes {
		switch object, _, _ := engine.ParseKey(w.Key); {
		case object == engine.ObjectAccount:
			b.accounts[brand][w.Key] = decode[points.Account](t, w.Value)
		case object == engine.ObjectLane:
			b.totals[brand][w.Key] = decode[points.Lane](t, w.Value).Totals
		case object == engine.ObjectInbox && w.Delete:
			delete(b.inbox[brand], w.Key)
		case object == engine.ObjectInbox:
			b.inbox[brand][w.Key] = decode[points.InboxEntry](t, w.Value)
		}
	}
}

// note takes receipts in: none may come twice, and those of cross-brand batches are in the batch's window.
func (b *stormBooks) note(number uint64, window int64, receipts []points.Receipt) {
	for _, r := range receipts {
		ref := receiptRef{r.Programme, r.Operation}
		if r.Outcome == points.Accepted {
			b.earlier[ref] = r
		}
		if number < b.from {
			continue
		}
		if _, twice := b.receipts[ref]; twice {
			b.wrong("%s has two receipts in %s", r.Operation, r.Programme)
		}
		b.receipts[ref] = r
		if r.Outcome == points.Accepted && r.Window != window {
			b.wrong("%s of %s says window %d and is in window %d", r.Operation, r.Programme, r.Window, window)
		}
	}
}

// exchange adds a cross-brand batch up: what each receipt obliges the brands to, by the agreement, must be what its line says and its hash binds.
func (b *stormBooks) exchange(t *testing.T, number uint64, event *wire.ExchangeEvent, lines *wire.PairLines) {
	t.Helper()
	b.note(number, event.Window, event.Home.Receipts)
	if event.Partner != nil {
		b.note(number, event.Window, event.Partner.Receipts)
	}
	if number >= b.from {
		b.batches++
	}
	place := clearing.LanePlace{MSP: event.Home.MSP, N: event.Home.Lane}
	if b.windows[event.Window] == nil {
		b.windows[event.Window] = map[clearing.LanePlace]*stormTally{}
	}
	tally := b.windows[event.Window][place]
	if tally == nil {
		tally = &stormTally{}
		b.windows[event.Window][place] = tally
	}
	salt := unhex(t, lines.Salt)
	for i := range event.Home.Receipts {
		r := &event.Home.Receipts[i]
		if number >= b.from && r.Authorisation != "" && event.Home.MSP != b.mspOf(r.Programme) {
			b.debits++
		}
		o, obliges := b.obliged(r)
		if want := lines.Obligations[i]; o != want {
			b.wrong("%s of %s obliges to %+v by its receipt, its line says %+v", r.Kind, r.Programme, o, want)
		}
		if !obliges {
			if r.Obligation != "" {
				b.wrong("%s of %s obliges nobody and has the hash of an obligation", r.Kind, r.Programme)
			}
			continue
		}
		if got := must[string](t)(wire.ObligationHash(wire.OperationSalt(salt, r.Operation), &o)); got != r.Obligation {
			b.wrong("the receipt of %s in %s names another obligation than the agreement gives", r.Kind, r.Programme)
		}
		tally.owed[b.direction(o.Debtor)] += o.Micro
		if o.FeeDebtor != "" {
			tally.owed[b.direction(o.FeeDebtor)] += o.Fee
		}
		tally.count++
	}
}

func (b *stormBooks) mspOf(brand string) string {
	m, _ := three.members.Member(brand)
	return m.MSP()
}

func (b *stormBooks) direction(debtor string) int {
	if debtor == b.agreement.A {
		return clearing.AOwesB
	}
	return clearing.BOwesA
}

// weigh holds all lanes together against the pair's allocation, after a block.
func (b *stormBooks) weigh(number uint64) {
	if number < b.from {
		return
	}
	var sums [2]quantity.Micro
	for _, l := range b.lanes {
		for i := range sums {
			sums[i] += l.Used[i] + l.Reserved[i]
		}
	}
	for i := range sums {
		b.highest[i] = max(b.highest[i], sums[i])
		if sums[i] > b.allowed[i] {
			b.wrong("after block %d direction %d uses %d millionths of an allocation of %d", number, i, int64(sums[i]), int64(b.allowed[i]))
		}
	}
}
