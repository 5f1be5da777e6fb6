// Command tally-gateway is one member's gateway: the HTTP API, the sequencer of its programme, and the read model projected from its own peer.
// A regulator's gateway is the same program with mode reader: no sequencer, nothing that writes.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/tallystick/tallystick/gateway/config"
	"github.com/tallystick/tallystick/gateway/software"
)

// program is this command's name, as it stands in versions.
const program = "tally-gateway"

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := command().ExecuteContext(ctx)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "tally-gateway:", err)
		os.Exit(1)
	}
}

func command() *cobra.Command {
	root := &cobra.Command{Use: "tally-gateway", Short: "One member's gateway to the shared points ledger", SilenceUsage: true, SilenceErrors: true}
	root.AddCommand(serveCommand(), peopleCommand(), versionCommand())
	return root
}

func serveCommand() *cobra.Command {
	var file string
	cmd := &cobra.Command{
		Use: "serve --config gateway.yaml", Short: "Run the gateway until SIGTERM or SIGINT", Args: cobra.NoArgs,
		Long: "Runs the gateway until SIGTERM or SIGINT, then answers the requests under way and ends. Every key of the configuration can be overridden by an\n" +
			"environment variable with the prefix " + config.EnvironmentPrefix + "_ (identity.cert is " + config.EnvironmentPrefix + "_IDENTITY_CERT).",
		RunE: func(cmd *cobra.Command, _ []string) error {
			cfg, err := config.Load(file, cmd.Flags())
			if err != nil {
				return err
			}
			return serve(cmd.Context(), cfg)
		},
	}
	cmd.Flags().StringVar(&file, "config", "gateway.yaml", "configuration file")
	config.AddFlags(cmd.Flags())
	return cmd
}

func versionCommand() *cobra.Command {
	return &cobra.Command{
		Use: "version", Short: "Print the version", Args: cobra.NoArgs,
		Run: func(cmd *cobra.Command, _ []string) {
			fmt.Fprintln(cmd.OutOrStdout(), software.Describe(program))
		},
	}
}
