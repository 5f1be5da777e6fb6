package audit

import (
	"strings"

	"github.com/tallystick/tallystick/chaincode/clearing"
	"github.com/tallystick/tallystick/chaincode/engine"
	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/quantity"
	"github.com/tallystick/tallystick/chaincode/wire"
	"github.com/tallystick/tallystick/gateway/blocks"
)

// checkClearing follows clearing transaction by transaction, before each is applied: what the audit adds up itself is compared with the sums that are written.
func (a *Auditor) checkClearing(t *blocks.Transaction, find findFunc) *Finding {
	if t.Chaincode != engine.ClearingChaincode || len(t.Args) != 2 {
		return nil
	}
	if string(t.Args[0]) == wire.FnExchange {
		if f := a.checkExchange(t, find); f != nil {
			return f
		}
	}
	for _, p := range t.Private {
		for _, c := range p.Collections {
			if f := a.checkPairWrites(p.Name, c, find); f != nil {
				return f
			}
		}
	}
	if n := t.Namespace(t.Chaincode); n != nil {
		for _, w := range n.Writes {
			if err := a.checkClearingRecord(w); err != nil {
				return find(CheckInvariant, "%v", err).at(n.Name, w.Key)
			}
		}
	}
	return nil
}

// checkExchange checks what everybody sees of a cross-brand batch, and adds up its lines where they are held.
func (a *Auditor) checkExchange(t *blocks.Transaction, find findFunc) *Finding {
	x, f := readExchange(t, engine.Call{Chaincode: t.Chaincode, Function: wire.FnExchange, Document: t.Args[1]}, find)
	if f != nil {
		return f
	}
	var pointer clearing.WindowPointer
	key := engine.WindowPointerKey(x.event.Currency)
	if err := wire.DecodeRecord(a.world.public[t.Chaincode][key].value, &pointer); err != nil {
		return find(CheckInvariant, "ReceiptsInOpenWindow: no window of %s is open", x.event.Currency).at(t.Chaincode, key)
	}
	accepted, err := receiptsAreInWindow(&x.event, pointer.Number)
	if err == nil {
		err = swapsAreDeposited(&x.event)
	}
	if err != nil {
		return find(CheckInvariant, "%v", err).at(t.Chaincode, "")
	}
	if other := a.clearing.currencies[x.collection]; other != "" && other != x.event.Currency {
		return find(CheckInvariant, "PairsKeepTheirCurrency: the pair cleared in %s before, not in %s", other, x.event.Currency).at(t.Chaincode, "")
	}
	a.clearing.currencies[x.collection] = x.event.Currency
	count := a.clearing.window(windowRef{x.event.Currency, pointer.Number})
	count.batches++
	count.receipts += accepted
	return a.bookLines(t, x, find)
}

// bookLines adds up the lines of a batch, where they are held.
func (a *Auditor) bookLines(t *blocks.Transaction, x *exchanged, find findFunc) *Finding {
	ref := x.ref()
	lines, err := x.lines(t)
	if err == nil && lines == nil {
		a.clearing.pair(ref).window(x.event.Window).unseen = true
		a.reports.unseen(ref, x.event.Window)
		return nil
	}
	if err == nil {
		err = a.clearing.pair(ref).book(ref, x.event.Window, clearing.LanePlace{MSP: x.msp, N: x.doc.Lane}, lines)
	}
	if err == nil {
		err = a.reports.lines(ref, x, lines, gap{int64(a.Height()), t.Index, x.collection})
	}
	if err != nil {
		return find(CheckInvariant, "the batch's lines can't be added up: %v", err).at(t.Chaincode+"/"+x.collection, x.linesKey())
	}
	return nil
}

// checkPairWrites compares what is written of a pair's sums with what its lines add up to, and holds its lanes against its allocation.
func (a *Auditor) checkPairWrites(namespace string, c blocks.PrivateCollection, find findFunc) *Finding {
	x, y, ok := pairOf(c.Name)
	if !ok || namespace != engine.ClearingChaincode {
		return nil
	}
	for _, w := range c.Writes {
		object, attributes, err := engine.ParseKey(w.Key)
		if err != nil || w.Delete {
			continue
		}
		switch object {
		case engine.ObjectTally:
			err = a.checkTally(pairRef{x, y, attributes[0]}, w.Value)
		case engine.ObjectPairLane:
			err = a.checkLane(x, y, w.Value)
		}
		if err != nil {
			return find(CheckInvariant, "%v", err).at(namespace+"/"+c.Name, w.Key)
		}
	}
	return nil
}

// checkTally compares a lane's tally of a window with the lines that were booked in it.
func (a *Auditor) checkTally(ref pairRef, raw []byte) error {
	var tally clearing.Tally
	if err := wire.DecodeRecord(raw, &tally); err != nil {
		return err
	}
	booked := a.clearing.pair(ref).window(tally.Window)
	if booked.unseen {
		return nil
	}
	l := booked.lane(clearing.LanePlace{MSP: tally.MSP, N: tally.Lane})
	net, err := l.net()
	if err != nil {
		return err
	}
	if tally.Net != net || tally.Count != l.count {
		return fault.New(fault.ClearingMismatch, "TalliesFollowLines: the lane's tally of window %d is %d millionths of %d obligations, its lines add up to %d of %d",
			tally.Window, int64(tally.Net), tally.Count, int64(net), l.count)
	}
	return nil
}

