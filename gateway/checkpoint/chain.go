package checkpoint

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/tallystick/tallystick/chaincode/fault"
)

const (
	noteForm    = "checkpoint-%012d.note"
	notePattern = "checkpoint-*.note"
	fileMode    = 0o644
	folderMode  = 0o755
)

// Chain is one auditor's checkpoints of a ledger, lowest first.
type Chain []*Signed

// LoadChain reads the checkpoints of a folder and verifies them: each is signed by a known key, all are of one ledger, heights rise, and each names the one before.
// SIGNATURE_INVALID, MALFORMED or CHECKPOINT_MISMATCH names the first that is wrong. A folder that isn't there is an empty chain.
func LoadChain(dir string, keys *Keys) (Chain, error) {
	names, err := filepath.Glob(filepath.Join(dir, notePattern))
	if err != nil {
		return nil, err
	}
	slices.Sort(names)
	var c Chain
	for _, name := range names {
		s, err := Load(name, keys)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", filepath.Base(name), err)
		}
		if c, err = c.Append(s); err != nil {
			return nil, fmt.Errorf("%s: %w", filepath.Base(name), err)
		}
	}
	return c, nil
}

// Load reads one checkpoint.
func Load(path string, keys *Keys) (*Signed, error) {
	raw, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fault.New(fault.NotFound, "there is no checkpoint at %s", path)
	}
	if err != nil {
		return nil, err
	}
	return keys.Open(raw)
}

// Append adds the next checkpoint. CHECKPOINT_MISMATCH unless it is of the same ledger, higher, and names the last one.
func (c Chain) Append(s *Signed) (Chain, error) {
	if len(c) > 0 && s.Origin() != c[len(c)-1].Origin() {
		return nil, mismatch("it is of another ledger: %s", s.Origin())
	}
	if len(c) > 0 && s.Height <= c[len(c)-1].Height {
		return nil, mismatch("its height, %d, isn't above that of the one before", s.Height)
	}
	if s.Previous != c.Tip() {
		return nil, mismatch("it doesn't name the one before: %s", s.Previous)
	}
	return append(c, s), nil
}

func mismatch(format string, args ...any) error {
	return fault.New(fault.CheckpointMismatch, format, args...)
}

// Tip is the digest that the next checkpoint names.
func (c Chain) Tip() string {
	if len(c) == 0 {
		return None
	}
	return c[len(c)-1].Digest()
}

// Bodies are what the checkpoints say.
func (c Chain) Bodies() []*Body {
	out := make([]*Body, len(c))
	for i, s := range c {
		out[i] = s.Body
	}
	return out
}

// Save writes a signed checkpoint into the chain's folder. ALREADY_EXISTS when there is one of this height.
func Save(dir string, height uint64, signed []byte) (path string, err error) {
	if err := os.MkdirAll(dir, folderMode); err != nil {
		return "", err
	}
	path = filepath.Join(dir, fmt.Sprintf(noteForm, height))
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, fileMode)
	if errors.Is(err, fs.ErrExist) {
		return "", fault.New(fault.AlreadyExists, "there is a checkpoint of height %d already: %s", height, path)
	}
	if err != nil {
		return "", err
	}
	_, err = file.Write(signed)
	return path, errors.Join(err, file.Sync(), file.Close())
}

// Comparison is how two auditors' chains of one ledger agree.
type Comparison struct {
	Agreed []uint64 // Heights at which both signed the same facts.
	Height uint64   // The first height at which they don't,
	One    string   // what the one says there,
	Two    string   // and what the other does; empty when they agree everywhere.
}

// Compare holds two auditors' checkpoints against each other at the heights that both have. CHECKPOINT_MISMATCH when they are of different ledgers, NOT_FOUND when no height is
// in both: then the notes alone can't tell.
func Compare(one, two Chain) (*Comparison, error) {
	if len(one) > 0 && len(two) > 0 && one[0].Origin() != two[0].Origin() {
		return nil, mismatch("the one is of %s, the other of %s", one[0].Origin(), two[0].Origin())
	}
	heights := map[uint64]*Signed{}
	for _, s := range two {
		heights[s.Height] = s
	}
	c := &Comparison{}
	for _, s := range one {
		other := heights[s.Height]
		if other == nil {
			continue
		}
		if a, b, differ := s.Differs(other.Body); differ {
			c.Height, c.One, c.Two = s.Height, a, b
			return c, nil
		}
		c.Agreed = append(c.Agreed, s.Height)
	}
	if len(c.Agreed) == 0 {
		return nil, fault.New(fault.NotFound, "no height is in both chains: let both auditors write one at the same height")
	}
	return c, nil
}
