package node

import (
	"bytes"
	"context"
	"encoding/json"
	"net"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"

	"github.com/tallystick/tallystick/network/failure"
	"github.com/tallystick/tallystick/network/membership"
	"github.com/tallystick/tallystick/network/rundir"
)

// How long a process may take to end, and how often its end or its first answer is looked for.
const (
	stopGrace    = 10 * time.Second
	killGrace    = 5 * time.Second
	pollInterval = 20 * time.Millisecond
	dialTimeout  = time.Second
	logLines     = 5
)

// State of a node.
type State string

const (
	// Running nodes have a live process.
	Running State = "running"
	// Stopped nodes were never started, or stopped on purpose.
	Stopped State = "stopped"
	// Crashed nodes should run but their process has ended.
	Crashed State = "crashed"
)

// Supervisor starts and stops the processes of one run directory.
type Supervisor struct{ dir rundir.Dir }

// NewSupervisor makes the supervisor of a run directory.
func NewSupervisor(dir rundir.Dir) Supervisor { return Supervisor{dir: dir} }

// Status of a node: its state and, while it runs, its pid and memory.
type Status struct {
	State         State
	Pid           int
	ResidentBytes int64
}

// Status looks a node up.
func (s Supervisor) Status(name string) Status {
	handle, err := readHandle(s.dir.Pid(name))
	if os.IsNotExist(err) {
		return Status{State: Stopped}
	}
	if err != nil || !handle.Alive() {
		return Status{State: Crashed}
	}
	return Status{State: Running, Pid: handle.Pid, ResidentBytes: handle.ResidentBytes()}
}

// Recorded names every node that has been started and not stopped since.
func (s Supervisor) Recorded() ([]string, error) {
	entries, err := os.ReadDir(s.dir.Pids())
	if os.IsNotExist(err) {
		return nil, nil
	}
	if err != nil {
		return nil, failure.Wrap(failure.RunDirectory, err, "can't list the pid files")
	}
	var names []string
	for _, entry := range entries {
		if name, ok := strings.CutSuffix(entry.Name(), ".json"); ok {
			names = append(names, name)
		}
	}
	return names, nil
}

// Start starts a node in a session of its own, its output appended to its log, and returns at once. NODE_STATE when it runs.
func (s Supervisor) Start(spec Spec) error {
	if s.Status(spec.Name).State == Running {
		return failure.New(failure.NodeState, "%s is running already", spec.Name)
	}
	command, err := s.launch(spec)
	if err != nil {
		return err
	}
	handle, err := HandleOf(command.Process.Pid)
	go func() { _ = command.Wait() }() // collects the process, so that its end is seen while this program lives
	if err != nil {
		return s.failed(spec.Name, "ended at once")
	}
	data, err := json.Marshal(handle)
	if err == nil {
		err = s.dir.Write(s.dir.Pid(spec.Name), data, rundir.PrivateMode)
	}
	if err != nil {
		_ = handle.Signal(syscall.SIGKILL)
		return err
	}
	return nil
}

func (s Supervisor) launch(spec Spec) (*exec.Cmd, error) {
	for _, folder := range []string{s.dir.Logs(), s.dir.Scratch()} {
		if err := os.MkdirAll(folder, rundir.FolderMode); err != nil {
			return nil, failure.Wrap(failure.RunDirectory, err, "can't make a folder")
		}
	}
	log, err := os.OpenFile(s.dir.Log(spec.Name), os.O_APPEND|os.O_CREATE|os.O_WRONLY, rundir.PrivateMode)
	if err != nil {
		return nil, failure.Wrap(failure.RunDirectory, err, "can't open the log of %s", spec.Name)
	}
	defer func() { _ = log.Close() }()
	command := exec.Command(spec.Program, spec.Args...)
	command.Env = append([]string{"PATH=" + os.Getenv("PATH"), "HOME=" + os.Getenv("HOME"), "TMPDIR=" + s.dir.Scratch()}, spec.Env...)
	command.Dir = s.dir.Root
	command.Stdout, command.Stderr = log, log
	command.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := command.Start(); err != nil {
		return nil, failure.Wrap(failure.NodeFailed, err, "can't start %s", spec.Name)
	}
	return command, nil
}

// WaitReady returns when every port of the node accepts connections. NODE_FAILED, with the end of the log, when the process
// ends first or ctx does.
func (s Supervisor) WaitReady(ctx context.Context, spec Spec) error {
	dialer := net.Dialer{Timeout: dialTimeout}
	for _, port := range spec.Ports {
		for {
			connection, err := dialer.DialContext(ctx, "tcp", membership.Address(port))
			if err == nil {
				_ = connection.Close()
				break
			}
			if s.Status(spec.Name).State != Running {
				return s.failed(spec.Name, "ended before it served")
			}
			if err := pause(ctx); err != nil {
				return s.failed(spec.Name, "doesn't answer on "+membership.Address(port))
			}
		}
	}
	return nil
}

// Stop asks a node to end, then makes it. A node that doesn't run is no error; afterwards it counts as stopped.
func (s Supervisor) Stop(name string) error {
	return s.end(name, func(handle Handle) error {
		if err := handle.Signal(syscall.SIGTERM); err != nil {
			return err
		}
		if gone(handle, stopGrace) {
			return nil
		}
		return handle.Signal(syscall.SIGKILL)
	})
}

// Discard ends a node without asking. For a consortium that is thrown away, ledgers and all.
func (s Supervisor) Discard(name string) error {
	return s.end(name, func(handle Handle) error { return handle.Signal(syscall.SIGKILL) })
}

// Kill ends a running node as a power cut would; afterwards it counts as crashed. NODE_STATE when it doesn't run.
func (s Supervisor) Kill(name string) error {
	handle, err := readHandle(s.dir.Pid(name))
	if err != nil || !handle.Alive() {
		return failure.New(failure.NodeState, "%s isn't running", name)
	}
	if err := handle.Signal(syscall.SIGKILL); err != nil {
		return err
	}
	return ended(name, handle)
}

func (s Supervisor) end(name string, how func(Handle) error) error {
	handle, err := readHandle(s.dir.Pid(name))
	if os.IsNotExist(err) {
		return nil
	}
	if err == nil {
		if err := how(handle); err != nil {
			return err
		}
		if err := ended(name, handle); err != nil {
			return err
		}
	}
	if err := os.Remove(s.dir.Pid(name)); err != nil && !os.IsNotExist(err) {
		return failure.Wrap(failure.RunDirectory, err, "can't delete the pid file of %s", name)
	}
	return nil
}

func ended(name string, handle Handle) error {
	if !gone(handle, killGrace) {
		return failure.New(failure.NodeState, "%s (process %d) doesn't end", name, handle.Pid)
	}
	return nil
}

func gone(handle Handle, within time.Duration) bool {
	ctx, cancel := context.WithTimeout(context.Background(), within)
	defer cancel()
	for handle.Alive() {
		if pause(ctx) != nil {
			return !handle.Alive()
		}
	}
	return true
}

func pause(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(pollInterval):
		return nil
	}
}

// failed describes a node's failure with the last lines of its log.
func (s Supervisor) failed(name, what string) error {
	file := s.dir.Log(name)
	data, _ := os.ReadFile(file)
	lines := bytes.Split(bytes.TrimSpace(data), []byte("\n"))
	lines = lines[max(0, len(lines)-logLines):]
	return failure.New(failure.NodeFailed, "%s %s; its log %s ends with:\n%s", name, what, file, bytes.Join(lines, []byte("\n")))
}
