package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/gateway/archive"
	"github.com/tallystick/tallystick/gateway/ledgertest"
	"github.com/tallystick/tallystick/gateway/reports"
)

// TestAReportIsMadeAgainAsOfAnEarlierBlock: the archive has grown since, and gives what a read model of that time would have given.
func TestAReportIsMadeAgainAsOfAnEarlierBlock(t *testing.T) {
	l, p, item := withAccount(t)
	p.Batch(0, []ledgertest.Item{p.Earn(item.Operation.Account, 4200)})
	l.Cut()
	early, late := archive.Folder{Dir: filepath.Join(t.TempDir(), "early")}, archive.Folder{Dir: filepath.Join(t.TempDir(), "late")}
	if _, err := early.Extend(t.Context(), ledgertest.Channel, 100, l); err != nil {
		t.Fatal(err)
	}
	height := l.Height()
	p.Batch(0, []ledgertest.Item{p.Earn(item.Operation.Account, 100)})
	l.Cut()
	if _, err := late.Extend(t.Context(), ledgertest.Channel, 100, l); err != nil {
		t.Fatal(err)
	}
	work := mustWork(t)
	for _, name := range ofLedger() {
		then, now := work(execute("report", "--from-archive", early.Dir, string(name))), work(execute("report", "--from-archive", late.Dir, string(name)))
		again := work(execute("report", "--from-archive", late.Dir, "--at", number(height), string(name)))
		if again != then || now == then {
			t.Errorf("%s: then\n%s\nagain\n%s\nnow\n%s", name, then, again, now)
		}
	}
	var supply reports.Supply
	if err := json.Unmarshal([]byte(work(execute("report", "--from-archive", early.Dir, "supply"))), &supply); err != nil || supply.Programmes[0].Outstanding != 42 || supply.AsOf.Block != height-1 {
		t.Errorf("%v, %+v", err, supply)
	}
}

// TestAReportIsSignedAndVerifiedOffline: with nothing but files.
func TestAReportIsSignedAndVerifiedOffline(t *testing.T) {
	l, _, _ := withAccount(t)
	folder := archive.Folder{Dir: filepath.Join(t.TempDir(), "archive")}
	if _, err := folder.Extend(t.Context(), ledgertest.Channel, 100, l); err != nil {
		t.Fatal(err)
	}
	o, other, work := officeOf(t, "regulator/auditor"), officeOf(t, "somebody"), mustWork(t)
	work(execute("checkpoint", "write", "--from-archive", folder.Dir, "--key", o.secret, "--auditors", o.public, "--chain", o.chain))
	kept := filepath.Join(t.TempDir(), "supply.json")
	out := work(execute("report", "--from-archive", folder.Dir, "--key", o.secret, "--chain", o.chain, "--auditors", o.public, "supply"))
	if err := os.WriteFile(kept, []byte(out), 0o600); err != nil {
		t.Fatal(err)
	}
	out = work(execute("report", "verify", "--keys", o.public, "--chain", o.chain, "--auditors", o.public, kept))
	for _, part := range []string{"Report supply of regulator/auditor, signed by [regulator/auditor]", l.Genesis, fmt.Sprintf("As of block %d, hash ", l.Height()-1), "tally-audit", "The checkpoint is in the chain."} {
		if !strings.Contains(out, part) {
			t.Errorf("%q is not in\n%s", part, out)
		}
	}
	if out, err := execute("report", "verify", "--keys", other.public, kept); fault.CodeOf(err) != fault.SignatureInvalid {
		t.Errorf("another's key verifies it: %v\n%s", err, out)
	}
	work(execute("checkpoint", "write", "--from-archive", folder.Dir, "--at", "2", "--key", other.secret, "--auditors", other.public, "--chain", other.chain))
	if out, err := execute("report", "verify", "--keys", o.public, "--chain", other.chain, "--auditors", other.public, kept); fault.CodeOf(err) != fault.CheckpointMismatch {
		t.Errorf("another auditor's chain has it: %v\n%s", err, out)
	}
	raw, err := os.ReadFile(kept)
	if err != nil {
		t.Fatal(err)
	}
	changed := bytes.Replace(raw, []byte(`"outstanding":0`), []byte(`"outstanding":1`), 1)
	if err := os.WriteFile(kept, changed, 0o600); err != nil || bytes.Equal(changed, raw) {
		t.Fatalf("nothing was changed (%v)", err)
	}
	if out, err := execute("report", "verify", "--keys", o.public, kept); fault.CodeOf(err) != fault.SignatureInvalid {
		t.Errorf("a changed report: %v\n%s", err, out)
	}
}

