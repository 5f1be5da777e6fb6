//go:build network

package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc"

	"github.com/tallystick/tallystick/network/membership"
	"github.com/tallystick/tallystick/network/node"
	"github.com/tallystick/tallystick/network/rundir"
	"github.com/tallystick/tallystick/test-network/localnet"
)

const (
	// patience bounds every wait for a condition: far more than anything takes, so that only what never comes fails.
	patience = 3 * time.Minute
	// pollEvery is how often a condition is looked at.
	pollEvery = 50 * time.Millisecond
	// logLines of each node are printed when a test failed.
	logLines = 12
	// logWidth bounds a line.
	logWidth = 300
)

// consortium is a running test network.
type consortium struct {
	members     *membership.Membership
	file        string
	dir         rundir.Dir
	env         []string
	connections map[string]*grpc.ClientConn
}

func newConsortium(file, run string, ports int) (*consortium, error) {
	dir, err := rundir.At(filepath.Join(root, run))
	if err != nil {
		return nil, err
	}
	file = filepath.Join(root, file)
	members, err := membership.Load(file)
	if err != nil {
		return nil, err
	}
	if members, err = members.WithPortBase(ports); err != nil {
		return nil, err
	}
	env := append(os.Environ(), "TALLY_RUN="+dir.Root, "TALLY_MEMBERSHIP="+file, "TALLY_PORT_BASE="+strconv.Itoa(ports))
	return &consortium{members: members, file: file, dir: dir, env: env, connections: map[string]*grpc.ClientConn{}}, nil
}

// ownConsortium starts a consortium for one test, whose end takes it down and shows its logs when it failed.
func ownConsortium(t *testing.T, file, run string, ports int) *consortium {
	t.Helper()
	c := must[*consortium](t)(newConsortium(file, run, ports))
	t.Cleanup(func() {
		if t.Failed() {
			c.printLogs()
		}
		c.down()
	})
	if err := c.up(); err != nil {
		t.Fatal(err)
	}
	return c
}

// up starts the consortium, after whatever an aborted run left behind has been cleared away.
func (c *consortium) up() error {
	started.add(c)
	if err := c.tallynet("down"); err != nil {
		return err
	}
	return c.tallynet("up")
}

func (c *consortium) down() {
	for _, connection := range c.connections {
		_ = connection.Close()
	}
	if err := c.tallynet("down"); err != nil {
		fmt.Fprintln(os.Stderr, "e2e: the consortium in", c.dir.Root, "was not taken down:", err)
	}
}

// tallynet runs the consortium's own command; its words go to the test's output.
func (c *consortium) tallynet(args ...string) error {
	command := c.command("tallynet", args...)
	command.Stdout, command.Stderr = os.Stderr, os.Stderr
	if err := command.Run(); err != nil {
		return fmt.Errorf("tallynet %s: %w", strings.Join(args, " "), err)
	}
	return nil
}

// command prepares one of the product's commands, started from the module's folder.
func (c *consortium) command(name string, args ...string) *exec.Cmd {
	command := exec.Command(filepath.Join(programs, name), args...)
	command.Dir, command.Env = root, c.env
	return command
}

// run runs a command that must succeed and returns what it wrote.
func (c *consortium) run(t *testing.T, name string, args ...string) string {
	t.Helper()
	out, err := c.attempt(name, args...)
	if err != nil {
		t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, out)
	}
	return out
}

// attempt runs a command and returns what it wrote, whatever became of it.
func (c *consortium) attempt(name string, args ...string) (string, error) {
	out, err := c.command(name, args...).CombinedOutput()
	return string(out), err
}

func (c *consortium) kill(t *testing.T, name string) {
	t.Helper()
	c.run(t, "tallynet", "kill", name)
}

func (c *consortium) stop(t *testing.T, name string) {
	t.Helper()
	c.run(t, "tallynet", "stop", name)
}

func (c *consortium) start(t *testing.T, name string) {
	t.Helper()
	c.run(t, "tallynet", "start", name)
}

func (c *consortium) state(name string) node.State {
	return node.NewSupervisor(c.dir).Status(name).State
}

// gatewayConfig is the configuration file of a member's gateway.
func (c *consortium) gatewayConfig(member string) string {
	return filepath.Join(c.dir.Gateway(member), "gateway.yaml")
}

