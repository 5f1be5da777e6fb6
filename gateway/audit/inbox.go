package audit

import (
	"github.com/tallystick/tallystick/chaincode/engine"
	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/lots"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/quantity"
	"github.com/tallystick/tallystick/chaincode/wire"
	"github.com/tallystick/tallystick/gateway/blocks"
)

// waiting is what waits in a programme's inbox, told twice: by the entries, and by the lanes' totals.
type waiting struct{ entries, lanes quantity.Points }

// checkInbox follows the inbox of a programme, which must be called before the transaction is applied: entries come by cross-brand batches alone, each once, and leave by
// batches of the programme; what the lanes say is the sum of the entries, after every transaction.
func (a *Auditor) checkInbox(t *blocks.Transaction, n *blocks.Namespace, find findFunc) *Finding {
	w := a.waiting[n.Name]
	if w == nil {
		w = &waiting{}
		a.waiting[n.Name] = w
	}
	for _, write := range n.Writes {
		object, _, err := engine.ParseKey(write.Key)
		if err != nil || object != engine.ObjectInbox && object != engine.ObjectLane {
			continue
		}
		before := a.world.public[n.Name][write.Key].value
		if object == engine.ObjectLane {
			err = w.lane(before, write.Value)
		} else {
			err = w.entry(t, before, write)
		}
		if err != nil {
			return find(CheckInvariant, "%v", err).at(n.Name, write.Key)
		}
	}
	if w.entries != w.lanes {
		return find(CheckInvariant, "WaitingEqualsInbox: %d points wait in the inbox, the lanes say %d", w.entries, w.lanes).at(n.Name, "")
	}
	return nil
}

func (w *waiting) lane(before, after []byte) error {
	for _, side := range []struct {
		raw  []byte
		sign quantity.Points
	}{{before, -1}, {after, 1}} {
		if side.raw == nil {
			continue
		}
		var lane points.Lane
		if err := wire.DecodeRecord(side.raw, &lane); err != nil {
			return err
		}
		own, err := lane.Totals.Waiting()
		if err != nil {
			return err
		}
		if w.lanes, err = w.lanes.Add(side.sign * own); err != nil {
			return err
		}
	}
	return nil
}

func (w *waiting) entry(t *blocks.Transaction, before []byte, write blocks.Write) error {
	function := ""
	if len(t.Args) > 0 {
		function = string(t.Args[0])
	}
	raw, sign := write.Value, quantity.Points(1)
	switch {
	case write.Delete && (before == nil || function != wire.FnSubmitBatch):
		return fault.New(fault.StateCorrupt, "InboxLeavesByFolding: a credit that isn't there is taken out, or not by a batch of the programme")
	case write.Delete:
		raw, sign = before, -1
	case before != nil || function != wire.FnExchange || t.Chaincode != engine.ClearingChaincode:
		return fault.New(fault.StateCorrupt, "InboxFilledByExchange: a credit comes in twice, or not by a cross-brand batch")
	}
	var entry points.InboxEntry
	if err := wire.DecodeRecord(raw, &entry); err != nil {
		return err
	}
	sum, err := lots.Sum(entry.Lots)
	if err != nil {
		return err
	}
	w.entries, err = w.entries.Add(sign * sum)
	return err
}
