package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"syscall"

	"github.com/pressly/goose/v3"

	"github.com/tallystick/tallystick/chaincode/fault"
)

// maxReaders is how many queries run at the same time beside the writer.
const maxReaders = 8

// Settings say what is particular to one database.
type Settings struct {
	Migrations  fs.FS    // Goose's SQL files in its root, numbered from 1.
	WriterCache int      // Page cache of the writing connection, in KiB.
	ReaderCache int      // Page cache of each reading connection, in KiB.
	Pragmas     []string // Made on every connection after those of all databases: secure_delete = ON.
}

// DB is one open database. All methods may be called from several goroutines.
type DB struct {
	reader *sql.DB
	writer *writer
	lock   *os.File
	once   sync.Once
}

// Open opens or creates the database at path, brings its schema up to date and starts the writer. The database belongs to one process at a time:
// a second one gets NOT_READY. Anything else that goes wrong is INTERNAL and names the file.
func Open(ctx context.Context, path string, settings Settings) (*DB, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, fault.New(fault.Internal, "the database's folder can't be made: %v", err)
	}
	lock, err := own(path)
	if err != nil {
		return nil, err
	}
	if err := private(path); err != nil {
		return nil, errors.Join(err, lock.Close())
	}
	db, err := openOwned(ctx, path, settings)
	if err != nil {
		return nil, errors.Join(err, lock.Close())
	}
	db.lock = lock
	return db, nil
}

func openOwned(ctx context.Context, path string, settings Settings) (*DB, error) {
	db := Connect(path, "_txlock=immediate", append([]string{cacheSize(settings.WriterCache)}, settings.Pragmas...)...)
	db.SetMaxOpenConns(1)
	if err := migrate(ctx, db, settings.Migrations); err != nil {
		return nil, errors.Join(fault.New(fault.Internal, "database %s: its schema can't be brought up to date: %v", path, err), db.Close())
	}
	w, err := newWriter(ctx, db)
	if err != nil {
		return nil, errors.Join(fault.New(fault.Internal, "database %s: %v", path, err), db.Close())
	}
	return &DB{reader: openReader(path, settings), writer: w}, nil
}

// OpenReadOnly opens an existing database beside the process that owns it, for a tool that only looks. Write answers READ_ONLY.
func OpenReadOnly(path string, settings Settings) (*DB, error) {
	if _, err := os.Stat(path); err != nil {
		return nil, fault.New(fault.NotFound, "there is no database at %s", path)
	}
	return &DB{reader: openReader(path, settings)}, nil
}

// Close ends the writer after what was handed to it, and closes the database. Later calls do nothing.
func (d *DB) Close() (err error) {
	d.once.Do(func() {
		if d.writer != nil {
			err = d.writer.close()
		}
		err = errors.Join(err, d.reader.Close())
		if d.lock != nil {
			err = errors.Join(err, d.lock.Close())
		}
	})
	return err
}

// Reader gives the connections for queries. They see every write whose Write has returned.
func (d *DB) Reader() *sql.DB { return d.reader }

// ReadOnly says whether the database was opened for looking only.
func (d *DB) ReadOnly() bool { return d.writer == nil }

// Write runs f in a transaction and returns when it is durable. Several calls share one commit; an error of f undoes only f's own changes and is
// returned as it is. f must not keep the Tx, must close its rows, and must not call Write. When ctx ends first, f may or may not have been committed.
func (d *DB) Write(ctx context.Context, f func(*Tx) error) error {
	if d.writer == nil {
		return errReadOnly()
	}
	return d.writer.write(ctx, f)
}

// WriteAlone is Write for a function that changes many pages: it has a commit of its own, and needs no copies of pages for the case that it fails.
func (d *DB) WriteAlone(ctx context.Context, f func(*Tx) error) error {
	if d.writer == nil {
		return errReadOnly()
	}
	return d.writer.writeAlone(ctx, f)
}

// Scrub rewrites the database so that nothing of deleted rows stays in its file or its log: pages that were rebuilt can hold old rows between the live ones,
// also with secure_delete. It takes time in proportion to the database, and writes wait meanwhile.
func (d *DB) Scrub(ctx context.Context) error {
	if d.writer == nil {
		return errReadOnly()
	}
	return d.writer.writeBare(ctx, func(tx *Tx) error {
		if _, err := tx.Exec("VACUUM"); err != nil {
			return err
		}
		var busy, logged, copied int
		if _, err := tx.QueryRow("PRAGMA wal_checkpoint(TRUNCATE)", nil, &busy, &logged, &copied); err != nil {
			return err
		}
		if busy != 0 {
			return fault.New(fault.NotReady, "a query held up the scrubbing of the database's log: try again")
		}
		return nil
	})
}

func errReadOnly() error {
	return fault.New(fault.ReadOnly, "the database was opened for reading only")
}

func openReader(path string, settings Settings) *sql.DB {
	db := Connect(path, "", append([]string{cacheSize(settings.ReaderCache), "PRAGMA query_only = 1"}, settings.Pragmas...)...)
	db.SetMaxOpenConns(maxReaders)
	db.SetMaxIdleConns(maxReaders)
	return db
}

func migrate(ctx context.Context, db *sql.DB, files fs.FS) error {
	provider, err := goose.NewProvider(goose.DialectSQLite3, db, files)
	if err != nil {
		return err
	}
	_, err = provider.Up(ctx)
	return err
}

// private makes the file, where there is none, readable for its owner only; SQLite gives its log the same rights.
func private(path string) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return fault.New(fault.Internal, "the database can't be opened: %v", err)
	}
	return f.Close()
}

// own takes the advisory lock that keeps a second process away from the same database. The kernel drops it with the process, also after kill -9.
func own(path string) (*os.File, error) {
	f, err := os.OpenFile(path+".lock", os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fault.New(fault.Internal, "the database's lock can't be opened: %v", err)
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		return nil, errors.Join(fault.New(fault.NotReady, "another process has the database %s open: stop it first", path), f.Close())
	}
	return f, nil
}
