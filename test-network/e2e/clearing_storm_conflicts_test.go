//go:build network

package e2e

import (
	"crypto/sha256"
	"fmt"
	"testing"

	"github.com/hyperledger/fabric-protos-go-apiv2/peer"

	"github.com/tallystick/tallystick/chaincode/engine"
	"github.com/tallystick/tallystick/chaincode/wire"
	"github.com/tallystick/tallystick/gateway/blocks"
)

// conflicts finds what transactions lost to: the keys that had been written since their endorsers read them.
type conflicts struct {
	versions map[string]blocks.Version // By namespace and key, or collection and hash of the key; of keys that were deleted, when they were.
	objects  map[string]string         // Kinds of records by the hash of their keys.
	lost     map[string]int            // Cross-brand transactions, by the kinds of records that were stale.
}

// moved are the records that change under cross-brand batches when a window rolls and when a pair's net is disclosed. Batches lost to that are made anew in the next window.
var moved = map[string]bool{
	engine.ClearingChaincode + "/" + engine.ObjectWindow: true, engine.ClearingChaincode + "/" + engine.ObjectPairBook: true,
}

// requireWindowsOnly requires that no cross-brand batch lost to another batch: accounts and lanes are never in two that are under way.
func (c *conflicts) requireWindowsOnly(t *testing.T) {
	t.Helper()
	for record, times := range c.lost {
		if !moved[record] {
			t.Errorf("%d cross-brand batches lost a conflict about %s", times, record)
		}
	}
}

func newConflicts() *conflicts {
	return &conflicts{versions: map[string]blocks.Version{}, objects: map[string]string{}, lost: map[string]int{}}
}

// take takes in a transaction: of one that lost, what it lost to where it matters; of one that is valid, what it wrote.
func (c *conflicts) take(number uint64, tx *blocks.Transaction, counted bool) {
	if tx.Code == peer.TxValidationCode_MVCC_READ_CONFLICT && counted && len(tx.Args) > 0 && string(tx.Args[0]) == wire.FnExchange {
		c.lost[c.stale(tx)]++
	}
	if !tx.Valid() {
		return
	}
	at := blocks.Version{Block: number, Tx: uint64(tx.Index)}
	for _, n := range tx.Namespaces {
		for _, w := range n.Writes {
			c.versions[n.Name+w.Key] = at
		}
		for _, collection := range n.Collections {
			for _, w := range collection.Writes {
				c.versions[n.Name+collection.Name+string(w.KeyHash)] = at
			}
		}
	}
	for _, n := range tx.Private {
		for _, collection := range n.Collections {
			for _, w := range collection.Writes {
				hash := sha256.Sum256([]byte(w.Key))
				c.objects[string(hash[:])], _, _ = engine.ParseKey(w.Key)
			}
		}
	}
}

// stale names the first record that a transaction read before it was written for the last time.
func (c *conflicts) stale(tx *blocks.Transaction) string {
	for _, n := range tx.Namespaces {
		for _, r := range n.Reads {
			if was, written := c.versions[n.Name+r.Key]; written && (r.Version == nil || *r.Version != was) {
				object, _, err := engine.ParseKey(r.Key)
				if err != nil {
					object = fmt.Sprintf("%q", r.Key)
				}
				return n.Name + "/" + object
			}
		}
		for _, collection := range n.Collections {
			for _, r := range collection.Reads {
				if was, written := c.versions[n.Name+collection.Name+string(r.KeyHash)]; written && (r.Version == nil || *r.Version != was) {
					return collection.Name + "/" + c.objects[string(r.KeyHash)]
				}
			}
		}
	}
	return "unknown"
}
