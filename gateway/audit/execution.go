package audit

import (
	"crypto/sha256"
	"strings"

	"github.com/tallystick/tallystick/chaincode/engine"
	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/wire"
)

// execution runs a transaction again, with the calls of other chaincodes in it, over the world as it was before. As in Fabric, nothing in it sees what it writes.
type execution struct {
	world   *world
	call    engine.Call           // Of the transaction's own function.
	touched map[string]*footprint // By namespace.
	home    *wire.BatchEvent      // Of an observer's cross-brand batch: the receipts of the home programme.
	blind   bool                  // No private value is given, so that the call ends where it looks at the first.
}

// footprint is what an execution read and wrote in one namespace.
type footprint struct {
	reads        map[string]bool
	privateReads map[privateRef]bool
	unseen       bool // More was read than can be told here: an observer can't know what.
	writes       []engine.Write
	private      []privateWant
	count        int             // Of the private writes, where it isn't their number; 0 otherwise.
	judged       map[string]bool // Collections whose private reads and writes were held against their own rules: an observer can't know their keys.
}

// privateRef is a key of a private collection of some namespace.
type privateRef struct{ collection, key string }

// privateWant is a private write that is expected.
type privateWant struct {
	privateRef
	hash     []byte // Of the value; nil when the value isn't known.
	deleted  bool
	purged   bool
	optional bool // It may be left out, and may be a deletion too: an observer doesn't know.
}

func wantOf(w engine.PrivateWrite) privateWant {
	want := privateWant{privateRef: privateRef{w.Collection, w.Key}, deleted: w.Delete || w.Purge, purged: w.Purge}
	if !want.deleted {
		sum := sha256.Sum256(w.Value)
		want.hash = sum[:]
	}
	return want
}

func (a *Auditor) newExecution(call engine.Call) *execution {
	return &execution{world: a.world, call: call, touched: map[string]*footprint{}}
}

// runner finds the functions of one of our chaincodes.
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

// run executes the transaction's function and keeps what it writes.
func (x *execution) run() (engine.Effects, error) { return x.execute(x.call.Chaincode, x.call) }

func (x *execution) execute(chaincode string, call engine.Call) (engine.Effects, error) {
	run, ours := runner(chaincode)
	if !ours {
		return engine.Effects{}, fault.New(fault.NotFound, "chaincode %s is not known to the audit", chaincode)
	}
	effects, err := run(call, &view{x, chaincode})
	if err != nil {
		return engine.Effects{}, err
	}
	f := x.at(chaincode)
	f.writes = append(f.writes, effects.Writes...)
	for _, w := range effects.Private {
		f.private = append(f.private, wantOf(w))
	}
	return effects, nil
}

func (x *execution) at(namespace string) *footprint {
	f := x.touched[namespace]
	if f == nil {
		f = &footprint{reads: map[string]bool{}, privateReads: map[privateRef]bool{}}
		x.touched[namespace] = f
	}
	return f
}

// view is what an execution sees of one namespace; it notes the keys that are read.
type view struct {
	*execution
	namespace string
}

// Get implements engine.State.
func (v *view) Get(keys []string) ([][]byte, error) {
	values := make([][]byte, len(keys))
	for i, key := range keys {
		values[i] = v.world.public[v.namespace][key].value
		v.at(v.namespace).reads[key] = true
	}
	return values, nil
}

// Private implements engine.State: PRIVATE_UNAVAILABLE when a value is there and not held.
func (v *view) Private(collection string, keys []string) ([][]byte, error) {
	values := make([][]byte, len(keys))
	for i, key := range keys {
		value, held := v.world.private(collectionRef{v.namespace, collection}, key)
		if !held || v.blind {
			return nil, fault.New(fault.PrivateUnavailable, "%s of %s", engine.ReadableKey(key), collection)
		}
		values[i] = value
		v.at(v.namespace).privateReads[privateRef{collection, key}] = true
	}
	return values, nil
}

// PrivateHash implements engine.State.
func (v *view) PrivateHash(collection, key string) ([]byte, error) {
	v.at(v.namespace).privateReads[privateRef{collection, key}] = true
	return v.world.hashed[collectionRef{v.namespace, collection}][keyHash(key)].hash, nil
}

// Invoke implements engine.State: another chaincode runs for the same caller, at the same time, with the same transient fields, and knows which chaincode the client invoked.
func (v *view) Invoke(chaincode, function string, document []byte) ([]byte, error) {
	call := v.call
	call.Function, call.Document, call.Observed, call.Exchanged = function, document, nil, nil
	if function == wire.FnApplyExchange {
		call.Observed = v.home
	}
	effects, err := v.execute(chaincode, call)
	return effects.Response, err
}
