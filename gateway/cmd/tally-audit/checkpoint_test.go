package main

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/gateway/archive"
	"github.com/tallystick/tallystick/gateway/blocks"
	"github.com/tallystick/tallystick/gateway/ledgertest"
)

// office is an auditor's: its key, the public keys that it believes, and its chain.
type office struct{ secret, public, chain string }

func officeOf(t *testing.T, name string) office {
	t.Helper()
	dir := t.TempDir()
	if out, err := execute("checkpoint", "keygen", "--name", name, "--out", dir); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return office{filepath.Join(dir, secretName), filepath.Join(dir, publicName), filepath.Join(dir, "chain")}
}

// write audits the first blocks of an archive and signs; 0 takes all.
func (o office) write(from, at string, more ...string) (string, error) {
	return execute(append([]string{"checkpoint", "write", "--from-file", from, "--at", at, "--key", o.secret, "--auditors", o.public, "--chain", o.chain}, more...)...)
}

func mustWork(t *testing.T) func(out string, err error) string {
	return func(out string, err error) string {
		t.Helper()
		if err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		return out
	}
}

func TestCheckpointsAreSignedInAChainAndVerified(t *testing.T) {
	a, o := saved(t), officeOf(t, "regulator/auditor")
	work := mustWork(t)
	work(o.write(a.Dir, "3"))
	out := work(o.write(a.Dir, "0"))
	if !strings.Contains(out, "the checkpoint signed at height 3 says the same") || !strings.Contains(out, "Signed at height 5") {
		t.Errorf("%s", out)
	}
	out = work(execute("checkpoint", "verify", "--auditors", o.public, o.chain))
	if strings.Count(out, "regulator/auditor") != 2 {
		t.Errorf("%s", out)
	}
	if out, err := o.write(a.Dir, "0"); fault.CodeOf(err) != fault.CheckpointMismatch {
		t.Errorf("a height was signed twice: %v\n%s", err, out)
	}
	other := officeOf(t, "somebody")
	if out, err := execute("checkpoint", "verify", "--auditors", other.public, o.chain); fault.CodeOf(err) != fault.SignatureInvalid {
		t.Errorf("another's key verifies it: %v\n%s", err, out)
	}
	if info, err := os.Stat(o.secret); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the secret key's file: %v, %v", info.Mode(), err)
	}
}

func TestAnAuditFromATrustedCheckpointSaysWhatItLeavesOut(t *testing.T) {
	a, o := saved(t), officeOf(t, "regulator/auditor")
	work := mustWork(t)
	work(o.write(a.Dir, "4"))
	trust := filepath.Join(o.chain, "checkpoint-000000000004.note")
	out := work(execute("--from-file", a.Dir, "--auditors", o.public, "--trust", trust))
	if !strings.Contains(out, "NOT checked again") || !strings.Contains(out, "PASSED") {
		t.Errorf("%s", out)
	}
	out = work(o.write(a.Dir, "0", "--trust", trust))
	raw, err := os.ReadFile(filepath.Join(o.chain, "checkpoint-000000000005.note"))
	if err != nil || !strings.Contains(string(raw), "\ntrusted 4\n") {
		t.Errorf("%v: the checkpoint doesn't say that another one was trusted:\n%s\n%s", err, raw, out)
	}
	if out, err := execute("--from-file", a.Dir, "--trust", trust); fault.CodeOf(err) != fault.InvalidValue {
		t.Errorf("it was trusted without a key: %v\n%s", err, out)
	}
}

