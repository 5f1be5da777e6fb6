package projection

import (
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/tallystick/tallystick/chaincode/clearing"
	"github.com/tallystick/tallystick/chaincode/engine"
	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/quantity"
	"github.com/tallystick/tallystick/chaincode/wire"
	"github.com/tallystick/tallystick/gateway/store"
	"github.com/tallystick/tallystick/gateway/treasury"
)

// exposures are what the pairs whose data the own peer holds owe each other, as of the last block that was looked at, and the events that follow from it.
type exposures struct {
	windows     map[string]int64               // By currency: the open window.
	allocations map[string]clearing.Allocation // By the record's id.
	pairs       map[string]*exposure           // By collection.
	touched     map[string]occurrence          // Pairs that the block under way changed: by collection, when last.
	events      []store.ClearingEvent          // Of the block under way.
	gauge       *prometheus.GaugeVec           // Nil shows nothing.
}

// occurrence is when something happened.
type occurrence struct {
	block uint64
	at    int64 // Transaction time, Unix seconds.
}

// exposure is what one pair owes each other.
type exposure struct {
	a, b       string
	currency   string
	agreements map[int]clearing.Agreement
	lanes      map[clearing.LanePlace]clearing.PairLane
	nets       map[int64]map[clearing.LanePlace]quantity.Micro // By window: what A owes B, less what B owes A.
	taken      [2]level
}

// level is how much of an allocation is taken in one direction.
type level struct {
	used, reserved quantity.Micro
	percent        int64 // Of the allocation.
}

func newExposures() *exposures {
	return &exposures{
		windows: map[string]int64{}, allocations: map[string]clearing.Allocation{}, pairs: map[string]*exposure{}, touched: map[string]occurrence{},
	}
}

// knownExposures are those that the database has.
func knownExposures(ctx context.Context, s *store.Store) (*exposures, error) {
	x, reads := newExposures(), store.NewClearingReads(s.Reader())
	collections, err := reads.Collections(ctx)
	if err != nil {
		return nil, err
	}
	lists := []store.ClearingList{{Object: engine.ObjectWindow}, {Object: engine.ObjectAllocation}}
	for _, c := range collections {
		for _, object := range []string{engine.ObjectAgreement, engine.ObjectPairLane, engine.ObjectTally} {
			lists = append(lists, store.ClearingList{Collection: c, Object: object})
		}
	}
	for _, list := range lists {
		if err := x.load(ctx, reads, list); err != nil {
			return nil, err
		}
	}
	for _, name := range slices.Sorted(maps.Keys(x.pairs)) {
		if err := x.rate(x.pairs[name]); err != nil {
			return nil, err
		}
	}
	clear(x.touched)
	x.events = nil
	return x, nil
}

func (x *exposures) load(ctx context.Context, reads *store.ClearingReads, list store.ClearingList) error {
	return reads.Each(ctx, list, func(r *store.ClearingRecord) error {
		return x.note(&occurrence{}, store.ClearingRef{Collection: list.Collection, Object: list.Object, ID: r.ID}, r.Body)
	})
}

// note takes in a record of clearing; body is nil when it was deleted.
func (x *exposures) note(o *occurrence, ref store.ClearingRef, body []byte) error {
	switch {
	case body == nil:
		return nil
	case ref.Collection != "":
		return x.notePair(o, ref, body)
	case ref.Object == engine.ObjectWindow && !strings.Contains(ref.ID, "/"):
		var pointer clearing.WindowPointer
		if err := unreadable(wire.DecodeRecord(body, &pointer), ref); err != nil {
			return err
		}
		x.windows[pointer.Currency] = pointer.Number
	case ref.Object == engine.ObjectAllocation:
		return x.noteAllocation(o, ref, body)
	default:
		return x.tellPublic(o, ref, body)
	}
	return nil
}

func unreadable(err error, ref store.ClearingRef) error {
	if err == nil {
		return nil
	}
	return fault.New(fault.BlockInvalid, "the record %s %s of clearing can't be read", ref.Object, ref.ID)
}

