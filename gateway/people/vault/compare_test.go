package vault_test

import (
	"context"
	"fmt"
	"os"
	"testing"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/chaincode/privacy"
	"github.com/tallystick/tallystick/gateway/people/vault"
	"github.com/tallystick/tallystick/gateway/people/vaulttest"
	"github.com/tallystick/tallystick/gateway/sqlite"
)

// eraser is a companion that erases.
type eraser struct {
	companion
	under bool
	again []vault.PersonID
	done  func() // Called when a person is erased again.
}

func (e *eraser) Destroying(*sqlite.Tx, vault.PersonID) (bool, error) { return e.under, nil }

func (e *eraser) ForgetAgain(tx *sqlite.Tx, person vault.PersonID, _ []privacy.EntryKey) error {
	if e.done != nil {
		tx.After(e.done)
	}
	e.again = append(e.again, person)
	return nil
}

func compare(t *testing.T, v *vaulttest.Vault, want int) {
	t.Helper()
	if n, err := v.Compare(context.Background()); err != nil || n != want {
		t.Fatalf("%d were erased again, want %d: %v", n, want, err)
	}
}

// requireGone wants that nothing leads to a person any more.
func requireGone(t *testing.T, v *vaulttest.Vault, id vault.PersonID, email, account string) {
	t.Helper()
	ctx := context.Background()
	for _, err := range []error{
		second(v.Read(ctx, id, nil, desk)), second(v.Export(ctx, id, desk)), second(v.Find(ctx, vault.Identifier{Kind: vault.Email, Value: email})), second(v.Entries(ctx, id, nil)),
		second(v.PersonOf(ctx, "airline", points.AccountID(account))),
	} {
		if fault.CodeOf(err) != fault.PersonUnknown {
			t.Errorf("got %v", err)
		}
	}
	if account, found, err := v.AccountFor(ctx, "airline", email); found || err != nil {
		t.Errorf("a till is led to %s: %v", account, err)
	}
}

func TestWhoWasErasedSinceTheBackupIsErasedAgainBeforeAnythingIsServed(t *testing.T) {
	const account = "0123456789abcdef0123456789abcdef"
	v := vaulttest.New(t)
	ctx := context.Background()
	for i := range 2 * privacy.MaxLookup { // Several pages.
		create(t, v, "external", fmt.Sprint("crm:", i))
	}
	ada, eve := create(t, v, "name", "Ada", "email", "ada@example.com"), create(t, v, "name", "Eve", "email", "eve@example.com")
	if err := v.Link(ctx, ada, "airline", account); err != nil {
		t.Fatal(err)
	}
	wrapped := wrappedKey(t, v, ada)
	backup := v.Backup()
	if _, err := v.Destroy(ctx, ada); err != nil {
		t.Fatal(err)
	}
	if err := v.Recover(ctx); err != nil {
		t.Fatal(err)
	}
	compare(t, v, 0)
	v.Restore(backup)
	if !inFolder(t, v, wrapped) || find(t, v, vault.Email, "ada@example.com") != ada {
		t.Fatal("the backup didn't bring her back: the test shows nothing")
	}
	e := &eraser{}
	v.Register(e)
	compare(t, v, 1)
	requireGone(t, v, ada, "ada@example.com", account)
	if inFolder(t, v, wrapped) {
		t.Error("a copy of the wrapped key is left in the file")
	}
	if len(e.again) != 1 || e.again[0] != ada || e.forgotten != nil {
		t.Errorf("the eraser was told of %v, and as of an ordinary erasure of %v", e.again, e.forgotten)
	}
	want(t, read(t, v, eve), "email", "eve@example.com", "name", "Eve")
	if all, err := v.Restores(ctx, 0); err != nil || len(all) != 1 || all[0].Persons != 1 || all[0].At != v.Clock.Time.UnixMilli() {
		t.Errorf("%v, %v", all, err)
	}
	compare(t, v, 0)
	if err := v.Recover(ctx); err != nil {
		t.Fatal(err)
	}
	create(t, v, "email", "ada@example.com")
}

