//go:build network

package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"sync"
	"syscall"
	"testing"
)

// Where the tests' consortia live. Both port ranges lie below the system's own outgoing ports and apart from a consortium that `make run` started.
const (
	threePorts = 29000
	fourPorts  = 29600
	threeRun   = "test-network/run-e2e"
	fourRun    = "test-network/run-e2e-four"
)

// three is the consortium that the tests share: airline, hotel, grocer and the regulator.
var three *consortium

// root is the module's folder, programs the folder of the product's commands.
var root, programs string

// programsVariable names another folder of the product's commands, as for tallynet.
const programsVariable = "TALLY_BIN"

func TestMain(m *testing.M) {
	code, err := runTests(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, "e2e:", err)
		code = 1
	}
	os.Exit(code)
}

func runTests(m *testing.M) (int, error) {
	var err error
	if root, err = filepath.Abs("../.."); err != nil {
		return 1, err
	}
	if programs = os.Getenv(programsVariable); programs == "" {
		programs = filepath.Join(root, "network/build/bin")
	}
	if err := build(); err != nil {
		return 1, err
	}
	if three, err = newConsortium("organizations/membership.yaml", threeRun, threePorts); err != nil {
		return 1, err
	}
	endOnSignal()
	defer three.down()
	if err := three.up(); err != nil {
		three.printLogs()
		return 1, err
	}
	code := m.Run()
	if code != 0 {
		three.printLogs()
	}
	return code, nil
}

// build compiles the product's commands to where tallynet looks for them.
func build() error {
	command := exec.Command("go", "build", "-trimpath", "-o", programs+"/", "./chaincode/cmd/...", "./gateway/cmd/...", "./network/cmd/...", "./test-network/cmd/...")
	command.Dir = root
	command.Stdout, command.Stderr = os.Stderr, os.Stderr
	return command.Run()
}

// endOnSignal takes every consortium down when the tests are interrupted.
func endOnSignal() {
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	go func() {
		<-signals
		for _, c := range started.all() {
			c.down()
		}
		os.Exit(1)
	}()
}

// started are the consortia that this run has begun to start.
var started consortia

type consortia struct {
	mu   sync.Mutex
	list []*consortium
}

func (c *consortia) add(one *consortium) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.list = append(c.list, one)
}

func (c *consortia) all() []*consortium {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.list)
}
