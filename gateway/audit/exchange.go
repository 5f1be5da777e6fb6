package audit

import (
	"github.com/tallystick/tallystick/chaincode/clearing"
	"github.com/tallystick/tallystick/chaincode/engine"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/wire"
	"github.com/tallystick/tallystick/gateway/blocks"
)

// exchanged is what everybody knows of a cross-brand batch.
type exchanged struct {
	doc        wire.Exchange
	event      wire.ExchangeEvent
	msp        string // For whom it was submitted: by its own gateway, or that of its administrator. The replay shows that it was.
	collection string
}

func readExchange(t *blocks.Transaction, call engine.Call, find findFunc) (*exchanged, *Finding) {
	x := &exchanged{}
	if err := wire.Decode(call.Document, wire.MaxDocument, &x.doc); err != nil {
		return nil, refused(call, err, find)
	}
	if t.Event == nil || wire.DecodeRecord(t.Event.Payload, &x.event) != nil {
		return nil, find(CheckEvent, "a cross-brand batch without a readable event").at(call.Chaincode, "")
	}
	x.msp, x.collection = x.event.Home.MSP, clearing.PairCollection(x.doc.Home, x.doc.Partner)
	return x, nil
}

// linesKey is where the private record of the batch stands.
func (x *exchanged) linesKey() string {
	return engine.LinesKey(x.doc.Home, x.msp, x.doc.Lane, x.doc.Seq)
}

// ref names the pair in its currency.
func (x *exchanged) ref() pairRef {
	a, b := clearing.PairOf(x.doc.Home, x.doc.Partner)
	return pairRef{a, b, x.event.Currency}
}

// lines is the private record of the batch; nil when it isn't held.
func (x *exchanged) lines(t *blocks.Transaction) (*wire.PairLines, error) {
	raw := privateValue(t, x.collection, x.linesKey())
	if raw == nil {
		return nil, nil
	}
	lines := new(wire.PairLines)
	return lines, wire.DecodeRecord(raw, lines)
}

// rerunExchange replays a cross-brand batch in all namespaces: from the pair's lines, which have the details that it was submitted with, or without them from the receipts.
func (a *Auditor) rerunExchange(t *blocks.Transaction, call engine.Call, find findFunc) (*rerun, *Finding) {
	x, f := readExchange(t, call, find)
	if f != nil {
		return nil, f
	}
	lines, err := x.lines(t)
	if err != nil {
		return nil, find(CheckPrivateWriteSet, "the batch's lines can't be read").at(call.Chaincode+"/"+x.collection, x.linesKey())
	}
	if lines != nil {
		held := call
		if f := giveTransient(&held, wire.DetailsTransient, wire.BatchDetails{V: 1, Salt: lines.Salt, Operations: lines.Details}, find); f != nil {
			return nil, f
		}
		r, err := a.execute(held, full)
		if !unavailable(err) {
			return r, refusedIf(call, err, find)
		}
	}
	return a.observeExchange(call, x, find)
}

// observeExchange replays a cross-brand batch as somebody sees it who isn't in the pair.
func (a *Auditor) observeExchange(call engine.Call, x *exchanged, find findFunc) (*rerun, *Finding) {
	call.Exchanged = &x.event
	e := a.newExecution(call)
	e.home = &x.event.Home
	effects, err := e.run()
	if err != nil {
		return nil, refused(call, err, find)
	}
	f := e.at(call.Chaincode)
	f.unseen, f.private = true, x.wants()
	f.privateReads[privateRef{x.collection, engine.PairLaneKey(x.msp, x.doc.Lane)}] = true
	return &rerun{execution: e, effects: effects, by: public}, nil
}

// wants are the private writes of a batch as far as they can be told without the pair's data: its lines always, what its lane booked in the window exactly when a receipt
// says that there is an obligation, and the reservations of the holds that it makes or names.
func (x *exchanged) wants() []privateWant {
	may := func(key string) privateWant {
		want := unknownValue(x.collection, key)
		want.optional = true
		return want
	}
	wants := []privateWant{unknownValue(x.collection, x.linesKey()), may(engine.PairLaneKey(x.msp, x.doc.Lane))}
	if x.obliges() {
		wants = append(wants, unknownValue(x.collection, engine.TallyKey(x.event.Currency, x.event.Window, x.msp, x.doc.Lane)),
			unknownValue(x.collection, engine.GrossKey(x.event.Currency, x.event.Window, x.msp, x.doc.Lane)))
	}
	for i := range x.doc.Operations {
		o := &x.doc.Operations[i]
		hold := o.Hold
		if o.Kind == points.KindHold {
			hold = o.ID
		}
		if hold != "" {
			want := may(engine.ReserveKey(hold))
			want.deleted = true // Or written: it ends, or changes.
			wants = append(wants, want)
		}
	}
	return wants
}

// obliges says whether a receipt of the batch has an obligation.
func (x *exchanged) obliges() bool {
	for i := range x.event.Home.Receipts {
		if x.event.Home.Receipts[i].Obligation != "" {
			return true
		}
	}
	return false
}
