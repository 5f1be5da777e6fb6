package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/gateway/audit"
	"github.com/tallystick/tallystick/gateway/blocks"
	"github.com/tallystick/tallystick/gateway/config"
	"github.com/tallystick/tallystick/gateway/ledgertest"
)

// withAccount is a ledger of two brands, with one account in the first one's programme.
func withAccount(t *testing.T) (*ledgertest.Ledger, *ledgertest.Programme, ledgertest.Item) {
	t.Helper()
	l := ledgertest.New(t, "airline", "hotel")
	l.Found()
	p := l.Create(0)
	item := p.Open()
	p.Batch(0, []ledgertest.Item{item})
	l.Cut()
	return l, p, item
}

func saved(t *testing.T) blocks.Archive {
	t.Helper()
	l, p, item := withAccount(t)
	p.Batch(0, []ledgertest.Item{p.Earn(item.Operation.Account, 4200)})
	l.Cut()
	a := blocks.Archive{Dir: filepath.Join(t.TempDir(), "blocks")}
	l.Save(a)
	return a
}

// execute runs the command line and gives what it prints.
func execute(args ...string) (string, error) {
	cmd := command()
	var out bytes.Buffer
	cmd.SetOut(&out)
	cmd.SetErr(&out)
	cmd.SetArgs(args)
	err := cmd.ExecuteContext(context.Background())
	return out.String(), err
}

func TestSavedBlocksPassAndTheStatementSaysWhatWasChecked(t *testing.T) {
	a := saved(t)
	file := filepath.Join(t.TempDir(), "statement.json")
	out, err := execute("--from-file", a.Dir, "--json", file)
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for _, want := range []string{"PASSED", "AIRLINE", "supply", "replayed in full", "5 blocks", a.Dir} {
		if !strings.Contains(out, want) {
			t.Errorf("%q is not in the statement:\n%s", want, out)
		}
	}
	raw, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var statement audit.Statement
	if err := json.Unmarshal(raw, &statement); err != nil || statement.Verdict != audit.VerdictPassed || statement.Programmes[0].Supply != 42 {
		t.Errorf("%v: %s", err, raw)
	}
}

func TestDifferenceEndsWithItsOwnErrorAndNamesThePlace(t *testing.T) {
	a := saved(t)
	raw, err := os.ReadFile(a.Path(4))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(a.Path(4), bytes.Replace(raw, []byte(`"posted":42`), []byte(`"posted":43`), 1), 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := execute("--from-file", a.Dir)
	if !errors.Is(err, errDifference) {
		t.Fatalf("it ended with %v", err)
	}
	for _, want := range []string{"FAILED", "block 4", "transaction 0", "points-airline", "key "} {
		if !strings.Contains(out, want) {
			t.Errorf("%q is not in the statement:\n%s", want, out)
		}
	}
}

func TestCommandLineThatCannotBeFollowedIsRefused(t *testing.T) {
	for name, c := range map[string]struct {
		args []string
		code fault.Code
	}{
		"no source":          {nil, fault.InvalidValue},
		"an empty folder":    {[]string{"--from-file", t.TempDir()}, fault.NotFound},
		"a missing config":   {[]string{"--config", filepath.Join(t.TempDir(), "none.yaml")}, fault.Internal},
		"a missing database": {[]string{"--from-file", saved(t).Dir, "--database", filepath.Join(t.TempDir(), "none.db")}, fault.NotFound},
	} {
		t.Run(name, func(t *testing.T) {
			out, err := execute(c.args...)
			if err == nil || errors.Is(err, errDifference) || c.code != fault.Internal && fault.CodeOf(err) != c.code {
				t.Errorf("it ended with %v\n%s", err, out)
			}
		})
	}
}

// TestWhoseADatabaseIsIsSaidByTheAuditor: the configuration says it of its own database only, so that another member's isn't taken for it.
func TestWhoseADatabaseIsIsSaidByTheAuditor(t *testing.T) {
	cfg := &config.Config{Member: "hotel", Database: "hotel.db"}
	for name, c := range map[string]struct {
		f    flags
		path string
		cfg  *config.Config
		want string
	}{
		"its own":             {flags{}, "hotel.db", cfg, "hotel"},
		"another one":         {flags{}, "other.db", cfg, ""},
		"another one's, said": {flags{member: "airline"}, "other.db", cfg, "airline"},
		"said otherwise":      {flags{member: "airline"}, "hotel.db", cfg, "airline"},
		"no configuration":    {flags{}, "hotel.db", nil, ""},
	} {
		if got := c.f.owner(c.path, c.cfg); got != c.want {
			t.Errorf("%s: %q", name, got)
		}
	}
}
