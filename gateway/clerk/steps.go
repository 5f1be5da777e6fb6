package clerk

import (
	"context"
	"strings"

	"github.com/tallystick/tallystick/chaincode/clearing"
	"github.com/tallystick/tallystick/chaincode/engine"
	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/wire"
	"github.com/tallystick/tallystick/gateway/store"
	"github.com/tallystick/tallystick/gateway/treasury"
)

// roll closes a window whose regular close has come.
func (c *Clerk) roll(ctx context.Context, v *view, w *clearing.Window) {
	if !v.mayAct() || v.now < w.ClosesAt {
		return
	}
	_, err := c.settings.Ledger.Roll(ctx, wire.Rolling{Currency: w.Currency, Number: w.Number})
	c.took(clearing.StepRoll, w, err)
}

// closing discloses what the own pairs have to, and closes the window when nothing is missing or the disclosure term is over.
func (c *Clerk) closing(ctx context.Context, v *view, w *clearing.Window) error {
	missing := 0
	for _, p := range v.members.Pairs() {
		undisclosed, err := c.undisclosed(ctx, p, w)
		if err != nil {
			return err
		}
		if len(undisclosed) > 0 && (p.A == v.own.Name || p.B == v.own.Name) {
			told, err := c.disclose(ctx, v, p, w, undisclosed)
			if err != nil {
				return err
			}
			undisclosed = undisclosed[told:]
		}
		if len(undisclosed) > 0 {
			missing++
		}
	}
	if !v.mayAct() || missing > 0 && v.now < w.DiscloseBy {
		return nil
	}
	_, err := c.settings.Ledger.Close(ctx, w.Currency, w.Number)
	c.took(clearing.StepClose, w, err)
	return nil
}

// undisclosed are the windows up to this one that a pair has not disclosed, in order.
func (c *Clerk) undisclosed(ctx context.Context, p clearing.Pair, w *clearing.Window) ([]int64, error) {
	var allocation clearing.Allocation
	id := strings.Join([]string{p.A, p.B, w.Currency}, "/")
	if err := c.settings.Reads.Record(ctx, store.ClearingRef{Object: engine.ObjectAllocation, ID: id}, &allocation); err != nil {
		return nil, unlessMissing(err)
	}
	var book clearing.PairBook
	if err := c.settings.Reads.Record(ctx, store.ClearingRef{Object: engine.ObjectPairBook, ID: id}, &book); err != nil && fault.CodeOf(err) != fault.NotFound {
		return nil, err
	}
	var windows []int64
	for next := max(book.Disclosed+1, allocation.Since); next <= w.Number && len(windows) < clearing.MaxLate; next++ {
		windows = append(windows, next)
	}
	return windows, nil
}

// disclose tells the nets of windows that a pair has not disclosed, and how many of them are told now.
func (c *Clerk) disclose(ctx context.Context, v *view, p clearing.Pair, into *clearing.Window, windows []int64) (told int, err error) {
	partner := p.A
	if partner == v.own.Name {
		partner = p.B
	}
	for i, number := range windows {
		doc, ready, err := c.disclosure(ctx, v, p, partner, &clearing.Window{Currency: into.Currency, Number: number})
		if err != nil || !ready {
			return i, err
		}
		doc.Netting = into.Number
		if _, err := c.settings.Ledger.Disclose(ctx, doc); !c.took(clearing.StepDisclose, into, err) {
			return i, nil
		}
	}
	return len(windows), nil
}

// disclosure is what there is to tell of a pair's window; not ready while the peer misses data, or when the pair's tallies aren't what its obligations add up to.
func (c *Clerk) disclosure(ctx context.Context, v *view, p clearing.Pair, partner string, w *clearing.Window) (wire.NetDisclosure, bool, error) {
	doc := wire.NetDisclosure{Currency: w.Currency, Window: w.Number, A: p.A, B: p.B, Values: []wire.TallyValues{}}
	tallies, err := treasury.Tallies(ctx, c.settings.Reads, p.A, p.B, w.Currency, w.Number)
	if err != nil {
		return doc, false, err
	}
	for _, t := range tallies {
		doc.Values = append(doc.Values, wire.TallyValues{MSP: t.MSP, Lane: t.Lane, Salt: t.Salt, Net: t.Net, Count: t.Count})
	}
	sum, err := clearing.Sum(tallies)
	if err != nil {
		return doc, false, err
	}
	nets := clearing.PairNets{A: p.A, B: p.B, Currency: w.Currency, Window: w.Number, Nets: []clearing.Disclosure{{Window: w.Number, Sum: sum}}}
	err = treasury.CheckPair(ctx, c.settings.Reads, &nets)
	return doc, c.agrees(AlarmDisclosure, v, w, partner, err), unlessAlarm(err)
}

