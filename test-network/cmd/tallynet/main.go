package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/tallystick/tallystick/test-network/localnet"
)

func main() {
	ctx, cancel := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	defer cancel()
	if err := newRoot().ExecuteContext(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "tallynet:", err)
		os.Exit(1)
	}
}

// options are the flags that every command has.
type options struct {
	membership, run string
}

func newRoot() *cobra.Command {
	o := &options{}
	root := &cobra.Command{
		Use:           "tallynet",
		Short:         "Run a Tallystick consortium on this machine",
		SilenceUsage:  true,
		SilenceErrors: true,
	}
	flags := root.PersistentFlags()
	flags.StringVar(&o.membership, "membership", "", "membership file (default: $TALLY_MEMBERSHIP, or organizations/membership.yaml)")
	flags.StringVar(&o.run, "run", "", "run directory (default: $TALLY_RUN, or test-network/run)")
	root.AddCommand(
		newUp(o), newDown(o), newStatus(o), newPorts(o), newLogs(o),
		newStart(o), newStop(o), newRestart(o), newKill(o), newAdminister(o), newConform(o), newGenerate(o))
	return root
}

// settings are the environment's with the flags over them.
func (o *options) settings(command *cobra.Command) (localnet.Settings, error) {
	s, err := localnet.DefaultSettings(command.OutOrStdout())
	if err != nil {
		return s, err
	}
	if o.membership != "" {
		s.Membership = o.membership
	}
	if o.run != "" {
		s.Run = o.run
	}
	return s, nil
}

func (o *options) open(command *cobra.Command) (*localnet.Consortium, error) {
	s, err := o.settings(command)
	if err != nil {
		return nil, err
	}
	return localnet.Open(s.Run)
}
