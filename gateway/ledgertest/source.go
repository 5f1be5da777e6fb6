package ledgertest

import (
	"context"
	"crypto/sha256"
	"encoding/asn1"
	"iter"
	"math/big"
	"slices"
	"testing"

	"github.com/hyperledger/fabric-protos-go-apiv2/common"
	"github.com/hyperledger/fabric-protos-go-apiv2/ledger/rwset"
	"google.golang.org/protobuf/proto"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/gateway/blocks"
)

// Height returns the number of blocks.
func (l *Ledger) Height() uint64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return uint64(len(l.chain))
}

// Block returns a copy of a block.
func (l *Ledger) Block(number uint64) blocks.Delivered {
	l.mu.Lock()
	defer l.mu.Unlock()
	d := l.chain[number]
	return blocks.Delivered{Block: proto.Clone(d.Block).(*common.Block), Private: d.Private}
}

// Last implements a peer's answer to who asks for its newest block.
func (l *Ledger) Last(context.Context) (*common.Block, error) {
	return l.Block(l.Height() - 1).Block, nil
}

// Blocks delivers blocks as a peer does, waiting for those to come.
func (l *Ledger) Blocks(ctx context.Context, from, last uint64, content blocks.Content) iter.Seq2[blocks.Delivered, error] {
	return func(yield func(blocks.Delivered, error) bool) {
		for n := from; n <= last; n++ {
			if err := l.waitFor(ctx, n); err != nil {
				yield(blocks.Delivered{}, err)
				return
			}
			d := l.Block(n)
			if content == blocks.Public {
				d.Private = nil
			}
			if !yield(d, nil) {
				return
			}
		}
	}
}

func (l *Ledger) waitFor(ctx context.Context, number uint64) error {
	for {
		l.mu.Lock()
		grown := l.grown
		there := number < uint64(len(l.chain))
		l.mu.Unlock()
		if there {
			return nil
		}
		select {
		case <-grown:
		case <-ctx.Done():
			return fault.New(fault.LedgerUnavailable, "%v", ctx.Err())
		}
	}
}

// MemberPeer is a member's own peer: with its blocks it delivers the private data of that member's collections only.
type MemberPeer struct {
	ledger *Ledger
	msp    string
}

// Peer gives a member's peer.
func (l *Ledger) Peer(member string) *MemberPeer { return &MemberPeer{l, l.member(member).MSP} }

// Last returns the newest block.
func (p *MemberPeer) Last(ctx context.Context) (*common.Block, error) { return p.ledger.Last(ctx) }

// Blocks delivers blocks, waiting for those to come.
func (p *MemberPeer) Blocks(ctx context.Context, from, last uint64, content blocks.Content) iter.Seq2[blocks.Delivered, error] {
	return func(yield func(blocks.Delivered, error) bool) {
		for d, err := range p.ledger.Blocks(ctx, from, last, content) {
			d.Private = p.own(d.Private)
			if !yield(d, err) {
				return
			}
		}
	}
}

// own is the part of private data that the member holds.
func (p *MemberPeer) own(all map[uint64]*rwset.TxPvtReadWriteSet) map[uint64]*rwset.TxPvtReadWriteSet {
	out := map[uint64]*rwset.TxPvtReadWriteSet{}
	for i, set := range all {
		kept := &rwset.TxPvtReadWriteSet{}
		for _, n := range set.NsPvtRwset {
			part := &rwset.NsPvtReadWriteSet{Namespace: n.Namespace}
			for _, c := range n.CollectionPvtRwset {
				if p.ledger.holds(p.msp, collection{n.Namespace, c.CollectionName}) {
					part.CollectionPvtRwset = append(part.CollectionPvtRwset, c)
				}
			}
			if len(part.CollectionPvtRwset) > 0 {
				kept.NsPvtRwset = append(kept.NsPvtRwset, part)
			}
		}
		if len(kept.NsPvtRwset) > 0 {
			out[i] = kept
		}
	}
	return out
}

// Save writes the whole ledger into an archive.
func (l *Ledger) Save(a blocks.Archive) {
	l.t.Helper()
	for n := range l.Height() {
		must(l.t, a.Save(l.Block(n)))
	}
}

// DataHash is the hash that a block's header must have for its data.
func DataHash(b *common.Block) []byte {
	sum := sha256.Sum256(slices.Concat(b.Data.Data...))
	return sum[:]
}

func asn1Header(t testing.TB, h *common.BlockHeader) []byte {
	raw, err := asn1.Marshal(struct {
		Number                 *big.Int
		PreviousHash, DataHash []byte
	}{new(big.Int).SetUint64(h.Number), h.PreviousHash, h.DataHash})
	must(t, err)
	return raw
}
