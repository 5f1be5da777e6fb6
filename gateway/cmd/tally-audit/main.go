// Command tally-audit recomputes a channel from its blocks and says whether what members committed follows from what was recorded.
//
// It exits with 0 when everything agrees, with 2 at the first difference (naming block, transaction and key), with 1 when the audit could not be made.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/tallystick/tallystick/gateway/software"
)

// Exit codes.
const (
	exitFailed     = 1 // The audit could not be made.
	exitDifference = 2 // The audit found a difference.
)

// program is this command's name, as it stands in versions.
const program = "tally-audit"

// errDifference ends a command whose statement has told everything already.
var errDifference = errors.New("the audit found a difference")

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := command().ExecuteContext(ctx)
	stop()
	switch {
	case errors.Is(err, errDifference):
		os.Exit(exitDifference)
	case err != nil:
		fmt.Fprintln(os.Stderr, "tally-audit:", err)
		os.Exit(exitFailed)
	}
}

func command() *cobra.Command {
	var f flags
	root := &cobra.Command{
		Use:   "tally-audit --config gateway.yaml | --from-file dir | --from-archive dir",
		Short: "Recompute everything from a channel's blocks",
		Long: "Reads all blocks from the gateway's own peer, from a folder of saved blocks or from an archive, and recomputes hashes, signatures, endorsements and every transaction.\n" +
			"Compares the blocks with other members' peers and the rebuilt state with the gateway's database. Stops at the first difference.",
		Args: cobra.NoArgs, SilenceUsage: true, SilenceErrors: true,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return run(cmd.Context(), f, cmd.OutOrStdout(), cmd.ErrOrStderr())
		},
	}
	f.register(root.Flags())
	root.AddCommand(checkpointCommand(), archiveCommand(), certificateCommand(), reportCommand(), versionCommand())
	return root
}

func versionCommand() *cobra.Command {
	return &cobra.Command{
		Use: "version", Short: "Print the version", Args: cobra.NoArgs,
		Run: func(cmd *cobra.Command, _ []string) {
			fmt.Fprintln(cmd.OutOrStdout(), software.Describe(program))
		},
	}
}
