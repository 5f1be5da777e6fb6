package main

import (
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/gateway/checkpoint"
	"github.com/tallystick/tallystick/gateway/reports"
)

// verifyReportCommand verifies a kept report without any gateway: only the public keys have to come from somebody trusted.
func verifyReportCommand() *cobra.Command {
	var keys, chain, auditors string
	cmd := &cobra.Command{
		Use: "verify --keys keys [--chain dir --auditors keys] file", Short: "Verify a signed report: who made it, of which block, and with which software", Args: cobra.ExactArgs(1), SilenceUsage: true,
		Long: "Reads the answer of GET /v1/signed-reports/<name>, or what tally-audit report --key wrote, from a file (- for standard input). With --chain the checkpoint that the report\n" +
			"names must be in that auditor's chain, and the report's block must be the checkpoint's where both are of one height. What the report says is checked by making it\n" +
			"again: tally-audit report --from-archive --at <block+1>.",
		RunE: func(cmd *cobra.Command, args []string) error {
			st, signers, err := openReport(args[0], keys, cmd.InOrStdin())
			if err != nil {
				return err
			}
			if err := tell(cmd.OutOrStdout(), st, signers); err != nil || chain == "" {
				return err
			}
			all, err := verified(chain, auditors)
			if err != nil {
				return err
			}
			if err := st.Follows(all); err != nil {
				return err
			}
			_, err = fmt.Fprintln(cmd.OutOrStdout(), "The checkpoint is in the chain.")
			return err
		},
	}
	cmd.Flags().StringVar(&keys, "keys", "", "file with the public keys of those whose reports are believed")
	cmd.Flags().StringVar(&chain, "chain", "", "folder of an auditor's checkpoints")
	cmd.Flags().StringVar(&auditors, "auditors", "", "file with the public keys of that auditor")
	return required(cmd, "keys")
}

func openReport(path, keysFile string, in io.Reader) (*reports.Statement, []string, error) {
	if path != "-" {
		file, err := os.Open(path)
		if err != nil {
			return nil, nil, fault.New(fault.NotFound, "the report can't be read: %v", err)
		}
		defer func() { _ = file.Close() }()
		in = file
	}
	raw, err := io.ReadAll(io.LimitReader(in, reports.MaxSigned+1))
	if err != nil {
		return nil, nil, err
	}
	keys, err := believed(keysFile)
	if err != nil {
		return nil, nil, err
	}
	return reports.OpenSigned(raw, keys)
}

func tell(out io.Writer, st *reports.Statement, signers []string) error {
	named := "No checkpoint is named"
	if st.Checkpoint != checkpoint.None {
		named = fmt.Sprintf("It names the checkpoint of height %d, digest %s", st.Height, st.Checkpoint)
	}
	h := &st.Header
	_, err := fmt.Fprintf(out, "Report %s of %s, signed by %v.\nLedger: channel %s, genesis %s\nAs of block %d, hash %s, time %s\nMade with %s, executable %s\nSHA-256 of the canonical report: %s\n%s.\n",
		h.Report, st.Member, signers, st.Channel, h.Genesis, h.AsOf.Block, h.AsOf.Hash, h.AsOf.Time, st.Software, st.Executable, st.Document, named)
	return err
}
