package node

import (
	"context"
	"encoding/json"
	"net"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/tallystick/tallystick/network/failure"
	"github.com/tallystick/tallystick/network/rundir"
)

const patience = time.Minute

func supervisor(t *testing.T) Supervisor {
	t.Helper()
	dir, err := rundir.At(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	return NewSupervisor(dir)
}

// shell is a node that runs a script.
func shell(name, script string) Spec {
	return Spec{Name: name, Program: "/bin/sh", Args: []string{"-c", script}}
}

func start(t *testing.T, s Supervisor, spec Spec) {
	t.Helper()
	if err := s.Start(spec); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Discard(spec.Name) })
}

// awaitState polls until the node is in a state: its end can't be waited for like a child's, as the product can't either.
func awaitState(t *testing.T, s Supervisor, name string, want State) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	for s.Status(name).State != want {
		if pause(ctx) != nil {
			t.Fatalf("%s is %s, want %s", name, s.Status(name).State, want)
		}
	}
}

func TestNodeIsRunningThenStopped(t *testing.T) {
	s := supervisor(t)
	if got := s.Status("a").State; got != Stopped {
		t.Fatalf("before its start it is %s", got)
	}
	start(t, s, shell("a", "exec sleep 60"))
	status := s.Status("a")
	if status.State != Running || status.Pid == 0 || status.ResidentBytes == 0 {
		t.Fatalf("status %+v", status)
	}
	if err := s.Start(shell("a", "exec sleep 60")); failure.CodeOf(err) != failure.NodeState {
		t.Fatalf("second start: %v", err)
	}
	if err := s.Stop("a"); err != nil {
		t.Fatal(err)
	}
	if got := s.Status("a").State; got != Stopped {
		t.Fatalf("after its stop it is %s", got)
	}
}

func TestKilledNodeCountsAsCrashedAndStartsAgain(t *testing.T) {
	s := supervisor(t)
	start(t, s, shell("a", "exec sleep 60"))
	if err := s.Kill("a"); err != nil {
		t.Fatal(err)
	}
	if got := s.Status("a").State; got != Crashed {
		t.Fatalf("it is %s", got)
	}
	if err := s.Kill("a"); failure.CodeOf(err) != failure.NodeState {
		t.Fatalf("second kill: %v", err)
	}
	start(t, s, shell("a", "exec sleep 60"))
	if got := s.Status("a").State; got != Running {
		t.Fatalf("after its restart it is %s", got)
	}
}

func TestNodeThatEndsByItselfCountsAsCrashed(t *testing.T) {
	s := supervisor(t)
	start(t, s, shell("a", "exit 3"))
	awaitState(t, s, "a", Crashed)
}

func TestNodeIsASessionOfItsOwn(t *testing.T) {
	s := supervisor(t)
	start(t, s, shell("a", "exec sleep 60"))
	pid := s.Status("a").Pid
	group, err := syscall.Getpgid(pid)
	if err != nil || group != pid {
		t.Fatalf("group %d of process %d (%v): an interrupt at the terminal would reach it", group, pid, err)
	}
}

func TestSettingsOfTheCallersShellDontReachANode(t *testing.T) {
	t.Setenv("CORE_PEER_ID", "stray")
	s := supervisor(t)
	start(t, s, Spec{Name: "a", Program: "/usr/bin/env", Env: []string{"OWN=1"}})
	awaitState(t, s, "a", Crashed)
	data, err := os.ReadFile(s.dir.Log("a"))
	if err != nil || strings.Contains(string(data), "CORE_PEER_ID") || !strings.Contains(string(data), "OWN=1") {
		t.Fatalf("environment %s, %v", data, err)
	}
}

// A pid that the system has given to another program since must not be signalled.
func TestReusedPidIsLeftAlone(t *testing.T) {
	stranger := exec.Command("/bin/sleep", "60")
	if err := stranger.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = stranger.Process.Kill(); _ = stranger.Wait() })
	handle, err := HandleOf(stranger.Process.Pid)
	if err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*Handle){
		"other start": func(h *Handle) { h.StartTicks-- },
		"other boot":  func(h *Handle) { h.BootID = "another" },
	} {
		t.Run(name, func(t *testing.T) {
			s := supervisor(t)
			old := handle
			change(&old)
			data, err := json.Marshal(old)
			if err != nil {
				t.Fatal(err)
			}
			if err := s.dir.Write(s.dir.Pid("a"), data, rundir.PrivateMode); err != nil {
				t.Fatal(err)
			}
			if got := s.Status("a").State; got != Crashed {
				t.Errorf("status %s", got)
			}
			if err := s.Discard("a"); err != nil {
				t.Error(err)
			}
			if !handle.Alive() {
				t.Fatal("a stranger was ended")
			}
		})
	}
}

func TestReadinessIsEveryPort(t *testing.T) {
	s := supervisor(t)
	var ports []int
	for range 2 {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = listener.Close() })
		ports = append(ports, listener.Addr().(*net.TCPAddr).Port)
	}
	spec := shell("a", "exec sleep 60")
	spec.Ports = ports
	start(t, s, spec)
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := s.WaitReady(ctx, spec); err != nil {
		t.Fatal(err)
	}
}

func TestNodeThatEndsBeforeItServesIsReportedWithItsLastWords(t *testing.T) {
	s := supervisor(t)
	spec := shell("a", "echo no such certificate; exit 1")
	spec.Ports = []int{1} // nothing listens there
	start(t, s, spec)
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	err := s.WaitReady(ctx, spec)
	if failure.CodeOf(err) != failure.NodeFailed || !strings.Contains(err.Error(), "no such certificate") || !strings.Contains(err.Error(), s.dir.Log("a")) {
		t.Fatalf("got %v", err)
	}
}

func TestLoadWithoutConsortiumSaysSo(t *testing.T) {
	dir, err := rundir.At(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Load(dir); failure.CodeOf(err) != failure.NotUp {
		t.Fatalf("got %v", err)
	}
}

func TestFindNamesTheNodesThereAre(t *testing.T) {
	_, err := Find([]Spec{{Name: "peer0.airline"}}, "peer0.airlin")
	if failure.CodeOf(err) != failure.NodeUnknown || !strings.Contains(err.Error(), "[peer0.airline]") {
		t.Fatalf("got %v", err)
	}
}
