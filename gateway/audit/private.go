package audit

import (
	"bytes"
	"crypto/sha256"

	"github.com/tallystick/tallystick/chaincode/engine"
	"github.com/tallystick/tallystick/gateway/blocks"
)

func hashedWrites(t *blocks.Transaction, namespace, collection string) []blocks.HashedWrite {
	if n := t.Namespace(namespace); n != nil {
		for _, c := range n.Collections {
			if c.Name == collection {
				return c.Writes
			}
		}
	}
	return nil
}

// checkPrivate compares delivered private data with the hashes in the block. What is delivered of a collection is delivered whole, but of a vault and of what is shared out of it
// peers leave out what was purged since.
func checkPrivate(t *blocks.Transaction, find findFunc) *Finding {
	for _, p := range t.Private {
		for _, c := range p.Collections {
			if f := checkCollection(t, p.Name, c, find); f != nil {
				return f
			}
		}
	}
	return nil
}

func checkCollection(t *blocks.Transaction, namespace string, c blocks.PrivateCollection, find findFunc) *Finding {
	at := namespace + "/" + c.Name
	known := map[string]blocks.HashedWrite{}
	for _, w := range hashedWrites(t, namespace, c.Name) {
		known[string(w.KeyHash)] = w
	}
	for _, w := range c.Writes {
		there, ok := known[keyHash(w.Key)]
		if !ok {
			return find(CheckPrivateHash, "private data were delivered under a key that the block doesn't have").at(at, w.Key)
		}
		delete(known, keyHash(w.Key))
		if w.Delete != (there.Delete || there.Purge) {
			return find(CheckPrivateHash, "the private data and the block don't agree on whether it is deleted").at(at, w.Key)
		}
		value := sha256.Sum256(w.Value)
		if !w.Delete && !bytes.Equal(there.ValueHash, value[:]) {
			return find(CheckPrivateHash, "the private value has hash %x, the block says %x", value, there.ValueHash).at(at, w.Key)
		}
	}
	if len(known) > 0 && !engine.IsPersonal(c.Name) {
		return find(CheckPrivateHash, "%d private values of the collection were not delivered", len(known)).at(at, "")
	}
	return nil
}

// deliveredKeys are the private keys that were delivered with a transaction, by their hash.
func deliveredKeys(t *blocks.Transaction) map[string]string {
	names := map[string]string{}
	for _, p := range t.Private {
		for _, c := range p.Collections {
			for _, w := range c.Writes {
				names[keyHash(w.Key)] = w.Key
			}
		}
	}
	return names
}
