package canary

import (
	"cmp"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Store is a kind of place that data are looked for in.
type Store string

// Stores that are opened. Everything else is a plain file, or bytes that a test hands over.
const (
	LevelDB  Store = "LevelDB"
	Blocks   Store = "block file"
	RaftLog  Store = "Raft log"
	SQLite   Store = "SQLite"
	File     Store = "file"
	Bytes    Store = "bytes"
	pieceLen       = 16 << 20 // Files are read in pieces of so many bytes.
)

// Finding is a trace that was found.
type Finding struct {
	Store  Store
	Where  string // File and place within it.
	Canary string // The canary's label.
	Form   string
	Around string // What stands around it, for the report of a test.
}

func (f Finding) String() string {
	return fmt.Sprintf("%s %s holds %s: %s: %q", f.Store, f.Where, f.Canary, f.Form, f.Around)
}

// Report is what a scan found, and how much it has seen: a scan that opened nothing finds nothing.
type Report struct {
	Findings []Finding
	// Opened counts values by store: keys and values of LevelDB, transactions, records of Raft, columns of rows, pieces of files.
	Opened map[Store]int
	// Size is the number of bytes looked at, what was unwrapped included.
	Size int64
	// Faults are files that couldn't be opened.
	Faults []error
}

// Of names the labels that were found in a kind of store.
func (r *Report) Of(store Store) []string {
	var labels []string
	for _, f := range r.Findings {
		if f.Store == store && !slices.Contains(labels, f.Canary) {
			labels = append(labels, f.Canary)
		}
	}
	slices.Sort(labels)
	return labels
}

// Scanner looks for the traces of canaries. It may be used by one goroutine at a time.
type Scanner struct {
	matcher *matcher
	report  *Report
	seen    map[Finding]bool
	visit   func(data []byte)
}

// Visit has a function called with every value that is opened, and with what is unwrapped from it: for tests that look for more than canaries. It mustn't keep the bytes.
func (s *Scanner) Visit(use func(data []byte)) { s.visit = use }

// NewScanner prepares a scan for canaries.
func NewScanner(canaries ...Canary) (*Scanner, error) {
	var patterns []*pattern
	known := map[string]bool{}
	for i := range canaries {
		c := &canaries[i]
		if err := c.check(); err != nil {
			return nil, err
		}
		for _, t := range c.traces() {
			key := fmt.Sprintf("%t %t %s", t.folded, t.bounded, t.text)
			if !known[key] {
				known[key] = true
				patterns = append(patterns, &pattern{trace: t, canary: c})
			}
		}
	}
	return &Scanner{matcher: newMatcher(patterns), report: &Report{Opened: map[Store]int{}}, seen: map[Finding]bool{}}, nil
}

// Report gives what was found since the last call, and begins anew.
func (s *Scanner) Report() *Report {
	r := s.report
	slices.SortStableFunc(r.Findings, func(a, b Finding) int { return cmp.Or(cmp.Compare(a.Where, b.Where), cmp.Compare(a.Canary, b.Canary)) })
	s.report, s.seen = &Report{Opened: map[Store]int{}}, map[Finding]bool{}
	return r
}

// Bytes looks through bytes, such as an HTTP answer, and whatever is encoded or compressed in them.
func (s *Scanner) Bytes(where string, data []byte) { s.value(Bytes, where, data) }

// value looks through one value of a store and what is wrapped in it.
func (s *Scanner) value(store Store, where string, data []byte) {
	s.report.Opened[store]++
	s.deep(store, where, data, 0)
}

func (s *Scanner) deep(store Store, where string, data []byte, depth int) {
	s.look(store, where, data)
	if s.visit != nil {
		s.visit(data)
	}
	if depth == maxDepth {
		return
	}
	for _, u := range unwrap(data) {
		s.deep(store, where+" ("+u.how+")", u.data, depth+1)
	}
}

// look searches bytes as they are.
func (s *Scanner) look(store Store, where string, data []byte) {
	s.report.Size += int64(len(data))
	s.matcher.search(data, func(p *pattern, at int) {
		f := Finding{Store: store, Where: where, Canary: p.canary.Label, Form: p.form}
		if s.seen[f] {
			return
		}
		s.seen[f] = true
		f.Around = string(data[max(0, at-40):min(len(data), at+len(p.text)+20)])
		s.report.Findings = append(s.report.Findings, f)
	})
}

func (s *Scanner) fault(path string, err error) {
	s.report.Faults = append(s.report.Faults, fmt.Errorf("%s: %w", path, err))
}

// Tree looks through every file below a folder, or through one file: as raw bytes, and opened where it belongs to a store. What runs should be stopped before:
// a store that changes meanwhile gives faults. Paths for which skip says yes are left out, whole folders included; skip may be nil.
func (s *Scanner) Tree(root string, skip func(path string) bool) {
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err == nil && skip != nil && skip(path) {
			if entry.IsDir() {
				return filepath.SkipDir
			}
			return nil
		}
		if err == nil && entry.Type().IsRegular() {
			err = s.file(path)
		}
		if err != nil {
			s.fault(path, err)
		}
		return nil
	})
	if err != nil {
		s.fault(root, err)
	}
}

func (s *Scanner) file(path string) error {
	s.look(File, path, []byte(filepath.Base(path)))
	open := s.opener(path)
	if open == nil {
		return s.pieces(path, s.value)
	}
	if err := s.pieces(path, func(store Store, where string, data []byte) { s.look(store, where, data) }); err != nil {
		return err
	}
	return open(path)
}

// opener chooses what a file is opened with; nil for a plain file.
func (s *Scanner) opener(path string) func(string) error {
	name := filepath.Base(path)
	switch {
	case isLevelDB(filepath.Dir(path)) && (strings.HasSuffix(name, ".ldb") || strings.HasSuffix(name, ".sst")):
		return s.tableFile
	case isLevelDB(filepath.Dir(path)) && (strings.HasSuffix(name, ".log") || strings.HasPrefix(name, "MANIFEST-")):
		return s.journal
	case strings.HasPrefix(name, "blockfile_"):
		return s.blockFile
	case strings.HasSuffix(name, ".wal"):
		return s.raftLog
	case isSQLite(path):
		return s.database
	}
	return nil
}

// pieces reads a file piece by piece, each beginning with the end of the one before, so that no trace is cut.
func (s *Scanner) pieces(path string, use func(store Store, where string, data []byte)) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	buffer, kept := make([]byte, 0, pieceLen), 0
	for offset := 0; ; {
		n, err := io.ReadFull(f, buffer[kept:cap(buffer)])
		if n > 0 {
			use(File, fmt.Sprintf("%s at %d", path, offset), buffer[:kept+n])
		}
		if err == io.EOF || err == io.ErrUnexpectedEOF {
			return nil
		}
		if err != nil {
			return err
		}
		all := buffer[:kept+n]
		next := min(len(all), s.matcher.longest)
		offset += len(all) - next
		kept = copy(buffer[:cap(buffer)], all[len(all)-next:])
	}
}
