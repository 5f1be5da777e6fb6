package localnet

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tallystick/tallystick/network/failure"
	"github.com/tallystick/tallystick/network/membership"
)

const checkedIn = "../../organizations/membership.yaml"

// settings of a consortium that can't start: its programs are empty files. Nothing may be started before the checks.
func settings(t *testing.T) Settings {
	t.Helper()
	bin := t.TempDir()
	for _, program := range []string{caServerProgram, caClientProgram, ordererProgram, peerProgram, chaincodeProgram, gatewayProgram} {
		if err := os.WriteFile(filepath.Join(bin, program), []byte("#!/bin/sh\nexit 1\n"), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	return Settings{Membership: checkedIn, Run: filepath.Join(t.TempDir(), "run"), FabricBin: bin, Bin: bin, PortBase: freeBase(t), Out: new(bytes.Buffer)}
}

// freeBase finds a base whose whole table is free.
func freeBase(t *testing.T) int {
	t.Helper()
	m, err := membership.Load(checkedIn)
	if err != nil {
		t.Fatal(err)
	}
	for base := 12000; base < 26000; base += 500 {
		moved, err := m.WithPortBase(base)
		if err != nil {
			t.Fatal(err)
		}
		if checkPorts(moved) == nil {
			return base
		}
	}
	t.Fatal("no free ports")
	return 0
}

func TestBusyPortIsNamedWithItsNodeBeforeAnythingStarts(t *testing.T) {
	s := settings(t)
	m, err := s.LoadMembership()
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", membership.Address(m.PeerPorts("hotel", 0).Listen))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	_, err = (&Network{Settings: s}).Up(context.Background(), WithGateways)
	if failure.CodeOf(err) != failure.PortInUse || !strings.Contains(err.Error(), "peer0.hotel") {
		t.Fatalf("got %v", err)
	}
	if _, err := os.Stat(s.Run); !os.IsNotExist(err) {
		t.Error("the run directory was made")
	}
}

func TestMissingProgramsAreAllNamed(t *testing.T) {
	s := settings(t)
	for _, program := range []string{ordererProgram, chaincodeProgram, gatewayProgram} {
		if err := os.Remove(filepath.Join(s.Bin, program)); err != nil {
			t.Fatal(err)
		}
	}
	_, err := (&Network{Settings: s}).Up(context.Background(), WithGateways)
	if failure.CodeOf(err) != failure.BinaryMissing {
		t.Fatalf("got %v", err)
	}
	for _, says := range []string{ordererProgram, chaincodeProgram, gatewayProgram, "make fabric", "make build"} {
		if !strings.Contains(err.Error(), says) {
			t.Errorf("%q isn't in: %v", says, err)
		}
	}
	if _, err := (&Network{Settings: s}).plan(WithoutGateways); strings.Contains(err.Error(), gatewayProgram) {
		t.Error("a gateway is wanted for a start without gateways")
	}
}

func TestFailedStartLeavesOnlyItsLogs(t *testing.T) {
	s := settings(t)
	_, err := (&Network{Settings: s}).Up(context.Background(), WithGateways)
	if failure.CodeOf(err) != failure.NodeFailed || !strings.Contains(err.Error(), "ca.") {
		t.Fatalf("got %v", err)
	}
	if _, err := os.Stat(s.Run); !os.IsNotExist(err) {
		t.Error("the run directory is left")
	}
	if _, err := os.Stat(filepath.Join(s.Run+".failed", "ca.airline.log")); err != nil {
		t.Error(err)
	}
	if err := Down(s.Run); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(s.Run + ".failed"); !os.IsNotExist(err) {
		t.Error("the logs are left after Down")
	}
}

func TestInterruptedStartSaysSo(t *testing.T) {
	s := settings(t)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_, err := (&Network{Settings: s}).Up(ctx, WithGateways)
	if failure.CodeOf(err) != failure.Interrupted {
		t.Fatalf("got %v", err)
	}
	if left, err := filepath.Glob(s.Run + "*"); err != nil || len(left) > 0 {
		t.Errorf("left: %v %v", left, err)
	}
}

func TestForeignFolderIsNeitherUsedNorDeleted(t *testing.T) {
	s := settings(t)
	s.Run = t.TempDir()
	if err := os.WriteFile(filepath.Join(s.Run, "thesis"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := (&Network{Settings: s}).Up(context.Background(), WithGateways)
	if failure.CodeOf(err) != failure.RunDirectory {
		t.Errorf("Up: %v", err)
	}
	if err := Down(s.Run); failure.CodeOf(err) != failure.RunDirectory {
		t.Errorf("Down: %v", err)
	}
	if _, err := os.Stat(filepath.Join(s.Run, "thesis")); err != nil {
		t.Error(err)
	}
}

func TestDownOfNothingIsNoError(t *testing.T) {
	if err := Down(filepath.Join(t.TempDir(), "run")); err != nil {
		t.Fatal(err)
	}
}

func TestTwoCommandsDontWorkInOneRunDirectory(t *testing.T) {
	s := settings(t)
	dir, err := s.dir()
	if err != nil {
		t.Fatal(err)
	}
	if err := dir.Create(); err != nil {
		t.Fatal(err)
	}
	unlock, err := lock(dir)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := (&Network{Settings: s}).Up(context.Background(), WithGateways); failure.CodeOf(err) != failure.RunDirectory {
		t.Errorf("Up beside another command: %v", err)
	}
	if err := Down(s.Run); failure.CodeOf(err) != failure.RunDirectory {
		t.Errorf("Down beside another command: %v", err)
	}
	unlock()
	if err := Down(s.Run); err != nil {
		t.Error(err)
	}
}

func TestOpenWithoutConsortiumSaysHowToStartOne(t *testing.T) {
	_, err := Open(filepath.Join(t.TempDir(), "run"))
	if failure.CodeOf(err) != failure.NotUp || !strings.Contains(err.Error(), "`up`") {
		t.Fatalf("got %v", err)
	}
}

func TestEnvironmentReplacesDefaults(t *testing.T) {
	t.Setenv("TALLY_RUN", "elsewhere")
	t.Setenv("TALLY_PORT_BASE", "28000")
	t.Setenv("FABRIC_BIN", "releases")
	s, err := DefaultSettings(nil)
	if err != nil {
		t.Fatal(err)
	}
	if s.Run != "elsewhere" || s.PortBase != 28000 || s.FabricBin != "releases" || s.FabricLog != "warn" {
		t.Errorf("settings %+v", s)
	}
	t.Setenv("TALLY_PORT_BASE", "many")
	if _, err := DefaultSettings(nil); failure.CodeOf(err) != failure.SettingInvalid {
		t.Errorf("a port base that is no number: %v", err)
	}
}

func TestStepsEndAtTheFirstFailure(t *testing.T) {
	broken := errors.New("broken")
	var taken []string
	take := func(name string, err error) step {
		return step{name, func(context.Context) error { taken = append(taken, name); return err }}
	}
	var out bytes.Buffer
	err := run(context.Background(), &out, []step{take("one", nil), take("two", broken), take("three", nil)})
	if !errors.Is(err, broken) || strings.Join(taken, " ") != "one two" || !strings.Contains(out.String(), "failed") {
		t.Fatalf("took %v, said %s, %v", taken, out.String(), err)
	}
}

func TestProgrammeWithoutADateIsFoundedToday(t *testing.T) {
	s := settings(t)
	m, err := s.LoadMembership()
	if err != nil {
		t.Fatal(err)
	}
	now := time.Date(2026, 3, 1, 23, 59, 0, 0, time.UTC)
	for member, want := range map[string]string{"airline": "2026-03-01", "grocer": "2000-01-01"} {
		found, _ := m.Member(member)
		programme, err := programmeOf(found, now)
		if err != nil {
			t.Fatal(err)
		}
		if programme.BusinessDate.String() != want || programme.Simulated != (member == "grocer") {
			t.Errorf("%s: %+v", member, programme)
		}
		if programme.Terms.Rate.Num != 1 || programme.Terms.Rate.Den != 100 || !strings.Contains(programme.Terms.Prose["en"], found.Programme.DisplayName) {
			t.Errorf("%s: terms %+v", member, programme.Terms)
		}
	}
}

func TestTermsOfAMembershipFileAreCheckedBeforeAnythingStarts(t *testing.T) {
	file, err := os.ReadFile("../rewards.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct{ old, new, says string }{
		"as they are":         {"", "", ""},
		"an unknown field":    {"graceDays: 14", "graceDayz: 14", "a field that is not known"},
		"out of range":        {"graceDays: 14", "graceDays: -1", "graceDays"},
		"gifts without a day": {"acceptDays: 7", "acceptDays: 0", "acceptDays"},
		"no words":            {"        prose:\n          en: \"A point", "        prose:\n          xx-: \"A point", "prose"},
		"a page elsewhere":    {"http://localhost:8080", "https://example.org", "origin"},
		"a later engine":      {"currency: GBP", "engine: 99\n      currency: GBP", "engine 99"},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "membership.yaml")
			if err := os.WriteFile(path, []byte(strings.Replace(string(file), c.old, c.new, 1)), 0o600); err != nil {
				t.Fatal(err)
			}
			_, err := Settings{Membership: path}.LoadMembership()
			if c.says == "" && err != nil || c.says != "" && (failure.CodeOf(err) != failure.MembershipInvalid || !strings.Contains(fmt.Sprint(err), c.says)) {
				t.Errorf("got %v, want %q", err, c.says)
			}
		})
	}
}