// url is where a member's gateway listens.
func (c *consortium) url(member string) string {
	return "http://" + membership.Address(c.members.GatewayPort(member))
}

// key is a member's API key of this name; the consortium names keys by their scope.
func (c *consortium) key(t *testing.T, member, name string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(c.dir.Gateway(member), "api-keys.txt"))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(data)) {
		if key, ok := strings.CutPrefix(line, name+":"); ok {
			return strings.TrimSpace(key)
		}
	}
	t.Fatalf("%s has no API key named %s", member, name)
	return ""
}

// until polls a condition; it fails the test, naming what was waited for, when the condition never comes true.
func until(t *testing.T, what string, condition func() bool) {
	t.Helper()
	untilDone(t, what, func() error {
		if condition() {
			return nil
		}
		return errNotYet
	})
}

// errNotYet is of a condition that doesn't say what is missing.
var errNotYet = errors.New("not yet")

// untilDone polls what gives an error until it gives none; the failure of the test repeats the last error.
func untilDone(t *testing.T, what string, try func() error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	ticker := time.NewTicker(pollEvery)
	defer ticker.Stop()
	for {
		err := try()
		if err == nil {
			return
		}
		select {
		case <-ctx.Done():
			t.Fatalf("never came true: %s; at last: %v", what, err)
		case <-ticker.C:
		}
	}
}

// unexpected is an error that says what was answered, for untilDone.
func (a answer) unexpected() error { return fmt.Errorf("status %d: %.500s", a.status, a.body) }

// awaitReady waits until a member's gateway accepts operations.
func (c *consortium) awaitReady(t *testing.T, member string) {
	t.Helper()
	untilDone(t, member+"'s gateway is ready", func() error {
		a, err := c.try(member, request{method: "GET", path: "/readyz"})
		if err == nil && a.status != http.StatusOK {
			err = a.unexpected()
		}
		return err
	})
}

// awaitPartners waits until a member's gateway accepts operations with every partner too: it is ready without.
func (c *consortium) awaitPartners(t *testing.T, members ...string) {
	t.Helper()
	for _, member := range members {
		untilDone(t, member+"'s gateway is ready for its partners", func() error {
			a, err := c.try(member, request{method: "GET", path: "/readyz"})
			if err != nil {
				return err
			}
			var said struct{ Partners []json.RawMessage }
			if err := json.Unmarshal(a.body, &said); err != nil || a.status != http.StatusOK || len(said.Partners) > 0 {
				return a.unexpected()
			}
			return nil
		})
	}
}

// awaitAccount waits until a member's gateway knows an account, which may be of another's programme: it learns of those from its own peer's blocks.
func (c *consortium) awaitAccount(t *testing.T, member, account string) {
	t.Helper()
	untilDone(t, member+"'s gateway knows an account", func() error {
		a, err := c.try(member, request{method: "GET", path: "/v1/accounts/" + account, key: c.key(t, member, "till")})
		if err == nil && a.status != http.StatusOK {
			err = a.unexpected()
		}
		return err
	})
}

// printLogs shows the end of every node's log, those that a failed start left among them.
func (c *consortium) printLogs() {
	files, _ := filepath.Glob(c.dir.Log("*"))
	failed, _ := filepath.Glob(filepath.Join(localnet.FailedLogs(c.dir), "*"))
	for _, file := range slices.Concat(files, failed) {
		data, err := os.ReadFile(file)
		if err != nil || len(data) == 0 {
			continue
		}
		lines := bytes.Split(bytes.TrimSpace(data), []byte("\n"))
		fmt.Fprintf(os.Stderr, "---- %s\n", filepath.Base(file))
		for _, line := range lines[max(0, len(lines)-logLines):] {
			fmt.Fprintf(os.Stderr, "%s\n", line[:min(len(line), logWidth)])
		}
	}
}

func decode[T any](t *testing.T, raw []byte) T {
	t.Helper()
	var v T
	if err := json.Unmarshal(raw, &v); err != nil {
		t.Fatalf("not a %T: %v\n%.500s", v, err, raw)
	}
	return v
}

func must[T any](t *testing.T) func(T, error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}
