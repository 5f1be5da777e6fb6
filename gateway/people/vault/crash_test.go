package vault_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/privacy"
	"github.com/tallystick/tallystick/gateway/people/vault"
	"github.com/tallystick/tallystick/gateway/people/vaulttest"
)

// crashes are the places at which the ledger's answer doesn't come: before it has the change, and after.
var crashes = map[string]func(*vaulttest.Ledger){
	"before the ledger has it": func(l *vaulttest.Ledger) { l.Before = vaulttest.Unavailable },
	"after the ledger has it":  func(l *vaulttest.Ledger) { l.After = vaulttest.Unavailable },
}

func heal(l *vaulttest.Ledger) { l.Before, l.After = nil, nil }

func TestAChangeWithoutAnAnswerIsEndedByTheNextProcess(t *testing.T) {
	for name, crash := range crashes {
		v := vaulttest.New(t)
		ctx := context.Background()
		ada := create(t, v, "name", "Ada", "phone", "+4915123456789")
		crash(v.Ledger)
		once := vault.Once{Caller: "crm", Key: "k"}
		_, err := v.CreateOnce(ctx, once, attributes("email", "eve@example.com"), desk)
		if fault.CodeOf(err) != fault.LedgerUnavailable {
			t.Fatalf("%s: %v", name, err)
		}
		if err := v.Update(ctx, ada, attributes("phone", "+14155550123"), nil, desk); fault.CodeOf(err) != fault.LedgerUnavailable {
			t.Fatalf("%s: %v", name, err)
		}
		if found := find(t, v, vault.Email, "eve@example.com"); found != "" {
			t.Errorf("%s: somebody is found before it is known that the person is there", name)
		}
		v.Restart()
		heal(v.Ledger)
		if err := v.Recover(ctx); err != nil {
			t.Fatal(err)
		}
		eve, err := v.CreateOnce(ctx, once, attributes("email", "eve@example.com"), desk)
		if err != nil || find(t, v, vault.Email, "eve@example.com") != eve || find(t, v, vault.Phone, "+14155550123") != ada || find(t, v, vault.Phone, "+4915123456789") != "" {
			t.Errorf("%s: %v", name, err)
		}
		want(t, read(t, v, ada), "name", "Ada", "phone", "+14155550123")
		if n := len(v.Ledger.Entries()); n != 3 {
			t.Errorf("%s: the ledger has %d entries, want 3", name, n)
		}
		if p, err := v.Progress(ctx); err != nil || p.Changes != 0 {
			t.Errorf("%s: %+v, %v", name, p, err)
		}
	}
}

// TestAProcessThatEndsBetweenTheLedgersAnswerAndItsOwnCommit has the database closed under the vault's hands, once the ledger has the change.
func TestAProcessThatEndsBetweenTheLedgersAnswerAndItsOwnCommit(t *testing.T) {
	v := vaulttest.New(t)
	ctx := context.Background()
	ada, eve := create(t, v, "name", "Ada", "phone", "+4915123456789"), create(t, v, "email", "eve@example.com")
	die := func(privacy.Change) error { v.Close(); return nil }
	next := func(err error) {
		t.Helper()
		if err == nil {
			t.Error("the caller was told that it is done")
		}
		heal(v.Ledger)
		v.Restart()
		if err := v.Recover(ctx); err != nil {
			t.Fatal(err)
		}
	}
	v.Ledger.After = die
	next(v.Update(ctx, ada, attributes("phone", "+14155550123"), []string{"name"}, desk))
	want(t, read(t, v, ada), "phone", "+14155550123")
	v.Ledger.After = die
	next(v.Merge(ctx, vault.Merger{Keep: ada, Gone: eve}, desk))
	want(t, read(t, v, eve), "email", "eve@example.com", "phone", "+14155550123")
	v.Ledger.After = die
	next(second(v.CreateOnce(ctx, vault.Once{Caller: "crm", Key: "k"}, attributes("card", "4539148803436467"), desk)))
	if id, err := v.CreateOnce(ctx, vault.Once{Caller: "crm", Key: "k"}, attributes("card", "4539148803436467"), desk); err != nil || find(t, v, vault.Card, "4539148803436467") != id {
		t.Errorf("%s, %v", id, err)
	}
	if n := len(v.Ledger.Entries()); n != 3 {
		t.Errorf("the ledger has %d entries, want 3", n)
	}
}

func TestAReadDuringAChangeThatWasCommittedWithoutAnAnswerSeesIt(t *testing.T) {
	v := vaulttest.New(t)
	ada := create(t, v, "name", "Ada")
	v.Ledger.After = vaulttest.Unavailable
	if err := v.Update(context.Background(), ada, attributes("name", "Ada King"), nil, desk); fault.CodeOf(err) != fault.LedgerUnavailable {
		t.Fatal(err)
	}
	heal(v.Ledger)
	want(t, read(t, v, ada), "name", "Ada King")
}

func TestAChangeThatTheLedgerRefusesIsTakenBack(t *testing.T) {
	v := vaulttest.New(t)
	ctx := context.Background()
	ada := create(t, v, "name", "Ada")
	v.Ledger.Before = func(privacy.Change) error { return fault.New(fault.Forbidden, "no") }
	if _, err := v.Create(ctx, attributes("email", "eve@example.com"), desk); fault.CodeOf(err) != fault.Forbidden {
		t.Errorf("got %v", err)
	}
	if err := v.Update(ctx, ada, attributes("name", "Eve"), nil, desk); fault.CodeOf(err) != fault.Forbidden {
		t.Errorf("got %v", err)
	}
	heal(v.Ledger)
	want(t, read(t, v, ada), "name", "Ada")
	if id := create(t, v, "email", "eve@example.com"); find(t, v, vault.Email, "eve@example.com") != id {
		t.Error("the address stayed taken")
	}
}

