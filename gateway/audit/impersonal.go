package audit

import (
	"github.com/hyperledger/fabric-protos-go-apiv2/ledger/rwset"

	"github.com/tallystick/tallystick/chaincode/engine"
	"github.com/tallystick/tallystick/gateway/blocks"
)

// impersonal gives a block without what vaults hold and what is shared out of them: a block that is kept outlives a purge, and nobody would find the copy. What an audit from
// such blocks can't see of them it takes from their hashes, as after a purge.
func impersonal(d blocks.Delivered) blocks.Delivered {
	kept := make(map[uint64]*rwset.TxPvtReadWriteSet, len(d.Private))
	for i, set := range d.Private {
		if left := withoutPersonal(set); len(left.NsPvtRwset) > 0 {
			kept[i] = left
		}
	}
	return blocks.Delivered{Block: d.Block, Private: kept}
}

func withoutPersonal(set *rwset.TxPvtReadWriteSet) *rwset.TxPvtReadWriteSet {
	out := &rwset.TxPvtReadWriteSet{DataModel: set.GetDataModel()}
	for _, n := range set.GetNsPvtRwset() {
		left := &rwset.NsPvtReadWriteSet{Namespace: n.GetNamespace()}
		for _, c := range n.GetCollectionPvtRwset() {
			if !engine.IsPersonal(c.GetCollectionName()) {
				left.CollectionPvtRwset = append(left.CollectionPvtRwset, c)
			}
		}
		if len(left.CollectionPvtRwset) > 0 {
			out.NsPvtRwset = append(out.NsPvtRwset, left)
		}
	}
	return out
}
