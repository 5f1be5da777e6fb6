package vault_test

import (
	"context"
	"fmt"
	"maps"
	"testing"
	"time"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/points"
	"github.com/tallystick/tallystick/gateway/people/keyring"
	"github.com/tallystick/tallystick/gateway/people/vault"
	"github.com/tallystick/tallystick/gateway/people/vaulttest"
	"github.com/tallystick/tallystick/gateway/sqlite"
)

func accountID(hex string) points.AccountID { return points.AccountID(hex) }

func TestKeysAreRotatedWhileTheVaultServesAndOldOnesCanGo(t *testing.T) {
	v := vaulttest.New(t)
	ctx := context.Background()
	const persons = 150 // More than are done at once.
	var ids []vault.PersonID
	for i := range persons {
		ids = append(ids, create(t, v, "external", fmt.Sprint("crm:", i)))
	}
	v.DrawMaster()
	v.DrawIndex()
	for _, ring := range []*keyring.Ring{v.Master, v.Index} {
		if err := ring.Reload(); err != nil {
			t.Fatal(err)
		}
	}
	if find(t, v, vault.External, "crm:7") != ids[7] {
		t.Error("while the index is rotated, the old rows aren't found")
	}
	late := create(t, v, "external", "crm:late")
	if _, err := v.Create(ctx, attributes("external", "crm:7"), desk); fault.CodeOf(err) != fault.PersonExists {
		t.Errorf("while the index is rotated, an identifier can be taken twice: %v", err)
	}
	p, err := v.Progress(ctx)
	if err != nil || !maps.Equal(p.Master, map[int]int{1: persons, 2: 1}) || !maps.Equal(p.Index, map[int]int{1: persons, 2: 1}) {
		t.Errorf("%+v, %v", p, err)
	}
	if err := v.Maintain(ctx); err != nil {
		t.Fatal(err)
	}
	if p, err = v.Progress(ctx); err != nil || !maps.Equal(p.Master, map[int]int{2: persons + 1}) || !maps.Equal(p.Index, map[int]int{2: persons + 1}) {
		t.Errorf("%+v, %v", p, err)
	}
	for _, folder := range []string{v.MasterKeys(), v.IndexKeys()} {
		if err := keyring.Delete(folder, 1); err != nil {
			t.Fatal(err)
		}
	}
	v.Restart()
	want(t, read(t, v, ids[7]), "external", "crm:7")
	if find(t, v, vault.External, "crm:7") != ids[7] || find(t, v, vault.External, "crm:late") != late {
		t.Error("after the rotation somebody isn't found")
	}
}

func TestAMissingMasterKeyIsNamedAndItsReturnHeals(t *testing.T) {
	v := vaulttest.New(t)
	ctx := context.Background()
	id := create(t, v, "name", "Ada")
	v.DrawMaster()
	if err := keyring.Delete(v.MasterKeys(), 1); err != nil { // Without rewrapping first.
		t.Fatal(err)
	}
	v.Restart()
	if _, err := v.Read(ctx, id, nil, desk); fault.CodeOf(err) != fault.StateCorrupt || err.Error() != "STATE_CORRUPT: master key 1 is missing: put its file back, persons' keys are wrapped by it" {
		t.Errorf("got %v", err)
	}
	if err := v.Maintain(ctx); err == nil {
		t.Error("the upkeep says nothing")
	}
}

func TestTheIndexIsRebuiltFromTheLedger(t *testing.T) {
	v := vaulttest.New(t)
	ctx := context.Background()
	id := create(t, v, "email", "ada@example.com", "phone", "+4915123456789")
	if err := v.DB.Write(ctx, func(tx *sqlite.Tx) error { _, err := tx.Exec(`DELETE FROM identifiers`); return err }); err != nil {
		t.Fatal(err)
	}
	if find(t, v, vault.Email, "ada@example.com") != "" {
		t.Fatal("it is found without an index")
	}
	if err := v.RebuildIndex(ctx); err != nil {
		t.Fatal(err)
	}
	if find(t, v, vault.Email, "ada@example.com") != id || find(t, v, vault.Phone, "+4915123456789") != id {
		t.Error("it isn't found again")
	}
}

func TestAnOpeningIsBegunOnceAndEndedByItsReference(t *testing.T) {
	v := vaulttest.New(t)
	ctx := context.Background()
	id := create(t, v, "phone", "+4915123456789")
	once := vault.Once{Caller: "crm", Key: "k"}
	reference, account, err := v.BeginOpening(ctx, id, once)
	if err != nil || account != "" || len(reference) != 32 {
		t.Fatal(reference, account, err)
	}
	v.DrawIndex()
	if err := v.Maintain(ctx); err != nil {
		t.Fatal(err)
	}
	if again, _, err := v.BeginOpening(ctx, id, once); err != nil || again != reference {
		t.Errorf("%s, %v", again, err)
	}
	if open, err := v.Openings(ctx); err != nil || len(open) != 1 || open[0] != reference {
		t.Errorf("%v, %v", open, err)
	}
	for range 2 {
		if err := v.EndOpening(ctx, reference, "airline", firstAccount); err != nil {
			t.Fatal(err)
		}
	}
	if _, account, err = v.BeginOpening(ctx, id, once); err != nil || account != firstAccount {
		t.Errorf("%s, %v", account, err)
	}
	if found, known, err := v.AccountFor(ctx, "airline", "0151 23456789"); err != nil || !known || found != firstAccount {
		t.Errorf("%s, %v", found, err)
	}
	v.Clock.Time = v.Clock.Time.Add(time.Second)
	if err := v.Link(ctx, id, "airline", "00000000000000000000000000000000"); err != nil { // Before the first one by its id, and linked after it.
		t.Fatal(err)
	}
	if found, _, err := v.AccountFor(ctx, "airline", "0151 23456789"); err != nil || found != firstAccount {
		t.Errorf("a second account takes the first one's place: %s, %v", found, err)
	}
	if own, err := v.AccountsIn(ctx, id, "airline"); err != nil || len(own) != 2 || own[0] != firstAccount {
		t.Errorf("%v, %v", own, err)
	}
	if _, known, err := v.AccountFor(ctx, "hotel", "0151 23456789"); err != nil || known {
		t.Errorf("found at another programme, %v", err)
	}
	if open, err := v.Openings(ctx); err != nil || len(open) != 0 {
		t.Errorf("%v, %v", open, err)
	}
}
