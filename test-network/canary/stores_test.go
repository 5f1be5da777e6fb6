package canary

import (
	"bytes"
	"compress/gzip"
	"compress/zlib"
	"database/sql"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/golang/snappy"
	"github.com/syndtr/goleveldb/leveldb"
	"github.com/syndtr/goleveldb/leveldb/opt"
	"github.com/syndtr/goleveldb/leveldb/util"
	"google.golang.org/protobuf/encoding/protowire"
)

func try(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// filler holds both halves of a canary again and again: compressors then refer to them, and the canary stands nowhere in the compressed bytes.
func filler(c Canary) []byte {
	half := len(c.Value) / 2
	return []byte(strings.Repeat(c.Value[:half]+"."+c.Value[half:]+";", 8))
}

func scan(t *testing.T, folder string, canaries ...Canary) *Report {
	t.Helper()
	s := newScanner(t, canaries...)
	s.Tree(folder, nil)
	r := s.Report()
	for _, err := range r.Faults {
		t.Error(err)
	}
	return r
}

func want(t *testing.T, r *Report, store Store, labels ...string) {
	t.Helper()
	if found := r.Of(store); !slices.Equal(found, labels) {
		t.Errorf("in %s: found %q, want %q", store, found, labels)
	}
}

func TestOpensLevelDBAndFindsWhatIsDeletedAndOverwritten(t *testing.T) {
	folder := t.TempDir()
	db, err := leveldb.OpenFile(folder, &opt.Options{Compression: opt.SnappyCompression})
	try(t, err)
	try(t, db.Put([]byte("key "+card.Value), filler(card), nil))
	try(t, db.Put([]byte("a"), append(filler(person), person.Value...), nil))
	try(t, db.Put([]byte("b"), append(filler(phone), phone.Value...), nil))
	try(t, db.CompactRange(util.Range{}))
	try(t, db.Delete([]byte("a"), nil))
	try(t, db.Put([]byte("b"), []byte("nothing"), nil))
	try(t, db.Put([]byte("c"), append(bytes.Repeat([]byte("."), 32<<10-60), email.Value...), nil)) // Cut by the end of the journal's first block of 32 KiB.
	try(t, db.Delete([]byte("c"), nil))
	try(t, db.Close())

	r := scan(t, folder, person, phone, email, card, birthday)
	want(t, r, LevelDB, "card", "e-mail", "name", "phone")
	count := 0
	try(t, Entries(folder, filepath.Join(t.TempDir(), "copy"), func(key, value []byte) error {
		count++
		if bytes.Contains(value, []byte(phone.Value)) {
			t.Error("what was overwritten counts")
		}
		return nil
	}))
	if count != 2 || r.Opened[LevelDB] < 2*count {
		t.Errorf("%d entries count, %d were seen", count, r.Opened[LevelDB])
	}
}

// serialized is a block as Fabric's block files hold it.
func serialized(number uint64, transactions ...[]byte) []byte {
	block := protowire.AppendVarint(nil, number)
	block = protowire.AppendBytes(protowire.AppendBytes(block, []byte("data hash")), []byte("previous"))
	block = protowire.AppendVarint(block, uint64(len(transactions)))
	for _, tx := range transactions {
		block = protowire.AppendBytes(block, tx)
	}
	block = protowire.AppendVarint(block, 1)
	block = protowire.AppendBytes(block, []byte("metadata"))
	return protowire.AppendBytes(nil, block)
}

func TestOpensBlockFilesAndWhatTransactionsWrap(t *testing.T) {
	folder := t.TempDir()
	inner := protowire.AppendBytes(protowire.AppendTag(nil, 1, protowire.BytesType), []byte(`{"reference":"`+base64.StdEncoding.EncodeToString([]byte(`{"card":"`+hex.EncodeToString([]byte(card.Value))+`"}`))+`"}`))
	file := slices.Concat(serialized(0, []byte("config")), serialized(1, []byte("tx"), protowire.AppendBytes(protowire.AppendTag(nil, 4, protowire.BytesType), inner)))
	try(t, os.WriteFile(filepath.Join(folder, "blockfile_000000"), file, 0o600))
	r := scan(t, folder, card, phone)
	want(t, r, Blocks, "card")
	if !strings.Contains(r.Findings[0].Where, "block 1 transaction 1") || r.Opened[Blocks] != 5 {
		t.Errorf("found at %s, opened %d", r.Findings[0].Where, r.Opened[Blocks])
	}
}

func TestOpensRaftsLog(t *testing.T) {
	folder := t.TempDir()
	var file []byte
	for _, text := range []string{"first record", "holds " + base64.StdEncoding.EncodeToString(compressedWith(t, gzipped, phone))} {
		padding := (8 - len(text)%8) % 8
		field := uint64(len(text))
		if padding > 0 {
			field |= uint64(0x80|padding) << 56
		}
		file = binary.LittleEndian.AppendUint64(file, field)
		file = append(append(file, text...), make([]byte, padding)...)
	}
	file = append(file, make([]byte, 1<<20)...)
	try(t, os.WriteFile(filepath.Join(folder, "0000000000000000-0000000000000000.wal"), file, 0o600))
	r := scan(t, folder, card, phone)
	want(t, r, RaftLog, "phone")
	if r.Opened[RaftLog] != 2 {
		t.Errorf("opened %d records", r.Opened[RaftLog])
	}
}

func TestOpensSQLiteWithItsLogAndOverflowPages(t *testing.T) {
	folder := t.TempDir()
	db, err := sql.Open("sqlite3", "file:"+filepath.Join(folder, "read.db")+"?_journal_mode=WAL")
	try(t, err)
	defer db.Close()
	db.SetMaxOpenConns(1)
	exec := func(text string, args ...any) {
		t.Helper()
		_, err := db.Exec(text, args...)
		try(t, err)
	}
	exec("CREATE TABLE t (a TEXT, b BLOB)")
	exec("PRAGMA wal_checkpoint(TRUNCATE)")
	long := append(bytes.Repeat([]byte("."), 4096-53), card.Value...) // Crosses from one overflow page to the next.
	for shift := range len(card.Value) {
		exec("INSERT INTO t VALUES (?, ?)", "row", long[shift:])
	}
	exec("INSERT INTO t VALUES (?, ?)", strings.ToUpper(person.Value), compressedWith(t, gzipped, phone))
	exec("INSERT INTO t VALUES (?, 'gone')", email.Value)
	exec("DELETE FROM t WHERE b = 'gone'")

	r := scan(t, folder, person, phone, email, card, birthday)
	want(t, r, SQLite, "card", "name", "phone")
	if found := r.Of(File); !slices.Contains(found, "e-mail") {
		t.Errorf("what was deleted isn't found in the raw bytes: %q", found)
	}
	if info, err := os.Stat(filepath.Join(folder, "read.db-wal")); err != nil || info.Size() == 0 {
		t.Error("the scan took the log away from under the database")
	}
}

type compression func(t *testing.T, data []byte) []byte

func gzipped(t *testing.T, data []byte) []byte {
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	_, err := w.Write(data)
	try(t, err)
	try(t, w.Close())
	return out.Bytes()
}

func zlibbed(t *testing.T, data []byte) []byte {
	var out bytes.Buffer
	w := zlib.NewWriter(&out)
	_, err := w.Write(data)
	try(t, err)
	try(t, w.Close())
	return out.Bytes()
}

func snappied(_ *testing.T, data []byte) []byte { return snappy.Encode(nil, data) }

func streamed(t *testing.T, data []byte) []byte {
	var out bytes.Buffer
	w := snappy.NewBufferedWriter(&out)
	_, err := w.Write(data)
	try(t, err)
	try(t, w.Close())
	return out.Bytes()
}

// compressedWith compresses a canary such that it doesn't stand in the result.
func compressedWith(t *testing.T, c compression, of Canary) []byte {
	t.Helper()
	out := c(t, append(filler(of), of.Value...))
	if bytes.Contains(out, []byte(of.Value)) {
		t.Fatal("the compressed bytes show the canary")
	}
	return out
}

func TestFindsWhatIsCompressedAndNested(t *testing.T) {
	s := newScanner(t, phone)
	for name, data := range map[string][]byte{
		"gzip": compressedWith(t, gzipped, phone), "zlib": compressedWith(t, zlibbed, phone), "snappy": compressedWith(t, snappied, phone),
		"a snappy stream":          compressedWith(t, streamed, phone),
		"gzip in the middle":       append([]byte("before"), append(compressedWith(t, gzipped, phone), "after"...)...),
		"gzip that is cut":         compressedWith(t, gzipped, phone)[:len(compressedWith(t, gzipped, phone))-4],
		"gzip in base64 in base64": []byte(base64.StdEncoding.EncodeToString([]byte(base64.RawURLEncoding.EncodeToString(compressedWith(t, gzipped, phone))))),
		"hex in base64 after text": []byte("token" + base64.StdEncoding.EncodeToString([]byte("xx"+hex.EncodeToString(compressedWith(t, zlibbed, phone))))),
	} {
		s.Bytes(name, data)
		if found := s.Report().Of(Bytes); !slices.Equal(found, []string{"phone"}) {
			t.Errorf("%s: found %q", name, found)
		}
	}
}

func TestFindsWhatTwoPiecesOfAFileShareAndFileNames(t *testing.T) {
	folder := t.TempDir()
	file := append(bytes.Repeat([]byte("."), pieceLen-7), card.Value...)
	try(t, os.WriteFile(filepath.Join(folder, "metrics.txt"), append(file, bytes.Repeat([]byte("."), pieceLen)...), 0o600))
	try(t, os.WriteFile(filepath.Join(folder, "sms-447700900461.json"), []byte("{}"), 0o600))
	try(t, os.WriteFile(filepath.Join(folder, "skipped"), []byte(email.Value), 0o600))
	s := newScanner(t, card, phone, email)
	s.Tree(folder, func(path string) bool { return filepath.Base(path) == "skipped" })
	want(t, s.Report(), File, "card", "phone")
}

// TestReportsWhatItCannotOpen: a store that can't be read must not pass for one without findings.
func TestReportsWhatItCannotOpen(t *testing.T) {
	folder := t.TempDir()
	level := filepath.Join(folder, "level")
	db, err := leveldb.OpenFile(level, nil)
	try(t, err)
	try(t, db.Put([]byte("a"), []byte("b"), nil))
	try(t, db.CompactRange(util.Range{}))
	try(t, db.Close())
	tables, err := filepath.Glob(filepath.Join(level, "*.ldb"))
	try(t, errors.Join(err, os.Truncate(tables[0], 30)))
	try(t, os.WriteFile(filepath.Join(folder, "blockfile_000000"), []byte{0xff, 0x01, 0x02}, 0o600))
	try(t, os.WriteFile(filepath.Join(folder, "0.wal"), []byte{0xff, 0, 0, 0, 0, 0, 0, 0, 1}, 0o600))
	try(t, os.WriteFile(filepath.Join(folder, "broken.db"), append(slices.Clone(sqliteMark), 1, 2, 3), 0o600))
	s := newScanner(t, card)
	s.Tree(folder, nil)
	s.Tree(filepath.Join(folder, "missing"), nil)
	if faults := s.Report().Faults; len(faults) != 5 {
		t.Errorf("faults: %v", faults)
	}
}
