package audit

import (
	"crypto/sha256"
	"encoding/hex"

	"github.com/tallystick/tallystick/chaincode/engine"
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

// hashedEntry is what a block tells everybody of a private value, and the value where it is held and transactions read it.
type hashedEntry struct {
	hash    []byte // SHA-256 of the value.
	version blocks.Version
	key     string // With the value; empty when it isn't held.
	value   []byte
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
			w.applyHashed(collectionRef{n.Name, c.Name}, c.Writes, heldValues(t, n.Name, c.Name), v)
		}
	}
}

func (w *world) applyHashed(ref collectionRef, writes []blocks.HashedWrite, held map[string]blocks.Write, v blocks.Version) {
	if w.hashed[ref] == nil {
		w.hashed[ref] = map[string]hashedEntry{}
	}
	for _, write := range writes {
		if write.Delete || write.Purge {
			delete(w.hashed[ref], string(write.KeyHash))
			continue
		}
		clear := held[string(write.KeyHash)]
		w.hashed[ref][string(write.KeyHash)] = hashedEntry{write.ValueHash, v, clear.Key, clear.Value}
	}
}

// heldValues are the values that came with a transaction and that later ones may read, by the hash of their key. Details of batches and a pair's lines are read by no
// transaction: they are looked at once.
func heldValues(t *blocks.Transaction, namespace, collection string) map[string]blocks.Write {
	held := map[string]blocks.Write{}
	if namespace != engine.ClearingChaincode {
		return held
	}
	for _, w := range t.PrivateWrites(namespace, collection) {
		if object, _, err := engine.ParseKey(w.Key); err == nil && object != engine.ObjectLines && !w.Delete {
			held[keyHash(w.Key)] = w
		}
	}
	return held
}

// keyHash is what blocks name a private key by.
func keyHash(key string) string {
	sum := sha256.Sum256([]byte(key))
	return string(sum[:])
}

// private returns a private value in force. held is false when there is one and it isn't held.
func (w *world) private(ref collectionRef, key string) (value []byte, held bool) {
	e, there := w.hashed[ref][keyHash(key)]
	return e.value, !there || e.value != nil
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
