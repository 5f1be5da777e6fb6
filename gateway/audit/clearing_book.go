package audit

import (
	"cmp"
	"maps"
	"slices"

	"github.com/tallystick/tallystick/chaincode/clearing"
	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/quantity"
	"github.com/tallystick/tallystick/chaincode/wire"
	"github.com/tallystick/tallystick/gateway/blocks"
)

// clearingBook is what the audit adds up by itself of what brands come to owe each other, receipt by receipt and line by line, beside the sums that the ledger keeps.
type clearingBook struct {
	pairs      map[pairRef]*pairAccount
	windows    map[windowRef]*windowCount
	replays    map[string][2]int // Transactions by collection and depth.
	currencies map[string]string // By collection.
}

type pairRef struct{ a, b, currency string }

type windowRef struct {
	currency string
	number   int64
}

// windowCount is what came into a window.
type windowCount struct {
	batches  int
	receipts int // Of accepted operations.
}

// pairAccount is what the audit knows of a pair in its currency.
type pairAccount struct {
	lanes    map[clearing.LanePlace]clearing.PairLane // As they stand, where they are held.
	booked   map[int64]*bookedWindow                  // By window, as far as lines were held.
	services map[serviceRef]*serviceSum
}

// bookedWindow is what lines of batches say of one window.
type bookedWindow struct {
	lanes  map[clearing.LanePlace]*bookedLane
	unseen bool // Lines of some batches weren't held: the sums say nothing.
}

// bookedLane is what a lane's lines add up to, by direction.
type bookedLane struct {
	owed  [2]quantity.Micro
	count int64
}

// serviceRef is a service, or the fee for it, and who owes for it.
type serviceRef struct {
	service clearing.Service
	fee     bool
	debtor  string
}

// serviceSum is what was booked for a service, and what returns took back.
type serviceSum struct {
	count int64
	micro quantity.Micro
}

func newClearingBook() *clearingBook {
	return &clearingBook{
		pairs: map[pairRef]*pairAccount{}, windows: map[windowRef]*windowCount{}, replays: map[string][2]int{}, currencies: map[string]string{},
	}
}

func (b *clearingBook) pair(ref pairRef) *pairAccount {
	p := b.pairs[ref]
	if p == nil {
		p = &pairAccount{lanes: map[clearing.LanePlace]clearing.PairLane{}, booked: map[int64]*bookedWindow{}, services: map[serviceRef]*serviceSum{}}
		b.pairs[ref] = p
	}
	return p
}

// refs are the pairs in a stable order.
func (b *clearingBook) refs() []pairRef {
	return slices.SortedFunc(maps.Keys(b.pairs), func(x, y pairRef) int {
		return cmp.Or(cmp.Compare(x.currency, y.currency), cmp.Compare(x.a, y.a), cmp.Compare(x.b, y.b))
	})
}

func (b *clearingBook) window(ref windowRef) *windowCount {
	w := b.windows[ref]
	if w == nil {
		w = &windowCount{}
		b.windows[ref] = w
	}
	return w
}

func (p *pairAccount) window(number int64) *bookedWindow {
	w := p.booked[number]
	if w == nil {
		w = &bookedWindow{lanes: map[clearing.LanePlace]*bookedLane{}}
		p.booked[number] = w
	}
	return w
}

func (w *bookedWindow) lane(place clearing.LanePlace) *bookedLane {
	l := w.lanes[place]
	if l == nil {
		l = &bookedLane{}
		w.lanes[place] = l
	}
	return l
}

// sum is what A owes B by all lanes, net.
func (w *bookedWindow) sum() (quantity.Micro, error) {
	var total quantity.Micro
	for _, l := range w.lanes { // A sum: the order makes no difference, every part is within range.
		net, err := l.net()
		if err != nil {
			return 0, err
		}
		if total, err = total.Add(net); err != nil {
			return 0, err
		}
	}
	return total, nil
}

func (l *bookedLane) net() (quantity.Micro, error) {
	return l.owed[clearing.AOwesB].Sub(l.owed[clearing.BOwesA])
}

