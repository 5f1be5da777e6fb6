package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/gateway/people/keyring"
	"github.com/tallystick/tallystick/gateway/people/vault"
	"github.com/tallystick/tallystick/gateway/people/vaulttest"
)

// operate runs a command of the gateway's program beside a vault, and gives what it prints.
func operate(f *folder, args ...string) (string, error) {
	cmd := command()
	var out bytes.Buffer
	cmd.SetOut(&out)
	cmd.SetArgs(append([]string{"people", "--config", filepath.Join(f.path, "gateway.yaml")}, args...))
	err := cmd.ExecuteContext(context.Background())
	return out.String(), err
}

// newOffice is a configuration whose customers' data are those of a vault that is open, as a running gateway's is.
func newOffice(t *testing.T) (*vaulttest.Vault, *folder) {
	t.Helper()
	v, f := vaulttest.New(t), newFolder(t)
	file := filepath.Join(f.path, "gateway.yaml")
	raw, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	f.write("gateway.yaml", append(raw, "\npeople: {database: "+v.Database()+", masterKeys: "+v.MasterKeys()+", indexKeys: "+v.IndexKeys()+"}\n"...))
	return v, f
}

func TestAnOperatorRotatesKeysBesideTheRunningGateway(t *testing.T) {
	v, f := newOffice(t)
	ctx := context.Background()
	id, err := v.Create(ctx, []vault.Attribute{{Name: "external", Value: "crm:1"}}, vault.Access{Actor: "desk", Purpose: "service"})
	if err != nil {
		t.Fatal(err)
	}
	for _, kind := range []string{"master", "index"} {
		if out, err := operate(f, "rotate-"+kind); err != nil || !strings.Contains(out, kind+" key 2 is drawn") {
			t.Fatalf("%q, %v", out, err)
		}
		if _, err := operate(f, "retire-"+kind, "1"); fault.CodeOf(err) != fault.NotReady {
			t.Errorf("a key that is in use was retired: %v", err)
		}
	}
	out, err := operate(f, "keys")
	if err != nil || !strings.Contains(out, "master key 1: 1 persons, is being replaced") || !strings.Contains(out, "index key 2: 0 index rows, in use") {
		t.Errorf("%v\n%s", err, out)
	}
	if err := v.Maintain(ctx); err != nil {
		t.Fatal(err)
	}
	if out, err = operate(f, "keys"); err != nil || !strings.Contains(out, "master key 1: 0 persons, can be retired") || !strings.Contains(out, "changes under way: 0") {
		t.Errorf("%v\n%s", err, out)
	}
	for _, kind := range []string{"master", "index"} {
		if _, err := operate(f, "retire-"+kind, "2"); err == nil {
			t.Error("the newest key was retired")
		}
		if out, err := operate(f, "retire-"+kind, "1"); err != nil || !strings.Contains(out, "is deleted") {
			t.Errorf("%q, %v", out, err)
		}
	}
	v.Restart()
	if _, err := v.Read(ctx, id, nil, vault.Access{Actor: "desk", Purpose: "service"}); err != nil {
		t.Error(err)
	}
}

func TestAfterTheIndexKeysWereLostANewOneBringsEverybodyBack(t *testing.T) {
	v, f := newOffice(t)
	ctx := context.Background()
	id, err := v.Create(ctx, []vault.Attribute{{Name: "external", Value: "crm:1"}}, vault.Access{Actor: "desk", Purpose: "service"})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(v.IndexKeys(), "1.key")); err != nil {
		t.Fatal(err)
	}
	if out, err := operate(f, "rotate-index"); err != nil || !strings.Contains(out, "index key 2 is drawn") {
		t.Fatalf("%q, %v", out, err)
	}
	v.Restart()
	if err := v.Maintain(ctx); err != nil {
		t.Fatal(err)
	}
	if found, err := v.Find(ctx, vault.Identifier{Kind: vault.External, Value: "crm:1"}); err != nil || found != id {
		t.Errorf("%s, %v", found, err)
	}
}

func TestAKeyThatIsMissingIsNamed(t *testing.T) {
	v, f := newOffice(t)
	if _, err := v.Create(context.Background(), []vault.Attribute{{Name: "name", Value: "Ada"}}, vault.Access{Actor: "desk", Purpose: "service"}); err != nil {
		t.Fatal(err)
	}
	v.DrawMaster()
	if err := keyring.Delete(v.MasterKeys(), 1); err != nil {
		t.Fatal(err)
	}
	if _, err := operate(f, "keys"); fault.CodeOf(err) != fault.StateCorrupt || !strings.Contains(err.Error(), "master key 1 is missing") {
		t.Errorf("got %v", err)
	}
}

func TestAGatewayWithoutCustomersDataHasNoKeysOfThem(t *testing.T) {
	if _, err := operate(newFolder(t), "keys"); fault.CodeOf(err) != fault.InvalidValue {
		t.Errorf("got %v", err)
	}
}

func TestABackupIsMadeBesideTheRunningGatewayAndTakesNothingsPlace(t *testing.T) {
	v, f := newOffice(t)
	access := vault.Access{Actor: "desk", Purpose: "service"}
	id, err := v.Create(t.Context(), []vault.Attribute{{Name: "external", Value: "crm:1"}}, access)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "copy.db")
	if out, err := operate(f, "backup", file); err != nil || !strings.Contains(out, file) {
		t.Fatalf("%q, %v", out, err)
	}
	if _, err := operate(f, "backup", file); fault.CodeOf(err) != fault.AlreadyExists {
		t.Errorf("over another: %v", err)
	}
	v.Restore(file)
	if _, err := v.Read(t.Context(), id, nil, access); err != nil {
		t.Error(err)
	}
}
