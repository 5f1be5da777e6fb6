package audit

import (
	"crypto/sha256"
	"encoding/hex"

	"github.com/tallystick/tallystick/chaincode/engine"
	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/gateway/blocks"
)

// world is the channel's state, rebuilt from blocks.
type world struct {
	public map[string]map[string]entry              // By namespace and key.
	hashed map[collectionRef]map[string]hashedEntry // By key hash.
}

type entry struct {
	value   []byte
	version blocks.Version
}

// hashedEntry is what a block tells everybody of a private value.
type hashedEntry struct {
	hash    []byte // SHA-256 of the value.
	version blocks.Version
}

type collectionRef struct{ namespace, collection string }

func newWorld() *world {
	return &world{public: map[string]map[string]entry{}, hashed: map[collectionRef]map[string]hashedEntry{}}
}

// apply takes over what a valid transaction wrote.
func (w *world) apply(t *blocks.Transaction, v blocks.Version) {
	for _, n := range t.Namespaces {
		w.applyPublic(n, v)
		for _, c := range n.Collections {
			ref := collectionRef{n.Name, c.Name}
			if w.hashed[ref] == nil {
				w.hashed[ref] = map[string]hashedEntry{}
			}
			for _, write := range c.Writes {
				if write.Delete || write.Purge {
					delete(w.hashed[ref], string(write.KeyHash))
					continue
				}
				w.hashed[ref][string(write.KeyHash)] = hashedEntry{write.ValueHash, v}
			}
		}
	}
}

func (w *world) applyPublic(n blocks.Namespace, v blocks.Version) {
	if w.public[n.Name] == nil {
		w.public[n.Name] = map[string]entry{}
	}
	for _, write := range n.Writes {
		if write.Delete {
			delete(w.public[n.Name], write.Key)
			continue
		}
		w.public[n.Name][write.Key] = entry{write.Value, v}
	}
}

// stale returns a key that the transaction read at another version than the one in force, as peers look for read conflicts; ok is false without one.
func (w *world) stale(t *blocks.Transaction) (namespace, key string, ok bool) {
	for _, n := range t.Namespaces {
		for _, r := range n.Reads {
			now, there := w.public[n.Name][r.Key]
			if differs(r.Version, now.version, there) {
				return n.Name, r.Key, true
			}
		}
		for _, c := range n.Collections {
			for _, r := range c.Reads {
				now, there := w.hashed[collectionRef{n.Name, c.Name}][string(r.KeyHash)]
				if differs(r.Version, now.version, there) {
					return n.Name + "/" + c.Name, hex.EncodeToString(r.KeyHash), true
				}
			}
		}
	}
	return "", "", false
}

func differs(read *blocks.Version, now blocks.Version, there bool) bool {
	if read == nil {
		return there
	}
	return !there || *read != now
}

// view is what an execution of one chaincode sees of the world; it notes the keys that are read.
type view struct {
	world     *world
	namespace string
	reads     map[string]bool
}

// Get implements engine.State.
func (v *view) Get(keys []string) ([][]byte, error) {
	values := make([][]byte, len(keys))
	for i, key := range keys {
		values[i] = v.world.public[v.namespace][key].value
		v.reads[key] = true
	}
	return values, nil
}

// Private implements engine.State: without the values there is nothing to give.
func (v *view) Private(collection string, keys []string) ([][]byte, error) {
	return nil, fault.New(fault.PrivateUnavailable, "%s", collection)
}

// PrivateHash implements engine.State.
func (v *view) PrivateHash(collection, key string) ([]byte, error) {
	sum := sha256.Sum256([]byte(key))
	return v.world.hashed[collectionRef{v.namespace, collection}][string(sum[:])].hash, nil
}

// Invoke implements engine.State: a query of clearing over the same state.
func (v *view) Invoke(chaincode, function string, document []byte) ([]byte, error) {
	if chaincode != engine.ClearingChaincode {
		return nil, fault.New(fault.NotFound, "chaincode %s is not known to the audit", chaincode)
	}
	effects, err := engine.Clearing(engine.Call{Chaincode: v.namespace, Function: function, Document: document},
		&view{world: v.world, namespace: chaincode, reads: map[string]bool{}})
	return effects.Response, err
}
