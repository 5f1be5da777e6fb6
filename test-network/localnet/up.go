package localnet

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"syscall"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/tallystick/tallystick/network/failure"
	"github.com/tallystick/tallystick/network/membership"
	"github.com/tallystick/tallystick/network/node"
	"github.com/tallystick/tallystick/network/rundir"
)

// How long the parts of a start may take on a slow machine.
const (
	readyTimeout  = 120 * time.Second
	enrolTimeout  = 240 * time.Second
	deployTimeout = 120 * time.Second
	foundTimeout  = 120 * time.Second
)

// Network starts consortia.
type Network struct {
	Settings Settings
	// Found records the members and the programmes on the ledger, between deployment and the gateways' start. Nil leaves the
	// ledger as deployed, for tests of the network alone.
	Found func(context.Context, *Consortium) error
	// Ready returns when every gateway can serve, after the gateways' start. Nil waits for their ports only.
	Ready func(context.Context, *Consortium) error
}

// Outcome of Up.
type Outcome int

const (
	// Started means that the consortium is up and wasn't before.
	Started Outcome = iota
	// AlreadyUp means that it was up and nothing was done.
	AlreadyUp
)

// Up starts a consortium from nothing. When any step fails, or ctx ends, everything that was started is ended and deleted
// again; the nodes' logs stay in a folder that the error names.
func (n *Network) Up(ctx context.Context, scope Scope) (Outcome, error) {
	if outcome, err := n.existing(); err != nil || outcome == AlreadyUp {
		return outcome, err
	}
	c, err := n.plan(scope)
	if err != nil {
		return Started, err
	}
	if err := c.Dir.Create(); err != nil {
		return Started, err
	}
	unlock, err := lock(c.Dir)
	if err != nil {
		return Started, err
	}
	defer unlock()
	if err := n.start(ctx, c, scope); err != nil {
		return Started, n.abandon(ctx, c, err)
	}
	return Started, nil
}

// existing tells whether a consortium is up. One that is up in part, or ended without Down, is an error.
func (n *Network) existing() (Outcome, error) {
	c, err := Open(n.Settings.Run)
	if failure.CodeOf(err) == failure.NotUp {
		return Started, nil
	}
	if err != nil {
		return Started, err
	}
	states := c.States()
	if states[node.Running] == len(c.Nodes) {
		return AlreadyUp, nil
	}
	return Started, failure.New(failure.NodeState,
		"a consortium is in %s with %d nodes running, %d stopped, %d crashed: see `status`; bring its nodes back with `start`, or end it with `down`",
		c.Dir.Root, states[node.Running], states[node.Stopped], states[node.Crashed])
}

// plan checks everything that can be checked before anything is started.
func (n *Network) plan(scope Scope) (*Consortium, error) {
	m, err := n.Settings.LoadMembership()
	if err != nil {
		return nil, err
	}
	dir, err := n.Settings.dir()
	if err != nil {
		return nil, err
	}
	if err := n.Settings.checkPrograms(scope); err != nil {
		return nil, err
	}
	if err := checkPorts(m); err != nil {
		return nil, err
	}
	specs, err := n.Settings.specs(dir, m, scope)
	if err != nil {
		return nil, err
	}
	return &Consortium{Dir: dir, Membership: m, Nodes: specs, Supervisor: node.NewSupervisor(dir)}, nil
}

// checkPorts names every port of the table that another process holds.
func checkPorts(m *membership.Membership) error {
	var busy []string
	for _, port := range m.Ports() {
		listener, err := net.Listen("tcp", membership.Address(port.Number))
		if errors.Is(err, syscall.EADDRINUSE) {
			busy = append(busy, fmt.Sprintf("%d (%s, %s)", port.Number, port.Node, port.Purpose))
			continue
		}
		if err != nil {
			return failure.Wrap(failure.PortInUse, err, "can't listen on port %d of %s", port.Number, port.Node)
		}
		_ = listener.Close()
	}
	if len(busy) > 0 {
		return failure.New(failure.PortInUse, "taken by another process: %s; end it, or choose other ports with %s",
			strings.Join(busy, ", "), portBaseVariable)
	}
	return nil
}

func (n *Network) start(ctx context.Context, c *Consortium, scope Scope) error {
	s := &starter{Consortium: c, settings: n.Settings}
	if err := s.record(); err != nil {
		return err
	}
	steps := []step{
		{"certificate authorities", s.authorities},
		{"certificates", s.certificates},
		{"first block and configuration", s.configure},
		{"orderers, peers, chaincode servers", s.nodes},
		{"channel " + c.Membership.Channel, s.join},
		{"chaincodes", s.deploy},
	}
	if n.Found != nil {
		steps = append(steps, step{"founding, limits, agreements", func(ctx context.Context) error {
			ctx, cancel := context.WithTimeout(ctx, foundTimeout)
			defer cancel()
			return n.Found(ctx, c)
		}})
	}
	if scope == WithGateways {
		steps = append(steps, step{"gateways", s.gateways})
		if n.Ready != nil {
			steps = append(steps, step{"readiness", func(ctx context.Context) error {
				ctx, cancel := context.WithTimeout(ctx, readyTimeout)
				defer cancel()
				return n.Ready(ctx, c)
			}})
		}
	}
	return run(ctx, n.Settings.Out, steps)
}

type step struct {
	what string
	do   func(context.Context) error
}

// run takes the steps one after the other and prints how long each took.
func run(ctx context.Context, out io.Writer, steps []step) error {
	began := time.Now()
	for _, s := range steps {
		started := time.Now()
		if err := s.do(ctx); err != nil {
			fmt.Fprintf(out, "  %-36s failed\n", s.what)
			return err
		}
		fmt.Fprintf(out, "  %-36s %6.2f s\n", s.what, time.Since(started).Seconds())
	}
	fmt.Fprintf(out, "  %-36s %6.2f s\n", "total", time.Since(began).Seconds())
	return nil
}

// abandon ends a start that failed. It keeps the logs beside the run directory, unless the start was interrupted on purpose.
func (n *Network) abandon(ctx context.Context, c *Consortium, cause error) error {
	if err := discard(c.Supervisor); err != nil {
		return errors.Join(cause, err)
	}
	if ctx.Err() != nil {
		cause = failure.New(failure.Interrupted, "the start was interrupted; everything that it had started is ended")
		return errors.Join(cause, c.Dir.Remove())
	}
	kept := FailedLogs(c.Dir)
	if err := os.Rename(c.Dir.Logs(), kept); err == nil {
		cause = failure.Wrap(failure.CodeOf(cause), cause, "start failed, its logs are kept in %s", kept)
	}
	return errors.Join(cause, c.Dir.Remove())
}

// FailedLogs is where the logs of a failed start stay until the next start or Down.
func FailedLogs(dir rundir.Dir) string { return dir.Root + ".failed" }

// record writes down what is about to be started, so that Down finds it whatever happens.
func (s *starter) record() error {
	if err := os.RemoveAll(FailedLogs(s.Dir)); err != nil {
		return failure.Wrap(failure.RunDirectory, err, "can't delete the logs of an earlier failure")
	}
	data, err := yaml.Marshal(s.Membership)
	if err != nil {
		return failure.Wrap(failure.RunDirectory, err, "can't encode the membership")
	}
	if err := s.Dir.Write(s.Dir.Membership(), data, rundir.PublicMode); err != nil {
		return err
	}
	return node.Save(s.Dir, s.Nodes)
}