func TestTwoAuditorsChainsAreCompared(t *testing.T) {
	a, one, two := saved(t), officeOf(t, "one"), officeOf(t, "two")
	keys := filepath.Join(t.TempDir(), "keys")
	var both []byte
	for _, o := range []office{one, two} {
		raw, err := os.ReadFile(o.public)
		if err != nil {
			t.Fatal(err)
		}
		both = append(both, raw...)
	}
	if err := os.WriteFile(keys, both, 0o600); err != nil {
		t.Fatal(err)
	}
	work := mustWork(t)
	work(one.write(a.Dir, "4"))
	work(two.write(a.Dir, "4"))
	if out := work(execute("checkpoint", "compare", "--auditors", keys, one.chain, two.chain)); !strings.Contains(out, "height 4: both say the same") {
		t.Errorf("%s", out)
	}
	other := saved(t) // Another ledger.
	three := officeOf(t, "one")
	work(three.write(other.Dir, "4"))
	raw, err := os.ReadFile(three.public)
	if err != nil || os.WriteFile(keys, append(both, raw...), 0o600) != nil {
		t.Fatal(err)
	}
	if out, err := execute("checkpoint", "compare", "--auditors", keys, one.chain, three.chain); fault.CodeOf(err) != fault.CheckpointMismatch {
		t.Errorf("%v\n%s", err, out)
	}
}

// TestAFailedAuditSignsNothing: the blocks differ from the chain's earlier checkpoint, or from what follows from them.
func TestAFailedAuditSignsNothing(t *testing.T) {
	a, o := saved(t), officeOf(t, "regulator/auditor")
	mustWork(t)(o.write(a.Dir, "3"))
	other := saved(t)
	if out, err := o.write(other.Dir, "0"); !errors.Is(err, errDifference) || !strings.Contains(out, "CHECKPOINT") {
		t.Errorf("%v\n%s", err, out)
	}
	if names, err := os.ReadDir(o.chain); err != nil || len(names) != 1 {
		t.Errorf("%v, %v", names, err)
	}
}

func TestAnArchiveIsAuditedWithNoPeer(t *testing.T) {
	l, _, _ := withAccount(t)
	folder := archive.Folder{Dir: filepath.Join(t.TempDir(), "archive")}
	if _, err := folder.Extend(t.Context(), ledgertest.Channel, 2, l); err != nil {
		t.Fatal(err)
	}
	work := mustWork(t)
	if out := work(execute("archive", "verify", folder.Dir, "--genesis", l.Genesis)); !strings.Contains(out, "4 blocks of channel loyalty") {
		t.Errorf("%s", out)
	}
	if out, err := execute("archive", "verify", folder.Dir, "--genesis", strings.Repeat("0", 64)); fault.CodeOf(err) != fault.LedgerMismatch {
		t.Errorf("%v\n%s", err, out)
	}
	out := work(execute("--from-archive", folder.Dir))
	if !strings.Contains(out, "PASSED") || !strings.Contains(out, "archive "+folder.Dir) {
		t.Errorf("%s", out)
	}
	if out, err := execute("--from-archive", folder.Dir, "--at", "9"); fault.CodeOf(err) != fault.NotFound {
		t.Errorf("%v\n%s", err, out)
	}
	if out, err := execute("--from-archive", folder.Dir, "--from-file", "x"); fault.CodeOf(err) != fault.InvalidValue {
		t.Errorf("%v\n%s", err, out)
	}

	// What was audited with the private data and what was audited from the archive leads to the same checkpoint.
	one, two := officeOf(t, "one"), officeOf(t, "two")
	kept := blocks.Archive{Dir: filepath.Join(t.TempDir(), "kept")}
	l.Save(kept)
	work(one.write(kept.Dir, "0"))
	work(execute("checkpoint", "write", "--from-archive", folder.Dir, "--key", two.secret, "--auditors", two.public, "--chain", two.chain))
	a, b := facts(t, one.chain), facts(t, two.chain)
	if a != b || a == "" {
		t.Errorf("%s\n%s", a, b)
	}
}

// facts are the lines of a chain's only checkpoint down to what tells of the audit.
func facts(t *testing.T, dir string) string {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(dir, "*.note"))
	if err != nil || len(names) != 1 {
		t.Fatalf("%v, %v", names, err)
	}
	raw, err := os.ReadFile(names[0])
	if err != nil {
		t.Fatal(err)
	}
	text, _, _ := strings.Cut(string(raw), "replayed ")
	return text
}
