package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/tallystick/tallystick/test-network/localnet"
)

func newUp(o *options) *cobra.Command {
	var withoutGateways bool
	command := &cobra.Command{
		Use:   "up",
		Short: "Start the consortium from nothing: keys, ledgers, chaincodes, gateways",
		Args:  cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			scope := localnet.WithGateways
			if withoutGateways {
				scope = localnet.WithoutGateways
			}
			return up(command, o, scope)
		},
	}
	command.Flags().BoolVar(&withoutGateways, "no-gateways", false, "end after the chaincodes are deployed and founded")
	return command
}

func up(command *cobra.Command, o *options, scope localnet.Scope) error {
	s, err := o.settings(command)
	if err != nil {
		return err
	}
	fmt.Fprintf(s.Out, "Consortium of %s in %s\n", s.Membership, s.Run)
	network := localnet.Network{Settings: s, Found: localnet.Found, Ready: localnet.Ready}
	outcome, err := network.Up(command.Context(), scope)
	if err != nil {
		return err
	}
	if outcome == localnet.AlreadyUp {
		fmt.Fprintln(s.Out, "It is up already; nothing was done. `tallynet status` shows its nodes, `tallynet down` ends it.")
		return nil
	}
	return printURLs(command, o, scope)
}

func printURLs(command *cobra.Command, o *options, scope localnet.Scope) error {
	c, err := o.open(command)
	if err != nil || scope == localnet.WithoutGateways {
		return err
	}
	for _, member := range c.Membership.Members {
		fmt.Fprintf(command.OutOrStdout(), "  %-12s http://127.0.0.1:%d\n", member.Name, c.Membership.GatewayPort(member.Name))
	}
	return nil
}

func newDown(o *options) *cobra.Command {
	return &cobra.Command{
		Use:   "down",
		Short: "End every process of the consortium and delete its keys and ledgers",
		Args:  cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			s, err := o.settings(command)
			if err != nil {
				return err
			}
			if err := localnet.Down(s.Run); err != nil {
				return err
			}
			fmt.Fprintf(s.Out, "Nothing runs in %s and nothing is left of it.\n", s.Run)
			return nil
		},
	}
}
