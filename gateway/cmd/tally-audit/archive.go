package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/gateway/archive"
	"github.com/tallystick/tallystick/gateway/config"
)

func archiveCommand() *cobra.Command {
	group := &cobra.Command{Use: "archive", Short: "Keep a channel's blocks in compressed segments, and verify them"}
	group.AddCommand(archiveWriteCommand(), archiveVerifyCommand())
	return group
}

func archiveWriteCommand() *cobra.Command {
	var from, to string
	var segment uint64
	cmd := &cobra.Command{
		Use: "write --config gateway.yaml --to dir", Short: "Bring an archive up to the own peer's last block",
		Long: "Writes what everybody on the channel sees: of private data the hashes in the blocks, never the values. An archive that is there goes on where it ends.",
		Args: cobra.NoArgs, SilenceUsage: true,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return writeArchive(cmd.Context(), from, to, segment, cmd.OutOrStdout())
		},
	}
	cmd.Flags().StringVar(&from, "config", "", "configuration of the member's gateway")
	cmd.Flags().StringVar(&to, "to", "", "the archive's folder")
	cmd.Flags().Uint64Var(&segment, "segment", archive.DefaultSegment, "blocks of a segment, of a new archive")
	return required(cmd, "config", "to")
}

func writeArchive(ctx context.Context, from, to string, segment uint64, out io.Writer) (err error) {
	cfg, err := config.Load(from, nil)
	if err != nil {
		return err
	}
	p, err := dialPeers(ctx, cfg)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, closeAll(p.open)) }()
	m, err := archive.Folder{Dir: to}.Extend(ctx, cfg.Channel, segment, p.own)
	if err != nil {
		return err
	}
	return describe(out, m)
}

func archiveVerifyCommand() *cobra.Command {
	var genesis string
	cmd := &cobra.Command{
		Use: "verify dir", Short: "Verify an archive's files, hashes and chain", Args: cobra.ExactArgs(1), SilenceUsage: true,
		Long: "Reads every segment. What the blocks' transactions did is checked by tally-audit --from-archive.",
		RunE: func(cmd *cobra.Command, args []string) error {
			m, err := archive.Folder{Dir: args[0]}.Verify(cmd.Context())
			if err != nil {
				return err
			}
			if genesis != "" && genesis != m.Genesis {
				return fault.New(fault.LedgerMismatch, "block 0 has hash %s, expected is %s", m.Genesis, genesis)
			}
			return describe(cmd.OutOrStdout(), m)
		},
	}
	cmd.Flags().StringVar(&genesis, "genesis", "", "hash that block 0's header must have, in hex, as known from elsewhere")
	return cmd
}

func describe(out io.Writer, m *archive.Manifest) error {
	bytes := int64(0)
	for _, s := range m.Segments {
		bytes += s.Bytes
	}
	_, err := fmt.Fprintf(out, "%d blocks of channel %s, genesis %s, in %d segments of %d bytes; the last block has hash %s\n",
		m.Height(), m.Channel, m.Genesis, len(m.Segments), bytes, m.Segments[len(m.Segments)-1].Head)
	return err
}
