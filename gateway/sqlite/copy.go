package sqlite

import (
	"context"
	"errors"
	"os"

	"github.com/tallystick/tallystick/chaincode/fault"
)

// Copy writes what a database holds at this moment into a new file of its owner's alone, also beside the process that owns the database. Unlike a copy of the file it has nothing of
// deleted rows in it. NOT_FOUND when there is no database, ALREADY_EXISTS when there is a file at target.
func Copy(ctx context.Context, path, target string) (err error) {
	if _, err := os.Stat(path); err != nil {
		return fault.New(fault.NotFound, "there is no database at %s", path)
	}
	file, err := os.OpenFile(target, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if errors.Is(err, os.ErrExist) {
		return fault.New(fault.AlreadyExists, "there is a file at %s: a copy takes nothing's place", target)
	}
	if err != nil {
		return fault.New(fault.InvalidValue, "the copy can't be written: %v", err)
	}
	if err := file.Close(); err != nil {
		return fault.New(fault.Internal, "the copy can't be written: %v", err)
	}
	db := Connect(path, "")
	_, err = db.ExecContext(ctx, "VACUUM INTO ?", target)
	if err = errors.Join(err, db.Close()); err != nil {
		return errors.Join(fault.New(fault.Internal, "the database can't be copied: %v", err), os.Remove(target))
	}
	return synced(target)
}

// synced has a file's bytes on the disk.
func synced(path string) error {
	file, err := os.Open(path)
	if err != nil {
		return fault.New(fault.Internal, "the copy can't be read: %v", err)
	}
	if err := errors.Join(file.Sync(), file.Close()); err != nil {
		return fault.New(fault.Internal, "the copy isn't on the disk: %v", err)
	}
	return nil
}
