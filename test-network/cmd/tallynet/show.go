package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"strconv"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/spf13/cobra"

	"github.com/tallystick/tallystick/chaincode/clearing"

	"github.com/tallystick/tallystick/network/failure"
	"github.com/tallystick/tallystick/network/membership"
	"github.com/tallystick/tallystick/network/node"
	"github.com/tallystick/tallystick/test-network/localnet"
)

// followInterval is how often `logs -f` looks for more.
const followInterval = 200 * time.Millisecond

const mebibyte = 1 << 20

func newStatus(o *options) *cobra.Command {
	return &cobra.Command{
		Use:   "status",
		Short: "Show every node; fails when one that should run doesn't",
		Args:  cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			c, err := o.open(command)
			if err != nil {
				return err
			}
			if err := printStatus(command.OutOrStdout(), c); err != nil {
				return err
			}
			printClearing(command.OutOrStdout(), c.Clearing(command.Context()))
			return nil
		},
	}
}

func printStatus(out io.Writer, c *localnet.Consortium) error {
	t := newTable(out, table.Row{"node", "kind", "pid", "port", "state", "RSS MiB"})
	var crashed []string
	var total int64
	for _, spec := range c.Nodes {
		status := c.Supervisor.Status(spec.Name)
		row := table.Row{spec.Name, spec.Kind, "", firstPort(spec), status.State, ""}
		if status.State == node.Running {
			row[2], row[5] = status.Pid, fmt.Sprintf("%.0f", float64(status.ResidentBytes)/mebibyte)
		}
		if status.State == node.Crashed {
			crashed = append(crashed, spec.Name)
		}
		total += status.ResidentBytes
		t.AppendRow(row)
	}
	t.AppendFooter(table.Row{"", "", "", "", "", fmt.Sprintf("%.0f", float64(total)/mebibyte)})
	t.Render()
	if len(crashed) > 0 {
		return failure.New(failure.NodeFailed, "crashed: %v; see `tallynet logs NODE`, bring back with `tallynet start NODE`", crashed)
	}
	return nil
}

// printClearing shows where the brands stand, which windows are open and what pairs may owe each other; nothing when no peer
// could say.
func printClearing(out io.Writer, s *localnet.ClearingStatus) {
	if s == nil {
		return
	}
	members := newTable(out, table.Row{"brand", "status", "acts for it", "honoured until"})
	for _, m := range s.Members {
		row := table.Row{m.Name, m.State(), m.MSP, ""}
		if m.Administrator != "" {
			row[2] = m.Administrator
		}
		if m.HonourUntil != 0 {
			row[3] = m.HonourUntil
		}
		members.AppendRow(row)
	}
	members.Render()
	windows := newTable(out, table.Row{"currency", "open window", "closes"})
	for i := range s.Windows {
		w := &s.Windows[i]
		windows.AppendRow(table.Row{w.Currency, w.Number, time.Unix(w.ClosesAt, 0).UTC().Format(time.RFC3339)})
	}
	windows.Render()
	pairs := newTable(out, table.Row{"pair", "currency", "first may owe (minor units)", "second may owe"})
	for _, p := range s.Pairs {
		pairs.AppendRow(table.Row{p.A + ", " + p.B, p.Currency, int64(p.Amount[clearing.AOwesB]), int64(p.Amount[clearing.BOwesA])})
	}
	pairs.Render()
}

// firstPort is where a node does its main work: its other ports are for operators.
func firstPort(spec node.Spec) string {
	if len(spec.Ports) == 0 {
		return ""
	}
	return strconv.Itoa(spec.Ports[0])
}

func newPorts(o *options) *cobra.Command {
	return &cobra.Command{
		Use:   "ports",
		Short: "Show which node listens where",
		Args:  cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			m, err := o.membershipFor(command)
			if err != nil {
				return err
			}
			t := newTable(command.OutOrStdout(), table.Row{"port", "node", "for"})
			for _, port := range m.Ports() {
				t.AppendRow(table.Row{port.Number, port.Node, port.Purpose})
			}
			t.Render()
			return nil
		},
	}
}

// membershipFor is the running consortium's membership, or else the one that `up` would use.
func (o *options) membershipFor(command *cobra.Command) (*membership.Membership, error) {
	if c, err := o.open(command); err == nil {
		return c.Membership, nil
	}
	s, err := o.settings(command)
	if err != nil {
		return nil, err
	}
	return s.LoadMembership()
}

func newLogs(o *options) *cobra.Command {
	var follow bool
	command := &cobra.Command{
		Use:   "logs NODE",
		Short: "Print a node's output",
		Args:  cobra.ExactArgs(1),
		RunE: func(command *cobra.Command, args []string) error {
			c, err := o.open(command)
			if err != nil {
				return err
			}
			spec, err := c.Node(args[0])
			if err != nil {
				return err
			}
			if !follow {
				return printLog(command.OutOrStdout(), c.Dir.Log(spec.Name))
			}
			return followLog(command.Context(), command.OutOrStdout(), c.Dir.Log(spec.Name))
		},
	}
	command.Flags().BoolVarP(&follow, "follow", "f", false, "go on printing until interrupted")
	return command
}

func printLog(out io.Writer, file string) error {
	log, err := openLog(file)
	if err != nil {
		return err
	}
	defer func() { _ = log.Close() }()
	return copyLog(out, log)
}

// followLog prints a log and what is added to it until ctx ends.
func followLog(ctx context.Context, out io.Writer, file string) error {
	log, err := openLog(file)
	if err != nil {
		return err
	}
	defer func() { _ = log.Close() }()
	for {
		if err := copyLog(out, log); err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(followInterval):
		}
	}
}

func openLog(file string) (*os.File, error) {
	log, err := os.Open(file)
	if os.IsNotExist(err) {
		return nil, failure.New(failure.NodeState, "no output yet: the node was never started")
	}
	if err != nil {
		return nil, failure.Wrap(failure.RunDirectory, err, "can't read a log")
	}
	return log, nil
}

func copyLog(out io.Writer, log *os.File) error {
	if _, err := io.Copy(out, log); err != nil {
		return failure.Wrap(failure.RunDirectory, err, "can't print a log")
	}
	return nil
}

func newTable(out io.Writer, header table.Row) table.Writer {
	t := table.NewWriter()
	t.SetOutputMirror(out)
	t.SetStyle(table.StyleLight)
	t.Style().Options.DrawBorder = false
	t.AppendHeader(header)
	return t
}