// checkLane holds what all lanes of a pair use and reserve against its allocation. One that was lowered may be exceeded by what was booked before: then it only shrinks.
func (a *Auditor) checkLane(x, y string, raw []byte) error {
	var lane clearing.PairLane
	if err := wire.DecodeRecord(raw, &lane); err != nil {
		return err
	}
	ref := pairRef{x, y, lane.Currency}
	account := a.clearing.pair(ref)
	before, _, err := account.usage(0)
	if err != nil {
		return err
	}
	account.lanes[clearing.LanePlace{MSP: lane.MSP, N: lane.N}] = lane
	var allocation clearing.Allocation
	if raw := a.world.public[engine.ClearingChaincode][engine.AllocationKey(x, y, lane.Currency)].value; raw != nil {
		if err := wire.DecodeRecord(raw, &allocation); err != nil {
			return err
		}
	}
	for i, limit := range allocation.Amount {
		most := clearing.MicroOf(limit)
		after, slices, err := account.usage(most)
		if err != nil {
			return err
		}
		if after[i] > most && after[i] > before[i] {
			return fault.New(fault.ClearingMismatch, "CapsHold: lanes of %s and %s use and reserve %d millionths of an allocation of %d (direction %d)", x, y, int64(after[i]), int64(most), i)
		}
		if slices[i] > most {
			return fault.New(fault.ClearingMismatch, "SlicesWithinAllocation: slices of %s and %s add up to %d millionths of an allocation of %d (direction %d)", x, y, int64(slices[i]), int64(most), i)
		}
	}
	return nil
}

// usage is what all lanes use and reserve, and what their slices add up to while the allocation is what is given, by direction.
func (p *pairAccount) usage(allocation quantity.Micro) (used, slices [2]quantity.Micro, err error) {
	for i := range used {
		slices[i] = quantity.Micro(clearing.PairLaneCount-len(p.lanes)) * (allocation / clearing.PairLaneCount)
		for place := range p.lanes {
			l := p.lanes[place]
			for _, part := range []quantity.Micro{l.Used[i], l.Reserved[i]} {
				if used[i], err = used[i].Add(part); err != nil {
					return used, slices, err
				}
			}
			if slices[i], err = slices[i].Add(l.SliceOf(i, allocation)); err != nil {
				return used, slices, err
			}
		}
	}
	return used, slices, nil
}

// checkClearingRecord checks what holds for a public record by itself, and against what was there before and what the audit added up.
func (a *Auditor) checkClearingRecord(w blocks.Write) error {
	object, attributes, err := engine.ParseKey(w.Key)
	if err != nil || w.Delete {
		return err
	}
	switch object {
	case engine.ObjectConsortium:
		return a.noteAdministrators(w.Value)
	case engine.ObjectNetting:
		var n clearing.Netting
		if err := wire.DecodeRecord(w.Value, &n); err != nil {
			return err
		}
		return n.Check()
	case engine.ObjectPairNets:
		var nets clearing.PairNets
		if err := wire.DecodeRecord(w.Value, &nets); err != nil {
			return err
		}
		return a.checkDisclosed(&nets)
	case engine.ObjectWindow:
		if len(attributes) == 2 {
			return a.checkWindow(w)
		}
	case engine.ObjectStanding:
		var s clearing.Standing
		if err := wire.DecodeRecord(w.Value, &s); err != nil {
			return err
		}
		return clearing.StandingBalances(&s)
	}
	return nil
}

// checkDisclosed compares what a pair disclosed last with the lines that were booked in that window.
func (a *Auditor) checkDisclosed(nets *clearing.PairNets) error {
	if len(nets.Nets) == 0 {
		return nil
	}
	last := nets.Nets[len(nets.Nets)-1]
	booked := a.clearing.pair(pairRef{nets.A, nets.B, nets.Currency}).window(last.Window)
	if booked.unseen {
		return nil
	}
	sum, err := booked.sum()
	if err != nil {
		return err
	}
	if sum != last.Sum {
		return fault.New(fault.ClearingMismatch, "DisclosedFollowsLines: %s and %s disclosed %d millionths for window %d, their lines add up to %d",
			nets.A, nets.B, int64(last.Sum), last.Window, int64(sum))
	}
	return nil
}

// checkWindow holds a window's change against the table of windows.
func (a *Auditor) checkWindow(w blocks.Write) error {
	var before, after clearing.Window
	if err := wire.DecodeRecord(w.Value, &after); err != nil {
		return err
	}
	if raw := a.world.public[engine.ClearingChaincode][w.Key].value; raw != nil {
		if err := wire.DecodeRecord(raw, &before); err != nil {
			return err
		}
	}
	if before.Status == after.Status {
		return nil
	}
	for _, row := range clearing.WindowSteps() {
		if row.From == before.Status && row.To == after.Status {
			return nil
		}
	}
	if after.Status == clearing.WindowOpen && before.Status == clearing.WindowNone && after.Number > 1 {
		return nil // A roll opens the next one.
	}
	return fault.New(fault.ClearingMismatch, "WindowsFollowTheirTable: window %d of %s goes from %q to %q", after.Number, strings.ToUpper(after.Currency), before.Status, after.Status)
}
