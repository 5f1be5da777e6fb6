package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/tallystick/tallystick/test-network/localnet"
)

// defaultHonourDays is how long a failed brand's points are honoured when the command doesn't say.
const defaultHonourDays = 90

func newAdminister(o *options) *cobra.Command {
	var d localnet.Default
	command := &cobra.Command{
		Use:   "administer --member FAILED --administrator BRAND",
		Short: "Let a brand act for one that failed: vote, channel, collections, custody, a gateway of its own; may be repeated",
		Args:  cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			c, err := o.open(command)
			if err != nil {
				return err
			}
			out := command.OutOrStdout()
			if err := c.Administer(command.Context(), d, out); err != nil {
				return err
			}
			fmt.Fprintf(out, "%s acts for %s.\n", d.Administrator, d.Failed)
			return nil
		},
	}
	flags := command.Flags()
	flags.StringVar(&d.Failed, "member", "", "the brand that failed")
	flags.StringVar(&d.Administrator, "administrator", "", "the brand that acts for it")
	flags.IntVar(&d.HonourDays, "honour-days", defaultHonourDays, "how long its points are honoured, from today on")
	for _, name := range []string{"member", "administrator"} {
		_ = command.MarkFlagRequired(name) // The flag is defined above.
	}
	return command
}

func newConform(o *options) *cobra.Command {
	return &cobra.Command{
		Use:   "conform",
		Short: "Bring the channel in line with what the brands voted: after an exit, a reinstatement, an administration",
		Args:  cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			c, err := o.open(command)
			if err != nil {
				return err
			}
			return c.Conform(command.Context(), command.OutOrStdout())
		},
	}
}