func (x *exposures) noteAllocation(o *occurrence, ref store.ClearingRef, body []byte) error {
	var a clearing.Allocation
	if err := unreadable(wire.DecodeRecord(body, &a), ref); err != nil {
		return err
	}
	x.allocations[ref.ID] = a
	x.tell(store.ClearingEvent{Block: o.block, Kind: store.EventAllocation, At: o.at, A: a.A, B: a.B, Currency: a.Currency, Allocation: &a.Amount})
	if name := clearing.PairCollection(a.A, a.B); x.pairs[name] != nil {
		x.touched[name] = *o
	}
	return nil
}

func (x *exposures) notePair(o *occurrence, ref store.ClearingRef, body []byte) error {
	p := x.pair(ref.Collection)
	event := store.ClearingEvent{Block: o.block, At: o.at, A: p.a, B: p.b}
	switch ref.Object {
	case engine.ObjectAgreement:
		var g clearing.Agreement
		if err := unreadable(wire.DecodeRecord(body, &g), ref); err != nil {
			return err
		}
		p.agreements[g.Version], p.currency = g, g.Currency
		event.Kind, event.Version, event.Currency = store.EventAgreed, g.Version, g.Currency
		x.tell(event)
	case engine.ObjectProposed:
		var proposal wire.AgreementProposal
		if err := unreadable(wire.DecodeRecord(body, &proposal), ref); err != nil {
			return err
		}
		event.Kind, event.Version, event.Currency, event.Member = store.EventProposed, proposal.Agreement.Version, proposal.Agreement.Currency, proposal.Proposer
		x.tell(event)
	case engine.ObjectPairLane:
		var lane clearing.PairLane
		if err := unreadable(wire.DecodeRecord(body, &lane), ref); err != nil {
			return err
		}
		p.lanes[clearing.LanePlace{MSP: lane.MSP, N: lane.N}] = lane
		x.touched[ref.Collection] = *o
	case engine.ObjectTally:
		var tally clearing.Tally
		if err := unreadable(wire.DecodeRecord(body, &tally), ref); err != nil {
			return err
		}
		p.tally(&tally)
		x.touched[ref.Collection] = *o
	}
	return nil
}

func (x *exposures) pair(collection string) *exposure {
	p := x.pairs[collection]
	if p == nil {
		p = &exposure{agreements: map[int]clearing.Agreement{}, lanes: map[clearing.LanePlace]clearing.PairLane{}, nets: map[int64]map[clearing.LanePlace]quantity.Micro{}}
		p.a, p.b, _ = pairOf(collection)
		x.pairs[collection] = p
	}
	return p
}

// tally keeps the nets of the last windows: older ones don't change any more.
func (p *exposure) tally(t *clearing.Tally) {
	if p.nets[t.Window] == nil {
		p.nets[t.Window] = map[clearing.LanePlace]quantity.Micro{}
		maps.DeleteFunc(p.nets, func(w int64, _ map[clearing.LanePlace]quantity.Micro) bool { return w < t.Window-1 })
	}
	p.nets[t.Window][clearing.LanePlace{MSP: t.MSP, N: t.Lane}] = t.Net
}

func (p *exposure) allocation(x *exposures) [2]quantity.Minor {
	return x.allocations[strings.Join([]string{p.a, p.b, p.currency}, "/")].Amount
}

// endBlock tells what the block changed of what the pairs owe each other.
func (x *exposures) endBlock() ([]store.ClearingEvent, error) {
	for _, name := range slices.Sorted(maps.Keys(x.touched)) {
		if err := x.settle(x.pairs[name], x.touched[name]); err != nil {
			return nil, err
		}
	}
	clear(x.touched)
	events := x.events
	x.events = nil
	for i := range events {
		events[i].N = i
	}
	return events, nil
}

func (x *exposures) settle(p *exposure, o occurrence) error {
	before := p.taken
	if err := x.rate(p); err != nil {
		return err
	}
	window := x.windows[p.currency]
	event := store.ClearingEvent{Block: o.block, At: o.at, A: p.a, B: p.b, Currency: p.currency, Window: window}
	position := event
	var net quantity.Micro
	for _, m := range p.nets[window] { // A sum: the order makes no difference.
		var err error
		if net, err = net.Add(m); err != nil {
			return err
		}
	}
	allocation := p.allocation(x)
	position.Kind, position.Net, position.Allocation = store.EventPosition, &net, &allocation
	position.Used = &[2]quantity.Micro{p.taken[0].used, p.taken[1].used}
	position.Reserved = &[2]quantity.Micro{p.taken[0].reserved, p.taken[1].reserved}
	x.tell(position)
	for i := range p.taken {
		kind := crossed(before[i].percent, p.taken[i].percent)
		if kind == "" {
			continue
		}
		event.Kind, event.Percent, event.Debtor, event.Creditor = kind, p.taken[i].percent, p.a, p.b
		if i == clearing.BOwesA {
			event.Debtor, event.Creditor = p.b, p.a
		}
		x.tell(event)
	}
	return nil
}

