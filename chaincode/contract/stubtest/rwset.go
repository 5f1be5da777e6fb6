package stubtest

import (
	"errors"
	"maps"
	"slices"

	"github.com/hyperledger/fabric-protos-go-apiv2/ledger/rwset"
	"github.com/hyperledger/fabric-protos-go-apiv2/ledger/rwset/kvrwset"
	"google.golang.org/protobuf/proto"
)

// totalQueryLimit is where a peer's range reads end without a word (ledger.state.totalQueryLimit).
const totalQueryLimit = 100_000

// Errors of a peer's transaction simulator.
var (
	ErrWriteAfterPrivateQuery = errors.New("transaction has already performed queries on pvt data. Writes are not allowed")
	ErrPrivateQueryAfterWrite = errors.New("queries on pvt data is supported only in a read-only transaction")
)

// change is a value to be written, or a deletion.
type change struct {
	value   []byte
	deleted bool
	purged  bool // A deletion of private data whose history goes too.
}

// rangeRead is a range query and what it found; it is run again at commit.
type rangeRead struct {
	namespace, start, end string
	found                 []string
	versions              []version
}

// readWriteSet is what a transaction read and wants to write, over all namespaces that it reached.
type readWriteSet struct {
	reads        map[string]map[string]*version // Namespace -> key -> version, nil for an absent key.
	ranges       []rangeRead
	writes       map[string]map[string]change
	hashedReads  map[place]map[string]*version // Collection -> hash of the key.
	private      map[place]map[string]change   // Collection -> key; its hashes are public.
	privateRange bool
}

func newReadWriteSet() *readWriteSet {
	return &readWriteSet{
		reads: map[string]map[string]*version{}, writes: map[string]map[string]change{},
		hashedReads: map[place]map[string]*version{}, private: map[place]map[string]change{},
	}
}

func set[K comparable, V any](m map[K]map[string]V, where K, key string, value V) {
	if m[where] == nil {
		m[where] = map[string]V{}
	}
	m[where][key] = value
}

// lookup gives a committed value and its version; nil for both when the key is absent.
func lookup(state map[string]entry, key string) ([]byte, *version) {
	e, there := state[key]
	if !there {
		return nil, nil
	}
	return slices.Clone(e.value), &e.version
}

// read gives the committed value, whatever the transaction has written itself.
func (s *readWriteSet) read(w *world, namespace, key string) []byte {
	value, v := lookup(w.public[namespace], key)
	set(s.reads, namespace, key, v)
	return value
}

func (s *readWriteSet) readHash(w *world, p place, key string) []byte {
	hashed := hash([]byte(key))
	value, v := lookup(w.hashes[p], hashed)
	set(s.hashedReads, p, hashed, v)
	return value
}

// readRange gives the committed keys and values of a range, in order.
func (s *readWriteSet) readRange(w *world, namespace, start, end string) []keyValue {
	read := rangeRead{namespace: namespace, start: start, end: end}
	var found []keyValue
	for _, key := range keysBetween(w.public[namespace], start, end) {
		if len(found) == totalQueryLimit {
			break
		}
		e := w.public[namespace][key]
		read.found = append(read.found, key)
		read.versions = append(read.versions, e.version)
		found = append(found, keyValue{key: key, value: slices.Clone(e.value)})
	}
	s.ranges = append(s.ranges, read)
	return found
}

func (s *readWriteSet) write(namespace, key string, c change) error {
	if s.privateRange {
		return ErrWriteAfterPrivateQuery
	}
	set(s.writes, namespace, key, c)
	return nil
}

func (s *readWriteSet) writePrivate(p place, key string, c change) error {
	if s.privateRange {
		return ErrWriteAfterPrivateQuery
	}
	set(s.private, p, key, c)
	return nil
}

func (s *readWriteSet) queryPrivate() error {
	if len(s.writes) > 0 || len(s.private) > 0 {
		return ErrPrivateQueryAfterWrite
	}
	s.privateRange = true
	return nil
}

// namespaces lists every namespace that was reached, in order.
func (s *readWriteSet) namespaces() []string {
	seen := map[string]bool{}
	for n := range s.reads {
		seen[n] = true
	}
	for n := range s.writes {
		seen[n] = true
	}
	for _, r := range s.ranges {
		seen[r.namespace] = true
	}
	for p := range s.hashedReads {
		seen[p.namespace] = true
	}
	for p := range s.private {
		seen[p.namespace] = true
	}
	return slices.Sorted(maps.Keys(seen))
}

