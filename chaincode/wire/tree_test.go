package wire_test

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"testing"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/wire"
)

// largestTree is the size up to which every leaf of every tree is proven.
const largestTree = 70

func receipts(n int) []points.Receipt {
	out := make([]points.Receipt, n)
	for i := range out {
		out[i] = points.Receipt{V: 1, Operation: accrual(i).ID, Kind: points.KindEarn, Programme: "airline", Account: accrual(i).Account, Outcome: points.Accepted, Code: "OK"}
	}
	return out
}

// naiveRoot is section 2.1 of RFC 6962, word for word.
func naiveRoot(leaves [][]byte) []byte {
	sum := func(parts ...[]byte) []byte {
		h := sha256.New()
		for _, p := range parts {
			h.Write(p)
		}
		return h.Sum(nil)
	}
	switch n := len(leaves); n {
	case 0:
		return sum()
	case 1:
		return sum([]byte{0}, leaves[0])
	default:
		k := 1
		for k*2 < n {
			k *= 2
		}
		return sum([]byte{1}, naiveRoot(leaves[:k]), naiveRoot(leaves[k:]))
	}
}

func TestRootIsTheMerkleTreeHashOfRFC6962(t *testing.T) {
	for n := range largestTree + 1 {
		leaves, err := wire.Leaves(receipts(n))
		if err != nil {
			t.Fatal(err)
		}
		got, err := wire.Root(leaves)
		if want := hex.EncodeToString(naiveRoot(leaves)); err != nil || got != want {
			t.Errorf("%d leaves: got %s, want %s, %v", n, got, want, err)
		}
	}
}

func TestEveryReceiptIsProvenInTreesOfEverySize(t *testing.T) {
	for n := 1; n <= largestTree; n++ {
		all := receipts(n)
		leaves, err := wire.Leaves(all)
		if err != nil {
			t.Fatal(err)
		}
		root, err := wire.Root(leaves)
		if err != nil {
			t.Fatal(err)
		}
		for i := range all {
			hashes, err := wire.Prove(leaves, i)
			if err != nil {
				t.Fatalf("leaf %d of %d: %v", i, n, err)
			}
			p := points.InclusionProof{Index: i, Size: n, Hashes: hashes}
			if err := wire.VerifyInclusion(root, &all[i], &p); err != nil {
				t.Fatalf("leaf %d of %d: %v", i, n, err)
			}
			if len(hashes) > points.MaxProofHashes {
				t.Fatalf("leaf %d of %d has a path of %d", i, n, len(hashes))
			}
			refuseAltered(t, root, all, p)
		}
		for _, outside := range []int{-1, n} {
			if _, err := wire.Prove(leaves, outside); fault.CodeOf(err) != fault.InvalidValue {
				t.Errorf("leaf %d of %d was proven: %v", outside, n, err)
			}
		}
	}
}

// refuseAltered checks that no neighbour of a proof is one.
func refuseAltered(t *testing.T, root string, all []points.Receipt, good points.InclusionProof) {
	t.Helper()
	receipt := all[good.Index]
	alter := func(name string, change func(*points.Receipt, *points.InclusionProof, *string)) {
		r, p, to := receipt, good, root
		p.Hashes = slices.Clone(good.Hashes)
		change(&r, &p, &to)
		if err := wire.VerifyInclusion(to, &r, &p); err == nil || fault.CodeOf(err) != fault.ReceiptInvalid {
			t.Fatalf("leaf %d of %d, %s: %v", good.Index, good.Size, name, err)
		}
	}
	alter("more points", func(r *points.Receipt, _ *points.InclusionProof, _ *string) { r.Points++ })
	alter("another account", func(r *points.Receipt, _ *points.InclusionProof, _ *string) { r.Account = "x" })
	alter("next leaf", func(_ *points.Receipt, p *points.InclusionProof, _ *string) { p.Index++ })
	alter("leaf before", func(_ *points.Receipt, p *points.InclusionProof, _ *string) { p.Index-- })
	alter("one hash more", func(_ *points.Receipt, p *points.InclusionProof, _ *string) { p.Hashes = append(p.Hashes, root) })
	alter("another root", func(_ *points.Receipt, _ *points.InclusionProof, to *string) { *to = flip(*to) })
	alter("no root", func(_ *points.Receipt, _ *points.InclusionProof, to *string) { *to = "" })
	alter("a word for a root", func(_ *points.Receipt, _ *points.InclusionProof, to *string) { *to = "root" })
	if len(good.Hashes) > 0 {
		alter("one hash fewer", func(_ *points.Receipt, p *points.InclusionProof, _ *string) { p.Hashes = p.Hashes[1:] })
		alter("size zero", func(_ *points.Receipt, p *points.InclusionProof, _ *string) { p.Size = 0 })
	}
	for i := range good.Hashes {
		alter(fmt.Sprintf("hash %d", i), func(_ *points.Receipt, p *points.InclusionProof, _ *string) { p.Hashes[i] = flip(p.Hashes[i]) })
	}
}

func flip(h string) string {
	if h[0] == '0' {
		return "1" + h[1:]
	}
	return "0" + h[1:]
}

func TestInnerNodeIsNoReceipt(t *testing.T) {
	leaves, err := wire.Leaves(receipts(4))
	if err != nil {
		t.Fatal(err)
	}
	node := append(naiveRoot(leaves[:1]), naiveRoot(leaves[1:2])...)
	forged, err := wire.Root([][]byte{node, append(naiveRoot(leaves[2:3]), naiveRoot(leaves[3:])...)})
	if err != nil {
		t.Fatal(err)
	}
	if root, _ := wire.Root(leaves); root == forged {
		t.Error("a tree of inner nodes has the root of the tree of leaves")
	}
}
