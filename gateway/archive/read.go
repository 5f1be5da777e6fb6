package archive

import (
	"bufio"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"errors"
	"io"
	"io/fs"
	"iter"
	"os"

	"github.com/hyperledger/fabric-protos-go-apiv2/common"
	"google.golang.org/protobuf/encoding/protodelim"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/gateway/blocks"
)

// maxBlockBytes bounds one block. Ordering nodes cut them far below (PreferredMaxBytes, AbsoluteMaxBytes).
const maxBlockBytes = 128 << 20

// blocksIn reads one segment, which must have the hashes of the manifest: what comes out is good only if no error comes at its end.
func (f Folder) blocksIn(s Segment) iter.Seq2[*common.Block, error] {
	return func(yield func(*common.Block, error) bool) {
		stopped := errors.New("the reader has enough")
		err := f.read(s, func(b *common.Block) error {
			if !yield(b, nil) {
				return stopped
			}
			return nil
		})
		if err != nil && !errors.Is(err, stopped) {
			yield(nil, err)
		}
	}
}

func (f Folder) read(s Segment, take func(*common.Block) error) (err error) {
	file, err := os.Open(f.path(s))
	if errors.Is(err, fs.ErrNotExist) {
		return fault.New(fault.NotFound, "segment %s is missing: blocks %d to %d", s.File, s.First, s.Last)
	}
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	whole, content := sha256.New(), sha256.New()
	zipped, err := gzip.NewReader(io.TeeReader(file, whole))
	if err != nil {
		return invalid("segment %s is not compressed with gzip", s.File)
	}
	plain := bufio.NewReader(io.TeeReader(zipped, content))
	for n := s.First; n <= s.Last; n++ {
		b := new(common.Block)
		if err := (protodelim.UnmarshalOptions{MaxSize: maxBlockBytes}).UnmarshalFrom(plain, b); err != nil {
			return invalid("segment %s: block %d can't be read: %v", s.File, n, err)
		}
		if b.GetHeader().GetNumber() != n {
			return invalid("segment %s: block %d stands where block %d is due", s.File, b.GetHeader().GetNumber(), n)
		}
		if err := take(b); err != nil {
			return err
		}
	}
	if _, err := plain.ReadByte(); !errors.Is(err, io.EOF) {
		return invalid("segment %s goes on after block %d, or its checksum is wrong", s.File, s.Last)
	}
	if _, err := io.Copy(whole, file); err != nil {
		return err
	}
	if hexOf(whole.Sum(nil)) != s.SHA256 || hexOf(content.Sum(nil)) != s.Content {
		return invalid("segment %s doesn't have the hashes of the manifest", s.File)
	}
	return nil
}

// Blocks gives the archived blocks from and up to the given ones, or up to the archive's end where that comes first; they carry no private data. A segment that is missing is
// NOT_FOUND; one that was changed is BLOCK_INVALID, which may come after blocks of it were given.
func (f Folder) Blocks(ctx context.Context, from, last uint64, _ blocks.Content) iter.Seq2[blocks.Delivered, error] {
	return func(yield func(blocks.Delivered, error) bool) {
		m, err := f.Manifest()
		if err != nil {
			yield(blocks.Delivered{}, err)
			return
		}
		for _, s := range m.Segments {
			if s.Last < from || s.First > last {
				continue
			}
			for b, err := range f.blocksIn(s) {
				n := b.GetHeader().GetNumber()
				if err == nil && (n < from || n > last) {
					continue // Read all the same: the segment's hash covers it.
				}
				if err == nil && ctx.Err() != nil {
					err = ctx.Err()
				}
				if !yield(blocks.Delivered{Block: b}, err) || err != nil {
					return
				}
			}
		}
	}
}

// Last gives the archive's last block.
func (f Folder) Last(ctx context.Context) (last *common.Block, err error) {
	m, err := f.Manifest()
	if err != nil {
		return nil, err
	}
	for d, err := range f.Blocks(ctx, m.Height()-1, m.Height()-1, blocks.Public) {
		if err != nil {
			return nil, err
		}
		last = d.Block
	}
	return last, nil
}

// Verify checks every segment against the manifest: names, sizes, hashes, and that its blocks are one chain from block 0, with the data that their headers name and the heads
// that the manifest names. BLOCK_INVALID or NOT_FOUND for the first that is wrong. Signatures and what the transactions did are checked by an audit of the archive.
func (f Folder) Verify(ctx context.Context) (*Manifest, error) {
	m, err := f.Manifest()
	if err != nil {
		return nil, err
	}
	c := &chain{}
	for _, s := range m.Segments {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if err := f.verify(m, s, c); err != nil {
			return nil, err
		}
	}
	return m, nil
}

func (f Folder) verify(m *Manifest, s Segment, c *chain) error {
	info, err := os.Stat(f.path(s))
	if err == nil && info.Size() != s.Bytes {
		return invalid("segment %s has %d bytes, the manifest says %d", s.File, info.Size(), s.Bytes)
	}
	err = f.read(s, func(b *common.Block) error {
		if err := c.next(b); err != nil {
			return err
		}
		if b.GetHeader().GetNumber() == 0 && c.head != m.Genesis {
			return invalid("block 0 has hash %s, the manifest says %s", c.head, m.Genesis)
		}
		return nil
	})
	if err == nil && c.head != s.Head {
		return invalid("segment %s ends with a block of hash %s, the manifest says %s", s.File, c.head, s.Head)
	}
	return err
}
