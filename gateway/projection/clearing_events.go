package projection

import (
	"github.com/tallystick/tallystick/chaincode/clearing"
	"github.com/tallystick/tallystick/chaincode/engine"
	"github.com/tallystick/tallystick/chaincode/wire"
	"github.com/tallystick/tallystick/gateway/store"
)

// tellers say what a public record of clearing tells a treasury, by the record's object.
var tellers = map[string]func(body []byte, e *store.ClearingEvent) error{
	engine.ObjectWindow: teller(func(w *clearing.Window, e *store.ClearingEvent) {
		e.Kind, e.Currency, e.Window, e.Status = store.EventWindow, w.Currency, w.Number, string(w.Status)
	}),
	engine.ObjectPairNets: teller(func(n *clearing.PairNets, e *store.ClearingEvent) {
		e.Kind, e.A, e.B, e.Currency = store.EventDisclosed, n.A, n.B, n.Currency
		if len(n.Nets) > 0 {
			last := &n.Nets[len(n.Nets)-1]
			e.Window, e.Net, e.Amount = last.Window, &last.Sum, &last.Net
		}
	}),
	engine.ObjectPosition: teller(func(p *clearing.Position, e *store.ClearingEvent) {
		e.Kind, e.Currency, e.Window, e.Member, e.Amount = store.EventNetted, p.Currency, p.Window, p.Member, &p.Net
		if p.Signed != nil {
			e.Kind = store.EventSigned
		}
	}),
	engine.ObjectLeg: teller(func(l *clearing.Leg, e *store.ClearingEvent) {
		e.Kind, e.Currency, e.Window, e.Debtor, e.Creditor, e.Status = store.EventLeg, l.Currency, l.Window, l.From, l.To, string(l.Status)
		e.Amount = &l.Amount
	}),
	engine.ObjectDispute: teller(func(d *clearing.Dispute, e *store.ClearingEvent) {
		e.Kind, e.A, e.B, e.Currency, e.Window, e.Member = store.EventDispute, d.A, d.B, d.Currency, d.Window, d.By
		e.Operation, e.Status, e.Net, e.Amount = d.Line.Operation, string(d.Status), &d.Micro, &d.Amount
	}),
	engine.ObjectCap: teller(func(c *clearing.Cap, e *store.ClearingEvent) {
		e.Kind, e.Currency, e.Member, e.Amount = store.EventCap, c.Currency, c.Member, &c.Amount
	}),
	engine.ObjectAttested: teller(func(r *clearing.Reserve, e *store.ClearingEvent) {
		e.Kind, e.Currency, e.Member, e.Amount = store.EventReserve, r.Statement.Currency, r.Statement.Member, &r.Statement.Amount
	}),
	engine.ObjectVote: teller(func(p *clearing.Proposal, e *store.ClearingEvent) {
		subject, _ := p.Motion.Subject() // The ledger took it: it has one.
		e.Kind, e.Proposal, e.Status, e.Member, e.Subject = store.EventVote, string(p.ID), string(p.Status), p.By, string(subject)
	}),
	engine.ObjectConsortium: teller(func(_ *clearing.Consortium, e *store.ClearingEvent) { e.Kind = store.EventMembers }),
	engine.ObjectCalendar: teller(func(c *clearing.Calendar, e *store.ClearingEvent) {
		e.Kind, e.Currency = store.EventCalendar, c.Currency
	}),
}

func teller[T any](tell func(*T, *store.ClearingEvent)) func([]byte, *store.ClearingEvent) error {
	return func(body []byte, e *store.ClearingEvent) error {
		var record T
		if err := wire.DecodeRecord(body, &record); err != nil {
			return err
		}
		tell(&record, e)
		return nil
	}
}

// tellPublic adds the event of a public record, if it makes one.
func (x *exposures) tellPublic(o *occurrence, ref store.ClearingRef, body []byte) error {
	tell, ok := tellers[ref.Object]
	if !ok {
		return nil
	}
	event := store.ClearingEvent{Block: o.block, At: o.at}
	if err := unreadable(tell(body, &event), ref); err != nil {
		return err
	}
	x.tell(event)
	return nil
}
