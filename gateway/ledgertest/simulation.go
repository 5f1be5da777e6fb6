package ledgertest

import (
	"crypto/sha256"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/hyperledger/fabric-protos-go-apiv2/ledger/rwset"
	"github.com/hyperledger/fabric-protos-go-apiv2/ledger/rwset/kvrwset"

	"github.com/tallystick/tallystick/chaincode/clearing"
	"github.com/tallystick/tallystick/chaincode/engine"
	"github.com/tallystick/tallystick/chaincode/fault"
)

// simulation is what one execution read and wrote, in all chaincodes that it came through.
type simulation struct {
	call          engine.Call // As the client made it.
	endorsers     []string    // MSP ids.
	reads         map[string]map[string]*kvrwset.Version
	privateReads  map[collection]map[string]*kvrwset.Version
	writes        map[string][]engine.Write
	privateWrites map[collection][]engine.PrivateWrite
	effects       engine.Effects // Of the chaincode that the client invoked.
}

// simulate executes a call on the committed state.
func (l *Ledger) simulate(p Proposal) (*simulation, error) {
	s := &simulation{
		call: engine.Call{
			Chaincode: p.Chaincode, Function: p.Function, Document: p.Document, Caller: engine.Identity{MSP: p.Caller.MSP, Role: p.Caller.Role},
			Time: p.Time, Transient: p.Transient,
		},
		reads: map[string]map[string]*kvrwset.Version{}, privateReads: map[collection]map[string]*kvrwset.Version{},
		writes: map[string][]engine.Write{}, privateWrites: map[collection][]engine.PrivateWrite{},
	}
	for _, e := range p.Endorsers {
		s.endorsers = append(s.endorsers, e.MSP)
	}
	effects, err := (&view{l, p.Chaincode, s}).run(s.call)
	if err != nil {
		return nil, err
	}
	if p.Tamper != nil {
		p.Tamper(&effects)
	}
	s.effects = effects
	s.keep(p.Chaincode, &effects)
	if p.Alter != nil {
		p.Alter(Footprint{s})
	}
	return s, nil
}

// Footprint is what a transaction writes, in all chaincodes that it came through.
type Footprint struct{ s *simulation }

// Write puts a public write in the place of the one under its key, or beside the others.
func (f Footprint) Write(namespace string, w engine.Write) {
	f.Drop(namespace, w.Key)
	f.s.writes[namespace] = append(f.s.writes[namespace], w)
}

// Drop leaves out the public write of a key.
func (f Footprint) Drop(namespace, key string) {
	f.s.writes[namespace] = slices.DeleteFunc(f.s.writes[namespace], func(w engine.Write) bool { return w.Key == key })
}

// Writes are the public writes of a namespace.
func (f Footprint) Writes(namespace string) []engine.Write { return f.s.writes[namespace] }

// WritePrivate puts a private write in the place of the one under its key, or beside the others.
func (f Footprint) WritePrivate(namespace string, w engine.PrivateWrite) {
	f.DropPrivate(namespace, w.Collection, w.Key)
	c := collection{namespace, w.Collection}
	f.s.privateWrites[c] = append(f.s.privateWrites[c], w)
}

// DropPrivate leaves out the private write of a key.
func (f Footprint) DropPrivate(namespace, name, key string) {
	c := collection{namespace, name}
	f.s.privateWrites[c] = slices.DeleteFunc(f.s.privateWrites[c], func(w engine.PrivateWrite) bool { return w.Key == key })
}

// PrivateWrites are the private writes of a collection.
func (f Footprint) PrivateWrites(namespace, name string) []engine.PrivateWrite {
	return f.s.privateWrites[collection{namespace, name}]
}

// Effects are those of the chaincode that the client invoked, whose answer and event are told.
func (f Footprint) Effects() *engine.Effects { return &f.s.effects }

// keep adds what a chaincode wrote.
func (s *simulation) keep(namespace string, effects *engine.Effects) {
	s.writes[namespace] = append(s.writes[namespace], effects.Writes...)
	for _, w := range effects.Private {
		c := collection{namespace, w.Collection}
		s.privateWrites[c] = append(s.privateWrites[c], w)
	}
}

// view is the state that a chaincode sees, and the record of what it read. Nobody sees writes of the same transaction.
type view struct {
	ledger    *Ledger
	namespace string
	simulated *simulation
}

func (v *view) run(c engine.Call) (engine.Effects, error) {
	if v.namespace == engine.ClearingChaincode {
		return engine.Clearing(c, v)
	}
	return engine.Points(c, v)
}

// Get implements engine.State.
func (v *view) Get(keys []string) ([][]byte, error) {
	if v.simulated.reads[v.namespace] == nil {
		v.simulated.reads[v.namespace] = map[string]*kvrwset.Version{}
	}
	values := make([][]byte, len(keys))
	for i, key := range keys {
		r := v.ledger.state[v.namespace][key]
		values[i] = r.value
		v.simulated.reads[v.namespace][key] = r.version
	}
	return values, nil
}

// Private implements engine.State.
func (v *view) Private(name string, keys []string) ([][]byte, error) {
	for _, msp := range v.simulated.endorsers {
		if !v.ledger.holds(msp, collection{v.namespace, name}) {
			return nil, fault.New(fault.PrivateUnavailable, "peers of %s hold nothing of %s", msp, name)
		}
	}
	values := make([][]byte, len(keys))
	for i, key := range keys {
		values[i] = v.readPrivate(name, key).value
	}
	return values, nil
}

