package archive_test

import (
	"bytes"
	"context"
	"encoding/json"
	"iter"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/hyperledger/fabric-protos-go-apiv2/common"
	"google.golang.org/protobuf/proto"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/gateway/archive"
	"github.com/tallystick/tallystick/gateway/blocks"
	"github.com/tallystick/tallystick/gateway/ledgertest"
)

const channel = ledgertest.Channel

// ledger is a channel with a programme and some batches, whose details are private.
func ledger(t *testing.T) (*ledgertest.Ledger, *ledgertest.Programme) {
	t.Helper()
	l := ledgertest.New(t, "airline", "hotel")
	l.Found()
	p := l.Create(0)
	item := p.Open()
	p.Batch(0, []ledgertest.Item{item})
	l.Cut()
	for range 6 {
		p.Batch(0, []ledgertest.Item{p.Earn(item.Operation.Account, 4200)})
		l.Cut()
	}
	return l, p
}

func extend(t *testing.T, f archive.Folder, segment uint64, from archive.Source) *archive.Manifest {
	t.Helper()
	m, err := f.Extend(t.Context(), channel, segment, from)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func read(t *testing.T, path string) []byte {
	t.Helper()
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// contents are all files of a folder by name.
func contents(t *testing.T, dir string) map[string]string {
	t.Helper()
	names, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]string{}
	for _, n := range names {
		all[n.Name()] = string(read(t, filepath.Join(dir, n.Name())))
	}
	return all
}

func TestAnArchiveGivesTheBlocksBackWithoutPrivateData(t *testing.T) {
	l, _ := ledger(t)
	f := archive.Folder{Dir: filepath.Join(t.TempDir(), "a")}
	m := extend(t, f, 4, l)
	if m.Height() != l.Height() || m.Genesis != l.Genesis {
		t.Fatalf("the manifest says %d blocks of %s, the ledger has %d of %s", m.Height(), m.Genesis, l.Height(), l.Genesis)
	}
	if _, err := f.Verify(t.Context()); err != nil {
		t.Fatal(err)
	}
	n := uint64(0)
	for d, err := range f.Blocks(t.Context(), 0, blocks.Newest, blocks.WithPrivate) {
		if err != nil {
			t.Fatal(err)
		}
		if d.Private != nil || !proto.Equal(d.Block, l.Block(n).Block) {
			t.Errorf("block %d comes back changed, or with private data", n)
		}
		n++
	}
	if n != l.Height() {
		t.Errorf("%d blocks came back of %d", n, l.Height())
	}
	last, err := f.Last(t.Context())
	if err != nil || last.GetHeader().GetNumber() != n-1 {
		t.Errorf("the last block is %v: %v", last.GetHeader(), err)
	}
}

// TestGrowingStepByStepEqualsOneGo: where an archive was begun, ended and gone on with leaves no trace in it.
func TestGrowingStepByStepEqualsOneGo(t *testing.T) {
	l, p := ledger(t)
	whole, grown := archive.Folder{Dir: filepath.Join(t.TempDir(), "w")}, archive.Folder{Dir: filepath.Join(t.TempDir(), "g")}
	for range 5 {
		extend(t, grown, 4, l)
		p.Batch(1, nil)
		l.Cut()
	}
	extend(t, grown, 4, l)
	extend(t, whole, 4, l)
	if got, want := contents(t, grown.Dir), contents(t, whole.Dir); len(got) != len(want) {
		t.Fatalf("%d files, want %d", len(got), len(want))
	} else {
		for name := range want {
			if got[name] != want[name] {
				t.Errorf("%s differs", name)
			}
		}
	}
}

func TestFullSegmentsNeverChange(t *testing.T) {
	l, p := ledger(t)
	f := archive.Folder{Dir: filepath.Join(t.TempDir(), "a")}
	before := extend(t, f, 4, l)
	first := read(t, filepath.Join(f.Dir, before.Segments[0].File))
	p.Batch(1, nil)
	l.Cut()
	after := extend(t, f, 4, l)
	if before.Segments[0] != after.Segments[0] || !bytes.Equal(first, read(t, filepath.Join(f.Dir, after.Segments[0].File))) {
		t.Error("a full segment was written anew")
	}
}

func TestAnArchiveIsExtendedFromItsOwnLedgerOnly(t *testing.T) {
	l, _ := ledger(t)
	other, _ := ledger(t)
	f := archive.Folder{Dir: filepath.Join(t.TempDir(), "a")}
	short := upTo{l, 5}
	extend(t, f, 4, short)
	for name, c := range map[string]struct {
		channel string
		segment uint64
		from    archive.Source
		code    fault.Code
	}{
		"another ledger":      {channel, 4, other, fault.LedgerMismatch},
		"another channel":     {"other", 4, l, fault.LedgerMismatch},
		"no segment size":     {channel, 0, l, fault.InvalidValue},
		"too long segments":   {channel, archive.MaxSegment + 1, l, fault.InvalidValue},
		"a block was changed": {channel, 4, changed{l, 7}, fault.BlockInvalid},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := f.Extend(t.Context(), c.channel, c.segment, c.from); fault.CodeOf(err) != c.code {
				t.Errorf("got %v, want %s", err, c.code)
			}
			if _, err := f.Verify(t.Context()); err != nil {
				t.Errorf("the archive is damaged: %v", err)
			}
		})
	}
}

// upTo is a ledger as it was when it had so many blocks.
type upTo struct {
	*ledgertest.Ledger
	height uint64
}

