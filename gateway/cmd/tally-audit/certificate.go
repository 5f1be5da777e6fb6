package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"github.com/tallystick/tallystick/gateway/people/evidence"
)

// certificateCommand verifies the certificate of an erasure without any gateway: only the root that stands on the ledger has to come from somebody trusted.
func certificateCommand() *cobra.Command {
	var root string
	c := &cobra.Command{
		Use:   "certificate ANSWER --root HEX",
		Short: "Verify the certificate of an erasure",
		Long: "Reads the answer of GET /v1/erasures/{id} from a file (- for standard input) and verifies that the certificate is under the root that the ledger has in the record which\n" +
			"the proof names (proof.erasures). Any member's gateway or peer tells that root. Exits with 0 when it is, with 1 when it isn't.",
		Args: cobra.ExactArgs(1), SilenceUsage: true, SilenceErrors: true,
		RunE: func(cmd *cobra.Command, args []string) error {
			in := cmd.InOrStdin()
			if args[0] != "-" {
				file, err := os.Open(args[0])
				if err != nil {
					return err
				}
				defer func() { _ = file.Close() }()
				in = file
			}
			return verifyCertificate(in, root, cmd.OutOrStdout())
		},
	}
	c.Flags().StringVar(&root, "root", "", "root of the record on the ledger, 64 hex digits")
	_ = c.MarkFlagRequired("root")
	return c
}

// maxAnswer bounds what is read, in bytes.
const maxAnswer = 1 << 20

func verifyCertificate(in io.Reader, root string, out io.Writer) error {
	var answer struct {
		Certificate json.RawMessage `json:"certificate"`
		Proof       *evidence.Proof `json:"proof"`
	}
	if err := json.NewDecoder(io.LimitReader(in, maxAnswer)).Decode(&answer); err != nil {
		return fmt.Errorf("this is no answer of GET /v1/erasures/{id}: %w", err)
	}
	if answer.Proof == nil || len(answer.Certificate) == 0 {
		return fmt.Errorf("the answer has no certificate with its proof yet")
	}
	if err := evidence.Verify(answer.Certificate, answer.Proof, root); err != nil {
		return err
	}
	_, err := fmt.Fprintf(out, "The certificate is leaf %d of %d under the root of erasures %s.\n", answer.Proof.Index, answer.Proof.Size, answer.Proof.Erasures)
	return err
}
