package blocks

import (
	"fmt"

	"github.com/hyperledger/fabric-protos-go-apiv2/ledger/rwset"
	"github.com/hyperledger/fabric-protos-go-apiv2/ledger/rwset/kvrwset"
	"google.golang.org/protobuf/proto"
)

func decodeReadWriteSet(raw []byte) ([]Namespace, error) {
	var set rwset.TxReadWriteSet
	if err := proto.Unmarshal(raw, &set); err != nil {
		return nil, fmt.Errorf("the read-write set can't be read")
	}
	out := make([]Namespace, 0, len(set.NsRwset))
	for _, n := range set.NsRwset {
		namespace, err := decodeNamespace(n)
		if err != nil {
			return nil, err
		}
		out = append(out, namespace)
	}
	return out, nil
}

func decodeNamespace(n *rwset.NsReadWriteSet) (Namespace, error) {
	var kv kvrwset.KVRWSet
	if err := proto.Unmarshal(n.GetRwset(), &kv); err != nil {
		return Namespace{}, fmt.Errorf("the read-write set of namespace %q can't be read", n.GetNamespace())
	}
	out := Namespace{
		Name: n.GetNamespace(), Ranges: len(kv.RangeQueriesInfo), Metadata: len(kv.MetadataWrites),
		Reads: make([]Read, 0, len(kv.Reads)), Writes: decodeWrites(kv.Writes),
	}
	for _, r := range kv.Reads {
		out.Reads = append(out.Reads, Read{Key: r.GetKey(), Version: decodeVersion(r.GetVersion())})
	}
	for _, c := range n.GetCollectionHashedRwset() {
		collection, err := decodeCollection(c)
		if err != nil {
			return Namespace{}, err
		}
		out.Collections = append(out.Collections, collection)
	}
	return out, nil
}

func decodeWrites(writes []*kvrwset.KVWrite) []Write {
	out := make([]Write, 0, len(writes))
	for _, w := range writes {
		out = append(out, Write{Key: w.GetKey(), Value: w.GetValue(), Delete: w.GetIsDelete()})
	}
	return out
}

func decodeCollection(c *rwset.CollectionHashedReadWriteSet) (Collection, error) {
	var hashed kvrwset.HashedRWSet
	if err := proto.Unmarshal(c.GetHashedRwset(), &hashed); err != nil {
		return Collection{}, fmt.Errorf("the hashed read-write set of collection %q can't be read", c.GetCollectionName())
	}
	out := Collection{Name: c.GetCollectionName(), Metadata: len(hashed.MetadataWrites)}
	for _, r := range hashed.HashedReads {
		out.Reads = append(out.Reads, HashedRead{KeyHash: r.GetKeyHash(), Version: decodeVersion(r.GetVersion())})
	}
	for _, w := range hashed.HashedWrites {
		out.Writes = append(out.Writes, HashedWrite{KeyHash: w.GetKeyHash(), ValueHash: w.GetValueHash(), Delete: w.GetIsDelete(), Purge: w.GetIsPurge()})
	}
	return out, nil
}

func decodeVersion(v *kvrwset.Version) *Version {
	if v == nil {
		return nil
	}
	return &Version{Block: v.BlockNum, Tx: v.TxNum}
}

func (t *Transaction) decodePrivate(set *rwset.TxPvtReadWriteSet) error {
	for _, n := range set.GetNsPvtRwset() {
		out := PrivateNamespace{Name: n.GetNamespace()}
		for _, c := range n.GetCollectionPvtRwset() {
			var kv kvrwset.KVRWSet
			if err := proto.Unmarshal(c.GetRwset(), &kv); err != nil {
				return fmt.Errorf("the private data of collection %q can't be read", c.GetCollectionName())
			}
			out.Collections = append(out.Collections, PrivateCollection{Name: c.GetCollectionName(), Writes: decodeWrites(kv.Writes)})
		}
		t.Private = append(t.Private, out)
	}
	return nil
}