func (u upTo) Last(context.Context) (*common.Block, error) { return u.Block(u.height - 1).Block, nil }

func TestDamagedArchivesAreFound(t *testing.T) {
	l, _ := ledger(t)
	for name, c := range map[string]struct {
		damage func(t *testing.T, f archive.Folder, m *archive.Manifest)
		code   fault.Code
	}{
		"a missing segment": {func(t *testing.T, f archive.Folder, m *archive.Manifest) {
			if err := os.Remove(filepath.Join(f.Dir, m.Segments[1].File)); err != nil {
				t.Fatal(err)
			}
		}, fault.NotFound},
		"a flipped bit": {func(t *testing.T, f archive.Folder, m *archive.Manifest) {
			path := filepath.Join(f.Dir, m.Segments[1].File)
			raw := read(t, path)
			raw[len(raw)/2] ^= 1
			overwrite(t, path, raw)
		}, fault.BlockInvalid},
		"another header of the compressor": {func(t *testing.T, f archive.Folder, m *archive.Manifest) {
			path := filepath.Join(f.Dir, m.Segments[1].File)
			raw := read(t, path)
			raw[9] ^= 1 // The operating system: nothing of the content.
			overwrite(t, path, raw)
		}, fault.BlockInvalid},
		"a shortened segment": {func(t *testing.T, f archive.Folder, m *archive.Manifest) {
			path := filepath.Join(f.Dir, m.Segments[1].File)
			overwrite(t, path, read(t, path)[:100])
		}, fault.BlockInvalid},
		"something appended": {func(t *testing.T, f archive.Folder, m *archive.Manifest) {
			path := filepath.Join(f.Dir, m.Segments[1].File)
			overwrite(t, path, append(read(t, path), 0))
		}, fault.BlockInvalid},
		"another head": {func(t *testing.T, f archive.Folder, m *archive.Manifest) {
			m.Segments[1].Head = m.Segments[0].Head
			rewrite(t, f, m)
		}, fault.BlockInvalid},
		"another genesis": {func(t *testing.T, f archive.Folder, m *archive.Manifest) {
			m.Genesis = m.Segments[0].Head
			rewrite(t, f, m)
		}, fault.BlockInvalid},
		"a hole in the manifest": {func(t *testing.T, f archive.Folder, m *archive.Manifest) {
			m.Segments = append(m.Segments[:1], m.Segments[2:]...)
			rewrite(t, f, m)
		}, fault.BlockInvalid},
		"a name that leaves the folder": {func(t *testing.T, f archive.Folder, m *archive.Manifest) {
			m.Segments[0].File = "../" + m.Segments[0].File
			rewrite(t, f, m)
		}, fault.BlockInvalid},
	} {
		t.Run(name, func(t *testing.T) {
			f := archive.Folder{Dir: filepath.Join(t.TempDir(), "a")}
			c.damage(t, f, extend(t, f, 4, l))
			if _, err := f.Verify(t.Context()); fault.CodeOf(err) != c.code {
				t.Errorf("got %v, want %s", err, c.code)
			}
		})
	}
}

func overwrite(t *testing.T, path string, raw []byte) {
	t.Helper()
	if err := os.WriteFile(path, raw, 0o600); err != nil {
		t.Fatal(err)
	}
}

func rewrite(t *testing.T, f archive.Folder, m *archive.Manifest) {
	t.Helper()
	raw, err := json.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	overwrite(t, filepath.Join(f.Dir, "manifest.json"), raw)
}

// TestPrivateValuesAreNotInAnArchive looks for a till's private numbers, which the blocks' private data hold in clear, in what the segments hold.
func TestPrivateValuesAreNotInAnArchive(t *testing.T) {
	l, _ := ledger(t)
	f := archive.Folder{Dir: filepath.Join(t.TempDir(), "a")}
	extend(t, f, 4, l)
	var held, kept strings.Builder
	for n := range l.Height() {
		for _, set := range l.Block(n).Private {
			held.Write(encoded(t, set))
		}
	}
	for d, err := range f.Blocks(t.Context(), 0, blocks.Newest, blocks.Public) {
		if err != nil {
			t.Fatal(err)
		}
		kept.Write(encoded(t, d.Block))
	}
	const private = `"salt":`
	if !strings.Contains(held.String(), private) || strings.Contains(kept.String(), private) {
		t.Errorf("the ledger's private data hold %q: %v, the archive: %v", private, strings.Contains(held.String(), private), strings.Contains(kept.String(), private))
	}
}

// changed is a ledger whose blocks from one on hold other data than their headers name.
type changed struct {
	*ledgertest.Ledger
	from uint64
}

func (c changed) Blocks(ctx context.Context, from, last uint64, content blocks.Content) iter.Seq2[blocks.Delivered, error] {
	return func(yield func(blocks.Delivered, error) bool) {
		for d, err := range c.Ledger.Blocks(ctx, from, last, content) {
			if err == nil && d.Block.Header.Number >= c.from {
				d.Block.Data.Data[0] = append([]byte{}, d.Block.Data.Data[0]...)
				d.Block.Data.Data[0] = append(d.Block.Data.Data[0], 0x78, 0x01) // A field that nobody knows.
			}
			if !yield(d, err) {
				return
			}
		}
	}
}

func encoded(t *testing.T, m proto.Message) []byte {
	t.Helper()
	raw, err := proto.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}