// public is the part that goes into the block, in Fabric's own form: of private data it has hashes only.
func (s *readWriteSet) public() []byte {
	out := &rwset.TxReadWriteSet{DataModel: rwset.TxReadWriteSet_KV}
	for _, namespace := range s.namespaces() {
		out.NsRwset = append(out.NsRwset, &rwset.NsReadWriteSet{
			Namespace: namespace, Rwset: marshal(s.publicOf(namespace)), CollectionHashedRwset: s.collectionsOf(namespace),
		})
	}
	return marshal(out)
}

func (s *readWriteSet) publicOf(namespace string) *kvrwset.KVRWSet {
	out := &kvrwset.KVRWSet{}
	for _, key := range slices.Sorted(maps.Keys(s.reads[namespace])) {
		out.Reads = append(out.Reads, &kvrwset.KVRead{Key: key, Version: s.reads[namespace][key].proto()})
	}
	out.Writes = writesOf(s.writes[namespace]).Writes
	for _, r := range s.ranges {
		if r.namespace == namespace {
			out.RangeQueriesInfo = append(out.RangeQueriesInfo, r.proto())
		}
	}
	return out
}

func writesOf(changes map[string]change) *kvrwset.KVRWSet {
	out := &kvrwset.KVRWSet{}
	for _, key := range slices.Sorted(maps.Keys(changes)) {
		out.Writes = append(out.Writes, &kvrwset.KVWrite{Key: key, Value: changes[key].value, IsDelete: changes[key].deleted})
	}
	return out
}

func (s *readWriteSet) collectionsOf(namespace string) []*rwset.CollectionHashedReadWriteSet {
	seen := map[string]bool{}
	for p := range s.hashedReads {
		seen[p.collection] = seen[p.collection] || p.namespace == namespace
	}
	for p := range s.private {
		seen[p.collection] = seen[p.collection] || p.namespace == namespace
	}
	var out []*rwset.CollectionHashedReadWriteSet
	for _, name := range slices.Sorted(maps.Keys(seen)) {
		if !seen[name] {
			continue
		}
		p := place{namespace, name}
		hashed := marshal(s.hashedOf(p))
		out = append(out, &rwset.CollectionHashedReadWriteSet{
			CollectionName: name, HashedRwset: hashed, PvtRwsetHash: []byte(hash(marshal(writesOf(s.private[p])))),
		})
	}
	return out
}

func (s *readWriteSet) hashedOf(p place) *kvrwset.HashedRWSet {
	out := &kvrwset.HashedRWSet{}
	for _, key := range slices.Sorted(maps.Keys(s.hashedReads[p])) {
		out.HashedReads = append(out.HashedReads, &kvrwset.KVReadHash{KeyHash: []byte(key), Version: s.hashedReads[p][key].proto()})
	}
	for _, key := range slices.Sorted(maps.Keys(s.private[p])) {
		c := s.private[p][key]
		w := &kvrwset.KVWriteHash{KeyHash: []byte(hash([]byte(key))), IsDelete: c.deleted, IsPurge: c.purged}
		if !c.deleted {
			w.ValueHash = []byte(hash(c.value))
		}
		out.HashedWrites = append(out.HashedWrites, w)
	}
	return out
}

func (v *version) proto() *kvrwset.Version {
	if v == nil {
		return nil
	}
	return &kvrwset.Version{BlockNum: v.block, TxNum: v.tx}
}

func (r *rangeRead) proto() *kvrwset.RangeQueryInfo {
	raw := &kvrwset.QueryReads{}
	for i, key := range r.found {
		raw.KvReads = append(raw.KvReads, &kvrwset.KVRead{Key: key, Version: r.versions[i].proto()})
	}
	return &kvrwset.RangeQueryInfo{
		StartKey: r.start, EndKey: r.end, ItrExhausted: true, ReadsInfo: &kvrwset.RangeQueryInfo_RawReads{RawReads: raw},
	}
}

func marshal(m proto.Message) []byte {
	return must(proto.MarshalOptions{Deterministic: true}.Marshal(m))
}
