package keyring

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/tallystick/tallystick/chaincode/fault"
)

func draw(t *testing.T, folder string, want int) {
	t.Helper()
	if version, err := Draw(folder); err != nil || version != want {
		t.Fatalf("drew version %d, want %d: %v", version, want, err)
	}
}

func TestTheHighestVersionIsInUseAndOlderOnesAreKept(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "keys")
	for version := 1; version <= 11; version++ {
		draw(t, folder, version)
	}
	r, err := Open(folder)
	if err != nil {
		t.Fatal(err)
	}
	version, newest := r.Newest()
	oldest, there := r.Key(1)
	if version != 11 || len(newest) != KeySize || !there || len(oldest) != KeySize || bytes.Equal(newest, oldest) {
		t.Errorf("newest is %d, %d bytes; the first is %d bytes", version, len(newest), len(oldest))
	}
	if _, there := r.Key(12); there {
		t.Error("there is a key that nobody drew")
	}
	draw(t, folder, 12)
	if err := r.Reload(); err != nil {
		t.Fatal(err)
	}
	if version, _ := r.Newest(); version != 12 || !slices.IsSortedFunc(r.Versions(), func(a, b int) int { return b - a }) {
		t.Errorf("after drawing another one the newest is %d of %v", version, r.Versions())
	}
}

func TestAKeyIsDeletedUnlessItIsTheNewest(t *testing.T) {
	folder := t.TempDir()
	draw(t, folder, 1)
	draw(t, folder, 2)
	if err := Delete(folder, 2); fault.CodeOf(err) != fault.InvalidValue {
		t.Errorf("deleting the newest: %v", err)
	}
	if err := Delete(folder, 1); err != nil {
		t.Error(err)
	}
	if err := Delete(folder, 1); fault.CodeOf(err) != fault.NotFound {
		t.Errorf("deleting it again: %v", err)
	}
	if r, err := Open(folder); err != nil || !slices.Equal(r.Versions(), []int{2}) {
		t.Errorf("left are %v, %v", r, err)
	}
}

func TestAFolderThatIsNotWholeIsRefused(t *testing.T) {
	for name, content := range map[string]string{"": "", "1.key": "cut off", "01.key": strings.Repeat("0", 64), "0.key": strings.Repeat("0", 64), "x.key": strings.Repeat("0", 64), "2.key": strings.Repeat("0", 66)} {
		folder := t.TempDir()
		if name != "" {
			if err := os.WriteFile(filepath.Join(folder, name), []byte(content), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := Open(folder); fault.CodeOf(err) != fault.InvalidValue || strings.Contains(err.Error(), content) && content != "" {
			t.Errorf("%q: %v", name, err)
		}
	}
}

func TestADeletedKeyStaysKnownToTheProcessThatHadIt(t *testing.T) {
	folder := t.TempDir()
	draw(t, folder, 1)
	r, err := Open(folder)
	if err != nil {
		t.Fatal(err)
	}
	draw(t, folder, 2)
	if err := Delete(folder, 1); err != nil {
		t.Fatal(err)
	}
	if err := r.Reload(); err != nil {
		t.Fatal(err)
	}
	if _, there := r.Key(1); !there {
		t.Error("what was begun with the key can't be ended")
	}
	if version, _ := r.Newest(); version != 2 {
		t.Errorf("the newest is %d", version)
	}
}

func TestAReloadThatFailsChangesNothing(t *testing.T) {
	folder := t.TempDir()
	draw(t, folder, 1)
	r, err := Open(folder)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(folder, "2.key"), []byte("0"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := r.Reload(); fault.CodeOf(err) != fault.InvalidValue {
		t.Errorf("got %v", err)
	}
	if version, _ := r.Newest(); version != 1 {
		t.Errorf("the newest is %d", version)
	}
}

func TestAKeyThatOthersCanReadOrWriteIsRefused(t *testing.T) {
	for _, mode := range []os.FileMode{0o640, 0o604, 0o620, 0o602, 0o610, 0o644, 0o666, 0o777} {
		folder := t.TempDir()
		draw(t, folder, 1)
		draw(t, folder, 2)
		if err := os.Chmod(filepath.Join(folder, "1.key"), mode); err != nil {
			t.Fatal(err)
		}
		if _, err := Open(folder); fault.CodeOf(err) != fault.KeyExposed {
			t.Errorf("%o: %v", mode, err)
		}
	}
	for _, mode := range []os.FileMode{0o600, 0o400, 0o700} {
		folder := t.TempDir()
		draw(t, folder, 1)
		if err := os.Chmod(filepath.Join(folder, "1.key"), mode); err != nil {
			t.Fatal(err)
		}
		if _, err := Open(folder); err != nil {
			t.Errorf("%o: %v", mode, err)
		}
	}
}

func TestAKeyThatBecomesReadableIsNoticedAndChangesNothing(t *testing.T) {
	folder := t.TempDir()
	draw(t, folder, 1)
	r, err := Open(folder)
	if err != nil {
		t.Fatal(err)
	}
	draw(t, folder, 2)
	if err := os.Chmod(filepath.Join(folder, "2.key"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := r.Reload(); fault.CodeOf(err) != fault.KeyExposed {
		t.Errorf("got %v", err)
	}
	if version, _ := r.Newest(); version != 1 {
		t.Errorf("the newest is %d", version)
	}
}

// TestKeysComeFromTheServicesCredentials has files as systemd makes them of LoadCredential=master:/a/folder and of another credential beside it.
func TestKeysComeFromTheServicesCredentials(t *testing.T) {
	source, folder := t.TempDir(), t.TempDir()
	for version := 1; version <= 2; version++ {
		draw(t, source, version)
		name := strconv.Itoa(version) + ".key"
		raw, err := os.ReadFile(filepath.Join(source, name))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(folder, "master_"+name), raw, 0o400); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(filepath.Join(folder, "master_"+name), 0o440); err != nil { // What an access control list looks like.
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(folder, "index_7.key"), []byte(strings.Repeat("0", 64)), 0o400); err != nil {
		t.Fatal(err)
	}
	if _, err := Open("credential:master"); fault.CodeOf(err) != fault.InvalidValue {
		t.Errorf("without credentials: %v", err)
	}
	t.Setenv(CredentialsVariable, folder)
	r, err := Open("credential:master")
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(r.Versions(), []int{2, 1}) {
		t.Errorf("versions are %v", r.Versions())
	}
	if _, err := Open("credential:other"); fault.CodeOf(err) != fault.InvalidValue {
		t.Errorf("a credential that there isn't: %v", err)
	}
	if _, err := Draw("credential:master"); fault.CodeOf(err) != fault.ReadOnly {
		t.Errorf("drawing: %v", err)
	}
	if err := Delete("credential:master", 1); fault.CodeOf(err) != fault.ReadOnly {
		t.Errorf("deleting: %v", err)
	}
	if err := os.Chmod(filepath.Join(folder, "master_1.key"), 0o444); err != nil {
		t.Fatal(err)
	}
	if _, err := Open("credential:master"); fault.CodeOf(err) != fault.KeyExposed {
		t.Errorf("a credential that everybody can read: %v", err)
	}
}
