package fingerprint

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/points"
)

func hasher(t *testing.T, member string, secret byte) *Hasher {
	t.Helper()
	h, err := New(member, bytes.Repeat([]byte{secret}, SecretLength))
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func TestEveryPartOfANaturalIDCounts(t *testing.T) {
	h := hasher(t, "airline", 1)
	base := points.Details{Merchant: "m", Store: "s", Terminal: "t", Reference: "r"}
	seen := map[string]string{h.Natural(points.KindEarn, &base): "the first"}
	add := func(name, hash string) {
		if other, there := seen[hash]; there {
			t.Errorf("%s has the hash of %s", name, other)
		}
		seen[hash] = name
	}
	add("another kind", h.Natural(points.KindReturn, &base))
	for name, d := range map[string]points.Details{
		"another merchant": {Merchant: "x", Store: "s", Terminal: "t", Reference: "r"}, "another store": {Merchant: "m", Store: "x", Terminal: "t", Reference: "r"},
		"another terminal": {Merchant: "m", Store: "s", Terminal: "x", Reference: "r"}, "another number": {Merchant: "m", Store: "s", Terminal: "t", Reference: "x"},
		"a shifted border": {Merchant: "m", Store: "st", Terminal: "", Reference: "r"},
	} {
		add(name, h.Natural(points.KindEarn, &d))
	}
	add("another secret", hasher(t, "airline", 2).Natural(points.KindEarn, &base))
	add("another member", hasher(t, "hotel", 1).Natural(points.KindEarn, &base))
	add("another purpose", h.Idempotency("m", "s"))
	add("an opening", h.Opening("m"))
	add("a lookup", h.Lookup("m"))
}

func TestWithoutItsSourceThereIsNoHash(t *testing.T) {
	h := hasher(t, "airline", 1)
	if h.Natural(points.KindEarn, &points.Details{Store: "s"})+h.Opening("")+h.Idempotency("till", "")+h.Lookup("") != "" {
		t.Error("a hash of nothing would make strangers meet")
	}
}

func TestAMandateIDHasTheLedgersForm(t *testing.T) {
	if id := hasher(t, "airline", 1).MandateID("op"); len(id) != 32 || strings.Trim(id, "0123456789abcdef") != "" {
		t.Errorf("the id is %q", id)
	}
}

func TestASecretIsReadFromItsFile(t *testing.T) {
	dir := t.TempDir()
	write := func(text string) string {
		file := filepath.Join(dir, "secret")
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return file
	}
	h, err := Load("airline", write(strings.Repeat("01", SecretLength)+"\n"))
	if err != nil {
		t.Fatal(err)
	}
	if h.Lookup("x") != hasher(t, "airline", 1).Lookup("x") {
		t.Error("the secret isn't the file's")
	}
	for _, text := range []string{"", "zz", strings.Repeat("01", SecretLength-1)} {
		if _, err := Load("airline", write(text)); fault.CodeOf(err) != fault.InvalidValue {
			t.Errorf("%q: %v", text, err)
		}
	}
	if _, err := Load("airline", filepath.Join(dir, "none")); fault.CodeOf(err) != fault.InvalidValue {
		t.Errorf("a missing file: %v", err)
	}
}
