package main

import (
	"encoding/json"
	"path/filepath"
	"testing"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/gateway/archive"
	"github.com/tallystick/tallystick/gateway/ledgertest"
	"github.com/tallystick/tallystick/gateway/reports"
)

// TestAReportIsMadeAgainAsOfAnEarlierBlock: the archive has grown since, and gives what a read model of that time would have given.
func TestAReportIsMadeAgainAsOfAnEarlierBlock(t *testing.T) {
	l := ledgertest.New(t, "airline", "hotel")
	l.Found()
	p := l.Create(0)
	item := p.Open()
	p.Batch(0, []ledgertest.Item{item})
	l.Cut()
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
	for name := range makers {
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
