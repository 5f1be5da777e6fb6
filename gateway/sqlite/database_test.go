package sqlite

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/fstest"

	"go.uber.org/goleak"

	"github.com/tallystick/tallystick/chaincode/fault"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var schema = Settings{
	Migrations:  fstest.MapFS{"0001_words.sql": {Data: []byte("-- +goose Up\nCREATE TABLE words (word TEXT NOT NULL);\n-- +goose Down\nDROP TABLE words;\n")}},
	WriterCache: 1024, ReaderCache: 1024, Pragmas: []string{"PRAGMA secure_delete = ON"},
}

func open(t *testing.T) (*DB, string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "words.db")
	db, err := Open(context.Background(), path, schema)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db, path
}

func count(t *testing.T, db *DB) int {
	t.Helper()
	var n int
	if err := db.Reader().QueryRow(`SELECT COUNT(*) FROM words`).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

func insert(word string) func(*Tx) error {
	return func(tx *Tx) error {
		_, err := tx.Exec(`INSERT INTO words (word) VALUES (?)`, word)
		return err
	}
}

func TestAFailedWriteUndoesItselfAloneInItsGroup(t *testing.T) {
	db, _ := open(t)
	failure := errors.New("changed my mind")
	hold, holding := make(chan struct{}), make(chan struct{})
	var running sync.WaitGroup
	running.Go(func() { // Keeps the writer busy, so that what follows shares one commit.
		_ = db.Write(context.Background(), func(*Tx) error { close(holding); <-hold; return nil })
	})
	<-holding
	results := make([]error, 20)
	for i := range results {
		running.Go(func() {
			results[i] = db.Write(context.Background(), func(tx *Tx) error {
				if err := insert(fmt.Sprint(i))(tx); err != nil || i%2 == 0 {
					return err
				}
				return failure
			})
		})
	}
	for len(db.writer.requests) < len(results) {
	}
	close(hold)
	running.Wait()
	for i, err := range results {
		if want := i%2 == 1; errors.Is(err, failure) != want || !want && err != nil {
			t.Errorf("write %d returned %v", i, err)
		}
	}
	if n := count(t, db); n != 10 {
		t.Errorf("%d rows are there, want 10", n)
	}
}

func TestWhatFollowsAWriteComesAfterItsCommitOrNever(t *testing.T) {
	db, _ := open(t)
	var seen []int
	note := func(tx *Tx) { tx.After(func() { seen = append(seen, count(t, db)) }) }
	_ = db.Write(context.Background(), func(tx *Tx) error { note(tx); return errors.New("undone") })
	err := db.Write(context.Background(), func(tx *Tx) error {
		note(tx)
		if err := tx.Try(func() error { note(tx); return insert("tried")(tx) }); err != nil {
			return err
		}
		return insert("kept")(tx)
	})
	if err != nil || !slices.Equal(seen, []int{1}) {
		t.Errorf("%v, %v", seen, err)
	}
}

func TestADatabaseBelongsToOneProcess(t *testing.T) {
	_, path := open(t)
	if _, err := Open(context.Background(), path, schema); fault.CodeOf(err) != fault.NotReady {
		t.Errorf("a second owner got %v", err)
	}
	tool, err := OpenReadOnly(path, schema)
	if err != nil {
		t.Fatal(err)
	}
	defer tool.Close()
	if err := tool.Write(context.Background(), insert("x")); fault.CodeOf(err) != fault.ReadOnly {
		t.Errorf("a tool that only looks could write: %v", err)
	}
	if _, err := tool.Reader().Exec(`DELETE FROM words`); err == nil {
		t.Error("a reader's connection could write")
	}
	if _, err := OpenReadOnly(path+".none", schema); fault.CodeOf(err) != fault.NotFound {
		t.Errorf("a database that isn't there: %v", err)
	}
}

func TestADatabaseIsItsOwnersAlone(t *testing.T) {
	db, path := open(t)
	if err := db.Write(context.Background(), insert("x")); err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(path + "*")
	if err != nil || len(files) < 3 {
		t.Fatal(files, err)
	}
	for _, file := range files {
		if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v, %v", file, info.Mode(), err)
		}
	}
}

func TestAClosedDatabaseSaysSo(t *testing.T) {
	db, _ := open(t)
	if err := errors.Join(db.Close(), db.Close()); err != nil {
		t.Fatal(err)
	}
	if err := db.Write(context.Background(), insert("x")); fault.CodeOf(err) != fault.NotReady {
		t.Errorf("got %v", err)
	}
}

// TestScrubbingLeavesNothingOfDeletedRows deletes rows among many, so that pages are rebuilt, and looks for them in every byte of the files.
func TestScrubbingLeavesNothingOfDeletedRows(t *testing.T) {
	db, path := open(t)
	const canary = "a word that must go"
	if err := db.Write(context.Background(), func(tx *Tx) error {
		for range 500 {
			for _, word := range []string{canary, strings.Repeat("stays ", 40)} {
				if err := insert(word)(tx); err != nil {
					return err
				}
			}
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	if !inFiles(t, path, canary) {
		t.Fatal("the word isn't found where it stands")
	}
	if err := db.Write(context.Background(), func(tx *Tx) error {
		_, err := tx.Exec(`DELETE FROM words WHERE word = ?`, canary)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	if err := db.Scrub(context.Background()); err != nil {
		t.Fatal(err)
	}
	if inFiles(t, path, canary) {
		t.Error("the deleted word is still in the files")
	}
	if n := count(t, db); n != 500 {
		t.Errorf("%d rows are left, want 500", n)
	}
	if err := db.Write(context.Background(), insert("more")); err != nil {
		t.Error(err)
	}
}

func inFiles(t *testing.T, path, text string) bool {
	t.Helper()
	files, err := filepath.Glob(path + "*")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if bytes.Contains(raw, []byte(text)) {
			return true
		}
	}
	return false
}

func TestACopyHasWhatWasCommittedAndIsItsOwnersAlone(t *testing.T) {
	db, path := open(t)
	ctx := t.Context()
	if err := db.Write(ctx, insert("kept")); err != nil {
		t.Fatal(err)
	}
	target := filepath.Join(t.TempDir(), "copy.db")
	if err := Copy(ctx, path, target); err != nil {
		t.Fatal(err)
	}
	about, err := os.Stat(target)
	if err != nil || about.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", about.Mode(), err)
	}
	raw, err := os.ReadFile(target)
	if err != nil || !bytes.Contains(raw, []byte("kept")) {
		t.Errorf("the copy hasn't what was written: %v", err)
	}
	if err := Copy(ctx, path, target); fault.CodeOf(err) != fault.AlreadyExists {
		t.Errorf("over another file: %v", err)
	}
	if err := Copy(ctx, path+"-none", target+"-2"); fault.CodeOf(err) != fault.NotFound {
		t.Errorf("of nothing: %v", err)
	}
}
