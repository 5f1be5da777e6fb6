package wire

import (
	"encoding/hex"

	"github.com/transparency-dev/merkle/compact"
	"github.com/transparency-dev/merkle/proof"
	"github.com/transparency-dev/merkle/rfc6962"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/points"
)

var ranges = compact.RangeFactory{Hash: rfc6962.DefaultHasher.HashChildren}

// Leaf is the canonical JSON of a receipt: the bytes of its leaf in the batch's tree.
func Leaf(r *points.Receipt) ([]byte, error) { return Encode(r) }

// Leaves are the canonical JSON of receipts in their order.
func Leaves(receipts []points.Receipt) ([][]byte, error) {
	leaves := make([][]byte, len(receipts))
	for i := range receipts {
		var err error
		if leaves[i], err = Leaf(&receipts[i]); err != nil {
			return nil, err
		}
	}
	return leaves, nil
}

// Root is the RFC 6962 Merkle tree hash over leaves, in hex; of no leaves it is the hash of the empty string.
func Root(leaves [][]byte) (string, error) {
	r := ranges.NewEmptyRange(0)
	for _, leaf := range leaves {
		if err := r.Append(rfc6962.DefaultHasher.HashLeaf(leaf), nil); err != nil {
			return "", fault.New(fault.Internal, "the receipts' tree can't be built: %v", err)
		}
	}
	root, err := r.GetRootHash(nil)
	if err != nil {
		return "", fault.New(fault.Internal, "the receipts' tree can't be built: %v", err)
	}
	if len(leaves) == 0 {
		root = rfc6962.DefaultHasher.EmptyRoot()
	}
	return hex.EncodeToString(root), nil
}

// Prove gives the audit path of leaf index within the tree over leaves, as hex strings.
func Prove(leaves [][]byte, index int) ([]string, error) {
	if index < 0 || index >= len(leaves) {
		return nil, fault.New(fault.InvalidValue, "leaf %d is not among %d", index, len(leaves))
	}
	nodes := map[compact.NodeID][]byte{}
	keep := func(id compact.NodeID, hash []byte) { nodes[id] = hash }
	r := ranges.NewEmptyRange(0)
	for i, leaf := range leaves {
		hash := rfc6962.DefaultHasher.HashLeaf(leaf)
		keep(compact.NewNodeID(0, uint64(i)), hash)
		if err := r.Append(hash, keep); err != nil {
			return nil, fault.New(fault.Internal, "the receipts' tree can't be built: %v", err)
		}
	}
	wanted, err := proof.Inclusion(uint64(index), uint64(len(leaves)))
	if err != nil {
		return nil, fault.New(fault.Internal, "no proof of leaf %d: %v", index, err)
	}
	hashes := make([][]byte, len(wanted.IDs))
	for i, id := range wanted.IDs {
		hashes[i] = nodes[id]
	}
	path, err := wanted.Rehash(hashes, rfc6962.DefaultHasher.HashChildren)
	if err != nil {
		return nil, fault.New(fault.Internal, "no proof of leaf %d: %v", index, err)
	}
	out := make([]string, len(path))
	for i, h := range path {
		out[i] = hex.EncodeToString(h)
	}
	return out, nil
}

// VerifyInclusion returns RECEIPT_INVALID unless the receipt is the leaf that the proof says, in the tree with this root.
func VerifyInclusion(root string, r *points.Receipt, p *points.InclusionProof) error {
	leaf, err := Leaf(r)
	if err != nil {
		return err
	}
	rootHash, err := hex.DecodeString(root)
	if err != nil {
		return fault.New(fault.ReceiptInvalid, "the root is not hex")
	}
	path := make([][]byte, len(p.Hashes))
	for i, h := range p.Hashes {
		if path[i], err = hex.DecodeString(h); err != nil {
			return fault.New(fault.ReceiptInvalid, "the proof is not hex")
		}
	}
	if err := verifyLeaf(rootHash, leaf, p.Index, p.Size, path); err != nil {
		return fault.New(fault.ReceiptInvalid, "the receipt is not leaf %d of %d under this root", p.Index, p.Size)
	}
	return nil
}

// VerifyLeaf returns RECEIPT_INVALID unless data is the leaf at an index in a tree of this size with this root, which is hex.
func VerifyLeaf(root string, data []byte, index, size int, path [][]byte) error {
	rootHash, err := hex.DecodeString(root)
	if err != nil {
		return fault.New(fault.ReceiptInvalid, "the root is not hex")
	}
	if err := verifyLeaf(rootHash, data, index, size, path); err != nil {
		return fault.New(fault.ReceiptInvalid, "the data are not leaf %d of %d under this root", index, size)
	}
	return nil
}

func verifyLeaf(root, data []byte, index, size int, path [][]byte) error {
	if index < 0 || size < 0 {
		return fault.New(fault.ReceiptInvalid, "the proof's index and size can't be negative")
	}
	return proof.VerifyInclusion(rfc6962.DefaultHasher, uint64(index), uint64(size), rfc6962.DefaultHasher.HashLeaf(data), path, root)
}
