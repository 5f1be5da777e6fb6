package projection

import (
	"slices"
	"strings"

	"github.com/tallystick/tallystick/chaincode/clearing"
	"github.com/tallystick/tallystick/chaincode/engine"
	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/quantity"
	"github.com/tallystick/tallystick/chaincode/wire"
	"github.com/tallystick/tallystick/gateway/blocks"
	"github.com/tallystick/tallystick/gateway/store"
)

// pairPrefix begins the names of pairs' collections, see clearing.PairCollection.
const pairPrefix = "pair-"

// pairOf names the members of a pair's collection; false for any other.
func pairOf(collection string) (a, b string, ok bool) {
	names, ok := strings.CutPrefix(collection, pairPrefix)
	if !ok {
		return "", "", false
	}
	a, b, ok = strings.Cut(names, "-")
	return a, b, ok && clearing.PairCollection(a, b) == collection
}

// addClearing takes in what a valid transaction changed in the namespace of clearing.
func (e *effects) addClearing(b *blocks.Block, t *blocks.Transaction) error {
	n := t.Namespace(engine.ClearingChaincode)
	if n == nil {
		return nil
	}
	for _, w := range n.Writes {
		ref, err := refOf("", w.Key)
		if err != nil {
			return err
		}
		if err := e.addClearingRecord(b, t, ref, w); err != nil {
			return err
		}
	}
	for i := range n.Collections {
		if err := e.addPairData(b, t, &n.Collections[i]); err != nil {
			return err
		}
	}
	return nil
}

func refOf(collection, key string) (store.ClearingRef, error) {
	object, attributes, err := engine.ParseKey(key)
	return store.ClearingRef{Collection: collection, Object: object, ID: strings.Join(attributes, "/")}, err
}

func (e *effects) addClearingRecord(b *blocks.Block, t *blocks.Transaction, ref store.ClearingRef, w blocks.Write) error {
	row := store.ClearingRow{Block: b.Number, Tx: t.Index}
	if !w.Delete {
		row.Body = w.Value
	}
	e.changes.Clearing.Records[ref] = row
	if ref.Collection == "" {
		e.changes.Clearing.History = append(e.changes.Clearing.History, store.ClearingWrite{Ref: ref, ClearingRow: row})
	}
	return e.exposures.note(&occurrence{b.Number, t.Time}, ref, row.Body)
}

// addPairData takes in what was written to a pair's collection, as far as the own peer delivered it.
func (e *effects) addPairData(b *blocks.Block, t *blocks.Transaction, c *blocks.Collection) error {
	pairA, pairB, ok := pairOf(c.Name)
	if !ok || len(c.Writes) == 0 {
		return nil
	}
	writes := t.PrivateWrites(engine.ClearingChaincode, c.Name)
	if len(writes) == 0 {
		if e.holder.holds(pairA, pairB) {
			e.changes.Clearing.Gaps = append(e.changes.Clearing.Gaps, store.ClearingGap{Block: b.Number, Tx: t.Index, Collection: c.Name})
		}
		return nil
	}
	for _, w := range writes {
		ref, err := refOf(c.Name, w.Key)
		if err != nil {
			return err
		}
		if ref.Object == engine.ObjectLines {
			continue // They have private details of both brands' customers: what is needed of them has tables of its own.
		}
		if err := e.addClearingRecord(b, t, ref, w); err != nil {
			return err
		}
	}
	return e.addOwed(b, t, c.Name, writes)
}

// holder says of which pairs a peer is to have the data.
type holder struct {
	member    string // A brand holds its own pairs',
	regulator bool   // a regulator those of all.
}

func (h holder) holds(a, b string) bool { return h.regulator || h.member == a || h.member == b }