// agrees raises or lifts the alarms about something; false when it doesn't agree.
func (c *Clerk) agrees(kind AlarmKind, v *view, w *clearing.Window, member string, err error) bool {
	about := Alarm{Kind: kind, Currency: w.Currency, Window: w.Number, Member: member, Since: v.now}
	gap := about
	gap.Kind = AlarmGap
	switch {
	case err == nil:
		c.alarms.lift(about)
		c.alarms.lift(gap)
		return true
	case unlessAlarm(err) != nil:
		return false
	case fault.CodeOf(err) == fault.NotReady:
		about = gap
	}
	about.Text = err.Error()
	if c.alarms.raise(about) {
		c.settings.Log.Error("ALARM: the clerk leaves this to people", "alarm", about.Kind, "currency", w.Currency, "window", w.Number, "member", member, "error", err)
	}
	return false
}

// unlessAlarm is nil for what was made an alarm of.
func unlessAlarm(err error) error {
	switch fault.CodeOf(err) {
	case fault.ClearingMismatch, fault.PositionMismatch, fault.NotReady:
		return nil
	}
	return err
}

// net nets a window after the one before it.
func (c *Clerk) net(ctx context.Context, v *view, w *clearing.Window) error {
	if !v.mayAct() {
		return nil
	}
	if w.Number > 1 {
		var before clearing.Window
		if err := c.settings.Reads.Record(ctx, store.ClearingRef{Object: engine.ObjectWindow, ID: store.WindowID(w.Currency, w.Number-1)}, &before); err != nil {
			return err
		}
		if before.NettedAt == 0 {
			return nil
		}
	}
	_, err := c.settings.Ledger.Net(ctx, w.Currency, w.Number)
	c.took(clearing.StepNet, w, err)
	return nil
}

// positions are those of a window's netting.
func (c *Clerk) positions(ctx context.Context, w *clearing.Window) ([]clearing.Position, error) {
	return store.All[clearing.Position](ctx, c.settings.Reads, store.ClearingList{Object: engine.ObjectPosition, Prefix: store.WindowID(w.Currency, w.Number)})
}

// sign signs the positions of those for whom the own brand speaks, when they are what it computes itself.
func (c *Clerk) sign(ctx context.Context, v *view, w *clearing.Window) error {
	if c.settings.Treasurer == nil {
		return nil
	}
	positions, err := c.positions(ctx, w)
	if err != nil {
		return err
	}
	for i := range positions {
		member, err := v.members.Find(positions[i].Member)
		if err != nil || positions[i].Signed != nil || !member.SpokenForBy(c.settings.MSP) {
			continue
		}
		if err := c.signOne(ctx, v, w, &positions[i]); err != nil {
			return err
		}
	}
	return nil
}

func (c *Clerk) signOne(ctx context.Context, v *view, w *clearing.Window, p *clearing.Position) error {
	own, err := treasury.Recompute(ctx, c.settings.Reads, treasury.Signatory{Member: p.Member, By: v.own.Name}, w.Currency, w.Number)
	if err == nil && (own.Net != p.Net || own.Root != p.Root) {
		err = fault.New(fault.PositionMismatch, "the ledger has %d minor units and root %s for %s, its own data make %d and %s", int64(p.Net), p.Root, p.Member, int64(own.Net), own.Root)
	}
	if !c.agrees(AlarmPosition, v, w, p.Member, err) {
		return unlessAlarm(err)
	}
	_, err = c.settings.Treasurer.Sign(ctx, wire.PositionSignature{Currency: w.Currency, Window: w.Number, Member: p.Member, Net: own.Net, Root: own.Root})
	c.took(clearing.StepSign, w, err)
	return nil
}

// settle starts settlement when every position is signed or the signing term is over.
func (c *Clerk) settle(ctx context.Context, v *view, w *clearing.Window) error {
	positions, err := c.positions(ctx, w)
	if err != nil || !v.mayAct() {
		return err
	}
	for i := range positions {
		if positions[i].Signed == nil && v.now < w.SignBy {
			return nil
		}
	}
	_, err = c.settings.Ledger.Settle(ctx, w.Currency, w.Number)
	c.took(clearing.StepSettle, w, err)
	return nil
}

// late notes which legs to the own member are past due.
func (c *Clerk) late(ctx context.Context, v *view, w *clearing.Window) error {
	legs, err := store.All[clearing.Leg](ctx, c.settings.Reads, store.ClearingList{Object: engine.ObjectLeg, Prefix: store.WindowID(w.Currency, w.Number)})
	if err != nil {
		return err
	}
	for _, l := range legs {
		if l.To != v.own.Name || l.Status != clearing.LegNotified || l.Late || v.now <= l.Due {
			continue
		}
		_, err := c.settings.Ledger.MarkLate(ctx, wire.LegQuery{Currency: l.Currency, Window: l.Window, From: l.From, To: l.To})
		c.took(clearing.StepLate, w, err)
	}
	return nil
}
