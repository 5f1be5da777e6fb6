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
		Use: "verify --keys keys [--chain dir --auditors keys] file ...", Short: "Verify a signed report: who made it, of which block, and with which software", Args: cobra.MinimumNArgs(1), SilenceUsage: true,
		Long: "Reads the answer of GET /v1/signed-reports/<name>, or what tally-audit report --key wrote, from a file (- for standard input). With --chain the checkpoint that the report\n" +
			"names must be in that auditor's chain, and the report's block must be the checkpoint's where both are of one height. What the report says is checked by making it\n" +
			"again: tally-audit report --from-archive --at <block+1>. Several files are the pages of one report, in order: by one member, none may be missing, and they must add up.",
		RunE: func(cmd *cobra.Command, args []string) error {
			v := &verification{keys: keys, chain: chain, auditors: auditors, in: cmd.InOrStdin(), out: cmd.OutOrStdout()}
			for _, path := range args {
				if err := v.page(path); err != nil {
					return fault.New(fault.CodeOf(err), "%s: %v", path, err)
				}
			}
			return v.whole()
		},
	}
	cmd.Flags().StringVar(&keys, "keys", "", "file with the public keys of those whose reports are believed")
	cmd.Flags().StringVar(&chain, "chain", "", "folder of an auditor's checkpoints")
	cmd.Flags().StringVar(&auditors, "auditors", "", "file with the public keys of that auditor")
	return required(cmd, "keys")
}

// verification verifies the pages of a report, which may be all of it.
type verification struct {
	keys, chain, auditors string
	in                    io.Reader
	out                   io.Writer
	member                string // Who made the first page.
	pages                 [][]byte
	paged                 bool // The report is one that comes in pages.
}

// page verifies one page by itself.
func (v *verification) page(path string) error {
	raw, err := readReport(path, v.in)
	if err != nil {
		return err
	}
	keys, err := believed(v.keys)
	if err != nil {
		return err
	}
	st, signers, err := reports.OpenSigned(raw, keys)
	if err != nil {
		return err
	}
	if v.member == "" {
		v.member = st.Member
	}
	if v.member != st.Member {
		return fault.New(fault.ReportIncomplete, "the pages before are of %s, this one is of %s", v.member, st.Member)
	}
	document, err := reports.DocumentOf(raw)
	if err != nil {
		return err
	}
	v.pages, v.paged = append(v.pages, document), st.Header.Report == reports.NameAdjustments
	if err := tell(v.out, st, signers); err != nil || v.chain == "" {
		return err
	}
	all, err := verified(v.chain, v.auditors)
	if err != nil {
		return err
	}
	if err := st.Follows(all); err != nil {
		return err
	}
	_, err = fmt.Fprintln(v.out, "The checkpoint is in the chain.")
	return err
}

// whole verifies the pages together. A single page that isn't all is no error, but is said.
func (v *verification) whole() error {
	if !v.paged && len(v.pages) == 1 {
		return nil
	}
	n, err := reports.WholeAdjustments(v.pages...)
	if err != nil && len(v.pages) == 1 {
		_, err = fmt.Fprintf(v.out, "It is one page and not the whole report: %v.\n", err)
		return err
	}
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(v.out, "The report is whole: %d pages list %d adjustments, which add up to its totals.\n", len(v.pages), n)
	return err
}

func readReport(path string, in io.Reader) ([]byte, error) {
	if path != "-" {
		file, err := os.Open(path)
		if err != nil {
			return nil, fault.New(fault.NotFound, "the report can't be read: %v", err)
		}
		defer func() { _ = file.Close() }()
		in = file
	}
	return io.ReadAll(io.LimitReader(in, reports.MaxSigned+1))
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
