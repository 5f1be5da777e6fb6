package audit

import (
	"github.com/tallystick/tallystick/chaincode/engine"
	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/wire"
	"github.com/tallystick/tallystick/gateway/blocks"
)

// findFunc makes a finding of the transaction in hand.
type findFunc func(check Check, format string, args ...any) *Finding

// statusOK is the status of a chaincode's answer that peers endorse.
const statusOK = 200

// depth says what a transaction was replayed from.
type depth int

// A full replay has the private input, a public one takes from what was committed what can't be recomputed without it.
const (
	full depth = iota
	public
)

// replay runs a valid transaction again and compares everything that it did, in every namespace.
func (a *Auditor) replay(t *blocks.Transaction, find findFunc) *Finding {
	if _, ours := runner(t.Chaincode); !ours {
		for _, n := range t.Namespaces {
			if f := foreign(n, t.Chaincode, find); f != nil {
				return f
			}
		}
		a.statement.foreign(t.Chaincode)
		return nil
	}
	if len(t.Args) != 2 {
		return find(CheckExecution, "a function takes one document, this call has %d arguments", len(t.Args)).at(t.Chaincode, "")
	}
	if f := checkPrivate(t, find); f != nil {
		return f
	}
	call := engine.Call{
		Chaincode: t.Chaincode, Function: string(t.Args[0]), Document: t.Args[1], Time: t.Time,
		Caller: engine.Identity{MSP: t.Creator.MSP, Role: a.roleOf(t)}, Programs: a.programs,
	}
	r, f := a.rerun(t, call, find)
	if f != nil {
		return f
	}
	if f := r.compare(t, find); f != nil {
		return f
	}
	a.replayed(t, r)
	return nil
}

// rerun is a replayed transaction.
type rerun struct {
	*execution
	effects    engine.Effects // Of the invoked function.
	by         depth
	unanswered bool // What it answered can't be known: an observer saw a query of private data.
}

// rerun replays a call from its private input where that is held, and from what was committed otherwise.
func (a *Auditor) rerun(t *blocks.Transaction, call engine.Call, find findFunc) (*rerun, *Finding) {
	if call.Chaincode == engine.ClearingChaincode {
		return a.rerunClearing(t, call, find)
	}
	if isPersonal(call.Function) {
		return a.rerunPersonal(t, call, find)
	}
	by := full
	if call.Function == wire.FnSubmitBatch {
		var f *Finding
		if by, f = a.giveDetails(t, &call, find); f != nil {
			return nil, f
		}
	}
	r, err := a.execute(call, by)
	if err != nil {
		return nil, refused(call, err, find)
	}
	if by == public {
		event := call.Observed
		want := privateWant{privateRef: privateRef{engine.CollectionDetails, engine.DetailsKey(event.MSP, event.Lane, event.Seq)}}
		r.at(call.Chaincode).private = append(r.at(call.Chaincode).private, want)
	}
	return r, nil
}

// execute runs the function as it is called.
func (a *Auditor) execute(call engine.Call, by depth) (*rerun, error) {
	x := a.newExecution(call)
	effects, err := x.run()
	return &rerun{execution: x, effects: effects, by: by}, err
}

func refused(call engine.Call, err error, find findFunc) *Finding {
	return find(CheckExecution, "%s is refused by the rules: %v", call.Function, err).at(call.Chaincode, "")
}

// unavailable says whether an execution ended for want of private data.
func unavailable(err error) bool { return err != nil && fault.CodeOf(err) == fault.PrivateUnavailable }

// roleOf is the caller's role, as its certificate says; empty when the channel doesn't know the caller.
func (a *Auditor) roleOf(t *blocks.Transaction) string {
	signer, err := a.config.Signer(t.Creator)
	if err != nil {
		return ""
	}
	return signer.Attribute(engine.RoleAttribute)
}

// foreign refuses writes to one of our namespaces by a call of a chaincode that isn't ours.
func foreign(n blocks.Namespace, called string, find findFunc) *Finding {
	if _, ours := runner(n.Name); !ours {
		return nil
	}
	if len(n.Writes) > 0 {
		return find(CheckWriteSet, "a call of %s wrote it", called).at(n.Name, n.Writes[0].Key)
	}
	for _, c := range n.Collections {
		if len(c.Writes) > 0 {
			return find(CheckPrivateWriteSet, "a call of %s wrote it", called).at(n.Name+"/"+c.Name, "")
		}
	}
	return nil
}

// giveDetails finds the private details that a batch was submitted with. Without them the batch is replayed as an observer sees it, from the receipts.
func (a *Auditor) giveDetails(t *blocks.Transaction, call *engine.Call, find findFunc) (depth, *Finding) {
	if writes := t.PrivateWrites(t.Chaincode, engine.CollectionDetails); len(writes) == 1 {
		call.Transient = map[string][]byte{wire.DetailsTransient: writes[0].Value}
		return full, nil
	}
	if len(hashedWrites(t, t.Chaincode, engine.CollectionDetails)) == 0 {
		return full, nil
	}
	var event wire.BatchEvent
	if t.Event == nil || wire.DecodeRecord(t.Event.Payload, &event) != nil {
		return public, find(CheckEvent, "a batch without a readable event").at(t.Chaincode, "")
	}
	call.Observed = &event
	return public, nil
}

// replayed counts a replay for every programme, or pair, that it is about.
func (a *Auditor) replayed(t *blocks.Transaction, r *rerun) {
	for namespace, f := range r.touched {
		if p := a.programme(namespace); p != nil && (len(f.writes) > 0 || namespace == t.Chaincode) {
			p.replayed(r.by)
		}
	}
	if t.Chaincode == engine.ClearingChaincode {
		a.clearing.replayed(t, r.by)
	}
}