// PrivateHash implements engine.State.
func (v *view) PrivateHash(name, key string) ([]byte, error) {
	r := v.readPrivate(name, key)
	if r.value == nil {
		return nil, nil
	}
	sum := sha256.Sum256(r.value)
	return sum[:], nil
}

func (v *view) readPrivate(name, key string) record {
	c := collection{v.namespace, name}
	if v.simulated.privateReads[c] == nil {
		v.simulated.privateReads[c] = map[string]*kvrwset.Version{}
	}
	r := v.ledger.private[c][key]
	v.simulated.privateReads[c][key] = r.version
	return r
}

// Invoke implements engine.State. The callee sees the client's call, and its event is dropped.
func (v *view) Invoke(chaincode, function string, document []byte) ([]byte, error) {
	call := v.simulated.call
	call.Function, call.Document = function, document
	effects, err := (&view{v.ledger, chaincode, v.simulated}).run(call)
	if err != nil {
		return nil, err
	}
	v.simulated.keep(chaincode, &effects)
	return effects.Response, nil
}

// holds says whether an organisation is a member of a collection: of a brand's details the brand is and the regulator, of its vault the brand alone, of what it shares the
// brand and the grantee, of a pair's data the two brands and the regulator.
func (l *Ledger) holds(msp string, c collection) bool {
	i := slices.IndexFunc(l.Organisations, func(o *Organisation) bool { return o.MSP == msp })
	if i < 0 {
		return false
	}
	o := l.Organisations[i]
	owner, isPoints := strings.CutPrefix(c.namespace, engine.PointsPrefix)
	switch {
	case isPoints && c.name != engine.CollectionDetails:
		return o.Name == owner || c.name == engine.SharedCollection(owner, o.Name)
	case o.Name == regulator:
		return true
	case isPoints:
		return o.Name == owner
	}
	return slices.ContainsFunc(l.Brands, func(other *Organisation) bool { return c.name == clearing.PairCollection(o.Name, other.Name) })
}

// encode gives the public read-write set and the private one (nil without private writes).
func (s *simulation) encode(t testing.TB) ([]byte, *rwset.TxPvtReadWriteSet) {
	public, private := &rwset.TxReadWriteSet{DataModel: rwset.TxReadWriteSet_KV}, &rwset.TxPvtReadWriteSet{}
	for _, name := range s.namespaces() {
		kv := &kvrwset.KVRWSet{}
		for _, key := range slices.Sorted(maps.Keys(s.reads[name])) {
			kv.Reads = append(kv.Reads, &kvrwset.KVRead{Key: key, Version: s.reads[name][key]})
		}
		for _, w := range s.writes[name] {
			kv.Writes = append(kv.Writes, &kvrwset.KVWrite{Key: w.Key, Value: w.Value, IsDelete: w.Delete})
		}
		n := &rwset.NsReadWriteSet{Namespace: name, Rwset: marshal(t, kv)}
		clear := &rwset.NsPvtReadWriteSet{Namespace: name}
		for _, c := range s.collections(name) {
			hashed, values := s.encodePrivate(t, c)
			n.CollectionHashedRwset = append(n.CollectionHashedRwset, hashed)
			if values != nil {
				clear.CollectionPvtRwset = append(clear.CollectionPvtRwset, values)
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

// namespaces are those that were read or written, in order.
func (s *simulation) namespaces() []string {
	names := map[string]bool{}
	for name := range s.reads {
		names[name] = true
	}
	for name := range s.writes {
		names[name] = true
	}
	return slices.Sorted(maps.Keys(names))
}

// collections are those of a namespace that were read or written, in order.
func (s *simulation) collections(namespace string) []collection {
	found := map[collection]bool{}
	for c := range s.privateReads {
		found[c] = c.namespace == namespace
	}
	for c := range s.privateWrites {
		found[c] = c.namespace == namespace
	}
	maps.DeleteFunc(found, func(_ collection, here bool) bool { return !here })
	return slices.SortedFunc(maps.Keys(found), func(a, b collection) int { return strings.Compare(a.name, b.name) })
}

// encodePrivate gives the hashes of a collection's reads and writes, and the writes in clear (nil without).
func (s *simulation) encodePrivate(t testing.TB, c collection) (*rwset.CollectionHashedReadWriteSet, *rwset.CollectionPvtReadWriteSet) {
	clear, hashed := &kvrwset.KVRWSet{}, &kvrwset.HashedRWSet{}
	for _, key := range slices.Sorted(maps.Keys(s.privateReads[c])) {
		sum := sha256.Sum256([]byte(key))
		hashed.HashedReads = append(hashed.HashedReads, &kvrwset.KVReadHash{KeyHash: sum[:], Version: s.privateReads[c][key]})
	}
	for _, w := range s.privateWrites[c] {
		key, value := sha256.Sum256([]byte(w.Key)), sha256.Sum256(w.Value)
		gone := w.Delete || w.Purge
		clear.Writes = append(clear.Writes, &kvrwset.KVWrite{Key: w.Key, Value: w.Value, IsDelete: gone})
		write := &kvrwset.KVWriteHash{KeyHash: key[:], IsDelete: gone, IsPurge: w.Purge}
		if !gone {
			write.ValueHash = value[:]
		}
		hashed.HashedWrites = append(hashed.HashedWrites, write)
	}
	out := &rwset.CollectionHashedReadWriteSet{CollectionName: c.name, HashedRwset: marshal(t, hashed)}
	if len(clear.Writes) == 0 {
		return out, nil
	}
	raw := marshal(t, clear)
	sum := sha256.Sum256(raw)
	out.PvtRwsetHash = sum[:]
	return out, &rwset.CollectionPvtReadWriteSet{CollectionName: c.name, Rwset: raw}
}
