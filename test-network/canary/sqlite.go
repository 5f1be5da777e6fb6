package canary

import (
	"bytes"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	_ "github.com/mattn/go-sqlite3" // The driver.
)

var sqliteMark = []byte("SQLite format 3\x00")

func isSQLite(path string) bool {
	f, err := os.Open(path)
	if err != nil {
		return false
	}
	defer func() { _ = f.Close() }()
	head := make([]byte, len(sqliteMark))
	_, err = io.ReadFull(f, head)
	return err == nil && bytes.Equal(head, sqliteMark)
}

// database reads every column of every row of every table of a copy, with what its WAL holds. The raw bytes of the file and of the WAL are searched apart from that:
// there are what was deleted, and pages that were written again.
func (s *Scanner) database(path string) (err error) {
	scratch, err := os.MkdirTemp("", "canary-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(scratch)) }()
	copied := filepath.Join(scratch, "copy")
	for _, suffix := range []string{"", "-wal", "-journal"} {
		if err := copyFile(copied+suffix, path+suffix); err != nil && (suffix == "" || !errors.Is(err, fs.ErrNotExist)) {
			return err
		}
	}
	return Rows(copied, func(table, column string, row int, value []byte) {
		s.value(SQLite, fmt.Sprintf("%s table %s row %d column %s", path, table, row, column), value)
	})
}

// Rows calls use with every column of every row of a SQLite database, indexes and the schema's own table included, as bytes. The file may be written to: what its WAL holds is
// taken in.
func Rows(path string, use func(table, column string, row int, value []byte)) (err error) {
	u := url.URL{Scheme: "file", Opaque: (&url.URL{Path: path}).EscapedPath()}
	db, err := sql.Open("sqlite3", u.String())
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	tables, err := names(db)
	if err != nil {
		return err
	}
	for _, table := range append(tables, "sqlite_master") {
		if err := columns(db, table, use); err != nil {
			return fmt.Errorf("table %s: %w", table, err)
		}
	}
	return nil
}

func names(db *sql.DB) (tables []string, err error) {
	rows, err := db.Query("SELECT name FROM sqlite_master WHERE type = 'table'")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			return nil, err
		}
		tables = append(tables, name)
	}
	return tables, rows.Err()
}

func columns(db *sql.DB, table string, use func(table, column string, row int, value []byte)) (err error) {
	rows, err := db.Query(`SELECT * FROM "` + strings.ReplaceAll(table, `"`, `""`) + `"`)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	titles, err := rows.Columns()
	if err != nil {
		return err
	}
	values, targets := make([]sql.RawBytes, len(titles)), make([]any, len(titles))
	for i := range values {
		targets[i] = &values[i]
	}
	for n := 0; rows.Next(); n++ {
		if err := rows.Scan(targets...); err != nil {
			return err
		}
		for i, value := range values {
			use(table, titles[i], n, value)
		}
	}
	return rows.Err()
}

func copyFile(to, from string) (err error) {
	source, err := os.Open(from)
	if err != nil {
		return err
	}
	defer func() { _ = source.Close() }()
	target, err := os.OpenFile(to, os.O_CREATE|os.O_WRONLY|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, target.Close()) }()
	_, err = io.Copy(target, source)
	return err
}
