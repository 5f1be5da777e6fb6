package audit

import (
	"bytes"
	"crypto/sha256"
	"strings"

	"github.com/tallystick/tallystick/chaincode/engine"
	"github.com/tallystick/tallystick/chaincode/wire"
	"github.com/tallystick/tallystick/gateway/blocks"
)

// findFunc makes a finding of the transaction in hand.
type findFunc func(check Check, format string, args ...any) *Finding

// statusOK is the status of a chaincode's answer that peers endorse.
const statusOK = 200

// depth says what a transaction was replayed from.
type depth int

// A full replay has the private details, a public one takes from the receipts what follows from them.
const (
	full depth = iota
	public
)

// replay runs a valid transaction again and compares everything that it did.
func (a *Auditor) replay(t *blocks.Transaction, find findFunc) *Finding {
	run, ours := runner(t.Chaincode)
	for _, n := range t.Namespaces {
		if f := foreign(n, t.Chaincode, find); f != nil {
			return f
		}
	}
	if !ours {
		a.statement.foreign(t.Chaincode)
		return nil
	}
	if len(t.Args) != 2 {
		return find(CheckExecution, "a function takes one document, this call has %d arguments", len(t.Args)).at(t.Chaincode, "")
	}
	call := engine.Call{
		Chaincode: t.Chaincode, Function: string(t.Args[0]), Document: t.Args[1], Time: t.Time,
		Caller: engine.Identity{MSP: t.Creator.MSP, Role: a.roleOf(t)}, Programs: a.programs,
	}
	by, f := a.givePrivate(t, &call, find)
	if f != nil {
		return f
	}
	state := &view{world: a.world, namespace: t.Chaincode, reads: map[string]bool{}}
	effects, err := run(call, state)
	if err != nil {
		return find(CheckExecution, "%s is refused by the rules: %v", call.Function, err).at(t.Chaincode, "")
	}
	if f := compare(t, effects, state, by, find); f != nil {
		return f
	}
	if p := a.programme(t.Chaincode); p != nil {
		p.replayed(by)
	}
	return nil
}

// roleOf is the caller's role, as its certificate says; empty when the channel doesn't know the caller.
func (a *Auditor) roleOf(t *blocks.Transaction) string {
	signer, err := a.config.Signer(t.Creator)
	if err != nil {
		return ""
	}
	return signer.Attribute(engine.RoleAttribute)
}

func runner(chaincode string) (run func(engine.Call, engine.State) (engine.Effects, error), ours bool) {
	switch {
	case chaincode == engine.ClearingChaincode:
		return engine.Clearing, true
	case strings.HasPrefix(chaincode, engine.PointsPrefix):
		return engine.Points, true
	default:
		return nil, false
	}
}

// foreign refuses writes to one of our namespaces by a call of another chaincode.
func foreign(n blocks.Namespace, called string, find findFunc) *Finding {
	if _, ours := runner(n.Name); !ours || n.Name == called {
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

// givePrivate finds the private details that the call was made with. Without them the batch is replayed as an observer sees it, from the
// receipts. Clear values that don't have the hashes in the block are a finding.
func (a *Auditor) givePrivate(t *blocks.Transaction, call *engine.Call, find findFunc) (by depth, f *Finding) {
	if f := checkPrivate(t, find); f != nil {
		return public, f
	}
	if call.Function != wire.FnSubmitBatch {
		return full, nil
	}
	if writes := t.PrivateWrites(t.Chaincode, engine.CollectionDetails); len(writes) == 1 {
		call.Transient = map[string][]byte{wire.DetailsTransient: writes[0].Value}
		return full, nil
	}
	if len(hashedWrites(t, engine.CollectionDetails)) == 0 {
		return full, nil
	}
	var event wire.BatchEvent
	if t.Event == nil || wire.DecodeRecord(t.Event.Payload, &event) != nil {
		return public, find(CheckEvent, "a batch without a readable event").at(t.Chaincode, "")
	}
	call.Observed = &event
	return public, nil
}

func hashedWrites(t *blocks.Transaction, collection string) []blocks.HashedWrite {
	if n := t.Namespace(t.Chaincode); n != nil {
		for _, c := range n.Collections {
			if c.Name == collection {
				return c.Writes
			}
		}
	}
	return nil
}

// checkPrivate compares delivered private data with the hashes in the block.
func checkPrivate(t *blocks.Transaction, find findFunc) *Finding {
	for _, p := range t.Private {
		for _, c := range p.Collections {
			known := map[string]blocks.HashedWrite{}
			if n := t.Namespace(p.Name); n != nil {
				for _, hashed := range n.Collections {
					if hashed.Name == c.Name {
						for _, w := range hashed.Writes {
							known[string(w.KeyHash)] = w
						}
					}
				}
			}
			for _, w := range c.Writes {
				key, value := sha256.Sum256([]byte(w.Key)), sha256.Sum256(w.Value)
				there, ok := known[string(key[:])]
				if !ok {
					return find(CheckPrivateHash, "private data were delivered under a key that the block doesn't have").at(p.Name+"/"+c.Name, w.Key)
				}
				if !w.Delete && !bytes.Equal(there.ValueHash, value[:]) {
					return find(CheckPrivateHash, "the private value has hash %x, the block says %x", value, there.ValueHash).at(p.Name+"/"+c.Name, w.Key)
				}
			}
		}
	}
	return nil
}