// addOwed takes in what a cross-brand batch made the pair owe each other.
func (e *effects) addOwed(b *blocks.Block, t *blocks.Transaction, collection string, writes []blocks.Write) error {
	if t.Event == nil || t.Event.Name != wire.EventExchange {
		return nil
	}
	var event wire.ExchangeEvent
	if err := wire.DecodeRecord(t.Event.Payload, &event); err != nil {
		return fault.New(fault.BlockInvalid, "the event of a cross-brand batch can't be read")
	}
	var request wire.Exchange
	if len(t.Args) != 2 || wire.DecodeRecord(t.Args[1], &request) != nil {
		return fault.New(fault.BlockInvalid, "a cross-brand batch can't be read")
	}
	key := engine.LinesKey(request.Home, event.Home.MSP, event.Home.Lane, event.Home.Seq)
	at := slices.IndexFunc(writes, func(w blocks.Write) bool { return w.Key == key })
	if at < 0 {
		return fault.New(fault.BlockInvalid, "the private record of a cross-brand batch is missing")
	}
	var lines wire.PairLines
	if err := wire.DecodeRecord(writes[at].Value, &lines); err != nil {
		return fault.New(fault.BlockInvalid, "the private record of a cross-brand batch can't be read")
	}
	pairA, pairB, _ := pairOf(collection)
	x := store.ExchangeRow{
		Home: request.Home, MSP: event.Home.MSP, Lane: event.Home.Lane, Seq: event.Home.Seq, A: pairA, B: pairB, Currency: event.Currency, Window: event.Window,
		Salt: lines.Salt, Block: b.Number, Tx: t.Index, Time: t.Time,
	}
	for i := range lines.Obligations {
		o := &lines.Obligations[i]
		if o.Service == "" || i >= len(event.Home.Receipts) {
			continue // The operation obliges nobody.
		}
		owed, err := owedBy(pairA, o)
		if err != nil {
			return err
		}
		x.Obligations = append(x.Obligations, store.ObligationRow{Operation: event.Home.Receipts[i].Operation, Index: i, Obligation: *o, Owed: owed})
	}
	e.changes.Clearing.Exchanges = append(e.changes.Clearing.Exchanges, x)
	e.explain(&x, &request, &event)
	return nil
}

// owedBy is what an obligation adds to what A owes B, and to what B owes A.
func owedBy(a string, o *clearing.Obligation) (owed [2]quantity.Micro, err error) {
	for _, part := range []struct {
		debtor string
		micro  quantity.Micro
	}{{o.Debtor, o.Micro}, {o.FeeDebtor, o.Fee}} {
		if part.debtor == "" {
			continue
		}
		i := clearing.BOwesA
		if part.debtor == a {
			i = clearing.AOwesB
		}
		if owed[i], err = owed[i].Add(part.micro); err != nil {
			return owed, err
		}
	}
	return owed, nil
}

// explain notes which limit refused the operations of a batch that were refused for one.
func (e *effects) explain(x *store.ExchangeRow, request *wire.Exchange, event *wire.ExchangeEvent) {
	for i := range event.Home.Receipts {
		r := &event.Home.Receipts[i]
		if r.Code != fault.Limit || i >= len(request.Operations) {
			continue
		}
		refusal := store.LimitRefusal{
			Operation: r.Operation, A: x.A, B: x.B, Currency: x.Currency, Window: x.Window, At: x.Time, Limit: store.LimitOffer, MSP: x.MSP, Lane: x.Lane,
		}
		e.exposures.weigh(&refusal, x.Home, &request.Operations[i])
		e.changes.Clearing.Refusals = append(e.changes.Clearing.Refusals, refusal)
		e.exposures.tell(store.ClearingEvent{
			Block: x.Block, Kind: store.EventLimitRefused, At: x.Time, A: x.A, B: x.B, Currency: x.Currency, Window: x.Window, Debtor: refusal.Debtor,
			Operation: string(r.Operation), Status: refusal.Limit,
		})
	}
}

// serviceOf is the service that an operation asks for; empty for one that limits don't stop.
func serviceOf(k points.Kind) clearing.Service {
	switch k {
	case points.KindRedeem, points.KindHold, points.KindCapture:
		return clearing.ServiceRedemption
	case points.KindAward:
		return clearing.ServiceAward
	case points.KindSwap:
		return clearing.ServiceSwap
	}
	return ""
}