// TestWhatCouldStillArriveAfterAChangeWasTakenBackIsPurged has a first attempt whose answer is lost, and which is ordered only after a second one was refused.
func TestWhatCouldStillArriveAfterAChangeWasTakenBackIsPurged(t *testing.T) {
	v := vaulttest.New(t)
	ctx := context.Background()
	v.Ledger.Before = vaulttest.Unavailable
	if _, err := v.Create(ctx, attributes("email", "eve@example.com"), desk); fault.CodeOf(err) != fault.LedgerUnavailable {
		t.Fatal(err)
	}
	lost := v.Ledger.Sent[0]
	v.Ledger.Before = func(privacy.Change) error { return fault.New(fault.Forbidden, "no") }
	if err := v.Recover(ctx); err != nil {
		t.Fatal(err)
	}
	heal(v.Ledger)
	if err := v.Ledger.ChangeVault(ctx, lost); err != nil {
		t.Fatal(err)
	}
	if err := v.Recover(ctx); err != nil || len(v.Ledger.Entries()) != 1 {
		t.Errorf("it was purged too early: %v", err)
	}
	v.Clock.Time = v.Clock.Time.Add(vault.Late)
	if err := v.Recover(ctx); err != nil || len(v.Ledger.Entries()) != 0 {
		t.Errorf("%d entries are left: %v", len(v.Ledger.Entries()), err)
	}
}

// inFolder says whether a text stands in any file of people.db.
func inFolder(t *testing.T, v *vaulttest.Vault, text []byte) bool {
	t.Helper()
	files, err := filepath.Glob(v.Database() + "*")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if bytes.Contains(raw, text) {
			return true
		}
	}
	return false
}

// wrappedKey is a person's wrapped key as it stands in people.db.
func wrappedKey(t *testing.T, v *vaulttest.Vault, id vault.PersonID) []byte {
	t.Helper()
	var wrapped []byte
	if err := v.DB.Reader().QueryRow(`SELECT wrapped FROM persons WHERE id = ?`, string(id)).Scan(&wrapped); err != nil {
		t.Fatal(err)
	}
	return wrapped
}

func TestDestroyingAPersonLeavesNothingThatOpensItsValues(t *testing.T) {
	v := vaulttest.New(t)
	ctx := context.Background()
	var others []vault.PersonID
	for i := range 60 { // So that pages are split and joined.
		others = append(others, create(t, v, "external", string(rune('A'+i))+"-1"))
	}
	ada := create(t, v, "name", "Ada", "email", "ada@example.com")
	if err := v.Link(ctx, ada, "airline", "0123456789abcdef0123456789abcdef"); err != nil {
		t.Fatal(err)
	}
	v.DrawMaster()
	before := wrappedKey(t, v, ada)
	if err := v.Maintain(ctx); err != nil {
		t.Fatal(err)
	}
	wrapped := wrappedKey(t, v, ada)
	entries := v.Ledger.Entries()
	if !inFolder(t, v, wrapped) || bytes.Equal(wrapped, before) {
		t.Fatal("the wrapped key isn't found where it stands")
	}
	companion := &companion{}
	v.Register(companion)
	v.Ledger.Before = vaulttest.Unavailable
	if _, err := v.Destroy(ctx, ada); fault.CodeOf(err) != fault.LedgerUnavailable || !bytes.Equal(wrappedKey(t, v, ada), wrapped) {
		t.Fatalf("the key was destroyed before the ledger has the mark: %v", err)
	}
	v.Ledger.Before = func(change privacy.Change) error {
		if len(change.Purge) > 0 {
			return vaulttest.Unavailable(change)
		}
		return nil
	}
	keys, err := v.Destroy(ctx, ada)
	if err != nil || len(keys) != 2 || len(companion.forgotten) != 2 {
		t.Fatalf("%v, %v, %v", keys, companion.forgotten, err)
	}
	if inFolder(t, v, wrapped) || inFolder(t, v, before) {
		t.Error("a copy of the wrapped key is left")
	}
	for _, err := range []error{second(v.Read(ctx, ada, nil, desk)), second(v.Export(ctx, ada, desk)), second(v.Find(ctx, vault.Identifier{Kind: vault.Email, Value: "ada@example.com"})),
		second(v.PersonOf(ctx, "airline", "0123456789abcdef0123456789abcdef")), second(v.EntrySecret(ctx, ada, keys[0])), second(v.Destroy(ctx, ada))} {
		if fault.CodeOf(err) != fault.PersonUnknown {
			t.Errorf("got %v", err)
		}
	}
	v.Restart()
	heal(v.Ledger)
	if err := v.Recover(ctx); err != nil {
		t.Fatal(err)
	}
	for _, key := range keys {
		if v.Ledger.Entries()[key] != nil || entries[key] == nil {
			t.Errorf("entry %s wasn't purged", key)
		}
	}
	for _, id := range others {
		read(t, v, id)
	}
	create(t, v, "email", "ada@example.com")
}

func second[T any](_ T, err error) error { return err }

// companion remembers what it was asked to do.
type companion struct {
	forgotten []privacy.EntryKey
	merged    [][2]vault.PersonID
	changed   []string
	changing  []vault.IdentifierChange
	inUse     []vault.ChangeID
	takenBack []vault.ChangeID
	fail      bool
}

var errCompanion = errors.New("the companion can't")