// book adds up the lines of a batch.
func (p *pairAccount) book(ref pairRef, window int64, place clearing.LanePlace, lines *wire.PairLines) error {
	l := p.window(window).lane(place)
	for i := range lines.Obligations {
		o := &lines.Obligations[i]
		if o.Service == "" {
			continue
		}
		l.count++
		for _, part := range []struct {
			debtor string
			micro  quantity.Micro
			fee    bool
		}{{o.Debtor, o.Micro, false}, {o.FeeDebtor, o.Fee, true}} {
			if part.debtor == "" {
				continue
			}
			direction := directionOf(ref, part.debtor)
			var err error
			if l.owed[direction], err = l.owed[direction].Add(part.micro); err != nil {
				return err
			}
			if err := p.serve(serviceRef{o.Service, part.fee, part.debtor}, part.micro); err != nil {
				return err
			}
		}
	}
	return nil
}

func (p *pairAccount) serve(ref serviceRef, micro quantity.Micro) error {
	s := p.services[ref]
	if s == nil {
		s = &serviceSum{}
		p.services[ref] = s
	}
	s.count++
	var err error
	s.micro, err = s.micro.Add(micro)
	return err
}

// replayed counts a replayed transaction for the pair whose data it wrote.
func (b *clearingBook) replayed(t *blocks.Transaction, by depth) {
	n := t.Namespace(t.Chaincode)
	if n == nil {
		return
	}
	for _, c := range n.Collections {
		if len(c.Writes) == 0 {
			continue
		}
		counts := b.replays[c.Name]
		counts[by]++
		b.replays[c.Name] = counts
	}
}

// swapsAreDeposited says whether a cross-brand batch conserves what is swapped: every swap accepted in the home programme, and every return of one, has exactly one deposit of
// the right points for the right account in the partner's, and no deposit comes from nothing.
func swapsAreDeposited(event *wire.ExchangeEvent) error {
	open := map[points.OperationID]*points.Receipt{}
	if event.Partner != nil {
		for i := range event.Partner.Receipts {
			r := &event.Partner.Receipts[i]
			if open[r.Operation] != nil || r.Kind != points.KindDeposit || r.Outcome != points.Accepted {
				return fault.New(fault.ClearingMismatch, "SwapsAreDeposited: %s of %s is no deposit, was refused, or comes twice", r.Operation, r.Programme)
			}
			open[r.Operation] = r
		}
	}
	for i := range event.Home.Receipts {
		r := &event.Home.Receipts[i]
		if r.Outcome != points.Accepted || r.PartnerPoints == 0 {
			continue
		}
		d := open[r.Operation]
		if d == nil || d.Points != r.PartnerPoints || d.PartnerPoints != r.Points || d.To != r.Account || r.Kind == points.KindSwap && d.Account != r.To {
			return fault.New(fault.ClearingMismatch, "SwapsAreDeposited: %s of %s moves %d points to a partner, and has no such deposit there", r.Operation, r.Programme, r.PartnerPoints)
		}
		delete(open, r.Operation)
	}
	if len(open) > 0 {
		return fault.New(fault.ClearingMismatch, "SwapsAreDeposited: %d deposits come from no swap", len(open))
	}
	return nil
}

// receiptsAreInWindow counts the accepted operations of a cross-brand batch, which must all be in one window.
func receiptsAreInWindow(event *wire.ExchangeEvent, window int64) (accepted int, err error) {
	batches := []*wire.BatchEvent{&event.Home}
	if event.Partner != nil {
		batches = append(batches, event.Partner)
	}
	for _, b := range batches {
		for i := range b.Receipts {
			r := &b.Receipts[i]
			if r.Outcome != points.Accepted {
				continue
			}
			if r.Window != window {
				return 0, fault.New(fault.ClearingMismatch, "ReceiptsInOpenWindow: %s is in window %d, and window %d is open", r.Operation, r.Window, window)
			}
			accepted++
		}
	}
	return accepted, nil
}