// TestABackupUnderAnOlderMasterKeyIsComparedToo rotates the master key between the backup and the erasure.
func TestABackupUnderAnOlderMasterKeyIsComparedToo(t *testing.T) {
	v := vaulttest.New(t)
	ctx := context.Background()
	ada := create(t, v, "email", "ada@example.com")
	backup := v.Backup()
	v.DrawMaster()
	if err := v.Maintain(ctx); err != nil {
		t.Fatal(err)
	}
	if _, err := v.Destroy(ctx, ada); err != nil {
		t.Fatal(err)
	}
	v.Restore(backup)
	file := v.MasterKeys() + "/1.key"
	if err := os.Rename(file, file+".away"); err != nil {
		t.Fatal(err)
	}
	v.Restart()
	if _, err := v.Compare(ctx); fault.CodeOf(err) != fault.StateCorrupt {
		t.Errorf("without the key it can't be known who is erased: %v", err)
	}
	if err := os.Rename(file+".away", file); err != nil {
		t.Fatal(err)
	}
	if err := v.Master.Reload(); err != nil {
		t.Fatal(err)
	}
	compare(t, v, 1)
	requireGone(t, v, ada, "ada@example.com", "0123456789abcdef0123456789abcdef")
}

// TestABackupFromBeforeAMergerDoesNotBringBackTheOneThatWasMerged: the key of the one is destroyed by the merger, and both are the person who is erased.
func TestABackupFromBeforeAMergerDoesNotBringBackTheOneThatWasMerged(t *testing.T) {
	v := vaulttest.New(t)
	ctx := context.Background()
	keep, gone, first := create(t, v, "email", "ada@example.com"), create(t, v, "phone", "+4915123456789"), create(t, v, "external", "crm:1")
	backup := v.Backup()
	for _, m := range []vault.Merger{{Keep: gone, Gone: first}, {Keep: keep, Gone: gone}} {
		if err := v.Merge(ctx, m, desk); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := v.Destroy(ctx, keep); err != nil {
		t.Fatal(err)
	}
	v.Restore(backup)
	compare(t, v, 3)
	for _, id := range []vault.PersonID{keep, gone, first} {
		if _, err := v.Read(ctx, id, nil, desk); fault.CodeOf(err) != fault.PersonUnknown {
			t.Errorf("%v", err)
		}
	}
	if find(t, v, vault.Phone, "+4915123456789") != "" || find(t, v, vault.External, "crm:1") != "" {
		t.Error("the one that was merged is found")
	}
}

func TestWhoseErasureIsJustDestroyingIsLeftToIt(t *testing.T) {
	v := vaulttest.New(t)
	ctx := context.Background()
	ada := create(t, v, "email", "ada@example.com")
	backup := v.Backup()
	if _, err := v.Destroy(ctx, ada); err != nil {
		t.Fatal(err)
	}
	v.Restore(backup)
	e := &eraser{under: true}
	v.Register(e)
	compare(t, v, 0)
	if id, err := v.Survivor(ctx, ada); err != nil || id != ada {
		t.Errorf("her key is gone: %v", err)
	}
}

func TestAComparisonThatWasCutOffIsDoneByTheNext(t *testing.T) {
	v := vaulttest.New(t)
	ctx := context.Background()
	ada := create(t, v, "email", "ada@example.com")
	wrapped := wrappedKey(t, v, ada)
	backup := v.Backup()
	if _, err := v.Destroy(ctx, ada); err != nil {
		t.Fatal(err)
	}
	v.Restore(backup)
	ending, end := context.WithCancel(ctx)
	v.Register(&eraser{done: end})
	if _, err := v.Compare(ending); err == nil {
		t.Fatal("it was done before it was cut off")
	}
	v.Restart()
	compare(t, v, 0)
	if inFolder(t, v, wrapped) {
		t.Error("a copy of the wrapped key is left in the file")
	}
}

func TestAMarkWhoseAnswerWasLostIsNotPutAgain(t *testing.T) {
	v := vaulttest.New(t)
	ctx := context.Background()
	ada := create(t, v, "email", "ada@example.com")
	v.Ledger.After = vaulttest.Unavailable
	if _, err := v.Destroy(ctx, ada); fault.CodeOf(err) != fault.LedgerUnavailable {
		t.Fatal(err)
	}
	heal(v.Ledger)
	if _, err := v.Destroy(ctx, ada); err != nil {
		t.Fatal(err)
	}
	if err := v.Recover(ctx); err != nil || len(v.Ledger.Entries()) != 1 {
		t.Errorf("the ledger has %d entries, want the mark alone: %v", len(v.Ledger.Entries()), err)
	}
}
