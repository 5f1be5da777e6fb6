package store

import (
	"context"
	"embed"
	"io/fs"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/gateway/sqlite"
)

// Page caches of one connection, in KiB.
const (
	writerCache = 16 << 10
	readerCache = 4 << 10
)

//go:embed migrations/*.sql
var migrations embed.FS

// pragmas are this database's own: what is deleted is overwritten, and rows that belong together go together.
var pragmas = []string{"PRAGMA secure_delete = ON", "PRAGMA foreign_keys = ON"}

// Open opens or creates people.db at path, brings its schema up to date and starts its writer. It belongs to one process at a time: a second one gets NOT_READY.
func Open(ctx context.Context, path string) (*sqlite.DB, error) {
	settings, err := settings()
	if err != nil {
		return nil, err
	}
	return sqlite.Open(ctx, path, settings)
}

// OpenReadOnly opens an existing people.db beside the gateway that owns it, for a tool that only looks.
func OpenReadOnly(path string) (*sqlite.DB, error) {
	settings, err := settings()
	if err != nil {
		return nil, err
	}
	return sqlite.OpenReadOnly(path, settings)
}

func settings() (sqlite.Settings, error) {
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return sqlite.Settings{}, fault.New(fault.Internal, "the schema of people.db: %v", err)
	}
	return sqlite.Settings{Migrations: files, WriterCache: writerCache, ReaderCache: readerCache, Pragmas: pragmas}, nil
}
