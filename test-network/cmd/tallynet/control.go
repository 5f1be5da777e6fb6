package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/tallystick/tallystick/network/orgfiles"
	"github.com/tallystick/tallystick/test-network/localnet"
)

func newStart(o *options) *cobra.Command {
	return &cobra.Command{
		Use:   "start [NODE...]",
		Short: "Start nodes that don't run (all of them without a name), on the ledgers that they have",
		RunE: o.control(func(command *cobra.Command, c *localnet.Consortium, names []string) error {
			return c.StartNodes(command.Context(), names...)
		}),
	}
}

func newStop(o *options) *cobra.Command {
	return &cobra.Command{
		Use:   "stop [NODE...]",
		Short: "Ask nodes to end (all of them without a name); keys and ledgers stay",
		RunE: o.control(func(_ *cobra.Command, c *localnet.Consortium, names []string) error {
			return c.StopNodes(names...)
		}),
	}
}

func newRestart(o *options) *cobra.Command {
	return &cobra.Command{
		Use:   "restart NODE...",
		Short: "Stop and start nodes",
		Args:  cobra.MinimumNArgs(1),
		RunE: o.control(func(command *cobra.Command, c *localnet.Consortium, names []string) error {
			if err := c.StopNodes(names...); err != nil {
				return err
			}
			return c.StartNodes(command.Context(), names...)
		}),
	}
}

func newKill(o *options) *cobra.Command {
	return &cobra.Command{
		Use:   "kill NODE...",
		Short: "End nodes without asking, as a power cut would",
		Args:  cobra.MinimumNArgs(1),
		RunE: o.control(func(_ *cobra.Command, c *localnet.Consortium, names []string) error {
			return c.KillNodes(names...)
		}),
	}
}

// control makes a command's action of something done to a consortium's nodes, and shows the nodes afterwards.
func (o *options) control(
	do func(*cobra.Command, *localnet.Consortium, []string) error,
) func(*cobra.Command, []string) error {
	return func(command *cobra.Command, names []string) error {
		c, err := o.open(command)
		if err != nil {
			return err
		}
		if err := do(command, c, names); err != nil {
			return err
		}
		for _, name := range names {
			fmt.Fprintf(command.OutOrStdout(), "%s: %s\n", name, c.Supervisor.Status(name).State)
		}
		return nil
	}
}

func newGenerate(o *options) *cobra.Command {
	return &cobra.Command{
		Use:   "generate",
		Short: "Rewrite the checked-in files that follow from the membership",
		Args:  cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			top, err := localnet.Top()
			if err != nil {
				return err
			}
			s, err := o.settings(command)
			if err != nil {
				return err
			}
			m, err := s.MembershipAsWritten()
			if err != nil {
				return err
			}
			changed, err := orgfiles.Write(top, m)
			for _, path := range changed {
				fmt.Fprintln(command.OutOrStdout(), path)
			}
			return err
		},
	}
}
