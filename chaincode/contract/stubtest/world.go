package stubtest

import (
	"crypto/sha256"
	"maps"
	"slices"
	"sort"
)

// version is the place of the transaction that wrote a value.
type version struct{ block, tx uint64 }

type entry struct {
	value   []byte
	version version
}

// place names a namespace, or with a collection one of its private collections.
type place struct{ namespace, collection string }

// world is the state that one peer has committed.
type world struct {
	public map[string]map[string]entry // Namespace -> key.
	hashes map[place]map[string]entry  // Collection -> hash of the key -> hash of the value: what every peer keeps of private data.
	values map[place]map[string]entry  // Collection -> key: of the collections that the peer's organisation is a member of.
}

func newWorld() *world {
	return &world{public: map[string]map[string]entry{}, hashes: map[place]map[string]entry{}, values: map[place]map[string]entry{}}
}

func hash(b []byte) string {
	sum := sha256.Sum256(b)
	return string(sum[:])
}

// keysBetween lists the keys of a map from start to before end, in order; an empty end is unbounded.
func keysBetween(m map[string]entry, start, end string) []string {
	var keys []string
	for key := range m {
		if key >= start && (end == "" || key < end) {
			keys = append(keys, key)
		}
	}
	sort.Strings(keys)
	return keys
}

// apply makes a valid transaction's writes part of the world. A private value is kept only by members of its collection.
func (w *world) apply(t *Transaction, v version, member func(place) bool) {
	for namespace, writes := range t.set.writes {
		put(w.public, namespace, writes, v)
	}
	for p, writes := range t.set.private {
		hashed := map[string]change{}
		for key, c := range writes {
			hashed[hash([]byte(key))] = change{value: []byte(hash(c.value)), deleted: c.deleted}
		}
		put(w.hashes, p, hashed, v)
		if member(p) {
			put(w.values, p, writes, v)
		}
	}
}

func put[K comparable](state map[K]map[string]entry, where K, writes map[string]change, v version) {
	if state[where] == nil {
		state[where] = map[string]entry{}
	}
	for key, c := range writes {
		if c.deleted {
			delete(state[where], key)
			continue
		}
		state[where][key] = entry{value: slices.Clone(c.value), version: v}
	}
}

// snapshot copies a namespace's public values.
func (w *world) snapshot(namespace string) map[string][]byte {
	values := make(map[string][]byte, len(w.public[namespace]))
	for key := range maps.Keys(w.public[namespace]) {
		values[key] = slices.Clone(w.public[namespace][key].value)
	}
	return values
}
