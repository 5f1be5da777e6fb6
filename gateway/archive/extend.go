package archive

import (
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"iter"
	"os"
	"slices"

	"github.com/hyperledger/fabric-protos-go-apiv2/common"
	"google.golang.org/protobuf/encoding/protodelim"
	"google.golang.org/protobuf/proto"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/gateway/blocks"
)

// Source delivers a channel's blocks; a blocks.Peer is one, and so is a Folder.
type Source interface {
	Blocks(ctx context.Context, from, last uint64, content blocks.Content) iter.Seq2[blocks.Delivered, error]
	Last(ctx context.Context) (*common.Block, error)
}

// Extend brings an archive up to the source's last block and returns its manifest; a folder without one becomes an archive of segments of the given size (1 to MaxSegment).
// It may be ended at any point and called again. Blocks are checked to be one chain with the data that their headers name; who signed and endorsed them is the audit's to check.
// LEDGER_MISMATCH when the source isn't of the archive's channel or doesn't go on from where the archive ends, BLOCK_INVALID for blocks that can't be.
func (f Folder) Extend(ctx context.Context, channel string, segment uint64, source Source) (*Manifest, error) {
	m, err := f.begin(channel, segment)
	if err != nil {
		return nil, err
	}
	last, err := source.Last(ctx)
	if err != nil {
		return nil, err
	}
	for target := last.GetHeader().GetNumber(); m.Height() <= target; {
		if err := f.grow(ctx, m, target, source); err != nil {
			return nil, err
		}
	}
	return m, nil
}

func (f Folder) begin(channel string, segment uint64) (*Manifest, error) {
	if segment < 1 || segment > MaxSegment {
		return nil, fault.New(fault.InvalidValue, "a segment has 1 to %d blocks", MaxSegment)
	}
	m, err := f.Manifest()
	switch {
	case fault.CodeOf(err) == fault.NotFound:
		return &Manifest{V: manifestVersion, Channel: channel, Segment: segment}, os.MkdirAll(f.Dir, folderMode)
	case err != nil:
		return nil, err
	case m.Channel != channel:
		return nil, fault.New(fault.LedgerMismatch, "the archive is of channel %s, not %s", m.Channel, channel)
	}
	return m, nil
}

// grow writes one segment: a new one, or the last one with more blocks in it.
func (f Folder) grow(ctx context.Context, m *Manifest, target uint64, source Source) error {
	next, from := Segment{First: m.Height()}, m.Height()
	kept := m.Segments
	var open *Segment
	if n := len(kept); n > 0 && m.blocksOf(kept[n-1]) < m.Segment {
		open, kept = &kept[n-1], kept[:n-1]
		next.First = open.First
	}
	next.Last = min(next.First+m.Segment-1, target)
	next.File = fmt.Sprintf(segmentForm, next.First, next.Last)
	archived := headOf(m.Segments)
	genesis, err := f.writeSegment(&next, func(yield func(*common.Block, error) bool) {
		if open != nil && !f.reread(*open, yield) {
			return
		}
		feed(ctx, archived, from, next.Last, source, yield)
	})
	if err != nil {
		return err
	}
	if m.Genesis == "" {
		m.Genesis = genesis
	}
	m.Segments = append(slices.Clone(kept), next)
	if err := f.write(m); err != nil || open == nil {
		return err
	}
	return os.Remove(f.path(*open))
}

func headOf(segments []Segment) string {
	if len(segments) == 0 {
		return ""
	}
	return segments[len(segments)-1].Head
}

// reread gives the blocks of a segment that is written anew; false when that is the end.
func (f Folder) reread(s Segment, yield func(*common.Block, error) bool) bool {
	for b, err := range f.blocksIn(s) {
		if !yield(b, err) || err != nil {
			return false
		}
	}
	return true
}

// feed gives the source's blocks, which must go on from the archive's last one, whose header has the hash archived; empty for an archive without blocks.
func feed(ctx context.Context, archived string, from, last uint64, source Source, yield func(*common.Block, error) bool) {
	first := true
	for d, err := range source.Blocks(ctx, from, last, blocks.Public) {
		if err == nil && first && hexOf(d.Block.GetHeader().GetPreviousHash()) != archived {
			err = fault.New(fault.LedgerMismatch, "block %d of the source doesn't follow the archive's last one: it is of another ledger", from)
		}
		if !yield(d.Block, err) || err != nil {
			return
		}
		first = false
	}
}

// writeSegment writes the blocks to the segment's file and completes the segment. It gives the hash of the first block's header.
func (f Folder) writeSegment(s *Segment, in iter.Seq2[*common.Block, error]) (first string, err error) {
	whole, content := sha256.New(), sha256.New()
	err = f.replace(s.File, func(file *os.File) error {
		counted := &counter{to: io.MultiWriter(file, whole)}
		zipped, err := gzip.NewWriterLevel(counted, gzip.BestCompression)
		if err != nil {
			return err
		}
		check := &chain{due: s.First}
		for b, err := range in {
			if err != nil {
				return err
			}
			if err := check.next(b); err != nil {
				return err
			}
			if first == "" {
				first = check.head
			}
			if err := put(io.MultiWriter(zipped, content), b); err != nil {
				return err
			}
		}
		if check.due != s.Last+1 {
			return fault.New(fault.LedgerUnavailable, "the source ended before block %d", s.Last)
		}
		s.Head = check.head
		if err := zipped.Close(); err != nil {
			return err
		}
		s.Bytes = counted.n
		return nil
	})
	s.SHA256, s.Content = hexOf(whole.Sum(nil)), hexOf(content.Sum(nil))
	return first, err
}

func put(w io.Writer, b *common.Block) error {
	_, err := protodelim.MarshalOptions{MarshalOptions: proto.MarshalOptions{Deterministic: true}}.MarshalTo(w, b)
	return err
}

// counter counts what is written.
type counter struct {
	to io.Writer
	n  int64
}

func (c *counter) Write(p []byte) (int, error) {
	n, err := c.to.Write(p)
	c.n += int64(n)
	return n, err
}

// chain checks that blocks follow each other and hold the data that their headers name.
type chain struct {
	due      uint64
	head     string // Hash of the last block's header.
	previous *blocks.Block
}

func (c *chain) next(raw *common.Block) error {
	b, err := blocks.Decode(raw, nil)
	if err != nil {
		return err
	}
	if b.Number != c.due {
		return invalid("block %d stands where block %d is due", b.Number, c.due)
	}
	if c.previous != nil {
		if err := b.CheckFollows(c.previous); err != nil {
			return err
		}
	}
	if err := b.CheckData(); err != nil {
		return err
	}
	c.previous, c.head = b, hex.EncodeToString(b.Hash)
	c.due++
	return nil
}
