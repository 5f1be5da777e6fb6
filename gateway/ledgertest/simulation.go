package ledgertest

import (
	"crypto/sha256"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/hyperledger/fabric-protos-go-apiv2/ledger/rwset"
	"github.com/hyperledger/fabric-protos-go-apiv2/ledger/rwset/kvrwset"

	"github.com/tallystick/tallystick/chaincode/engine"
	"github.com/tallystick/tallystick/chaincode/fault"
)

// Footprint is what a transaction writes, by namespace.
type Footprint map[string]*engine.Effects

// simulation is what one execution, with the calls of other chaincodes in it, read and wrote.
type simulation struct {
	ledger       *Ledger
	proposal     *Proposal
	reads        map[string]map[string]*kvrwset.Version // By namespace and key.
	privateReads map[place]map[string]*kvrwset.Version  // By key.
	effects      Footprint
}

func newSimulation(l *Ledger, p *Proposal) *simulation {
	return &simulation{l, p, map[string]map[string]*kvrwset.Version{}, map[place]map[string]*kvrwset.Version{}, Footprint{}}
}

// run executes a function of a chaincode, for the proposal's caller.
func (s *simulation) run(chaincode, function string, document []byte) (engine.Effects, error) {
	p := s.proposal
	call := engine.Call{
		Chaincode: p.Chaincode, Function: function, Document: document, Caller: engine.Identity{MSP: p.Caller.MSP, Role: p.Caller.Role}, Time: p.Time, Transient: p.Transient,
	}
	switch {
	case chaincode == engine.ClearingChaincode:
		return engine.Clearing(call, &view{s, chaincode})
	case strings.HasPrefix(chaincode, engine.PointsPrefix):
		return engine.Points(call, &view{s, chaincode})
	default:
		return engine.Effects{}, fault.New(fault.NotFound, "no chaincode %s", chaincode)
	}
}

// view is the committed state of a namespace, as an execution sees it.
type view struct {
	*simulation
	namespace string
}

// Get implements engine.State.
func (v *view) Get(keys []string) ([][]byte, error) {
	return read(v.ledger.state, v.reads, v.namespace, keys), nil
}

// Private implements engine.State: the endorsing peers are members of every collection.
func (v *view) Private(collection string, keys []string) ([][]byte, error) {
	return read(v.ledger.private, v.privateReads, place{v.namespace, collection}, keys), nil
}

// PrivateHash implements engine.State.
func (v *view) PrivateHash(collection, key string) ([]byte, error) {
	value := read(v.ledger.private, v.privateReads, place{v.namespace, collection}, []string{key})[0]
	if value == nil {
		return nil, nil
	}
	sum := sha256.Sum256(value)
	return sum[:], nil
}

// Invoke implements engine.State. Of what is called, only the writes and the answer count.
func (v *view) Invoke(chaincode, function string, document []byte) ([]byte, error) {
	effects, err := v.run(chaincode, function, document)
	if err != nil {
		return nil, err
	}
	if v.effects[chaincode] == nil {
		v.effects[chaincode] = &engine.Effects{}
	}
	all := v.effects[chaincode]
	all.Writes, all.Private = append(all.Writes, effects.Writes...), append(all.Private, effects.Private...)
	return effects.Response, nil
}

func read[K comparable](state map[K]map[string]record, reads map[K]map[string]*kvrwset.Version, at K, keys []string) [][]byte {
	if reads[at] == nil {
		reads[at] = map[string]*kvrwset.Version{}
	}
	values := make([][]byte, len(keys))
	for i, key := range keys {
		r := state[at][key]
		values[i], reads[at][key] = r.value, r.version
	}
	return values
}

// encode gives the public read-write set and the private one (nil without private writes).
func (s *simulation) encode(t testing.TB) ([]byte, *rwset.TxPvtReadWriteSet) {
	names := append(slices.Collect(maps.Keys(s.reads)), slices.Collect(maps.Keys(s.effects))...)
	for at := range s.privateReads {
		names = append(names, at.namespace)
	}
	slices.Sort(names)
	public := &rwset.TxReadWriteSet{DataModel: rwset.TxReadWriteSet_KV}
	private := &rwset.TxPvtReadWriteSet{}
	for _, name := range slices.Compact(names) {
		effects := s.effects[name]
		if effects == nil {
			effects = &engine.Effects{}
		}
		kv := &kvrwset.KVRWSet{}
		for _, key := range slices.Sorted(maps.Keys(s.reads[name])) {
			kv.Reads = append(kv.Reads, &kvrwset.KVRead{Key: key, Version: s.reads[name][key]})
		}
		for _, w := range effects.Writes {
			kv.Writes = append(kv.Writes, &kvrwset.KVWrite{Key: w.Key, Value: w.Value, IsDelete: w.Delete})
		}
		n := &rwset.NsReadWriteSet{Namespace: name, Rwset: marshal(t, kv)}
		clear := &rwset.NsPvtReadWriteSet{Namespace: name}
		for _, collection := range s.collections(name) {
			hashed, inClear := s.encodeCollection(t, place{name, collection}, effects.Private)
			n.CollectionHashedRwset = append(n.CollectionHashedRwset, hashed)
			if inClear != nil {
				clear.CollectionPvtRwset = append(clear.CollectionPvtRwset, inClear)
			}
		}
		public.NsRwset = append(public.NsRwset, n)
		if len(clear.CollectionPvtRwset) > 0 {
			private.NsPvtRwset = append(private.NsPvtRwset, clear)
		}
	}
	if len(private.NsPvtRwset) == 0 {
		return marshal(t, public), nil
	}
	return marshal(t, public), private
}

// collections are those of a namespace that were read or written.
func (s *simulation) collections(namespace string) []string {
	var names []string
	for at := range s.privateReads {
		if at.namespace == namespace {
			names = append(names, at.collection)
		}
	}
	if effects := s.effects[namespace]; effects != nil {
		for _, w := range effects.Private {
			names = append(names, w.Collection)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// encodeCollection gives what everybody sees of a collection, and the clear writes for its members (nil without any).
func (s *simulation) encodeCollection(t testing.TB, at place, writes []engine.PrivateWrite) (*rwset.CollectionHashedReadWriteSet, *rwset.CollectionPvtReadWriteSet) {
	clear, hashed := &kvrwset.KVRWSet{}, &kvrwset.HashedRWSet{}
	for _, key := range slices.Sorted(maps.Keys(s.privateReads[at])) {
		hashed.HashedReads = append(hashed.HashedReads, &kvrwset.KVReadHash{KeyHash: sum(key), Version: s.privateReads[at][key]})
	}
	for _, w := range writes {
		if w.Collection != at.collection {
			continue
		}
		h := &kvrwset.KVWriteHash{KeyHash: sum(w.Key), IsDelete: w.Delete}
		if !w.Delete {
			h.ValueHash = sum(string(w.Value))
		}
		clear.Writes = append(clear.Writes, &kvrwset.KVWrite{Key: w.Key, Value: w.Value, IsDelete: w.Delete})
		hashed.HashedWrites = append(hashed.HashedWrites, h)
	}
	public := &rwset.CollectionHashedReadWriteSet{CollectionName: at.collection, HashedRwset: marshal(t, hashed)}
	if len(clear.Writes) == 0 {
		return public, nil
	}
	raw := marshal(t, clear)
	public.PvtRwsetHash = sum(string(raw))
	return public, &rwset.CollectionPvtReadWriteSet{CollectionName: at.collection, Rwset: raw}
}

func sum(s string) []byte {
	digest := sha256.Sum256([]byte(s))
	return digest[:]
}
