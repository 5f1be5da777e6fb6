package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tallystick/tallystick/network/failure"
	"github.com/tallystick/tallystick/network/node"
	"github.com/tallystick/tallystick/network/rundir"
)

const membershipFile = "../../../organizations/membership.yaml"

// tallynet runs a command line on a run directory and gives what it printed.
func tallynet(t *testing.T, run string, args ...string) (string, error) {
	t.Helper()
	root := newRoot()
	var out bytes.Buffer
	root.SetOut(&out)
	root.SetErr(&out)
	root.SetArgs(append([]string{"--run", run, "--membership", membershipFile}, args...))
	err := root.ExecuteContext(context.Background())
	return out.String(), err
}

// consortium makes the run directory of a consortium whose nodes are two sleeping processes, and starts the first.
func consortium(t *testing.T) (run string, supervisor node.Supervisor) {
	t.Helper()
	dir, err := rundir.At(filepath.Join(t.TempDir(), "run"))
	if err != nil {
		t.Fatal(err)
	}
	membership, err := os.ReadFile(membershipFile)
	if err != nil {
		t.Fatal(err)
	}
	var specs []node.Spec
	for _, name := range []string{"peer0.airline", "peer0.hotel"} {
		specs = append(specs, node.Spec{Name: name, Kind: node.Peer, Program: "/bin/sh", Args: []string{"-c", "exec sleep 60"}})
	}
	for _, err := range []error{dir.Create(), dir.Write(dir.Membership(), membership, rundir.PublicMode), node.Save(dir, specs)} {
		if err != nil {
			t.Fatal(err)
		}
	}
	supervisor = node.NewSupervisor(dir)
	t.Cleanup(func() {
		if _, err := tallynet(t, dir.Root, "down"); err != nil {
			t.Error(err)
		}
	})
	if err := supervisor.Start(specs[0]); err != nil {
		t.Fatal(err)
	}
	return dir.Root, supervisor
}

func TestStatusFailsOnlyForNodesThatShouldRun(t *testing.T) {
	run, _ := consortium(t)
	out, err := tallynet(t, run, "status")
	if err != nil || !strings.Contains(out, "running") || !strings.Contains(out, "stopped") {
		t.Fatalf("%v\n%s", err, out)
	}
	if out, err := tallynet(t, run, "kill", "peer0.airline"); err != nil || !strings.Contains(out, "peer0.airline: crashed") {
		t.Fatalf("%v\n%s", err, out)
	}
	out, err = tallynet(t, run, "status")
	if failure.CodeOf(err) != failure.NodeFailed || !strings.Contains(err.Error(), "[peer0.airline]") || !strings.Contains(out, "crashed") {
		t.Fatalf("%v\n%s", err, out)
	}
}

func TestNodesStopAndStartByName(t *testing.T) {
	run, supervisor := consortium(t)
	for _, step := range []struct {
		args []string
		want node.State
	}{
		{[]string{"stop", "peer0.airline"}, node.Stopped},
		{[]string{"start", "peer0.airline"}, node.Running},
		{[]string{"restart", "peer0.airline"}, node.Running},
		{[]string{"stop"}, node.Stopped},
		{[]string{"start"}, node.Running},
	} {
		if out, err := tallynet(t, run, step.args...); err != nil {
			t.Fatalf("%v: %v\n%s", step.args, err, out)
		}
		if got := supervisor.Status("peer0.airline").State; got != step.want {
			t.Fatalf("after %v it is %s, want %s", step.args, got, step.want)
		}
	}
	if got := supervisor.Status("peer0.hotel").State; got != node.Running {
		t.Errorf("start without a name left peer0.hotel %s", got)
	}
	if _, err := tallynet(t, run, "stop", "peer9.airline"); failure.CodeOf(err) != failure.NodeUnknown {
		t.Errorf("an unknown node: %v", err)
	}
}

func TestLogsPrintsANodesOutput(t *testing.T) {
	run, _ := consortium(t)
	if _, err := tallynet(t, run, "logs", "peer0.hotel"); failure.CodeOf(err) != failure.NodeState {
		t.Errorf("log of a node that was never started: %v", err)
	}
	dir := rundir.Dir{Root: run}
	if err := dir.Write(dir.Log("peer0.hotel"), []byte("first words\n"), rundir.PrivateMode); err != nil {
		t.Fatal(err)
	}
	if out, err := tallynet(t, run, "logs", "peer0.hotel"); err != nil || out != "first words\n" {
		t.Errorf("%q, %v", out, err)
	}
}

func TestCommandsWithoutAConsortiumSaySo(t *testing.T) {
	run := filepath.Join(t.TempDir(), "run")
	for _, args := range [][]string{{"status"}, {"stop"}, {"start"}, {"kill", "peer0.airline"}, {"logs", "peer0.airline"}} {
		if _, err := tallynet(t, run, args...); failure.CodeOf(err) != failure.NotUp {
			t.Errorf("%v: %v", args, err)
		}
	}
	if out, err := tallynet(t, run, "down"); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

func TestPortsShowsTheTableBeforeAnythingIsUp(t *testing.T) {
	t.Setenv("TALLY_PORT_BASE", "28000")
	out, err := tallynet(t, filepath.Join(t.TempDir(), "run"), "ports")
	if err != nil || !strings.Contains(out, "28320") || !strings.Contains(out, "peer0.regulator") {
		t.Fatalf("%v\n%s", err, out)
	}
}
