package canary

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/syndtr/goleveldb/leveldb"
	"github.com/syndtr/goleveldb/leveldb/journal"
	"github.com/syndtr/goleveldb/leveldb/opt"
	"github.com/syndtr/goleveldb/leveldb/storage"
	"github.com/syndtr/goleveldb/leveldb/table"
)

// isLevelDB tells a LevelDB folder by the file that names its manifest.
func isLevelDB(folder string) bool {
	_, err := os.Stat(filepath.Join(folder, "CURRENT"))
	return err == nil
}

// tableFile reads a table file block by block, decompressed: every key and value that was ever written to it, deletions and what later ones overwrote included, and
// also when the database doesn't use the file any more.
func (s *Scanner) tableFile(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	reader, err := table.NewReader(f, info.Size(), storage.FileDesc{Type: storage.TypeTable}, nil, nil, &opt.Options{Strict: opt.StrictAll})
	if err != nil {
		return err
	}
	defer reader.Release()
	entries := reader.NewIterator(nil, nil)
	defer entries.Release()
	for n := 0; entries.Next(); n++ {
		s.value(LevelDB, fmt.Sprintf("%s key %d", path, n), entries.Key())
		s.value(LevelDB, fmt.Sprintf("%s value %d", path, n), entries.Value())
	}
	return entries.Error()
}

// journal reads the records of a journal or manifest: batches of writes that aren't in a table yet, whole again where the file cuts them into chunks.
func (s *Scanner) journal(path string) error {
	data, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	records := journal.NewReader(bytes.NewReader(data), nil, false, true)
	for n := 0; ; n++ {
		record, err := records.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		batch, err := io.ReadAll(record)
		if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) {
			return err
		}
		s.value(LevelDB, fmt.Sprintf("%s record %d", path, n), batch)
	}
}

// Entries opens a copy of a LevelDB folder, as its owner would, and calls use with every key and value that counts. It is for what can be read back by asking the
// database; Tree sees more.
func Entries(folder, scratch string, use func(key, value []byte) error) error {
	if err := os.CopyFS(scratch, os.DirFS(folder)); err != nil {
		return err
	}
	db, err := leveldb.OpenFile(scratch, &opt.Options{ErrorIfMissing: true, Strict: opt.StrictAll})
	if err != nil {
		return err
	}
	defer func() { _ = db.Close() }()
	entries := db.NewIterator(nil, nil)
	defer entries.Release()
	for entries.Next() {
		if err := use(entries.Key(), entries.Value()); err != nil {
			return err
		}
	}
	return entries.Error()
}
