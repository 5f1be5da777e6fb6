//go:build network

package e2e

import (
	"crypto/sha256"
	"fmt"
	"strings"
	"testing"

	"github.com/hyperledger/fabric-protos-go-apiv2/peer"

	"github.com/tallystick/tallystick/chaincode/engine"
	"github.com/tallystick/tallystick/chaincode/wire"
	"github.com/tallystick/tallystick/gateway/blocks"
)

// conflicts finds what transactions lost to: the keys that had been written since their endorsers read them.
type conflicts struct {
	written map[string]written // By namespace and key, or collection and hash of the key; of keys that were deleted, when they were.
	objects map[string]string  // Kinds of records by the hash of their keys.
	lost    map[string]int     // Cross-brand transactions, by the kinds of records that were stale.
}

// twoGateways is a conflict about an account between the issuer's gateway and the partner's, which brings what customers signed to the ledger while the issuer's is dead.
const twoGateways = "accounts that two gateways sequenced"

// moved is what changes under cross-brand batches when a window rolls and when a pair's net is disclosed. The batches are made anew.
var moved = map[string]bool{
	engine.ClearingChaincode + "/" + engine.ObjectWindow: true, engine.ClearingChaincode + "/" + engine.ObjectPairBook: true,
}

// accountShare is the part of the valid cross-brand batches that conflicts about accounts may amount to: one in so many. They come of what is dead for a while: two gateways
// sequence an account, and a gateway lets accounts of a batch that can't be endorsed into others.
const accountShare = 10

// requireFew requires that cross-brand batches lost to rolls and disclosures, a few to accounts while nodes were dead, and none to a lane or anything else.
func (c *conflicts) requireFew(t *testing.T, batches int) {
	t.Helper()
	accounts := 0
	for record, times := range c.lost {
		switch {
		case record == twoGateways, strings.HasSuffix(record, "/"+engine.ObjectAccount):
			accounts += times
		case !moved[record]:
			t.Errorf("%d cross-brand batches lost a conflict about %s", times, record)
		}
	}
	if accounts > batches/accountShare {
		t.Errorf("%d cross-brand batches lost conflicts about accounts, beside %d that are valid", accounts, batches)
	}
}

// written is when a record was written for the last time, and for whom.
type written struct {
	at  blocks.Version
	msp string
}

func newConflicts() *conflicts {
	return &conflicts{written: map[string]written{}, objects: map[string]string{}, lost: map[string]int{}}
}

// take takes in a transaction: of one that lost, what it lost to where it matters; of one that is valid, what it wrote.
func (c *conflicts) take(number uint64, tx *blocks.Transaction, counted bool) {
	if tx.Code == peer.TxValidationCode_MVCC_READ_CONFLICT && counted && len(tx.Args) > 0 && string(tx.Args[0]) == wire.FnExchange {
		c.lost[c.stale(tx)]++
	}
	if !tx.Valid() {
		return
	}
	now := written{blocks.Version{Block: number, Tx: uint64(tx.Index)}, tx.Creator.MSP}
	for _, n := range tx.Namespaces {
		for _, w := range n.Writes {
			c.written[n.Name+w.Key] = now
		}
		for _, collection := range n.Collections {
			for _, w := range collection.Writes {
				c.written[n.Name+collection.Name+string(w.KeyHash)] = now
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
			if last, there := c.written[n.Name+r.Key]; there && (r.Version == nil || *r.Version != last.at) {
				object, _, err := engine.ParseKey(r.Key)
				if err != nil {
					object = fmt.Sprintf("%q", r.Key)
				}
				if object == engine.ObjectAccount && last.msp != tx.Creator.MSP {
					return twoGateways
				}
				return n.Name + "/" + object
			}
		}
		for _, collection := range n.Collections {
			for _, r := range collection.Reads {
				if last, there := c.written[n.Name+collection.Name+string(r.KeyHash)]; there && (r.Version == nil || *r.Version != last.at) {
					return collection.Name + "/" + c.objects[string(r.KeyHash)]
				}
			}
		}
	}
	return "unknown"
}
