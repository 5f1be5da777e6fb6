package rundir

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/tallystick/tallystick/network/failure"
)

func TestOnlyMarkedFoldersAreDeleted(t *testing.T) {
	precious := t.TempDir()
	if err := os.WriteFile(filepath.Join(precious, "thesis"), nil, PrivateMode); err != nil {
		t.Fatal(err)
	}
	dir, err := At(precious)
	if err != nil {
		t.Fatal(err)
	}
	if err := dir.Remove(); failure.CodeOf(err) != failure.RunDirectory {
		t.Errorf("Remove of a foreign folder: %v", err)
	}
	if err := dir.Create(); failure.CodeOf(err) != failure.RunDirectory {
		t.Errorf("Create in a foreign folder: %v", err)
	}
	if _, err := os.Stat(filepath.Join(precious, "thesis")); err != nil {
		t.Error("the foreign folder was touched")
	}
}

func TestCreatedFolderIsDeletedWhole(t *testing.T) {
	dir, err := At(filepath.Join(t.TempDir(), "run"))
	if err != nil {
		t.Fatal(err)
	}
	if err := dir.Create(); err != nil {
		t.Fatal(err)
	}
	if err := dir.Write(dir.Log("peer0.airline"), []byte("x"), PrivateMode); err != nil {
		t.Fatal(err)
	}
	if err := dir.Remove(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(dir.Root); !os.IsNotExist(err) {
		t.Error("something is left")
	}
	if err := dir.Remove(); err != nil {
		t.Errorf("Remove of nothing: %v", err)
	}
}

func TestPathsThatBreakConfigurationFilesAreRefused(t *testing.T) {
	if _, err := At(`/tmp/say "hello"`); failure.CodeOf(err) != failure.RunDirectory {
		t.Fatalf("got %v", err)
	}
}
