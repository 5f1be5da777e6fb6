package store

import (
	"context"
	"embed"
	"io/fs"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/gateway/sqlite"
)

// Page caches of one connection, in KiB. The writer touches random places of the indexes; readers look at single rows.
const (
	writerCache = 64 << 10
	readerCache = 16 << 10
)

//go:embed migrations/*.sql
var migrations embed.FS

// Store is one gateway's open database. All methods may be called from several goroutines.
type Store struct{ *sqlite.DB }

// Tx is the open write transaction that a Write's function works on.
type Tx = sqlite.Tx

// Open opens or creates the database at path, brings its schema up to date and starts the writer. The database belongs to one process at a time:
// a second one gets NOT_READY. Anything else that goes wrong is INTERNAL and names the file.
func Open(ctx context.Context, path string) (*Store, error) {
	settings, err := settings()
	if err != nil {
		return nil, err
	}
	db, err := sqlite.Open(ctx, path, settings)
	if err != nil {
		return nil, err
	}
	return &Store{db}, nil
}

// OpenReadOnly opens an existing database beside the process that owns it, for a tool that only looks. Write answers READ_ONLY.
func OpenReadOnly(path string) (*Store, error) {
	settings, err := settings()
	if err != nil {
		return nil, err
	}
	db, err := sqlite.OpenReadOnly(path, settings)
	if err != nil {
		return nil, err
	}
	return &Store{db}, nil
}

func settings() (sqlite.Settings, error) {
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return sqlite.Settings{}, fault.New(fault.Internal, "the database's schema: %v", err)
	}
	return sqlite.Settings{Migrations: files, WriterCache: writerCache, ReaderCache: readerCache}, nil
}

// storeError gives an error of the database the code INTERNAL; nil stays nil.
func storeError(err error) error { return sqlite.Failed(err) }
