package replay

import (
	"bytes"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/tallystick/tallystick/chaincode/fault"
)

// saveEvery is how often progress is written at most. What is lost with it is sent again, which changes nothing.
const saveEvery = time.Second

// track knows which rows of a stream are finished.
type track struct {
	mu   sync.Mutex
	done []bool
	low  int // All rows before it are finished.
}

func newTrack(rows int) *track { return &track{done: make([]bool, rows)} }

func (t *track) finish(i int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.done[i] = true
	for t.low < len(t.done) && t.done[t.low] {
		t.low++
	}
}

func (t *track) isDone(i int) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.done[i]
}

func (t *track) finished() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.low
}

// skip marks the first n rows as finished in an earlier run.
func (t *track) skip(n int) {
	t.low = min(n, len(t.done))
	for i := range t.low {
		t.done[i] = true
	}
}

// journal keeps progress in a file.
type journal struct {
	path    string
	digest  string
	prefix  string
	streams []*stream

	mu   sync.Mutex
	last time.Time
}

// state is the journal's file.
type state struct {
	V       int                    `json:"v"`      // 1.
	Digest  string                 `json:"digest"` // Of the receipts' file.
	Prefix  string                 `json:"prefix"` // Of the idempotency keys.
	Streams map[string]streamState `json:"streams"`
}

type streamState struct {
	Rows      int               `json:"rows"`     // Of this brand in the file.
	Finished  int               `json:"finished"` // Rows from the oldest on that are finished.
	Originals map[string]string `json:"originals"`
}

// openJournal takes up where an earlier run with the same file and prefix stopped. A state of other data is INVALID_VALUE: it would skip rows that were never sent.
func openJournal(path, digest, prefix string, streams []*stream) (*journal, error) {
	j := &journal{path: path, digest: digest, prefix: prefix, streams: streams}
	if path == "" {
		return j, nil
	}
	raw, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return j, j.write()
	}
	if err != nil {
		return nil, fault.New(fault.InvalidValue, "the state file can't be read: %v", err)
	}
	var st state
	d := json.NewDecoder(bytes.NewReader(raw))
	d.DisallowUnknownFields()
	if err := d.Decode(&st); err != nil || st.V != 1 {
		return nil, fault.New(fault.InvalidValue, "%s is not a replay's state file: name another one", path)
	}
	if st.Digest != digest || st.Prefix != prefix {
		return nil, fault.New(fault.InvalidValue, "%s belongs to other receipts or another idempotency prefix: name another file, or remove it to start again", path)
	}
	for _, s := range streams {
		if saved, ok := st.Streams[s.brand]; ok && saved.Rows == len(s.rows) {
			s.track.skip(saved.Finished)
			for receipt, operation := range saved.Originals {
				s.remember(receipt, operation)
			}
		}
	}
	return j, nil
}

// save writes progress, unless that was done a moment ago.
func (j *journal) save() error {
	if j.path == "" {
		return nil
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	if time.Since(j.last) < saveEvery {
		return nil
	}
	return j.write()
}

func (j *journal) close() error {
	if j.path == "" {
		return nil
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.write()
}

// write replaces the file in one step, so that a crash leaves the old state or the new one.
func (j *journal) write() error {
	st := state{V: 1, Digest: j.digest, Prefix: j.prefix, Streams: map[string]streamState{}}
	for _, s := range j.streams {
		st.Streams[s.brand] = s.state()
	}
	raw, err := json.Marshal(st)
	if err != nil {
		return fault.New(fault.Internal, "the state can't be encoded: %v", err)
	}
	next := filepath.Join(filepath.Dir(j.path), "."+filepath.Base(j.path)+".next")
	if err := os.WriteFile(next, raw, 0o600); err != nil {
		return fault.New(fault.Internal, "the state file can't be written: %v", err)
	}
	if err := os.Rename(next, j.path); err != nil {
		return fault.New(fault.Internal, "the state file can't be written: %v", err)
	}
	j.last = time.Now()
	return nil
}

// state reads progress first and the originals after it: an original that is finished is then never missing.
func (s *stream) state() streamState {
	st := streamState{Rows: len(s.rows), Finished: s.track.finished(), Originals: map[string]string{}}
	s.mu.Lock()
	defer s.mu.Unlock()
	for receipt, operation := range s.originals {
		st.Originals[receipt] = operation
	}
	return st
}
