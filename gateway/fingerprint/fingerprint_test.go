package fingerprint

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
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

func TestAClaimIsOfOneReceiptAndTellsNothingOfItsNaturalID(t *testing.T) {
	h := hasher(t, "airline", 1)
	claim := h.Claim("m", "s", "t", "r")
	if len(claim) != 64 || strings.Trim(claim, "0123456789abcdef") != "" {
		t.Errorf("the claim is %q", claim)
	}
	if claim != h.Claim("m", "s", "t", "r") {
		t.Error("the same receipt has two claims")
	}
	others := map[string]string{
		"another merchant": h.Claim("x", "s", "t", "r"), "another store": h.Claim("m", "x", "t", "r"), "another terminal": h.Claim("m", "s", "x", "r"),
		"another number": h.Claim("m", "s", "t", "x"), "a shifted border": h.Claim("m", "st", "", "r"), "another secret": hasher(t, "airline", 2).Claim("m", "s", "t", "r"),
	}
	for _, kind := range points.Kinds() {
		others["the natural id of "+string(kind)] = h.Natural(kind, &points.Details{Merchant: "m", Store: "s", Terminal: "t", Reference: "r"})
	}
	for name, other := range others {
		if other == claim {
			t.Errorf("%s has the same hash", name)
		}
	}
}

func TestWithoutItsSourceThereIsNoHash(t *testing.T) {
	h := hasher(t, "airline", 1)
	if h.Natural(points.KindEarn, &points.Details{Store: "s"})+h.Opening("")+h.Idempotency("till", "")+h.Lookup("")+h.Claim("m", "s", "t", "") != "" {
		t.Error("a hash of nothing would make strangers meet")
	}
}

func TestAMandateIDHasTheLedgersForm(t *testing.T) {
	if id := hasher(t, "airline", 1).MandateID("op"); len(id) != 32 || strings.Trim(id, "0123456789abcdef") != "" {
		t.Errorf("the id is %q", id)
	}
}

func TestAClaimCodeIsOneCallersForOneKey(t *testing.T) {
	h := hasher(t, "airline", 1)
	code := h.ClaimCode("till", "key-1")
	if raw, err := base64.RawURLEncoding.DecodeString(code); err != nil || len(raw) != claimCodeLength {
		t.Errorf("the code is %q", code)
	}
	if code != h.ClaimCode("till", "key-1") {
		t.Error("sent again, the gift has another code")
	}
	for name, other := range map[string]string{
		"another caller": h.ClaimCode("other", "key-1"), "another key": h.ClaimCode("till", "key-2"), "a shifted border": h.ClaimCode("tillk", "ey-1"),
		"another secret": hasher(t, "airline", 2).ClaimCode("till", "key-1"), "another member": hasher(t, "hotel", 1).ClaimCode("till", "key-1"),
	} {
		if other == code {
			t.Errorf("%s has the same code", name)
		}
	}
	public, err := hex.DecodeString(h.Idempotency("till", "key-1"))
	if err != nil || base64.RawURLEncoding.EncodeToString(public[:claimCodeLength]) == code {
		t.Errorf("the code follows from what others see: %v", err)
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
