//go:build network

package e2e

import (
	"bytes"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// replay is the product's own command, at work on a file of receipts.
type replay struct {
	command *exec.Cmd
	output  bytes.Buffer
	done    chan error
	ended   sync.Once
	err     error
}

// replayArgs send a file to one member's gateway; extra arguments follow.
func (c *consortium) replayArgs(member, file string, extra ...string) []string {
	return append([]string{
		"--gateway", c.url(member), "--api-key-file", filepath.Join(c.dir.Gateway(member), "api-keys.txt"), "--rejects", file + ".rejects", "--strict",
	}, append(extra, file)...)
}

// replayAll sends a whole file and requires that every row went through.
func (c *consortium) replayAll(t *testing.T, member, file string, extra ...string) string {
	t.Helper()
	return c.run(t, "tally-replay", c.replayArgs(member, file, extra...)...)
}

// startReplay sends a file in the background. The test's end ends it.
func (c *consortium) startReplay(t *testing.T, member, file string, extra ...string) *replay {
	t.Helper()
	r := &replay{command: c.command("tally-replay", c.replayArgs(member, file, extra...)...), done: make(chan error, 1)}
	r.command.Stdout, r.command.Stderr = &r.output, &r.output
	if err := r.command.Start(); err != nil {
		t.Fatal(err)
	}
	go func() { r.done <- r.command.Wait() }()
	t.Cleanup(func() { r.kill() })
	return r
}

// kill ends the replay as a power cut would.
func (r *replay) kill() {
	_ = r.command.Process.Kill()
	r.end()
}

func (r *replay) end() error {
	r.ended.Do(func() { r.err = <-r.done })
	return r.err
}

// finish waits for the replay and requires success.
func (r *replay) finish(t *testing.T) {
	t.Helper()
	timer := time.AfterFunc(patience, func() { _ = r.command.Process.Kill() })
	defer timer.Stop()
	if err := r.end(); err != nil {
		t.Fatalf("the replay: %v\n%s", err, lastLines(r.output.String()))
	}
}

func (r *replay) running() bool {
	select {
	case err := <-r.done:
		r.done <- err
		return false
	default:
		return true
	}
}

func lastLines(text string) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	return strings.Join(lines[max(0, len(lines)-40):], "\n")
}

// untilApplied waits until a programme has this many operations more than before, and requires that the replay still runs: what follows must hit it midway.
func (c *consortium) untilApplied(t *testing.T, brand string, before books, more int64, r *replay) {
	t.Helper()
	until(t, "the replay is under way", func() bool {
		return c.books(t, brand).totals.Operations >= before.totals.Operations+more || !r.running()
	})
	if !r.running() {
		t.Fatalf("the replay ended before it could be hit midway:\n%s", lastLines(r.output.String()))
	}
}
