package main

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/tallystick/tallystick/network/failure"
)

// attempt runs the command in a run directory of the checked-in membership, without any CA.
func attempt(t *testing.T, args ...string) error {
	t.Helper()
	run := t.TempDir()
	members, err := os.ReadFile("../../../organizations/membership.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(run, "membership.yaml"), members, 0o600); err != nil {
		t.Fatal(err)
	}
	command := newRoot()
	command.SetOut(new(bytes.Buffer))
	command.SetErr(new(bytes.Buffer))
	command.SetArgs(append([]string{"--run", run, "--client", "/bin/false"}, args...))
	return command.ExecuteContext(t.Context())
}

func TestWhatCantBeDoneIsNamedBeforeTheAuthorityIsAsked(t *testing.T) {
	for name, c := range map[string]struct {
		args []string
		code failure.Code
	}{
		"an unknown member":             {[]string{"--member", "bank", "list"}, failure.SettingInvalid},
		"a role that a regulator lacks": {[]string{"--member", "regulator", "enrol", "--name", "x", "--role", "operator"}, failure.SettingInvalid},
		"a name that leaves the folder": {[]string{"--member", "airline", "enrol", "--name", "../x", "--role", "operator"}, failure.SettingInvalid},
		"nothing to revoke":             {[]string{"--member", "airline", "revoke"}, failure.SettingInvalid},
		"two things to revoke":          {[]string{"--member", "airline", "revoke", "--name", "x", "--superseded", "y"}, failure.SettingInvalid},
		"a reason that isn't one":       {[]string{"--member", "airline", "revoke", "--name", "x", "--reason", "whim"}, failure.SettingInvalid},
		"an identity without files":     {[]string{"--member", "airline", "renew", "--files", "nobody"}, failure.EnrolFailed},
		"a key for a node of others":    {[]string{"--member", "airline", "rekey", "--node", "orderer0.hotel"}, failure.SettingInvalid},
		"a key for a node without one":  {[]string{"--member", "airline", "rekey", "--node", "orderer0.airline"}, failure.EnrolFailed},
		"a pair for a node without one": {[]string{"--member", "airline", "rekey", "--node", "orderer0.airline", "--certificate", "x", "--key", "y"}, failure.EnrolFailed},
		"a root that is nowhere":        {[]string{"--member", "airline", "add-root", "--certificate", "nowhere"}, failure.SettingInvalid},
		"a root that is none":           {[]string{"--member", "airline", "add-root", "--certificate", "main_test.go"}, failure.SettingInvalid},
		"a change that is nowhere":      {[]string{"--member", "airline", "sign", "--update", "nowhere"}, failure.SettingInvalid},
		"a change that is none":         {[]string{"--member", "airline", "submit", "--update", "main_test.go"}, failure.ChannelUpdate},
		"an authority that's away":      {[]string{"--member", "airline", "enrol", "--name", "x", "--role", "operator"}, failure.EnrolFailed},
	} {
		if err := attempt(t, c.args...); failure.CodeOf(err) != c.code {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := attempt(t, "--member", "airline", "rekey", "--node", "orderer0.airline", "--certificate", "x"); err == nil {
		t.Error("a certificate without its key")
	}
	if err := attempt(t, "--member", "airline", "writers", "--show", "--write", "x"); err == nil {
		t.Error("a change is shown and written at once")
	}
	if err := attempt(t, "list"); err == nil {
		t.Error("no member is named")
	}
}