// crossed is what there is to tell when the share that is taken of an allocation changes.
func crossed(before, after int64) store.EventKind {
	was, is := severity(before), severity(after)
	switch {
	case is == was:
		return ""
	case is == 2:
		return store.EventLimitCritical
	case is == 1 && was == 0:
		return store.EventLimitWarning
	}
	return store.EventLimitEased
}

func severity(percent int64) int {
	switch {
	case percent >= treasury.CriticalPercent:
		return 2
	case percent >= treasury.WarningPercent:
		return 1
	}
	return 0
}

// rate adds the pair's lanes up.
func (x *exposures) rate(p *exposure) error {
	var taken [2]level
	allocation := p.allocation(x)
	for _, lane := range p.lanes {
		for i := range taken {
			var err error
			if taken[i].used, err = taken[i].used.Add(lane.Used[i]); err != nil {
				return err
			}
			if taken[i].reserved, err = taken[i].reserved.Add(lane.Reserved[i]); err != nil {
				return err
			}
		}
	}
	for i := range taken {
		sum, err := taken[i].used.Add(taken[i].reserved)
		if err != nil {
			return err
		}
		taken[i].percent = treasury.PercentOf(sum, clearing.MicroOf(allocation[i]))
	}
	p.taken = taken
	x.show(p)
	return nil
}

func (x *exposures) show(p *exposure) {
	if x.gauge == nil || p.currency == "" {
		return
	}
	x.gauge.WithLabelValues(p.a, p.b, p.currency).Set(float64(p.taken[clearing.AOwesB].percent))
	x.gauge.WithLabelValues(p.b, p.a, p.currency).Set(float64(p.taken[clearing.BOwesA].percent))
}

// tell adds an event to those of the block under way.
func (x *exposures) tell(e store.ClearingEvent) { x.events = append(x.events, e) }

// weigh finds out which limit refused an operation: the pair's allocation, the lane's slice of it, or, when neither stood in its way, what the offer lets one customer do.
func (x *exposures) weigh(r *store.LimitRefusal, home string, o *points.Operation) {
	p := x.pair(clearing.PairCollection(r.A, r.B))
	needed, ok := p.price(home, o, r.At)
	if !ok {
		return
	}
	lane, allocation := p.lanes[clearing.LanePlace{MSP: r.MSP, N: r.Lane}], p.allocation(x)
	if err := x.rate(p); err != nil {
		return
	}
	for i, debtor := range []string{r.A, r.B} {
		if needed[i] <= 0 {
			continue
		}
		of := clearing.MicroOf(allocation[i])
		r.Debtor, r.Needed, r.Allocated, r.PairTaken = debtor, needed[i], of, p.taken[i].used+p.taken[i].reserved
		r.Slice, r.LaneTaken = lane.SliceOf(i, of), lane.Used[i]+lane.Reserved[i]
		switch {
		case r.Allocated-r.PairTaken < r.Needed:
			r.Limit = store.LimitAllocation
			return
		case r.Slice-r.LaneTaken < r.Needed:
			r.Limit = store.LimitSlice
			return
		}
	}
}

// price is what an operation would have made the pair owe each other, by direction.
func (p *exposure) price(home string, o *points.Operation, at int64) (owed [2]quantity.Micro, ok bool) {
	service, version := serviceOf(o.Kind), o.Agreement
	if service == "" {
		return owed, false
	}
	if version == 0 {
		version = p.inForce(at)
	}
	g, known := p.agreements[version]
	if !known {
		return owed, false
	}
	obligation, err := g.Price(home, service, o.Points)
	if err != nil {
		return owed, false
	}
	owed, err = owedBy(p.a, &obligation)
	return owed, err == nil
}

// inForce is the highest version that has begun.
func (p *exposure) inForce(at int64) int {
	version := 0
	for v, g := range p.agreements {
		if g.From <= at {
			version = max(version, v)
		}
	}
	return version
}
