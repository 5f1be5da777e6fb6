package engine

import (
	"github.com/tallystick/tallystick/chaincode/clearing"
	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/wire"
)

// legCall is something that is done to one leg.
type legCall struct {
	*publicCall
	leg    *clearing.Leg
	window *clearing.Window
	member clearing.Member // For whom it is done.
}

// openLeg reads a leg and its window; the caller has to act for one of the parties.
func (p *publicCall) openLeg(q *wire.LegQuery, step clearing.Step, parties ...string) (*legCall, error) {
	l := &legCall{publicCall: p}
	var err error
	if l.member, err = p.actsFor(parties...); err != nil {
		return nil, err
	}
	if err := l.load(q); err != nil {
		return nil, err
	}
	return l, l.window.Admit(step)
}

func (l *legCall) load(q *wire.LegQuery) error {
	l.leg = new(clearing.Leg)
	if err := l.read(LegKey(q.Currency, q.Window, q.From, q.To), l.leg); err != nil {
		return err
	}
	var err error
	l.window, err = l.publicCall.window(q.Currency, q.Window)
	return err
}

// kept writes the leg.
func (l *legCall) kept() (Effects, error) {
	if err := l.put(LegKey(l.leg.Currency, l.leg.Window, l.leg.From, l.leg.To), l.leg); err != nil {
		return Effects{}, err
	}
	return l.effects(l.leg)
}

func (l *legCall) action() clearing.Action {
	return clearing.Action{MSP: l.Caller.MSP, At: l.Time}
}

// payLeg enters a bank payment; the payer's treasurer does it.
func payLeg(c Call, s State) (Effects, error) {
	var doc wire.LegPayment
	p, err := openPublic(c, s, &doc)
	if err != nil {
		return Effects{}, err
	}
	l, err := p.openLeg(&doc.Leg, clearing.StepPay, doc.Leg.From)
	if err != nil {
		return Effects{}, err
	}
	if err := l.leg.Pay(doc.Reference, doc.Amount, l.action()); err != nil {
		return Effects{}, err
	}
	return l.kept()
}

// receiveLeg notes that a bank payment came in; the payee's treasurer does it.
func receiveLeg(c Call, s State) (Effects, error) {
	var doc wire.LegPayment
	p, err := openPublic(c, s, &doc)
	if err != nil {
		return Effects{}, err
	}
	l, err := p.openLeg(&doc.Leg, clearing.StepReceive, doc.Leg.To)
	if err != nil {
		return Effects{}, err
	}
	if err := l.leg.Receive(doc.Reference, doc.Amount, l.action()); err != nil {
		return Effects{}, err
	}
	return l.kept()
}

// reverseEntry takes a wrong payment back.
func reverseEntry(c Call, s State) (Effects, error) {
	var doc wire.EntryReversal
	p, err := openPublic(c, s, &doc)
	if err != nil {
		return Effects{}, err
	}
	l, err := p.openLeg(&doc.Leg, clearing.StepReverse, doc.Member)
	if err != nil {
		return Effects{}, err
	}
	if err := l.leg.Reverse(doc.Reference, doc.Reason, l.member.Name, l.action()); err != nil {
		return Effects{}, err
	}
	return l.kept()
}

// markLate notes that a leg is past due.
func markLate(c Call, s State) (Effects, error) {
	var doc wire.LegQuery
	p, err := openPublic(c, s, &doc)
	if err != nil {
		return Effects{}, err
	}
	l, err := p.openLeg(&doc, clearing.StepLate, doc.To)
	if err != nil {
		return Effects{}, err
	}
	if err := l.leg.MarkLate(c.Time); err != nil {
		return Effects{}, err
	}
	return l.kept()
}

// finaliseLeg makes a leg final, and with the last one the window settled.
func finaliseLeg(c Call, s State) (Effects, error) {
	var doc wire.LegQuery
	p, err := openPublic(c, s, &doc)
	if err != nil {
		return Effects{}, err
	}
	l, err := p.openLeg(&doc, clearing.StepFinalise, doc.To)
	if err != nil {
		return Effects{}, err
	}
	if err := l.close(clearing.StepFinalise, l.leg.Finalise); err != nil {
		return Effects{}, err
	}
	return l.kept()
}

// deferLeg executes a vote: the rest of a late leg is owed again in the next netting.
func (p *publicCall) deferLeg(m *clearing.Deferral) error {
	l := &legCall{publicCall: p}
	if err := l.load(&wire.LegQuery{Currency: m.Currency, Window: m.Window, From: m.From, To: m.To}); err != nil {
		return err
	}
	if err := l.close(clearing.StepVote, l.leg.Defer); err != nil {
		return err
	}
	deferred := wire.Deferred{V: 1}
	if _, err := read(p.state, DeferredKey(m.Currency), &deferred); err != nil {
		return err
	}
	if len(deferred.Legs) >= clearing.MaxMembers {
		return fault.New(fault.TooLarge, "at most %d legs are deferred between two nettings", clearing.MaxMembers)
	}
	deferred.Legs = append(deferred.Legs, *l.leg)
	if err := p.put(DeferredKey(m.Currency), deferred); err != nil {
		return err
	}
	return p.put(LegKey(m.Currency, m.Window, m.From, m.To), l.leg)
}

// close ends the leg in a way that changes the standings of both ends, and settles the window when it was the last. The other legs are read by name: a leg that is closed
// at the same time makes this call stale, so that one of the two sees that it is the last.
func (l *legCall) close(step clearing.Step, end func(payer, payee *clearing.Standing) error) error {
	ends, err := l.standings(l.leg.Currency, []string{l.leg.From, l.leg.To})
	if err != nil {
		return err
	}
	if err := end(ends[0], ends[1]); err != nil {
		return err
	}
	for _, standing := range ends {
		if err := clearing.StandingBalances(standing); err != nil {
			return err
		}
		if err := l.put(StandingKey(standing.Member, l.leg.Currency), standing); err != nil {
			return err
		}
	}
	legs, err := readLegs(l.state, l.window)
	if err != nil {
		return err
	}
	for i, other := range legs {
		if other.From == l.leg.From && other.To == l.leg.To {
			legs[i] = l.leg
		}
	}
	if err := l.window.Finish(step, legs, l.Time); err != nil || l.window.SettledAt == 0 {
		return err
	}
	return l.put(WindowKey(l.window.Currency, l.window.Number), l.window)
}

// readLegs reads all legs of a window, in its order.
func readLegs(s State, w *clearing.Window) ([]*clearing.Leg, error) {
	keys := make([]string, len(w.Legs))
	for i, place := range w.Legs {
		keys[i] = LegKey(w.Currency, w.Number, place.From, place.To)
	}
	legs, err := records[clearing.Leg](s, keys)
	if err != nil {
		return nil, err
	}
	for i, leg := range legs {
		if leg == nil {
			return nil, fault.New(fault.StateCorrupt, "%s is not there", ReadableKey(keys[i]))
		}
	}
	return legs, nil
}
