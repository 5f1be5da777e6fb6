package node

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"strconv"
	"strings"

	"github.com/tallystick/tallystick/network/failure"
)

// Handle names one process for good: its pid, when it was started, and in which boot of the machine.
type Handle struct {
	Pid int `json:"pid"`
	// StartTicks is the start time in clock ticks since boot (field 22 of /proc/<pid>/stat).
	StartTicks uint64 `json:"startTicks"`
	BootID     string `json:"bootId"`
}

// HandleOf describes a live process.
func HandleOf(pid int) (Handle, error) {
	stat, err := readStat(pid)
	if err != nil {
		return Handle{}, err
	}
	boot, err := bootID()
	if err != nil {
		return Handle{}, err
	}
	return Handle{Pid: pid, StartTicks: stat.startTicks, BootID: boot}, nil
}

// Alive tells whether exactly this process still runs. A zombie doesn't, unless some of its threads are still ending: until
// the last of them is gone, the process holds its ports.
func (h Handle) Alive() bool {
	boot, err := bootID()
	if err != nil || boot != h.BootID {
		return false
	}
	stat, err := readStat(h.Pid)
	return err == nil && stat.startTicks == h.StartTicks && (stat.state != 'Z' && stat.state != 'X' || stat.threads > 1)
}

// ResidentBytes is the memory that the process holds, 0 when it has ended.
func (h Handle) ResidentBytes() int64 {
	if !h.Alive() {
		return 0
	}
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/statm", h.Pid))
	if err != nil {
		return 0
	}
	fields := strings.Fields(string(data))
	if len(fields) < 2 {
		return 0
	}
	pages, err := strconv.ParseInt(fields[1], 10, 64)
	if err != nil {
		return 0
	}
	return pages * int64(os.Getpagesize())
}

// Signal sends a signal to exactly this process. The process is held by descriptor between the check and the signal, so
// its pid can't pass to another meanwhile. A process that has ended is no error.
func (h Handle) Signal(signal os.Signal) error {
	process, err := os.FindProcess(h.Pid)
	if err != nil {
		return nil
	}
	defer func() { _ = process.Release() }()
	if !h.Alive() {
		return nil
	}
	if err := process.Signal(signal); err != nil && h.Alive() {
		return failure.Wrap(failure.NodeState, err, "can't signal process %d", h.Pid)
	}
	return nil
}

func readHandle(file string) (Handle, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return Handle{}, err
	}
	var h Handle
	if err := json.Unmarshal(data, &h); err != nil {
		return Handle{}, failure.Wrap(failure.RunDirectory, err, "%s is damaged", file)
	}
	return h, nil
}

type procStat struct {
	state      byte
	threads    int
	startTicks uint64
}

// Fields of /proc/<pid>/stat counted after the command's closing parenthesis (the command may hold spaces).
const (
	statState      = 0
	statThreads    = 17
	statStartTicks = 19
)

func readStat(pid int) (procStat, error) {
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return procStat{}, err
	}
	fields := strings.Fields(string(data[bytes.LastIndexByte(data, ')')+1:]))
	if len(fields) <= statStartTicks {
		return procStat{}, fmt.Errorf("/proc/%d/stat has %d fields", pid, len(fields))
	}
	threads, err := strconv.Atoi(fields[statThreads])
	if err != nil {
		return procStat{}, err
	}
	ticks, err := strconv.ParseUint(fields[statStartTicks], 10, 64)
	return procStat{state: fields[statState][0], threads: threads, startTicks: ticks}, err
}

func bootID() (string, error) {
	data, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	return strings.TrimSpace(string(data)), err
}
