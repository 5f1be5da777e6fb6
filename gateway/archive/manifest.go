package archive

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/tallystick/tallystick/chaincode/fault"
)

// Limits of an archive, and how many blocks a segment has unless somebody says otherwise.
const (
	DefaultSegment   = 1000
	MaxSegment       = 100_000 // Blocks of one segment.
	maxManifestBytes = 64 << 20
)

const (
	manifestName    = "manifest.json"
	manifestVersion = 1
	segmentForm     = "blocks-%010d-%010d.pb.gz"
	fileMode        = 0o644
	folderMode      = 0o755
)

// Manifest says what an archive holds. Hashes are SHA-256 in hex.
type Manifest struct {
	V        int       `json:"v"` // 1.
	Channel  string    `json:"channel"`
	Genesis  string    `json:"genesis"` // Of block 0's header.
	Segment  uint64    `json:"segment"` // Blocks of a full segment.
	Segments []Segment `json:"segments"`
}

// Segment is one file of consecutive blocks. A full one never changes again; the last one is replaced when the archive grows.
type Segment struct {
	File    string `json:"file"`
	First   uint64 `json:"first"` // Numbers of its first
	Last    uint64 `json:"last"`  // and last block.
	Head    string `json:"head"`  // Of the last block's header: the next block names it as its previous one.
	Bytes   int64  `json:"bytes"` // Of the file.
	SHA256  string `json:"sha256"`
	Content string `json:"content"` // Of the blocks before compression: the same whatever compressed them.
}

// Height is the number of archived blocks.
func (m *Manifest) Height() uint64 {
	if len(m.Segments) == 0 {
		return 0
	}
	return m.Segments[len(m.Segments)-1].Last + 1
}

func (m *Manifest) blocksOf(s Segment) uint64 { return s.Last - s.First + 1 }

// validate returns BLOCK_INVALID unless the segments follow each other from block 0 on and have the names and sizes that this program gives.
func (m *Manifest) validate() error {
	if m.V != manifestVersion || m.Segment < 1 || m.Segment > MaxSegment || len(m.Segments) == 0 {
		return invalid("the manifest is not of version %d, or names no blocks", manifestVersion)
	}
	next := uint64(0)
	for i, s := range m.Segments {
		if s.First != next || s.Last < s.First || s.File != fmt.Sprintf(segmentForm, s.First, s.Last) {
			return invalid("segment %d of the manifest doesn't follow the one before", i)
		}
		if n := m.blocksOf(s); n > m.Segment || n < m.Segment && i < len(m.Segments)-1 {
			return invalid("segment %s has %d blocks, a full one has %d", s.File, n, m.Segment)
		}
		next = s.Last + 1
	}
	return nil
}

func invalid(format string, args ...any) error { return fault.New(fault.BlockInvalid, format, args...) }

// Folder is an archive on disk.
type Folder struct{ Dir string }

// Manifest reads the manifest. NOT_FOUND when there is none, BLOCK_INVALID when it can't be one.
func (f Folder) Manifest() (*Manifest, error) {
	path := filepath.Join(f.Dir, manifestName)
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fault.New(fault.NotFound, "folder %s holds no archive: there is no %s", f.Dir, manifestName)
	}
	if err != nil {
		return nil, err
	}
	if info.Size() > maxManifestBytes {
		return nil, invalid("the manifest has over %d bytes", maxManifestBytes)
	}
	raw, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	m := new(Manifest)
	if err := json.Unmarshal(raw, m); err != nil {
		return nil, invalid("the manifest can't be read: %v", err)
	}
	return m, m.validate()
}

func (f Folder) write(m *Manifest) error {
	raw, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		return err
	}
	return f.replace(manifestName, func(file *os.File) error {
		_, err := file.Write(append(raw, '\n'))
		return err
	})
}

// replace writes a file whole before it takes the name.
func (f Folder) replace(name string, fill func(*os.File) error) (err error) {
	file, err := os.CreateTemp(f.Dir, name+".new-*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.Remove(file.Name()))
		}
	}()
	if err := errors.Join(fill(file), file.Chmod(fileMode), file.Sync(), file.Close()); err != nil {
		return err
	}
	return os.Rename(file.Name(), filepath.Join(f.Dir, name))
}

func (f Folder) path(s Segment) string { return filepath.Join(f.Dir, s.File) }

func hexOf(sum []byte) string { return hex.EncodeToString(sum) }