// TestPagesOfAReportAreVerifiedTogether: each is signed by itself, and all of them are the whole; one that is missing, or comes twice, is noticed.
func TestPagesOfAReportAreVerifiedTogether(t *testing.T) {
	l := ledgertest.New(t, "airline", "hotel")
	l.Found()
	l.Everything(0)
	folder := archive.Folder{Dir: filepath.Join(t.TempDir(), "archive")}
	if _, err := folder.Extend(t.Context(), ledgertest.Channel, 100, l); err != nil {
		t.Fatal(err)
	}
	o, work := officeOf(t, "airline/auditor"), mustWork(t)
	var files []string
	for after := ""; len(files) == 0 || after != ""; {
		out := work(execute("report", "--from-archive", folder.Dir, "--key", o.secret, "--limit", "2", "--after", after, "adjustments"))
		var page struct{ Report reports.Adjustments }
		if err := json.Unmarshal([]byte(out), &page); err != nil {
			t.Fatal(err)
		}
		after = page.Report.Next
		file := filepath.Join(t.TempDir(), "page.json")
		if err := os.WriteFile(file, []byte(out), 0o600); err != nil {
			t.Fatal(err)
		}
		files = append(files, file)
	}
	verify := func(files ...string) (string, error) {
		return execute(append([]string{"report", "verify", "--keys", o.public}, files...)...)
	}
	if out := work(verify(files...)); len(files) != 2 || !strings.Contains(out, "The report is whole: 2 pages list 3 adjustments, which add up to its totals.") {
		t.Errorf("%d pages: %s", len(files), out)
	}
	if out := work(verify(files[0])); !strings.Contains(out, "It is one page and not the whole report") {
		t.Errorf("the first page alone: %s", out)
	}
	for name, some := range map[string][]string{"the wrong way round": {files[1], files[0]}, "one twice": {files[0], files[0], files[1]}, "the first twice": {files[0], files[0]}} {
		if out, err := verify(some...); fault.CodeOf(err) != fault.ReportIncomplete {
			t.Errorf("%s: %v\n%s", name, err, out)
		}
	}
}

func number(n uint64) string {
	raw, _ := json.Marshal(n)
	return string(raw)
}

func TestAReportThatCannotBeMadeIsRefused(t *testing.T) {
	l := ledgertest.New(t, "airline", "hotel")
	l.Found()
	f := archive.Folder{Dir: filepath.Join(t.TempDir(), "a")}
	if _, err := f.Extend(t.Context(), ledgertest.Channel, 100, l); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		args []string
		code fault.Code
	}{
		"unknown":       {[]string{"report", "--from-archive", f.Dir, "profit"}, fault.InvalidValue},
		"a wrong day":   {[]string{"report", "--from-archive", f.Dir, "--from", "today", "flows"}, fault.InvalidValue},
		"no archive":    {[]string{"report", "--from-archive", t.TempDir(), "supply"}, fault.NotFound},
		"a later block": {[]string{"report", "--from-archive", f.Dir, "--at", "1000", "supply"}, fault.NotFound},
	} {
		if out, err := execute(c.args...); fault.CodeOf(err) != c.code {
			t.Errorf("%s: %v\n%s", name, err, out)
		}
	}
}
