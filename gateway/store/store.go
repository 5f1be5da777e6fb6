package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"syscall"

	"github.com/mattn/go-sqlite3"
	"github.com/pressly/goose/v3"

	"github.com/tallystick/tallystick/chaincode/fault"
)

// maxReaders is how many queries run at the same time beside the writer.
const maxReaders = 8

// Page caches of one connection, in KiB. The writer touches random places of the indexes; readers look at single rows.
const (
	writerCache = 64 << 10
	readerCache = 16 << 10
)

//go:embed migrations/*.sql
var migrations embed.FS

// Store is one gateway's open database. All methods may be called from several goroutines.
type Store struct {
	reader *sql.DB
	writer *writer
	lock   *os.File
	once   sync.Once
}

// Open opens or creates the database at path, brings its schema up to date and starts the writer. The database belongs to one process at a time:
// a second one gets NOT_READY. Anything else that goes wrong is INTERNAL and names the file.
func Open(ctx context.Context, path string) (*Store, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, fault.New(fault.Internal, "the database's folder can't be made: %v", err)
	}
	lock, err := own(path)
	if err != nil {
		return nil, err
	}
	s, err := openOwned(ctx, path)
	if err != nil {
		return nil, errors.Join(err, lock.Close())
	}
	s.lock = lock
	return s, nil
}

func openOwned(ctx context.Context, path string) (*Store, error) {
	db := connect(path, "_txlock=immediate", cacheSize(writerCache))
	db.SetMaxOpenConns(1)
	if err := migrate(ctx, db); err != nil {
		return nil, errors.Join(fault.New(fault.Internal, "database %s: its schema can't be brought up to date: %v", path, err), db.Close())
	}
	w, err := newWriter(ctx, db)
	if err != nil {
		return nil, errors.Join(fault.New(fault.Internal, "database %s: %v", path, err), db.Close())
	}
	return &Store{reader: openReader(path), writer: w}, nil
}

// OpenReadOnly opens an existing database beside the process that owns it, for a tool that only looks. Write answers READ_ONLY.
func OpenReadOnly(path string) (*Store, error) {
	if _, err := os.Stat(path); err != nil {
		return nil, fault.New(fault.NotFound, "there is no database at %s", path)
	}
	return &Store{reader: openReader(path)}, nil
}

// Close ends the writer after what was handed to it, and closes the database. Later calls do nothing.
func (s *Store) Close() (err error) {
	s.once.Do(func() {
		if s.writer != nil {
			err = s.writer.close()
		}
		err = errors.Join(err, s.reader.Close())
		if s.lock != nil {
			err = errors.Join(err, s.lock.Close())
		}
	})
	return err
}

// Reader gives the connections for queries. They see every write whose Write has returned.
func (s *Store) Reader() *sql.DB { return s.reader }

// Write runs f in a transaction and returns when it is durable. Several calls share one commit; an error of f undoes only f's own changes and is
// returned as it is. f must not keep the Tx, must close its rows, and must not call Write. When ctx ends first, f may or may not have been committed.
func (s *Store) Write(ctx context.Context, f func(*Tx) error) error {
	if s.writer == nil {
		return fault.New(fault.ReadOnly, "the database was opened for reading only")
	}
	return s.writer.write(ctx, f)
}

func openReader(path string) *sql.DB {
	db := connect(path, "", cacheSize(readerCache), "PRAGMA query_only = 1")
	db.SetMaxOpenConns(maxReaders)
	db.SetMaxIdleConns(maxReaders)
	return db
}

// settings are made on every connection. Durability rests on WAL with synchronous FULL: every commit is on disk before it is reported. What SQLite needs
// aside stays in memory. The log is copied into the database every 16,000 pages (64 MB): the less often, the more changes of a page one copy serves.
var settings = []string{
	"PRAGMA busy_timeout = 10000",
	"PRAGMA journal_mode = WAL",
	"PRAGMA synchronous = FULL",
	"PRAGMA wal_autocheckpoint = 16000",
	"PRAGMA temp_store = MEMORY",
}

// connect opens the file with the settings and more of them.
func connect(path, options string, more ...string) *sql.DB {
	u := url.URL{Scheme: "file", Opaque: (&url.URL{Path: path}).EscapedPath(), RawQuery: options}
	return sql.OpenDB(connector{dsn: u.String(), driver: &sqlite3.SQLiteDriver{ConnectHook: func(c *sqlite3.SQLiteConn) error {
		for _, pragma := range slices.Concat(settings, more) {
			if _, err := c.Exec(pragma, nil); err != nil {
				return fmt.Errorf("%s: %w", pragma, err)
			}
		}
		return nil
	}}})
}

// connector opens connections of a driver that isn't registered under a name, since its settings are this database's own.
type connector struct {
	dsn    string
	driver *sqlite3.SQLiteDriver
}

func (c connector) Connect(context.Context) (driver.Conn, error) { return c.driver.Open(c.dsn) }

func (c connector) Driver() driver.Driver { return c.driver }

func cacheSize(kib int) string { return fmt.Sprintf("PRAGMA cache_size = -%d", kib) }

func migrate(ctx context.Context, db *sql.DB) error {
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return err
	}
	provider, err := goose.NewProvider(goose.DialectSQLite3, db, files)
	if err != nil {
		return err
	}
	_, err = provider.Up(ctx)
	return err
}

// own takes the advisory lock that keeps a second sequencer away from the same outbox. The kernel drops it with the process, also after kill -9.
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
