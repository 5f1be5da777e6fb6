package blocks

import (
	"crypto/sha256"
	"encoding/binary"
	"maps"
	"slices"

	"github.com/hyperledger/fabric-protos-go-apiv2/common"
	"google.golang.org/protobuf/encoding/protowire"
)

// CommitHasher recomputes the running hash that peers keep over validation codes and state updates (Fabric's kvledger, addBlockCommitHash). Two ledgers
// with the same commit hash hold the same public state and the same hashes of private state. Give it every block in order, from block 0.
type CommitHasher struct{ last []byte }

// Fields of Fabric's message txmgr.KVWrite, and of the list around it.
const (
	fieldWrites     protowire.Number = 1
	fieldNamespace  protowire.Number = 1
	fieldCollection protowire.Number = 2
	fieldKey        protowire.Number = 3
	fieldDelete     protowire.Number = 4
	fieldValue      protowire.Number = 5
	fieldVersion    protowire.Number = 6
)

// update is the last thing that a block does to a key.
type update struct {
	value   []byte
	deleted bool
	version Version
}

// updates are by namespace, by collection ("" for public state), by key.
type updates map[string]map[string]map[string]update

// Next returns the commit hash after b; nil for block 0, which has none.
func (c *CommitHasher) Next(b *Block) []byte {
	if b.Number == 0 {
		return nil
	}
	filter := make([]byte, len(b.Transactions))
	all := updates{}
	for i := range b.Transactions {
		t := &b.Transactions[i]
		filter[i] = byte(t.Code)
		if t.Valid() && t.Kind == common.HeaderType_ENDORSER_TRANSACTION {
			all.add(t, Version{Block: b.Number, Tx: uint64(i)})
		}
	}
	h := sha256.New()
	h.Write(protowire.AppendVarint(nil, uint64(len(filter))))
	h.Write(filter)
	h.Write(all.bytes())
	h.Write(c.last)
	c.last = h.Sum(nil)
	return c.last
}

func (u updates) add(t *Transaction, v Version) {
	for _, n := range t.Namespaces {
		for _, w := range n.Writes {
			u.set(n.Name, "", w.Key, update{w.Value, w.Delete, v})
		}
		for _, c := range n.Collections {
			for _, w := range c.Writes {
				u.set(n.Name, c.Name, string(w.KeyHash), update{w.ValueHash, w.Delete || w.Purge, v})
			}
		}
	}
}

func (u updates) set(namespace, collection, key string, to update) {
	if u[namespace] == nil {
		u[namespace] = map[string]map[string]update{}
	}
	if u[namespace][collection] == nil {
		u[namespace][collection] = map[string]update{}
	}
	u[namespace][collection][key] = to
}

// bytes lists the updates ordered by namespace, public state before collections, by key; a namespace and a collection are named at their first update only.
func (u updates) bytes() []byte {
	var out []byte
	for _, namespace := range slices.Sorted(maps.Keys(u)) {
		name := namespace
		for _, collection := range slices.Sorted(maps.Keys(u[namespace])) {
			label := collection
			writes := u[namespace][collection]
			for _, key := range slices.Sorted(maps.Keys(writes)) {
				one := encodeUpdate(name, label, key, writes[key])
				out = protowire.AppendBytes(protowire.AppendTag(out, fieldWrites, protowire.BytesType), one)
				name, label = "", ""
			}
		}
	}
	return out
}

func encodeUpdate(namespace, collection, key string, u update) []byte {
	var out []byte
	text := func(field protowire.Number, b string) {
		if b != "" {
			out = protowire.AppendString(protowire.AppendTag(out, field, protowire.BytesType), b)
		}
	}
	text(fieldNamespace, namespace)
	text(fieldCollection, collection)
	text(fieldKey, key)
	if u.deleted {
		out = protowire.AppendVarint(protowire.AppendTag(out, fieldDelete, protowire.VarintType), 1)
	} else {
		text(fieldValue, string(u.value))
	}
	text(fieldVersion, string(append(orderPreserving(u.version.Block), orderPreserving(u.version.Tx)...)))
	return out
}

// orderPreserving is Fabric's encoding of heights: the number of significant bytes, then these, big-endian.
func orderPreserving(n uint64) []byte {
	full := binary.BigEndian.AppendUint64(nil, n)
	for len(full) > 0 && full[0] == 0 {
		full = full[1:]
	}
	return append([]byte{byte(len(full))}, full...)
}
