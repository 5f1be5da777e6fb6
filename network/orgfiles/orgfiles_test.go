package orgfiles

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tallystick/tallystick/network/failure"
	"github.com/tallystick/tallystick/network/membership"
)

const top = "../.."

func checkedIn(t *testing.T, file string) *membership.Membership {
	t.Helper()
	m, err := membership.Load(filepath.Join(top, file))
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestCheckedInFilesFollowFromTheMembership(t *testing.T) {
	if err := Check(top, checkedIn(t, "organizations/membership.yaml")); err != nil {
		t.Fatal(err)
	}
}

func TestChangedMissingAndLeftOverFilesAreStaleUntilWritten(t *testing.T) {
	folder := t.TempDir()
	four := checkedIn(t, "test-network/four-brands.yaml")
	three := checkedIn(t, "organizations/membership.yaml")
	if _, err := Write(folder, four); err != nil {
		t.Fatal(err)
	}
	if err := Check(folder, four); err != nil {
		t.Fatal(err)
	}
	own := filepath.Join(folder, "organizations", "airline", "notes.md")
	if err := os.WriteFile(own, []byte("kept"), 0o600); err != nil {
		t.Fatal(err)
	}
	err := Check(folder, three)
	if failure.CodeOf(err) != failure.Stale {
		t.Fatalf("got %v", err)
	}
	for _, path := range []string{"collections/points-cinema.json", "organizations/cinema/gateway.yaml", "collections/clearing.json"} {
		if !strings.Contains(err.Error(), path) {
			t.Errorf("%s isn't named: %v", path, err)
		}
	}
	if _, err := Write(folder, three); err != nil {
		t.Fatal(err)
	}
	if err := Check(folder, three); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(own); err != nil {
		t.Error("a file that isn't generated was deleted")
	}
}

func TestNoGeneratedFileHoldsASecretOrAPathOfThisMachine(t *testing.T) {
	files, err := Render(checkedIn(t, "organizations/membership.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	here, err := filepath.Abs(top)
	if err != nil {
		t.Fatal(err)
	}
	for path, data := range files {
		text := string(data)
		if strings.Contains(text, "PRIVATE KEY") || strings.Contains(text, here) {
			t.Errorf("%s holds a key or a path of this machine", path)
		}
		if strings.Count(text, "pass:") != strings.Count(text, `pass: ""`) {
			t.Errorf("%s holds a password", path)
		}
	}
}
